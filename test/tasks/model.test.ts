import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../cache/digest.js';
import { numbers, type Table } from '../../cache/table.js';
import type { Json } from '../../engine/task.js';
import { fitStacks, predictStack, DenseModality } from '../../stats/stack.js';
import { linalg } from '../../stats/linalg/linalg.js';
import { matrixFromColumns } from '../../stats/linalg/matrix.js';
import { rngFromSeed } from '../../stats/rng.js';
import { foldsAssign } from '../../tasks/folds-assign.js';
import { metricsRegression } from '../../tasks/metrics-regression.js';
import { modelPredict } from '../../tasks/model-predict.js';
import { modelStack } from '../../tasks/model-stack.js';
import type { StackedModel } from '../../tasks/stacked-model.js';
import { runBatch, runTask, type Call, type Ran } from './context.js';
import { cohort, lists, people, rows, samples } from './tables.js';

const n = 300;
const rng = rngFromSeed('34'.repeat(32), 'model');
const draw = () => Float64Array.from({ length: n }, () => rng.normal());
const [a, b, c, d] = [draw(), draw(), draw(), draw()];
const y = Float64Array.from(
  { length: n },
  (_, i) => 100 + 10 * (a[i]! + 0.5 * c[i]! - 0.3 * d[i]! + rng.normal()),
);
const gappy = y.map((value, i) => (i % 7 === 0 ? NaN : value));
const count = cohort({ b, a });
const biochemistry = cohort({ c, d });
const features = { named: { count, biochemistry } };
const everyone = samples(...count.id!.values);
const folds = (await runTask(foldsAssign, { inputs: { samples: everyone }, seed: '1'.repeat(64) })).table(
  'folds',
);
const inner = (await runTask(foldsAssign, { inputs: { samples: everyone }, seed: '2'.repeat(64) })).table(
  'folds',
);
const modelOf = (ran: Ran) => ran.json('model') as unknown as StackedModel;
const inUnitsOf = (model: StackedModel, z: Float64Array) =>
  z.map((value) => model.target.mean + model.target.sd * value);

describe('folds.assign', () => {
  it('deals people into folds of equal size, by the seed alone', async () => {
    const fold = numbers(folds, 'fold');
    for (let k = 1; k <= 5; k++) expect(fold.filter((value) => value === k)).toHaveLength(60);
    const again = await runTask(foldsAssign, { inputs: { samples: everyone }, seed: '1'.repeat(64) });
    expect(lists(again.table('folds'))).toEqual(lists(folds));
    expect(lists(inner)['fold']).not.toEqual(lists(folds)['fold']);
    await expect(runTask(foldsAssign, { inputs: { samples: samples('a', 'b') } })).rejects.toThrow(
      '2 people cannot fill 5 folds',
    );
  });
});

