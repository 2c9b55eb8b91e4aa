// k-nearest-neighbour imputation with scikit-learn KNNImputer's semantics; NaN is missing. Not responsible for
// scaling the columns (zscore.ts), nor for the column mean and median as imputers of their own.
//
// Distance between receiver x and donor y: √(p/|C| · Σ_{j∈C} (x_j − y_j)²), C the columns both observe. A donor
// must observe the target column. Differences from scikit-learn 1.2.1, on purpose: ties go to the donor
// that comes first (there argpartition's choice is unspecified), and a donor without a common column is never
// averaged (there uniform weights average it when fewer than k others exist).

/** The donors, frozen. */
export interface KnnDonors {
  readonly k: number;
  readonly weights: KnnWeights;
  /** Donor rows, and columns: the imputed rows must have the same columns in the same order. */
  readonly rows: number;
  readonly columns: readonly Float64Array[];
  /** Mean of each column over the donors, used when no donor shares a column with the receiver; NaN if all missing. */
  readonly mean: Float64Array;
  /** Columns no donor observes: they cannot be imputed and are to be dropped, as scikit-learn does. */
  readonly empty: readonly boolean[];
}

/** `distance`: weight 1/distance; donors at distance 0, when any, share all the weight. */
export type KnnWeights = 'uniform' | 'distance';

export interface KnnOptions {
  /** Neighbours; default 5. */
  readonly k?: number;
  readonly weights?: KnnWeights;
  /** Donor rows (training people, or a bounded sample of them); all when absent. Their order breaks ties. */
  readonly donors?: Int32Array;
}

export interface KnnResult {
  /** The columns with missing values filled; a column without a missing value is the input array itself. */
  readonly columns: Float64Array[];
  /** Per column: values filled from neighbours, filled by the column mean, and left NaN (an empty column). */
  readonly fromNeighbours: Int32Array;
  readonly fromMean: Int32Array;
  readonly unfilled: Int32Array;
}

// Donors are visited in blocks that stay in the L1/L2 cache while a batch of receivers passes over them.
const DONOR_BLOCK = 512;
const RECEIVER_BATCH = 64;

/** Takes the donor rows of `columns` (n × p, column by column). Throws for k < 1 or ragged columns. */
export function fitKnn(columns: readonly Float64Array[], options: KnnOptions = {}): KnnDonors {
  const { k = 5, weights = 'uniform', donors } = options;
  if (!Number.isInteger(k) || k < 1)
    throw new Error(`internal error: KNN k must be a positive integer, got ${k}`);
  requireEqualLengths(columns);
  const taken = donors ? columns.map((column) => Float64Array.from(donors, (i) => column[i]!)) : [...columns];
  const rows = donors?.length ?? columns[0]?.length ?? 0;
  const mean = Float64Array.from(taken, (column) => {
    let n = 0;
    let sum = 0;
    for (const x of column) {
      if (Number.isNaN(x)) continue;
      n++;
      sum += x;
    }
    return sum / n;
  });
  return { k, weights, rows, columns: taken, mean, empty: Array.from(mean, (m) => Number.isNaN(m)) };
}

/**
 * Fills the missing values of `columns` from the donors. A row's result depends on that row and the donors
 * only, bit for bit. Time O(rows with a missing value × donors × p), memory O(donors × p).
 */
export function imputeKnn(fit: KnnDonors, columns: readonly Float64Array[]): KnnResult {
  const p = fit.columns.length;
  if (columns.length !== p) {
    throw new Error(`internal error: ${columns.length} columns given to a KNN of ${p} columns`);
  }
  requireEqualLengths(columns);
  const n = columns[0]?.length ?? 0;
  const filled = columns.map((column) => (column.some((x) => Number.isNaN(x)) ? column.slice() : column));
  const result: KnnResult = {
    columns: filled,
    fromNeighbours: new Int32Array(p),
    fromMean: new Int32Array(p),
    unfilled: new Int32Array(p),
  };
  const receivers = receiversByPattern(columns, n);
  const layout = layoutDonors(fit);
  for (let start = 0; start < receivers.length; start += RECEIVER_BATCH) {
    imputeBatch(fit, layout, columns, receivers.subarray(start, start + RECEIVER_BATCH), result);
  }
  return result;
}

