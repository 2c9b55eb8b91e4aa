/**
 * Raw files: inputs that stay where they are. Knows each file's digest (cached by path, size, times and inode) and which of
 * its columns were imported; what is not known yet becomes a need, which the run satisfies.
 *
 * Not responsible for reading cells (import.ts, in a worker).
 */
import { createHash } from 'node:crypto';
import { createReadStream, realpathSync, statSync } from 'node:fs';
import { extname, sep } from 'node:path';
import type { ArtifactRef, Digest } from '../cache/artifact.js';
import type { EntryDetails, Preimage } from '../cache/index.js';
import { digestOf } from '../cache/digest.js';
import { StoreUnavailableError } from '../cache/store-error.js';
import type { Manifest, ManifestColumn } from '../cache/manifest.js';
import type { Store } from '../cache/store.js';
import { InputFailure } from './input-failure.js';
import type { FileIdentity, ImportJob, JobFailure, JobMessage, TableHeader } from './job.js';
import type { ReadOptions } from './workflow.js';

/** A file whose times are this young may change again within the clock's grain: its digest is not remembered. */
const YOUNG_NS = 100_000_000n;

/** Cells that one import copies before it reads them column by column: some gigabytes of scratch, when few are missing. */
const CELLS_AT_ONCE = 1_000_000_000;
/** Columns of one such copy: DuckDB holds some 600 kB of each while it copies, however few cells are filled. */
const COLUMNS_AT_ONCE = 1000;

interface RawFile {
  readonly path: string;
  identity: FileIdentity | null;
  digest: Digest | null;
  failure: JobFailure | null;
}

/** A table input: one raw file read in one way. */
export interface RawTable {
  readonly path: string;
  readonly read: ReadOptions;
  header: TableHeader | null;
  readonly columns: Map<string, ManifestColumn>;
  shape: Pick<Manifest, 'rows' | 'id'> | null;
  failure: JobFailure | null;
  /** Columns that cannot be read; the others can. */
  readonly failures: Map<string, JobFailure>;
  /** A reader died: columns are read one by one, so that the one to blame is known. */
  singly: boolean;
  /** Columns asked for and not yet known; '' stands for the ids and the number of rows alone. */
  readonly wanted: Set<string>;
  wantsHeader: boolean;
  reading: boolean;
}

export class RawFiles {
  private readonly files = new Map<string, RawFile>();
  private readonly tables = new Map<string, RawTable>();
  private readonly unhashed: RawFile[] = [];
  /** Tables of which something is wanted. */
  private readonly wanting = new Set<RawTable>();
  /** Paths for which an answer had to be put off since this was last emptied. */
  readonly missed = new Set<string>();

  /** @param root the workflow's folder: what stands in it by name must lie in it, too. */
  constructor(
    private readonly store: Store,
    private readonly root: string,
  ) {}

  /** The file's digest, or null while it has to be hashed. A failure stays in `failureOf`. */
  digest(path: string): Digest | null {
    const { digest, failure } = this.file(path);
    if (digest === null && !failure) this.missed.add(path);
    return digest;
  }

  identity(path: string): FileIdentity {
    return this.file(path).identity!;
  }

  failureOf(path: string): JobFailure | null {
    return this.file(path).failure;
  }

  /** Every file looked at so far, with its digest. */
  known(): { path: string; digest: Digest }[] {
    return [...this.files.values()].flatMap(({ path, digest }) => (digest ? [{ path, digest }] : []));
  }

  private file(path: string): RawFile {
    let file = this.files.get(path);
    if (!file) {
      file = { path, identity: null, digest: null, failure: null };
      this.files.set(path, file);
      try {
        file.identity = identify(path);
        file.failure = this.escape(path);
        if (file.failure) return file;
        file.digest = this.store.index.fileDigest(path, statOf(file.identity));
        if (file.digest === null) this.unhashed.push(file);
      } catch (error) {
        file.failure = { kind: 'task', message: `cannot read ${path}: ${(error as Error).message}`, log: [] };
      }
    }
    return file;
  }

  /** A link that leads out of the workflow's folder is refused: what is read must be plain from the YAML. */
  private escape(path: string): JobFailure | null {
    if (!path.startsWith(this.root + sep)) return null;
    const real = realpathSync(path);
    if (real.startsWith(realpathSync(this.root) + sep)) return null;
    const message = `${path} is a link that leads out of the workflow's folder, to ${real}; name that path in the input instead`;
    return { kind: 'task', message, log: [] };
  }

  /** Files that were asked for and must be hashed; each is returned once. */
  takeUnhashed(): string[] {
    return this.unhashed.splice(0).map(({ path }) => path);
  }

