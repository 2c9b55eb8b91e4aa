// The k nearest donors of rows with missing values, by distances over the columns that both have. Not responsible for
// what is made of the neighbours (knn.ts).
//
// With missing values set to 0 and o, m marking the donor's and the receiver's observed columns, the sum of squares over
// the common columns C is
//   Σ m x² − Σ (1−o) m x² − 2 Σ x·y + Σ y² − Σ (1−m) y².
// The third term is a matrix product; the fourth and fifth are summed once for all receivers that miss the same columns;
// the second is bounded by the receiver's largest x² where donors miss few values, and else is part of the product (o
// times m x²). All this decides only who may be near enough: those distances are then summed in the order of the columns,
// so that equal donors tie exactly and no bit depends on the backend or on who is imputed together.
import type { Backend } from './linalg/backend.js';
import { matrix, type Matrix } from './linalg/matrix.js';

/** Rows that miss the same columns. */
export interface MissingPattern {
  readonly missing: readonly number[];
  readonly rows: readonly number[];
}

/** Of one row: for each column it misses, in order, the places of its neighbours in `distance` and `donor`. */
export interface Neighbours {
  readonly row: number;
  readonly missing: readonly number[];
  /** Neighbours of the t-th missing column stand at first + t·k …, nearest first; donor −1 marks an empty place. */
  readonly first: number;
  /** p/|C| · Σ_{j∈C} (x_j − y_j)². */
  readonly distance: Float64Array;
  readonly donor: Int32Array;
}

// Donors are packed by block, once per batch of receivers; the products with a few receivers at a time stay in the
// second-level cache.
const DONOR_BLOCK = 256;
const RECEIVER_BATCH = 1024;
const PRODUCT_ROWS = 128;

/**
 * Visits every row of the patterns with its k nearest donors for each missing column; equal distances go to the earlier
 * donor. `donors` and `columns` are n × p, column by column; a donor must have the column and one in common with the row.
 */
export function forEachNeighbours(
  k: number,
  donors: readonly Float64Array[],
  columns: readonly Float64Array[],
  patterns: readonly MissingPattern[],
  backend: Backend,
  visit: (neighbours: Neighbours) => void,
): void {
  const search = newSearch(k, donors, backend);
  const batch = newBatch(columns.length);
  const flush = (): void => {
    batch.distance = new Float64Array(batch.places).fill(Infinity);
    batch.donor = new Int32Array(batch.places).fill(-1);
    for (const group of search.groups) offerGroup(search, batch, group);
    for (let r = 0; r < batch.size; r++) {
      visit({ ...batch.receivers[r]!, distance: batch.distance, donor: batch.donor });
    }
    batch.size = 0;
    batch.places = 0;
  };
  for (const { missing, rows } of patterns) {
    for (const row of rows) {
      const r = batch.size++;
      batch.receivers[r] = { row, missing, first: batch.places };
      batch.places += missing.length * k;
      addReceiver(search, batch, r, columns);
      if (batch.size === RECEIVER_BATCH) flush();
    }
  }
  if (batch.size > 0) flush();
}

interface Search {
  readonly k: number;
  readonly donors: readonly Float64Array[];
  /** Subtracted from the columns in products, so that little is lost to rounding. */
  readonly centre: Float64Array;
  readonly empty: readonly boolean[];
  readonly groups: readonly DonorGroup[];
  readonly backend: Backend;
  readonly block: DonorBlock;
  /** PRODUCT_ROWS × DONOR_BLOCK. */
  readonly products: Matrix;
  /** Σ y² − Σ (1−m) y² of a block. */
  readonly common: Float64Array;
}

function newSearch(k: number, donors: readonly Float64Array[], backend: Backend): Search {
  const n = donors[0]?.length ?? 0;
  const p = donors.length;
  const missing = new Int32Array(n);
  const observed = new Float64Array(p);
  const centre = new Float64Array(p);
  donors.forEach((column, j) => {
    for (let i = 0; i < n; i++) {
      const value = column[i]!;
      if (Number.isNaN(value)) missing[i]!++;
      else {
        observed[j]!++;
        centre[j]! += value;
      }
    }
    centre[j] = observed[j]! > 0 && Number.isFinite(centre[j]!) ? centre[j]! / observed[j]! : 0;
  });
  return {
    k,
    donors,
    centre,
    empty: Array.from(observed, (count) => count === 0),
    groups: groupDonors(missing, p),
    backend,
    block: {
      values: new Float64Array(DONOR_BLOCK * p),
      narrow: matrix(DONOR_BLOCK, p),
      wide: matrix(DONOR_BLOCK, 2 * p),
      squares: donors.map(() => new Float64Array(DONOR_BLOCK)),
      sums: new Float64Array(DONOR_BLOCK),
    },
    products: matrix(PRODUCT_ROWS, DONOR_BLOCK),
    common: new Float64Array(DONOR_BLOCK),
  };
}

