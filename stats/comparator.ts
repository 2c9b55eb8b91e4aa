/**
 * Other learners for a layer of the stacked model, in place of Bayesian ridge: ridge, LASSO, elastic net and boosted trees, each
 * with its penalty (or number of trees) chosen by cross-validation within the training rows.
 *
 * Models are plain JSON. Not responsible for stacking (`stack.ts`), for the estimators, or for making folds.
 */
import { crossValidateBoosting, predictBoosted, type BoostedModel } from './boosting.js';
import { crossValidateElasticNets } from './elastic-net-columns.js';
import type { Backend } from './linalg/backend.js';
import { columnsOf, type Matrix } from './linalg/matrix.js';

export type PenalisedLearner = 'ridge' | 'lasso' | 'elastic-net';
export type Comparator = PenalisedLearner | 'boosting';
/** Every learner that a layer may have. */
export type Learner = 'bayesian-ridge' | Comparator;

/** y = intercept + Σ coef·x. */
export interface PenalisedModel {
  readonly learner: PenalisedLearner;
  /** `no-signal`: the chosen penalty leaves no coefficient; `not-converged`: the sweeps ran out, the coefficients are the best found. */
  readonly status: 'ok' | 'no-signal' | 'not-converged' | 'constant-target';
  readonly coef: readonly number[];
  readonly intercept: number;
  /** glmnet's α (1 LASSO, 0 ridge) and the chosen λ. */
  readonly mixing: number;
  readonly penalty: number;
}

export interface TreesModel {
  readonly learner: 'boosting';
  /** `no-signal`: no tree predicts held-out rows better than the mean does. */
  readonly status: 'ok' | 'no-signal';
  readonly boosted: BoostedModel;
}

export type ComparatorModel = PenalisedModel | TreesModel;

export interface ComparatorOptions {
  /** α of the elastic net, in (0, 1). */
  readonly mixing: number;
  /** Of a penalised learner: the penalty that predicts best (default), or the largest within one standard error of it (glmnet's lambda.1se). */
  readonly penalty?: 'best' | 'one-se';
}

/**
 * Fits one target (a value per row of x) on the given rows; `fold` gives each row's fold for the choice of the penalty, of which at
 * least two occur among the rows. x has no missing value.
 */
export function fitComparator(
  learner: Comparator,
  x: Matrix,
  target: Float64Array,
  rows: Int32Array,
  fold: Int32Array,
  backend: Backend,
  options: ComparatorOptions,
): ComparatorModel {
  if (new Set(Array.from(rows, (i) => fold[i]!)).size < 2) {
    throw new Error('internal error: a penalty is chosen over at least two folds');
  }
  const columns = columnsOf(x);
  if (learner === 'boosting') {
    const boosted = crossValidateBoosting(columns, target, fold, { loss: 'squared', rows });
    return { learner, status: boosted.trees.length > 0 ? 'ok' : 'no-signal', boosted };
  }
  const mixing = learner === 'ridge' ? 0 : learner === 'lasso' ? 1 : options.mixing;
  const [chosen] = crossValidateElasticNets(columns, [target], fold, backend, { rows, alpha: mixing });
  const { path, choice } = chosen!;
  const at = Math.max(0, options.penalty === 'one-se' ? choice.oneStandardError : choice.best);
  const status = !path.converged[at]! ? 'not-converged' : path.nonZero[at] === 0 ? 'no-signal' : 'ok';
  return {
    learner,
    status: path.status === 'ok' ? status : path.status,
    coef: [...path.coefficients[at]!],
    intercept: path.intercepts[at]!,
    mixing,
    penalty: path.lambdas[at]!,
  };
}

/** Predictions of every row; NaN where a linear model meets a missing value that it uses (trees have their own way with those). */
export function predictComparator(model: ComparatorModel, x: Matrix): Float64Array {
  if (model.learner === 'boosting') {
    const rows = Int32Array.from({ length: x.rows }, (_, i) => i);
    return predictBoosted(model.boosted, columnsOf(x), rows);
  }
  const { coef, intercept } = model;
  return Float64Array.from({ length: x.rows }, (_, i) => {
    let sum = intercept;
    for (let j = 0; j < x.cols; j++) if (coef[j] !== 0) sum += coef[j]! * x.data[i * x.cols + j]!;
    return sum;
  });
}
