/** `scale.outliers`: values too many MADs from the median are made missing. */
import { numberColumn, textColumn } from '../cache/column.js';
import { plainTable, type Table } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { fitMad, maskOutliers } from '../stats/outliers.js';
import { numbersOf } from './reading.js';
import { TRAIN_PORT, trainingRows } from './training.js';

interface Params {
  readonly threshold: number;
}

export const scaleOutliers = defineTask<Params>({
  name: 'scale.outliers',
  version: 1,
  summary: 'Makes values missing that lie too many MADs from the median of their column.',
  details: `The median and the median absolute deviation, times 1.4826 so that it is the SD of a normal sample, are of the observed
values of \`train\` (of all people when it is not given). A column more than half of whose values are equal has no spread by this measure and is left
as it is, which is said. Give what comes out to an imputation, or leave it missing.`,
  params: {
    type: 'object',
    properties: {
      threshold: {
        type: 'number',
        exclusiveMinimum: 0,
        default: 6,
        description: 'Distance from the median beyond which a value is an outlier, in MADs.',
      },
    },
    additionalProperties: false,
  },
  inputs: { table: { type: 'table', summary: 'Columns of numbers.' }, train: TRAIN_PORT },
  outputs: {
    table: { type: 'table', summary: 'The same rows and columns, outliers missing.' },
    outliers: {
      type: 'table',
      summary: 'Per column: median, mad, below, above (values made missing), status.',
    },
  },
  run(context) {
    const table = context.table('table');
    const names = [...table.columns.keys()];
    const columns = names.map((name) => numbersOf(table, 'table', name));
    const fences = fitMad(columns, trainingRows(context, table));
    names.forEach((column, j) => {
      if (fences.status[j] === 'empty')
        throw new TaskError('no training value to judge by; leave the column out', { port: 'table', column });
      if (fences.status[j] === 'zero-mad')
        context.warn(`more than half of '${column}' are equal: its outliers cannot be told`);
    });
    const masked = maskOutliers(columns, fences, context.params.threshold);
    const total = masked.below.reduce((sum, count, j) => sum + count + masked.above[j]!, 0);
    context.log(`${total} values made missing`);
    const out: Table = {
      ...table,
      columns: new Map(names.map((name, j) => [name, numberColumn(masked.columns[j]!)])),
    };
    return {
      table: tableOutput(out),
      outliers: tableOutput(
        plainTable([
          ['column', textColumn(names)],
          ['median', numberColumn(fences.median)],
          ['mad', numberColumn(fences.mad)],
          ['below', numberColumn([...masked.below])],
          ['above', numberColumn([...masked.above])],
          ['status', textColumn(fences.status)],
        ]),
      ),
    };
  },
});
