/**
 * Bayesian ridge regression: y = Xw + b + ε, w ~ N(0, 1/λ), ε ~ N(0, 1/α), with α and λ estimated.
 *
 * - `faithful`: the fixed-point iteration of scikit-learn's BayesianRidge 1.2.1 (MacKay 1992; Tipping 2001), with its start, its
 *   hyperpriors, its stop rule (an L1 norm in the original coordinates) and therefore its `n_iter_`. At its default tolerance it has not converged.
 * - `recommended`: the maximum of the evidence, a search in one dimension over δ = λ/α. Equal to GBLUP by maximum likelihood.
 *
 * Not responsible for imputation, scaling or stacking. X is centred, never scaled: scale it before if its units are unlike.
 */
import type { Backend } from './linalg/backend.js';
import type { Matrix } from './linalg/matrix.js';
import { coordinates, type Factorisation, type ProjectedTarget } from './factorisation.js';
import { SpectralSystem, type EvidenceTerms, type RidgeSystem } from './ridge-system.js';
import { bracketedRoot } from './root.js';

export type RidgeMode = 'faithful' | 'recommended';

/** scikit-learn 1.2.1's defaults. */
export interface FaithfulOptions {
  readonly maxIterations: number;
  readonly tolerance: number;
  readonly alpha1: number;
  readonly alpha2: number;
  readonly lambda1: number;
  readonly lambda2: number;
}

export const sklearnDefaults: FaithfulOptions = {
  maxIterations: 300,
  tolerance: 1e-3,
  alpha1: 1e-6,
  alpha2: 1e-6,
  lambda1: 1e-6,
  lambda2: 1e-6,
};

/**
 * How a fit ended. All but the last three carry a usable model; those three predict the training mean.
 * - `ok`
 * - `not-converged`: faithful mode reached `maxIterations` (scikit-learn returns the model silently)
 * - `exact-fit`: X reproduces y; the noise is not identifiable and α is only a lower bound
 * - `no-signal`: the evidence grows all the way to λ = ∞; w = 0
 * - `constant-target`, `no-features` (every column constant), `too-few-rows` (n < 3)
 */
export type RidgeStatus =
  'ok' | 'not-converged' | 'exact-fit' | 'no-signal' | 'constant-target' | 'no-features' | 'too-few-rows';

export interface RidgeFit {
  readonly status: RidgeStatus;
  /** In the units of X, length p; exactly 0 for a constant column. */
  readonly coef: Float64Array;
  readonly intercept: number;
  /** Precision of the noise; null when it was not estimated (constant target, fewer than three rows). */
  readonly alpha: number | null;
  /** Precision of the coefficients; null stands for infinity: w = 0. */
  readonly lambda: number | null;
  /** scikit-learn's `n_iter_`; null in recommended mode and where nothing was iterated. */
  readonly iterations: number | null;
  /** γ = Σ αd/(λ + αd), the effective number of parameters. */
  readonly effectiveParameters: number;
  /** log p(y | α, λ) without the hyperpriors; null when α is. */
  readonly logEvidence: number | null;
}

/** Fits one projected target in the given mode. */
export function fitRidge(
  x: Factorisation,
  y: ProjectedTarget,
  mode: RidgeMode,
  options: FaithfulOptions = sklearnDefaults,
): RidgeFit {
  return fitSystem(new SpectralSystem(x, y), mode, options);
}

/** Fits one target on a feature matrix, in whatever form they come. */
export function fitSystem(
  system: RidgeSystem,
  mode: RidgeMode,
  options: FaithfulOptions = sklearnDefaults,
): RidgeFit {
  if (system.n < 3) return meanOnly(system, 'too-few-rows');
  if (system.total === 0) return meanOnly(system, 'constant-target');
  if (system.isEmpty) return withoutSignal(system, 'no-features');
  return mode === 'faithful' ? iterate(system, options) : maximiseEvidence(system);
}

