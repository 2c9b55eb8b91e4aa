import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { numberColumn, textColumn } from '../../cache/column.js';
import { Store } from '../../cache/store.js';
import { idTable, plainTable } from '../../cache/table.js';
import { previewArtifact } from '../../engine/show.js';

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cohortflow-'));
  store = new Store(folder);
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

it('a table: its first rows, ids first, types and missing cells', async () => {
  const table = idTable(
    'person',
    ['p1', 'p2', 'p3'],
    [
      ['age', numberColumn([50, null, 60])],
      ['sex', textColumn([null, 'f', null])],
    ],
  );
  const ref = await store.writer.table(table);
  expect(await previewArtifact(store, ref, 2)).toEqual({
    kind: 'table',
    digest: ref.digest,
    rows: 3,
    id: 'person',
    columns: [
      { name: 'age', type: 'number', missing: 1 },
      { name: 'sex', type: 'text', missing: 2 },
    ],
    head: [
      ['p1', 50, null],
      ['p2', null, 'f'],
    ],
  });
});

it('a table without ids, rows or columns', async () => {
  const empty = await previewArtifact(store, await store.writer.table(plainTable([])), 10);
  expect(empty).toMatchObject({ rows: 0, id: null, columns: [], head: [] });
});

it('an array: type, shape, range, first elements; missing ones apart', async () => {
  const data = Float64Array.from([1, NaN, 3, 8, 2, 4]);
  const ref = store.writer.array({ type: 'float64', shape: [2, 3], data });
  expect(await previewArtifact(store, ref, 4)).toEqual({
    kind: 'array',
    digest: ref.digest,
    type: 'float64',
    shape: [2, 3],
    missing: 1,
    min: 1,
    mean: 3.6,
    max: 8,
    head: [1, null, 3, 8],
  });
});

it('an array of nothing but missing elements has no range', async () => {
  const ref = store.writer.array({ type: 'float32', shape: [2], data: Float32Array.from([NaN, NaN]) });
  expect(await previewArtifact(store, ref, 4)).toMatchObject({
    missing: 2,
    min: null,
    mean: null,
    max: null,
  });
});

it('a JSON value as it is; a file by its size', async () => {
  const json = store.writer.json({ b: 1, a: [true] });
  expect(await previewArtifact(store, json, 5)).toMatchObject({ kind: 'json', value: { a: [true], b: 1 } });
  const file = store.writer.file(Buffer.from('<svg/>'), 'svg');
  expect(await previewArtifact(store, file, 5)).toMatchObject({ kind: 'file', extension: 'svg', bytes: 6 });
});
