/**
 * Table: rows × named columns in memory, with or without an id column.
 *
 * A table with ids is canonical: ids are unique text, bytewise sorted, so the order of rows in a file is no part of it.
 * A table without ids keeps its order as content. Not responsible for storage: that is manifest.ts and objects.ts.
 */
import { takeRows, type Column, type ColumnType, type NumberColumn, type TextColumn } from './column.js';

export interface Table {
  readonly rows: number;
  /** null for a table whose order is its content. */
  readonly id: { readonly name: string; readonly values: readonly string[] } | null;
  readonly columns: ReadonlyMap<string, Column>;
}

/** What is known of a table before any cell is read. */
export interface TableSchema {
  readonly rows: number;
  readonly idName: string | null;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
}

/** Bytewise (UTF-8) order of two strings: the order of ids everywhere, independent of locale. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  // UTF-16 code-unit order differs from UTF-8 order only where surrogates meet the range above them.
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    if (x >= 0xd800 && y >= 0xd800) {
      x = x >= 0xe000 ? x - 0x800 : x + 0x2000;
      y = y >= 0xe000 ? y - 0x800 : y + 0x2000;
    }
    return x - y;
  }
  return a.length - b.length;
}

/**
 * A canonical table with ids: rows are sorted by id.
 * @throws Error when an id occurs twice, or a column's length differs from the ids'. Both are bugs of the caller: readers
 *   of user data check first and name file, row and column.
 */
export function idTable(
  idName: string,
  ids: readonly string[],
  columns: Iterable<readonly [string, Column]>,
): Table {
  const order = new Int32Array(ids.length);
  let sorted = true;
  for (let i = 0; i < order.length; i++) {
    order[i] = i;
    if (i > 0 && sorted && compareBytes(ids[i - 1]!, ids[i]!) >= 0) sorted = false;
  }
  if (!sorted) order.sort((a, b) => compareBytes(ids[a]!, ids[b]!));
  const values = sorted ? ids : Array.from(order, (row) => ids[row]!);
  for (let i = 1; i < values.length; i++) {
    if (values[i] === values[i - 1])
      throw new Error(`the id '${values[i]!}' occurs twice in column '${idName}'`);
  }
  const out = new Map<string, Column>();
  for (const [name, column] of columns) {
    checkLength(name, column, ids.length);
    out.set(name, sorted ? column : takeRows(column, order));
  }
  return { rows: ids.length, id: { name: idName, values }, columns: out };
}

/** A table without ids: the order of its rows is content. `rows` is needed only when there is no column. */
export function plainTable(columns: Iterable<readonly [string, Column]>, rows?: number): Table {
  const out = new Map(columns);
  const length = rows ?? out.values().next().value?.values.length ?? 0;
  for (const [name, column] of out) checkLength(name, column, length);
  return { rows: length, id: null, columns: out };
}

function checkLength(name: string, column: Column, rows: number): void {
  if (column.values.length !== rows) {
    throw new Error(`column '${name}' has ${column.values.length} cells in a table of ${rows} rows`);
  }
}

export function schemaOf(table: Table): TableSchema {
  return {
    rows: table.rows,
    idName: table.id?.name ?? null,
    columns: [...table.columns].map(([name, column]) => ({ name, type: column.type })),
  };
}

/** The number column `name`. @throws Error when it is absent or is text. */
export function numbers(table: Table, name: string): Float64Array {
  return typed(table, name, 'number').values;
}

/** The text column `name`. @throws Error when it is absent or is numeric. */
export function texts(table: Table, name: string): readonly (string | null)[] {
  return typed(table, name, 'text').values;
}

function typed(table: Table, name: string, type: 'number'): NumberColumn;
function typed(table: Table, name: string, type: 'text'): TextColumn;
function typed(table: Table, name: string, type: ColumnType): Column {
  const column = table.columns.get(name);
  if (!column) throw new Error(`no column '${name}'; the table has ${[...table.columns.keys()].join(', ')}`);
  if (column.type !== type) throw new Error(`column '${name}' holds ${column.type}, expected ${type}`);
  return column;
}

/** The table's rows at `rows` (ascending when the table has ids, so that it stays canonical). */
export function selectRows(table: Table, rows: Int32Array): Table {
  const columns = new Map([...table.columns].map(([name, column]) => [name, takeRows(column, rows)]));
  const id = table.id && { name: table.id.name, values: Array.from(rows, (row) => table.id!.values[row]!) };
  return { rows: rows.length, id, columns };
}

/** For each id of `wanted`, its row in `ids`, or −1. Both are bytewise sorted, as in canonical tables. */
export function matchIds(ids: readonly string[], wanted: readonly string[]): Int32Array {
  const rows = new Int32Array(wanted.length).fill(-1);
  let at = 0;
  for (let i = 0; i < wanted.length; i++) {
    while (at < ids.length && compareBytes(ids[at]!, wanted[i]!) < 0) at++;
    if (at < ids.length && ids[at] === wanted[i]) rows[i] = at;
  }
  return rows;
}
