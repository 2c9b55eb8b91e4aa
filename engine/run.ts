/**
 * Run: brings every needed instance to an end. Keys it when its inputs are known, looks it up, computes what is missing,
 * commits each result as it comes, and carries failures only to what strictly depends on them.
 *
 * A plan is the same walk without computing. Not responsible for processes (pool.ts), for inputs (binding.ts, raw.ts)
 * or for publishing (publish.ts).
 *
 * An instance's way:
 *
 *   waiting ──all groups finished──▶ ready ──raw files to read──▶ (awaiting) ──read──▶ ready
 *      │                              │ key in the store ──▶ fresh
 *      │ a strict dependency failed   │ key missing ──▶ queued ──▶ running ──▶ ran | failed
 *      ▼                              ▼ (plan)
 *   skipped                          due ──▶ dependents unsure
 */
import PQueue from 'p-queue';
import type { ArtifactRef, Digest } from '../cache/artifact.js';
import type { EntryDetails, Preimage } from '../cache/index.js';
import type { Store } from '../cache/store.js';
import { canonicalJson } from '../cache/digest.js';
import { AxisLoader } from './axes.js';
import { Binder, InputFailure, keyOf, type BoundInputs } from './binding.js';
import { callJob, resourcesOf } from './call.js';
import type { Event, NodeSummary } from './event.js';
import { isFinished, Status, type Dependency, type Failure, type NodeState } from './graph.js';
import { itemId } from './item.js';
import type { ItemResult, JobFailure } from './job.js';
import { resolveParams } from './language/resolve-params.js';
import { buildGraph, criticalPath, type RunGraph } from './plan-graph.js';
import type { Executor } from './pool.js';
import { WorkQueue, type Work } from './queue.js';
import { RawFiles, type RawTable } from './raw.js';
import { RunGroups } from './record.js';
import { instanceSeed } from './seed.js';
import type { Json } from './task.js';
import { Tally } from './tally.js';
import { comparePreimages, type Reason } from './why.js';
import type { Workflow } from './workflow.js';

export interface RunOptions {
  readonly targets: readonly string[];
  /** null: a plan; nothing is computed. */
  readonly pool: Executor | null;
  /** Bytes that running calls may claim together. */
  readonly memory: number;
  readonly failFast: boolean;
  /** The last recorded run of the workflow: what reasons compare with. */
  readonly previous: number | null;
  readonly onEvent: (event: Event) => void;
}

interface RunningCall {
  readonly works: readonly Work[];
  /** Indices without a result. */
  readonly open: Set<number>;
  announced: number;
  memory: number;
}

export class Run {
  readonly graph: RunGraph;
  readonly raw: RawFiles;
  readonly tally: Tally;
  readonly groups: RunGroups;
  readonly binder: Binder;
  private readonly axes: AxisLoader;
  private readonly queue: WorkQueue;
  private readonly ready: [NodeState, number][] = [];
  /** Instances whose inputs must be read from raw files first. */
  private awaiting: [NodeState, number][] = [];
  private readonly unopened: Set<NodeState>;
  /** Who computes a key, and who waits for the same one. */
  private readonly claimed = new Map<Digest, Work[]>();
  private readonly calls = new Set<RunningCall>();
  private readonly hashing = new PQueue({ concurrency: 4 });
  private uncommitted: { work: Work; result: ItemResult; details: EntryDetails }[] = [];
  private pumpScheduled = false;
  private background = 0;
  private claimedMemory = 0;
  private stopped: 'no' | 'failed' | 'interrupted' | 'broken' = 'no';
  private finish: (() => void) | null = null;
  private broken: unknown = null;

  constructor(
    private readonly workflow: Workflow,
    private readonly store: Store,
    private readonly options: RunOptions,
  ) {
    this.graph = buildGraph(workflow, options.targets);
    this.raw = new RawFiles(store);
    this.groups = new RunGroups(store, options.previous);
    this.tally = new Tally(this.graph, options.onEvent);
    this.binder = new Binder(workflow, store, this.raw, this.graph.dependencies);
    this.axes = new AxisLoader(workflow, store, this.raw, this.graph);
    const path = criticalPath(this.graph, (task) => store.index.duration(task)?.seconds ?? 1);
    this.queue = new WorkQueue((state) => path.get(state) ?? 0);
    this.unopened = new Set(this.graph.nodes.values());
  }

