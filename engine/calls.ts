/**
 * Calls: computes works. Queues them, leases their keys, starts calls as workers and memory allow, commits results as
 * they stream in, and puts the blame when a process dies.
 *
 * Not responsible for what must be computed (run.ts) or for processes (pool.ts).
 */
import { setTimeout } from 'node:timers/promises';
import type { Digest } from '../cache/artifact.js';
import { canonicalJson } from '../cache/digest.js';
import type { EntryDetails } from '../cache/index.js';
import type { Store } from '../cache/store.js';
import type { Binder } from './binding.js';
import { callJob, ownBytes, resourcesOf } from './call.js';
import type { Event } from './event.js';
import { Status, type NodeState } from './graph.js';
import type { ItemResult, JobFailure, JobMessage } from './job.js';
import { NOT_BEGUN, type Executor } from './pool.js';
import { WorkQueue, type Work } from './queue.js';
import type { Json } from './task.js';
import type { Tally } from './tally.js';
import type { Outputs, Walk } from './walk.js';

/** How often results of another run are looked for. */
const ADOPT_MS = 200;

/** Seconds that a call of a single task is to take: a message, a lease and a transaction cost far less. */
const CALL_SECONDS = 0.02;
/** Bytes of tables of their own that the instances of a batch may have: what a worker keeps of columns anyway. */
const LARGEST_BATCH_BYTES = 2 ** 30;
/** Instances of a single task in a call: a worker that dies takes no more with it. */
const LARGEST_SINGLE_CALL = 256;

interface RunningCall {
  readonly works: readonly Work[];
  /** Indices without a result. */
  readonly open: Set<number>;
  /** Keys with a result. */
  readonly computed: Digest[];
  readonly memory: number;
}

interface Arrival {
  readonly work: Work;
  readonly result: ItemResult;
  readonly details: EntryDetails;
}

export interface CallsOptions {
  readonly store: Store;
  readonly pool: Executor;
  /** Bytes that running calls may claim together. */
  readonly memory: number;
  readonly walk: Walk;
  readonly tally: Tally;
  readonly binder: Binder;
  readonly priority: (state: NodeState) => number;
  /** The outputs of the instance in the run compared with. */
  readonly previousOutputs: (state: NodeState, instance: number) => Outputs | null;
  readonly inBackground: (work: () => Promise<void>) => void;
  readonly pumpSoon: () => void;
  readonly onEvent: (event: Event) => void;
  /** No new call is to be started. */
  readonly isStopped: () => boolean;
}

export class Calls {
  private readonly queue: WorkQueue;
  /** Who computes a key, first; and who waits for the same one. */
  private readonly claimed = new Map<Digest, Work[]>();
  private readonly running = new Set<RunningCall>();
  private claimedMemory = 0;
  /** Works whose keys another run is computing. */
  private foreign: Work[] = [];
  private arrived: Arrival[] = [];
  /** Keys with a result, of calls that are over; their leases are released together, with the next transaction. */
  private over: Digest[] = [];
  /** Of the store, before the first key was looked up. */
  private readonly othersVersion: number;
  /** Seconds that an instance of a single task takes, by its last calls. */
  private readonly pace = new Map<NodeState, number>();

  constructor(private readonly options: CallsOptions) {
    this.othersVersion = options.store.index.othersVersion;
    this.queue = new WorkQueue(options.priority);
  }

  get active(): boolean {
    return this.running.size > 0 || this.arrived.length > 0;
  }

  add(work: Work): void {
    work.state.status[work.instance] = Status.queued;
    const same = this.claimed.get(work.key);
    if (same) {
      same.push(work);
      return;
    }
    this.claimed.set(work.key, [work]);
    this.enqueue(work);
  }

  private enqueue(work: Work): void {
    const { task } = work.state.node;
    if (work.alone) {
      this.queue.add(work, work.key, work.key);
      return;
    }
    if (!('batch' in task)) {
      // One after another in one worker: a call has one seed, and asks for what any of its instances does.
      this.queue.add(work, JSON.stringify([resourcesOf(work).memory, work.seed]), work.key);
      return;
    }
    const { shared, varies } = task.batch;
    const params = Object.entries(work.params as Record<string, Json>).filter(
      ([name]) => !varies.includes(name),
    );
    const inputs = work.preimage.inputs.filter(([port]) => shared.includes(port));
    const common = Object.fromEntries(params);
    const kin = varies.length > 0 ? canonicalJson([common, work.preimage.inputs]) : work.key;
    this.queue.add(work, canonicalJson([common, inputs, work.seed]), kin);
  }

