// Firth's penalised Cox regression: finite, less biased estimates when events are few or a covariate separates them
// (Firth 1993; Heinze & Schemper 2001). Not responsible for deciding when it is needed (cox.ts: `infinite`, `fewEvents`).
// Maximises ℓ(β) + ½ log|I(β)| by steps I⁻¹(U + ∂(½ log|I|)).
import type { SurvivalData } from './cox-data.js';
import { completeRows, orderRiskSets } from './cox-data.js';
import { buildDesign } from './cox-design.js';
import { penaltyGradient } from './cox-firth-penalty.js';
import { coxLikelihood, type CoxLikelihood } from './cox-likelihood.js';
import {
  factorInformation,
  invertFactored,
  isRedundant,
  logDeterminant,
  solveFactored,
  type Factor,
} from './cox-solve.js';
import type { CoefficientStatus, CoxOptions } from './cox.js';
import { log10PFromChi2, log10PFromZ } from './special.js';

export interface FirthOptions extends Pick<CoxOptions, 'ties' | 'rows' | 'names'> {
  /** Covariates to test by the penalised likelihood ratio; each costs one more fit. Default none. */
  readonly likelihoodRatio?: readonly number[];
  /** Default 100. */
  readonly maxIterations?: number;
}

/** Coefficients in the order and units of the covariates; NaN for constant and redundant ones. */
export interface FirthFit {
  readonly status: 'ok' | 'not-converged' | 'redundant' | 'no-events' | 'no-rows';
  readonly reason: string | null;
  readonly n: number;
  readonly events: number;
  readonly missing: number;
  readonly beta: Float64Array;
  /** √diag I⁻¹ at the penalised estimate. */
  readonly se: Float64Array;
  readonly z: Float64Array;
  /** Wald. */
  readonly log10P: Float64Array;
  readonly coefficientStatus: readonly CoefficientStatus[];
  /** Penalised log-likelihood ratio χ² (one degree of freedom) and its log10 p; NaN where not asked for. */
  readonly likelihoodRatio: Float64Array;
  readonly likelihoodRatioLog10P: Float64Array;
  /** Penalised log-likelihood, of the covariates as scaled internally: differences are meaningful, its level is not. */
  readonly penalisedLoglik: number;
  /** Unpenalised log-likelihood at the penalised estimate. */
  readonly loglik: number;
  readonly iterations: number;
}

const MAX_ITERATIONS = 100;
// Squared distance to the maximum in standard errors at which the iteration stops.
const DECREMENT = 1e-14;
// Longest step in one coordinate of the scaled covariates: the penalised likelihood is far from quadratic at first.
const MAX_STEP = 2;

