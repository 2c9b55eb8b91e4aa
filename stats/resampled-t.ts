/**
 * Nadeau and Bengio's corrected resampled t test, for differences of scores over repeated train/test splits of the same people.
 *
 * The splits share people, so the plain t test is far too bold. Not responsible for the splits.
 */
import { log10PFromT, studentTwoSidedP } from './special.js';

export interface ResampledT {
  readonly mean: number;
  /** √((1/J + n_test/n_train)·s²), s² the sample variance of the J differences. */
  readonly standardError: number;
  readonly t: number;
  /** J − 1. */
  readonly df: number;
  /** Two-sided; NaN for fewer than two differences or when all are zero. */
  readonly p: number;
  readonly log10P: number;
}

/** The test of J differences d̄ = 0 (Machine Learning 52:239, 2003): t = d̄/√((1/J + n_test/n_train)s²) with J − 1 df. */
export function resampledT(differences: ArrayLike<number>, testSize: number, trainSize: number): ResampledT {
  const repeats = differences.length;
  let sum = 0;
  for (let i = 0; i < repeats; i++) sum += differences[i]!;
  const mean = sum / repeats;
  let squares = 0;
  for (let i = 0; i < repeats; i++) squares += (differences[i]! - mean) ** 2;
  const df = repeats - 1;
  const standardError = Math.sqrt((1 / repeats + testSize / trainSize) * (squares / df));
  const t = mean / standardError;
  const testable = repeats >= 2;
  return {
    mean,
    standardError,
    t,
    df,
    p: testable ? studentTwoSidedP(t, df) : NaN,
    log10P: testable ? log10PFromT(t, df) : NaN,
  };
}
