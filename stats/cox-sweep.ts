// The Cox partial likelihood of cox-likelihood.ts in one pass over the people, for the scan: columns live in the memory of a
// WebAssembly kernel, and no person's v is formed. Not responsible for the loops over people (cox-kernel.ts), nor for what
// only a single model asks of a likelihood (residuals, penalties).
//
// In the notation of cox-terms.ts, with S2 and T2 the sums of r x xᵀ: a person at risk counts A at each moment, so that
//   Σ v x = Σ_k A S1 − B T1,   Σ v x xᵀ = Σ_k A S2 − B T2,   Σ_D c η = β·Σ_D c x.
// Late entries leave the sums as people of negative weight, in an order of their own.
import type { RiskSets } from './cox-data.js';
import { PADDING, STRETCH, coxKernel, productAt, sweepSums } from './cox-kernel.js';
import { coxLikelihood, type CoxLikelihood } from './cox-likelihood.js';
import type { Objective } from './cox-newton.js';
import { LARGE_ETA, newMoments, momentTerms, sumOverDeaths, type Ties } from './cox-terms.js';
import { PAGE } from './wasm.js';

export interface CoxSweep extends Objective {
  /** By position; views of the kernel's memory. The last may be rewritten, and is then announced. */
  readonly columns: readonly Float64Array[];
  /** To be called when the last column has been rewritten. */
  lastColumnChanged(): void;
  /**
   * An objective whose first evaluation must be at (γ̂, 0), where `base` stands: it takes the numbers of all columns but the last
   * from there. `base` is of the same risk sets and the other columns, and stands still.
   */
  startingFrom(base: CoxLikelihood): Objective;
}

/** People who join, or leave, the running sums moment by moment. Addresses and strides are in bytes. */
interface Procession {
  /** People starts[k] … starts[k+1] pass at moment k. */
  readonly starts: Int32Array;
  readonly columns: number;
  readonly stride: number;
  readonly risk: number;
  readonly weight: number;
  /** Risks at γ̂. */
  readonly baseRisk: number;
}

