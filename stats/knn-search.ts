// The k nearest donors of rows with missing values, by distances over the columns that both have. Not responsible for
// what is made of the neighbours (knn.ts), nor for what is multiplied (knn-features.ts).
//
// A product in single precision is negative for every donor that may be near enough, and for few others. It decides only
// whose distance is looked at: that is summed in double precision, in the order of the columns, so that equal donors tie
// exactly and no bit depends on the backend or on who is imputed together.
import { FEATURES, donorFeatures, featureScale, limitReceiver, receiverFeatures } from './knn-features.js';
import type { FeatureScale } from './knn-features.js';
import { rowProduct, type RowProduct } from './knn-product.js';
import type { Backend } from './linalg/backend.js';

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

// Products of so many rows stay in the second-level cache and run at the library's full speed.
const RECEIVERS = 1024;
const DONORS = 256;
/** Donors of a receiver's first product: all are near enough as yet. Later ones are twice as wide, up to DONORS. */
const FIRST_DONORS = 32;
/** Products whose signs are tested together; donors are padded to a multiple. */
const TOGETHER = 8;

/**
 * Visits every row that misses something with its k nearest donors for each missing column; equal distances go to the
 * earlier donor. `donors` and `columns` are n × p, column by column; a donor must have the column and one in common with
 * the row. Memory: 20 bytes a donor and column.
 */
export function forEachNeighbours(
  k: number,
  donors: readonly Float64Array[],
  columns: readonly Float64Array[],
  backend: Backend,
  visit: (neighbours: Neighbours) => void,
): void {
  const p = columns.length;
  const search = newSearch(k, donors, rowProduct(backend));
  const batch = newBatch(p);
  const finish = (): void => {
    batch.distance = new Float64Array(batch.places).fill(Infinity);
    batch.donor = new Int32Array(batch.places).fill(-1);
    offerDonors(search, batch);
    for (let r = 0; r < batch.size; r++) {
      visit({ ...batch.receivers[r]!, distance: batch.distance, donor: batch.donor });
    }
    batch.size = 0;
    batch.places = 0;
  };
  const rows = columns[0]?.length ?? 0;
  for (let row = 0; row < rows; row++) {
    const missing: number[] = [];
    for (let j = 0; j < p; j++) if (Number.isNaN(columns[j]![row]!)) missing.push(j);
    if (missing.length === 0) continue;
    batch.receivers[batch.size] = { row, missing, first: batch.places };
    batch.places += missing.length * k;
    for (let j = 0; j < p; j++) batch.values[batch.size * p + j] = columns[j]![row]!;
    if (++batch.size === RECEIVERS) finish();
  }
  if (batch.size > 0) finish();
}

interface Search {
  readonly k: number;
  readonly p: number;
  readonly donors: number;
  /** Donors × p: as rows, since few of them are looked at. */
  readonly values: Float64Array;
  readonly empty: readonly boolean[];
  /** Null: every donor is looked at. */
  readonly products: Products | null;
}

interface Products {
  readonly multiply: RowProduct;
  readonly scale: FeatureScale;
  /** Donors × 3p. */
  readonly features: Float32Array;
  /** Donors that no product shows. */
  readonly hidden: readonly number[];
  readonly out: Float32Array;
  /** The same numbers: their signs are those of the integers. */
  readonly signs: Int32Array;
}

function newSearch(k: number, columns: readonly Float64Array[], multiply: RowProduct | null): Search {
  const donors = columns[0]?.length ?? 0;
  const p = columns.length;
  const values = new Float64Array(donors * p);
  const empty = columns.map((column, j) => {
    let none = true;
    for (let i = 0; i < donors; i++) {
      const value = column[i]!;
      values[i * p + j] = value;
      if (!Number.isNaN(value)) none = false;
    }
    return none;
  });
  return { k, p, donors, values, empty, products: multiply && newProducts(columns, values, multiply) };
}

function newProducts(columns: readonly Float64Array[], values: Float64Array, multiply: RowProduct): Products {
  const donors = columns[0]?.length ?? 0;
  const p = columns.length;
  const scale = featureScale(columns);
  const features = new Float32Array(Math.ceil(donors / TOGETHER) * TOGETHER * FEATURES * p);
  const hidden: number[] = [];
  for (let i = 0; i < donors; i++) {
    if (!donorFeatures(scale, values, i * p, features, i * FEATURES * p)) hidden.push(i);
  }
  const out = new Float32Array(RECEIVERS * DONORS);
  return { multiply, scale, features, hidden, out, signs: new Int32Array(out.buffer) };
}

