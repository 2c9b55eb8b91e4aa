/**
 * A process that tries to write to an SQLite file which `doctor` holds locked. Exit code 0: it was kept out, locks work; 1: it was
 * let in. A process of its own, because a lock does not hold against the process that took it.
 */
import Database from 'better-sqlite3';

const db = new Database(process.argv[2], { timeout: 0 });
try {
  db.exec('BEGIN IMMEDIATE');
  process.exit(1);
} catch (error) {
  process.exit((error as { code?: string }).code === 'SQLITE_BUSY' ? 0 : 1);
}
