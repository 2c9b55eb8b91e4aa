/**
 * History: how an instance ended in the earlier runs of its workflow.
 *
 * Not responsible for what the difference between two runs means (explain.ts).
 */
import type { Digest } from '../cache/artifact.js';
import type { RunRow } from '../cache/index.js';
import type { Store } from '../cache/store.js';
import type { NodeSummary } from './event.js';
import type { Scalar } from './item.js';
import { readGroup, type Group } from './record.js';

/** Runs that are searched, newest first. */
const RUNS_SEARCHED = 20;

/** An instance in a group. */
export interface Place {
  readonly group: Group;
  readonly at: number;
}

export interface Located extends Place {
  readonly run: RunRow;
}

export class History {
  private readonly runs: readonly RunRow[];
  private readonly groups = new Map<string, Group | null>();

  constructor(
    private readonly store: Store,
    workflow: string,
  ) {
    this.runs = store.index.runs(workflow, RUNS_SEARCHED).filter(({ status }) => status !== 'running');
  }

  /** The node's instances in a run; null when the run did not need it. */
  group(run: RunRow, node: string): Group | null {
    const name = `${run.id} ${node}`;
    let group = this.groups.get(name);
    if (group === undefined) {
      const digest = this.store.index.runNode(run.id, node);
      group = digest === null ? null : readGroup(digest, this.store);
      this.groups.set(name, group);
    }
    return group;
  }

  /** The instance in the newest run (older than `before`) in which it was done; with `unfinished`, however it ended. */
  last(
    node: string,
    items: Readonly<Record<string, Scalar>>,
    { before = Infinity, unfinished = false }: { before?: number; unfinished?: boolean } = {},
  ): Located | null {
    for (const run of this.runs) {
      const group = run.id < before ? this.group(run, node) : null;
      const at = group?.find(items) ?? -1;
      if (group && at >= 0 && (unfinished || group.ending(at) === 'done')) return { run, group, at };
    }
    return null;
  }

  /** The newest run that computed the key's result for this node; null when none of those searched did. */
  madeIn(node: string, key: Digest): number | null {
    return this.runs.find((run) => this.isMadeIn(run, node, key))?.id ?? null;
  }

  /**
   * Whether the key's result was computed in this run: the run computed instances of the node, and it was made after the workflow's
   * run before it, while this one went on.
   */
  isMadeIn(run: RunRow, node: string, key: Digest): boolean {
    const made = this.store.index.details(key)?.made;
    if (made === undefined || run.ended === null) return false;
    const { seconds = 0, nodes = [] } = run.summary as { seconds?: number; nodes?: readonly NodeSummary[] };
    if ((nodes.find((each) => each.node === node)?.ran ?? 0) === 0) return false;
    const before = this.runs.find(({ id }) => id < run.id)?.ended ?? -Infinity;
    // The row is written at the end; a second for what lies between the last result and that.
    return made > before && made <= run.ended && made >= run.ended - (seconds + 1) * 1000;
  }
}

/** Two instances have results, and these are the same. */
export function sameOutputs(a: Place, b: Place, store: Store): boolean {
  const [now, before] = [a.group.outputs(a.at, store), b.group.outputs(b.at, store)];
  if (!now || !before) return false;
  return Object.entries(now).every(([port, { digest }]) => before[port]?.digest === digest);
}
