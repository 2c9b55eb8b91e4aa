// Proximal quasi-Newton steps for F = (1/n) Σ log(1 + exp(−ỹη)) + Σ penalty_j |β_j|: a quadratic model of the loss is
// minimised with the penalty (quadratic-l1.ts), and a line search on F makes every step a descent (Yuan, Ho & Lin 2012;
// Lee, Sun & Saunders 2014). Not responsible for when to stop (logistic.ts).
//
// An exact Hessian costs about six passes over the design, so the model starts as the Hessian at β = 0, a plain Gram
// matrix, and each step then teaches it the change of the gradient (BFGS). Where steps gain little it is made exact anew.
import type { Backend } from './linalg/backend.js';
import { matrix, type Matrix } from './linalg/matrix.js';
import { minimise } from './quadratic-l1.js';
import { weightedRowGram } from './weighted-gram.js';

/** Training data, gathered once for many penalties. */
export interface LogisticProblem {
  readonly n: number;
  /** n × (features + 1): the training rows, centred unless the intercept is penalised; the last column is all ones. */
  readonly design: Matrix;
  readonly means: Float64Array;
  /** 0 or 1. */
  readonly labels: Float64Array;
  readonly cases: number;
  readonly penaliseIntercept: boolean;
}

/** Where the iteration stands; `penalty` may be changed between steps (then `judge` again). */
export interface State {
  readonly problem: LogisticProblem;
  readonly backend: Backend;
  readonly penalty: Float64Array;
  beta: Float64Array;
  /** Of the mean loss, by β. */
  gradient: Float64Array;
  loss: number;
  /** Mean of p(1 − p) over the people. */
  weight: number;
  violation: number;
  /** The quadratic model's matrix, the mean weight it belongs to, and whether it is the Hessian at β. */
  model: Matrix;
  modelWeight: number;
  exact: boolean;
}

/** Starts at `beta`, whose weights are 0: everybody has the same η, and a Gram matrix is the Hessian. */
export function newState(problem: LogisticProblem, backend: Backend, beta: Float64Array): State {
  const rough = roughGram(problem, backend);
  const gram = rough ?? weightedRowGram(problem.design, null, backend);
  const bad = sumsOf(gram).findIndex((sum) => !Number.isFinite(sum));
  if (bad >= 0) throw new Error(`internal error: column ${bad} of a logistic regression is not finite`);
  const state: State = {
    problem,
    backend,
    penalty: new Float64Array(beta.length),
    ...evaluate(problem, backend, beta),
    beta,
    violation: Infinity,
    model: gram,
    modelWeight: problem.n,
    exact: rough === null,
  };
  scaleModel(state, state.weight / problem.n);
  return state;
}

/** The last column of a design is all ones: its products are the sums of the others. */
const sumsOf = ({ data, cols }: Matrix): Float64Array => data.subarray(data.length - cols);

// Of its mean square, at least this must be a column's variance for single precision to tell columns apart.
const VARIED = 0.01;

/**
 * The Gram matrix in single precision, which is enough for a model that steps correct: gradients are in double precision, and
 * a model that serves badly is made exact. Null where columns are too many, too large or too far from their mean for it.
 */
function roughGram({ design, n }: LogisticProblem, backend: Backend): Matrix | null {
  const p = design.cols - 1;
  if (n < 2 * p) return null;
  const gram = weightedRowGram(design, null, backend, 'single');
  const sums = sumsOf(gram);
  for (let j = 0; j < p; j++) {
    const squares = gram.data[j * design.cols + j]!;
    const varied = squares === 0 || squares - sums[j]! ** 2 / n > VARIED * squares;
    if (!varied || !Number.isFinite(squares)) return null;
  }
  return gram;
}

/** Renews `violation`, the distance of 0 from gradient + penalty·∂|β|. */
export function judge(state: State): void {
  state.violation = largestViolation(state, state.beta, state.gradient);
}

function largestViolation({ penalty }: State, beta: Float64Array, gradient: Float64Array): number {
  let worst = 0;
  for (let j = 0; j < beta.length; j++) {
    const b = beta[j]!;
    const g = gradient[j]!;
    const l = penalty[j]!;
    const off = b > 0 ? Math.abs(g + l) : b < 0 ? Math.abs(g - l) : Math.max(0, Math.abs(g) - l);
    worst = Math.max(worst, off);
  }
  return worst;
}