/** Donors, ascending, that miss so many values (or, when not `few`, at least so many). */
interface DonorGroup {
  readonly donors: Int32Array;
  readonly missing: number;
  readonly few: boolean;
}

/** Beyond an eighth of the columns the bound on what the missing values would add rules out too few. */
const fewMissing = (p: number): number => Math.floor(p / 8);

function groupDonors(missing: Int32Array, p: number): DonorGroup[] {
  const all = Int32Array.from({ length: missing.length }, (_, i) => i);
  const most = fewMissing(p);
  const groups = Array.from({ length: most + 1 }, (_, count) => ({
    donors: all.filter((i) => missing[i] === count),
    missing: count,
    few: true,
  }));
  groups.push({ donors: all.filter((i) => missing[i]! > most), missing: most + 1, few: false });
  return groups.filter(({ donors }) => donors.length > 0);
}

/** Some receivers, in arrays that are used again for the next ones. */
interface Batch {
  size: number;
  places: number;
  readonly receivers: Omit<Neighbours, 'distance' | 'donor'>[];
  /** By receiver × p: the values (NaN missing); −2x; and −2x with m x². */
  readonly values: Float64Array;
  readonly narrow: Matrix;
  readonly wide: Matrix;
  /** Σ m x². */
  readonly square: Float64Array;
  /** Sums of the 0, 1, 2 … largest m x², (fewMissing + 1) a receiver. */
  readonly largest: Float64Array;
  /** The largest kth-best over the missing columns: a donor beyond it changes nothing. */
  readonly worst: Float64Array;
  distance: Float64Array;
  donor: Int32Array;
}

function newBatch(p: number): Batch {
  return {
    size: 0,
    places: 0,
    receivers: [],
    values: new Float64Array(RECEIVER_BATCH * p),
    narrow: matrix(RECEIVER_BATCH, p),
    wide: matrix(RECEIVER_BATCH, 2 * p),
    square: new Float64Array(RECEIVER_BATCH),
    largest: new Float64Array(RECEIVER_BATCH * (fewMissing(p) + 1)),
    worst: new Float64Array(RECEIVER_BATCH),
    distance: new Float64Array(),
    donor: new Int32Array(),
  };
}

function addReceiver({ centre }: Search, batch: Batch, r: number, columns: readonly Float64Array[]): void {
  const p = columns.length;
  const { row } = batch.receivers[r]!;
  const most = fewMissing(p);
  const largest = batch.largest.subarray(r * (most + 1), (r + 1) * (most + 1)).fill(0);
  let square = 0;
  for (let j = 0; j < p; j++) {
    const value = columns[j]![row]!;
    batch.values[r * p + j] = value;
    const x = Number.isNaN(value) ? 0 : value - centre[j]!;
    batch.narrow.data[r * p + j] = -2 * x;
    batch.wide.data[r * 2 * p + j] = -2 * x;
    batch.wide.data[r * 2 * p + p + j] = x * x;
    square += x * x;
    let held = x * x;
    for (let c = 1; c <= most; c++) {
      if (held <= largest[c]!) continue;
      const smaller = largest[c]!;
      largest[c] = held;
      held = smaller;
    }
  }
  for (let c = 1; c <= most; c++) largest[c]! += largest[c - 1]!;
  batch.square[r] = square;
  batch.worst[r] = Infinity;
}

function offerGroup(search: Search, batch: Batch, group: DonorGroup): void {
  const { block, products, common, centre } = search;
  const p = centre.length;
  const most = fewMissing(p);
  for (let start = 0; start < group.donors.length; start += DONOR_BLOCK) {
    const donors = group.donors.subarray(start, start + DONOR_BLOCK);
    packDonors(search, donors);
    const largest = block.sums.reduce((sum, square) => Math.max(sum, square), 0);
    let missing: readonly number[] | null = null;
    for (let r = 0; r < batch.size; r++) {
      if (r % PRODUCT_ROWS === 0) multiply(search, batch, r, group.few);
      const receiver = batch.receivers[r]!;
      if (receiver.missing !== missing) {
        missing = receiver.missing;
        subtractSquares(block, missing, common);
      }
      // |C| is at most what either of the two has.
      const share = (p - Math.max(missing.length, group.missing)) / p;
      const bound = group.few ? batch.largest[r * (most + 1) + group.missing]! - batch.square[r]! : 0;
      // Rounding of the products, with a wide margin (a thousand columns would need 2e-13).
      const beyond = bound + 1e-11 * (batch.square[r]! + largest);
      const first = (r % PRODUCT_ROWS) * DONOR_BLOCK;
      for (let i = 0; ; i++) {
        const limit = batch.worst[r]! * share + beyond;
        i = nextWithin(products.data, first, common, i, donors.length, limit);
        if (i === donors.length) break;
        const distance = squaredDistance(batch.values, r * p, block.values, i * p, p);
        if (distance <= batch.worst[r]!) keepDonor(search, batch, r, i, donors[i]!, distance);
      }
    }
  }
}