/** Fits β. Never throws for data that cannot be fitted: see `status`. */
export function fitFirthCox(
  data: SurvivalData,
  covariates: readonly Float64Array[],
  options: FirthOptions = {},
): FirthFit {
  const { ties = 'efron', names, maxIterations = MAX_ITERATIONS } = options;
  const complete = completeRows(data, covariates, options.rows);
  const sets = orderRiskSets(data, complete.rows);
  const design = buildDesign(sets, covariates);
  const p = covariates.length;
  const nothing = (): Float64Array => new Float64Array(p).fill(NaN);
  const counts = {
    n: complete.rows.length,
    events: sets.events,
    missing: complete.missing + complete.emptyInterval + complete.nonPositiveWeight,
  };
  const result = {
    beta: nothing(),
    se: nothing(),
    z: nothing(),
    log10P: nothing(),
    likelihoodRatio: nothing(),
    likelihoodRatioLog10P: nothing(),
  };
  if (sets.events === 0) {
    const rest = { penalisedLoglik: NaN, loglik: NaN, iterations: 0 };
    const coefficientStatus = covariates.map(() => 'redundant' as const);
    if (counts.n === 0)
      return {
        status: 'no-rows',
        reason: 'no complete row',
        ...counts,
        ...result,
        coefficientStatus,
        ...rest,
      };
    const reason = `no event among ${counts.n} complete rows`;
    return { status: 'no-events', reason, ...counts, ...result, coefficientStatus, ...rest };
  }

  // Redundant columns have no penalised estimate either: log|I| is −∞ with them.
  const whole = coxLikelihood(sets, design.columns, ties);
  whole.evaluate(new Float64Array(p));
  const factorAtZero = factorInformation(whole.information, p);
  const kept = [...design.columns.keys()].filter((j) => !isRedundant(factorAtZero, j));
  const coefficientStatus = design.columns.map((_, j): CoefficientStatus => {
    if (kept.includes(j)) return 'ok';
    return design.constant[j]! ? 'constant' : 'redundant';
  });
  const likelihood =
    kept.length === p
      ? whole
      : coxLikelihood(
          sets,
          kept.map((j) => design.columns[j]!),
          ties,
        );
  const free = kept.map(() => true);
  const fit = climb(likelihood, new Float64Array(kept.length), free, maxIterations);
  kept.forEach((j, at) => {
    result.beta[j] = fit.beta[at]! * design.scale[j]!;
    result.se[j] = Math.sqrt(fit.variance[at * kept.length + at]!) * design.scale[j]!;
    result.z[j] = result.beta[j] / result.se[j];
    result.log10P[j] = log10PFromZ(result.z[j]);
  });
  let converged = fit.converged;
  for (const j of options.likelihoodRatio ?? []) {
    const at = kept.indexOf(j);
    if (at < 0) continue;
    const start = fit.beta.slice();
    start[at] = 0;
    const restricted = climb(
      likelihood,
      start,
      free.map((_, i) => i !== at),
      maxIterations,
    );
    converged &&= restricted.converged;
    const chi2 = Math.max(0, 2 * (fit.penalised - restricted.penalised));
    result.likelihoodRatio[j] = chi2;
    result.likelihoodRatioLog10P[j] = log10PFromChi2(chi2, 1);
  }
  const reasons = [...(converged ? [] : ['out of iterations']), ...listRedundant(coefficientStatus, names)];
  return {
    status: !converged ? 'not-converged' : kept.length < p ? 'redundant' : 'ok',
    reason: reasons.length > 0 ? reasons.join('; ') : null,
    ...counts,
    ...result,
    coefficientStatus,
    penalisedLoglik: fit.penalised,
    loglik: fit.loglik,
    iterations: fit.iterations,
  };
}

function listRedundant(status: readonly CoefficientStatus[], names: readonly string[] | undefined): string[] {
  const dropped = status.flatMap((s, j) => (s === 'ok' ? [] : [names?.[j] ?? `covariate ${j + 1}`]));
  return dropped.length > 0 ? [`constant or redundant: ${dropped.join(', ')}`] : [];
}

interface Climb {
  readonly beta: Float64Array;
  readonly variance: Float64Array;
  readonly loglik: number;
  readonly penalised: number;
  readonly iterations: number;
  readonly converged: boolean;
}

interface Place {
  readonly beta: Float64Array;
  readonly loglik: number;
  readonly penalised: number;
  readonly factor: Factor;
  readonly score: Float64Array;
  readonly information: Float64Array;
}

/**
 * Maximises over the free coordinates, the others held; the penalty is that of the whole information, as in logistf
 * and coxphf. L-BFGS on top of I⁻¹: with few events the penalty curves as much as the likelihood, and Fisher steps
 * alone converge slowly.
 */
