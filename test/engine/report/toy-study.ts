/** A small study for the tests of the report: people → fits per trait → a gathered table, a figure, figures per trait. */
import { numberColumn, textColumn } from '../../../cache/column.js';
import { idTable, plainTable, type Table } from '../../../cache/table.js';
import {
  defineTask,
  fileOutput,
  Registry,
  tableOutput,
  type OutputValue,
  type ParameterSchema,
  type TaskType,
} from '../../../engine/task.js';
import type { HandRunOptions } from './hand-run.js';

const table = { type: 'table', summary: 'rows' } as const;

function toy(
  name: string,
  inputs: TaskType['inputs'],
  outputs: TaskType['outputs'],
  params: ParameterSchema['properties'] = {},
) {
  return defineTask({
    name,
    version: 2,
    summary: `The toy \`${name}\`.`,
    params: { type: 'object', properties: params, additionalProperties: false },
    inputs,
    outputs,
    run: () => ({}),
  });
}

export const TOYS = new Registry([
  toy(
    'toy.keep',
    { table },
    { people: { type: 'samples', summary: 'kept' }, flow: table },
    {
      missing: { type: 'number', default: 0.2, description: 'largest share' },
    },
  ),
  toy(
    'toy.fit',
    { x: table },
    { fit: table },
    {
      outcome: { type: 'string', default: '', description: 'column' },
      ridge: { type: 'number', default: 1.5, description: 'penalty' },
    },
  ),
  toy('toy.gather', { all: { ...table, gather: true } }, { table }),
  toy(
    'toy.draw',
    { data: table },
    { figure: { type: 'figure', summary: 'drawn' } },
    {
      spec: { type: 'object', default: {}, description: 'what is drawn' },
    },
  ),
]);

export const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><defs><clipPath id="c"/></defs><rect clip-path="url(#c)" width="5" height="5"/></svg>';

export interface Wording {
  readonly title?: string;
  readonly fit?: string;
  readonly label?: string;
  readonly threshold?: string;
  readonly show?: string;
  readonly traits?: string;
  /** Further parameters, in YAML. */
  readonly params?: string;
  readonly files?: string;
  readonly report?: string;
}

export function study(wording: Wording = {}): string {
  const { title = 'A toy study', fit = 'fit', label = 'Fitted models', threshold = 'threshold' } = wording;
  const { traits = '[sbp, dbp]', show = '[all, { figure: picture, caption: Drawn *well*. }, each_trait]' } =
    wording;
  const { params = '', files = '{ tables/all.csv: all }', report = 'report.html' } = wording;
  return `
title: ${title}
description: |
  Asks a *question*; see [the results](#results).
params:
  ${threshold}: { value: 0.1, description: Largest share of \`missing\` values. }
  data: { value: people.csv, path: true }
  ${params}
inputs:
  people: { table: "\${params.data}", id: eid }
  scores: { file: "scores/\${trait}.txt" }
axes:
  trait: ${traits}
nodes:
  kept: { task: toy.keep, in: { table: people }, with: { missing: "\${params.${threshold}}" } }
  ${fit}: { task: toy.fit, each: trait, in: { x: kept.people }, with: { outcome: "\${trait}" }, label: ${label} }
  all: { task: toy.gather, in: { all: "${fit}.fit[*?]" } }
  strict: { task: toy.gather, in: { all: "${fit}.fit[*]" } }
  picture: { task: toy.draw, in: { data: strict }, with: { spec: { mark: bar } } }
  each_trait: { task: toy.draw, each: trait, in: { data: ${fit}.fit }, with: { spec: { y: "\${trait}" } } }
publish:
  to: out
  files: ${files}
  report:
    file: ${report}
    sections:
      - { title: Results, text: "What *came out*.", show: ${show} }
`;
}

export const ASSOCIATIONS: Table = idTable(
  'pair',
  ['a', 'b', 'c'],
  [
    ['arm', textColumn(['real', null, '<imputed>'])],
    ['beta', numberColumn([0.25, -1.5, null])],
    ['log10p', numberColumn([-0.3, -400.5, null])],
    ['log10q', numberColumn([-0.1, -399, null])],
    ['q', numberColumn([0.79, 0, null])],
    ['n', numberColumn([18825, 3167, 12])],
  ],
);

export function makeToy(node: string): Readonly<Record<string, OutputValue>> {
  if (node === 'kept') {
    return { people: tableOutput(idTable('eid', ['1'], [])), flow: tableOutput(plainTable([])) };
  }
  if (node === 'all' || node === 'strict') return { table: tableOutput(ASSOCIATIONS) };
  if (node === 'picture' || node === 'each_trait') return { figure: fileOutput(Buffer.from(SVG), 'svg') };
  return { fit: tableOutput(plainTable([['x', numberColumn([1])]])) };
}

export const toyRun = (over: Partial<HandRunOptions> = {}, wording: Wording = {}): HandRunOptions => ({
  yaml: study(wording),
  registry: TOYS,
  make: makeToy,
  ...over,
});
