/**
 * Study: runs or plans a workflow on a store from beginning to end, and records it.
 *
 * Not responsible for parsing arguments or showing anything (cli/), nor for what one instance goes through (run.ts).
 */
import { dirname, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Digest } from '../cache/artifact.js';
import type { Store } from '../cache/store.js';
import { describeWorkflow } from './describe.js';
import type { Event, NodeSummary } from './event.js';
import type { Failure } from './graph.js';
import { templateSource } from './language/template.js';
import { defaultTargets } from './plan-graph.js';
import type { Executor } from './pool.js';
import { publishStudy, type PublishOutcome } from './publish.js';
import { lastRun, writeGroup } from './record.js';
import { Run } from './run.js';
import { ImportReader } from './import-reader.js';
import { PlanHold } from './plan-hold.js';
import { storePlan, type StoredPlan } from './stored-plan.js';
import type { Binding, Reference, Workflow } from './workflow.js';

export interface StudyOptions {
  readonly workflow: Workflow;
  readonly store: Store;
  /** Runs the calls; closed when the run is over. */
  readonly executor: Executor;
  /** Bytes that running calls may claim together. */
  readonly memory: number;
  readonly failFast: boolean;
  /** Nodes to bring about; empty: whatever is published. */
  readonly targets: readonly string[];
  /** Only what this plan found is computed. */
  readonly plan?: StoredPlan;
  /** Interrupts the run when aborted. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: Event) => void;
  /** Given the run's live counts once it has begun. */
  readonly onStart?: (progress: () => { done: number; known: number; running: readonly string[] }) => void;
}

/** What first failed, and how much was skipped because of it. */
export interface RootFailure {
  readonly node: string;
  readonly item: string;
  readonly failure: Failure['failure'];
  /** What is connected to the port that the failure names: paths of files, and `node.port`. */
  readonly from: readonly string[];
  readonly skipped: number;
}

export interface StudyOutcome {
  readonly run: number;
  readonly status: 'done' | 'failed' | 'interrupted';
  readonly seconds: number;
  readonly nodes: readonly NodeSummary[];
  readonly failures: readonly RootFailure[];
  readonly published: PublishOutcome | null;
}

/** @throws PlanDeviationError when the run would do anything besides the plan; what was finished is kept. */
export async function runStudy(options: StudyOptions): Promise<StudyOutcome> {
  const { store } = options;
  const started = performance.now();
  for (let isTold = false; !store.index.sessions.enter('run'); isTold = true) {
    const message = 'the store is being cleaned up; waiting for it';
    if (!isTold) options.onEvent({ type: 'warning', node: '', item: '', message });
    // Ctrl-C ends the waiting, too.
    await setTimeout(500, undefined, { signal: options.signal });
  }
  try {
    return await runInSession(options, started);
  } finally {
    store.index.sessions.leave();
  }
}

async function runInSession(options: StudyOptions, started: number): Promise<StudyOutcome> {
  const { workflow, store } = options;
  const previous = lastRun(store, workflow.name);
  const run = new Run(workflow, store, {
    targets: options.targets.length > 0 ? options.targets : defaultTargets(workflow),
    pool: options.executor,
    memory: options.memory,
    failFast: options.failFast,
    previous,
    hold: options.plan ? new PlanHold(options.plan, store) : null,
    onEvent: options.onEvent,
  });
  const onAbort = (): void => run.interrupt();
  options.signal.addEventListener('abort', onAbort);
  if (options.signal.aborted) run.interrupt();
  options.onStart?.(() => run.tally.overall());
  try {
    options.onEvent({ type: 'start', run: null, workflow: workflow.name, nodes: run.tally.nodeCount });
    await run.execute();
  } finally {
    options.signal.removeEventListener('abort', onAbort);
    options.executor.close();
  }

  const failures = rootFailures(workflow, run);
  const nodes = run.summaries();
  const status = run.interrupted ? 'interrupted' : failures.length > 0 ? 'failed' : 'done';
  if (status === 'done') requireComplete(nodes);
  const seconds = (performance.now() - started) / 1000;
  const id = store.index.transaction(() => {
    const graph = store.writer.json(describeWorkflow(workflow, run.raw.known(), run.graph.axes)).digest;
    const row = store.index.runs.start({ workflow: workflow.name, file: workflow.file, graph });
    for (const state of run.graph.nodes.values())
      store.index.runs.addNode(row, state.name, writeGroup(state, store));
    store.index.runs.end(row, status, { seconds, nodes, targets: options.targets });
    return row;
  });
  const published =
    status === 'interrupted' || options.targets.length > 0
      ? null
      : await publishStudy({
          workflow,
          store,
          run: id,
          graph: run.graph,
          nodes,
          failures,
          files: run.raw.known(),
        });
  return { run: id, status, seconds, nodes, failures, published };
}

