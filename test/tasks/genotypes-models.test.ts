/** SNPs as features of models and as scores: the same numbers as tables of dosages, as plink2, and from files in other alleles. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../engine/task.js';
import { genotypesDosage } from '../../tasks/genotypes-dosage.js';
import { genotypesScore } from '../../tasks/genotypes-score.js';
import { modelPredict } from '../../tasks/model-predict.js';
import { modelStack } from '../../tasks/model-stack.js';
import { scoresRead } from '../../tasks/scores-read.js';
import { scoresWrite } from '../../tasks/scores-write.js';
import type { StackedModel } from '../../tasks/stacked-model.js';
import {
  hasPlink2,
  hasShared,
  ldPanel,
  plink2,
  readTable,
  scratch,
  seeded,
  SHARED,
  writeBed,
} from '../genotypes/oracle.js';
import { runBatch, runTask } from './context.js';
import { bedPaths, selectOf, viewOf, type Made } from './genotype-rig.js';
import { lists, people, rows, samples } from './tables.js';

process.env['COHORTFLOW_BLAS'] = 'none';

const folder = scratch();
const all = join(folder, 'all');
const VARIANTS = 12;
const panel = ldPanel(seeded(11), 80, VARIANTS, 0.04, 90_000);
writeBed(all, panel);
const random = seeded(5);
const id = (s: number): string => `s${s}`;
const target = people(
  Object.fromEntries(
    panel.sex.map((_, s) => [
      id(s),
      { y: s === 3 ? null : (panel.calls[2]![s]! % 3) - (panel.calls[7]![s]! % 3) / 2 + random() },
    ]),
  ),
);
const training = Array.from({ length: 50 }, (_, s) => s).filter((s) => s !== 3);
const trainingSamples = samples(...training.map(id));
const newcomers = Array.from({ length: 30 }, (_, s) => id(50 + s));

/** ALT frequency among the training people, and dosages with twice that where a call is missing. */
const frequency = panel.calls.map((calls) => {
  const called = training.map((s) => calls[s]!).filter((call) => call < 3);
  return called.reduce((a, b) => a + b, 0) / (2 * called.length);
});
const dosage = (v: number, s: number): number =>
  panel.calls[v]![s] === 3 ? 2 * frequency[v]! : panel.calls[v]![s]!;
const dosages = people(
  Object.fromEntries(
    panel.sex.map((_, s) => [
      id(s),
      // Names that sort as the variants stand.
      Object.fromEntries(panel.calls.map((_, v) => [`v${String(v).padStart(2, '0')}`, dosage(v, s)])),
    ]),
  ),
);

let whole: Made;
let model: StackedModel;
beforeAll(async () => {
  whole = await viewOf(folder, bedPaths(all), { build: 'GRCh38' });
  const ran = await runTask(modelStack, {
    inputs: { genotypes: { view: whole.view }, target, samples: trainingSamples },
  });
  model = ran.json('model') as unknown as StackedModel;
});

const predict = async (made: Made, given: StackedModel = model) =>
  runTask(modelPredict, {
    inputs: {
      model: { json: given as unknown as Json },
      genotypes: { view: made.view },
      samples: samples(...newcomers),
    },
  });

