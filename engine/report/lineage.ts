/**
 * Lineage: where one figure or table of the report comes from, folded below it, and how to make it again.
 *
 * Not responsible for following connections (lineage-tree.ts).
 */
import { itemText, type Item } from '../item.js';
import type { Reference } from '../workflow.js';
import { hasResult, itemPhrase, SHORT, type ReportContext } from './context.js';
import { definitions, markup, type Html, type Part } from './html.js';
import type { NodeState } from '../graph.js';
import { lineageTree } from './lineage-tree.js';
import { parameterList, parametersOf, shortDigest } from './node-parts.js';

/** @param isWhole all that it was made from, up to raw files; otherwise the command that tells it. */
export function lineageHtml(
  { state, instance, reference }: { state: NodeState; instance: number; reference: Reference },
  isWhole: boolean,
  context: ReportContext,
): Html {
  const { node, name } = state;
  const { port } = reference.source as { port: string };
  const key = state.keys[instance] ?? null;
  const items = state.items(instance);
  const texts = itemTexts(items);
  const artifact = state.outputs[instance]?.[port]?.digest ?? null;
  const params = parameterList(parametersOf(node, items, 'filled', context));
  const rows: [string, Part][] = [
    [
      'Made by',
      markup`${context.nodeLink(name)}, task <code>${node.task.name}</code> version ${node.task.version}`,
    ],
  ];
  if (state.axes.length > 0) rows.push(['Item', itemPhrase(texts)]);
  if (key !== null) rows.push(['Key', shortDigest(key)]);
  if (artifact !== null) rows.push(['Content', shortDigest(artifact)]);
  if (params) rows.push(['Parameters', params]);
  const tree = isWhole ? lineageTree(state, instance, port, context) : null;
  if (tree) rows.push(['Made from', tree]);
  rows.push(['Run again', markup`<code>${context.runCommand(name)}</code>`]);
  rows.push(['Lineage', markup`<code>${context.lineageCommand(`${name}.${port}`, texts)}</code>`]);
  const keyText = key === null ? null : markup` · key <code>${key.slice(0, SHORT)}</code>`;
  const made = hasResult(state, instance) ? 'Where this comes from' : 'What it would be made of';
  return markup`<details class="lineage"><summary>${made}: <code>${name}.${port}</code>${keyText}</summary>
${definitions(rows)}</details>`;
}

export function itemTexts(items: Readonly<Record<string, Item>>): Record<string, string> {
  return Object.fromEntries(Object.entries(items).map(([axis, item]) => [axis, itemText(item)]));
}
