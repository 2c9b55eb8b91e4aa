/**
 * Walk: carries instances from waiting to their end. Opens nodes whose axes are known, counts down dependencies, stops what strictly
 * depends on a failure, and says which instances are ready to be decided.
 *
 * Not responsible for deciding (run.ts) or computing (calls.ts).
 */
import type { ArtifactRef } from '../cache/artifact.js';
import type { AxisLoader } from './axes.js';
import { isFinished, Status, type Dependency, type Failure, type NodeState } from './graph.js';
import type { JobFailure } from './job.js';
import type { RunGraph } from './plan-graph.js';
import type { Tally } from './tally.js';

export type Outputs = Readonly<Record<string, ArtifactRef>>;

export class Walk {
  /** Instances all of whose dependencies are finished, in the order in which they became so. */
  readonly ready: [NodeState, number][] = [];
  private readonly unopened: Set<NodeState>;

  constructor(
    graph: RunGraph,
    private readonly axes: AxisLoader,
    private readonly tally: Tally,
    private readonly onFailure: (failure: JobFailure) => void,
  ) {
    this.unopened = new Set(graph.nodes.values());
  }

  /** Opens every node whose axes are known. The unopened stand in topological order, so one pass is enough. */
  openNodes(inBackground: (work: () => Promise<void>) => void): void {
    this.axes.resolve(inBackground);
    for (const state of this.unopened) {
      if (!openable(state)) continue;
      this.unopened.delete(state);
      const blocked =
        state.axes.find((axis) => axis.blocked)?.blocked ??
        state.dependencies.find(({ producer }) => producer.blocked)?.producer.blocked;
      if (blocked) {
        state.blocked = blocked;
        continue;
      }
      state.open();
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

  complete(state: NodeState, i: number, status: number, outputs: Outputs | null): void {
    state.status[i] = status;
    state.outputs[i] = outputs;
    this.tally.ended(state, status);
    this.propagate(state, i);
  }

  fail(state: NodeState, i: number, failure: JobFailure): void {
    if (isFinished(state.status[i]!)) return;
    const root = { node: state.name, item: state.itemText(i) };
    state.failures.set(i, { failure, root });
    state.status[i] = Status.failed;
    this.tally.failed(state, i, { failure, root });
    this.onFailure(failure);
    this.propagate(state, i);
  }

  /** Ends an instance without a result of its own: skipped because of `cause`, or (in a plan) unsure. */
  skip(state: NodeState, i: number, status: number, cause: Failure | null): void {
    if (state.status[i] !== Status.waiting) return;
    state.status[i] = status;
    if (cause) state.failures.set(i, cause);
    this.tally.ended(state, status);
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
}

function openable(state: NodeState): boolean {
  return (
    state.axes.every((axis) => axis.items !== null || axis.blocked !== null) &&
    state.dependencies.every(({ producer }) => producer.opened || producer.blocked !== null)
  );
}

/** A failure for which no task had to run. */
export function taskFailure(message: string): JobFailure {
  return { kind: 'task', message, log: [] };
}
