/**
 * Runs a workflow with switches and asks results in SQL, as a process of its own: node validation-run.js REQUEST.json. Writes the
 * answers as JSON and prints the process's peak memory.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Store } from '../cache/store.js';
import { loadWorkflow } from '../engine/language/load.js';
import { WorkerPool } from '../engine/pool.js';
import { queryStudy } from '../engine/query.js';
import { runStudy } from '../engine/study.js';
import { registry } from '../tasks/registry.js';

export type Cell = string | number | boolean | null;
export type Row = Readonly<Record<string, Cell>>;

export interface Request {
  readonly workflow: string;
  readonly store: string;
  readonly sets: readonly string[];
  /** Nodes; none: everything, published. */
  readonly targets: readonly string[];
  /** SQL by the name of its answer. */
  readonly queries: Readonly<Record<string, string>>;
  /** File of the answers. */
  readonly answers: string;
}

export type Answers = Readonly<Record<string, readonly Row[]>>;

const MEMORY = 8 * 2 ** 30;
const WORKERS = 1;

const request = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Request;
const sets = request.sets.map((text) => {
  const equals = text.indexOf('=');
  return { path: text.slice(0, equals), value: text.slice(equals + 1) };
});
const { workflow, diagnostics } = loadWorkflow({ file: request.workflow, sets, registry });
if (!workflow) throw new Error(JSON.stringify(diagnostics));
const store = new Store(request.store);
const { status, failures, run } = await runStudy({
  workflow,
  store,
  executor: new WorkerPool({
    entry: new URL('../cli/worker.js', import.meta.url),
    objectFolder: join(store.folder, 'objects'),
    size: WORKERS,
  }),
  memory: MEMORY,
  failFast: false,
  targets: request.targets,
  signal: new AbortController().signal,
  onEvent: () => undefined,
});
if (status !== 'done') throw new Error(`run ${run}: ${status}\n${JSON.stringify(failures, null, 2)}`);
const answers: Record<string, readonly Row[]> = {};
for (const [name, sql] of Object.entries(request.queries)) {
  const { columns, rows } = await queryStudy(store, workflow.name, sql);
  answers[name] = rows.map((row) => Object.fromEntries(columns.map((column, c) => [column.name, row[c]!])));
}
writeFileSync(request.answers, JSON.stringify(answers));
store.close();
process.stdout.write(String(process.resourceUsage().maxRSS * 1024));
