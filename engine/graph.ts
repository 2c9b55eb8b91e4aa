/**
 * Graph: the instances of a run. Each node holds one flat array over the product of its axes' items; dependencies are
 * counted by group, never listed edge by edge, so that 100,000 instances and their gathers cost a few arrays.
 *
 * Not responsible for deciding what runs (run.ts) or for keys (key.ts).
 */
import type { ArtifactRef, Digest } from '../cache/artifact.js';
import type { JobFailure } from './job.js';
import { compareItems, itemId, itemText, type Item, type Scalar } from './item.js';
import type { Axis, Node, Reference } from './workflow.js';

/** The state of one instance. */
export const Status = {
  /** Something it depends on is not finished. */
  waiting: 0,
  /** Its key is known to be missing from the store, or its inputs are being read; it will run. */
  queued: 1,
  running: 2,
  /** Found in the store. */
  fresh: 3,
  /** Computed in this run. */
  ran: 4,
  failed: 5,
  /** Not run, because something that it strictly depends on failed. */
  skipped: 6,
  /** Plan only: it would run. */
  due: 7,
  /** Plan only: it may run; its key waits on something due. */
  unsure: 8,
} as const;
export type StatusCode = (typeof Status)[keyof typeof Status];

export function isFinished(status: number): boolean {
  return status >= Status.fresh;
}

/** Why an instance has no result. */
export interface Failure {
  readonly failure: JobFailure;
  /** The instance that failed first; itself, or what it strictly depends on. */
  readonly root: { readonly node: string; readonly item: string };
}

export class AxisState {
  /** Sorted (compareItems); null until a dynamic axis is known. */
  items: readonly Item[] | null = null;
  private positions = new Map<string, number>();
  /** Set when what gives the items failed. */
  blocked: Failure | null = null;

  constructor(readonly axis: Axis) {}

  get name(): string {
    return this.axis.name;
  }

  resolve(items: readonly Item[]): void {
    this.items = [...items].sort((a, b) => compareItems(itemId(a), itemId(b)));
    this.positions = new Map(this.items.map((item, i) => [positionKey(itemId(item)), i]));
  }

  /** The position of the item, or −1. */
  position(id: Scalar): number {
    return this.positions.get(positionKey(id)) ?? -1;
  }
}

const positionKey = (id: Scalar): string => `${typeof id} ${String(id)}`;

export class NodeState {
  /** 0 until opened. */
  count = 0;
  opened = false;
  /** Row-major over `axes`. */
  sizes: number[] = [];
  strides: number[] = [];
  status = new Uint8Array(0);
  /** How many groups of dependencies each instance still waits for. */
  pending = new Int32Array(0);
  keys: (Digest | null)[] = [];
  outputs: (Readonly<Record<string, ArtifactRef>> | null)[] = [];
  readonly failures = new Map<number, Failure>();
  /** What this node's ports refer to. */
  readonly dependencies: Dependency[] = [];
  /** Who refers to this node. */
  readonly dependents: Dependency[] = [];
  /** Set when the node can never open: an axis of its own, or of what it needs, is not to be had. */
  blocked: Failure | null = null;

  constructor(
    readonly node: Node,
    readonly axes: readonly AxisState[],
  ) {}

  get name(): string {
    return this.node.name;
  }

  open(): void {
    this.sizes = this.axes.map((axis) => axis.items!.length);
    this.strides = new Array<number>(this.axes.length);
    let stride = 1;
    for (let a = this.axes.length - 1; a >= 0; a--) {
      this.strides[a] = stride;
      stride *= this.sizes[a]!;
    }
    this.count = stride;
    this.status = new Uint8Array(this.count);
    this.pending = new Int32Array(this.count);
    this.keys = new Array<Digest | null>(this.count).fill(null);
    this.outputs = new Array<Readonly<Record<string, ArtifactRef>> | null>(this.count).fill(null);
    this.opened = true;
  }

  coordinate(instance: number, axis: number): number {
    return Math.floor(instance / this.strides[axis]!) % this.sizes[axis]!;
  }

  /** The item of each axis, by axis name. */
  items(instance: number): Record<string, Item> {
    const items: Record<string, Item> = {};
    for (const [a, axis] of this.axes.entries())
      items[axis.name] = axis.items![this.coordinate(instance, a)]!;
    return items;
  }

  /** `fev` or `fev, 3`; '' for a node without axes. */
  itemText(instance: number): string {
    return this.axes.map((axis, a) => itemText(axis.items![this.coordinate(instance, a)]!)).join(', ');
  }

