/** `impute.masking`: how far off imputed values are, found by hiding known ones. */
import { numberColumn, textColumn } from '../cache/column.js';
import { plainTable } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { fitKnn, imputeKnn } from '../stats/knn.js';
import { meanAbsoluteError, pearson, rootMeanSquaredError } from '../stats/regression-metrics.js';
import { rngFromSeed } from '../stats/rng.js';
import { columnNames, numbersOf } from './reading.js';
import { TRAIN_PORT, trainingRows } from './training.js';

interface Params {
  readonly k: number;
  readonly share: number;
  readonly people: number;
}

const METHODS = ['knn', 'mean', 'median'] as const;

export const imputeMasking = defineTask<Params>({
  name: 'impute.masking',
  version: 1,
  seeded: true,
  summary:
    'Hides known values at random, imputes them by neighbours, mean and median, and reports the errors.',
  details: `In each column the share \`share\` of the observed cells of at most \`people\` people, drawn at random, is hidden; all columns are hidden at
once and imputed together, as missing values come. What is learned (neighbours, means, medians) comes from the cells of \`train\` that are left. The
hidden cells are missing completely at random, which real ones seldom are: the errors are a lower bound. \`relative\` is the root mean squared error
over the SD of the hidden values: about 1 for the mean, which knows nothing of the person.`,
  params: {
    type: 'object',
    properties: {
      k: { type: 'integer', minimum: 1, default: 5, description: 'Neighbours that are averaged.' },
      share: {
        type: 'number',
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        default: 0.1,
        description: 'Share of the observed cells of each column that is hidden.',
      },
      people: {
        type: 'integer',
        minimum: 2,
        default: 2000,
        description: 'Most people with hidden cells; bounds the time that neighbours take.',
      },
    },
    additionalProperties: false,
  },
  inputs: { table: { type: 'table', summary: 'Columns of numbers, on one scale.' }, train: TRAIN_PORT },
  outputs: {
    errors: {
      type: 'metrics',
      summary: 'Per column and method: hidden, rmse, relative, mae, bias, correlation.',
    },
  },
  resources: (_params, shapes) => {
    const { rows = 0, columns = 0 } = shapes['table']?.[0] ?? {};
    return { memory: 256 * 2 ** 20 + 48 * rows * columns };
  },
  run(context) {
    const table = context.table('table');
    const names = columnNames(table);
    const columns = names.map((name) => numbersOf(table, 'table', name));
    const { k, share, people } = context.params;
    const rng = rngFromSeed(context.seed, 'people');
    const chosen = Int32Array.from(rng.sample(table.rows, Math.min(people, table.rows))).sort();
    const hidden = names.map((column, j) => {
      const observed = chosen.filter((row) => !Number.isNaN(columns[j]![row]!));
      if (observed.length === 0)
        throw new TaskError('no observed value to hide; leave the column out', { port: 'table', column });
      // A stream of its own for each column: another column changes nothing here.
      const own = rngFromSeed(context.seed, 'cells', column);
      const drawn = own.sample(observed.length, Math.max(1, Math.round(share * observed.length)));
      return Int32Array.from(drawn, (at) => observed[at]!).sort();
    });
    const masked = columns.map((column, j) => {
      const copy = column.slice();
      for (const row of hidden[j]!) copy[row] = NaN;
      return copy;
    });
    const donors = trainingRows(context, table);
    const fit = fitKnn(masked, { k, ...(donors ? { donors } : {}) });
    names.forEach((column, j) => {
      if (fit.empty[j])
        throw new TaskError('no training value is left to impute from; hide less, or leave the column out', {
          port: 'table',
          column,
        });
    });
    // Only the chosen people are filled: the others have nothing to compare with.
    const filled = imputeKnn(
      fit,
      masked.map((column) => Float64Array.from(chosen, (row) => column[row]!)),
    );
    const place = new Map(Array.from(chosen, (row, at) => [row, at]));
    const rows = names.flatMap((column, j) => {
      const truth = Float64Array.from(hidden[j]!, (row) => columns[j]![row]!);
      const constant = (value: number): Float64Array => truth.map(() => value);
      const imputed = {
        knn: Float64Array.from(hidden[j]!, (row) => filled.columns[j]![place.get(row)!]!),
        mean: constant(fit.mean[j]!),
        median: constant(medianOf(fit.columns[j]!)),
      };
      return METHODS.map((method) => ({ column, method, truth, imputed: imputed[method] }));
    });
    const score = (pick: (truth: Float64Array, imputed: Float64Array) => number) =>
      numberColumn(Float64Array.from(rows, ({ truth, imputed }) => pick(truth, imputed)));
    return {
      errors: tableOutput(
        plainTable([
          ['column', textColumn(rows.map(({ column }) => column))],
          ['method', textColumn(rows.map(({ method }) => method))],
          ['hidden', numberColumn(rows.map(({ truth }) => truth.length))],
          ['rmse', score(rootMeanSquaredError)],
          ['relative', score((truth, imputed) => rootMeanSquaredError(truth, imputed) / sdOf(truth))],
          ['mae', score(meanAbsoluteError)],
          ['bias', score((truth, imputed) => meanOf(imputed) - meanOf(truth))],
          ['correlation', score(pearson)],
        ]),
      ),
    };
  },
});

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Missing for hidden values that do not vary: nothing is relative to them. */
function sdOf(values: Float64Array): number {
  const mean = meanOf(values);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return variance > 0 ? Math.sqrt(variance) : NaN;
}

function medianOf(values: Float64Array): number {
  const sorted = values.filter((x) => !Number.isNaN(x)).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
