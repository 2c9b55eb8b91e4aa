/**
 * Reading the tables that arrive at a task's ports: columns by name and type, people by id, with errors that say where.
 *
 * Not responsible for what a task makes of them. Tables of numbers are read in bytewise order of their column names
 * wherever the order could reach a result, so that the order of columns in a file never does.
 */
import { compareBytes, matchIds, plainTable, type Table, type TableSchema } from '../cache/table.js';
import { textColumn, type Column } from '../cache/column.js';
import { TaskError } from '../engine/task.js';

/** Those of `wanted` that the table has: for a port's `reads`. An absent one is reported when the task runs. */
export function present(schema: TableSchema, wanted: readonly (string | null)[]): string[] {
  const names = new Set(wanted);
  return schema.columns.map((column) => column.name).filter((name) => names.has(name));
}

/** `value` is of the column's type. @throws TaskError when it is not: the comparison could never hold. */
export function checkComparable(column: Column, value: Cell, port: string, name: string): void {
  if (typeof value === (column.type === 'number' ? 'number' : 'string')) return;
  const held = column.type === 'number' ? 'numbers' : 'text';
  throw new TaskError(`column '${name}' holds ${held}, but is compared with ${JSON.stringify(value)}`, {
    port,
    column: name,
  });
}

/** The table's column names in bytewise order. */
export function columnNames(table: Table): string[] {
  return [...table.columns.keys()].sort(compareBytes);
}

/** Column `name` of whatever type. @throws TaskError when it is absent. */
export function anyColumn(table: Table, port: string, name: string): Column {
  const column = table.columns.get(name);
  if (column) return column;
  throw new TaskError(`expected a column '${name}', which the table does not have`, { port, column: name });
}

export type Cell = string | number;

/** The cell at `row`; null when it is missing. */
export function cellAt(column: Column, row: number): Cell | null {
  if (column.type === 'text') return column.values[row] ?? null;
  const value = column.values[row]!;
  return Number.isNaN(value) ? null : value;
}

/** Column `name` as numbers (NaN is missing). @throws TaskError when it is absent or holds text. */
export function numbersOf(table: Table, port: string, name: string): Float64Array {
  const column = anyColumn(table, port, name);
  if (column.type === 'number') return column.values;
  const notNumber = column.values.findIndex((value) => value !== null && Number.isNaN(Number(value)));
  // A column declared as text may hold nothing but numbers.
  const row = notNumber < 0 ? column.values.findIndex((value) => value !== null) : notNumber;
  const example = row < 0 ? 'every cell is missing' : `the first is '${column.values[row]!}'`;
  throw new TaskError(`expected numbers in column '${name}', got text (${example})`, {
    port,
    column: name,
    ...(row < 0 ? {} : { row: rowName(table, row) }),
  });
}

/** The only column of a table that must have exactly one. */
export function onlyColumn(table: Table, port: string): { name: string; values: Float64Array } {
  const names = columnNames(table);
  const [name] = names;
  if (name === undefined || names.length > 1) {
    const got = name === undefined ? 'none' : names.map((other) => `'${other}'`).join(', ');
    throw new TaskError(`expected a table with one column, got ${got}; pick one: '…[column]'`, { port });
  }
  return { name, values: numbersOf(table, port, name) };
}

/** The ids of a table that must have them. */
export function idsOf(table: Pick<Table, 'id'>, port: string): readonly string[] {
  if (table.id) return table.id.values;
  throw new TaskError('expected a table with an id column, got one without; give the input an `id:`', {
    port,
  });
}

/** A table whose ids, where it has them, are its first ordinary column: for tasks to which an id is a name like others. */
export function idAsColumn(table: Table): Table {
  if (!table.id) return table;
  return plainTable([[table.id.name, textColumn(table.id.values)], ...table.columns], table.rows);
}

/** How messages name a row: the id where there is one, else the 1-based position. */
export function rowName(table: Table, row: number): string {
  return table.id ? table.id.values[row]! : `row ${row + 1}`;
}

/** Rows of `ids` that are in `wanted`, ascending, and how many of `wanted` are not among `ids`. */
export function rowsAmong(
  ids: readonly string[],
  wanted: readonly string[],
): { rows: Int32Array; unmatched: number } {
  const matched = matchIds(ids, wanted);
  const rows = matched.filter((row) => row >= 0);
  return { rows, unmatched: matched.length - rows.length };
}

/** Values of `column` at `rows`; −1 gives a missing one. */
export function at(column: Float64Array, rows: Int32Array): Float64Array {
  const out = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = column[rows[i]!] ?? NaN;
  return out;
}

/** `1 person`, `2 people`. */
export function people(count: number): string {
  return count === 1 ? '1 person' : `${count.toLocaleString('en-US')} people`;
}
