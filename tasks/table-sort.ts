/** `table.sort`: a table's rows in another order, perhaps only the first. */
import { compareBytes, plainTable } from '../cache/table.js';
import { takeRows, type Column } from '../cache/column.js';
import { defineTask, tableOutput } from '../engine/task.js';
import { anyColumn, cellAt, idAsColumn } from './reading.js';

interface Params {
  readonly by: readonly string[];
  readonly descending: boolean;
  readonly limit: number | null;
}

export const tableSort = defineTask<Params>({
  name: 'table.sort',
  version: 1,
  summary: 'Sorts the rows of a table, and keeps the first when asked.',
  details: `For reading: the result has no ids, because a table with ids has no order of its own (the id becomes the first column). Rows
that agree in all of \`by\` stay in the order in which they were; missing cells come last.`,
  params: {
    type: 'object',
    properties: {
      by: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        description: 'Columns to sort by, most important first.',
      },
      descending: { type: 'boolean', default: false, description: 'Largest first.' },
      limit: {
        type: ['integer', 'null'],
        minimum: 0,
        default: null,
        description: 'Rows to keep; null: all.',
      },
    },
    required: ['by'],
    additionalProperties: false,
  },
  inputs: { table: { type: 'table', summary: 'The table.' } },
  outputs: { table: { type: 'table', summary: 'Its rows, sorted.' } },
  run(context) {
    const { by, descending, limit } = context.params;
    const table = idAsColumn(context.table('table'));
    const keys = by.map((name) => anyColumn(table, 'table', name));
    const order = Int32Array.from({ length: table.rows }, (_, i) => i);
    order.sort((a, b) => {
      for (const key of keys) {
        const difference = compareCells(key, a, b, descending);
        if (difference !== 0) return difference;
      }
      return a - b;
    });
    const rows = limit === null ? order : order.subarray(0, limit);
    const columns = [...table.columns].map(([name, column]) => [name, takeRows(column, rows)] as const);
    return { table: tableOutput(plainTable(columns, rows.length)) };
  },
});

function compareCells(column: Column, a: number, b: number, descending: boolean): number {
  const [x, y] = [cellAt(column, a), cellAt(column, b)];
  if (x === null || y === null) return Number(x === null) - Number(y === null);
  const ascending =
    typeof x === 'number' && typeof y === 'number' ? x - y : compareBytes(String(x), String(y));
  return descending ? -ascending : ascending;
}