describe('model.stack and model.predict', () => {
  it('is the stacked Bayesian ridge of stats/, on the standardised target', async () => {
    const model = modelOf(await runTask(modelStack, { inputs: { features, target: cohort({ y }) } }));
    expect(Object.keys(model.configurations)).toEqual(['biochemistry', 'count', 'stacked']);
    const z = y.map((value) => (value - model.target.mean) / model.target.sd);
    const modalities = [
      new DenseModality('biochemistry', ['c', 'd'], matrixFromColumns([c, d]), undefined),
      new DenseModality('count', ['a', 'b'], matrixFromColumns([a, b]), undefined),
    ];
    const [direct] = fitStacks(modalities, [z], 'faithful', linalg());
    expect(model.configurations['stacked']).toEqual(direct);
    const predicted = await runTask(modelPredict, { inputs: { model: { json: model as never }, features } });
    const inputs = new Map(modalities.map(({ name, x }) => [name, x]));
    expect(numbers(predicted.table('table'), 'stacked')).toEqual(
      inUnitsOf(model, predictStack(direct!, inputs)),
    );
  });

  it('does not depend on the unit of the target', async () => {
    const millilitres = await runTask(modelStack, {
      inputs: { features, target: cohort({ y: y.map((value) => 1000 * value) }) },
    });
    const litres = await runTask(modelStack, { inputs: { features, target: cohort({ y }) } });
    const of = async (ran: Ran) =>
      numbers(
        (await runTask(modelPredict, { inputs: { model: { json: ran.json('model') }, features } })).table(
          'table',
        ),
        'stacked',
      );
    const [large, small] = [await of(millilitres), await of(litres)];
    large.forEach((value, i) => expect(value / 1000).toBeCloseTo(small[i]!, 8));
  });

  it('leaves the held-out fold, missing targets and other people out of training', async () => {
    const target = cohort({ y: gappy });
    const held = await runTask(modelStack, {
      params: { hold_out: 2 },
      inputs: { features, target, folds, samples: samples(...everyone.id!.values.slice(0, 250)) },
    });
    const fold = numbers(folds, 'fold');
    const training = everyone.id!.values.filter(
      (_, i) => i < 250 && fold[i] !== 2 && !Number.isNaN(gappy[i]!),
    );
    expect(modelOf(held).configurations['stacked']!.trainingRows).toBe(training.length);
    const direct = await runTask(modelStack, { inputs: { features, target, samples: samples(...training) } });
    expect(modelOf(held)).toEqual(modelOf(direct));
    const predicted = await runTask(modelPredict, {
      params: { fold: 2 },
      inputs: { features, model: { json: held.json('model') }, folds },
    });
    expect(predicted.table('table').id!.values).toEqual(everyone.id!.values.filter((_, i) => fold[i] === 2));
  });

  it('gives the same bytes alone, in any sub-batch and in the full batch', async () => {
    const targets = [y, gappy, y.map((value) => -value), gappy.map((value) => value ** 2)];
    const calls: Call[] = targets.map((values) => ({
      params: { hold_out: 1 },
      inputs: { features, folds, target: cohort({ y: values }) },
    }));
    const bytes = (ran: Ran | Error) => canonicalJson((ran as Ran).json('model'));
    const full = (await runBatch(modelStack, calls)).map(bytes);
    for (const [i, call] of calls.entries()) expect(bytes(await runTask(modelStack, call))).toBe(full[i]);
    const some = (
      await runBatch(
        modelStack,
        [3, 0, 1].map((i) => calls[i]!),
      )
    ).map(bytes);
    expect(some).toEqual([full[3], full[0], full[1]]);
  });

  it('trains layer 2 out of fold in recommended mode, which needs folds of its own', async () => {
    const inputs = { features, target: cohort({ y }) };
    const model = modelOf(
      await runTask(modelStack, {
        params: { mode: 'recommended' },
        inputs: { ...inputs, inner_folds: inner },
      }),
    );
    expect(model.configurations['stacked']!.mode).toBe('recommended');
    await expect(runTask(modelStack, { params: { mode: 'recommended' }, inputs })).rejects.toMatchObject({
      message: 'recommended mode trains layer 2 out of fold and needs folds of its own',
      where: { port: 'inner_folds' },
    });
    const alone = { mode: 'recommended', configurations: { count: ['count'] } };
    expect(Object.keys(modelOf(await runTask(modelStack, { params: alone, inputs })).configurations)).toEqual(
      ['count'],
    );
  });

  it('refuses what would silently change the model', async () => {
    const target = cohort({ y });
    const fit = (over: Record<string, Table | { named: Record<string, Table> }>, params = {}) =>
      runTask(modelStack, { params, inputs: { features, target, ...over } });
    const hole = a.slice();
    hole[4] = NaN;
    await expect(fit({ features: { named: { count: cohort({ a: hole }) } } })).rejects.toMatchObject({
      message: "expected no missing value in the modality 'count', got NaN in 'a'; impute it first",
      where: { port: 'features', column: 'a', row: 'p00004' },
    });
    await expect(fit({ folds }, { hold_out: 6 })).rejects.toThrow(
      'nobody is in fold 6; the folds are 1, 2, 3, 4, 5',
    );
    await expect(fit({}, { hold_out: 1 })).rejects.toThrow("'hold_out' needs folds");
    await expect(fit({}, { configurations: { all: ['snp'] } })).rejects.toThrow(
      "'configurations' names the modality 'snp', but 'features' has biochemistry, count",
    );
    await expect(fit({ target: cohort({ y: gappy.fill(NaN) }) })).rejects.toThrow(
      'the target is missing in everybody to train on',
    );
  });

  it('warns of a target that does not vary', async () => {
    const ran = await runTask(modelStack, {
      params: { configurations: { count: ['count'] } },
      inputs: { features, target: cohort({ y: new Float64Array(n).fill(5) }) },
    });
    expect(ran.warnings).toEqual(["count: count is 'constant-target'"]);
    const predicted = await runTask(modelPredict, {
      inputs: { features, model: { json: ran.json('model') } },
    });
    expect(new Set(numbers(predicted.table('table'), 'count'))).toEqual(new Set([5]));
  });

  it('predicts nobody with a missing feature, counted; needs the modalities and columns that it was trained on', async () => {
    const model = {
      json: (await runTask(modelStack, { inputs: { features, target: cohort({ y }) } })).json('model'),
    };
    const hole = a.slice();
    hole[0] = NaN;
    const ran = await runTask(modelPredict, {
      inputs: { model, features: { named: { count: cohort({ a: hole, b }), biochemistry } } },
    });
    expect(lists(ran.table('table'))['count']!.slice(0, 1)).toEqual([null]);
    expect(ran.warnings).toEqual([
      'count: no prediction for 1 person with a missing feature',
      'stacked: no prediction for 1 person with a missing feature',
    ]);
    await expect(
      runTask(modelPredict, { inputs: { model, features: { named: { count } } } }),
    ).rejects.toThrow("the model needs the modality 'biochemistry', but 'features' has count");
    await expect(
      runTask(modelPredict, {
        inputs: { model, features: { named: { count: cohort({ a }), biochemistry } } },
      }),
    ).rejects.toThrow("expected a column 'b' in the modality 'count', which does not have it");
  });
});

