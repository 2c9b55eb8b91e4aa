/** `table.join`: columns of another table looked up by the values of columns that both have. */
import { takeRows, type Column } from '../cache/column.js';
import { plainTable, type Table, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { anyColumn, cellAt, idAsColumn, present, rowName } from './reading.js';

interface Params {
  readonly by: readonly string[];
  readonly columns: readonly string[] | null;
  readonly missing: 'error' | 'keep' | 'drop';
}

// Rows without a match that a message names; the others are counted.
const NAMED = 3;

export const tableJoin = defineTask<Params>({
  name: 'table.join',
  version: 1,
  summary: 'Adds columns of another table, matched by the values of columns.',
  details: `Each row of \`table\` takes the cells of the one row of \`lookup\` that has the same values in all of \`by\`: a disease its
category, an imaging-derived phenotype its group. Values are equal when type and value are; a missing cell matches nothing. An id
column counts as a column on both sides, and the result has none: its rows are in the order of \`table\`. A key that stands in \`lookup\`
twice is an error, and so is a column that \`table\` already has.`,
  params: {
    type: 'object',
    properties: {
      by: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        uniqueItems: true,
        description: 'Columns of both tables whose values must agree.',
      },
      columns: {
        type: ['array', 'null'],
        items: { type: 'string' },
        uniqueItems: true,
        default: null,
        description: 'Columns to take from `lookup`; null: all but those of `by`.',
      },
      missing: {
        enum: ['error', 'keep', 'drop'],
        default: 'error',
        description:
          'A row of `table` without a match: `error` stops and names it, `keep` leaves the new cells missing, `drop` leaves the row out.',
      },
    },
    required: ['by'],
    additionalProperties: false,
  },
  inputs: {
    table: { type: 'table', summary: 'The rows.' },
    lookup: {
      type: 'table',
      summary: 'Where the columns come from: one row for each combination of `by`.',
      reads: ({ by, columns }: Params, schema: TableSchema) =>
        columns === null ? schema.columns.map(({ name }) => name) : present(schema, [...by, ...columns]),
    },
  },
  outputs: { table: { type: 'table', summary: 'The rows of `table` with the columns that were found.' } },
  run(context) {
    const { by, missing } = context.params;
    const table = idAsColumn(context.table('table'));
    const lookup = idAsColumn(context.table('lookup'));
    checkTypes(table, lookup, by);
    const columns = context.params.columns ?? [...lookup.columns.keys()].filter((name) => !by.includes(name));
    const taken = columns.find((name) => table.columns.has(name));
    if (taken !== undefined) {
      throw new TaskError(`'table' already has a column '${taken}'; rename it: '[${taken} as …]'`, {
        port: 'lookup',
        column: taken,
      });
    }
    const places = placesOf(lookup, by);
    const keys = keysOf(table, 'table', by);
    const found = Int32Array.from(keys, (key) => (key === null ? -1 : (places.get(key) ?? -1)));
    const lost = [...keys.keys()].filter((row) => found[row]! < 0);
    if (lost.length > 0) {
      const problem = `${counted(lost.length)} of 'table' without a match in 'lookup': ${namesOf(context.table('table'), by, lost)}`;
      if (missing === 'error')
        throw new TaskError(problem, { port: 'table', row: rowName(context.table('table'), lost[0]!) });
      if (missing === 'keep') context.warn(`${problem}; their new cells are missing`);
      else context.log(`${problem}; dropped`);
    }
    const kept = missing === 'drop' ? Int32Array.from(keys.keys()).filter((row) => found[row]! >= 0) : null;
    const rows = kept ? found.filter((row) => row >= 0) : found;
    return {
      table: tableOutput(
        plainTable(
          [
            ...[...table.columns].map(([name, column]): [string, Column] => [
              name,
              kept ? takeRows(column, kept) : column,
            ]),
            ...columns.map((name): [string, Column] => [
              name,
              takeRows(anyColumn(lookup, 'lookup', name), rows),
            ]),
          ],
          rows.length,
        ),
      ),
    };
  },
});

function checkTypes(table: Table, lookup: Table, by: readonly string[]): void {
  for (const name of by) {
    const [own, other] = [anyColumn(table, 'table', name), anyColumn(lookup, 'lookup', name)];
    if (own.type !== other.type) {
      throw new TaskError(`column '${name}' holds ${own.type} in 'table', but ${other.type} in 'lookup'`, {
        port: 'lookup',
        column: name,
      });
    }
  }
}

/** The values of `by` in each row, as one key; null where a cell is missing. */
function keysOf(table: Table, port: string, by: readonly string[]): (string | null)[] {
  const columns = by.map((name) => anyColumn(table, port, name));
  return Array.from({ length: table.rows }, (_, row) => {
    const cells = columns.map((column) => cellAt(column, row));
    return cells.includes(null) ? null : JSON.stringify(cells);
  });
}

function placesOf(lookup: Table, by: readonly string[]): Map<string, number> {
  const places = new Map<string, number>();
  keysOf(lookup, 'lookup', by).forEach((key, row) => {
    if (key === null) return;
    if (places.has(key)) {
      throw new TaskError(`${key} stands in 'lookup' twice; 'by' must tell its rows apart`, {
        port: 'lookup',
        row: `row ${row + 1}`,
      });
    }
    places.set(key, row);
  });
  return places;
}

function counted(rows: number): string {
  return rows === 1 ? '1 row' : `${rows.toLocaleString('en-US')} rows`;
}

function namesOf(table: Table, by: readonly string[], rows: readonly number[]): string {
  const named = idAsColumn(table);
  const shown = rows.slice(0, NAMED).map((row) => {
    const cells = by.map((name) => cellAt(anyColumn(named, 'table', name), row));
    return cells.map((cell) => (cell === null ? 'missing' : JSON.stringify(cell))).join(' ');
  });
  return shown.join(', ') + (rows.length > NAMED ? ', …' : '');
}