/** Σ penalty_j |β_j|. */
export function l1Norm(penalty: Float64Array, beta: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < beta.length; j++) sum += penalty[j]! * Math.abs(beta[j]!);
  return sum;
}

interface Evaluation {
  readonly loss: number;
  readonly gradient: Float64Array;
  readonly weight: number;
}

// Rows per block of a pass: read once from memory for both products.
const BLOCK = 256;

/** The mean loss, its gradient and the mean weight at β, in one pass. */
function evaluate(problem: LogisticProblem, backend: Backend, beta: Float64Array): Evaluation {
  const { n, labels, design } = problem;
  const gradient = new Float64Array(beta.length);
  const slope = new Float64Array(BLOCK);
  let loss = 0;
  let weight = 0;
  for (let start = 0; start < n; start += BLOCK) {
    const rows = rowBlock(design, start, BLOCK);
    slope.fill(0);
    backend.gemvAdd(slope, rows, beta, 'N');
    for (let i = 0; i < rows.rows; i++) {
      const eta = slope[i]!;
      const label = labels[start + i]!;
      // From exp(−|η|), which cannot overflow.
      const small = Math.exp(-Math.abs(eta));
      const probability = eta >= 0 ? 1 / (1 + small) : small / (1 + small);
      loss += Math.log1p(small) + (eta >= 0 ? (1 - label) * eta : -label * eta);
      weight += probability * (1 - probability);
      slope[i] = (probability - label) / n;
    }
    backend.gemvAdd(gradient, rows, slope, 'T');
  }
  return { loss: loss / n, gradient, weight: weight / n };
}

function rowBlock({ data, rows, cols }: Matrix, start: number, size: number): Matrix {
  const end = Math.min(rows, start + size);
  return matrix(end - start, cols, data.subarray(start * cols, end * cols));
}

// A step that leaves more than this of the violation is worth less than a sixth of an exact Hessian.
const SLOW = 0.3;

/** One step; false when F can no longer be lowered, not even along the exact model. */
export function newtonStep(state: State): boolean {
  const before = state.violation;
  const moved = tryStep(state);
  if (moved && state.violation <= SLOW * before) return true;
  if (!moved && state.exact) return false;
  makeExact(state);
  return true;
}

/** Moves to the minimum of the model, or part of the way; false when F would not fall. */
function tryStep(state: State): boolean {
  const { problem, backend, penalty, beta, gradient, violation } = state;
  const direction = modelMinimum(state).map((z, j) => z - beta[j]!);
  const norm = l1Norm(penalty, beta);
  let slopeAlong = -norm;
  for (let j = 0; j < beta.length; j++) {
    slopeAlong += gradient[j]! * direction[j]! + penalty[j]! * Math.abs(beta[j]! + direction[j]!);
  }
  if (direction.every((d) => d === 0)) return false;
  const current = state.loss + norm;
  // Where the descent that is promised drowns in rounding only the whole step is tried.
  const shortest = slopeAlong < 0 ? 1e-10 : 1;
  for (let length = 1; length >= shortest; length /= 2) {
    const candidate = beta.map((b, j) => b + length * direction[j]!);
    const there = evaluate(problem, backend, candidate);
    const value = there.loss + l1Norm(penalty, candidate);
    const violationThere = largestViolation(state, candidate, there.gradient);
    // Armijo; in the last steps F no longer tells, for its rounding, but the optimality conditions do.
    const descends = slopeAlong < 0 && value <= current + 0.01 * length * slopeAlong;
    const settles = violationThere < 0.5 * violation && value <= current + 1e-11 * Math.abs(current);
    if (!descends && !settles) continue;
    learn(state, candidate, there);
    Object.assign(state, there, { beta: candidate, violation: violationThere, exact: false });
    return true;
  }
  return false;
}

/** The model's minimum, with the penalty: the β that it recommends. */
function modelMinimum(state: State): Float64Array {
  const { model, beta, gradient, penalty, violation, backend } = state;
  // Solved to a gradient well below what this step can leave.
  const enough = 0.03 * violation;
  const kept = minimumGivenSigns(state, enough);
  if (kept) return kept;
  const p = beta.length;
  // In β + d the linear term is −(Bβ − g).
  const cross = new Float64Array(p);
  let largest = 0;
  for (let j = 0; j < p; j++) {
    largest = Math.max(largest, model.data[j * p + j]!);
    cross[j] = -gradient[j]!;
  }
  backend.gemvAdd(cross, model, beta, 'N');
  const problem = { gram: model, cross, l1: penalty, l2: 0 };
  return minimise(problem, beta, { tolerance: enough ** 2 / largest, maxSweeps: 500 }, backend);
}

