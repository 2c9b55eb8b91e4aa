/** `cohortflow doctor`: what this installation and this machine offer, and whether the store's folder will do. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT, UserError } from './failure.js';
import { bytes, nearPath } from './format.js';
import { layout } from './layout.js';
import { storeFolder, takeWorkflowFile } from './study.js';
import { defineVerb, type WorkflowFlags } from './verb.js';
import { packageVersion } from './version.js';

/** `warning`: works, but slower or less safely than it could. */
interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'error';
  readonly found: string;
  readonly advice?: string;
}

const OLDEST_NODE = [20, 19] as const;

export const verb = defineVerb<WorkflowFlags>({
  usage: '',
  details: 'Exit code 1 when something is missing that a run needs.',
  examples: [
    ['doctor', 'everything, the store of this folder included'],
    ['doctor --store /scratch/study --json', 'another store, for a program'],
  ],
  options(command) {
    command
      .option('-f, --file <path>', 'workflow file, whose store is looked at')
      .option('--store <folder>', 'store to look at (default: .cohortflow; COHORTFLOW_STORE)');
  },
  async run(words, flags, terminal) {
    if (words.length > 0) throw new UserError(`doctor takes no '${words[0]!}'`, 'cohortflow doctor --help');
    const checks = [
      checkNode(),
      checkMachine(),
      await checkNumerics(),
      await checkSqlite(),
      await checkDuckdb(),
      await checkStore(storeOf(flags)),
    ];
    const failed = checks.some(({ status }) => status === 'error');
    if (terminal.isJson) terminal.json({ version: packageVersion(), ok: !failed, checks });
    else {
      const { paint } = terminal;
      const dye = { ok: paint.green, warning: paint.yellow, error: paint.red };
      const rows = checks.map(({ name, status, found }) => [dye[status](status), name, found]);
      terminal.print(`cohortflow ${packageVersion()}`);
      for (const line of layout(rows)) terminal.print(line);
      for (const { name, advice } of checks) if (advice !== undefined) terminal.print(`\n${name}: ${advice}`);
    }
    return failed ? EXIT.failed : EXIT.done;
  },
});

/** The store that a run in this folder would use; there need not be a workflow. */
function storeOf(flags: WorkflowFlags): string {
  try {
    return storeFolder(takeWorkflowFile([], flags).file, flags);
  } catch (error) {
    if (error instanceof UserError) return storeFolder(resolve('study.yaml'), flags);
    throw error;
  }
}

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  const check = { name: 'node', found: `${process.versions.node} on ${process.platform} ${process.arch}` };
  if (!isOld) return { ...check, status: 'ok' };
  return { ...check, status: 'error', advice: `cohortflow needs Node ${OLDEST_NODE.join('.')} or newer` };
}

function checkMachine(): Check {
  const limit = process.constrainedMemory();
  const memory =
    limit > 0 && limit < totalmem() ? `${bytes(limit)} of ${bytes(totalmem())}` : bytes(totalmem());
  return { name: 'machine', status: 'ok', found: `${availableParallelism()} cores, ${memory} memory` };
}

async function checkNumerics(): Promise<Check> {
  const { findBackend, measureGflops } = await import('../stats/linalg/linalg.js');
  try {
    const { backend, library, refused } = findBackend();
    const found = `${backend.name}${library === undefined ? '' : ` (${library})`}, ${measureGflops(backend).toFixed(1)} GFLOP/s on one core`;
    if (backend.kind === 'native') return { name: 'numerics', status: 'ok', found };
    const why = refused.map((each) => `${each.library}: ${each.reason}`).join('; ');
    return {
      name: 'numerics',
      status: 'warning',
      found,
      advice: `install OpenBLAS (Debian: libopenblas0, macOS: brew install openblas) for large products many times as fast${why === '' ? '' : `; refused: ${why}`}`,
    };
  } catch (error) {
    return failedCheck('numerics', error, 'unset COHORTFLOW_BLAS, or name a library that can be loaded');
  }
}

async function checkSqlite(): Promise<Check> {
  try {
    const { default: Database } = await import('better-sqlite3');
    const db = new Database(':memory:');
    const version = db.prepare('SELECT sqlite_version()').pluck().get() as string;
    db.close();
    return { name: 'sqlite', status: 'ok', found: version };
  } catch (error) {
    return failedCheck(
      'sqlite',
      error,
      'install the package again: its native part is missing or for another Node',
    );
  }
}

async function checkDuckdb(): Promise<Check> {
  try {
    const { version } = await import('@duckdb/node-api');
    return { name: 'duckdb', status: 'ok', found: version() };
  } catch (error) {
    return failedCheck(
      'duckdb',
      error,
      'install the package again: its native part is missing; tables cannot be read',
    );
  }
}

/** Writes into the folder, and sees whether another process respects a lock there. */
async function checkStore(folder: string): Promise<Check> {
  const existed = existsSync(folder);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const locks = await probeLocks(folder);
    if (!existed) rmSync(folder, { recursive: true });
    const found = `${nearPath(folder)}${existed ? '' : ' (new)'}: writable, ${locks ? 'locks work' : 'locks do NOT work'}`;
    if (locks) return { name: 'store', status: 'ok', found };
    const advice =
      'this file system does not keep two processes apart (some network mounts); put the store on a local disk with --store';
    return { name: 'store', status: 'error', found, advice };
  } catch (error) {
    const { found, ...check } = failedCheck(
      'store',
      error,
      'choose a folder that can be written with --store',
    );
    return { ...check, found: `${nearPath(folder)}: ${found}` };
  }
}

/** True when another process is kept out of a file that this one has locked. */
async function probeLocks(folder: string): Promise<boolean> {
  const { default: Database } = await import('better-sqlite3');
  const probe = join(folder, `doctor-${process.pid}.sqlite`);
  const db = new Database(probe);
  try {
    db.exec('CREATE TABLE probe (x); BEGIN IMMEDIATE');
    const other = fileURLToPath(new URL('./lock-probe.js', import.meta.url));
    const { status } = spawnSync(process.execPath, [other, probe], { stdio: 'ignore', timeout: 20_000 });
    db.exec('ROLLBACK');
    return status === 0;
  } finally {
    db.close();
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${probe}${suffix}`, { force: true });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function failedCheck(name: string, error: unknown, advice: string): Check {
  return { name, status: 'error', found: messageOf(error), advice };
}
