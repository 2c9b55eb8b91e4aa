/**
 * The entry of a worker process: the tasks and the numeric library that it serves.
 *
 * Not responsible for the process's life and its messages (engine/worker-process.ts).
 */
import { createRequire } from 'node:module';
import { serveProcess } from '../engine/worker-process.js';
import { linalg } from '../stats/linalg/linalg.js';
import { registry } from '../tasks/registry.js';

serveProcess(registry, backend);

/** The numeric library, when the tasks so far have used one, and the version of Node. */
function backend(): string {
  const node = `node ${process.versions.node}`;
  return usesNumerics() ? `${linalg().name}, ${node}` : node;
}

/** Asking for the library would load it. It comes through koffi, except where the environment forbids one. */
function usesNumerics(): boolean {
  if (process.env['COHORTFLOW_BLAS'] === 'none') return true;
  return Object.keys(createRequire(import.meta.url).cache).some((path) => /[/\\]koffi[/\\]/.test(path));
}
