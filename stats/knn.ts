// k-nearest-neighbour imputation with scikit-learn KNNImputer's semantics; NaN is missing. Not responsible for finding
// the neighbours (knn-search.ts), for scaling the columns (zscore.ts), nor for the column mean and median as imputers of their own.
//
// Distance between receiver x and donor y: √(p/|C| · Σ_{j∈C} (x_j − y_j)²), C the columns both observe. A donor
// must observe the target column. Differences from scikit-learn 1.2.1, on purpose: ties go to the donor
// that comes first (there argpartition's choice is unspecified), and a donor without a common column is never
// averaged (there uniform weights average it when fewer than k others exist).

import { forEachNeighbours, type Neighbours } from './knn-search.js';
import type { Backend } from './linalg/backend.js';
import { linalg } from './linalg/linalg.js';

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
 * Fills the missing values of `columns` from the donors. A row's result depends on that row and the donors only, bit
 * for XX
 */
export function imputeKnn(
  fit: KnnDonors,
  columns: readonly Float64Array[],
  backend: Backend = linalg(),
): KnnResult {
  const p = fit.columns.length;
  if (columns.length !== p) {
    throw new Error(`internal error: ${columns.length} columns given to a KNN of ${p} columns`);
  }
  requireEqualLengths(columns);
  const filled = columns.map((column) => (column.some((x) => Number.isNaN(x)) ? column.slice() : column));
  const result: KnnResult = {
    columns: filled,
    fromNeighbours: new Int32Array(p),
    fromMean: new Int32Array(p),
    unfilled: new Int32Array(p),
  };
  forEachNeighbours(fit.k, fit.columns, columns, backend, (neighbours) => {
    fill(fit, neighbours, result);
  });
  return result;
}

function fill(fit: KnnDonors, { row, missing, first, distance, donor }: Neighbours, result: KnnResult): void {
  const { k } = fit;
  missing.forEach((column, t) => {
    const out = result.columns[column]!;
    if (fit.empty[column]!) {
      result.unfilled[column]!++;
      return;
    }
    const nearest = first + t * k;
    if (donor[nearest] === -1) {
      out[row] = fit.mean[column]!;
      result.fromMean[column]!++;
      return;
    }
    let weights = 0;
    let sum = 0;
    for (let at = nearest; at < nearest + k && donor[at] !== -1; at++) {
      const weight = neighbourWeight(fit.weights, distance[at]!, distance[nearest]!);
      weights += weight;
      sum += weight * fit.columns[column]![donor[at]!]!;
    }
    out[row] = sum / weights;
    result.fromNeighbours[column]!++;
  });
}

function neighbourWeight(kind: KnnWeights, squaredDistance: number, squaredNearest: number): number {
  if (kind === 'uniform') return 1;
  // An exact match takes all the weight (its neighbours at distance > 0 get none).
  if (squaredNearest === 0) return squaredDistance === 0 ? 1 : 0;
  return Math.sqrt(squaredNearest / squaredDistance);
}

function requireEqualLengths(columns: readonly Float64Array[]): void {
  for (const column of columns) {
    if (column.length !== columns[0]!.length) throw new Error('internal error: KNN columns differ in length');
  }
}
