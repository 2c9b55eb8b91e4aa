// The cumulative baseline hazard of a Cox model, as R's basehaz: Breslow's estimate, or Efron's for Efron's ties. Not
// responsible for fitting (cox.ts) or for predicting anybody's survival.
import { orderRiskSets, type SurvivalData } from './cox-data.js';
import type { Ties } from './cox-terms.js';
import { solveCox, type CoxOptions } from './cox.js';

export interface BaselineHazard {
  /** By stratum (ascending codes), then time: every distinct time at which somebody's follow-up ends. */
  readonly time: Float64Array;
  readonly stratum: Int32Array;
  /** ∫ of the hazard up to and including the time. */
  readonly cumulative: Float64Array;
}

export interface BaselineOptions extends Pick<CoxOptions, 'ties' | 'rows' | 'eps' | 'maxIterations'> {
  /**
   * Whose hazard: somebody whose covariates are all 0 (default; R: basehaz(fit, centered = FALSE)), or R's means (centered
   * = TRUE): over the complete rows, weighted where nobody enters late, 0 for columns of −1, 0 and 1 only.
   */
  readonly at?: 'zero' | 'means';
  /** How a moment with several deaths counts; as `ties` when absent (R: survfit's ctype 2 and 1). */
  readonly estimate?: Ties;
}

/**
 * Fits the model and accumulates the hazard: at a moment with deaths D it jumps by Σ_l w̄/(S0 − (l/m)T0) (Efron) or
 * Σ_D c/S0 (Breslow), in the notation of cox-terms.ts. Coefficients that do not exist count as 0, as in R; of a fit
 * that did not converge it is the hazard at the best β.
 */
export function baselineHazard(
  data: SurvivalData,
  covariates: readonly Float64Array[],
  options: BaselineOptions = {},
): BaselineHazard {
  const { ties = 'efron', estimate = ties, at = 'zero' } = options;
  const { likelihood, design, newton, complete } = solveCox(data, covariates, options);
  const { sets, hazard } = likelihood;
  // Times at which somebody is censored are listed too: a model in which every end is an event has them all.
  const everyEnd = orderRiskSets(
    { ...withoutEntry(data), event: new Uint8Array(data.stop.length).fill(1) },
    complete.rows,
  );
  const jump =
    estimate === ties ? hazard.jump : sets.deathWeight.map((deaths, k) => deaths / hazard.atRisk[k]!);
  const reached = new Float64Array(sets.moments);
  for (let k = sets.moments - 1; k >= 0; k--) {
    const earlier = k + 1 < sets.moments && sets.startsStratum[k + 1] === 0 ? reached[k + 1]! : 0;
    reached[k] = earlier + jump[k]!;
  }
  // The likelihood's η is 0 at the design's means, over the people ever at risk.
  let eta = 0;
  newton?.beta.forEach((b, j) => {
    const value =
      at === 'zero' ? 0 : meanOf(covariates[j]!, complete.rows, data.start ? undefined : data.weights);
    if (!design.constant[j]!) eta += b * design.scale[j]! * (value - design.mean[j]!);
  });
  const factor = Math.exp(eta - hazard.shift);

  const ends = everyEnd.moments;
  const time = new Float64Array(ends);
  const stratum = new Int32Array(ends);
  const cumulative = new Float64Array(ends);
  // Both lists run back in time within a stratum; R's run forward.
  let moment = 0;
  for (let first = 0; first < ends;) {
    let next = first + 1;
    while (next < ends && everyEnd.startsStratum[next] === 0) next++;
    for (let k = first; k < next; k++) {
      const out = first + (next - 1 - k);
      time[out] = everyEnd.time[k]!;
      stratum[out] = everyEnd.stratum[k]!;
      // The first moment of this stratum at or before the time.
      while (moment < sets.moments && sets.stratum[moment] === stratum[out] && sets.time[moment]! > time[out])
        moment++;
      const within = newton !== null && moment < sets.moments && sets.stratum[moment] === stratum[out];
      cumulative[out] = within ? factor * reached[moment]! : 0;
    }
    while (moment < sets.moments && sets.stratum[moment] === everyEnd.stratum[first]) moment++;
    first = next;
  }
  return { time, stratum, cumulative };
}

/** The times of entry still decide which times are the same. */
function withoutEntry(data: SurvivalData): SurvivalData {
  const { start, ...rest } = data;
  return start ? { ...rest, start: start.map(() => -Infinity) } : rest;
}

function meanOf(x: Float64Array, rows: Int32Array, weights: Float64Array | undefined): number {
  if (rows.every((i) => x[i] === 0 || x[i] === 1 || x[i] === -1)) return 0;
  let sum = 0;
  let total = 0;
  for (const i of rows) {
    const c = weights ? weights[i]! : 1;
    sum += c * x[i]!;
    total += c;
  }
  return sum / total;
}
