/**
 * Columns: checks the names of columns that a workflow uses against the headers of its table inputs, before any run.
 *
 * Columns made by tasks are not known here; those are checked when the task reads them. Not responsible for reading
 * headers: it is handed a function that does.
 */
import type { Diagnostic, Range } from '../diagnostic.js';
import type { Item } from '../item.js';
import type { Json } from '../task.js';
import {
  TemplateNode,
  type Binding,
  type Node,
  type Reference,
  type Template,
  type Workflow,
} from '../workflow.js';
import { Findings, listNames } from './findings.js';
import { referencesOf, shownReferences } from './graph.js';
import { placesOf } from './resolve-params.js';
import { literalText, templateAxes, templateText, type TreeMap } from './template.js';

/** Items of one static axis for which a templated name is checked. */
const MAX_ITEMS = 10_000;

/** The columns of a table input in its file's order, the id column included; null when they are not known. */
export type HeaderOf = (input: string) => readonly string[] | null;

/**
 * Errors for every column that a table input does not have: `id` and `types` of inputs, `column` of axes, picked columns,
 * and task parameters whose schema says `x-columns-of: PORT` while that port is bound to table inputs.
 */
export function checkColumns(workflow: Workflow, headerOf: HeaderOf): Diagnostic[] {
  return new ColumnCheck(workflow, headerOf).run();
}

class ColumnCheck {
  private readonly findings = new Findings();
  private readonly headers = new Map<string, readonly string[] | null>();

  constructor(
    private readonly workflow: Workflow,
    private readonly headerOf: HeaderOf,
  ) {}

  run(): Diagnostic[] {
    const { workflow } = this;
    for (const input of workflow.inputs.values()) {
      const header = this.header(input.name);
      if (!header) continue;
      if (input.read.id !== null)
        this.mustHave(input.read.id, header, input.at, `the input '${input.name}'`, 'as its id');
      for (const column of Object.keys(input.read.types))
        this.mustHave(column, header, input.at, `the input '${input.name}'`, "in 'types'");
    }
    for (const axis of workflow.axes.values()) {
      const { source } = axis;
      if (source.how !== 'table') continue;
      const columns = this.columnsOf(source.reference);
      if (columns && source.column !== null)
        this.mustHave(
          source.column,
          columns,
          axis.at,
          sourceName(source.reference),
          `for the axis '${axis.name}'`,
        );
    }
    for (const node of workflow.nodes.values()) this.checkNode(node);
    for (const item of workflow.publish) this.columnsOf(item.reference);
    for (const section of workflow.report?.sections ?? [])
      for (const reference of section.show.flatMap(shownReferences)) this.columnsOf(reference);
    const files = new Set([workflow.file, ...this.findings.all.flatMap((finding) => finding.at?.file ?? [])]);
    return this.findings.sorted([...files]);
  }

  private header(input: string): readonly string[] | null {
    let header = this.headers.get(input);
    if (header === undefined) {
      header = this.workflow.inputs.get(input)?.type === 'table' ? this.headerOf(input) : null;
      this.headers.set(input, header);
    }
    return header;
  }

  private mustHave(
    column: string,
    columns: readonly string[],
    at: Range | null,
    owner: string,
    use: string,
  ): void {
    if (columns.includes(column)) return;
    this.findings.error('CF182', at, `${owner} has no column '${column}' (${use})`, {
      expected: listNames(columns, 'a table with columns'),
      nearest: this.findings.nearest(column, columns),
    });
  }

