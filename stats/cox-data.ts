// Survival data and the order in which a Cox likelihood visits them: strata, tied times, risk sets (start, stop].
// Not responsible for covariates (cox-design.ts) or for any likelihood (cox-terms.ts).

/** One entry per person (or per interval of a person). NaN in any of them leaves the row out, counted. */
export interface SurvivalData {
  /** Event or censoring time, any unit. */
  readonly stop: Float64Array;
  /** 1 at an event, 0 when censored; NaN when unknown. */
  readonly event: ArrayLike<number>;
  /** Left truncation: at risk only after this time. A row with start ≥ stop is left out, counted, as in R. */
  readonly start?: Float64Array;
  /** Stratum codes, any integers: each stratum has its own baseline hazard. */
  readonly strata?: Int32Array;
  /** Case weights, > 0. A row with a weight ≤ 0 is left out, counted (R stops). */
  readonly weights?: Float64Array;
}

/** The rows of a model and why others were left out. */
export interface CompleteRows {
  readonly rows: Int32Array;
  readonly missing: number;
  /** start ≥ stop. */
  readonly emptyInterval: number;
  readonly nonPositiveWeight: number;
}

/**
 * Rows in risk-set order. "Position" is a place in this order: by stratum, then stop time descending, so that the
 * risk set of an event time is a prefix of its stratum, less those who have not entered yet.
 * "Moment" is one distinct event time of one stratum, in the same order (time descending within a stratum).
 * Rows at risk at no moment have no position: they do not touch the likelihood.
 */
export interface RiskSets {
  /** Positions. */
  readonly n: number;
  /** Input row of each position. */
  readonly order: Int32Array;
  /** Case weight by position; null when all are 1. */
  readonly weight: Float64Array | null;
  /** Moments. */
  readonly moments: number;
  readonly events: number;
  /** Time and stratum code of each moment. */
  readonly time: Float64Array;
  readonly stratum: Int32Array;
  /** Positions block[k] … block[k+1] join the risk set at moment k. Length moments + 1. */
  readonly block: Int32Array;
  /** 1 where moment k is the first of its stratum: running sums start anew. */
  readonly startsStratum: Uint8Array;
  /** Positions of the deaths of moment k: death[deathBlock[k]] … death[deathBlock[k+1]]. */
  readonly death: Int32Array;
  readonly deathBlock: Int32Array;
  /** Sum of the deaths' weights at moment k. */
  readonly deathWeight: Float64Array;
  /** Left truncation; null when nobody enters late. */
  readonly entry: LateEntry | null;
}

export interface LateEntry {
  /** Positions leave[leaveBlock[k]] … leave[leaveBlock[k+1]] were not yet at risk at moment k or before it in time. */
  readonly leave: Int32Array;
  readonly leaveBlock: Int32Array;
  /** First moment at which a position is no longer at risk, going back in time; `moments` when it never leaves. */
  readonly until: Int32Array;
  /** 1 where nobody is left at moment k before its block joins: sums restart at zero, free of rounding (as R does). */
  readonly emptied: Uint8Array;
}

/**
 * Rows among `candidates` (all when absent) complete in the survival data and finite in every covariate.
 * Throws for an event outside {0, 1}: the caller validates its tables.
 */
export function completeRows(
  data: SurvivalData,
  covariates: readonly Float64Array[],
  candidates?: Int32Array,
): CompleteRows {
  const { stop, event, start, weights } = data;
  const count = candidates?.length ?? stop.length;
  const rows = new Int32Array(count);
  let kept = 0;
  let missing = 0;
  let emptyInterval = 0;
  let nonPositiveWeight = 0;
  for (let c = 0; c < count; c++) {
    const i = candidates ? candidates[c]! : c;
    const status = event[i]!;
    const from = start ? start[i]! : -Infinity;
    const weight = weights ? weights[i]! : 1;
    let complete = !(
      Number.isNaN(stop[i]!) ||
      Number.isNaN(status) ||
      Number.isNaN(from) ||
      Number.isNaN(weight)
    );
    for (let j = 0; complete && j < covariates.length; j++) complete = Number.isFinite(covariates[j]![i]!);
    if (!complete) missing++;
    else if (status !== 0 && status !== 1)
      throw new Error(`internal error: event must be 0 or 1, got ${status}`);
    else if (from >= stop[i]!) emptyInterval++;
    else if (weight <= 0) nonPositiveWeight++;
    else rows[kept++] = i;
  }
  return { rows: rows.slice(0, kept), missing, emptyInterval, nonPositiveWeight };
}

/**
 * Orders `rows` of the data. Times closer than √ε, absolutely or relative to the mean distinct time, are ties
 * (R: survival::aeqSurv; an interval that this makes empty is never at risk here, where R stops).
 */
