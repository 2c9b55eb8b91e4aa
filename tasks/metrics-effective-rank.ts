/** `metrics.effective_rank`: how many independent columns a table is worth. */
import { numberColumn } from '../cache/column.js';
import { plainTable } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { effectiveRank } from '../stats/effective-rank.js';
import { linalg } from '../stats/linalg/linalg.js';
import { columnNames, idsOf, numbersOf, rowsAmong } from './reading.js';

export const metricsEffectiveRank = defineTask<Record<string, never>>({
  name: 'metrics.effective_rank',
  version: 1,
  summary: 'How many independent columns a table is worth, from the eigenvalues of its correlations.',
  details: `Imputed traits are functions of the same markers, so 260 of them may be worth a dozen. \`entropy_rank\` is exp(−Σ p·ln p) of the
eigenvalues' shares p (Roy and Vetterli 2007), \`participation_ratio\` (Σλ)²/Σλ², \`for_90_percent\` the number of principal components with nine tenths of the variance.
People with a missing cell are left out and counted; a column that does not vary has no correlation and counts as \`constant\`.`,
  params: { type: 'object', properties: {}, additionalProperties: false },
  inputs: {
    table: { type: 'table', summary: 'Columns of numbers.' },
    samples: { type: 'samples', optional: true, summary: 'The people; all when absent.', reads: () => [] },
  },
  outputs: {
    table: {
      type: 'table',
      summary:
        'One row: columns, constant, people, missing, entropy_rank, participation_ratio, for_90_percent.',
    },
  },
  resources: (_params, shapes) => {
    const { rows, columns } = shapes['table']?.[0] ?? { rows: 0, columns: 0 };
    return { memory: 256 * 2 ** 20 + 24 * rows * columns };
  },
  run(context) {
    const table = context.table('table');
    const names = columnNames(table);
    const ids = idsOf(table, 'table');
    const wanted = context.has('samples') ? idsOf(context.table('samples'), 'samples') : ids;
    const { rows } = rowsAmong(ids, wanted);
    const columns = names.map((name) => numbersOf(table, 'table', name));
    const complete = rows.filter((row) => columns.every((values) => Number.isFinite(values[row]!)));
    if (complete.length < 3) {
      throw new TaskError(`expected at least 3 people without a missing cell, got ${complete.length}`, {
        port: 'table',
      });
    }
    const rank = effectiveRank(
      columns.map((values) => Float64Array.from(complete, (row) => values[row]!)),
      linalg(),
    );
    return {
      table: tableOutput(
        plainTable([
          ['columns', numberColumn([names.length])],
          ['constant', numberColumn([rank.constant])],
          ['people', numberColumn([complete.length])],
          ['missing', numberColumn([rows.length - complete.length])],
          ['entropy_rank', numberColumn([rank.entropy])],
          ['participation_ratio', numberColumn([rank.participation])],
          ['for_90_percent', numberColumn([rank.for90])],
        ]),
      ),
    };
  },
});
