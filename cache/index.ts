/**
 * Index: the SQLite file that knows which key has which result.
 *
 * Layout (design decision 5): digests are interned to small integers, payload rows are addressed by rowid, and the only
 * wide index is key → rowid, so that 100,000 lookups stay in memory. One writer per run, batched transactions, WAL.
 * An entry's row is written after its objects are safe. Not responsible for object files (objects.ts), nor for
 * what runs did (runs.ts), which processes are at work (sessions.ts) and what was published (publications.ts): they share its file.
 */
import Database from 'better-sqlite3';
import { chmodSync, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ArtifactRef, Digest } from './artifact.js';
import { ADDITIONS, LAYOUT, prepareStatements, STORE_VERSION, type Statements } from './layout.js';
import { Publications } from './publications.js';
import { Runs } from './runs.js';
import { Sessions } from './sessions.js';
import { NewerStoreError, StoreError, StoreUnavailableError, translateSqliteError } from './store-error.js';

/** What is kept of a computation besides its outputs. Never part of the key. */
export interface EntryDetails {
  readonly seconds: number;
  /** Peak resident bytes of the call that made it; of the whole call when it made many. */
  readonly memory: number;
  /** The numeric backend and the version of Node that made it. */
  readonly backend: string;
  /** Milliseconds since 1970. */
  readonly made: number;
  readonly warnings: readonly string[];
  readonly log: readonly string[];
}

export interface Entry {
  readonly outputs: Readonly<Record<string, ArtifactRef>>;
}

/** The fields that a key is made of: see engine/key.ts. Inputs are digests whose bodies are interned as parts. */
export interface Preimage {
  readonly task: string;
  readonly version: number;
  readonly params: unknown;
  readonly inputs: readonly (readonly [port: string, digest: Digest])[];
  readonly seed: string | null;
}

export interface FileStat {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly ino: bigint;
}

/** How long one statement waits for another process's transaction, in milliseconds; transactions are short. */
const BUSY_TIMEOUT_MS = 5_000;

/** The log of changes is written back when it has this many pages (of 4 KiB): 64 MiB. */
const CHECKPOINT_PAGES = 16_384;

const toBlob = (digest: Digest): Buffer => Buffer.from(digest, 'hex');

export class Index {
  private readonly db: Database.Database;
  private readonly statements: Statements;
  private depth = 0;
  readonly sessions: Sessions;
  readonly runs: Runs;
  readonly publications: Publications;

  /** Opens or creates the index. @throws StoreError when it is damaged, NewerStoreError. */
  constructor(private readonly path: string) {
    const isNew = !existsSync(path);
    try {
      this.db = new Database(path, { timeout: BUSY_TIMEOUT_MS });
      if (isNew) chmodSync(path, 0o600);
      this.db.pragma('journal_mode = WAL');
      this.db.pragma('synchronous = NORMAL');
      this.db.pragma('cache_size = -65536');
      // Digests fall anywhere in an index: its pages change with every transaction, and need not go to the file every time.
      this.db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      this.db
        .transaction(() => {
          const version = this.db.pragma('user_version', { simple: true }) as number;
          if (version > STORE_VERSION) {
            throw new NewerStoreError(
              `the store at ${path} has layout ${version}, made by a newer cohortflow; this one reads up to ${STORE_VERSION}`,
            );
          }
          if (version === 0) {
            this.db.exec(LAYOUT);
            this.db.pragma(`user_version = ${STORE_VERSION}`);
          }
          this.db.exec(ADDITIONS);
        })
        .immediate();
    } catch (error) {
      throw translateSqliteError(error, path);
    }
    this.statements = prepareStatements(this.db);
    this.sessions = new Sessions(this.db, (work) => this.transaction(work));
    this.runs = new Runs(this.statements);
    this.publications = new Publications(this.statements, dirname(this.path), (work) => {
      this.transaction(work);
    });
  }

  close(): void {
    this.db.close();
  }

  /** Runs `work` in one transaction (nested calls join the outer one). */
  transaction<T>(work: () => T): T {
    if (this.depth > 0) return work();
    this.depth++;
    try {
      return this.db.transaction(work).immediate();
    } catch (error) {
      throw translateSqliteError(error, this.path);
    } finally {
      this.depth--;
    }
  }

