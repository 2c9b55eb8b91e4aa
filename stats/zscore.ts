// Column-wise z-scores: fitted on training rows, applied to any rows. Missing values are NaN, are left out of
// the fit and stay NaN. Not responsible for imputing them (knn.ts) or for choosing the training rows.

/** `constant`: no spread beyond rounding, scaled by 1; `empty`: no observed value, scaled to NaN. */
export type ColumnStatus = 'ok' | 'constant' | 'empty';

/** What a z-score needs to be applied to new people; one entry per column. Plain numbers, so it freezes into a model. */
export interface ZScore {
  /** Training mean; NaN for an empty column. */
  readonly mean: Float64Array;
  /** Training standard deviation; 0 for a constant column, NaN for an empty one (or n ≤ ddof). */
  readonly sd: Float64Array;
  /** Observed training values. */
  readonly observed: Int32Array;
  readonly status: readonly ColumnStatus[];
}

export interface ZScoreOptions {
  /** Training rows; all when absent. */
  readonly rows?: Int32Array;
  /** Denominator n − ddof: 0 as scikit-learn's StandardScaler (default), 1 as R's scale(). */
  readonly ddof?: 0 | 1;
}

/** Means and SDs of each column over its observed training rows (two passes, so a large offset costs no digits). */
export function fitZScore(columns: readonly Float64Array[], options: ZScoreOptions = {}): ZScore {
  const { rows, ddof = 0 } = options;
  const p = columns.length;
  const mean = new Float64Array(p).fill(NaN);
  const sd = new Float64Array(p).fill(NaN);
  const observed = new Int32Array(p);
  const status: ColumnStatus[] = [];
  for (let j = 0; j < p; j++) {
    const moments = columnMoments(columns[j]!, rows);
    observed[j] = moments.n;
    if (moments.n === 0) {
      status.push('empty');
      continue;
    }
    mean[j] = moments.mean;
    const denominator = moments.n - ddof;
    // scikit-learn's `_is_constant_feature`: a variance within the rounding error of the mean is no variance.
    const variance = moments.sumSquares / moments.n;
    const rounding = moments.n * Number.EPSILON * moments.mean;
    const constant = variance <= moments.n * Number.EPSILON * variance + rounding * rounding;
    if (constant) sd[j] = 0;
    else if (denominator > 0) sd[j] = Math.sqrt(moments.sumSquares / denominator);
    status.push(constant ? 'constant' : 'ok');
  }
  return { mean, sd, observed, status };
}

/** (x − mean)/sd per column, as new arrays. A constant column is centred only; an empty one becomes NaN. */
export function applyZScore(columns: readonly Float64Array[], fit: ZScore): Float64Array[] {
  requireColumns(columns.length, fit);
  return columns.map((column, j) => {
    const centre = fit.mean[j]!;
    const scale = divisor(fit, j);
    return column.map((x) => (x - centre) / scale);
  });
}

/** The inverse of applyZScore: z·sd + mean per column. */
export function invertZScore(columns: readonly Float64Array[], fit: ZScore): Float64Array[] {
  requireColumns(columns.length, fit);
  return columns.map((column, j) => {
    const centre = fit.mean[j]!;
    const scale = divisor(fit, j);
    return column.map((z) => z * scale + centre);
  });
}

function divisor(fit: ZScore, j: number): number {
  return fit.status[j] === 'constant' ? 1 : fit.sd[j]!;
}

function requireColumns(count: number, fit: ZScore): void {
  if (count !== fit.mean.length) {
    throw new Error(`internal error: ${count} columns given to a z-score of ${fit.mean.length}`);
  }
}

function columnMoments(
  column: Float64Array,
  rows?: Int32Array,
): { n: number; mean: number; sumSquares: number } {
  const count = rows?.length ?? column.length;
  let n = 0;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const x = column[rows ? rows[i]! : i]!;
    if (Number.isNaN(x)) continue;
    n++;
    sum += x;
  }
  const mean = sum / n;
  let sumSquares = 0;
  let drift = 0;
  for (let i = 0; i < count; i++) {
    const d = column[rows ? rows[i]! : i]! - mean;
    if (Number.isNaN(d)) continue;
    sumSquares += d * d;
    drift += d;
  }
  // Chan's correction: Σd is zero in exact arithmetic, what remains is the rounding of the mean.
  return { n, mean, sumSquares: n > 0 ? Math.max(0, sumSquares - (drift * drift) / n) : 0 };
}
