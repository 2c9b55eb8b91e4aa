/**
 * First and second moments of blocks of rows, so that the Gram matrix of a training set is had by subtraction: with k folds the
 * products are formed once per fold, not once per training set.
 *
 * Everything is taken about a fixed `origin` near the columns' means, which keeps the subtraction from cancelling. Not
 * responsible for factorising: give the result to `factoriseGram` and `projectMoments`.
 */
import type { ProjectedTarget } from './factorisation.js';
import type { Backend } from './linalg/backend.js';
import { productWithItems } from './linalg/items.js';
import { matrix, type Matrix } from './linalg/matrix.js';

/** Sums over rows of X (p columns) and of some targets, all about fixed origins. */
export interface Moments {
  readonly rows: number;
  /** What was subtracted from the columns of X, length p. */
  readonly origin: Float64Array;
  /** Σ(x − origin), length p. */
  readonly sums: Float64Array;
  /** Σ(x − origin)(x − origin)ᵀ, p × p. */
  readonly gram: Matrix;
  readonly targets: readonly TargetMoments[];
}

export interface TargetMoments {
  readonly origin: number;
  /** Σ(y − origin) and Σ(y − origin)². */
  readonly sum: number;
  readonly squares: number;
  /** Σ(x − origin_x)(y − origin_y), length p. */
  readonly cross: Float64Array;
}

/** Moments of a block: X (n × p) and targets of n values each, about the given origins. A target's moments ignore its siblings. */
export function momentsOf(
  x: Matrix,
  origin: Float64Array,
  targets: readonly { readonly origin: number; readonly values: ArrayLike<number> }[],
  backend: Backend,
): Moments {
  const shifted = matrix(
    x.rows,
    x.cols,
    x.data.map((value, at) => value - origin[at % x.cols]!),
  );
  const sums = new Float64Array(x.cols);
  for (let i = 0; i < x.rows; i++) for (let j = 0; j < x.cols; j++) sums[j]! += shifted.data[i * x.cols + j]!;
  const items = targets.map((y) => Float64Array.from(y.values, (value) => value - y.origin));
  const crosses = productWithItems(backend, shifted, items, 'T');
  return {
    rows: x.rows,
    origin,
    sums,
    gram: backend.syrk(shifted, 'T'),
    targets: targets.map((y, t) => ({
      origin: y.origin,
      sum: items[t]!.reduce((sum, value) => sum + value, 0),
      squares: items[t]!.reduce((sum, value) => sum + value * value, 0),
      cross: crosses[t]!,
    })),
  };
}

/** The moments of two blocks together, or (sign −1) of the first without the second, which must be part of it. */
export function combineMoments(a: Moments, b: Moments, sign: 1 | -1): Moments {
  const merged = (x: Float64Array, y: Float64Array): Float64Array =>
    x.map((value, i) => value + sign * y[i]!);
  return {
    rows: a.rows + sign * b.rows,
    origin: a.origin,
    sums: merged(a.sums, b.sums),
    gram: matrix(a.gram.rows, a.gram.cols, merged(a.gram.data, b.gram.data)),
    targets: a.targets.map((y, t) => {
      const other = b.targets[t]!;
      return {
        origin: y.origin,
        sum: y.sum + sign * other.sum,
        squares: y.squares + sign * other.squares,
        cross: merged(y.cross, other.cross),
      };
    }),
  };
}

/** About the block's own means: XᵀX − n·μμᵀ and likewise for the targets. */
export function centredMoments(m: Moments): {
  readonly n: number;
  readonly means: Float64Array;
  readonly gram: Matrix;
  readonly targets: readonly (Pick<ProjectedTarget, 'mean' | 'total'> & { readonly cross: Float64Array })[];
} {
  const n = m.rows;
  const p = m.sums.length;
  const gram = matrix(p, p, m.gram.data.slice());
  for (let i = 0; i < p; i++) {
    for (let j = 0; j < p; j++) gram.data[i * p + j]! -= (m.sums[i]! * m.sums[j]!) / n;
  }
  return {
    n,
    means: m.sums.map((sum, j) => m.origin[j]! + sum / n),
    gram,
    targets: m.targets.map((y) => ({
      mean: y.origin + y.sum / n,
      total: Math.max(0, y.squares - (y.sum * y.sum) / n),
      cross: y.cross.map((value, j) => value - (m.sums[j]! * y.sum) / n),
    })),
  };
}
