/**
 * Template: text or a parameter with holes for the fields of items, and filling them.
 *
 * Not responsible for the parameters of the study: those are in place when a Template exists (scope.ts).
 */
import { itemId, type Item, type Scalar } from '../item.js';
import type { Json } from '../task.js';
import { TemplateNode, type Hole, type ParamTree, type Template } from '../workflow.js';

/** One item for each axis in view, by axis name. */
export type Items = Readonly<Record<string, Item>>;

/**
 * The value of a template at some items: of the field's own type when it is one hole and nothing else, otherwise text.
 * @throws Error when an axis or a field is missing: the loader checks every axis, and every field that is known before a run.
 */
export function fillTemplate(template: Template, items: Items): Scalar | null {
  const { parts } = template;
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'object') return fieldOf(only, items);
  return joinParts(template, items, String);
}

/** The template's text at some items; `escape` is applied to what fills the holes (for paths). */
export function templateText(
  template: Template,
  items: Items,
  escape: (text: string) => string = String,
): string {
  return joinParts(template, items, escape);
}

function joinParts(template: Template, items: Items, escape: (text: string) => string): string {
  let text = '';
  for (const part of template.parts) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const value = fieldOf(part, items);
    if (value === null)
      throw new Error(`\${${holeName(part)}} is missing for this item, and stands within a text`);
    text += escape(String(value));
  }
  return text;
}

function fieldOf(hole: Hole, items: Items): Scalar | null {
  const item = items[hole.axis];
  if (item === undefined)
    throw new Error(`\${${holeName(hole)}} names the axis '${hole.axis}', which has no item here`);
  if (hole.field === null) return itemId(item);
  const value = typeof item === 'object' ? item[hole.field] : undefined;
  if (value === undefined) {
    throw new Error(`the item '${String(itemId(item))}' of '${hole.axis}' has no field '${hole.field}'`);
  }
  return value;
}

export function holeName(hole: Hole): string {
  return hole.field === null ? hole.axis : `${hole.axis}.${hole.field}`;
}

/** The template as a user would write it. */
export function templateSource(template: Template): string {
  return template.parts
    .map((part) => (typeof part === 'string' ? part.replaceAll('${', '$${') : `\${${holeName(part)}}`))
    .join('');
}

export function literal(text: string): Template {
  return { parts: [text] };
}

/** The text of a template without holes; null when it has holes. */
export function literalText(template: Template): string | null {
  const { parts } = template;
  if (parts.length === 0) return '';
  return parts.length === 1 && typeof parts[0] === 'string' ? parts[0] : null;
}

/** The axes that a template needs, each once, in order. */
export function templateAxes(template: Template): string[] {
  return [...new Set(template.parts.flatMap((part) => (typeof part === 'string' ? [] : [part.axis])))];
}

/** A template from parts, neighbouring texts joined. */
export function makeTemplate(parts: Iterable<string | Hole>): Template {
  const out: (string | Hole)[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (typeof part === 'string' && typeof last === 'string') out[out.length - 1] = last + part;
    else if (part !== '') out.push(part);
  }
  return { parts: out };
}

export type TreeMap = Readonly<Record<string, ParamTree>>;

/** Tells the maps of a tree from its scalars, lists and templates. */
export function isTreeMap(tree: ParamTree): tree is TreeMap {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree) && !(tree instanceof TemplateNode);
}

/** Every template of a tree with the path to it. */
export function* templatesOf(
  tree: ParamTree,
  path: readonly string[] = [],
): Generator<[readonly string[], Template]> {
  if (tree instanceof TemplateNode) yield [path, tree.template];
  else if (Array.isArray(tree)) {
    for (const [index, child] of (tree as readonly ParamTree[]).entries())
      yield* templatesOf(child, [...path, String(index)]);
  } else if (isTreeMap(tree)) {
    for (const [key, child] of Object.entries(tree)) yield* templatesOf(child, [...path, key]);
  }
}

/** A fresh JSON value of a tree; `fill` gives the value of each template. */
export function fillTree(tree: ParamTree, fill: (template: Template) => Json): Json {
  if (tree instanceof TemplateNode) return fill(tree.template);
  if (Array.isArray(tree)) return (tree as readonly ParamTree[]).map((child) => fillTree(child, fill));
  if (!isTreeMap(tree)) return tree as Json;
  const out: Record<string, Json> = {};
  for (const key in tree) out[key] = fillTree(tree[key]!, fill);
  return out;
}
