/**
 * Measures of estimates against what was planted.
 * Not responsible for where either comes from.
 */
import { pearson } from '../stats/regression-metrics.js';

/** An estimate of a planted effect. */
export interface Estimate {
  readonly planted: number;
  readonly beta: number;
  readonly se: number;
}

export interface Agreement {
  readonly pairs: number;
  /** Of estimates on planted effects through the origin, weighted by 1/se². NaN when nothing is planted. */
  readonly slope: number;
  readonly correlation: number;
  /** Share of 95 % confidence intervals that hold the planted effect. */
  readonly coverage: number;
  /** Root of the mean of (β̂ − β)². */
  readonly error: number;
}

/** Normal quantile of 97.5 %. */
const Z = 1.959963984540054;

export function agreement(estimates: readonly Estimate[]): Agreement {
  let [xy, xx, held, squares] = [0, 0, 0, 0];
  for (const { planted, beta, se } of estimates) {
    xy += (planted * beta) / se ** 2;
    xx += planted ** 2 / se ** 2;
    if (Math.abs(beta - planted) <= Z * se) held++;
    squares += (beta - planted) ** 2;
  }
  const pairs = estimates.length;
  return {
    pairs,
    slope: xx > 0 ? xy / xx : NaN,
    correlation: pearson(
      estimates.map(({ planted }) => planted),
      estimates.map(({ beta }) => beta),
    ),
    coverage: held / pairs,
    error: Math.sqrt(squares / pairs),
  };
}

/** The middle of finite values; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
