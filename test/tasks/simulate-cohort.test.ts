import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { numbers, texts } from '../../cache/table.js';
import type { Json, Outputs, SingleTaskType, TaskContext } from '../../engine/task.js';
import { MemorySource } from '../../genotypes/io/bytesource.js';
import { openBed } from '../../genotypes/plink1/bed.js';
import { readSumstats } from '../../genotypes/sumstats/read.js';
import { simulateCohortTask } from '../../tasks/simulate-cohort.js';
import { simulateGwasTask } from '../../tasks/simulate-gwas.js';
import { runBatch, runTask, validated, type Ran } from './context.js';
import { lists } from './tables.js';

const seed = '78'.repeat(32);
const SMALL = {
  people: { imaging: 60, target: 90, reference: 20 },
  genome: { variants: 300, regions: 6, founders: 80, min_maf: 0.05 },
  idps: { t1: 3, swi: 1, cardiac: 2, causal_pool: 30, causal_per_idp: 10 },
  blood: { count: 3, biochemistry: 2 },
  diseases: { count: 6, categories: 3 },
  gwas: { people: 200 },
} as const;

const cohort = (params: Readonly<Record<string, Json>> = SMALL): Promise<Ran> =>
  runTask(simulateCohortTask, { params, inputs: {}, seed });

const bytes = (ran: Ran, port: string): Uint8Array => {
  const output = ran.outputs[port]!;
  if (output.kind !== 'file' || !('bytes' in output)) throw new Error(`'${port}' is not in memory`);
  return output.bytes;
};

const opened = (ran: Ran, prefix = '') =>
  openBed({
    bed: new MemorySource(bytes(ran, `${prefix}bed`), 'c.bed'),
    bim: new MemorySource(bytes(ran, `${prefix}bim`), 'c.bim'),
    fam: new MemorySource(bytes(ran, `${prefix}fam`), 'c.fam'),
  });

