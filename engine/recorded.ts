/**
 * Recorded: a past run that can be asked: its graph, its groups, and which of its results a user means.
 *
 * Everything is relative to what was run, never to what the workflow file says now. Not responsible for following
 * connections (lineage.ts) or for content (show.ts).
 */
import { dirname, relative } from 'node:path';
import type { ArtifactRef } from '../cache/artifact.js';
import type { RunRow } from '../cache/index.js';
import type { Store } from '../cache/store.js';
import type { Graph, GraphNode } from './describe.js';
import { RunGroups, type Group } from './record.js';
import {
  countSelected,
  NotFoundError,
  notFound,
  selectedInstances,
  selectItems,
  type Selection,
} from './selection.js';

/** Runs that are searched for a node or a digest, newest first. */
const RUNS_SEARCHED = 20;

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
  | { readonly kind: 'file'; readonly recorded: Recorded; readonly path: string };

export class Recorded {
  readonly graph: Graph;
  private readonly groups: RunGroups;

  constructor(
    readonly store: Store,
    readonly run: RunRow,
  ) {
    this.graph = store.artifacts.json(run.graph) as Graph;
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

  /** Instances of which a key or an output has a digest that begins with `prefix`. */
  *withDigest(
    prefix: string,
  ): Generator<{ node: string; instance: number; output: string | null; ref: ArtifactRef | null }> {
    for (const node of this.nodesRun()) {
      const group = this.group(node)!;
      for (let instance = 0; instance < group.header.count; instance++) {
        if (group.key(instance)?.startsWith(prefix)) yield { node, instance, output: null, ref: null };
        for (const [output, ref] of Object.entries(group.outputs(instance, this.store) ?? {})) {
          if (ref.digest.startsWith(prefix)) yield { node, instance, output, ref };
        }
      }
    }
  }
}

/** The newest runs of a workflow that ended, newest first, each opened when it is reached. */
export function* recordedRuns(store: Store, workflow: string): Generator<Recorded> {
  for (const run of store.index.runs(workflow, RUNS_SEARCHED)) {
    if (run.status !== 'running') yield new Recorded(store, run);
  }
}

/**
 * What `words` name: `NODE[.PORT] [ITEM…]`, an input, a published or a raw file, or the beginning of a digest.
 * @param path turns a word into an absolute path.
 * @throws NotFoundError
 */
export function findSubject(
  store: Store,
  workflow: string,
  words: readonly string[],
  path: (word: string) => string,
): Subject {
  const [first, ...rest] = words;
  if (first === undefined) throw new NotFoundError('name a node, a file, or the beginning of a digest');
  const [newest] = recordedRuns(store, workflow);
  if (!newest) throw new NotFoundError(`'${workflow}' has not been run yet: there is nothing to ask about`);

  const subject = byNode(store, workflow, first, rest, newest);
  if (subject) return subject;
  const file = byFile(store, workflow, first, path(first), newest);
  if (file) return file;
  if (/^[0-9a-f]{4,64}$/.test(first)) return byDigest(store, workflow, first);
  const [name, output] = first.split('.') as [string, string?];
  const node = newest.graph.nodes[name];
  if (node) throw notFound(`an output of '${name}'`, output ?? '', node.outputs);
  throw notFound('a node, an input or a known file', first, [
    ...Object.keys(newest.graph.nodes),
    ...Object.keys(newest.graph.inputs),
  ]);
}

function byNode(
  store: Store,
  workflow: string,
  word: string,
  items: readonly string[],
  newest: Recorded,
): Subject | null {
  const [name, output = null] = word.split('.') as [string, string?];
  const node = newest.graph.nodes[name];
  // What follows the dot may be the extension of a file that is called like a node.
  if (!node || (output !== null && !node.outputs.includes(output))) return null;
  // A run of some targets may have left the node out.
  for (const recorded of recordedRuns(store, workflow)) {
    const group = recorded.group(name);
    if (!group) continue;
    const selection = selectItems(name, group.header.axes, items);
    return { kind: 'node', recorded, node: name, output, selection, published: null };
  }
  throw new NotFoundError(`'${name}' was not part of any recorded run`);
}

function byFile(
  store: Store,
  workflow: string,
  word: string,
  path: string,
  newest: Recorded,
): Subject | null {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const inside = relative(folder, path).split('\\').join('/');
    const row = store.index.published(folder).find((published) => published.path === inside);
    if (row) return publishedSubject(store, workflow, inside, row.source);
    if (dirname(folder) === folder) break;
  }
  const input = newest.graph.inputs[word];
  if (input) return { kind: 'file', recorded: newest, path: input.path };
  if (newest.graph.files.some((known) => known.path === path))
    return { kind: 'file', recorded: newest, path };
  return null;
}

function publishedSubject(store: Store, workflow: string, path: string, source: string): Subject {
  if (source.startsWith('report ')) {
    const [newest] = recordedRuns(store, workflow);
    throw new NotFoundError(
      `${path} is the report of the whole run; ask about one of its nodes: ${newest!.nodesRun().join(', ')}`,
    );
  }
  const [digest] = JSON.parse(source) as [string];
  const subject = byDigest(store, workflow, digest);
  return subject.kind === 'node' ? { ...subject, published: path } : subject;
}

function byDigest(store: Store, workflow: string, prefix: string): Subject {
  for (const recorded of recordedRuns(store, workflow)) {
    const file = recorded.graph.files.find(({ digest }) => digest.startsWith(prefix));
    if (file) return { kind: 'file', recorded, path: file.path };
    const [found] = recorded.withDigest(prefix);
    if (!found) continue;
    const group = recorded.group(found.node)!;
    return {
      kind: 'node',
      recorded,
      node: found.node,
      output: found.output,
      selection: group.items(found.instance),
      published: null,
    };
  }
  throw new NotFoundError(`no result or input of a recorded run has a digest that begins with ${prefix}`);
}

/** The instances that a subject stands for. */
export function subjectInstances(subject: Subject & { kind: 'node' }): number[] {
  const { header } = subject.recorded.group(subject.node)!;
  return [...selectedInstances(header.axes, subject.selection)];
}