function meanOnly(system: RidgeSystem, status: RidgeStatus): RidgeFit {
  const coef = new Float64Array(system.p);
  const none = { alpha: null, lambda: null, iterations: null, effectiveParameters: 0, logEvidence: null };
  return { status, coef, intercept: system.mean, ...none };
}

function withoutSignal(system: RidgeSystem, status: RidgeStatus): RidgeFit {
  const { n, total } = system;
  return { ...meanOnly(system, status), alpha: n / total, logEvidence: halfLogEvidence(n, total) };
}

/** The log evidence at w = 0: −½n(log(2π·q/n) + 1) with q = Σ(y − ȳ)². */
function halfLogEvidence(n: number, q: number): number {
  return -0.5 * n * (Math.log((2 * Math.PI * q) / n) + 1);
}

/** log p(y | α, λ), in the spectral form (MacKay 1992, eq. 4.10, without hyperpriors). */
export function logEvidence(x: Factorisation, y: ProjectedTarget, alpha: number, lambda: number): number {
  return evidenceOf(x.n, new SpectralSystem(x, y).evidence(lambda / alpha), alpha);
}

function evidenceOf(n: number, { quadratic, logDeterminant }: EvidenceTerms, alpha: number): number {
  return 0.5 * (n * Math.log(alpha / (2 * Math.PI)) - alpha * quadratic - logDeterminant);
}

function finish(
  system: RidgeSystem,
  status: RidgeStatus,
  alpha: number,
  lambda: number,
  iterations: number | null,
): RidgeFit {
  const delta = lambda / alpha;
  const coef = system.coefficients(delta);
  const terms = system.evidence(delta);
  return {
    status,
    coef,
    intercept: system.mean - system.means.reduce((sum, mean, j) => sum + mean * coef[j]!, 0),
    alpha,
    lambda,
    iterations,
    effectiveParameters: terms.effectiveParameters,
    logEvidence: evidenceOf(system.n, terms, alpha),
  };
}

// ---------------------------------------------------------------- faithful

function iterate(system: RidgeSystem, options: FaithfulOptions): RidgeFit {
  let alpha = 1 / (system.total / system.n + Number.EPSILON);
  let lambda = 1;
  let old: Float64Array | null = null;
  let iterations = 0;
  let converged = false;
  while (iterations < options.maxIterations && !converged) {
    const { point, squaredNorm, squaredError, gamma } = system.step(alpha, lambda);
    lambda = (gamma + 2 * options.lambda1) / (squaredNorm + 2 * options.lambda2);
    alpha = (system.n - gamma + 2 * options.alpha1) / (squaredError + 2 * options.alpha2);
    converged = old !== null && movedLessThan(system, old, point, options.tolerance);
    iterations++;
    old = point;
  }
  return finish(system, converged ? 'ok' : 'not-converged', alpha, lambda, iterations);
}

/**
 * Whether Σ_j |w_old − w| < tolerance in the original coordinates. ‖Δ‖₂ ≤ ‖Δ‖₁ ≤ √p‖Δ‖₂ settles nearly every iteration in O(p);
 * only between the two bounds is the vector formed, in O(p²).
 */
function movedLessThan(
  system: RidgeSystem,
  old: Float64Array,
  now: Float64Array,
  tolerance: number,
): boolean {
  const norm = system.distance(old, now);
  if (norm > tolerance * (1 + 1e-6)) return false;
  if (norm * Math.sqrt(system.p) < tolerance * (1 - 1e-6)) return true;
  return system.absoluteDistance(old, now) < tolerance;
}

// ---------------------------------------------------------------- recommended

/** Steps of log δ on the grid. The objective is smooth on the scale of the spectrum: a quarter decade misses no minimum that matters. */
const GRID_STEP = Math.LN10 / 4;
/**
 * The grid's ends relative to the mean eigenvalue per row: noise from 10⁻¹⁰ to 10¹⁰ of the features' own variance.
 * Beyond the upper end the evidence differs from that of w = 0 by less than rounding.
 */
const GRID_SPAN = 10 * Math.LN10;

