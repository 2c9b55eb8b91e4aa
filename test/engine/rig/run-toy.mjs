/** Runs a workflow of toy tasks as a process of its own, to be killed: node run-toy.mjs FILE WORKERS. Prints the outcome as JSON. */
import { dirname, join } from 'node:path';
import { Store } from '../../../dist/cache/store.js';
import { loadWorkflow } from '../../../dist/engine/language/load.js';
import { WorkerPool } from '../../../dist/engine/pool.js';
import { runStudy } from '../../../dist/engine/study.js';
import { registry } from './toy-tasks.mjs';

const [, , file, workers] = process.argv;
const { workflow, diagnostics } = loadWorkflow({ file, sets: [], registry });
if (!workflow) throw new Error(JSON.stringify(diagnostics));
const store = new Store(join(dirname(file), '.cohortflow'));
process.stdout.write('started\n');
const executor = new WorkerPool({
  entry: new URL('./toy-worker.mjs', import.meta.url),
  objectFolder: join(store.folder, 'objects'),
  size: Number(workers),
});
const outcome = await runStudy({
  workflow,
  store,
  executor,
  memory: 2 ** 32,
  failFast: false,
  targets: [],
  signal: new AbortController().signal,
  onEvent: () => undefined,
});
store.close();
process.stdout.write(
  `${JSON.stringify({
    status: outcome.status,
    ran: outcome.nodes.reduce((sum, { ran }) => sum + ran, 0),
    fresh: outcome.nodes.reduce((sum, { fresh }) => sum + fresh, 0),
    warnings: outcome.nodes.flatMap(({ warnings }) => warnings.map(({ message }) => message)),
    failures: outcome.failures.map(({ failure }) => failure.message),
  })}\n`,
);
