// One Cox proportional hazards model, with the numbers and the decisions of R's survival::coxph. Not responsible
// for many exposures at once (cox-scan.ts), penalised fits (cox-firth.ts),
// residuals (cox-residuals.ts), the test of proportionality (cox-zph.ts) or concordance (cox-concordance.ts).
import { completeRows, orderRiskSets, type CompleteRows, type SurvivalData } from './cox-data.js';
import { buildDesign, type Design } from './cox-design.js';
import { coxLikelihood, type CoxLikelihood } from './cox-likelihood.js';
import { EPS, MAX_ITERATIONS, newtonRaphson, type NewtonFit, type NewtonOptions } from './cox-newton.js';
import { robustVariance } from './cox-residuals.js';
import { factorInformation, isRedundant, solveFactored } from './cox-solve.js';
import type { Ties } from './cox-terms.js';
import { log10PFromZ } from './special.js';

/**
 * `ok`; `infinite`: the likelihood converged before a coefficient did (R's warning), or its column vanished from the
 * information as it grew (R: NA, silently; here too the coefficient is NaN), use Firth's penalty;
 * `not-converged`: out of iterations; `redundant`: a covariate is constant or a linear combination of earlier
 * ones, its coefficient is NaN, the others are good; `no-events`, `no-rows`: nothing could be fitted, all NaN.
 */
export type CoxStatus = 'ok' | 'infinite' | 'not-converged' | 'redundant' | 'no-events' | 'no-rows';

export type CoefficientStatus = 'ok' | 'infinite' | 'constant' | 'redundant';

export interface CoxOptions {
  /** Default `efron`. */
  readonly ties?: Ties;
  /** Candidate rows; all when absent. */
  readonly rows?: Int32Array;
  /** Names of the covariates, for `reason`. */
  readonly names?: readonly string[];
  /** Sandwich variance: `true` treats each row as its own cluster; codes by row name the clusters. */
  readonly robust?: true | Int32Array;
  /** R: 1e-9 and 20. */
  readonly eps?: number;
  readonly maxIterations?: number;
}

/** Coefficients are in the order and the units of the covariates. Matrices are p × p, row-major. */
export interface CoxFit {
  readonly status: CoxStatus;
  /** One sentence when the status is not `ok` or the events are few; else null. */
  readonly reason: string | null;
  /** Complete rows and their events (unweighted), and the rows left out. */
  readonly n: number;
  readonly events: number;
  readonly missing: number;
  readonly emptyInterval: number;
  readonly nonPositiveWeight: number;
  readonly beta: Float64Array;
  /** From the robust variance when that was asked for, else from the information. */
  readonly se: Float64Array;
  readonly z: Float64Array;
  /** log10 of the two-sided Wald p; never underflows. */
  readonly log10P: Float64Array;
  readonly coefficientStatus: readonly CoefficientStatus[];
  /** Inverse information (R: vcov, or naive.var when robust); zero for redundant columns. */
  readonly variance: Float64Array;
  readonly robustVariance: Float64Array | null;
  /** At β = 0 and at the estimate. */
  readonly loglikNull: number;
  readonly loglik: number;
  /** χ² of the score test at β = 0 and of the Wald test, on `degreesOfFreedom`. */
  readonly scoreTest: number;
  readonly waldTest: number;
  /** Coefficients estimated. */
  readonly degreesOfFreedom: number;
  readonly iterations: number;
  /** Fewer than ten events per estimated coefficient: use Firth's penalty. */
  readonly fewEvents: boolean;
  /** What predictLinear subtracts from each covariate: its mean over the people ever at risk, 0 for −1/0/1 columns. */
  readonly means: Float64Array;
}

export const EVENTS_PER_PARAMETER = 10;

/** A fit and what it was made of; the likelihood stands at the returned β. */
export interface SolvedCox {
  readonly complete: CompleteRows;
  readonly design: Design;
  readonly likelihood: CoxLikelihood;
  /** Null without an event. */
  readonly newton: NewtonFit | null;
}

