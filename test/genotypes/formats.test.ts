/** The same people from every format: PLINK 1 and 2, BGEN, VCF, each written by plink2 and read here. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openBgen } from '../../genotypes/bgen/bgen.js';
import { FileSource, MemorySource } from '../../genotypes/io/bytesource.js';
import type { GenotypeSource } from '../../genotypes/source.js';
import { openVcf } from '../../genotypes/vcf/vcf.js';
import {
  SHARED,
  altDosages,
  hasPlink2,
  hasShared,
  ldPanel,
  openBedPrefix,
  openPgenPrefix,
  plink2,
  range,
  scratch,
  seeded,
  writeBed,
} from './oracle.js';

/** Largest difference; missing must be missing in both. */
function largestDifference(a: Float64Array, b: Float64Array): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    if (Number.isNaN(a[i]!) && Number.isNaN(b[i]!)) continue;
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}

function sameVariants(a: GenotypeSource, b: GenotypeSource): void {
  expect(a.variants.count).toBe(b.variants.count);
  for (const column of ['id', 'ref', 'alt'] as const) {
    expect(a.variants[column].toArray()).toEqual(b.variants[column].toArray());
  }
  const places = (s: GenotypeSource): string[] =>
    Array.from(
      s.variants.position,
      (p, v) => `${s.variants.chromosomeNames[s.variants.chromosome[v]!]!}:${p}`,
    );
  expect(places(a)).toEqual(places(b));
}

/** Hard calls of everyone, as bytes. */
async function allCalls(source: GenotypeSource): Promise<Buffer> {
  const out = new Uint8Array(source.variants.count * Math.ceil(source.samples.count / 4));
  await source.hardCalls(range(source.variants.count), undefined, out);
  return Buffer.from(out.buffer);
}

const folder = scratch();
const at = (name: string): string => join(folder, name);

describe.skipIf(!hasShared)('published files', () => {
  test('HapMap 3 as .bed and as .pgen: the same variants and calls, missing included', async () => {
    const bed = await openBedPrefix(join(SHARED, 'hapmap3/data'));
    const pgen = await openPgenPrefix(join(SHARED, 'hapmap3/hapmap3'));
    sameVariants(bed, pgen);
    expect(bed.samples.iid).toEqual(pgen.samples.iid);
    expect(bed.samples.sex).toEqual(pgen.samples.sex);
    expect((await allCalls(pgen)).equals(await allCalls(bed))).toBe(true);
    const dosages = await altDosages(bed);
    expect(largestDifference(await altDosages(pgen), dosages)).toBe(0);
    expect(dosages.filter(Number.isNaN).length).toBeGreaterThan(0);
  });

  test("regenie's example as .bed, .pgen and BGEN (8-bit, zlib, embedded ids)", async () => {
    const bed = await openBedPrefix(join(SHARED, 'regenie_example/example'));
    const pgen = await openPgenPrefix(join(SHARED, 'regenie_example/example'));
    const bgen = await openBgen(
      { bgen: new FileSource(join(SHARED, 'regenie_example/example.bgen')) },
      'alt',
    );
    sameVariants(bed, pgen);
    sameVariants(bed, bgen);
    expect(bgen.samples.iid[0]).toBe('1_1');
    const dosages = await altDosages(bed);
    expect(largestDifference(await altDosages(pgen), dosages)).toBe(0);
    expect(largestDifference(await altDosages(bgen), dosages)).toBe(0);
    expect((await allCalls(bgen)).equals(await allCalls(bed))).toBe(true);
  });

  test("regenie's three chromosomes as .bed and as BGEN (zstd, ids in .sample)", async () => {
    const prefix = join(SHARED, 'regenie_example/example_3chr');
    const bed = await openBedPrefix(prefix);
    const files = { bgen: new FileSource(`${prefix}_zstd.bgen`), sample: new FileSource(`${prefix}.sample`) };
    const bgen = await openBgen(files, 'alt');
    sameVariants(bed, bgen);
    expect(bgen.samples.iid).toEqual(bed.samples.iid);
    expect(largestDifference(await altDosages(bgen), await altDosages(bed))).toBe(0);
    const flipped = await openBgen(files, 'ref');
    expect(flipped.variants.ref.at(0)).toBe(bgen.variants.alt.at(0));
    const mirrored = (await altDosages(flipped)).map((dosage) => 2 - dosage);
    expect(largestDifference(mirrored, await altDosages(bgen))).toBe(0);
  });
});

