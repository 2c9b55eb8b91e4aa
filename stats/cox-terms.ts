// The Cox partial likelihood at one β: its logarithm, score and information, in time linear in the people.
// Not responsible for iterating (cox-newton.ts).
//
// Notation (Efron; Breslow in brackets). At a moment with m deaths D of mean weight w̄: S0, S1 = Σ r, Σ r x over
// the risk set, T0, T1 over D, r = c·exp(η), c the case weights. For l = 0 … m−1
//   φ_l = S0 − (l/m) T0,   m_l = (S1 − (l/m) T1)/φ_l        [φ = S0, m = S1/S0, once, with weight Σ_D c]
//   A = w̄ Σ 1/φ_l,  B = w̄ Σ (l/m)/φ_l,  H(t) = Σ A over the stratum's moments at or before t.
// Person i then counts v_i = r_i (H(stop) − H(start) − δ_i B(stop)), and
//   score = Σ_D c x − Σ v x,   information = Σ v x xᵀ − Σ w̄ Σ_l m_l m_lᵀ.
import type { RiskSets } from './cox-data.js';

export type Ties = 'efron' | 'breslow';

/** Per-moment quantities of one β that S0 and T0 determine. */
export interface MomentTerms {
  /** A, and B. */
  readonly jump: Float64Array;
  readonly tied: Float64Array;
  /** w̄ Σ_l φ_l⁻² (l/m)^q for q = 0, 1, 2. */
  readonly square0: Float64Array;
  readonly square1: Float64Array;
  readonly square2: Float64Array;
}

/** Per-moment and per-position quantities of one β; owned by a workspace and overwritten by the next evaluation. */
export interface Hazard extends MomentTerms {
  loglik: number;
  /** What keeps exp(η − shift) finite; nearly always 0. */
  shift: number;
  /** r = c·exp(η − shift) and v, by position. */
  readonly risk: Float64Array;
  readonly weight: Float64Array;
  /** S0 and T0 by moment. */
  readonly atRisk: Float64Array;
  readonly dying: Float64Array;
  /** H at the time of each moment; cumulative[moments] = 0 stands for "before the first event". */
  readonly cumulative: Float64Array;
}

export interface RiskSums {
  /** S1 and T1 of one column, by moment. */
  readonly all: Float64Array;
  readonly dead: Float64Array;
}

export function newMoments(sets: RiskSets): MomentTerms {
  const K = sets.moments;
  return {
    jump: new Float64Array(K),
    tied: new Float64Array(K),
    square0: new Float64Array(K),
    square1: new Float64Array(K),
    square2: new Float64Array(K),
  };
}

export function newHazard(sets: RiskSets): Hazard {
  const K = sets.moments;
  return {
    ...newMoments(sets),
    loglik: NaN,
    shift: 0,
    risk: new Float64Array(sets.n),
    weight: new Float64Array(sets.n),
    atRisk: new Float64Array(K),
    dying: new Float64Array(K),
    cumulative: new Float64Array(K + 1),
  };
}

export function newRiskSums(sets: RiskSets): RiskSums {
  return { all: new Float64Array(sets.moments), dead: new Float64Array(sets.moments) };
}

/** η = Xβ by position, into `eta`. */
export function linearPredictor(
  columns: readonly Float64Array[],
  beta: ArrayLike<number>,
  eta: Float64Array,
): void {
  eta.fill(0);
  const n = eta.length;
  let j = 0;
  for (; j + 3 < columns.length; j += 4) {
    const x0 = columns[j]!;
    const x1 = columns[j + 1]!;
    const x2 = columns[j + 2]!;
    const x3 = columns[j + 3]!;
    const b0 = beta[j]!;
    const b1 = beta[j + 1]!;
    const b2 = beta[j + 2]!;
    const b3 = beta[j + 3]!;
    for (let i = 0; i < n; i++) eta[i] = eta[i]! + b0 * x0[i]! + b1 * x1[i]! + b2 * x2[i]! + b3 * x3[i]!;
  }
  for (; j < columns.length; j++) {
    const x = columns[j]!;
    const b = beta[j]!;
    for (let i = 0; i < n; i++) eta[i]! += b * x[i]!;
  }
}

/** exp overflows near 709; η is shifted well before. The likelihood is unchanged by a common shift. */
export const LARGE_ETA = 300;

/** Everything that η determines. Returns the log-likelihood, −Infinity or NaN when η leaves double precision. */
export function evaluateHazard(sets: RiskSets, eta: Float64Array, ties: Ties, out: Hazard): number {
  const { n, weight, death, moments: K } = sets;
  const { risk } = out;
  let largest = -Infinity;
  for (let i = 0; i < n; i++) if (eta[i]! > largest) largest = eta[i]!;
  const shift = largest > LARGE_ETA ? largest - LARGE_ETA : 0;
  if (weight) for (let i = 0; i < n; i++) risk[i] = weight[i]! * Math.exp(eta[i]! - shift);
  else if (shift !== 0) for (let i = 0; i < n; i++) risk[i] = Math.exp(eta[i]! - shift);
  else for (let i = 0; i < n; i++) risk[i] = Math.exp(eta[i]!);

  let loglik = 0;
  for (const i of death) loglik += (weight ? weight[i]! : 1) * (eta[i]! - shift);
  let s0 = 0;
  for (let k = 0; k < K; k++) {
    s0 = advance(sets, k, risk, null, s0);
    let t0 = 0;
    for (let d = sets.deathBlock[k]!; d < sets.deathBlock[k + 1]!; d++) t0 += risk[death[d]!]!;
    out.atRisk[k] = s0;
    out.dying[k] = t0;
    loglik -= momentTerms(sets, k, s0, t0, ties, out);
  }
  accumulateHazard(sets, out);
  out.loglik = loglik;
  out.shift = shift;
  return loglik;
}

