/** `table.drop_missing`: leaves out columns that are missing in too many people. */
import { countMissing, numberColumn, takeRows, textColumn } from '../cache/column.js';
import { plainTable, type Table } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { TRAIN_PORT, trainingRows } from './training.js';

interface Params {
  readonly above: number;
}

export const tableDropMissing = defineTask<Params>({
  name: 'table.drop_missing',
  version: 1,
  summary: 'Leaves out the columns that are missing in too large a share of the people.',
  details: `What is measured in few (oestradiol and rheumatoid factor are mostly below the reporting limit) says more about the
imputation than about the people. The share is among the people of \`train\`, or all when it is not given, and must exceed \`above\` for a column to go;
every column is listed with its share. When nothing is left, that is an error.`,
  params: {
    type: 'object',
    properties: {
      above: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.4,
        description: 'Share of missing cells above which a column is left out.',
      },
    },
    additionalProperties: false,
  },
  inputs: { table: { type: 'table', summary: 'Columns of any type.' }, train: TRAIN_PORT },
  outputs: {
    table: { type: 'table', summary: 'The same rows, without the dropped columns.' },
    columns: { type: 'table', summary: 'Per column: missing, share, kept (1 or 0).' },
  },
  run(context) {
    const table = context.table('table');
    const rows = trainingRows(context, table);
    const people = rows?.length ?? table.rows;
    const names = [...table.columns.keys()];
    const missing = names.map((name) => {
      const column = table.columns.get(name)!;
      return countMissing(rows ? takeRows(column, rows) : column);
    });
    const { above } = context.params;
    const kept = missing.map((count) => !(count / people > above));
    const dropped = names.filter((_, j) => !kept[j]!);
    if (names.length > 0 && dropped.length === names.length) {
      throw new TaskError(`every column is missing in more than ${100 * above} % of the people`, {
        port: 'table',
        column: names[0]!,
      });
    }
    if (dropped.length > 0) context.warn(`left out, too often missing: ${dropped.join(', ')}`);
    const out: Table = { ...table, columns: new Map([...table.columns].filter((_, j) => kept[j]!)) };
    return {
      table: tableOutput(out),
      columns: tableOutput(
        plainTable([
          ['column', textColumn(names)],
          ['missing', numberColumn(missing)],
          ['share', numberColumn(missing.map((count) => (people > 0 ? count / people : null)))],
          ['kept', numberColumn(kept.map(Number))],
        ]),
      ),
    };
  },
});
