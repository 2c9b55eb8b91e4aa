/**
 * The entry of a worker process: the tasks and the numeric library that it serves.
 *
 * Not responsible for the process's life and its messages (engine/worker-process.ts).
 */
import { serveProcess } from '../engine/worker-process.js';
import { linalgInUse } from '../stats/linalg/linalg.js';
import { registry } from '../tasks/registry.js';

/** The numeric library, when the tasks so far have used one, and the version of Node. */
function backend(): string {
  const library = linalgInUse();
  const node = `node ${process.versions.node}`;
  return library ? `${library.name}, ${node}` : node;
}

serveProcess(registry, backend);
