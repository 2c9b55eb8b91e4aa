/**
 * Effective rank: the number of independent columns that correlated ones are worth.
 * Not responsible for missing values: columns are complete.
 */
import type { Backend } from './linalg/backend.js';
import { matrix } from './linalg/matrix.js';

export interface EffectiveRank {
  /** exp of the Shannon entropy of the eigenvalues' shares (Roy and Vetterli, EUSIPCO 2007). */
  readonly entropy: number;
  /** (Σλ)²/Σλ². */
  readonly participation: number;
  /** Principal components that hold at least 90 % of the variance. */
  readonly for90: number;
  /** Columns that do not vary; they are left out. */
  readonly constant: number;
}

/** Of the correlation matrix of `columns` (each of n finite values). All NaN but `constant` when nothing varies. */
export function effectiveRank(columns: readonly Float64Array[], backend: Backend): EffectiveRank {
  const standardised = columns.map(standardise).filter((column) => column !== null);
  const p = standardised.length;
  const constant = columns.length - p;
  if (p === 0) return { entropy: NaN, participation: NaN, for90: NaN, constant };
  const n = standardised[0]!.length;
  const x = matrix(p, n, new Float64Array(p * n));
  standardised.forEach((column, j) => x.data.set(column, j * n));
  // Rounding leaves eigenvalues of dependent columns a little below zero.
  const values = backend.eigenvaluesSymmetric(backend.syrk(x, 'N')).map((value) => Math.max(0, value));
  const total = values.reduce((sum, value) => sum + value, 0);
  const shares = [...values].map((value) => value / total).sort((a, b) => b - a);
  let [entropy, squares, cumulated, for90] = [0, 0, 0, 0];
  for (const share of shares) {
    if (share > 0) entropy -= share * Math.log(share);
    squares += share * share;
    if (cumulated < 0.9 - 1e-12) for90++;
    cumulated += share;
  }
  return { entropy: Math.exp(entropy), participation: 1 / squares, for90, constant };
}

/** Mean 0 and unit length; null when nothing varies. */
function standardise(column: Float64Array): Float64Array | null {
  const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
  const centred = column.map((value) => value - mean);
  const length = Math.sqrt(centred.reduce((sum, value) => sum + value * value, 0));
  // A constant column whose mean is not exact has rounding left.
  if (!(length > 1e-12 * Math.abs(mean) * Math.sqrt(column.length)) || length === 0) return null;
  return centred.map((value) => value / length);
}