export function orderRiskSets(data: SurvivalData, rows: Int32Array): RiskSets {
  const { cuts, rankOf } = timeScale(data, rows);
  const stopRank = rows.map((i) => rankOf(data.stop[i]!));
  const { start } = data;
  const startRank = start ? rows.map((i) => rankOf(start[i]!)) : null;
  const strata = denseStrata(data.strata, rows);

  const byTime = countingSort(identity(rows.length), stopRank, cuts.length, true);
  const sorted =
    strata.codes.length > 1 ? countingSort(byTime, strata.of, strata.codes.length, false) : byTime;
  const moments = listMoments(data, rows, sorted, stopRank, strata);
  const joins = momentsUpTo(moments, strata, stopRank, cuts.length);
  const leaves = startRank && momentsUpTo(moments, strata, startRank, cuts.length);
  const atRisk = sorted.filter((r) => joins[r]! < (leaves ? leaves[r]! : moments.end[strata.of[r]!]!));

  const n = atRisk.length;
  const order = atRisk.map((r) => rows[r]!);
  const K = moments.rank.length;
  const { weights } = data;
  const weight = weights ? Float64Array.from(order, (i) => weights[i]!) : null;
  const deaths = listDeaths(data, order, weight, atRisk, joins, K);
  return {
    n,
    order,
    weight: weight?.every((w) => w === 1) ? null : weight,
    moments: K,
    events: deaths.death.length,
    time: Float64Array.from(moments.rank, (rank) => cuts[rank]!),
    stratum: moments.stratum.map((s) => strata.codes[s]!),
    block: blockStarts(atRisk, joins, K),
    startsStratum: moments.stratum.reduce((starts, s, k) => {
      starts[k] = k === 0 || s !== moments.stratum[k - 1] ? 1 : 0;
      return starts;
    }, new Uint8Array(K)),
    ...deaths,
    entry: leaves ? lateEntry(atRisk, joins, leaves, moments, strata) : null,
  };
}

// ---------------------------------------------------------------- times and strata

/** Times as ranks. */
interface TimeScale {
  /** Sorted distinct times, near-equal ones merged into the first of their chain; ±Infinity are ordinary times. */
  readonly cuts: Float64Array;
  /** Index of the last cut ≤ a time that occurs. */
  readonly rankOf: (time: number) => number;
}

/** Follow-up in days has hundreds of people at a time: then a table of the times that occur is faster than sorting all. */
const PEOPLE_AT_A_TIME = 8;

function timeScale({ stop, start }: SurvivalData, rows: Int32Array): TimeScale {
  const tolerance = Math.sqrt(Number.EPSILON);
  const occurring = new Set<number>();
  const most = rows.length / PEOPLE_AT_A_TIME;
  for (let r = 0; r < rows.length && occurring.size <= most; r++) {
    occurring.add(stop[rows[r]!]!);
    if (start) occurring.add(start[rows[r]!]!);
  }
  const isTable = occurring.size <= most;
  const distinct = isTable ? Float64Array.from(occurring).sort() : sortedTimes(stop, start, rows);
  const finite = distinct.filter((t) => Number.isFinite(t));
  const meanAbs = finite.reduce((sum, t) => sum + Math.abs(t), 0) / finite.length;
  const cuts = distinct.filter((t, i) => {
    const gap = i === 0 ? Infinity : t - distinct[i - 1]!;
    return gap > tolerance && gap / meanAbs > tolerance;
  });
  if (!isTable) return { cuts, rankOf: (time) => lastUpTo(cuts, time) };
  const rankAt = new Map(Array.from(distinct, (time) => [time, lastUpTo(cuts, time)]));
  return { cuts, rankOf: (time) => rankAt.get(time)! };
}

function sortedTimes(stop: Float64Array, start: Float64Array | undefined, rows: Int32Array): Float64Array {
  const times = new Float64Array(rows.length * (start ? 2 : 1));
  let at = 0;
  for (const i of rows) {
    times[at++] = stop[i]!;
    if (start) times[at++] = start[i]!;
  }
  times.sort();
  return times.filter((t, i) => i === 0 || t !== times[i - 1]);
}

function lastUpTo(cuts: Float64Array, time: number): number {
  let low = 0;
  let high = cuts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (cuts[middle]! <= time) low = middle;
    else high = middle;
  }
  return low;
}

interface Strata {
  /** Distinct codes, ascending, and each row's index among them. */
  readonly codes: Int32Array;
  readonly of: Int32Array;
}

function denseStrata(strata: Int32Array | undefined, rows: Int32Array): Strata {
  if (!strata) return { codes: Int32Array.of(0), of: new Int32Array(rows.length) };
  const codes = Int32Array.from(new Set(rows.map((i) => strata[i]!))).sort();
  const index = new Map(Array.from(codes, (code, s) => [code, s]));
  return { codes, of: rows.map((i) => index.get(strata[i]!)!) };
}

function identity(n: number): Int32Array {
  const items = new Int32Array(n);
  for (let i = 0; i < n; i++) items[i] = i;
  return items;
}

