/**
 * The stacked model: layer 1 is a Bayesian ridge per modality (blood count, biochemistry, SNPs, …), layer 2 a Bayesian ridge on
 * the layer-1 predictions. Any set of modalities; with one there is no layer 2.
 *
 * - `faithful`: scikit-learn's iteration in both layers, layer 2 on the in-sample layer-1 fits (which flatters the modality that overfits most);
 * - `recommended`: the evidence maximum, layer 2 on out-of-fold layer-1 predictions, layer 1 refitted on all training rows.
 *
 * The model is plain JSON and predicts from itself alone. Not responsible for imputation, scaling, outer folds or scores.
 */
import { fitRidge, predictRidge, type RidgeFit, type RidgeMode, type RidgeStatus } from './bayesian-ridge.js';
import { factorise, projectTargets, type Factorisation } from './factorisation.js';
import { splitByFold } from './folds.js';
import type { Backend } from './linalg/backend.js';
import { matrixFromColumns, takeRows, type Matrix } from './linalg/matrix.js';

/** Folds of the inner cross-validation that the recommended mode uses. */
export const INNER_FOLDS = 5;

/** One linear model, as JSON; see `RidgeFit` for the meaning of the nulls. */
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

export interface ModalityModel extends LinearModel {
  readonly name: string;
  readonly features: readonly string[];
}

/** A trained stacked model: plain JSON. */
export interface StackModel {
  readonly mode: RidgeMode;
  readonly trainingRows: number;
  readonly modalities: readonly ModalityModel[];
  /** Inputs are the layer-1 predictions in the order of `modalities`; null when there is one modality: the identity. */
  readonly layerTwo: LinearModel | null;
}

/** A modality's factorisations, made once and shared by all targets on the same training rows. */
export interface PreparedModality {
  readonly name: string;
  readonly features: readonly string[];
  readonly x: Matrix;
  readonly whole: Factorisation;
  /** One entry per inner fold; empty in faithful mode. */
  readonly inner: readonly {
    readonly train: Int32Array;
    readonly test: Int32Array;
    readonly x: Factorisation;
  }[];
}

/**
 * Prepares one modality's training rows (n × p, no missing values). `innerFolds` (n entries, the same for every modality of a
 * stack) makes it fit for the recommended mode; faithful mode passes undefined.
 */
export function prepareModality(
  name: string,
  features: readonly string[],
  x: Matrix,
  innerFolds: Int32Array | undefined,
  backend: Backend,
): PreparedModality {
  if (features.length !== x.cols) {
    throw new Error(`internal error: ${features.length} feature names for ${x.cols} columns of ${name}`);
  }
  const labels = innerFolds === undefined ? [] : [...new Set(innerFolds)].sort((a, b) => a - b);
  const inner = labels.map((fold) => {
    const { train, test } = splitByFold(innerFolds!, fold);
    return { train, test, x: factorise(takeRows(x, train), backend) };
  });
  return { name, features, x, whole: factorise(x, backend), inner };
}

/**
 * Fits one stacked model per target. All modalities have the same n rows, in the same order as each target's n finite values.
 * A target's model does not depend on the other targets.
 */
export function fitStacks(
  modalities: readonly PreparedModality[],
  targets: readonly Float64Array[],
  mode: RidgeMode,
  backend: Backend,
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
  const layerOne = modalities.map((modality) => fitAll(modality.whole, targets, mode, backend));
  const models = modalities.map((modality, m) => layerOne[m]!.map((fit) => modalityModel(modality, fit)));
  if (modalities.length === 1) {
    return targets.map((_, t) => stackModel(mode, first, [models[0]![t]!], null));
  }
  const inputs = modalities.map((modality, m) =>
    mode === 'faithful'
      ? layerOne[m]!.map((fit) => predictRidge(fit, modality.x))
      : outOfFold(modality, targets, mode, backend),
  );
  return targets.map((y, t) => {
    const x = factorise(matrixFromColumns(inputs.map((predictions) => predictions[t]!)), backend);
    const fit = fitAll(x, [y], mode, backend)[0]!;
    const layerTwo = linearModel(x, fit);
    return stackModel(
      mode,
      first,
      models.map((list) => list[t]!),
      layerTwo,
    );
  });
}

function fitAll(
  x: Factorisation,
  targets: readonly Float64Array[],
  mode: RidgeMode,
  backend: Backend,
): RidgeFit[] {
  return projectTargets(x, targets, backend).map((target) => fitRidge(x, target, mode));
}