/** Orders, scales and iterates from β = 0; the part of fitCox that other analyses of one model share. */
export function solveCox(
  data: SurvivalData,
  covariates: readonly Float64Array[],
  options: CoxOptions,
): SolvedCox {
  const { ties = 'efron', eps = EPS, maxIterations = MAX_ITERATIONS } = options;
  const complete = completeRows(data, covariates, options.rows);
  const sets = orderRiskSets(data, complete.rows);
  const design = buildDesign(sets, covariates);
  const likelihood = coxLikelihood(sets, design.columns, ties);
  if (sets.events === 0) return { complete, design, likelihood, newton: null };
  const start = new Float64Array(covariates.length);
  const newton = newtonRaphson(likelihood, start, { rule: newtonRule(data), eps, maxIterations });
  return { complete, design, likelihood, newton };
}

export function newtonRule(data: SurvivalData): NewtonOptions['rule'] {
  return data.start ? 'counting' : 'right';
}

/** Fits β. Never throws for data that cannot be fitted: see `status`. */
export function fitCox(
  data: SurvivalData,
  covariates: readonly Float64Array[],
  options: CoxOptions = {},
): CoxFit {
  const { names, eps = EPS } = options;
  const { complete, design, likelihood, newton } = solveCox(data, covariates, options);
  const { sets } = likelihood;
  const p = covariates.length;
  const counts = {
    n: complete.rows.length,
    events: sets.events,
    missing: complete.missing,
    emptyInterval: complete.emptyInterval,
    nonPositiveWeight: complete.nonPositiveWeight,
  };
  if (newton === null) return unfitted(counts, p);

  const rule = newtonRule(data);
  const inUnits = unscale(newton, design);
  const coefficientStatus = judgeCoefficients(newton, inUnits, design, rule, eps);
  const sandwich = options.robust ? robustOf(likelihood, newton, design, options.robust) : null;
  const tested = sandwich ?? inUnits.variance;
  const beta = inUnits.beta.map((b, j) => (isRedundant(newton.factor, j) ? NaN : b));
  const se = beta.map((b, j) => (Number.isNaN(b) ? NaN : Math.sqrt(tested[j * p + j]!)));
  const z = beta.map((b, j) => b / se[j]!);
  const degreesOfFreedom = Math.abs(newton.factor.rank);
  const fewEvents = sets.events < EVENTS_PER_PARAMETER * degreesOfFreedom;
  const status = judgeFit(newton, coefficientStatus);
  return {
    status,
    reason: explain(status, coefficientStatus, fewEvents, counts.events, degreesOfFreedom, names),
    ...counts,
    beta,
    se,
    z,
    log10P: z.map((value) => (Number.isNaN(value) ? NaN : log10PFromZ(value))),
    coefficientStatus,
    variance: inUnits.variance,
    robustVariance: sandwich,
    loglikNull: newton.loglikStart,
    loglik: newton.loglik,
    scoreTest: newton.scoreTest,
    waldTest: waldTest(inUnits.beta, tested),
    degreesOfFreedom,
    iterations: newton.iterations,
    fewEvents,
    means: design.mean,
  };
}

/** β and its variance in the units of the covariates. */
export function unscale(
  newton: NewtonFit,
  { scale }: Design,
): { beta: Float64Array; variance: Float64Array } {
  const p = scale.length;
  return {
    beta: newton.beta.map((b, j) => b * scale[j]!),
    variance: newton.variance.map((v, at) => v * scale[Math.floor(at / p)]! * scale[at % p]!),
  };
}

/**
 * R's test for a coefficient on its way to infinity: the step that remains, |u V|, is large beside the
 * coefficient although the likelihood has converged (coxph.fit; agreg.fit has its own constants).
 */
export function judgeCoefficients(
  newton: NewtonFit,
  inUnits: { beta: Float64Array; variance: Float64Array },
  { scale, constant }: Design,
  rule: NewtonOptions['rule'],
  eps: number,
): CoefficientStatus[] {
  const p = scale.length;
  const tolerance = Math.sqrt(eps);
  return Array.from({ length: p }, (_, j) => {
    if (newton.vanished[j]!) return 'infinite';
    if (isRedundant(newton.factor, j)) return constant[j]! ? 'constant' : 'redundant';
    let remaining = 0;
    for (let i = 0; i < p; i++) remaining += (newton.score[i]! / scale[i]!) * inUnits.variance[i * p + j]!;
    remaining = Math.abs(remaining);
    const size = Math.abs(inUnits.beta[j]!);
    const infinite =
      rule === 'right' ? remaining > eps && remaining > tolerance * size : remaining > tolerance * (1 + size);
    return newton.converged && (infinite || !Number.isFinite(remaining)) ? 'infinite' : 'ok';
  });
}