/** Stable sort of `items` by key[item] in [0, keys). */
function countingSort(items: Int32Array, key: Int32Array, keys: number, descending: boolean): Int32Array {
  const bucket = (item: number): number => (descending ? keys - 1 - key[item]! : key[item]!);
  const start = new Int32Array(keys + 1);
  for (const item of items) start[bucket(item) + 1]!++;
  for (let b = 0; b < keys; b++) start[b + 1]! += start[b]!;
  const sorted = new Int32Array(items.length);
  for (const item of items) sorted[start[bucket(item)]!++] = item;
  return sorted;
}

// ---------------------------------------------------------------- moments

interface Moments {
  readonly rank: Int32Array;
  readonly stratum: Int32Array;
  /** Moments begin[s] … end[s] belong to stratum s. */
  readonly begin: Int32Array;
  readonly end: Int32Array;
}

function listMoments(
  data: SurvivalData,
  rows: Int32Array,
  sorted: Int32Array,
  stopRank: Int32Array,
  strata: Strata,
): Moments {
  const rank: number[] = [];
  const stratum: number[] = [];
  const begin = new Int32Array(strata.codes.length);
  const end = new Int32Array(strata.codes.length);
  for (const r of sorted) {
    if (data.event[rows[r]!] !== 1) continue;
    const s = strata.of[r]!;
    if (rank.length > 0 && rank.at(-1) === stopRank[r] && stratum.at(-1) === s) continue;
    if (stratum.at(-1) !== s) begin[s] = rank.length;
    rank.push(stopRank[r]!);
    stratum.push(s);
    end[s] = rank.length;
  }
  return { rank: Int32Array.from(rank), stratum: Int32Array.from(stratum), begin, end };
}

/** `firstMomentUpTo` of each row; by rank where there is one stratum. */
function momentsUpTo(moments: Moments, strata: Strata, ranks: Int32Array, count: number): Int32Array {
  if (strata.codes.length > 1) return ranks.map((rank, r) => firstMomentUpTo(moments, strata.of[r]!, rank));
  const ofRank = identity(count).map((rank) => firstMomentUpTo(moments, 0, rank));
  return ranks.map((rank) => ofRank[rank]!);
}

/** First moment of stratum s, in the order of the risk sets, whose time is at or before `rank`; end[s] if none. */
function firstMomentUpTo(moments: Moments, s: number, rank: number): number {
  let low = moments.begin[s]!;
  let high = moments.end[s]!;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (moments.rank[middle]! <= rank) high = middle;
    else low = middle + 1;
  }
  return low;
}

function blockStarts(atRisk: Int32Array, joins: Int32Array, K: number): Int32Array {
  const block = new Int32Array(K + 1);
  for (const r of atRisk) block[joins[r]! + 1]!++;
  for (let k = 0; k < K; k++) block[k + 1]! += block[k]!;
  return block;
}

function listDeaths(
  data: SurvivalData,
  order: Int32Array,
  weight: Float64Array | null,
  atRisk: Int32Array,
  joins: Int32Array,
  K: number,
): Pick<RiskSets, 'death' | 'deathBlock' | 'deathWeight'> {
  const death: number[] = [];
  const deathBlock = new Int32Array(K + 1);
  const deathWeight = new Float64Array(K);
  for (let position = 0; position < order.length; position++) {
    if (data.event[order[position]!] !== 1) continue;
    const k = joins[atRisk[position]!]!;
    death.push(position);
    deathBlock[k + 1]!++;
    deathWeight[k]! += weight ? weight[position]! : 1;
  }
  for (let k = 0; k < K; k++) deathBlock[k + 1]! += deathBlock[k]!;
  return { death: Int32Array.from(death), deathBlock, deathWeight };
}

function lateEntry(
  atRisk: Int32Array,
  joins: Int32Array,
  leaves: Int32Array,
  moments: Moments,
  strata: Strata,
): LateEntry | null {
  const K = moments.rank.length;
  const until = atRisk.map((r) => (leaves[r]! === moments.end[strata.of[r]!]! ? K : leaves[r]!));
  if (until.every((k) => k === K)) return null;
  const byMoment = countingSort(identity(atRisk.length), until, K + 1, false);
  const leaveBlock = new Int32Array(K + 1);
  const joining = new Int32Array(K);
  until.forEach((k, position) => {
    if (k < K) leaveBlock[k + 1]!++;
    joining[joins[atRisk[position]!]!]!++;
  });
  const emptied = new Uint8Array(K);
  let present = 0;
  for (let k = 0; k < K; k++) {
    if (k > 0 && moments.stratum[k] !== moments.stratum[k - 1]) present = 0;
    present -= leaveBlock[k + 1]!;
    emptied[k] = present === 0 ? 1 : 0;
    present += joining[k]!;
    leaveBlock[k + 1]! += leaveBlock[k]!;
  }
  return { leave: byMoment.subarray(0, leaveBlock[K]), leaveBlock, until, emptied };
}
