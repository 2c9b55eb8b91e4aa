// L1-penalised logistic regression, one penalty at a time. Not responsible for a path of penalties (logistic-path.ts),
// for
// choosing one (lambda-choice.ts), for the steps (logistic-newton.ts), for balancing classes or for scoring predictions.
//
// Minimises F = (1/n) Σ log(1 + exp(−ỹ η)) + λ‖w‖₁ (+ λ|b|), η = b + Xw, ỹ = ±1. That is glmnet's objective, intercept
// free, or liblinear's ‖(w, b)‖₁ + C Σ loss divided by nC, with λ = 1/(nC) and the intercept penalised like a
// weight (scikit-learn: penalty='l1', solver='liblinear', intercept_scaling=1).
import type { Backend } from './linalg/backend.js';
import { l1Norm, newState, newtonStep, type LogisticProblem } from './logistic-newton.js';

/**
 * `one-class`: all labels equal, nothing to separate; `no-rows`; `not-converged`: the iteration limit was reached, the
 * coefficients are the best found.
 */
export type LogisticStatus = 'ok' | 'not-converged' | 'one-class' | 'no-rows';

export interface LogisticFit {
  readonly status: LogisticStatus;
  readonly lambda: number;
  /** NaN for `one-class` and `no-rows`, whose coefficients are 0. */
  readonly intercept: number;
  /** In the units of the columns. */
  readonly coefficients: Float64Array;
  readonly nonZero: number;
  /** F; times n·C it is liblinear's objective. */
  readonly objective: number;
  /** Mean loss (1/n) Σ log(1 + exp(−ỹη)). */
  readonly loss: number;
  /** Largest violation of the optimality conditions, in the units of λ. */
  readonly violation: number;
  readonly iterations: number;
}

export interface LogisticOptions {
  /** λ > 0 of the objective above; liblinearLambda(n, C) for liblinear's C. */
  readonly lambda: number;
  /** liblinear's habit; default false. */
  readonly penaliseIntercept?: boolean;
  /** Violation of the optimality conditions to stop at, relative to the λ at which all weights vanish. Default 1e-9. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
}

/** The λ of liblinear's C. */
export function liblinearLambda(n: number, C: number): number {
  return 1 / (n * C);
}

/**
 * Gathers training rows of finite columns and of labels in {0, 1}. Throws for anything else in them: the caller
 * imputes and validates.
 */
export function logisticProblem(
  columns: readonly Float64Array[],
  labels: ArrayLike<number>,
  options: { readonly rows?: Int32Array; readonly penaliseIntercept?: boolean } = {},
): LogisticProblem {
  const { penaliseIntercept = false } = options;
  const rows = options.rows ?? Int32Array.from({ length: labels.length }, (_, i) => i);
  const n = rows.length;
  const y = Float64Array.from(rows, (i) => labels[i]!);
  for (const value of y) {
    if (value !== 0 && value !== 1) throw new Error(`internal error: a label must be 0 or 1, got ${value}`);
  }
  const means = new Float64Array(columns.length);
  const design = columns.map((column, j) => {
    const x = Float64Array.from(rows, (i) => column[i]!);
    const sum = x.reduce((total, value) => total + value, 0);
    if (!Number.isFinite(sum))
      throw new Error(`internal error: column ${j} of a logistic regression is not finite`);
    // Centring leaves the weights as they are when the intercept is free, and makes the steps nearly independent of it.
    if (penaliseIntercept) return x;
    means[j] = sum / n;
    return x.map((value) => value - means[j]!);
  });
  const share = y.reduce((total, value) => total + value, 0) / n;
  const atNull = penaliseIntercept ? 0.5 : share;
  let lambdaMax = penaliseIntercept ? Math.abs(atNull - share) : 0;
  for (const x of design) {
    let gradient = 0;
    for (let i = 0; i < n; i++) gradient += x[i]! * (atNull - y[i]!);
    lambdaMax = Math.max(lambdaMax, Math.abs(gradient) / n);
  }
  return {
    n,
    columns: [...design, new Float64Array(n).fill(1)],
    means,
    labels: y,
    penaliseIntercept,
    lambdaMax,
  };
}

/** Fits one penalty from zero. */
export function fitL1Logistic(
  columns: readonly Float64Array[],
  labels: ArrayLike<number>,
  backend: Backend,
  options: LogisticOptions & { readonly rows?: Int32Array },
): LogisticFit {
  return solveL1Logistic(logisticProblem(columns, labels, options), backend, options).fit;
}

const MAX_ITERATIONS = 200;
const TOLERANCE = 1e-9;

/**
 * Fits one penalty, from `start` (weights, then the intercept, as a previous call returned it) when given. The
 * maximum is unique up to exact collinearity, so the start changes rounding only.
 */
export function solveL1Logistic(
  problem: LogisticProblem,
  backend: Backend,
  options: LogisticOptions,
  start?: Float64Array,
): { readonly fit: LogisticFit; readonly solution: Float64Array } {
  const { n, columns, labels } = problem;
  const { lambda, tolerance = TOLERANCE, maxIterations = MAX_ITERATIONS } = options;
  if (!(lambda > 0)) throw new Error(`internal error: the L1 penalty must be positive, got ${lambda}`);
  const p = columns.length - 1;
  const ones = labels.reduce((sum, y) => sum + y, 0);
  if (n === 0 || ones === 0 || ones === n) {
    const status = n === 0 ? 'no-rows' : 'one-class';
    const nothing = {
      intercept: NaN,
      coefficients: new Float64Array(p),
      nonZero: 0,
      objective: NaN,
      loss: NaN,
    };
    return {
      fit: { status, lambda, ...nothing, violation: NaN, iterations: 0 },
      solution: new Float64Array(p + 1),
    };
  }
  const penalty = new Float64Array(p + 1).fill(lambda);
  if (!problem.penaliseIntercept) penalty[p] = 0;
  const beta = start?.slice() ?? new Float64Array(p + 1);
  if (!start && !problem.penaliseIntercept) beta[p] = Math.log(ones / (n - ones));
  const state = newState(problem, penalty, beta);
  const stopAt = tolerance * Math.max(problem.lambdaMax, lambda);
  let iterations = 0;
  while (state.violation > stopAt && iterations < maxIterations) {
    iterations++;
    if (!newtonStep(state, backend)) break;
  }
  let intercept = beta[p]!;
  for (let j = 0; j < p; j++) intercept -= beta[j]! * problem.means[j]!;
  const coefficients = beta.slice(0, p);
  return {
    fit: {
      // A last step that no longer lowers F beyond rounding is as good as the tolerance when the violation is small.
      status: state.violation <= Math.max(stopAt, 1e-7 * problem.lambdaMax) ? 'ok' : 'not-converged',
      lambda,
      intercept,
      coefficients,
      nonZero: coefficients.reduce((count, w) => count + (w !== 0 ? 1 : 0), 0),
      objective: state.loss + l1Norm(penalty, beta),
      loss: state.loss,
      violation: state.violation,
      iterations,
    },
    solution: beta,
  };
}
