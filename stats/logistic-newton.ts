// Proximal Newton steps for F = (1/n) Σ log(1 + exp(−ỹη)) + Σ penalty_j |β_j| (Yuan, Ho & Lin 2012): the quadratic
// model of the loss on a working set of columns is minimised with the penalty (quadratic-l1.ts), and a line search on
// F makes every step a descent. Not responsible for when to stop (logistic.ts).
import type { Backend } from './linalg/backend.js';
import { matrix, type Matrix } from './linalg/matrix.js';
import { descend, startDescent } from './quadratic-l1.js';

/** Training data, gathered once for many penalties. */
export interface LogisticProblem {
  readonly n: number;
  /** The design: columns of the training rows, centred unless the intercept is penalised; the last is all ones. */
  readonly columns: readonly Float64Array[];
  readonly means: Float64Array;
  /** 0 or 1. */
  readonly labels: Float64Array;
  readonly penaliseIntercept: boolean;
  /** The smallest λ at which every weight is zero. */
  readonly lambdaMax: number;
}

/** Where the iteration stands. Arrays over rows belong to the present β. */
export interface State {
  readonly problem: LogisticProblem;
  readonly penalty: Float64Array;
  readonly beta: Float64Array;
  readonly eta: Float64Array;
  /** First and second derivatives of the mean loss by η. */
  readonly slope: Float64Array;
  readonly curvature: Float64Array;
  /** Gradient of the mean loss by β. */
  readonly gradient: Float64Array;
  loss: number;
  violation: number;
}

export function newState(problem: LogisticProblem, penalty: Float64Array, beta: Float64Array): State {
  const { n, columns } = problem;
  const state: State = {
    problem,
    penalty,
    beta,
    eta: new Float64Array(n),
    slope: new Float64Array(n),
    curvature: new Float64Array(n),
    gradient: new Float64Array(columns.length),
    loss: 0,
    violation: Infinity,
  };
  addMultiples(columns, beta, state.eta);
  refresh(state);
  return state;
}

/** Σ multiples_j · column_j added to out. */
function addMultiples(columns: readonly Float64Array[], multiples: Float64Array, out: Float64Array): void {
  columns.forEach((x, j) => {
    const m = multiples[j]!;
    if (m === 0) return;
    for (let i = 0; i < out.length; i++) out[i]! += m * x[i]!;
  });
}

/** log(1 + exp(−ỹη)), without overflow. */
function rowLoss(eta: number, label: number): number {
  const margin = label === 1 ? eta : -eta;
  return margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin;
}

function refresh(state: State): void {
  const { problem, eta, slope, curvature, gradient, penalty, beta } = state;
  const { n, columns, labels } = problem;
  let loss = 0;
  for (let i = 0; i < n; i++) {
    const y = labels[i]!;
    const probability = 1 / (1 + Math.exp(-eta[i]!));
    loss += rowLoss(eta[i]!, y);
    slope[i] = (probability - y) / n;
    // The floor keeps a separated row from leaving the quadratic model altogether.
    curvature[i] = Math.max(probability * (1 - probability), 1e-12) / n;
  }
  state.loss = loss / n;
  let worst = 0;
  for (let j = 0; j < columns.length; j++) {
    const x = columns[j]!;
    let g = 0;
    for (let i = 0; i < n; i++) g += slope[i]! * x[i]!;
    gradient[j] = g;
    worst = Math.max(worst, optimalityViolation(g, beta[j]!, penalty[j]!));
  }
  state.violation = worst;
}

/** How far 0 is from g + λ∂|β|. */
function optimalityViolation(gradient: number, beta: number, lambda: number): number {
  if (beta > 0) return Math.abs(gradient + lambda);
  if (beta < 0) return Math.abs(gradient - lambda);
  return Math.max(0, Math.abs(gradient) - lambda);
}

/** Σ penalty_j |β_j|. */
export function l1Norm(penalty: Float64Array, beta: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < beta.length; j++) sum += penalty[j]! * Math.abs(beta[j]!);
  return sum;
}

