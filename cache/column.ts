/**
 * Column: one named vector of a table, in memory.
 *
 * Not responsible for bytes on disk (column-codec.ts) or for tables (table.ts). There are two types, as in the
 * exchange formats researchers use: a number and a text. Codes, counts, dates as day numbers and 0/1 flags are numbers.
 */

export type ColumnType = 'number' | 'text';

/** Numbers; NaN is the one missing value (a database NULL and a NaN are the same thing to a study). */
export interface NumberColumn {
  readonly type: 'number';
  readonly values: Float64Array;
}

/** Text; null is the missing value, and differs from ''. */
export interface TextColumn {
  readonly type: 'text';
  readonly values: readonly (string | null)[];
}

export type Column = NumberColumn | TextColumn;

/** A number column over `values` (kept, not copied; an ordinary array is converted, null becomes NaN). */
export function numberColumn(values: Float64Array | readonly (number | null)[]): NumberColumn {
  return {
    type: 'number',
    values: values instanceof Float64Array ? values : Float64Array.from(values, (value) => value ?? NaN),
  };
}

/** A text column over `values` (kept, not copied). */
export function textColumn(values: readonly (string | null)[]): TextColumn {
  return { type: 'text', values };
}

/** How many of the column's cells are missing. */
export function countMissing(column: Column): number {
  let missing = 0;
  if (column.type === 'number') {
    for (const value of column.values) if (Number.isNaN(value)) missing++;
  } else {
    for (const value of column.values) if (value === null) missing++;
  }
  return missing;
}

/** The column's cells at `rows`, in that order; −1 gives a missing cell. */
export function takeRows(column: Column, rows: Int32Array): Column {
  if (column.type === 'number') {
    const values = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) values[i] = rows[i]! < 0 ? NaN : column.values[rows[i]!]!;
    return { type: 'number', values };
  }
  return { type: 'text', values: Array.from(rows, (row) => (row < 0 ? null : column.values[row]!)) };
}
