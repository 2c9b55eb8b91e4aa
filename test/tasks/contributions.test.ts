/** What the parts of a stacked model carry: from the model artifact and people, tables and genotypes alike. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../engine/task.js';
import { numbers, texts, type Table } from '../../cache/table.js';
import { modelContributions } from '../../tasks/model-contributions.js';
import { modelPredict } from '../../tasks/model-predict.js';
import { modelStack } from '../../tasks/model-stack.js';
import { ldPanel, scratch, seeded, writeBed } from '../genotypes/oracle.js';
import { runTask } from './context.js';
import { bedPaths, viewOf, type Made } from './genotype-rig.js';
import { lists, people } from './tables.js';

const folder = scratch();
const panel = ldPanel(seeded(3), 150, 40, 0.04, 50_000);
writeBed(join(folder, 'all'), panel);
const random = seeded(9);
const everyone = panel.sex.map((_, s) => ({
  rdw: random(),
  mcv: random(),
  y: (panel.calls[4]![s]! % 3) - (panel.calls[20]![s]! % 3) + random(),
}));
const table = (
  pick: (person: (typeof everyone)[number], s: number) => Record<string, number | null>,
): Table => people(Object.fromEntries(everyone.map((person, s) => [`s${s}`, pick(person, s)])));
const blood = table(({ rdw, mcv }) => ({ rdw, mcv }));
const target = table(({ y, rdw }) => ({ y: y + 2 * rdw }));
const folds = table((_, s) => ({ fold: 1 + (s % 4) }));

let made: Made;
beforeAll(async () => {
  made = await viewOf(folder, bedPaths(join(folder, 'all')));
});
const inputs = () => ({ genotypes: { view: made.view }, features: { named: { blood } } });
const modelOf = async (params: Record<string, Json> = {}): Promise<{ json: Json }> => ({
  json: (await runTask(modelStack, { params, inputs: { ...inputs(), target, inner_folds: folds } })).json(
    'model',
  ),
});

const variance = (values: readonly number[]): number => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
};

describe('model.contributions', () => {
  it('shares sum to 1 over modalities and over features of each configuration; weights make the prediction', async () => {
    const model = await modelOf();
    const ran = await runTask(modelContributions, { inputs: { model, ...inputs() } });
    const [modalities, features] = [ran.table('modalities'), ran.table('features')];
    expect(lists(modalities)).toMatchObject({
      configuration: ['blood', 'snps', 'stacked', 'stacked'],
      modality: ['blood', 'snps', 'blood', 'snps'],
      people: [150, 150, 150, 150],
    });
    for (const part of [modalities, features]) {
      const sums: Record<string, number> = {};
      texts(part, 'configuration').forEach((name, i) => {
        sums[name!] = (sums[name!] ?? 0) + numbers(part, 'share')[i]!;
      });
      for (const sum of Object.values(sums)) expect(sum).toBeCloseTo(1, 10);
    }
    expect(features.rows).toBe(2 * (40 + 2));
    // One modality carries its configuration alone.
    expect(numbers(modalities, 'share')[0]).toBeCloseTo(1, 12);

    // By the weights: the part of the blood markers in the prediction of model.predict.
    const predicted = (await runTask(modelPredict, { inputs: { model, ...inputs() } })).table('table');
    const { target: scale } = model.json as unknown as { target: { sd: number } };
    const whole = variance([...numbers(predicted, 'stacked')].map((value) => value / scale.sd));
    const at = texts(features, 'feature').lastIndexOf('rdw');
    const rdw = variance(predicted.id!.values.map((id) => everyone[Number(id.slice(1))]!.rdw));
    expect(
      numbers(features, 'own')[at]! / ((numbers(features, 'weight')[at]! ** 2 * rdw) / whole),
    ).toBeCloseTo(1, 9);
    // rdw is in the trait, mcv is not.
    expect(numbers(features, 'share')[at]!).toBeGreaterThan(
      5 * Math.abs(numbers(features, 'share')[at - 1]!),
    );
  });

  it('is over the people asked for; who cannot be predicted is left out and counted', async () => {
    const model = await modelOf({ configurations: { blood: ['blood'] } });
    const gap = table(({ rdw, mcv }, s) => ({ rdw: s === 3 ? null : rdw, mcv }));
    const samples = people(Object.fromEntries(Array.from({ length: 50 }, (_, s) => [`s${s}`, {}])));
    const ran = await runTask(modelContributions, {
      inputs: { model, features: { named: { blood: gap } }, samples },
    });
    expect(lists(ran.table('modalities'))['people']).toEqual([49]);
    expect(ran.warnings).toEqual(['blood: 1 person without a prediction are left out']);
  });

  it('of boosted trees: parts without weights', async () => {
    const model = await modelOf({ learner: 'boosting', configurations: { blood: ['blood'] } });
    const ran = await runTask(modelContributions, { inputs: { model, features: { named: { blood } } } });
    const { weight, share } = lists(ran.table('features')) as { weight: unknown[]; share: number[] };
    expect(weight).toEqual([null, null]);
    expect(share[0]! + share[1]!).toBeCloseTo(1, 10);
  });

  it('refuses what the model was not trained on', async () => {
    const model = await modelOf();
    const features = { named: { count: blood } };
    await expect(runTask(modelContributions, { inputs: { model, features } })).rejects.toThrow(
      'the model needs genotypes',
    );
    await expect(runTask(modelContributions, { inputs: { model, ...inputs(), features } })).rejects.toThrow(
      "the model needs the modality 'blood', but 'features' has count",
    );
    const others = people({ x: { rdw: 1, mcv: 1 } });
    await expect(
      runTask(modelContributions, { inputs: { model, ...inputs(), features: { named: { blood: others } } } }),
    ).rejects.toThrow('none of the 1 person has a row in every modality');
  });
});
