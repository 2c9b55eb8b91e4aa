// Many exposures, one outcome, shared covariates: the order, the risk sets and the covariates-only fit are made
// once, and each exposure is then finished by exact Newton steps from there. Not responsible for reading exposures,
// for running in parallel, or for multiple testing (fdr.ts).
import { completeRows, orderRiskSets, type RiskSets, type SurvivalData } from './cox-data.js';
import { buildDesign, gather, scaleColumn, type Design } from './cox-design.js';
import { coxLikelihood, type CoxLikelihood } from './cox-likelihood.js';
import { EPS, newtonRaphson, type NewtonFit, type NewtonOptions, type Objective } from './cox-newton.js';
import { isRedundant } from './cox-solve.js';
import { coxSweep, type CoxSweep } from './cox-sweep.js';
import type { Ties } from './cox-terms.js';
import {
  EVENTS_PER_PARAMETER,
  judgeCoefficients,
  newtonRule,
  unscale,
  type CoefficientStatus,
} from './cox.js';
import { log10PFromZ } from './special.js';

export type CoxScanStatus =
  | 'ok'
  | 'infinite'
  | 'not-converged'
  /** The exposure does not vary, or is a linear combination of the covariates, among the people at risk. */
  | 'constant'
  | 'redundant'
  | 'no-events'
  | 'no-rows';

/**
 * One exposure adjusted for the covariates. Numbers are NaN unless the status is `ok`, `infinite` or `not-converged`;
 * for `infinite` β is NaN too when its column vanished on the way (R: NA).
 */
export interface CoxScanResult {
  readonly status: CoxScanStatus;
  readonly reason: string | null;
  /** Complete rows and their events. */
  readonly n: number;
  readonly events: number;
  /** Rows left out of this model because the exposure is missing (those of the covariates are not counted here). */
  readonly missing: number;
  /** Per unit of the exposure. */
  readonly beta: number;
  readonly se: number;
  readonly z: number;
  readonly log10P: number;
  /** At β = 0 and at the estimate. */
  readonly loglikNull: number;
  readonly loglik: number;
  readonly iterations: number;
  /** Fewer than ten events per parameter: use Firth's penalty. */
  readonly fewEvents: boolean;
}

export interface CoxScanOptions {
  readonly ties?: Ties;
  readonly rows?: Int32Array;
}

export interface CoxScan {
  /** Rows complete in the survival data and the covariates, their events, and the rows left out. */
  readonly n: number;
  readonly events: number;
  readonly missing: number;
  /**
   * Fits one exposure (a value per input row, NaN missing). The result depends on nothing but the data, the
   * covariates and this exposure: bit for bit the same alone or in any batch.
   */
  fit(exposure: Float64Array): CoxScanResult;
}

// The scan starts near the answer, where R's rule on the log-likelihood alone may stop a step early; the last β
// must also be within 1e-6 standard errors of the maximum.
const DECREMENT = 1e-12;

/** Sorts the people and fits the covariates once. `data` and `covariates` are kept by reference. */
export function prepareCoxScan(
  data: SurvivalData,
  covariates: readonly Float64Array[],
  options: CoxScanOptions = {},
): CoxScan {
  const { ties = 'efron' } = options;
  const complete = completeRows(data, covariates, options.rows);
  const rule = newtonRule(data);
  const full = prepareCohort(data, complete.rows, covariates, ties);
  const base = full.sets.events > 0 ? fitCovariates(full, ties, rule) : null;

  // Exposures of one modality miss the same people: the last subset is kept, and is the same whenever it is rebuilt.
  let last: { rows: Int32Array; cohort: Cohort } | null = null;
  const subset = (rows: Int32Array): Cohort => {
    if (!last || !sameRows(last.rows, rows))
      last = { rows, cohort: prepareCohort(data, rows, covariates, ties) };
    return last.cohort;
  };

  const fit = (exposure: Float64Array): CoxScanResult => {
    const rows = observedRows(complete.rows, exposure);
    const counts = { n: rows.length, missing: complete.rows.length - rows.length };
    if (rows.length === 0) return unfitted('no-rows', 'no complete row', counts, 0);
    const cohort = counts.missing === 0 ? full : subset(rows);
    if (cohort.sets.events === 0 || base === null) {
      return unfitted('no-events', `no event among ${rows.length} complete rows`, counts, 0);
    }
    return fitExposure(cohort, base, exposure, rule, counts);
  };
  return {
    n: complete.rows.length,
    events: full.sets.events,
    missing: complete.missing + complete.emptyInterval + complete.nonPositiveWeight,
    fit,
  };
}

/** The people of a model. */
interface Cohort {
  readonly sets: RiskSets;
  /** Of the covariates. */
  readonly design: Design;
  /** Of the covariates, and the exposure as the last column. */
  readonly likelihood: CoxSweep;
  /** Log-likelihood at β = 0. */
  readonly loglikNull: number;
}

function prepareCohort(
  data: SurvivalData,
  rows: Int32Array,
  covariates: readonly Float64Array[],
  ties: Ties,
): Cohort {
  const sets = orderRiskSets(data, rows);
  const scaled = buildDesign(sets, covariates);
  const likelihood = coxSweep(sets, scaled.columns, ties);
  const loglikNull = likelihood.evaluate(new Float64Array(likelihood.p));
  // The sweep's own copy of the columns is kept, and no other.
  const design = { ...scaled, columns: likelihood.columns.slice(0, -1) };
  return { sets, design, likelihood, loglikNull };
}

/** The covariates-only fit, its likelihood left at γ̂, and γ̂ in the covariates' units. */
interface BaseFit {
  readonly cohort: Cohort;
  readonly likelihood: CoxLikelihood;
  readonly newton: NewtonFit;
  readonly gamma: Float64Array;
  /** False when the covariates alone are troublesome: then every exposure starts from zero, as R would. */
  readonly usable: boolean;
}

