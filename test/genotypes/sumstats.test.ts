/** Reading summary statistics: every layout, and every reason to drop a row. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { FileSource, MemorySource } from '../../genotypes/io/bytesource.js';
import { readGwasVcf } from '../../genotypes/sumstats/gwasvcf.js';
import { guessColumns } from '../../genotypes/sumstats/layouts.js';
import { readSumstats } from '../../genotypes/sumstats/read.js';
import type { ReadOptions, SumstatsReading } from '../../genotypes/sumstats/read.js';
import { selectBelow } from '../../genotypes/sumstats/table.js';
import { gwasSsfLines } from '../../genotypes/sumstats/write.js';
import { SHARED, hasPlink1, hasPlink2, hasShared, plink1, plink2, readTable, scratch } from './oracle.js';

const read = (text: string | Buffer, options: Partial<ReadOptions> = {}): Promise<SumstatsReading> =>
  readSumstats(new MemorySource(Buffer.from(text), 'gwas.txt'), { layout: 'detect', ...options });

/** The one row of a reading, as an object. */
function onlyRow({ table }: SumstatsReading): Record<string, string | number> {
  expect(table.count).toBe(1);
  const numbers = (['beta', 'se', 'eaf', 'p', 'log10p', 'z', 'n', 'info'] as const).flatMap((name) =>
    table[name] === undefined ? [] : [[name, table[name][0]!] as const],
  );
  return {
    place: `${table.chromosomeNames[table.chromosome[0]!] ?? '?'}:${table.position[0]!}`,
    id: table.id.at(0),
    effect: table.effectAllele.at(0),
    other: table.otherAllele.at(0),
    ...Object.fromEntries(numbers),
  };
}

