/**
 * Manifest: a table as a list of column digests (a Merkle table). Selecting, renaming and binding columns are operations
 * on manifests and touch no cell.
 */
import type { Digest } from './artifact.js';
import type { ColumnType } from './column.js';
import { canonicalJson, digestOf } from './digest.js';
import type { TableSchema } from './table.js';

export interface ManifestColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly digest: Digest;
}

export interface Manifest {
  readonly rows: number;
  readonly id: { readonly name: string; readonly digest: Digest } | null;
  /** In the order in which they are shown. */
  readonly columns: readonly ManifestColumn[];
}

const TAG = 'table/1';

export function encodeManifest(manifest: Manifest): { digest: Digest; bytes: Uint8Array } {
  return { digest: digestOf(TAG, manifest), bytes: Buffer.from(canonicalJson(manifest)) };
}

export function decodeManifest(bytes: Uint8Array): Manifest {
  return JSON.parse(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
  ) as Manifest;
}

export function manifestSchema(manifest: Manifest): TableSchema {
  return {
    rows: manifest.rows,
    idName: manifest.id?.name ?? null,
    columns: manifest.columns.map(({ name, type }) => ({ name, type })),
  };
}