/** Products of up to PRODUCT_ROWS receivers, from `start` on, with the block. */
function multiply({ backend, block, products }: Search, batch: Batch, start: number, few: boolean): void {
  const rows = Math.min(PRODUCT_ROWS, batch.size - start);
  const { data, cols } = few ? batch.narrow : batch.wide;
  const receivers = matrix(rows, cols, data.subarray(start * cols, (start + rows) * cols));
  const out = matrix(rows, DONOR_BLOCK, products.data.subarray(0, rows * DONOR_BLOCK));
  out.data.fill(0);
  backend.gemmAdd(out, receivers, few ? block.narrow : block.wide, 'N', 'T');
}

/** The first place from i on with product + common ≤ limit (or NaN, from values beyond 1e154); `size` when there is none. */
function nextWithin(
  products: Float64Array,
  first: number,
  common: Float64Array,
  i: number,
  size: number,
  limit: number,
): number {
  while (i < size && products[first + i]! + common[i]! > limit) i++;
  return i;
}

/** A block of donors: values as rows; rows y, and (y, o); y² by column, and Σ y². */
interface DonorBlock {
  readonly values: Float64Array;
  readonly narrow: Matrix;
  readonly wide: Matrix;
  readonly squares: readonly Float64Array[];
  readonly sums: Float64Array;
}

function packDonors({ donors, centre, block }: Search, rows: Int32Array): void {
  const p = centre.length;
  block.sums.fill(0);
  for (let j = 0; j < p; j++) {
    const column = donors[j]!;
    const middle = centre[j]!;
    const squares = block.squares[j]!;
    for (let i = 0; i < rows.length; i++) {
      const value = column[rows[i]!]!;
      const observed = !Number.isNaN(value);
      const y = observed ? value - middle : 0;
      block.values[i * p + j] = value;
      block.narrow.data[i * p + j] = y;
      block.wide.data[i * 2 * p + j] = y;
      block.wide.data[i * 2 * p + p + j] = observed ? 1 : 0;
      squares[i] = y * y;
      block.sums[i]! += y * y;
    }
  }
}

/** out = Σ y² − Σ y² over the missing columns. */
function subtractSquares({ squares, sums }: DonorBlock, missing: readonly number[], out: Float64Array): void {
  out.set(sums);
  for (const j of missing) {
    const column = squares[j]!;
    for (let i = 0; i < out.length; i++) out[i]! -= column[i]!;
  }
}

/** p/|C| · Σ_{j∈C} (x_j − y_j)², summed in column order; NaN without a common column. */
function squaredDistance(x: Float64Array, atX: number, y: Float64Array, atY: number, p: number): number {
  let sum = 0;
  let common = 0;
  for (let j = 0; j < p; j++) {
    const difference = x[atX + j]! - y[atY + j]!;
    if (Number.isNaN(difference)) continue;
    sum += difference * difference;
    common++;
  }
  return sum * (p / common);
}

/** Puts donor i of the block where it belongs among the k best of each missing column that it has. */
function keepDonor(
  { k, block, empty }: Search,
  { receivers, distance: distances, donor: kept, worst }: Batch,
  r: number,
  i: number,
  donor: number,
  distance: number,
): void {
  const { missing, first } = receivers[r]!;
  const p = empty.length;
  let largest = 0;
  for (let t = 0; t < missing.length; t++) {
    const j = missing[t]!;
    const begin = first + t * k;
    const end = begin + k;
    if (!Number.isNaN(block.values[i * p + j]!)) {
      let place = end;
      while (place > begin) {
        const other = distances[place - 1]!;
        if (distance > other || (distance === other && donor > kept[place - 1]!)) break;
        place--;
        if (place + 1 < end) {
          distances[place + 1] = other;
          kept[place + 1] = kept[place]!;
        }
      }
      if (place < end) {
        distances[place] = distance;
        kept[place] = donor;
      }
    }
    // A column that no donor has never fills its places and must not keep every donor interesting.
    if (!empty[j]!) largest = Math.max(largest, distances[end - 1]!);
  }
  worst[r] = largest;
}