/** The minimum when every coefficient keeps its sign, or stays zero; null when it is elsewhere. The last steps of a fit are of this kind. */
function minimumGivenSigns(state: State, enough: number): Float64Array | null {
  const { model, beta, gradient, penalty, backend } = state;
  const p = beta.length;
  const support = Int32Array.from(beta.keys()).filter((j) => beta[j] !== 0 || penalty[j] === 0);
  const size = support.length;
  if (size === 0) return null;
  const system = matrix(size, size);
  const right = matrix(size, 1);
  for (let a = 0; a < size; a++) {
    const j = support[a]!;
    right.data[a] = -gradient[j]! - penalty[j]! * Math.sign(beta[j]!);
    // potrf reads the lower triangle only.
    for (let b = 0; b <= a; b++) system.data[a * size + b] = model.data[j * p + support[b]!]!;
  }
  const factor = backend.potrf(system);
  if (!factor.ok) return null;
  const moves = backend.potrs(factor.factor, right).data;
  const there = beta.slice();
  const residual = gradient.map((g) => -g);
  const back = new Float64Array(p);
  for (let a = 0; a < size; a++) {
    const j = support[a]!;
    const move = moves[a]!;
    there[j]! += move;
    if (penalty[j]! > 0 && Math.sign(there[j]!) !== Math.sign(beta[j]!)) return null;
    back[j] = -move;
  }
  backend.gemvAdd(residual, model, back, 'N');
  for (let j = 0; j < p; j++) {
    const excess =
      there[j] === 0
        ? Math.abs(residual[j]!) - penalty[j]!
        : Math.abs(residual[j]! - penalty[j]! * Math.sign(there[j]!));
    if (excess > enough) return null;
  }
  return there;
}

/**
 * Teaches the model the step to `candidate` (BFGS), after a common factor for how much flatter or steeper the loss is
 * there. A change of gradient that no mean of Hessians explains is rounding, and is not learnt.
 */
function learn(state: State, candidate: Float64Array, there: Evaluation): void {
  const p = candidate.length;
  const factor = there.weight / state.modelWeight;
  const { data } = state.model;
  const step = candidate.map((b, j) => b - state.beta[j]!);
  const change = there.gradient.map((g, j) => g - state.gradient[j]!);
  const predicted = new Float64Array(p);
  state.backend.gemvAdd(predicted, state.model, step, 'N');
  let curvature = 0;
  let expected = 0;
  for (let j = 0; j < p; j++) {
    predicted[j]! *= factor;
    expected += predicted[j]! * step[j]!;
    curvature += change[j]! * step[j]!;
  }
  state.modelWeight = there.weight;
  const learns = expected > 0 && curvature > 0.05 * expected && curvature < 20 * expected;
  for (let j = 0; j < p; j++) {
    const gain = learns ? change[j]! / curvature : 0;
    const loss = learns ? predicted[j]! / expected : 0;
    for (let k = 0, at = j * p; k < p; k++, at++) {
      data[at] = factor * data[at]! + gain * change[k]! - loss * predicted[k]!;
    }
  }
}

function scaleModel(state: State, factor: number): void {
  const { data } = state.model;
  for (let at = 0; at < data.length; at++) data[at]! *= factor;
  state.modelWeight *= factor;
}

/** The model becomes the Hessian at β. */
function makeExact(state: State): void {
  const { problem, backend, beta } = state;
  const { n, design } = problem;
  const weights = new Float64Array(n);
  const eta = new Float64Array(BLOCK);
  for (let start = 0; start < n; start += BLOCK) {
    const rows = rowBlock(design, start, BLOCK);
    eta.fill(0);
    backend.gemvAdd(eta, rows, beta, 'N');
    for (let i = 0; i < rows.rows; i++) {
      const small = Math.exp(-Math.abs(eta[i]!));
      // The floor keeps a separated row from leaving the quadratic model altogether.
      weights[start + i] = Math.max(small / (1 + small) ** 2, 1e-12) / n;
    }
  }
  state.model = weightedRowGram(design, weights, backend);
  state.modelWeight = state.weight;
  state.exact = true;
}
