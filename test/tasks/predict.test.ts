import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../cache/digest.js';
import { idTable, numbers, texts, type Table } from '../../cache/table.js';
import { numberColumn } from '../../cache/column.js';
import { crossValidateBoosting, predictBoosted } from '../../stats/boosting.js';
import { downSample, luckOf, splitClasses, stratifiedFolds, type Luck } from '../../stats/class-balance.js';
import { linalg } from '../../stats/linalg/linalg.js';
import { fitL1Logistic, liblinearLambda } from '../../stats/logistic.js';
import { crossValidateL1Logistic } from '../../stats/logistic-path.js';
import { rngFromSeed, uniformOf } from '../../stats/rng.js';
import { calibrationTable } from '../../tasks/prediction.js';
import { predictLogistic } from '../../tasks/predict-logistic.js';
import type { BoostedClassifier, LinearClassifier } from '../../tasks/classifier.js';
import { readReference } from '../stats/cohort-csv.js';
import { runBatch, runTask, type Call, type Ran } from './context.js';
import { cohort, lists, samples } from './tables.js';

const reference = readReference('predict') as {
  version: string;
  train: number;
  x: number[][];
  y: number[];
  coefficients: number[];
  intercept: number;
  metrics: Record<string, number>;
};
const seed = 'ab'.repeat(32);
const n = reference.x.length;
const features = cohort(
  Object.fromEntries(
    reference.x[0]!.map((_, j) => [`x${j}`, Float64Array.from(reference.x, (row) => row[j]!)]),
  ),
);
const columns = [...features.columns.keys()].map((name) => numbers(features, name));
const ids = features.id!.values;
const train = samples(...ids.slice(0, reference.train));
const test = samples(...ids.slice(reference.train));
const outcome = cohort({ y: Float64Array.from(reference.y) });
const inputs = { features, outcome, train, test };
const labels = Float64Array.from(reference.y, (y, i) => (i < reference.train ? y : NaN));
const trainRows = Int32Array.from({ length: reference.train }, (_, i) => i);
const linear = (ran: Ran): LinearClassifier => ran.json('model') as unknown as LinearClassifier;
const metric = (ran: Ran, name: string): number => numbers(ran.table('metrics'), name)[0]!;
const status = (ran: Ran): string | null => texts(ran.table('metrics'), 'status')[0]!;
const luck = (stream: string): Luck => luckOf(ids.map((id) => uniformOf(seed, stream, id)));
const withOutcome = (values: ArrayLike<number>): Table => cohort({ y: Float64Array.from(values) });

describe(`against scikit-learn ${reference.version} (liblinear, C = 0.5, no down-sampling)`, () => {
  it('has its coefficients and the scores of its test people', async () => {
    const ran = await runTask(predictLogistic, { params: { C: 0.5, balance: 'none' }, inputs, seed });
    const model = linear(ran);
    reference.coefficients.forEach((w, j) => expect(Math.abs(model.coefficients[j]! - w)).toBeLessThan(1e-6));
    expect(Math.abs(model.intercept - reference.intercept)).toBeLessThan(1e-6);
    for (const [name, value] of Object.entries(reference.metrics)) {
      expect(metric(ran, name), name).toBeCloseTo(value, name === 'brier' ? 6 : 12);
    }
    expect(status(ran)).toBe('ok');
    expect(metric(ran, 'train')).toBe(200);
    expect(metric(ran, 'test')).toBe(100);
  });
});