  /** Runs `work`, which only reads, over one snapshot. */
  reading(work: () => void): void {
    this.db.transaction(work).deferred();
  }

  /** Differs from what it was when another process has committed something meanwhile, and only then. */
  get othersVersion(): number {
    return this.db.pragma('data_version', { simple: true }) as number;
  }

  /** Of a digest that most likely is there already. */
  private intern(digest: Digest): number {
    const blob = toBlob(digest);
    return this.statements.digestId.get(blob) ?? this.internNew(blob);
  }

  /** Of a digest that most likely is not there yet: one search instead of two. */
  private internNew(blob: Buffer): number {
    const { changes, lastInsertRowid } = this.statements.addDigest.run(blob);
    return changes === 1 ? Number(lastInsertRowid) : this.statements.digestId.get(blob)!;
  }

  private digestById(id: number): Digest {
    const hash = this.statements.digestHash.get(id);
    if (!hash) throw new StoreError(`the index has no digest ${id}`);
    return hash.toString('hex');
  }

  // ---- entries ----

  lookup(key: Digest): Entry | null {
    const outputs = this.statements.outputs.get(toBlob(key));
    return outputs === undefined ? null : { outputs: JSON.parse(outputs) as Entry['outputs'] };
  }

  /** Those of the keys that have a result, in one query. */
  lookupAll(keys: Iterable<Digest>): Map<Digest, Entry> {
    return new Map(
      this.statements.outputsOf
        .all(JSON.stringify([...keys]))
        .map((row) => [row.key.toString('hex'), { outputs: JSON.parse(row.outputs) as Entry['outputs'] }]),
    );
  }

  /** Records a result. The first committed row wins: returns the outputs that the key has from now on. */
  addEntry(key: Digest, entry: Entry, preimage: Preimage, details: EntryDetails): Entry['outputs'] {
    const { inputs, ...rest } = preimage;
    const stored = JSON.stringify({
      ...rest,
      inputs: inputs.map(([port, digest]) => [port, this.intern(digest)]),
    });
    const added = this.statements.addEntry.run(
      toBlob(key),
      JSON.stringify(entry.outputs),
      stored,
      JSON.stringify(details),
    );
    if (added.changes === 1) return entry.outputs;
    return this.lookup(key)!.outputs;
  }

  /** Forgets a result, so that it is computed anew (its objects were found missing or damaged). */
  removeEntry(key: Digest): void {
    this.statements.removeEntry.run(toBlob(key));
  }

  countEntries(): number {
    return this.statements.countEntries.get() ?? 0;
  }

  /** Every result with what it was made of, oldest first. Read by pages: the index may be written meanwhile. */
  *entries(): Generator<{ key: Digest; task: string; outputs: Entry['outputs']; preimage: Preimage }> {
    let last = 0;
    for (;;) {
      const rows = this.statements.entriesAfter.all(last, 1000);
      for (const row of rows) {
        const preimage = this.decodePreimage(row.preimage);
        const outputs = JSON.parse(row.outputs) as Entry['outputs'];
        yield { key: row.key.toString('hex'), task: preimage.task, outputs, preimage };
      }
      const end = rows.at(-1);
      if (!end) return;
      last = end.id;
    }
  }

  preimage(key: Digest): Preimage | null {
    const text = this.statements.preimage.get(toBlob(key));
    return text === undefined ? null : this.decodePreimage(text);
  }

  private decodePreimage(text: string): Preimage {
    const stored = JSON.parse(text) as Omit<Preimage, 'inputs'> & { inputs: [string, number][] };
    return { ...stored, inputs: stored.inputs.map(([port, id]) => [port, this.digestById(id)] as const) };
  }

  details(key: Digest): EntryDetails | null {
    const text = this.statements.details.get(toBlob(key));
    return text === undefined ? null : (JSON.parse(text) as EntryDetails);
  }

  /** What results warned of, those that did; and the backends of all of them. */
  notes(keys: readonly Digest[]): {
    readonly warnings: ReadonlyMap<Digest, readonly string[]>;
    readonly backends: readonly string[];
  } {
    const list = JSON.stringify(keys);
    const warned = this.statements.warningsOf.all(list);
    return {
      warnings: new Map(
        warned.map(({ key, warnings }) => [key.toString('hex'), JSON.parse(warnings) as string[]]),
      ),
      backends: this.statements.backendsOf.all(list),
    };
  }

