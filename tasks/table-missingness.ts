/** `table.missingness`: how much is missing, by person and by column. */
import { numberColumn, textColumn, type Column } from '../cache/column.js';
import { idTable, plainTable } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { idsOf } from './reading.js';

export const tableMissingness = defineTask<Record<string, never>>({
  name: 'table.missingness',
  version: 1,
  summary: 'Counts missing cells of each person and of each column.',
  details: `For a rule of \`cohort.select\` on all columns of a table, whose names need not be known: \`exclude: {column: share, above: 0.2}\`.`,
  params: { type: 'object', properties: {}, additionalProperties: false },
  inputs: { table: { type: 'table', summary: 'One row per person, columns of any type.' } },
  outputs: {
    people: { type: 'table', summary: 'Per person: missing (cells) and share.' },
    columns: { type: 'table', summary: 'Per column: column, missing (people) and share.' },
  },
  run(context) {
    const table = context.table('table');
    const ids = idsOf(table, 'table');
    const names = [...table.columns.keys()];
    if (names.length === 0) throw new TaskError('expected at least one column', { port: 'table' });
    const byPerson = new Float64Array(table.rows);
    const byColumn = names.map((name) => {
      const column = table.columns.get(name)!;
      let count = 0;
      for (let row = 0; row < table.rows; row++) {
        if (!isMissing(column, row)) continue;
        byPerson[row]!++;
        count++;
      }
      return count;
    });
    return {
      people: tableOutput(
        idTable(table.id!.name, ids, [
          ['missing', numberColumn(byPerson)],
          ['share', numberColumn(byPerson.map((count) => count / names.length))],
        ]),
      ),
      columns: tableOutput(
        plainTable([
          ['column', textColumn(names)],
          ['missing', numberColumn(byColumn)],
          ['share', numberColumn(byColumn.map((count) => count / table.rows))],
        ]),
      ),
    };
  },
});

const isMissing = (column: Column, row: number): boolean =>
  column.type === 'number' ? Number.isNaN(column.values[row]) : column.values[row] === null;