describe('who trains', () => {
  it('faithful: all of the smaller class and as many of the larger, training people only', async () => {
    const ran = await runTask(predictLogistic, { inputs, seed });
    const rows = downSample(splitClasses(labels, trainRows), luck('down-sample'));
    const cases = labels.filter((y) => y === 1).length;
    expect(rows.length).toBe(2 * cases);
    expect([metric(ran, 'train'), metric(ran, 'train_cases')]).toEqual([2 * cases, cases]);
    const fit = fitL1Logistic(columns, labels, linalg(), {
      rows,
      lambda: liblinearLambda(rows.length, 1),
      penaliseIntercept: true,
    });
    expect(linear(ran).coefficients).toEqual([...fit.coefficients]);
    expect(linear(ran).intercept).toBe(fit.intercept);
  });

  it('the larger class is down-sampled when it is that of the cases', async () => {
    const flipped = reference.y.map((y) => 1 - y);
    const ran = await runTask(predictLogistic, {
      inputs: { ...inputs, outcome: withOutcome(flipped) },
      seed,
    });
    expect(metric(ran, 'train')).toBe(2 * metric(ran, 'train_cases'));
  });

  it('another seed draws others; the same person is drawn alike when people join', async () => {
    const other = await runTask(predictLogistic, { inputs, seed: 'cd'.repeat(32) });
    const ran = await runTask(predictLogistic, { inputs, seed });
    expect(linear(other).coefficients).not.toEqual(linear(ran).coefficients);
    const same = await runTask(predictLogistic, {
      inputs: {
        ...inputs,
        outcome: idTable('id', [...ids, 'stranger'], [['y', numberColumn([...reference.y, 1])]]),
      },
      seed,
    });
    expect(linear(same)).toEqual(linear(ran));
  });

  it('without `train`: everybody but the test people', async () => {
    const ran = await runTask(predictLogistic, { inputs: { features, outcome, test }, seed });
    expect(linear(ran)).toEqual(linear(await runTask(predictLogistic, { inputs, seed })));
  });

  it('people with a missing outcome do not train; `train_people` matches the size of another arm', async () => {
    const gappy = withOutcome(reference.y.map((y, i) => (i % 5 === 0 ? NaN : y)));
    const params = { mode: 'recommended' };
    const ran = await runTask(predictLogistic, { params, inputs: { ...inputs, outcome: gappy }, seed });
    expect([metric(ran, 'train'), metric(ran, 'test')]).toEqual([160, 80]);
    const small = await runTask(predictLogistic, { params: { ...params, train_people: 90 }, inputs, seed });
    expect(metric(small, 'train')).toBe(90);
    expect(metric(small, 'test')).toBe(100);
  });

  it('features of the test people may come from another table', async () => {
    const moved = idTable(
      'id',
      test.id!.values,
      [...features.columns].map(([name]) => [
        name,
        numberColumn(
          numbers(features, name)
            .slice(reference.train)
            .map((x) => x + 1),
        ),
      ]),
    );
    const ran = await runTask(predictLogistic, { inputs: { ...inputs, test_features: moved }, seed });
    const plain = await runTask(predictLogistic, { inputs, seed });
    expect(linear(ran)).toEqual(linear(plain));
    const predicted = numbers(ran.table('calibration'), 'predicted');
    expect(predicted).toHaveLength(10);
    expect(predicted).not.toEqual(numbers(plain.table('calibration'), 'predicted'));
  });
});

