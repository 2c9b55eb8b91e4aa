/**
 * The spectral form of a centred feature matrix, made once and shared by every target that is regressed on it.
 *
 * With X centred, X = U·diag(√d)·Vᵀ. A ridge-type estimator needs only d, u = Uᵀy and ‖y⊥‖² (the part of y outside X's
 * column space); its coefficients are Σ_k u_k/(d_k + δ)·√d_k·v_k. Not responsible for the choice of δ (`bayesian-ridge.ts`).
 *
 * Three routes to the same numbers:
 * - p > n: the eigenproblem of XXᵀ;
 * - p ≤ n, p ≤ JACOBI_LIMIT: `gradedSpectrum` of XᵀX, because laboratory values come in units that differ by 10⁵;
 * - p ≤ n otherwise (genotypes: columns of like scale): the eigenproblem of XᵀX.
 */
import type { Backend } from './linalg/backend.js';
import { gradedSpectrum } from './linalg/graded-spectrum.js';
import { ITEM_TILE, productWithItems } from './linalg/items.js';
import { columnMeans, matrix, type Matrix } from './linalg/matrix.js';

/** Above this many columns the cubic cost of Jacobi's sweeps outweighs their accuracy. */
export const JACOBI_LIMIT = 128;

export interface Factorisation {
  /** Rows of X. */
  readonly n: number;
  /** Columns of X. */
  readonly p: number;
  /** Column means of X, length p. */
  readonly means: Float64Array;
  /** The non-zero eigenvalues d of XᵀX, descending, length r ≤ min(n − 1, p). */
  readonly values: Float64Array;
  /** r × p: row k is √d_k·v_k. */
  readonly axes: Matrix;
  /** The centred X (n × p); absent when made from a Gram matrix. */
  readonly centred: Matrix | undefined;
  /** r × n, row k is u_k; present when p > n, where Uᵀy by way of Xᵀy would lose digits. */
  readonly left: Matrix | undefined;
}

/** What a ridge-type fit needs to know of a target. */
export interface ProjectedTarget {
  /** Mean of y. */
  readonly mean: number;
  /** Σ(y − ȳ)². */
  readonly total: number;
  /** Uᵀ(y − ȳ), length r. */
  readonly u: Float64Array;
  /** ‖y⊥‖², what no linear function of X can reach. */
  readonly outside: number;
}

/**
 * Factorises X (n × p, finite values; n ≥ 1). Columns that never vary become exactly zero, so that they get a coefficient of
 * exactly zero.
 */
export function factorise(x: Matrix, backend: Backend): Factorisation {
  const means = columnMeans(x);
  const centred = centre(x, means);
  const { rows: n, cols: p } = x;
  if (p > n) {
    const { values, vectors } = backend.eigenSymmetric(backend.syrk(centred, 'N'));
    const kept = aboveRounding(values, Math.max(n, p));
    const left = rowsAt(vectors, kept);
    const axes = backend.gemm(left, centred);
    return { n, p, means, values: pick(values, kept), axes, centred, left };
  }
  return { n, p, means, ...spectrum(backend.syrk(centred, 'T'), n, backend), centred, left: undefined };
}

/**
 * The same from a centred Gram matrix XᵀX (p × p) of `n` rows; targets then come in as moments (`projectMoments`).
 * For p > n the rank is found from the Gram matrix alone, to rounding.
 */
export function factoriseGram(gram: Matrix, n: number, means: Float64Array, backend: Backend): Factorisation {
  return { n, p: gram.cols, means, ...spectrum(gram, n, backend), centred: undefined, left: undefined };
}

/**
 * Projects targets (each n finite values). A target's numbers do not depend on the others. Throws when the factorisation was
 * made from a Gram matrix.
 */
