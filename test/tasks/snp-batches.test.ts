/** Many SNP models in one call: folds and refits of traits, and their predictions, have the bytes that each has alone. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../cache/digest.js';
import type { Json } from '../../engine/task.js';
import { linalg } from '../../stats/linalg/linalg.js';
import { DenseModality, fitStacks } from '../../stats/stack.js';
import { matrix } from '../../stats/linalg/matrix.js';
import { genotypesDosage } from '../../tasks/genotypes-dosage.js';
import { modelPredict } from '../../tasks/model-predict.js';
import { modelStack } from '../../tasks/model-stack.js';
import type { StackedModel } from '../../tasks/stacked-model.js';
import { ldPanel, scratch, seeded, writeBed } from '../genotypes/oracle.js';
import { runBatch, runTask, type Call, type Ran } from './context.js';
import { bedPaths, selectOf, viewOf, type Made } from './genotype-rig.js';
import { lists, people, rows, samples } from './tables.js';

const PEOPLE = 400;
const VARIANTS = 150;
const folder = scratch();
const all = join(folder, 'all');
const panel = ldPanel(seeded(21), PEOPLE, VARIANTS, 0.03, 50_000);
writeBed(all, panel);
const random = seeded(8);
const id = (s: number): string => `s${s}`;
const everybody = Array.from({ length: PEOPLE }, (_, s) => s);
const table = (of: (s: number) => Record<string, number | null>) =>
  people(Object.fromEntries(everybody.map((s) => [id(s), of(s)])));
const trait = (from: number, gap: number) =>
  table((s) => ({
    y:
      s % gap === 3
        ? null
        : panel.calls[from]![s]! -
          panel.calls[from + 9]![s]! +
          panel.calls[from + 30]![s]! / 2 +
          2 * random(),
  }));
const traits = [trait(0, 50), trait(40, 31)];
const folds = table((s) => ({ fold: 1 + (s % 5) }));
const inner = table((s) => ({ fold: 1 + ((s * 7) % 3) }));
const blood = table(() => ({ rdw: random(), mcv: random() }));
const features = { named: { blood } };

let whole: Made;
/** A trait's own variants: all but a few. */
let views: Made[];
beforeAll(async () => {
  whole = await viewOf(folder, bedPaths(all), { build: 'GRCh38' });
  const but = (k: number) => panel.position.flatMap((_, v) => (v % 17 === k ? [] : [`v${v}`]));
  views = await Promise.all([1, 2].map((k) => selectOf(folder, whole, { variants: rows({ id: but(k) }) })));
});

const json = (ran: Ran | Error): string => {
  if (ran instanceof Error) throw ran;
  return canonicalJson(ran.json('model'));
};
const modelOf = (ran: Ran | Error): StackedModel => {
  if (ran instanceof Error) throw ran;
  return ran.json('model') as unknown as StackedModel;
};
const fit = (t: number, hold_out: number | null, params: Record<string, Json> = {}): Call => ({
  params: { hold_out, ...params },
  inputs: {
    genotypes: { view: views[t]!.view },
    features,
    target: traits[t]!,
    folds,
    inner_folds: inner,
  },
});

