/**
 * Describe: a resolved workflow as plain JSON, the way a user would write it. Stored with each run, so that lineage and reports
 * are relative to what was run and not to what the file says now.
 */
import type { Digest } from '../cache/artifact.js';
import type { ByteReader } from '../cache/artifacts.js';
import type { AxisState } from './graph.js';
import { itemId, type Scalar } from './item.js';
import { templateSource } from './language/template.js';
import { isTemplate } from './workflow.js';
import type { Json } from './task.js';
import type { Axis, Binding, ParamTree, ReadOptions, Reference, Template, Workflow } from './workflow.js';

export interface GraphNode {
  readonly task: string;
  readonly version: number;
  readonly label: string | null;
  readonly axes: readonly string[];
  readonly stream: string;
  readonly with: Json;
  /** Port → reference, list of references, or map of them. */
  readonly inputs: Readonly<Record<string, Json>>;
  /** Every reference of the node, with its port. */
  readonly references: readonly GraphReference[];
  readonly outputs: readonly string[];
}

/** Where a reference leads, resolved. */
export interface GraphSource {
  readonly node?: string;
  readonly output?: string;
  readonly input?: string;
  readonly select: Reference['select'];
  /** null: all. */
  readonly columns: readonly string[] | null;
}

export interface GraphReference extends GraphSource {
  readonly port: string;
  readonly text: string;
}

export interface GraphInput {
  /** As written, `${axis}` for what an item fills in. */
  readonly path: string;
  readonly type: 'table' | 'file';
  readonly parts: Template['parts'];
  readonly read: ReadOptions;
}

export interface GraphPublished extends GraphSource {
  /** As written, relative to the publish folder. */
  readonly path: string;
  readonly parts: Template['parts'];
  readonly reference: string;
}

export interface GraphReport {
  /** Relative to the publish folder. */
  readonly path: string;
  /** What its sections show, in order. */
  readonly shown: readonly (GraphSource & { readonly section: string; readonly reference: string })[];
}

export interface Graph {
  readonly workflow: string;
  readonly title: string;
  readonly description: string;
  readonly file: string;
  readonly seed: string;
  readonly params: readonly {
    readonly name: string;
    readonly value: Json;
    readonly description: string | null;
    readonly overridden: boolean;
  }[];
  readonly inputs: Readonly<Record<string, GraphInput>>;
  /** Raw files that were looked at, with their digests. */
  readonly files: readonly { readonly path: string; readonly digest: string }[];
  readonly axes: Readonly<Record<string, string>>;
  /** What gives a dynamic axis its items; null for a list. */
  readonly origins: Readonly<Record<string, GraphSource | null>>;
  /** For each axis of which paths name a field: the fields of its items, by `JSON.stringify` of their ids. */
  readonly records: Readonly<
    Record<string, Readonly<Record<string, Readonly<Record<string, Scalar | null>>>>>
  >;
  readonly nodes: Readonly<Record<string, GraphNode>>;
  readonly publish: readonly GraphPublished[];
  readonly report: GraphReport | null;
}

/** As runs of earlier versions recorded it. */
type EarlierGraph = Omit<Graph, 'inputs' | 'publish'> & {
  readonly inputs: Readonly<Record<string, Partial<GraphInput> & Pick<GraphInput, 'path' | 'type'>>>;
  readonly publish: readonly (Partial<GraphPublished> & Pick<GraphPublished, 'path' | 'reference'>)[];
};

const READ_AS_IT_IS: ReadOptions = { format: null, id: null, missing: [], types: {} };

/** The graph of a recorded run. What was not recorded then is not known now: where a published file came from, say. */
export function readGraph(store: ByteReader, digest: Digest): Graph {
  const graph = JSON.parse(Buffer.from(store.read(digest)).toString('utf8')) as EarlierGraph;
  const { origins = {}, records = {}, report = null } = graph as Partial<EarlierGraph>;
  const inputs = Object.entries(graph.inputs).map(([name, input]): [string, GraphInput] => [
    name,
    { parts: [input.path], read: READ_AS_IT_IS, ...input },
  ]);
  const publish = graph.publish.map((item): GraphPublished => ({
    parts: [item.path],
    select: [],
    columns: null,
    ...item,
  }));
  return { ...graph, inputs: Object.fromEntries(inputs), publish, origins, records, report };
}

/**
 * @param files raw files that were looked at
 * @param axes with the items that they have by now
 */
