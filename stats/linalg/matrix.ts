/**
 * A dense matrix: row-major doubles. Not responsible for arithmetic: see `backend.ts` for products and factorisations.
 */

/** `data[i * cols + j]` is element (i, j); `data.length === rows * cols`. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
}

/** A matrix over `data` (not copied), or of zeros. Throws when the length does not fit: that is a bug of the caller. */
export function matrix(rows: number, cols: number, data?: Float64Array): Matrix {
  if (data !== undefined && data.length !== rows * cols) {
    throw new Error(
      `internal error: a ${rows} × ${cols} matrix needs ${rows * cols} values, got ${data.length}`,
    );
  }
  return { rows, cols, data: data ?? new Float64Array(rows * cols) };
}

/** A matrix from rows of numbers, for small literals. */
export function matrixFromRows(rows: readonly ArrayLike<number>[]): Matrix {
  const cols = rows[0]?.length ?? 0;
  const out = matrix(rows.length, cols);
  rows.forEach((row, i) => {
    if (row.length !== cols)
      throw new Error(`internal error: row ${i} has ${row.length} values, expected ${cols}`);
    for (let j = 0; j < cols; j++) out.data[i * cols + j] = row[j]!;
  });
  return out;
}

/** A matrix from equally long columns (the layout in which tables arrive). `rows` is needed only when there are none. */
export function matrixFromColumns(
  columns: readonly ArrayLike<number>[],
  rows = columns[0]?.length ?? 0,
): Matrix {
  const cols = columns.length;
  const out = matrix(rows, cols);
  columns.forEach((column, j) => {
    if (column.length !== rows) {
      throw new Error(`internal error: column ${j} has ${column.length} values, expected ${rows}`);
    }
    for (let i = 0; i < rows; i++) out.data[i * cols + j] = column[i]!;
  });
  return out;
}

/** The columns, each as an array of its own. */
export function columnsOf(x: Matrix): Float64Array[] {
  return Array.from({ length: x.cols }, (_, j) =>
    Float64Array.from({ length: x.rows }, (_, i) => x.data[i * x.cols + j]!),
  );
}

/** The rows of `a` at `indices`, in that order, as a new matrix. */
export function takeRows(a: Matrix, indices: ArrayLike<number>): Matrix {
  const out = matrix(indices.length, a.cols);
  for (let r = 0; r < indices.length; r++) {
    const from = indices[r]! * a.cols;
    out.data.set(a.data.subarray(from, from + a.cols), r * a.cols);
  }
  return out;
}

/** The transpose, as a new matrix; tiled so that large matrices do not thrash the cache. */
export function transpose(a: Matrix): Matrix {
  const tile = 32;
  const out = matrix(a.cols, a.rows);
  for (let i0 = 0; i0 < a.rows; i0 += tile) {
    const i1 = Math.min(a.rows, i0 + tile);
    for (let j0 = 0; j0 < a.cols; j0 += tile) {
      const j1 = Math.min(a.cols, j0 + tile);
      for (let i = i0; i < i1; i++) {
        for (let j = j0; j < j1; j++) out.data[j * a.rows + i] = a.data[i * a.cols + j]!;
      }
    }
  }
  return out;
}

/** Mean of every column; NaN for a matrix without rows. */
export function columnMeans(a: Matrix): Float64Array {
  const means = new Float64Array(a.cols);
  for (let i = 0; i < a.rows; i++) {
    const row = i * a.cols;
    for (let j = 0; j < a.cols; j++) means[j]! += a.data[row + j]!;
  }
  for (let j = 0; j < a.cols; j++) means[j]! /= a.rows;
  return means;
}

/** `a` with `means[j]` subtracted from column j, as a new matrix. */
export function centred(a: Matrix, means: Float64Array): Matrix {
  const out = matrix(a.rows, a.cols);
  for (let i = 0; i < a.rows; i++) {
    const row = i * a.cols;
    for (let j = 0; j < a.cols; j++) out.data[row + j] = a.data[row + j]! - means[j]!;
  }
  return out;
}