/** Some receivers, in arrays that are used again for the next ones. */
interface Batch {
  size: number;
  places: number;
  readonly receivers: Omit<Neighbours, 'distance' | 'donor'>[];
  /** Receivers × p, NaN missing; and × 3p. */
  readonly values: Float64Array;
  readonly features: Float32Array;
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
    values: new Float64Array(RECEIVERS * p),
    features: new Float32Array(RECEIVERS * FEATURES * p),
    worst: new Float64Array(RECEIVERS),
    distance: new Float64Array(),
    donor: new Int32Array(),
  };
}

/** Offers all donors to all receivers of the batch. */
function offerDonors(search: Search, batch: Batch): void {
  batch.worst.fill(Infinity);
  if (search.products) {
    offerNegative(search, search.products, batch);
    return;
  }
  for (let r = 0; r < batch.size; r++) {
    for (let i = 0; i < search.donors; i++) offer(search, batch, r, i);
  }
}

/** Offers the donors whose product is negative. */
function offerNegative(search: Search, products: Products, batch: Batch): void {
  const { p, donors } = search;
  const { multiply, scale, features, hidden, out, signs } = products;
  const inner = FEATURES * p;
  const limited: boolean[] = [];
  for (let r = 0; r < batch.size; r++) {
    limited[r] = receiverFeatures(scale, batch.values, r * p, batch.features, r * inner);
    for (const i of hidden) offer(search, batch, r, i);
  }
  let width = FIRST_DONORS;
  for (let start = 0; start < donors;) {
    const count = Math.min(width, donors - start);
    const cols = Math.ceil(count / TOGETHER) * TOGETHER;
    const block = features.subarray(start * inner, (start + cols) * inner);
    multiply(out, batch.features, block, batch.size, cols, inner);
    for (let r = 0; r < batch.size; r++) {
      const before = batch.worst[r]!;
      for (let at = r * cols, end = at + cols; at < end; at += TOGETHER) {
        if (noneNegative(signs, at)) continue;
        for (let c = at; c < at + TOGETHER; c++) {
          if (signs[c]! < 0) offer(search, batch, r, start + c - r * cols);
        }
      }
      if (batch.worst[r]! < before && limited[r]!) {
        limitReceiver(scale, batch.values, r * p, batch.worst[r]!, batch.features, r * inner);
      }
    }
    start += count;
    width = Math.min(DONORS, start);
  }
}

/** Of TOGETHER numbers. */
function noneNegative(signs: Int32Array, at: number): boolean {
  return (
    (signs[at]! |
      signs[at + 1]! |
      signs[at + 2]! |
      signs[at + 3]! |
      signs[at + 4]! |
      signs[at + 5]! |
      signs[at + 6]! |
      signs[at + 7]!) >=
    0
  );
}

/** Looks at the distance of donor i, and keeps it where it is among the k best of a missing column. */
function offer(search: Search, batch: Batch, r: number, i: number): void {
  const { p, values } = search;
  const limit = batch.worst[r]!;
  const distance = squaredDistance(batch.values, r * p, values, i * p, p, limit);
  if (distance <= limit) keepDonor(search, batch, r, i, distance);
}

/**
 * p/|C| · Σ_{j∈C} (x_j − y_j)², summed in column order; NaN without a common column, and Infinity as soon as it is beyond
 * the limit.
 */
function squaredDistance(
  x: Float64Array,
  atX: number,
  y: Float64Array,
  atY: number,
  p: number,
  limit: number,
): number {
  let sum = 0;
  let common = 0;
  for (let j = 0; j < p; j++) {
    const difference = x[atX + j]! - y[atY + j]!;
    if (Number.isNaN(difference)) continue;
    sum += difference * difference;
    if (sum > limit) return Infinity;
    common++;
  }
  return sum * (p / common);
}

/** Puts the donor where it belongs among the k best of each missing column that it has. */
function keepDonor(
  { k, p, values, empty }: Search,
  { receivers, distance: distances, donor: kept, worst }: Batch,
  r: number,
  donor: number,
  distance: number,
): void {
  const { missing, first } = receivers[r]!;
  let largest = 0;
  for (let t = 0; t < missing.length; t++) {
    const j = missing[t]!;
    const begin = first + t * k;
    const end = begin + k;
    if (!Number.isNaN(values[donor * p + j]!)) {
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
