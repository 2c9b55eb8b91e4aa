/** `model.predict`: a stacked model applied to people, one column for each configuration. */
import { numberColumn, type NumberColumn } from '../cache/column.js';
import { idTable, type Table, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type TaskContext } from '../engine/task.js';
import { combineLayers, predictLayerOne, type StackModel } from '../stats/stack.js';
import type { Matrix } from '../stats/linalg/matrix.js';
import { Openings } from './genotype-views.js';
import { featureMatrix, foldsOf, peopleWithFeatures, requireFold, sortedNames } from './modalities.js';
import { idsOf, people as counted, present } from './reading.js';
import {
  GENOTYPES_PORT,
  SNPS,
  findSnps,
  peopleWithGenotypes,
  snpMatrix,
  snpSums,
  type FoundSnps,
} from './snp-modality.js';
import type { StackedModel } from './stacked-model.js';

interface Params {
  readonly fold: number | null;
}

export const modelPredict = defineTask<Params>({
  name: 'model.predict',
  version: 1,
  summary: 'Predicts a trait from modalities by a fitted stacked model.',
  details: `Predictions are in the unit of the trait that the model was fitted to. Somebody with a missing feature that the
model uses has a missing prediction, which is counted (boosted trees predict people with missing features too). A model with SNPs needs \`genotypes\`, in one pass over which they are weighed: its variants are found by place and
alleles, those that are not there count as their training mean (a warning; fewer than a fifth is an error), and so does a missing dosage. With \`folds\` and \`fold\`, only the people of that fold are predicted: those whom a model with that fold held out
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
      optional: true,
    },
    genotypes: GENOTYPES_PORT,
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
  async run(context) {
    const model = context.json('model') as unknown as StackedModel;
    const tables = context.has('features') ? context.tables('features') : new Map<string, Table>();
    const openings = new Openings();
    try {
      const snps = context.has('genotypes') ? await openings.index(context.view('genotypes')) : null;
      const wanted = peopleWanted(context, tables, snps?.people.iid);
      let people = peopleWithFeatures(wanted, tables);
      if (snps) people = peopleWithGenotypes(people, snps.people.iid);
      if (people.length === 0 && wanted.length > 0) {
        throw new TaskError(`none of the ${counted(wanted.length)} has a row in every modality`, {
          port: tables.size > 0 ? 'features' : 'genotypes',
        });
      }
      if (people.length < wanted.length) {
        context.warn(
          `${counted(wanted.length - people.length)} have no row in some modality and no prediction`,
        );
      }
      const names = sortedNames(Object.keys(model.configurations));
      const layerOne = new LayerOne(tables, people, await foundSnps(context, openings, model));
      const { mean, sd } = model.target;
      const columns: [string, NumberColumn][] = [];
      for (const name of names) {
        const configuration = model.configurations[name]!;
        const predicted = combineLayers(configuration, await layerOne.of(configuration)).map(
          (value) => mean + sd * value,
        );
        const missing = predicted.reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0);
        if (missing > 0)
          context.warn(`${name}: no prediction for ${counted(missing)} with a missing feature`);
        columns.push([name, numberColumn(predicted)]);
      }
      const idName = tables.values().next().value?.id?.name ?? 'id';
      return { table: tableOutput(idTable(idName, people, columns)) };
    } finally {
      await openings.close();
    }
  },
});

/** The model's SNPs in the genotypes; null when no configuration has any. */
async function foundSnps(
  context: TaskContext<Params>,
  openings: Openings,
  model: StackedModel,
): Promise<FoundSnps | null> {
  if (!model.snps) return null;
  if (!context.has('genotypes')) throw new TaskError('the model needs genotypes', { port: 'genotypes' });
  return findSnps(context, await openings.view(context.view('genotypes'), 'genotypes'), model.snps);
}

/** Layer-1 predictions; a table is made a matrix once, and equal sums over SNPs are made once. */
class LayerOne {
  private readonly inputs = new Map<string, Matrix>();
  private readonly sums = new Map<string, Float64Array>();

  constructor(
    private readonly tables: ReadonlyMap<string, Table>,
    private readonly people: readonly string[],
    private readonly snps: FoundSnps | null,
  ) {}

  async of(configuration: StackModel): Promise<Float64Array[]> {
    const predictions: Float64Array[] = [];
    for (const modality of configuration.modalities) {
      if (modality.name === SNPS && this.snps && 'coef' in modality) {
        predictions.push(await this.weighed(this.snps, modality.coef, modality.intercept));
        continue;
      }
      if (!this.inputs.has(modality.name)) this.inputs.set(modality.name, await this.matrixOf(modality));
      predictions.push(...predictLayerOne({ ...configuration, modalities: [modality] }, this.inputs));
    }
    return predictions;
  }

  private async weighed(snps: FoundSnps, coef: readonly number[], intercept: number): Promise<Float64Array> {
    const key = JSON.stringify(coef);
    let sums = this.sums.get(key);
    if (!sums) {
      [sums] = await snpSums(snps, this.people, [coef]);
      this.sums.set(key, sums!);
    }
    return sums!.map((sum) => intercept + sum);
  }

  private async matrixOf({ name, features }: StackModel['modalities'][number]): Promise<Matrix> {
    if (name === SNPS && this.snps) return snpMatrix(this.snps, this.people);
    const table = this.tables.get(name);
    if (table) return featureMatrix(name, table, this.people, features);
    throw new TaskError(
      `the model needs the modality '${name}', but 'features' has ${[...this.tables.keys()].join(', ')}`,
      { port: 'features' },
    );
  }
}

function peopleWanted(
  context: TaskContext<Params>,
  tables: ReadonlyMap<string, Table>,
  genotyped: readonly string[] | undefined,
): readonly string[] {
  const first = tables.values().next().value;
  const everyone = first ? idsOf(first, 'features') : genotyped;
  if (!everyone) throw new TaskError('expected at least one modality', { port: 'features' });
  const all = context.has('samples') ? idsOf(context.table('samples'), 'samples') : everyone;
  const { fold } = context.params;
  if (fold === null) return all;
  if (!context.has('folds')) throw new TaskError("'fold' needs folds", { port: 'folds' });
  const table = context.table('folds');
  requireFold(table, 'folds', fold);
  const folds = foldsOf(table, 'folds', all);
  return all.filter((_, i) => folds[i] === fold);
}
