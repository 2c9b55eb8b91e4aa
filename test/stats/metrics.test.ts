import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areaUnderRoc, averagePrecision, classificationMetrics } from '../../stats/classification-metrics.js';
import {
  meanAbsoluteError,
  pearson,
  rootMeanSquaredError,
  rSquared,
  squaredPearson,
} from '../../stats/regression-metrics.js';

const reference = JSON.parse(readFileSync(new URL('../reference/ranks.json', import.meta.url), 'utf8')) as {
  binary: (Record<
    'auc' | 'auprc' | 'accuracy' | 'recall' | 'specificity' | 'brier' | 'slope' | 'intercept',
    number
  > & {
    y: number[];
    eta: number[];
  })[];
  regression: {
    observed: number[];
    predicted: number[];
    r2: number;
    pearson: number;
    rmse: number;
    mae: number;
  };
};

describe('regression metrics', () => {
  const { observed, predicted, ...want } = reference.regression;
  it('scikit-learn 1.2.1 r2_score, mean_squared_error, mean_absolute_error; scipy 1.10.1 pearsonr', () => {
    expect(rSquared(observed, predicted)).toBeCloseTo(want.r2, 13);
    expect(pearson(observed, predicted)).toBeCloseTo(want.pearson, 13);
    expect(squaredPearson(observed, predicted)).toBeCloseTo(want.pearson ** 2, 13);
    expect(rootMeanSquaredError(observed, predicted)).toBeCloseTo(want.rmse, 13);
    expect(meanAbsoluteError(observed, predicted)).toBeCloseTo(want.mae, 13);
  });
  it('R² is 1 for the truth, 0 for the mean, negative for worse, never above squared Pearson', () => {
    expect(rSquared(observed, observed)).toBe(1);
    const mean = observed.reduce((a, b) => a + b, 0) / observed.length;
    expect(
      rSquared(
        observed,
        observed.map(() => mean),
      ),
    ).toBeCloseTo(0, 13);
    expect(
      rSquared(
        observed,
        observed.map((v) => -v),
      ),
    ).toBeLessThan(0);
    const finite = fc.double({ min: -100, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(finite, finite), { minLength: 3, maxLength: 20 }), (pairs) => {
        const [y, x] = [pairs.map((pair) => pair[0]), pairs.map((pair) => pair[1])];
        const r2 = rSquared(y, x);
        const square = squaredPearson(y, x);
        if (Number.isNaN(square)) return;
        expect(square).toBeLessThanOrEqual(1);
        expect(r2).toBeLessThanOrEqual(square + 1e-9);
      }),
    );
  });
  it('is NaN where nothing varies, also where rounding pretends otherwise', () => {
    expect(rSquared([0.1, 0.1, 0.1], [1, 2, 3])).toBeNaN();
    expect(pearson([1, 2, 3], [0.1, 0.1, 0.1])).toBeNaN();
    expect(rSquared([], [])).toBeNaN();
    expect(() => rSquared([1], [1, 2])).toThrow('1 observed values, 2 predicted');
  });
});

describe('classification metrics', () => {
  it.each(reference.binary.map((c) => [c.y.length, c] as const))(
    'scikit-learn 1.2.1 metrics and R 4.2.2 glm calibration, n = %d',
    (_, { y, eta, ...want }) => {
      const got = classificationMetrics(y, eta);
      expect(got.auc).toBeCloseTo(want.auc, 12);
      expect(got.auprc).toBeCloseTo(want.auprc, 12);
      expect(got.accuracy).toBeCloseTo(want.accuracy, 14);
      expect(got.recall).toBeCloseTo(want.recall, 14);
      expect(got.specificity).toBeCloseTo(want.specificity, 14);
      expect(got.brier).toBeCloseTo(want.brier, 13);
      expect(got.calibrationSlope).toBeCloseTo(want.slope, 9);
      expect(got.calibrationIntercept).toBeCloseTo(want.intercept, 9);
    },
  );

  it('AUC is the share of case–control pairs in order, and mirrors', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: -5, max: 5 })), {
          minLength: 2,
          maxLength: 40,
        }),
        (pairs) => {
          const [y, eta] = [pairs.map((pair) => pair[0]), pairs.map((pair) => pair[1])];
          let [won, all] = [0, 0];
          pairs.forEach(([yi, ei]) =>
            pairs.forEach(([yj, ej]) => {
              if (yi !== 1 || yj !== 0) return;
              all++;
              won += ei > ej ? 1 : ei === ej ? 0.5 : 0;
            }),
          );
          const auc = areaUnderRoc(y, eta);
          if (all === 0) {
            expect(auc).toBeNull();
            expect(averagePrecision(y, eta)).toBeNull();
            return;
          }
          expect(auc).toBeCloseTo(won / all, 12);
          expect(
            areaUnderRoc(
              y,
              eta.map((v) => -v),
            ),
          ).toBeCloseTo(1 - won / all, 12);
        },
      ),
    );
  });

  it('the order of people does not matter, ties included', () => {
    const { y, eta } = reference.binary[3]!;
    const got = classificationMetrics(y, eta);
    const reversed = classificationMetrics(y.toReversed(), eta.toReversed());
    expect(reversed.auc).toBe(got.auc);
    expect(reversed.auprc).toBeCloseTo(got.auprc!, 13);
  });

  it('a one-class set has no AUC, no recall or no specificity, and no calibration', () => {
    const controls = classificationMetrics([0, 0, 0], [-1, 0.5, -2]);
    expect(controls).toMatchObject({
      n: 3,
      cases: 0,
      auc: null,
      auprc: null,
      recall: null,
      calibrationSlope: null,
      calibrationIntercept: null,
    });
    expect(controls.specificity).toBeCloseTo(2 / 3, 14);
    expect(classificationMetrics([1, 1], [1, -1])).toMatchObject({ recall: 0.5, specificity: null });
    expect(classificationMetrics([], [])).toMatchObject({ accuracy: null, brier: null, auc: null });
  });

  it('perfect separation has an AUC of one and no calibration slope', () => {
    const got = classificationMetrics([0, 0, 1, 1], [-2, -1, 1, 2]);
    expect(got).toMatchObject({ auc: 1, auprc: 1, accuracy: 1, calibrationSlope: null });
    expect(got.calibrationIntercept).toBeCloseTo(0, 12);
  });

  it('a predictor that says the same of everyone', () => {
    const got = classificationMetrics([0, 1, 0, 0], [0, 0, 0, 0]);
    expect(got).toMatchObject({ auc: 0.5, auprc: 0.25, recall: 0, specificity: 1, calibrationSlope: null });
    expect(got.calibrationIntercept).toBeCloseTo(Math.log(1 / 3), 12);
  });

  it('refuses an outcome outside {0, 1}', () => {
    expect(() => classificationMetrics([0, 2], [1, 1])).toThrow('outcome 2 at 1 is neither 0 nor 1');
    expect(() => classificationMetrics([0], [1, 1])).toThrow('1 outcomes, 2 predictions');
  });
});
