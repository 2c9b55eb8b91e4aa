// Newton's method with the rules of R survival's coxfit6.c (right-censored data) and agfit4.c (start, stop]: when
// to stop, when to halve a step, what to return when it fails. Not responsible for the likelihood it climbs.
import {
  factorInformation,
  invertFactored,
  isRedundant,
  solveFactored,
  TOLER_CHOL,
  type Factor,
} from './cox-solve.js';

/** One evaluation leaves score and information (p × p row-major, upper triangle) here. */
export interface Objective {
  readonly p: number;
  /** Log-likelihood at β; not finite is allowed and makes the step halve. */
  evaluate(beta: Float64Array): number;
  readonly score: Float64Array;
  readonly information: Float64Array;
}

export interface NewtonOptions {
  /** On |1 − loglik_old/loglik_new|. R: 1e-9. */
  readonly eps?: number;
  /** Also required of uᵀI⁻¹u at the returned β, the squared distance to the maximum in standard errors. R: no such rule. */
  readonly decrement?: number;
  /** R: 20. */
  readonly maxIterations?: number;
  /** R's two C routines differ in small ways. */
  readonly rule: 'right' | 'counting';
}

export interface NewtonFit {
  readonly beta: Float64Array;
  /** At the start and at β. */
  readonly loglikStart: number;
  readonly loglik: number;
  /** uᵀ I⁻¹ u at the start. */
  readonly scoreTest: number;
  readonly score: Float64Array;
  /** Inverse information at β; zero rows and columns for redundant parameters. */
  readonly variance: Float64Array;
  readonly factor: Factor;
  readonly iterations: number;
  readonly converged: boolean;
  readonly halvings: number;
  /** Columns that are redundant at β but were not at the start: they vanished as their coefficients grew. */
  readonly vanished: readonly boolean[];
}

export const EPS = 1e-9;
export const MAX_ITERATIONS = 20;

/** Maximises from `start`. Never throws: a failure is `converged: false` with the best β found. */
export function newtonRaphson(objective: Objective, start: Float64Array, options: NewtonOptions): NewtonFit {
  const { eps = EPS, decrement = Infinity, maxIterations = MAX_ITERATIONS, rule } = options;
  const { p } = objective;
  const loglikStart = objective.evaluate(start);
  let factor = factorInformation(objective.information, p, TOLER_CHOL);
  const factorAtStart = factor;
  const firstStep = solveFactored(factor, objective.score);
  const scoreTest = dot(objective.score, firstStep);

  let best: Float64Array = start.slice();
  let bestLoglik = loglikStart;
  let candidate: Float64Array = add(start, firstStep);
  let halving = 0;
  let halvings = 0;
  const finish = (beta: Float64Array, loglik: number, iterations: number, converged: boolean): NewtonFit => ({
    beta,
    loglikStart,
    loglik,
    scoreTest,
    score: objective.score.slice(),
    variance: invertFactored(factor),
    factor,
    iterations,
    converged,
    halvings,
    vanished: Array.from(start, (_, j) => isRedundant(factor, j) && !isRedundant(factorAtStart, j)),
  });
  if (!Number.isFinite(loglikStart)) return finish(best, loglikStart, 0, false);
  if (maxIterations === 0 || p === 0) return finish(best, loglikStart, 0, true);

  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    const loglik = objective.evaluate(candidate);
    factor = factorInformation(objective.information, p, TOLER_CHOL);
    const failed =
      !Number.isFinite(loglik) ||
      !objective.score.every(Number.isFinite) ||
      !objective.information.every(Number.isFinite) ||
      (rule === 'counting' && factor.rank !== factorAtStart.rank);
    const mayStop = !failed && (rule === 'right' || halving === 0);
    const step = failed ? null : solveFactored(factor, objective.score);
    const near = step !== null && (decrement === Infinity || dot(objective.score, step) <= decrement);
    // Equality first: 0/0 where nobody is left to compare a death with (R then runs out of iterations).
    const settled = loglik === bestLoglik || Math.abs(1 - bestLoglik / loglik) <= eps;
    if (mayStop && near && settled) return finish(candidate, loglik, iteration, true);
    if (step === null || loglik < bestLoglik) {
      halving++;
      halvings++;
      candidate = candidate.map((b, j) => (b + halving * best[j]!) / (halving + 1));
    } else {
      halving = 0;
      bestLoglik = loglik;
      best = candidate;
      candidate = add(candidate, step);
    }
  }
  // Out of iterations: what is returned belongs to the best β, so it is evaluated again.
  const loglik = objective.evaluate(best);
  factor = factorInformation(objective.information, p, TOLER_CHOL);
  return finish(best, loglik, maxIterations, false);
}

function add(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, j) => value + b[j]!);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}
