/**
 * Recorded: a past run that can be asked: its graph, its groups, and which of its results a user means.
 *
 * Everything is relative to what was run, never to what the workflow file says now. Not responsible for following
 * connections (lineage.ts) or for content (show.ts).
 */
import { dirname, relative } from 'node:path';
import type { Digest } from '../cache/artifact.js';
import type { RunRow } from '../cache/runs.js';
import type { Store } from '../cache/store.js';
import { readGraph, type Graph, type GraphNode } from './describe.js';
import { itemsOfPath } from './graph-paths.js';
import { escapeItem, type Scalar } from './item.js';
import { RunGroups, type Group } from './record.js';
import {
  countSelected,
  NotFoundError,
  notFound,
  selectedInstances,
  selectItems,
  type Selection,
} from './selection.js';

/** What a user pointed at. */
export type Subject =
  | {
      readonly kind: 'node';
      readonly recorded: Recorded;
      readonly node: string;
      /** null: all ports. */
      readonly output: string | null;
      readonly selection: Selection;
      /** The published file that was named, if one was: relative to its folder. */
      readonly published: string | null;
    }
  | { readonly kind: 'file'; readonly recorded: Recorded; readonly path: string }
  /** The report of the whole run; its path is relative to the publish folder. */
  | { readonly kind: 'report'; readonly recorded: Recorded; readonly path: string };

export class Recorded {
  readonly graph: Graph;
  private readonly groups: RunGroups;

  constructor(
    readonly store: Store,
    readonly run: RunRow,
  ) {
    this.graph = readGraph(store, run.graph);
    this.groups = new RunGroups(store, run.id);
  }

  /** The instances of a node, or null when the run did not need the node. */
  group(node: string): Group | null {
    return this.groups.get(node);
  }

  node(name: string): GraphNode {
    const node = this.graph.nodes[name];
    if (!node) throw notFound('a node', name, Object.keys(this.graph.nodes));
    return node;
  }

  /** The one instance of a selection; null when there are several, or none. */
  only(node: string, selection: Selection): { readonly group: Group; readonly at: number } | null {
    const group = this.group(node);
    if (!group || countSelected(group.header.axes, selection) !== 1) return null;
    const [at] = selectedInstances(group.header.axes, selection);
    return at === undefined ? null : { group, at };
  }

  /** Nodes with a group in this run. */
  nodesRun(): string[] {
    return Object.keys(this.graph.nodes).filter((name) => this.group(name) !== null);
  }

  /** The items that an axis had, as far as some node of the run had the axis. */
  itemsOf(axis: string): readonly Scalar[] {
    for (const [name, { axes }] of Object.entries(this.graph.nodes)) {
      if (!axes.includes(axis)) continue;
      const found = this.group(name)?.header.axes.find((each) => each.name === axis);
      if (found) return found.items;
    }
    return [];
  }
}

/** The runs of a workflow that ended, newest first, each opened when it is reached; the one that is asked about and no other. */
export function* recordedRuns(
  store: Store,
  workflow: string,
  only: RunRow | null = null,
): Generator<Recorded> {
  if (only) yield new Recorded(store, only);
  else
    for (const run of store.index.runs.each(workflow))
      if (run.status !== 'running') yield new Recorded(store, run);
}

/**
 * What `words` name: `NODE[.PORT] [ITEM…]`, an input, a published or a raw file, or the beginning of a digest.
 * @param path turns a word into an absolute path.
 * @param run the run that is asked about; null: the newest that has what is named.
 * @throws NotFoundError
 */
export function findSubject(
  store: Store,
  workflow: string,
  words: readonly string[],
  path: (word: string) => string,
  run: RunRow | null = null,
): Subject {
  const [first, ...rest] = words;
  if (first === undefined) throw new NotFoundError('name a node, a file, or the beginning of a digest');
  const runs = (): Generator<Recorded> => recordedRuns(store, workflow, run);
  const [newest] = runs();
  if (!newest) throw new NotFoundError(`'${workflow}' has not been run yet: there is nothing to ask about`);

  const subject = byNode(first, rest, newest, runs, run !== null);
  if (subject) return subject;
  const file = byFile(store, first, path(first), newest, runs, run !== null);
  if (file) return file;
  if (/^[0-9a-f]{4,64}$/.test(first)) return byDigest(store, first, runs);
  const [name, output] = first.split('.') as [string, string?];
  const node = newest.graph.nodes[name];
  if (node) throw notFound(`an output of '${name}'`, output ?? '', node.outputs);
  throw notFound('a node, an input or a known file', first, [
    ...Object.keys(newest.graph.nodes),
    ...Object.keys(newest.graph.inputs),
  ]);
}

type Runs = () => Generator<Recorded>;