function fitCovariates(cohort: Cohort, ties: Ties, rule: NewtonOptions['rule']): BaseFit {
  const { sets, design, likelihood } = cohort;
  const q = design.columns.length;
  const newton = newtonRaphson(withoutLast(likelihood), new Float64Array(q), { rule, decrement: DECREMENT });
  const inUnits = unscale(newton, design);
  const judged = judgeCoefficients(newton, inUnits, design, rule, EPS);
  const usable = isClean(newton, judged);
  // The exposures start from sums that the sweep does not keep.
  const alone = coxLikelihood(sets, design.columns, ties);
  alone.evaluate(newton.beta);
  return { cohort, likelihood: alone, newton, gamma: inUnits.beta, usable };
}

/** The likelihood of all columns but the last, which is zero. */
function withoutLast(whole: CoxSweep): Objective {
  const p = whole.p - 1;
  const [score, information] = [new Float64Array(p), new Float64Array(p * p)];
  return {
    p,
    score,
    information,
    evaluate: (beta) => {
      const loglik = whole.evaluate(Float64Array.of(...beta, 0));
      score.set(whole.score.subarray(0, p));
      for (let j = 0; j < p; j++) {
        const row = j * whole.p;
        information.set(whole.information.subarray(row, row + p), j * p);
      }
      return loglik;
    },
  };
}

function fitExposure(
  cohort: Cohort,
  base: BaseFit,
  exposure: Float64Array,
  rule: NewtonOptions['rule'],
  counts: { n: number; missing: number },
): CoxScanResult {
  const { sets, design, likelihood } = cohort;
  const q = design.columns.length;
  const column = gather(exposure, sets.order, likelihood.columns[q]);
  const scaling = scaleColumn(column, sets.weight);
  if (scaling.constant) return unfitted('constant', 'the exposure is constant', counts, sets.events);
  likelihood.lastColumnChanged();
  const whole: Design = {
    columns: likelihood.columns,
    mean: Float64Array.of(...design.mean, scaling.mean),
    scale: Float64Array.of(...design.scale, scaling.scale),
    constant: [...design.constant, false],
  };

  let newton: NewtonFit | null = null;
  if (base.usable) {
    const start = new Float64Array(q + 1);
    for (let j = 0; j < q; j++) start[j] = base.gamma[j]! / design.scale[j]!;
    const objective = cohort === base.cohort ? likelihood.startingFrom(base.likelihood) : likelihood;
    newton = newtonRaphson(objective, start, { rule, decrement: DECREMENT });
  }
  let judged = newton ? judgeCoefficients(newton, unscale(newton, whole), whole, rule, EPS) : [];
  if (!newton || !isClean(newton, judged)) {
    // Where the answer is no well-defined maximum it depends on the path: take R's, from zero.
    newton = newtonRaphson(likelihood, new Float64Array(q + 1), { rule });
    judged = judgeCoefficients(newton, unscale(newton, whole), whole, rule, EPS);
  }
  if (judged[q] === 'redundant') {
    return unfitted(
      'redundant',
      'the exposure is a linear combination of the covariates',
      counts,
      sets.events,
    );
  }

  const inUnits = unscale(newton, whole);
  const parameters = Math.abs(newton.factor.rank);
  const fewEvents = sets.events < EVENTS_PER_PARAMETER * parameters;
  const status = !newton.converged ? 'not-converged' : judged.includes('infinite') ? 'infinite' : 'ok';
  const reasons: string[] = [];
  if (status === 'not-converged') reasons.push('out of iterations');
  if (judged[q] === 'infinite') reasons.push('the coefficient of the exposure may be infinite');
  else if (status === 'infinite') reasons.push('the coefficient of a covariate may be infinite');
  if (fewEvents) reasons.push(`${sets.events} events for ${parameters} parameters`);
  const beta = isRedundant(newton.factor, q) ? NaN : inUnits.beta[q]!;
  const se = Number.isNaN(beta) ? NaN : Math.sqrt(inUnits.variance[(q + 1) * (q + 1) - 1]!);
  return {
    status,
    reason: reasons.length > 0 ? reasons.join('; ') : null,
    ...counts,
    events: sets.events,
    beta,
    se,
    z: beta / se,
    log10P: Number.isNaN(beta) ? NaN : log10PFromZ(beta / se),
    loglikNull: cohort.loglikNull,
    loglik: newton.loglik,
    iterations: newton.iterations,
    fewEvents,
  };
}

/** A maximum reached without incident: the same from any start. */
function isClean(newton: NewtonFit, judged: readonly CoefficientStatus[]): boolean {
  return (
    newton.converged &&
    newton.halvings === 0 &&
    !newton.vanished.includes(true) &&
    !judged.includes('infinite')
  );
}

/** The rows where the exposure is finite; `rows` itself when that is all of them. */
function observedRows(rows: Int32Array, exposure: Float64Array): Int32Array {
  let missing = 0;
  for (let r = 0; r < rows.length; r++) if (!Number.isFinite(exposure[rows[r]!]!)) missing++;
  return missing === 0 ? rows : rows.filter((i) => Number.isFinite(exposure[i]!));
}

function sameRows(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((row, i) => row === b[i]);
}

function unfitted(
  status: CoxScanStatus,
  reason: string,
  counts: { n: number; missing: number },
  events: number,
): CoxScanResult {
  const nothing = { beta: NaN, se: NaN, z: NaN, log10P: NaN, loglikNull: NaN, loglik: NaN };
  return {
    status,
    reason,
    ...counts,
    events,
    ...nothing,
    iterations: 0,
    fewEvents: events < EVENTS_PER_PARAMETER,
  };
}
