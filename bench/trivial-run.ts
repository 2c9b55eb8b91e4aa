/** Runs or plans a workflow of trivial tasks as a process of its own: node trivial-run.js run|plan FILE. Prints its peak memory. */
import { dirname, join } from 'node:path';
import { Store } from '../cache/store.js';
import { loadWorkflow } from '../engine/language/load.js';
import { WorkerPool } from '../engine/pool.js';
import { planStudy, runStudy } from '../engine/study.js';
import { registry } from './trivial-tasks.js';

const [verb, file = ''] = process.argv.slice(2);
const { workflow, diagnostics } = loadWorkflow({ file, sets: [], registry });
if (!workflow) throw new Error(JSON.stringify(diagnostics));
const store = new Store(join(dirname(file), '.cohortflow'));
if (verb === 'plan') {
  await planStudy({ workflow, store, targets: [] });
} else {
  const { status } = await runStudy({
    workflow,
    store,
    executor: new WorkerPool({
      entry: new URL('./trivial-worker.js', import.meta.url),
      objectFolder: join(store.folder, 'objects'),
      size: 2,
    }),
    memory: 2 ** 32,
    failFast: false,
    targets: [],
    signal: new AbortController().signal,
    onEvent: () => undefined,
  });
  if (status !== 'done') throw new Error(status);
}
store.close();
process.stdout.write(String(process.resourceUsage().maxRSS * 1024));