function byNode(
  word: string,
  items: readonly string[],
  newest: Recorded,
  runs: Runs,
  isNamed: boolean,
): Subject | null {
  const [name, output = null] = word.split('.') as [string, string?];
  const node = newest.graph.nodes[name];
  // What follows the dot may be the extension of a file that is called like a node.
  if (!node || (output !== null && !node.outputs.includes(output))) return null;
  // A run of some targets may have left the node out.
  for (const recorded of runs()) {
    const group = recorded.group(name);
    if (!group) continue;
    const selection = selectItems(name, group.header.axes, items);
    return { kind: 'node', recorded, node: name, output, selection, published: null };
  }
  throw new NotFoundError(
    isNamed ? `'${name}' was not part of run ${newest.run.id}` : `'${name}' was not part of any recorded run`,
  );
}

function byFile(
  store: Store,
  word: string,
  path: string,
  newest: Recorded,
  runs: Runs,
  isNamed: boolean,
): Subject | null {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const inside = relative(folder, path).split('\\').join('/');
    const row = store.index.publications.of(folder).find((published) => published.path === inside);
    if (row) return publishedSubject(inside, row.source, runs, isNamed);
    if (dirname(folder) === folder) break;
  }
  const input = newest.graph.inputs[word];
  if (input) return { kind: 'file', recorded: newest, path: input.path };
  for (const recorded of runs())
    if (recorded.graph.files.some((known) => known.path === path)) return { kind: 'file', recorded, path };
  return publishedAs(store, word, runs, isNamed);
}

/** A published file by its path in the publish folder, as lineage shows it. */
function publishedAs(store: Store, path: string, runs: Runs, isNamed: boolean): Subject | null {
  for (const source of store.index.publications.sourcesOf(path)) {
    try {
      return publishedSubject(path, source, runs, isNamed);
    } catch (error) {
      // Another workflow of the same store may have published it.
      if (!(error instanceof NotFoundError)) throw error;
    }
  }
  return null;
}

/** @param source of a published file: the digest of what it was made from comes first. */
function publishedSubject(path: string, source: string, runs: Runs, isNamed: boolean): Subject {
  if (source.startsWith('report ')) {
    for (const recorded of runs())
      if (recorded.graph.report?.path === path) return { kind: 'report', recorded, path };
    throw new NotFoundError(`${path} is a report, and no recorded run has one of that name`);
  }
  const [digest] = JSON.parse(source) as [Digest];
  for (const recorded of runs()) {
    const { graph } = recorded;
    for (const { node, output = null, parts, select } of graph.publish) {
      const group = node === undefined ? null : recorded.group(node);
      const items = group && itemsOfPath(parts, path, (axis) => recorded.itemsOf(axis), graph, escapeItem);
      if (!group || !items) continue;
      const fixed = select.flatMap((each) => (each.how === 'fixed' ? [[each.axis, each.item] as const] : []));
      const selection = { ...items, ...Object.fromEntries(fixed) };
      const only = recorded.only(node!, selection);
      const isThat = only?.group.outputs(only.at, recorded.store)?.[output!]?.digest === digest;
      // Of a run that is named, what it published there; else of the run whose result the file has.
      if (only && (isThat || isNamed))
        return { kind: 'node', recorded, node: node!, output, selection, published: path };
    }
  }
  throw new NotFoundError(`${path} was published by a run that is no longer recorded`);
}

function byDigest(store: Store, prefix: string, runs: Runs): Subject {
  const keys = store.index.keysFrom(prefix);
  const seen = new Set<Digest>();
  for (const recorded of runs()) {
    const file = recorded.graph.files.find(({ digest }) => digest.startsWith(prefix));
    if (file) return { kind: 'file', recorded, path: file.path };
    if (keys.size === 0) continue;
    for (const { node, manifest } of store.index.runs.nodes(recorded.run.id)) {
      // Runs in which nothing changed share their groups.
      if (seen.has(manifest) || !recorded.graph.nodes[node]) continue;
      seen.add(manifest);
      const group = recorded.group(node)!;
      for (let at = 0; at < group.header.count; at++) {
        const key = group.key(at);
        if (key === null || !keys.has(key)) continue;
        const outputs = Object.entries(group.outputs(at, store) ?? {});
        const output = outputs.find(([, { digest }]) => digest.startsWith(prefix))?.[0] ?? null;
        return { kind: 'node', recorded, node, output, selection: group.items(at), published: null };
      }
    }
  }
  throw new NotFoundError(`no result or input of a recorded run has a digest that begins with ${prefix}`);
}

/** The instances that a subject stands for. */
export function subjectInstances(subject: Subject & { kind: 'node' }): number[] {
  const { header } = subject.recorded.group(subject.node)!;
  return [...selectedInstances(header.axes, subject.selection)];
}
