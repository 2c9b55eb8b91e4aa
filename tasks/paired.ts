/**
 * Two tables of results side by side, as paired tests need them: rows matched by name, repeats averaged within a unit, units in
 * groups.
 *
 * Not responsible for any test. What cannot be paired is counted, never dropped unseen.
 */
import { numberColumn, textColumn, type Column } from '../cache/column.js';
import { plainTable, type Table, type TableSchema } from '../cache/table.js';
import { TaskError, type InputPort, type Json, type TaskContext } from '../engine/task.js';
import { anyColumn, cellAt, idAsColumn, numbersOf, present, type Cell } from './reading.js';

export interface PairedParams {
  readonly by: readonly string[];
  readonly values: readonly string[];
  readonly within: string | null;
}

/** Parameters that every paired test has. */
export const PAIRED_PARAMS: Readonly<Record<'by' | 'values' | 'within', Json>> = {
  by: {
    type: 'array',
    items: { type: 'string' },
    minItems: 1,
    uniqueItems: true,
    description: 'Columns that name a row in both tables, such as `[disease, seed]`.',
  },
  values: {
    type: 'array',
    items: { type: 'string' },
    minItems: 1,
    uniqueItems: true,
    description: 'Columns of numbers to compare, such as `[auc, accuracy]`: one test for each.',
  },
  within: {
    type: ['string', 'null'],
    default: null,
    description:
      'Column of `groups` (`category`, say) whose values are tested on their own too; null: only all together.',
  },
};

const reads = ({ by, values }: PairedParams, schema: TableSchema): string[] =>
  present(schema, [...by, ...values]);

/** Ports that every paired test has. */
export const PAIRED_PORTS: Readonly<Record<'reference' | 'other' | 'groups', InputPort>> = {
  reference: { type: 'table', summary: 'One row for each combination of `by`.', reads },
  other: { type: 'table', summary: 'The same of what is compared with it.', reads },
  groups: {
    type: 'table',
    optional: true,
    summary: 'Which group a unit is in: one or more columns of `by`, and `within`.',
    reads: ({ by, within }: PairedParams, schema: TableSchema) => present(schema, [...by, within]),
  },
};

/** One unit: what is told apart by the columns of `unit`. */
export interface Unit {
  readonly cells: readonly (Cell | null)[];
  /** Null when there are no groups, or the unit has none. */
  readonly group: string | null;
  /** Rows of both tables that belong together, by their other columns. */
  readonly pairs: readonly { readonly repeat: string; readonly reference: number; readonly other: number }[];
}

export interface PairedTables {
  readonly reference: Table;
  readonly other: Table;
  /** In the order of the reference. */
  readonly units: readonly Unit[];
  /** Rows of either table that the other lacks. */
  readonly unpaired: number;
}

/** Pairs the tables; `unit` names columns of `by`, the others are repeats. @throws TaskError for rows that stand twice or nothing in common. */
export function pairTables(context: TaskContext<PairedParams>, unit: readonly string[]): PairedTables {
  const { by, within } = context.params;
  const stray = unit.find((name) => !by.includes(name));
  if (stray !== undefined) throw new TaskError(`'${stray}' is not among 'by', which has ${by.join(', ')}`);
  const reference = idAsColumn(context.table('reference'));
  const other = idAsColumn(context.table('other'));
  const rows = rowsByKey(other, 'other', by);
  const repeats = by.filter((name) => !unit.includes(name));
  const groupOf = readGroups(context, reference, unit);
  const units = new Map<string, { cells: (Cell | null)[]; pairs: Unit['pairs'][number][] }>();
  let paired = 0;
  for (const [key, row] of rowsByKey(reference, 'reference', by)) {
    const match = rows.get(key);
    if (match === undefined) continue;
    paired++;
    const name = keyOf(reference, 'reference', unit, row);
    const entry = units.get(name) ?? { cells: cellsOf(reference, 'reference', unit, row), pairs: [] };
    entry.pairs.push({ repeat: keyOf(reference, 'reference', repeats, row), reference: row, other: match });
    units.set(name, entry);
  }
  if (paired === 0 && reference.rows > 0 && other.rows > 0) {
    const [first, second] = [keyOf(reference, 'reference', by, 0), keyOf(other, 'other', by, 0)];
    throw new TaskError(`the tables have no row in common; they hold such as ${first} and ${second}`, {
      port: 'other',
    });
  }
  const unpaired = reference.rows + other.rows - 2 * paired;
  if (unpaired > 0) context.warn(`${unpaired} rows stand in one of the two tables only`);
  const listed = [...units.values()].map(({ cells, pairs }): Unit => ({
    cells,
    pairs,
    group: groupOf(pairs[0]!.reference),
  }));
  const without = within === null ? 0 : listed.filter(({ group }) => group === null).length;
  if (without > 0) context.warn(`${without} units have no '${within!}' and are tested only with all`);
  return { reference, other, units: listed, unpaired };
}

