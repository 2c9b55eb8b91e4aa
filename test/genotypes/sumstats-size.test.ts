/** Summary statistics beyond one block of text and one round of growth: the same rows, however they arrive. */
import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { MemorySource } from '../../genotypes/io/bytesource.js';
import { readSumstats } from '../../genotypes/sumstats/read.js';
import type { ReadOptions, SumstatsReading } from '../../genotypes/sumstats/read.js';
import { rowsBelow, selectBelow } from '../../genotypes/sumstats/table.js';
import type { SumstatsTable } from '../../genotypes/sumstats/table.js';
import { TextColumn } from '../../genotypes/textcolumn.js';

const read = (bytes: Uint8Array, options: Partial<ReadOptions> = {}): Promise<SumstatsReading> =>
  readSumstats(new MemorySource(bytes, 'gwas.txt'), { layout: 'detect', ...options });

const HEADER = 'chr rsid pos a1 a2 beta se pval(-log10)';
const ROWS = 60_000;
const ALLELES = ['A', 'c', 'GT', 'T', 'ACGTACGTACGTACGTACGTACGTACGTACGT'];

interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

/** Rows of many chromosomes in no order, every seventh with a fault. */
const rows = Array.from({ length: ROWS }, (_, i): Row => {
  const effect = ALLELES[i % ALLELES.length]!;
  const other = ALLELES[(i + 1 + (i % 3)) % ALLELES.length]!;
  const id = i % 1000 === 0 ? `é${i}` : i % 50 === 0 ? '.' : `rs${i * 7919}`;
  const chromosome = String(1 + ((i * 31) % 22)).padStart(2, '0');
  const minusLog10P = i % 7 === 0 ? 'x' : (((i * 7919) % 100_003) / 10_000).toPrecision(4);
  return {
    cells: [
      chromosome,
      id,
      String(1 + i * 11),
      other,
      effect,
      `${i % 2 === 0 ? '-' : ''}${i}.5e-4`,
      '0.25',
      minusLog10P,
    ],
    line: i + 2,
  };
});
const text = Buffer.from([HEADER, ...rows.map(({ cells }) => cells.join(' ')), ''].join('\n'));

function plain(table: SumstatsTable): Record<string, unknown>[] {
  const [ids, effects, others] = [table.id, table.effectAllele, table.otherAllele].map((c) => c.toArray());
  return Array.from({ length: table.count }, (_, row) => ({
    chromosome: table.chromosomeNames[table.chromosome[row]!],
    position: table.position[row],
    id: ids![row],
    effect: effects![row],
    other: others![row],
    beta: table.beta![row],
    se: table.se![row],
    log10p: table.log10p![row],
    p: table.p![row],
    line: table.line[row],
  }));
}

describe('a file of many blocks', () => {
  const expected = rows
    .filter(({ cells }) => cells[7] !== 'x')
    .map(({ cells, line }) => ({
      chromosome: String(Number(cells[0])),
      position: Number(cells[2]),
      id: cells[1],
      effect: cells[4]!.toUpperCase(),
      other: cells[3]!.toUpperCase(),
      beta: Number(cells[5]),
      se: 0.25,
      log10p: Number(cells[7]) === 0 ? 0 : -Number(cells[7]),
      p: 10 ** -Number(cells[7]),
      line,
    }));

  test('every row is what its text says', async () => {
    const reading = await read(text);
    expect([reading.rows, reading.dropped.p]).toEqual([ROWS, Math.ceil(ROWS / 7)]);
    expect(plain(reading.table)).toEqual(expected);
  });

  test('gzip of several members, cut anywhere, is the same file', async () => {
    const cuts = [0, 1000, 1_000_003, 2_000_000, text.length].filter((cut) => cut <= text.length);
    const members = cuts.slice(1).map((cut, i) => gzipSync(text.subarray(cuts[i], cut), { level: 0 }));
    const reading = await read(
      Buffer.concat([...members, ...Array<Buffer>(30).fill(gzipSync(text.subarray(0, 0)))]),
    );
    expect(plain(reading.table)).toEqual(expected);
  });

  test('a compressed file that is waited for many times leaves no warning of too many listeners', async () => {
    const warned = vi.spyOn(process, 'emitWarning');
    // Stored, not compressed: 16 pieces of 1 MiB go through the decompressor.
    const comments = Buffer.alloc(2 ** 24, '##23456\n');
    const reading = await read(gzipSync(Buffer.concat([comments, text.subarray(0, 1000)]), { level: 0 }));
    expect(reading.table.line[0]).toBe(2 ** 21 + rows[1]!.line);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });

  test('a threshold while reading keeps the rows that it keeps afterwards', async () => {
    const { table } = await read(text);
    for (const threshold of [2, 1, 0.5, 1e-3, 10 ** -table.log10p![3]!, table.p![5]!, 1e-9, 1e-300]) {
      const reading = await read(text, { pBelow: threshold });
      expect(plain(reading.table)).toEqual(plain(selectBelow(table, threshold)));
      expect(reading.table.count + reading.dropped.threshold + reading.dropped.p).toBe(ROWS);
    }
  });
});

test('a p at the threshold, to the last bit, is judged as in the table', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.double({ min: 0, max: 330, noNaN: true }),
      fc.constantFrom(0, 1, -1, 1e-10, -1e-10, 1e-8, -1e-8),
      async (minusLog10P, shift) => {
        const row = Buffer.from(`${HEADER}\n1 rs1 5 A G 1 1 ${minusLog10P}\n`);
        const threshold = 10 ** -(minusLog10P + shift);
        fc.pre(threshold > 0);
        const kept = (await read(row, { pBelow: threshold })).table.count;
        const { table } = await read(row);
        expect(kept).toBe(rowsBelow(table.p!, table.log10p!, threshold).length);
      },
    ),
    { numRuns: 200 },
  );
});

test('texts come out of their column one by one as all at once, ASCII or not', () => {
  const texts = Array.from({ length: 5000 }, (_, i) =>
    i > 2000 && i % 1500 === 0 ? `ä${i}€` : 'x'.repeat(i % 40),
  );
  const column = TextColumn.from(texts);
  expect(column.toArray()).toEqual(texts);
  expect(texts.map((_, i) => column.at(i))).toEqual(texts);
  expect(TextColumn.from([]).toArray()).toEqual([]);
});
