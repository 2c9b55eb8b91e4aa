/** A model meets people of another cohort, measured in the units of their laboratory: what it keeps must be all it needs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { numbers, type Table } from '../../cache/table.js';
import { rngFromSeed } from '../../stats/rng.js';
import { modelPredict } from '../../tasks/model-predict.js';
import type { Json } from '../../engine/task.js';
import { modelRead } from '../../tasks/model-read.js';
import { modelStack } from '../../tasks/model-stack.js';
import { scaleZscore } from '../../tasks/scale-zscore.js';
import type { StackedModel } from '../../tasks/stacked-model.js';
import { runTask } from './context.js';
import { cohort, lists, rows } from './tables.js';

const rng = rngFromSeed('56'.repeat(32), 'new people');
const draw = (n: number, mean: number, sd: number) =>
  Float64Array.from({ length: n }, () => mean + sd * rng.normal());

/** Haemoglobin in g/dl, platelets per nl, a marker of one value, and cholesterol in mmol/l. */
function measured(n: number): { count: Record<string, Float64Array>; lipids: Record<string, Float64Array> } {
  return {
    count: {
      haemoglobin: draw(n, 14, 1.3),
      platelets: draw(n, 250, 60),
      constant: new Float64Array(n).fill(7),
    },
    lipids: { cholesterol: draw(n, 5.5, 1.1) },
  };
}

const training = measured(240);
const others = measured(50);
const y = Float64Array.from(
  training.count['haemoglobin']!,
  (value, i) => 3 * value - 2 * training.lipids['cholesterol']![i]! + rng.normal(),
);

const scaled = await Promise.all(
  [training.count, training.lipids].map((columns) =>
    runTask(scaleZscore, { inputs: { table: cohort(columns) } }),
  ),
);
const named = (tables: readonly Table[]) => ({ named: { count: tables[0]!, lipids: tables[1]! } });
const features = named(scaled.map((ran) => ran.table('table')));
const scales = named(scaled.map((ran) => ran.table('moments')));
const target = cohort({ y });
const model = (await runTask(modelStack, { inputs: { features, scales, target } })).json('model');

const predict = (people: typeof others, params = {}, of = model) =>
  runTask(modelPredict, {
    params,
    inputs: { model: { json: of }, features: named([cohort(people.count), cohort(people.lipids)]) },
  });

describe('a model and people as they are measured', () => {
  it('standardises them by what it keeps: the same predictions as of features that were standardised by hand', async () => {
    const moments = scaled.map((ran) => lists(ran.table('moments')));
    const byHand = (columns: Record<string, Float64Array>, of: (typeof moments)[number]) =>
      Object.fromEntries(
        Object.entries(columns).map(([name, values]) => {
          const row = of['column']!.indexOf(name);
          const [mean, sd] = [of['mean']![row] as number, of['sd']![row] as number];
          return [name, values.map((value) => (value - mean) / (sd > 0 ? sd : 1))];
        }),
      );
    const standardised = {
      count: byHand(others.count, moments[0]!),
      lipids: byHand(others.lipids, moments[1]!),
    };
    const expected = await predict(standardised);
    const found = await predict(others, { standardise: true });
    expect(lists(found.table('table'))).toEqual(lists(expected.table('table')));
    const stacked = numbers(found.table('table'), 'stacked');
    expect(Math.min(...stacked)).toBeGreaterThan(0);
    const training50 = await predict(training, { standardise: true });
    const inSample = await runTask(modelPredict, { inputs: { model: { json: model }, features } });
    expect(lists(training50.table('table'))).toEqual(lists(inSample.table('table')));
  });

  it('keeps means and SDs of the features it uses and nothing of people', () => {
    const { scales: kept } = model as unknown as StackedModel;
    expect(Object.keys(kept!)).toEqual(['count', 'lipids']);
    expect(kept!['count']!.map(({ feature }) => feature)).toEqual(['constant', 'haemoglobin', 'platelets']);
    expect(kept!['count']![0]).toEqual({ feature: 'constant', mean: 7, sd: 0 });
  });

  it('has no prediction for who misses a feature, or takes its mean', async () => {
    const holes = { ...others, lipids: { cholesterol: others.lipids['cholesterol']!.slice() } };
    holes.lipids['cholesterol'][3] = NaN;
    const none = await predict(holes, { standardise: true });
    expect(lists(none.table('table'))['stacked']![3]).toBeNull();
    const { scales: kept } = model as unknown as StackedModel;
    const atMean = { ...others, lipids: { cholesterol: holes.lipids['cholesterol'].slice() } };
    atMean.lipids['cholesterol'][3] = kept!['lipids']![0]!.mean;
    const filled = await predict(holes, { standardise: true, missing: 'mean' });
    expect(lists(filled.table('table'))).toEqual(
      lists((await predict(atMean, { standardise: true })).table('table')),
    );
    expect(filled.warnings).toEqual([]);
    await expect(predict(holes, { missing: 'mean' })).rejects.toThrow(
      "'missing: mean' needs 'standardise: true': only then are the means known",
    );
  });

  it('does not guess: a model without scales cannot standardise, and a feature without one is no model', async () => {
    const without = (await runTask(modelStack, { inputs: { features, target } })).json('model');
    expect(without).not.toHaveProperty('scales');
    await expect(predict(others, { standardise: true }, without)).rejects.toThrow(
      "the model does not keep by what 'count' was standardised; give model.stack its 'scales'",
    );
    const fit = (tables: Record<string, Table>) =>
      runTask(modelStack, { inputs: { features, target, scales: { named: tables } } });
    await expect(fit({ count: scales.named.count })).rejects.toMatchObject({
      message: "'scales' has no 'lipids', which is a modality of the model; it has count",
      where: { port: 'scales' },
    });
    const short = rows({ column: ['haemoglobin', 'platelets'], mean: [14, 250], sd: [1, 60] });
    await expect(fit({ ...scales.named, count: short })).rejects.toMatchObject({
      message: "'scales' of 'count' has no row of the feature 'constant'",
      where: { port: 'scales', row: 'constant' },
    });
    await expect(fit({ ...scales.named, count: rows({ mean: [1] }) })).rejects.toMatchObject({
      where: { port: 'scales', column: 'column' },
    });
  });
});

