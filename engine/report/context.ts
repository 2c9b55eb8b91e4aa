/**
 * What every part of a report draws upon, and the few questions that several parts ask: what a node is called, where it
 * stands on the page, the texts that may be shown.
 */
import { basename, dirname } from 'node:path';
import type { Digest } from '../../cache/artifact.js';
import type { Store } from '../../cache/store.js';
import type { NodeSummary } from '../event.js';
import { Status, type NodeState } from '../graph.js';
import type { RunGraph } from '../plan-graph.js';
import type { RootFailure } from '../study.js';
import type { Json } from '../task.js';
import type { Workflow } from '../workflow.js';
import { Recorded } from '../recorded.js';
import { markup, type Html } from './html.js';
import { CellBudget } from './table.js';

export interface ReportInput {
  readonly workflow: Workflow;
  readonly store: Store;
  readonly graph: RunGraph;
  /** The run as recorded, for lineage; nothing of its number or time is shown. */
  readonly run: number;
  readonly nodes: readonly NodeSummary[];
  readonly failures: readonly RootFailure[];
  /** Raw files that were looked at, with their digests; without it, inputs are listed without digests. */
  readonly files?: readonly { readonly path: string; readonly digest: Digest }[];
}

/** Digits of a digest or key that are shown; enough for the command line to find it. */
export const SHORT = 12;

export class ReportContext {
  readonly workflow: Workflow;
  readonly store: Store;
  readonly graph: RunGraph;
  readonly summaries: ReadonlyMap<string, NodeSummary>;
  readonly failures: readonly RootFailure[];
  /** Path → digest. */
  readonly files: ReadonlyMap<string, Digest> | null;
  /** The newest result that is shown, in milliseconds since 1970; 0 while none is. */
  newest = 0;
  /** What the page may still hold of long tables. */
  readonly cells = new CellBudget();
  /** Large drawings by content, with the exhibit in which each stands. */
  readonly drawn = new Map<Digest, { readonly id: string; readonly number: string }>();
  readonly recorded: Recorded;
  private readonly folders: readonly string[];

  constructor(input: ReportInput) {
    this.workflow = input.workflow;
    this.store = input.store;
    this.graph = input.graph;
    const run = input.store.index.runs.get(input.run);
    if (!run) throw new Error('internal error: a report of a run that is not recorded');
    this.recorded = new Recorded(input.store, run);
    this.summaries = new Map(input.nodes.map((summary) => [summary.node, summary]));
    this.failures = input.failures;
    this.files = input.files ? new Map(input.files.map(({ path, digest }) => [path, digest])) : null;
    const known = [this.workflow.file, ...(this.files?.keys() ?? [])].map(dirname);
    this.folders = [...new Set([...known, this.workflow.publishTo, this.store.folder])]
      .filter((folder) => folder.length > 1)
      .sort((a, b) => b.length - a.length);
  }

  /** The workflow's file without its folder: a report may be sent to anyone. */
  get file(): string {
    return basename(this.workflow.file);
  }

  /** A message without the folders of the machine: `cannot read /home/ada/study/a.csv` → `cannot read a.csv`. */
  withoutFolders(text: string): string {
    const known = this.withoutKnownFolders(text);
    return known.replace(/(^|[\s"'`(=:,[{])(?:file:\/\/)?\/(?:[^\s/"'`:,()]+\/)+(?=[^\s/])/g, '$1');
  }

  /** A parameter's value with paths likewise. Only whole texts are taken for paths: `weight /height/height` is an expression. */
  withoutPaths(value: Json): Json {
    if (typeof value === 'string') {
      const known = this.withoutKnownFolders(value);
      return /^\/(?:[^/\s]+\/)+[^/]*$/.test(known) ? basename(known) : known;
    }
    if (Array.isArray(value)) return (value as readonly Json[]).map((each) => this.withoutPaths(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.withoutPaths(each)]));
  }

  private withoutKnownFolders(text: string): string {
    let out = text;
    for (const folder of this.folders) out = out.replaceAll(`${folder}/`, '');
    return out;
  }

  /** The name of a node for people, linked to what the page says of it. */
  nodeLink(name: string): Html {
    return this.nodeAnchorLink(name, this.nodeTitle(name));
  }

  nodeAnchorLink(name: string, text: Html | string): Html {
    return this.graph.nodes.has(name) ? markup`<a href="#${nodeAnchor(name)}">${text}</a>` : markup`${text}`;
  }

  nodeTitle(name: string): string {
    return this.workflow.nodes.get(name)?.label ?? name;
  }

  /** The command that makes a node's results again; without a node, the whole study. */
  runCommand(node?: string): string {
    const words = ['cohortflow', 'run', this.file, ...(node === undefined ? [] : [node])];
    return words.map(shellWord).join(' ');
  }

  /** The command that writes one output of an instance to a file. */
  exportCommand(output: string, items: Readonly<Record<string, string>>, file: string): string {
    const chosen = Object.entries(items).map(([axis, item]) => `${axis}=${item}`);
    return ['cohortflow', 'export', this.file, output, ...chosen, '-o', file].map(shellWord).join(' ');
  }

  /** The command that tells all that one output of an instance comes from. */
  lineageCommand(output: string, items: Readonly<Record<string, string>>): string {
    const chosen = Object.entries(items).map(([axis, item]) => `${axis}=${item}`);
    return ['cohortflow', 'lineage', this.file, output, ...chosen].map(shellWord).join(' ');
  }
}

export function nodeAnchor(name: string): string {
  return `node-${name.replace(/[^A-Za-z0-9_-]/g, (char) => `.${char.codePointAt(0)!.toString(16)}`)}`;
}

export function hasResult(state: NodeState, instance: number): boolean {
  const status = state.status[instance];
  return status === Status.fresh || status === Status.ran;
}

/** `trait fev · fold 3`; '' for a node without axes. */
export function itemPhrase(items: Readonly<Record<string, string>>): string {
  return Object.entries(items)
    .map(([axis, item]) => `${axis} ${item}`)
    .join(' · ');
}

/** A word as a POSIX shell takes it. */
function shellWord(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
