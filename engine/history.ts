/**
 * History: how an instance ended in the earlier runs of its workflow.
 *
 * Not responsible for what the difference between two runs means (explain.ts).
 */
import type { Digest } from '../cache/artifact.js';
import type { RunRow } from '../cache/runs.js';
import type { Store } from '../cache/store.js';
import type { NodeSummary } from './event.js';
import type { Scalar } from './item.js';
import { readGroup, type Group } from './record.js';

/** An instance in a group. */
export interface Place {
  readonly group: Group;
  readonly at: number;
}

export interface Located extends Place {
  readonly run: RunRow;
}

export class History {
  /** Those looked at so far, newest first; the rest is read when it is needed. */
  private readonly known: RunRow[] = [];
  private readonly rest: Generator<RunRow>;
  private readonly groups = new Map<string, Digest | null>();
  /** Runs in which nothing changed share their groups. */
  private readonly read = new Map<Digest, Group>();

  /** @param upTo the newest run that counts; null: all. */
  constructor(
    private readonly store: Store,
    workflow: string,
    private readonly upTo: number | null = null,
  ) {
    this.rest = store.index.runs.each(workflow);
  }

  /** The runs that ended, newest first. */
  private *runs(): Generator<RunRow> {
    for (let i = 0; ; i++) {
      while (i >= this.known.length) {
        const { value, done } = this.rest.next() as IteratorResult<RunRow, undefined>;
        if (done) return;
        if (value.status !== 'running' && (this.upTo === null || value.id <= this.upTo))
          this.known.push(value);
      }
      yield this.known[i]!;
    }
  }

  /** The node's instances in a run; null when the run did not need it. */
  group(run: RunRow, node: string): Group | null {
    const name = `${run.id} ${node}`;
    let digest = this.groups.get(name);
    if (digest === undefined) {
      digest = this.store.index.runs.node(run.id, node);
      this.groups.set(name, digest);
    }
    if (digest === null) return null;
    let group = this.read.get(digest);
    if (!group) this.read.set(digest, (group = readGroup(digest, this.store)));
    return group;
  }

  /** The instance in the newest run (older than `before`) in which it was done; with `unfinished`, however it ended. */
  last(
    node: string,
    items: Readonly<Record<string, Scalar>>,
    { before = Infinity, unfinished = false }: { before?: number; unfinished?: boolean } = {},
  ): Located | null {
    for (const run of this.runs()) {
      const group = run.id < before ? this.group(run, node) : null;
      const at = group?.find(items) ?? -1;
      if (group && at >= 0 && (unfinished || group.ending(at) === 'done')) return { run, group, at };
    }
    return null;
  }

  /** The newest run that computed the key's result for this node; null when none did. */
  madeIn(node: string, key: Digest): number | null {
    const made = this.store.index.details(key)?.made;
    if (made === undefined) return null;
    for (const run of this.runs()) {
      if (this.isMadeIn(run, node, made)) return run.id;
      // Runs that had ended before it was made did not make it.
      if (run.ended !== null && run.ended < made) return null;
    }
    return null;
  }

  private before(run: RunRow): RunRow | null {
    for (const each of this.runs()) if (each.id < run.id) return each;
    return null;
  }

  /**
   * Whether a result that was made at this time was computed in this run: the run computed instances of the node, and it was made
   * after the workflow's run before it, while this one went on.
   */
  private isMadeIn(run: RunRow, node: string, made: number): boolean {
    if (run.ended === null) return false;
    const { seconds = 0, nodes = [] } = run.summary as { seconds?: number; nodes?: readonly NodeSummary[] };
    if ((nodes.find((each) => each.node === node)?.ran ?? 0) === 0) return false;
    const before = this.before(run)?.ended ?? -Infinity;
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
