/** Frequencies, missingness, Hardy–Weinberg, heterozygosity, kinship: equal to plink1.9 and plink2, live. */
import fc from 'fast-check';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { founders } from '../../genotypes/ld/clump.js';
import { FileSource } from '../../genotypes/io/bytesource.js';
import { alleleFrequencies, countVariants, frequenciesOf, missingRate } from '../../genotypes/qc/counts.js';
import { hweExact, hweOf } from '../../genotypes/qc/hwe.js';
import { kingRobust, relatedToExclude } from '../../genotypes/qc/king.js';
import { measurePeople } from '../../genotypes/qc/people.js';
import { Tally } from '../../genotypes/qc/tally.js';
import { withSex } from '../../genotypes/source.js';
import { openVcf } from '../../genotypes/vcf/vcf.js';
import {
  SHARED,
  hasPlink1,
  hasPlink2,
  hasShared,
  ldPanel,
  openBedPrefix,
  openPgenPrefix,
  plink1,
  plink2,
  range,
  readTable,
  scratch,
  seeded,
  writeBed,
} from './oracle.js';

const folder = scratch();

/** Equal to `digits` printed digits: plink writes six (plink2) or four (plink1.9). */
function expectPrinted(mine: number, printed: string, digits: number): void {
  if (/^-?nan$/i.test(printed)) expect(mine).toBeNaN();
  else
    expect(Math.abs(mine - Number(printed))).toBeLessThanOrEqual(
      0.51 * 10 ** (1 - digits) * Math.abs(Number(printed)) + 1e-300,
    );
}

/** A panel with every kind of chromosome, haploid hets and unknown sex among its troubles. */
function everyKind(): void {
  const random = seeded(3);
  const panel = ldPanel(random, 131, 120, 0.06, 4000);
  const chromosome = panel.chromosome
    .map((_, v) => ['1', '23', '24', '25', '26', '22'][v % 6]!)
    .sort((a, b) => Number(a) - Number(b));
  writeBed(join(folder, 'kinds'), {
    ...panel,
    chromosome,
    sex: panel.sex.map((s) => (random() < 0.1 ? 0 : s)),
  });
}