describe('model.stack with genotypes', () => {
  it('is the model of a table of dosages, missing ones twice the training frequency', async () => {
    const table = await runTask(modelStack, {
      inputs: { features: { named: { snps: dosages } }, target, samples: trainingSamples },
    });
    const other = table.json('model') as unknown as StackedModel;
    const [a, b] = [model, other].map((one) => one.configurations['snps']!.modalities[0]!);
    expect({ ...a, features: [] }).toEqual({ ...b, features: [] });
    expect(model.snps!.variants.map((snp) => snp.frequency)).toEqual(frequency);
    expect(model.snps!.variants[4]).toMatchObject({ id: 'v4', chr: '1', counted: 'A', other: 'G' });
    expect(model.snps!.build).toBe('GRCh38');
  });

  it('stacks them with other modalities, of the people who have both', async () => {
    const blood = people(
      Object.fromEntries(panel.sex.slice(0, 40).map((_, s) => [id(s), { rdw: random(), mcv: random() }])),
    );
    const ran = await runTask(modelStack, {
      inputs: { genotypes: { view: whole.view }, features: { named: { blood } }, target },
    });
    const stacked = ran.json('model') as unknown as StackedModel;
    expect(Object.keys(stacked.configurations)).toEqual(['blood', 'snps', 'stacked']);
    expect(stacked.configurations['stacked']!.trainingRows).toBe(39);
    expect(ran.warnings).toContain('40 people with a target have no row in some modality');
  });

  it('gives each trait the same alone and in a batch of traits with other variants', async () => {
    const some = await selectOf(folder, whole, { variants: rows({ id: ['v2', 'v7'] }) });
    const calls = [some, whole, some].map(({ view }) => ({
      inputs: { genotypes: { view }, target, samples: trainingSamples },
    }));
    const together = await runBatch(modelStack, calls);
    for (const [i, result] of together.entries()) {
      if (result instanceof Error) throw result;
      expect(result.json('model')).toEqual((await runTask(modelStack, calls[i]!)).json('model'));
    }
  });

  it('predicts the mean of the training people from a view without variants, and says so', async () => {
    const none = await selectOf(folder, whole, { variants: rows({ id: [] as string[] }) });
    const inputs = { genotypes: { view: none.view }, target, samples: trainingSamples };
    const ran = await runTask(modelStack, { inputs });
    expect(ran.warnings.join()).toContain('no variant can be a feature');
    const predicted = await runTask(modelPredict, {
      inputs: { model: { json: ran.json('model') }, genotypes: { view: none.view } },
    });
    const observed = training.map((s) => Number(lists(target)['y']![lists(target)['id']!.indexOf(id(s))]));
    const mean = observed.reduce((a, b) => a + b, 0) / observed.length;
    for (const value of lists(predicted.table('table'))['snps']!) expect(value).toBeCloseTo(mean, 10);
  });

  it('refuses a modality of the same name', async () => {
    await expect(
      runTask(modelStack, {
        inputs: { genotypes: { view: whole.view }, features: { named: { snps: dosages } }, target },
      }),
    ).rejects.toThrow("'snps' is the modality of 'genotypes'");
    await expect(runTask(modelStack, { inputs: { target } })).rejects.toThrow(
      "expected 'features', 'genotypes'",
    );
  });
});

describe('model.predict with genotypes', () => {
  it('is the prediction from a table of dosages', async () => {
    const table = await runTask(modelPredict, {
      inputs: {
        model: {
          json: {
            target: model.target as unknown as Json,
            configurations: {
              snps: {
                ...model.configurations['snps']!,
                modalities: [
                  {
                    ...model.configurations['snps']!.modalities[0]!,
                    features: [...dosages.columns.keys()],
                  },
                ],
              } as unknown as Json,
            },
          },
        },
        features: { named: { snps: dosages } },
        samples: samples(...newcomers),
      },
    });
    const [ours, theirs] = [(await predict(whole)).table('table'), table.table('table')].map(lists);
    expect(ours!['id']).toEqual(theirs!['id']);
    ours!['snps']!.forEach((value, i) => expect(value).toBeCloseTo(theirs!['snps']![i] as number, 11));
  });

  it('finds alleles in the other order and on the other strand', async () => {
    const before = lists((await predict(whole)).table('table'))['snps']!;
    const prefix = join(folder, 'turned');
    // Copies of the other allele, named by its complement.
    writeBed(prefix, {
      ...panel,
      calls: panel.calls.map((calls) => calls.map((call) => (call === 3 ? 3 : 2 - call))),
    });
    writeFileSync(
      `${prefix}.bim`,
      panel.position
        .map((position, v) => `1\tother${v}\t0\t${position}\t${v % 2 ? 'G\tA' : 'C\tT'}\n`)
        .join(''),
    );
    const turned = lists((await predict(await viewOf(folder, bedPaths(prefix)))).table('table'))['snps']!;
    turned.forEach((value, i) => expect(value).toBeCloseTo(before[i] as number, 11));
  });

  it('counts a variant that is not there as its training mean, and says so', async () => {
    const lacking = panel.position.flatMap((_, v) => (v === 4 ? [] : [`v${v}`]));
    const ran = await predict(await selectOf(folder, whole, { variants: rows({ id: lacking }) }));
    expect(ran.warnings).toEqual([
      '11 of 12 variants of the model are there (1 no-variant-there); the others count as their training mean',
    ]);
    const full = lists((await predict(whole)).table('table'))['snps']!;
    const modality = model.configurations['snps']!.modalities[0]! as unknown as { coef: number[] };
    lists(ran.table('table'))['snps']!.forEach((value, i) => {
      const step = modality.coef[4]! * (dosage(4, 50 + i) - 2 * frequency[4]!);
      expect(value).toBeCloseTo((full[i] as number) - model.target.sd * step, 11);
    });
    const few = await selectOf(folder, whole, { variants: rows({ id: ['v1', 'v2'] }) });
    await expect(predict(few)).rejects.toThrow(/^only 2 of 12 variants of the model are in the genotypes/);
  });

  it('needs the genotypes, on the same build', async () => {
    await expect(
      runTask(modelPredict, {
        inputs: { model: { json: model as unknown as Json }, features: { named: { blood: dosages } } },
      }),
    ).rejects.toThrow('the model needs genotypes');
    await expect(predict(await viewOf(folder, bedPaths(all), { build: 'GRCh37' }))).rejects.toThrow(
      'the variants are on GRCh38, the genotypes on GRCh37: lift one over',
    );
  });

  it('takes learners that are no weighted sum', async () => {
    const ran = await runTask(modelStack, {
      params: { learner: 'boosting' },
      inputs: {
        genotypes: { view: whole.view },
        target,
        samples: trainingSamples,
        inner_folds: people(Object.fromEntries(training.map((s) => [id(s), { fold: 1 + (s % 3) }]))),
      },
    });
    const boosted = ran.json('model') as unknown as StackedModel;
    const values = lists((await predict(whole, boosted)).table('table'))['snps']!;
    expect(values.every((value) => Number.isFinite(value))).toBe(true);
  });
});