describe('model.read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cohortflow-models-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const read = (content: string) => {
    const path = join(folder, 'model.json');
    writeFileSync(path, content);
    return runTask(modelRead, { inputs: { file: { path } } });
  };
  /** The model with one part replaced; undefined removes it. */
  const edited = (path: string, value: Json | undefined, of = model) => {
    const copy = structuredClone(of);
    const names = path.split('.');
    const holder = names.slice(0, -1).reduce<Json>((at, name) => (at as Record<string, Json>)[name]!, copy);
    (holder as Record<string, Json | undefined>)[names.at(-1)!] = value;
    return read(JSON.stringify(copy));
  };

  it('gives back what model.stack made', async () => {
    const ran = await read(JSON.stringify(model, null, 2));
    expect(ran.json('model')).toEqual(model);
    expect(ran.log.join()).toContain('configurations count, lipids, stacked');
  });

  it.each(['ridge', 'boosting'])('reads a model of %s', async (learner) => {
    const folds = cohort({ fold: Array.from({ length: 240 }, (_, i) => 1 + (i % 5)) });
    const made = await runTask(modelStack, {
      params: { learner },
      inputs: { features, target, inner_folds: folds },
    });
    const of = made.json('model');
    expect((await read(JSON.stringify(of))).json('model')).toEqual(of);
    if (learner === 'ridge') return;
    // A child that is its own parent would be walked for ever.
    await expect(edited('configurations.count.modalities.0.boosted.trees.0.left.0', 0, of)).rejects.toThrow(
      "configuration 'count': modality 'count': tree 1 is no tree over 3 inputs",
    );
  });

  const first = 'configurations.count.modalities.0';
  it.each<[message: string, path: string, value: Json | undefined]>([
    ["'target.sd' must be > 0, got -1", 'target.sd', -1],
    ["the file must have required property 'configurations'", 'configurations', undefined],
    ['\'configurations.count.modalities.0.coef.1\' must be number, got "x"', `${first}.coef.1`, 'x'],
    ["configuration 'count': modality 'count': 2 coefficients for 3 inputs", `${first}.coef`, [1, 2]],
    ["configuration 'stacked': 2 modalities and no second layer", 'configurations.stacked.layerTwo', null],
    [
      "configuration 'stacked': layer 2: 3 coefficients for 2 inputs",
      'configurations.stacked.layerTwo.coef',
      [1, 2, 3],
    ],
    ["the scales of 'lipids' are not those of its features", 'scales.lipids.0.feature', 'ldl'],
    ["configuration 'stacked': a modality occurs twice", 'configurations.stacked.modalities.1.name', 'count'],
  ])('refuses: %s', async (message, path, value) => {
    await expect(edited(path, value)).rejects.toThrow(message);
  });

  it('refuses what is not JSON', async () => {
    await expect(read('{"target": ')).rejects.toMatchObject({
      message: expect.stringContaining('this is not JSON') as string,
      where: { port: 'file' },
    });
    await expect(read('[1]')).rejects.toThrow('this is no model of model.stack: the file must be object');
  });
});