function judgeFit(newton: NewtonFit, coefficients: readonly CoefficientStatus[]): CoxStatus {
  if (!newton.converged) return 'not-converged';
  if (coefficients.includes('infinite')) return 'infinite';
  return coefficients.every((s) => s === 'ok') ? 'ok' : 'redundant';
}

function explain(
  status: CoxStatus,
  coefficients: readonly CoefficientStatus[],
  fewEvents: boolean,
  events: number,
  parameters: number,
  names: readonly string[] | undefined,
): string | null {
  const listed = (wanted: CoefficientStatus): string =>
    coefficients.flatMap((s, j) => (s === wanted ? [names?.[j] ?? `covariate ${j + 1}`] : [])).join(', ');
  const reasons: string[] = [];
  if (status === 'not-converged') reasons.push('out of iterations');
  if (coefficients.includes('infinite')) reasons.push(`coefficient may be infinite: ${listed('infinite')}`);
  if (coefficients.includes('constant')) reasons.push(`constant: ${listed('constant')}`);
  if (coefficients.includes('redundant')) {
    reasons.push(`a linear combination of the covariates before it: ${listed('redundant')}`);
  }
  if (fewEvents) reasons.push(`${events} events for ${parameters} parameters`);
  return reasons.length > 0 ? reasons.join('; ') : null;
}

function robustOf(
  likelihood: CoxLikelihood,
  newton: NewtonFit,
  { scale }: Design,
  robust: true | Int32Array,
): Float64Array {
  const p = scale.length;
  const { sets } = likelihood;
  const clusters = robust === true ? sets.order : sets.order.map((row) => robust[row]!);
  const scaled = robustVariance(likelihood, newton.variance, clusters);
  return scaled.map((v, at) => v * scale[Math.floor(at / p)]! * scale[at % p]!);
}

/** βᵀ V⁻¹ β over the estimated coefficients (R: coxph.wtest). */
function waldTest(beta: Float64Array, variance: Float64Array): number {
  const factor = factorInformation(variance, beta.length);
  const solved = solveFactored(factor, beta);
  let sum = 0;
  for (let j = 0; j < beta.length; j++) sum += beta[j]! * solved[j]!;
  return sum;
}

type Counts = Pick<CoxFit, 'n' | 'events' | 'missing' | 'emptyInterval' | 'nonPositiveWeight'>;

function unfitted(counts: Counts, p: number): CoxFit {
  const nothing = (): Float64Array => new Float64Array(p).fill(NaN);
  const status = counts.n === 0 ? 'no-rows' : 'no-events';
  return {
    status,
    reason: counts.n === 0 ? 'no complete row' : `no event among ${counts.n} complete rows`,
    ...counts,
    beta: nothing(),
    se: nothing(),
    z: nothing(),
    log10P: nothing(),
    coefficientStatus: Array.from({ length: p }, () => 'redundant' as const),
    variance: new Float64Array(p * p),
    robustVariance: null,
    loglikNull: 0,
    loglik: 0,
    scoreTest: 0,
    waldTest: 0,
    degreesOfFreedom: 0,
    iterations: 0,
    fewEvents: true,
    means: nothing(),
  };
}

/** The linear predictor x·β − mean·β of any rows, redundant coefficients taken as 0; NaN where a covariate is missing. */
export function predictLinear(fit: CoxFit, covariates: readonly Float64Array[]): Float64Array {
  const n = covariates[0]?.length ?? 0;
  const eta = new Float64Array(n);
  covariates.forEach((x, j) => {
    const b = Number.isNaN(fit.beta[j]!) ? 0 : fit.beta[j]!;
    for (let i = 0; i < n; i++) eta[i]! += b * (x[i]! - fit.means[j]!);
  });
  return eta;
}
