// L1-logistic regression along a path of penalties, warm-started from the larger to the smaller, and its choice by
// cross-validation. Not responsible for a single fit (logistic.ts) or for making folds (folds.ts).
import { chooseLambda, lambdaSequence, type FoldLoss, type LambdaChoice } from './lambda-choice.js';
import type { Backend } from './linalg/backend.js';
import {
  logisticProblem,
  newSolver,
  type DesignSpace,
  type Features,
  type LogisticFit,
  type LogisticOptions,
  type LogisticSolver,
} from './logistic.js';
import type { LogisticProblem } from './logistic-newton.js';

export interface PathOptions extends Omit<LogisticOptions, 'lambda'> {
  /** Penalties, descending. When absent: `count` of them, from the one at which every weight is zero. */
  readonly lambdas?: Float64Array;
  /** Default 100. */
  readonly count?: number;
  /** Smallest over largest λ; default 1e-4, or 0.01 when there are fewer rows than columns (glmnet). */
  readonly ratio?: number;
}

/** One fit per penalty, in the order of the penalties. */
export function l1LogisticPath(
  problem: LogisticProblem,
  backend: Backend,
  options: PathOptions = {},
): LogisticFit[] {
  const solver = newSolver(problem, backend);
  return followPath(solver, penalties(problem, solver, options), options);
}

function followPath(solver: LogisticSolver, lambdas: Float64Array, options: PathOptions): LogisticFit[] {
  return Array.from(lambdas, (lambda) => solver.solve({ ...options, lambda }));
}

function penalties(
  { n, design }: LogisticProblem,
  { lambdaMax }: LogisticSolver,
  options: PathOptions,
): Float64Array {
  if (options.lambdas) return options.lambdas;
  const { count = 100, ratio = n < design.cols - 1 ? 0.01 : 1e-4 } = options;
  // One class, or columns that say nothing: any positive sequence does, every fit is null.
  return lambdaSequence(lambdaMax > 0 ? lambdaMax : 1, count, ratio);
}

// Of the designs of a cross-validation, one at a time.
const space: DesignSpace = { data: new Float64Array(0) };

export interface LogisticChoice {
  readonly choice: LambdaChoice;
  /** Fits on all the rows, one per penalty. */
  readonly path: readonly LogisticFit[];
}

/**
 * Cross-validated deviance along the path of all `rows`: `fold` gives each input row's fold. A held-out person's
 * loss is −2 log P(label), with P kept within [1e-5, 1 − 1e-5] (R: cv.glmnet(family = 'binomial', foldid, lambda)).
 */
export function crossValidateL1Logistic(
  features: Features,
  labels: ArrayLike<number>,
  fold: Int32Array,
  backend: Backend,
  options: PathOptions & { readonly rows?: Int32Array } = {},
): LogisticChoice {
  const rows = options.rows ?? Int32Array.from({ length: labels.length }, (_, i) => i);
  const problem = logisticProblem(features, labels, { ...options, rows, space });
  const solver = newSolver(problem, backend);
  const lambdas = penalties(problem, solver, options);
  const path = followPath(solver, lambdas, options);
  // The path of all rows is done: its design makes room for those of the folds.
  const folds = [...new Set(Array.from(rows, (i) => fold[i]!))].sort((a, b) => a - b);
  const losses = folds.map((held): FoldLoss => {
    const train = rows.filter((i) => fold[i] !== held);
    const test = rows.filter((i) => fold[i] === held);
    const fits = l1LogisticPath(
      logisticProblem(features, labels, { ...options, rows: train, space }),
      backend,
      {
        ...options,
        lambdas,
      },
    );
    return {
      people: test.length,
      loss: Float64Array.from(fits, (fit) => meanDeviance(fit, features, labels, test)),
    };
  });
  return { choice: chooseLambda(lambdas, losses), path };
}

function meanDeviance(
  fit: LogisticFit,
  features: Features,
  labels: ArrayLike<number>,
  rows: Int32Array,
): number {
  const eta = predictLogistic(fit, features, rows);
  let sum = 0;
  rows.forEach((i, r) => {
    const probability = Math.min(1 - 1e-5, Math.max(1e-5, 1 / (1 + Math.exp(-eta[r]!))));
    sum -= 2 * Math.log(labels[i] === 1 ? probability : 1 - probability);
  });
  return sum / rows.length;
}

/** η = intercept + Xw of the given rows (of all when absent), NaN where a column in use is; P(label 1) = 1/(1 + e^{−η}). */
export function predictLogistic(
  fit: Pick<LogisticFit, 'intercept' | 'coefficients'>,
  features: Features,
  rows?: Int32Array,
): Float64Array {
  const count = rows?.length ?? ('data' in features ? features.rows : (features[0]?.length ?? 0));
  const eta = new Float64Array(count).fill(fit.intercept);
  if ('data' in features) {
    const { data, cols } = features;
    const used = Int32Array.from(fit.coefficients.keys()).filter((j) => fit.coefficients[j] !== 0);
    const weights = Float64Array.from(used, (j) => fit.coefficients[j]!);
    for (let r = 0; r < count; r++) {
      const at = (rows ? rows[r]! : r) * cols;
      let sum = eta[r]!;
      for (let a = 0; a < used.length; a++) sum += weights[a]! * data[at + used[a]!]!;
      eta[r] = sum;
    }
    return eta;
  }
  features.forEach((x, j) => {
    const w = fit.coefficients[j]!;
    if (w !== 0) for (let r = 0; r < count; r++) eta[r]! += w * x[rows ? rows[r]! : r]!;
  });
  return eta;
}
