import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyZScore, fitZScore, invertZScore } from '../../stats/zscore.js';
import { haveData, readCohort, readReference } from './cohort-csv.js';

const { nhanes } = readReference('knn') as { nhanes: { columns: string[]; mean: number[]; sd: number[] } };

describe('z-scores', () => {
  it.skipIf(!haveData('cohorts/nhanes3.csv.gz'))(
    'NHANES III: mean and SD of scikit-learn 1.2.1 StandardScaler',
    () => {
      const cohort = readCohort('cohorts/nhanes3.csv.gz');
      const columns = nhanes.columns.map((name) => cohort.numbers(name));
      const fit = fitZScore(columns, { rows: Int32Array.from({ length: 2000 }, (_, i) => i) });
      nhanes.mean.forEach((mean, j) => expect(Math.abs(fit.mean[j]! / mean - 1)).toBeLessThan(1e-12));
      nhanes.sd.forEach((sd, j) => expect(Math.abs(fit.sd[j]! / sd - 1)).toBeLessThan(1e-12));
    },
  );

  it('R scale(c(1, 2, 4)) has the n − 1 denominator', () => {
    const fit = fitZScore([Float64Array.of(1, 2, 4)], { ddof: 1 });
    expect(fit.sd[0]).toBeCloseTo(1.527525231651947, 14); // R 4.2: sd(c(1, 2, 4))
  });

  it('leaves NaN out of the fit and in its place', () => {
    const x = Float64Array.of(1, NaN, 3);
    const fit = fitZScore([x]);
    expect([fit.mean[0], fit.sd[0], fit.observed[0]]).toEqual([2, 1, 2]);
    expect(applyZScore([x], fit)[0]).toEqual(Float64Array.of(-1, NaN, 1));
  });

  it('training rows only', () => {
    const fit = fitZScore([Float64Array.of(1, 3, 100)], { rows: Int32Array.of(0, 1) });
    expect(applyZScore([Float64Array.of(100)], fit)[0]).toEqual(Float64Array.of(98));
  });

  it('a constant column is centred and said to be constant, also when its mean rounds', () => {
    const columns = [Float64Array.of(7, 7, NaN), new Float64Array(9).fill(0.1), Float64Array.of(NaN, NaN)];
    const fit = fitZScore(columns);
    expect(fit.status).toEqual(['constant', 'constant', 'empty']);
    expect([...fit.sd]).toEqual([0, 0, NaN]);
    const z = applyZScore(columns, fit);
    expect(z[0]).toEqual(Float64Array.of(0, 0, NaN));
    expect(Math.max(...z[1]!.map(Math.abs))).toBeLessThan(1e-15);
    expect(z[2]).toEqual(Float64Array.of(NaN, NaN));
  });

  it('one value with ddof 1 is constant; no columns at all is allowed', () => {
    expect(fitZScore([Float64Array.of(5)], { ddof: 1 }).status).toEqual(['constant']);
    expect(applyZScore([], fitZScore([]))).toEqual([]);
  });

  it('keeps the digits of a small spread on a large offset', () => {
    const fit = fitZScore([Float64Array.of(1e9 + 1, 1e9 + 2, 1e9 + 3)]);
    expect(fit.sd[0]).toBeCloseTo(Math.sqrt(2 / 3), 12);
  });

  it('z-scores have mean 0 and SD 1, and invert', () => {
    const values = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(values, (list) => {
        const x = Float64Array.from(list);
        const fit = fitZScore([x]);
        const z = applyZScore([x], fit);
        invertZScore(z, fit)[0]!.forEach((v, i) => expect(v).toBeCloseTo(x[i]!, 8));
        fc.pre(fit.status[0] === 'ok' && fit.sd[0]! > 1e-6);
        const again = fitZScore(z);
        expect(again.mean[0]).toBeCloseTo(0, 8);
        expect(again.sd[0]).toBeCloseTo(1, 8);
      }),
    );
  });
});