export function projectTargets(
  x: Factorisation,
  targets: readonly ArrayLike<number>[],
  backend: Backend,
): ProjectedTarget[] {
  const { centred } = x;
  if (centred === undefined)
    throw new Error('internal error: a factorisation of a Gram matrix projects moments only');
  const project = (
    values: Float64Array,
    { mean, total }: CentredMoments,
    product: Float64Array,
  ): ProjectedTarget => {
    if (x.left !== undefined) return { mean, total, u: product, outside: leftOver(x, total, product) };
    const projected = projectMoments(x, { mean, total, cross: product });
    // ‖y⊥‖² as a difference keeps too few digits when X explains nearly all of y: take it from the residuals then.
    if (projected.outside > 1e-4 * total || projected.u.length >= x.n - 1) return projected;
    return { ...projected, outside: residualSquares(x, centred, projected.u, values) };
  };
  // One tile for all, as `productWithItems` has it, filled by the centring itself: hundreds of targets are too large to be copied twice.
  const tile = matrix(ITEM_TILE, x.n);
  const rows = rowViews(tile);
  const m = x.left?.rows ?? x.p;
  const projected: ProjectedTarget[] = [];
  for (let first = 0; first < targets.length; first += ITEM_TILE) {
    const moments = targets.slice(first, first + ITEM_TILE).map((y, i) => centreTarget(y, rows[i]!));
    tile.data.fill(0, moments.length * x.n);
    const products = x.left ? backend.gemm(tile, x.left, 'N', 'T') : backend.gemm(tile, centred, 'N', 'N');
    moments.forEach((of, i) => {
      projected.push(project(rows[i]!, of, products.data.slice(i * m, (i + 1) * m)));
    });
  }
  return projected;
}

/** Projects a target known by its moments: mean, Σ(y − ȳ)² and the cross products Xᵀ(y − ȳ) with centred X (length p). */
export function projectMoments(
  x: Factorisation,
  y: { readonly mean: number; readonly total: number; readonly cross: Float64Array },
): ProjectedTarget {
  const u = new Float64Array(x.values.length);
  for (let k = 0; k < u.length; k++) u[k] = dotRow(x.axes, k, y.cross) / x.values[k]!;
  return { mean: y.mean, total: y.total, u, outside: leftOver(x, y.total, u) };
}

/** Σ_k scale_k·(√d_k·v_k), length p: coefficients from spectral ones. */
export function combineAxes(x: Factorisation, scale: Float64Array): Float64Array {
  const out = new Float64Array(x.p);
  for (let k = 0; k < scale.length; k++) {
    const s = scale[k]!;
    if (s === 0) continue;
    const row = k * x.p;
    for (let j = 0; j < x.p; j++) out[j]! += s * x.axes.data[row + j]!;
  }
  return out;
}

/** Coordinates of centred rows in V (m × r), and the squared length of what lies outside V (m). */
export function coordinates(
  x: Factorisation,
  rows: Matrix,
  backend: Backend,
): { readonly inside: Matrix; readonly outside: Float64Array } {
  const r = x.values.length;
  const shifted = matrix(rows.rows, x.p);
  for (let i = 0; i < rows.rows; i++) {
    for (let j = 0; j < x.p; j++) shifted.data[i * x.p + j] = rows.data[i * x.p + j]! - x.means[j]!;
  }
  const inside = matrix(rows.rows, r);
  const outside = new Float64Array(rows.rows);
  productWithItems(backend, x.axes, rowViews(shifted)).forEach((product, i) => {
    let left = 0;
    for (let j = 0; j < x.p; j++) left += shifted.data[i * x.p + j]! ** 2;
    const length = left;
    for (let k = 0; k < r; k++) {
      const coordinate = product[k]! / Math.sqrt(x.values[k]!);
      inside.data[i * r + k] = coordinate;
      left -= coordinate * coordinate;
    }
    outside[i] = r === x.p || left < 1e-13 * length ? 0 : left;
  });
  return { inside, outside };
}

function rowViews(a: Matrix): Float64Array[] {
  return Array.from({ length: a.rows }, (_, i) => a.data.subarray(i * a.cols, (i + 1) * a.cols));
}

