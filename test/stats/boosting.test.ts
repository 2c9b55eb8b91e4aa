import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignFolds } from '../../stats/folds.js';
import {
  crossValidateBoosting,
  fitBoosting,
  predictBoosted,
  type BoostedModel,
  type BoostingOptions,
} from '../../stats/boosting.js';
import { rngFromSeed } from '../../stats/rng.js';
import { readReference } from './cohort-csv.js';

interface Case {
  name: string;
  train: number;
  x: (number | null)[][];
  y: number[];
  label: number[];
  squared: number[];
  logistic: number[];
  small: number[];
}
const reference = readReference('boosting') as { version: string; cases: Case[] };
const columnsOf = (x: (number | null)[][]): Float64Array[] =>
  x[0]!.map((_, j) => Float64Array.from(x, (row) => row[j] ?? NaN));
const first = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);

const rng = rngFromSeed('5b'.repeat(32), 'boosting');
const n = 400;
const x = Array.from({ length: 4 }, () => Float64Array.from({ length: n }, () => rng.normal()));
const y = x[0]!.map((a, i) => Math.sin(2 * a) + (x[1]![i]! > 0 ? 1 : 0) + 0.3 * rng.normal());
const label = y.map((value) => (value > 0.5 ? 1 : 0));
const squared: BoostingOptions = { loss: 'squared', trees: 20 };
const error = (model: BoostedModel, rows: Int32Array): number => {
  const predicted = predictBoosted(model, x, rows);
  return rows.reduce((sum, i, r) => sum + (y[i]! - predicted[r]!) ** 2, 0) / rows.length;
};

describe(`against scikit-learn ${reference.version} HistGradientBoosting (early_stopping=False)`, () => {
  it.each(reference.cases)('$name', (given) => {
    const columns = columnsOf(given.x);
    const rows = first(given.train);
    const everyone = first(given.x.length);
    const options = { rows, trees: 30 };
    const compare = (target: number[], given: number[], extra: BoostingOptions): void => {
      const predicted = predictBoosted(
        fitBoosting(columns, target, { ...options, ...extra }),
        columns,
        everyone,
      );
      // scikit-learn keeps gradients in single precision.
      predicted.forEach((value, i) => expect(Math.abs(value - given[i]!)).toBeLessThan(1e-6));
    };
    compare(given.y, given.squared, { loss: 'squared' });
    compare(given.label, given.logistic, { loss: 'logistic', maxLeaves: 8 });
    const small = { trees: 10, maxLeaves: 4, minLeaf: 5, l2: 2, learningRate: 0.3 };
    compare(given.y, given.small, { loss: 'squared', ...small });
  });
});

describe('properties', () => {
  it('depends on the order of the values of a column only', () => {
    const bent = x.map((column) => column.map((value) => Math.exp(value / 2)));
    const plain = predictBoosted(fitBoosting(x, y, squared), x, first(n));
    const other = predictBoosted(fitBoosting(bent, y, squared), bent, first(n));
    plain.forEach((value, i) => expect(other[i]).toBeCloseTo(value, 10));
  });

  it('moves and stretches with the target', () => {
    const plain = predictBoosted(fitBoosting(x, y, squared), x, first(n));
    const other = predictBoosted(
      fitBoosting(
        x,
        y.map((value) => 8 * value - 3),
        squared,
      ),
      x,
      first(n),
    );
    plain.forEach((value, i) => expect(other[i]).toBeCloseTo(8 * value - 3, 9));
  });

  it('does not depend on the order of the rows but for rounding', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), (seed) => {
        const order = rngFromSeed('6c'.repeat(32), seed).permutation(n);
        const shuffle = (values: Float64Array): Float64Array => values.map((_, i) => values[order[i]!]!);
        const shuffled = x.map(shuffle);
        const model = fitBoosting(shuffled, shuffle(y), { ...squared, trees: 5 });
        const plain = predictBoosted(fitBoosting(x, y, { ...squared, trees: 5 }), x, first(n));
        predictBoosted(model, x, first(n)).forEach((value, i) => expect(value).toBeCloseTo(plain[i]!, 9));
      }),
      { numRuns: 10 },
    );
  });

  it('every tree lowers the training loss; no leaf is smaller than asked for', () => {
    let last = Infinity;
    for (const trees of [0, 1, 5, 20, 60]) {
      const now = error(fitBoosting(x, y, { loss: 'squared', trees }), first(n));
      expect(now).toBeLessThan(last);
      last = now;
    }
    const { trees } = fitBoosting(x, y, { loss: 'squared', trees: 1, minLeaf: 50 });
    const values = predictBoosted({ loss: 'squared', status: 'ok', baseline: 0, trees }, x, first(n));
    const sizes = new Map<number, number>();
    values.forEach((value) => sizes.set(value, (sizes.get(value) ?? 0) + 1));
    expect(sizes.size).toBeGreaterThan(2);
    expect(Math.min(...sizes.values())).toBeGreaterThanOrEqual(50);
  });

  it('predicts people with missing values, and learns from missingness', () => {
    const gone = x[0]!.map((value, i) => (y[i]! > 1 ? NaN : value));
    const model = fitBoosting([gone], y, squared);
    const [missing, low] = predictBoosted(model, [Float64Array.of(NaN, -1)], first(2));
    const above = y.filter((value) => value > 1);
    expect(Math.abs(missing! - above.reduce((sum, value) => sum + value, 0) / above.length)).toBeLessThan(
      0.25,
    );
    expect(low).toBeLessThan(0.9);
    // Where training was complete, a missing value goes with the majority, and there is always a prediction.
    const [complete] = predictBoosted(
      fitBoosting(x, y, squared),
      [NaN, NaN, NaN, NaN].map((v) => Float64Array.of(v)),
      first(1),
    );
    expect(complete).toBeGreaterThan(-2);
    expect(complete).toBeLessThan(3);
  });
});

