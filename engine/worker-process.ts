/**
 * A worker as a process of its own: jobs come as messages from the parent, one after another; what it is at is written where the parent
 * can read it even when this process is gone.
 *
 * An error that nobody caught ends the process, and the parent then blames the item at work. Not responsible for what a job is
 * (worker.ts) nor for which tasks there are (the entry that calls this).
 */
import { writeSync } from 'node:fs';
import type { JobMessage, JobSpec } from './job.js';
import type { Registry } from './task.js';
import { serveJobs } from './worker.js';

/** File descriptor of the parent's file for the announced index (pool.ts). */
export const ANNOUNCE_FD = 4;

/** @param backend names the numeric library in use. */
export function serveProcess(registry: Registry, backend: () => string): void {
  const objectFolder = process.argv[2];
  if (objectFolder === undefined || !process.send) {
    throw new Error(
      'internal error: a worker is started by cohortflow, with the object folder as its argument',
    );
  }
  const announced = new Int32Array(1);
  const announcement = new Uint8Array(announced.buffer);
  const runJob = serveJobs({
    registry,
    objectFolder,
    backend,
    send: sendToParent,
    // A write of four bytes to a file in memory costs less than a message, and survives this process.
    announce: (index) => {
      announced[0] = index;
      writeSync(ANNOUNCE_FD, announcement, 0, 4, 0);
    },
  });
  let last = Promise.resolve();
  process.on('message', (job: JobSpec) => {
    // An error of the engine itself, not of a task: end the process, so that the parent hears of it.
    last = last.then(() => runJob(job)).catch(die);
  });
  // Ctrl-C reaches the whole group; the parent decides what becomes of its workers.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(0));
}

function sendToParent(message: JobMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(message, undefined, undefined, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function die(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(70);
}
