/** Quality control, kinship and pruning of views: the lists are plink2's, every exclusion is counted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../engine/task.js';
import { genotypesKinship } from '../../tasks/genotypes-kinship.js';
import { genotypesPrune } from '../../tasks/genotypes-prune.js';
import { genotypesQc } from '../../tasks/genotypes-qc.js';
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
import { runTask, type Ran } from './context.js';
import { bedPaths, viewOf, type Made } from './genotype-rig.js';
import { lists, rows, samples } from './tables.js';

const folder = scratch();
const flowOf = (ran: Ran, port = 'flow'): Record<string, unknown> => {
  const { reason, rows: counts } = lists(ran.table(port));
  return Object.fromEntries(reason!.map((name, i) => [String(name), counts![i]]));
};
const bigsnpr = join(SHARED, 'bigsnpr_example', 'example-missing');
const words = (path: string): string[] => readFileSync(path, 'utf8').trim().split('\n');

describe.runIf(hasShared && hasPlink2)('genotypes.qc on genotypes with missing calls', () => {
  let view: Made;
  beforeAll(async () => {
    view = await viewOf(folder, bedPaths(bigsnpr));
  });
  const qc = (params: Record<string, Json>, inputs = {}): Promise<Ran> =>
    runTask(genotypesQc, { params, inputs: { genotypes: { view: view.view }, ...inputs } });

  it('keeps the variants that plink2 keeps', async () => {
    plink2(
      folder,
      ...[
        '--bfile',
        bigsnpr,
        '--geno',
        '0.06',
        '--maf',
        '0.05',
        '--hwe',
        '1e-3',
        '--write-snplist',
        '--out',
        'v',
      ],
    );
    const ran = await qc({ max_missing: 0.06, min_maf: 0.05, min_hwe: 1e-3, max_person_missing: null });
    expect(lists(ran.table('variants'))['id']).toEqual(words(join(folder, 'v.snplist')));
    const flow = flowOf(ran, 'variant_flow');
    const lost = Object.entries(flow).filter(([reason]) => reason.startsWith('lost'));
    expect(lost.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(
      Number(flow['variants']) - Number(flow['kept']),
    );
    expect(flow['lost: missingness']).toBeGreaterThan(0);
    expect(flow['lost: frequency']).toBeGreaterThan(0);
  });

  it('measures people as plink2 does, and leaves out those beyond the limits', async () => {
    plink2(folder, '--bfile', bigsnpr, '--missing', '--out', 'p');
    plink2(folder, '--bfile', bigsnpr, '--het', '--out', 'p');
    const ran = await qc({
      max_missing: null,
      min_maf: null,
      min_hwe: null,
      max_person_missing: 0.055,
      max_heterozygosity_sd: 2,
    });
    const measures = lists(ran.table('person_measures'));
    const missing = new Map(
      readTable(join(folder, 'p.smiss')).map((row) => [row['IID']!, Number(row['F_MISS'])]),
    );
    const het = new Map(readTable(join(folder, 'p.het')).map((row) => [row['IID']!, Number(row['F'])]));
    measures['id']!.forEach((id, i) => {
      expect(measures['missing']![i]).toBeCloseTo(missing.get(String(id))!, 5);
      expect(measures['f']![i]).toBeCloseTo(het.get(String(id))!, 4);
    });
    const flow = flowOf(ran);
    const gone = measures['missing']!.filter((share) => Number(share) > 0.055).length;
    expect(flow['lost: missing calls']).toBe(gone);
    expect(flow['lost: heterozygosity']).toBeGreaterThan(0);
    expect(lists(ran.table('samples'))['id']).toEqual(
      measures['id']!.filter((_, i) => measures['excluded']![i] === null),
    );
  });

  it('needs what its limits are about', async () => {
    await expect(qc({ min_info: 0.8 })).rejects.toThrow("'min_info' needs INFO values");
    await expect(qc({ drop_long_range_ld: true })).rejects.toThrow('the genotypes are on no declared build');
    await expect(qc({ min_maf: 0.5 })).rejects.toThrow(/^no variant stays of 500: /);
    const one = lists(view.table('variants'));
    const info = rows({
      id: one['id'] as string[],
      ref: one['ref'] as string[],
      alt: one['alt'] as string[],
      info: one['id']!.map((_, v) => (v < 10 ? 0.5 : 0.9)),
    });
    const ran = await qc(
      { min_info: 0.8, max_missing: null, min_maf: null, min_hwe: null, max_person_missing: null },
      { info },
    );
    expect(flowOf(ran, 'variant_flow')).toMatchObject({ 'lost: info': 10, kept: 490 });
  });
});

describe('genotypes.qc on X', () => {
  const prefix = join(folder, 'sexes');
  const random = seeded(31);
  const panel = ldPanel(random, 60, 400, 0.01, 4000);
  // A man has one X: never heterozygous. The first man and the first woman are reported as the other sex.
  const calls = panel.calls.map((row) =>
    row.map((call, s) => (panel.sex[s] === 1 && call === 1 ? 2 * Number(random() < 0.5) : call)),
  );
  const swapped = [panel.sex.indexOf(1), panel.sex.indexOf(2)];
  const sex = panel.sex.map((code, s) => (swapped.includes(s) ? 3 - code : s === 59 ? 0 : code));
  writeBed(prefix, { ...panel, calls, sex, chromosome: panel.chromosome.map(() => '23') });
  const ids = swapped.map((s) => `s${s}`).sort();

  it('names people whose F says the other sex, and drops them on request', async () => {
    const { view } = await viewOf(folder, bedPaths(prefix));
    const limits = { max_missing: null, min_maf: null, min_hwe: null, max_person_missing: null };
    const kept = await runTask(genotypesQc, { params: limits, inputs: { genotypes: { view } } });
    expect(kept.warnings).toEqual([
      'F on X says the other sex than the file of 2 people: see person_measures',
    ]);
    const measures = lists(kept.table('person_measures'));
    measures['id']!.forEach((id, i) => {
      expect(measures['x_sex']![i]).toBe(panel.sex[Number(String(id).slice(1))]);
    });
    expect(flowOf(kept)).toMatchObject({ 'lost: sex mismatch': 0, kept: 60 });
    const params = { ...limits, drop_sex_mismatch: true };
    const dropped = await runTask(genotypesQc, { params, inputs: { genotypes: { view } } });
    expect(flowOf(dropped)).toMatchObject({ 'lost: sex mismatch': 2, kept: 58 });
    const left = lists(dropped.table('samples'))['id']!;
    for (const id of ids) expect(left).not.toContain(id);
  });
});

describe('genotypes.kinship', () => {
  const prefix = join(folder, 'family');
  const panel = ldPanel(seeded(21), 40, 300, 0.02, 1000);
  const random = seeded(22);
  // Person 39 is a child of 0 and 1, and 38 has the genome of 2.
  const calls = panel.calls.map((row) => {
    const gamete = (call: number): number =>
      call === 1 ? Number(random() < 0.5) : call === 3 ? 0 : call / 2;
    return row.map((call, s) => (s === 39 ? gamete(row[0]!) + gamete(row[1]!) : s === 38 ? row[2]! : call));
  });
  writeBed(prefix, { ...panel, calls });

  it.runIf(hasPlink2)('finds the pairs of plink2 --make-king-table, and whom to leave out', async () => {
    plink2(folder, '--bfile', prefix, '--make-king-table', '--king-table-filter', '0.2', '--out', 'k');
    const theirs = readTable(join(folder, 'k.kin0'));
    const { view } = await viewOf(folder, bedPaths(prefix));
    const ran = await runTask(genotypesKinship, {
      params: { threshold: 0.2 },
      inputs: { genotypes: { view } },
    });
    const ours = lists(ran.table('pairs'));
    const key = (a: unknown, b: unknown): string => [String(a), String(b)].sort().join(' ');
    const kinship = new Map(
      ours['first']!.map((a, i) => [key(a, ours['second']![i]), Number(ours['kinship']![i])]),
    );
    expect([...kinship.keys()].sort()).toEqual(theirs.map((row) => key(row['IID1'], row['IID2'])).sort());
    for (const row of theirs)
      expect(kinship.get(key(row['IID1'], row['IID2']))).toBeCloseTo(Number(row['KINSHIP']), 5);
    expect(kinship.get(key('s2', 's38'))).toBe(0.5);
    const flow = flowOf(ran);
    const staying = new Set(lists(ran.table('samples'))['id']);
    expect(staying.size).toBe(flow['kept']);
    for (let i = 0; i < ours['first']!.length; i++)
      expect(staying.has(ours['first']![i]!) && staying.has(ours['second']![i]!)).toBe(false);
  });

  it('takes a given table, of the people there are', async () => {
    const pairs = rows({
      ID1: ['a', 'b', 'c', 'gone'],
      ID2: ['b', 'c', 'd', 'a'],
      Kinship: [0.25, 0.2, 0.05, 0.3],
    });
    const run = (inputs: Record<string, ReturnType<typeof rows>>) =>
      runTask(genotypesKinship, { inputs: { pairs, ...inputs } });
    const ran = await run({ samples: samples('a', 'b', 'c', 'd') });
    expect(lists(ran.table('samples'))['id']).toEqual(['a', 'c', 'd']);
    expect(lists(ran.table('pairs'))['first']).toEqual(['b', 'c']);
    await expect(run({})).rejects.toThrow("a table of pairs does not say who there is: give 'samples'");
    await expect(runTask(genotypesKinship, { inputs: {} })).rejects.toThrow("give 'genotypes' or 'pairs'");
  });
});

describe('genotypes.prune', () => {
  const prefix = join(folder, 'prune');
  writeBed(prefix, ldPanel(seeded(31), 100, 150, 0.02, 5000));

  it.runIf(hasPlink2)('keeps what plink2 --indep-pairwise keeps, by variants and by kilobases', async () => {
    const { view } = await viewOf(folder, bedPaths(prefix));
    const windows: [string[], Json][] = [
      [['20', '5'], { variants: 20, step: 5 }],
      [['40kb'], { kb: 40 }],
    ];
    for (const [args, window] of windows) {
      plink2(folder, '--bfile', prefix, '--indep-pairwise', ...args, '0.2', '--out', 'i');
      const ran = await runTask(genotypesPrune, {
        params: { r2: 0.2, window },
        inputs: { genotypes: { view } },
      });
      expect(lists(ran.table('variants'))['id']).toEqual(words(join(folder, 'i.prune.in')));
      const flow = flowOf(ran);
      expect(Number(flow['kept']) + Number(flow['lost: correlated'])).toBe(150);
    }
  });

  it('refuses a window of no width', async () => {
    const { view } = await viewOf(folder, bedPaths(prefix));
    await expect(
      runTask(genotypesPrune, { params: { window: { kb: 0 } }, inputs: { genotypes: { view } } }),
    ).rejects.toThrow(/must be > 0/);
  });
});