describe.skipIf(!hasPlink1 || !hasPlink2 || !hasShared)('against plink', () => {
  everyKind();
  const sets = [join(SHARED, 'hapmap3/data'), join(SHARED, 'bigsnpr_example/example-missing'), 'kinds'];
  const at = (prefix: string): string => (prefix.startsWith('/') ? prefix : join(folder, prefix));

  test.each(sets)('variants of %s', async (prefix) => {
    plink2(folder, '--bfile', prefix, '--freq', '--geno-counts', '--missing', '--out', 'v');
    plink1(folder, '--bfile', prefix, '--hardy', '--out', 'v');
    const source = await openBedPrefix(at(prefix));
    const variants = range(source.variants.count);
    const counts = await countVariants(source, variants, undefined);
    const frequency = frequenciesOf(counts);
    const missing = missingRate(counts);
    const hwe = hweOf(counts);
    // plink2 puts chromosomes in its own order: rows are matched by id.
    const row = new Map(source.variants.id.toArray().map((id, v) => [id, v]));
    for (const line of readTable(join(folder, 'v.afreq'))) {
      const v = row.get(line['ID']!)!;
      expectPrinted(frequency.alt[v]!, line['ALT_FREQS']!, 6);
      expect(frequency.observed[v]).toBe(Number(line['OBS_CT']));
    }
    for (const line of readTable(join(folder, 'v.gcount'))) {
      const v = row.get(line['ID']!)!;
      const mine = [counts.homRef, counts.het, counts.homAlt, counts.hapRef, counts.hapAlt].map((c) => c[v]!);
      const theirs = ['HOM_REF_CT', 'HET_REF_ALT_CTS', 'TWO_ALT_GENO_CTS', 'HAP_REF_CT', 'HAP_ALT_CTS'];
      expect(mine).toEqual(theirs.map((name) => Number(line[name])));
      // plink2 counts an impossible haploid het as missing here.
      expect(counts.missing[v]! + counts.hapHet[v]!).toBe(Number(line['MISSING_CT']));
    }
    for (const line of readTable(join(folder, 'v.vmiss')))
      expectPrinted(missing[row.get(line['ID']!)!]!, line['F_MISS']!, 6);
    let tested = 0;
    for (const line of readTable(join(folder, 'v.hwe'))) {
      if (!line['TEST']!.startsWith('ALL') || line['CHR'] === '24' || line['CHR'] === '26') continue;
      expectPrinted(hwe[row.get(line['SNP']!)!]!, line['P']!, 4);
      tested++;
    }
    expect(tested).toBeGreaterThan(50);
    source.close();
  });

  test.each(sets)('people of %s', async (prefix) => {
    plink2(folder, '--bfile', prefix, '--missing', '--het', '--out', 'p');
    const source = await openBedPrefix(at(prefix));
    const variants = range(source.variants.count);
    const counts = await countVariants(source, variants, undefined);
    const { missingness, heterozygosity: het } = await measurePeople(source, variants, undefined, counts);
    readTable(join(folder, 'p.smiss')).forEach((line, s) => {
      expect(missingness.missing[s]).toBe(Number(line['MISSING_CT']));
      expect(missingness.variants[s]).toBe(Number(line['OBS_CT']));
    });
    readTable(join(folder, 'p.het')).forEach((line, s) => {
      expect(het.homozygous[s]).toBe(Number(line['O(HOM)']));
      expect(het.calls[s]).toBe(Number(line['OBS_CT']));
      expectPrinted(het.expected[s]!, line['E(HOM)']!, 6);
      expect(Math.abs(het.f[s]! - Number(line['F']))).toBeLessThan(1e-6 + 1e-5 * Math.abs(Number(line['F'])));
    });
    source.close();
  });

  test.each([sets[0]!, 'kinds'])("F on X of %s is plink1.9's --check-sex", async (prefix) => {
    plink1(folder, '--bfile', prefix, '--check-sex', '--out', 'x');
    const source = await openBedPrefix(at(prefix));
    const all = range(source.variants.count);
    const counts = await countVariants(source, all, founders(source));
    const { f } = (await measurePeople(source, all, undefined, counts)).onX;
    const lines = readTable(join(folder, 'x.sexcheck'));
    expect(lines).toHaveLength(f.length);
    // Four significant digits are printed.
    lines.forEach((line, s) => {
      const theirs = Number(line['F']);
      expect(Math.abs(f[s]! - theirs)).toBeLessThanOrEqual(6e-4 * Math.max(Math.abs(theirs), 0.1));
    });
    source.close();
  });

  test.each(sets.slice(1))('KING-robust of %s', async (prefix) => {
    plink2(folder, '--bfile', prefix, '--make-king-table', '--out', 'king');
    const source = await openBedPrefix(at(prefix));
    const pairs = await kingRobust(source, range(source.variants.count), undefined);
    const lines = readTable(join(folder, 'king.kin0'));
    expect(lines.length).toBe(pairs.first.length);
    lines.forEach((line, k) => {
      expect(source.samples.iid[pairs.first[k]!]).toBe(line['IID1']);
      expect(source.samples.iid[pairs.second[k]!]).toBe(line['IID2']);
      expect(pairs.shared[k]).toBe(Number(line['NSNP']));
      expectPrinted(pairs.bothHet[k]!, line['HETHET']!, 6);
      expectPrinted(pairs.ibs0[k]!, line['IBS0']!, 6);
      const kinship = pairs.kinship[k]!;
      if (!Number.isFinite(kinship)) expect(line['KINSHIP']).toMatch(/nan|inf/);
      else expect(Math.abs(kinship - Number(line['KINSHIP']))).toBeLessThan(1e-6 + 1e-5 * Math.abs(kinship));
    });
    source.close();
  });

  test('KING-robust of HapMap 3, pairs above 0.05', async () => {
    const prefix = join(SHARED, 'hapmap3/data');
    plink2(folder, '--bfile', prefix, '--make-king-table', '--king-table-filter', '0.05', '--out', 'hap');
    const source = await openBedPrefix(prefix);
    const pairs = await kingRobust(source, range(source.variants.count), undefined, 0.05);
    const lines = readTable(join(folder, 'hap.kin0'));
    expect(lines.length).toBeGreaterThan(10);
    expect(Array.from(pairs.first, (s) => source.samples.iid[s])).toEqual(lines.map((line) => line['IID1']));
    expect(Array.from(pairs.second, (s) => source.samples.iid[s])).toEqual(lines.map((line) => line['IID2']));
    source.close();
  });

  test('a VCF given sexes has the frequencies of the .bed, on X and Y too', async () => {
    plink2(folder, '--bfile', 'kinds', '--export', 'vcf-4.2', '--out', 'kinds');
    const bed = await openBedPrefix(join(folder, 'kinds'));
    const vcf = await openVcf(new FileSource(join(folder, 'kinds.vcf')), 'GT');
    const expected = await alleleFrequencies(bed, range(120), undefined);
    const bare = await alleleFrequencies(vcf, range(120), undefined);
    expect(bare.observed).not.toEqual(expected.observed);
    const sexed = withSex(vcf, bed.samples.sex);
    // plink2 writes haploid hets as missing calls: variants without them agree.
    const { hapHet } = await countVariants(bed, range(120), undefined);
    const found = await alleleFrequencies(sexed, range(120), undefined);
    const clean = range(120).filter((v) => hapHet[v] === 0);
    expect(clean.length).toBeGreaterThan(50);
    for (const v of clean)
      expect([found.alt[v], found.observed[v]]).toEqual([expected.alt[v], expected.observed[v]]);
    expect(() => withSex(vcf, new Uint8Array(3))).toThrow('3 sexes for 131 people');
    sexed.close();
    bed.close();
  });

  test('frequencies of dosages', async () => {
    plink2(
      folder,
      '--dummy',
      '150',
      '40',
      '0.02',
      'dosage-freq=0.5',
      '--seed',
      '1',
      '--make-pgen',
      '--freq',
      '--out',
      'dummy',
    );
    const source = await openPgenPrefix(join(folder, 'dummy'));
    expect(source.hasDosages).toBe(true);
    const { alt, observed } = await alleleFrequencies(source, range(40), undefined);
    readTable(join(folder, 'dummy.afreq')).forEach((line, v) => {
      expectPrinted(alt[v]!, line['ALT_FREQS']!, 6);
      expect(observed[v]).toBe(Number(line['OBS_CT']));
    });
    source.close();
  });
});