describe('layouts', () => {
  test('GWAS-SSF: beta, odds ratio, −log10 p; 23 is X and 25 is MT; #NA is missing', async () => {
    const head = 'chromosome\tbase_pair_location\teffect_allele\tother_allele';
    const tail = 'standard_error\teffect_allele_frequency';
    const beta = await read(
      `${head}\tbeta\t${tail}\tp_value\trsid\n23\t100\ta\tg\t0.5\t0.1\t0.3\t1e-6\trs1\n`,
    );
    expect(beta.how).toBe('gwas-ssf');
    expect(onlyRow(beta)).toEqual({
      place: 'X:100',
      id: 'rs1',
      effect: 'A',
      other: 'G',
      beta: 0.5,
      se: 0.1,
      eaf: 0.3,
      p: 1e-6,
      log10p: -6,
    });
    const or = onlyRow(
      await read(`${head}\todds_ratio\t${tail}\tneg_log_10_p_value\n25\t100\tA\tG\t2\t#NA\t#NA\t400\n`),
    );
    expect(or['place']).toBe('MT:100');
    expect(or['beta']).toBe(Math.LN2);
    expect(or['se']).toBeNaN();
    expect([or['p'], or['log10p']]).toEqual([0, -400]);
  });

  test('BIG40: blanks, zero-padded chromosome, the effect allele is a2', async () => {
    const reading = await read(
      'chr rsid pos a1 a2 beta se pval(-log10)\n01 rs2 10177 A AC -0.02 0.03 0.31\n',
    );
    expect(reading.how).toBe('big40');
    expect(onlyRow(reading)).toEqual({
      place: '1:10177',
      id: 'rs2',
      effect: 'AC',
      other: 'A',
      beta: -0.02,
      se: 0.03,
      p: 10 ** -0.31,
      log10p: -0.31,
    });
  });

  test('fastGWA', async () => {
    const reading = await read(
      'CHR\tSNP\tPOS\tA1\tA2\tN\tAF1\tBETA\tSE\tP\n2\trs3\t7\tT\tC\t500\t0.2\t0.1\t0.05\t0.04\n',
    );
    expect(reading.how).toBe('fastgwa');
    expect(onlyRow(reading)).toMatchObject({ place: '2:7', effect: 'T', other: 'C', eaf: 0.2, n: 500 });
  });

  test('BOLT-LMM: the non-infinitesimal p where there is one', async () => {
    const header =
      'SNP CHR BP GENPOS ALLELE1 ALLELE0 A1FREQ F_MISS CHISQ_LINREG P_LINREG BETA SE P_BOLT_LMM_INF P_BOLT_LMM';
    const reading = await read(
      `${header.replaceAll(' ', '\t')}\nrs4\t3\t9\t0\tG\tA\t0.4\t0\t1\t0.3\t0.2\t0.1\t0.04\t0.03\n`,
    );
    expect(reading.how).toBe('bolt');
    expect(onlyRow(reading)).toMatchObject({ effect: 'G', other: 'A', p: 0.03, eaf: 0.4 });
  });

  test.skipIf(!hasShared)("regenie's own output", async () => {
    const path = join(SHARED, 'sumstats/regenie_example_firth.regenie');
    const reading = await readSumstats(new FileSource(path), { layout: 'detect' });
    expect([reading.how, reading.rows, reading.table.count]).toEqual(['regenie', 1000, 1000]);
    const first = readTable(path)[0]!;
    expect(reading.table.log10p![0]).toBe(-Number(first['LOG10P']));
    expect(reading.table.effectAllele.at(0)).toBe(first['ALLELE1']);
  });

  const folder = scratch();
  test.skipIf(!hasPlink1 || !hasPlink2 || !hasShared)(
    "plink1.9's and plink2's own output agree",
    async () => {
      const prefix = join(SHARED, 'regenie_example/example');
      const fam = readFileSync(`${prefix}.fam`, 'utf8')
        .trim()
        .split('\n')
        .map((row) => row.split(/\s+/));
      const rows = fam.map(([fid, iid, , , , y]) => `${fid!}\t${iid!}\t${y!}\t${Number(y) > 0 ? 2 : 1}`);
      writeFileSync(join(folder, 'pheno'), ['#FID\tIID\tY\tB', ...rows, ''].join('\n'));
      writeFileSync(
        join(folder, 'covar'),
        ['#FID\tIID\tC', ...fam.map(([f, i], s) => `${f!}\t${i!}\t${s % 7}`), ''].join('\n'),
      );
      // Covariates bring rows of other tests.
      plink2(
        folder,
        '--bfile',
        prefix,
        '--pheno',
        'pheno',
        '--covar',
        'covar',
        '--glm',
        'no-firth',
        '--out',
        'g',
      );
      plink2(
        folder,
        '--bfile',
        prefix,
        '--pheno',
        'pheno',
        '--covar',
        'covar',
        '--glm',
        'no-firth',
        'log10',
        'cols=+ax,+a1freq',
        '--out',
        'l',
      );
      const open = (name: string, layout: ReadOptions['layout'] = 'detect'): Promise<SumstatsReading> =>
        readSumstats(new FileSource(join(folder, name)), { layout });
      const linear = await open('g.Y.glm.linear');
      expect(linear.how).toBe('plink2');
      expect(linear.rows).toBe(2000);
      expect(linear.dropped['other-test']).toBe(1000);
      expect(linear.table.count).toBe(1000);
      const logged = await open('l.Y.glm.linear');
      logged.table.p!.forEach((p, row) => expect(p).toBeCloseTo(linear.table.p![row]!, 5));
      expect(logged.table.otherAllele.toArray()).toEqual(linear.table.otherAllele.toArray());
      expect(logged.table.eaf).toBeDefined();
      const logistic = await open('g.B.glm.logistic');
      expect(logistic.table.count + logistic.dropped.p + logistic.dropped.effect).toBe(1000);
      const b = rows.map((row) => row.split('\t')).map((c) => [c[0]!, c[1]!, c[3]!].join('\t'));
      writeFileSync(join(folder, 'p1'), [...b, ''].join('\n'));
      plink1(
        folder,
        '--bfile',
        prefix,
        '--pheno',
        'p1',
        '--covar',
        'covar',
        '--logistic',
        '--allow-no-sex',
        '--out',
        'p1',
      );
      const old = await open('p1.assoc.logistic');
      expect(old.how).toBe('plink1');
      expect(old.dropped['other-test']).toBe(1000);
      const byId = new Map(logistic.table.id.toArray().map((id, row) => [id, row]));
      let compared = 0;
      for (let row = 0; row < old.table.count; row++) {
        const same = byId.get(old.table.id.at(row))!;
        const sign = old.table.effectAllele.same(row, logistic.table.effectAllele, same) ? 1 : -1;
        expect(sign * old.table.beta![row]!).toBeCloseTo(logistic.table.beta![same]!, 2);
        compared++;
      }
      expect(compared).toBeGreaterThan(900);
    },
  );

  test('an explicit map, commas, alleles as 1 2 3 4', async () => {
    const columns = { chromosome: 'c', position: 'b', effectAllele: 'x', otherAllele: 'y', z: 'Z' };
    const layout = { columns, chromosomeCoding: 'plink', alleles: '1234' } as const;
    const row = onlyRow(await read('c,b,x,y,Z\n26,5,1,4,-40\n', { layout }));
    expect(row).toMatchObject({ place: 'MT:5', effect: 'A', other: 'T', z: -40, p: 0 });
    // R 4.2.2: (pnorm(-40, log.p = TRUE) + log(2)) / log(10) = -349.1363
    expect(row['log10p']).toBeCloseTo(-349.1363, 3);
  });

  test('gz, CRLF mixed with LF, a byte-order mark, quotes, blank and comment lines', async () => {
    const text =
      '\ufeff## made by hand\r\n"SNP"\tchr\tpos\teffect_allele\tother_allele\tbeta\tp\r\n\nrs1\t1\t5\tA\tC\t1\t0.5\r\nrs2\t1\t6\tA\tC\t1\t0.5';
    const reading = await read(gzipSync(text));
    expect(reading.how).toBe('guessed');
    expect(reading.table.id.toArray()).toEqual(['rs1', 'rs2']);
    expect([...reading.table.line]).toEqual([4, 5]);
  });

  test('A1 and A2 are never guessed; nor is either of two columns of one meaning', () => {
    expect(guessColumns(['CHR', 'BP', 'A1', 'A2', 'BETA', 'P'])).toBeUndefined();
    expect(guessColumns(['EA', 'NEA', 'P', 'pvalue', 'beta'])).toBeUndefined();
    expect(guessColumns(['EA', 'NEA', 'MLOG10P'])).toEqual({
      effectAllele: 'EA',
      otherAllele: 'NEA',
      minusLog10P: 'MLOG10P',
    });
  });

  test.each([
    ['CHR\tBP\tA1\tA2\tBETA\tP\n', {}, 'fits no known layout (CHR, BP, A1, A2, BETA, P)'],
    [
      'CHR\tBP\n',
      { layout: 'regenie' },
      'not regenie: no column CHROM, GENPOS, ID, ALLELE0, ALLELE1, A1FREQ, BETA, SE, LOG10P',
    ],
    ['', {}, 'gwas.txt: the file has no header line (line 1)'],
    [
      'EA\tNEA\tP\tP\n',
      { layout: { columns: { effectAllele: 'EA', p: 'P' }, chromosomeCoding: 'plink', alleles: 'letters' } },
      'two columns are called P',
    ],
    [
      'EA\tNEA\n',
      { layout: { columns: { effectAllele: 'EA', p: 'P' }, chromosomeCoding: 'plink', alleles: 'letters' } },
      'no column P; there are EA, NEA',
    ],
  ] as [string, Partial<ReadOptions>, string][])('header %j is refused', async (text, options, message) => {
    await expect(read(text, options)).rejects.toThrow(message);
  });
});