describe('simulate.cohort', () => {
  const folder = mkdtempSync(join(tmpdir(), 'simulate-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('hands out genotypes, records and lists that fit together', async () => {
    const ran = await cohort();
    const [genotypes, reference] = [await opened(ran), await opened(ran, 'reference_')];
    expect([genotypes.variants.count, genotypes.samples.count]).toEqual([300, 150]);
    expect([reference.variants.count, reference.samples.count]).toEqual([300, 20]);
    expect(reference.variants.id.toArray()).toEqual(genotypes.variants.id.toArray());
    const ids = ran.table('assessment').id!.values;
    for (const port of ['first_occurrences', 'hospital', 'truth_about_people'])
      expect(ran.table(port).id!.values).toEqual(ids);
    const withdrawn = ran.table('withdrawn').id!.values;
    genotypes.samples.iid.forEach((iid, i) => {
      if (iid !== ids[i]) expect(withdrawn).toContain(ids[i]);
    });
    const imaging = ran.table('imaging');
    expect(imaging.rows).toBe(60);
    for (const [port, table] of [
      ['idps', imaging],
      ['blood', ran.table('assessment')],
      ['diseases', ran.table('first_occurrences')],
    ] as const) {
      for (const name of texts(ran.table(port), 'column')) expect([...table.columns.keys()]).toContain(name);
    }
    expect(lists(ran.table('idps'))['idp']).toEqual(['24100', '24101', '25011', '25012', '25013', '25026']);
    expect(new Set(texts(ran.table('idps'), 'layout'))).toEqual(new Set(['big40', 'fastgwa']));
    expect(new Set(texts(ran.table('diseases'), 'category'))).toEqual(
      new Set(['circulatory', 'endocrine', 'respiratory']),
    );
    expect([...ran.table('kinship').columns.keys()]).toEqual(['ID1', 'ID2', 'HetHet', 'IBS0', 'Kinship']);
    expect(ran.log.join()).toMatch(/^\d+ related pairs, \d+ people withdrawn$/);
  });

  it('is the same for a seed; other spellings and less truth change nothing else', async () => {
    const [a, b] = [await cohort(), await cohort()];
    expect(b.outputs).toEqual(a.outputs);
    const other = await cohort({ ...SMALL, spelling: 'rap', truth_about_people: false });
    expect(bytes(other, 'bed')).toEqual(bytes(a, 'bed'));
    expect(numbers(other.table('imaging'), 'p25011_i2')).toEqual(numbers(a.table('imaging'), '25011-2.0'));
    expect([...other.table('truth_about_people').columns.keys()]).toEqual(['ancestry', 'cohort']);
    expect(texts(other.table('blood'), 'column')[0]).toBe('p30000_i0');
  });

  it('fills in what is not said, to the size of the demonstration', () => {
    const params = validated(simulateCohortTask, { people: { imaging: 100 } });
    expect(params['people']).toMatchObject({ imaging: 100, target: 30_000, reference: 500 });
    expect(params['genome']).toMatchObject({ variants: 10_000, missing: 0.002 });
    expect(() => validated(simulateCohortTask, { people: { scanned: 100 } })).toThrow(
      /additional properties/,
    );
    expect(() => validated(simulateCohortTask, { idps: { t1: 165 } })).toThrow(/<= 164/);
  });

  it('refuses parameters that contradict each other', async () => {
    await expect(cohort({ ...SMALL, genome: { variants: 5, regions: 6 } })).rejects.toThrow(
      'genome.variants is 5, fewer than the 6 of genome.regions',
    );
  });

  it('writes large files to the scratch folder', async () => {
    const context = {
      params: validated(simulateCohortTask, {
        ...SMALL,
        people: { imaging: 0, target: 30_000, reference: 20 },
        genome: { ...SMALL.genome, variants: 4_500 },
        diseases: { count: 0, categories: 1 },
        truth_about_people: false,
      }),
      seed,
      scratch: () => folder,
      log: () => undefined,
      progress: () => undefined,
    } as unknown as TaskContext<never>;
    const outputs: Outputs = await (simulateCohortTask as SingleTaskType).run(context);
    const bed = outputs['bed']!;
    if (bed.kind !== 'file' || !('path' in bed)) throw new Error('the .bed is in memory');
    expect(bed.path.startsWith(folder)).toBe(true);
    expect(statSync(bed.path).size).toBe(3 + (4_500 * 30_000) / 4);
    expect([...readFileSync(bed.path).subarray(0, 3)]).toEqual([0x6c, 0x1b, 0x01]);
    expect(outputs['reference_bed']).toHaveProperty('bytes');
  });
});

describe('simulate.gwas', () => {
  const inputs = async () => ({ design: { json: (await cohort()).json('design') } });

  it('makes one file for each IDP, in its source’s layout, alone or in a batch', async () => {
    const given = await inputs();
    const call = (params: Readonly<Record<string, Json>>) => ({ params, inputs: given });
    const [brain, heart, unknown] = await runBatch(simulateGwasTask, [
      call({ idp: '25011' }),
      call({ idp: '24101' }),
      call({ idp: '25920' }),
    ]);
    if (brain instanceof Error || heart instanceof Error) throw new Error('failed');
    expect((unknown as Error).message).toBe(
      "the design has no IDP '25920'; it has 25011, 25012, 25013, 25026, 24100, 24101",
    );
    expect(heart!.log).toEqual(['200 people, 0 of them of the imaging cohort']);
    const alone = await runTask(simulateGwasTask, call({ idp: '24101' }));
    expect(alone.outputs).toEqual(heart!.outputs);
    for (const [ran, layout] of [
      [brain!, 'big40'],
      [heart!, 'fastgwa'],
    ] as const) {
      const { how, table } = await readSumstats(new MemorySource(bytes(ran, 'sumstats'), 'g'), {
        layout: 'detect',
      });
      expect(how).toBe(layout);
      expect(table.count).toBe(300);
    }
    const asked = await runTask(simulateGwasTask, call({ idp: '24101', layout: 'big40' }));
    expect(asked.text('sumstats').startsWith('chr rsid pos a1 a2 beta se pval(-log10)\n')).toBe(true);
  });

  it('refuses what is not a design', async () => {
    await expect(
      runTask(simulateGwasTask, { params: { idp: '25011' }, inputs: { design: { json: { seed } } } }),
    ).rejects.toThrow('this is not a design: connect the port design of simulate.cohort');
  });
});
