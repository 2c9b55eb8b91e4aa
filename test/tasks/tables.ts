/** Small tables for tests. */
import { numberColumn, textColumn, type Column } from '../../cache/column.js';
import { idTable, plainTable, type Table } from '../../cache/table.js';

type Cells = readonly (number | null)[] | readonly (string | null)[];

function column(cells: Cells): Column {
  return cells.some((cell) => typeof cell === 'string')
    ? textColumn(cells as (string | null)[])
    : numberColumn(cells as (number | null)[]);
}

/** A table of people: `people({ a: { x: 1 }, b: { x: null } })` has ids a and b. */
export function people(
  rows: Readonly<Record<string, Readonly<Record<string, number | string | null>>>>,
): Table {
  const ids = Object.keys(rows);
  const names = [...new Set(ids.flatMap((id) => Object.keys(rows[id]!)))];
  return idTable(
    'id',
    ids,
    names.map((name) => [name, column(ids.map((id) => rows[id]![name] ?? null) as Cells)]),
  );
}

/** People without columns. */
export function samples(...ids: string[]): Table {
  return idTable('id', ids, []);
}

/** A table with ids p0, p1, … and these columns. */
export function cohort(columns: Readonly<Record<string, Cells | Float64Array>>): Table {
  const lists = Object.entries(columns);
  const ids = Array.from({ length: lists[0]![1].length }, (_, i) => `p${String(i).padStart(5, '0')}`);
  return idTable(
    'id',
    ids,
    lists.map(([name, cells]) => [name, cells instanceof Float64Array ? numberColumn(cells) : column(cells)]),
  );
}

/** A table without ids. */
export function rows(columns: Readonly<Record<string, Cells>>): Table {
  return plainTable(Object.entries(columns).map(([name, cells]) => [name, column(cells)]));
}

/** A table's columns as plain lists, NaN as null, the id under its own name. */
export function lists(table: Table): Record<string, (number | string | null)[]> {
  const out: Record<string, (number | string | null)[]> = table.id
    ? { [table.id.name]: [...table.id.values] }
    : {};
  for (const [name, { values }] of table.columns) {
    out[name] = Array.from<number | string | null>(values).map((cell) => (Number.isNaN(cell) ? null : cell));
  }
  return out;
}
