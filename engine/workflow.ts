/**
 * Workflow: a study as resolved from its YAML: names are bound, parameters are in place, everything static is checked.
 *
 * What remains open here is only what depends on items (Template) or on results (dynamic axes). Not responsible for
 * reading YAML (language/) or for running (run.ts).
 */
import type { Range } from './diagnostic.js';
import type { Item, Scalar } from './item.js';
import type { Json, TaskType } from './task.js';
import type { PortType } from './port.js';

/** Text or a value with holes for the fields of items: `gwas/${idp.file}`. */
export interface Template {
  /** The texts and holes in order. One hole and nothing else keeps the field's type. */
  readonly parts: readonly (string | Hole)[];
}

export interface Hole {
  readonly axis: string;
  /** A field of a record item; null for the item itself (a record's `id`). */
  readonly field: string | null;
}

/** A parameter tree: JSON whose leaves may be templates. `isTemplate` tells. */
export type ParamTree = Json | TemplateNode | readonly ParamTree[] | { readonly [key: string]: ParamTree };

/** Wraps a Template in a ParamTree; a class, so that no JSON value can be mistaken for it. */
export class TemplateNode {
  constructor(readonly template: Template) {}
}

export function isTemplate(tree: unknown): tree is TemplateNode {
  return tree instanceof TemplateNode;
}

/** How one axis of the referenced node is dealt with. Axes that the consumer shares are matched. */
export type AxisSelector =
  | { readonly axis: string; readonly how: 'match' }
  | { readonly axis: string; readonly how: 'gather' }
  | { readonly axis: string; readonly how: 'fixed'; readonly item: Scalar };

export interface ColumnPick {
  readonly column: Template;
  /** `[fev as outcome]`; null keeps the name. */
  readonly as: Template | null;
}

/** `node.port[axes][columns]`, or an input's name in place of `node.port`. */
export interface Reference {
  readonly source: { readonly node: string; readonly port: string } | { readonly input: string };
  /** One for each axis of the source, in the source's order. */
  readonly select: readonly AxisSelector[];
  /** `[*?]`: gathers the survivors and lists the failures; meaningful only with a 'gather'. */
  readonly survivors: boolean;
  /** null: all columns. */
  readonly columns: readonly ColumnPick[] | null;
  readonly at: Range;
}

/** What is connected to a port. `bind` puts the columns of tables with the same ids side by side. */
export type Binding =
  | { readonly how: 'one'; readonly reference: Reference }
  | { readonly how: 'bind'; readonly references: readonly Reference[] }
  | { readonly how: 'named'; readonly entries: ReadonlyMap<string, Binding> };

export interface Node {
  readonly name: string;
  readonly task: TaskType;
  /** Axis names, in the order of `each`. */
  readonly axes: readonly string[];
  readonly inputs: ReadonlyMap<string, Binding>;
  /** As written, parameters of the study in place; defaults of the task are not yet filled in. */
  readonly with: { readonly [key: string]: ParamTree };
  /** '' when not given. */
  readonly stream: string;
  readonly label: string | null;
  readonly at: Range;
}

export type AxisSource =
  | { readonly how: 'list'; readonly items: readonly Item[] }
  /** Items 1 … count, which enter the seed of every node that has this axis. */
  | { readonly how: 'replicate'; readonly count: number }
  /** A column of a table (its distinct values, missing ones left out) of an input or of a node. `column` null: records. */
  | { readonly how: 'table'; readonly reference: Reference; readonly column: string | null }
  /** A JSON list made by a node. */
  | { readonly how: 'json'; readonly reference: Reference };

export interface Axis {
  readonly name: string;
  readonly source: AxisSource;
  readonly at: Range;
}

/** How a delimited or Parquet file becomes a table. */
export interface ReadOptions {
  readonly format: 'csv' | 'tsv' | 'parquet' | null;
  /** Column with unique ids; null: a table whose order is content. */
  readonly id: string | null;
  /** Cells read as missing besides the empty one. */
  readonly missing: readonly string[];
  /** Types forced by the user; others are inferred from all cells. */
  readonly types: Readonly<Record<string, 'number' | 'text'>>;
}

export interface FileInput {
  readonly name: string;
  /** 'table' is read by the engine column by column; 'file' is handed to tasks as a path. */
  readonly type: 'table' | 'file';
  /** Absolute once its holes are filled. */
  readonly path: Template;
  /** The axes in `path`. */
  readonly axes: readonly string[];
  readonly read: ReadOptions;
  readonly at: Range;
}

/** One published file (one for each item of the axes in `path`). */
export interface PublishItem {
  /** Relative to the publish folder. */
  readonly path: Template;
  readonly axes: readonly string[];
  readonly reference: Reference;
  readonly type: PortType;
  readonly at: Range;
}

export interface ReportSection {
  readonly title: string;
  /** Markdown (headings, lists, emphasis, links to anchors only). */
  readonly text: string;
  /** What is shown, in order. */
  readonly show: readonly Shown[];
}

export interface Shown {
  /** A flow is a table of `step`, `reason`, `excluded`, `remaining`, drawn as boxes. */
  readonly as: 'figure' | 'table' | 'flow';
  readonly reference: Reference;
  /** Of a flow: flows drawn beside it. */
  readonly beside: readonly Reference[];
  /** Of a flow: flows into which it parts. */
  readonly into: readonly Reference[];
  /** May be ''. */
  readonly caption: string;
  readonly type: PortType;
  /** The axes over which it repeats: one for each item. */
  readonly axes: readonly string[];
}

export interface ReportSpec {
  /** Relative to the publish folder. */
  readonly path: string;
  readonly title: string;
  readonly sections: readonly ReportSection[];
}

export interface Parameter {
  readonly name: string;
  readonly value: Json;
  readonly description: string | null;
  /** It stands for a choice that the study's sources leave open, and is told as such in the report. */
  readonly assumption: boolean;
  /** The values that it may have; null: any. */
  readonly choices: readonly Json[] | null;
  /** True when `--set` or a child of `extends` gave it. */
  readonly overridden: boolean;
}

export interface Workflow {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The main file, absolute. */
  readonly file: string;
  /** The study's seed as canonical text. */
  readonly seed: string;
  readonly params: ReadonlyMap<string, Parameter>;
  /** Only file inputs: an input that names a node's port is already replaced by it in every reference. */
  readonly inputs: ReadonlyMap<string, FileInput>;
  readonly axes: ReadonlyMap<string, Axis>;
  /** In an order in which every node follows what it depends on, dynamic axes included. */
  readonly nodes: ReadonlyMap<string, Node>;
  /** Absolute folder. */
  readonly publishTo: string;
  readonly publish: readonly PublishItem[];
  readonly report: ReportSpec | null;
}
