/**
 * Describe: a resolved workflow as plain JSON, the way a user would write it. Stored with each run, so that lineage and reports
 * are relative to what was run and not to what the file says now.
 */
import { templateSource } from './language/template.js';
import { isTemplate } from './workflow.js';
import type { Json } from './task.js';
import type { Axis, Binding, ParamTree, Reference, Workflow } from './workflow.js';

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

export interface GraphReference {
  readonly port: string;
  readonly text: string;
  readonly node?: string;
  readonly output?: string;
  readonly input?: string;
  readonly select: Reference['select'];
  /** null: all. */
  readonly columns: readonly string[] | null;
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
  readonly inputs: Readonly<Record<string, { readonly path: string; readonly type: 'table' | 'file' }>>;
  /** Raw files that were looked at, with their digests. */
  readonly files: readonly { readonly path: string; readonly digest: string }[];
  readonly axes: Readonly<Record<string, string>>;
  readonly nodes: Readonly<Record<string, GraphNode>>;
  readonly publish: readonly { readonly path: string; readonly reference: string }[];
}

export function describeWorkflow(workflow: Workflow, files: Graph['files']): Graph {
  return {
    workflow: workflow.name,
    title: workflow.title,
    description: workflow.description,
    file: workflow.file,
    seed: workflow.seed,
    params: [...workflow.params.values()],
    inputs: Object.fromEntries(
      [...workflow.inputs.values()].map(({ name, path, type }) => [
        name,
        { path: templateSource(path), type },
      ]),
    ),
    files,
    axes: Object.fromEntries([...workflow.axes.values()].map((axis) => [axis.name, axisText(axis)])),
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
      reference: referenceText(item.reference),
    })),
  };
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
  const { source, select } = reference;
  return {
    port,
    text: referenceText(reference),
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
