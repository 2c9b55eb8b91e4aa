import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitL1Logistic, liblinearLambda, logisticProblem, type LogisticFit } from '../../stats/logistic.js';
import { crossValidateL1Logistic, l1LogisticPath, predictLogistic } from '../../stats/logistic-path.js';
import { matrixFromColumns } from '../../stats/linalg/matrix.js';
import { portableBackend } from '../../stats/linalg/portable.js';
import { weightedRowGram } from '../../stats/weighted-gram.js';
import { backends } from './backends.js';
import { haveData, readCohort, readReference } from './cohort-csv.js';
import { seededUniform } from './cox-cases.js';

interface LogisticCase {
  lambda: number[];
  intercept: number[];
  beta: number[][];
}
const glmnet = readReference('glmnet') as {
  version: string;
  logistic_x: number[][];
  label: number[];
  fold: number[];
  wide: number[][];
  wide_label: number[];
  logistic: LogisticCase;
  logistic_wide: LogisticCase;
  logistic_cv: { lambda: number[]; mean: number[]; se: number[]; best: number; one_se: number };
};
const liblinear = readReference('liblinear') as {
  version: string;
  cases: { name: 'tall' | 'wide'; C: number; intercept: number; beta: number[]; objective: number }[];
};
const toColumns = (rows: number[][]): Float64Array[] =>
  rows[0]!.map((_, j) => Float64Array.from(rows, (r) => r[j]!));
const tall = { columns: toColumns(glmnet.logistic_x), labels: glmnet.label };
const wide = { columns: toColumns(glmnet.wide), labels: glmnet.wide_label };
type Data = typeof tall;

/** (1/n)Σ loss + λ‖w‖₁ (+ λ|b|), from its definition. */
function objective(
  { columns, labels }: Data,
  b: number,
  w: ArrayLike<number>,
  lambda: number,
  penalised: boolean,
): number {
  let sum = 0;
  labels.forEach((y, i) => {
    const eta = columns.reduce((total, x, j) => total + x[i]! * w[j]!, b);
    const margin = y === 1 ? eta : -eta;
    sum += Math.max(0, -margin) + Math.log1p(Math.exp(-Math.abs(margin)));
  });
  const l1 = columns.reduce((total, _, j) => total + Math.abs(w[j]!), penalised ? Math.abs(b) : 0);
  return sum / labels.length + lambda * l1;
}

describe(`free intercept, against R glmnet ${glmnet.version} (standardize = FALSE, thresh = 1e-14)`, () => {
  it('coefficients', () => {
    const { lambda, intercept, beta } = glmnet.logistic;
    lambda.forEach((value, l) => {
      const fit = fitL1Logistic(tall.columns, tall.labels, portableBackend, { lambda: value });
      expect(fit.status).toBe('ok');
      beta[l]!.forEach((b, j) => expect(Math.abs(fit.coefficients[j]! - b)).toBeLessThan(1e-6));
      expect(Math.abs(fit.intercept - intercept[l]!)).toBeLessThan(1e-6);
      expect(fit.objective).toBeCloseTo(objective(tall, fit.intercept, fit.coefficients, value, false), 13);
    });
  });

  it('p > n: the objective', () => {
    const { lambda, intercept, beta } = glmnet.logistic_wide;
    lambda.forEach((value, l) => {
      const fit = fitL1Logistic(wide.columns, wide.labels, portableBackend, { lambda: value });
      const theirs = objective(wide, intercept[l]!, beta[l]!, value, false);
      expect(fit.objective / theirs - 1).toBeLessThan(1e-10);
      expect(fit.objective / theirs - 1).toBeGreaterThan(-1e-8);
    });
  });

  it('cv.glmnet with given folds and penalties', () => {
    const { lambda, mean, se, best, one_se: oneSe } = glmnet.logistic_cv;
    const lambdas = Float64Array.from(lambda);
    const fold = Int32Array.from(glmnet.fold);
    const { choice, path } = crossValidateL1Logistic(tall.columns, tall.labels, fold, portableBackend, {
      lambdas,
    });
    mean.forEach((value, l) => expect(Math.abs(choice.meanLoss[l]! / value - 1)).toBeLessThan(1e-6));
    se.forEach((value, l) => expect(Math.abs(choice.standardError[l]! / value - 1)).toBeLessThan(1e-5));
    expect(choice.lambdas[choice.best]).toBeCloseTo(best, 12);
    expect(choice.lambdas[choice.oneStandardError]).toBeCloseTo(oneSe, 12);
    expect(path.length).toBe(20);
  });
});