describe('model.stack', () => {
  it.each(['faithful', 'recommended'] as const)(
    '%s: folds of traits in one call, alone and in part, are the same to the byte',
    async (mode) => {
      const calls = [0, 1].flatMap((t) => [1, 2, 3, null].map((fold) => fit(t, fold, { mode })));
      const full = (await runBatch(modelStack, calls)).map(json);
      expect(new Set(full).size).toBe(calls.length);
      for (const k of [0, 3, 6]) expect(json(await runTask(modelStack, calls[k]!))).toBe(full[k]);
      const part = [7, 2, 0, 1];
      const some = await runBatch(
        modelStack,
        part.map((k) => calls[k]!),
      );
      expect(some.map(json)).toEqual(part.map((k) => full[k]));
    },
  );

  it('a refit knows of no folds', async () => {
    const without = Object.fromEntries(
      Object.entries(fit(0, null).inputs).filter(([port]) => port !== 'folds'),
    );
    expect(json(await runTask(modelStack, { inputs: without }))).toBe(
      json(await runTask(modelStack, fit(0, null))),
    );
  });

  it('is the model of the matrix with gaps filled by the training frequency', async () => {
    const model = modelOf(await runTask(modelStack, fit(0, 2, { configurations: { snps: ['snps'] } })));
    const y = traits[0]!.columns.get('y')!.values as Float64Array;
    const ids = traits[0]!.id!.values;
    const training = ids
      .map((name, row) => ({ s: Number(name.slice(1)), value: y[row]! }))
      .filter(({ s, value }) => !Number.isNaN(value) && s % 5 !== 1);
    const variants = panel.position.flatMap((_, v) => (v % 17 === 1 ? [] : [v]));
    expect(variants.length).toBeGreaterThan(128);
    const x = matrix(training.length, variants.length);
    variants.forEach((v, j) => {
      const called = training.map(({ s }) => panel.calls[v]![s]!).filter((call) => call < 3);
      const mean = called.reduce((a, b) => a + b, 0) / called.length;
      training.forEach(({ s }, i) => {
        const call = panel.calls[v]![s]!;
        x.data[i * variants.length + j] = call === 3 ? mean : call;
      });
    });
    const z = Float64Array.from(training, ({ value }) => (value - model.target.mean) / model.target.sd);
    const dense = new DenseModality('snps', variants.map(String), x, undefined);
    const [want] = fitStacks([dense], [z], 'faithful', linalg());
    const [a, b] = [model.configurations['snps']!, want!].map(
      (one) =>
        one.modalities[0]! as unknown as {
          coef: number[];
          means: number[];
          iterations: number;
          alpha: number;
        },
    );
    expect(a!.iterations).toBe(b!.iterations);
    const size = Math.max(...b!.coef.map(Math.abs));
    a!.coef.forEach((value, j) => expect(Math.abs(value - b!.coef[j]!)).toBeLessThan(1e-10 * size));
    a!.means.forEach((value, j) => expect(value).toBeCloseTo(b!.means[j]!, 13));
    expect(a!.alpha / b!.alpha).toBeCloseTo(1, 10);
  });

  it('one that fails leaves the others', async () => {
    const few = { ...fit(0, 1), inputs: { ...fit(0, 1).inputs, target: people({ s1: { y: 1 } }) } };
    const bad = fit(0, 9);
    const results = await runBatch(modelStack, [few, fit(0, 1), bad]);
    expect((results[0] as Error).message).toContain(
      'expected at least 3 training people with a target, got 1',
    );
    expect((results[2] as Error).message).toContain('nobody is in fold 9');
    expect(json(results[1]!)).toBe(json(await runTask(modelStack, fit(0, 1))));
  });
});