interface DonorLayout {
  /** Values with missing ones zeroed, and 1 where observed, 0 where missing; both column by column. */
  readonly values: readonly Float64Array[];
  readonly observed: readonly Float64Array[];
  readonly complete: readonly boolean[];
}

function layoutDonors(fit: KnnDonors): DonorLayout {
  return {
    values: fit.columns.map((column) => column.map((x) => (Number.isNaN(x) ? 0 : x))),
    observed: fit.columns.map((column) => column.map((x) => (Number.isNaN(x) ? 0 : 1))),
    complete: fit.columns.map((column) => !column.some((x) => Number.isNaN(x))),
  };
}

/** The receivers so far: for each its missing columns and, per missing column, the k best donors found. */
interface Receiver {
  readonly row: number;
  readonly pattern: string;
  readonly present: Int32Array;
  readonly targets: Int32Array;
  /** targets × k, ascending by distance, then by donor order; Infinity marks an empty place. */
  readonly distance: Float64Array;
  readonly donor: Int32Array;
  /** The largest kth-best over the targets: a donor at or beyond it changes nothing. */
  worst: number;
}

function imputeBatch(
  fit: KnnDonors,
  layout: DonorLayout,
  columns: readonly Float64Array[],
  rows: Int32Array,
  result: KnnResult,
): void {
  const batch = Array.from(rows, (row) => newReceiver(fit, columns, row));
  const sumSquares = new Float64Array(DONOR_BLOCK);
  const scale = new Float64Array(DONOR_BLOCK);
  for (let start = 0; start < fit.rows; start += DONOR_BLOCK) {
    const size = Math.min(DONOR_BLOCK, fit.rows - start);
    let scaledFor = '';
    for (const receiver of batch) {
      if (receiver.targets.length === 0) continue;
      // p/|C| depends on the receiver's missing pattern only; receivers arrive sorted by it.
      if (scaledFor !== receiver.pattern) {
        commonColumnScale(layout, receiver.present, columns.length, start, size, scale);
        scaledFor = receiver.pattern;
      }
      sumSquaredDifferences(layout, columns, receiver, start, size, sumSquares);
      for (let i = 0; i < size; i++) {
        // NaN for a donor without a common column (0 · Infinity): the comparison is false and it is never kept.
        const distance = sumSquares[i]! * scale[i]!;
        if (distance < receiver.worst) keepDonor(fit, layout, receiver, start + i, distance);
      }
    }
  }
  for (const receiver of batch) fill(fit, receiver, result);
}

function newReceiver(fit: KnnDonors, columns: readonly Float64Array[], row: number): Receiver {
  const present: number[] = [];
  const targets: number[] = [];
  let pattern = '';
  for (let j = 0; j < columns.length; j++) {
    const missing = Number.isNaN(columns[j]![row]!);
    pattern += missing ? '1' : '0';
    if (!missing) present.push(j);
    else targets.push(j);
  }
  return {
    row,
    pattern,
    present: Int32Array.from(present),
    targets: Int32Array.from(targets),
    distance: new Float64Array(targets.length * fit.k).fill(Infinity),
    donor: new Int32Array(targets.length * fit.k).fill(-1),
    worst: Infinity,
  };
}

/** scale[i] = p/|C| for the donors of a block, Infinity where no column is common. */
function commonColumnScale(
  layout: DonorLayout,
  present: Int32Array,
  p: number,
  start: number,
  size: number,
  scale: Float64Array,
): void {
  scale.fill(0);
  for (const j of present) {
    const observed = layout.observed[j]!;
    for (let i = 0; i < size; i++) scale[i]! += observed[start + i]!;
  }
  for (let i = 0; i < size; i++) scale[i] = p / scale[i]!;
}

/**
 * Σ_{j∈C} (x_j − y_j)² for the donors of a block, every donor summed in column order, so that equal donors tie
 * exactly. Three columns at a time: fewer passes over the sums.
 */
