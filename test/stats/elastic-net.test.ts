import { describe, expect, it } from 'vitest';
import {
  crossValidateElasticNets,
  fitElasticNets,
  predictElasticNet,
  type ColumnOptions,
} from '../../stats/elastic-net-columns.js';
import type { ElasticNetPath } from '../../stats/elastic-net.js';
import { portableBackend } from '../../stats/linalg/portable.js';
import { haveData, readCohort, readReference } from './cohort-csv.js';
import { seededUniform } from './cox-cases.js';

interface LinearCase {
  name: string;
  alpha: number;
  standardize: boolean;
  first: number;
  last: number;
  length: number;
  lambda: number[];
  intercept: number[];
  beta: number[][];
  explained: number[];
}
interface CvReference {
  lambda: number[];
  mean: number[];
  se: number[];
  best: number;
  one_se: number;
}
const reference = readReference('glmnet') as {
  version: string;
  x: number[][];
  y: number[];
  fold: number[];
  wide: number[][];
  wide_y: number[];
  linear: LinearCase[];
  linear_wide: LinearCase[];
  cv: CvReference;
};
const toColumns = (rows: number[][]): Float64Array[] =>
  rows[0]!.map((_, j) => Float64Array.from(rows, (r) => r[j]!));
const tall = { columns: toColumns(reference.x), y: Float64Array.from(reference.y) };
const wide = { columns: toColumns(reference.wide), y: Float64Array.from(reference.wide_y) };

const fit = (columns: Float64Array[], y: Float64Array, options?: ColumnOptions): ElasticNetPath =>
  fitElasticNets(columns, [y], portableBackend, options)[0]!;

function fitLike(c: LinearCase & { columns: Float64Array[]; y: Float64Array }): ElasticNetPath {
  const { alpha, standardize } = c;
  const path = fit(c.columns, c.y, { alpha, standardize, lambdas: Float64Array.from(c.lambda) });
  expect(path.converged.every(Boolean)).toBe(true);
  return path;
}

/** (1/2n)RSS + λ[α‖β‖₁ + (1−α)/(2s)‖β‖²] with β per column SD where columns are standardised. */
function objective(
  c: LinearCase & { columns: Float64Array[]; y: Float64Array },
  intercept: number,
  beta: Float64Array,
  lambda: number,
): number {
  const n = c.y.length;
  const sd = (x: Float64Array): number => {
    const mean = x.reduce((sum, v) => sum + v, 0) / n;
    return Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n);
  };
  const scaled = beta.map((b, j) => b * (c.standardize ? sd(c.columns[j]!) : 1));
  const squares = c.y.reduce((sum, v, i) => {
    return sum + (v - intercept - beta.reduce((eta, b, j) => eta + b * c.columns[j]![i]!, 0)) ** 2;
  }, 0);
  const l1 = scaled.reduce((sum, b) => sum + Math.abs(b), 0);
  const l2 = scaled.reduce((sum, b) => sum + b * b, 0);
  return squares / (2 * n) + lambda * (c.alpha * l1 + ((1 - c.alpha) / (2 * sd(c.y))) * l2);
}

