/**
 * Condition: one structured test of a person's row (`{ column: pregnant, equals: 1 }`). No expressions, no code.
 *
 * A comparison never holds for a missing cell; only `missing` and `missing_share` see those.
 */
import type { Table } from '../cache/table.js';
import type { Json } from '../engine/task.js';
import { anyColumn, cellAt, checkComparable, numbersOf, type Cell } from './reading.js';

export type Condition =
  | { readonly column: string; readonly equals: Cell }
  | { readonly column: string; readonly in: readonly Cell[] }
  | { readonly column: string; readonly missing: true }
  | { readonly column: string; readonly above?: number; readonly below?: number }
  | { readonly missing_share: { readonly columns: readonly string[]; readonly above: number } };

const column = { type: 'string', description: 'The column that is looked at.' };
const cell = { type: ['string', 'number'] };

/** JSON Schema of a Condition. */
export const CONDITION_SCHEMA: Json = {
  description:
    'A test of one row: `{column, equals}`, `{column, in}`, `{column, missing: true}`, `{column, above and/or below}` (both strict), ' +
    'or `{missing_share: {columns, above}}` (share of missing cells among the listed columns). A missing cell fulfils no comparison.',
  oneOf: [
    {
      type: 'object',
      properties: { column, equals: cell },
      required: ['column', 'equals'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { column, in: { type: 'array', items: cell, minItems: 1 } },
      required: ['column', 'in'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { column, missing: { const: true } },
      required: ['column', 'missing'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { column, above: { type: 'number' }, below: { type: 'number' } },
      required: ['column'],
      minProperties: 2,
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: {
        missing_share: {
          type: 'object',
          properties: {
            columns: { type: 'array', items: { type: 'string' }, minItems: 1, uniqueItems: true },
            above: { type: 'number', minimum: 0, maximum: 1 },
          },
          required: ['columns', 'above'],
          additionalProperties: false,
        },
      },
      required: ['missing_share'],
      additionalProperties: false,
    },
  ],
};

/** The columns that a condition looks at. */
export function conditionColumns(condition: Condition): readonly string[] {
  return 'missing_share' in condition ? condition.missing_share.columns : [condition.column];
}

/**
 * For each row, whether the condition holds.
 * @throws TaskError when a column is absent, or is compared with a value of another type.
 */
export function holds(condition: Condition, table: Table, port: string): Uint8Array {
  if ('missing_share' in condition) return missingShareAbove(condition.missing_share, table, port);
  const { column: name } = condition;
  if ('missing' in condition) return missingCells(table, port, name);
  const out = new Uint8Array(table.rows);
  if ('equals' in condition || 'in' in condition) {
    const wanted = new Set('in' in condition ? condition.in : [condition.equals]);
    const values = anyColumn(table, port, name);
    for (const value of wanted) checkComparable(values, value, port, name);
    for (let i = 0; i < out.length; i++) {
      const value = cellAt(values, i);
      out[i] = value !== null && wanted.has(value) ? 1 : 0;
    }
    return out;
  }
  const { above = -Infinity, below = Infinity } = condition;
  numbersOf(table, port, name).forEach((value, i) => (out[i] = value > above && value < below ? 1 : 0));
  return out;
}

function missingCells(table: Table, port: string, name: string): Uint8Array {
  const column = anyColumn(table, port, name);
  return Uint8Array.from({ length: table.rows }, (_, i) => (cellAt(column, i) === null ? 1 : 0));
}

function missingShareAbove(
  share: { readonly columns: readonly string[]; readonly above: number },
  table: Table,
  port: string,
): Uint8Array {
  const missing = new Int32Array(table.rows);
  for (const name of share.columns)
    missingCells(table, port, name).forEach((flag, i) => (missing[i]! += flag));
  return Uint8Array.from(missing, (count) => (count / share.columns.length > share.above ? 1 : 0));
}