describe(`penalised intercept, against liblinear (scikit-learn ${liblinear.version}, tol = 1e-10)`, () => {
  it.each(liblinear.cases)('$name, C = $C', (c) => {
    const data = c.name === 'tall' ? tall : wide;
    const n = data.labels.length;
    const lambda = liblinearLambda(n, c.C);
    const fit = fitL1Logistic(data.columns, data.labels, portableBackend, {
      lambda,
      penaliseIntercept: true,
    });
    expect(fit.status).toBe('ok');
    expect(Math.abs((fit.objective * n * c.C) / c.objective - 1)).toBeLessThan(1e-8);
    if (c.name === 'tall') {
      c.beta.forEach((b, j) => expect(Math.abs(fit.coefficients[j]! - b)).toBeLessThan(1e-4));
      expect(Math.abs(fit.intercept - c.intercept)).toBeLessThan(1e-4);
    }
  });
});

describe('identities', () => {
  const violation = (data: Data, fit: LogisticFit): number => {
    const n = data.labels.length;
    const eta = predictLogistic(fit, data.columns, Int32Array.from(data.labels.keys()));
    return Math.max(
      ...data.columns.map((x, j) => {
        const g = x.reduce((sum, v, i) => sum + v * (1 / (1 + Math.exp(-eta[i]!)) - data.labels[i]!), 0) / n;
        const w = fit.coefficients[j]!;
        return w === 0 ? Math.abs(g) - fit.lambda : Math.abs(g + Math.sign(w) * fit.lambda);
      }),
    );
  };

  it('the optimality conditions hold along the whole path, and the path is what single fits give', () => {
    for (const data of [tall, wide]) {
      const problem = logisticProblem(data.columns, data.labels);
      const path = l1LogisticPath(problem, portableBackend, { count: 40 });
      expect(path[0]!.nonZero).toBe(0);
      for (const fit of path) {
        expect(fit.status).toBe('ok');
        expect(violation(data, fit)).toBeLessThan(1e-8 * path[0]!.lambda);
      }
      const single = fitL1Logistic(data.columns, data.labels, portableBackend, { lambda: path[20]!.lambda });
      expect(single.objective).toBeCloseTo(path[20]!.objective, 12);
    }
  });

  it('a free intercept makes the mean probability the share of cases', () => {
    const fit = fitL1Logistic(tall.columns, tall.labels, portableBackend, { lambda: 0.02 });
    const eta = predictLogistic(fit, tall.columns, Int32Array.from(tall.labels.keys()));
    const mean = eta.reduce((sum, v) => sum + 1 / (1 + Math.exp(-v)), 0) / tall.labels.length;
    expect(mean).toBeCloseTo(tall.labels.reduce((a, b) => a + b, 0) / tall.labels.length, 9);
  });

  it('row order does not matter; swapping the classes flips the signs', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.double({ min: 0.005, max: 0.2, noNaN: true }),
        (seed, lambda) => {
          const uniform = seededUniform(seed);
          const columns = Array.from({ length: 5 }, () =>
            Float64Array.from({ length: 60 }, () => uniform() - 0.5),
          );
          const labels = Array.from(columns[0]!, (v) => (uniform() < 0.5 + v ? 1 : 0));
          fc.pre(new Set(labels).size === 2);
          const fit = fitL1Logistic(columns, labels, portableBackend, { lambda });
          const flipped = fitL1Logistic(
            columns,
            labels.map((y) => 1 - y),
            portableBackend,
            { lambda },
          );
          const rows = Int32Array.from({ length: 60 }, (_, i) => 59 - i);
          const reversed = fitL1Logistic(columns, labels, portableBackend, { lambda, rows });
          fit.coefficients.forEach((w, j) => {
            expect(flipped.coefficients[j]).toBeCloseTo(-w, 6);
            expect(reversed.coefficients[j]).toBeCloseTo(w, 6);
          });
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe.each(backends)('a first model in single precision (%s backend)', (_, backend) => {
  const uniform = seededUniform(11);
  const people = 400;
  const normal = (): number => uniform() + uniform() + uniform() + uniform() - 2;
  const base = Array.from({ length: 6 }, () => Float64Array.from({ length: people }, normal));
  const labels = Array.from(base[0]!, (v, i) => (normal() < v + 0.5 * base[1]![i]! ? 1 : 0));
  const lambda = 0.01;
  const fitOf = (columns: Float64Array[]): LogisticFit =>
    fitL1Logistic(columns, labels, backend, { lambda, penaliseIntercept: true });
  const replaced = (column: Float64Array): Float64Array[] => [...base.slice(0, 5), column];

  it.each([
    ['far from its mean', base[5]!.map((v) => 1e5 + v)],
    ['beyond the range of single precision', base[5]!.map((v) => 1e25 * v)],
    ['below it', base[5]!.map((v) => 1e-30 * v)],
    ['the same as another to seven digits', base[0]!.map((v, i) => v + 1e-7 * base[5]![i]!)],
    ['the sum of others', base[0]!.map((v, i) => v + base[1]![i]! - base[2]![i]!)],
    ['zero', new Float64Array(people)],
    ['constant', new Float64Array(people).fill(3)],
  ])('a column %s ends at the optimality conditions all the same', (_what, column) => {
    const fit = fitOf(replaced(column));
    expect(fit.status).toBe('ok');
    const eta = predictLogistic(fit, replaced(column));
    const gradientsAt = (scores: Float64Array): number[] =>
      replaced(column).map(
        (x) => x.reduce((sum, v, i) => sum + v * (1 / (1 + Math.exp(-scores[i]!)) - labels[i]!), 0) / people,
      );
    const lambdaMax = Math.max(...gradientsAt(new Float64Array(people)).map(Math.abs));
    gradientsAt(eta).forEach((g, j) => {
      const w = fit.coefficients[j]!;
      const off = w === 0 ? Math.abs(g) - lambda : Math.abs(g + Math.sign(w) * lambda);
      expect(off).toBeLessThan(1e-8 * lambdaMax);
    });
  });

  it('an infinite value is still the caller’s bug', () => {
    expect(() => fitOf(replaced(base[5]!.map((v, i) => (i === 7 ? Infinity : v))))).toThrow(
      'internal error: column 5',
    );
  });

  it('a fit leaves nothing behind for the next one', () => {
    const first = fitOf(base);
    fitOf(base.map((x) => x.map((v) => 3 * v)).slice(0, 2));
    expect(fitOf(base)).toEqual(first);
  });

  it('the Gram matrix is that of double precision to 1e-6', () => {
    const design = matrixFromColumns(base);
    const weights = Float64Array.from(base[0]!, () => uniform());
    for (const v of [null, weights]) {
      const [double, single] = [
        weightedRowGram(design, v, backend),
        weightedRowGram(design, v, backend, 'single'),
      ];
      const expected = base.map((x) =>
        base.map((z) => x.reduce((sum, value, i) => sum + (v ? v[i]! : 1) * value * z[i]!, 0)),
      );
      expected.flat().forEach((value, at) => {
        expect(double.data[at]).toBeCloseTo(value, 9);
        expect(Math.abs(single.data[at]! - value)).toBeLessThan(1e-6 * people);
      });
    }
  });
});

describe('degenerate inputs', () => {
  const x = Float64Array.of(1, 2, 3, 4, 5, 6);

  it('one class, no rows', () => {
    const fit = fitL1Logistic([x], [1, 1, 1, 1, 1, 1], portableBackend, { lambda: 0.1 });
    expect(fit).toMatchObject({ status: 'one-class', intercept: NaN, nonZero: 0 });
    expect(
      fitL1Logistic([x], [1, 0, 1, 0, 1, 0], portableBackend, { lambda: 0.1, rows: new Int32Array(0) })
        .status,
    ).toBe('no-rows');
    expect(
      l1LogisticPath(logisticProblem([x], [0, 0, 0, 0, 0, 0]), portableBackend, { count: 3 }).map(
        (f) => f.status,
      ),
    ).toEqual(Array(3).fill('one-class'));
  });

  it('separable data stay finite under the penalty', () => {
    const fit = fitL1Logistic([x], [0, 0, 0, 1, 1, 1], portableBackend, { lambda: 1e-4 });
    expect(fit.status).toBe('ok');
    expect(fit.coefficients[0]).toBeGreaterThan(3);
    expect(Number.isFinite(fit.coefficients[0]!)).toBe(true);
  });

  it('constant and duplicate columns', () => {
    const labels = [0, 1, 0, 1, 0, 1];
    const constant = fitL1Logistic([x, new Float64Array(6).fill(0.1)], labels, portableBackend, {
      lambda: 0.01,
    });
    expect(constant.coefficients[1]).toBe(0);
    const twice = fitL1Logistic([x, x], labels, portableBackend, { lambda: 0.01 });
    const once = fitL1Logistic([x], labels, portableBackend, { lambda: 0.01 });
    expect(twice.coefficients[0]! + twice.coefficients[1]!).toBeCloseTo(once.coefficients[0]!, 7);
  });

  it('a fold with one class is left out of the choice', () => {
    const uniform = seededUniform(5);
    const column = Float64Array.from({ length: 60 }, uniform);
    const labels = Array.from(column, (v, i) => (i < 12 ? 0 : uniform() < v ? 1 : 0));
    // Training without fold 1 keeps one class only.
    const fold = Int32Array.from(labels, (y) => (y === 1 ? 1 : 0));
    const { choice } = crossValidateL1Logistic([column], labels, fold, portableBackend, { count: 5 });
    expect(choice.best).toBe(-1);
  });

  it('labels other than 0 and 1, and columns with NaN, are the caller’s bugs', () => {
    expect(() => fitL1Logistic([x], [1, 2, 1, 2, 1, 2], portableBackend, { lambda: 1 })).toThrow(
      'internal error: a label must be 0 or 1, got 2',
    );
    expect(() => fitL1Logistic([Float64Array.of(NaN, 1)], [0, 1], portableBackend, { lambda: 1 })).toThrow(
      'internal error: column 0',
    );
    expect(() => fitL1Logistic([x], [0, 1, 0, 1, 0, 1], portableBackend, { lambda: 0 })).toThrow(
      'internal error: the L1 penalty',
    );
  });
});

it.skipIf(!haveData('cohorts/nhanes3.csv.gz'))(
  'NHANES III: ten-year mortality from blood counts and biochemistry',
  () => {
    const cohort = readCohort('cohorts/nhanes3.csv.gz');
    const names = [
      'age',
      'lymph',
      'mcv',
      'rdw',
      'wbc',
      'albumin',
      'alp',
      'bun',
      'creat',
      'glucose',
      'uap',
      'hdl',
      'totchol',
    ];
    const raw = names.map((name) => cohort.numbers(name));
    const time = cohort.numbers('permth_int');
    const cause = cohort.numbers('ucod_leading');
    const labels = Array.from(time, (t, i) => (t <= 120 && !Number.isNaN(cause[i]!) ? 1 : 0));
    const rows = Int32Array.from(time.keys()).filter((i) =>
      [...raw, time].every((v) => Number.isFinite(v[i]!)),
    );
    const columns = raw.map((v) => {
      const mean = rows.reduce((sum, i) => sum + v[i]!, 0) / rows.length;
      const sd = Math.sqrt(rows.reduce((sum, i) => sum + (v[i]! - mean) ** 2, 0) / rows.length);
      return v.map((value) => (value - mean) / sd);
    });
    const faithful = fitL1Logistic(columns, labels, portableBackend, {
      lambda: liblinearLambda(rows.length, 1),
      penaliseIntercept: true,
      rows,
    });
    expect(faithful.status).toBe('ok');
    expect(rows.length).toBeGreaterThan(12_000);
    expect(faithful.coefficients[0]).toBeGreaterThan(1);
    expect(faithful.violation).toBeLessThan(1e-9);
  },
);
