/** `table.derive`: new columns from a table's own, by a short list of named operations. */
import { numberColumn, type Column } from '../cache/column.js';
import { compareBytes, idTable, plainTable, type Table, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type Json } from '../engine/task.js';
import { anyColumn, cellAt, checkComparable, numbersOf, present, rowName, type Cell } from './reading.js';

type Derivation =
  | { readonly name: string; readonly copy: string }
  | { readonly name: string; readonly log: string }
  | { readonly name: string; readonly square: string }
  | { readonly name: string; readonly product: readonly [string, string] }
  | { readonly name: string; readonly is: { readonly column: string; readonly value: Cell } }
  | { readonly name: string; readonly categories: { readonly column: string; readonly reference: Cell } };

interface Params {
  readonly columns: readonly Derivation[];
}

const text = { type: 'string', minLength: 1 };
const cell = { type: ['string', 'number'] };

function operation(name: string, schema: Json): Json {
  return {
    type: 'object',
    properties: { name: text, [name]: schema },
    required: ['name', name],
    additionalProperties: false,
  };
}

function withColumn(field: string): Json {
  return {
    type: 'object',
    properties: { column: text, [field]: cell },
    required: ['column', field],
    additionalProperties: false,
  };
}

export const tableDerive = defineTask<Params>({
  name: 'table.derive',
  version: 1,
  summary: 'Makes columns from others: logarithm, square, product, indicator, categories.',
  details: `Each entry of \`columns\` has a \`name\` and one operation:

- \`copy: age\` takes a column as it is;
- \`log: cadmium\` is the natural logarithm (a value ≤ 0 is an error);
- \`square: age\` and \`product: [age, sex]\` are quadratic and interaction terms;
- \`is: {column: sex, value: 1}\` is 1 where the cell equals the value, 0 where it differs;
- \`categories: {column: ethnicity, reference: 1}\` makes one 0/1 column for every other value, named \`name_value\`.

A missing cell stays missing in everything made from it. The result holds only what is listed, in that order.`,
  params: {
    type: 'object',
    properties: {
      columns: {
        type: 'array',
        description: 'What to make, in order.',
        minItems: 1,
        items: {
          oneOf: [
            operation('copy', text),
            operation('log', text),
            operation('square', text),
            operation('product', { type: 'array', items: text, minItems: 2, maxItems: 2 }),
            operation('is', withColumn('value')),
            operation('categories', withColumn('reference')),
          ],
        },
      },
    },
    required: ['columns'],
    additionalProperties: false,
  },
  inputs: {
    table: {
      type: 'table',
      summary: 'Where the columns come from.',
      reads: (params: Params, schema: TableSchema) => present(schema, params.columns.flatMap(sources)),
    },
  },
  outputs: { table: { type: 'table', summary: 'The same rows with the columns that were made.' } },
  run(context) {
    const table = context.table('table');
    const columns = new Map<string, Column>();
    for (const derivation of context.params.columns) {
      for (const [name, column] of derive(derivation, table)) {
        if (columns.has(name)) throw new TaskError(`the column '${name}' is made twice`, { column: name });
        columns.set(name, column);
      }
    }
    return {
      table: tableOutput(
        table.id ? idTable(table.id.name, table.id.values, columns) : plainTable(columns, table.rows),
      ),
    };
  },
});

function sources(derivation: Derivation): readonly string[] {
  if ('copy' in derivation) return [derivation.copy];
  if ('log' in derivation) return [derivation.log];
  if ('square' in derivation) return [derivation.square];
  if ('product' in derivation) return derivation.product;
  return ['is' in derivation ? derivation.is.column : derivation.categories.column];
}

function derive(derivation: Derivation, table: Table): [string, Column][] {
  const { name } = derivation;
  const values = (column: string): Float64Array => numbersOf(table, 'table', column);
  if ('copy' in derivation) return [[name, anyColumn(table, 'table', derivation.copy)]];
  if ('log' in derivation) return [[name, numberColumn(logarithm(derivation.log, table))]];
  if ('square' in derivation) return [[name, numberColumn(values(derivation.square).map((x) => x * x))]];
  if ('product' in derivation) {
    const [left, right] = derivation.product.map(values);
    return [[name, numberColumn(left!.map((x, i) => x * right![i]!))]];
  }
  if ('is' in derivation) {
    const { column, value } = derivation.is;
    return [[name, indicator(anyColumn(table, 'table', column), column, value)]];
  }
  const { column, reference } = derivation.categories;
  const cells = anyColumn(table, 'table', column);
  const levels = levelsOf(cells, column);
  if (!levels.includes(reference)) {
    throw new TaskError(
      `the reference category ${JSON.stringify(reference)} does not occur; found ${levels.map((level) => JSON.stringify(level)).join(', ')}`,
      { port: 'table', column },
    );
  }
  return levels
    .filter((level) => level !== reference)
    .map((level) => [`${name}_${level}`, indicator(cells, column, level)]);
}

function logarithm(column: string, table: Table): Float64Array {
  return numbersOf(table, 'table', column).map((x, row) => {
    if (x > 0 || Number.isNaN(x)) return Math.log(x);
    throw new TaskError(`a logarithm needs values above 0, got ${x}`, {
      port: 'table',
      column,
      row: rowName(table, row),
    });
  });
}

function indicator(cells: Column, column: string, value: Cell): Column {
  checkComparable(cells, value, 'table', column);
  const out = new Float64Array(cells.values.length);
  for (let i = 0; i < out.length; i++) {
    const cell = cellAt(cells, i);
    out[i] = cell === null ? NaN : cell === value ? 1 : 0;
  }
  return numberColumn(out);
}

// More levels than this are a number that was mistaken for a category.
const MOST_LEVELS = 100;

function levelsOf(cells: Column, column: string): Cell[] {
  const levels = new Set<Cell>();
  for (let i = 0; i < cells.values.length; i++) {
    const cell = cellAt(cells, i);
    if (cell !== null) levels.add(cell);
  }
  if (levels.size > MOST_LEVELS) {
    throw new TaskError(`expected at most ${MOST_LEVELS} categories, got ${levels.size} distinct values`, {
      port: 'table',
      column,
    });
  }
  const sorted = [...levels];
  return cells.type === 'number'
    ? sorted.sort((a, b) => Number(a) - Number(b))
    : sorted.sort((a, b) => compareBytes(String(a), String(b)));
}