  dispatch(): void {
    const { pool, memory, store } = this.options;
    while (pool.free > 0 && this.queue.size > 0) {
      // A call that asks for more than there is runs by itself.
      const works = this.queue.take(
        pool.size,
        (first) => this.running.size === 0 || this.claimedMemory + resourcesOf(first).memory <= memory,
        (first) =>
          'batch' in first.state.node.task ? this.batchInCall(first) : this.singlesInCall(first.state),
      );
      if (!works) break;
      const keys = works.map(({ key }) => key);
      const taken = store.index.sessions.lease(keys, this.over);
      this.over = [];
      const open = this.adopt(works);
      const own = open.filter(({ key }) => !taken.has(key));
      if (own.length < open.length) this.awaitForeign(open.filter(({ key }) => taken.has(key)));
      if (own.length > 0) this.start(own);
    }
    if (this.over.length > 0) store.index.sessions.lease([], this.over);
    this.over = [];
  }

  /** One, until it is known that they are short. */
  private singlesInCall(state: NodeState): number {
    const fit = Math.floor(CALL_SECONDS / (this.pace.get(state) ?? Infinity));
    return Math.min(LARGEST_SINGLE_CALL, Math.max(1, fit));
  }

  /** As many as have their own tables held at a time, with every worker at as much. */
  private batchInCall(first: Work): number {
    const { memory, pool } = this.options;
    const bytes = Math.min(LARGEST_BATCH_BYTES, memory / (2 * pool.size));
    return Math.max(1, Math.floor(bytes / Math.max(1, ownBytes(first))));
  }

  /** Completes what another run has recorded meanwhile, and returns the rest. */
  private adopt(works: readonly Work[]): readonly Work[] {
    const { store, walk, pumpSoon } = this.options;
    // These keys were looked up when they were made.
    if (store.index.othersVersion === this.othersVersion) return works;
    const found = store.index.lookupAll(works.map(({ key }) => key));
    if (found.size === 0) return works;
    for (const work of works) {
      const entry = found.get(work.key);
      if (!entry) continue;
      for (const { state, instance } of this.claimants(work))
        walk.complete(state, instance, Status.fresh, entry.outputs);
    }
    pumpSoon();
    return works.filter(({ key }) => !found.has(key));
  }

  private start(works: readonly Work[]): void {
    const { pool, store, tally, pumpSoon } = this.options;
    const first = works[0]!;
    // A batch task declares what one instance takes; the tables of the others are held beside it.
    const others = 'batch' in first.state.node.task ? works.length - 1 : 0;
    const memory = resourcesOf(first).memory + others * ownBytes(first);
    const call: RunningCall = { works, open: new Set(works.keys()), computed: [], memory };
    this.running.add(call);
    this.claimedMemory += memory;
    for (const { state, instance } of works) state.status[instance] = Status.running;
    tally.started(first.state, works.length);
    const { job, reads } = callJob(works, store);
    pool.start(job, reads, {
      message: (message) => this.receive(call, message),
      ended: (died, announced) => {
        this.running.delete(call);
        this.claimedMemory -= memory;
        for (const key of call.computed) this.over.push(key);
        this.settle(call, died, announced);
        pumpSoon();
      },
    });
  }

  private receive(call: RunningCall, message: JobMessage): void {
    switch (message.type) {
      case 'results': {
        const { backend, memory } = message;
        for (const [index, result] of message.results) {
          const work = call.works[index]!;
          call.open.delete(index);
          call.computed.push(work.key);
          const { seconds, warnings, log } = result;
          const details = { seconds, memory, backend, made: Date.now(), warnings, log };
          this.arrived.push({ work, result, details });
        }
        this.options.pumpSoon();
        break;
      }
      case 'failed':
        call.open.delete(message.index);
        this.fail(call.works[message.index]!, message.failure);
        this.options.pumpSoon();
        break;
      case 'spent': {
        const { seconds, begun } = message;
        const { state } = call.works[0]!;
        // Instances differ: what is slow is believed at once, what is fast by halves.
        this.pace.set(state, Math.max(seconds / begun, (this.pace.get(state) ?? 0) / 2));
        for (let index = begun; index < call.works.length; index++) {
          call.open.delete(index);
          this.requeue(call.works[index]!);
        }
        break;
      }
      case 'progress': {
        const { state, instance } = call.works[message.index]!;
        this.options.tally.progress(state, instance, message.fraction);
      }
    }
  }

