/**
 * The symmetric eigenproblem without a system library: Householder's reduction to tridiagonal form, then the implicit QL
 * iteration with Wilkinson's shift (Golub & Van Loan, Matrix Computations, 4th ed., §8.3).
 *
 * Vectors are kept as ROWS throughout, so every inner loop runs over contiguous memory.
 */
import { matrix, type Matrix } from './matrix.js';
import type { Tridiagonal } from './tridiagonal.js';

/** Rows that share one pass over the stored reflectors. */
const BLOCK = 16;

/** Householder's reduction, from the lower triangle. */
export function tridiagonalise(a: Matrix): Tridiagonal {
  const n = a.rows;
  const reflectors = matrix(n, n, Float64Array.from(a.data));
  const w = reflectors.data;
  const diagonal = new Float64Array(n);
  const off = new Float64Array(n);
  const beta = new Float64Array(n);
  const p = new Float64Array(n);
  for (let i = n - 1; i >= 1; i--) {
    const row = i * n;
    diagonal[i] = w[row + i]!;
    let scale = 0;
    for (let j = 0; j < i - 1; j++) scale = Math.max(scale, Math.abs(w[row + j]!));
    const last = w[row + i - 1]!;
    if (scale === 0) {
      off[i - 1] = last;
      continue;
    }
    scale = Math.max(scale, Math.abs(last));
    let square = 0;
    for (let j = 0; j < i; j++) square += (w[row + j]! / scale) ** 2;
    const norm = last > 0 ? -scale * Math.sqrt(square) : scale * Math.sqrt(square);
    // v = x − norm·e, scaled so that its last element is 1; β = (norm − last)/norm.
    const lead = last - norm;
    for (let j = 0; j < i - 1; j++) w[row + j]! /= lead;
    w[row + i - 1] = 1;
    const b = -lead / norm;
    beta[i] = b;
    off[i - 1] = norm;
    // p = β·A·v from the lower triangle only, then the rank-two update A ← A − v·qᵀ − q·vᵀ with q = p − ½β(pᵀv)·v.
    p.fill(0, 0, i);
    for (let r = 0; r < i; r++) {
      const at = r * n;
      const vr = w[row + r]!;
      let sum = w[at + r]! * vr;
      for (let j = 0; j < r; j++) {
        sum += w[at + j]! * w[row + j]!;
        p[j]! += w[at + j]! * vr;
      }
      p[r]! += sum;
    }
    let dot = 0;
    for (let j = 0; j < i; j++) {
      p[j]! *= b;
      dot += p[j]! * w[row + j]!;
    }
    const half = 0.5 * b * dot;
    for (let j = 0; j < i; j++) p[j]! -= half * w[row + j]!;
    for (let r = 0; r < i; r++) {
      const at = r * n;
      const vr = w[row + r]!;
      const pr = p[r]!;
      for (let j = 0; j <= r; j++) w[at + j]! -= vr * p[j]! + pr * w[row + j]!;
    }
  }
  if (n > 0) diagonal[0] = w[0]!;
  return { diagonal, off, reflectors, beta };
}

/**
 * The implicit QL iteration on (d, e), in place; rotations are also applied to the rows of `z` when given.
 * Returns false when an eigenvalue needs more than 60 sweeps, which only a matrix with NaN or infinity does.
 */
