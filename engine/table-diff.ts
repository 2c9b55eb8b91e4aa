/**
 * Table diff: two tables compared row by row, by key: what was added, lost, changed.
 *
 * Rows are matched by the id column; without one by all text columns, where these name each row once; else by position. Not
 * responsible for which tables are compared (diff.ts).
 */
import type { Column } from '../cache/column.js';
import type { Table } from '../cache/table.js';

export interface CellChange {
  readonly key: string;
  readonly column: string;
  readonly before: Cell;
  readonly after: Cell;
}

export type Cell = string | number | null;

export interface TableDiff {
  readonly rows: { readonly before: number; readonly after: number };
  /** What rows were matched by: names of columns; none: their position. */
  readonly by: readonly string[];
  readonly columns: { readonly added: readonly string[]; readonly lost: readonly string[] };
  readonly added: number;
  readonly lost: number;
  /** Rows of which some cell changed. */
  readonly changed: number;
  /** Per column the rows that changed, in the order of the columns. */
  readonly changes: Readonly<Record<string, number>>;
  /** The greatest relative changes first, then texts; a few. */
  readonly examples: readonly CellChange[];
  /** Some keys of rows that are in one table only. */
  readonly keysAdded: readonly string[];
  readonly keysLost: readonly string[];
}

const EXAMPLES = 5;

/** Whether a number changed: by more than `tolerance` of the larger one's magnitude. Both missing is no change. */
export function differs(before: Cell, after: Cell, tolerance: number): boolean {
  if (typeof before !== 'number' || typeof after !== 'number') return before !== after;
  if (before === after) return false;
  return Math.abs(after - before) > tolerance * Math.max(Math.abs(before), Math.abs(after));
}

export function cellAt(column: Column, row: number): Cell {
  const value = column.values[row] ?? null;
  return typeof value === 'number' && Number.isNaN(value) ? null : value;
}

/** Keys of rows, in order, with the columns that they are made of. */
export interface RowKeys {
  readonly by: readonly string[];
  readonly keys: readonly string[];
}

/** @param tolerance relative; 0 for any difference. */
export function diffTables(before: Table, after: Table, tolerance: number): TableDiff {
  const [a, b] = commonKeys(before, after);
  const names = [...after.columns.keys()].filter((name) => before.columns.has(name) && !a.by.includes(name));
  const rowBefore = new Map(a.keys.map((key, row) => [key, row]));
  const changes: Record<string, number> = {};
  const examples: (CellChange & { readonly size: number })[] = [];
  const keysAdded: string[] = [];
  let [added, changed] = [0, 0];
  for (const [row, key] of b.keys.entries()) {
    const old = rowBefore.get(key);
    if (old === undefined) {
      if (added++ < EXAMPLES) keysAdded.push(key);
      continue;
    }
    rowBefore.delete(key);
    let isChanged = false;
    for (const column of names) {
      const [was, is] = [cellAt(before.columns.get(column)!, old), cellAt(after.columns.get(column)!, row)];
      if (!differs(was, is, tolerance)) continue;
      isChanged = true;
      changes[column] = (changes[column] ?? 0) + 1;
      keepExample(examples, { key, column, before: was, after: is, size: sizeOf(was, is) });
    }
    if (isChanged) changed++;
  }
  return {
    rows: { before: before.rows, after: after.rows },
    by: a.by,
    columns: {
      added: [...after.columns.keys()].filter((name) => !before.columns.has(name)),
      lost: [...before.columns.keys()].filter((name) => !after.columns.has(name)),
    },
    added,
    lost: rowBefore.size,
    changed,
    changes: Object.fromEntries(names.flatMap((name) => (changes[name] ? [[name, changes[name]]] : []))),
    examples: examples.map(({ key, column, before: was, after: is }) => ({
      key,
      column,
      before: was,
      after: is,
    })),
    keysAdded,
    keysLost: [...rowBefore.keys()].slice(0, EXAMPLES),
  };
}

/** The same kind of key for both tables. */
export function commonKeys(before: Table, after: Table): [RowKeys, RowKeys] {
  if (before.id && after.id) {
    const by = [after.id.name];
    return [
      { by, keys: before.id.values },
      { by, keys: after.id.values },
    ];
  }
  const texts = [...after.columns].flatMap(([name, { type }]) =>
    type === 'text' && before.columns.get(name)?.type === 'text' ? [name] : [],
  );
  if (texts.length > 0) {
    const [a, b] = [keysBy(before, texts), keysBy(after, texts)];
    if (a && b)
      return [
        { by: texts, keys: a },
        { by: texts, keys: b },
      ];
  }
  const positions = ({ rows }: Table): string[] => Array.from({ length: rows }, (_, row) => `row ${row + 1}`);
  return [
    { by: [], keys: positions(before) },
    { by: [], keys: positions(after) },
  ];
}

/** null when two rows have the same key. */
function keysBy(table: Table, names: readonly string[]): string[] | null {
  const columns = names.map((name) => table.columns.get(name)!);
  const keys = Array.from({ length: table.rows }, (_, row) =>
    columns.map((column) => column.values[row] ?? '').join(' / '),
  );
  return new Set(keys).size === keys.length ? keys : null;
}

/** How much a number changed, relative; a change to or from a missing cell, or of a text, after all of these. */
function sizeOf(before: Cell, after: Cell): number {
  if (typeof before !== 'number' || typeof after !== 'number') return -1;
  return Math.abs(after - before) / Math.max(Math.abs(before), Math.abs(after));
}

function keepExample<T extends { readonly size: number }>(examples: T[], candidate: T): void {
  const at = examples.findIndex(({ size }) => size < candidate.size);
  if (at >= 0) examples.splice(at, 0, candidate);
  else if (examples.length < EXAMPLES) examples.push(candidate);
  if (examples.length > EXAMPLES) examples.pop();
}
