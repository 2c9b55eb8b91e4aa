/**
 * Show: a preview of an artifact: the head of a table with types and missing cells, an array in numbers, a JSON value, a file.
 *
 * Not responsible for finding the artifact (recorded.ts) or for laying the preview out (cli/).
 */
import { statSync } from 'node:fs';
import type { ArtifactRef, Digest } from '../cache/artifact.js';
import type { NdArray } from '../cache/array.js';
import { countMissing, type ColumnType } from '../cache/column.js';
import type { Store } from '../cache/store.js';
import type { Json } from './task.js';

export interface ColumnPreview {
  readonly name: string;
  readonly type: ColumnType;
  readonly missing: number;
}

export type Preview =
  | {
      readonly kind: 'table';
      readonly digest: Digest;
      readonly rows: number;
      /** Name of the id column, which comes first in `head`; null without one. */
      readonly id: string | null;
      readonly columns: readonly ColumnPreview[];
      /** The first rows; missing cells are null. */
      readonly head: readonly (readonly (string | number | null)[])[];
    }
  | { readonly kind: 'json' | 'view'; readonly digest: Digest; readonly value: Json }
  | {
      readonly kind: 'array';
      readonly digest: Digest;
      readonly type: NdArray['type'];
      readonly shape: readonly number[];
      readonly missing: number;
      /** null when every element is missing. */
      readonly min: number | null;
      readonly mean: number | null;
      readonly max: number | null;
      /** The first elements, row-major; missing ones are null. */
      readonly head: readonly (number | null)[];
    }
  | {
      readonly kind: 'file';
      readonly digest: Digest;
      readonly extension: string;
      readonly bytes: number;
      /** In the store; not to be edited. */
      readonly path: string;
    };

/** @param rows how many rows of a table, or elements of an array. @throws MissingObjectError */
export async function previewArtifact(store: Store, ref: ArtifactRef, rows: number): Promise<Preview> {
  const { kind, digest } = ref;
  switch (kind) {
    case 'table':
      return previewTable(store, digest, rows);
    case 'array':
      return { kind, digest, ...summarise(store.artifacts.array(digest), rows) };
    case 'json':
    case 'view':
      return { kind, digest, value: store.artifacts.json(digest) as Json };
    case 'file':
      return {
        kind,
        digest,
        extension: ref.extension ?? '',
        bytes: statSync(store.objects.existingPath(digest)).size,
        path: store.objects.path(digest),
      };
  }
}

async function previewTable(store: Store, digest: Digest, limit: number): Promise<Preview> {
  const manifest = store.artifacts.manifest(digest);
  const head: (string | number | null)[][] = Array.from({ length: Math.min(limit, manifest.rows) }, () => []);
  const id = manifest.id && (await store.artifacts.column(manifest.id.digest));
  if (id) for (const [row, cells] of head.entries()) cells.push(id.values[row] ?? null);
  const columns: ColumnPreview[] = [];
  // One column at a time: a wide table need not fit in memory.
  for (const { name, digest: content } of manifest.columns) {
    const column = await store.artifacts.column(content);
    columns.push({ name, type: column.type, missing: countMissing(column) });
    for (const [row, cells] of head.entries()) {
      const value = column.values[row] ?? null;
      cells.push(typeof value === 'number' && Number.isNaN(value) ? null : value);
    }
  }
  return { kind: 'table', digest, rows: manifest.rows, id: manifest.id?.name ?? null, columns, head };
}

function summarise(array: NdArray, limit: number) {
  let [min, max, sum, missing] = [Infinity, -Infinity, 0, 0];
  for (const value of array.data) {
    if (Number.isNaN(value)) {
      missing++;
      continue;
    }
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  const present = array.data.length - missing;
  const head = Array.from(array.data.subarray(0, limit), (value) => (Number.isNaN(value) ? null : value));
  return {
    type: array.type,
    shape: array.shape,
    missing,
    min: present === 0 ? null : min,
    mean: present === 0 ? null : sum / present,
    max: present === 0 ? null : max,
    head,
  };
}
