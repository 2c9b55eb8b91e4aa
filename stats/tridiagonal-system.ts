/**
 * Ridge regression on a Gram matrix in tridiagonal form, G = QTQᵀ: each δ costs O(p), and the eigenvectors, two thirds of the
 * work of the spectral form, are never formed. For genotypes, where every trait has features of its own.
 *
 * Needs p < n − 1, and a target that X does not reproduce: sums of squares come as differences here. `isReliable` says whether
 * they kept their digits; where not, the spectral form must do it.
 */
import type { Backend } from './linalg/backend.js';
import type { Matrix } from './linalg/matrix.js';
import {
  applyQ,
  applyQTransposed,
  factorShifted,
  solveShifted,
  traceOfInverse,
  type ShiftedFactor,
  type Tridiagonal,
} from './linalg/tridiagonal.js';
import type { EvidenceTerms, RidgeStep, RidgeSystem } from './ridge-system.js';

/** A residual below this share of Σ(y − ȳ)² has lost more than four digits as a difference. */
const LEAST_RESIDUAL = 1e-4;

/** A centred feature matrix known by its Gram matrix. */
export interface TridiagonalDesign {
  readonly n: number;
  /** Column means, length p. */
  readonly means: Float64Array;
  /** The columns that vary, ascending: those that the form is of. */
  readonly active: Int32Array;
  readonly form: Tridiagonal;
  /** Trace of the Gram matrix. */
  readonly trace: number;
}

/** The design of a centred Gram matrix of the `active` columns; the matrix is not kept. */
export function tridiagonalDesign(
  gram: Matrix,
  n: number,
  means: Float64Array,
  active: Int32Array,
  backend: Backend,
): TridiagonalDesign {
  let trace = 0;
  for (let j = 0; j < gram.rows; j++) trace += gram.data[j * gram.cols + j]!;
  return { n, means, active, trace, form: backend.tridiagonalise(gram) };
}

/** Points are Qᵀw. */
export class TridiagonalSystem implements RidgeSystem {
  readonly n: number;
  readonly p: number;
  readonly means: Float64Array;
  readonly mean: number;
  readonly total: number;
  readonly isEmpty: boolean;
  readonly meanEigenvalue: number;
  /** QᵀXᵀy. */
  private readonly b: Float64Array;
  private reliable = true;

  /** @param y its mean, Σ(y − ȳ)², and Xᵀ(y − ȳ) of the active columns */
  constructor(
    private readonly design: TridiagonalDesign,
    y: { readonly mean: number; readonly total: number; readonly cross: Float64Array },
  ) {
    this.n = design.n;
    this.p = design.means.length;
    this.means = design.means;
    this.mean = y.mean;
    this.total = y.total;
    this.isEmpty = design.active.length === 0;
    this.meanEigenvalue = design.trace / design.active.length;
    this.b = y.cross.slice();
    applyQTransposed(design.form, this.b);
  }

  /** Whether all that was asked so far kept its digits. */
  get isReliable(): boolean {
    return this.reliable;
  }

  private factor(delta: number): ShiftedFactor | null {
    const factor = factorShifted(this.design.form, delta);
    if (!factor) this.reliable = false;
    return factor;
  }

  /** ‖w‖² and yᵀXw at a point. */
  private products(point: Float64Array): { squaredNorm: number; explained: number } {
    let squaredNorm = 0;
    let explained = 0;
    for (let k = 0; k < point.length; k++) {
      squaredNorm += point[k]! * point[k]!;
      explained += point[k]! * this.b[k]!;
    }
    return { squaredNorm, explained };
  }

  step(alpha: number, lambda: number): RidgeStep {
    const delta = lambda / alpha;
    const factor = this.factor(delta);
    if (!factor)
      return { point: new Float64Array(this.b.length), squaredNorm: 0, squaredError: this.total, gamma: 0 };
    const point = solveShifted(factor, this.b);
    const { squaredNorm, explained } = this.products(point);
    // ‖y − Xw‖² = ‖y‖² − 2yᵀXw + wᵀGw with Gw = Xᵀy − δw.
    const squaredError = this.total - explained - delta * squaredNorm;
    if (!(squaredError > LEAST_RESIDUAL * this.total)) this.reliable = false;
    const gamma = this.b.length - delta * traceOfInverse(this.design.form, factor, delta);
    return { point, squaredNorm, squaredError, gamma };
  }

  distance(w: Float64Array, v: Float64Array): number {
    let square = 0;
    for (let k = 0; k < w.length; k++) square += (w[k]! - v[k]!) ** 2;
    return Math.sqrt(square);
  }

  absoluteDistance(w: Float64Array, v: Float64Array): number {
    const step = w.map((value, k) => value - v[k]!);
    applyQ(this.design.form, step);
    return step.reduce((sum, value) => sum + Math.abs(value), 0);
  }

  evidence(delta: number): EvidenceTerms {
    const factor = this.factor(delta);
    if (!factor) return { quadratic: this.total, logDeterminant: 0, change: 0, effectiveParameters: 0 };
    const { squaredNorm, explained } = this.products(solveShifted(factor, this.b));
    const quadratic = this.total - explained;
    if (!(quadratic > LEAST_RESIDUAL * this.total)) this.reliable = false;
    return {
      quadratic,
      logDeterminant: factor.pivots.reduce((sum, pivot) => sum + Math.log(pivot / delta), 0),
      change: delta * squaredNorm,
      effectiveParameters: this.b.length - delta * traceOfInverse(this.design.form, factor, delta),
    };
  }

  coefficients(delta: number): Float64Array {
    const coef = new Float64Array(this.p);
    const factor = this.factor(delta);
    if (!factor) return coef;
    const point = solveShifted(factor, this.b);
    applyQ(this.design.form, point);
    this.design.active.forEach((j, k) => (coef[j] = point[k]!));
    return coef;
  }
}
