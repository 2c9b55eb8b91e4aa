/** BGEN by its specification: every bit width, compression, phase and ploidy, written by a small encoder of our own. */
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openBgen } from '../../genotypes/bgen/bgen.js';
import { GenotypeError } from '../../genotypes/error.js';
import { FileSource, MemorySource } from '../../genotypes/io/bytesource.js';
import { encodeBgen } from './encode.js';
import type { BgenOptions, BgenPerson, BgenVariantSpec } from './encode.js';
import { altDosages, scratch, seeded } from './oracle.js';

const names = (count: number): string[] => Array.from({ length: count }, (_, s) => `p${s}`);

/** Expected copies of the second allele by the definition: a sum over genotypes of probability × copies. */
function expectedDosage(person: BgenPerson, phased: boolean, bits: number): number {
  if (person.missing === true) return NaN;
  const [a, b] = person.values.map((value) => value / (2 ** bits - 1)) as [number, number];
  if (person.ploidy === 1) return 2 * (1 - a);
  return phased ? 1 - a + (1 - b) : b + 2 * (1 - a - b);
}

const variant = fc
  .record({ bits: fc.integer({ min: 1, max: 32 }), phased: fc.boolean() })
  .chain(({ bits, phased }) => {
    const value = fc.double({ min: 0, max: 1, noNaN: true });
    const person = fc
      .record({ ploidy: fc.constantFrom<1 | 2>(1, 2), missing: fc.boolean(), x: value, y: value })
      .map(({ ploidy, missing, x, y }): BgenPerson => {
        const most = 2 ** bits - 1;
        const first = Math.round(x * most);
        // Unphased probabilities of one person sum to at most one.
        const second = phased ? Math.round(y * most) : Math.floor(y * (most - first));
        return { ploidy, missing, values: ploidy === 1 ? [first] : [first, second] };
      });
    return fc.record({
      bits: fc.constant(bits),
      phased: fc.constant(phased),
      people: fc.array(person, { minLength: 1, maxLength: 9 }),
    });
  });

test('any bit width from 1 to 32, phased or not, ploidy 1 and 2, every compression', async () => {
  const compression = fc.constantFrom<BgenOptions['compression']>('none', 'zlib', 'zstd', 'zstd-unsized');
  await fc.assert(
    fc.asyncProperty(variant, compression, async ({ bits, phased, people }, how) => {
      const spec: BgenVariantSpec = { id: 'v', alleles: ['A', 'C'], phased, bits, people };
      const bytes = encodeBgen([spec, spec], people.length, { compression: how, ids: names(people.length) });
      const source = await openBgen({ bgen: new MemorySource(bytes) }, 'ref');
      const dosages = await altDosages(source);
      people.forEach((person, s) => {
        const expected = expectedDosage(person, phased, bits);
        for (const found of [dosages[s]!, dosages[people.length + s]!]) {
          if (Number.isNaN(expected)) expect(found).toBeNaN();
          else expect(found).toBeCloseTo(expected, 9);
        }
      });
    }),
    { seed: 3, numRuns: 200 },
  );
});

describe('other records', () => {
  const two: BgenPerson = { ploidy: 2, values: [255, 0] };
  const plain: BgenVariantSpec = { id: 'v', alleles: ['A', 'C'], phased: false, bits: 8, people: [two] };
  const open = (variants: BgenVariantSpec[], options: Partial<BgenOptions> = {}) =>
    openBgen(
      {
        bgen: new MemorySource(
          encodeBgen(variants, 1, { compression: 'none', ids: ['a'], ...options }),
          'x.bgen',
        ),
      },
      'ref',
    );

  test('a multi-allelic variant is listed, its dosage is refused, its neighbours are read', async () => {
    const source = await open([plain, { ...plain, id: 'm', alleles: ['A', 'C', 'G'] }, plain]);
    expect(source.variants.alt.toArray()).toEqual(['C', 'C,G', 'C']);
    expect([...source.variants.alleleCount]).toEqual([2, 3, 2]);
    const out = new Float64Array(1);
    await expect(source.dosages([1], undefined, 'alt', out)).rejects.toThrow(
      'x.bgen: 1:1234:A:C,G (m) has 3 alleles: a dosage of one allele is not defined; split it first',
    );
    await source.dosages([2], undefined, 'ref', out);
    expect(out[0]).toBe(2);
  });

  test('an rsid of "." gives way to the variant id', async () => {
    expect((await open([{ ...plain, id: '.' }])).variants.id.at(0)).toBe('var');
  });

  test('without ids a .sample is needed, and must have as many people', async () => {
    await expect(open([plain], { ids: undefined })).rejects.toThrow(
      'x.bgen: no sample ids in the file: name its .sample file',
    );
    const bgen = new MemorySource(encodeBgen([plain], 1, { compression: 'none' }), 'x.bgen');
    const sample = new MemorySource(
      Buffer.from('ID_1 ID_2 missing sex\n0 0 0 D\na a 0 1\nb b 0 2\n'),
      'x.sample',
    );
    await expect(openBgen({ bgen, sample }, 'ref')).rejects.toThrow('x.sample: 2 people, x.bgen has 1');
  });
});

