/** `sumstats.select`: the rows of summary statistics with a small p. */
import { selectRows } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { rowsBelow } from '../genotypes/sumstats/table.js';
import { numbersOf } from './reading.js';

interface Params {
  readonly p_below: number;
}

/** A row of `sumstats.read` while its columns are decoded, bytes: 183 measured. */
const ROW_BYTES = 200;

export const sumstatsSelect = defineTask<Params>({
  name: 'sumstats.select',
  version: 1,
  summary: 'Keeps the variants with p strictly below a threshold.',
  details:
    'The threshold is strict: "p < 0.001" leaves out 0.001. A p that is 0 because it underflowed is judged by `log10p`. Nobody left is a result with a warning, since a trait may have no variant.',
  params: {
    type: 'object',
    properties: {
      p_below: {
        type: 'number',
        exclusiveMinimum: 0,
        default: 0.001,
        description: 'Keep rows with p strictly below this.',
      },
    },
    additionalProperties: false,
  },
  inputs: { sumstats: { type: 'sumstats', summary: 'Summary statistics with `p`.' } },
  outputs: { table: { type: 'sumstats', summary: 'The rows kept, in their order.' } },
  resources: (_params, shapes) => ({ memory: 2 ** 28 + ROW_BYTES * (shapes['sumstats']?.[0]?.rows ?? 0) }),
  run(context) {
    const table = context.table('sumstats');
    const p = numbersOf(table, 'sumstats', 'p');
    const log10p = table.columns.has('log10p')
      ? numbersOf(table, 'sumstats', 'log10p')
      : p.map((value) => Math.log10(value));
    const wrong = p.findIndex((value) => value < 0 || value > 1);
    if (wrong >= 0)
      throw new TaskError(`${p[wrong]!} is no p`, { port: 'sumstats', column: 'p', row: `row ${wrong + 1}` });
    const rows = rowsBelow(p, log10p, context.params.p_below);
    context.log(`${rows.length} of ${table.rows} rows have p < ${context.params.p_below}`);
    if (rows.length === 0) context.warn(`no row has p < ${context.params.p_below}`);
    return { table: tableOutput(selectRows(table, rows)) };
  },
});
