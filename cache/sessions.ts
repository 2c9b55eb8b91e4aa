/**
 * Sessions and leases: who is at work on the store, and who computes which key.
 *
 * Runs share the store; garbage collection has it alone. A lease keeps a second run from computing what a first one is at; it is
 * an optimisation only, for the first committed row wins in any case. Owners that died, or that have not given a sign of
 * life for a while (stopped, or on a machine that went away), lose what they hold. There is nothing to unlock by hand.
 */
import type Database from 'better-sqlite3';
import { readFileSync, readlinkSync } from 'node:fs';
import type { Digest } from './artifact.js';
import { StoreUnavailableError } from './store-error.js';

/** A session without a sign of life for this long is taken to be stopped. */
const SILENT_MS = 10_000;
/** How often a session gives a sign of life. */
export const BEAT_MS = 2_000;

export type SessionKind = 'run' | 'collection';

interface SessionRow {
  readonly id: number;
  readonly kind: SessionKind;
  readonly pid: number;
  readonly started: string;
  readonly boot: string;
  readonly beat: number;
}

export class Sessions {
  private readonly statements: ReturnType<typeof prepare>;
  private own: number | null = null;
  private beating: NodeJS.Timeout | null = null;

  constructor(
    db: Database.Database,
    private readonly transaction: <T>(work: () => T) => T,
  ) {
    this.statements = prepare(db);
  }

  /** Enters as `kind`; false while those who are at work exclude it: a collection excludes everyone and waits for everyone. */
  enter(kind: SessionKind): boolean {
    return this.transaction(() => {
      const others = this.living();
      if (kind === 'collection' ? others.length > 0 : others.some((other) => other.kind === 'collection'))
        return false;
      const result = this.statements.add.run(
        kind,
        process.pid,
        startTime(process.pid) ?? '',
        bootId(),
        Date.now(),
      );
      this.own = Number(result.lastInsertRowid);
      this.beating = setInterval(() => this.beat(), BEAT_MS).unref();
      return true;
    });
  }

  leave(): void {
    if (this.beating) clearInterval(this.beating);
    const { own } = this;
    if (own === null) return;
    this.own = null;
    this.transaction(() => {
      this.statements.releaseAll.run(own);
      this.statements.remove.run(own);
    });
  }

  /** Processes at work on the store, this one aside; nothing is written. */
  atWork(): { readonly kind: SessionKind; readonly pid: number }[] {
    return this.statements.all
      .all()
      .filter((row) => row.id !== this.own && isAlive(row))
      .map(({ kind, pid }) => ({ kind, pid }));
  }

  private beat(): void {
    try {
      if (this.own !== null) this.statements.beat.run(Date.now(), this.own);
    } catch {
      // The store is busy: the next beat will do.
    }
  }

  /** Sessions of other processes that are alive; the dead are removed with their leases. */
  private living(): SessionRow[] {
    return this.statements.all.all().filter((row) => {
      if (row.id === this.own) return false;
      if (isAlive(row)) return true;
      this.statements.releaseAll.run(row.id);
      this.statements.remove.run(row.id);
      return false;
    });
  }

  /** Which of `keys` another living run is computing; the others are leased to this session, and `over` are released. */
  lease(keys: readonly Digest[], over: readonly Digest[] = []): Set<Digest> {
    try {
      return this.tryLease(keys, over);
    } catch (error) {
      // Without leases a key may be computed twice, and that is all.
      if (error instanceof StoreUnavailableError && error.reason === 'busy') return new Set();
      throw error;
    }
  }

  private tryLease(keys: readonly Digest[], over: readonly Digest[]): Set<Digest> {
    const { own } = this;
    if (own === null) return new Set();
    return this.transaction(() => {
      this.release(over);
      const taken = new Set<Digest>();
      if (this.statements.lease.run(own, JSON.stringify(keys)).changes === keys.length) return taken;
      let holders: Set<number> | null = null;
      for (const key of keys) {
        const blob = Buffer.from(key, 'hex');
        const holder = this.statements.holder.get(blob)!;
        if (holder === own) continue;
        const now = Date.now();
        holders ??= new Set(this.living().flatMap((row) => (now - row.beat < SILENT_MS ? [row.id] : [])));
        if (holders.has(holder)) taken.add(key);
        else this.statements.takeOver.run(blob, own);
      }
      return taken;
    });
  }

  /** Within a transaction of the caller. */
  release(keys: readonly Digest[]): void {
    if (this.own !== null && keys.length > 0) this.statements.release.run(this.own, JSON.stringify(keys));
  }
}

/** Same boot, and the process of that number is the one that began then. Of another boot or machine only the beat tells. */
function isAlive(row: SessionRow): boolean {
  if (row.boot !== bootId()) return Date.now() - row.beat < SILENT_MS;
  const started = startTime(row.pid);
  if (started !== null) return started === row.started;
  try {
    process.kill(row.pid, 0);
    // Without a start time the number may be another process's by now.
    return row.started === '' && Date.now() - row.beat < SILENT_MS;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Linux: clock ticks from boot to the process's start; null where that cannot be told. */
function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in parentheses, which may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

let boot: string | null = null;
function bootId(): string {
  if (boot === null) {
    try {
      // Containers of one machine share the boot, and not the process numbers.
      boot = `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
    } catch {
      boot = 'unknown';
    }
  }
  return boot;
}

function prepare(db: Database.Database) {
  return {
    add: db.prepare<[string, number, string, string, number]>(
      'INSERT INTO session (kind, pid, started, boot, beat) VALUES (?, ?, ?, ?, ?)',
    ),
    remove: db.prepare<[number]>('DELETE FROM session WHERE id = ?'),
    beat: db.prepare<[number, number]>('UPDATE session SET beat = ? WHERE id = ?'),
    all: db.prepare<[], SessionRow>('SELECT * FROM session'),
    holder: db.prepare<[Buffer], number>('SELECT session FROM lease WHERE key = ?').pluck(),
    // The keys as a list of hexadecimal digests, in JSON; those that are held are left out.
    lease: db.prepare<[number, string]>(
      'INSERT OR IGNORE INTO lease (key, session) SELECT unhex(value), ? FROM json_each(?)',
    ),
    takeOver: db.prepare<[Buffer, number]>('INSERT OR REPLACE INTO lease (key, session) VALUES (?, ?)'),
    release: db.prepare<[number, string]>(
      'DELETE FROM lease WHERE session = ? AND key IN (SELECT unhex(value) FROM json_each(?))',
    ),
    releaseAll: db.prepare<[number]>('DELETE FROM lease WHERE session = ?'),
  };
}