describe(`against R glmnet ${reference.version}, thresh = 1e-14`, () => {
  it.each(reference.linear.map((c) => ({ ...c, ...tall })))('$name (alpha, standardize)', (c) => {
    const path = fitLike(c);
    c.beta.forEach((beta, l) => {
      const size = Math.max(1e-3, ...beta.map(Math.abs));
      beta.forEach((b, j) => expect(Math.abs(path.coefficients[l]![j]! - b)).toBeLessThan(1e-6 * size));
      expect(Math.abs(path.intercepts[l]! - c.intercept[l]!)).toBeLessThan(1e-5);
      expect(Math.abs(path.explained[l]! - c.explained[l]!)).toBeLessThan(1e-7);
    });
  });

  // With more columns than rows the coefficients are too ill-determined to agree to 1e-6; the objective is not.
  it.each(reference.linear_wide.map((c) => ({ ...c, ...wide })))('$name, p > n: the objective', (c) => {
    const path = fitLike(c);
    c.beta.forEach((beta, l) => {
      const ours = objective(c, path.intercepts[l]!, path.coefficients[l]!, c.lambda[l]!);
      const theirs = objective(c, c.intercept[l]!, Float64Array.from(beta), c.lambda[l]!);
      expect(ours / theirs - 1).toBeLessThan(1e-10);
      expect(ours / theirs - 1).toBeGreaterThan(-1e-7);
    });
  });

  it.each(reference.linear.map((c) => ({ ...c, ...tall })))('the sequence of penalties: $name', (c) => {
    const path = fit(c.columns, c.y, { alpha: c.alpha, standardize: c.standardize });
    expect(path.lambdas.length).toBe(c.length);
    expect(path.lambdas[0]! / c.first).toBeCloseTo(1, 6);
    expect(path.lambdas.at(-1)! / c.last).toBeCloseTo(1, 6);
  });

  it('cv.glmnet with given folds and penalties', () => {
    const { lambda, mean, se, best, one_se: oneSe } = reference.cv;
    const fold = Int32Array.from(reference.fold);
    const lambdas = Float64Array.from(lambda);
    const { choice } = crossValidateElasticNets(tall.columns, [tall.y], fold, portableBackend, {
      lambdas,
    })[0]!;
    mean.forEach((value, l) => expect(Math.abs(choice.meanLoss[l]! / value - 1)).toBeLessThan(1e-6));
    se.forEach((value, l) => expect(Math.abs(choice.standardError[l]! / value - 1)).toBeLessThan(1e-5));
    expect(choice.lambdas[choice.best]).toBeCloseTo(best, 12);
    expect(choice.lambdas[choice.oneStandardError]).toBeCloseTo(oneSe, 12);
  });
});

describe('identities', () => {
  it('ridge with a vanishing penalty is least squares; its residuals are orthogonal to the columns', () => {
    const path = fit(tall.columns, tall.y, { alpha: 0, lambdas: Float64Array.of(1e-10) });
    const rows = Int32Array.from(tall.y.keys());
    const residual = predictElasticNet(path, 0, tall.columns, rows).map((v, i) => tall.y[i]! - v);
    for (const x of tall.columns) {
      expect(Math.abs(x.reduce((sum, v, i) => sum + v * residual[i]!, 0))).toBeLessThan(1e-5);
    }
  });

  it('the LASSO satisfies its optimality conditions at every penalty', () => {
    const path = fit(tall.columns, tall.y, { standardize: false });
    const n = tall.y.length;
    const rows = Int32Array.from(tall.y.keys());
    path.lambdas.forEach((lambda, l) => {
      const residual = predictElasticNet(path, l, tall.columns, rows).map((v, i) => tall.y[i]! - v);
      tall.columns.forEach((x, j) => {
        const gradient = x.reduce((sum, v, i) => sum + v * residual[i]!, 0) / n;
        const b = path.coefficients[l]![j]!;
        const violation = b === 0 ? Math.abs(gradient) - lambda : Math.abs(gradient - Math.sign(b) * lambda);
        expect(violation).toBeLessThan(1e-7 * path.lambdas[0]!);
      });
    });
  });

  it('units of columns and target only rescale', () => {
    const a = fit(tall.columns, tall.y, { count: 10 });
    const b = fit(
      tall.columns.map((x) => x.map((v) => 5 - 3 * v)),
      tall.y.map((v) => 10 * v + 1),
      { count: 10 },
    );
    a.coefficients.forEach((beta, l) => {
      beta.forEach((v, j) => expect((b.coefficients[l]![j]! * -3) / 10).toBeCloseTo(v, 8));
    });
  });

  it('a target’s path does not depend on the other targets', () => {
    const other = tall.y.map((v) => -v * v);
    const together = fitElasticNets(tall.columns, [other, tall.y], portableBackend);
    expect(together[1]).toEqual(fit(tall.columns, tall.y));
  });
});

