// L1-penalised logistic regression, one penalty at a time. Not responsible for a path of penalties (logistic-path.ts),
// for choosing one (lambda-choice.ts), for the steps (logistic-newton.ts), for balancing classes or for scoring predictions.
//
// Minimises F = (1/n) Σ log(1 + exp(−ỹ η)) + λ‖w‖₁ (+ λ|b|), η = b + Xw, ỹ = ±1. That is glmnet's objective, intercept
// free, or liblinear's ‖(w, b)‖₁ + C Σ loss divided by nC, with λ = 1/(nC) and the intercept penalised like a
// weight (scikit-learn: penalty='l1', solver='liblinear', intercept_scaling=1).
import type { Backend } from './linalg/backend.js';
import { matrix, type Matrix } from './linalg/matrix.js';
import { judge, l1Norm, newState, newtonStep, type LogisticProblem } from './logistic-newton.js';

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

/** People by features: columns, or the rows of a matrix, which are gathered several times faster. */
export type Features = readonly Float64Array[] | Matrix;

/**
 * Memory that designs are gathered into, one after the other: fresh pages cost several times the gathering. A problem
 * holds until the next one is gathered into the same space.
 */
export interface DesignSpace {
  data: Float64Array;
}

export interface ProblemOptions {
  readonly rows?: Int32Array;
  readonly penaliseIntercept?: boolean;
  /** Memory of its own when absent. */
  readonly space?: DesignSpace;
}

/**
 * Gathers training rows. Throws for a label outside {0, 1}, as newSolver does for a feature that is not finite: the
 * caller imputes and validates.
 */
export function logisticProblem(
  features: Features,
  labels: ArrayLike<number>,
  options: ProblemOptions = {},
): LogisticProblem {
  const { penaliseIntercept = false } = options;
  const rows = options.rows ?? Int32Array.from({ length: labels.length }, (_, i) => i);
  const n = rows.length;
  const y = Float64Array.from(rows, (i) => labels[i]!);
  let cases = 0;
  for (const value of y) {
    if (value !== 0 && value !== 1) throw new Error(`internal error: a label must be 0 or 1, got ${value}`);
    cases += value;
  }
  const design = gatherRows(features, rows, options.space);
  // Centring leaves the weights as they are when the intercept is free, and makes the steps nearly independent of it.
  const means = penaliseIntercept ? new Float64Array(design.cols - 1) : centre(design);
  return { n, design, means, labels: y, cases, penaliseIntercept };
}

/** Subtracts each column's mean, in place, but for the last one, and returns them. */
function centre({ data, rows, cols }: Matrix): Float64Array {
  const means = new Float64Array(cols - 1);
  for (let i = 0, at = 0; i < rows; i++, at++)
    for (let j = 0; j < means.length; j++) means[j]! += data[at++]!;
  for (let j = 0; j < means.length; j++) means[j]! /= rows;
  for (let i = 0, at = 0; i < rows; i++, at++)
    for (let j = 0; j < means.length; j++) data[at++]! -= means[j]!;
  return means;
}

// Rows that are gathered from columns at a time: what is written stays in the cache.
const GATHER_ROWS = 32;

// Rows shorter than this are copied faster one by one than by a call.
const SHORT = 64;

/** The rows, with a last column of ones. */
function gatherRows(
  features: Features,
  rows: Int32Array,
  space: DesignSpace = { data: new Float64Array(0) },
): Matrix {
  const p = 'data' in features ? features.cols : features.length;
  const size = rows.length * (p + 1);
  // Twice the last one, so that problems of growing size seldom need new pages; those never written take no memory.
  if (space.data.length < size) space.data = new Float64Array(Math.max(size, 2 * space.data.length));
  const out = matrix(rows.length, p + 1, space.data.subarray(0, size));
  const { data, cols } = out;
  if ('data' in features) {
    const from = features.data;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]! * p;
      const start = i * cols;
      if (p >= SHORT) data.set(from.subarray(row, row + p), start);
      else for (let j = 0; j < p; j++) data[start + j] = from[row + j]!;
    }
  } else {
    for (let start = 0; start < rows.length; start += GATHER_ROWS) {
      const end = Math.min(rows.length, start + GATHER_ROWS);
      for (let j = 0; j < p; j++) {
        const column = features[j]!;
        for (let i = start, at = start * cols + j; i < end; i++, at += cols) data[at] = column[rows[i]!]!;
      }
    }
  }
  for (let at = p; at < data.length; at += cols) data[at] = 1;
  return out;
}

