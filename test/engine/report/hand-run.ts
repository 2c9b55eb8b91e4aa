/**
 * A run made by hand: a workflow and what each of its instances gives, so that a report can be tested without computing.
 *
 * Failures are carried to what strictly depends on them, as a run does.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArtifactRef } from '../../../cache/artifact.js';
import { digestOf } from '../../../cache/digest.js';
import { Store } from '../../../cache/store.js';
import { describeWorkflow } from '../../../engine/describe.js';
import type { NodeSummary } from '../../../engine/event.js';
import { Status, type NodeState } from '../../../engine/graph.js';
import { itemId, type Item, type Scalar } from '../../../engine/item.js';
import { loadWorkflow } from '../../../engine/language/load.js';
import { templateSource } from '../../../engine/language/template.js';
import { renderDiagnostic } from '../../../engine/language/render.js';
import { buildGraph, defaultTargets, type RunGraph } from '../../../engine/plan-graph.js';
import type { ReportInput } from '../../../engine/report/report.js';
import { writeGroup } from '../../../engine/record.js';
import { TaskError, type OutputValue, type Registry } from '../../../engine/task.js';
import type { Workflow } from '../../../engine/workflow.js';

export type Items = Readonly<Record<string, Scalar>>;

export interface HandRunOptions {
  readonly yaml: string;
  readonly registry: Registry;
  /** Outputs of an instance. @throws TaskError for one that fails. */
  make(node: string, items: Items): Readonly<Record<string, OutputValue>>;
  /** Items of dynamic axes. */
  readonly axes?: Readonly<Record<string, readonly Item[]>>;
  readonly warnings?: (node: string, items: Items) => readonly string[];
  /** The workflow's folder; paths in it must not reach the page. */
  readonly folder?: string;
  /** Nodes at which the run was stopped. */
  readonly stopped?: readonly string[];
  readonly made?: (node: string) => number;
  readonly sets?: readonly { path: string; value: string }[];
}

/** 2025-03-04, noon. */
export const MADE = Date.UTC(2025, 2, 4, 12);

export class HandRuns {
  readonly folder = mkdtempSync(join(tmpdir(), 'cohortflow-report-'));
  readonly store = new Store(join(this.folder, 'store'));

  remove(): void {
    this.store.close();
    rmSync(this.folder, { recursive: true });
  }

  async run(options: HandRunOptions): Promise<ReportInput> {
    const workflow = load(options);
    const graph = buildGraph(workflow, defaultTargets(workflow));
    for (const axis of graph.axes.values()) {
      const { source } = axis.axis;
      if (source.how === 'list') axis.resolve(source.items);
      else if (source.how === 'replicate')
        axis.resolve(Array.from({ length: source.count }, (_, i) => i + 1));
      else axis.resolve(options.axes?.[axis.name] ?? []);
    }
    for (const state of graph.nodes.values()) {
      state.open();
      for (const dependency of state.dependencies) dependency.open();
      for (let i = 0; i < state.count; i++) await this.finish(state, i, options);
    }
    const files = [...workflow.inputs.values()]
      .filter(({ axes }) => axes.length === 0)
      .map(({ path }) => templateSource(path))
      .map((path) => ({ path, digest: digestOf('test', path.split('/').at(-1)) }));
    const { index } = this.store;
    const described = this.store.writer.json(describeWorkflow(workflow, files, graph.axes)).digest;
    const run = index.runs.start({ workflow: workflow.name, file: workflow.file, graph: described });
    for (const state of graph.nodes.values())
      index.runs.addNode(run, state.name, writeGroup(state, this.store));
    index.runs.end(run, 'done', {});
    return { workflow, store: this.store, graph, run, nodes: summaries(graph), failures: [], files };
  }

  private async finish(state: NodeState, i: number, options: HandRunOptions): Promise<void> {
    if (options.stopped?.includes(state.name)) return;
    const cause = causeOf(state, i);
    if (cause) {
      state.status[i] = Status.skipped;
      state.failures.set(i, cause);
      return;
    }
    const ids = Object.entries(state.items(i)).map(([axis, item]) => [axis, itemId(item)] as const);
    const items = Object.fromEntries(ids);
    let values: Readonly<Record<string, OutputValue>>;
    try {
      values = options.make(state.name, items);
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      const { message, where } = error;
      const root = { node: state.name, item: state.itemText(i) };
      state.status[i] = Status.failed;
      state.failures.set(i, { failure: { kind: 'task', message, where, log: [] }, root });
      return;
    }
    const outputs: Record<string, ArtifactRef> = {};
    for (const [port, value] of Object.entries(values)) outputs[port] = await this.write(value);
    const digests = Object.entries(outputs).map(([port, { digest }]) => [port, digest]);
    const key = digestOf('test key', [state.node.task.name, items, digests]);
    const preimage = { task: state.node.task.name, version: 1, params: {}, inputs: [], seed: null };
    const made = options.made?.(state.name) ?? MADE;
    const warnings = options.warnings?.(state.name, items) ?? [];
    const details = { seconds: 1, memory: 1, backend: 'portable, node 20', made, warnings, log: [] };
    this.store.index.addEntry(key, { outputs }, preimage, details);
    state.keys[i] = key;
    state.outputs[i] = outputs;
    state.status[i] = Status.fresh;
  }

  private async write(value: OutputValue): Promise<ArtifactRef> {
    const { writer } = this.store;
    switch (value.kind) {
      case 'table':
        return writer.table(value.table);
      case 'file':
        if ('path' in value) throw new Error('a file made by hand has its bytes');
        return writer.file(value.bytes, value.extension);
      case 'array':
        return writer.array(value.array);
      case 'json':
        return writer.json(value.json);
      case 'view':
        throw new Error('no view is made by hand');
    }
  }
}

function load({ yaml, registry, folder = '/home/ada/study', sets = [] }: HandRunOptions): Workflow {
  const { workflow, diagnostics, sources } = loadWorkflow({
    file: `${folder}/study.yaml`,
    sets,
    registry,
    cwd: folder,
    readFile: () => `cohortflow: 1\nname: hand\n${yaml}`,
    exists: () => true,
  });
  if (workflow) return workflow;
  throw new Error(diagnostics.map((each) => renderDiagnostic(each, sources, { colour: false })).join('\n'));
}

function causeOf(state: NodeState, i: number) {
  for (const dependency of state.dependencies) {
    if (dependency.reference.survivors) continue;
    for (const p of dependency.producersOf(dependency.groupOfConsumer(i))) {
      const failure = dependency.producer.failures.get(p);
      if (failure) return failure;
    }
  }
  return null;
}

function summaries(graph: RunGraph): NodeSummary[] {
  return [...graph.nodes.values()].map((state) => {
    const { fresh, failed, skipped, waiting } = state.tally();
    return {
      node: state.name,
      task: state.node.task.name,
      instances: state.count,
      fresh,
      ran: 0,
      failed,
      skipped,
      open: waiting,
      unsure: 0,
      unchanged: 0,
      seconds: 0,
      reasons: {},
      warnings: [],
    };
  });
}
