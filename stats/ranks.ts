/**
 * Midranks and Spearman's rank correlation with its p value, by scipy's rule and by R's.
 *
 * Not responsible for other rank tests (`wilcoxon.ts`) nor for missing values.
 */
import { pearson } from './regression-metrics.js';
import { normalSf, studentTwoSidedP } from './special.js';

/** Ranks 1 … n in which tied values share the mean of their ranks. NaN is not allowed. */
export function midranks(values: ArrayLike<number>): Float64Array {
  const n = values.length;
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(n);
  for (let from = 0; from < n;) {
    let to = from + 1;
    while (to < n && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

/** Sizes of the groups of tied values among given midranks, those of one left out. */
export function tieSizes(ranks: ArrayLike<number>): number[] {
  const counts = new Map<number, number>();
  for (let i = 0; i < ranks.length; i++) counts.set(ranks[i]!, (counts.get(ranks[i]!) ?? 0) + 1);
  return [...counts.values()].filter((count) => count > 1);
}

/**
 * - `t`: scipy 1.10's spearmanr, Student's t with n − 2 degrees of freedom, at every n;
 * - `as89`: R's cor.test: the exact permutation distribution up to n = 9, the Edgeworth series of algorithm AS 89 (Best &
 *   Roberts 1975) up to n = 1290, both only without ties; else t.
 */
export type SpearmanRule = 't' | 'as89';

export interface Spearman {
  /** NaN when either side does not vary or there are fewer than two pairs. */
  readonly rho: number;
  readonly n: number;
  /** Two-sided; NaN where ρ is NaN or n < 3. */
  readonly p: number;
  /** How p was obtained. */
  readonly method: 't' | 'permutations' | 'edgeworth';
}

/** Spearman's ρ of two equally long arrays of finite values. */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>, rule: SpearmanRule): Spearman {
  const n = x.length;
  const [rx, ry] = [midranks(x), midranks(y)];
  const rho = n < 2 ? NaN : pearson(rx, ry);
  if (n < 3 || Number.isNaN(rho)) return { rho, n, p: NaN, method: 't' };
  const tied = tieSizes(rx).length > 0 || tieSizes(ry).length > 0;
  if (rule === 't' || tied || n > EDGEWORTH_LIMIT) {
    const t = rho * Math.sqrt((n - 2) / ((1 + rho) * (1 - rho)));
    return { rho, n, p: studentTwoSidedP(t, n - 2), method: 't' };
  }
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (rx[i]! - ry[i]!) ** 2;
  // S = Σd² is symmetric about (n³ − n)/6 and takes even values only.
  const top = (n * (n * n - 1)) / 3;
  const tail = squares > top / 2 ? squares : top - squares;
  const upper = n <= EXACT_LIMIT ? exactUpperTail(n, tail) : edgeworthUpperTail(n, tail);
  return { rho, n, p: Math.min(1, 2 * upper), method: n <= EXACT_LIMIT ? 'permutations' : 'edgeworth' };
}

/** R enumerates all permutations up to this n, and uses the series up to that one. */
const EXACT_LIMIT = 9;
const EDGEWORTH_LIMIT = 1290;

const exactCounts = new Map<number, Map<number, number>>();

/** P(S ≥ s) over all permutations of n. */
function exactUpperTail(n: number, s: number): number {
  let counts = exactCounts.get(n);
  if (counts === undefined) {
    counts = countSquaredDistances(n);
    exactCounts.set(n, counts);
  }
  let upper = 0;
  let all = 0;
  for (const [value, count] of counts) {
    all += count;
    if (value >= s) upper += count;
  }
  return upper / all;
}

/** How many permutations π of n have each value of Σ(i − π(i))², by dynamic programming over the set of images used. */
function countSquaredDistances(n: number): Map<number, number> {
  const tables: Map<number, number>[] = Array.from({ length: 1 << n }, () => new Map<number, number>());
  tables[0]!.set(0, 1);
  for (let used = 0; used < 1 << n; used++) {
    let i = 0;
    for (let bits = used; bits !== 0; bits &= bits - 1) i++;
    for (let image = 0; image < n; image++) {
      if ((used & (1 << image)) !== 0) continue;
      const next = tables[used | (1 << image)]!;
      const step = (i - image) ** 2;
      for (const [value, count] of tables[used]!)
        next.set(value + step, (next.get(value + step) ?? 0) + count);
    }
  }
  return tables[(1 << n) - 1]!;
}

/** P(S ≥ s) by the Edgeworth series of AS 89; its twelve coefficients are the publication's. */
function edgeworthUpperTail(n: number, s: number): number {
  const b = 1 / n;
  const x = ((6 * (s - 1) * b) / (n * n - 1) - 1) * Math.sqrt(n - 1);
  const y = x * x;
  const inner =
    0.2274 +
    b * (0.2531 + 0.1745 * b) +
    y *
      (-0.0758 +
        b * (0.1033 + 0.3932 * b) -
        y * b * (0.0879 + 0.0151 * b - y * (0.0072 - 0.0831 * b + y * b * (0.0131 - 4.6e-4 * y))));
  const upper = (x * b * inner) / Math.exp(y / 2) + normalSf(x);
  return Math.max(0, Math.min(1, upper));
}
