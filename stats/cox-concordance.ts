// Harrell's concordance of a risk score with survival: among pairs that can be ordered in time, how often the
// higher score has the earlier event. Not responsible for making the score, nor for inference about C.
import { completeRows, orderRiskSets, type RiskSets, type SurvivalData } from './cox-data.js';
import { gather } from './cox-design.js';

/**
 * Weighted counts of pairs within strata, as R's concordance(reverse = TRUE): a pair is comparable when one has
 * an event while the other is at risk, in (start, stop], and stays longer (or is censored at that time).
 */
export interface Concordance {
  readonly concordant: number;
  readonly discordant: number;
  /** Equal scores; equal event times with different scores; both equal. */
  readonly tiedScore: number;
  readonly tiedTime: number;
  readonly tiedBoth: number;
  /** (concordant + tiedScore/2) over all comparable pairs; NaN without any. */
  readonly c: number;
}

/** `score` by input row, higher = earlier event expected (a linear predictor); NaN rows are left out. O(n log n). */
export function concordance(data: SurvivalData, score: Float64Array, rows?: Int32Array): Concordance {
  const sets = orderRiskSets(data, completeRows(data, [score], rows).rows);
  const total = { concordant: 0, discordant: 0, tiedScore: 0, tiedTime: 0, tiedBoth: 0 };
  const values = gather(score, sets.order);
  for (let first = 0; first < sets.moments;) {
    let end = first + 1;
    while (end < sets.moments && sets.startsStratum[end] === 0) end++;
    countStratum(sets, values, first, end, total);
    first = end;
  }
  const { concordant, discordant, tiedScore } = total;
  return { ...total, c: (concordant + tiedScore / 2) / (concordant + discordant + tiedScore) };
}

type Counts = { -readonly [K in Exclude<keyof Concordance, 'c'>]: number };

function countStratum(sets: RiskSets, score: Float64Array, first: number, end: number, total: Counts): void {
  const { block, death, deathBlock, entry } = sets;
  const from = block[first]!;
  const stratumScores = score.slice(from, block[end]);
  const distinct = stratumScores
    .slice()
    .sort()
    .filter((v, i, all) => i === 0 || v !== all[i - 1]);
  const rank = stratumScores.map((v) => rankIn(distinct, v));
  const present = new WeightTree(distinct.length);
  const rankOf = (position: number): number => rank[position - from]!;
  const weightOf = (position: number): number => (sets.weight ? sets.weight[position]! : 1);

  for (let k = first; k < end; k++) {
    if (entry) {
      for (let e = entry.leaveBlock[k]!; e < entry.leaveBlock[k + 1]!; e++) {
        const position = entry.leave[e]!;
        present.add(rankOf(position), -weightOf(position));
      }
    }
    const deaths = death.subarray(deathBlock[k], deathBlock[k + 1]);
    for (let i = block[k]!; i < block[k + 1]!; i++) present.add(rankOf(i), weightOf(i));
    for (const d of deaths) present.add(rankOf(d), -weightOf(d));
    for (const d of deaths) {
      const below = present.sumBelow(rankOf(d));
      const upTo = present.sumBelow(rankOf(d) + 1);
      total.concordant += weightOf(d) * below;
      total.tiedScore += weightOf(d) * (upTo - below);
      total.discordant += weightOf(d) * (present.total - upTo);
    }
    countTiedDeaths(deaths, rankOf, weightOf, total);
    for (const d of deaths) present.add(rankOf(d), weightOf(d));
  }
}

/** Pairs of deaths at one time: Σ_{a<b} w_a w_b, split by equal or different scores. */
function countTiedDeaths(
  deaths: Int32Array,
  rankOf: (position: number) => number,
  weightOf: (position: number) => number,
  total: Counts,
): void {
  if (deaths.length < 2) return;
  const byRank = new Map<number, { sum: number; squares: number }>();
  let sum = 0;
  let squares = 0;
  for (const d of deaths) {
    const w = weightOf(d);
    const group = byRank.get(rankOf(d)) ?? { sum: 0, squares: 0 };
    group.sum += w;
    group.squares += w * w;
    byRank.set(rankOf(d), group);
    sum += w;
    squares += w * w;
  }
  let equal = 0;
  for (const group of byRank.values()) equal += (group.sum ** 2 - group.squares) / 2;
  total.tiedBoth += equal;
  total.tiedTime += (sum ** 2 - squares) / 2 - equal;
}

function rankIn(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A Fenwick tree: weights at ranks 0 … size − 1, with sums of a prefix in O(log size). */
class WeightTree {
  readonly #nodes: Float64Array;
  total = 0;

  constructor(size: number) {
    this.#nodes = new Float64Array(size + 1);
  }

  add(rank: number, weight: number): void {
    this.total += weight;
    for (let i = rank + 1; i < this.#nodes.length; i += i & -i) this.#nodes[i]! += weight;
  }

  /** Weight at ranks < rank. */
  sumBelow(rank: number): number {
    let sum = 0;
    for (let i = rank; i > 0; i -= i & -i) sum += this.#nodes[i]!;
    return sum;
  }
}