  /** Resolves when nothing more can be done. @throws what the store throws when it cannot be written. */
  async execute(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.finish = resolve;
      this.pumpSoon();
    });
    this.finish = null;
    if (this.broken) throw this.broken as Error;
  }

  /** Ends the run: what has arrived is committed, what is running is dropped. */
  interrupt(): void {
    this.stop('interrupted');
  }

  get interrupted(): boolean {
    return this.stopped === 'interrupted';
  }

  private stop(how: 'failed' | 'interrupted' | 'broken'): void {
    if (this.stopped === 'no') this.stopped = how;
    this.pumpSoon();
  }

  // ---- the pump: everything that can be done now, then wait for the next message ----

  private pumpSoon(): void {
    if (this.pumpScheduled) return;
    this.pumpScheduled = true;
    setImmediate(() => {
      this.pumpScheduled = false;
      try {
        this.pump();
      } catch (error) {
        this.broken = error;
        this.stopped = 'broken';
        this.finish?.();
      }
    });
  }

  private pump(): void {
    if (this.stopped !== 'broken') this.commit();
    if (this.stopped === 'interrupted' || this.stopped === 'broken') {
      this.finish?.();
      return;
    }
    do {
      this.openNodes();
      // Lookups read the store one by one: in one read transaction they are several times faster.
      this.store.index.reading(() => {
        for (let i = 0; i < this.ready.length; i++) this.decide(...this.ready[i]!);
        this.ready.length = 0;
      });
    } while (this.ready.length > 0 || this.canOpen());
    this.satisfyNeeds();
    if (this.stopped === 'no') this.dispatch();
    if (this.calls.size === 0 && this.background === 0 && this.uncommitted.length === 0) this.finish?.();
  }

  /** Work outside the pump that will come back to it. */
  private inBackground(work: () => Promise<void>): void {
    this.background++;
    work()
      .catch((error: unknown) => {
        this.broken = error;
        this.stopped = 'broken';
      })
      .finally(() => {
        this.background--;
        this.pumpSoon();
      });
  }

  // ---- opening: axes become items, nodes become instances ----

  private canOpen(): boolean {
    for (const state of this.unopened) if (this.openable(state)) return true;
    return false;
  }

  private openable(state: NodeState): boolean {
    return (
      state.axes.every((axis) => axis.items !== null || axis.blocked !== null) &&
      state.dependencies.every(({ producer }) => producer.opened || producer.blocked !== null)
    );
  }

  private openNodes(): void {
    this.axes.resolve((work) => this.inBackground(work));
    for (const state of this.unopened) {
      if (!this.openable(state)) continue;
      this.unopened.delete(state);
      const blocked =
        state.axes.find((axis) => axis.blocked)?.blocked ??
        state.dependencies.find((d) => d.producer.blocked)?.producer.blocked;
      if (blocked) {
        state.blocked = blocked;
        continue;
      }
      state.open();
      this.tally.opened(state);
      for (const dependency of state.dependencies) dependency.open();
      this.countPending(state);
      for (let i = 0; i < state.count; i++) {
        if (state.status[i] === Status.waiting && state.pending[i] === 0) this.ready.push([state, i]);
      }
      this.tally.maybeEnded(state);
    }
  }

  private countPending(state: NodeState): void {
    for (const dependency of state.dependencies) {
      if (dependency.absent !== null) {
        const failure = taskFailure(`'${dependency.producer.name}': ${dependency.absent}`);
        for (let i = 0; i < state.count; i++) this.fail(state, i, failure);
        continue;
      }
      for (let g = 0; g < dependency.remaining.length; g++) {
        if (dependency.remaining[g]! > 0) for (const i of dependency.consumersOf(g)) state.pending[i]!++;
        for (const p of dependency.producersOf(g)) this.carry(dependency, p, g);
      }
    }
  }

  // ---- deciding: key, look up, queue ----

  private decide(state: NodeState, i: number): void {
    if (state.status[i] !== Status.waiting) return;
    const items = state.items(i);
    const resolved = resolveParams(state.node.task, state.node.with, items);
    if ('diagnostics' in resolved) {
      this.fail(state, i, taskFailure(resolved.diagnostics.map((d) => d.message).join('; ')));
      return;
    }
    let inputs: BoundInputs | null;
    try {
      inputs = this.binder.bind(state, i, resolved.params);
    } catch (error) {
      if (!(error instanceof InputFailure)) throw error;
      this.fail(state, i, error.failure);
      return;
    }
    if (!inputs) {
      this.awaiting.push([state, i]);
      return;
    }
    const { task } = state.node;
    const replicates = state.axes.flatMap((axis) =>
      axis.axis.source.how === 'replicate' ? [itemId(items[axis.name]!)] : [],
    );
    const seed = task.seeded
      ? instanceSeed(this.workflow.seed, task.name, state.node.stream, replicates)
      : null;
    const preimage: Preimage = {
      task: task.name,
      version: task.version,
      params: resolved.params,
      inputs: inputs.preimage,
      seed,
    };
    const key = keyOf(preimage);
    state.keys[i] = key;
    const entry = this.store.index.lookup(key);
    if (entry) {
      this.complete(state, i, Status.fresh, entry.outputs);
      return;
    }
    this.tally.due(state, i, () => this.reason(state, i, preimage));
    if (!this.options.pool) {
      this.complete(state, i, Status.due, null);
      return;
    }
    const work: Work = {
      state,
      instance: i,
      key,
      params: resolved.params,
      seed,
      inputs,
      preimage,
      alone: false,
    };
    state.status[i] = Status.queued;
    const same = this.claimed.get(key);
    if (same) same.push(work);
    else {
      this.claimed.set(key, [work]);
      this.enqueue(work);
    }
  }

  private enqueue(work: Work): void {
    const { task } = work.state.node;
    if (work.alone || !('batch' in task)) {
      this.queue.add(work, work.key);
      return;
    }
    const { shared, varies } = task.batch;
    const params = Object.entries(work.params as Record<string, Json>).filter(
      ([name]) => !varies.includes(name),
    );
    const inputs = work.preimage.inputs.filter(([port]) => shared.includes(port));
    this.queue.add(work, canonicalJson([Object.fromEntries(params), inputs, work.seed]));
  }

  /** Why this instance is not in the store, against the last run of the workflow. */
  private reason(state: NodeState, i: number, preimage: Preimage): Reason {
    const group = this.groups.get(state.name);
    if (!group) return { kind: 'first' };
    const items = Object.fromEntries(
      Object.entries(state.items(i)).map(([axis, item]) => [axis, itemId(item)]),
    );
    const at = group.find(items);
    if (at < 0) return { kind: 'new-item' };
    if (group.ending(at) !== 'done') return { kind: 'unfinished' };
    const key = group.key(at);
    const before = key === null || key === state.keys[i] ? null : this.store.index.preimage(key);
    if (!before) return { kind: 'lost' };
    return {
      kind: 'changed',
      changes: comparePreimages(before, preimage, (digest) => this.binder.partBody(digest)),
    };
  }

  // ---- ending: done, failed, skipped ----

  private complete(
    state: NodeState,
    i: number,
    status: number,
    outputs: Readonly<Record<string, ArtifactRef>> | null,
  ): void {
    state.status[i] = status;
    state.outputs[i] = outputs;
    this.tally.ended(state, i, status);
    this.propagate(state, i);
  }

  private fail(state: NodeState, i: number, failure: JobFailure): void {
    if (isFinished(state.status[i]!)) return;
    const root = { node: state.name, item: state.itemText(i) };
    state.failures.set(i, { failure, root });
    state.status[i] = Status.failed;
    this.tally.failed(state, i, { failure, root });
    if (this.options.failFast) this.stop('failed');
    this.propagate(state, i);
  }

  private skip(state: NodeState, i: number, status: number, cause: Failure | null): void {
    if (state.status[i] !== Status.waiting) return;
    state.status[i] = status;
    if (cause) state.failures.set(i, cause);
    this.tally.ended(state, i, status);
    this.propagate(state, i);
  }

  private propagate(state: NodeState, i: number): void {
    for (const dependency of state.dependents) {
      const { consumer } = dependency;
      if (!consumer.opened || dependency.absent !== null) continue;
      const group = dependency.groupOfProducer(i);
      if (group < 0) continue;
      this.carry(dependency, i, group);
      if (--dependency.remaining[group]! > 0) continue;
      for (const c of dependency.consumersOf(group)) {
        if (--consumer.pending[c]! === 0 && consumer.status[c] === Status.waiting)
          this.ready.push([consumer, c]);
      }
    }
  }

  /** A producer without a result stops the consumers of its group, unless they take the survivors. */
  private carry(dependency: Dependency, producer: number, group: number): void {
    const status = dependency.producer.status[producer]!;
    const isFailure = status === Status.failed || status === Status.skipped;
    const isUnsure = status === Status.due || status === Status.unsure;
    if (!isUnsure && !(isFailure && !dependency.reference.survivors)) return;
    const cause = isFailure ? dependency.producer.failures.get(producer)! : null;
    for (const c of dependency.consumersOf(group)) {
      this.skip(dependency.consumer, c, isFailure ? Status.skipped : Status.unsure, cause);
    }
  }

  // ---- raw files ----

  private satisfyNeeds(): void {
    for (const path of this.raw.takeUnhashed()) {
      this.options.onEvent({ type: 'reading', path, what: 'taking the digest' });
      this.inBackground(async () => {
        await this.hashing.add(() => this.raw.hash(path));
        this.retryAwaiting();
      });
    }
    const { pool } = this.options;
    if (!pool) {
      // A plan reads no cells: what waits for them may run.
      if (this.background === 0)
        for (const [state, i] of this.awaiting.splice(0)) this.skip(state, i, Status.unsure, null);
      return;
    }
    if (this.stopped !== 'no') return;
    while (pool.free > 0) {
      const [next] = this.raw.takeJobs(1);
      if (!next) break;
      this.readTable(pool, next.table, next.job);
    }
  }

  private readTable(
    pool: Executor,
    table: RawTable,
    job: Parameters<Executor['start']>[0] & { kind: 'import' },
  ): void {
    const what = job.columns ? `${job.columns.filter(Boolean).length} columns` : 'names and types of columns';
    this.options.onEvent({ type: 'reading', path: table.path, what });
    this.background++;
    const details = (): EntryDetails => ({
      seconds: 0,
      memory: 0,
      backend: 'duckdb',
      made: Date.now(),
      warnings: [],
      log: [],
    });
    pool.start(job, [], {
      message: (message) => {
        if (message.type === 'header') {
          this.raw.acceptHeader(table, message.header, details());
          for (const text of message.header.warnings) {
            this.options.onEvent({ type: 'warning', node: '', item: '', message: text });
          }
        } else if (message.type === 'columns') {
          this.raw.acceptColumns(table, message.tables, message.inline, details());
        } else if (message.type === 'failed') {
          this.raw.fail(table, message.failure);
        }
      },
      ended: (died) => {
        if (died) this.raw.fail(table, died);
        this.background--;
        this.retryAwaiting();
        this.pumpSoon();
      },
    });
  }

  private retryAwaiting(): void {
    for (const entry of this.awaiting.splice(0)) this.ready.push(entry);
  }

  // ---- calls ----

  private dispatch(): void {
    const { pool, memory } = this.options;
    while (pool && pool.free > 0 && this.queue.size > 0) {
      // A call that asks for more than there is runs by itself.
      const works = this.queue.take(pool.size, (first) => {
        return this.calls.size === 0 || this.claimedMemory + resourcesOf(first).memory <= memory;
      });
      if (!works) break;
      this.startCall(pool, works);
    }
  }

  private startCall(pool: Executor, works: readonly Work[]): void {
    const first = works[0]!;
    const memory = resourcesOf(first).memory;
    const call: RunningCall = { works, open: new Set(works.keys()), announced: -1, memory };
    this.calls.add(call);
    this.claimedMemory += memory;
    for (const { state, instance } of works) state.status[instance] = Status.running;
    this.tally.started(first.state, works.length);
    const { job, reads } = callJob(works, this.store);
    pool.start(job, reads, {
      message: (message) => {
        if (message.type === 'results') {
          const { backend, memory: peak } = message;
          for (const [index, result] of message.results) {
            call.open.delete(index);
            const { seconds, warnings, log } = result;
            const details = { seconds, memory: peak, backend, made: Date.now(), warnings, log };
            this.uncommitted.push({ work: works[index]!, result, details });
          }
          this.pumpSoon();
        } else if (message.type === 'failed') {
          call.open.delete(message.index);
          this.failWork(works[message.index]!, message.failure);
          this.pumpSoon();
        } else if (message.type === 'announce') {
          call.announced = message.index;
        } else if (message.type === 'progress') {
          this.tally.progress(first.state, works[message.index]!.instance, message.fraction);
        }
      },
      ended: (died) => {
        this.calls.delete(call);
        this.claimedMemory -= call.memory;
        this.afterCall(call, died);
        this.pumpSoon();
      },
    });
  }

  /** What a call left open: the announced item is to blame for a death; the others run again. */
  private afterCall(call: RunningCall, died: JobFailure | null): void {
    if (call.open.size === 0) return;
    const failure: JobFailure = died
      ? { ...died, message: `${died.message}; it had asked for ${Math.round(call.memory / 2 ** 20)} MiB` }
      : { kind: 'bug', message: 'internal error: the call ended without a result for this item', log: [] };
    const blamed = call.open.size === 1 ? [...call.open][0]! : call.announced;
    if (died && call.open.has(blamed)) {
      call.open.delete(blamed);
      this.failWork(call.works[blamed]!, failure);
    }
    // Without a culprit each is run by itself, so that the next death has one.
    const alone = !died || !call.works[blamed];
    for (const index of call.open) {
      const work = call.works[index]!;
      work.state.status[work.instance] = Status.queued;
      this.enqueue({ ...work, alone });
    }
  }

  private failWork(work: Work, failure: JobFailure): void {
    for (const { state, instance } of this.claimed.get(work.key) ?? [work])
      this.fail(state, instance, failure);
    this.claimed.delete(work.key);
  }

  /** Records what has arrived, in one transaction, and lets it go on. */
  private commit(): void {
    if (this.uncommitted.length === 0) return;
    const arrived = this.uncommitted;
    this.uncommitted = [];
    const { index } = this.store;
    const committed: [Work, Readonly<Record<string, ArtifactRef>>][] = [];
    index.transaction(() => {
      for (const { work, result, details } of arrived) {
        for (const [digest, bytes] of result.inline) this.store.write(digest, bytes);
        this.binder.storeParts(work.preimage.inputs.map(([, digest]) => digest));
        committed.push([work, index.addEntry(work.key, { outputs: result.outputs }, work.preimage, details)]);
        this.tally.computed(work.state, work.instance, details);
      }
      for (const [task, { seconds, memory }] of meanDurations(arrived))
        index.addDuration(task, seconds, memory);
    });
    for (const [work, outputs] of committed) {
      for (const { state, instance } of this.claimed.get(work.key) ?? [work]) {
        this.tally.compared(state, outputs, this.previousOutputs(state, instance));
        this.complete(state, instance, Status.ran, outputs);
      }
      this.claimed.delete(work.key);
    }
  }

  private previousOutputs(state: NodeState, i: number): Readonly<Record<string, ArtifactRef>> | null {
    const group = this.groups.get(state.name);
    if (!group) return null;
    const at = group.find(
      Object.fromEntries(Object.entries(state.items(i)).map(([axis, item]) => [axis, itemId(item)])),
    );
    return at < 0 ? null : group.outputs(at, this.store);
  }

  summaries(): NodeSummary[] {
    return [...this.graph.nodes.values()].map((state) => this.tally.summary(state));
  }
}

function taskFailure(message: string): JobFailure {
  return { kind: 'task', message, log: [] };
}

function meanDurations(
  arrived: readonly { work: Work; details: EntryDetails }[],
): Map<string, { seconds: number; memory: number }> {
  const sums = new Map<string, { seconds: number; memory: number; count: number }>();
  for (const { work, details } of arrived) {
    const name = work.state.node.task.name;
    const sum = sums.get(name) ?? { seconds: 0, memory: 0, count: 0 };
    sums.set(name, {
      seconds: sum.seconds + details.seconds,
      memory: Math.max(sum.memory, details.memory),
      count: sum.count + 1,
    });
  }
  return new Map(
    [...sums].map(([name, { seconds, memory, count }]) => [name, { seconds: seconds / count, memory }]),
  );
}
