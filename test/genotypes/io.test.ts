/** Bytes, lines, cells and text columns under the readers. */
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonicalChromosome, isAutosome, joinName } from '../../genotypes/chromosome.js';
import { isBgzf, openBgzf } from '../../genotypes/io/bgzf.js';
import { FileSource, MemorySource } from '../../genotypes/io/bytesource.js';
import { Cells, cellNumber, cellPosition } from '../../genotypes/io/cells.js';
import { decompressedChunks } from '../../genotypes/io/decompress.js';
import { lineBlocks } from '../../genotypes/io/lines.js';
import { TextColumn } from '../../genotypes/textcolumn.js';
import { BadCall, dsDosage, gpDosage, gtDosage, hdsDosage } from '../../genotypes/vcf/vcfcalls.js';
import { hasPlink2, ldPanel, plink2, scratch, seeded, writeBed } from './oracle.js';

const folder = scratch();

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (let k = 0; from < bytes.length; k++) {
    const size = sizes[k % sizes.length]!;
    yield await Promise.resolve(bytes.slice(from, from + size));
    from += size;
  }
}

describe('lines', () => {
  test('are the same however the bytes arrive', async () => {
    const line = fc.string({ maxLength: 9 }).map((text) => text.replace(/[\r\n\0]/g, '-'));
    const ends = fc.array(fc.constantFrom('\n', '\r\n'), { minLength: 12, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1, maxLength: 12 }),
        ends,
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        fc.boolean(),
        async (lines, endings, sizes, endsWithNewline) => {
          const last = lines.length - 1;
          const text = lines.map((l, i) => l + (i < last || endsWithNewline ? endings[i]! : '')).join('');
          const bytes = Buffer.from(text);
          const found: string[] = [];
          let expectedLine = 1;
          for await (const block of lineBlocks('x', pieces(bytes, sizes))) {
            expect(block.firstLine).toBe(expectedLine);
            for (let i = 0; i < block.count; i++) {
              const cut = Buffer.from(block.bytes.subarray(block.starts[i], block.ends[i]));
              const at = block.offset + block.starts[i]!;
              expect(bytes.subarray(at, at + cut.length).equals(cut)).toBe(true);
              found.push(cut.toString());
            }
            expectedLine += block.count;
          }
          // A last line that is empty and has no end is no line.
          expect(found).toEqual(!endsWithNewline && lines[last] === '' ? lines.slice(0, -1) : lines);
        },
      ),
      { seed: 6, numRuns: 200 },
    );
  });
});

describe('cells', () => {
  const number = (text: string): number =>
    cellNumber(Buffer.from(`#${text}#`), 1, 1 + Buffer.from(text).length);

  test('numbers are rounded as JavaScript rounds them', () => {
    const decimal = fc
      .tuple(
        fc.constantFrom('', '-', '+'),
        fc.bigInt({ min: 0n, max: 10n ** 20n }),
        fc.nat(20),
        fc.integer({ min: -330, max: 310 }),
      )
      .map(([sign, digits, point, exponent]) => {
        const text = digits.toString().padStart(point + 1, '0');
        const mantissa = point === 0 ? text : `${text.slice(0, -point)}.${text.slice(-point)}`;
        return exponent % 3 === 0 ? sign + mantissa : `${sign}${mantissa}e${exponent}`;
      });
    fc.assert(
      fc.property(decimal, (text) => {
        expect(Object.is(number(text), Number(text))).toBe(true);
      }),
      { seed: 7, numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(number(value.toString())).toBe(Number(value.toString()));
      }),
      { seed: 8, numRuns: 2000 },
    );
  });

  test.each(['', '-', '.', 'e5', '1e', '1e+', '0x10', 'inf', 'NaN', 'NA', '1,5', '1 ', '--1', '1.2.3'])(
    '%j is no number',
    (text) => {
      expect(number(text)).toBeNaN();
    },
  );

  test('positions: whole, not negative, below 2³¹', () => {
    const position = (text: string): number => cellPosition(Buffer.from(text), 0, text.length);
    expect(['0', '2147483647', '1e+05', '13.0'].map(position)).toEqual([0, 2147483647, 100000, 13]);
    expect(['2147483648', '-1', '1.5', '', '1,000'].map(position)).toEqual([-1, -1, -1, -1, -1]);
  });

  test('splitting at tabs keeps empty cells, at blanks does not', () => {
    const cells = new Cells();
    const bytes = Buffer.from(' a\t\tb ');
    cells.splitAt(9, bytes, 0, bytes.length);
    expect(Array.from({ length: cells.count }, (_, c) => cells.text(bytes, c))).toEqual([' a', '', 'b ']);
    cells.splitAtBlanks(bytes, 0, bytes.length);
    expect(Array.from({ length: cells.count }, (_, c) => cells.text(bytes, c))).toEqual(['a', 'b']);
    const wide = Buffer.from(Array.from({ length: 100 }, (_, i) => i).join('\t'));
    cells.splitAt(9, wide, 0, wide.length);
    expect([cells.count, cells.text(wide, 99)]).toEqual([100, '99']);
    cells.splitAt(9, wide, 0, wide.length, 5);
    expect(cells.count).toBe(5);
  });
});

test('text columns hold what was put in', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 40 })), fc.array(fc.string()), (a, b) => {
      const [left, right] = [TextColumn.from(a), TextColumn.from(b)];
      expect(left.toArray()).toEqual(a.map((text) => Buffer.from(text).toString()));
      expect(TextColumn.concat([left, right]).toArray()).toEqual([...left.toArray(), ...right.toArray()]);
      const rows = a.map((_, i) => a.length - 1 - i);
      expect(left.take(rows).toArray()).toEqual(left.toArray().reverse());
      a.forEach((text, i) => {
        expect(left.same(i, left, i)).toBe(true);
        if (b.length > 0) expect(left.same(i, right, 0)).toBe(text === b[0]);
      });
    }),
    { seed: 9, numRuns: 200 },
  );
});