describe('Hardy–Weinberg exact test', () => {
  /** The definition: every table with these allele counts, by log factorials. */
  function byDefinition(homRef: number, het: number, homAlt: number): number {
    const logFactorial = (n: number): number => {
      let sum = 0;
      for (let k = 2; k <= n; k++) sum += Math.log(k);
      return sum;
    };
    const rare = 2 * Math.min(homRef, homAlt) + het;
    const n = homRef + het + homAlt;
    const logP = (h: number): number => {
      const r = (rare - h) / 2;
      return h * Math.LN2 - logFactorial(h) - logFactorial(r) - logFactorial(n - h - r);
    };
    let [tail, total] = [0, 0];
    const seen = logP(het);
    for (let h = rare % 2; h <= rare; h += 2) {
      const p = Math.exp(logP(h) - seen);
      total += p;
      if (p <= 1 + 1e-9) tail += p;
    }
    return tail / total;
  }

  test('equals the sum over all tables', () => {
    const count = fc.integer({ min: 0, max: 60 });
    fc.assert(
      fc.property(count, count, count, (a, b, c) => {
        expect(hweExact(a, b, c)).toBeCloseTo(byDefinition(a, b, c), 10);
        expect(hweExact(a, b, c)).toBe(hweExact(c, b, a));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('degenerate tables and extreme ones', () => {
    expect(hweExact(0, 0, 0)).toBe(1);
    expect(hweExact(10, 0, 0)).toBe(1);
    expect(hweExact(0, 1, 0)).toBe(1);
    expect(hweExact(250_000, 0, 250_000)).toBe(0);
    expect(hweExact(124_700, 250_000, 125_300)).toBeGreaterThan(0.99);
  });
});

test('a tally counts bits', () => {
  const random = seeded(9);
  const tally = new Tally(70);
  const expected = new Int32Array(70);
  for (let k = 0; k < 700; k++) {
    const plane = Uint32Array.from({ length: 3 }, () => Math.floor(random() * 2 ** 32));
    tally.add(plane);
    for (let s = 0; s < 70; s++) expected[s]! += (plane[s >> 5]! >>> (s & 31)) & 1;
  }
  expect(tally.counts()).toEqual(expected);
});

test('of a family the person with most relatives goes first, and nobody unrelated', () => {
  const pairs = { first: [1, 2, 3, 5], second: [0, 0, 0, 4], kinship: [0.25, 0.25, 0.25, 0.03] };
  expect([...relatedToExclude(6, pairs, 0.0884)]).toEqual([0]);
  expect([...relatedToExclude(6, pairs, 0.02)]).toEqual([0, 5]);
  expect([...relatedToExclude(6, pairs, 0.3)]).toEqual([]);
});
