/** `table.summarise`: counts, means, quantiles and shares of the rows that agree in some columns. */
import { numberColumn, textColumn, type Column } from '../cache/column.js';
import { compareBytes, plainTable, type Table, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type Json } from '../engine/task.js';
import { CONDITION_SCHEMA, conditionColumns, holds, type Condition } from './condition.js';
import { anyColumn, cellAt, idAsColumn, numbersOf, present, type Cell } from './reading.js';

const STATISTICS = {
  mean: (x: Float64Array) => sum(x) / x.length,
  median: (x: Float64Array) => quantile(x, 0.5),
  sum,
  min: (x: Float64Array) => x.reduce((least, value) => Math.min(least, value)),
  max: (x: Float64Array) => x.reduce((most, value) => Math.max(most, value)),
  sd: standardDeviation,
} as const;

type Statistic = keyof typeof STATISTICS;

type Summary =
  | { readonly count: true }
  | { readonly missing: string }
  | { readonly share: Condition }
  | { readonly count_if: Condition }
  | { readonly quantile: readonly [column: string, level: number] }
  | { readonly [S in Statistic]: Readonly<Record<S, string>> }[Statistic];

interface Params {
  readonly by: readonly string[];
  readonly columns: Readonly<Record<string, Summary>>;
  readonly overall: string | null;
}

/** The rows of one group; `cells` are its values of `by`. */
interface Group {
  readonly cells: readonly (Cell | null)[];
  readonly rows: number[];
}

const text = { type: 'string', minLength: 1 };

function one(name: string, schema: Json): Json {
  return { type: 'object', properties: { [name]: schema }, required: [name], additionalProperties: false };
}

export const tableSummarise = defineTask<Params>({
  name: 'table.summarise',
  version: 1,
  summary: 'Summarises the rows of each group: counts, means, quantiles, shares.',
  details: `Rows that agree in all of \`by\` are a group (a missing cell is a value of its own there). Each entry of \`columns\` is a new
column and one of:

- \`count: true\`, the rows of the group; \`missing: auc\`, its missing cells in a column;
- \`mean\`, \`median\`, \`sum\`, \`min\`, \`max\` or \`sd\` of a column of numbers (\`sd\` divides by n − 1);
- \`quantile: [auc, 0.25]\`, linear between order statistics (R's type 7);
- \`count_if: {column: q, below: 0.05}\`, the rows that fulfil a condition; \`share:\` the same over the rows that could: those where
  no column of the condition is missing (all rows, for \`missing\` and \`missing_share\`).

Missing values are left out. What then has no value (the mean of nothing, the sd of one) is missing. Groups are sorted by \`by\`:
numbers by value, text bytewise, missing cells last; the new columns stand in bytewise order of their names.`,
  params: {
    type: 'object',
    properties: {
      by: {
        type: 'array',
        items: { type: 'string' },
        uniqueItems: true,
        description: 'Columns that make the groups; none: one group of all rows.',
      },
      columns: {
        type: 'object',
        description: 'The new columns: a name, and what it holds.',
        minProperties: 1,
        additionalProperties: {
          oneOf: [
            one('count', { const: true }),
            one('missing', text),
            ...Object.keys(STATISTICS).map((name) => one(name, text)),
            one('share', CONDITION_SCHEMA),
            one('count_if', CONDITION_SCHEMA),
            one('quantile', {
              type: 'array',
              minItems: 2,
              maxItems: 2,
              items: [text, { type: 'number', minimum: 0, maximum: 1 }],
            }),
          ],
        },
      },
      overall: {
        type: ['string', 'null'],
        default: null,
        description:
          'Adds rows of all groups together, in which the last column of `by` (text) has this value; null: none.',
      },
    },
    required: ['by', 'columns'],
    additionalProperties: false,
  },
  inputs: {
    table: {
      type: 'table',
      summary: 'The rows.',
      reads: ({ by, columns }: Params, schema: TableSchema) =>
        present(schema, [...by, ...Object.values(columns).flatMap(columnsRead)]),
    },
  },
  outputs: {
    table: { type: 'table', summary: 'One row for each group: the columns of `by`, then the new ones.' },
  },
  run(context) {
    const { by, columns, overall } = context.params;
    const table = idAsColumn(context.table('table'));
    const keys = by.map((name) => anyColumn(table, 'table', name));
    const groups = [...groupsOf(keys, table.rows), ...overallGroups(keys, by, table.rows, overall)];
    groups.sort((a, b) => compareKeys(a.cells, b.cells));
    const out = new Map<string, Column>();
    by.forEach((name, k) => {
      const cells = groups.map((group) => group.cells[k] ?? null);
      out.set(
        name,
        keys[k]!.type === 'number'
          ? numberColumn(cells as (number | null)[])
          : textColumn(cells as (string | null)[]),
      );
    });
    for (const name of Object.keys(columns).sort(compareBytes)) {
      if (out.has(name)) {
        throw new TaskError(`the new column '${name}' has the name of a column of 'by'`, { column: name });
      }
      const summarise = summariser(columns[name]!, table);
      out.set(name, numberColumn(groups.map((group) => summarise(group.rows))));
    }
    return { table: tableOutput(plainTable(out, groups.length)) };
  },
});

