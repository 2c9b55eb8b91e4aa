/**
 * Columns cut into at most 255 bins, so that a split is sought among bins and not among values. The cuts are scikit-learn's
 * (`_find_binning_thresholds`): between all distinct values when they are few, else at quantiles.
 *
 * Not responsible for growing trees (`boosting-tree.ts`).
 */

/** Bins of observed values, so that with the code of missing ones all fit a byte. */
const MAX_BINS = 255;

export interface BinnedColumn {
  /** Ascending cuts: a value is in bin b when cuts[b − 1] < value ≤ cuts[b]. */
  readonly cuts: Float64Array;
  /** Of observed values; also the code of a missing one. */
  readonly bins: number;
  /** By training row (0 … n − 1): its bin, or `bins`. */
  readonly codes: Uint8Array;
  readonly hasMissing: boolean;
}

/** Cuts by the given rows of a column (NaN is missing; ±∞ belong to the end bins), and codes them. */
export function binColumn(column: Float64Array, rows: Int32Array): BinnedColumn {
  const values = Float64Array.from(rows, (i) => column[i]!);
  const observed = values.filter((x) => !Number.isNaN(x)).sort();
  const cuts = findCuts(observed);
  return {
    cuts,
    bins: cuts.length + 1,
    codes: Uint8Array.from(values, (x) => (Number.isNaN(x) ? cuts.length + 1 : binOf(cuts, x))),
    hasMissing: observed.length < values.length,
  };
}

function findCuts(sorted: Float64Array): Float64Array {
  const distinct = sorted.filter((x, i) => i === 0 || x !== sorted[i - 1]);
  if (distinct.length <= MAX_BINS) {
    const between = Float64Array.from(distinct.subarray(1), (x, i) => (distinct[i]! + x) * 0.5);
    return between.map(withinReach);
  }
  return Float64Array.from({ length: MAX_BINS - 1 }, (_, q) => {
    const place = ((q + 1) / MAX_BINS) * (sorted.length - 1);
    return withinReach((sorted[Math.floor(place)]! + sorted[Math.ceil(place)]!) * 0.5);
  });
}

/** Finite, for JSON; between −∞ and ∞ anything will do. */
const withinReach = (cut: number): number => (Number.isNaN(cut) ? 0 : Math.max(-1e300, Math.min(cut, 1e300)));

/** The first bin whose cut is not below the value. */
function binOf(cuts: Float64Array, x: number): number {
  let low = 0;
  let high = cuts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x <= cuts[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}
