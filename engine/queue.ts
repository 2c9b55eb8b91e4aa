/**
 * WorkQueue: the instances that must be computed, as calls, the node with the longest way to the end first.
 *
 * Instances that may go into one call wait together and are taken in portions, so that all
 * workers have something and stragglers do not decide. Not responsible for running them, nor for which may go together (calls.ts).
 */
import type { BoundInputs } from './binding.js';
import type { NodeState } from './graph.js';
import type { Digest } from '../cache/artifact.js';
import type { Preimage } from '../cache/index.js';
import type { Json } from './task.js';

/** An instance with all that is needed to run and to record it. */
export interface Work {
  readonly state: NodeState;
  readonly instance: number;
  readonly key: Digest;
  readonly params: Json;
  readonly seed: string | null;
  readonly inputs: BoundInputs;
  readonly preimage: Preimage;
  /** To be run by itself: the call that it was part of died without saying at which item. */
  readonly alone: boolean;
}

interface NodeQueue {
  readonly priority: number;
  /** By what the instances of one call have in common. */
  readonly groups: Map<string, Group>;
}

interface Group {
  readonly members: Member[];
  /** Instances of a call. It does not shrink with what is left: every call prepares anew what its instances share. */
  share: number;
}

interface Member {
  readonly work: Work;
  /** Neighbours of one kin have all inputs in common and go into one call. */
  readonly kin: string;
}

/** More would make one message too large and one crash too dear. */
const LARGEST_CALL = 4096;

export class WorkQueue {
  private readonly nodes = new Map<NodeState, NodeQueue>();
  /** Nodes that have work, a binary heap by priority. */
  private readonly heap: NodeState[] = [];
  private waiting = 0;

  /** @param priority seconds from the node's start to the end of the study, by what was measured before. */
  constructor(private readonly priority: (state: NodeState) => number) {}

  get size(): number {
    return this.waiting;
  }

  /**
   * @param group what a call's instances must have in common
   * @param kin instances of one kin are not parted between calls: what they share is read and prepared once
   */
  add(work: Work, group: string, kin: string): void {
    let queue = this.nodes.get(work.state);
    if (!queue) {
      queue = { priority: this.priority(work.state), groups: new Map() };
      this.nodes.set(work.state, queue);
    }
    if (queue.groups.size === 0) this.push(work.state);
    const known = queue.groups.get(group);
    if (known) known.members.push({ work, kin });
    else queue.groups.set(group, { members: [{ work, kin }], share: 0 });
    this.waiting++;
  }

  /**
   * The next call that `fits`: a whole group while there are groups for all `workers`, else a share of it for each.
   * @param most instances of a call, kin aside
   */
  take(
    workers: number,
    fits: (first: Work) => boolean,
    most: (first: Work) => number = () => LARGEST_CALL,
  ): Work[] | null {
    const passed: NodeState[] = [];
    let taken: Work[] | null = null;
    while (this.heap.length > 0 && !taken) {
      const state = this.pop();
      const queue = this.nodes.get(state)!;
      const [name, group] = queue.groups.entries().next().value!;
      const { members } = group;
      const first = members[0]!.work;
      if (!fits(first)) {
        passed.push(state);
        continue;
      }
      group.share = Math.max(group.share, Math.ceil(members.length / workers));
      const share = queue.groups.size >= workers ? members.length : group.share;
      let count = Math.min(LARGEST_CALL, most(first), share);
      while (count < members.length && members[count]!.kin === members[count - 1]!.kin) count++;
      taken = members.splice(0, count).map(({ work }) => work);
      if (members.length === 0) queue.groups.delete(name);
      if (queue.groups.size > 0) passed.push(state);
    }
    for (const state of passed) this.push(state);
    this.waiting -= taken?.length ?? 0;
    return taken;
  }

  private higher(a: NodeState, b: NodeState): boolean {
    return this.nodes.get(a)!.priority > this.nodes.get(b)!.priority;
  }

  private push(state: NodeState): void {
    const { heap } = this;
    let i = heap.push(state) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.higher(heap[i]!, heap[parent]!)) break;
      [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
      i = parent;
    }
  }

  private pop(): NodeState {
    const { heap } = this;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      for (let i = 0; ;) {
        const [left, right] = [2 * i + 1, 2 * i + 2];
        let highest = i;
        if (left < heap.length && this.higher(heap[left]!, heap[highest]!)) highest = left;
        if (right < heap.length && this.higher(heap[right]!, heap[highest]!)) highest = right;
        if (highest === i) break;
        [heap[i], heap[highest]] = [heap[highest]!, heap[i]!];
        i = highest;
      }
    }
    return top;
  }
}
