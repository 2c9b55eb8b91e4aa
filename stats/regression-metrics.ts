/**
 * How well a quantity is predicted: R², squared Pearson correlation, errors. Spearman's ρ is in `ranks.ts`.
 *
 * All take equally long arrays of finite values, observed first. Not responsible for missing values nor for tests.
 */

/** Pairs of values reduced to their centred sums. */
interface Sums {
  readonly n: number;
  readonly xx: number;
  readonly yy: number;
  readonly xy: number;
}

function centredSums(x: ArrayLike<number>, y: ArrayLike<number>): Sums {
  const n = x.length;
  if (y.length !== n) throw new Error(`internal error: ${n} observed values, ${y.length} predicted`);
  let [sumX, sumY] = [0, 0];
  for (let i = 0; i < n; i++) {
    sumX += x[i]!;
    sumY += y[i]!;
  }
  const [meanX, meanY] = [sumX / n, sumY / n];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const dx = x[i]! - meanX;
    const dy = y[i]! - meanY;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return { n, xx, yy, xy };
}

/** Σ(y − ŷ)². */
function squaredError(observed: ArrayLike<number>, predicted: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < observed.length; i++) sum += (observed[i]! - predicted[i]!) ** 2;
  return sum;
}

/**
 * R² = 1 − SSE/SST with SST about the mean of `observed`. Negative when the prediction is worse than that mean; NaN when the
 * observed values do not vary or there are none.
 */
export function rSquared(observed: ArrayLike<number>, predicted: ArrayLike<number>): number {
  const total = centredSums(observed, predicted).xx;
  return isConstant(observed) ? NaN : 1 - squaredError(observed, predicted) / total;
}

/** Pearson's correlation, in [−1, 1]; NaN when either side does not vary. */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  if (isConstant(x) || isConstant(y)) return NaN;
  const { xx, yy, xy } = centredSums(x, y);
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)));
}

/** Pearson's correlation squared: what R² would be after the best linear recalibration. NaN when either side does not vary. */
export function squaredPearson(observed: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return pearson(observed, predicted) ** 2;
}

/** √(Σ(y − ŷ)²/n). */
export function rootMeanSquaredError(observed: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return Math.sqrt(squaredError(observed, predicted) / centredSums(observed, predicted).n);
}

/** Σ|y − ŷ|/n. */
export function meanAbsoluteError(observed: ArrayLike<number>, predicted: ArrayLike<number>): number {
  const { n } = centredSums(observed, predicted);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.abs(observed[i]! - predicted[i]!);
  return sum / n;
}

/** Whether no value differs from the first. Rounding can leave a centred sum of equal values above zero, so it is not asked. */
function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}
