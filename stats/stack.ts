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

/** One modality of some training rows, made ready once and shared by all targets and configurations on those rows. */
export interface PreparedModality {
  readonly name: string;
  readonly features: readonly string[];
  readonly rows: number;
  readonly folds: Int32Array | undefined;
  /** Rows by inner fold; empty without them. */
  readonly inner: readonly { readonly train: Int32Array; readonly test: Int32Array }[];
  /** Bayesian ridges of targets (a value per row), on all rows or on the training rows of an inner fold. */
  fitRidges(
    part: number | null,
    targets: readonly Float64Array[],
    mode: RidgeMode,
    backend: Backend,
  ): LinearModel[];
  /** Predictions of the training rows, or of the test rows of an inner fold. */
  predict(model: LayerModel, part: number | null): Float64Array;
  /** rows × features. */
  dense(): Matrix;
}

/** A modality as a matrix of numbers: n training rows × p, no missing values. */
export class DenseModality implements PreparedModality {
  readonly rows: number;
  readonly inner: readonly { readonly train: Int32Array; readonly test: Int32Array }[];
  private readonly factorised = new Map<number | null, Factorisation>();

  /**
   * @param folds a fold for each row, the same for every modality of a stack: for the recommended mode, and for every learner but
   *   Bayesian ridge
   */
  constructor(
    readonly name: string,
    readonly features: readonly string[],
    readonly x: Matrix,
    readonly folds: Int32Array | undefined,
  ) {
    if (features.length !== x.cols) {
      throw new Error(`internal error: ${features.length} feature names for ${x.cols} columns of ${name}`);
    }
    this.rows = x.rows;
    this.inner = innerParts(folds);
  }

  fitRidges(
    part: number | null,
    targets: readonly Float64Array[],
    mode: RidgeMode,
    backend: Backend,
  ): LinearModel[] {
    let x = this.factorised.get(part);
    if (!x) {
      x = factorise(part === null ? this.x : takeRows(this.x, this.inner[part]!.train), backend);
      this.factorised.set(part, x);
    }
    const factorised = x;
    const seen =
      part === null ? targets : targets.map((y) => Float64Array.from(this.inner[part]!.train, (i) => y[i]!));
    return projectTargets(factorised, seen, backend).map((target) =>
      linearModel(factorised.means, fitRidge(factorised, target, mode)),
    );
  }

  predict(model: LayerModel, part: number | null): Float64Array {
    return predictLayer(model, part === null ? this.x : takeRows(this.x, this.inner[part]!.test));
  }

  dense(): Matrix {
    return this.x;
  }
}

/** Training and test rows of each inner fold, ascending. */
export function innerParts(
  folds: Int32Array | undefined,
): { readonly fold: number; readonly train: Int32Array; readonly test: Int32Array }[] {
  const labels = folds === undefined ? [] : [...new Set(folds)].sort((a, b) => a - b);
  return labels.map((fold) => ({ fold, ...splitByFold(folds!, fold) }));
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
  learners: StackLearners = BAYESIAN_RIDGE,
): StackModel[] {
  return new StackFits(targets, mode, backend, learners).fit(modalities);
}

/** Stacked models of the same targets with various sets of modalities: what two of them have in common is fitted once. */
export class StackFits {
  private readonly layerOne = new Map<PreparedModality, LayerModel[]>();
  private readonly inputs = new Map<PreparedModality, Float64Array[]>();

  constructor(
    private readonly targets: readonly Float64Array[],
    private readonly mode: RidgeMode,
    private readonly backend: Backend,
    private readonly learners: StackLearners = BAYESIAN_RIDGE,
  ) {}

  /** One model per target, as `fitStacks`. */
  fit(modalities: readonly PreparedModality[]): StackModel[] {
    const { targets, mode } = this;
    const first = modalities[0];
    if (first === undefined) throw new Error('internal error: a stacked model needs at least one modality');
    for (const { rows, name, inner } of modalities) {
      if (rows !== first.rows) {
        throw new Error(`internal error: ${name} has ${rows} rows, ${first.name} has ${first.rows}`);
      }
      if (mode === 'recommended' && modalities.length > 1 && inner.length < 2) {
        throw new Error(`internal error: ${name} was prepared without inner folds`);
      }
    }
    const models = modalities.map((modality) =>
      this.layerOneOf(modality).map((model): ModalityModel => ({
        name: modality.name,
        features: [...modality.features],
        ...model,
      })),
    );
    if (modalities.length === 1) {
      return targets.map((_, t) => stackModel(mode, first, [models[0]![t]!], null));
    }
    const inputs = modalities.map((modality) => this.inputOf(modality));
    return targets.map((y, t) => {
      const x = matrixFromColumns(inputs.map((predictions) => predictions[t]!));
      const layerTwo = this.fitSecond(x, y, first.folds);
      return stackModel(
        mode,
        first,
        models.map((list) => list[t]!),
        layerTwo,
      );
    });
  }

  private layerOneOf(modality: PreparedModality): LayerModel[] {
    let models = this.layerOne.get(modality);
    if (!models) this.layerOne.set(modality, (models = this.fitLayer(modality, null)));
    return models;
  }

  /** What layer 2 learns from: layer-1 predictions of the training rows, one array per target. */
  private inputOf(modality: PreparedModality): Float64Array[] {
    let inputs = this.inputs.get(modality);
    if (!inputs) {
      inputs =
        this.mode === 'faithful'
          ? this.layerOneOf(modality).map((model) => modality.predict(model, null))
          : this.outOfFold(modality);
      this.inputs.set(modality, inputs);
    }
    return inputs;
  }

  /** Layer 1 of every target, on all rows or on those of an inner fold's training part. */
  private fitLayer(modality: PreparedModality, part: number | null): LayerModel[] {
    const { targets, mode, backend, learners } = this;
    const { layerOne } = learners;
    if (layerOne === 'bayesian-ridge') return modality.fitRidges(part, targets, mode, backend);
    const x = modality.dense();
    const rows = part === null ? allRows(x) : modality.inner[part]!.train;
    return targets.map((y) => compare(layerOne, x, y, rows, modality.folds, backend, learners));
  }

  private fitSecond(x: Matrix, y: Float64Array, folds: Int32Array | undefined): LayerModel {
    const { mode, backend, learners } = this;
    const { layerTwo } = learners;
    if (layerTwo !== 'bayesian-ridge') return compare(layerTwo, x, y, allRows(x), folds, backend, learners);
    const factorised = factorise(x, backend);
    const [target] = projectTargets(factorised, [y], backend);
    return linearModel(factorised.means, fitRidge(factorised, target!, mode));
  }

  /** Layer-1 predictions of every training row by a model that did not see it, one array per target. */
  private outOfFold(modality: PreparedModality): Float64Array[] {
    const predictions = this.targets.map((y) => new Float64Array(y.length));
    modality.inner.forEach(({ test }, part) => {
      this.fitLayer(modality, part).forEach((model, t) => {
        const values = modality.predict(model, part);
        test.forEach((person, i) => (predictions[t]![person] = values[i]!));
      });
    });
    return predictions;
  }
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

/** A fit as JSON, with the training means of its inputs. */
export function linearModel(means: Float64Array, fit: RidgeFit): LinearModel {
  const { status, intercept, alpha, lambda, iterations } = fit;
  return { status, means: [...means], coef: [...fit.coef], intercept, alpha, lambda, iterations };
}

function stackModel(
  mode: RidgeMode,
  first: PreparedModality,
  modalities: readonly ModalityModel[],
  layerTwo: LayerModel | null,
): StackModel {
  return { mode, trainingRows: first.rows, modalities, layerTwo };
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
