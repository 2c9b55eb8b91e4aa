/**
 * Lineage: what a result was made from, up to raw files, parameters and seeds; and what was made from it, down to published files.
 *
 * Walks the graph of a recorded run, so that reused results have a lineage as well. A vertex is a node at some items: the axes that
 * were gathered stay open, and the vertex stands for all of their instances. Not responsible for finding what a user means
 * (recorded.ts) or for drawing (cli/).
 */
import type { Digest } from '../cache/artifact.js';
import type { Graph, GraphSource } from './describe.js';
import { fillPath, fillText, itemsOfPath } from './graph-paths.js';
import { escapeItem, type Scalar } from './item.js';
import { columnsOffered, columnsRead } from './lineage-columns.js';
import type { Recorded, Subject } from './recorded.js';
import { countSelected, type Selection } from './selection.js';
import type { Json } from './task.js';
import type { AxisSelector } from './workflow.js';

export interface NodeVertex {
  readonly kind: 'node';
  readonly id: string;
  readonly node: string;
  readonly label: string | null;
  readonly task: string;
  readonly version: number;
  /** Of the axes that are fixed. */
  readonly items: Selection;
  /** Instances that the vertex stands for. */
  readonly instances: number;
  /** Of one instance: as in its key, defaults filled in. Of several: as written. */
  readonly params: Json;
  /** The rest is known of one instance only. */
  readonly seed: string | null;
  readonly key: Digest | null;
  readonly outputs: Readonly<Record<string, Digest>>;
}

export interface FileVertex {
  readonly kind: 'file';
  readonly id: string;
  readonly input: string;
  /** May hold `${axis}` where the vertex stands for several files. */
  readonly path: string;
  readonly digest: Digest | null;
}

export interface PublishedVertex {
  readonly kind: 'published';
  readonly id: string;
  /** Relative to the publish folder. */
  readonly path: string;
}

export type Vertex = NodeVertex | FileVertex | PublishedVertex;

export interface Edge {
  /** Vertex ids. */
  readonly from: string;
  readonly to: string;
  /** The consumer's port; `axis NAME` for what gives an axis its items; '' for a published file. */
  readonly port: string;
  /** The producer's output; null for a file. */
  readonly output: string | null;
  /** The columns that are read, by the consumer's names; null where they are not known one by one. */
  readonly columns: readonly string[] | null;
}

export interface Lineage {
  readonly run: number;
  readonly direction: 'up' | 'down';
  /** Id of the vertex that was asked about. */
  readonly start: string;
  /** Each after a vertex that leads to it. */
  readonly vertices: readonly Vertex[];
  readonly edges: readonly Edge[];
}

/** Everything that leads to (or from) a subject, as its run recorded it. */
export function lineageOf(subject: Subject, direction: 'up' | 'down'): Lineage {
  return new Walk(subject.recorded, direction).from(subject);
}

/** What one port of a node, or one of its axes, is fed by. */
interface Link {
  readonly port: string;
  readonly source: { readonly input: string } | { readonly node: string; readonly output: string };
  readonly select: readonly AxisSelector[];
  /** Columns as written; null: those that the task reads. */
  readonly picks: readonly string[] | null;
}

function linksOf(graph: Graph, node: string): Link[] {
  const { references, axes } = graph.nodes[node]!;
  const link = (port: string, { input, node: name, output, select, columns }: GraphSource): Link => ({
    port,
    source: input === undefined ? { node: name!, output: output! } : { input },
    select,
    picks: columns,
  });
  const origins = axes.flatMap((axis) => {
    const origin = graph.origins[axis];
    return origin ? [link(`axis ${axis}`, origin)] : [];
  });
  return [...references.map((reference) => link(reference.port, reference)), ...origins];
}

interface Visit {
  readonly node: string;
  readonly selection: Selection;
  /** Going down: only what comes from this output; null: from any. */
  readonly output: string | null;
}

