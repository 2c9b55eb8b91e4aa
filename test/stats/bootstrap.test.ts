import { describe, expect, it } from 'vitest';
import { aucInterval } from '../../stats/auc-interval.js';
import { bootstrap, intervalOf } from '../../stats/bootstrap.js';
import { areaUnderRoc } from '../../stats/classification-metrics.js';
import { rngFromSeed } from '../../stats/rng.js';
import { readReference } from './cohort-csv.js';

const { bootstrap: scipy } = readReference('boosting') as {
  bootstrap: {
    sample: number[];
    distribution: number[];
    bca: [number, number];
    percentile_distribution: number[];
    percentile: [number, number];
    se: number;
  };
};
const seed = '2d'.repeat(32);
const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
const weightedMean =
  (values: ArrayLike<number>) =>
  (times: Int32Array): number => {
    let [sum, count] = [0, 0];
    times.forEach((t, i) => {
      sum += t * values[i]!;
      count += t;
    });
    return sum / count;
  };

describe('against scipy 1.10.1 bootstrap, on its own draws', () => {
  const { sample } = scipy;
  const jackknife = sample.map((value) => (mean(sample) * sample.length - value) / (sample.length - 1));
  it('BCa', () => {
    const ours = intervalOf(mean(sample), scipy.distribution, jackknife, 0.95);
    expect(ours.low).toBeCloseTo(scipy.bca[0], 10);
    expect(ours.high).toBeCloseTo(scipy.bca[1], 10);
    expect(ours.standardError).toBeCloseTo(scipy.se, 12);
  });
  it('percentiles', () => {
    const ours = intervalOf(mean(sample), scipy.percentile_distribution, null, 0.95);
    expect([ours.low, ours.high]).toEqual([
      expect.closeTo(scipy.percentile[0], 12) as number,
      expect.closeTo(scipy.percentile[1], 12) as number,
    ]);
  });
});

describe('bootstrap over people', () => {
  it('the same stream gives the same interval; the jackknife of the default is the given one', () => {
    const { sample } = scipy;
    const statistic = weightedMean(sample);
    const options = (): { replicates: number; rng: ReturnType<typeof rngFromSeed> } => ({
      replicates: 500,
      rng: rngFromSeed(seed, 'b'),
    });
    const plain = bootstrap(sample.length, statistic, options());
    const given = sample.map((value) => (mean(sample) * sample.length - value) / (sample.length - 1));
    const helped = bootstrap(sample.length, statistic, { ...options(), jackknife: given });
    expect(helped.low).toBeCloseTo(plain.low, 10);
    expect(helped.high).toBeCloseTo(plain.high, 10);
    expect(plain.estimate).toBeCloseTo(mean(sample), 12);
    expect(plain.replicates).toBe(500);
  });

  it('95 % intervals of a mean hold the truth about as often as they say', () => {
    const held = { bca: 0, percentile: 0 };
    const trials = 300;
    for (let trial = 0; trial < trials; trial++) {
      const rng = rngFromSeed(seed, 'coverage', trial);
      const sample = Float64Array.from({ length: 40 }, () => rng.normal());
      for (const method of ['bca', 'percentile'] as const) {
        const { low, high } = bootstrap(40, weightedMean(sample), { replicates: 400, rng, method });
        if (low <= 0 && high >= 0) held[method]++;
      }
    }
    // A binomial of 300 at 0.94 (the bootstrap's coverage at n = 40) has SD 0.014.
    for (const count of Object.values(held)) {
      expect(count / trials).toBeGreaterThan(0.895);
      expect(count / trials).toBeLessThan(0.98);
    }
  });

  it('a statistic that does not vary has an interval of no length; one that never exists has none', () => {
    const rng = rngFromSeed(seed, 'flat');
    expect(bootstrap(5, () => 3, { replicates: 50, rng, method: 'percentile' })).toMatchObject({
      low: 3,
      high: 3,
      standardError: 0,
    });
    const never = bootstrap(5, () => NaN, { replicates: 50, rng, method: 'percentile' });
    expect(never.replicates).toBe(0);
    expect(never.low).toBeNaN();
  });
});

describe('the interval of an AUC', () => {
  const rng = rngFromSeed(seed, 'auc');
  const outcome = Float64Array.from({ length: 150 }, () => (rng.uniform() < 0.3 ? 1 : 0));
  // Rounded, so that scores tie.
  const eta = outcome.map((y) => Math.round(2 * (y + 1.2 * rng.normal())) / 2);
  const area = (times: Int32Array): number => {
    const people = Array.from(times).flatMap((t, i) => new Array<number>(t).fill(i));
    return (
      areaUnderRoc(
        people.map((i) => outcome[i]!),
        people.map((i) => eta[i]!),
      ) ?? NaN
    );
  };
  it('is that of the plain definition, draw by draw and person by person', () => {
    const options = (): { replicates: number; rng: ReturnType<typeof rngFromSeed> } => ({
      replicates: 200,
      rng: rngFromSeed(seed, 'draws'),
    });
    const fast = aucInterval(outcome, eta, options())!;
    const plain = bootstrap(outcome.length, area, options());
    expect(fast.estimate).toBeCloseTo(areaUnderRoc(outcome, eta)!, 12);
    for (const name of ['low', 'high', 'standardError'] as const)
      expect(fast[name]).toBeCloseTo(plain[name], 9);
  });
  it('does not exist for one class', () => {
    expect(aucInterval([1, 1], [0, 1], { replicates: 10, rng })).toBeNull();
  });
});
