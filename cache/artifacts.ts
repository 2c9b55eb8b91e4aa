/**
 * Artifacts: the way from values to digests and back, over any source of bytes.
 *
 * A worker process (object files and what came inline) and the engine (object files and the index) share this code; the worker
 * does without SQLite. Not responsible for where bytes are kept (objects.ts, index.ts) nor for keys (engine/key.ts).
 */
import type { ArtifactRef, Digest } from './artifact.js';
import type { NdArray } from './array.js';
import { decodeArray, decodeColumn, encodeArray, encodeColumn } from './codec.js';
import { textColumn, type Column } from './column.js';
import { arrayDigest, canonicalJson, columnDigest, fileDigest, fileDigestAt, jsonDigest } from './digest.js';
import { decodeManifest, encodeManifest, type Manifest } from './manifest.js';
import type { Table } from './table.js';

/** Where bytes are read from. @throws MissingObjectError */
export interface ByteReader {
  read(digest: Digest): Uint8Array;
}

/** Where bytes are written to; must be durable when it returns, or committed together with the entry. */
export interface ByteWriter {
  has(digest: Digest): boolean;
  /** `asFile`: it must have a path, however small. */
  write(digest: Digest, bytes: Uint8Array, asFile?: boolean): void;
  /** Takes a whole file, which must be on the store's file system. */
  adopt(digest: Digest, path: string): void;
}

/** Values → artifacts. */
export class ArtifactWriter {
  constructor(private readonly sink: ByteWriter) {}

  async table(table: Table): Promise<ArtifactRef> {
    const columns = [];
    for (const [name, column] of table.columns) {
      columns.push({ name, type: column.type, digest: await this.column(column) });
    }
    const id = table.id && { name: table.id.name, digest: await this.column(textColumn(table.id.values)) };
    return this.manifest({ rows: table.rows, id, columns });
  }

  manifest(manifest: Manifest): ArtifactRef {
    const { digest, bytes } = encodeManifest(manifest);
    this.sink.write(digest, bytes);
    return { kind: 'table', digest };
  }

  async column(column: Column): Promise<Digest> {
    const digest = columnDigest(column);
    if (!this.sink.has(digest)) this.sink.write(digest, await encodeColumn(column));
    return digest;
  }

  array(array: NdArray): ArtifactRef {
    const digest = arrayDigest(array);
    if (!this.sink.has(digest)) this.sink.write(digest, encodeArray(array));
    return { kind: 'array', digest };
  }

  json(value: unknown, kind: 'json' | 'view' = 'json'): ArtifactRef {
    const text = canonicalJson(value);
    const digest = jsonDigest(text);
    this.sink.write(digest, Buffer.from(text));
    return { kind, digest };
  }

  file(bytes: Uint8Array, extension: string): ArtifactRef {
    const digest = fileDigest(bytes, extension);
    this.sink.write(digest, bytes, true);
    return { kind: 'file', digest, extension };
  }

  /** A file too large to be held: it is moved into the store. */
  fileAt(path: string, extension: string): ArtifactRef {
    const digest = fileDigestAt(path, extension);
    this.sink.adopt(digest, path);
    return { kind: 'file', digest, extension };
  }
}

/** Artifacts → values, with the decoded columns kept up to a budget of bytes (least recently used go first). */
export class ArtifactReader {
  private readonly columns = new Map<Digest, Column>();
  private held = 0;

  constructor(
    private readonly source: ByteReader,
    private readonly budgetBytes = 256 * 1024 * 1024,
  ) {}

  manifest(digest: Digest): Manifest {
    return decodeManifest(this.source.read(digest));
  }

  async table(manifest: Manifest): Promise<Table> {
    const columns = new Map<string, Column>();
    for (const { name, digest } of manifest.columns) columns.set(name, await this.column(digest));
    let id: Table['id'] = null;
    if (manifest.id) {
      const column = await this.column(manifest.id.digest);
      if (column.type !== 'text') throw new Error('internal error: an id column that is not text');
      // Ids are never missing: the readers of user data refuse them.
      id = { name: manifest.id.name, values: column.values as readonly string[] };
    }
    return { rows: manifest.rows, id, columns };
  }

  async column(digest: Digest): Promise<Column> {
    const held = this.columns.get(digest);
    if (held) {
      this.columns.delete(digest);
      this.columns.set(digest, held);
      return held;
    }
    const column = await decodeColumn(this.source.read(digest));
    this.columns.set(digest, column);
    this.held += columnBytes(column);
    for (const [old, value] of this.columns) {
      if (this.held <= this.budgetBytes || old === digest) break;
      this.columns.delete(old);
      this.held -= columnBytes(value);
    }
    return column;
  }

  array(digest: Digest): NdArray {
    return decodeArray(this.source.read(digest));
  }

  json(digest: Digest): unknown {
    const bytes = this.source.read(digest);
    return JSON.parse(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
    ) as unknown;
  }

  bytes(digest: Digest): Uint8Array {
    return this.source.read(digest);
  }
}

/** Text is held as JavaScript strings: about 40 bytes a cell with its slot. */
function columnBytes(column: Column): number {
  return column.type === 'number' ? column.values.byteLength : column.values.length * 40;
}
