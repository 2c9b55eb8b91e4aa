/**
 * Run: brings every needed instance to an end: keys it when its inputs are known, looks it up, and has computed what is missing.
 *
 * A plan is the same walk without computing. Not responsible for dependencies (walk.ts), for computing (calls.ts), for raw files
 * (reading.ts) or for publishing (publish.ts).
 *
 * An instance's way:
 *
 *   waiting ──all groups finished──▶ ready ──raw files to read──▶ (awaiting) ──read──▶ ready
 *      │                              │ key in the store ──▶ fresh
 *      │ a strict dependency failed   │ key missing ──▶ queued ──▶ running ──▶ ran | failed
 *      ▼                              ▼ (plan)
 *   skipped                          due ──▶ dependents unsure
 */
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Preimage } from '../cache/index.js';
import { StoreUnavailableError } from '../cache/store-error.js';
import type { Store } from '../cache/store.js';
import { AxisLoader } from './axes.js';
import { Binder, type BoundInputs } from './binding.js';
import { Calls } from './calls.js';
import type { Event, NodeSummary } from './event.js';
import { Status, type NodeState } from './graph.js';
import { InputFailure } from './input-failure.js';
import { itemId, type Scalar } from './item.js';
import { keyOf } from './key.js';
import { resolveParams } from './language/resolve-params.js';
import type { PlanHold } from './plan-hold.js';
import { buildGraph, criticalPath, type RunGraph } from './plan-graph.js';
import type { Executor } from './pool.js';
import { RawFiles } from './raw.js';
import { Reading } from './reading.js';
import { RunGroups } from './record.js';
import { instanceSeed } from './seed.js';
import type { Json } from './task.js';
import { Tally } from './tally.js';
import { taskFailure, Walk, type Outputs } from './walk.js';
import { comparePreimages, type Reason } from './why.js';
import type { Workflow } from './workflow.js';

export interface RunOptions {
  readonly targets: readonly string[];
  /** null: a plan; nothing is computed. */
  readonly pool: Executor | null;
  /** Reads raw files where there is no pool, so that keys are known; null: what waits for them may run. */
  readonly reader?: Executor | null;
  /** Bytes that running calls may claim together. */
  readonly memory: number;
  readonly failFast: boolean;
  /** The last recorded run of the workflow: what reasons compare with. */
  readonly previous: number | null;
  /** What the run is held to; null: whatever is missing is computed. */
  readonly hold: PlanHold | null;
  readonly onEvent: (event: Event) => void;
}

/** How long to leave a store alone that another process holds. */
const BUSY_RETRY_MS = 1_000;

/** So many instances are decided before what they need is computed: the workers are not to wait for 100,000 keys. */
const DECIDED_AT_ONCE = 8_192;
/** Keys that are looked up by one query. */
const LOOKED_UP_AT_ONCE = 512;

/** failed: fail-fast, what runs may end. interrupted: what runs is dropped. broken: the store cannot be written. */
type Stop = 'no' | 'failed' | 'interrupted' | 'broken';

export class Run {
  readonly graph: RunGraph;
  readonly raw: RawFiles;
  readonly tally: Tally;
  readonly groups: RunGroups;
  readonly binder: Binder;
  private readonly walk: Walk;
  private readonly reading: Reading;
  private readonly calls: Calls | null;
  private pumpScheduled = false;
  private background = 0;
  private stopped: Stop = 'no';
  private finish: (() => void) | null = null;
  private broken: unknown = null;