/** One proximal Newton step with backtracking; false when F can no longer be lowered. */
export function newtonStep(state: State, backend: Backend): boolean {
  const { problem, penalty, beta, eta, gradient } = state;
  const { n, columns, labels } = problem;
  const direction = modelMinimum(state, workingSet(state), backend);
  const along = beta.map((b, j) => b + direction[j]!);
  let slopeAlong = l1Norm(penalty, along) - l1Norm(penalty, beta);
  for (let j = 0; j < beta.length; j++) slopeAlong += gradient[j]! * direction[j]!;
  if (!(slopeAlong < 0)) return false;

  const move = new Float64Array(n);
  addMultiples(columns, direction, move);
  const current = state.loss + l1Norm(penalty, beta);
  for (let length = 1; length > 1e-10; length /= 2) {
    let loss = 0;
    for (let i = 0; i < n; i++) loss += rowLoss(eta[i]! + length * move[i]!, labels[i]!);
    const candidate = beta.map((b, j) => b + length * direction[j]!);
    const value = loss / n + l1Norm(penalty, candidate);
    // Armijo; rounding of F forgives the last steps.
    if (value > current + 0.01 * length * slopeAlong + 1e-15 * Math.abs(current)) continue;
    const before = state.violation;
    beta.set(candidate);
    for (let i = 0; i < n; i++) eta[i]! += length * move[i]!;
    refresh(state);
    return state.violation < before || value < current;
  }
  return false;
}

// Columns that join per step, at least; the working set doubles when more than that violate their conditions.
const JOINING = 100;

/** The non-zero and unpenalised coefficients, and the zero ones that violate their condition most. */
function workingSet({ beta, gradient, penalty }: State): Int32Array {
  const inside: number[] = [];
  const violating: number[] = [];
  for (let j = 0; j < beta.length; j++) {
    if (beta[j] !== 0 || penalty[j] === 0) inside.push(j);
    else if (Math.abs(gradient[j]!) > penalty[j]!) violating.push(j);
  }
  const excess = (j: number): number => Math.abs(gradient[j]!) - penalty[j]!;
  violating.sort((a, b) => excess(b) - excess(a) || a - b);
  return Int32Array.from([...inside, ...violating.slice(0, Math.max(JOINING, inside.length))]).sort();
}

/** The step to the minimum of gᵀd + ½dᵀHd + Σ penalty|β + d| over the working set, zero elsewhere. */
function modelMinimum(state: State, set: Int32Array, backend: Backend): Float64Array {
  const { penalty, beta, gradient, violation } = state;
  const size = set.length;
  const gram = backend.syrk(weightedColumns(state, set), 'T');
  const z = Float64Array.from(set, (j) => beta[j]!);
  // In z = β + d the linear term is −(Hβ − g).
  const cross = Float64Array.from(set, (j, a) => {
    let product = -gradient[j]!;
    for (let b = 0; b < size; b++) product += gram.data[a * size + b]! * z[b]!;
    return product;
  });
  const largest = set.reduce((most, _, a) => Math.max(most, gram.data[a * size + a]!), 0);
  // Quadratic convergence needs the model solved ever better: to a gradient of `enough`.
  const enough = Math.min(0.01, violation) * violation;
  const problem = { gram, cross, l1: Float64Array.from(set, (j) => penalty[j]!), l2: 0 };
  descend(problem, startDescent(problem, z), { tolerance: enough ** 2 / largest, maxSweeps: 500 }, backend);
  const direction = new Float64Array(beta.length);
  set.forEach((j, a) => (direction[j] = z[a]! - beta[j]!));
  return direction;
}

/** √curvature · X over the working set (n × size): its cross products are the Hessian. */
function weightedColumns({ problem, curvature }: State, set: Int32Array): Matrix {
  const size = set.length;
  const out = matrix(problem.n, size);
  const root = curvature.map(Math.sqrt);
  set.forEach((j, a) => {
    const x = problem.columns[j]!;
    for (let i = 0, at = a; i < problem.n; i++, at += size) out.data[at] = root[i]! * x[i]!;
  });
  return out;
}
