/** Calls in this process, with messages cloned as between processes. Not responsible for which tasks there are. */
import { join } from 'node:path';
import type { Store } from '../../../cache/store.js';
import type { JobMessage, JobSpec } from '../../../engine/job.js';
import type { CallHandlers, Executor } from '../../../engine/pool.js';
import type { Registry } from '../../../engine/task.js';
import { serveJobs } from '../../../engine/worker.js';

export class InProcess implements Executor {
  private busy = 0;
  /** The most calls that ran at once. */
  busiest = 0;
  private closed = false;
  private readonly objectFolder: string;

  constructor(
    store: Store,
    private readonly registry: Registry,
    readonly size = 1,
  ) {
    this.objectFolder = join(store.folder, 'objects');
  }

  get free(): number {
    return this.size - this.busy;
  }

  start(job: JobSpec, _reads: readonly string[], handlers: CallHandlers): void {
    this.busy++;
    this.busiest = Math.max(this.busiest, this.busy);
    const send = (message: JobMessage): Promise<void> => {
      const copy = structuredClone(message);
      if (copy.type === 'end') this.busy--;
      if (this.closed) return Promise.resolve();
      if (copy.type === 'end') handlers.ended(null, -1);
      else handlers.message(copy);
      return Promise.resolve();
    };
    void serveJobs({
      registry: this.registry,
      objectFolder: this.objectFolder,
      backend: () => 'test',
      announce: () => undefined,
      send,
    })(structuredClone(job));
  }

  close(): void {
    this.closed = true;
  }
}
