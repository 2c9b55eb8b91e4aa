import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numberColumn, textColumn } from '../../cache/column.js';
import { Index, StoreError, type EntryDetails, type Preimage } from '../../cache/index.js';
import { MissingObjectError } from '../../cache/objects.js';
import { requireSafeFileSystem } from '../../cache/store-error.js';
import { Store } from '../../cache/store.js';
import { compareBytes, idTable, matchIds, plainTable } from '../../cache/table.js';
import { encodeDelimited, encodeTable } from '../../cache/tabular.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cohortflow-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const details: EntryDetails = { seconds: 1, memory: 2, backend: 'test', made: 3, warnings: [], log: [] };
const preimage: Preimage = {
  task: 't',
  version: 1,
  params: { k: 5 },
  inputs: [['in', 'ab'.repeat(32)]],
  seed: null,
};
const key = '12'.repeat(32);

describe('store', () => {
  it('gives back a table from its manifest, columns shared between tables', async () => {
    const store = new Store(folder);
    const table = idTable(
      'id',
      ['b', 'a'],
      [
        ['x', numberColumn([2, 1])],
        ['y', textColumn(['two', null])],
      ],
    );
    const ref = await store.writer.table(table);
    const manifest = store.artifacts.manifest(ref.digest);
    const back = await store.artifacts.table(manifest);
    expect(back.id!.values).toEqual(['a', 'b']);
    expect([...back.columns.get('x')!.values]).toEqual([1, 2]);
    expect(back.columns.get('y')!.values).toEqual([null, 'two']);
    const other = await store.writer.table(idTable('id', ['a', 'b'], [['renamed', numberColumn([1, 2])]]));
    expect(store.artifacts.manifest(other.digest).columns[0]!.digest).toBe(manifest.columns[0]!.digest);
    store.close();
  });

  it('keeps small objects in the index and large ones in files, private to their owner', async () => {
    const store = new Store(folder);
    store.writer.json('small');
    expect(readdirSync(join(folder, 'objects'))).toEqual([]);
    const ref = await store.writer.table(plainTable([['x', numberColumn(new Float64Array(10_000))]]));
    const { digest } = store.artifacts.manifest(ref.digest).columns[0]!;
    expect(statSync(store.objects.path(digest)).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'objects', digest.slice(0, 2))).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'index.sqlite')).mode & 0o777).toBe(0o600);
    store.close();
  });

  it('the first committed row wins, the loser adopts it', () => {
    const store = new Store(folder);
    const first = { x: { kind: 'json', digest: '01'.repeat(32) } } as const;
    const second = { x: { kind: 'json', digest: '02'.repeat(32) } } as const;
    expect(store.index.addEntry(key, { outputs: first }, preimage, details)).toEqual(first);
    expect(store.index.addEntry(key, { outputs: second }, preimage, details)).toEqual(first);
    expect(store.index.preimage(key)).toEqual(preimage);
    expect(store.index.details(key)).toEqual(details);
    expect(store.index.recentPreimages('t', 5)).toEqual([{ key, preimage }]);
    store.close();
  });

  it('many keys are looked up in one query', () => {
    const store = new Store(folder);
    const outputs = { x: { kind: 'json', digest: '01'.repeat(32) } } as const;
    const keys = Array.from({ length: 3000 }, (_, i) => i.toString(16).padStart(64, '0'));
    store.index.transaction(() => {
      for (const each of keys)
        if (each.endsWith('0')) store.index.addEntry(each, { outputs }, preimage, details);
    });
    const found = store.index.lookupAll(keys);
    expect([...found.keys()].sort()).toEqual(keys.filter((each) => each.endsWith('0')));
    expect(found.get(keys[16]!)).toEqual({ outputs });
    expect(store.index.lookupAll([]).size).toBe(0);
    store.close();
  });

  it('a missing object is named', () => {
    const store = new Store(folder);
    expect(() => store.read('00'.repeat(32))).toThrow(MissingObjectError);
    store.close();
  });

  it('an index of a newer version, or that is no index, is refused', () => {
    new Store(folder).close();
    const path = join(folder, 'index.sqlite');
    const db = new Database(path);
    db.pragma('user_version = 99');
    db.close();
    expect(() => new Index(path)).toThrow(/has layout 99, made by a newer cohortflow/);
    rmSync(`${path}-wal`, { force: true });
    rmSync(`${path}-shm`, { force: true });
    writeFileSync(path, 'this is no database, and it is long enough to be looked at as one'.repeat(100));
    expect(() => new Index(path)).toThrow(StoreError);
  });

  it('a network file system is refused, a local one is not', () => {
    expect(() => requireSafeFileSystem('/mnt/share/.cohortflow', 0x6969)).toThrow(
      'the store /mnt/share/.cohortflow is on a network file system (NFS), where locks are not safe; put it on a local disk with --store or COHORTFLOW_STORE',
    );
    expect(() => requireSafeFileSystem('/mnt/share', -11317950)).toThrow(/\(CIFS\)/);
    // ext4, xfs, tmpfs
    for (const type of [0xef53, 0x58465342, 0x01021994]) requireSafeFileSystem('/data', type);
  });

  it('a write that is cut short leaves no object behind', () => {
    const store = new Store(folder);
    const digest = 'cd'.repeat(32);
    mkdirSync(join(folder, 'objects', 'cd'));
    const script = `
      const { Objects } = await import(${JSON.stringify(new URL('../../dist/cache/objects.js', import.meta.url).href)});
      const fs = (await import('node:fs')).default;
      const { syncBuiltinESMExports } = await import('node:module');
      fs.fsyncSync = () => process.kill(process.pid, 'SIGKILL');
      syncBuiltinESMExports();
      new Objects(${JSON.stringify(join(folder, 'objects'))}).write('${digest}', Buffer.alloc(100000));`;
    expect(() => execFileSync(process.execPath, ['--input-type=module', '-e', script])).toThrow();
    expect(readdirSync(join(folder, 'objects', 'cd'))[0]).toMatch(/\.tmp$/);
    expect(existsSync(store.objects.path(digest))).toBe(false);
    store.objects.write(digest, Buffer.alloc(100000));
    expect(store.read(digest).length).toBe(100000);
    store.close();
  });
});

describe('ids', () => {
  it('are ordered by their UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  it('are matched between tables', () => {
    expect([...matchIds(['a', 'c', 'd'], ['b', 'c', 'd', 'e'])]).toEqual([-1, 1, 2, -1]);
  });

  it('that occur twice are refused', () => {
    expect(() => idTable('id', ['a', 'b', 'a'], [])).toThrow("the id 'a' occurs twice in column 'id'");
  });
});

describe('tables out', () => {
  const table = idTable(
    'id',
    ['b', 'a'],
    [
      ['x', numberColumn([0.1, null])],
      ['n', textColumn(['say "hi", all', ''])],
    ],
  );

  it('as CSV: shortest digits, missing cells empty, quotes where needed', () => {
    expect(encodeDelimited(table, 'csv').toString()).toBe('id,x,n\na,,""\nb,0.1,"say ""hi"", all"\n');
    expect(encodeDelimited(table, 'tsv').toString()).toBe('id\tx\tn\na\t\t""\nb\t0.1\t"say ""hi"", all"\n');
  });

  it('as Parquet, read back by DuckDB', async () => {
    const path = join(folder, 't.parquet');
    writeFileSync(path, await encodeTable(table, 'parquet', folder));
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const rows = (await connection.runAndReadAll(`SELECT * FROM '${path}'`)).getRows();
    expect(rows).toEqual([
      ['a', null, ''],
      ['b', 0.1, 'say "hi", all'],
    ]);
  });
});