class Walk {
  private readonly vertices = new Map<string, Vertex>();
  private readonly edges = new Map<string, Edge>();
  private readonly open: Visit[] = [];
  private readonly links: ReadonlyMap<string, readonly Link[]>;

  constructor(
    private readonly recorded: Recorded,
    private readonly direction: 'up' | 'down',
  ) {
    const { graph } = recorded;
    this.links = new Map(Object.keys(graph.nodes).map((node) => [node, linksOf(graph, node)]));
  }

  from(subject: Subject): Lineage {
    const start = this.start(subject);
    for (let visit = this.open.shift(); visit; visit = this.open.shift()) {
      if (this.direction === 'up') this.up(visit);
      else this.down(visit);
    }
    return {
      run: this.recorded.run.id,
      direction: this.direction,
      start,
      vertices: [...this.vertices.values()],
      edges: [...this.edges.values()],
    };
  }

  private start(subject: Subject): string {
    switch (subject.kind) {
      case 'node':
        return this.startAtNode(subject);
      case 'file':
        return this.startAtFile(subject.path);
      case 'report':
        return this.startAtReport();
    }
  }

  /** The report is made of everything that its sections show. */
  private startAtReport(): string {
    const { path, shown } = this.recorded.graph.report!;
    const to = this.published(path);
    if (this.direction === 'down') return to;
    for (const { node, output, select, columns } of shown) {
      if (node === undefined) continue;
      const from = this.visit(node, producerItems(select, {}));
      this.connect({ from, to, port: '', output: output!, columns });
    }
    return to;
  }

  private startAtNode({ node, selection, output, published }: Subject & { kind: 'node' }): string {
    const start = this.visit(node, selection, output);
    if (published === null || this.direction === 'down') return start;
    const file = this.published(published);
    this.connect({ from: start, to: file, port: '', output, columns: null });
    return file;
  }

  private startAtFile(path: string): string {
    const { graph } = this.recorded;
    for (const [input, { path: template, parts }] of Object.entries(graph.inputs)) {
      // A template as it is written stands for all of its files.
      const items =
        template === path ? {} : itemsOfPath(parts, path, (axis) => this.recorded.itemsOf(axis), graph);
      if (!items) continue;
      const from = this.file(input, path);
      if (this.direction === 'up') continue;
      this.eachLink((consumer, link) => {
        if (!('input' in link.source) || link.source.input !== input) return;
        this.connectTo(from, consumer, items, link);
      });
    }
    return `file ${path}`;
  }

  // ---- the two directions ----

  private up({ node, selection }: Visit): void {
    for (const link of this.links.get(node)!) {
      const { source, select } = link;
      const from =
        'input' in source
          ? this.file(source.input, this.pathOf(source.input, selection))
          : this.visit(source.node, producerItems(select, selection));
      this.connectTo(from, node, selection, link);
    }
  }

  private down({ node, selection, output }: Visit): void {
    const from = this.visit(node, selection);
    this.eachLink((consumer, link) => {
      const { source, select } = link;
      if (!('node' in source) || source.node !== node || (output !== null && source.output !== output))
        return;
      const items = consumerItems(select, selection);
      if (items) this.connectTo(from, consumer, items, link);
    });
    const { graph } = this.recorded;
    const { publish, report } = graph;
    const deliver = (source: GraphSource, path: string): void => {
      const { output: port = null, select, columns } = source;
      if (source.node !== node || (output !== null && port !== output)) return;
      if (!consumerItems(select, selection)) return;
      this.connect({ from, to: this.published(path), port: '', output: port, columns });
    };
    for (const each of publish) deliver(each, fillPath(each.parts, selection, graph, escapeItem));
    for (const each of report?.shown ?? []) deliver(each, report!.path);
  }

  private pathOf(input: string, selection: Selection): string {
    const { graph } = this.recorded;
    return fillPath(graph.inputs[input]!.parts, selection, graph);
  }

  private eachLink(act: (consumer: string, link: Link) => void): void {
    for (const [consumer, links] of this.links) for (const link of links) act(consumer, link);
  }

