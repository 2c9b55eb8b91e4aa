/**
 * Reading: satisfies what instances need of raw files (digests, headers, columns), and lets them be decided again.
 *
 * Not responsible for what is needed (raw.ts) nor for how it is read (import.ts, in a worker).
 */
import PQueue from 'p-queue';
import type { EntryDetails } from '../cache/index.js';
import type { Event } from './event.js';
import type { NodeState } from './graph.js';
import type { ImportJob, JobFailure, JobMessage } from './job.js';
import type { Executor } from './pool.js';
import type { RawFiles, RawTable } from './raw.js';

/** Files hashed at once: more would only make the disk seek. */
const HASHED_AT_ONCE = 4;

type Arrival = {
  readonly table: RawTable;
  readonly columns: readonly string[] | null;
  readonly seconds: number;
} & ({ readonly message: JobMessage } | { readonly died: JobFailure });

export class Reading {
  /** Instances by the path that they wait for; one may wait for several. */
  private readonly awaiting = new Map<string, [NodeState, number][]>();
  private readonly hashing = new PQueue({ concurrency: HASHED_AT_ONCE });
  private jobs = 0;
  private arrived: Arrival[] = [];

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
    return this.jobs > 0 || this.arrived.length > 0;
  }

  /** The instance is decided again when what it asked of the raw files (`raw.missed`) is there. */
  await(state: NodeState, instance: number): void {
    for (const path of this.raw.missed) {
      const waiting = this.awaiting.get(path);
      if (waiting) waiting.push([state, instance]);
      else this.awaiting.set(path, [[state, instance]]);
    }
  }

  takeAwaiting(): [NodeState, number][] {
    const all = [...this.awaiting.values()].flat();
    this.awaiting.clear();
    return all;
  }

  private wake(path: string): void {
    for (const entry of this.awaiting.get(path) ?? []) this.ready.push(entry);
    this.awaiting.delete(path);
  }

  hashFiles(): void {
    for (const path of this.raw.takeUnhashed()) {
      this.hooks.onEvent({ type: 'reading', path, what: 'taking the digest' });
      this.hooks.inBackground(async () => {
        await this.hashing.add(() => this.raw.hash(path));
        this.wake(path);
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
    const count = job.columns?.filter(Boolean).length;
    const what =
      count === undefined ? 'names and types of columns' : count === 1 ? '1 column' : `${count} columns`;
    this.hooks.onEvent({ type: 'reading', path: table.path, what });
    this.jobs++;
    const began = performance.now();
    const arrive = (arrival: { message: JobMessage } | { died: JobFailure }): void => {
      this.arrived.push({
        table,
        columns: job.columns,
        seconds: (performance.now() - began) / 1000,
        ...arrival,
      });
      this.hooks.pumpSoon();
    };
    pool.start(job, [], {
      message: (message) => arrive({ message }),
      ended: (died) => {
        this.jobs--;
        if (died) arrive({ died });
        this.hooks.pumpSoon();
      },
    });
  }

  /** Records what was read. @throws StoreUnavailableError, with what was not recorded kept for another try */
  accept(): void {
    for (let next = this.arrived[0]; next; next = this.arrived[0]) {
      this.record(next);
      this.arrived.shift();
      this.wake(next.table.path);
    }
  }

  private record(arrival: Arrival): void {
    const { table, columns, seconds } = arrival;
    if ('died' in arrival) {
      this.raw.fail(table, arrival.died, columns);
      return;
    }
    const { message } = arrival;
    const details: EntryDetails = {
      seconds,
      memory: 0,
      backend: 'duckdb',
      made: Date.now(),
      warnings: [],
      log: [],
    };
    if (message.type === 'header') {
      this.raw.acceptHeader(table, message.header, details);
      for (const text of message.header.warnings) {
        this.hooks.onEvent({ type: 'warning', node: '', item: '', message: text });
      }
    } else if (message.type === 'columns') {
      this.raw.acceptColumns(table, message, details);
    } else if (message.type === 'failed') {
      this.raw.fail(table, message.failure, columns);
    }
  }
}
