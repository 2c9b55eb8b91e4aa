// The k nearest donors of rows with missing values, by distances over the columns that both have. Not responsible for
// what is made of the neighbours (knn.ts), for what is multiplied (knn-features.ts), nor for distances (knn-pairs.ts).
//
// A product in single precision is negative for every donor that may be near enough, and for few others. It decides only
// whose distance is looked at, so that no bit depends on the backend or on who is imputed together.
import { FEATURES, donorFeatures, featureScale, limitReceiver, receiverFeatures } from './knn-features.js';
import type { FeatureScale } from './knn-features.js';
import { newPairs, offer, type Pairs } from './knn-pairs.js';
import type { Backend, RowProducts } from './linalg/backend.js';

/** Of one row: for each column it misses, in order, the places of its neighbours in `distance` and `donor`. */
export interface Neighbours {
  readonly row: number;
  readonly missing: Int32Array;
  /** Neighbours of the t-th missing column stand at first + t·k …, nearest first; donor −1 marks an empty place. */
  readonly first: number;
  /** p/|C| · Σ_{j∈C} (x_j − y_j)². */
  readonly distance: Float64Array;
  readonly donor: Int32Array;
}

// Products of so many rows stay in the second-level cache and run at the library's full speed.
const RECEIVERS = 1024;
const DONORS = 256;
/** Donors of the first product, when all are near enough as yet. Later ones are twice as wide, up to DONORS. */
const FIRST_DONORS = 32;
/** Products whose signs are tested together; donors are padded to a multiple. */
const TOGETHER = 8;
/** Where every row is a donor too, so many rows and at least this share of them are the first donors. */
const FIRST_ROWS = 512;
const FIRST_SHARE = 1 / 32;

/**
 * Visits every row that misses something with its k nearest donors for each missing column; equal distances go to the
 * earlier donor. `donors` and `columns` are n × p, column by column; a donor must have the column and one in common with
 * the row. Where both are the same arrays, every distance serves both its rows. Memory: 20 bytes a donor and column, and
 * 12k bytes a missing value.
 */
export function forEachNeighbours(
  k: number,
  donors: readonly Float64Array[],
  columns: readonly Float64Array[],
  backend: Backend,
  visit: (neighbours: Neighbours) => void,
): void {
  const search = newSearch(k, donors, columns, backend.rowProducts);
  const { products, best } = search;
  const receivers = allRows(best.worst.length).filter((row) => best.first[row]! < best.first[row + 1]!);
  if (!products) offerAll(search, receivers);
  else if (search.mutual && products.hidden.length === 0) offerMutually(search, products, receivers);
  else {
    for (const row of receivers) for (const donor of products.hidden) offer(search, row, donor, false);
    offerBlocks(search, products, receivers, 0, search.donors);
  }
  for (const row of receivers) {
    const from = best.first[row]!;
    const missing = best.missing.subarray(from, best.first[row + 1]);
    visit({ row, missing, first: from * k, distance: best.distance, donor: best.donor });
  }
}

const allRows = (rows: number): Int32Array => Int32Array.from({ length: rows }, (_, i) => i);

interface Search extends Pairs {
  /** Whether the rows are the donors. */
  readonly mutual: boolean;
  /** Null: every donor is looked at. */
  readonly products: Products | null;
}

interface Products {
  readonly multiply: RowProducts;
  readonly scale: FeatureScale;
  /** Which donor has the features in each place. */
  readonly order: Int32Array;
  /** Donors × 3p. */
  readonly features: Float32Array;
  /** Donors that no product shows. */
  readonly hidden: readonly number[];
  /** RECEIVERS × 3p, and the limits that they hold (NaN: not to be changed). */
  readonly receivers: Float32Array;
  readonly limits: Float64Array;
  readonly out: Float32Array;
  /** The same numbers: their signs are those of the integers. */
  readonly signs: Int32Array;
}

function newSearch(
  k: number,
  donors: readonly Float64Array[],
  columns: readonly Float64Array[],
  multiply: RowProducts | null,
): Search {
  const mutual = columns.every((column, j) => column === donors[j]);
  const pairs = newPairs(k, donors, columns, mutual);
  return { ...pairs, mutual, products: multiply && newProducts(donors, pairs.values, multiply) };
}

function newProducts(
  columns: readonly Float64Array[],
  values: Float64Array,
  multiply: RowProducts,
): Products {
  const donors = columns[0]?.length ?? 0;
  const inner = FEATURES * columns.length;
  const out = new Float32Array(RECEIVERS * DONORS);
  const scale = featureScale(columns);
  const order = allRows(donors);
  const features = new Float32Array((donors + TOGETHER) * inner);
  return {
    multiply,
    scale,
    order,
    features,
    hidden: placeDonors(scale, values, order, 0, features),
    receivers: new Float32Array(RECEIVERS * inner),
    limits: new Float64Array(RECEIVERS),
    out,
    signs: new Int32Array(out.buffer),
  };
}

