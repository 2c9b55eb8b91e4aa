/**
 * The stacked model: layer 1 is a Bayesian ridge per modality (blood count, biochemistry, SNPs, …), layer 2 a Bayesian ridge on
 * the layer-1 predictions. Any set of modalities; with one there is no layer 2. Either layer may have another learner instead.
 *
 * - `faithful`: scikit-learn's iteration in both layers, layer 2 on the in-sample layer-1 fits (which flatters the modality that overfits most);
 * - `recommended`: the evidence maximum, layer 2 on out-of-fold layer-1 predictions, layer 1 refitted on all training rows.
 *
 * The model is plain JSON and predicts from itself alone. Not responsible for imputation, scaling, outer folds or scores.
 */
import { fitRidge, predictRidge, type RidgeFit, type RidgeMode, type RidgeStatus } from './bayesian-ridge.js';
import {
  fitComparator,
  predictComparator,
  type Comparator,
  type ComparatorModel,
  type ComparatorOptions,
  type Learner,
} from './comparator.js';
import { factorise, projectTargets, type Factorisation } from './factorisation.js';
import { splitByFold } from './folds.js';
import type { Backend } from './linalg/backend.js';
import { matrixFromColumns, takeRows, type Matrix } from './linalg/matrix.js';

/** Folds of the inner cross-validation that the recommended mode uses. */
export const INNER_FOLDS = 5;

/** The learners of the two layers. */
export interface StackLearners extends ComparatorOptions {
  readonly layerOne: Learner;
  readonly layerTwo: Learner;
}

export const BAYESIAN_RIDGE: StackLearners = {
  layerOne: 'bayesian-ridge',
  layerTwo: 'bayesian-ridge',
  mixing: 0.5,
};

/** One Bayesian ridge, as JSON; see `RidgeFit` for the meaning of the nulls. Other learners carry a field `learner`. */
export interface LinearModel {
  readonly status: RidgeStatus;
  /** Training means of the inputs, in their order. */
  readonly means: readonly number[];
  readonly coef: readonly number[];
  readonly intercept: number;
  readonly alpha: number | null;
  readonly lambda: number | null;
  readonly iterations: number | null;
}

export type LayerModel = LinearModel | ComparatorModel;

export type ModalityModel = LayerModel & {
  readonly name: string;
  readonly features: readonly string[];
};

/** A trained stacked model: plain JSON. */
export interface StackModel {
  readonly mode: RidgeMode;
  readonly trainingRows: number;
  readonly modalities: readonly ModalityModel[];
  /** Inputs are the layer-1 predictions in the order of `modalities`; null when there is one modality: the identity. */
  readonly layerTwo: LayerModel | null;
}

/** A modality's factorisations, made once and shared by all targets on the same training rows; null where another learner needs none. */
export interface PreparedModality {
  readonly name: string;
  readonly features: readonly string[];
  readonly x: Matrix;
  readonly whole: Factorisation | null;
  readonly folds: Int32Array | undefined;
  /** One entry per inner fold; empty without them. */
  readonly inner: readonly {
    readonly train: Int32Array;
    readonly test: Int32Array;
    readonly x: Factorisation | null;
  }[];
}

/**
 * Prepares one modality's training rows (n × p, no missing values). `innerFolds` (n entries, the same for every modality of a
 * stack) are for the recommended mode and for every learner but Bayesian ridge; faithful Bayesian ridge needs none.
 */
export function prepareModality(
  name: string,
  features: readonly string[],
  x: Matrix,
  innerFolds: Int32Array | undefined,
  backend: Backend,
  learner: Learner = 'bayesian-ridge',
): PreparedModality {
  if (features.length !== x.cols) {
    throw new Error(`internal error: ${features.length} feature names for ${x.cols} columns of ${name}`);
  }
  const factorised = learner === 'bayesian-ridge';
  const labels = innerFolds === undefined ? [] : [...new Set(innerFolds)].sort((a, b) => a - b);
  const inner = labels.map((fold) => {
    const { train, test } = splitByFold(innerFolds!, fold);
    return { train, test, x: factorised ? factorise(takeRows(x, train), backend) : null };
  });
  return { name, features, x, whole: factorised ? factorise(x, backend) : null, folds: innerFolds, inner };
}

/**
 * Fits one stacked model per target. All modalities have the same n rows, in the same order as each target's n finite values,
 * and were prepared for the learner of layer 1. A target's model does not depend on the other targets.
 */
export function fitStacks(
  modalities: readonly PreparedModality[],
  targets: readonly Float64Array[],
  mode: RidgeMode,
  backend: Backend,
  learners: StackLearners = BAYESIAN_RIDGE,
): StackModel[] {
  const first = modalities[0];
  if (first === undefined) throw new Error('internal error: a stacked model needs at least one modality');
  for (const { x, name, inner } of modalities) {
    if (x.rows !== first.x.rows) {
      throw new Error(`internal error: ${name} has ${x.rows} rows, ${first.name} has ${first.x.rows}`);
    }
    if (mode === 'recommended' && modalities.length > 1 && inner.length < 2) {
      throw new Error(`internal error: ${name} was prepared without inner folds`);
    }
  }
  const layerOne = modalities.map((modality) => fitLayer(modality, null, targets, mode, backend, learners));
  const models = modalities.map(({ name, features }, m) =>
    layerOne[m]!.map((model): ModalityModel => ({ name, features: [...features], ...model })),
  );
  if (modalities.length === 1) {
    return targets.map((_, t) => stackModel(mode, first, [models[0]![t]!], null));
  }
  const inputs = modalities.map((modality, m) =>
    mode === 'faithful'
      ? layerOne[m]!.map((model) => predictLayer(model, modality.x))
      : outOfFold(modality, targets, mode, backend, learners),
  );
  return targets.map((y, t) => {
    const x = matrixFromColumns(inputs.map((predictions) => predictions[t]!));
    const layerTwo = fitSecond(x, y, first.folds, mode, backend, learners);
    return stackModel(
      mode,
      first,
      models.map((list) => list[t]!),
      layerTwo,
    );
  });
}