describe('.bgi', () => {
  const folder = scratch();
  const people: BgenPerson[] = [
    { ploidy: 2, values: [100, 50] },
    { ploidy: 2, values: [0, 255] },
  ];
  const variants = ['rs1', 'rs2', 'rs3'].map((id): BgenVariantSpec => ({
    id,
    alleles: ['A', 'C'],
    phased: false,
    bits: 8,
    people,
  }));
  const path = join(folder, 'x.bgen');
  writeFileSync(path, encodeBgen(variants, 2, { compression: 'zlib', ids: ['a', 'b'] }));

  /** The schema of bgenix 1.1. */
  function index(
    name: string,
    fileSize: number,
    rows: readonly (readonly [string, number, number])[],
  ): string {
    const database = new Database(join(folder, name));
    database.exec(
      'CREATE TABLE Metadata (filename TEXT, file_size INT, last_write_time INT, first_1000_bytes BLOB, index_creation_time INT);' +
        'CREATE TABLE Variant (chromosome TEXT, position INT, rsid TEXT, number_of_alleles INT, allele1 TEXT, allele2 TEXT NULL, file_start_position INT, size_in_bytes INT)',
    );
    database.prepare('INSERT INTO Metadata (filename, file_size) VALUES (?, ?)').run('x.bgen', fileSize);
    const insert = database.prepare("INSERT INTO Variant VALUES ('01', 1234, ?, 2, 'A', 'C', ?, ?)");
    for (const [id, start, size] of rows) insert.run(id, start, size);
    database.close();
    return join(folder, name);
  }

  test('an index gives the same variants and dosages as a walk', async () => {
    const walked = await openBgen({ bgen: new FileSource(path) }, 'ref');
    const size = new FileSource(path).size;
    // Blocks are equally long here: ids 4 + 10 bytes of header each.
    const first = 4 + 20 + 8 + 6;
    const each = (size - first) / 3;
    const rows = ['rs3', 'rs1', 'rs2'].map((id) => [id, first + each * (Number(id[2]) - 1), each] as const);
    const bgi = index('good.bgi', size, rows);
    const indexed = await openBgen({ bgen: new FileSource(path), bgi }, 'ref');
    expect(indexed.variants).toEqual(walked.variants);
    expect(await altDosages(indexed)).toEqual(await altDosages(walked));
  });

  test.each([
    ['another file', 17, [], /made of a file of 17 bytes, .* rerun bgenix -index/],
    ['too few variants', undefined, [['rs1', 38, 10]], /1 variants, .* has 3/],
    [
      'places outside',
      undefined,
      [1, 2, 3].map((k) => [`rs${k}`, 1e6 * k, 10]),
      /rs1 lies at byte 1000000, outside/,
    ],
    [
      'places within but wrong',
      undefined,
      [1, 2, 3].map((k) => [`rs${k}`, 38 + k, 60]),
      /the index does not point at a variant block here|in a variant block/,
    ],
  ] as [string, number | undefined, [string, number, number][], RegExp][])(
    '%s',
    async (name, size, rows, message) => {
      const bgi = index(`${name}.bgi`, size ?? new FileSource(path).size, rows);
      const open = async (): Promise<void> => {
        await altDosages(await openBgen({ bgen: new FileSource(path), bgi }, 'ref'));
      };
      await expect(open()).rejects.toThrow(message);
    },
  );

  test.each([
    ['text for a place', 'file_start_position', "'far'"],
    ['a negative length', 'size_in_bytes', '-1'],
    ['no id', 'rsid', 'NULL'],
    ['a number of alleles that is none', 'number_of_alleles', '1.5'],
    ['bytes for a position', 'position', "x'00ff'"],
  ])('%s', async (_what, column, value) => {
    const rows = [1, 2, 3].map((k) => [`rs${k}`, 38 + k, 10] as const);
    const bgi = index(`${column}.bgi`, new FileSource(path).size, rows);
    const database = new Database(bgi);
    database.exec(`UPDATE Variant SET ${column} = ${value} WHERE rsid = 'rs2'`);
    database.close();
    const open = openBgen({ bgen: new FileSource(path), bgi }, 'ref');
    await expect(open).rejects.toThrow(/of the index has a cell of another type/);
  });

  test('whatever is changed in an index, an answer or a GenotypeError', async () => {
    const size = new FileSource(path).size;
    const each = (size - 38) / 3;
    const rows = [1, 2, 3].map((k) => [`rs${k}`, 38 + each * (k - 1), each] as const);
    const valid = readFileSync(index('fuzz.bgi', size, rows));
    const random = seeded(5);
    const integer = (below: number): number => Math.floor(random() * below);
    let errors = 0;
    for (let round = 0; round < 200; round++) {
      let bytes = Buffer.from(valid);
      // Pages are mostly empty: aim at the header, the ends of pages, where cells lie, and anywhere.
      for (let edits = 1 + integer(4); edits > 0; edits--) {
        const place = [integer(120), bytes.length - 1 - integer(300), integer(bytes.length)][integer(3)]!;
        bytes[Math.max(0, place)]! ^= 1 << integer(8);
      }
      if (integer(4) === 0) bytes = bytes.subarray(0, integer(bytes.length));
      const bgi = join(folder, `fuzzed.${round}.bgi`);
      writeFileSync(bgi, bytes);
      try {
        await altDosages(await openBgen({ bgen: new FileSource(path), bgi }, 'ref'));
      } catch (error) {
        if (!(error instanceof GenotypeError)) throw new Error(`round ${round}`, { cause: error });
        errors++;
      }
    }
    expect(errors).toBeGreaterThan(40);
    expect(errors).toBeLessThan(200);
  });

  test('not an index at all', async () => {
    writeFileSync(join(folder, 'text.bgi'), 'hello');
    const open = openBgen({ bgen: new FileSource(path), bgi: join(folder, 'text.bgi') }, 'ref');
    await expect(open).rejects.toThrow(/not a bgenix index/);
  });
});
