/**
 * Graph paths: the path templates of a recorded graph at some items, and back from a path to the items.
 *
 * Not responsible for what is connected (lineage.ts).
 */
import type { Graph } from './describe.js';
import type { Scalar } from './item.js';
import type { Selection } from './selection.js';
import type { Template } from './workflow.js';

/** Choices of items beyond which a path is not looked for among those of its template. */
const MOST_CHOICES = 200_000;

/** The path at these items; holes of other axes stay as they are written. */
export function fillPath(
  parts: Template['parts'],
  selection: Selection,
  { records }: Pick<Graph, 'records'>,
  escape: (text: string) => string = String,
): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return part;
      const { axis, field } = part;
      const id = selection[axis];
      const value = id === undefined || field === null ? id : records[axis]?.[JSON.stringify(id)]?.[field];
      return value === undefined || value === null
        ? `\${${field === null ? axis : `${axis}.${field}`}}`
        : escape(String(value));
    })
    .join('');
}

/** A text with the items that are known put in, `${axis}` by `${axis}`. */
export function fillText(template: string, selection: Selection): string {
  return template.replace(/\$\$\{|\$\{([^{}]+)\}/g, (hole, axis?: string) => {
    const item = axis === undefined ? undefined : selection[axis];
    return item === undefined ? hole : String(item);
  });
}

/** The items at which a template becomes `path`; null when it does at none. */
export function itemsOfPath(
  parts: Template['parts'],
  path: string,
  items: (axis: string) => readonly Scalar[],
  graph: Pick<Graph, 'records'>,
  escape: (text: string) => string = String,
): Selection | null {
  const axes = [...new Set(parts.flatMap((part) => (typeof part === 'string' ? [] : [part.axis])))];
  let choices: Record<string, Scalar>[] = [{}];
  for (const axis of axes) {
    const all = items(axis);
    if (choices.length * all.length > MOST_CHOICES) return null;
    choices = choices.flatMap((choice) => all.map((item) => ({ ...choice, [axis]: item })));
  }
  return choices.find((choice) => fillPath(parts, choice, graph, escape) === path) ?? null;
}
