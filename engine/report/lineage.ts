/**
 * Lineage: where one figure or table of the report comes from, folded below it, and how to make it again.
 *
 * The whole lineage of anything in the store is the command line's.
 */
import { itemText, type Item } from '../item.js';
import { hasResult, itemPhrase, SHORT, type ReportContext } from './context.js';
import { definitions, joined, markup, type Html, type Part } from './html.js';
import type { NodeState } from '../graph.js';
import { inputList, parameterList, parametersOf, shortDigest, upstreamOf } from './node-parts.js';

export function lineageHtml(state: NodeState, instance: number, port: string, context: ReportContext): Html {
  const { node, name } = state;
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
  const inputs = inputList(node, context);
  if (inputs) rows.push(['Inputs', inputs]);
  if (params) rows.push(['Parameters', params]);
  const upstream = upstreamOf(name, context);
  const before = [
    ...upstream.inputs.map((input) => markup`<a href="#inputs">${input}</a>`),
    ...upstream.nodes.map((each) => context.nodeLink(each)),
  ];
  if (before.length > 0) rows.push(['Rests on', joined(before, ', ')]);
  rows.push(['Run again', markup`<code>${context.runCommand(name)}</code>`]);
  rows.push(['Full lineage', markup`<code>${context.lineageCommand(`${name}.${port}`, texts)}</code>`]);
  const keyText = key === null ? null : markup` · key <code>${key.slice(0, SHORT)}</code>`;
  const made = hasResult(state, instance) ? 'Lineage' : 'What it would be made of';
  return markup`<details class="lineage"><summary>${made}: <code>${name}.${port}</code>${keyText}</summary>
${definitions(rows)}</details>`;
}

export function itemTexts(items: Readonly<Record<string, Item>>): Record<string, string> {
  return Object.fromEntries(Object.entries(items).map(([axis, item]) => [axis, itemText(item)]));
}