  /** How many instances are in each state. */
  tally(): Record<keyof typeof Status, number> {
    const counts = new Array<number>(9).fill(0);
    for (const status of this.status) counts[status]!++;
    return Object.fromEntries(Object.entries(Status).map(([name, code]) => [name, counts[code]!])) as Record<
      keyof typeof Status,
      number
    >;
  }
}

/**
 * One reference of a consumer to a producer. The axes that both have divide the producer's instances into groups; a
 * consumer's instance waits for its whole group.
 */
export class Dependency {
  /** Unfinished producers in each group. */
  remaining = new Int32Array(0);
  groups = 1;
  /** Shared axes: position in the producer, position in the consumer, stride in the group number. */
  private shared: { producer: number; consumer: number; stride: number; size: number }[] = [];
  private fixed: { axis: number; at: number }[] = [];
  /** Offsets of a group's producers from its first one, sorted by item. */
  private gatherOffsets: Int32Array = new Int32Array(1);
  /** Offsets of a group's consumers from its first one. */
  private consumerOffsets: Int32Array = new Int32Array(1);
  /** A fixed item that the producer's axis lacks. */
  absent: string | null = null;

  constructor(
    readonly reference: Reference,
    readonly producer: NodeState,
    readonly consumer: NodeState,
  ) {}

  /** Called when the consumer opens; the producer is open. */
  open(): void {
    const { producer, consumer } = this;
    const consumerAxes = new Set(consumer.axes.map((_, a) => a));
    const gathered: number[] = [];
    let groups = 1;
    for (const [p, select] of this.reference.select.entries()) {
      if (select.how === 'gather') {
        gathered.push(p);
      } else if (select.how === 'fixed') {
        const at = producer.axes[p]!.position(select.item);
        if (at < 0) this.absent = `axis '${select.axis}' has no item ${JSON.stringify(select.item)}`;
        this.fixed.push({ axis: p, at: Math.max(at, 0) });
      } else {
        const c = consumer.axes.findIndex((axis) => axis.name === select.axis);
        consumerAxes.delete(c);
        const size = producer.sizes[p]!;
        this.shared.push({ producer: p, consumer: c, stride: groups, size });
        groups *= size;
      }
    }
    this.groups = groups;
    this.gatherOffsets = offsets(gathered.map((p) => [producer.sizes[p]!, producer.strides[p]!]));
    this.consumerOffsets = offsets([...consumerAxes].map((c) => [consumer.sizes[c]!, consumer.strides[c]!]));
    this.remaining = new Int32Array(groups);
    if (this.absent !== null) return;
    for (let g = 0; g < groups; g++) {
      for (const p of this.producersOf(g)) if (!isFinished(producer.status[p]!)) this.remaining[g]!++;
    }
  }

  /** The group in which the producer's instance is, or −1 when a fixed axis leaves it out. */
  groupOfProducer(instance: number): number {
    for (const { axis, at } of this.fixed) if (this.producer.coordinate(instance, axis) !== at) return -1;
    let group = 0;
    for (const { producer, stride } of this.shared)
      group += this.producer.coordinate(instance, producer) * stride;
    return group;
  }

  groupOfConsumer(instance: number): number {
    let group = 0;
    for (const { consumer, stride } of this.shared)
      group += this.consumer.coordinate(instance, consumer) * stride;
    return group;
  }

  /** The producer's instances in a group, sorted by item. */
  *producersOf(group: number): Generator<number> {
    if (this.groups === 0) return;
    let base = 0;
    for (const { axis, at } of this.fixed) base += at * this.producer.strides[axis]!;
    for (const { producer, stride, size } of this.shared) {
      base += (Math.floor(group / stride) % size) * this.producer.strides[producer]!;
    }
    for (const offset of this.gatherOffsets) yield base + offset;
  }

  *consumersOf(group: number): Generator<number> {
    let base = 0;
    for (const { consumer, stride, size } of this.shared) {
      base += (Math.floor(group / stride) % size) * this.consumer.strides[consumer]!;
    }
    for (const offset of this.consumerOffsets) yield base + offset;
  }

  /** The gathered axes: their positions in the producer. */
  gatheredAxes(): number[] {
    return this.reference.select.flatMap((select, p) => (select.how === 'gather' ? [p] : []));
  }
}

/** All sums of one multiple of each stride, in row-major order. */
function offsets(dimensions: readonly (readonly [size: number, stride: number])[]): Int32Array {
  let all = [0];
  for (const [size, stride] of dimensions) {
    all = all.flatMap((base) => Array.from({ length: size }, (_, i) => base + i * stride));
  }
  return Int32Array.from(all);
}
