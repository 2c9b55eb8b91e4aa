/** `impute.knn`: missing values filled from the k nearest people. */
import { numberColumn, textColumn } from '../cache/column.js';
import { compareBytes, plainTable, type Table } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type TaskContext } from '../engine/task.js';
import { fitKnn, imputeKnn as fillFromNeighbours, type KnnWeights } from '../stats/knn.js';
import { columnNames, idsOf, numbersOf } from './reading.js';
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
Columns should be standardised first. Columns of \`beside\` (another panel of the same people) enter the distances too. With \`train\`, only these people are donors.`,
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
  inputs: {
    table: { type: 'table', summary: 'Columns of numbers, on one scale.' },
    beside: {
      type: 'table',
      optional: true,
      summary: 'Columns of the same people that enter the distances and are not filled themselves.',
    },
    train: TRAIN_PORT,
  },
  outputs: {
    table: { type: 'table', summary: 'The same rows and columns without missing cells.' },
    filled: { type: 'table', summary: 'Per column: missing, from_neighbours, from_mean.' },
  },
  resources: (_params, shapes) => {
    const { rows = 0, columns = 0 } = shapes['table']?.[0] ?? {};
    const beside = shapes['beside']?.[0]?.columns ?? 0;
    // A cell has 8 bytes each here, filled, as a donor's and in its row, 12 in products; a missing one 12 for each neighbour.
    return { memory: 256 * 2 ** 20 + 64 * rows * (columns + beside) };
  },
  run(context) {
    const table = context.table('table');
    // Bytewise: the order of columns changes the rounding of a distance, and must not depend on the file.
    const { names, columns } = distanceColumns(context, table);
    const donors = trainingRows(context, table);
    const { k, weights } = context.params;
    const fit = fitKnn(columns, { k, weights, ...(donors ? { donors } : {}) });
    names.forEach((column, j) => {
      if (fit.empty[j])
        throw new TaskError('no training value to impute from; leave the column out', {
          port: table.columns.has(column) ? 'table' : 'beside',
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

/** Columns of both tables, by name. @throws TaskError when people or names get in each other's way. */
function distanceColumns(
  context: TaskContext<unknown>,
  table: Table,
): { names: readonly string[]; columns: Float64Array[] } {
  const names = columnNames(table);
  const columns = new Map(names.map((name) => [name, numbersOf(table, 'table', name)]));
  if (context.has('beside')) {
    const beside = context.table('beside');
    const [ids, others] = [idsOf(table, 'table'), idsOf(beside, 'beside')];
    const differ = ids.length === others.length ? ids.findIndex((id, i) => id !== others[i]) : 0;
    if (differ >= 0) {
      throw new TaskError("expected the people of 'table', got others; filter both to the same people", {
        port: 'beside',
      });
    }
    for (const name of columnNames(beside)) {
      if (columns.has(name))
        throw new TaskError(`'table' has a column '${name}' too`, { port: 'beside', column: name });
      columns.set(name, numbersOf(beside, 'beside', name));
    }
  }
  const sorted = [...columns.keys()].sort(compareBytes);
  return { names: sorted, columns: sorted.map((name) => columns.get(name)!) };
}