function implicitQl(d: Float64Array, e: Float64Array, z: Matrix | undefined): boolean {
  const n = d.length;
  for (let low = 0; low < n; low++) {
    for (let sweep = 0; ; sweep++) {
      let high = low;
      while (
        high < n - 1 &&
        Math.abs(e[high]!) > Number.EPSILON * 0.5 * (Math.abs(d[high]!) + Math.abs(d[high + 1]!))
      ) {
        high++;
      }
      if (high === low) break;
      if (sweep === 60) return false;
      const ratio = (d[low + 1]! - d[low]!) / (2 * e[low]!);
      const root = Math.sqrt(ratio * ratio + 1);
      let g = d[high]! - d[low]! + e[low]! / (ratio + (ratio >= 0 ? root : -root));
      let s = 1;
      let c = 1;
      let shift = 0;
      let i = high - 1;
      for (; i >= low; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        const r = Math.sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r === 0) {
          // The bulge vanished early: the block splits here.
          d[i + 1]! -= shift;
          e[high] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - shift;
        const t = (d[i]! - g) * s + 2 * c * b;
        shift = s * t;
        d[i + 1] = g + shift;
        g = c * t - b;
        if (z !== undefined) rotateRows(z, i, c, s);
      }
      if (i >= low) continue;
      d[low]! -= shift;
      e[low] = g;
      e[high] = 0;
    }
  }
  return true;
}

function rotateRows(z: Matrix, i: number, c: number, s: number): void {
  const n = z.cols;
  const upper = z.data.subarray(i * n, i * n + n);
  const lower = z.data.subarray(i * n + n, i * n + 2 * n);
  for (let j = 0; j < n; j++) {
    const x = upper[j]!;
    const y = lower[j]!;
    lower[j] = s * x + c * y;
    upper[j] = c * x - s * y;
  }
}

/** Each row z of the eigenvectors of T becomes Qz = H_{n−1}···H_1·z. */
function backTransform(z: Matrix, { reflectors, beta }: Tridiagonal): void {
  const n = z.cols;
  const v = reflectors.data;
  for (let r0 = 0; r0 < z.rows; r0 += BLOCK) {
    const r1 = Math.min(z.rows, r0 + BLOCK);
    for (let i = 1; i < n; i++) {
      const b = beta[i]!;
      if (b === 0) continue;
      const from = i * n;
      for (let r = r0; r < r1; r++) {
        const at = r * n;
        let dot = 0;
        for (let j = 0; j < i; j++) dot += v[from + j]! * z.data[at + j]!;
        dot *= b;
        for (let j = 0; j < i; j++) z.data[at + j]! -= dot * v[from + j]!;
      }
    }
  }
}

/** Largest absolute value of the lower triangle; NaN when any value there is NaN. */
function largest(a: Matrix): number {
  let size = 0;
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j <= i; j++) {
      const value = Math.abs(a.data[i * a.cols + j]!);
      if (!(value <= size)) size = value;
      if (Number.isNaN(size)) return NaN;
    }
  }
  return size;
}

/**
 * Eigenvalues (ascending) and, when asked, unit eigenvectors as rows, of the symmetric n × n matrix in `a`'s lower triangle.
 * Throws for a matrix with NaN or infinity: callers check their data.
 */
export function eigen(a: Matrix, wantVectors: boolean): { values: Float64Array; vectors: Matrix } {
  const n = a.rows;
  const size = largest(a);
  if (!Number.isFinite(size))
    throw new Error('internal error: the eigenproblem of a matrix with NaN or infinity');
  const scale = size === 0 ? 1 : size;
  const t = tridiagonalise(
    matrix(
      n,
      n,
      a.data.map((value) => value / scale),
    ),
  );
  const z = matrix(wantVectors ? n : 0, n);
  if (wantVectors) for (let i = 0; i < n; i++) z.data[i * n + i] = 1;
  if (!implicitQl(t.diagonal, t.off, wantVectors ? z : undefined)) {
    throw new Error('internal error: the QL iteration did not converge');
  }
  if (wantVectors) backTransform(z, t);
  const order = Array.from({ length: n }, (_, i) => i).sort(
    (i, j) => t.diagonal[i]! - t.diagonal[j]! || i - j,
  );
  const values = Float64Array.from(order, (i) => t.diagonal[i]! * scale);
  const vectors = matrix(z.rows, n);
  if (wantVectors) order.forEach((i, k) => vectors.data.set(z.data.subarray(i * n, i * n + n), k * n));
  return { values, vectors };
}
