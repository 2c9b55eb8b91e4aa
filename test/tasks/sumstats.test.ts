/** Summary statistics as tasks read, select and harmonise them: every lost row is counted. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../engine/task.js';
import { sumstatsHarmonise } from '../../tasks/sumstats-harmonise.js';
import { sumstatsRead } from '../../tasks/sumstats-read.js';
import { sumstatsSelect } from '../../tasks/sumstats-select.js';
import { hasShared, scratch, SHARED } from '../genotypes/oracle.js';
import { runTask, type Ran } from './context.js';
import { lists, rows } from './tables.js';

const folder = scratch();
const read = (path: string, params: Readonly<Record<string, Json>> = {}): Promise<Ran> =>
  runTask(sumstatsRead, { params, inputs: { file: { path } } });
function write(text: string): string {
  const path = join(folder, 'gwas.txt');
  writeFileSync(path, text);
  return path;
}
const flowOf = (ran: Ran): Readonly<Record<string, number | string | null>> => {
  const { reason, rows: counts } = lists(ran.table('flow'));
  return Object.fromEntries(
    reason!.map((name, i) => [String(name), counts![i]!] as const).filter(([, count]) => count !== 0),
  );
};

describe('sumstats.read', () => {
  it('reads a layout that it knows, drops what cannot be used, and counts and logs it', async () => {
    const path = write(
      'chr rsid pos a1 a2 beta se pval(-log10)\n' +
        '01 rs1 100 A G 0.5 0.1 6.5\n02 rs2 200 C T -0.25 0.1 x\n02 rs3 200 C C 1 0.1 1\n22 rs4 300 c t 0.25 0.1 400\n',
    );
    const ran = await read(path, { build: 'GRCh37' });
    expect(lists(ran.table('table'))).toMatchObject({
      chr: ['1', '22'],
      pos: [100, 300],
      effect_allele: ['G', 'T'],
      other_allele: ['A', 'C'],
      beta: [0.5, 0.25],
      log10p: [-6.5, -400],
      line: [2, 5],
      build: ['GRCh37', 'GRCh37'],
    });
    expect(flowOf(ran)).toEqual({
      'rows of the file': 4,
      'dropped: same-alleles': 1,
      'dropped: p': 1,
      read: 2,
    });
    expect(ran.log).toContain("line 3 dropped: p 'x'");
    expect(ran.warnings).toEqual(['rows dropped: 1 for same-alleles, 1 for p']);
  });

  it('takes an explicit map, and refuses a header whose meaning is in doubt', async () => {
    const path = write('SNP CHROM BASE A1 A2 B P\nrs1 1 5 A G 0.1 0.01\n');
    await expect(read(path)).rejects.toThrow(/gwas\.txt: the header fits no known layout .*line 1/);
    const columns = {
      id: 'SNP',
      chromosome: 'CHROM',
      position: 'BASE',
      effectAllele: 'A2',
      beta: 'B',
      p: 'P',
    };
    const ran = await read(path, { columns: { ...columns, otherAllele: 'A1' } });
    expect(lists(ran.table('table'))).toMatchObject({ effect_allele: ['G'], beta: [0.1], build: [null] });
    await expect(read(path, { columns: { ...columns, p: 'PVAL' } })).rejects.toThrow('no column PVAL');
  });

  it('asks for the memory of a file of 17 million rows, unless a threshold leaves few of them', () => {
    const memory = (p_below: number | null): number =>
      sumstatsRead.resources!({ p_below } as never, {}).memory! / 2 ** 30;
    expect(memory(null)).toBe(3.5);
    expect(memory(1)).toBe(3.5);
    expect(memory(0.001)).toBeLessThan(0.3);
    const selecting = sumstatsSelect.resources!({ p_below: 0.001 } as never, {
      sumstats: [{ rows: 17e6, columns: 12 }],
    });
    // 183 bytes a row measured at 5 million.
    expect(selecting.memory).toBeGreaterThan(183 * 17e6);
  });

  it('keeps only rows below a threshold when asked', async () => {
    const path = write('chr rsid pos a1 a2 beta se pval(-log10)\n1 a 1 A G 1 1 3\n1 b 2 A G 1 1 3.1\n');
    const ran = await read(path, { p_below: 0.001 });
    expect(lists(ran.table('table'))['id']).toEqual(['b']);
    expect(flowOf(ran)).toMatchObject({ 'dropped: threshold': 1 });
  });

  it.runIf(hasShared)('reads alleles in numbers and GWAS-VCF', async () => {
    const dgi = await read(join(SHARED, 'sumstats/DGI_three_regions.txt'), {
      alleles: '1234',
      build: 'GRCh36',
      columns: {
        chromosome: 'CHR',
        position: 'POS',
        id: 'SNP',
        effectAllele: 'EFFECT_ALLELE',
        otherAllele: 'NON_EFFECT_ALLELE',
        eaf: 'EFFECT_ALLELE_FREQ',
        beta: 'BETA',
        se: 'SE',
        p: 'P_VAL',
        n: 'N',
      },
    });
    expect(lists(dgi.table('table'))).toMatchObject({
      effect_allele: expect.arrayContaining(['C', 'G']) as unknown,
    });
    expect(dgi.table('table').rows + Number(flowOf(dgi)['dropped: p'] ?? 0)).toBeLessThanOrEqual(2369);
    const als = await read(join(SHARED, 'sumstats/ALSvcf.vcf'), { layout: 'gwas-vcf' });
    expect(als.table('table').rows).toBe(flowOf(als)['read']);
    expect(als.table('table').rows).toBeGreaterThan(300);
  });
});

describe('sumstats.select', () => {
  const table = rows({ p: [0.001, 0.000999, 0, null], log10p: [-3, -3.0004, -500, null] });
  it('is strict, and judges a p that underflowed by its logarithm', async () => {
    const ran = await runTask(sumstatsSelect, { inputs: { sumstats: table } });
    expect(lists(ran.table('table'))['p']).toEqual([0.000999, 0]);
    const tiny = await runTask(sumstatsSelect, { params: { p_below: 1e-320 }, inputs: { sumstats: table } });
    expect(lists(tiny.table('table'))['p']).toEqual([0]);
  });

  it('warns of nobody left, and refuses what is no p', async () => {
    const none = await runTask(sumstatsSelect, {
      params: { p_below: 1e-5 },
      inputs: { sumstats: rows({ p: [0.5] }) },
    });
    expect(none.warnings).toEqual(['no row has p < 0.00001']);
    await expect(runTask(sumstatsSelect, { inputs: { sumstats: rows({ p: [1.5] }) } })).rejects.toThrow(
      '1.5 is no p',
    );
  });
});

describe('sumstats.harmonise', () => {
  const panel = (build: string | null = 'GRCh37') =>
    rows({
      chr: ['1', '1', '1', '2', '2'],
      pos: [10, 20, 30, 10, 20],
      id: ['a', 'b', 'c', 'd', 'e'],
      ref: ['A', 'C', 'A', 'G', 'C'],
      alt: ['G', 'T', 'T', 'A', 'G'],
      af: [0.2, 0.3, 0.1, 0.4, 0.5],
      build: [build, build, build, build, build],
    });
  const stats = (build: string | null = 'GRCh37') =>
    rows({
      chr: ['1', '1', '1', '2', '2', '3', '1'],
      pos: [10, 20, 30, 10, 20, 5, 10],
      id: ['a', 'b', 'c', 'd', 'e', 'f', 'a'],
      effect_allele: ['G', 'C', 'T', 'T', 'C', 'A', 'G'],
      other_allele: ['A', 'T', 'A', 'C', 'G', 'G', 'A'],
      beta: [1, 2, 3, 4, 5, 6, 7],
      eaf: [0.2, 0.7, 0.15, 0.4, 0.5, 0.1, 0.2],
      p: [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1],
      line: [2, 3, 4, 5, 6, 7, 8],
      build: new Array<string | null>(7).fill(build),
    });
  const run = (
    given: { panel?: string | null; stats?: string | null } = {},
    params: Record<string, Json> = {},
  ) =>
    runTask(sumstatsHarmonise, {
      params,
      inputs: {
        sumstats: stats(given.stats === undefined ? 'GRCh37' : given.stats),
        variants: panel(given.panel === undefined ? 'GRCh37' : given.panel),
      },
    });

  it("expresses effects per ALT of the panel, and counts each row's fate", async () => {
    const ran = await run();
    expect(lists(ran.table('table'))).toMatchObject({
      id: ['a', 'b', 'c', 'd'],
      effect_allele: ['G', 'T', 'T', 'A'],
      other_allele: ['A', 'C', 'A', 'G'],
      beta: [1, -2, 3, 4],
      hm_code: [10, 11, 1, 12],
      line: [2, 3, 4, 5],
    });
    expect(lists(ran.table('table'))['eaf']![1]).toBeCloseTo(0.3, 12);
    expect(flowOf(ran)).toEqual({
      'summary statistics': 7,
      'lost: no-variant-there': 1,
      'lost: palindromic-frequency-middle': 1,
      'lost: duplicate': 1,
      kept: 4,
    });
    expect(lists(ran.table('codes'))['hm_code']).toEqual([10, 11, 1, 12, 18, 15, 10]);
    expect(lists(ran.table('codes'))['kept']).toEqual([1, 1, 1, 1, 0, 0, 0]);
  });

  it('refuses builds that differ, and warns of one that nobody declared', async () => {
    await expect(run({ panel: 'GRCh38' })).rejects.toThrow(
      "'sumstats': the summary statistics are on GRCh37, the panel on GRCh38: lift one over",
    );
    expect((await run({ stats: null })).warnings).toContain(
      'the build of the summary statistics is not declared',
    );
  });

  it('refuses too few matches', async () => {
    await expect(run({}, { min_match: 0.99 })).rejects.toThrow(
      /only 85\.7 % of 7 rows match the reference panel/,
    );
  });
});
