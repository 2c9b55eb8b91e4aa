/**
 * Tally: what a run did, node by node: counts, times, reasons, warnings, and the events that tell of it.
 *
 * Not responsible for deciding anything (run.ts).
 */
import type { ArtifactRef } from '../cache/artifact.js';
import type { EntryDetails } from '../cache/index.js';
import type { Event, NodeSummary } from './event.js';
import { Status, type Failure, type NodeState } from './graph.js';
import type { RunGraph } from './plan-graph.js';
import { reasonText, type Reason } from './why.js';

/** Different reasons kept for a node; more are counted together. */
const REASONS_KEPT = 20;
/** Failures told one by one; the rest are in the summary's count and in the run's record. */
const FAILURES_TOLD = 10;

interface NodeTally {
  finished: number;
  readonly counts: Uint32Array;
  started: boolean;
  unchanged: number;
  seconds: number;
  failuresTold: number;
  readonly reasons: Map<string, number>;
  readonly warnings: { item: string; message: string }[];
  readonly fractions: Map<number, number>;
}

export class Tally {
  private readonly nodes = new Map<NodeState, NodeTally>();

  constructor(
    private readonly graph: RunGraph,
    private readonly onEvent: (event: Event) => void,
  ) {
    for (const state of graph.nodes.values()) {
      this.nodes.set(state, {
        finished: 0,
        counts: new Uint32Array(9),
        started: false,
        unchanged: 0,
        seconds: 0,
        failuresTold: 0,
        reasons: new Map(),
        warnings: [],
        fractions: new Map(),
      });
    }
  }

  private of(state: NodeState): NodeTally {
    return this.nodes.get(state)!;
  }

  due(state: NodeState, reason: Reason): void {
    const tally = this.of(state);
    const text = reasonText(reason);
    const name = tally.reasons.has(text) || tally.reasons.size < REASONS_KEPT ? text : 'other changes';
    tally.reasons.set(name, (tally.reasons.get(name) ?? 0) + 1);
  }

  started(state: NodeState, due: number): void {
    const tally = this.of(state);
    if (tally.started) return;
    tally.started = true;
    this.onEvent({ type: 'node-start', node: state.name, due, reason: [...tally.reasons.keys()][0] ?? '' });
  }

  progress(state: NodeState, instance: number, fraction: number): void {
    this.of(state).fractions.set(instance, fraction);
  }

  computed(state: NodeState, instance: number, details: EntryDetails): void {
    const tally = this.of(state);
    tally.seconds += details.seconds;
    tally.fractions.delete(instance);
    for (const message of details.warnings) this.warn(state, instance, message);
  }

  /** Two runs computed one key and got different bytes: the first committed stays, and somebody should know. */
  disagreed(state: NodeState, instance: number): void {
    this.warn(
      state,
      instance,
      'another run computed this at the same time with a different result; the one that was recorded first is used (another numeric library?)',
    );
  }

  private warn(state: NodeState, instance: number, message: string): void {
    const item = state.itemText(instance);
    this.of(state).warnings.push({ item, message });
    this.onEvent({ type: 'warning', node: state.name, item, message });
  }

  compared(
    state: NodeState,
    outputs: Readonly<Record<string, ArtifactRef>>,
    before: Readonly<Record<string, ArtifactRef>> | null,
  ): void {
    if (before && Object.entries(outputs).every(([port, ref]) => before[port]?.digest === ref.digest)) {
      this.of(state).unchanged++;
    }
  }

  failed(state: NodeState, instance: number, failure: Failure): void {
    const tally = this.of(state);
    if (tally.failuresTold++ < FAILURES_TOLD) {
      this.onEvent({ type: 'failure', node: state.name, item: state.itemText(instance), failure });
    }
    this.ended(state, Status.failed);
  }

  ended(state: NodeState, status: number): void {
    const tally = this.of(state);
    tally.counts[status]!++;
    tally.finished++;
    this.maybeEnded(state);
  }

  maybeEnded(state: NodeState): void {
    if (this.of(state).finished === state.count) {
      this.onEvent({ type: 'node-end', node: state.name, summary: this.summary(state) });
    }
  }

  /** Finished instances, and fractions of running ones, over all instances known. */
  overall(): { done: number; known: number; running: readonly string[] } {
    let done = 0;
    let known = 0;
    const running: string[] = [];
    for (const [state, tally] of this.nodes) {
      known += state.count;
      done += tally.finished;
      for (const fraction of tally.fractions.values()) done += fraction;
      if (tally.started && tally.finished < state.count) running.push(state.name);
    }
    return { done, known, running };
  }

  summary(state: NodeState): NodeSummary {
    const tally = this.of(state);
    const count = (status: number): number => tally.counts[status]!;
    return {
      node: state.name,
      task: state.node.task.name,
      instances: state.opened ? state.count : -1,
      fresh: count(Status.fresh),
      ran: count(Status.ran),
      failed: count(Status.failed),
      skipped: count(Status.skipped),
      open: state.count - tally.finished + count(Status.due),
      unsure: count(Status.unsure),
      unchanged: tally.unchanged,
      seconds: tally.seconds,
      reasons: Object.fromEntries(tally.reasons),
      warnings: tally.warnings,
    };
  }

  get nodeCount(): number {
    return this.graph.nodes.size;
  }
}