/** Σ r (or Σ r x) over the risk set of moment k from that of the moment before. */
function advance(sets: RiskSets, k: number, risk: Float64Array, x: Float64Array | null, sum: number): number {
  let s = sets.startsStratum[k] === 1 ? 0 : sum;
  if (sets.entry) {
    const { leave, leaveBlock, emptied } = sets.entry;
    if (emptied[k] === 1) s = 0;
    else
      for (let e = leaveBlock[k]!; e < leaveBlock[k + 1]!; e++)
        s -= risk[leave[e]!]! * (x ? x[leave[e]!]! : 1);
  }
  // Two accumulators: one would be bound by the latency of the addition.
  let even = 0;
  let odd = 0;
  let i = sets.block[k]!;
  const end = sets.block[k + 1]!;
  if (x) {
    for (; i + 1 < end; i += 2) {
      even += risk[i]! * x[i]!;
      odd += risk[i + 1]! * x[i + 1]!;
    }
    if (i < end) even += risk[i]! * x[i]!;
  } else {
    for (; i + 1 < end; i += 2) {
      even += risk[i]!;
      odd += risk[i + 1]!;
    }
    if (i < end) even += risk[i]!;
  }
  return s + even + odd;
}

/** Terms of moment k: its deaths, or one under Breslow's ties. */
export function stepsOf(sets: RiskSets, k: number, ties: Ties): number {
  const m = sets.deathBlock[k + 1]! - sets.deathBlock[k]!;
  return ties === 'breslow' ? Math.min(m, 1) : m;
}

/** Fills A, B and the squares of moment k; returns Σ w̄ log φ_l. */
export function momentTerms(
  sets: RiskSets,
  k: number,
  s0: number,
  t0: number,
  ties: Ties,
  out: MomentTerms,
): number {
  const steps = stepsOf(sets, k, ties);
  const w = sets.deathWeight[k]! / steps;
  let logs = 0;
  let jump = 0;
  let tied = 0;
  let square0 = 0;
  let square1 = 0;
  let square2 = 0;
  for (let l = 0; l < steps; l++) {
    const share = l / steps;
    const phi = s0 - share * t0;
    const inverse = w / phi;
    logs += w * Math.log(phi);
    jump += inverse;
    tied += share * inverse;
    square0 += inverse / phi;
    square1 += (share * inverse) / phi;
    square2 += (share * share * inverse) / phi;
  }
  out.jump[k] = jump;
  out.tied[k] = tied;
  out.square0[k] = square0;
  out.square1[k] = square1;
  out.square2[k] = square2;
  return logs;
}

/** H by moment and v by position, from A and B. */
export function accumulateHazard(sets: RiskSets, out: Hazard): void {
  const { moments: K, block, death, deathBlock, entry } = sets;
  const { risk, weight, cumulative, jump, tied } = out;
  cumulative[K] = 0;
  for (let k = K - 1; k >= 0; k--) {
    // Moments run back in time, and stop at the stratum's end.
    const earlier = k + 1 < K && sets.startsStratum[k + 1] === 0 ? cumulative[k + 1]! : 0;
    const h = earlier + jump[k]!;
    cumulative[k] = h;
    for (let i = block[k]!; i < block[k + 1]!; i++) weight[i] = risk[i]! * h;
    if (tied[k] !== 0) {
      for (let d = deathBlock[k]!; d < deathBlock[k + 1]!; d++)
        weight[death[d]!]! -= risk[death[d]!]! * tied[k]!;
    }
  }
  if (entry) for (const i of entry.leave) weight[i]! -= risk[i]! * cumulative[entry.until[i]!]!;
}

/** S1 and T1 of one column at the current hazard. */
export function sumRiskSets(sets: RiskSets, hazard: Hazard, x: Float64Array, out: RiskSums): void {
  const { risk } = hazard;
  let s1 = 0;
  for (let k = 0; k < sets.moments; k++) {
    s1 = advance(sets, k, risk, x, s1);
    out.all[k] = s1;
    let t1 = 0;
    for (let d = sets.deathBlock[k]!; d < sets.deathBlock[k + 1]!; d++) {
      const i = sets.death[d]!;
      t1 += risk[i]! * x[i]!;
    }
    out.dead[k] = t1;
  }
}

/** Σ_k w̄ Σ_l m_l m_lᵀ for two columns, written in S1 and T1: no sum over single deaths. */
export function meanProducts(sets: RiskSets, hazard: Hazard, a: RiskSums, b: RiskSums): number {
  const { square0, square1, square2 } = hazard;
  let sum = 0;
  for (let k = 0; k < sets.moments; k++) {
    const p = square0[k]! * a.all[k]! - square1[k]! * a.dead[k]!;
    const q = square2[k]! * a.dead[k]! - square1[k]! * a.all[k]!;
    sum += p * b.all[k]! + q * b.dead[k]!;
  }
  return sum;
}

/** Σ over deaths of c·x. */
export function sumOverDeaths(sets: RiskSets, x: Float64Array): number {
  let sum = 0;
  for (const i of sets.death) sum += (sets.weight ? sets.weight[i]! : 1) * x[i]!;
  return sum;
}