function climb(
  likelihood: CoxLikelihood,
  start: Float64Array,
  free: readonly boolean[],
  maxIterations: number,
): Climb {
  let place = penalise(likelihood, start);
  let history: Pair[] = [];
  let iterations = 0;
  let converged = false;
  while (iterations < maxIterations && Number.isFinite(place.penalised)) {
    iterations++;
    let step = quasiNewtonStep(place, free, history);
    let decrement = dot(step, place.score);
    if (!(decrement > 0)) {
      history = [];
      step = freeStep(place.information, place.score, free);
      decrement = dot(step, place.score);
    }
    if (decrement < DECREMENT) {
      converged = true;
      break;
    }
    const longest = step.reduce((most, s) => Math.max(most, Math.abs(s)), 0);
    let length = Math.min(1, MAX_STEP / longest);
    let next = penalise(likelihood, move(place.beta, step, length));
    // Rounding of the log-likelihood forgives a step that is as good as level.
    const slack = 1e-12 * Math.abs(place.penalised);
    for (let halving = 0; halving < 30 && !(next.penalised >= place.penalised - slack); halving++) {
      length /= 2;
      next = penalise(likelihood, move(place.beta, step, length));
    }
    if (!(next.penalised >= place.penalised - slack)) break;
    history = remember(history, place, next, free);
    place = next;
  }
  const { beta, loglik, penalised, factor } = place;
  return { beta, loglik, penalised, variance: invertFactored(factor), iterations, converged };
}

/** A step s and the fall y of the penalised score along it, with sᵀy > 0. */
interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly sy: number;
}

const PAIRS = 8;

function remember(history: readonly Pair[], from: Place, to: Place, free: readonly boolean[]): Pair[] {
  const s = to.beta.map((b, j) => b - from.beta[j]!);
  const y = to.score.map((u, j) => (free[j]! ? from.score[j]! - u : 0));
  const sy = dot(s, y);
  // Below this the difference of two scores is rounding.
  if (!(sy > 1e-13)) return [...history];
  return [...history.slice(-(PAIRS - 1)), { s, y, sy }];
}

/** The two-loop recursion of L-BFGS (Nocedal 1980) with the present I⁻¹ in its middle. */
function quasiNewtonStep(place: Place, free: readonly boolean[], history: readonly Pair[]): Float64Array {
  const direction = place.score.map((u, j) => (free[j]! ? u : 0));
  const alpha = history.map(() => 0);
  for (let h = history.length - 1; h >= 0; h--) {
    const { s, y, sy } = history[h]!;
    alpha[h] = dot(s, direction) / sy;
    y.forEach((value, j) => (direction[j]! -= alpha[h]! * value));
  }
  const step = freeStep(place.information, direction, free);
  history.forEach(({ s, y, sy }, h) => {
    const beta = dot(y, step) / sy;
    s.forEach((value, j) => (step[j]! += (alpha[h]! - beta) * value));
  });
  return step;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}

function move(beta: Float64Array, step: Float64Array, length: number): Float64Array {
  return beta.map((b, j) => b + length * step[j]!);
}

/** I⁻¹ u over the free coordinates, zero elsewhere. */
function freeStep(information: Float64Array, score: Float64Array, free: readonly boolean[]): Float64Array {
  const p = score.length;
  const index = [...free.keys()].filter((j) => free[j]!);
  const size = index.length;
  const block = new Float64Array(size * size);
  index.forEach((a, i) =>
    index.forEach((b, k) => (block[i * size + k] = information[Math.min(a, b) * p + Math.max(a, b)]!)),
  );
  const solved = solveFactored(
    factorInformation(block, size),
    Float64Array.from(index, (a) => score[a]!),
  );
  const step = new Float64Array(p);
  index.forEach((a, i) => (step[a] = solved[i]!));
  return step;
}

function penalise(likelihood: CoxLikelihood, beta: Float64Array): Place {
  const loglik = likelihood.evaluate(beta);
  const factor = factorInformation(likelihood.information, likelihood.p);
  // A column that vanishes on the way is a step too far.
  const penalised = factor.rank === likelihood.p ? loglik + logDeterminant(factor) / 2 : NaN;
  const penalty = penaltyGradient(likelihood, invertFactored(factor));
  const score = likelihood.score.map((u, j) => u + penalty[j]!);
  return { beta, loglik, penalised, factor, score, information: likelihood.information.slice() };
}
