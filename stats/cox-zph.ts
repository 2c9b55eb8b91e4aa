// The test of proportional hazards: a score test for adding x·g(t) to a fitted Cox model (Grambsch & Therneau 1994,
// in the exact form of R survival ≥ 3.0). Not responsible for the fit itself (cox.ts) or for plots.
import type { CompleteRows, RiskSets, SurvivalData } from './cox-data.js';
import { weightedGram } from './weighted-gram.js';
import { coxLikelihood, type CoxLikelihood } from './cox-likelihood.js';
import { factorInformation, isRedundant, solveFactored } from './cox-solve.js';
import { accumulateHazard, meanProducts, newHazard, type Hazard } from './cox-terms.js';
import { solveCox, type CoxOptions } from './cox.js';
import { log10PFromChi2 } from './special.js';

/** g(t): t itself, its logarithm, its rank among all follow-up times, or 1 − Kaplan–Meier just before t (R's default). */
export type TimeTransform = 'km' | 'identity' | 'rank' | 'log';

export interface ProportionalityTest {
  /** `untestable`: no events, or the model did not converge; all numbers are NaN. */
  readonly status: 'ok' | 'untestable';
  /** χ² on one degree of freedom and log10 p by covariate; NaN where the coefficient is. */
  readonly chi2: Float64Array;
  readonly log10P: Float64Array;
  /** All covariates at once. */
  readonly globalChi2: number;
  readonly globalLog10P: number;
  readonly degreesOfFreedom: number;
}

export interface ProportionalityOptions extends Pick<CoxOptions, 'ties' | 'rows'> {
  readonly transform?: TimeTransform;
}

/** Fits the model and tests each coefficient, and all together, for change over time (R: cox.zph(fit, terms = FALSE)). */
export function testProportionality(
  data: SurvivalData,
  covariates: readonly Float64Array[],
  options: ProportionalityOptions = {},
): ProportionalityTest {
  const { transform = 'km' } = options;
  const { complete, design, likelihood, newton } = solveCox(data, covariates, options);
  const chi2 = new Float64Array(covariates.length).fill(NaN);
  if (!newton?.converged) {
    const nothing = { globalChi2: NaN, globalLog10P: NaN, degreesOfFreedom: 0 };
    return { status: 'untestable', chi2, log10P: chi2.slice(), ...nothing };
  }
  const kept = [...design.columns.keys()].filter((j) => !isRedundant(newton.factor, j));
  const reduced = coxLikelihood(
    likelihood.sets,
    kept.map((j) => design.columns[j]!),
    likelihood.ties,
  );
  reduced.evaluate(Float64Array.from(kept, (j) => newton.beta[j]!));
  const { score, information } = timeInteraction(
    reduced,
    timeWeights(data, complete, likelihood.sets, transform),
  );
  const p = kept.length;
  kept.forEach((j, at) => (chi2[j] = scoreTest(score, information, p, [at])));
  const globalChi2 = scoreTest(score, information, p, [...kept.keys()]);
  return {
    status: 'ok',
    chi2,
    log10P: chi2.map((x) => (Number.isNaN(x) ? NaN : log10PFromChi2(x, 1))),
    globalChi2,
    globalLog10P: p > 0 ? log10PFromChi2(globalChi2, p) : NaN,
    degreesOfFreedom: p,
  };
}

/** Schoenfeld residuals x_d − Σ_l m_l/m of the deaths, by input row, in the units of the likelihood's columns. */
export interface SchoenfeldResiduals {
  readonly rows: Int32Array;
  readonly time: Float64Array;
  /** One array per column, aligned with `rows`. */
  readonly residuals: readonly Float64Array[];
}

/** At the β at which the likelihood stands (R: residuals(fit, 'schoenfeld')). */
export function schoenfeldResiduals(likelihood: CoxLikelihood): SchoenfeldResiduals {
  const { sets, hazard, columns, sums } = likelihood;
  const time = new Float64Array(sets.events);
  const residuals = columns.map(() => new Float64Array(sets.events));
  for (let k = 0; k < sets.moments; k++) {
    for (let d = sets.deathBlock[k]!; d < sets.deathBlock[k + 1]!; d++) {
      time[d] = sets.time[k]!;
      columns.forEach((x, j) => {
        const { all, dead } = sums[j]!;
        const mean = (all[k]! * hazard.jump[k]! - dead[k]! * hazard.tied[k]!) / sets.deathWeight[k]!;
        residuals[j]![d] = x[sets.death[d]!]! - mean;
      });
    }
  }
  return { rows: sets.death.map((position) => sets.order[position]!), time, residuals };
}

/**
 * Score of the p added terms and the 2p × 2p information of [x, x·g(t)]. Its blocks are Σ V_k g_k^q for q = 0, 1,
 * 2: the information of the fit with the hazard jumps multiplied by g^q, so no per-moment matrix is formed.
 */
