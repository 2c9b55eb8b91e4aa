/**
 * Graph text: the texts of a recorded graph, which are as a user writes them: path templates, references, sources of axes.
 *
 * Not responsible for what is connected (lineage.ts).
 */
import type { Graph } from './describe.js';
import type { Selection } from './selection.js';

/** What gives a dynamic axis its items. `columns` null: all of them. */
export type AxisOrigin = ({ readonly input: string } | { readonly node: string; readonly output: string }) & {
  readonly columns: readonly string[] | null;
};

const SOURCE = /^([A-Za-z][A-Za-z0-9_-]*)(?:\.([A-Za-z][A-Za-z0-9_-]*))?/;

/** Where the items of an axis come from, as `causes.table, column cause` says; null for a list. */
export function axisOrigin({ axes, nodes, inputs }: Graph, axis: string): AxisOrigin | null {
  const text = axes[axis] ?? '';
  const [, name, output] = SOURCE.exec(text) ?? [];
  if (name === undefined) return null;
  const column = /, column (.*)$/s.exec(text)?.[1];
  const columns = column === undefined ? null : [column];
  if (output !== undefined && nodes[name]) return { node: name, output, columns };
  return inputs[name] ? { input: name, columns } : null;
}

/** The output of `node` that a reference's text leads to, at these items; null when it leads elsewhere. */
export function outputOfText(reference: string, node: string, selection: Selection): string | null {
  const [, name, output] = SOURCE.exec(reference) ?? [];
  if (name !== node || output === undefined) return null;
  const fixed = [...reference.matchAll(/([A-Za-z][A-Za-z0-9_-]*)=([^,\]]+)/g)];
  const isOther = fixed.some(
    ([, axis, item]) => selection[axis!] !== undefined && String(selection[axis!]) !== item,
  );
  return isOther ? null : output;
}

/** A template's text with the items that are known put in; other holes stay. */
export function fillText(template: string, selection: Selection): string {
  return template.replace(/\$\$\{|\$\{([^{}]+)\}/g, (hole, axis?: string) => {
    const item = axis === undefined ? undefined : selection[axis];
    return item === undefined ? hole : String(item);
  });
}

/** The texts of the axes with which a template becomes `text`; null when it cannot. */
export function matchText(template: string, text: string): Record<string, string> | null {
  const axes: string[] = [];
  const pattern = template
    .split(/(\$\{[^{}]+\})/)
    .map((part, i) => {
      if (i % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      axes.push(part.slice(2, -1));
      return '(.+)';
    })
    .join('');
  const found = axes.length === 0 ? null : new RegExp(`^${pattern}$`, 's').exec(text);
  return found && Object.fromEntries(axes.map((axis, i) => [axis, found[i + 1]!]));
}
