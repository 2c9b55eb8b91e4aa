/**
 * Lineage tree: everything that one result was made from, column by column, up to raw files, as `cohortflow lineage` prints it.
 *
 * Not responsible for what leads to what (../lineage.ts).
 */
import { basename } from 'node:path';
import { itemId } from '../item.js';
import type { NodeState } from '../graph.js';
import { lineageOf, type Edge, type NodeVertex, type Vertex } from '../lineage.js';
import { SHORT, type ReportContext } from './context.js';
import { counted, joined, markup, type Html } from './html.js';

/** Columns named at one port. */
const NAMED = 10;

/** What stands above a result, as a nested list; null when it was made from nothing. */
export function lineageTree(
  state: NodeState,
  instance: number,
  port: string,
  context: ReportContext,
): Html | null {
  const items = Object.entries(state.items(instance)).map(([axis, item]) => [axis, itemId(item)] as const);
  const { start, vertices, edges } = lineageOf(
    {
      kind: 'node',
      recorded: context.recorded,
      node: state.name,
      output: port,
      selection: Object.fromEntries(items),
      published: null,
    },
    'up',
  );
  const byId = new Map(vertices.map((vertex) => [vertex.id, vertex]));
  const above = new Map<string, Edge[]>();
  for (const edge of edges) above.set(edge.to, [...(above.get(edge.to) ?? []), edge]);
  const told = new Set<string>();
  const list = (id: string): Html | null => {
    const found = above.get(id) ?? [];
    if (found.length === 0) return null;
    const entries = found.map((edge) => {
      const isTold = told.has(edge.from);
      told.add(edge.from);
      const below = isTold ? null : list(edge.from);
      const again = isTold && above.has(edge.from) ? markup` <span class="quiet">see above</span>` : null;
      return markup`<li>${edgeHtml(edge)}${vertexHtml(byId.get(edge.from)!, edge, context)}${again}${below}</li>\n`;
    });
    return markup`<ul>${entries}</ul>`;
  };
  const tree = list(start);
  return tree && markup`<div class="tree">${tree}</div>`;
}

function edgeHtml({ port, columns }: Edge): Html {
  const named = columns?.slice(0, NAMED) ?? [];
  const more = (columns?.length ?? 0) - named.length;
  const read =
    named.length > 0
      ? markup` {${joined(named, ', ')}${more > 0 ? `, and ${counted(more, 'other')}` : null}}`
      : null;
  return markup`<span class="quiet">${port}${read} ←</span> `;
}

function vertexHtml(vertex: Vertex, edge: Edge, context: ReportContext): Html {
  if (vertex.kind === 'node') return nodeHtml(vertex, edge, context);
  const digest =
    vertex.kind === 'file' && vertex.digest !== null
      ? markup` <span class="quiet">digest ${vertex.digest.slice(0, SHORT)}</span>`
      : null;
  return markup`<a href="#inputs"><code>${basename(vertex.path)}</code></a>${digest}`;
}

function nodeHtml(vertex: NodeVertex, { output }: Edge, context: ReportContext): Html {
  const { node, task, version, items, instances, key } = vertex;
  const chosen = Object.values(items).map(String);
  const name = `${node}${output === null ? '' : `.${output}`}${chosen.length === 0 ? '' : `[${chosen.join(', ')}]`}`;
  const facts = [
    ...(instances === 1 ? [] : [instances === 0 ? 'not run' : `× ${instances}`]),
    `${task} v${version}`,
    ...(key === null ? [] : [`key ${key.slice(0, SHORT)}`]),
  ];
  return markup`${context.nodeAnchorLink(node, markup`<code>${name}</code>`)} <span class="quiet">${facts.join(' · ')}</span>`;
}
