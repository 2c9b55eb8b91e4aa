/** The study's figures, drawn by their nodes from invented tables: at the size of the demo, and at the published study's. */
import { existsSync, readFileSync } from 'node:fs';
import * as vega from 'vega';
import { compile } from 'vega-lite';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { numberColumn } from '../../cache/column.js';
import { numbers, plainTable, texts, type Table } from '../../cache/table.js';
import type { Json } from '../../engine/task.js';
import { figureVegalite } from '../../tasks/figure-vegalite.js';
import { runTask, type Ran } from './context.js';
import { DEMO_SIZE, PAPER_SIZE, studyTables } from './study-tables.js';

interface FigureNode {
  readonly in: { readonly data: Readonly<Record<string, string>> };
  readonly with: { readonly spec: Json };
}

const WORKFLOWS = new URL('../../workflows/', import.meta.url);
const DRAFTS = ['figure2', 'figure3', 'figure4', 'exhibits'].map((name) => `figures/${name}.yaml`);
// In one workflow with the parameters of the one that it extends, or each in a file of its own.
const FILES = existsSync(new URL('figures.yaml', WORKFLOWS)) ? ['analysis.yaml', 'figures.yaml'] : DRAFTS;
const params: Record<string, Json> = {};
const nodes: Record<string, FigureNode> = {};
for (const file of FILES) {
  const read = parse(readFileSync(new URL(file, WORKFLOWS), 'utf8')) as {
    params?: Record<string, { value: Json }>;
    nodes: Record<string, FigureNode>;
  };
  for (const [name, { value }] of Object.entries(read.params ?? {})) params[name] = value;
  for (const [name, node] of Object.entries(read.nodes)) if (name.startsWith('figure_')) nodes[name] = node;
}

/** `${params.a.b}` alone keeps its type; within a text it becomes text. */
function filled(value: Json): Json {
  if (typeof value === 'string') {
    const at = (path: string): Json =>
      path.split('.').reduce<Json>((of, key) => (of as Record<string, Json>)[key]!, params);
    const alone = /^\$\{params\.([\w.]+)\}$/.exec(value);
    return alone
      ? at(alone[1]!)
      : value.replace(/\$\{params\.([\w.]+)\}/g, (_, path: string) =>
          JSON.stringify(at(path)).replace(/^"|"$/g, ''),
        );
  }
  if (Array.isArray(value)) return value.map(filled);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, filled(child)]));
}

/** `node.port[a, b as c]` of the invented tables. */
function picked(reference: string, tables: Readonly<Record<string, Table>>): Table {
  const [, name, columns] = /^([\w.]+)\[(.*)\]$/.exec(reference)!;
  const table = tables[name!]!;
  return plainTable(
    columns!.split(',').map((column) => {
      const [from, to = from] = column.trim().split(' as ');
      return [to!, table.columns.get(from!)!];
    }),
  );
}

function draw(name: string, tables: Readonly<Record<string, Table>>): Promise<Ran> {
  const node = nodes[name]!;
  const named = Object.fromEntries(
    Object.entries(node.in.data).map(([entry, reference]) => [entry, picked(reference, tables)]),
  );
  return runTask(figureVegalite, { params: { spec: filled(node.with.spec) }, inputs: { data: { named } } });
}

const svgTexts = (svg: string): string[] =>
  [...svg.matchAll(/<(?:text|tspan)[^>]*>([^<]+)/g)].map(([, text]) => text!.replace(/&lt;/g, '<'));

const demo = studyTables(DEMO_SIZE);
const NAMES = [
  'figure_2',
  'figure_3a',
  'figure_3b',
  'figure_3c',
  'figure_4',
  'figure_imputation',
  'figure_effects',
];

