/**
 * workflows/snp-models.yaml on genotypes of bigsnpr's example with traits made of them and GWAS by plink2: its clumps are plink1.9's,
 * and nothing runs again that did not use what changed.
 */
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Store } from '../../cache/store.js';
import { loadWorkflow } from '../../engine/language/load.js';
import { WorkerPool, type Executor } from '../../engine/pool.js';
import { readGroup } from '../../engine/record.js';
import { runStudy, type StudyOutcome } from '../../engine/study.js';
import { registry } from '../../tasks/registry.js';
import {
  hasPlink1,
  hasPlink2,
  hasShared,
  plink1,
  plink2,
  readTable,
  scratch,
  seeded,
  SHARED,
} from '../genotypes/oracle.js';
import type { Table } from '../../cache/table.js';
import { InProcess } from '../engine/rig/in-process.js';
import { lists } from './tables.js';

const STUDY = fileURLToPath(new URL('../../workflows/snp-models.yaml', import.meta.url));
const folder = scratch();
const runnable = hasShared && hasPlink1 && hasPlink2;

it('has no findings, in any of its modes', () => {
  for (const ld of ['panel', 'training']) {
    const { diagnostics } = loadWorkflow({
      file: STUDY,
      sets: [{ path: 'params.ld', value: ld }],
      registry,
      exists: () => true,
    });
    expect(diagnostics.map(({ code, message, got }) => [code, message, got])).toEqual([]);
  }
});