  private checkNode(node: Node): void {
    const columns = new Map<string, readonly string[] | null>();
    for (const [port, binding] of node.inputs) {
      const known = this.bindingColumns(binding, node);
      // The id column of a node's table is not known before a run, so its names are not complete.
      const isWhole = [...referencesOf(binding)].every(({ source }) => 'input' in source);
      columns.set(port, isWhole ? known : null);
    }
    const at = placesOf(node.with);
    for (const [name, schema] of Object.entries(node.task.params.properties)) {
      const port = columnsPort(schema);
      const known = port === null ? null : columns.get(port);
      const value = (node.with as TreeMap)[name];
      if (!known || value === undefined) continue;
      const values = Array.isArray(value) ? (value as readonly unknown[]) : [value];
      for (const [index, each] of values.entries()) {
        const place = at(Array.isArray(value) ? [name, String(index)] : [name]) ?? node.at;
        for (const column of this.texts(each)) {
          this.mustHave(
            column,
            known,
            place,
            `the input '${port!}' of the node '${node.name}'`,
            `for the parameter '${name}'`,
          );
        }
      }
    }
  }

  /** The names that a text or a template stands for, as far as they are known. */
  private texts(value: unknown): readonly string[] {
    if (typeof value === 'string') return [value];
    return value instanceof TemplateNode ? (this.expand(value.template) ?? []) : [];
  }

  /** Each text of a template over one static axis; null when it is not known. */
  private expand(template: Template): readonly string[] | null {
    const text = literalText(template);
    if (text !== null) return [text];
    const [axis, ...others] = templateAxes(template);
    const source = axis === undefined ? undefined : this.workflow.axes.get(axis)?.source;
    if (axis === undefined || others.length > 0 || source?.how !== 'list' || source.items.length > MAX_ITEMS)
      return null;
    try {
      return source.items.map((item: Item) => templateText(template, { [axis]: item }));
    } catch {
      return null;
    }
  }

  /** Columns that arrive at a port, the id columns included; null when some are not known. Reports columns bound twice. */
  private bindingColumns(binding: Binding, node: Node): readonly string[] | null {
    if (binding.how === 'one') return this.columnsOf(binding.reference);
    if (binding.how === 'named') {
      for (const entry of binding.entries.values()) this.bindingColumns(entry, node);
      return null;
    }
    const all: string[] = [];
    const from = new Map<string, Reference>();
    let known = true;
    for (const reference of binding.references) {
      const columns = this.columnsOf(reference);
      known &&= columns !== null;
      const id =
        'input' in reference.source
          ? (this.workflow.inputs.get(reference.source.input)?.read.id ?? null)
          : null;
      for (const column of columns ?? []) {
        const earlier = from.get(column);
        if (earlier && earlier !== reference && column !== id) {
          this.findings.error('CF152', reference.at, `the column '${column}' comes from two tables`, {
            got: `${sourceName(earlier)} and ${sourceName(reference)}`,
            hint: 'pick the columns that are wanted, or rename one: [a as b]',
          });
        }
        from.set(column, reference);
        all.push(column);
      }
    }
    return known ? all : null;
  }

  /** The columns of a reference to a table input, after its picks; null when not known. Checks the picks. */
  private columnsOf(reference: Reference): readonly string[] | null {
    const header = 'input' in reference.source ? this.header(reference.source.input) : null;
    if (!reference.columns) return header;
    const id =
      'input' in reference.source
        ? (this.workflow.inputs.get(reference.source.input)?.read.id ?? null)
        : null;
    const out: string[] = id !== null && header ? [id] : [];
    let known = true;
    for (const pick of reference.columns) {
      const columns = this.expand(pick.column);
      if (header)
        for (const column of columns ?? [])
          this.mustHave(column, header, reference.at, sourceName(reference), 'picked here');
      const names = this.expand(pick.as ?? pick.column);
      // A name that differs by item is each of its texts for some instance: none can be ruled out.
      if (names) out.push(...names);
      else known = false;
    }
    return known && (header !== null || id !== null || 'node' in reference.source) ? out : null;
  }
}

function sourceName({ source }: Reference): string {
  return 'input' in source ? `the input '${source.input}'` : `'${source.node}.${source.port}'`;
}

/** The port named by `x-columns-of` in a parameter's schema, also where it stands at a list's items. */
function columnsPort(schema: Json): string | null {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return null;
  const map = schema as Record<string, Json>;
  const port = map['x-columns-of'];
  return typeof port === 'string' ? port : columnsPort(map['items'] ?? null);
}