  constructor(
    private readonly workflow: Workflow,
    private readonly store: Store,
    private readonly options: RunOptions,
  ) {
    const { onEvent, pool, memory } = options;
    this.graph = buildGraph(workflow, options.targets);
    this.raw = new RawFiles(store, dirname(workflow.file));
    this.groups = new RunGroups(store, options.previous);
    this.tally = new Tally(this.graph, onEvent);
    this.binder = new Binder(workflow, store, this.raw, this.graph);
    const axes = new AxisLoader(workflow, store, this.raw, this.graph);
    this.walk = new Walk(this.graph, axes, this.tally, ({ kind }) => {
      // A store that cannot be written would only fail everything else too.
      if (options.failFast || kind === 'store') this.stop('failed');
    });
    const hooks = {
      onEvent,
      inBackground: (work: () => Promise<void>) => this.inBackground(work),
      pumpSoon: () => this.pumpSoon(),
    };
    this.reading = new Reading(this.raw, this.walk.ready, hooks);
    const path = criticalPath(this.graph, (task) => store.index.duration(task)?.seconds ?? 1);
    this.calls =
      pool &&
      new Calls({
        ...hooks,
        store,
        pool,
        memory,
        walk: this.walk,
        tally: this.tally,
        binder: this.binder,
        priority: (state) => path.get(state) ?? 0,
        previousOutputs: (state, instance) => this.previousOutputs(state, instance),
        isStopped: () => this.stopped !== 'no',
      });
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

  summaries(): NodeSummary[] {
    return [...this.graph.nodes.values()].map((state) => this.tally.summary(state));
  }

  private stop(how: Stop): void {
    if (this.stopped === 'no') this.stopped = how;
    this.pumpSoon();
  }

  private break(error: unknown): void {
    this.broken ??= error;
    this.stopped = 'broken';
    this.finish?.();
  }

  // ---- the pump: everything that can be done now, then wait for the next message ----

  private pumpSoon(): void {
    if (this.pumpScheduled) return;
    this.pumpScheduled = true;
    setImmediate(() => {
      this.pumpScheduled = false;
      try {
        if (this.stopped !== 'broken') this.pump();
      } catch (error) {
        this.break(error);
      }
    });
  }

  /** Work outside the pump that will come back to it. */
  private inBackground(work: () => Promise<void>): void {
    this.background++;
    work()
      .catch((error: unknown) => this.break(error))
      .finally(() => {
        this.background--;
        this.pumpSoon();
      });
  }

  /** Records what has arrived. False when another process holds the store just now: it is kept and tried again. */
  private record(): boolean {
    try {
      this.reading.accept();
      this.calls?.commit();
      return true;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || error.reason !== 'busy') throw error;
      this.options.onEvent({
        type: 'warning',
        node: '',
        item: '',
        message: `${error.message}; waiting for it`,
      });
      this.inBackground(() => setTimeout(BUSY_RETRY_MS));
      return false;
    }
  }

  private pump(): void {
    if (!this.record()) return;
    if (this.stopped === 'interrupted') {
      this.finish?.();
      return;
    }
    const { ready } = this.walk;
    // What was decided may give an axis its items, and so open nodes: until nothing is ready.
    for (let left = DECIDED_AT_ONCE; ;) {
      this.walk.openNodes((work) => this.inBackground(work));
      if (ready.length === 0 || left === 0) break;
      // In one read transaction lookups and manifests are several times faster.
      this.store.index.reading(() => {
        while (ready.length > 0 && left > 0) {
          const some = ready.splice(0, Math.min(left, LOOKED_UP_AT_ONCE));
          left -= some.length;
          this.decide(some);
        }
      });
    }
    this.reading.hashFiles();
    const { pool, reader } = this.options;
    const reads = pool ?? reader ?? null;
    if (this.stopped === 'no' && reads) {
      this.reading.readTables(reads);
      this.calls?.dispatch();
    }
    if (ready.length > 0) {
      this.pumpSoon();
      return;
    }
    const isActive = this.background > 0 || this.reading.active || this.calls?.active === true;
    if (isActive) return;
    const unread = reads ? [] : this.reading.takeAwaiting();
    if (unread.length === 0) {
      this.finish?.();
      return;
    }
    // Nobody reads cells: what waits for them may run.
    for (const [state, i] of unread) this.walk.skip(state, i, Status.unsure, null);
    this.pumpSoon();
  }

  // ---- deciding: key, look up, have computed ----