describe.skipIf(!hasPlink2)('files that plink2 v2.00a3.5 writes from one panel of hard calls', () => {
  const panel = ldPanel(seeded(4), 203, 300, 0.03, 2000);
  // Blocks on an autosome, X, PAR and MT: ploidy differs between formats, dosages must not.
  const chromosome = panel.chromosome.map((_, v) => (v < 180 ? '3' : v < 240 ? '23' : v < 270 ? '25' : '26'));
  const calls = panel.calls.map((row, v) =>
    // plink2 erases heterozygous haploid calls in some exports: the panel has none on X in men, or on MT.
    row.map((call, s) =>
      call === 1 && ((v >= 180 && v < 240 && panel.sex[s] === 1) || v >= 270) ? 2 : call,
    ),
  );
  // Rare variants bring difflists, a doubled one LD compression.
  for (let v = 20; v < 40; v++) calls[v] = calls[v]!.map((_, s) => (s % 97 === v % 97 ? 1 : 0));
  for (let v = 41; v < 60; v += 2) calls[v] = calls[v - 1]!.map((call, s) => (s % 101 === 5 ? 3 : call));
  for (let v = 61; v < 80; v += 2) calls[v] = calls[v - 1]!.map((call) => (call === 3 ? 3 : 2 - call));
  writeBed(at('hard'), { ...panel, chromosome, calls });

  test('.bed itself holds what was written', async () => {
    const bed = await openBedPrefix(at('hard'));
    const expected = Float64Array.from(calls.flat(), (call) => (call === 3 ? NaN : call));
    expect(largestDifference(await altDosages(bed), expected)).toBe(0);
  });

  test('.pgen with variable-width records and a zstd .pvar', async () => {
    plink2(folder, '--bfile', 'hard', '--make-pgen', 'vzs', '--out', 'hard');
    const pgen = await openPgenPrefix(at('hard'), '.pvar.zst');
    const bed = await openBedPrefix(at('hard'));
    sameVariants(bed, pgen);
    expect(readFileSync(at('hard.pgen'))[2]).toBe(0x10);
    expect((await allCalls(pgen)).equals(await allCalls(bed))).toBe(true);
  });

  test('random access in any order, any subset of people, either allele', async () => {
    const pgen = await openPgenPrefix(at('hard'), '.pvar.zst');
    const everything = await altDosages(pgen);
    const random = seeded(7);
    const variants = Uint32Array.from({ length: 200 }, () => Math.floor(random() * 300));
    const people = Uint32Array.from({ length: 50 }, () => Math.floor(random() * 203));
    const counted = Uint8Array.from(variants, () => Math.floor(random() * 2));
    const out = new Float64Array(variants.length * people.length);
    await pgen.dosages(variants, people, counted, out);
    const expected = Float64Array.from(out, (_, i) => {
      const v = Math.floor(i / people.length);
      const alt = everything[variants[v]! * 203 + people[i % people.length]!]!;
      return counted[v] === 1 ? alt : 2 - alt;
    });
    expect(largestDifference(out, expected)).toBe(0);
  });

  test.each(['8', '16', '1', '3', '11'])('BGEN 1.2 with %s bits', async (bits) => {
    plink2(
      folder,
      '--bfile',
      'hard',
      '--export',
      'bgen-1.2',
      `bits=${bits}`,
      'ref-first',
      '--out',
      `bits${bits}`,
    );
    const files = {
      bgen: new FileSource(at(`bits${bits}.bgen`)),
      sample: new FileSource(at(`bits${bits}.sample`)),
    };
    const bgen = await openBgen(files, 'ref');
    const bed = await openBedPrefix(at('hard'));
    sameVariants(bed, bgen);
    expect(bgen.samples.sex).toEqual(bed.samples.sex);
    expect(largestDifference(await altDosages(bgen), await altDosages(bed))).toBeLessThan(1e-9);
    expect((await allCalls(bgen)).equals(await allCalls(bed))).toBe(true);
  });

  test('VCF: plain, gzip, bgzip', async () => {
    plink2(folder, '--bfile', 'hard', '--export', 'vcf', 'bgz', '--out', 'hard');
    const bgz = readFileSync(at('hard.vcf.gz'));
    const plain = gunzipSync(bgz);
    const bed = await openBedPrefix(at('hard'));
    const expected = await altDosages(bed);
    for (const bytes of [bgz, plain, gzipSync(plain)]) {
      const vcf = await openVcf(new MemorySource(bytes, 'hard.vcf'), 'GT');
      sameVariants(bed, vcf);
      expect(vcf.samples.iid[2]).toBe('s2_s2');
      expect(largestDifference(await altDosages(vcf), expected)).toBe(0);
      const late = new Float64Array(203);
      await vcf.dosages([250], undefined, 'alt', late);
      await vcf.dosages([3], undefined, 'alt', late);
      expect(largestDifference(late, expected.subarray(3 * 203, 4 * 203))).toBe(0);
    }
  });
});

