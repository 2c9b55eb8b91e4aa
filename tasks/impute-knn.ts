/** `impute.knn`: missing values filled from the k nearest people. */
import { numberColumn, textColumn } from '../cache/column.js';
import { plainTable, type Table } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { fitKnn, imputeKnn as fillFromNeighbours, type KnnWeights } from '../stats/knn.js';
import { columnNames, numbersOf } from './reading.js';
import { TRAIN_PORT, trainingRows } from './training.js';

interface Params {
  readonly k: number;
  readonly weights: KnnWeights;
}

export const imputeKnn = defineTask<Params>({
  name: 'impute.knn',
  version: 1,
  summary: 'Fills missing values with the mean of the k nearest people who have them.',
  details: `scikit-learn's \`KNNImputer\`: the distance is Euclidean over the columns that both people have, scaled up for those
they lack; somebody who shares no column with any donor gets the column's training mean. Equal distances are broken by the order of the ids.
Columns should be standardised first. With \`train\`, only these people are donors.`,
  params: {
    type: 'object',
    properties: {
      k: { type: 'integer', minimum: 1, default: 5, description: 'Neighbours that are averaged.' },
      weights: {
        enum: ['uniform', 'distance'],
        default: 'uniform',
        description: '`distance` weights neighbours by 1/distance; exact matches then take all the weight.',
      },
    },
    additionalProperties: false,
  },
  inputs: { table: { type: 'table', summary: 'Columns of numbers, on one scale.' }, train: TRAIN_PORT },
  outputs: {
    table: { type: 'table', summary: 'The same rows and columns without missing cells.' },
    filled: { type: 'table', summary: 'Per column: missing, from_neighbours, from_mean.' },
  },
  resources: (_params, shapes) => {
    const { rows = 0, columns = 0 } = shapes['table']?.[0] ?? {};
    return { memory: 256 * 2 ** 20 + 40 * rows * columns };
  },
  run(context) {
    const table = context.table('table');
    // Bytewise: the order of columns changes the rounding of a distance, and must not depend on the file.
    const names = columnNames(table);
    const columns = names.map((name) => numbersOf(table, 'table', name));
    const donors = trainingRows(context, table);
    const { k, weights } = context.params;
    const fit = fitKnn(columns, { k, weights, ...(donors ? { donors } : {}) });
    names.forEach((column, j) => {
      if (fit.empty[j])
        throw new TaskError('no training value to impute from; leave the column out', {
          port: 'table',
          column,
        });
    });
    const result = fillFromNeighbours(fit, columns);
    const filled = new Map(names.map((name, j) => [name, numberColumn(result.columns[j]!)]));
    const shown = [...table.columns.keys()];
    const position = shown.map((name) => names.indexOf(name));
    const counts = (values: Int32Array): Float64Array => Float64Array.from(position, (j) => values[j]!);
    const fromNeighbours = counts(result.fromNeighbours);
    const fromMean = counts(result.fromMean);
    const means = fromMean.reduce((sum, count) => sum + count, 0);
    if (means > 0)
      context.warn(`${means} cells had no neighbour with a common column and were given the column's mean`);
    const out: Table = { ...table, columns: new Map(shown.map((name) => [name, filled.get(name)!])) };
    return {
      table: tableOutput(out),
      filled: tableOutput(
        plainTable([
          ['column', textColumn(shown)],
          ['missing', numberColumn(fromNeighbours.map((count, j) => count + fromMean[j]!))],
          ['from_neighbours', numberColumn(fromNeighbours)],
          ['from_mean', numberColumn(fromMean)],
        ]),
      ),
    };
  },
});