  private decide(some: readonly (readonly [NodeState, number])[]): void {
    const made = some.flatMap(([state, i]) => {
      if (state.status[i] !== Status.waiting) return [];
      const of = this.make(state, i);
      return of ? [{ state, i, ...of, key: (state.keys[i] = keyOf(of.preimage)) }] : [];
    });
    const found = this.store.index.lookupAll(made.map(({ key }) => key));
    for (const { state, i, key, inputs, preimage } of made) {
      // Who waited for several files is ready several times.
      if (state.status[i] !== Status.waiting) continue;
      const entry = found.get(key);
      if (entry) {
        this.walk.complete(state, i, Status.fresh, entry.outputs);
        continue;
      }
      this.options.hold?.require(state, i, this.raw);
      this.tally.due(state, this.reason(state, i, preimage));
      const { params, seed } = preimage;
      if (this.calls)
        this.calls.add({
          state,
          instance: i,
          key,
          params: params as Json,
          seed,
          inputs,
          preimage,
          alone: false,
        });
      else this.walk.complete(state, i, Status.due, null);
    }
  }

  /** The inputs and the preimage of an instance whose dependencies are finished; null when it failed, or must wait for raw files. */
  private make(state: NodeState, i: number): { inputs: BoundInputs; preimage: Preimage } | null {
    this.raw.missed.clear();
    try {
      const made = this.preimage(state, i);
      if (!made) this.reading.await(state, i);
      return made;
    } catch (error) {
      if (!(error instanceof InputFailure)) throw error;
      this.walk.fail(state, i, error.failure);
      return null;
    }
  }

  /**
   * What the key of an instance is made of, and its inputs; null while raw files have to be read. Its dependencies must be finished.
   * @throws InputFailure when its parameters or inputs cannot be had
   */
  preimage(state: NodeState, i: number): { inputs: BoundInputs; preimage: Preimage } | null {
    const { task } = state.node;
    const resolved = resolveParams(task, state.node.with, state.items(i));
    if ('diagnostics' in resolved) {
      throw new InputFailure(taskFailure(resolved.diagnostics.map((d) => d.message).join('; ')));
    }
    const { params } = resolved;
    const inputs = this.binder.bind(state, i, params);
    if (!inputs) return null;
    const seed = task.seeded ? this.seedOf(state, i) : null;
    return {
      inputs,
      preimage: { task: task.name, version: task.version, params, inputs: inputs.preimage, seed },
    };
  }

  private seedOf(state: NodeState, i: number): string {
    const items = state.items(i);
    const replicates = state.axes.flatMap(({ name, axis }) =>
      axis.source.how === 'replicate' ? [itemId(items[name]!)] : [],
    );
    return instanceSeed(this.workflow.seed, state.node.task.name, state.node.stream, replicates);
  }

  // ---- against the last run of the workflow ----

  /** Why this instance is not in the store. */
  private reason(state: NodeState, i: number, preimage: Preimage): Reason {
    const group = this.groups.get(state.name);
    if (!group) return { kind: 'first' };
    const at = group.find(itemIds(state, i));
    if (at < 0) return { kind: 'new-item' };
    if (group.ending(at) !== 'done') return { kind: 'unfinished' };
    const key = group.key(at);
    const before = key === null || key === state.keys[i] ? null : this.store.index.preimage(key);
    if (!before) return { kind: 'lost' };
    return {
      kind: 'changed',
      changes: comparePreimages(before, preimage, (digest) => this.binder.parts.body(digest)),
    };
  }

  private previousOutputs(state: NodeState, i: number): Outputs | null {
    const group = this.groups.get(state.name);
    const at = group?.find(itemIds(state, i)) ?? -1;
    return group && at >= 0 ? group.outputs(at, this.store) : null;
  }
}

function itemIds(state: NodeState, i: number): Record<string, Scalar> {
  return Object.fromEntries(Object.entries(state.items(i)).map(([axis, item]) => [axis, itemId(item)]));
}
