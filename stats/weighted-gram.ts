// Weighted cross products of columns: Σ v x and Σ v x xᵀ, the bulk of the work of a Cox or logistic Newton step.
// Not responsible for what v means (cox-terms.ts, logistic-newton.ts).
import type { Backend } from './linalg/backend.js';
import { matrix, type Matrix } from './linalg/matrix.js';

// Rows per pass: the scaled column and five others stay in the first-level cache, and partial sums of a block
// lose fewer digits than one running sum over all people.
const BLOCK = 256;
const scaled = new Float64Array(BLOCK);
const four = new Float64Array(4);

/**
 * Adds nothing, overwrites: sums[j] = Σ v x_j, gram[j·p + k] = Σ v x_j x_k for k ≥ j ≥ from (p × p row-major,
 * upper triangle), p the number of columns. A column's sums depend on that column and on the later ones only.
 */
export function weightedGram(
  columns: readonly Float64Array[],
  v: Float64Array,
  sums: Float64Array,
  gram: Float64Array,
): void {
  const p = columns.length;
  const n = v.length;
  sums.fill(0);
  gram.fill(0);
  for (let start = 0; start < n; start += BLOCK) {
    const size = Math.min(BLOCK, n - start);
    for (let j = 0; j < p; j++) {
      sums[j]! += scaleInto(columns[j]!, v, start, size);
      crossProducts(columns, j, start, size, gram);
    }
  }
}

function scaleInto(x: Float64Array, v: Float64Array, start: number, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) {
    const value = v[start + i]! * x[start + i]!;
    scaled[i] = value;
    sum += value;
  }
  return sum;
}

/** gram[j·p + k] += Σ scaled · y_k over the block for k ≥ j; four columns at a time for instruction parallelism. */
function crossProducts(
  columns: readonly Float64Array[],
  j: number,
  start: number,
  size: number,
  gram: Float64Array,
): void {
  const p = columns.length;
  const at = j * p;
  let k = j;
  for (; k + 3 < p; k += 4) {
    dotFour(columns[k]!, columns[k + 1]!, columns[k + 2]!, columns[k + 3]!, start, size);
    gram[at + k]! += four[0]!;
    gram[at + k + 1]! += four[1]!;
    gram[at + k + 2]! += four[2]!;
    gram[at + k + 3]! += four[3]!;
  }
  for (; k < p; k++) gram[at + k]! += dotOne(columns[k]!, start, size);
}

function dotFour(
  y0: Float64Array,
  y1: Float64Array,
  y2: Float64Array,
  y3: Float64Array,
  start: number,
  size: number,
): void {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = 0; i < size; i++) {
    const w = scaled[i]!;
    s0 += w * y0[start + i]!;
    s1 += w * y1[start + i]!;
    s2 += w * y2[start + i]!;
    s3 += w * y3[start + i]!;
  }
  four[0] = s0;
  four[1] = s1;
  four[2] = s2;
  four[3] = s3;
}

function dotOne(y: Float64Array, start: number, size: number): number {
  let even = 0;
  let odd = 0;
  let i = 0;
  for (; i + 1 < size; i += 2) {
    even += scaled[i]! * y[start + i]!;
    odd += scaled[i + 1]! * y[start + i + 1]!;
  }
  if (i < size) even += scaled[i]! * y[start + i]!;
  return even + odd;
}

// Rows of a design that are scaled at a time: the block and the product stay in the second-level cache.
const ROW_BLOCK = 256;

/**
 * Σ v_i x_i x_iᵀ over the rows of a design, all of it (cols × cols); v ≥ 0, all ones when null. In single precision it
 * takes half the time, errs by about 1e-6 of √(G_jj G_kk), and overflows to Infinity beyond 1e38.
 */
export function weightedRowGram(
  { rows, cols, data }: Matrix,
  v: Float64Array | null,
  backend: Backend,
  precision: 'single' | 'double' = 'double',
): Matrix {
  const Floats = precision === 'single' ? Float32Array : Float64Array;
  const lower = new Floats(cols * cols);
  const block = new Floats(Math.min(rows, ROW_BLOCK) * cols);
  for (let start = 0; start < rows; start += ROW_BLOCK) {
    const size = Math.min(ROW_BLOCK, rows - start);
    block.set(data.subarray(start * cols, (start + size) * cols));
    for (let i = 0, at = 0; v !== null && i < size; i++) {
      const root = Math.sqrt(v[start + i]!);
      for (const end = at + cols; at < end; at++) block[at]! *= root;
    }
    backend.syrkAdd(lower, block, size, cols, 'T');
  }
  const gram = matrix(cols, cols);
  for (let j = 0; j < cols; j++) {
    for (let k = 0; k <= j; k++) gram.data[j * cols + k] = gram.data[k * cols + j] = lower[j * cols + k]!;
  }
  return gram;
}
