/** `table.filter`: the rows of a table that belong to some people. */
import { takeRows } from '../cache/column.js';
import { idTable, matchIds, selectRows } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { idsOf, people, rowsAmong } from './reading.js';

interface Params {
  readonly absent: 'leave_out' | 'missing';
}

export const tableFilter = defineTask<Params>({
  name: 'table.filter',
  version: 1,
  summary: 'Keeps the rows of the given people.',
  details: `People without a row in the table are left out and counted in a warning; a filter that keeps nobody although somebody was asked
for is an error. With \`absent: missing\` they get a row of missing cells instead, so that tables of several sources can be put side by side.`,
  params: {
    type: 'object',
    properties: {
      absent: {
        enum: ['leave_out', 'missing'],
        default: 'leave_out',
        description: 'What becomes of people who have no row: none either, or one of missing cells.',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    table: { type: 'table', summary: 'One row per person.' },
    samples: { type: 'samples', summary: 'The people to keep.', reads: () => [] },
  },
  outputs: { table: { type: 'table', summary: 'The rows of these people.' } },
  run(context) {
    const table = context.table('table');
    const wanted = idsOf(context.table('samples'), 'samples');
    const ids = idsOf(table, 'table');
    const { rows, unmatched } = rowsAmong(ids, wanted);
    if (rows.length === 0 && wanted.length > 0) {
      throw new TaskError(
        `none of the ${people(wanted.length)} of 'samples' has a row in 'table'; their ids look like '${wanted[0]!}' and '${ids[0] ?? '(no row)'}'`,
        { port: 'table' },
      );
    }
    context.log(`${rows.length} of ${table.rows} rows kept`);
    if (context.params.absent === 'missing') {
      context.log(`${people(unmatched)} without a row have missing cells`);
      const at = matchIds(ids, wanted);
      const columns = [...table.columns].map(([name, column]) => [name, takeRows(column, at)] as const);
      return { table: tableOutput(idTable(table.id!.name, wanted, columns)) };
    }
    if (unmatched > 0) context.warn(`no row in 'table' for ${people(unmatched)} of 'samples'`);
    return { table: tableOutput(selectRows(table, rows)) };
  },
});
