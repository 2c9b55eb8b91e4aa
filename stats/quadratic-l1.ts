// Minimising ½zᵀGz − cᵀz + Σ λ_j|z_j| + ½μ‖z‖² by coordinate descent, with exact solves on the non-zero coordinates:
// the core of the elastic net and of each Newton step of L1-logistic regression. Not responsible for scaling.
import { matrix, type Matrix } from './linalg/matrix.js';
import type { Backend } from './linalg/backend.js';

export interface QuadraticL1 {
  /** Symmetric, positive semi-definite, p × p; a coordinate with a zero diagonal stays 0. */
  readonly gram: Matrix;
  readonly cross: Float64Array;
  /** λ by coordinate; 0 leaves one unpenalised. */
  readonly l1: Float64Array;
  /** μ. */
  readonly l2: number;
}

/** A place z and its residual c − Gz, which the descent keeps up to date. */
export interface Descent {
  readonly z: Float64Array;
  readonly residual: Float64Array;
}

export interface DescentOptions {
  /** Stop when a full sweep changes no coordinate by more than this in G_jj·Δ². */
  readonly tolerance: number;
  readonly maxSweeps: number;
}

export function startDescent({ gram, cross }: Pick<QuadraticL1, 'gram' | 'cross'>, z: Float64Array): Descent {
  const residual = cross.slice();
  z.forEach((value, j) => value !== 0 && addRow(gram, j, -value, residual));
  return { z, residual };
}

// Sweeps over the non-zero coordinates between two attempts at the exact solution.
const SWEEPS_BEFORE_EXACT = 8;

/**
 * Moves z to the minimum: full sweeps alternate with sweeps over the non-zero coordinates and exact solves on them.
 * False when the sweeps ran out.
 */
export function descend(
  problem: QuadraticL1,
  at: Descent,
  options: DescentOptions,
  backend: Backend,
): boolean {
  const { tolerance, maxSweeps } = options;
  let activeOnly = false;
  let activeSweeps = 0;
  for (let sweep = 0; sweep < maxSweeps; sweep++) {
    const moved = sweepOnce(problem, at, activeOnly);
    if (moved < tolerance) {
      if (!activeOnly) return true;
      activeOnly = false;
    } else if (!activeOnly) {
      activeOnly = true;
      activeSweeps = 0;
    } else if (++activeSweeps % SWEEPS_BEFORE_EXACT === 0 && solveOnSupport(problem, at, backend)) {
      activeOnly = false;
    }
  }
  return false;
}

/**
 * The minimum from `start`, whose non-zero coordinates are taken to be nearly the right ones: solved exactly first, then
 * descended. The best found when the sweeps run out.
 */
export function minimise(
  problem: QuadraticL1,
  start: Float64Array,
  options: DescentOptions,
  backend: Backend,
): Float64Array {
  const at = startDescent(problem, start.slice());
  solveOnSupport(problem, at, backend);
  descend(problem, at, options, backend);
  return at.z;
}

/** One pass over the coordinates; the largest G_jj·Δ². */
function sweepOnce({ gram, l1, l2 }: QuadraticL1, { z, residual }: Descent, activeOnly: boolean): number {
  const p = z.length;
  let largest = 0;
  for (let j = 0; j < p; j++) {
    const before = z[j]!;
    const own = gram.data[j * p + j]!;
    if (own === 0 || (activeOnly && before === 0)) continue;
    const pull = residual[j]! + own * before;
    const threshold = l1[j]!;
    const shrunk = pull > threshold ? pull - threshold : pull < -threshold ? pull + threshold : 0;
    const change = shrunk / (own + l2) - before;
    if (change === 0) continue;
    z[j] = before + change;
    if (shrunk === 0) z[j] = 0;
    addRow(gram, j, -change, residual);
    largest = Math.max(largest, own * change * change);
  }
  return largest;
}

/** out += multiple · G_j; the matrix is symmetric and its rows are contiguous. */
function addRow({ data, cols }: Matrix, j: number, multiple: number, out: Float64Array): void {
  for (let k = 0, at = j * cols; k < cols; k++, at++) out[k]! += multiple * data[at]!;
}

// Attempts to settle the signs in one go; after that the sweeps go on.
const SIGN_ROUNDS = 10;

/**
 * Correlated coordinates make sweeps creep. Given the signs the minimum is linear algebra: solve it, set what changed
 * sign to zero, and repeat while the objective falls. True when the last solution kept all its signs.
 */
function solveOnSupport(problem: QuadraticL1, at: Descent, backend: Backend): boolean {
  const { gram, cross } = problem;
  let value = objective(problem, at);
  for (let round = 0; round < SIGN_ROUNDS; round++) {
    const support = Int32Array.from(at.z, (_, j) => j).filter((j) => at.z[j] !== 0);
    const solved = solveGivenSigns(problem, at.z, support, backend);
    if (!solved) return false;
    const candidate = new Float64Array(at.z.length);
    support.forEach((j, a) => {
      if (problem.l1[j] === 0 || Math.sign(solved[a]!) === Math.sign(at.z[j]!)) candidate[j] = solved[a]!;
    });
    const kept = support.every((j) => candidate[j] !== 0);
    const next = startDescent({ gram, cross }, candidate);
    const nextValue = objective(problem, next);
    if (!(nextValue <= value)) return false;
    at.z.set(next.z);
    at.residual.set(next.residual);
    if (kept) return true;
    value = nextValue;
  }
  return false;
}

function solveGivenSigns(
  { gram, cross, l1, l2 }: QuadraticL1,
  z: Float64Array,
  support: Int32Array,
  backend: Backend,
): Float64Array | null {
  const size = support.length;
  if (size === 0) return null;
  const system = matrix(size, size);
  const right = matrix(size, 1);
  const { data } = system;
  for (let a = 0; a < size; a++) {
    const j = support[a]!;
    right.data[a] = cross[j]! - l1[j]! * Math.sign(z[j]!);
    const row = j * gram.cols;
    // potrf reads the lower triangle only.
    for (let b = 0, at = a * size; b <= a; b++, at++) data[at] = gram.data[row + support[b]!]!;
    data[a * size + a]! += l2;
  }
  // Failure means collinear coordinates: the minimum is not unique there, and the sweeps choose.
  const factor = backend.potrf(system);
  return factor.ok ? backend.potrs(factor.factor, right).data : null;
}

/** With r = c − Gz: −½ zᵀ(c + r) + Σ λ|z| + ½μ‖z‖². */
function objective({ cross, l1, l2 }: QuadraticL1, { z, residual }: Descent): number {
  let sum = 0;
  for (let j = 0; j < z.length; j++) {
    const value = z[j]!;
    if (value !== 0) {
      sum += -0.5 * value * (cross[j]! + residual[j]!) + l1[j]! * Math.abs(value) + 0.5 * l2 * value * value;
    }
  }
  return sum;
}