  async hash(path: string): Promise<void> {
    const file = this.file(path);
    try {
      const sha = createHash('sha256').update('raw/1\n');
      for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }))
        sha.update(chunk as Buffer);
      const after = identify(path);
      if (!sameIdentity(file.identity!, after)) {
        file.failure = {
          kind: 'changed',
          message: `${path} changed while it was being read; run again`,
          log: [],
        };
        return;
      }
      file.digest = sha.digest('hex');
      const now = BigInt(Date.now()) * 1_000_000n;
      const newest = after.ctimeNs > after.mtimeNs ? after.ctimeNs : after.mtimeNs;
      if (now - newest > YOUNG_NS) this.remember(path, after, file.digest);
    } catch (error) {
      file.failure = { kind: 'task', message: `cannot read ${path}: ${(error as Error).message}`, log: [] };
    }
  }

  /** The digest is known without it, so a store that is busy just now is no failure. */
  private remember(path: string, identity: FileIdentity, digest: Digest): void {
    try {
      this.store.index.addFileDigest(path, statOf(identity), digest);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
  }

  table(path: string, read: ReadOptions): RawTable {
    const key = JSON.stringify([path, read]);
    let table = this.tables.get(key);
    if (!table) {
      table = {
        path,
        read,
        header: null,
        columns: new Map(),
        shape: null,
        failure: null,
        failures: new Map(),
        singly: false,
        wanted: new Set(),
        wantsHeader: false,
        reading: false,
      };
      this.tables.set(key, table);
    }
    return table;
  }

  /** Names and types of all columns, or null while they have to be read. */
  header(table: RawTable): TableHeader | null {
    if (table.header) return table.header;
    const digest = this.digest(table.path);
    if (digest === null) return null;
    const entry = this.store.index.lookup(headerKey(digest, effective(table.path, table.read)).key);
    if (entry) table.header = this.store.artifacts.json(entry.outputs['header']!.digest) as TableHeader;
    else {
      table.wantsHeader = true;
      this.want(table);
    }
    return table.header;
  }

  /**
   * The table of these columns, in this order, or null while some have to be read.
   * @throws InputFailure when one of them cannot be read
   */
  columns(table: RawTable, names: readonly string[]): Manifest | null {
    const digest = this.digest(table.path);
    if (digest === null) return null;
    const failure = table.failure ?? names.map((name) => table.failures.get(name)).find(Boolean);
    if (failure) throw new InputFailure(failure);
    let missing = false;
    for (const name of names.length === 0 ? [''] : names) {
      if (table.columns.has(name) || (name === '' && table.shape)) continue;
      const entry = this.store.index.lookup(columnKey(digest, effective(table.path, table.read), name).key);
      if (entry) this.addColumn(table, name, entry.outputs['column']!);
      else {
        table.wanted.add(name);
        missing = true;
      }
    }
    if (missing) {
      this.want(table);
      return null;
    }
    return { ...table.shape!, columns: names.map((name) => table.columns.get(name)!) };
  }

  /** Names and types of all columns in some version of the file; null when they were never read. */
  headerOf(file: Digest, table: Pick<RawTable, 'path' | 'read'>): TableHeader | null {
    const entry = this.store.index.lookup(headerKey(file, effective(table.path, table.read)).key);
    return entry ? (this.store.artifacts.json(entry.outputs['header']!.digest) as TableHeader) : null;
  }

  /** A column of some version of the file, as a table of its own; null when it was never read. */
  columnOf(file: Digest, table: Pick<RawTable, 'path' | 'read'>, name: string): Manifest | null {
    const entry = this.store.index.lookup(columnKey(file, effective(table.path, table.read), name).key);
    return entry ? this.store.artifacts.manifest(entry.outputs['column']!.digest) : null;
  }

  private want(table: RawTable): void {
    this.wanting.add(table);
    this.missed.add(table.path);
  }

  private addColumn(table: RawTable, name: string, ref: ArtifactRef): void {
    const { rows, id, columns } = this.store.artifacts.manifest(ref.digest);
    table.shape = { rows, id };
    if (name !== '') table.columns.set(name, columns[0]!);
  }

  /** Up to `limit` jobs for what is wanted and not under way. */
  takeJobs(limit: number): { table: RawTable; job: ImportJob }[] {
    const jobs = [];
    for (const table of this.wanting) {
      if (jobs.length >= limit) break;
      this.wanting.delete(table);
      if (table.reading || table.failure || (!table.wantsHeader && table.wanted.size === 0)) continue;
      table.reading = true;
      const read = effective(table.path, table.read);
      const columns = table.wantsHeader ? null : this.portion(table);
      jobs.push({
        table,
        job: { kind: 'import' as const, identity: this.identity(table.path), read, columns },
      });
    }
    return jobs;
  }

  /** As many of the wanted columns as one pass over the file may copy. */
  private portion(table: RawTable): string[] {
    const rows = table.header?.rows ?? 0;
    const cells = Math.max(1, Math.floor(CELLS_AT_ONCE / Math.max(1, rows)));
    const most = table.singly ? 1 : Math.min(COLUMNS_AT_ONCE, cells);
    return [...table.wanted].sort().slice(0, most);
  }

  acceptHeader(table: RawTable, header: TableHeader, details: EntryDetails): void {
    const ref = this.store.writer.json(header);
    const { key, preimage } = headerKey(this.digest(table.path)!, effective(table.path, table.read));
    this.store.index.addEntry(key, { outputs: { header: ref } }, preimage, details);
    table.header = header;
    table.wantsHeader = false;
    this.readOn(table);
  }

  acceptColumns(
    table: RawTable,
    { tables, failed, inline }: Extract<JobMessage, { type: 'columns' }>,
    details: EntryDetails,
  ): void {
    this.store.index.transaction(() => {
      for (const [digest, bytes] of inline) this.store.write(digest, bytes);
      for (const [name, ref] of tables) {
        const { key, preimage } = columnKey(
          this.digest(table.path)!,
          effective(table.path, table.read),
          name,
        );
        const outputs = this.store.index.addEntry(key, { outputs: { column: ref } }, preimage, details);
        this.addColumn(table, name, outputs['column']!);
        table.wanted.delete(name);
      }
    });
    for (const [name, failure] of failed) this.failColumn(table, name, failure);
    this.readOn(table);
  }

  /** @param columns what was being read; null: the names and types of all. */
  fail(table: RawTable, failure: JobFailure, columns: readonly string[] | null): void {
    if (failure.kind !== 'died' || columns === null) table.failure = failure;
    else if (columns.length === 1) this.failColumn(table, columns[0]!, failure);
    else table.singly = true;
    this.readOn(table);
  }

  private failColumn(table: RawTable, name: string, failure: JobFailure): void {
    table.failures.set(name, failure);
    table.wanted.delete(name);
  }

  private readOn(table: RawTable): void {
    table.reading = false;
    if (table.wanted.size > 0) this.wanting.add(table);
  }
}