  /** The newest keys of a task, newest first: candidates for "nearest preimage". */
  recentPreimages(task: string, limit: number): { key: Digest; preimage: Preimage }[] {
    return this.statements.recent
      .all(`{"task":${JSON.stringify(task)},%`, limit)
      .map((row) => ({ key: row.key.toString('hex'), preimage: this.decodePreimage(row.preimage) }));
  }

  /** The body of a sub-digest of a preimage (what a table read or a gather is made of). */
  addPart(digest: Digest, body: string): void {
    this.statements.addPart.run(this.intern(digest), body);
  }

  part(digest: Digest): string | null {
    return this.statements.part.get(toBlob(digest)) ?? null;
  }

  /** Keys that begin with these hexadecimal digits, and those of results with an output whose digest does. */
  keysFrom(prefix: string): Set<Digest> {
    const [from, to] = ['0', 'f'].map((digit) => Buffer.from(prefix.padEnd(64, digit), 'hex'));
    const found = [
      ...this.statements.keysFrom.all(from!, to!),
      ...this.statements.keysOfOutput.all(`%"digest":"${prefix}%`),
    ];
    return new Set(found.map((key) => key.toString('hex')));
  }

  // ---- small objects ----

  addSmall(digest: Digest, bytes: Uint8Array): void {
    this.statements.addSmall.run(this.internNew(toBlob(digest)), bytes);
  }

  small(digest: Digest): Uint8Array | null {
    return this.statements.small.get(toBlob(digest)) ?? null;
  }

  /** Up to ten small objects whose digests begin with these digits. */
  smallFrom(prefix: string): Digest[] {
    const [from, to] = ['0', 'f'].map((digit) => Buffer.from(prefix.padEnd(64, digit), 'hex'));
    return this.statements.smallBetween.all(from!, to!).map((hash) => hash.toString('hex'));
  }

  removeSmall(digest: Digest): void {
    this.statements.removeSmall.run(toBlob(digest));
  }

  /** Drops small objects, preimage bodies and interned digests that are not named here or by an entry. */
  keepOnly(objects: ReadonlySet<Digest>, parts: ReadonlySet<Digest>): void {
    for (const { id, hash } of this.statements.smallIds.all()) {
      if (!objects.has(hash.toString('hex'))) this.statements.removeSmallById.run(id);
    }
    for (const { id, hash } of this.statements.partIds.all()) {
      if (!parts.has(hash.toString('hex'))) this.statements.removePartById.run(id);
    }
    const used = new Set(this.statements.usedIds.all());
    for (const { preimage } of this.entries())
      for (const [, digest] of preimage.inputs) used.add(this.intern(digest));
    for (const id of this.statements.digestIds.all()) if (!used.has(id)) this.statements.removeDigest.run(id);
  }

  /** Bytes of the index, what is not yet written back to its file included. */
  get bytes(): number {
    const pragma = (name: string): number => this.db.pragma(name, { simple: true }) as number;
    return pragma('page_count') * pragma('page_size');
  }

  /** Gives the space of removed rows back to the disk. */
  compact(): void {
    this.db.exec('VACUUM');
    this.db.pragma('wal_checkpoint(TRUNCATE)');
  }

  // ---- raw files ----

  /** The digest of a raw file whose stat is unchanged since it was hashed. */
  fileDigest(path: string, stat: FileStat): Digest | null {
    const hash = this.statements.stat.get(path, stat.size, stat.mtimeNs, stat.ctimeNs, stat.ino);
    return hash ? hash.toString('hex') : null;
  }

  addFileDigest(path: string, stat: FileStat, digest: Digest): void {
    this.transaction(() => {
      this.statements.addStat.run(path, stat.size, stat.mtimeNs, stat.ctimeNs, stat.ino, toBlob(digest));
    });
  }

  // ---- durations: what scheduling and estimates go by ----

  /** Mean seconds of one instance of a task, as measured so far. */
  duration(task: string): { seconds: number; memory: number } | null {
    return this.statements.duration.get(task) ?? null;
  }

  addDuration(task: string, seconds: number, memory: number): void {
    this.statements.addDuration.run({ task, seconds, memory });
  }
}

export { STORE_VERSION, StoreError, StoreUnavailableError };