describe('recommended', () => {
  it('chooses the penalty by stratified folds within the training people, the intercept free', async () => {
    const ran = await runTask(predictLogistic, { params: { mode: 'recommended', folds: 4 }, inputs, seed });
    const folds = stratifiedFolds(splitClasses(labels, trainRows), luck('fold'), 4);
    const { choice, path } = crossValidateL1Logistic(columns, labels, folds, linalg(), {
      rows: trainRows,
      count: 50,
      ratio: 0.01,
    });
    const best = path[choice.best]!;
    expect(linear(ran)).toMatchObject({
      lambda: best.lambda,
      penalised_intercept: false,
      intercept: best.intercept,
    });
    expect(linear(ran).coefficients).toEqual([...best.coefficients]);
    const sparse = await runTask(predictLogistic, {
      params: { mode: 'recommended', folds: 4, choice: 'one_standard_error' },
      inputs,
      seed,
    });
    expect(linear(sparse).lambda).toBeGreaterThan(best.lambda);
    expect(metric(sparse, 'features')).toBeLessThan(metric(ran, 'features'));
    // A free intercept fits the share of cases exactly.
    const mean = reference.x
      .slice(0, reference.train)
      .reduce(
        (sum, row) =>
          sum + 1 / (1 + Math.exp(-row.reduce((t, x, j) => t + x * best.coefficients[j]!, best.intercept))),
        0,
      );
    expect(mean).toBeCloseTo(labels.filter((y) => y === 1).length, 5);
  });

  it('the correction of the intercept undoes down-sampling: risks are right on average', async () => {
    const params = { mode: 'recommended', balance: 'down_sample' };
    const plain = await runTask(predictLogistic, { params, inputs, seed });
    const corrected = await runTask(predictLogistic, {
      params: { ...params, correct_intercept: true },
      inputs,
      seed,
    });
    const cases = labels.filter((y) => y === 1).length;
    const shift = Math.log(cases / (reference.train - cases));
    expect(linear(corrected).intercept - linear(plain).intercept).toBeCloseTo(shift, 12);
    expect(metric(corrected, 'auc')).toBe(metric(plain, 'auc'));
    expect(Math.abs(metric(corrected, 'calibration_intercept'))).toBeLessThan(
      Math.abs(metric(plain, 'calibration_intercept')),
    );
  });

  it('boosted trees, their number chosen by the same folds', async () => {
    const ran = await runTask(predictLogistic, {
      params: { mode: 'recommended', learner: 'boosting' },
      inputs,
      seed,
    });
    const model = ran.json('model') as unknown as BoostedClassifier;
    const folds = stratifiedFolds(splitClasses(labels, trainRows), luck('fold'), 5);
    const boosted = crossValidateBoosting(columns, labels, folds, { loss: 'logistic', rows: trainRows });
    expect(canonicalJson(model.boosted as never)).toBe(canonicalJson(boosted as never));
    expect(boosted.trees.length).toBeGreaterThan(0);
    expect(predictBoosted(model.boosted, columns, trainRows).some(Number.isNaN)).toBe(false);
    expect(metric(ran, 'auc')).toBeGreaterThan(0.6);
  });
});

describe('an interval of the AUC', () => {
  it('is there when asked for, and holds the estimate', async () => {
    const ran = await runTask(predictLogistic, { params: { bootstrap: 400 }, inputs, seed });
    const [low, auc, high] = [metric(ran, 'auc_low'), metric(ran, 'auc'), metric(ran, 'auc_high')];
    expect(low).toBeLessThan(auc);
    expect(high).toBeGreaterThan(auc);
    expect(high - low).toBeLessThan(0.35);
    expect((await runTask(predictLogistic, { inputs, seed })).table('metrics').columns.has('auc_low')).toBe(
      false,
    );
  });
});

describe('what cannot be done is a result with a reason', () => {
  it('a test set of one class has no AUC, and says so', async () => {
    const values = reference.y.map((y, i) => (i < reference.train ? y : 0));
    const ran = await runTask(predictLogistic, { inputs: { ...inputs, outcome: withOutcome(values) }, seed });
    expect(status(ran)).toBe('one-class test set');
    expect(lists(ran.table('metrics'))).toMatchObject({
      reason: ['0 cases among 100 people tested'],
      auc: [null],
      auprc: [null],
      recall: [null],
      calibration_slope: [null],
      test_cases: [0],
    });
    expect(ran.warnings).toEqual(['one-class test set: 0 cases among 100 people tested']);
  });

  it.each(['faithful', 'recommended'])('%s: a training set of one class has no model', async (mode) => {
    const values = reference.y.map((y, i) => (i < reference.train ? 1 : y));
    const ran = await runTask(predictLogistic, {
      params: { mode },
      inputs: { ...inputs, outcome: withOutcome(values) },
      seed,
    });
    expect(status(ran)).toBe('one-class training set');
    expect(ran.json('model')).toBeNull();
    expect(texts(ran.table('metrics'), 'reason')).toEqual([
      '200 cases and 0 controls among the training people',
    ]);
    expect(ran.table('calibration').rows).toBe(0);
  });

  it('a single case trains faithfully, but cannot be cross-validated', async () => {
    const values = reference.y.map((y, i) => (i < reference.train ? (i === 7 ? 1 : 0) : y));
    const given = { ...inputs, outcome: withOutcome(values) };
    expect(metric(await runTask(predictLogistic, { inputs: given, seed }), 'train')).toBe(2);
    const ran = await runTask(predictLogistic, { params: { mode: 'recommended' }, inputs: given, seed });
    expect(status(ran)).toBe('not tuned');
    expect(texts(ran.table('metrics'), 'reason')).toEqual([
      'cross-validation needs 2 people of each class, got 1',
    ]);
  });

  it('a test person whom the model cannot predict is counted', async () => {
    const gappy = cohort(
      Object.fromEntries(
        [...features.columns.keys()].map((name) => [
          name,
          numbers(features, name).map((x, i) => (name === 'x0' && i > 295 ? NaN : x)),
        ]),
      ),
    );
    const ran = await runTask(predictLogistic, { inputs: { ...inputs, features: gappy }, seed });
    expect([metric(ran, 'unpredicted'), metric(ran, 'test')]).toEqual([4, 96]);
    expect(ran.warnings).toEqual(["no prediction for 4 people of 'test' with a missing feature"]);
  });
});

