/**
 * A symmetric matrix reduced to tridiagonal form by Householder reflections, A = QTQᵀ, and what is had from T in O(n): shifted
 * solutions, traces and determinants.
 *
 * The reduction costs a third of a full eigendecomposition, and serves every shift. Not responsible for the reduction itself
 * (`backend.ts`).
 */
import type { Matrix } from './matrix.js';

export interface Tridiagonal {
  /** T's diagonal, length n. */
  readonly diagonal: Float64Array;
  /** `off[i]` = T(i, i+1); length n, the last is 0. */
  readonly off: Float64Array;
  /** Row i holds, left of its diagonal, the Householder vector v of H_i = I − β_i·v·vᵀ, which acts on the first i coordinates. */
  readonly reflectors: Matrix;
  /** β_i; 0 where no reflection was needed. */
  readonly beta: Float64Array;
}

/** z ← Qz = H_{n−1}···H_1·z, in place. */
export function applyQ(t: Tridiagonal, z: Float64Array): void {
  for (let i = 1; i < z.length; i++) reflect(t, i, z);
}

/** z ← Qᵀz, in place. */
export function applyQTransposed(t: Tridiagonal, z: Float64Array): void {
  for (let i = z.length - 1; i >= 1; i--) reflect(t, i, z);
}

function reflect({ reflectors, beta }: Tridiagonal, i: number, z: Float64Array): void {
  const b = beta[i]!;
  if (b === 0) return;
  const v = reflectors.data.subarray(i * reflectors.cols, i * reflectors.cols + i);
  let dot = 0;
  for (let j = 0; j < i; j++) dot += v[j]! * z[j]!;
  dot *= b;
  for (let j = 0; j < i; j++) z[j]! -= dot * v[j]!;
}

/** T + δI = LDLᵀ. */
export interface ShiftedFactor {
  /** D, the pivots, length n. */
  readonly pivots: Float64Array;
  /** L below its diagonal, length n; the last is 0. */
  readonly lower: Float64Array;
}

/** Factors T + δI; null when it is not positive definite. */
export function factorShifted({ diagonal, off }: Tridiagonal, delta: number): ShiftedFactor | null {
  const n = diagonal.length;
  const pivots = new Float64Array(n);
  const lower = new Float64Array(n);
  let carried = 0;
  for (let i = 0; i < n; i++) {
    const pivot = diagonal[i]! + delta - carried;
    if (!(pivot > 0)) return null;
    pivots[i] = pivot;
    lower[i] = off[i]! / pivot;
    carried = lower[i]! * off[i]!;
  }
  return { pivots, lower };
}

/** (T + δI)⁻¹b. */
export function solveShifted({ pivots, lower }: ShiftedFactor, b: Float64Array): Float64Array {
  const x = b.slice();
  for (let i = 1; i < x.length; i++) x[i]! -= lower[i - 1]! * x[i - 1]!;
  for (let i = x.length - 1; i >= 0; i--) x[i] = x[i]! / pivots[i]! - lower[i]! * (x[i + 1] ?? 0);
  return x;
}

/** tr (T + δI)⁻¹, from the diagonal of the inverse: (d⁺_i + d⁻_i − t_ii − δ)⁻¹ with the pivots from either end. */
export function traceOfInverse(
  { diagonal, off }: Tridiagonal,
  { pivots }: ShiftedFactor,
  delta: number,
): number {
  let trace = 0;
  let carried = 0;
  for (let i = diagonal.length - 1; i >= 0; i--) {
    // pivots[i] − carried = d⁺_i + d⁻_i − t_ii − δ, without subtracting the diagonal from itself.
    trace += 1 / (pivots[i]! - carried);
    const fromBelow = diagonal[i]! + delta - carried;
    carried = i > 0 ? (off[i - 1]! * off[i - 1]!) / fromBelow : 0;
  }
  return trace;
}
