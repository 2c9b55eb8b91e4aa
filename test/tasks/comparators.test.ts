/** `model.stack` with another learner than Bayesian ridge in either layer. */
import { describe, expect, it } from 'vitest';
import { numbers } from '../../cache/table.js';
import { assignFolds } from '../../stats/folds.js';
import { rSquared } from '../../stats/regression-metrics.js';
import { rngFromSeed } from '../../stats/rng.js';
import { modelPredict } from '../../tasks/model-predict.js';
import { modelStack } from '../../tasks/model-stack.js';
import type { StackedModel } from '../../tasks/stacked-model.js';
import { runBatch, runTask, type Call, type Ran } from './context.js';
import { cohort } from './tables.js';

const n = 300;
const rng = rngFromSeed('6f'.repeat(32), 'comparators');
const draw = (): Float64Array => Float64Array.from({ length: n }, () => rng.normal());
const [a, b, c, d] = [draw(), draw(), draw(), draw()];
const y = a.map((x, i) => 100 + 10 * (x + 0.5 * c[i]! - 0.4 * d[i]! + 0.7 * rng.normal()));
const features = { named: { count: cohort({ a, b }), biochemistry: cohort({ c, d }) } };
const foldsOf = (k: number) =>
  cohort({ fold: Float64Array.from(assignFolds(n, k, rngFromSeed('7f'.repeat(32), k)), (f) => f + 1) });
const inputs = { features, target: cohort({ y }), inner_folds: foldsOf(5) };
const modelOf = (ran: Ran): StackedModel => ran.json('model') as unknown as StackedModel;
const LEARNERS = ['ridge', 'lasso', 'elastic-net', 'boosting'];

describe.each(LEARNERS)('%s', (learner) => {
  it.each(['faithful', 'recommended'])(
    '%s: layer 1, and the model predicts from itself in the unit of the target',
    async (mode) => {
      const ran = await runTask(modelStack, { params: { learner, mode }, inputs });
      const stacked = modelOf(ran).configurations['stacked']!;
      expect(stacked.modalities.map((part) => 'learner' in part && part.learner)).toEqual([learner, learner]);
      expect(stacked.layerTwo).not.toHaveProperty('learner');
      const predicted = await runTask(modelPredict, {
        inputs: { features, model: { json: ran.json('model') } },
      });
      expect(rSquared(y, numbers(predicted.table('table'), 'stacked'))).toBeGreaterThan(0.5);
    },
  );

  it('layer 2 alone needs folds only where there is one', async () => {
    const ran = await runTask(modelStack, { params: { layer_two: learner }, inputs });
    const stacked = modelOf(ran).configurations['stacked']!;
    expect(stacked.layerTwo).toMatchObject({ learner });
    expect(stacked.modalities[0]).not.toHaveProperty('learner');
    const without = { features, target: inputs.target };
    const single = { configurations: { count: ['count'] }, layer_two: learner };
    expect(
      modelOf(await runTask(modelStack, { params: single, inputs: without })).configurations['count']!
        .layerTwo,
    ).toBeNull();
    await expect(runTask(modelStack, { params: { layer_two: learner }, inputs: without })).rejects.toThrow(
      `the penalty of '${learner}' is chosen by cross-validation and needs folds of its own`,
    );
  });

  it('has the same bytes alone and with others', async () => {
    const other = cohort({ y: y.map((value, i) => (i % 9 === 0 ? NaN : value + 5 * b[i]!)) });
    const params = { learner, mode: 'recommended' };
    const calls = [inputs.target, other, inputs.target].map((target): Call => ({
      params,
      inputs: { ...inputs, target },
    }));
    const together = await runBatch(modelStack, calls);
    for (const [i, call] of calls.entries()) {
      expect((together[i] as Ran).json('model')).toEqual((await runTask(modelStack, call)).json('model'));
    }
  });
});

describe('folds', () => {
  it('must leave two to choose with', async () => {
    const params = { learner: 'lasso', mode: 'recommended' };
    await expect(
      runTask(modelStack, { params, inputs: { ...inputs, inner_folds: foldsOf(2) } }),
    ).rejects.toMatchObject({
      message: 'expected at least 3 folds among the training people, got 2',
      where: { port: 'inner_folds', column: 'fold' },
    });
    await expect(
      runTask(modelStack, {
        params: { ...params, mode: 'faithful' },
        inputs: { ...inputs, inner_folds: foldsOf(2) },
      }),
    ).resolves.toBeDefined();
  });
});

describe('missing features', () => {
  it('boosted trees predict people with one; a linear model does not', async () => {
    const hole = a.map((x, i) => (i === 0 ? NaN : x));
    const holed = { named: { count: cohort({ a: hole, b }), biochemistry: features.named.biochemistry } };
    for (const learner of ['boosting', 'ridge']) {
      const fitted = await runTask(modelStack, { params: { learner }, inputs });
      const ran = await runTask(modelPredict, {
        inputs: { features: holed, model: { json: fitted.json('model') } },
      });
      expect(Number.isNaN(numbers(ran.table('table'), 'stacked')[0]!)).toBe(learner === 'ridge');
    }
  });
});
