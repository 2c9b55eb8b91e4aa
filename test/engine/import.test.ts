import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactReader, ArtifactWriter } from '../../cache/artifacts.js';
import type { Digest } from '../../cache/artifact.js';
import { compareBytes } from '../../cache/table.js';
import { InputLoader, makeContext } from '../../engine/context.js';
import { importTable } from '../../engine/import.js';
import type { JobMessage } from '../../engine/job.js';
import { identify } from '../../engine/raw.js';
import type { ReadOptions } from '../../engine/workflow.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'import-'));
  mkdirSync(join(folder, 'objects'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A store in memory that says what was read. */
class Bytes {
  readonly kept = new Map<Digest, Uint8Array>();
  readonly reads: Digest[] = [];
  read(digest: Digest): Uint8Array {
    this.reads.push(digest);
    return this.kept.get(digest)!;
  }
  has(digest: Digest): boolean {
    return this.kept.has(digest);
  }
  write(digest: Digest, bytes: Uint8Array): void {
    this.kept.set(digest, bytes);
  }
  adopt(): void {
    throw new Error('no file is made here');
  }
}

const AS_IS: ReadOptions = { format: null, id: null, missing: [], types: {} };

async function columnsOf(text: string, read: Partial<ReadOptions>, columns: readonly string[]) {
  const path = join(folder, 'table.csv');
  writeFileSync(path, text);
  const bytes = new Bytes();
  const job = { kind: 'import' as const, identity: identify(path), read: { ...AS_IS, ...read }, columns };
  const message = await importTable(job, new ArtifactWriter(bytes), join(folder, 'objects'));
  const { tables, failed } = message as Extract<JobMessage, { type: 'columns' }>;
  const reader = new ArtifactReader(bytes);
  const found = [];
  for (const [name, { digest }] of tables) {
    const table = await reader.table(reader.manifest(digest));
    found.push({ name, rows: table.rows, ids: table.id?.values, column: table.columns.get(name) });
  }
  return { found, failed };
}

describe('columns of a file', () => {
  it('of one too large for memory are copied to a scratch folder, which is gone afterwards', async () => {
    const rows = 40_000;
    const arrays = 80;
    // Ids in no order; one cell in a hundred of a wide table is filled, those of two columns all are.
    const ids = Array.from({ length: rows }, (_, i) => String((i * 7919) % rows));
    const codeAt = (row: number, array: number): string =>
      (row * 31 + array * 17) % 100 === 0 ? `I${(row + array) % 10}` : '';
    const padding = 'x'.repeat(400);
    const names = Array.from({ length: arrays }, (_, k) => `41270-0.${k}`);
    const lines = ids.map((id, row) =>
      [id, row / 8, padding, ...names.map((_, k) => codeAt(row, k))].join(','),
    );
    const text = ['eid,size,padding', names].join(',') + '\n' + lines.join('\n') + '\n';
    expect(text.length).toBeGreaterThan(16_000_000);

    const { found, failed } = await columnsOf(text, { id: 'eid' }, ['size', names[0]!, names[79]!]);

    expect(failed).toEqual([]);
    const order = ids.map((_, row) => row).sort((a, b) => compareBytes(ids[a]!, ids[b]!));
    const sorted = order.map((row) => ids[row]!);
    expect(found.map(({ name }) => name)).toEqual(['size', names[0], names[79]]);
    for (const table of found) expect(table.ids).toEqual(sorted);
    expect([...found[0]!.column!.values]).toEqual(order.map((row) => row / 8));
    for (const [k, table] of [
      [0, found[1]!],
      [79, found[2]!],
    ] as const)
      expect(table.column!.values).toEqual(order.map((row) => codeAt(row, k) || null));
    expect(readdirSync(join(folder, 'scratch'))).toEqual([]);
  });

  it('without ids keep the order of the file; the ids may be asked for as a column', async () => {
    const text = 'b,a\n2,x\n,\n1,y\n';
    const { found } = await columnsOf(text, {}, ['a', 'b', '']);
    expect(found.map(({ rows }) => rows)).toEqual([3, 3, 3]);
    expect(found[0]!.column).toEqual({ type: 'text', values: ['x', null, 'y'] });
    expect(found[1]!.column).toEqual({ type: 'number', values: Float64Array.of(2, NaN, 1) });
    expect(found[2]!.column).toBeUndefined();

    const own = await columnsOf(text.replace('\n,\n', '\n'), { id: 'b' }, ['b', 'a']);
    expect(own.found.map(({ column }) => column)).toEqual([
      { type: 'number', values: Float64Array.of(1, 2) },
      { type: 'text', values: ['y', 'x'] },
    ]);
  });

  it('a file without rows has columns of numbers', async () => {
    const { found } = await columnsOf('eid,a\n', { id: 'eid' }, ['a', '']);
    expect(found.map(({ rows, ids }) => [rows, ids])).toEqual([
      [0, []],
      [0, []],
    ]);
    expect(found[0]!.column).toEqual({ type: 'number', values: new Float64Array(0) });
  });
});

describe('a port that is read by columns', () => {
  it('reads each column when it is asked for, and ids before', async () => {
    const bytes = new Bytes();
    const writer = new ArtifactWriter(bytes);
    const columns = new Map(
      ['a', 'b', 'c'].map((name, i) => [
        name,
        { type: 'number' as const, values: Float64Array.of(i, i + 1) },
      ]),
    );
    const { digest } = await writer.table({ rows: 2, id: { name: 'id', values: ['p', 'q'] }, columns });
    const reader = new ArtifactReader(bytes);
    const manifest = reader.manifest(digest);
    bytes.reads.length = 0;
    const value = { kind: 'table' as const, manifest };
    const ports = {
      wide: { type: 'table', summary: '', columnwise: true },
      whole: { type: 'table', summary: '' },
    } as const;
    const load = async (port: 'wide' | 'whole') =>
      makeContext({
        params: {},
        seed: '',
        inputs: await new InputLoader(reader, folder, ports).load({ [port]: { how: 'one', value } }),
        log: { lines: [], warnings: [] },
        scratch: () => folder,
        progress: () => undefined,
      });

    const context = await load('wide');
    const table = context.columns('wide');
    expect(table.names).toEqual(['a', 'b', 'c']);
    expect([table.rows, table.id]).toEqual([2, { name: 'id', values: ['p', 'q'] }]);
    expect(bytes.reads).toEqual([manifest.id!.digest]);
    expect(await table.read('b')).toEqual(columns.get('b'));
    expect(bytes.reads).toEqual([manifest.id!.digest, manifest.columns[1]!.digest]);
    await expect(table.read('d')).rejects.toThrow("internal error: the task does not read column 'd'");
    expect(() => context.table('wide')).toThrow("port 'wide' holds a columns, asked as a table");

    await load('whole');
    expect(bytes.reads).toHaveLength(4);
  });
});
