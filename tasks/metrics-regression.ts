/** `metrics.regression`: how well held-out predictions agree with the truth, for each configuration. */
import { numberColumn, textColumn, type Column } from '../cache/column.js';
import { matchIds, plainTable, type Table } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type GatheredItem } from '../engine/task.js';
import { spearman } from '../stats/ranks.js';
import { rSquared, squaredPearson } from '../stats/regression-metrics.js';
import { itemColumns, itemLabel } from './gathered.js';
import { idsOf, numbersOf, onlyColumn } from './reading.js';

interface Params {
  readonly baseline: string | null;
}

/** Observed and predicted values of the people who have both. */
interface Pairs {
  readonly observed: Float64Array;
  readonly predicted: Float64Array;
}

export const metricsRegression = defineTask<Params>({
  name: 'metrics.regression',
  version: 1,
  summary: 'R² of both kinds and Spearman ρ of predictions, by fold, as means over folds and pooled.',
  details: `- \`r2\` is 1 − SSE/SST about the mean of the people scored; \`r2_pearson\` is the squared Pearson correlation, what R² would be
  after the best linear recalibration; \`rho\` is Spearman's.
- A mean over folds weighs each fold alike; \`pooled\` takes the held-out people of all folds as one sample.
- \`r2_increment\` is what a configuration adds to \`baseline\`: the mean over folds of the difference of their \`r2\`. Of models that
  hold the baseline's predictors among their own it is the increment over them.
- \`sd_ratio\` is SD(predicted)/SD(observed), pooled: predictions vary less than what they predict.

People without a truth or without a prediction are not scored. A number that is undefined (nothing varies) is missing.`,
  params: {
    type: 'object',
    properties: {
      baseline: {
        type: ['string', 'null'],
        default: null,
        description:
          'A configuration, such as one of age and sex, over which the others are to add; null: none.',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    predictions: {
      type: 'table',
      gather: true,
      summary: 'Held-out predictions for each fold: one column for each configuration.',
    },
    truth: { type: 'table', summary: 'The trait: one column.' },
  },
  outputs: {
    table: {
      type: 'metrics',
      summary:
        'Per configuration: folds, n, and r2, r2_pearson and rho as means over folds and pooled, sd_ratio; with `baseline` r2_increment.',
    },
    folds: { type: 'metrics', summary: 'Per fold and configuration: n, r2, r2_pearson, rho.' },
  },
  run(context) {
    const { items, failed } = context.gatherTables('predictions');
    if (failed.length > 0)
      context.warn(`${failed.length} failed and not scored: ${failed.map(itemLabel).join('; ')}`);
    const truth = context.table('truth');
    const configurations = configurationsOf(items.map(({ value }) => value));
    const observed = onlyColumn(truth, 'truth').values;
    const byFold = items.map(({ value }) => {
      const rows = matchIds(idsOf(truth, 'truth'), idsOf(value, 'predictions'));
      return configurations.map((name) => pairsOf(observed, rows, numbersOf(value, 'predictions', name)));
    });
    const summary = configurations.map((_, c) => {
      const folds = byFold.map((list) => list[c]!);
      return { folds: folds.map(score), pooled: score(joined(folds)), sdRatio: sdRatio(joined(folds)) };
    });
    const { baseline } = context.params;
    const base = baseline === null ? null : configurations.indexOf(baseline);
    if (base === -1)
      throw new TaskError(`no configuration '${baseline!}' among ${configurations.join(', ')}`, {
        port: 'predictions',
        column: baseline!,
      });
    const column = (pick: (of: (typeof summary)[number]) => number): Column =>
      numberColumn(summary.map(pick));
    const labels = items.flatMap(({ item }) => configurations.map((): GatheredItem => item));
    const scores = byFold.flatMap((list) => list.map(score));
    return {
      table: tableOutput(
        plainTable([
          ['configuration', textColumn(configurations)],
          ['folds', column(({ folds }) => folds.length)],
          ['n', column(({ pooled }) => pooled.n)],
          ['r2', column(({ folds }) => mean(folds.map(({ r2 }) => r2)))],
          ['r2_pearson', column(({ folds }) => mean(folds.map(({ r2Pearson }) => r2Pearson)))],
          ['rho', column(({ folds }) => mean(folds.map(({ rho }) => rho)))],
          ['r2_pooled', column(({ pooled }) => pooled.r2)],
          ['r2_pearson_pooled', column(({ pooled }) => pooled.r2Pearson)],
          ['rho_pooled', column(({ pooled }) => pooled.rho)],
          ['sd_ratio', column((of) => of.sdRatio)],
          ...(base === null
            ? []
            : [
                [
                  'r2_increment',
                  column(({ folds }) => mean(folds.map(({ r2 }, f) => r2 - summary[base]!.folds[f]!.r2))),
                ] as const,
              ]),
        ]),
      ),
      folds: tableOutput(
        plainTable([
          ...itemColumns(labels),
          ['configuration', textColumn(items.flatMap(() => configurations))],
          ['n', numberColumn(scores.map(({ n }) => n))],
          ['r2', numberColumn(scores.map(({ r2 }) => r2))],
          ['r2_pearson', numberColumn(scores.map(({ r2Pearson }) => r2Pearson))],
          ['rho', numberColumn(scores.map(({ rho }) => rho))],
        ]),
      ),
    };
  },
});

/** The columns that all predictions have in common with the first: they must be the same. */
function configurationsOf(tables: readonly Table[]): string[] {
  const names = [...(tables[0]?.columns.keys() ?? [])];
  for (const table of tables) {
    const own = [...table.columns.keys()];
    if (own.length === names.length && own.every((name) => names.includes(name))) continue;
    throw new TaskError(
      `the predictions have different columns: ${names.join(', ')}, but also ${own.join(', ')}`,
      {
        port: 'predictions',
      },
    );
  }
  return names;
}

function pairsOf(observed: Float64Array, rows: Int32Array, predicted: Float64Array): Pairs {
  const kept: number[] = [];
  rows.forEach((row, i) => {
    if (row >= 0 && !Number.isNaN(observed[row]!) && !Number.isNaN(predicted[i]!)) kept.push(i);
  });
  return {
    observed: Float64Array.from(kept, (i) => observed[rows[i]!]!),
    predicted: Float64Array.from(kept, (i) => predicted[i]!),
  };
}

function joined(folds: readonly Pairs[]): Pairs {
  return {
    observed: Float64Array.from(folds.flatMap(({ observed }) => [...observed])),
    predicted: Float64Array.from(folds.flatMap(({ predicted }) => [...predicted])),
  };
}

interface Score {
  readonly n: number;
  readonly r2: number;
  readonly r2Pearson: number;
  readonly rho: number;
}

function score({ observed, predicted }: Pairs): Score {
  return {
    n: observed.length,
    r2: rSquared(observed, predicted),
    r2Pearson: squaredPearson(observed, predicted),
    rho: spearman(observed, predicted, 't').rho,
  };
}

function sdRatio({ observed, predicted }: Pairs): number {
  return sd(predicted) / sd(observed);
}

function sd(values: Float64Array): number {
  const centre = mean([...values]);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / values.length);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
