/** `figure.vegalite`: a figure drawn from tables by a Vega-Lite specification. */
import type { Table } from '../cache/table.js';
import { TaskError, defineTask, fileOutput, jsonOutput, type Json } from '../engine/task.js';
import { cellAt } from './reading.js';
import { dataNames, refuseLoading, renderSvg, type Rows, type Spec } from './vega.js';

interface Params {
  readonly spec: Spec;
}

// Tells other programs what the JSON is. A name: nothing is fetched.
const SCHEMA = 'https://vega.github.io/schema/vega-lite/v6.json';

export const figureVegalite = defineTask<Params>({
  name: 'figure.vegalite',
  version: 2,
  summary: 'Draws tables as SVG by a Vega-Lite specification.',
  details: `Tables arrive under names at \`data\` and are used as \`data: {name: …}\`; a single one is used when the specification names
none. An id column is an ordinary field. The house theme (fonts, a colour-blind-safe palette) lies below the specification's own
\`config\`. A specification may load nothing: \`url\`, \`href\` and image marks are refused, expressions are interpreted and never
compiled, \`random()\` gives the same numbers each time, and times are UTC. The output \`spec\` opens in any Vega-Lite 6: theme and data are
within.`,
  params: {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        description: 'The Vega-Lite specification (version 5 or 6), without data or with `data: {name: …}`.',
      },
    },
    required: ['spec'],
    additionalProperties: false,
  },
  inputs: { data: { type: 'table', summary: 'The tables to draw, by name.', named: true } },
  outputs: {
    figure: { type: 'figure', summary: 'The figure as SVG.' },
    spec: { type: 'json', summary: 'The specification that was drawn, theme included, with its data.' },
  },
  async run(context) {
    const { spec } = context.params;
    refuseLoading(spec);
    const tables = context.tables('data');
    const asked = dataNames(spec);
    for (const name of asked) {
      if (!tables.has(name)) {
        throw new TaskError(
          `the specification draws data '${name}', but 'data' has only ${[...tables.keys()].join(', ')}`,
          {
            port: 'data',
          },
        );
      }
    }
    const [only] = tables.keys();
    const needsData = asked.size === 0 && !('data' in spec);
    if (needsData && tables.size > 1) {
      throw new TaskError("several tables at 'data', but the specification names none: `data: {name: …}`", {
        port: 'data',
      });
    }
    const named: Spec = needsData ? { ...spec, data: { name: only! } } : spec;
    const data = new Map([...tables].map(([name, table]) => [name, rowsOf(table)]));
    const { svg, spec: drawn, warnings } = await renderSvg(named, data);
    for (const warning of warnings) context.warn(warning);
    return {
      figure: fileOutput(Buffer.from(svg, 'utf8'), 'svg'),
      spec: jsonOutput({ $schema: SCHEMA, ...drawn, datasets: Object.fromEntries(data) as Json }),
    };
  },
});

function rowsOf(table: Table): Rows {
  return Array.from({ length: table.rows }, (_, row) => {
    const cells: Record<string, string | number | null> = table.id
      ? { [table.id.name]: table.id.values[row]! }
      : {};
    for (const [name, column] of table.columns) {
      const cell = cellAt(column, row);
      // JSON and Vega have no infinity.
      cells[name] = typeof cell === 'number' && !Number.isFinite(cell) ? null : cell;
    }
    return cells;
  });
}