export function describeWorkflow(
  workflow: Workflow,
  files: Graph['files'],
  axes: ReadonlyMap<string, AxisState>,
): Graph {
  return {
    workflow: workflow.name,
    title: workflow.title,
    description: workflow.description,
    file: workflow.file,
    seed: workflow.seed,
    params: [...workflow.params.values()],
    inputs: Object.fromEntries(
      [...workflow.inputs.values()].map(({ name, path, type, read }) => [
        name,
        { path: templateSource(path), type, parts: path.parts, read },
      ]),
    ),
    files,
    axes: Object.fromEntries([...workflow.axes.values()].map((axis) => [axis.name, axisText(axis)])),
    origins: Object.fromEntries([...workflow.axes.values()].map((axis) => [axis.name, axisOrigin(axis)])),
    records: recordFields(workflow, axes),
    nodes: Object.fromEntries(
      [...workflow.nodes.values()].map((node) => [
        node.name,
        {
          task: node.task.name,
          version: node.task.version,
          label: node.label,
          axes: node.axes,
          stream: node.stream,
          with: treeJson(node.with),
          inputs: Object.fromEntries([...node.inputs].map(([port, binding]) => [port, bindingJson(binding)])),
          references: [...node.inputs].flatMap(([port, binding]) => graphReferences(port, binding)),
          outputs: Object.keys(node.task.outputs),
        },
      ]),
    ),
    publish: workflow.publish.map((item) => ({
      path: templateSource(item.path),
      parts: item.path.parts,
      reference: referenceText(item.reference),
      ...graphSource(item.reference),
    })),
    report: workflow.report && {
      path: workflow.report.path,
      shown: workflow.report.sections.flatMap(({ title, show }) =>
        show.map(({ reference }) => ({
          section: title,
          reference: referenceText(reference),
          ...graphSource(reference),
        })),
      ),
    },
  };
}

function axisOrigin({ source }: Axis): GraphSource | null {
  if (source.how !== 'table' && source.how !== 'json') return null;
  const columns = source.how === 'table' && source.column !== null ? [source.column] : null;
  return { ...graphSource(source.reference), columns };
}

function recordFields(workflow: Workflow, axes: ReadonlyMap<string, AxisState>): Graph['records'] {
  const templates = [...workflow.inputs.values(), ...workflow.publish].map(({ path }) => path);
  const fields = new Map<string, Set<string>>();
  for (const part of templates.flatMap(({ parts }) => parts)) {
    if (typeof part === 'string' || part.field === null) continue;
    fields.set(part.axis, (fields.get(part.axis) ?? new Set()).add(part.field));
  }
  return Object.fromEntries(
    [...fields].map(([axis, names]) => [
      axis,
      Object.fromEntries(
        (axes.get(axis)?.items ?? []).map((item) => [
          JSON.stringify(itemId(item)),
          Object.fromEntries(
            [...names].map((name) => [name, typeof item === 'object' ? (item[name] ?? null) : null]),
          ),
        ]),
      ),
    ]),
  );
}

export function referenceText(reference: Reference): string {
  const { source } = reference;
  let text = 'input' in source ? source.input : `${source.node}.${source.port}`;
  const gathers = reference.select.filter(({ how }) => how === 'gather');
  const fixed = reference.select.flatMap((select) =>
    select.how === 'fixed' ? [`${select.axis}=${String(select.item)}`] : [],
  );
  const selectors = [...(gathers.length > 0 ? [reference.survivors ? '*?' : '*'] : []), ...fixed];
  if (selectors.length > 0) text += `[${selectors.join(', ')}]`;
  if (reference.columns) text += `[${columnTexts(reference).join(', ')}]`;
  return text;
}

function columnTexts(reference: Reference): string[] {
  return (reference.columns ?? []).map(
    (pick) => templateSource(pick.column) + (pick.as ? ` as ${templateSource(pick.as)}` : ''),
  );
}

function bindingJson(binding: Binding): Json {
  switch (binding.how) {
    case 'one':
      return referenceText(binding.reference);
    case 'bind':
      return binding.references.map(referenceText);
    case 'named':
      return Object.fromEntries([...binding.entries].map(([name, entry]) => [name, bindingJson(entry)]));
  }
}

function graphReferences(port: string, binding: Binding): GraphReference[] {
  switch (binding.how) {
    case 'one':
      return [graphReference(port, binding.reference)];
    case 'bind':
      return binding.references.map((reference) => graphReference(port, reference));
    case 'named':
      return [...binding.entries].flatMap(([name, entry]) => graphReferences(`${port}.${name}`, entry));
  }
}

function graphReference(port: string, reference: Reference): GraphReference {
  return { port, text: referenceText(reference), ...graphSource(reference) };
}

function graphSource(reference: Reference): GraphSource {
  const { source, select } = reference;
  return {
    ...('input' in source ? { input: source.input } : { node: source.node, output: source.port }),
    select,
    columns: reference.columns && reference.columns.map((pick) => templateSource(pick.column)),
  };
}

/** A parameter tree with its holes written as `${…}`. */
export function treeJson(tree: ParamTree): Json {
  if (isTemplate(tree)) return templateSource(tree.template);
  if (Array.isArray(tree)) return (tree as readonly ParamTree[]).map(treeJson);
  if (typeof tree === 'object' && tree !== null) {
    return Object.fromEntries(
      Object.entries(tree as Record<string, ParamTree>).map(([key, value]) => [key, treeJson(value)]),
    );
  }
  return tree;
}

function axisText(axis: Axis): string {
  const { source } = axis;
  switch (source.how) {
    case 'list':
      return `${source.items.length} items`;
    case 'replicate':
      return `${source.count} replicates`;
    case 'table':
      return `${referenceText(source.reference)}${source.column === null ? '' : `, column ${source.column}`}`;
    case 'json':
      return referenceText(source.reference);
  }
}
