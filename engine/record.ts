/**
 * Record: what is kept of a run. One content-addressed group manifest for each node, so that an identical run writes almost
 * nothing, and the resolved graph, so that lineage is relative to a run.
 *
 * Not responsible for reasons (why.ts) or for what is shown of it.
 */
import { createHash } from 'node:crypto';
import type { ArtifactRef, Digest } from '../cache/artifact.js';
import type { Store } from '../cache/store.js';
import { Status, type Failure, type NodeState } from './graph.js';
import { itemId, type Scalar } from './item.js';

/** How an instance ended. What was fresh and what ran is of the run's summary: it would differ between identical runs. */
export type Ending = 'open' | 'done' | 'failed' | 'skipped';
const ENDINGS: readonly Ending[] = ['open', 'done', 'failed', 'skipped'];

export interface GroupHeader {
  readonly node: string;
  readonly task: string;
  readonly axes: readonly { readonly name: string; readonly items: readonly Scalar[] }[];
  readonly count: number;
  readonly failures: readonly (readonly [instance: number, failure: Failure])[];
}

const DIGEST_BYTES = 32;
const INSTANCE_BYTES = 1 + DIGEST_BYTES;

/** One node's instances in a run: items (as the product of the axes), endings, keys. */
export class Group {
  private positions: Map<string, number>[] | null = null;

  constructor(
    readonly header: GroupHeader,
    private readonly body: Uint8Array,
  ) {}

  ending(instance: number): Ending {
    return ENDINGS[this.body[instance * INSTANCE_BYTES]!]!;
  }

  key(instance: number): Digest | null {
    const at = instance * INSTANCE_BYTES + 1;
    const bytes = this.body.subarray(at, at + DIGEST_BYTES);
    return bytes.every((byte) => byte === 0) ? null : Buffer.from(bytes).toString('hex');
  }

  outputs(instance: number, store: Store): Readonly<Record<string, ArtifactRef>> | null {
    const key = this.ending(instance) === 'done' ? this.key(instance) : null;
    return key === null ? null : (store.index.lookup(key)?.outputs ?? null);
  }

  /** The instance of these items (by axis name), or −1. */
  find(items: Readonly<Record<string, Scalar>>): number {
    this.positions ??= this.header.axes.map(
      (axis) => new Map(axis.items.map((item, i) => [`${typeof item} ${String(item)}`, i])),
    );
    let instance = 0;
    for (const [a, axis] of this.header.axes.entries()) {
      const item = items[axis.name];
      const at = item === undefined ? undefined : this.positions[a]!.get(`${typeof item} ${String(item)}`);
      if (at === undefined) return -1;
      instance = instance * axis.items.length + at;
    }
    return instance;
  }

  items(instance: number): Record<string, Scalar> {
    const items: Record<string, Scalar> = {};
    let rest = instance;
    for (let a = this.header.axes.length - 1; a >= 0; a--) {
      const axis = this.header.axes[a]!;
      items[axis.name] = axis.items[rest % axis.items.length]!;
      rest = Math.floor(rest / axis.items.length);
    }
    return Object.fromEntries(this.header.axes.map(({ name }) => [name, items[name]!]));
  }

  itemText(instance: number): string {
    return Object.values(this.items(instance)).join(', ');
  }
}

export function writeGroup(state: NodeState, store: Store): Digest {
  const header: GroupHeader = {
    node: state.name,
    task: state.node.task.name,
    axes: state.axes.map((axis) => ({ name: axis.name, items: (axis.items ?? []).map(itemId) })),
    count: state.count,
    failures: [...state.failures].sort(([a], [b]) => a - b),
  };
  const text = Buffer.from(`${JSON.stringify(header)}\n`);
  const bytes = Buffer.alloc(text.length + state.count * INSTANCE_BYTES);
  bytes.set(text);
  for (let i = 0, at = text.length; i < state.count; i++, at += INSTANCE_BYTES) {
    bytes[at] = ENDINGS.indexOf(endingOf(state.status[i]!));
    const key = state.keys[i];
    if (key) bytes.write(key, at + 1, 'hex');
  }
  const digest = groupDigest(bytes);
  store.write(digest, bytes);
  return digest;
}

export function groupDigest(bytes: Uint8Array): Digest {
  return createHash('sha256').update('group/1\n').update(bytes).digest('hex');
}

function endingOf(status: number): Ending {
  if (status === Status.fresh || status === Status.ran) return 'done';
  if (status === Status.failed) return 'failed';
  return status === Status.skipped ? 'skipped' : 'open';
}

export function readGroup(digest: Digest, store: Store): Group {
  const bytes = store.read(digest);
  const end = bytes.indexOf(10);
  const header = JSON.parse(Buffer.from(bytes.subarray(0, end)).toString('utf8')) as GroupHeader;
  return new Group(header, bytes.subarray(end + 1));
}

/** The groups of one earlier run, each read when first asked for. */
export class RunGroups {
  private readonly read = new Map<string, Group | null>();

  constructor(
    private readonly store: Store,
    readonly run: number | null,
  ) {}

  get(node: string): Group | null {
    let group = this.read.get(node);
    if (group === undefined) {
      const digest = this.run === null ? null : this.store.index.runs.node(this.run, node);
      group = digest === null ? null : readGroup(digest, this.store);
      this.read.set(node, group);
    }
    return group;
  }
}

/** The last run of a workflow that ended. */
export function lastRun(store: Store, workflow: string): number | null {
  return store.index.runs.last(workflow);
}