/** Layer 1 of every target, on all rows or on those of an inner fold's training part. */
function fitLayer(
  modality: PreparedModality,
  part: PreparedModality['inner'][number] | null,
  targets: readonly Float64Array[],
  mode: RidgeMode,
  backend: Backend,
  learners: StackLearners,
): LayerModel[] {
  const { layerOne } = learners;
  if (layerOne === 'bayesian-ridge') {
    const x = (part ?? { x: modality.whole }).x;
    if (!x) throw new Error(`internal error: ${modality.name} was prepared for another learner`);
    const seen = part ? targets.map((y) => Float64Array.from(part.train, (i) => y[i]!)) : targets;
    return projectTargets(x, seen, backend).map((target) => linearModel(x, fitRidge(x, target, mode)));
  }
  const rows = part?.train ?? allRows(modality.x);
  return targets.map((y) => compare(layerOne, modality.x, y, rows, modality.folds, backend, learners));
}

function fitSecond(
  x: Matrix,
  y: Float64Array,
  folds: Int32Array | undefined,
  mode: RidgeMode,
  backend: Backend,
  learners: StackLearners,
): LayerModel {
  const { layerTwo } = learners;
  if (layerTwo !== 'bayesian-ridge') return compare(layerTwo, x, y, allRows(x), folds, backend, learners);
  const factorised = factorise(x, backend);
  return linearModel(factorised, fitRidge(factorised, projectTargets(factorised, [y], backend)[0]!, mode));
}

function compare(
  learner: Comparator,
  x: Matrix,
  y: Float64Array,
  rows: Int32Array,
  folds: Int32Array | undefined,
  backend: Backend,
  options: ComparatorOptions,
): ComparatorModel {
  if (folds === undefined) throw new Error(`internal error: ${learner} was given no inner folds`);
  return fitComparator(learner, x, y, rows, folds, backend, options);
}

const allRows = (x: Matrix): Int32Array => Int32Array.from({ length: x.rows }, (_, i) => i);

/** Layer-1 predictions of every training row by a model that did not see it, one array per target. */
function outOfFold(
  modality: PreparedModality,
  targets: readonly Float64Array[],
  mode: RidgeMode,
  backend: Backend,
  learners: StackLearners,
): Float64Array[] {
  const predictions = targets.map((y) => new Float64Array(y.length));
  for (const part of modality.inner) {
    const held = takeRows(modality.x, part.test);
    fitLayer(modality, part, targets, mode, backend, learners).forEach((model, t) => {
      const values = predictLayer(model, held);
      part.test.forEach((person, i) => (predictions[t]![person] = values[i]!));
    });
  }
  return predictions;
}

function linearModel(x: Factorisation, fit: RidgeFit): LinearModel {
  const { status, intercept, alpha, lambda, iterations } = fit;
  return { status, means: [...x.means], coef: [...fit.coef], intercept, alpha, lambda, iterations };
}

function stackModel(
  mode: RidgeMode,
  first: PreparedModality,
  modalities: readonly ModalityModel[],
  layerTwo: LayerModel | null,
): StackModel {
  return { mode, trainingRows: first.x.rows, modalities, layerTwo };
}

/** One matrix per modality, rows the same people throughout, columns in the order of the model's `features`. */
export type StackInputs = ReadonlyMap<string, Matrix>;

/** Layer-1 predictions: one array per modality, in the model's order. NaN in a person's features gives NaN. */
export function predictLayerOne(model: StackModel, inputs: StackInputs): Float64Array[] {
  return model.modalities.map((modality) => predictLayer(modality, inputOf(modality, inputs)));
}

/** The stacked prediction of every row, from the model alone. */
export function predictStack(model: StackModel, inputs: StackInputs): Float64Array {
  return combineLayers(model, predictLayerOne(model, inputs));
}

/** Layer 2 applied to given layer-1 predictions (`predictLayerOne`). */
export function combineLayers(model: StackModel, layerOne: readonly Float64Array[]): Float64Array {
  if (model.layerTwo === null) return layerOne[0]!.slice();
  return predictLayer(model.layerTwo, matrixFromColumns(layerOne));
}

function predictLayer(model: LayerModel, x: Matrix): Float64Array {
  if ('learner' in model) return predictComparator(model, x);
  return predictRidge({ coef: Float64Array.from(model.coef), intercept: model.intercept }, x);
}

/** The matrix of one modality. @throws Error when it is absent or does not fit the model: a bug of the caller. */
export function inputOf(modality: ModalityModel, inputs: StackInputs): Matrix {
  const x = inputs.get(modality.name);
  if (x === undefined) throw new Error(`internal error: no input for modality ${modality.name}`);
  if (x.cols !== modality.features.length) {
    throw new Error(
      `internal error: ${modality.name} has ${x.cols} columns, its model ${modality.features.length}`,
    );
  }
  return x;
}
