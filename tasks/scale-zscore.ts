/** `scale.zscore`: columns centred and divided by their standard deviation. */
import { numberColumn, textColumn } from '../cache/column.js';
import { plainTable, type Table } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { applyZScore, fitZScore } from '../stats/zscore.js';
import { numbersOf } from './reading.js';
import { TRAIN_PORT, trainingRows } from './training.js';

interface Params {
  readonly ddof: 0 | 1;
}

export const scaleZscore = defineTask<Params>({
  name: 'scale.zscore',
  version: 1,
  summary: 'Standardises every column to mean 0 and standard deviation 1.',
  details: `Means and standard deviations are of the observed values of \`train\` (of all people when it is not given) and are
applied to everyone. Missing cells stay missing. A constant column is centred and reported; a column without an observed
training value is an error, because nothing can be made of it: leave it out.`,
  params: {
    type: 'object',
    properties: {
      ddof: {
        enum: [0, 1],
        default: 0,
        description: "The standard deviation's denominator is n − ddof: 0 as scikit-learn, 1 as R's scale().",
      },
    },
    additionalProperties: false,
  },
  inputs: { table: { type: 'table', summary: 'Columns of numbers.' }, train: TRAIN_PORT },
  outputs: {
    table: { type: 'table', summary: 'The same rows and columns, standardised.' },
    moments: { type: 'table', summary: 'Per column: mean, sd, observed (training values), status.' },
  },
  run(context) {
    const table = context.table('table');
    const names = [...table.columns.keys()];
    const columns = names.map((name) => numbersOf(table, 'table', name));
    const rows = trainingRows(context, table);
    const fit = fitZScore(columns, { ddof: context.params.ddof, ...(rows ? { rows } : {}) });
    names.forEach((column, j) => {
      if (fit.status[j] === 'constant') context.warn(`column '${column}' is constant and was only centred`);
      else if (!(fit.sd[j]! > 0)) {
        throw new TaskError(
          `expected at least ${1 + context.params.ddof} observed training values, got ${fit.observed[j]!}`,
          {
            port: 'table',
            column,
          },
        );
      }
    });
    const scaled = applyZScore(columns, fit);
    const out: Table = {
      ...table,
      columns: new Map(names.map((name, j) => [name, numberColumn(scaled[j]!)])),
    };
    return {
      table: tableOutput(out),
      moments: tableOutput(
        plainTable([
          ['column', textColumn(names)],
          ['mean', numberColumn(fit.mean)],
          ['sd', numberColumn(fit.sd)],
          ['observed', numberColumn([...fit.observed])],
          ['status', textColumn(fit.status)],
        ]),
      ),
    };
  },
});
