// What is multiplied to rule donors out: rows of single-precision numbers whose product is, for a receiver x with missing
// values marked by m = 0 and a donor y with o,
//   Σ_j m_j o_j ((x_j − y_j)² − w/p)  =  Σ_j [−2 m_j x_j]·[o_j y_j] + [m_j (x_j² − w/p)]·[o_j] + [m_j]·[o_j y_j²],
// three numbers a column. With C the common columns and w the largest distance p/|C| · Σ_C (x − y)² that still matters, it is
// negative for every donor within w. Not responsible for the product (linalg), nor for distances (knn-search.ts).
//
// Rounding: |error| ≤ γ Σ_C (|2xy| + |x² − w/p| + y²) ≤ γ Σ_C (2x² + 2y² + w/p) with γ = (3p + 4)·2⁻²⁴, so x² and y² are
// made smaller by 2γ and w larger by γ. Columns are centred and on one scale near 1, so that TINY covers what underflows.

/** Numbers of a column in a row of features. */
export const FEATURES = 3;

/** In units of the scale, squared. Above the rounding of any underflow, and far below any distance but 0. */
const TINY = 1e-30;
/** Squares of larger values, in units of the scale, might overflow: their rows are compared one by one. */
const LARGEST_VALUE = 1e15;
/** Squares of what is far smaller lose digits in double precision too; such columns are left on their own scale. */
const SMALLEST_SPREAD = 1e-140;
/** What stands for w/p when there is no limit, or a larger one. */
const LARGEST_LIMIT = 1e32;

export interface FeatureScale {
  /** Subtracted from the columns. */
  readonly centre: Float64Array;
  /** Multiplies all columns. */
  readonly factor: number;
  /** 2γ. */
  readonly margin: number;
}

/** Centres of the donors' columns, and the scale of the column of median spread. */
export function featureScale(donors: readonly Float64Array[]): FeatureScale {
  const centre = new Float64Array(donors.length);
  const spreads: number[] = [];
  donors.forEach((column, j) => {
    let count = 0;
    let sum = 0;
    for (const value of column) {
      if (Number.isNaN(value)) continue;
      count++;
      sum += value;
    }
    const mean = count > 0 && Number.isFinite(sum) ? sum / count : 0;
    centre[j] = mean;
    let squares = 0;
    for (const value of column) if (!Number.isNaN(value)) squares += (value - mean) ** 2;
    const spread = Math.sqrt(squares / count);
    if (spread > SMALLEST_SPREAD && spread < Infinity) spreads.push(spread);
  });
  spreads.sort((a, b) => a - b);
  return {
    centre,
    factor: 1 / (spreads[Math.floor(spreads.length / 2)] ?? 1),
    margin: (FEATURES * donors.length + 8) * 2 ** -23,
  };
}

/**
 * Writes a donor's features at `at`; `values` are p doubles from `from` on, NaN missing. False when they are too large:
 * the features are then 0, and no product shows the donor.
 */
export function donorFeatures(
  { centre, factor, margin }: FeatureScale,
  values: Float64Array,
  from: number,
  out: Float32Array,
  at: number,
): boolean {
  const p = centre.length;
  for (let j = 0; j < p; j++) {
    const value = values[from + j]!;
    const observed = !Number.isNaN(value);
    const y = observed ? (value - centre[j]!) * factor : 0;
    if (!(Math.abs(y) <= LARGEST_VALUE)) {
      out.fill(0, at, at + FEATURES * p);
      return false;
    }
    out[at + j] = y;
    out[at + p + j] = observed ? 1 : 0;
    out[at + 2 * p + j] = y * y * (1 - margin);
  }
  return true;
}

/**
 * Writes a receiver's features at `at`, for no limit: every donor with a common column is shown. False when its values are
 * too large for any limit: they must stay as they are.
 */
export function receiverFeatures(
  { centre, factor }: FeatureScale,
  values: Float64Array,
  from: number,
  out: Float32Array,
  at: number,
): boolean {
  const p = centre.length;
  let small = true;
  for (let j = 0; j < p; j++) {
    const value = values[from + j]!;
    const observed = !Number.isNaN(value);
    const x = observed ? (value - centre[j]!) * factor : 0;
    if (!(Math.abs(x) <= LARGEST_VALUE)) small = false;
    out[at + j] = -2 * x;
    out[at + p + j] = observed ? -LARGEST_LIMIT : 0;
    out[at + 2 * p + j] = observed ? 1 : 0;
  }
  if (!small) out.fill(0, at, at + p);
  return small;
}

/** Lets the features of a receiver, written before, show only donors within `limit`; none when it is negative. */
export function limitReceiver(
  { centre, factor, margin }: FeatureScale,
  values: Float64Array,
  from: number,
  limit: number,
  out: Float32Array,
  at: number,
): void {
  const p = centre.length;
  const share = (limit / p) * factor * factor * (1 + margin) + TINY;
  const none = !(share <= LARGEST_LIMIT);
  for (let j = 0; j < p; j++) {
    const x = (values[from + j]! - centre[j]!) * factor;
    out[at + p + j] = Number.isNaN(x) ? 0 : none ? -LARGEST_LIMIT : x * x * (1 - margin) - share;
  }
}
