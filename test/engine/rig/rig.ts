/**
 * The rig of graph tests: a folder with a workflow and its store, and one-line runs that tell who ran and who was fresh.
 *
 * Calls run in this process (through structured clone, as between processes) unless real workers are asked for.
 */
import Database from 'better-sqlite3';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Store } from '../../../cache/store.js';
import type { Event, NodeSummary } from '../../../engine/event.js';
import { loadWorkflow } from '../../../engine/language/load.js';
import { renderDiagnostic } from '../../../engine/language/render.js';
import { readGroup } from '../../../engine/record.js';
import { WorkerPool } from '../../../engine/pool.js';
import { findPlan } from '../../../engine/stored-plan.js';
import { planStudy, runStudy, type PlanOutcome, type StudyOutcome } from '../../../engine/study.js';
import type { Json } from '../../../engine/task.js';
import type { Workflow } from '../../../engine/workflow.js';
import { InProcess } from './in-process.js';
import { registry } from './toy-tasks.mjs';

export interface RunResult extends StudyOutcome {
  readonly events: readonly Event[];
  /** Names of nodes with instances computed, as `name` or `name×n` when more than one instance. */
  readonly ran: readonly string[];
  /** The most calls that ran at once in this process. */
  readonly busiest: number;
}

export class Rig {
  readonly folder = mkdtempSync(join(tmpdir(), 'cohortflow-'));
  sets: { path: string; value: string }[] = [];
  private store: Store | null = null;

  write(path: string, text: string): string {
    const full = join(this.folder, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
    return full;
  }

  /** The folder's study.yaml, as loaded. @throws Error with the rendered findings. */
  load(file = 'study.yaml'): Workflow {
    const { workflow, diagnostics, sources } = loadWorkflow({
      file: join(this.folder, file),
      sets: this.sets,
      registry,
    });
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    if (!workflow || errors.length > 0) {
      throw new Error(errors.map((d) => renderDiagnostic(d, sources, { colour: false })).join('\n'));
    }
    return workflow;
  }

  openStore(): Store {
    this.store ??= new Store(join(this.folder, '.cohortflow'));
    return this.store;
  }

  closeStore(): void {
    this.store?.close();
    this.store = null;
  }

  /** Forgets everything computed. */
  clearStore(): void {
    this.closeStore();
    rmSync(join(this.folder, '.cohortflow'), { recursive: true, force: true });
  }

  /** Writes `yaml` (when given) as study.yaml and runs it. */
  async run(
    yaml?: string,
    options: {
      workers?: number;
      targets?: string[];
      failFast?: boolean;
      signal?: AbortSignal;
      file?: string;
      /** The ID of a plan that the run is held to. */
      plan?: string;
      /** Bytes that running tasks may claim together. */
      memory?: number;
    } = {},
  ): Promise<RunResult> {
    if (yaml !== undefined) this.write('study.yaml', yaml);
    const store = this.openStore();
    const objectFolder = join(store.folder, 'objects');
    const executor = options.workers
      ? new WorkerPool({
          entry: new URL('./toy-worker.mjs', import.meta.url),
          objectFolder,
          size: options.workers,
        })
      : new InProcess(store, registry, 2);
    const events: Event[] = [];
    const outcome = await runStudy({
      workflow: this.load(options.file),
      store,
      executor,
      memory: options.memory ?? 4 * 2 ** 30,
      failFast: options.failFast ?? false,
      targets: options.targets ?? [],
      ...(options.plan === undefined ? {} : { plan: findPlan(store, options.plan) }),
      signal: options.signal ?? new AbortController().signal,
      onEvent: (event) => events.push(event),
    });
    const busiest = executor instanceof InProcess ? executor.busiest : NaN;
    return { ...outcome, events, ran: whoRan(outcome.nodes), busiest };
  }

  async plan(yaml?: string): Promise<PlanOutcome> {
    if (yaml !== undefined) this.write('study.yaml', yaml);
    return planStudy({ workflow: this.load(), store: this.openStore(), targets: [] });
  }

  /** The keys of a node's instances in the last run. */
  keys(node: string): string[] {
    const store = this.openStore();
    const [run] = store.index.runs.list(null, 1);
    const group = readGroup(store.index.runs.node(run!.id, node)!, store);
    return Array.from({ length: group.header.count }, (_, i) => group.key(i)!);
  }

  /** The JSON output of a node's instance in the last run. */
  json(node: string, items: Record<string, string | number> = {}, port = 'out'): Json {
    const store = this.openStore();
    const [run] = store.index.runs.list(null, 1);
    const group = readGroup(store.index.runs.node(run!.id, node)!, store);
    const ref = group.outputs(group.find(items), store)?.[port];
    if (!ref) throw new Error(`${node} has no output ${port} for ${JSON.stringify(items)}`);
    return store.artifacts.json(ref.digest) as Json;
  }

  /** Digests of all outputs of all instances in the last run, by node and items. */
  digests(): Record<string, string> {
    const store = this.openStore();
    const [run] = store.index.runs.list(null, 1);
    const found: Record<string, string> = {};
    for (const { node, manifest } of store.index.runs.nodes(run!.id)) {
      const group = readGroup(manifest, store);
      for (let i = 0; i < group.header.count; i++) {
        for (const [port, ref] of Object.entries(group.outputs(i, store) ?? {})) {
          found[`${node}[${group.itemText(i)}].${port}`] = ref.digest;
        }
      }
    }
    return found;
  }

  /** How many results the store holds. */
  countEntries(): number {
    const db = new Database(join(this.folder, '.cohortflow/index.sqlite'), { readonly: true });
    const count = db.prepare<[], number>('SELECT count(*) FROM entry').pluck().get();
    db.close();
    return Number(count);
  }

  remove(): void {
    this.store?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function whoRan(nodes: readonly NodeSummary[]): string[] {
  return nodes
    .flatMap(({ node, ran, instances }) => (ran === 0 ? [] : instances === 1 ? [node] : [`${node}×${ran}`]))
    .sort();
}
