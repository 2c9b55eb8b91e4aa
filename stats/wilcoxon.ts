/**
 * Wilcoxon's signed-rank test of paired differences.
 *
 * - `faithful`: scipy 1.10's `wilcoxon`, with its switch between exact and normal and its treatment of zeros and ties;
 * - `recommended`: the exact distribution given the midranks, by dynamic programming.
 *
 * Zero differences are dropped from the test in both (Wilcoxon's own rule). Not responsible for forming the pairs.
 */
import { midranks, tieSizes } from './ranks.js';
import { normalSf } from './special.js';

export type Alternative = 'two-sided' | 'greater' | 'less';

export interface SignedRank {
  /** Sum of the ranks of the positive and of the negative differences. */
  readonly positive: number;
  readonly negative: number;
  /** Differences that are not zero, and those that are. */
  readonly n: number;
  readonly zeros: number;
  /** NaN when there is no difference to test (in faithful mode also when all are zero, where scipy raises). */
  readonly p: number;
  readonly method: 'exact' | 'normal';
  /** Hodges–Lehmann: the median of all means of two differences (zeros included), the estimate of the shift. NaN without differences. */
  readonly shift: number;
}

/**
 * Above this many non-zero differences the recommended mode uses the normal approximation too: 2⁻¹⁰⁰⁰ is about the smallest
 * probability that a double holds, and half a second the time.
 */
const EXACT_LIMIT = 1000;
/** scipy's limit, on the number of differences before zeros are dropped. */
const SCIPY_EXACT_LIMIT = 50;

/** The signed-rank test of finite `differences`; `greater` means that they tend to be positive. */
export function signedRank(
  differences: ArrayLike<number>,
  mode: 'faithful' | 'recommended',
  alternative: Alternative = 'two-sided',
): SignedRank {
  const kept = Array.from(differences).filter((d) => d !== 0);
  const zeros = differences.length - kept.length;
  const ranks = midranks(kept.map(Math.abs));
  let positive = 0;
  kept.forEach((d, i) => (positive += d > 0 ? ranks[i]! : 0));
  const n = kept.length;
  const total = (n * (n + 1)) / 2;
  const negative = total - positive;
  const exact =
    mode === 'faithful' ? zeros === 0 && differences.length <= SCIPY_EXACT_LIMIT : n <= EXACT_LIMIT;
  let p: number;
  if (differences.length === 0 || (n === 0 && mode === 'faithful')) p = NaN;
  else if (exact && mode === 'faithful') p = scipyExact(n, Math.floor(positive), alternative);
  else if (exact) p = tail(alternative, (size) => lowerTail(ranks, size), positive, negative);
  else p = normalP(ranks, positive, alternative, mode === 'recommended');
  return {
    positive,
    negative,
    n,
    zeros,
    p,
    method: exact ? 'exact' : 'normal',
    shift: hodgesLehmann(differences),
  };
}

/** The p value from P(W ≤ w), by the symmetry of W about half the total. */
function tail(
  alternative: Alternative,
  lower: (w: number) => number,
  positive: number,
  negative: number,
): number {
  if (alternative === 'greater') return lower(negative);
  if (alternative === 'less') return lower(positive);
  return Math.min(1, 2 * lower(Math.min(positive, negative)));
}

/** scipy's exact p: the distribution without ties, at the statistic truncated to an integer (which ties can make fractional). */
function scipyExact(n: number, positive: number, alternative: Alternative): number {
  const ranks = Float64Array.from({ length: n }, (_, i) => i + 1);
  const total = (n * (n + 1)) / 2;
  if (alternative === 'two-sided' && positive === Math.floor(total / 2)) return 1;
  return tail(alternative, (w) => lowerTail(ranks, w), positive, total - positive);
}

/** P(W ≤ w) where every rank enters W with probability ½; ranks and w are multiples of ½. */
function lowerTail(ranks: Float64Array, w: number): number {
  const unit = ranks.every((rank) => Number.isInteger(rank)) ? 1 : 2;
  const top = Math.floor(w * unit + 1e-9);
  const total = ranks.reduce((sum, rank) => sum + rank * unit, 0);
  if (top >= total) return 1;
  const mass = new Float64Array(top + 1);
  mass[0] = 1;
  let reach = 0;
  for (const rank of ranks) {
    const step = rank * unit;
    reach = Math.min(top, reach + step);
    for (let s = reach; s >= step; s--) mass[s] = 0.5 * (mass[s]! + mass[s - step]!);
    for (let s = Math.min(step - 1, reach); s >= 0; s--) mass[s]! *= 0.5;
  }
  return Math.min(
    1,
    mass.reduce((sum, value) => sum + value, 0),
  );
}

/** Normal approximation with the variance corrected for ties; with continuity correction where asked (scipy's default is without). */
function normalP(
  ranks: Float64Array,
  positive: number,
  alternative: Alternative,
  continuity: boolean,
): number {
  const n = ranks.length;
  const mean = (n * (n + 1)) / 4;
  const ties = tieSizes(ranks).reduce((sum, t) => sum + t * (t * t - 1), 0);
  const sd = Math.sqrt((n * (n + 1) * (2 * n + 1) - ties / 2) / 24);
  const correction = continuity ? 0.5 : 0;
  const excess = positive - mean;
  if (alternative === 'greater') return normalSf((excess - correction) / sd);
  if (alternative === 'less') return normalSf((-excess - correction) / sd);
  return Math.min(1, 2 * normalSf(Math.max(0, Math.abs(excess) - correction) / sd));
}

/** The median of the n(n + 1)/2 Walsh averages (d_i + d_j)/2, i ≤ j. */
function hodgesLehmann(differences: ArrayLike<number>): number {
  const n = differences.length;
  const averages = new Float64Array((n * (n + 1)) / 2);
  let at = 0;
  for (let i = 0; i < n; i++)
    for (let j = i; j < n; j++) averages[at++] = (differences[i]! + differences[j]!) / 2;
  if (at === 0) return NaN;
  averages.sort();
  return (averages[(at - 1) >> 1]! + averages[at >> 1]!) / 2;
}
