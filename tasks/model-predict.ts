/** `model.predict`: a stacked model applied to people, one column for each configuration. */
import { numberColumn, type NumberColumn } from '../cache/column.js';
import { idTable, type TableSchema } from '../cache/table.js';
import {
  TaskError,
  defineTask,
  tableOutput,
  type BatchContext,
  type Outputs,
  type TaskContext,
} from '../engine/task.js';
import { combineLayers, predictLayerOne, type StackModel } from '../stats/stack.js';
import type { Matrix } from '../stats/linalg/matrix.js';
import type { FeatureScale } from './feature-scales.js';
import { Openings } from './genotype-views.js';
import { MODEL_PORTS, sortedNames } from './modalities.js';
import { PredictedPeople, featureTables } from './predicted-people.js';
import { people as counted, present } from './reading.js';
import { GENOTYPES_PORT, SNPS, findSnps, snpMatrix, type FoundSnps } from './snp-modality.js';
import { originOf, sumBytes, sumSnps, type Origin } from './snp-scores.js';
import type { StackedModel } from './stacked-model.js';

interface Params {
  readonly fold: number | null;
  readonly standardise: boolean;
  readonly missing: 'none' | 'mean';
}

export const modelPredict = defineTask<Params>({
  name: 'model.predict',
  version: 2,
  summary: 'Predicts a trait from modalities by a fitted stacked model.',
  details: `Predictions are in the unit of the trait that the model was fitted to. Somebody with a missing feature that the
model uses has a missing prediction, which is counted (boosted trees predict people with missing features too). A model with SNPs needs \`genotypes\`: all models
of a call are weighed in one pass over the files, whichever variants each uses. Its variants are found by place and
alleles, those that are not there count as their training mean (a warning; fewer than a fifth is an error), and so does a missing dosage. With \`folds\` and \`fold\`, only the people of that fold are predicted: those whom a model with that fold held out
has not seen.

\`standardise: true\` is for people of another cohort, whose features are as measured: the model alone, with the means and SDs that it keeps
(\`scales\` of \`model.stack\`), predicts them. \`missing: mean\` then takes a missing feature as its mean.`,
  params: {
    type: 'object',
    properties: {
      fold: {
        type: ['number', 'null'],
        default: null,
        description: 'Predict the people of this fold of `folds`; null: all.',
      },
      standardise: {
        type: 'boolean',
        default: false,
        description: 'Features are as measured: standardise them by the means and SDs that the model keeps.',
      },
      missing: {
        enum: ['none', 'mean'],
        default: 'none',
        description:
          'Who misses a feature has no prediction, or is taken to have its mean (with `standardise`).',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    ...MODEL_PORTS,
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
  batch: { shared: ['features', 'samples', 'folds'], varies: ['fold'] },
  resources: (_params, shapes) => {
    const cells = (shapes['features'] ?? []).reduce((sum, { rows, columns }) => sum + rows * columns, 0);
    const genotypes = shapes['genotypes'] ? SUMS_AT_ONCE + 2 ** 29 : 0;
    return { memory: 256 * 2 ** 20 + 24 * cells + genotypes };
  },
  async runBatch(batch) {
    const openings = new Openings();
    const cohort = new PredictedPeople(openings);
    try {
      const members = await prepare(batch, openings, cohort);
      for (const group of groupsOf(members)) await predictGroup(batch, group, openings, cohort);
    } finally {
      await openings.close();
    }
  },
});

/** Bytes of sums over SNPs that are held at a time. */
const SUMS_AT_ONCE = 2 ** 30;

/** One instance on its way. */
interface Member {
  readonly index: number;
  readonly context: TaskContext<Params>;
  readonly model: StackedModel;
  /** Equal lists are the same array. */
  readonly people: readonly string[];
  readonly snps: { readonly found: FoundSnps; readonly origin: Origin } | null;
  /** The distinct weights of SNPs in its configurations. */
  readonly lists: readonly (readonly number[])[];
}

async function prepare(
  batch: BatchContext<Params>,
  openings: Openings,
  cohort: PredictedPeople,
): Promise<Member[]> {
  const members: Member[] = [];
  for (const [index, context] of batch.items.entries()) {
    batch.announce(index);
    try {
      const model = context.json('model') as unknown as StackedModel;
      const people = await cohort.people(context);
      const snps = await foundSnps(context, openings, model);
      members.push({ index, context, model, people, snps, lists: snps ? weightsOf(model) : [] });
    } catch (error) {
      batch.fail(index, error);
    }
  }
  return members;
}

/** The model's SNPs in the genotypes; null when no configuration has any. */
async function foundSnps(
  context: TaskContext<Params>,
  openings: Openings,
  model: StackedModel,
): Promise<Member['snps']> {
  if (!model.snps) return null;
  if (!context.has('genotypes')) throw new TaskError('the model needs genotypes', { port: 'genotypes' });
  const view = context.view('genotypes');
  const found = await findSnps(context, await openings.index(view), model.snps);
  return { found, origin: await originOf(openings, view) };
}

function weightsOf(model: StackedModel): (readonly number[])[] {
  const lists = new Map<string, readonly number[]>();
  for (const { modalities } of Object.values(model.configurations)) {
    for (const modality of modalities) {
      if (modality.name === SNPS && 'coef' in modality)
        lists.set(JSON.stringify(modality.coef), modality.coef);
    }
  }
  return [...lists.values()];
}

/** Models of the same files and people, as many as their sums may be held; the others alone. */
function groupsOf(members: readonly Member[]): Member[][] {
  const open = new Map<string, Map<readonly string[], { group: Member[]; bytes: number }>>();
  const groups: Member[][] = [];
  for (const member of members) {
    if (!member.snps || member.lists.length === 0) {
      groups.push([member]);
      continue;
    }
    const { content } = member.snps.origin.view.recipe;
    let ofFiles = open.get(content);
    if (!ofFiles) {
      ofFiles = new Map<readonly string[], { group: Member[]; bytes: number }>();
      open.set(content, ofFiles);
    }
    const bytes = member.lists.length * sumBytes(member.people.length);
    let current = ofFiles.get(member.people);
    if (!current || current.bytes + bytes > SUMS_AT_ONCE) {
      current = { group: [], bytes: 0 };
      ofFiles.set(member.people, current);
      groups.push(current.group);
    }
    current.group.push(member);
    current.bytes += bytes;
  }
  return groups;
}

async function predictGroup(
  batch: BatchContext<Params>,
  group: readonly Member[],
  openings: Openings,
  cohort: PredictedPeople,
): Promise<void> {
  const first = group[0]!;
  batch.announce(first.index);
  let sums: Float64Array[][];
  try {
    sums =
      first.lists.length === 0
        ? [[]]
        : await sumSnps(
            openings,
            group.map(({ snps, lists }) => ({ ...snps!, lists })),
            first.people,
          );
  } catch (error) {
    for (const { index } of group) batch.fail(index, error);
    return;
  }
  for (const [m, member] of group.entries()) {
    batch.announce(member.index);
    let outputs: Outputs;
    try {
      outputs = await predict(member, new LayerOne(member, sums[m]!, openings, cohort));
    } catch (error) {
      batch.fail(member.index, error);
      continue;
    }
    sums[m] = [];
    await batch.emit(member.index, outputs);
  }
}

async function predict({ context, model, people }: Member, layerOne: LayerOne): Promise<Outputs> {
  const { mean, sd } = model.target;
  const columns: [string, NumberColumn][] = [];
  for (const name of sortedNames(Object.keys(model.configurations))) {
    const configuration = model.configurations[name]!;
    const predicted = combineLayers(configuration, await layerOne.of(configuration)).map(
      (value) => mean + sd * value,
    );
    const missing = predicted.reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0);
    if (missing > 0) context.warn(`${name}: no prediction for ${counted(missing)} with a missing feature`);
    columns.push([name, numberColumn(predicted)]);
  }
  const idName = featureTables(context).values().next().value?.id?.name ?? 'id';
  return { table: tableOutput(idTable(idName, people, columns)) };
}

/** Layer-1 predictions of one model. */
class LayerOne {
  private readonly inputs = new Map<string, Matrix>();
  private readonly sums: ReadonlyMap<string, Float64Array>;

  constructor(
    private readonly member: Member,
    sums: readonly Float64Array[],
    private readonly openings: Openings,
    private readonly cohort: PredictedPeople,
  ) {
    this.sums = new Map(member.lists.map((list, k) => [JSON.stringify(list), sums[k]!]));
  }

  async of(configuration: StackModel): Promise<Float64Array[]> {
    const predictions: Float64Array[] = [];
    for (const modality of configuration.modalities) {
      if (modality.name === SNPS && this.member.snps && 'coef' in modality) {
        const sums = this.sums.get(JSON.stringify(modality.coef))!;
        predictions.push(sums.map((sum) => modality.intercept + sum));
        continue;
      }
      if (!this.inputs.has(modality.name)) this.inputs.set(modality.name, await this.matrixOf(modality));
      predictions.push(...predictLayerOne({ ...configuration, modalities: [modality] }, this.inputs));
    }
    return predictions;
  }

  private async matrixOf({ name, features }: StackModel['modalities'][number]): Promise<Matrix> {
    const { context, people, snps } = this.member;
    const { missing } = context.params;
    if (name === SNPS && snps) {
      const opened = await this.openings.view(context.view('genotypes'), 'genotypes');
      return snpMatrix(opened, snps.found, people);
    }
    const tables = featureTables(context);
    const table = tables.get(name);
    if (table) {
      const scales = scalesFor(this.member, name);
      return this.cohort.matrix(name, table, people, features, scales, missing === 'mean');
    }
    throw new TaskError(
      `the model needs the modality '${name}', but 'features' has ${[...tables.keys()].join(', ')}`,
      { port: 'features' },
    );
  }
}

/** What standardises a modality, in the order of its features; null when they are standardised already. */
function scalesFor({ context, model }: Member, modality: string): readonly FeatureScale[] | null {
  const { standardise, missing } = context.params;
  if (!standardise) {
    if (missing === 'mean')
      throw new TaskError("'missing: mean' needs 'standardise: true': only then are the means known");
    return null;
  }
  const scales = model.scales?.[modality];
  if (!scales) {
    throw new TaskError(
      `the model does not keep by what '${modality}' was standardised; give model.stack its 'scales'`,
      { port: 'model' },
    );
  }
  return scales;
}