  /** What a call left open: the announced item is to blame for a death; the others run again. */
  private settle(call: RunningCall, died: JobFailure | null, announced: number): void {
    if (call.open.size === 0) return;
    const failure: JobFailure = died
      ? { ...died, message: `${died.message}; asked for: ${Math.round(call.memory / 2 ** 20)} MiB` }
      : { kind: 'bug', message: 'internal error: the call ended without a result for this item', log: [] };
    const blamed = culprit(call, died !== null, announced);
    if (blamed !== null && call.open.delete(blamed)) {
      this.fail(call.works[blamed]!, failure);
    }
    // Without a culprit each is run by itself, so that the next death has one.
    for (const index of call.open) {
      const work = call.works[index]!;
      this.requeue({ ...work, alone: work.alone || blamed === null });
    }
  }

  private requeue(work: Work): void {
    work.state.status[work.instance] = Status.queued;
    this.enqueue(work);
  }

  private fail(work: Work, failure: JobFailure): void {
    // The lease stays until the session ends: another run would only fail in the same way.
    for (const { state, instance } of this.claimants(work)) this.options.walk.fail(state, instance, failure);
  }

  /** Everyone who waits for the work's key; it is no longer claimed afterwards. */
  private claimants(work: Work): readonly Work[] {
    const works = this.claimed.get(work.key) ?? [work];
    this.claimed.delete(work.key);
    return works;
  }

  /** Records what has arrived. @throws StoreUnavailableError, with everything kept for another try */
  commit(): void {
    if (this.arrived.length === 0) return;
    const arrived = this.arrived;
    const recorded = this.record(arrived);
    this.arrived = [];
    this.over = [];
    const { tally, walk, previousOutputs } = this.options;
    for (const [i, { work, result, details }] of arrived.entries()) {
      const outputs = recorded[i]!;
      tally.computed(work.state, work.instance, details);
      if (Object.entries(outputs).some(([port, ref]) => result.outputs[port]?.digest !== ref.digest)) {
        tally.disagreed(work.state, work.instance);
      }
      for (const { state, instance } of this.claimants(work)) {
        tally.compared(state, outputs, previousOutputs(state, instance));
        walk.complete(state, instance, Status.ran, outputs);
      }
    }
  }

  /** Objects, preimages and entries in one transaction; the outputs that each key has from now on. */
  private record(arrived: readonly Arrival[]): Outputs[] {
    const { store, binder } = this.options;
    const parts = arrived.flatMap(({ work }) => work.preimage.inputs.map(([, digest]) => digest));
    const recorded = store.index.transaction(() => {
      binder.parts.write(parts);
      store.index.sessions.release(this.over);
      for (const [task, { seconds, memory }] of meanDurations(arrived))
        store.index.addDuration(task, seconds, memory);
      return arrived.map(({ work, result, details }) => {
        for (const [digest, bytes] of result.inline) store.write(digest, bytes);
        return store.index.addEntry(work.key, { outputs: result.outputs }, work.preimage, details);
      });
    });
    binder.parts.written(parts);
    return recorded;
  }

  /** Another run is computing these: its results are adopted as they appear; what it gives up is computed here. */
  private awaitForeign(works: readonly Work[]): void {
    const isWaiting = this.foreign.length > 0;
    this.foreign.push(...works);
    if (isWaiting) return;
    const { store, inBackground, isStopped, pumpSoon } = this.options;
    inBackground(async () => {
      while (this.foreign.length > 0 && !isStopped()) {
        await setTimeout(ADOPT_MS);
        // However many there are: one query for results, one transaction for what the other run gave up.
        const open = this.adopt(this.foreign.splice(0));
        const held = store.index.sessions.lease(open.map(({ key }) => key));
        this.foreign.push(...open.filter(({ key }) => held.has(key)));
        for (const work of open) if (!held.has(work.key)) this.enqueue(work);
        pumpSoon();
      }
    });
  }
}

/** Index of the item to blame for what a call left open; null when none can be named. */
function culprit(call: RunningCall, hasDied: boolean, announced: number): number | null {
  const [only] = call.works;
  // By itself it is to blame, unless the process was dying when the call came: that may happen to anyone once.
  if (call.works.length === 1) return announced === NOT_BEGUN && !only!.alone ? null : 0;
  // A call that ended of its own accord leaves items open when its task threw at another one.
  if (!hasDied || announced === NOT_BEGUN) return null;
  if (call.open.size === 1) return [...call.open][0]!;
  return call.open.has(announced) ? announced : null;
}

function meanDurations(arrived: readonly Arrival[]): Map<string, { seconds: number; memory: number }> {
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
