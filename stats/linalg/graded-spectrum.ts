/**
 * The eigenproblem of a graded positive semi-definite matrix (a Gram matrix of columns in unlike units): Cholesky with
 * diagonal pivoting, then one-sided Jacobi rotations.
 *
 * It keeps the small eigenvalues to full relative accuracy, where a tridiagonalisation errs by ε·d_max (Demmel & Veselić,
 * "Jacobi's method is more accurate than QR", SIAM J. Matrix Anal. Appl. 13:1204, 1992). Cubic with a large constant: for up to
 * some hundred columns; not responsible for more.
 */
import { matrix, type Matrix } from './matrix.js';

/**
 * Rows of the r × p factor R with G = RᵀR. A column counts as dependent when what is left of its pivot is rounding error of
 * that very column, so the verdict does not depend on units.
 */
function pivotedCholesky(gram: Matrix): Float64Array[] {
  const p = gram.cols;
  const rows: Float64Array[] = [];
  const left = Float64Array.from({ length: p }, (_, j) => gram.data[j * p + j]!);
  const rounding = left.map((square) => 8 * p * Number.EPSILON * square);
  const done = new Uint8Array(p);
  for (;;) {
    let pivot = -1;
    for (let j = 0; j < p; j++) {
      if (done[j] === 0 && left[j]! > rounding[j]! && (pivot < 0 || left[j]! > left[pivot]!)) pivot = j;
    }
    if (pivot < 0) return rows;
    done[pivot] = 1;
    const root = Math.sqrt(left[pivot]!);
    const row = new Float64Array(p);
    row[pivot] = root;
    for (let j = 0; j < p; j++) {
      if (done[j] === 1) continue;
      let value = gram.data[pivot * p + j]!;
      for (const earlier of rows) value -= earlier[pivot]! * earlier[j]!;
      row[j] = value / root;
      left[j]! -= row[j]! * row[j]!;
    }
    rows.push(row);
  }
}

/**
 * Positive eigenvalues d of a centred Gram matrix, descending, and `axes` with rows √d_k·v_k: the rows of R, rotated until they
 * are orthogonal.
 */
export function gradedSpectrum(gram: Matrix): { values: Float64Array; axes: Matrix } {
  const rows = pivotedCholesky(gram);
  const p = gram.cols;
  // Convergence is quadratic; ten sweeps suffice in practice, and the bound only guards against a rounding cycle.
  for (let sweep = 0, rotated = true; rotated && sweep < 60; sweep++) {
    rotated = false;
    for (let i = 0; i < rows.length - 1; i++) {
      for (let k = i + 1; k < rows.length; k++) {
        const a = rows[i]!;
        const b = rows[k]!;
        let aa = 0;
        let bb = 0;
        let ab = 0;
        for (let j = 0; j < p; j++) {
          aa += a[j]! * a[j]!;
          bb += b[j]! * b[j]!;
          ab += a[j]! * b[j]!;
        }
        if (Math.abs(ab) <= 4 * Number.EPSILON * Math.sqrt(aa) * Math.sqrt(bb)) continue;
        rotated = true;
        const zeta = (bb - aa) / (2 * ab);
        const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t);
        const s = c * t;
        for (let j = 0; j < p; j++) {
          const x = a[j]!;
          const y = b[j]!;
          a[j] = c * x - s * y;
          b[j] = s * x + c * y;
        }
      }
    }
  }
  const squares = rows.map((row) => row.reduce((sum, value) => sum + value * value, 0));
  const order = squares.map((_, k) => k).sort((i, k) => squares[k]! - squares[i]! || i - k);
  const axes = matrix(rows.length, p);
  order.forEach((k, row) => axes.data.set(rows[k]!, row * p));
  return { values: Float64Array.from(order, (k) => squares[k]!), axes };
}