test.skipIf(!hasPlink2)('BGZF by plink2: any range equals the decompressed stream', async () => {
  writeBed(join(folder, 'p'), ldPanel(seeded(1), 90, 400, 0.02, 500));
  plink2(folder, '--bfile', 'p', '--export', 'vcf', 'bgz', '--out', 'p');
  const file = new FileSource(join(folder, 'p.vcf.gz'));
  expect(isBgzf(file.read(0, 18))).toBe(true);
  const parts: Uint8Array[] = [];
  for await (const chunk of decompressedChunks(file)) parts.push(chunk);
  const whole = Buffer.concat(parts);
  expect(whole.equals(execFileSync('gzip', ['-dc', join(folder, 'p.vcf.gz')], { maxBuffer: 1e9 }))).toBe(
    true,
  );
  const text = await openBgzf(file);
  expect(text.size).toBe(whole.length);
  const random = seeded(2);
  for (let k = 0; k < 100; k++) {
    const from = Math.floor(random() * whole.length);
    const length = Math.floor(random() * Math.min(90_000, whole.length - from));
    expect(whole.subarray(from, from + length).equals(Buffer.from(await text.read(from, length)))).toBe(true);
  }
  await expect(async () => text.read(whole.length - 1, 2)).rejects.toThrow(/the file ends at byte/);
  text.close();
});

test('a folder is not a file; reading past the end is named', () => {
  mkdirSync(join(folder, 'd'));
  expect(() => new FileSource(join(folder, 'd'))).toThrow('not a regular file: random access is needed');
  writeFileSync(join(folder, 'f'), 'abc');
  const file = new FileSource(join(folder, 'f'));
  expect(() => file.read(1, 3)).toThrow(
    'the file ends at byte 3, but 3 bytes are needed from byte 1 (at byte 1)',
  );
  expect(() => new MemorySource(new Uint8Array(2)).read(0, 3)).toThrow('memory: the file ends at byte 2');
  file.close();
  expect(() => file.read(0, 1)).toThrow('bad file descriptor');
});

test('chromosome names', () => {
  const spellings = [
    '1',
    'chr1',
    'CHR01',
    '23',
    'X',
    'chrx',
    'XY',
    '25',
    'PAR1',
    '24',
    'M',
    'chrMT',
    '26',
    '0',
    'GL000009.2',
  ];
  const names = ['1', '1', '1', 'X', 'X', 'X', 'PAR', 'PAR', 'PAR', 'Y', 'MT', 'MT', 'MT', '0', 'GL000009.2'];
  expect(spellings.map((text) => canonicalChromosome(text))).toEqual(names);
  expect(['25', '26', '23'].map((text) => canonicalChromosome(text, 'gwas-ssf'))).toEqual([
    'MT',
    undefined,
    'X',
  ]);
  expect(['', 'NA', '-1', '1.5', '300', '.'].map((text) => canonicalChromosome(text))).toEqual(
    Array(6).fill(undefined),
  );
  expect([isAutosome('22'), isAutosome('X'), isAutosome('0'), joinName('PAR')]).toEqual([
    true,
    false,
    false,
    'X',
  ]);
});

describe('VCF cells', () => {
  type Parse = (bytes: Uint8Array, start: number, end: number) => number;
  const on = (parse: Parse, text: string): number => parse(Buffer.from(text), 0, text.length);
  const diploid: Parse = (b, s, e) => dsDosage(b, s, e, false);
  const haploid: Parse = (b, s, e) => dsDosage(b, s, e, true);

  test.each<[Parse, string, number]>([
    [gtDosage, '0/0', 0],
    [gtDosage, '1|0', 1],
    [gtDosage, '1/1', 2],
    [gtDosage, '1', 2],
    [gtDosage, '0', 0],
    [gtDosage, './.', NaN],
    [gtDosage, '.|1', NaN],
    [diploid, '1.5', 1.5],
    [diploid, '2.0004', 2],
    [diploid, '.', NaN],
    [haploid, '0.75', 1.5],
    [hdsDosage, '0.25,1', 1.25],
    [hdsDosage, '0.4', 0.8],
    [hdsDosage, '.,0.3', NaN],
    [gpDosage, '0.2,0.3,0.5', 1.3],
    [gpDosage, '0,0.5,0', 1],
    [gpDosage, '0.25,0.75', 1.5],
    [gpDosage, '0,0,0', NaN],
  ])('%o of %s is %d', (parse, text, expected) => {
    const found = on(parse, text);
    if (Number.isNaN(expected)) expect(found).toBeNaN();
    else expect(found).toBeCloseTo(expected, 12);
  });

  test.each<[Parse, string]>([
    [gtDosage, '2/0'],
    [gtDosage, '10/0'],
    [gtDosage, '0/'],
    [gtDosage, '/'],
    [gtDosage, ''],
    [gtDosage, '0/1/1'],
    [gtDosage, '0-1'],
    [diploid, '2.1'],
    [diploid, '-0.1'],
    [diploid, 'x'],
    [haploid, '1.5'],
    [hdsDosage, '0.1,0.2,0.3'],
    [gpDosage, '0.5'],
    [gpDosage, '0.1,0.2,0.3,0.4'],
    [gpDosage, '1.5,0,0'],
  ])('%o refuses %j', (parse, text) => {
    expect(() => on(parse, text)).toThrow(BadCall);
  });
});