describe.skipIf(!hasPlink2)('dosages through plink2', () => {
  const random = seeded(11);
  const people = 61;
  const variants = 90;
  // Multiples of 1/1024 survive every quantum used below.
  const dosages = Array.from({ length: variants }, (_, v) =>
    Array.from({ length: people }, () => {
      if (random() < 0.05) return NaN;
      // Sparse variants get a dosage list, dense ones a bit array or all values.
      if (v % 3 === 0 && random() < 0.9) return Math.floor(random() * 3);
      return Math.round(random() * 2048) / 1024;
    }),
  );
  const body = dosages.map((row, v) =>
    [
      '1',
      String(1000 + v),
      `d${v}`,
      'A',
      'C',
      '.',
      '.',
      '.',
      'DS',
      ...row.map((d) => (Number.isNaN(d) ? '.' : String(d))),
    ].join('\t'),
  );
  const header = [
    '#CHROM',
    'POS',
    'ID',
    'REF',
    'ALT',
    'QUAL',
    'FILTER',
    'INFO',
    'FORMAT',
    ...row0(people),
  ].join('\t');
  const format = '##FORMAT=<ID=DS,Number=1,Type=Float,Description="dosage">';
  writeFileSync(at('ds.vcf'), ['##fileformat=VCFv4.2', format, header, ...body, ''].join('\n'));
  const expected = Float64Array.from(dosages.flat());

  test('DS in VCF', async () => {
    const vcf = await openVcf(new FileSource(at('ds.vcf')), 'DS');
    expect(largestDifference(await altDosages(vcf), expected)).toBe(0);
  });

  test('.pgen with dosages: within the quantum, hard calls as plink2 makes them', async () => {
    plink2(folder, '--vcf', 'ds.vcf', 'dosage=DS', '--make-pgen', '--out', 'ds');
    const pgen = await openPgenPrefix(at('ds'));
    expect(pgen.hasDosages).toBe(true);
    expect(largestDifference(await altDosages(pgen), expected)).toBeLessThan(3.1e-5);
    const vcf = await openVcf(new FileSource(at('ds.vcf')), 'DS');
    expect((await allCalls(vcf)).equals(await allCalls(pgen))).toBe(true);
  });

  test.each([
    ['8', 0.008],
    ['16', 6.2e-5],
  ])('BGEN with %s bits: within %f', async (bits, quantum) => {
    plink2(
      folder,
      '--pfile',
      'ds',
      '--export',
      'bgen-1.2',
      `bits=${bits}`,
      'ref-first',
      '--out',
      `ds${bits}`,
    );
    const files = {
      bgen: new FileSource(at(`ds${bits}.bgen`)),
      sample: new FileSource(at(`ds${bits}.sample`)),
    };
    const bgen = await openBgen(files, 'ref');
    const difference = largestDifference(await altDosages(bgen), expected);
    expect(difference).toBeGreaterThan(0);
    expect(difference).toBeLessThan(quantum);
  });

  test('GP and HDS in VCF, of what plink2 exports', async () => {
    plink2(folder, '--pfile', 'ds', '--export', 'vcf', 'vcf-dosage=GP', '--out', 'gp');
    plink2(folder, '--pfile', 'ds', '--export', 'vcf', 'vcf-dosage=HDS-force', '--out', 'hds');
    const gp = await openVcf(new FileSource(at('gp.vcf')), 'GP');
    expect(largestDifference(await altDosages(gp), expected)).toBeLessThan(2e-4);
    const hds = await openVcf(new FileSource(at('hds.vcf')), 'HDS');
    expect(largestDifference(await altDosages(hds), expected)).toBeLessThan(2e-4);
  });

  test('phased dosages and phased calls: the phase is read past', async () => {
    const phased = dosages.map((row, v) => {
      const cells = row.map((d, s) => {
        if (Number.isNaN(d)) return '.|.:.';
        const first = Math.min(1, d) * ((s % 4) / 4 + 0.25);
        const [a, b] = [first, Math.min(1, d - first)];
        return `${a > 0.5 ? 1 : 0}|${b > 0.5 ? 1 : 0}:${a.toFixed(4)},${b.toFixed(4)}`;
      });
      return ['1', String(1000 + v), `d${v}`, 'A', 'C', '.', '.', '.', 'GT:HDS', ...cells].join('\t');
    });
    const gt = '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">';
    const hds = '##FORMAT=<ID=HDS,Number=2,Type=Float,Description="haplotype dosages">';
    writeFileSync(at('ph.vcf'), ['##fileformat=VCFv4.2', gt, hds, header, ...phased, ''].join('\n'));
    plink2(folder, '--vcf', 'ph.vcf', 'dosage=HDS', '--make-pgen', '--out', 'ph');
    const vcf = await openVcf(new FileSource(at('ph.vcf')), 'HDS');
    const pgen = await openPgenPrefix(at('ph'));
    expect(largestDifference(await altDosages(pgen), await altDosages(vcf))).toBeLessThan(1.3e-4);
    plink2(folder, '--pfile', 'ph', '--export', 'bgen-1.2', 'bits=16', 'ref-first', '--out', 'ph');
    const files = { bgen: new FileSource(at('ph.bgen')), sample: new FileSource(at('ph.sample')) };
    const bgen = await openBgen(files, 'ref');
    expect(largestDifference(await altDosages(bgen), await altDosages(pgen))).toBeLessThan(1e-4);
  });

  function row0(count: number): string[] {
    return Array.from({ length: count }, (_, s) => `p${s}`);
  }
});
