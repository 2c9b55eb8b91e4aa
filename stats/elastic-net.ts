// Ridge, LASSO and elastic net along a path of penalties, with glmnet's objective and scaling. Works on centred second
// moments (XᵀX, Xᵀy), so people enter once, whatever the number of targets and penalties. Not responsible for forming the
// moments (moments.ts, elastic-net-columns.ts) or for choosing a penalty (lambda-choice.ts).
//
// Minimises (1/2n)‖y − b − Xβ‖² + λ[α‖β‖₁ + (1−α)/(2 s)·‖β‖²], s the SD of y (ddof 0), β in units of columns scaled
// to SD 1 when `standardize`. The 1/s is glmnet's: it scales y to SD 1 before it applies one λ to both parts.
import { lambdaSequence } from './lambda-choice.js';
import type { Backend } from './linalg/backend.js';
import { matrix, type Matrix } from './linalg/matrix.js';
import { descend, startDescent } from './quadratic-l1.js';

/** XᵀX about the training means (p × p), as centredMoments makes it. */
export interface DesignMoments {
  readonly n: number;
  readonly means: Float64Array;
  readonly gram: Matrix;
}

/** Mean of y, Σ(y − ȳ)² and Xᵀ(y − ȳ). */
export interface TargetMoments {
  readonly mean: number;
  readonly total: number;
  readonly cross: Float64Array;
}

export interface ElasticNetOptions {
  /** Mixing: 1 LASSO (default), 0 ridge. */
  readonly alpha?: number;
  /** Penalties, descending. When absent: `count` of them from the one at which every coefficient is zero (α ≥ 0.001). */
  readonly lambdas?: Float64Array;
  /** Default 100. */
  readonly count?: number;
  /** Smallest over largest λ; default 1e-4, or 0.01 when n < p. */
  readonly ratio?: number;
  /** glmnet's thresh: the largest Σx²·Δβ²/n of a sweep, y at SD 1. Default 1e-14. */
  readonly tolerance?: number;
  /** Sweeps per penalty. Default 1,000. */
  readonly maxSweeps?: number;
}

export interface ElasticNetPath {
  /** `constant-target`: y does not vary (or n = 0); all coefficients are 0, the intercept is the mean. */
  readonly status: 'ok' | 'constant-target';
  readonly lambdas: Float64Array;
  /** By penalty; coefficients in the units of the columns. */
  readonly intercepts: Float64Array;
  readonly coefficients: readonly Float64Array[];
  readonly nonZero: Int32Array;
  /** Training R². */
  readonly explained: Float64Array;
  /** False where the sweeps ran out: the coefficients are the best found. */
  readonly converged: readonly boolean[];
}

/** What all targets share. */
export interface ElasticNetDesign {
  readonly n: number;
  readonly p: number;
  readonly means: Float64Array;
  /** SD of each column (ddof 0), or 1 without standardising; 0 for a constant column, which gets coefficient 0. */
  readonly scale: Float64Array;
  /** XᵀX/n of the scaled columns. */
  readonly gram: Matrix;
  readonly backend: Backend;
  /** Eigen-decomposition of `gram`, for ridge; made when first asked for. */
  spectrum(): { readonly values: Float64Array; readonly vectors: Matrix };
}

export function prepareElasticNet(
  moments: DesignMoments,
  backend: Backend,
  standardize = true,
): ElasticNetDesign {
  const { n, means } = moments;
  const p = means.length;
  const scale = means.map((mean, j) => {
    const variance = moments.gram.data[j * p + j]! / n;
    // What rounding leaves of a constant column is no spread.
    const constant = !(variance > (64 * Number.EPSILON * mean) ** 2);
    if (constant) return 0;
    return standardize ? Math.sqrt(variance) : 1;
  });
  const gram = matrix(p, p);
  for (let i = 0; i < p; i++) {
    for (let j = 0; j < p; j++) {
      const product = scale[i]! * scale[j]!;
      if (product > 0) gram.data[i * p + j] = moments.gram.data[i * p + j]! / (n * product);
    }
  }
  let spectrum: { values: Float64Array; vectors: Matrix } | null = null;
  return { n, p, means, scale, gram, backend, spectrum: () => (spectrum ??= backend.eigenSymmetric(gram)) };
}