/** Writes the features of the donors from a place on; the answer are those that they cannot show. */
function placeDonors(
  scale: FeatureScale,
  values: Float64Array,
  order: Int32Array,
  from: number,
  features: Float32Array,
): number[] {
  const p = scale.centre.length;
  const hidden: number[] = [];
  for (let place = from; place < order.length; place++) {
    const donor = order[place]!;
    if (!donorFeatures(scale, values, donor * p, features, place * FEATURES * p)) hidden.push(donor);
  }
  return hidden;
}

/** Without products. */
function offerAll(search: Search, receivers: Int32Array): void {
  for (const row of receivers) for (let i = 0; i < search.donors; i++) offer(search, row, i, false);
}

/**
 * Each pair of rows is looked at once, for both. The limit of a pair is the larger of two, and a product knows but that of
 * its receiver: so some donors are offered to all, rows are put in the ascending order of the limits that these leave,
 * and each is a receiver of those before it.
 */
function offerMutually(search: Search, products: Products, receivers: Int32Array): void {
  const { donors, best, values } = search;
  const { order, features, scale } = products;
  const first = Math.min(donors, Math.max(FIRST_ROWS, Math.ceil(donors * FIRST_SHARE)));
  offerBlocks(search, products, receivers, 0, first);
  offerBlocks(
    search,
    products,
    receivers.filter((row) => row < first),
    first,
    donors,
  );
  const limits = best.worst.slice();
  order.subarray(first).sort((a, b) => (limits[a]! < limits[b]! ? -1 : limits[a]! > limits[b]! ? 1 : a - b));
  placeDonors(scale, values, order, first, features);
  for (let start = first; start < donors; start += RECEIVERS) {
    const rows = order.subarray(start, start + RECEIVERS);
    prepareReceivers(search, products, rows);
    for (let place = first; place < start + rows.length; place += DONORS) {
      const count = Math.min(DONORS, start + rows.length - place);
      offerBlock(search, products, rows, place, count, start);
    }
  }
}

/** Offers the donors in places `from` to `to` to the rows. */
function offerBlocks(
  search: Search,
  products: Products,
  receivers: Int32Array,
  from: number,
  to: number,
): void {
  for (let start = 0; start < receivers.length; start += RECEIVERS) {
    const rows = receivers.subarray(start, start + RECEIVERS);
    prepareReceivers(search, products, rows);
    let width = from === 0 ? FIRST_DONORS : DONORS;
    for (let place = from; place < to;) {
      const count = Math.min(width, to - place);
      offerBlock(search, products, rows, place, count, null);
      place += count;
      width = Math.min(DONORS, 2 * width);
    }
  }
}

function prepareReceivers({ rows: values, p }: Search, products: Products, rows: Int32Array): void {
  const { scale, receivers, limits } = products;
  rows.forEach((row, r) => {
    const small = receiverFeatures(scale, values, row * p, receivers, r * FEATURES * p);
    limits[r] = small ? Infinity : NaN;
  });
}

/**
 * Multiplies prepared receivers with the donors in `count` places from `place` on, and offers those whose product is
 * negative. With `start`, the receivers are the donors in the places from there on; each meets those before it, for both.
 */
function offerBlock(
  search: Search,
  products: Products,
  rows: Int32Array,
  place: number,
  count: number,
  start: number | null,
): void {
  const { p, best } = search;
  const { multiply, order, features, receivers, out, signs } = products;
  const inner = FEATURES * p;
  let least = -1;
  if (start !== null) for (let c = 0; c < count; c++) least = Math.max(least, best.worst[order[place + c]!]!);
  const from = start === null ? 0 : Math.max(0, place + 1 - start);
  for (let r = from; r < rows.length; r++) showWithin(search, products, r, rows[r]!, least);
  const cols = Math.ceil(count / TOGETHER) * TOGETHER;
  const block = features.subarray(place * inner, (place + cols) * inner);
  multiply(out, receivers.subarray(from * inner), block, rows.length - from, cols, inner);
  for (let r = from; r < rows.length; r++) {
    const row = rows[r]!;
    const size = start === null ? count : Math.min(count, start + r - place);
    const zero = (r - from) * cols;
    for (let c = 0; c < size; c += TOGETHER) {
      if (noneNegative(signs, zero + c)) continue;
      for (let i = c; i < c + TOGETHER && i < size; i++) {
        if (signs[zero + i]! < 0) offer(search, row, order[place + i]!, start !== null);
      }
    }
  }
}

/** Lets a prepared receiver show the donors within its own limit, and at least within `least`. */
function showWithin(
  { rows, p, best }: Search,
  products: Products,
  r: number,
  row: number,
  least: number,
): void {
  const { scale, receivers, limits } = products;
  const limit = Math.max(best.worst[row]!, least);
  // A limit that is a little too large shows a few donors more, and is cheaper than to write it again.
  if (!(limit > limits[r]! || limit < 0.99 * limits[r]!)) return;
  limits[r] = limit;
  limitReceiver(scale, rows, row * p, limit, receivers, r * FEATURES * p);
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
