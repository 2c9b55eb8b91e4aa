/** What a section of the report may show: figures, tables, and flows that part into others. */
import { describe, expect, test } from 'vitest';
import { defaultTargets } from '../../../engine/plan-graph.js';
import type { Reference, Shown } from '../../../engine/workflow.js';
import { load, printed } from './toys.js';

const body = (show: string): string => `
params:
  mode: { value: a, choices: [a, b], assumption: true, description: which }
inputs:
  survey: { table: /data/survey.csv, id: id }
axes:
  trait: [fev, height]
nodes:
  z: { task: scale.zscore, in: { table: survey }, label: '\${params.mode}' }
  y: { task: scale.zscore, in: { table: survey }, with: { ddof: 1 } }
  x: { task: scale.zscore, each: trait, in: { table: survey }, with: { columns: ['\${trait}'] } }
  fig: { task: draw.figure, in: { table: z } }
publish:
  report: { file: report.html, sections: [{ title: One, show: ${show} }] }
`;
const shown = (show: string): readonly Shown[] => {
  const loaded = load(body(show));
  if (!loaded.workflow) throw new Error(printed(loaded));
  return loaded.workflow.report!.sections[0]!.show;
};
const codes = (show: string): string[] => load(body(show)).diagnostics.map(({ code }) => code);
const nodes = (references: readonly Reference[]): string[] =>
  references.map(({ source }) => ('node' in source ? source.node : source.input));

describe('what a section shows', () => {
  test('figures and tables, by their kind or as it says', () => {
    const all = shown('[z, fig, { table: z, caption: C }, { figure: fig }]');
    expect(all.map(({ as, caption }) => [as, caption])).toEqual([
      ['table', ''],
      ['figure', ''],
      ['table', 'C'],
      ['figure', ''],
    ]);
  });

  test('a flow, several beside each other, one that parts into others', () => {
    const [one, beside, parts, repeated] = shown(
      '[{ flow: z }, { flow: [z, y] }, { flow: z, into: [y, "x[trait=fev]"] }, { flow: x }]',
    ) as [Shown, Shown, Shown, Shown];
    expect([one.as, nodes([one.reference]), nodes(one.beside), nodes(one.into)]).toEqual([
      'flow',
      ['z'],
      [],
      [],
    ]);
    expect(nodes(beside.beside)).toEqual(['y']);
    expect(nodes(parts.into)).toEqual(['y', 'x']);
    expect(repeated.axes).toEqual(['trait']);
  });

  test('everything that a flow is drawn from is made', () => {
    const { workflow } = load(body('[{ flow: z, into: [y, x] }]'));
    expect(defaultTargets(workflow!)).toEqual(['z', 'y', 'x']);
  });

  test.each([
    ['[{ flow: fig }]', 'CF144'],
    ['[{ figure: z }]', 'CF144'],
    ['[{ table: fig }]', 'CF144'],
    ['[{ flow: z, table: z }]', 'CF116'],
    ['[{ table: z, into: [y] }]', 'CF116'],
    ['[{ flow: [z, y], into: [x] }]', 'CF116'],
    ['[{ flow: [] }]', 'CF113'],
    ['[{ caption: C }]', 'CF112'],
    ['[{ flow: q }]', 'CF142'],
  ])('%s is refused: %s', (show, code) => {
    expect(codes(show)).toContain(code);
  });
});

test('a parameter says that it is an assumption, and keeps its choices', () => {
  const { workflow } = load(body('[z]'));
  expect(workflow!.params.get('mode')).toMatchObject({ assumption: true, choices: ['a', 'b'] });
});
