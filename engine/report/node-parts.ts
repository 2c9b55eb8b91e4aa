/**
 * What a node is made of, as the report shows it: its parameters after defaults, and what its ports receive.
 */
import { basename } from 'node:path';
import { referenceText, treeJson } from '../describe.js';
import type { Item } from '../item.js';
import { resolveParams } from '../language/resolve-params.js';
import { fillTemplate, templatesOf, templateSource } from '../language/template.js';
import type { Json } from '../task.js';
import type { Binding, FileInput, Node, Reference } from '../workflow.js';
import { SHORT, type ReportContext } from './context.js';
import { markup, joined, type Html, type Part } from './html.js';
import { valueHtml } from './values.js';

type Items = Readonly<Record<string, Item>>;

interface NodeParameter {
  readonly name: string;
  readonly value: Json;
  /** Not written in the workflow. */
  readonly isDefault: boolean;
}

/**
 * Parameters in the order of the task's schema.
 * @param items of an instance; null when the node has none: then only what is written in the workflow is known.
 * @param holes what stands for values that depend on the item: this item's, or `${trait}` as it is written.
 */
export function parametersOf(
  node: Node,
  items: Items | null,
  holes: 'filled' | 'written',
  context: ReportContext,
): NodeParameter[] {
  const resolved = items && resolveParams(node.task, node.with, items);
  const values =
    resolved && 'params' in resolved ? resolved.params : (treeJson(node.with) as Record<string, Json>);
  const order = Object.keys(node.task.params.properties);
  return Object.keys(values)
    .sort((a, b) => order.indexOf(a) - order.indexOf(b))
    .map((name) => {
      const written = node.with[name];
      const varies = holes === 'written' && written !== undefined && !templatesOf(written).next().done;
      const value = varies ? treeJson(written) : values[name]!;
      return { name, value: context.withoutPaths(value), isDefault: written === undefined };
    });
}

export function parameterList(parameters: readonly NodeParameter[]): Html | null {
  if (parameters.length === 0) return null;
  const rows = parameters.map(({ name, value, isDefault }) => {
    const origin = isDefault ? markup` <span class="quiet">default</span>` : null;
    return markup`<tr><th scope="row"><code>${name}</code></th><td>${valueHtml(value)}${origin}</td></tr>\n`;
  });
  return markup`<table class="pairs"><tbody>${rows}</tbody></table>`;
}

/** One entry for each port, with links to where it comes from. */
export function inputList(node: Node, context: ReportContext): Html | null {
  if (node.inputs.size === 0) return null;
  const items = [...node.inputs].map(
    ([port, binding]) => markup`<li><code>${port}</code> ← ${bindingParts(binding, context)}</li>\n`,
  );
  return markup`<ul class="inputs">${items}</ul>`;
}

function bindingParts(binding: Binding, context: ReportContext): Part {
  switch (binding.how) {
    case 'one':
      return referencePart(binding.reference, context);
    case 'bind':
      return joined(
        binding.references.map((reference) => referencePart(reference, context)),
        ', beside ',
      );
    case 'named':
      return joined(
        [...binding.entries].map(
          ([name, entry]) => markup`<code>${name}</code>: ${bindingParts(entry, context)}`,
        ),
        ', ',
      );
  }
}

function referencePart(reference: Reference, context: ReportContext): Html {
  const text = markup`<code>${referenceText(reference)}</code>`;
  if ('input' in reference.source) return markup`<a href="#inputs">${text}</a>`;
  const { node } = reference.source;
  const label = context.workflow.nodes.get(node)?.label ?? null;
  return label === null
    ? markup`${context.nodeAnchorLink(node, text)}`
    : markup`${context.nodeAnchorLink(node, text)} (${label})`;
}

export interface InputFile {
  readonly name: string;
  /** null: it was not read. */
  readonly digest: string | null;
}

/** The files of an input, one for each item of its path's axes; its path as written while those are not known. */
export function filesOf(input: FileInput, context: ReportContext): InputFile[] {
  const lists = input.axes.map((axis) => context.graph.axes.get(axis)?.items ?? null);
  if (lists.includes(null)) return [{ name: basename(templateSource(input.path)), digest: null }];
  let combinations: Items[] = [{}];
  for (const [a, axis] of input.axes.entries()) {
    combinations = combinations.flatMap((some) => lists[a]!.map((item) => ({ ...some, [axis]: item })));
  }
  return combinations.map((items) => {
    const path = String(fillTemplate(input.path, items));
    return { name: basename(path), digest: context.files?.get(path) ?? null };
  });
}

export function shortDigest(digest: string): Html {
  return markup`<code title="${digest}">${digest.slice(0, SHORT)}</code>`;
}
