/**
 * Index: the SQLite file that knows which key has which result.
 *
 * Layout (design decision 5): digests are interned to small integers, payload rows are addressed by rowid, and the only
 * wide index is key → rowid, so that 100,000 lookups stay in memory. One writer per run, batched transactions, WAL.
 * An entry's row is written after its objects are safe. Not responsible for object files (objects.ts).
 */
import Database from 'better-sqlite3';
import { chmodSync, existsSync } from 'node:fs';
import type { ArtifactRef, Digest } from './artifact.js';
import { Sessions } from './sessions.js';

/** Raised when the layout changes; a store of a newer version is refused. */
export const STORE_VERSION = 1;

const LAYOUT = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE digest (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE);
  CREATE TABLE small (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE part (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
  CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    outputs TEXT NOT NULL,
    preimage TEXT NOT NULL,
    details TEXT NOT NULL
  );
  CREATE TABLE stat (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
    inode INTEGER NOT NULL, hash BLOB NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE run (
    id INTEGER PRIMARY KEY, workflow TEXT NOT NULL, file TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER,
    status TEXT NOT NULL, graph BLOB NOT NULL, summary TEXT NOT NULL
  );
  CREATE INDEX run_workflow ON run (workflow, id);
  CREATE TABLE run_node (
    run INTEGER NOT NULL, node TEXT NOT NULL, manifest BLOB NOT NULL, PRIMARY KEY (run, node)
  ) WITHOUT ROWID;
  CREATE TABLE duration (task TEXT PRIMARY KEY, seconds REAL NOT NULL, memory REAL NOT NULL, count INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE session (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, pid INTEGER NOT NULL, started TEXT NOT NULL, boot TEXT NOT NULL, beat INTEGER NOT NULL
  );
  CREATE TABLE lease (key BLOB PRIMARY KEY, session INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE pin (run INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE published (
    folder TEXT NOT NULL, path TEXT NOT NULL, hash BLOB NOT NULL, source TEXT NOT NULL, PRIMARY KEY (folder, path)
  ) WITHOUT ROWID;
`;

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

export interface RunRow {
  readonly id: number;
  readonly workflow: string;
  readonly file: string;
  readonly started: number;
  readonly ended: number | null;
  readonly status: 'running' | 'done' | 'failed' | 'interrupted';
  /** Digest of the resolved graph (a JSON object). */
  readonly graph: Digest;
  readonly summary: unknown;
}

export interface FileStat {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly ino: bigint;
}

/** The store is damaged, or was made by a newer version: exit code 3. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/** The store cannot be used as it is (read-only, full, held by a stopped process), and is not damaged. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  constructor(
    message: string,
    readonly reason: 'busy' | 'full' | 'denied',
  ) {
    super(message);
  }
}

/** How long one statement waits for another process's transaction, in milliseconds; transactions are short. */
const BUSY_TIMEOUT_MS = 5_000;

/** SQLite's own words mean nothing to a user: what happened, and what to do. */
function translate(error: unknown, path: string): unknown {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string') return error;
  const message = (error as Error).message;
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new StoreError(`the index ${path} is damaged (${message})`);
  }
  if (code.startsWith('SQLITE_BUSY')) {
    return new StoreUnavailableError(`another process holds the store ${path} and does not let go`, 'busy');
  }
  if (code === 'SQLITE_FULL' || code.startsWith('SQLITE_IOERR')) {
    return new StoreUnavailableError(`cannot write the store ${path}: ${message}; is the disk full?`, 'full');
  }
  if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_CANTOPEN') || code === 'SQLITE_PERM') {
    return new StoreUnavailableError(
      `cannot write the store ${path}: ${message}; look at its permissions`,
      'denied',
    );
  }
  return error;
}

const toBlob = (digest: Digest): Buffer => Buffer.from(digest, 'hex');

export class Index {
  private readonly db: Database.Database;
  private readonly statements: ReturnType<typeof prepare>;
  private depth = 0;
  readonly sessions: Sessions;

  /** Opens or creates the index. @throws StoreError when it is damaged or made by a newer version. */
  constructor(private readonly path: string) {
    const isNew = !existsSync(path);
    try {
      this.db = new Database(path, { timeout: BUSY_TIMEOUT_MS });
      if (isNew) chmodSync(path, 0o600);
      this.db.pragma('journal_mode = WAL');
      this.db.pragma('synchronous = NORMAL');
      this.db.pragma('cache_size = -65536');
      this.db
        .transaction(() => {
          const version = this.db.pragma('user_version', { simple: true }) as number;
          if (version > STORE_VERSION) {
            throw new StoreError(
              `the store at ${path} has layout ${version}, made by a newer cohortflow; this one reads up to ${STORE_VERSION}`,
            );
          }
          if (version === 0) {
            this.db.exec(LAYOUT);
            this.db.pragma(`user_version = ${STORE_VERSION}`);
          }
        })
        .immediate();
    } catch (error) {
      throw translate(error, path);
    }
    this.statements = prepare(this.db);
    this.sessions = new Sessions(this.db, (work) => this.transaction(work));
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
      throw translate(error, this.path);
    } finally {
      this.depth--;
    }
  }

  /** Runs `work`, which only reads, over one snapshot. */
  reading(work: () => void): void {
    this.db.transaction(work).deferred();
  }

  private intern(digest: Digest): number {
    const blob = toBlob(digest);
    const found = this.statements.digestId.get(blob);
    if (found !== undefined) return found;
    return Number(this.statements.addDigest.run(blob).lastInsertRowid);
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

  // ---- small objects ----

  addSmall(digest: Digest, bytes: Uint8Array): void {
    this.statements.addSmall.run(this.intern(digest), bytes);
  }

  small(digest: Digest): Uint8Array | null {
    return this.statements.small.get(toBlob(digest)) ?? null;
  }

  // ---- raw files ----

  /** The digest of a raw file whose stat is unchanged since it was hashed. */
  fileDigest(path: string, stat: FileStat): Digest | null {
    const hash = this.statements.stat.get(path, stat.size, stat.mtimeNs, stat.ctimeNs, stat.ino);
    return hash ? hash.toString('hex') : null;
  }

  addFileDigest(path: string, stat: FileStat, digest: Digest): void {
    this.statements.addStat.run(path, stat.size, stat.mtimeNs, stat.ctimeNs, stat.ino, toBlob(digest));
  }

  // ---- runs ----

  startRun(run: { workflow: string; file: string; graph: Digest }): number {
    return Number(
      this.statements.startRun.run(run.workflow, run.file, Date.now(), 'running', toBlob(run.graph), '{}')
        .lastInsertRowid,
    );
  }

  endRun(id: number, status: RunRow['status'], summary: unknown): void {
    this.statements.endRun.run(Date.now(), status, JSON.stringify(summary), id);
  }

  addRunNode(run: number, node: string, manifest: Digest): void {
    this.statements.addRunNode.run(run, node, toBlob(manifest));
  }

  /** Newest first; of one workflow when named. */
  runs(workflow: string | null, limit: number): RunRow[] {
    return this.statements.runs.all(workflow, workflow, limit).map((row) => ({
      ...row,
      graph: row.graph.toString('hex'),
      summary: JSON.parse(row.summary) as unknown,
    }));
  }

  run(id: number): RunRow | null {
    const row = this.statements.run.get(id);
    return row
      ? { ...row, graph: row.graph.toString('hex'), summary: JSON.parse(row.summary) as unknown }
      : null;
  }

  runNode(run: number, node: string): Digest | null {
    return this.statements.runNode.get(run, node)?.toString('hex') ?? null;
  }

  runNodes(run: number): { node: string; manifest: Digest }[] {
    return this.statements.runNodes
      .all(run)
      .map((row) => ({ node: row.node, manifest: row.manifest.toString('hex') }));
  }

  // ---- durations: what scheduling and estimates go by ----

  /** Mean seconds of one instance of a task, as measured so far. */
  duration(task: string): { seconds: number; memory: number } | null {
    return this.statements.duration.get(task) ?? null;
  }

  addDuration(task: string, seconds: number, memory: number): void {
    this.statements.addDuration.run({ task, seconds, memory });
  }

  // ---- published files ----

  published(folder: string): { path: string; digest: Digest; source: string }[] {
    return this.statements.published
      .all(folder)
      .map((row) => ({ path: row.path, digest: row.hash.toString('hex'), source: row.source }));
  }

  addPublished(folder: string, path: string, digest: Digest, source: string): void {
    this.statements.addPublished.run(folder, path, toBlob(digest), source);
  }

  removePublished(folder: string, path: string): void {
    this.statements.removePublished.run(folder, path);
  }
}

type StoredRun = Omit<RunRow, 'graph' | 'summary'> & { graph: Buffer; summary: string };

function prepare(db: Database.Database) {
  const pluck = <P extends unknown[], R>(sql: string) =>
    db.prepare<P, R>(sql).pluck() as Database.Statement<P, R>;
  return {
    digestId: pluck<[Buffer], number>('SELECT id FROM digest WHERE hash = ?'),
    digestHash: pluck<[number], Buffer>('SELECT hash FROM digest WHERE id = ?'),
    addDigest: db.prepare<[Buffer]>('INSERT INTO digest (hash) VALUES (?)'),
    outputs: pluck<[Buffer], string>('SELECT outputs FROM entry WHERE key = ?'),
    preimage: pluck<[Buffer], string>('SELECT preimage FROM entry WHERE key = ?'),
    details: pluck<[Buffer], string>('SELECT details FROM entry WHERE key = ?'),
    addEntry: db.prepare<[Buffer, string, string, string]>(
      'INSERT INTO entry (key, outputs, preimage, details) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING',
    ),
    removeEntry: db.prepare<[Buffer]>('DELETE FROM entry WHERE key = ?'),
    recent: db.prepare<[string, number], { key: Buffer; preimage: string }>(
      'SELECT key, preimage FROM entry WHERE preimage LIKE ? ORDER BY id DESC LIMIT ?',
    ),
    addPart: db.prepare<[number, string]>('INSERT OR IGNORE INTO part (id, body) VALUES (?, ?)'),
    part: pluck<[Buffer], string>('SELECT body FROM part JOIN digest USING (id) WHERE hash = ?'),
    addSmall: db.prepare<[number, Uint8Array]>('INSERT OR IGNORE INTO small (id, bytes) VALUES (?, ?)'),
    small: pluck<[Buffer], Buffer>('SELECT bytes FROM small JOIN digest USING (id) WHERE hash = ?'),
    stat: pluck<[string, bigint, bigint, bigint, bigint], Buffer>(
      'SELECT hash FROM stat WHERE path = ? AND size = ? AND mtime = ? AND ctime = ? AND inode = ?',
    ),
    addStat: db.prepare<[string, bigint, bigint, bigint, bigint, Buffer]>(
      'INSERT OR REPLACE INTO stat (path, size, mtime, ctime, inode, hash) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    startRun: db.prepare<[string, string, number, string, Buffer, string]>(
      'INSERT INTO run (workflow, file, started, status, graph, summary) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    endRun: db.prepare<[number, string, string, number]>(
      'UPDATE run SET ended = ?, status = ?, summary = ? WHERE id = ?',
    ),
    addRunNode: db.prepare<[number, string, Buffer]>(
      'INSERT OR REPLACE INTO run_node (run, node, manifest) VALUES (?, ?, ?)',
    ),
    runs: db.prepare<[string | null, string | null, number], StoredRun>(
      'SELECT * FROM run WHERE ? IS NULL OR workflow = ? ORDER BY id DESC LIMIT ?',
    ),
    run: db.prepare<[number], StoredRun>('SELECT * FROM run WHERE id = ?'),
    runNode: pluck<[number, string], Buffer>('SELECT manifest FROM run_node WHERE run = ? AND node = ?'),
    runNodes: db.prepare<[number], { node: string; manifest: Buffer }>(
      'SELECT node, manifest FROM run_node WHERE run = ?',
    ),
    duration: db.prepare<[string], { seconds: number; memory: number }>(
      'SELECT seconds, memory FROM duration WHERE task = ?',
    ),
    // A running mean that forgets: the machine and the data change.
    addDuration: db.prepare<[{ task: string; seconds: number; memory: number }]>(
      `INSERT INTO duration VALUES (@task, @seconds, @memory, 1) ON CONFLICT (task) DO UPDATE SET
         seconds = seconds + (@seconds - seconds) / min(count + 1, 50),
         memory = max(memory * 0.95, @memory), count = count + 1`,
    ),
    published: db.prepare<[string], { path: string; hash: Buffer; source: string }>(
      'SELECT path, hash, source FROM published WHERE folder = ?',
    ),
    addPublished: db.prepare<[string, string, Buffer, string]>(
      'INSERT OR REPLACE INTO published (folder, path, hash, source) VALUES (?, ?, ?, ?)',
    ),
    removePublished: db.prepare<[string, string]>('DELETE FROM published WHERE folder = ? AND path = ?'),
  };
}