describe('p-values', () => {
  const head = 'chr\tpos\trsid\tea\tnea\tbeta\tse\tp';
  const row = (p: string): string => `1\t5\trs1\tA\tC\t-4\t0.1\t${p}`;

  test('p = 0 is kept with the log p of beta/se', async () => {
    const { p, log10p } = (await read(`${head}\n${row('0')}\n`)).table;
    expect(p![0]).toBe(0);
    // z = −40, as above.
    expect(log10p![0]).toBeCloseTo(-349.1363, 3);
  });

  test('the threshold is strict, and judges an underflowed p by its logarithm', async () => {
    const text = [head, row('0.001'), row('0.00099'), row('0'), row('0.5'), row('NA')].join('\n');
    const whole = await read(text);
    expect(whole.dropped.p).toBe(1);
    expect([...selectBelow(whole.table, 0.001).line]).toEqual([3, 4]);
    const fused = await read(text, { pBelow: 0.001 });
    expect([...fused.table.line]).toEqual([3, 4]);
    expect(fused.dropped).toMatchObject({ threshold: 2, p: 1 });
    expect(selectBelow(whole.table, 1e-320).count).toBe(1);
    expect(selectBelow(whole.table, 1e-300).count).toBe(1);
  });
});

describe("a peer's dirty file, row by row", () => {
  /** Line → our reason; lines that are absent are read. Every line of the file is accounted for. */
  const OURS: Readonly<Record<number, string>> = {
    10: 'chromosome',
    14: 'chromosome',
    15: 'chromosome',
    16: 'chromosome',
    17: 'chromosome',
    18: 'position',
    19: 'position',
    20: 'position',
    21: 'position',
    22: 'position',
    23: 'position',
    24: 'same-alleles',
    26: 'allele',
    27: 'allele',
    28: 'allele',
    29: 'allele',
    30: 'allele',
    36: 'number',
    40: 'frequency',
    41: 'frequency',
    44: 'effect',
    57: 'p',
    58: 'p',
    59: 'p',
  };

  test.skipIf(!hasShared)('every row is read or dropped for the reason that its note gives', async () => {
    const path = join(SHARED, 'sumstats_dirty/dirty_sumstats.tsv');
    const dropped: Record<number, string> = {};
    const onDrop = (line: number, reason: string): void => void (dropped[line] = reason);
    const reading = await readSumstats(new FileSource(path), { layout: 'detect', onDrop });
    expect(dropped).toEqual(OURS);
    expect(reading.rows).toBe(63);
    expect(reading.table.count).toBe(63 - Object.keys(OURS).length);
    // Prefixed chromosomes, lower-case alleles and X are put right, not dropped.
    const at = (line: number): number => reading.table.line.indexOf(line);
    for (const line of [11, 12, 13])
      expect(reading.table.chromosomeNames[reading.table.chromosome[at(line)]!]).toBe('1');
    expect(reading.table.chromosomeNames[reading.table.chromosome[at(9)]!]).toBe('X');
    expect(reading.table.effectAllele.at(at(25))).toBe('A');
  });
});