describe('model.predict', () => {
  it('models on other variants of the same files, and folds, are the same alone and together', async () => {
    const models = (await runBatch(modelStack, [fit(0, 1), fit(1, 1), fit(0, 2), fit(1, null)])).map(modelOf);
    const call = (m: number, t: number, fold: number | null): Call => ({
      params: { fold },
      inputs: {
        model: { json: models[m] as unknown as Json },
        genotypes: { view: views[t]!.view },
        features,
        folds,
      },
    });
    const calls = [call(0, 0, 1), call(1, 1, 1), call(2, 0, 2), call(3, 1, null), call(3, 0, null)];
    const tables = (await runBatch(modelPredict, calls)).map((ran) => {
      if (ran instanceof Error) throw ran;
      return lists(ran.table('table'));
    });
    for (const [k, one] of calls.entries()) {
      expect(lists((await runTask(modelPredict, one)).table('table'))).toEqual(tables[k]);
    }
    expect(tables[0]!['id']).toHaveLength(PEOPLE / 5);
    // The sum over SNPs, by hand, of somebody held out.
    const { snps, configurations, target } = models[0]!;
    const modality = configurations['snps']!.modalities[0]! as unknown as {
      coef: number[];
      intercept: number;
    };
    tables[0]!['id']!.slice(0, 5).forEach((name, i) => {
      const s = Number(String(name).slice(1));
      let sum = modality.intercept;
      snps!.variants.forEach(({ id: variant, frequency }, j) => {
        const call = panel.calls[Number(variant.slice(1))]![s]!;
        sum += modality.coef[j]! * (call === 3 ? 2 * frequency : call);
      });
      expect(tables[0]!['snps']![i]).toBeCloseTo(target.mean + target.sd * sum, 11);
    });
  });

  it('some people of a view of some people', async () => {
    const model = modelOf(await runTask(modelStack, fit(0, null)));
    const half = samples(...everybody.filter((s) => s % 2 === 0).map(id));
    const narrowed = await selectOf(folder, views[0]!, { samples: half });
    const predict = (made: Made, who: ReturnType<typeof samples>) =>
      runTask(modelPredict, {
        inputs: {
          model: { json: model as unknown as Json },
          genotypes: { view: made.view },
          features,
          samples: who,
        },
      });
    const [a, b] = [await predict(narrowed, half), await predict(views[0]!, half)];
    expect(lists(a.table('table'))).toEqual(lists(b.table('table')));
    const more = await predict(narrowed, samples(...everybody.map(id)));
    expect(lists(more.table('table'))).toEqual(lists(a.table('table')));
    expect(more.warnings).toEqual(['200 people have no row in some modality and no prediction']);
  });
});

describe('chromosomes that people have one of', () => {
  it('train and predict as a table of their dosages does', async () => {
    const prefix = join(folder, 'sex');
    const names = ['1', 'X', 'Y', 'MT', 'X', '2', 'Y', 'X'];
    const calls = names.map((name, v) =>
      panel.calls[v]!.map((call, s) => {
        // PLINK stores a haploid call as homozygous; women's Y is missing.
        if (name === 'Y' && panel.sex[s] !== 1) return 3;
        return name === '1' || name === '2' || (name === 'X' && panel.sex[s] === 2) || call === 3
          ? call
          : 2 * (call >> 1);
      }),
    );
    writeBed(prefix, { ...panel, chromosome: names, position: panel.position.slice(0, 8), calls });
    const made = await viewOf(folder, bedPaths(prefix), { build: 'GRCh38' });
    const training = samples(...everybody.filter((s) => s < 300 && s % 50 !== 3).map(id));
    const asTable = await runTask(genotypesDosage, {
      params: { missing: 'frequency' },
      inputs: { genotypes: { view: made.view }, train: training },
    });
    const dosages = { named: { snps: asTable.table('table') } };
    const [byView, byTable] = await Promise.all(
      [{ genotypes: { view: made.view } }, { features: dosages }].map(async (inputs) =>
        modelOf(await runTask(modelStack, { inputs: { ...inputs, target: traits[0]!, samples: training } })),
      ),
    );
    const [a, b] = [byView!, byTable!].map((model) => model.configurations['snps']!.modalities[0]!);
    expect({ ...a, features: [] }).toEqual({ ...b, features: [] });
    const predicted = await runTask(modelPredict, {
      inputs: { model: { json: byView as unknown as Json }, genotypes: { view: made.view } },
    });
    const wanted = await runTask(modelPredict, {
      inputs: { model: { json: byTable as unknown as Json }, features: dosages },
    });
    const [got, want] = [predicted, wanted].map((ran) => lists(ran.table('table'))['snps']!);
    got!.forEach((value, i) => expect(value).toBeCloseTo(want![i] as number, 12));
  });
});
