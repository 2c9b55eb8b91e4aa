import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitMad, maskOutliers } from '../../stats/outliers.js';
import { haveData, readCohort } from './cohort-csv.js';

describe('median absolute deviation', () => {
  it('is R’s mad()', () => {
    // R 4.2: mad(c(1, 2, 3, 4, 100)), mad(c(1, 2, 4, 9))
    const fences = fitMad([Float64Array.of(1, 2, 3, 4, 100), Float64Array.of(1, 2, 4, 9)]);
    expect(fences.mad[0]).toBeCloseTo(1.4826, 14);
    expect(fences.mad[1]).toBeCloseTo(2.2239, 14);
  });

  it.skipIf(!haveData('cohorts/nhanes3.csv.gz'))('NHANES III, five MADs', () => {
    const cohort = readCohort('cohorts/nhanes3.csv.gz');
    // R 4.2: median(x, na.rm = TRUE), mad(x, na.rm = TRUE), sum(x < m - 5 * s), sum(x > m + 5 * s)
    const expected: Record<string, [number, number, number, number]> = {
      wbc: [6.9, 1.92738, 0, 22],
      trig: [114, 60.7866, 0, 345],
      hdl: [49, 13.3434, 0, 22],
    };
    const columns = Object.keys(expected).map((name) => cohort.numbers(name));
    const fences = fitMad(columns);
    const masked = maskOutliers(columns, fences, 5);
    Object.values(expected).forEach(([median, mad, below, above], j) => {
      expect(fences.median[j]).toBeCloseTo(median, 12);
      expect(fences.mad[j]).toBeCloseTo(mad, 12);
      expect([masked.below[j], masked.above[j]]).toEqual([below, above]);
    });
  });

  it('training rows only; what is masked becomes missing', () => {
    const x = Float64Array.of(1, 2, 3, 50, NaN);
    const fences = fitMad([x], Int32Array.of(0, 1, 2));
    const masked = maskOutliers([x], fences, 3);
    expect(masked.columns[0]).toEqual(Float64Array.of(1, 2, 3, NaN, NaN));
    expect([masked.below[0], masked.above[0]]).toEqual([0, 1]);
  });

  it('half of the values equal: no scale, nothing flagged; an empty column', () => {
    const floor = Float64Array.of(0.2, 0.2, 0.2, 5);
    const columns = [floor, Float64Array.of(NaN)];
    const fences = fitMad(columns);
    expect(fences.status).toEqual(['zero-mad', 'empty']);
    expect(maskOutliers(columns, fences, 5).columns).toEqual(columns);
  });

  it('a column without outliers is returned as it is', () => {
    const x = Float64Array.of(1, 2, 3);
    expect(maskOutliers([x], fitMad([x]), 5).columns[0]).toBe(x);
  });

  it('does not depend on row order, and scales with the units', () => {
    const values = fc.array(
      fc.integer({ min: -1e6, max: 1e6 }).map((v) => v / 64),
      { minLength: 1, maxLength: 50 },
    );
    fc.assert(
      fc.property(values, (list) => {
        const x = Float64Array.from(list);
        const fences = fitMad([x]);
        const reversed = fitMad([x.slice().reverse()]);
        expect([...reversed.median, ...reversed.mad]).toEqual([...fences.median, ...fences.mad]);
        const doubled = fitMad([x.map((v) => 2 * v)]);
        expect([doubled.median[0], doubled.mad[0]]).toEqual([2 * fences.median[0]!, 2 * fences.mad[0]!]);
      }),
    );
  });
});