function centre(x: Matrix, means: Float64Array): Matrix {
  const out = matrix(x.rows, x.cols);
  const varies = new Uint8Array(x.cols);
  let constant = x.cols;
  for (let i = 1; i < x.rows && constant > 0; i++) {
    for (let j = 0; j < x.cols; j++) {
      if (varies[j] === 0 && x.data[i * x.cols + j] !== x.data[j]) {
        varies[j] = 1;
        constant--;
      }
    }
  }
  for (let i = 0; i < x.rows; i++) {
    const row = i * x.cols;
    for (let j = 0; j < x.cols; j++) {
      const value = x.data[row + j]!;
      if (!Number.isFinite(value)) throw new Error(`internal error: X has ${value} at row ${i}, column ${j}`);
      if (varies[j] === 1) out.data[row + j] = value - means[j]!;
    }
  }
  return out;
}

interface CentredMoments {
  readonly mean: number;
  /** Σ(y − ȳ)². */
  readonly total: number;
}

/** Writes y − ȳ into `out`. */
function centreTarget(y: ArrayLike<number>, out: Float64Array): CentredMoments {
  const n = out.length;
  if (y.length !== n) throw new Error(`internal error: a target has ${y.length} values, expected ${n}`);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += y[i]!;
  const mean = isConstant(y) ? (y[0] ?? NaN) : sum / n;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const value = y[i]! - mean;
    out[i] = value;
    total += value * value;
  }
  return { mean, total };
}

function isConstant(y: ArrayLike<number>): boolean {
  for (let i = 1; i < y.length; i++) if (y[i] !== y[0]) return false;
  return true;
}

/** ‖y⊥‖² by difference; exactly 0 where X, with its n − 1 dimensions, reaches every centred y. */
function leftOver(x: Factorisation, total: number, u: Float64Array): number {
  if (u.length >= x.n - 1) return 0;
  let left = total;
  for (const value of u) left -= value * value;
  return Math.max(0, left);
}

/** ‖y − X·β‖² at the least-squares β. */
function residualSquares(x: Factorisation, centred: Matrix, u: Float64Array, y: Float64Array): number {
  const coef = combineAxes(
    x,
    u.map((value, k) => value / x.values[k]!),
  );
  let squares = 0;
  for (let i = 0; i < x.n; i++) squares += (y[i]! - dotRow(centred, i, coef)) ** 2;
  return squares;
}

function dotRow(a: Matrix, row: number, b: Float64Array): number {
  let sum = 0;
  for (let j = 0, at = row * a.cols; j < a.cols; j++, at++) sum += a.data[at]! * b[j]!;
  return sum;
}

/** d and √d·v of a centred Gram matrix. */
function spectrum(gram: Matrix, n: number, backend: Backend): { values: Float64Array; axes: Matrix } {
  const p = gram.cols;
  if (p <= JACOBI_LIMIT) return gradedSpectrum(gram);
  const { values, vectors } = backend.eigenSymmetric(gram);
  const kept = aboveRounding(values, Math.max(n, p));
  const axes = rowsAt(vectors, kept);
  kept.forEach((k, row) => {
    const scale = Math.sqrt(values[k]!);
    for (let j = 0; j < p; j++) axes.data[row * p + j]! *= scale;
  });
  return { values: pick(values, kept), axes };
}

/** Indices of the eigenvalues (given ascending) that exceed rounding, largest first. */
function aboveRounding(values: Float64Array, size: number): number[] {
  const largest = values.at(-1) ?? 0;
  const kept: number[] = [];
  for (let k = values.length - 1; k >= 0; k--) if (values[k]! > size * Number.EPSILON * largest) kept.push(k);
  return kept;
}

const pick = (values: Float64Array, kept: readonly number[]): Float64Array =>
  Float64Array.from(kept, (k) => values[k]!);

function rowsAt(a: Matrix, kept: readonly number[]): Matrix {
  const out = matrix(kept.length, a.cols);
  kept.forEach((k, row) => out.data.set(a.data.subarray(k * a.cols, (k + 1) * a.cols), row * a.cols));
  return out;
}
