/** `cohortflow lineage`: what a result was made from, or what was made from it, as recorded by the run that made it. */
import type { Edge, Lineage, Vertex } from '../engine/lineage.js';
import type { Json } from '../engine/task.js';
import { EXIT, UserError } from './failure.js';
import { count, listed, short } from './format.js';
import { openRecords, recordedName, storeFolder, takeWorkflowFile } from './study.js';
import { chosenSubject, runOption, type RunFlags } from './subject.js';
import { fit, inline, type Paint } from './terminal.js';
import { defineVerb, storeOptions, type WorkflowFlags } from './verb.js';

interface LineageFlags extends WorkflowFlags, RunFlags {
  readonly up?: true;
  readonly down?: true;
}

/** Characters of parameters that are shown. */
const PARAMS_WIDTH = 60;

export const verb = defineVerb<LineageFlags>({
  usage: '[WORKFLOW.yaml] NODE[.PORT] [ITEM…] | FILE | DIGEST',
  details:
    'FILE is a published file or a raw one. Up (the default) leads to raw files, parameters and seeds;\ndown leads to published files. A part that is shown already is not repeated.',
  examples: [
    ['lineage results/nhanes/fig/fev.svg', 'what a figure was made from'],
    ['lineage stack.metrics fev fold=3', 'one instance of a node'],
    ['lineage nhanes3.csv.gz --down', 'everything made from a raw file'],
  ],
  options(command) {
    storeOptions(command);
    runOption(command);
    command.option('--up', 'what it was made from').option('--down', 'what was made from it');
  },
  async run(words, flags, terminal) {
    const { file, rest } = takeWorkflowFile(words, flags);
    if (rest.length === 0)
      throw new UserError('name a node, a file or a digest', 'cohortflow lineage --help');
    const store = await openRecords(storeFolder(file, flags));
    try {
      const workflow = await recordedName(store, file, flags, terminal);
      const { lineageOf } = await import('../engine/lineage.js');
      const subject = await chosenSubject(store, workflow, rest, flags);
      const directions = [
        ...(flags.up === true || flags.down !== true ? (['up'] as const) : []),
        ...(flags.down === true ? (['down'] as const) : []),
      ];
      const lineages = directions.map((direction) => lineageOf(subject, direction));
      if (terminal.isJson) {
        terminal.json(lineages.length === 1 ? lineages[0] : lineages);
        return EXIT.done;
      }
      for (const [n, lineage] of lineages.entries()) {
        if (n > 0) terminal.print();
        for (const line of lineageLines(lineage, terminal.paint)) terminal.print(line);
      }
      return EXIT.done;
    } finally {
      store.close();
    }
  },
});

/** The lineage as a tree whose root is what was asked about. */
export function lineageLines(lineage: Lineage, paint: Paint): string[] {
  const { direction, start, vertices, edges } = lineage;
  const byId = new Map(vertices.map((vertex) => [vertex.id, vertex]));
  const near = (edge: Edge): string => (direction === 'up' ? edge.to : edge.from);
  const far = (edge: Edge): string => (direction === 'up' ? edge.from : edge.to);
  const next = new Map<string, Edge[]>();
  for (const edge of edges) next.set(near(edge), [...(next.get(near(edge)) ?? []), edge]);
  const shown = new Set<string>();
  const lines: string[] = [];

  const draw = (id: string, edge: Edge | null, head: string, indent: string): void => {
    const vertex = byId.get(id)!;
    const children = next.get(id) ?? [];
    const isRepeated = shown.has(id) && children.length > 0;
    shown.add(id);
    const above = isRepeated ? paint.dim('  (see above)') : '';
    const text = vertexText(vertex, edge, direction, isRepeated, paint);
    lines.push(`${head}${edge ? edgeText(edge, direction, paint) : ''}${text}${above}`);
    if (isRepeated) return;
    for (const [i, child] of children.entries()) {
      const isLast = i === children.length - 1;
      draw(far(child), child, `${indent}${isLast ? '└─ ' : '├─ '}`, `${indent}${isLast ? '   ' : '│  '}`);
    }
  };
  draw(start, null, '', '');
  return lines;
}

function edgeText({ port, columns }: Edge, direction: Lineage['direction'], paint: Paint): string {
  if (port === '') return '';
  const read = columns && columns.length > 0 ? ` {${listed(columns)}}` : '';
  return paint.dim(direction === 'up' ? `${port}${read} ← ` : `→ ${port}${read} of `);
}

function vertexText(
  vertex: Vertex,
  edge: Edge | null,
  direction: Lineage['direction'],
  isBrief: boolean,
  paint: Paint,
): string {
  switch (vertex.kind) {
    case 'published':
      return paint.bold(vertex.path);
    case 'file':
      return `${paint.bold(vertex.path)}${vertex.digest === null ? '' : paint.dim(`  digest ${short(vertex.digest)}`)}`;
    case 'node': {
      const output = edge && direction === 'up' ? edge.output : null;
      const items = Object.values(vertex.items).map(String);
      const name = `${vertex.node}${output === null ? '' : `.${output}`}${items.length === 0 ? '' : `[${items.join(', ')}]`}`;
      const digest = output === null ? undefined : vertex.outputs[output];
      const facts = [
        vertex.instances === 1 ? '' : vertex.instances === 0 ? 'not run' : `× ${count(vertex.instances)}`,
        ...(isBrief ? [] : [vertex.task, paramsText(vertex.params)]),
        vertex.seed === null || isBrief ? '' : `seed ${short(vertex.seed)}`,
        digest === undefined ? '' : short(digest),
      ].filter(Boolean);
      return [paint.bold(name), ...facts.map(paint.dim)].join('  ');
    }
  }
}

function paramsText(params: Json): string {
  if (typeof params !== 'object' || params === null) return '';
  const text = Object.entries(params as Readonly<Record<string, Json>>)
    .map(([name, value]) => `${name}=${inline(value)}`)
    .join(' ');
  return fit(text, PARAMS_WIDTH);
}
