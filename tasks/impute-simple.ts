/** `impute.simple`: missing values filled with a column's mean or median. */
import { countMissing, numberColumn, textColumn, type Column } from '../cache/column.js';
import { plainTable, type Table } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { at, numbersOf } from './reading.js';
import { TRAIN_PORT, trainingRows } from './training.js';

interface Params {
  readonly value: 'mean' | 'median';
}

export const imputeSimple = defineTask<Params>({
  name: 'impute.simple',
  version: 1,
  summary: "Fills missing values with the column's mean or median.",
  details: 'The mean or median is of the observed values of `train`, or of all people when it is not given.',
  params: {
    type: 'object',
    properties: {
      value: { enum: ['mean', 'median'], default: 'mean', description: 'What missing cells are given.' },
    },
    additionalProperties: false,
  },
  inputs: { table: { type: 'table', summary: 'Columns of numbers.' }, train: TRAIN_PORT },
  outputs: {
    table: { type: 'table', summary: 'The same rows and columns without missing cells.' },
    filled: { type: 'table', summary: 'Per column: missing (filled cells), value.' },
  },
  run(context) {
    const table = context.table('table');
    const rows = trainingRows(context, table);
    const names = [...table.columns.keys()];
    const columns = new Map<string, Column>();
    const missing: number[] = [];
    const values: number[] = [];
    for (const name of names) {
      const column = numbersOf(table, 'table', name);
      const observed = (rows ? at(column, rows) : column).filter((x) => !Number.isNaN(x));
      if (observed.length === 0) {
        throw new TaskError('no training value to impute from; leave the column out', {
          port: 'table',
          column: name,
        });
      }
      const value = context.params.value === 'mean' ? mean(observed) : median(observed);
      missing.push(countMissing(numberColumn(column)));
      values.push(value);
      columns.set(name, numberColumn(column.map((x) => (Number.isNaN(x) ? value : x))));
    }
    const out: Table = { ...table, columns };
    return {
      table: tableOutput(out),
      filled: tableOutput(
        plainTable([
          ['column', textColumn(names)],
          ['missing', numberColumn(missing)],
          ['value', numberColumn(values)],
        ]),
      ),
    };
  },
});

function mean(values: Float64Array): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}

function median(values: Float64Array): number {
  const sorted = values.slice().sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