describe.runIf(runnable)('workflows/snp-models.yaml', () => {
  const data = join(folder, 'data');
  const example = join(SHARED, 'bigsnpr_example', 'example');
  const store = new Store(join(folder, 'store'));
  const TRAITS = ['one', 'two', 'three'];
  let place = data;
  afterAll(() => store.close());

  /** Traits made of a few variants and noise, and their GWAS in the same people. */
  beforeAll(() => {
    mkdirSync(join(data, 'gwas'), { recursive: true });
    const people = readFileSync(`${example}.fam`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split('\t')[1]!);
    writeFileSync(
      join(data, 'cohort.keep'),
      people
        .slice(0, 400)
        .map((id, i) => `${famOf(i)}\t${id}\n`)
        .join(''),
    );
    writeFileSync(
      join(data, 'panel.keep'),
      people
        .slice(150)
        .map((id, i) => `${famOf(150 + i)}\t${id}\n`)
        .join(''),
    );
    writeFileSync(join(data, 'most.txt'), Array.from({ length: 4400 }, (_, i) => `SNP${i}\n`).join(''));
    for (const [set, keep] of [
      ['cohort', 'cohort'],
      ['panel', 'panel'],
    ] as const)
      plink2(
        data,
        '--bfile',
        example,
        '--keep',
        `${keep}.keep`,
        '--extract',
        'most.txt',
        '--make-bed',
        '--out',
        set,
      );
    plink2(data, '--bfile', example, '--export', 'A', '--out', 'all');
    const dosages = readTable(join(data, 'all.raw'));
    const names = Object.keys(dosages[0]!).slice(6);
    const traits = TRAITS.map((_, t) => {
      const random = seeded(t + 1);
      const causal = Array.from({ length: 25 }, () => names[Math.floor(random() * 4400)]!);
      const effects = causal.map(() => random() - 0.5);
      return dosages.map((row) => {
        const noise = Array.from({ length: 6 }, random).reduce((sum, u) => sum + u - 0.5, 0);
        return causal.reduce((sum, name, k) => sum + effects[k]! * Number(row[name]), 0) + 0.7 * noise;
      });
    });
    const cell = (value: number): string => value.toFixed(5);
    const rows = people.map((id, i) => [id, ...traits.map((values) => cell(values[i]!))]);
    writeFileSync(
      join(data, 'phenotypes.csv'),
      [['id', ...TRAITS], ...rows.slice(0, 400)].map((row) => row.join(',')).join('\n'),
    );
    writeFileSync(
      join(data, 'all.pheno'),
      [['#FID', 'IID', ...TRAITS], ...rows.map((row, i) => [famOf(i), ...row])]
        .map((row) => row.join('\t'))
        .join('\n'),
    );
    const columns = 'cols=chrom,pos,ref,alt,a1freq,test,nobs,beta,se,tz,p';
    plink2(
      data,
      '--bfile',
      example,
      '--extract',
      'most.txt',
      '--pheno',
      'all.pheno',
      '--glm',
      'allow-no-covars',
      columns,
      '--out',
      'g',
    );
    for (const trait of TRAITS)
      copyFileSync(join(data, `g.${trait}.glm.linear`), join(data, 'gwas', `${trait}.txt`));

    function famOf(i: number): string {
      return readFileSync(`${example}.fam`, 'utf8').trim().split('\n')[i]!.split('\t')[0]!;
    }
  });

  async function run(
    sets: Readonly<Record<string, string>> = {},
    traits: readonly string[] = TRAITS.slice(0, 2),
    where: { store: Store; executor: Executor; results: string } = {
      store,
      executor: new InProcess(store, registry),
      results: 'results',
    },
  ): Promise<StudyOutcome> {
    const given = {
      'params.cohort': join(place, 'cohort'),
      'params.panel': join(place, 'panel'),
      'params.phenotypes': join(place, 'phenotypes.csv'),
      'params.gwas': join(place, 'gwas'),
      'params.traits': `[${traits.join(', ')}]`,
      'params.folds': '3',
      'params.p': '0.02',
      ...sets,
    };
    const { workflow, diagnostics } = loadWorkflow({
      file: STUDY,
      sets: Object.entries(given).map(([path, value]) => ({ path, value })),
      registry,
    });
    expect(diagnostics.map(({ code, message, got }) => [code, message, got])).toEqual([]);
    const outcome = await runStudy({
      workflow: { ...workflow!, publishTo: join(folder, where.results) },
      store: where.store,
      executor: where.executor,
      memory: 2 ** 33,
      failFast: false,
      targets: [],
      signal: new AbortController().signal,
      onEvent: () => undefined,
    });
    expect(outcome.failures).toEqual([]);
    expect(outcome.status).toBe('done');
    return outcome;
  }
  /** Nodes with the number of instances computed. */
  const ran = (outcome: StudyOutcome): Record<string, number> =>
    Object.fromEntries(outcome.nodes.filter((node) => node.ran > 0).map((node) => [node.node, node.ran]));
  const output = async (node: string, trait: string, port: string): Promise<Table> => {
    const [last] = store.index.runs.list(null, 1);
    const group = readGroup(store.index.runs.node(last!.id, node)!, store);
    const ref = group.outputs(group.find({ trait }), store)![port]!;
    return store.artifacts.table(store.artifacts.manifest(ref.digest));
  };

  it('makes a model of each trait, which predicts people that it has not seen', async () => {
    await run();
    const [header, ...rows] = readFileSync(join(folder, 'results/tables/accuracy.csv'), 'utf8')
      .trim()
      .split('\n');
    const at = (name: string): number => header!.split(',').indexOf(name);
    expect(rows.map((row) => row.split(',')[at('trait')])).toEqual(['one', 'two']);
    // The GWAS saw the same people: far from honest, but far from nothing.
    for (const row of rows) expect(Number(row.split(',')[at('r2_pearson')])).toBeGreaterThan(0.2);
    const model = JSON.parse(readFileSync(join(folder, 'results/models/one.json'), 'utf8')) as {
      snps: { variants: { frequency: number }[] };
    };
    expect(model.snps.variants.length).toBeGreaterThan(20);
    expect(readFileSync(join(folder, 'results/scores/one.txt'), 'utf8')).toContain('#genome_build=GRCh37\n');
  });

  it('has the same results from worker processes, which hand views and batches over', async () => {
    const apart = new Store(join(folder, 'apart'));
    try {
      const executor = new WorkerPool({
        entry: new URL('../../dist/cli/worker.js', import.meta.url),
        objectFolder: join(apart.folder, 'objects'),
        size: 2,
      });
      const { nodes } = await run({}, TRAITS.slice(0, 2), {
        store: apart,
        executor,
        results: 'results-apart',
      });
      expect(nodes.find(({ node }) => node === 'clumps')).toMatchObject({ ran: 2, failed: 0 });
    } finally {
      apart.close();
    }
    for (const name of [
      'tables/accuracy.csv',
      'tables/clumps.csv',
      'leads/one.csv',
      'models/two.json',
      'scores/two.txt',
    ])
      expect(readFileSync(join(folder, 'results-apart', name), 'utf8')).toBe(
        readFileSync(join(folder, 'results', name), 'utf8'),
      );
  });

  it('clumps as plink1.9 does: leads, their order, and their members', async () => {
    for (const trait of ['one', 'two']) {
      const stats = lists(await output('harmonised', trait, 'table'));
      const lines = stats['id']!.map((id, i) => `${String(id)}\t${String(stats['p']![i])}`);
      writeFileSync(join(data, 'assoc.txt'), ['SNP\tP', ...lines].join('\n'));
      plink1(
        data,
        ...['--bfile', 'panel', '--clump', 'assoc.txt', '--clump-p1', '1', '--clump-p2', '1'],
        ...['--clump-r2', '0.1', '--clump-kb', '250', '--out', 'c'],
      );
      const clumped = readTable(join(data, 'c.clumped'));
      const leads = lists(await output('clumps', trait, 'table'));
      expect(leads['id']).toEqual(clumped.map((row) => row['SNP']));
      const members = lists(await output('clumps', trait, 'members'));
      for (const row of clumped) {
        const own = members['id']!.filter((_, i) => members['lead']![i] === row['SNP']);
        const expected =
          row['SP2'] === 'NONE' ? [] : row['SP2']!.split(',').map((name) => name.replace(/\(\d+\)/, ''));
        expect(own).toEqual(expected);
      }
    }
  });

  it('runs nothing the second time, nor when the files have moved', async () => {
    expect(ran(await run())).toEqual({});
    renameSync(data, join(folder, 'elsewhere'));
    place = join(folder, 'elsewhere');
    expect(ran(await run())).toEqual({});
  });

  it('reads genotypes where they lie now when a later setting needs them', async () => {
    const again = ran(await run({ 'params.r2': '0.2' }));
    expect(Object.keys(again).sort()).toEqual(
      [
        'accuracy',
        'accuracy_table',
        'clump_flow',
        'clumps',
        'cv',
        'held_out',
        'model',
        'snps',
        'weights',
      ].sort(),
    );
    expect(again).toMatchObject({ clumps: 2, snps: 2, cv: 6, model: 2 });
    expect(ran(await run())).toEqual({});
  });

  it('computes what belongs to a new trait, and the tables of all', async () => {
    const added = ran(await run({}, TRAITS));
    expect(added).toEqual({
      gwas_read: 1,
      chosen: 1,
      harmonised: 1,
      ld: 1,
      clumps: 1,
      snps: 1,
      cv: 3,
      held_out: 3,
      model: 1,
      weights: 1,
      accuracy: 1,
      accuracy_table: 1,
      gwas_flow: 1,
      clump_flow: 1,
    });
  });

  it('runs no model again when the files gain people and variants that it does not use', async () => {
    // All of the example: 117 people without phenotypes in the cohort, 142 variants that no GWAS has in both files.
    const more = (set: string, ...args: string[]): string =>
      plink2(place, '--bfile', example, ...args, '--make-bed', '--out', set);
    more('cohort');
    more('panel', '--keep', 'panel.keep');
    const outcome = ran(await run({}, TRAITS));
    expect(Object.keys(outcome)).toEqual(expect.arrayContaining(['cohort', 'panel', 'ld']));
    for (const node of ['clumps', 'cv', 'held_out', 'model', 'weights', 'accuracy'])
      expect(outcome).not.toHaveProperty(node);
  });

  it('goes on reading from the files that grew', async () => {
    const after = ran(await run({ 'params.mode': 'faithful', 'params.ld': 'training' }, ['one']));
    expect(after).toMatchObject({ ld: 1, clumps: 1, cv: 3, model: 1 });
  });
});