describe('the number of trees', () => {
  const fold = assignFolds(n, 5, rngFromSeed('7d'.repeat(32), 'fold'));
  it('is the one that predicts held-out people best, near what a fresh sample says', () => {
    const model = crossValidateBoosting(x, y, fold, { loss: 'squared' });
    expect(model.trees.length).toBeGreaterThan(10);
    expect(model.trees.length).toBeLessThan(150);
    expect(model).toEqual(fitBoosting(x, y, { loss: 'squared', trees: model.trees.length }));
    const loss = (trees: number): number =>
      [0, 1, 2, 3, 4].reduce((sum, held) => {
        const rows = first(n).filter((i) => fold[i] !== held);
        const test = first(n).filter((i) => fold[i] === held);
        return sum + error(fitBoosting(x, y, { loss: 'squared', rows, trees }), test) * test.length;
      }, 0);
    const chosen = loss(model.trees.length);
    expect(chosen).toBeLessThanOrEqual(loss(model.trees.length - 1));
    expect(chosen).toBeLessThanOrEqual(loss(model.trees.length + 1));
  });

  it('is none when there is nothing to learn', () => {
    const noise = Float64Array.from({ length: n }, () => rng.normal());
    const model = crossValidateBoosting(x, noise, fold, { loss: 'squared' });
    expect(model.trees.length).toBeLessThanOrEqual(3);
  });

  it('is chosen for classes too', () => {
    const model = crossValidateBoosting(x, label, fold, { loss: 'logistic' });
    expect(model.trees.length).toBeGreaterThan(5);
    const eta = predictBoosted(model, x, first(n));
    const right = eta.reduce((sum, value, i) => sum + (value > 0 === (label[i] === 1) ? 1 : 0), 0);
    expect(right / n).toBeGreaterThan(0.85);
  });
});

describe('degenerate data', () => {
  it.each([
    ['a constant target', [y.map(() => 4)], 4],
    ['too few rows for two leaves', [y], null],
  ])('%s: the mean', (_what, [target], expected) => {
    const rows = expected === null ? first(39) : first(n);
    const model = fitBoosting(x, target!, { ...squared, rows });
    const mean = rows.reduce((sum, i) => sum + target![i]!, 0) / rows.length;
    expect(model).toEqual({ loss: 'squared', status: 'ok', baseline: mean, trees: [] });
    if (expected !== null) expect(predictBoosted(model, x, first(1))[0]).toBe(expected);
  });

  it('constant and empty columns are never split', () => {
    const columns = [new Float64Array(n).fill(3), new Float64Array(n).fill(NaN), x[0]!];
    const model = fitBoosting(columns, y, squared);
    expect(new Set(model.trees.flatMap(({ feature }) => feature))).toEqual(new Set([-1, 2]));
  });

  it('one class, and nobody, are said and predict nothing', () => {
    const ones = fitBoosting(
      x,
      y.map(() => 1),
      { loss: 'logistic' },
    );
    expect(ones).toMatchObject({ status: 'one-class', baseline: null, trees: [] });
    expect(predictBoosted(ones, x, first(1))[0]).toBeNaN();
    expect(fitBoosting(x, y, { loss: 'squared', rows: first(0) }).status).toBe('no-rows');
  });

  it('a model is plain JSON, infinite values included', () => {
    const columns = [
      x[0]!.map((value, i) => (i % 9 === 0 ? Infinity : i % 7 === 0 ? -Infinity : value)),
      x[1]!,
    ];
    const model = fitBoosting(columns, y, squared);
    const copy = JSON.parse(JSON.stringify(model)) as BoostedModel;
    expect(predictBoosted(copy, columns, first(n))).toEqual(predictBoosted(model, columns, first(n)));
  });
});