/** Layer-1 predictions of every training row by a model that did not see it, one array per target. */
function outOfFold(
  modality: PreparedModality,
  targets: readonly Float64Array[],
  mode: RidgeMode,
  backend: Backend,
): Float64Array[] {
  const predictions = targets.map((y) => new Float64Array(y.length));
  for (const { train, test, x } of modality.inner) {
    const seen = targets.map((y) => Float64Array.from(train, (i) => y[i]!));
    const held = takeRows(modality.x, test);
    fitAll(x, seen, mode, backend).forEach((fit, t) => {
      const values = predictRidge(fit, held);
      test.forEach((person, i) => (predictions[t]![person] = values[i]!));
    });
  }
  return predictions;
}

function linearModel(x: Factorisation, fit: RidgeFit): LinearModel {
  const { status, intercept, alpha, lambda, iterations } = fit;
  return { status, means: [...x.means], coef: [...fit.coef], intercept, alpha, lambda, iterations };
}

function modalityModel(modality: PreparedModality, fit: RidgeFit): ModalityModel {
  return { name: modality.name, features: [...modality.features], ...linearModel(modality.whole, fit) };
}

function stackModel(
  mode: RidgeMode,
  first: PreparedModality,
  modalities: readonly ModalityModel[],
  layerTwo: LinearModel | null,
): StackModel {
  return { mode, trainingRows: first.x.rows, modalities, layerTwo };
}

/** One matrix per modality, rows the same people throughout, columns in the order of the model's `features`. */
export type StackInputs = ReadonlyMap<string, Matrix>;

/** Layer-1 predictions: one array per modality, in the model's order. NaN in a person's features gives NaN. */
export function predictLayerOne(model: StackModel, inputs: StackInputs): Float64Array[] {
  return model.modalities.map((modality) => predictRidge(asFit(modality), inputOf(modality, inputs)));
}

/** The stacked prediction of every row, from the model alone. */
export function predictStack(model: StackModel, inputs: StackInputs): Float64Array {
  return combineLayers(model, predictLayerOne(model, inputs));
}

/** Layer 2 applied to given layer-1 predictions (`predictLayerOne`). */
export function combineLayers(model: StackModel, layerOne: readonly Float64Array[]): Float64Array {
  if (model.layerTwo === null) return layerOne[0]!.slice();
  return predictRidge(asFit(model.layerTwo), matrixFromColumns(layerOne));
}

const asFit = (model: LinearModel): Pick<RidgeFit, 'coef' | 'intercept'> => ({
  coef: Float64Array.from(model.coef),
  intercept: model.intercept,
});

function inputOf(modality: ModalityModel, inputs: StackInputs): Matrix {
  const x = inputs.get(modality.name);
  if (x === undefined) throw new Error(`internal error: no input for modality ${modality.name}`);
  if (x.cols !== modality.features.length) {
    throw new Error(
      `internal error: ${modality.name} has ${x.cols} columns, its model ${modality.features.length}`,
    );
  }
  return x;
}

/** Share of the stacked prediction's variance that a part of the model carries. */
export interface Contribution {
  /** cov(part, prediction)/var(prediction); the shares of all parts sum to 1. Negative when a part works against the rest. */
  readonly share: number;
  /** var(part)/var(prediction): what the part would carry alone. */
  readonly own: number;
}

/** The contribution of every modality, over the given people; NaN throughout when the prediction does not vary. */
export function modalityContributions(
  model: StackModel,
  inputs: StackInputs,
): (Contribution & { readonly modality: string })[] {
  const layerOne = predictLayerOne(model, inputs);
  const stacked = combineLayers(model, layerOne);
  return model.modalities.map(({ name }, m) => {
    const weight = layerTwoWeight(model, m);
    return {
      modality: name,
      ...contribution(
        layerOne[m]!.map((value) => weight * value),
        stacked,
      ),
    };
  });
}

/** The contribution of every feature (a SNP, a blood marker) of every modality, with its weight in the stacked prediction. */
export function featureContributions(
  model: StackModel,
  inputs: StackInputs,
): (Contribution & { readonly modality: string; readonly feature: string; readonly weight: number })[] {
  const stacked = predictStack(model, inputs);
  return model.modalities.flatMap((modality, m) => {
    const x = inputOf(modality, inputs);
    return modality.features.map((feature, j) => {
      const weight = layerTwoWeight(model, m) * modality.coef[j]!;
      const part = Float64Array.from({ length: x.rows }, (_, i) => weight * x.data[i * x.cols + j]!);
      return { modality: modality.name, feature, weight, ...contribution(part, stacked) };
    });
  });
}

const layerTwoWeight = (model: StackModel, m: number): number =>
  model.layerTwo === null ? 1 : model.layerTwo.coef[m]!;

function contribution(part: Float64Array, whole: Float64Array): Contribution {
  const n = part.length;
  const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / n;
  const [partMean, wholeMean] = [mean(part), mean(whole)];
  let cross = 0;
  let own = 0;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const p = part[i]! - partMean;
    const w = whole[i]! - wholeMean;
    cross += p * w;
    own += p * p;
    total += w * w;
  }
  return { share: cross / total, own: own / total };
}