function maximiseEvidence(system: RidgeSystem): RidgeFit {
  // −2·(log evidence) profiled over α, up to a constant: n·log(q/n) + Σ log(1 + d/δ), q = Σ u²δ/(d + δ) + ‖y⊥‖².
  const { n, total } = system;
  const at = (logDelta: number): EvidenceTerms => system.evidence(Math.exp(logDelta));
  const objective = (logDelta: number): number => {
    const { quadratic, logDeterminant } = at(logDelta);
    return n * Math.log(quadratic / n) + logDeterminant;
  };
  const slope = (logDelta: number): number => {
    const { quadratic, change, effectiveParameters } = at(logDelta);
    return (n * change) / quadratic - effectiveParameters;
  };
  const first = Math.log(system.meanEigenvalue) - GRID_SPAN;
  const points = Math.round((2 * GRID_SPAN) / GRID_STEP) + 1;
  const grid = Float64Array.from({ length: points }, (_, i) => objective(first + i * GRID_STEP));
  const flat = n * Math.log(total / n);
  let best = -1;
  let lowest = flat - 1e-12 * Math.abs(flat);
  for (let i = 1; i < points - 1; i++) {
    if (grid[i]! <= grid[i - 1]! && grid[i]! < grid[i + 1]! && grid[i]! < lowest) {
      best = i;
      lowest = grid[i]!;
    }
  }
  const finishAt = (logDelta: number, status: RidgeStatus): RidgeFit => {
    const alpha = n / at(logDelta).quadratic;
    return finish(system, status, alpha, Math.exp(logDelta) * alpha, null);
  };
  // Where X has rank n − 1 the objective falls like log δ as δ → 0 whatever y is, because n counts the mean and the rank does
  // not. So the lower end is compared by the restricted likelihood (n − 1 in front of log q), which is bounded there.
  const middle = first + best * GRID_STEP;
  const restricted = lowest - Math.log((best < 0 ? total : at(middle).quadratic) / n);
  if (grid[0]! < grid[1]! && grid[0]! - Math.log(at(first).quadratic / n) < restricted)
    return finishAt(first, 'exact-fit');
  if (best < 0) return withoutSignal(system, 'no-signal');
  return finishAt(bracketedRoot(slope, middle - GRID_STEP, middle + GRID_STEP), 'ok');
}

// ---------------------------------------------------------------- prediction

/** b + x·w for every row of `rows` (m × p). */
export function predictRidge(fit: Pick<RidgeFit, 'coef' | 'intercept'>, rows: Matrix): Float64Array {
  const out = new Float64Array(rows.rows);
  for (let i = 0; i < rows.rows; i++) {
    let sum = fit.intercept;
    for (let j = 0, at = i * rows.cols; j < rows.cols; j++, at++) sum += rows.data[at]! * fit.coef[j]!;
    out[i] = sum;
  }
  return out;
}

/**
 * Variance of a new observation at every row of `rows`: 1/α + x_cᵀΣx_c with x_c centred by the training means and
 * Σ = (λI + αXᵀX)⁻¹; what lies outside the span of X's rows contributes ‖x⊥‖²/λ. NaN where α was not estimated.
 * (scikit-learn 1.2.1 neither centres x nor adds the last term.)
 */
export function predictiveVariance(
  x: Factorisation,
  fit: RidgeFit,
  rows: Matrix,
  backend: Backend,
): Float64Array {
  const { alpha, lambda } = fit;
  const variances = new Float64Array(rows.rows).fill(alpha === null ? NaN : 1 / alpha);
  if (alpha === null || lambda === null) return variances;
  const { inside, outside } = coordinates(x, rows, backend);
  const r = x.values.length;
  for (let i = 0; i < rows.rows; i++) {
    let sum = outside[i]! / lambda;
    for (let k = 0; k < r; k++) sum += inside.data[i * r + k]! ** 2 / (lambda + alpha * x.values[k]!);
    variances[i]! += sum;
  }
  return variances;
}