describe('degenerate inputs', () => {
  it('constant and duplicate columns, constant target', () => {
    const [x] = tall.columns;
    const columns = [x!, new Float64Array(x!.length).fill(0.1), x!];
    const path = fit(columns, tall.y, { lambdas: Float64Array.of(0.1, 0.01) });
    expect(path.coefficients[1]![1]).toBe(0);
    const alone = fit([x!], tall.y, { lambdas: Float64Array.of(0.1, 0.01) });
    expect(path.coefficients[1]![0]! + path.coefficients[1]![2]!).toBeCloseTo(alone.coefficients[1]![0]!, 8);
    const ridge = fit(columns, tall.y, { alpha: 0, lambdas: Float64Array.of(0.5) });
    expect(ridge.coefficients[0]![0]).toBeCloseTo(ridge.coefficients[0]![2]!, 10);
    const flat = fit([x!], new Float64Array(x!.length).fill(0.3), { count: 3 });
    expect(flat.status).toBe('constant-target');
    expect(flat.intercepts[0]).toBeCloseTo(0.3, 12);
    expect(flat.nonZero).toEqual(new Int32Array(3));
  });

  it('the largest penalty leaves nothing, a slightly smaller one leaves something', () => {
    const path = fit(tall.columns, tall.y, { count: 50 });
    expect(path.nonZero[0]).toBe(0);
    expect(path.nonZero[1]).toBeGreaterThan(0);
  });

  it('rows: the rest of the people do not matter', () => {
    const rows = Int32Array.from({ length: 60 }, (_, i) => 2 * i);
    const spoiled = tall.columns.map((x) => x.map((v, i) => (i % 2 === 1 ? NaN : v)));
    const part = fit(spoiled, tall.y, { rows, count: 5 });
    const copy = tall.columns.map((x) => x.filter((_, i) => i % 2 === 0));
    expect(part).toEqual(
      fit(
        copy,
        tall.y.filter((_, i) => i % 2 === 0),
        { count: 5 },
      ),
    );
  });
});

it('finds the true support and predicts better than noise (n = 400, p = 60, seed 3)', () => {
  const uniform = seededUniform(3);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const columns = Array.from({ length: 60 }, () => Float64Array.from({ length: 400 }, normal));
  const y = Float64Array.from({ length: 400 }, (_, i) => columns[0]![i]! - 0.5 * columns[9]![i]! + normal());
  const fold = Int32Array.from({ length: 400 }, (_, i) => i % 5);
  const { choice, path } = crossValidateElasticNets(columns, [y], fold, portableBackend)[0]!;
  const beta = path.coefficients[choice.oneStandardError]!;
  expect([...beta.keys()].filter((j) => Math.abs(beta[j]!) > 0.2)).toEqual([0, 9]);
  expect(choice.meanLoss[choice.best]!).toBeLessThan(1.3);
});

it.skipIf(!haveData('cohorts/nhanes3.csv.gz'))(
  'NHANES III: LASSO, ridge and elastic net reach the R² of least squares',
  () => {
    const cohort = readCohort('cohorts/nhanes3.csv.gz');
    const names = [
      'lymph',
      'mcv',
      'monopa',
      'rbc',
      'rdw',
      'wbc',
      'albumin',
      'alp',
      'bun',
      'creat',
      'glucose',
      'hdl',
      'totchol',
    ];
    const all = names.map((name) => cohort.numbers(name));
    const height = cohort.numbers('height');
    const rows = Int32Array.from(height.keys()).filter((i) =>
      [...all, height].every((x) => Number.isFinite(x[i]!)),
    );
    const explained = [1, 0.5, 0].map((alpha) =>
      fit(all, height, { rows, alpha, ratio: 1e-5 }).explained.at(-1)!,
    );
    // R 4.2: summary(lm(height ~ lymph + … + totchol))$r.squared.
    for (const value of explained) expect(value).toBeCloseTo(0.309068216850493, 4);
  },
);
