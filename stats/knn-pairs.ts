// Distances of rows from donors, and the k nearest that every row has met so far. Distances are summed in double precision
// in the order of the columns, so that equal donors tie exactly. Not responsible for which pairs are looked at (knn-search.ts).

export interface Pairs {
  readonly k: number;
  readonly p: number;
  readonly donors: number;
  /** Donors × p: as rows, since few of them are looked at. And of the rows to be filled. */
  readonly values: Float64Array;
  readonly rows: Float64Array;
  /** Columns that no donor has. */
  readonly empty: readonly boolean[];
  readonly best: Best;
}

/** What is known so far of the neighbours of every row. */
export interface Best {
  /** Columns that row r misses are missing[first[r]] … missing[first[r + 1] − 1]. */
  readonly first: Int32Array;
  readonly missing: Int32Array;
  /** k places a missing column. */
  readonly distance: Float64Array;
  readonly donor: Int32Array;
  /** The largest kth-best over the missing columns: a donor beyond it changes nothing. −1: nothing is missing. */
  readonly worst: Float64Array;
}

/** No pair met as yet. `mutual`: the rows are the donors. */
export function newPairs(
  k: number,
  donors: readonly Float64Array[],
  columns: readonly Float64Array[],
  mutual: boolean,
): Pairs {
  const values = asRows(donors);
  return {
    k,
    p: columns.length,
    donors: donors[0]?.length ?? 0,
    values,
    rows: mutual ? values : asRows(columns),
    empty: donors.map((column) => column.every((value) => Number.isNaN(value))),
    best: newBest(k, columns),
  };
}

function asRows(columns: readonly Float64Array[]): Float64Array {
  const p = columns.length;
  const rows = columns[0]?.length ?? 0;
  const values = new Float64Array(rows * p);
  columns.forEach((column, j) => {
    for (let i = 0; i < rows; i++) values[i * p + j] = column[i]!;
  });
  return values;
}

function newBest(k: number, columns: readonly Float64Array[]): Best {
  const rows = columns[0]?.length ?? 0;
  const first = new Int32Array(rows + 1);
  for (const column of columns) for (let i = 0; i < rows; i++) if (Number.isNaN(column[i]!)) first[i + 1]!++;
  for (let i = 0; i < rows; i++) first[i + 1]! += first[i]!;
  const missing = new Int32Array(first[rows]!);
  const next = first.slice();
  columns.forEach((column, j) => {
    for (let i = 0; i < rows; i++) if (Number.isNaN(column[i]!)) missing[next[i]!++] = j;
  });
  return {
    first,
    missing,
    distance: new Float64Array(missing.length * k).fill(Infinity),
    donor: new Int32Array(missing.length * k).fill(-1),
    worst: Float64Array.from({ length: rows }, (_, i) => (first[i]! < first[i + 1]! ? Infinity : -1)),
  };
}

/** Looks at the distance of a donor, and keeps it where it is near enough; `mutual`ly, the row is the donor's donor too. */
export function offer(pairs: Pairs, row: number, donor: number, mutual: boolean): void {
  const { p, values, rows, best } = pairs;
  const limit = best.worst[row]!;
  const other = mutual ? best.worst[donor]! : -1;
  const distance = squaredDistance(rows, row * p, values, donor * p, p, Math.max(limit, other));
  if (distance <= limit) keepDonor(pairs, row, donor, distance);
  if (distance <= other) keepDonor(pairs, donor, row, distance);
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
function keepDonor({ k, p, values, empty, best }: Pairs, row: number, donor: number, distance: number): void {
  const { first, missing, distance: distances, donor: kept, worst } = best;
  let largest = 0;
  for (let t = first[row]!; t < first[row + 1]!; t++) {
    const j = missing[t]!;
    const begin = t * k;
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
  worst[row] = largest;
}