/** The path of one target. Depends on the design, the target and the options only. */
export function elasticNetPath(
  design: ElasticNetDesign,
  target: TargetMoments,
  options: ElasticNetOptions = {},
): ElasticNetPath {
  const { n, p, scale } = design;
  const { alpha = 1, count = 100, ratio = n < p ? 0.01 : 1e-4 } = options;
  if (!(alpha >= 0 && alpha <= 1)) throw new Error(`internal error: alpha lies in [0, 1], got ${alpha}`);
  const sd = Math.sqrt(target.total / n);
  const constant = !(sd > 64 * Number.EPSILON * Math.abs(target.mean));
  const cross = target.cross.map((c, j) => (scale[j]! > 0 && !constant ? c / (n * scale[j]! * sd) : 0));
  const largest = (sd * cross.reduce((most, c) => Math.max(most, Math.abs(c)), 0)) / Math.max(alpha, 1e-3);
  const lambdas = options.lambdas ?? lambdaSequence(largest > 0 ? largest : 1, count, ratio);
  const path = {
    lambdas,
    intercepts: new Float64Array(lambdas.length).fill(target.mean),
    coefficients: Array.from(lambdas, () => new Float64Array(p)),
    nonZero: new Int32Array(lambdas.length),
    explained: new Float64Array(lambdas.length),
    converged: Array.from(lambdas, () => true),
  };
  if (constant) return { status: 'constant-target', ...path };

  const { tolerance = 1e-14, maxSweeps = 1000 } = options;
  const { gram, backend } = design;
  const descent = startDescent({ gram, cross }, new Float64Array(p));
  lambdas.forEach((lambda, l) => {
    // In units of y at SD 1.
    const penalty = lambda / sd;
    if (alpha === 0) ridge(design, cross, penalty, descent.z);
    else {
      const problem = {
        gram,
        cross,
        l1: new Float64Array(p).fill(penalty * alpha),
        l2: penalty * (1 - alpha),
      };
      path.converged[l] = descend(problem, descent, { tolerance, maxSweeps }, backend);
    }
    const beta = path.coefficients[l]!;
    let explained = 0;
    for (let j = 0; j < p; j++) {
      const b = descent.z[j]!;
      if (b === 0) continue;
      beta[j] = (b * sd) / scale[j]!;
      path.intercepts[l]! -= beta[j]! * design.means[j]!;
      path.nonZero[l]!++;
      // 1 − RSS/SST = 2βᵀc − βᵀGβ, and c − Gβ is what the descent keeps.
      explained +=
        b * (alpha === 0 ? 2 * cross[j]! - gramRow(design, j, descent.z) : cross[j]! + descent.residual[j]!);
    }
    path.explained[l] = explained;
  });
  return { status: 'ok', ...path };
}

function gramRow({ gram, p }: ElasticNetDesign, j: number, beta: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < p; k++) sum += gram.data[j * p + k]! * beta[k]!;
  return sum;
}

/** (G + λI)⁻¹ c by the spectrum, into beta. */
function ridge(design: ElasticNetDesign, cross: Float64Array, penalty: number, beta: Float64Array): void {
  const { values, vectors } = design.spectrum();
  const { p } = design;
  beta.fill(0);
  for (let k = 0; k < p; k++) {
    let along = 0;
    for (let j = 0; j < p; j++) along += vectors.data[k * p + j]! * cross[j]!;
    const shrunk = along / (Math.max(0, values[k]!) + penalty);
    for (let j = 0; j < p; j++) beta[j]! += shrunk * vectors.data[k * p + j]!;
  }
  for (let j = 0; j < p; j++) if (design.scale[j] === 0) beta[j] = 0;
}
