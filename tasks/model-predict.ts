/** `model.predict`: a stacked model applied to people, one column for each configuration. */
import { numberColumn } from '../cache/column.js';
import { idTable, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type TaskContext } from '../engine/task.js';
import { predictStack, type StackModel } from '../stats/stack.js';
import type { Matrix } from '../stats/linalg/matrix.js';
import { featureMatrix, foldsOf, peopleWithFeatures, requireFold, sortedNames } from './modalities.js';
import { idsOf, people as counted, present } from './reading.js';
import type { StackedModel } from './stacked-model.js';

interface Params {
  readonly fold: number | null;
}

export const modelPredict = defineTask<Params>({
  name: 'model.predict',
  version: 1,
  summary: 'Predicts a trait from modalities by a fitted stacked model.',
  details: `Predictions are in the unit of the trait that the model was fitted to. Somebody with a missing feature has a missing
prediction, which is counted. With \`folds\` and \`fold\`, only the people of that fold are predicted: those whom a model with that fold held out
has not seen.`,
  params: {
    type: 'object',
    properties: {
      fold: {
        type: ['number', 'null'],
        default: null,
        description: 'Predict the people of this fold of `folds`; null: all.',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    model: { type: 'model', summary: 'A model of `model.stack`.' },
    features: {
      type: 'table',
      summary: 'The modalities, under the names that the model knows.',
      named: true,
    },
    samples: {
      type: 'samples',
      optional: true,
      summary: 'The people to predict; all when absent.',
      reads: () => [],
    },
    folds: {
      type: 'folds',
      optional: true,
      summary: 'Folds, for `fold`.',
      reads: (_params: Params, schema: TableSchema) => present(schema, ['fold']),
    },
  },
  outputs: { table: { type: 'table', summary: 'Per person one prediction for each configuration.' } },
  run(context) {
    const model = context.json('model') as unknown as StackedModel;
    const tables = context.tables('features');
    const wanted = peopleWanted(context);
    const people = peopleWithFeatures(wanted, tables);
    if (people.length === 0 && wanted.length > 0) {
      throw new TaskError(`none of the ${counted(wanted.length)} has a row in every modality`, {
        port: 'features',
      });
    }
    if (people.length < wanted.length) {
      context.warn(
        `${counted(wanted.length - people.length)} have no row in some modality and no prediction`,
      );
    }
    const inputs = new Map<string, Matrix>();
    const matrixOf = ({ name, features }: StackModel['modalities'][number]): Matrix => {
      const table = tables.get(name);
      if (!table) {
        throw new TaskError(
          `the model needs the modality '${name}', but 'features' has ${[...tables.keys()].join(', ')}`,
          {
            port: 'features',
          },
        );
      }
      return featureMatrix(name, table, people, features);
    };
    const { mean, sd } = model.target;
    const columns = sortedNames(Object.keys(model.configurations)).map((name) => {
      const configuration = model.configurations[name]!;
      for (const modality of configuration.modalities) {
        if (!inputs.has(modality.name)) inputs.set(modality.name, matrixOf(modality));
      }
      const predicted = predictStack(configuration, inputs).map((value) => mean + sd * value);
      const missing = predicted.reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0);
      if (missing > 0) context.warn(`${name}: no prediction for ${counted(missing)} with a missing feature`);
      return [name, numberColumn(predicted)] as const;
    });
    const idName = tables.values().next().value?.id?.name ?? 'id';
    return { table: tableOutput(idTable(idName, people, columns)) };
  },
});

function peopleWanted(context: TaskContext<Params>): readonly string[] {
  const first = context.tables('features').values().next().value;
  if (!first) throw new TaskError('expected at least one modality', { port: 'features' });
  const all = context.has('samples') ? idsOf(context.table('samples'), 'samples') : idsOf(first, 'features');
  const { fold } = context.params;
  if (fold === null) return all;
  if (!context.has('folds')) throw new TaskError("'fold' needs folds", { port: 'folds' });
  const table = context.table('folds');
  requireFold(table, 'folds', fold);
  const folds = foldsOf(table, 'folds', all);
  return all.filter((_, i) => folds[i] === fold);
}