function columnsRead(summary: Summary): readonly string[] {
  if ('count' in summary) return [];
  if ('share' in summary) return conditionColumns(summary.share);
  if ('count_if' in summary) return conditionColumns(summary.count_if);
  if ('quantile' in summary) return [summary.quantile[0]];
  return Object.values<string>(summary);
}

/** One group for each combination of values that occurs; without keys, one of all rows even when there are none. */
function groupsOf(keys: readonly Column[], rows: number): Group[] {
  const groups = new Map<string, Group>();
  if (keys.length === 0) groups.set('[]', { cells: [], rows: [] });
  for (let row = 0; row < rows; row++) {
    const cells = keys.map((column) => cellAt(column, row));
    const key = JSON.stringify(cells);
    const group = groups.get(key);
    if (group) group.rows.push(row);
    else groups.set(key, { cells, rows: [row] });
  }
  return [...groups.values()];
}

function overallGroups(
  keys: readonly Column[],
  by: readonly string[],
  rows: number,
  overall: string | null,
): Group[] {
  if (overall === null) return [];
  const last = keys.at(-1);
  const name = by.at(-1);
  if (last === undefined || name === undefined)
    throw new TaskError("'overall' stands in the last column of 'by', which names none");
  if (last.type !== 'text') {
    throw new TaskError(`'overall' is text, but column '${name}' holds numbers`, {
      port: 'table',
      column: name,
    });
  }
  if (last.values.includes(overall)) {
    throw new TaskError(`'overall' is '${overall}', which is also a value of column '${name}'`, {
      port: 'table',
      column: name,
    });
  }
  return groupsOf(keys.slice(0, -1), rows)
    .filter((group) => group.rows.length > 0)
    .map((group) => ({ cells: [...group.cells, overall], rows: group.rows }));
}

function compareKeys(a: readonly (Cell | null)[], b: readonly (Cell | null)[]): number {
  for (const [k, x] of a.entries()) {
    const y = b[k] ?? null;
    if (x === y) continue;
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return typeof x === 'number' && typeof y === 'number' ? x - y : compareBytes(String(x), String(y));
  }
  return 0;
}

/** What a column of the result holds, as a function of a group's rows. @throws TaskError when the table lacks a column. */
function summariser(summary: Summary, table: Table): (rows: readonly number[]) => number {
  if ('count' in summary) return (rows) => rows.length;
  if ('missing' in summary) {
    const column = anyColumn(table, 'table', summary.missing);
    return (rows) => countWhere(rows, (row) => cellAt(column, row) === null);
  }
  if ('count_if' in summary) {
    const fulfilled = holds(summary.count_if, table, 'table');
    return (rows) => countWhere(rows, (row) => fulfilled[row] === 1);
  }
  if ('share' in summary) return shareOf(summary.share, table);
  if ('quantile' in summary) {
    const [column, level] = summary.quantile;
    return ofNumbers(table, column, (x) => quantile(x, level));
  }
  const [[statistic, column]] = Object.entries(summary) as [[Statistic, string]];
  return ofNumbers(table, column, STATISTICS[statistic]);
}

function shareOf(condition: Condition, table: Table): (rows: readonly number[]) => number {
  const fulfilled = holds(condition, table, 'table');
  const seesMissing = 'missing' in condition || 'missing_share' in condition;
  const needed = seesMissing
    ? []
    : conditionColumns(condition).map((name) => anyColumn(table, 'table', name));
  return (rows) => {
    const could = rows.filter((row) => needed.every((column) => cellAt(column, row) !== null));
    return could.length === 0 ? NaN : countWhere(could, (row) => fulfilled[row] === 1) / could.length;
  };
}

function countWhere(rows: readonly number[], is: (row: number) => boolean): number {
  return rows.reduce((count, row) => count + (is(row) ? 1 : 0), 0);
}

function ofNumbers(
  table: Table,
  column: string,
  statistic: (values: Float64Array) => number,
): (rows: readonly number[]) => number {
  const values = numbersOf(table, 'table', column);
  return (rows) => {
    const known = Float64Array.from(rows, (row) => values[row]!).filter((value) => !Number.isNaN(value));
    return known.length === 0 ? NaN : statistic(known);
  };
}

function sum(x: Float64Array): number {
  return x.reduce((total, value) => total + value, 0);
}

/** About the mean, over n − 1; NaN for one value. */
function standardDeviation(x: Float64Array): number {
  const mean = sum(x) / x.length;
  return Math.sqrt(x.reduce((squares, value) => squares + (value - mean) ** 2, 0) / (x.length - 1));
}

/** Linear between order statistics (R's type 7). */
function quantile(x: Float64Array, level: number): number {
  const sorted = x.slice().sort();
  const place = level * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  // Equal ends include equal infinities, whose difference has no value.
  return low === high ? low : low + (place - below) * (high - low);
}