describe('GWAS-VCF', () => {
  test.skipIf(!hasShared)('the ALS study: ALT is the effect allele, LP is −log10 p', async () => {
    const { table, rows, dropped } = await readGwasVcf(new FileSource(join(SHARED, 'sumstats/ALSvcf.vcf')), {
      build: 'GRCh37',
    });
    expect([rows, table.count]).toEqual([415, 415]);
    expect(Object.values(dropped).every((count) => count === 0)).toBe(true);
    expect([table.effectAllele.at(0), table.otherAllele.at(0)]).toEqual(['A', 'G']);
    expect([table.beta![0], table.se![0], table.log10p![0], table.eaf![0]]).toEqual([
      0.0312, 0.0393, -0.369267, 0.1589,
    ]);
  });

  const vcf = (studies: string, row: string): MemorySource =>
    new MemorySource(
      Buffer.from(
        `##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t${studies}\n${row}\n`,
      ),
      'gwas.vcf',
    );

  test('one of several studies, by name', async () => {
    const row = '1\t5\trs1\tA\tG\t.\tPASS\t.\tES:SE:LP\t1:1:1\t2:1:0';
    await expect(readGwasVcf(vcf('a\tb', row), {})).rejects.toThrow(
      'say which study to read: there are a, b',
    );
    const { table } = await readGwasVcf(vcf('a\tb', row), { study: 'b' });
    expect([table.beta![0], table.p![0], table.log10p![0]]).toEqual([2, 1, 0]);
  });

  test.each([
    ['1\t5\trs1\tA\tG,T\t.\t.\t.\tES:SE:LP\t1:1:1', 'allele'],
    ['1\t5\trs1\tA\tG\t.\t.\t.\tES:SE:LP\tx:1:1', 'effect'],
    ['1\t5\trs1\tA\tG\t.\t.\t.\tES:SE:LP\t1:-1:1', 'standard-error'],
    ['1\t5\trs1\tA\tG\t.\t.\t.\tES:SE:LP\t1:1:-1', 'p'],
    ['1\t5\trs1\tA\tG\t.\t.\t.\tES:SE:LP:AF\t1:1:1:2', 'frequency'],
    ['1\t5\trs1\tA\tG\t.\t.\t.\tES:SE:LP:SS\t1:1:1:-4', 'number'],
    ['0\t5\trs1\tA\tG\t.\t.\t.\tES:SE:LP\t1:1:1', 'chromosome'],
    ['1\t-5\trs1\tA\tG\t.\t.\t.\tES:SE:LP\t1:1:1', 'position'],
    ['1\t5\trs1\tA\ta\t.\t.\t.\tES:SE:LP\t1:1:1', 'same-alleles'],
    ['1\t5\trs1', 'columns'],
  ])('%j is dropped: %s', async (row, reason) => {
    const { dropped, table } = await readGwasVcf(vcf('a', row), {});
    expect(table.count).toBe(0);
    expect(dropped[reason as keyof typeof dropped]).toBe(1);
  });
});

test.skipIf(!hasShared)('what is written as GWAS-SSF is read again', async () => {
  const { table } = await readSumstats(new FileSource(join(SHARED, 'sumstats/fto_locus_chr16.tsv.gz')), {
    layout: 'detect',
  });
  const again = await read([...gwasSsfLines(table)].join('\n'), { layout: 'gwas-ssf' });
  for (const name of ['beta', 'se', 'eaf', 'p', 'position'] as const)
    expect(again.table[name]).toEqual(table[name]);
  for (const name of ['id', 'effectAllele', 'otherAllele'] as const) {
    expect(again.table[name].toArray()).toEqual(table[name].toArray());
  }
  const tiny = await read('chr\tpos\trsid\tea\tnea\tbeta\tse\tp\n1\t5\trs1\tA\tC\t-4\t0.1\t0\n');
  const back = await read([...gwasSsfLines(tiny.table)].join('\n'));
  expect(back.table.log10p).toEqual(tiny.table.log10p);
});
