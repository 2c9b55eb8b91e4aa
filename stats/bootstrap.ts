/**
 * The bootstrap over people: a statistic of people drawn with replacement, and intervals by percentiles or by BCa (Efron 1987).
 *
 * A draw is given to the statistic as how often each person was drawn, so that data are never copied and a person's rows stay
 * together. Not responsible for the statistics themselves (`auc-interval.ts` has one).
 */
import type { Rng } from './rng.js';
import { normalCdf, normalQuantile } from './special.js';

export type IntervalMethod = 'percentile' | 'bca';

export interface BootstrapInterval {
  /** The statistic of the people as they are. */
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  /** Standard deviation of the replicates (denominator B − 1). */
  readonly standardError: number;
  /** Replicates with a finite statistic; the others (a sample of one class, say) are left out. */
  readonly replicates: number;
}

export interface BootstrapOptions {
  /** Draws. */
  readonly replicates: number;
  readonly rng: Rng;
  /** Coverage; default 0.95. */
  readonly level?: number;
  /** Default `bca`. */
  readonly method?: IntervalMethod;
  /** The statistic without each person in turn, for BCa, where it is had more cheaply than by n calls. */
  readonly jackknife?: ArrayLike<number>;
}

/** An interval of `statistic`, a function of how often each of `n` people counts (each once: the estimate). */
export function bootstrap(
  n: number,
  statistic: (times: Int32Array) => number,
  options: BootstrapOptions,
): BootstrapInterval {
  const { replicates, rng, level = 0.95, method = 'bca' } = options;
  const times = new Int32Array(n).fill(1);
  const estimate = statistic(times);
  const distribution = new Float64Array(replicates);
  for (let b = 0; b < replicates; b++) {
    times.fill(0);
    for (let i = 0; i < n; i++) times[rng.integer(n)]!++;
    distribution[b] = statistic(times);
  }
  const jackknife = method === 'percentile' ? null : (options.jackknife ?? leaveOneOut(n, statistic, times));
  return intervalOf(estimate, distribution, jackknife, level);
}

function leaveOneOut(n: number, statistic: (times: Int32Array) => number, times: Int32Array): Float64Array {
  times.fill(1);
  return Float64Array.from({ length: n }, (_, i) => {
    times[i] = 0;
    const value = statistic(times);
    times[i] = 1;
    return value;
  });
}

/**
 * The interval of a bootstrap distribution: by percentiles, or BCa when the jackknife values are given (scipy:
 * `bootstrap(method='BCa')`). NaN bounds without a finite replicate, or for BCa when all replicates lie on one side of the estimate.
 */
export function intervalOf(
  estimate: number,
  distribution: ArrayLike<number>,
  jackknife: ArrayLike<number> | null,
  level: number,
): BootstrapInterval {
  const sorted = Float64Array.from(distribution)
    .filter((value) => Number.isFinite(value))
    .sort();
  const B = sorted.length;
  const tail = (1 - level) / 2;
  const [low, high] =
    jackknife === null
      ? [tail, 1 - tail]
      : [bcaLevel(tail, estimate, sorted, jackknife), bcaLevel(1 - tail, estimate, sorted, jackknife)];
  const mean = sorted.reduce((sum, value) => sum + value, 0) / B;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    estimate,
    low: quantile(sorted, low),
    high: quantile(sorted, high),
    standardError: Math.sqrt(squares / (B - 1)),
    replicates: B,
  };
}

/** Φ(z₀ + (z₀ + z)/(1 − a(z₀ + z))): z₀ is the bias in normal scores, a the acceleration. */
function bcaLevel(
  level: number,
  estimate: number,
  sorted: Float64Array,
  jackknife: ArrayLike<number>,
): number {
  const below = sorted.reduce((count, value) => count + (value < estimate ? 1 : 0), 0);
  const bias = normalQuantile(below / sorted.length);
  const shifted = bias + normalQuantile(level);
  return normalCdf(bias + shifted / (1 - acceleration(jackknife) * shifted));
}

/** Σu³/(6(Σu²)^{3/2}) with u the mean of the jackknife values less each of them; 0 when they do not vary. */
function acceleration(jackknife: ArrayLike<number>): number {
  const values = Array.from(jackknife).filter((value) => Number.isFinite(value));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let [squares, cubes] = [0, 0];
  for (const value of values) {
    const u = mean - value;
    squares += u * u;
    cubes += u * u * u;
  }
  return squares > 0 ? cubes / (6 * squares ** 1.5) : 0;
}

/** Linear between order statistics (R's type 7, numpy's default). */
function quantile(sorted: Float64Array, level: number): number {
  if (!(level >= 0 && level <= 1) || sorted.length === 0) return NaN;
  const place = level * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (place - below) * (high - low);
}
