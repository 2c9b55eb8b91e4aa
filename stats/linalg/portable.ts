/**
 * The backend that needs no system library: TypeScript over typed arrays. Slower than OpenBLAS by an order of magnitude and
 * the same on every machine: it uses only + − × ÷ and √, which IEEE 754 fixes to the bit.
 *
 * Not responsible for the inner product loops (`portable-gemm.ts`) nor the eigenproblem (`portable-eigen.ts`).
 */
import type { Backend, Cholesky, Operand } from './backend.js';
import { matrix, type Matrix } from './matrix.js';
import { eigen, tridiagonalise } from './portable-eigen.js';
import { gemmInto, type View } from './portable-gemm.js';

/** Width of the panels of the blocked Cholesky factorisation and of the symmetric product. */
const PANEL = 64;

function view(a: Matrix, op: Operand = 'N', row = 0, col = 0): View {
  const start = row * a.cols + col;
  return op === 'N'
    ? { data: a.data, start, rowStride: a.cols, colStride: 1 }
    : { data: a.data, start, rowStride: 1, colStride: a.cols };
}

function gemmAdd(c: Matrix, a: Matrix, b: Matrix, opA: Operand = 'N', opB: Operand = 'N'): void {
  const inner = opA === 'N' ? a.cols : a.rows;
  gemmInto(c.rows, c.cols, inner, 1, view(a, opA), view(b, opB), view(c));
}

function gemm(a: Matrix, b: Matrix, opA: Operand = 'N', opB: Operand = 'N'): Matrix {
  const c = matrix(opA === 'N' ? a.rows : a.cols, opB === 'N' ? b.cols : b.rows);
  gemmAdd(c, a, b, opA, opB);
  return c;
}

function syrk(a: Matrix, op: Operand): Matrix {
  const n = op === 'T' ? a.cols : a.rows;
  const inner = op === 'T' ? a.rows : a.cols;
  const c = matrix(n, n);
  const left = (row: number): View => (op === 'T' ? view(a, 'T', 0, row) : view(a, 'N', row, 0));
  const right: View = op === 'T' ? view(a, 'N') : view(a, 'T');
  for (let i = 0; i < n; i += PANEL) {
    const rows = Math.min(PANEL, n - i);
    gemmInto(rows, i + rows, inner, 1, left(i), right, view(c, 'N', i, 0));
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) c.data[j * n + i] = c.data[i * n + j]!;
  return c;
}

function gemvAdd(y: Float64Array, { rows, cols, data }: Matrix, x: Float64Array, op: Operand): void {
  for (let i = 0, at = 0; i < rows; i++) {
    if (op === 'T') {
      const scale = x[i]!;
      for (let j = 0; j < cols; j++, at++) y[j]! += scale * data[at]!;
    } else {
      let sum = 0;
      for (let j = 0; j < cols; j++, at++) sum += data[at]! * x[j]!;
      y[i]! += sum;
    }
  }
}

function syrkAdd<T extends Float32Array | Float64Array>(
  c: T,
  a: T,
  rows: number,
  cols: number,
  op: Operand = 'N',
): void {
  const product = syrk(matrix(rows, cols, Float64Array.from(a.subarray(0, rows * cols))), op).data;
  const order = op === 'N' ? rows : cols;
  for (let i = 0; i < order; i++) for (let j = 0; j <= i; j++) c[i * order + j]! += product[i * order + j]!;
}

/** Left-looking by panels: update the panel by all earlier columns, factor its diagonal block, then solve below it. */
function potrf(a: Matrix): Cholesky {
  const n = a.rows;
  const factor = matrix(n, n);
  const l = factor.data;
  for (let i = 0; i < n; i++) l.set(a.data.subarray(i * n, i * n + i + 1), i * n);
  for (let k = 0; k < n; k += PANEL) {
    const end = Math.min(n, k + PANEL);
    gemmInto(
      n - k,
      end - k,
      k,
      -1,
      view(factor, 'N', k, 0),
      view(factor, 'T', k, 0),
      view(factor, 'N', k, k),
    );
    for (let j = k; j < end; j++) {
      let pivot = l[j * n + j]!;
      for (let t = k; t < j; t++) pivot -= l[j * n + t]! * l[j * n + t]!;
      if (!(pivot > 0)) return { ok: false, pivot: j };
      l[j * n + j] = Math.sqrt(pivot);
      for (let i = j + 1; i < end; i++) {
        let sum = l[i * n + j]!;
        for (let t = k; t < j; t++) sum -= l[i * n + t]! * l[j * n + t]!;
        l[i * n + j] = sum / l[j * n + j]!;
      }
    }
    for (let i = end; i < n; i++) {
      for (let j = k; j < end; j++) {
        let sum = l[i * n + j]!;
        for (let t = k; t < j; t++) sum -= l[i * n + t]! * l[j * n + t]!;
        l[i * n + j] = sum / l[j * n + j]!;
      }
    }
    // The panel update also wrote above the diagonal of its block.
    for (let i = k; i < end; i++) l.fill(0, i * n + i + 1, i * n + end);
  }
  return { ok: true, factor };
}

function potrs(factor: Matrix, b: Matrix): Matrix {
  const n = factor.rows;
  const k = b.cols;
  const l = factor.data;
  const x = Float64Array.from(b.data);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const scale = l[i * n + j]!;
      for (let c = 0; c < k; c++) x[i * k + c]! -= scale * x[j * k + c]!;
    }
    for (let c = 0; c < k; c++) x[i * k + c]! /= l[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let c = 0; c < k; c++) x[i * k + c]! /= l[i * n + i]!;
    for (let j = 0; j < i; j++) {
      const scale = l[i * n + j]!;
      for (let c = 0; c < k; c++) x[j * k + c]! -= scale * x[i * k + c]!;
    }
  }
  return matrix(n, k, x);
}

export const portableBackend: Backend = {
  // The number changes with any change of the portable arithmetic, because results are recorded under this name.
  name: 'portable 1 (TypeScript)',
  kind: 'portable',
  gemm,
  gemmAdd,
  gemvAdd,
  syrk,
  syrkAdd,
  rowProducts: null,
  potrf,
  potrs,
  eigenSymmetric: (a) => {
    const { values, vectors } = eigen(a, true);
    return { values, vectors };
  },
  eigenvaluesSymmetric: (a) => eigen(a, false).values,
  tridiagonalise,
};
