/**
 * What the estimation of α and λ needs of one target on one feature matrix, whatever form the matrix is held in.
 *
 * Not responsible for the estimation (`bayesian-ridge.ts`). Forms: spectral (here) and tridiagonal (`tridiagonal-system.ts`).
 * Throughout δ = λ/α and w(δ) = (XᵀX + δI)⁻¹Xᵀy with X and y centred.
 */
import { combineAxes, type Factorisation, type ProjectedTarget } from './factorisation.js';

/** One step of the fixed-point iteration, at given α and λ. */
export interface RidgeStep {
  /** w in coordinates of the system's own, to be given back to it. */
  readonly point: Float64Array;
  /** ‖w‖² and ‖y − Xw‖². */
  readonly squaredNorm: number;
  readonly squaredError: number;
  /** γ = Σ αd/(λ + αd). */
  readonly gamma: number;
}

/** What the evidence at δ is made of. */
export interface EvidenceTerms {
  /** q = Σ u²δ/(d + δ) + ‖y⊥‖² = ‖y‖² − yᵀXw. */
  readonly quadratic: number;
  /** Σ log(1 + d/δ). */
  readonly logDeterminant: number;
  /** dq/d log δ = δ‖w‖². */
  readonly change: number;
  /** Σ d/(d + δ). */
  readonly effectiveParameters: number;
}

export interface RidgeSystem {
  readonly n: number;
  /** Columns of X, the constant ones included. */
  readonly p: number;
  /** Column means of X, length p. */
  readonly means: Float64Array;
  /** ȳ and Σ(y − ȳ)². */
  readonly mean: number;
  readonly total: number;
  /** No column varies. */
  readonly isEmpty: boolean;
  /** Mean of the non-zero eigenvalues of XᵀX. */
  readonly meanEigenvalue: number;
  step(alpha: number, lambda: number): RidgeStep;
  /** ‖w − v‖ of two points. */
  distance(w: Float64Array, v: Float64Array): number;
  /** Σ|w − v| over the columns of X. */
  absoluteDistance(w: Float64Array, v: Float64Array): number;
  evidence(delta: number): EvidenceTerms;
  /** w(δ), length p. */
  coefficients(delta: number): Float64Array;
}

/** The spectral form: points are w = Σ_k point_k·(√d_k·v_k). */
export class SpectralSystem implements RidgeSystem {
  readonly n: number;
  readonly p: number;
  readonly means: Float64Array;
  readonly mean: number;
  readonly total: number;
  readonly isEmpty: boolean;

  constructor(
    private readonly x: Factorisation,
    private readonly y: ProjectedTarget,
  ) {
    ({ n: this.n, p: this.p, means: this.means } = x);
    ({ mean: this.mean, total: this.total } = y);
    this.isEmpty = x.values.length === 0;
  }

  get meanEigenvalue(): number {
    const { values } = this.x;
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  step(alpha: number, lambda: number): RidgeStep {
    const { values } = this.x;
    const { u, outside } = this.y;
    const delta = lambda / alpha;
    const point = new Float64Array(values.length);
    let squaredNorm = 0;
    let squaredError = outside;
    let gamma = 0;
    for (let k = 0; k < values.length; k++) {
      const d = values[k]!;
      const s = u[k]! / (d + delta);
      point[k] = s;
      squaredNorm += d * s * s;
      squaredError += (delta * s) ** 2;
      gamma += (alpha * d) / (lambda + alpha * d);
    }
    return { point, squaredNorm, squaredError, gamma };
  }

  distance(w: Float64Array, v: Float64Array): number {
    let square = 0;
    for (let k = 0; k < w.length; k++) square += this.x.values[k]! * (w[k]! - v[k]!) ** 2;
    return Math.sqrt(square);
  }

  absoluteDistance(w: Float64Array, v: Float64Array): number {
    return combineAxes(
      this.x,
      w.map((value, k) => value - v[k]!),
    ).reduce((sum, step) => sum + Math.abs(step), 0);
  }

  evidence(delta: number): EvidenceTerms {
    const { values } = this.x;
    const { u, outside } = this.y;
    let quadratic = outside;
    let logDeterminant = 0;
    let change = 0;
    let effectiveParameters = 0;
    for (let k = 0; k < values.length; k++) {
      const d = values[k]!;
      const share = d / (d + delta);
      const part = (u[k]! * u[k]! * delta) / (d + delta);
      quadratic += part;
      change += part * share;
      logDeterminant += Math.log1p(d / delta);
      effectiveParameters += share;
    }
    return { quadratic, logDeterminant, change, effectiveParameters };
  }

  coefficients(delta: number): Float64Array {
    return combineAxes(
      this.x,
      this.y.u.map((u, k) => u / (this.x.values[k]! + delta)),
    );
  }
}
