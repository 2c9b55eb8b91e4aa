/** .pgen beyond what `formats.test.ts` compares: record types, fixed-width modes, multi-allelic neighbours. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FileSource, MemorySource } from '../../genotypes/io/bytesource.js';
import { openPgen } from '../../genotypes/plink2/pgen.js';
import { readPgenIndex } from '../../genotypes/plink2/pgenindex.js';
import { encodeFixedPgen } from './encode.js';
import {
  altDosages,
  hasPlink2,
  openBedPrefix,
  openPgenPrefix,
  plink2,
  scratch,
  seeded,
  writeBed,
} from './oracle.js';

const folder = scratch();
const memory = (bytes: Uint8Array | string, name: string): MemorySource =>
  new MemorySource(Buffer.from(bytes), name);

test.each([2, 3, 4] as const)('fixed-width mode %i', async (mode) => {
  const calls = [
    [0, 1, 2, 3, 0],
    [2, 2, 1, 0, 3],
  ];
  const dosages = [
    [100, 16000, 32768, 65535, 0],
    [32000, 32768, 16384, 1, 20000],
  ];
  const source = await openPgen({
    pgen: memory(encodeFixedPgen(mode, calls, dosages), 'x.pgen'),
    pvar: memory('#CHROM\tPOS\tID\tREF\tALT\n1\t1\ta\tA\tC\n1\t2\tb\tA\tC\n', 'x.pvar'),
    psam: memory('#IID\nv\nw\nx\ny\nz\n', 'x.psam'),
  });
  expect(source.hasDosages).toBe(mode !== 2);
  const expected =
    mode === 2
      ? calls.flat().map((call) => (call === 3 ? NaN : call))
      : dosages.flat().map((dosage) => (dosage === 65535 ? NaN : dosage / 16384));
  expect([...(await altDosages(source))]).toEqual(expected);
  const packed = new Uint8Array(4);
  await source.hardCalls([0, 1], undefined, packed);
  expect([...packed]).toEqual([0b11100100, 0b00, 0b00011010, 0b11]);
});

describe.skipIf(!hasPlink2)('variable width, by plink2', () => {
  test('every main-track type that plink2 writes is read as the .bed has it', async () => {
    const random = seeded(21);
    const people = 700;
    const common = Array.from({ length: people }, () => Math.floor(random() * 3));
    const sparse = (usual: number, share: number): number[] =>
      Array.from({ length: people }, () => (random() < share ? Math.floor(random() * 4) : usual));
    const calls = [
      common, // raw
      common.map((call) => (random() < 0.01 ? 3 : call)), // LD
      common.map((call) => (random() < 0.005 ? 3 : 2 - call)), // inverted LD
      ...[0, 2, 3].map((usual) => sparse(usual, 0.02)), // difflists; on people beyond 64 and 256 too
      Array.from({ length: people }, () => (random() < 0.01 ? 3 : Math.floor(random() * 2))), // one bit
      sparse(1, 0.02), // het is the usual call: one bit too
    ];
    const many = Array.from({ length: 80 }, (_, k) =>
      k < calls.length ? calls[k]! : sparse([0, 2, 3][k % 3]!, random() * 0.3),
    );
    writeBed(join(folder, 'types'), {
      chromosome: many.map(() => '1'),
      position: many.map((_, v) => v + 1),
      calls: many,
      sex: Array.from({ length: people }, () => 1),
    });
    plink2(folder, '--bfile', 'types', '--make-pgen', '--out', 'types');
    const pgen = await openPgenPrefix(join(folder, 'types'));
    const bed = await openBedPrefix(join(folder, 'types'));
    expect(await altDosages(pgen)).toEqual(await altDosages(bed));
    const index = await readPgenIndex(new FileSource(join(folder, 'types.pgen')), many.length, people);
    const types = new Set(Array.from(index.types as Uint8Array, (type) => type & 7));
    expect([...types].sort()).toEqual([0, 1, 2, 3, 4, 6, 7]);
  });

  test('more variants than a block of 65,536, one person', async () => {
    const count = 70_000;
    const random = seeded(5);
    const calls = Array.from({ length: count }, () => [Math.floor(random() * 4)]);
    writeBed(join(folder, 'long'), {
      chromosome: calls.map(() => '1'),
      position: calls.map((_, v) => v + 1),
      calls,
      sex: [1],
    });
    plink2(folder, '--bfile', 'long', '--make-pgen', '--out', 'long');
    const pgen = await openPgenPrefix(join(folder, 'long'));
    const expected = Float64Array.from(calls, ([call]) => (call === 3 ? NaN : call!));
    expect(Buffer.from((await altDosages(pgen)).buffer).equals(Buffer.from(expected.buffer))).toBe(true);
  });

  test('multi-allelic variants are listed and refused; those around them are read', async () => {
    const head = '##fileformat=VCFv4.2\n##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n';
    const rows = [
      '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tp\tq\tr\ts',
      '1\t1\ta\tA\tC\t.\t.\t.\tGT\t0/0\t0/1\t1/1\t0/1',
      '1\t2\tb\tA\tC,G\t.\t.\t.\tGT\t0/0\t0/1\t1/2\t0/2',
      '1\t2\tc\tA\tG\t.\t.\t.\tGT\t0/0\t0/1\t1/1\t0/1',
    ];
    writeFileSync(join(folder, 'multi.vcf'), `${head}${rows.join('\n')}\n`);
    plink2(folder, '--vcf', 'multi.vcf', '--make-pgen', '--out', 'multi');
    const source = await openPgenPrefix(join(folder, 'multi'));
    expect([...source.variants.alleleCount]).toEqual([2, 3, 2]);
    const out = new Float64Array(4);
    await expect(source.dosages([1], undefined, 'alt', out)).rejects.toThrow('1:2:A:C,G (b) has 3 alleles');
    for (const variant of [0, 2]) {
      await source.dosages([variant], undefined, 'alt', out);
      expect([...out]).toEqual([0, 1, 2, 1]);
    }
  });

  test('a .bed may be called .pgen', async () => {
    const source = await openPgen({
      pgen: memory(readFileSync(join(folder, 'types.bed')), 'x.pgen'),
      pvar: new FileSource(join(folder, 'types.bim')),
      psam: new FileSource(join(folder, 'types.fam')),
    });
    expect(await altDosages(source)).toEqual(await altDosages(await openBedPrefix(join(folder, 'types'))));
  });
});
