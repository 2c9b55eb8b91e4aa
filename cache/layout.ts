/**
 * Layout of the index: its tables, and every statement that is run on them.
 *
 * Digests are interned to small integers, payload rows are addressed by rowid, and the only wide index is key → rowid (design
 * decision 5). Not responsible for what the rows mean (index.ts).
 */
import type Database from 'better-sqlite3';

/** Raised when the layout changes; a store of a newer version is refused. */
export const STORE_VERSION = 1;

export const LAYOUT = `
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

/** Tables that joined later; an index of the same version may lack them. */
export const ADDITIONS = `
  CREATE TABLE IF NOT EXISTS publishing (
    folder TEXT NOT NULL, path TEXT NOT NULL, hash BLOB NOT NULL, source TEXT NOT NULL, temporary TEXT NOT NULL,
    PRIMARY KEY (folder, path)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS publisher (
    folder TEXT NOT NULL, path TEXT NOT NULL, workflow TEXT NOT NULL, PRIMARY KEY (folder, path)
  ) WITHOUT ROWID;
`;

/** A run as it stands in its row. */
export interface StoredRun {
  readonly id: number;
  readonly workflow: string;
  readonly file: string;
  readonly started: number;
  readonly ended: number | null;
  readonly status: 'running' | 'done' | 'failed' | 'interrupted';
  readonly graph: Buffer;
  readonly summary: string;
}

export function prepareStatements(db: Database.Database) {
  const pluck = <P extends unknown[], R>(sql: string) =>
    db.prepare<P, R>(sql).pluck() as Database.Statement<P, R>;
  return {
    digestId: pluck<[Buffer], number>('SELECT id FROM digest WHERE hash = ?'),
    digestHash: pluck<[number], Buffer>('SELECT hash FROM digest WHERE id = ?'),
    addDigest: db.prepare<[Buffer]>('INSERT OR IGNORE INTO digest (hash) VALUES (?)'),
    outputs: pluck<[Buffer], string>('SELECT outputs FROM entry WHERE key = ?'),
    // The keys as a list of hexadecimal digests, in JSON.
    outputsOf: db.prepare<[string], { key: Buffer; outputs: string }>(
      'SELECT key, outputs FROM entry WHERE key IN (SELECT unhex(value) FROM json_each(?))',
    ),
    keysFrom: pluck<[Buffer, Buffer], Buffer>('SELECT key FROM entry WHERE key BETWEEN ? AND ?'),
    // A digest stands in quotation marks, and nothing else of 64 hexadecimal digits does.
    keysOfOutput: pluck<[string], Buffer>('SELECT key FROM entry WHERE outputs LIKE ?'),
    countEntries: pluck<[], number>('SELECT count(*) FROM entry'),
    entriesAfter: db.prepare<
      [number, number],
      { id: number; key: Buffer; outputs: string; preimage: string }
    >('SELECT id, key, outputs, preimage FROM entry WHERE id > ? ORDER BY id LIMIT ?'),
    removeSmall: db.prepare<[Buffer]>('DELETE FROM small WHERE id = (SELECT id FROM digest WHERE hash = ?)'),
    removeSmallById: db.prepare<[number]>('DELETE FROM small WHERE id = ?'),
    removePartById: db.prepare<[number]>('DELETE FROM part WHERE id = ?'),
    removeDigest: db.prepare<[number]>('DELETE FROM digest WHERE id = ?'),
    smallIds: db.prepare<[], { id: number; hash: Buffer }>(
      'SELECT id, hash FROM small JOIN digest USING (id)',
    ),
    partIds: db.prepare<[], { id: number; hash: Buffer }>('SELECT id, hash FROM part JOIN digest USING (id)'),
    usedIds: pluck<[], number>('SELECT id FROM small UNION SELECT id FROM part'),
    digestIds: pluck<[], number>('SELECT id FROM digest'),
    removeRun: db.prepare<[number]>('DELETE FROM run WHERE id = ?'),
    removeRunNodes: db.prepare<[number]>('DELETE FROM run_node WHERE run = ?'),
    pins: db.prepare<[], { run: number; name: string }>('SELECT run, name FROM pin ORDER BY run'),
    pin: db.prepare<[number, string]>('INSERT OR REPLACE INTO pin (run, name) VALUES (?, ?)'),
    unpin: db.prepare<[number]>('DELETE FROM pin WHERE run = ?'),
    preimage: pluck<[Buffer], string>('SELECT preimage FROM entry WHERE key = ?'),
    details: pluck<[Buffer], string>('SELECT details FROM entry WHERE key = ?'),
    warningsOf: db.prepare<[string], { key: Buffer; warnings: string }>(
      `SELECT key, details ->> '$.warnings' AS warnings FROM entry
       WHERE key IN (SELECT unhex(value) FROM json_each(?)) AND json_array_length(details, '$.warnings') > 0`,
    ),
    backendsOf: pluck<[string], string>(
      `SELECT DISTINCT details ->> '$.backend' FROM entry WHERE key IN (SELECT unhex(value) FROM json_each(?))`,
    ),
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
    smallBetween: pluck<[Buffer, Buffer], Buffer>(
      'SELECT hash FROM digest JOIN small USING (id) WHERE hash BETWEEN ? AND ? LIMIT 10',
    ),
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
    runsBefore: db.prepare<[string | null, string | null, number, number], StoredRun>(
      'SELECT * FROM run WHERE (? IS NULL OR workflow = ?) AND id < ? ORDER BY id DESC LIMIT ?',
    ),
    lastRun: pluck<[string], number>(
      "SELECT id FROM run WHERE workflow = ? AND status <> 'running' ORDER BY id DESC LIMIT 1",
    ),
    workflowOfFile: pluck<[string], string>(
      'SELECT workflow FROM run WHERE file = ? ORDER BY id DESC LIMIT 1',
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
    publishedAs: db.prepare<[string], string>('SELECT source FROM published WHERE path = ?').pluck(),
    published: db.prepare<[string], { path: string; hash: Buffer; source: string }>(
      'SELECT path, hash, source FROM published WHERE folder = ?',
    ),
    addPublished: db.prepare<[string, string, Buffer, string]>(
      'INSERT OR REPLACE INTO published (folder, path, hash, source) VALUES (?, ?, ?, ?)',
    ),
    publishing: db.prepare<[string], { path: string; hash: Buffer; source: string; temporary: string }>(
      'SELECT path, hash, source, temporary FROM publishing WHERE folder = ?',
    ),
    addPublishing: db.prepare<[string, string, Buffer, string, string]>(
      'INSERT OR REPLACE INTO publishing (folder, path, hash, source, temporary) VALUES (?, ?, ?, ?, ?)',
    ),
    removePublishing: db.prepare<[string, string]>('DELETE FROM publishing WHERE folder = ? AND path = ?'),
    publishers: db.prepare<[string], { path: string; workflow: string }>(
      'SELECT path, workflow FROM publisher WHERE folder = ?',
    ),
    setPublisher: db.prepare<[string, string, string]>(
      'INSERT OR REPLACE INTO publisher (folder, path, workflow) VALUES (?, ?, ?)',
    ),
    removePublisher: db.prepare<[string, string]>('DELETE FROM publisher WHERE folder = ? AND path = ?'),
    removePublished: db.prepare<[string, string]>('DELETE FROM published WHERE folder = ? AND path = ?'),
  };
}

/** The statements of one open index. */
export type Statements = ReturnType<typeof prepareStatements>;