// Of the fits that leave nothing of their problem behind.
const space: DesignSpace = { data: new Float64Array(0) };

/** Fits one penalty from zero. */
export function fitL1Logistic(
  features: Features,
  labels: ArrayLike<number>,
  backend: Backend,
  options: LogisticOptions & { readonly rows?: Int32Array },
): LogisticFit {
  const solver = newSolver(logisticProblem(features, labels, { ...options, space }), backend);
  return solver.solve(options);
}

const MAX_ITERATIONS = 200;
const TOLERANCE = 1e-9;

/** Fits penalties one after the other, each from where the last one ended. */
export interface LogisticSolver {
  /** The smallest λ at which every weight is zero; 0 when there is nothing to fit. */
  readonly lambdaMax: number;
  /** The minimum is unique up to exact collinearity, so the start changes rounding only. */
  solve(options: LogisticOptions): LogisticFit;
}

/** Starts from weights of zero. Throws for a feature that is not finite. */
export function newSolver(problem: LogisticProblem, backend: Backend): LogisticSolver {
  const { n, cases, design, penaliseIntercept } = problem;
  const p = design.cols - 1;
  if (n === 0 || cases === 0 || cases === n) {
    return {
      lambdaMax: 0,
      solve: ({ lambda }) => nothingFitted(n === 0 ? 'no-rows' : 'one-class', lambda, p),
    };
  }
  const start = new Float64Array(p + 1);
  if (!penaliseIntercept) start[p] = Math.log(cases / (n - cases));
  const state = newState(problem, backend, start);
  const penalised = penaliseIntercept ? state.gradient : state.gradient.subarray(0, p);
  const lambdaMax = penalised.reduce((most, g) => Math.max(most, Math.abs(g)), 0);

  const solve = (options: LogisticOptions): LogisticFit => {
    const { lambda, tolerance = TOLERANCE, maxIterations = MAX_ITERATIONS } = options;
    if (!(lambda > 0)) throw new Error(`internal error: the L1 penalty must be positive, got ${lambda}`);
    state.penalty.fill(lambda);
    if (!penaliseIntercept) state.penalty[p] = 0;
    judge(state);
    const stopAt = tolerance * Math.max(lambdaMax, lambda);
    let iterations = 0;
    while (state.violation > stopAt && iterations < maxIterations) {
      iterations++;
      if (!newtonStep(state)) break;
    }
    const coefficients = state.beta.slice(0, p);
    let intercept = state.beta[p]!;
    for (let j = 0; j < p; j++) intercept -= coefficients[j]! * problem.means[j]!;
    return {
      // A last step that no longer lowers F beyond rounding is as good as the tolerance when the violation is small.
      status: state.violation <= Math.max(stopAt, 1e-7 * lambdaMax) ? 'ok' : 'not-converged',
      lambda,
      intercept,
      coefficients,
      nonZero: coefficients.reduce((count, w) => count + (w !== 0 ? 1 : 0), 0),
      objective: state.loss + l1Norm(state.penalty, state.beta),
      loss: state.loss,
      violation: state.violation,
      iterations,
    };
  };
  return { lambdaMax, solve };
}

function nothingFitted(status: LogisticStatus, lambda: number, p: number): LogisticFit {
  if (!(lambda > 0)) throw new Error(`internal error: the L1 penalty must be positive, got ${lambda}`);
  const numbers = { intercept: NaN, objective: NaN, loss: NaN, violation: NaN };
  return { status, lambda, coefficients: new Float64Array(p), nonZero: 0, iterations: 0, ...numbers };
}