function sumSquaredDifferences(
  layout: DonorLayout,
  columns: readonly Float64Array[],
  receiver: Receiver,
  start: number,
  size: number,
  sums: Float64Array,
): void {
  sums.fill(0);
  const { present, row } = receiver;
  let at = 0;
  while (at < present.length) {
    const j0 = present[at]!;
    const x0 = columns[j0]![row]!;
    const y0 = layout.values[j0]!;
    const threeComplete =
      at + 2 < present.length &&
      layout.complete[j0]! &&
      layout.complete[present[at + 1]!]! &&
      layout.complete[present[at + 2]!]!;
    if (threeComplete) {
      const j1 = present[at + 1]!;
      const j2 = present[at + 2]!;
      const y1 = layout.values[j1]!;
      const y2 = layout.values[j2]!;
      const x1 = columns[j1]![row]!;
      const x2 = columns[j2]![row]!;
      for (let i = 0; i < size; i++) {
        const d0 = x0 - y0[start + i]!;
        const d1 = x1 - y1[start + i]!;
        const d2 = x2 - y2[start + i]!;
        sums[i] = sums[i]! + d0 * d0 + d1 * d1 + d2 * d2;
      }
      at += 3;
    } else if (layout.complete[j0]!) {
      for (let i = 0; i < size; i++) {
        const d0 = x0 - y0[start + i]!;
        sums[i]! += d0 * d0;
      }
      at++;
    } else {
      const m0 = layout.observed[j0]!;
      for (let i = 0; i < size; i++) {
        const d0 = (x0 - y0[start + i]!) * m0[start + i]!;
        sums[i]! += d0 * d0;
      }
      at++;
    }
  }
}

function keepDonor(
  fit: KnnDonors,
  layout: DonorLayout,
  receiver: Receiver,
  donor: number,
  distance: number,
): void {
  const { k } = fit;
  const { targets } = receiver;
  let worst = 0;
  for (let t = 0; t < targets.length; t++) {
    const last = t * k + k - 1;
    if (layout.observed[targets[t]!]![donor] === 1 && distance < receiver.distance[last]!) {
      let place = last;
      // Strictly greater: a later donor at the same distance stays behind the earlier one.
      while (place > t * k && receiver.distance[place - 1]! > distance) {
        receiver.distance[place] = receiver.distance[place - 1]!;
        receiver.donor[place] = receiver.donor[place - 1]!;
        place--;
      }
      receiver.distance[place] = distance;
      receiver.donor[place] = donor;
    }
    // An empty column never fills its places and must not keep every donor interesting.
    if (!fit.empty[targets[t]!]!) worst = Math.max(worst, receiver.distance[last]!);
  }
  receiver.worst = worst;
}

function fill(fit: KnnDonors, receiver: Receiver, result: KnnResult): void {
  const { k } = fit;
  receiver.targets.forEach((column, t) => {
    const out = result.columns[column]!;
    if (fit.empty[column]!) {
      result.unfilled[column]!++;
      return;
    }
    const distance = receiver.distance.subarray(t * k, t * k + k);
    const donor = receiver.donor.subarray(t * k, t * k + k);
    if (donor[0] === -1) {
      out[receiver.row] = fit.mean[column]!;
      result.fromMean[column]!++;
      return;
    }
    let weights = 0;
    let sum = 0;
    for (let i = 0; i < k && donor[i] !== -1; i++) {
      const weight = neighbourWeight(fit.weights, distance[i]!, distance[0]!);
      weights += weight;
      sum += weight * fit.columns[column]![donor[i]!]!;
    }
    out[receiver.row] = sum / weights;
    result.fromNeighbours[column]!++;
  });
}

function neighbourWeight(kind: KnnWeights, squaredDistance: number, squaredNearest: number): number {
  if (kind === 'uniform') return 1;
  // An exact match takes all the weight (its neighbours at distance > 0 get none).
  if (squaredNearest === 0) return squaredDistance === 0 ? 1 : 0;
  return Math.sqrt(squaredNearest / squaredDistance);
}

/** Rows with a missing value, sorted by which columns they miss (then by row). */
function receiversByPattern(columns: readonly Float64Array[], n: number): Int32Array {
  const patterns = new Map<string, number[]>();
  for (let i = 0; i < n; i++) {
    let pattern = '';
    for (let j = 0; j < columns.length; j++) if (Number.isNaN(columns[j]![i]!)) pattern += `${j},`;
    if (pattern === '') continue;
    const rows = patterns.get(pattern);
    if (rows) rows.push(i);
    else patterns.set(pattern, [i]);
  }
  return Int32Array.from([...patterns.values()].flat());
}

function requireEqualLengths(columns: readonly Float64Array[]): void {
  for (const column of columns) {
    if (column.length !== columns[0]!.length) throw new Error('internal error: KNN columns differ in length');
  }
}
