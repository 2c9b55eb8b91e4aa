/**
 * WorkerPool: the local executor. Processes that take one call each, started when first needed.
 *
 * Not responsible for what is run or in which order (run.ts). Another executor would offer the same methods.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobFailure, JobMessage, JobSpec } from './job.js';

export interface PoolOptions {
  /** The module that a worker process begins with; it calls `serveJobs`. */
  readonly entry: URL;
  /** The store's object folder. */
  readonly objectFolder: string;
  readonly size: number;
}

/** Announced for a call that the worker never took. */
export const NOT_BEGUN = -2;

export interface CallHandlers {
  message(message: JobMessage): void;
  /**
   * The call is over, and no further message comes. When the process ended before it, `died` tells how, and
   * `announced` which item was at work (−1: none yet; NOT_BEGUN: it died before it took the call).
   */
  ended(died: JobFailure | null, announced: number): void;
}

/** Whatever runs calls: local processes here; anything that can see the store's objects and the raw files elsewhere. */
export interface Executor {
  /** Calls at once. */
  readonly size: number;
  /** How many more calls can be started now. */
  readonly free: number;
  /** Starts a call; `reads` are digests of large inputs, for which a worker that has them is preferred. */
  start(job: JobSpec, reads: readonly string[], handlers: CallHandlers): void;
  /** Ends everything; running calls are dropped without a word. */
  close(): void;
}

interface Worker {
  readonly process: ChildProcess;
  /** Where the process leaves word of the item at work; it outlives the process. */
  readonly announcement: number;
  handlers: CallHandlers | null;
  /** Largest resident memory seen during the call, in bytes. */
  peak: number;
  /** Digests that this process has read: what it may still hold decoded. */
  readonly seen: Set<string>;
  stderr: string[];
}

/** How often the memory of busy workers is looked at. */
const WATCH_MS = 250;
/** Kept of a worker's last words. */
const STDERR_LINES = 50;

export class WorkerPool implements Executor {
  private readonly workers = new Set<Worker>();
  private closed = false;
  private watching: NodeJS.Timeout | null = null;

  constructor(private readonly options: PoolOptions) {}

  get size(): number {
    return this.options.size;
  }

  get free(): number {
    let busy = 0;
    for (const worker of this.workers) if (worker.handlers) busy++;
    return this.options.size - busy;
  }

  start(job: JobSpec, reads: readonly string[], handlers: CallHandlers): void {
    let best: Worker | null = null;
    let bestScore = -1;
    for (const worker of this.workers) {
      // One that is about to end is no worker any more; a new one takes its place.
      if (worker.handlers || !worker.process.connected) continue;
      let score = 0;
      for (const digest of reads) if (worker.seen.has(digest)) score++;
      if (score > bestScore) {
        best = worker;
        bestScore = score;
      }
    }
    // A process that knows some of the inputs is better than a new one; one that knows nothing is not, while there is room.
    if (!best || (bestScore === 0 && reads.length > 0 && this.workers.size < this.options.size))
      best = this.spawn();
    best.handlers = handlers;
    best.peak = 0;
    this.watch();
    for (const digest of reads) best.seen.add(digest);
    writeAnnounced(best.announcement, NOT_BEGUN);
    best.process.send(job);
  }

  /** Looks at the memory of busy workers: one that is killed for it can no longer say how much it was. */
  private watch(): void {
    this.watching ??= setInterval(() => {
      let busy = 0;
      for (const worker of this.workers) {
        if (!worker.handlers) continue;
        busy++;
        worker.peak = Math.max(worker.peak, residentBytes(worker.process.pid));
      }
      if (busy === 0 && this.watching) {
        clearInterval(this.watching);
        this.watching = null;
      }
    }, WATCH_MS).unref();
  }

  private spawn(): Worker {
    const announcement = openUnnamed();
    const child = fork(this.options.entry, [this.options.objectFolder], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', announcement],
      // A worker may hold large typed arrays (outside the heap) and many strings of ids (inside).
      execArgv: ['--max-old-space-size=8192'],
    });
    const worker: Worker = {
      process: child,
      announcement,
      handlers: null,
      peak: 0,
      seen: new Set(),
      stderr: [],
    };
    this.workers.add(worker);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      worker.stderr = [...worker.stderr, ...text.split('\n').filter(Boolean)].slice(-STDERR_LINES);
    });
    child.on('message', (message: JobMessage) => {
      const { handlers } = worker;
      if (!handlers) return;
      if (message.type === 'end') {
        worker.handlers = null;
        handlers.ended(null, -1);
      } else {
        handlers.message(message);
      }
    });
    // 'close' comes after the last message and the last line of stderr; 'exit' may come before them.
    child.on('close', (code, signal) => {
      this.workers.delete(worker);
      const { handlers } = worker;
      worker.handlers = null;
      const announced = readAnnounced(announcement);
      closeSync(announcement);
      if (handlers && !this.closed) handlers.ended(deathOf(code, signal, worker), announced);
    });
    child.on('error', (error) => {
      worker.stderr.push(error.message);
    });
    return worker;
  }

  close(): void {
    this.closed = true;
    if (this.watching) clearInterval(this.watching);
    for (const worker of this.workers) worker.process.kill('SIGKILL');
  }
}

/** A file that has no name, hence ends with its last user. */
function openUnnamed(): number {
  const folder = mkdtempSync(join(tmpdir(), 'cohortflow-worker-'));
  const file = openSync(join(folder, 'at-work'), 'w+', 0o600);
  rmSync(folder, { recursive: true });
  return file;
}

function writeAnnounced(file: number, index: number): void {
  writeSync(file, new Uint8Array(new Int32Array([index]).buffer), 0, 4, 0);
}

function readAnnounced(file: number): number {
  const index = new Int32Array(1);
  readSync(file, new Uint8Array(index.buffer), 0, 4, 0);
  return index[0]!;
}

/** 0 where the system does not tell. */
function residentBytes(pid: number | undefined): number {
  try {
    const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'latin1'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function deathOf(code: number | null, signal: NodeJS.Signals | null, { stderr, peak }: Worker): JobFailure {
  const heap = stderr.some((line) => line.includes('JavaScript heap out of memory'));
  const how = heap
    ? 'the worker process ran out of memory'
    : signal === 'SIGKILL'
      ? 'the worker process was killed (SIGKILL), usually because the system was out of memory'
      : signal
        ? `the worker process crashed (${signal})`
        : `the worker process ended with code ${code ?? 'unknown'}`;
  const used = peak > 0 ? `; it was seen to use ${Math.round(peak / 2 ** 20)} MiB` : '';
  return { kind: 'died', message: how + used, log: stderr };
}