  // ---- vertices and edges ----

  private visit(node: string, selection: Selection, output: string | null = null): string {
    const { axes } = this.recorded.node(node);
    const items = Object.fromEntries(
      axes.flatMap((axis) => (selection[axis] === undefined ? [] : [[axis, selection[axis]]])),
    );
    const id = `node ${node}[${axes.map((axis) => JSON.stringify(items[axis] ?? null)).join(',')}]`;
    if (!this.vertices.has(id)) {
      this.vertices.set(id, this.nodeVertex(id, node, items));
      this.open.push({ node, selection: items, output });
    }
    return id;
  }

  private nodeVertex(id: string, node: string, items: Selection): NodeVertex {
    const { recorded } = this;
    const { store } = recorded;
    const { task, version, label, with: params } = recorded.node(node);
    const group = recorded.group(node);
    const only = recorded.only(node, items);
    const key = only?.group.key(only.at) ?? null;
    const preimage = key === null ? null : store.index.preimage(key);
    const outputs = Object.entries(only?.group.outputs(only.at, store) ?? {});
    return {
      kind: 'node',
      id,
      node,
      label,
      task,
      version,
      items,
      instances: group ? countSelected(group.header.axes, items) : 0,
      params: preimage ? (preimage.params as Json) : params,
      seed: preimage?.seed ?? null,
      key,
      outputs: Object.fromEntries(outputs.map(([port, { digest }]) => [port, digest])),
    };
  }

  private file(input: string, path: string): string {
    const id = `file ${path}`;
    if (!this.vertices.has(id)) {
      const digest = this.recorded.graph.files.find((file) => file.path === path)?.digest ?? null;
      this.vertices.set(id, { kind: 'file', id, input, path, digest });
    }
    return id;
  }

  private published(path: string): string {
    const id = `published ${path}`;
    this.vertices.set(id, { kind: 'published', id, path });
    return id;
  }

  private connectTo(
    from: string,
    consumer: string,
    selection: Selection,
    { port, source, picks }: Link,
  ): void {
    const to = this.visit(consumer, selection);
    const output = 'node' in source ? source.output : null;
    this.connect({
      from,
      to,
      port,
      output,
      columns: this.columns(from, consumer, selection, port, output, picks),
    });
  }

  /** Those that are picked, else those of the port that the source offers. */
  private columns(
    from: string,
    consumer: string,
    selection: Selection,
    port: string,
    output: string | null,
    picks: readonly string[] | null,
  ): readonly string[] | null {
    if (picks) return picks.map((column) => fillText(column, selection));
    const read = columnsRead(this.recorded, consumer, selection).get(port);
    const vertex = this.vertices.get(from);
    if (!read || vertex?.kind !== 'node' || output === null) return read ?? null;
    const offered = columnsOffered(this.recorded, vertex.node, vertex.items, output);
    return offered ? read.filter((column) => offered.includes(column)) : read;
  }

  private connect(edge: Edge): void {
    this.edges.set(JSON.stringify([edge.from, edge.to, edge.port, edge.output]), edge);
  }
}

/** The producer's items: those of shared and fixed axes; gathered ones stay open. */
function producerItems(select: readonly AxisSelector[], selection: Selection): Selection {
  const items: Record<string, Scalar> = {};
  for (const each of select) {
    const shared = each.how === 'match' ? selection[each.axis] : undefined;
    if (each.how === 'fixed') items[each.axis] = each.item;
    else if (shared !== undefined) items[each.axis] = shared;
  }
  return items;
}

/** The consumer's items, as far as the producer's tell them; null when a fixed axis leaves the producer out. */
function consumerItems(select: readonly AxisSelector[], selection: Selection): Selection | null {
  const items: Record<string, Scalar> = {};
  for (const each of select) {
    const item = selection[each.axis];
    if (item === undefined) continue;
    if (each.how === 'fixed' && each.item !== item) return null;
    if (each.how === 'match') items[each.axis] = item;
  }
  return items;
}