describe('the figures of the study', () => {
  it('are these', () => {
    expect(Object.keys(nodes)).toEqual(NAMES);
  });

  it.each(NAMES)(
    '%s draws without a warning, no wider than a page, and reopens in another Vega-Lite',
    async (name) => {
      const ran = await draw(name, demo);
      const svg = ran.text('figure');
      expect(ran.warnings).toEqual([]);
      expect(svg).not.toMatch(/NaN|undefined|Infinity|\[object/);
      expect(Number(/width="([\d.]+)"/.exec(svg)![1])).toBeLessThan(900);
      const published = JSON.parse(JSON.stringify(ran.json('spec'))) as { $schema: string };
      expect(published.$schema).toContain('/vega-lite/v6');
      expect(await redrawn(published)).toBe(svg);
    },
  );

  it('figure 2 declares the overlap of the GWAS, and says how many IDPs it shows', async () => {
    const shown = svgTexts((await draw('figure_2', demo)).text('figure'));
    expect(shown).toContain('GWAS overlap declared: not declared');
    for (const label of ['n = 16', 'n = 2', 'n = 8', 'n = 26', 'SNP+blood']) expect(shown).toContain(label);
    // Panels c and d count every IDP once.
    const table = demo['accuracy_table.table']!;
    const integrated = texts(table, 'configuration').flatMap((configuration, row) =>
      configuration === 'integrated' ? [Math.floor(numbers(table, 'r2')[row]! * 10 + 5e-7)] : [],
    );
    const tallest = Math.max(
      ...[...new Set(integrated)].map((bin) => integrated.filter((b) => b === bin).length),
    );
    expect(shown).toContain(String(tallest));
  });

  it.each([
    ['figure_3a', 'associations_real.table', 50],
    ['figure_3b', 'associations_imputed.table', 500],
  ] as const)('%s counts what it shows, and names the strongest association', async (name, source, cap) => {
    const table = demo[source]!;
    const logp = numbers(table, 'log10p').map((value) => -value);
    const q = numbers(table, 'q');
    const known = logp.filter((value) => !Number.isNaN(value));
    const found = q.filter((value) => value <= 0.05).length;
    const shown = svgTexts((await draw(name, demo)).text('figure'));
    const line = shown.find((text) => text.startsWith('n = '))!;
    expect(line).toContain(
      `${known.length.toLocaleString('en-US')} tested, ${found.toLocaleString('en-US')} (`,
    );
    expect(line).toContain(`; ${known.filter((value) => value > cap).length} beyond ${cap} drawn as ▲; `);
    expect(line).toContain(`; ${logp.length - known.length} without p`);
    const strongest = logp.indexOf(Math.max(...known));
    expect(shown).toContain(
      `${texts(table, 'disease_name')[strongest]!} ~ ${texts(table, 'idp_name')[strongest]!}`,
    );
    for (const category of new Set(texts(table, 'category')))
      expect(shown.some((text) => text.endsWith(` ${category!}`))).toBe(true);
  });

  it('figure 3 can be drawn where nothing is significant, and where nothing was tested', async () => {
    const table = demo['associations_real.table']!;
    const without = (...names: string[]): Record<string, Table> => ({
      'associations_real.table': {
        ...table,
        columns: new Map(
          [...table.columns].map(([name, column]) => [
            name,
            names.includes(name) ? numberColumn(new Float64Array(table.rows).fill(NaN)) : column,
          ]),
        ),
      },
    });
    const nothing = (await draw('figure_3a', without('q'))).text('figure');
    expect(nothing).not.toMatch(/NaN|undefined/);
    expect(svgTexts(nothing).filter((text) => text === '–')).toHaveLength(DEMO_SIZE.categories);
    const untested = (await draw('figure_3a', without('q', 'log10p', 'beta'))).text('figure');
    expect(svgTexts(untested).find((text) => text.startsWith('n = '))).toContain('0 tested');
  });

  it('figure 3c orders categories by the measured IDPs, figure 4 prints p and stars', async () => {
    const third = svgTexts((await draw('figure_3c', demo)).text('figure'));
    const labels = third.filter((text) => text.includes(' (n = '));
    const real = numbers(demo['categories.table']!, 'real');
    const order = texts(demo['categories.table']!, 'category')
      .map((category, row) => ({ category: category!, real: real[row]! }))
      .sort((a, b) => b.real - a.real);
    expect(labels.map((label) => label.replace(/ \(.*/, ''))).toEqual(order.map(({ category }) => category));
    expect(third.join('\n')).toContain('Spearman ρ = 0.758, p = 0.004');
    const fourth = svgTexts((await draw('figure_4', demo)).text('figure'));
    expect(fourth.filter((text) => text.startsWith('p = 1.3e-21, n = 48'))).toHaveLength(4);
    expect(fourth.filter((text) => /^(\*+|ns)$/.test(text))).toHaveLength(DEMO_SIZE.categories);
  });

  it('figure 3 stays small at 260 IDPs × 184 diseases', { timeout: 20_000 }, async () => {
    const svg = (await draw('figure_3b', studyTables(PAPER_SIZE))).text('figure');
    expect(svg.length).toBeLessThan(2e6);
    expect(svgTexts(svg).join('\n')).toContain('184 diseases × 260 IDPs: 47,840 tested');
  });
});

/** The SVG of a published specification, from Vega-Lite and Vega as anyone has them, but with this project's widths of text. */
async function redrawn(spec: object): Promise<string> {
  const untyped = vega as unknown as {
    setRandom(random: () => number): void;
    randomLCG(seed: number): () => number;
  };
  const compiled = compile(spec as never).spec;
  vega.resetSVGDefIds();
  untyped.setRandom(untyped.randomLCG(1));
  const view = new vega.View(vega.parse(compiled), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}
