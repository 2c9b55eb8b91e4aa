/**
 * Reading: satisfies what instances need of raw files (digests, headers, columns), and lets them be decided again.
 *
 * Not responsible for what is needed (raw.ts) nor for how it is read (import.ts, in a worker).
 */
import PQueue from 'p-queue';
import type { EntryDetails } from '../cache/index.js';
import type { Event } from './event.js';
import type { NodeState } from './graph.js';
import type { ImportJob } from './job.js';
import type { Executor } from './pool.js';
import type { RawFiles, RawTable } from './raw.js';

/** Files hashed at once: more would only make the disk seek. */
const HASHED_AT_ONCE = 4;

export class Reading {
  private awaiting: [NodeState, number][] = [];
  private readonly hashing = new PQueue({ concurrency: HASHED_AT_ONCE });
  private jobs = 0;

  constructor(
    private readonly raw: RawFiles,
    private readonly ready: [NodeState, number][],
    private readonly hooks: {
      readonly inBackground: (work: () => Promise<void>) => void;
      readonly onEvent: (event: Event) => void;
      readonly pumpSoon: () => void;
    },
  ) {}

  get active(): boolean {
    return this.jobs > 0;
  }

  /** The instance is decided again when what it asked of the raw files is there. */
  await(state: NodeState, instance: number): void {
    this.awaiting.push([state, instance]);
  }

  takeAwaiting(): [NodeState, number][] {
    return this.awaiting.splice(0);
  }

  hashFiles(): void {
    for (const path of this.raw.takeUnhashed()) {
      this.hooks.onEvent({ type: 'reading', path, what: 'taking the digest' });
      this.hooks.inBackground(async () => {
        await this.hashing.add(() => this.raw.hash(path));
        this.retry();
      });
    }
  }

  readTables(pool: Executor): void {
    while (pool.free > 0) {
      const [next] = this.raw.takeJobs(1);
      if (!next) break;
      this.start(pool, next.table, next.job);
    }
  }

  private start(pool: Executor, table: RawTable, job: ImportJob): void {
    const what = job.columns ? `${job.columns.filter(Boolean).length} columns` : 'names and types of columns';
    this.hooks.onEvent({ type: 'reading', path: table.path, what });
    this.jobs++;
    const began = performance.now();
    const details = (): EntryDetails => ({
      seconds: (performance.now() - began) / 1000,
      memory: 0,
      backend: 'duckdb',
      made: Date.now(),
      warnings: [],
      log: [],
    });
    pool.start(job, [], {
      message: (message) => {
        if (message.type === 'header') {
          this.raw.acceptHeader(table, message.header, details());
          for (const text of message.header.warnings) {
            this.hooks.onEvent({ type: 'warning', node: '', item: '', message: text });
          }
        } else if (message.type === 'columns') {
          this.raw.acceptColumns(table, message.tables, message.inline, details());
        } else if (message.type === 'failed') {
          this.raw.fail(table, message.failure);
        }
      },
      ended: (died) => {
        if (died) this.raw.fail(table, died);
        this.jobs--;
        this.retry();
        this.hooks.pumpSoon();
      },
    });
  }

  private retry(): void {
    this.ready.push(...this.takeAwaiting());
  }
}