describe('refuses nonsense, and says where', () => {
  const refusals: [string, Partial<Call['inputs']>, RegExp, object][] = [
    [
      'an outcome that is neither 0 nor 1',
      { outcome: withOutcome(reference.y.map((y, i) => (i === 3 ? 2 : y))) },
      /^expected 0 or 1, got 2$/,
      { port: 'outcome', column: 'y', row: 'p00003' },
    ],
    [
      'an outcome that is missing throughout',
      { outcome: withOutcome(reference.y.map(() => NaN)) },
      /^every outcome in 'y' is missing$/,
      { column: 'y' },
    ],
    [
      'two columns of outcomes',
      { outcome: cohort({ a: [...reference.y], b: [...reference.y] }) },
      /one column, got 'a', 'b'/,
      { port: 'outcome' },
    ],
    [
      'a missing training feature',
      { features: cohort({ x: columns[0]!.map((x, i) => (i === 9 ? NaN : x)) }) },
      /^expected no missing training value in 'x', got 1; impute them first$/,
      { port: 'features', column: 'x', row: 'p00009' },
    ],
    [
      'a feature that is missing throughout',
      { features: cohort({ a: columns[0]!, x: columns[0]!.map(() => NaN) }) },
      /^no training person has a value in 'x'; leave the column out$/,
      { column: 'x' },
    ],
    [
      'text among the features',
      { features: cohort({ x: ids.map(() => 'high') }) },
      /^expected numbers in column 'x', got text/,
      { column: 'x', row: 'p00000' },
    ],
    [
      'test people who train',
      { test: samples(...ids.slice(100)) },
      /^expected no test person among the training people$/,
      { port: 'test', row: 'p00100' },
    ],
    [
      'people who are nowhere',
      { train: samples('a', 'b') },
      /^none of the 2 people of 'train' has a row; ids look like 'a' and 'p00000'$/,
      { port: 'features' },
    ],
    [
      'outcomes of other people',
      { outcome: idTable('id', ['a', 'b'], [['y', numberColumn([0, 1])]]) },
      /^none of the 200 people of 'train' has an outcome; ids look like 'p00000' and 'a'$/,
      { port: 'outcome' },
    ],
    [
      'test features under other names',
      { test_features: cohort({ z: columns[0]! }) },
      /^expected a column 'x0', which the table does not have$/,
      { port: 'test_features', column: 'x0' },
    ],
  ];
  it.each(refusals)('%s', async (_what, wrong, message, where) => {
    const error: unknown = await runTask(predictLogistic, {
      inputs: { ...inputs, ...wrong },
      seed,
    }).catch((e: unknown) => e);
    expect(error).toMatchObject({
      name: 'TaskError',
      message: expect.stringMatching(message) as string,
      where,
    });
  });

  it('a constant feature is said, and changes nothing for a free intercept', async () => {
    const withConstant: Table = {
      ...features,
      columns: new Map([...features.columns, ['c', numberColumn(ids.map(() => 3))]]),
    };
    const params = { mode: 'recommended' };
    const ran = await runTask(predictLogistic, {
      params,
      inputs: { ...inputs, features: withConstant },
      seed,
    });
    expect(ran.warnings).toEqual(["the feature 'c' is constant among the training people"]);
    const model = linear(ran);
    expect(model.coefficients[model.features.indexOf('c')]).toBe(0);
    const plain = linear(await runTask(predictLogistic, { params, inputs, seed }));
    model.coefficients.slice(1).forEach((w, j) => expect(w).toBeCloseTo(plain.coefficients[j]!, 9));
  });
});