/** p ≥ 1 columns: `given`, copied, and a last one of zeros. Throws RangeError when their memory is refused. */
export function coxSweep(sets: RiskSets, given: readonly Float64Array[], ties: Ties): CoxSweep {
  const { n, moments: K, entry, death, deathBlock } = sets;
  const p = given.length + 1;
  const S = sweepSums(p);
  let bytes = 0;
  const reserve = (doubles: number): number => {
    const address = bytes;
    // Whole cache lines.
    bytes += Math.ceil(doubles / 8) * 64;
    return address;
  };
  const betaAt = reserve(p);
  const sumsAt = reserve(2 * (S + 1));
  const weighted = sets.weight !== null || entry !== null;
  const procession = (starts: Int32Array, people: number): Procession => {
    const stride = Math.ceil((people + PADDING) / 8) * 64;
    const columns = reserve((p * stride) / 8);
    const [risk, baseRisk] = [reserve(stride / 8), reserve(stride / 8)];
    return { starts, columns, stride, risk, baseRisk, weight: weighted ? reserve(stride / 8) : 0 };
  };
  const joining = procession(sets.block, n);
  const leaving = entry && procession(entry.leaveBlock, entry.leave.length);

  const kernel = coxKernel(p, weighted, Math.ceil(bytes / PAGE));
  const view = (address: number, length: number): Float64Array =>
    new Float64Array(kernel.memory.buffer, address, length);
  const columns = Array.from({ length: p }, (_, j) => view(joining.columns + j * joining.stride, n));
  const leavers = Array.from({ length: leaving ? p : 0 }, (_, j) =>
    view(leaving!.columns + j * leaving!.stride, entry!.leave.length),
  );
  const takeLeavers = (j: number): void => {
    if (!entry) return;
    const [from, into] = [columns[j]!, leavers[j]!];
    entry.leave.forEach((position, e) => (into[e] = from[position]!));
  };
  const beta = view(betaAt, p);
  const sums = view(sumsAt, 2 * S);
  const largest = view(sumsAt + 16 * S, 2);
  const risk = view(joining.risk, n);
  given.forEach((column, j) => columns[j]!.set(column));
  for (let j = 0; j < p - 1; j++) takeLeavers(j);
  if (weighted) {
    const weights = view(joining.weight, n);
    if (sets.weight) weights.set(sets.weight);
    else weights.fill(1);
    const negative = leaving && view(leaving.weight, entry.leave.length);
    entry?.leave.forEach((i, e) => (negative![e] = -weights[i]!));
  }

  const deathSums = Float64Array.from(columns, (x) => sumOverDeaths(sets, x));
  const score = new Float64Array(p);
  const information = new Float64Array(p * p);
  const terms = newMoments(sets);
  const dead = new Float64Array(S);
  let shifting: CoxLikelihood | null = null;

  /** Running sums of moment k from those of the moment before. */
  const advance = (k: number, pass: (people: Procession, from: number, to: number) => void): void => {
    if (sets.startsStratum[k] === 1 || entry?.emptied[k] === 1) sums.fill(0);
    if (leaving && entry.emptied[k] === 0) stretches(leaving, k, pass);
    stretches(joining, k, pass);
  };
  const sweep = (people: Procession, from: number, to: number): void => {
    kernel.sweep(people.columns, people.stride, people.risk, people.weight, betaAt, sumsAt, from, to);
  };
  const cross = (people: Procession, from: number, to: number): void => {
    kernel.cross(people.columns, people.stride, people.baseRisk, sumsAt, from, to);
  };
  const sumOf = (vector: number): number => sums[2 * vector]! + sums[2 * vector + 1]!;

  const evaluate = (at: Float64Array): number => {
    beta.set(at);
    sums.fill(0);
    largest.fill(0);
    score.set(deathSums);
    information.fill(0);
    let loglik = 0;
    for (let j = 0; j < p; j++) loglik += at[j]! * deathSums[j]!;
    for (let k = 0; k < K; k++) {
      advance(k, sweep);
      let t0 = 0;
      for (let d = deathBlock[k]!; d < deathBlock[k + 1]!; d++) t0 += risk[death[d]!]!;
      loglik -= momentTerms(sets, k, sumOf(0), t0, ties, terms);
      addMoment(sums, p, terms.jump[k]!, terms.square0[k]!, score, information);
      // A single death has no part in its own tie.
      if (terms.tied[k] !== 0) {
        sumDeaths(k);
        takeTies(k);
      }
    }
    if (largest[0]! <= LARGE_ETA && largest[1]! <= LARGE_ETA) return loglik;
    shifting ??= coxLikelihood(sets, columns, ties);
    shifting.deathSums.set(deathSums);
    const shifted = shifting.evaluate(at);
    score.set(shifting.score);
    information.set(shifting.information);
    return shifted;
  };

  /** T1 and T2 of moment k. */
  function sumDeaths(k: number): void {
    dead.fill(0);
    for (let d = deathBlock[k]!; d < deathBlock[k + 1]!; d++) {
      const i = death[d]!;
      let q = p + 1;
      for (let j = 0; j < p; j++) {
        const rx = risk[i]! * columns[j]![i]!;
        dead[1 + j]! += rx;
        for (let k = j; k < p; k++) dead[q++]! += rx * columns[k]![i]!;
      }
    }
  }

  /** What the deaths of moment k take from the score and the information, and the products of their means with all others. */
  function takeTies(k: number): void {
    const [tied, square1, square2] = [terms.tied[k]!, terms.square1[k]!, terms.square2[k]!];
    for (let j = 0; j < p; j++) {
      const [a, ta] = [sumOf(1 + j), dead[1 + j]!];
      score[j]! += tied * ta;
      for (let l = j; l < p; l++) {
        const [b, tb] = [sumOf(1 + l), dead[1 + l]!];
        information[j * p + l]! +=
          square1 * (a * tb + b * ta) - square2 * ta * tb - tied * dead[productAt(p, j, l)]!;
      }
    }
  }

  const last = p - 1;
  const own = columns[last]!;
  const startAt = (base: CoxLikelihood): number => {
    const { hazard } = base;
    const products = new Float64Array(p);
    const means = new Float64Array(p);
    let weightedSum = 0;
    sums.fill(0);
    for (let k = 0; k < K; k++) {
      advance(k, cross);
      let t1 = 0;
      const [jump, tied] = [hazard.jump[k]!, hazard.tied[k]!];
      for (let d = deathBlock[k]!; d < deathBlock[k + 1]!; d++) {
        const rx = hazard.risk[death[d]!]! * own[death[d]!]!;
        t1 += rx;
        if (tied !== 0) for (let j = 0; j < p; j++) products[j]! -= tied * rx * columns[j]![death[d]!]!;
      }
      const s1 = sumOf(p);
      weightedSum += jump * s1 - tied * t1;
      const byAll = hazard.square0[k]! * s1 - hazard.square1[k]! * t1;
      const byDead = hazard.square2[k]! * t1 - hazard.square1[k]! * s1;
      for (let j = 0; j < last; j++) {
        products[j]! += jump * sumOf(j);
        means[j]! += byAll * base.sums[j]!.all[k]! + byDead * base.sums[j]!.dead[k]!;
      }
      products[last]! += jump * sumOf(last);
      means[last]! += byAll * s1 + byDead * t1;
    }
    for (let j = 0; j < last; j++) {
      score[j] = base.score[j]!;
      for (let k = j; k < last; k++) information[j * p + k] = base.information[j * last + k]!;
    }
    score[last] = deathSums[last]! - weightedSum;
    for (let j = 0; j < p; j++) information[j * p + last] = products[j]! - means[j]!;
    return hazard.loglik;
  };

  let standing: CoxLikelihood | null = null;
  return {
    p,
    columns,
    score,
    information,
    evaluate,
    lastColumnChanged: () => {
      deathSums[last] = sumOverDeaths(sets, own);
      takeLeavers(last);
    },
    startingFrom: (base) => {
      if (standing !== base) {
        view(joining.baseRisk, n).set(base.hazard.risk);
        const into = leaving && view(leaving.baseRisk, entry.leave.length);
        entry?.leave.forEach((i, e) => (into![e] = -base.hazard.risk[i]!));
        standing = base;
      }
      let first = true;
      const evaluateFrom = (at: Float64Array): number => {
        if (!first) return evaluate(at);
        first = false;
        return startAt(base);
      };
      return { p, score, information, evaluate: evaluateFrom };
    },
  };
}

/** Passes the people of moment k, a stretch at a time. */
function stretches(
  people: Procession,
  k: number,
  pass: (people: Procession, from: number, to: number) => void,
): void {
  const end = 8 * people.starts[k + 1]!;
  for (let from = 8 * people.starts[k]!; from < end; from += 8 * STRETCH) {
    pass(people, from, Math.min(end, from + 8 * STRETCH));
  }
}

/** score −= A S1 and information += A S2 − (w̄ Σ_l φ_l⁻²) S1 S1ᵀ. */
function addMoment(
  sums: Float64Array,
  p: number,
  jump: number,
  square: number,
  score: Float64Array,
  information: Float64Array,
): void {
  let at = 2 * (p + 1);
  for (let j = 0; j < p; j++) {
    const s = sums[2 + 2 * j]! + sums[3 + 2 * j]!;
    score[j]! -= jump * s;
    const scaled = square * s;
    for (let k = j; k < p; k++, at += 2) {
      information[j * p + k]! +=
        jump * (sums[at]! + sums[at + 1]!) - scaled * (sums[2 + 2 * k]! + sums[3 + 2 * k]!);
    }
  }
}
