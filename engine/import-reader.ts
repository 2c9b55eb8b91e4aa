/**
 * ImportReader: reads raw tables in this process, for questions that need the content of files and compute nothing.
 *
 * What it reads is kept in the store as by a run, which then need not read it. Not responsible for how files are read (import.ts).
 */
import type { Store } from '../cache/store.js';
import type { JobSpec } from './job.js';
import type { CallHandlers, Executor } from './pool.js';
import { Registry } from './task.js';
import { serveJobs } from './worker.js';

export class ImportReader implements Executor {
  readonly size = 1;
  private busy = false;

  constructor(private readonly store: Store) {}

  get free(): number {
    return this.busy ? 0 : 1;
  }

  start(job: JobSpec, _reads: readonly string[], handlers: CallHandlers): void {
    if (job.kind !== 'import') throw new Error('internal error: only raw tables are read here');
    this.busy = true;
    const serve = serveJobs({
      registry: new Registry([]),
      objectFolder: this.store.objects.folder,
      backend: () => 'duckdb',
      announce: () => undefined,
      send: (message) => {
        if (message.type === 'end') {
          this.busy = false;
          handlers.ended(null, -1);
        } else {
          handlers.message(message);
        }
        return Promise.resolve();
      },
    });
    void serve(job);
  }

  close(): void {
    // What is being read ends by itself.
  }
}