describe('batches', () => {
  it('each disease has the same bytes alone and with others, failures included', async () => {
    const rng = rngFromSeed('ef'.repeat(32), 'diseases');
    const outcomes = [
      outcome,
      withOutcome(reference.y.map((y) => (rng.uniform() < 0.3 ? 1 - y : y))),
      withOutcome(reference.y.map(() => 7)),
      withOutcome(reference.y.map(() => (rng.uniform() < 0.1 ? 1 : 0))),
    ];
    for (const mode of ['faithful', 'recommended']) {
      const calls: Call[] = outcomes.map((given) => ({
        params: { mode },
        inputs: { ...inputs, outcome: given },
        seed,
      }));
      const together = await runBatch(predictLogistic, calls);
      expect(together.map((ran) => ran instanceof Error)).toEqual([false, false, true, false]);
      for (const [i, ran] of together.entries()) {
        if (ran instanceof Error) continue;
        const alone = await runTask(predictLogistic, calls[i]!);
        expect(ran.json('model')).toEqual(alone.json('model'));
        expect(lists(ran.table('metrics'))).toEqual(lists(alone.table('metrics')));
        expect(lists(ran.table('calibration'))).toEqual(lists(alone.table('calibration')));
        expect(ran.warnings).toEqual(alone.warnings);
      }
    }
  });

  it('shared nonsense fails every disease', async () => {
    const wrong = { ...inputs, train: samples('a') };
    const results = await runBatch(predictLogistic, [{ inputs: wrong }, { inputs: wrong }]);
    expect(results.map((result) => result instanceof Error)).toEqual([true, true]);
  });
});

describe('the table of calibration', () => {
  it('people of equal risk enter the groups in the order of their ids', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(-1, -0.5, -0, 0, 0.5, 2), fc.constantFrom(0, 1)), {
          maxLength: 60,
        }),
        (people) => {
          const eta = Float64Array.from(people, ([score]) => score);
          const outcome = Float64Array.from(people, ([, y]) => y);
          const order = people.map((_, i) => i).sort((a, b) => eta[a]! - eta[b]! || a - b);
          const edge = (g: number): number => Math.round((g * order.length) / 10);
          const groups = Array.from({ length: 10 }, (_, g) => order.slice(edge(g), edge(g + 1))).filter(
            (group) => group.length > 0,
          );
          const mean = (group: number[], of: (i: number) => number): number =>
            group.reduce((sum, i) => sum + of(i), 0) / group.length;
          const table = lists(calibrationTable({ outcome, eta } as never));
          expect(table['people']).toEqual(groups.map((group) => group.length));
          expect(table['observed']).toEqual(groups.map((group) => mean(group, (i) => outcome[i]!)));
          expect(table['predicted']).toEqual(
            groups.map((group) => mean(group, (i) => 1 / (1 + Math.exp(-eta[i]!)))),
          );
        },
      ),
    );
  });

  it('has ten groups that hold everybody, by rising risk', async () => {
    const ran = await runTask(predictLogistic, { params: { mode: 'recommended' }, inputs, seed });
    const table = lists(ran.table('calibration'));
    expect(table['group']).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(table['people']).toEqual(new Array(10).fill(10));
    const predicted = table['predicted'] as number[];
    expect(predicted).toEqual(predicted.slice().sort((a, b) => a - b));
    const cases = reference.y.slice(reference.train).filter((y) => y === 1).length;
    expect((table['observed'] as number[]).reduce((sum, share) => sum + 10 * share, 0)).toBeCloseTo(cases, 9);
    expect(n).toBe(300);
  });
});