describe('genotypes.dosage', () => {
  it('is a column for each variant, missing calls kept or filled from the training people', async () => {
    const run = (params: Record<string, Json>) =>
      runTask(genotypesDosage, {
        params,
        inputs: { genotypes: { view: whole.view }, samples: samples(...newcomers), train: trainingSamples },
      });
    const filled = lists((await run({ missing: 'frequency' })).table('table'));
    const kept = lists((await run({})).table('table'));
    filled['id']!.forEach((person, i) => {
      const s = Number(String(person).slice(1));
      for (let v = 0; v < VARIANTS; v++) {
        expect(filled[`v${v}`]![i]).toBe(dosage(v, s));
        expect(kept[`v${v}`]![i]).toBe(panel.calls[v]![s] === 3 ? null : panel.calls[v]![s]);
      }
    });
  });
});

describe('genotypes.score', () => {
  const weights = rows({
    chr: panel.position.map(() => '1'),
    pos: [...panel.position],
    id: panel.position.map((_, v) => `v${v}`),
    effect_allele: panel.position.map((_, v) => (v % 2 ? 'A' : 'G')),
    other_allele: panel.position.map((_, v) => (v % 2 ? 'G' : 'A')),
    one: panel.position.map((_, v) => v - 5),
    two: panel.position.map((_, v) => Math.sin(v)),
  });

  it.runIf(hasPlink2)(
    'is plink2 --score with the frequencies of others, for all columns in one pass',
    async () => {
      const names = panel.position.map((_, v) => `v${v}\t${v % 2 ? 'A' : 'G'}\t${v - 5}\t${Math.sin(v)}`);
      writeFileSync(join(folder, 'weights.txt'), ['ID\tA1\tone\ttwo', ...names].join('\n'));
      writeFileSync(join(folder, 'train.txt'), training.map((s) => `${id(s)}\t${id(s)}\n`).join(''));
      plink2(folder, '--bfile', all, '--keep', 'train.txt', '--freq', '--out', 'train');
      plink2(
        folder,
        ...['--bfile', all, '--read-freq', 'train.afreq', '--out', 's'],
        ...['--score', 'weights.txt', 'header-read', 'cols=+scoresums', '--score-col-nums', '3-4'],
      );
      const theirs = new Map(readTable(join(folder, 's.sscore')).map((row) => [row['IID']!, row]));
      const train = await viewOf(folder, bedPaths(all), {}, { samples: trainingSamples });
      const ran = await runTask(genotypesScore, {
        params: { columns: ['one', 'two'] },
        inputs: { genotypes: { view: whole.view }, weights, frequencies: train.table('variants') },
      });
      const ours = lists(ran.table('table'));
      expect(ran.warnings).toEqual([]);
      ours['id']!.forEach((person, i) => {
        const row = theirs.get(String(person))!;
        for (const name of ['one', 'two'])
          expect(Math.abs(Number(ours[name]![i]) - Number(row[`${name}_SUM`]))).toBeLessThan(1e-4);
      });
    },
  );

  it('warns when nobody said what stands in for missing calls, and counts what has no variant', async () => {
    const more = rows({
      id: ['v1', 'v2', 'nowhere'],
      effect_allele: ['A', 'C', 'A'],
      other_allele: ['G', 'T', 'G'],
      beta: [1, 2, 3],
    });
    const ran = await runTask(genotypesScore, { inputs: { genotypes: { view: whole.view }, weights: more } });
    expect(ran.warnings[0]).toMatch(/^only 2 of 3 weights find their variant: 1 no-variant-there/);
    expect(ran.warnings[1]).toMatch(
      /^missing calls of 2 variants are filled by the frequency among the people scored/,
    );
    const flow = lists(ran.table('flow'));
    expect(flow['rows']).toEqual([3, 1, 2]);
    const bad = rows({
      id: ['v1'],
      effect_allele: ['A'],
      other_allele: ['G'],
      beta: [null] as (number | null)[],
    });
    await expect(
      runTask(genotypesScore, { inputs: { genotypes: { view: whole.view }, weights: bad } }),
    ).rejects.toThrow('expected a weight, got NaN');
  });
});