function timeInteraction(
  likelihood: CoxLikelihood,
  g: Float64Array,
): { score: Float64Array; information: Float64Array } {
  const { p, sets, hazard, columns, sums } = likelihood;
  const score = new Float64Array(p);
  const information = new Float64Array(4 * p * p);
  for (const power of [0, 1, 2]) {
    const weighted = weightByTime(sets, hazard, g, power);
    const products = new Float64Array(p);
    const gram = new Float64Array(p * p);
    weightedGram(columns, weighted.weight, products, gram);
    for (let j = 0; j < p; j++) {
      if (power === 1) score[j] = deathSum(sets, columns[j]!, g) - products[j]!;
      for (let k = j; k < p; k++) {
        const value = gram[j * p + k]! - meanProducts(sets, weighted, sums[j]!, sums[k]!);
        const [row, column] = [power === 2 ? p : 0, power === 0 ? 0 : p];
        for (const [a, b] of [
          [j, k],
          [k, j],
        ] as const) {
          information[(row + a) * 2 * p + column + b] = value;
          information[(column + b) * 2 * p + row + a] = value;
        }
      }
    }
  }
  return { score, information };
}

function weightByTime(sets: RiskSets, hazard: Hazard, g: Float64Array, power: number): Hazard {
  const weighted = newHazard(sets);
  weighted.risk.set(hazard.risk);
  for (let k = 0; k < sets.moments; k++) {
    const factor = g[k]! ** power;
    weighted.jump[k] = factor * hazard.jump[k]!;
    weighted.tied[k] = factor * hazard.tied[k]!;
    weighted.square0[k] = factor * hazard.square0[k]!;
    weighted.square1[k] = factor * hazard.square1[k]!;
    weighted.square2[k] = factor * hazard.square2[k]!;
  }
  accumulateHazard(sets, weighted);
  return weighted;
}

/** Σ over deaths of c·g·x. */
function deathSum(sets: RiskSets, x: Float64Array, g: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < sets.moments; k++) {
    for (let d = sets.deathBlock[k]!; d < sets.deathBlock[k + 1]!; d++) {
      const i = sets.death[d]!;
      sum += g[k]! * (sets.weight ? sets.weight[i]! : 1) * x[i]!;
    }
  }
  return sum;
}

/** uᵀ I⁻¹ u with u = 0 for the p fitted coefficients and the score of the tested additions. */
function scoreTest(
  score: Float64Array,
  information: Float64Array,
  p: number,
  tested: readonly number[],
): number {
  const index = [...Array.from({ length: p }, (_, j) => j), ...tested.map((j) => p + j)];
  const size = index.length;
  const matrix = new Float64Array(size * size);
  index.forEach((a, i) => index.forEach((b, k) => (matrix[i * size + k] = information[a * 2 * p + b]!)));
  const u = Float64Array.from(index, (a) => (a < p ? 0 : score[a - p]!));
  const solved = solveFactored(factorInformation(matrix, size), u);
  return u.reduce((sum, value, i) => sum + value * solved[i]!, 0);
}

// ---------------------------------------------------------------- g(t)

/** g at each moment, less its mean over the deaths. */
function timeWeights(
  data: SurvivalData,
  { rows }: CompleteRows,
  sets: RiskSets,
  transform: TimeTransform,
): Float64Array {
  const g = transformTimes(data, rows, sets.time, transform);
  let mean = 0;
  for (let k = 0; k < sets.moments; k++) {
    mean += (g[k]! * (sets.deathBlock[k + 1]! - sets.deathBlock[k]!)) / sets.events;
  }
  return g.map((value) => value - mean);
}

function transformTimes(
  data: SurvivalData,
  rows: Int32Array,
  times: Float64Array,
  transform: TimeTransform,
): Float64Array {
  if (transform === 'identity') return times;
  if (transform === 'log') return times.map(Math.log);
  const stops = Float64Array.from(rows, (i) => data.stop[i]!).sort();
  // Midrank among all follow-up times.
  if (transform === 'rank')
    return times.map((t) => (countBelow(stops, t, false) + countBelow(stops, t, true) + 1) / 2);
  const starts = data.start ? Float64Array.from(rows, (i) => data.start![i]!).sort() : null;
  const events = Float64Array.from(
    rows.filter((i) => data.event[i] === 1),
    (i) => data.stop[i]!,
  ).sort();
  const eventTimes: number[] = [];
  const survival: number[] = [1];
  for (let first = 0; first < events.length;) {
    const t = events[first]!;
    const next = countBelow(events, t, true);
    const entered = starts ? countBelow(starts, t, false) : stops.length;
    const atRisk = entered - countBelow(stops, t, false);
    eventTimes.push(t);
    survival.push(survival.at(-1)! * (1 - (next - first) / atRisk));
    first = next;
  }
  const sortedTimes = Float64Array.from(eventTimes);
  return times.map((t) => 1 - survival[countBelow(sortedTimes, t, false)]!);
}

/** How many of the sorted values are < t, or ≤ t. */
function countBelow(sorted: Float64Array, t: number, orEqual: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < t || (orEqual && sorted[middle] === t)) low = middle + 1;
    else high = middle;
  }
  return low;
}