describe('metrics.regression', () => {
  const truth = people({ a: { y: 1 }, b: { y: 2 }, c: { y: 3 }, d: { y: 5 }, e: { y: null }, f: { y: 4 } });
  const fold = (number: number, predictions: Record<string, Record<string, number | null>>) => ({
    item: { fold: number },
    value: people(predictions),
  });

  it('scores each fold, means over folds and the pooled sample', async () => {
    const ran = await runTask(metricsRegression, {
      inputs: {
        truth,
        predictions: {
          gather: [
            fold(1, { a: { m: 1 }, b: { m: 2 }, c: { m: 3 } }),
            fold(2, { d: { m: 4 }, e: { m: 9 }, f: { m: 5 }, g: { m: 1 } }),
          ],
          failed: [{ fold: 3 }],
        },
      },
    });
    expect(lists(ran.table('folds'))).toEqual({
      fold: [1, 2],
      configuration: ['m', 'm'],
      n: [3, 2],
      r2: [1, -3],
      r2_pearson: [1, 1],
      rho: [1, -1],
    });
    const table = lists(ran.table('table'));
    expect(table).toMatchObject({
      configuration: ['m'],
      folds: [2],
      n: [5],
      r2: [-1],
      r2_pearson: [1],
      rho: [0],
    });
    // Pooled: observed 1 2 3 5 4, predicted 1 2 3 4 5: SSE 2, SST 10; ρ = 1 − 6·2/(5·24).
    expect(table['r2_pooled']![0]).toBeCloseTo(0.8, 12);
    expect(table['rho_pooled']![0]).toBeCloseTo(0.9, 12);
    expect(table['sd_ratio']![0]).toBeCloseTo(1, 12);
    expect(ran.warnings).toEqual(['1 failed and not scored: fold 3']);
  });

  it('leaves undefined scores missing, and refuses predictions with different columns', async () => {
    const flat = await runTask(metricsRegression, {
      inputs: { truth, predictions: { gather: [fold(1, { a: { m: 2 }, b: { m: 2 } })] } },
    });
    expect(lists(flat.table('table'))).toMatchObject({ r2_pearson: [null], rho: [null], r2: [-1] });
    await expect(
      runTask(metricsRegression, {
        inputs: { truth, predictions: { gather: [fold(1, { a: { m: 2 } }), fold(2, { a: { k: 2 } })] } },
      }),
    ).rejects.toThrow('the predictions have different columns: m, but also k');
  });

  it('the increment over a baseline is the mean difference of R² over folds', async () => {
    const gather = [
      fold(1, { a: { m: 1, age: 2 }, b: { m: 2, age: 2 }, c: { m: 3, age: 2 } }),
      fold(2, { d: { m: 4, age: 5 }, f: { m: 5, age: 4 } }),
    ];
    const run = (params: Record<string, Json>) =>
      runTask(metricsRegression, { params, inputs: { truth, predictions: { gather } } });
    const table = lists((await run({ baseline: 'age' })).table('table'));
    expect(table['configuration']).toEqual(['m', 'age']);
    // R² of m: 1 and −3; of age: 0 and 1.
    expect(table['r2_increment']).toEqual([-1.5, 0]);
    expect(lists((await run({})).table('table'))).not.toHaveProperty('r2_increment');
    await expect(run({ baseline: 'sex' })).rejects.toThrow("no configuration 'sex' among m, age");
  });

  it('takes one column of truth', async () => {
    await expect(
      runTask(metricsRegression, {
        inputs: { truth: rows({ y: [1] }), predictions: { gather: [fold(1, { a: { m: 2 } })] } },
      }),
    ).rejects.toThrow('expected a table with an id column');
  });
});
