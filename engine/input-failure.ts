/**
 * InputFailure: an instance's inputs cannot be had, so it fails without running. Thrown while binding, caught by the run.
 */
import type { JobFailure } from './job.js';

/** Its inputs cannot be had: a raw file is unreadable, a column is absent, a gather is empty. */
export class InputFailure extends Error {
  constructor(readonly failure: JobFailure) {
    super(failure.message);
  }
}

export function refuse(message: string, where: NonNullable<JobFailure['where']> = {}): never {
  throw new InputFailure({ kind: 'task', message, where, log: [] });
}