/** @throws Error when the path cannot be read or is no regular file. */
export function identify(path: string): FileIdentity {
  const stat = statSync(realpathSync(path), { bigint: true });
  if (!stat.isFile()) throw new Error('not a regular file');
  return { path, size: stat.size, mtimeNs: stat.mtimeNs, ctimeNs: stat.ctimeNs, ino: stat.ino };
}

function sameIdentity(a: FileIdentity, b: FileIdentity): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.ino === b.ino;
}

/** SQLite's integers are signed: inodes of some file systems use all 64 bits. */
const statOf = ({ size, mtimeNs, ctimeNs, ino }: FileIdentity) => ({
  size,
  mtimeNs,
  ctimeNs,
  ino: BigInt.asIntN(64, ino),
});

/** The format that the path's extension stands for is written out, so that a moved file keeps its keys. */
function effective(path: string, read: ReadOptions): ReadOptions {
  if (read.format) return read;
  const extension = extname(path.replace(/\.gz$/i, '')).toLowerCase();
  // A .txt is sniffed; anything else is taken to be separated by tabs.
  if (extension === '.txt') return read;
  const format =
    extension === '.csv' || extension === '.parquet' ? (extension.slice(1) as 'csv' | 'parquet') : 'tsv';
  return { ...read, format };
}

/** Raised when import.ts reads some file differently. */
const IMPORT_VERSION = 1;

function importKey(task: string, file: Digest, params: unknown): { key: Digest; preimage: Preimage } {
  const preimage: Preimage = { task, version: IMPORT_VERSION, params, inputs: [['file', file]], seed: null };
  return { key: digestOf('key/1', [task, IMPORT_VERSION, params, preimage.inputs, null]), preimage };
}

function headerKey(file: Digest, read: ReadOptions): { key: Digest; preimage: Preimage } {
  return importKey('input.header', file, { ...read, missing: [...read.missing].sort() });
}

/** Only what bears on this one column: the forced type of another is no part of it. */
function columnKey(file: Digest, read: ReadOptions, column: string): { key: Digest; preimage: Preimage } {
  const { format, id, missing, types } = read;
  return importKey('input.column', file, {
    format,
    id,
    missing: [...missing].sort(),
    type: types[column] ?? null,
    column,
  });
}
