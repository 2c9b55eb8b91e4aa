/**
 * Methods: for every node of the run, what it is, with which parameters, on what, how often; and how the whole is run again.
 */
import type { NodeState } from '../graph.js';
import { nodeAnchor, type ReportContext } from './context.js';
import { counted, definitions, joined, markup, type Html, type Part } from './html.js';
import { lossesText } from './failures.js';
import { inline } from './markdown.js';
import { inputList, parameterList, parametersOf, shortDigest } from './node-parts.js';
import type { Notes } from './warnings.js';

export function methodsHtml({ backends }: Notes, context: ReportContext): Html {
  const { workflow, graph } = context;
  const states = [...graph.nodes.values()];
  const results = states.reduce((sum, state) => sum + state.count, 0);
  const losses = lossesText(context) ?? 'none failed';
  const seed = states.some(({ node }) => node.task.seeded)
    ? markup` The study’s seed is <code>${workflow.seed}</code>.`
    : null;
  const computed = backends.length > 0 ? markup` Computed with ${joined(backends.map(codeOf), ', ')}.` : null;
  return markup`<p>The study is written in <code>${context.file}</code>: ${counted(states.length, 'node')}, ${counted(results, 'result')},
${losses}.${seed}${computed} <code>${context.runCommand()}</code> makes this page again; what is already in the store is not
computed twice.</p>
${states.map((state) => nodeHtml(state, context))}`;
}

const codeOf = (text: string): Html => markup`<code>${text}</code>`;

function nodeHtml(state: NodeState, context: ReportContext): Html {
  const { node, name } = state;
  const items = state.count > 0 ? state.items(0) : null;
  const params = parameterList(parametersOf(node, items, 'written', context));
  const inputs = inputList(node, context);
  const rows: [string, Part][] = [
    [
      'Task',
      markup`<code>${node.task.name}</code> version ${node.task.version}. ${inline(node.task.summary)}`,
    ],
  ];
  if (node.axes.length > 0) rows.push(['Instances', instancesText(state, context)]);
  if (inputs) rows.push(['Inputs', inputs]);
  if (params) rows.push(['Parameters', params]);
  if (node.stream !== '') rows.push(['Random stream', markup`<code>${node.stream}</code>`]);
  const key = node.axes.length === 0 ? state.keys[0] : null;
  if (key) rows.push(['Key', shortDigest(key)]);
  rows.push(['Run again', markup`<code>${context.runCommand(name)}</code>`]);
  const label =
    node.label === null ? markup`<code>${name}</code>` : markup`${node.label} <code>${name}</code>`;
  return markup`<details class="node" id="${nodeAnchor(name)}">
<summary>${label} <span class="quiet">${briefly(state, context)}</span></summary>
${definitions(rows)}</details>\n`;
}

function briefly(state: NodeState, context: ReportContext): string {
  const { node } = state;
  const summary = context.summaries.get(state.name);
  const parts = [`${node.task.name} v${node.task.version}`];
  if (node.axes.length > 0 && state.opened) parts.push(counted(state.count, 'instance'));
  if (!state.opened) parts.push('not reached');
  if (summary && summary.failed > 0) parts.push(`${summary.failed} failed`);
  if (summary && summary.skipped > 0) parts.push(`${summary.skipped} skipped`);
  return parts.join(' · ');
}

function instancesText(state: NodeState, context: ReportContext): string {
  const axes = state.axes.map(({ name, items }) =>
    items === null ? name : `${name} (${counted(items.length, 'item')})`,
  );
  const over = `one for each item of ${axes.join(' × ')}`;
  const open = context.summaries.get(state.name)?.open ?? 0;
  if (!state.opened) return over;
  return `${counted(state.count, 'instance')}, ${over}${open > 0 ? `; ${open} not reached` : ''}`;
}