describe('scores.write and scores.read', () => {
  it('carries a model elsewhere: its score is its prediction but for a constant', async () => {
    const written = await runTask(scoresWrite, {
      params: { name: 'test', trait: 'y', harmonised: true },
      inputs: { model: { json: model as unknown as Json } },
    });
    const path = join(folder, 'score.txt');
    writeFileSync(path, written.text('file'));
    expect(readFileSync(path, 'utf8')).toMatch(/#genome_build=GRCh38\n/);
    const read = await runTask(scoresRead, { inputs: { file: { path } } });
    expect(read.json('about')).toMatchObject({ harmonised: true, trait_reported: 'y' });
    const scored = await runTask(genotypesScore, {
      inputs: {
        genotypes: { view: whole.view },
        weights: read.table('table'),
        samples: samples(...newcomers),
      },
    });
    const [sums, predicted] = [
      lists(scored.table('table'))['beta']!,
      lists((await predict(whole)).table('table'))['snps']!,
    ];
    const constant = (predicted[0] as number) - (sums[0] as number);
    sums.forEach((sum, i) => expect((sum as number) + constant).toBeCloseTo(predicted[i] as number, 10));
  });

  it('refuses what is no score', async () => {
    const write = (params: Record<string, Json>) =>
      runTask(scoresWrite, {
        params: { name: 'test', trait: 'y', ...params },
        inputs: { model: { json: model as unknown as Json } },
      });
    await expect(write({ configuration: 'blood' })).rejects.toThrow(
      "the model has no configuration 'blood'; it has snps",
    );
    const path = join(folder, 'odd.txt');
    writeFileSync(path, 'rsID\teffect_allele\teffect_weight\tis_interaction\nrs1\tA\t1\tTRUE\n');
    await expect(runTask(scoresRead, { inputs: { file: { path } } })).rejects.toThrow(
      /odd\.txt: not an additive score: an interaction of variants \(line 2\)/,
    );
  });

  it.runIf(hasShared)('writes what it read from the PGS Catalog', async () => {
    const path = join(SHARED, 'scores', 'PGS000001_hmPOS_GRCh38.txt');
    const read = await runTask(scoresRead, { inputs: { file: { path } } });
    expect(read.table('table').rows).toBe(77);
    const written = await runTask(scoresWrite, {
      params: { name: 'PRS77_BC', trait: 'Breast cancer', pgs_id: 'PGS000001', harmonised: true },
      inputs: { weights: read.table('table') },
    });
    const copy = join(folder, 'copy.txt');
    writeFileSync(copy, written.text('file'));
    const again = await runTask(scoresRead, { inputs: { file: { path: copy } } });
    const [a, b] = [read, again].map((ran) => lists(ran.table('table')));
    for (const name of ['chr', 'pos', 'id', 'effect_allele', 'beta', 'build'])
      expect(b![name]).toEqual(a![name]);
  });
});