/** The means of one value over each unit's repeats; NaN where no repeat has both numbers. */
export interface UnitMeans {
  readonly reference: Float64Array;
  readonly other: Float64Array;
  /** Pairs left out because one of their two numbers is missing. */
  readonly missing: number;
}

export function unitMeans({ reference, other, units }: PairedTables, value: string): UnitMeans {
  const first = numbersOf(reference, 'reference', value);
  const second = numbersOf(other, 'other', value);
  let missing = 0;
  const means = units.map(({ pairs }) => {
    const known = pairs.filter((pair) => !Number.isNaN(first[pair.reference]! + second[pair.other]!));
    missing += pairs.length - known.length;
    const mean = (pick: (pair: (typeof pairs)[number]) => number): number =>
      known.reduce((sum, pair) => sum + pick(pair), 0) / known.length;
    return { reference: mean((pair) => first[pair.reference]!), other: mean((pair) => second[pair.other]!) };
  });
  return {
    reference: Float64Array.from(means, (mean) => mean.reference),
    other: Float64Array.from(means, (mean) => mean.other),
    missing,
  };
}

/** A set of units that is tested: all of them (`group` null), and each group. */
export interface TestedGroup {
  readonly group: string | null;
  /** Indices into the units. */
  readonly members: readonly number[];
}

/** All units, then each group by name. */
export function testedGroups({ units }: PairedTables): TestedGroup[] {
  const names = [...new Set(units.flatMap(({ group }) => (group === null ? [] : [group])))].sort();
  return [
    { group: null, members: [...units.keys()] },
    ...names.map((group) => ({ group, members: [...units.keys()].filter((u) => units[u]!.group === group) })),
  ];
}

/** The column that names the group of each test; absent without groups. */
function groupColumn(within: string | null, groups: readonly (string | null)[]): [string, Column][] {
  return within === null ? [] : [[within, textColumn(groups.map((group) => group ?? 'all'))]];
}

/** A row for each test: its value, its group where there are any, then what `columns` pick of it. */
export function testTable<T extends { readonly value: string; readonly group: string | null }>(
  within: string | null,
  tests: readonly T[],
  columns: Readonly<Record<string, (test: T) => number>>,
  method: (test: T) => string,
): Table {
  return plainTable([
    ['value', textColumn(tests.map(({ value }) => value))],
    ...groupColumn(
      within,
      tests.map(({ group }) => group),
    ),
    ...Object.entries(columns).map(([name, pick]): [string, Column] => [name, numberColumn(tests.map(pick))]),
    ['method', textColumn(tests.map(method))],
  ]);
}

/** The columns that name units, as numbers where all are. */
export function unitColumns(unit: readonly string[], units: readonly Unit[]): [string, Column][] {
  return unit.map((name, c) => {
    const cells = units.map(({ cells }) => cells[c] ?? null);
    return cells.every((cell) => typeof cell === 'number')
      ? [name, numberColumn(cells)]
      : [name, textColumn(cells.map((cell) => (cell === null ? null : String(cell))))];
  });
}

function cellsOf(table: Table, port: string, names: readonly string[], row: number): (Cell | null)[] {
  return names.map((name) => cellAt(anyColumn(table, port, name), row));
}

function keyOf(table: Table, port: string, names: readonly string[], row: number): string {
  return JSON.stringify(cellsOf(table, port, names, row));
}

function rowsByKey(table: Table, port: string, by: readonly string[]): Map<string, number> {
  const rows = new Map<string, number>();
  for (let row = 0; row < table.rows; row++) {
    const key = keyOf(table, port, by, row);
    if (rows.has(key)) {
      throw new TaskError(`${key} stands in the table twice; 'by' must tell all rows apart`, {
        port,
        row: `row ${row + 1}`,
      });
    }
    rows.set(key, row);
  }
  return rows;
}

/** The group of a row of the reference, by those columns of `unit` that `groups` has: repeats of a disease are in the disease's category. */
function readGroups(
  context: TaskContext<PairedParams>,
  reference: Table,
  unit: readonly string[],
): (row: number) => string | null {
  const { within } = context.params;
  if (within === null) return () => null;
  if (!context.has('groups'))
    throw new TaskError("'within' names a column of 'groups', which is not connected", { port: 'groups' });
  const table = idAsColumn(context.table('groups'));
  const column = anyColumn(table, 'groups', within);
  const shared = unit.filter((name) => table.columns.has(name));
  const naming = shared.length > 0 ? shared : unit;
  const groups = new Map<string, string | null>();
  for (let row = 0; row < table.rows; row++) {
    const cell = cellAt(column, row);
    const key = keyOf(table, 'groups', naming, row);
    const group = cell === null ? null : String(cell);
    if (groups.has(key) && groups.get(key) !== group) {
      throw new TaskError(`${key} is in more than one group`, {
        port: 'groups',
        column: within,
        row: `row ${row + 1}`,
      });
    }
    groups.set(key, group);
  }
  return (row) => groups.get(keyOf(reference, 'reference', naming, row)) ?? null;
}
