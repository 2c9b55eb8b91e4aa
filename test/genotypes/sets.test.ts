/** Several files as one, digests of canonical calls, and variants left out with the reason counted. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openBgen } from '../../genotypes/bgen/bgen.js';
import { variantDigests } from '../../genotypes/digest.js';
import { joinSources } from '../../genotypes/fileset.js';
import { FileSource } from '../../genotypes/io/bytesource.js';
import { PlaceIndex } from '../../genotypes/placeindex.js';
import { chromosomeKind, selectVariants } from '../../genotypes/qc/filters.js';
import { inRegions, longRangeLd } from '../../genotypes/qc/longrangeld.js';
import type { GenotypeSource } from '../../genotypes/source.js';
import { VariantTableBuilder, alleleIndex } from '../../genotypes/variants.js';
import type { VariantTable } from '../../genotypes/variants.js';
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

const folder = scratch();
const panel = ldPanel(seeded(12), 40, 30, 0.05, 1000);
const chromosome = panel.position.map((_, v) => String(1 + Math.floor(v / 10)));

describe.skipIf(!hasPlink2)('files of chromosomes as one set', () => {
  writeBed(join(folder, 'all'), { ...panel, chromosome });
  const open = async (): Promise<[GenotypeSource, ...GenotypeSource[]]> => {
    for (const chr of ['1', '2', '3'])
      plink2(folder, '--bfile', 'all', '--chr', chr, '--make-pgen', '--out', `chr${chr}`);
    // The last file's people are in another order.
    plink2(folder, '--pfile', 'chr3', '--indiv-sort', 'none', '--make-pgen', '--out', 'chr3');
    return [
      await openPgenPrefix(join(folder, 'chr1')),
      await openPgenPrefix(join(folder, 'chr2')),
      await openPgenPrefix(join(folder, 'chr3')),
    ];
  };

  test('dosages and calls are those of the one file, in any order of variants', async () => {
    const whole = await openBedPrefix(join(folder, 'all'));
    const set = joinSources(await open(), 'identical');
    expect(set.variants.id.toArray()).toEqual(whole.variants.id.toArray());
    expect(set.variants.chromosomeNames).toEqual(['1', '2', '3']);
    expect(await altDosages(set)).toEqual(await altDosages(whole));
    const variants = Uint32Array.of(29, 3, 3, 15, 0, 22);
    const people = Uint32Array.of(7, 0, 39);
    const counted = Uint8Array.of(0, 1, 0, 1, 1, 0);
    const [mine, theirs] = [new Float64Array(18), new Float64Array(18)];
    await set.dosages(variants, people, counted, mine);
    await whole.dosages(variants, people, counted, theirs);
    expect(mine).toEqual(theirs);
    const [calls, expected] = [new Uint8Array(6), new Uint8Array(6)];
    await set.hardCalls(variants, people, calls);
    await whole.hardCalls(variants, people, expected);
    expect(calls).toEqual(expected);
    set.close();
  });

  test('people who differ: refused by name, or left out and listed', async () => {
    writeFileSync(join(folder, 'gone'), '#FID\tIID\ns5\ts5\ns9\ts9\n');
    plink2(folder, '--bfile', 'all', '--chr', '2', '--remove', 'gone', '--make-pgen', '--out', 'fewer');
    const [one] = await open();
    const fewer = await openPgenPrefix(join(folder, 'fewer'));
    expect(() => joinSources([one, fewer], 'identical')).toThrow(/s5 of .*chr1.pgen is not among its people/);
    expect(() => joinSources([fewer, one], 'identical')).toThrow(
      /s5 is not among the people of .*fewer.pgen/,
    );
    const set = joinSources([one, fewer], 'intersect');
    expect(set.droppedPeople).toEqual(['s5', 's9']);
    expect(set.samples.count).toBe(38);
    const whole = await openBedPrefix(join(folder, 'all'));
    const kept = Uint32Array.from(whole.samples.iid.keys()).filter((s) => s !== 5 && s !== 9);
    const expected = new Float64Array(20 * 38);
    await whole.dosages(range(20), kept, 'alt', expected);
    expect(await altDosages(set)).toEqual(expected);
  });
});

describe.skipIf(!hasShared)('digests', () => {
  const prefix = join(SHARED, 'regenie_example/example');

  test('one digest a variant, equal in .bed, .pgen and BGEN; other people, another digest', async () => {
    const bed = await openBedPrefix(prefix);
    const variants = range(40);
    const people = range(300);
    const digests = await variantDigests(bed, variants, people);
    expect(await variantDigests(await openPgenPrefix(prefix), variants, people)).toEqual(digests);
    const bgen = await openBgen({ bgen: new FileSource(`${prefix}.bgen`) }, 'alt');
    expect(await variantDigests(bgen, variants, people)).toEqual(digests);
    expect(new Set(digests).size).toBe(40);
    expect(await variantDigests(bed, Uint32Array.of(7), people)).toEqual([digests[7]]);
    expect(await variantDigests(bed, Uint32Array.of(7), range(299))).not.toEqual([digests[7]]);
    // Pinned: a change of the canonical bytes is a decision (CHANGELOG).
    expect(digests[0]).toBe('48ccff0fa0a197f2cfa9927b25621dfa0efe98db69b9cbd1ef9e690dc5760d03');
  });

  test('dosages that are not whole are digested as such', async () => {
    const builder = new VariantTableBuilder();
    builder.pushTexts(builder.chromosomeCode('1'), 5, 'x', 'A', 'C', 2);
    const of = (values: number[]): Promise<string[]> =>
      variantDigests(
        {
          variants: builder.finish(),
          hasDosages: true,
          samples: { count: 2 },
          dosages: (_v: unknown, _p: unknown, _c: unknown, out: Float64Array) => {
            out.set(values);
            return Promise.resolve();
          },
        } as unknown as GenotypeSource,
        range(1),
        undefined,
      );
    const distinct = await Promise.all(
      [
        [0, 1],
        [0, 1.5],
        [0, NaN],
        [0.5, NaN],
        [2, 1],
      ].map(of),
    );
    expect(new Set(distinct.flat()).size).toBe(5);
    expect(await of([0.5, NaN])).toEqual(await of([0.5, -NaN]));
  });
});

function tableOf(rows: readonly (readonly [string, number, string, string, string])[]): VariantTable {
  const builder = new VariantTableBuilder();
  for (const [chr, position, id, ref, alt] of rows) {
    builder.pushTexts(builder.chromosomeCode(chr), position, id, ref, alt, alt.split(',').length + 1);
  }
  return builder.finish();
}

describe('variants left out', () => {
  const table = tableOf([
    ['1', 10, 'a', 'A', 'C'],
    ['1', 10, 'b', 'C', 'A'],
    ['1', 10, 'c', 'A', 'C,G'],
    ['6', 26_000_000, 'd', 'A', 'C'],
    ['23', 20, 'e', 'A', 'C'],
    ['0', 0, 'f', 'A', 'C'],
    ['2', 10, 'g', 'A', 'C'],
    ['2', 11, 'h', 'A', 'C'],
    ['2', 12, 'i', 'A', 'C'],
    ['2', 13, 'j', 'A', 'C'],
    ['2', 14, 'k', 'A', 'C'],
  ]);
  const fill = (value: number, at: Record<number, number>): Float64Array =>
    Float64Array.from({ length: table.count }, (_, v) => at[v] ?? value);

  test('each for the first reason that holds, counted', () => {
    const { kept, counts, reason } = selectVariants(
      table,
      {
        missing: fill(0, { 6: 0.2, 7: 0.2 }),
        frequency: fill(0.3, { 7: 0, 8: 0.995 }),
        info: fill(0.9, { 9: NaN }),
        hwe: fill(1, { 10: 1e-9, 0: NaN }),
        region: inRegions(table, longRangeLd('GRCh37')),
      },
      {
        chromosomes: ['autosome'],
        maxMissing: 0.1,
        minMaf: 0.01,
        minInfo: 0.3,
        minHwe: 1e-6,
        dropDuplicates: true,
      },
    );
    expect([...kept]).toEqual([0]);
    expect(counts).toEqual({
      multiallelic: 1,
      unplaced: 1,
      chromosome: 1,
      region: 1,
      duplicate: 1,
      missingness: 2,
      frequency: 1,
      info: 1,
      hwe: 1,
    });
    expect(reason[0]).toBe(255);
  });

  test('a limit without values to judge is a mistake; no limits leave only what has no dosage or place', () => {
    expect(() => selectVariants(table, {}, { minMaf: 0.01 })).toThrow(
      'a limit on frequency needs its values',
    );
    expect(selectVariants(table, {}, {}).kept.length).toBe(9);
    expect(() => longRangeLd('GRCh36')).toThrow('no long-range LD regions are tabulated for GRCh36');
  });

  test('kinds of chromosome', () => {
    expect(['1', '22', 'X', 'PAR', 'Y', 'MT', '0', 'GL000009.2'].map(chromosomeKind)).toEqual([
      'autosome',
      'autosome',
      'x',
      'par',
      'y',
      'mt',
      'other',
      'other',
    ]);
  });

  test('places and names; alleles by text', () => {
    const index = new PlaceIndex(
      tableOf([
        ['2', 5, 'z', 'A', 'C'],
        ['1', 9, 'y', 'A', 'C'],
        ['25', 9, 'y', 'A', 'C'],
        ['2', 5, 'x', 'A', 'T'],
      ]),
    );
    expect(index.at('2', 5)).toEqual([0, 3]);
    expect(index.at('X', 9)).toEqual([2]);
    expect([index.at('7', 9), index.at('1', 8)]).toEqual([[], []]);
    expect([index.called('y'), index.called('w')]).toEqual([[1, 2], []]);
    expect(['A', 'C', 'G'].map((allele) => alleleIndex(table, 0, allele))).toEqual([0, 1, undefined]);
    expect(alleleIndex(table, 2, 'A')).toBeUndefined();
  });
});
