// Outliers by the median and the median absolute deviation (MAD), fitted on training rows; NaN is missing and never an
// outlier. Not responsible for what is done about them beyond making them missing.

/** `zero-mad`: more than half of the values are equal, so that no distance is unusual: nothing is flagged. */
export type MadStatus = 'ok' | 'zero-mad' | 'empty';

/** One entry per column. */
export interface MadFences {
  readonly median: Float64Array;
  /** 1.4826 · median|x − median|, the SD of a normal sample (R: mad). */
  readonly mad: Float64Array;
  readonly status: readonly MadStatus[];
}

const NORMAL_CONSISTENCY = 1.4826;

/** Median and MAD of each column over its observed training rows (all rows when absent). */
export function fitMad(columns: readonly Float64Array[], rows?: Int32Array): MadFences {
  const median = new Float64Array(columns.length).fill(NaN);
  const mad = new Float64Array(columns.length).fill(NaN);
  const status = columns.map((column, j): MadStatus => {
    const taken = rows ? Float64Array.from(rows, (i) => column[i]!) : column;
    const observed = taken.filter((x) => !Number.isNaN(x));
    if (observed.length === 0) return 'empty';
    const centre = medianOf(observed);
    median[j] = centre;
    mad[j] = NORMAL_CONSISTENCY * medianOf(observed.map((x) => Math.abs(x - centre)));
    return mad[j] > 0 ? 'ok' : 'zero-mad';
  });
  return { median, mad, status };
}

export interface Masked {
  /** The columns with outliers made NaN; a column without any is the input array itself. */
  readonly columns: Float64Array[];
  /** Outliers below and above, by column. */
  readonly below: Int32Array;
  readonly above: Int32Array;
}

/** Makes missing what lies more than `threshold` MADs from the training median. */
export function maskOutliers(columns: readonly Float64Array[], fences: MadFences, threshold: number): Masked {
  if (columns.length !== fences.median.length) {
    throw new Error(
      `internal error: ${columns.length} columns given to MAD fences of ${fences.median.length}`,
    );
  }
  const below = new Int32Array(columns.length);
  const above = new Int32Array(columns.length);
  const masked = columns.map((column, j) => {
    if (fences.status[j] !== 'ok') return column;
    const reach = threshold * fences.mad[j]!;
    const low = fences.median[j]! - reach;
    const high = fences.median[j]! + reach;
    for (const x of column) {
      if (x < low) below[j]!++;
      else if (x > high) above[j]!++;
    }
    return below[j]! + above[j]! > 0 ? column.map((x) => (x < low || x > high ? NaN : x)) : column;
  });
  return { columns: masked, below, above };
}

/** Of values without NaN; the mean of the two middle ones for an even count. Sorts a copy. */
function medianOf(values: Float64Array): number {
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