/** A run without a failure has brought every instance to an end, or the engine is wrong. */
function requireComplete(nodes: readonly NodeSummary[]): void {
  const open = nodes.find(({ instances, open: left }) => instances < 0 || left > 0);
  if (open) throw new Error(`internal error: the run ended with node '${open.node}' unfinished`);
}

export interface PlanOutcome {
  /** Under which the plan is kept (stored-plan.ts). */
  readonly id: Digest;
  readonly nodes: readonly NodeSummary[];
  readonly failures: readonly RootFailure[];
  /** Sum of the expected seconds of what runs for certain, over all workers. */
  readonly estimate: number;
  /** Tasks of which something runs for certain and nothing was ever measured: they are not in the estimate. */
  readonly unmeasured: readonly string[];
}

export async function planStudy(options: {
  workflow: Workflow;
  store: Store;
  targets: readonly string[];
  /** `path=value`, as given on the command line: kept with the plan. */
  sets?: readonly string[];
}): Promise<PlanOutcome> {
  const { workflow, store, targets, sets = [] } = options;
  const run = new Run(workflow, store, {
    targets: targets.length > 0 ? targets : defaultTargets(workflow),
    pool: null,
    reader: new ImportReader(store),
    memory: 0,
    failFast: false,
    previous: lastRun(store, workflow.name),
    hold: null,
    onEvent: () => undefined,
  });
  await run.execute();
  const nodes = run.summaries();
  const due = nodes.filter(({ open }) => open > 0);
  const seconds = new Map(due.map(({ task }) => [task, store.index.duration(task)?.seconds ?? null]));
  const estimate = due.reduce((sum, { task, open }) => sum + open * (seconds.get(task) ?? 0), 0);
  const unmeasured = [...seconds].flatMap(([task, measured]) => (measured === null ? [task] : [])).sort();
  const id = storePlan(workflow, store, run, { targets, sets });
  return { id, nodes, failures: rootFailures(workflow, run), estimate, unmeasured };
}

function rootFailures(workflow: Workflow, run: Run): RootFailure[] {
  const roots = new Map<
    string,
    { node: string; item: string; failure: Failure['failure']; skipped: number }
  >();
  for (const state of run.graph.nodes.values()) {
    const all = state.blocked ? [...state.failures.values(), state.blocked] : state.failures.values();
    for (const { failure, root } of all) {
      const name = JSON.stringify(root);
      const known = roots.get(name);
      const isRoot = root.node === state.name;
      if (known) known.skipped += isRoot ? 0 : 1;
      else roots.set(name, { ...root, failure, skipped: isRoot ? 0 : 1 });
    }
  }
  return [...roots.values()].map((root) => ({ ...root, from: connectedTo(workflow, root) }));
}

/** A task knows its ports, not the files behind them: the name of the file is what a reader can act on. */
function connectedTo(
  workflow: Workflow,
  { node, failure }: { readonly node: string; readonly failure: Failure['failure'] },
): string[] {
  const port = failure.where?.port;
  const binding = port === undefined ? undefined : workflow.nodes.get(node)?.inputs.get(port);
  const referencesOf = (of: Binding): readonly Reference[] => {
    if (of.how === 'one') return [of.reference];
    return of.how === 'bind' ? of.references : [...of.entries.values()].flatMap(referencesOf);
  };
  const names = (binding ? referencesOf(binding) : []).map(({ source }) => {
    if ('node' in source) return `${source.node}.${source.port}`;
    const input = workflow.inputs.get(source.input);
    return input ? relative(dirname(workflow.file), templateSource(input.path)) : source.input;
  });
  return [...new Set(names)];
}
