/** `model.stack`: a trait predicted from several modalities in two layers, by Bayesian ridge or another learner. */
import type { TableSchema } from '../cache/table.js';
import { defineTask, jsonOutput, type BatchContext, type Json, type TaskContext } from '../engine/task.js';
import type { Learner } from '../stats/comparator.js';
import { linalg } from '../stats/linalg/linalg.js';
import { StackFits, type PreparedModality, type StackModel } from '../stats/stack.js';
import { SCALES_PORT, scalesOf } from './feature-scales.js';
import { Openings } from './genotype-views.js';
import { foldsOf, sortedNames } from './modalities.js';
import { present } from './reading.js';
import { GENOTYPES_PORT, SNPS, type SnpModality } from './snp-modality.js';
import { SnpTraining } from './snp-training.js';
import {
  StackTraining,
  TABLES_KEPT,
  configurationsOf,
  innerFolds,
  usesSnps,
  type StackParams,
  type TrainingPeople,
} from './stack-training.js';
import type { StackedModel } from './stacked-model.js';

const LEARNERS: readonly Learner[] = ['bayesian-ridge', 'ridge', 'lasso', 'elastic-net', 'boosting'];

export const modelStack = defineTask<StackParams>({
  name: 'model.stack',
  version: 3,
  summary: 'Fits stacked models of a trait, one for each configuration of modalities.',
  details: `Layer 1 is a Bayesian ridge on each modality, layer 2 a Bayesian ridge on the layer-1 predictions; a configuration of one
modality has no layer 2. \`faithful\` is scikit-learn's iteration in both layers, with layer 2 on in-sample layer-1 fits;
\`recommended\` maximises the evidence and trains layer 2 on the out-of-fold predictions of \`inner_folds\`.

\`learner\` and \`layer_two\` put another learner in place of Bayesian ridge: ridge, LASSO or elastic net (glmnet's objective on standardised
columns, its path of 100 penalties) or gradient-boosted trees. Their penalty, or number of trees, is the one that predicts the folds of
\`inner_folds\` best (or, with \`penalty: one-se\`, the largest penalty within one standard error of that), within the training
people of each fit. Boosted trees fit their training people closely: stack them in \`recommended\` mode.

The target is standardised by its mean and SD among the training people, so that a model does not depend on the trait's unit, and
predictions come in the target's unit. People whose target is missing are no training people (it is never imputed); a missing feature is an
error. With \`genotypes\`, the dosages of the view's variants are the modality \`snps\`: copies of ALT, not standardised, a missing one twice
the frequency among the training people, which the model keeps. With \`scales\` the model keeps by what the other modalities were
standardised too, and can be applied to people's values as measured (\`standardise\` of \`model.predict\`). With \`folds\` and \`hold_out\`, the people of that fold are left out of training.`,
  params: {
    type: 'object',
    properties: {
      mode: {
        enum: ['faithful', 'recommended'],
        default: 'faithful',
        description: '`faithful`: as published; `recommended`: evidence maximum and out-of-fold stacking.',
      },
      learner: { enum: LEARNERS, default: 'bayesian-ridge', description: 'The learner of layer 1.' },
      layer_two: { enum: LEARNERS, default: 'bayesian-ridge', description: 'The learner of layer 2.' },
      mixing: {
        type: 'number',
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        default: 0.5,
        description: "The elastic net's mixing: near 1 a LASSO, near 0 ridge.",
      },
      penalty: {
        enum: ['best', 'one-se'],
        default: 'best',
        description:
          'Of ridge, LASSO and elastic net: the penalty that predicts best, or the largest within one standard error of it.',
      },
      configurations: {
        type: ['object', 'null'],
        default: null,
        description:
          'Name of each configuration and its modalities; null: each modality alone, and `stacked` of all.',
        minProperties: 1,
        additionalProperties: { type: 'array', items: { type: 'string' }, minItems: 1, uniqueItems: true },
      },
      hold_out: {
        type: ['number', 'null'],
        default: null,
        description: 'The fold of `folds` to leave out; null: none.',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    features: {
      type: 'table',
      summary: 'The modalities by name: columns of numbers without missing cells.',
      named: true,
      optional: true,
    },
    genotypes: GENOTYPES_PORT,
    scales: SCALES_PORT,
    target: { type: 'table', summary: 'The trait: one column of numbers.' },
    samples: {
      type: 'samples',
      optional: true,
      summary: 'The people to train on; all when absent.',
      reads: () => [],
    },
    folds: {
      type: 'folds',
      optional: true,
      summary: 'Folds of the cross-validation, for `hold_out`.',
      reads: (_params: StackParams, schema: TableSchema) => present(schema, ['fold']),
    },
    inner_folds: {
      type: 'folds',
      optional: true,
      summary:
        'Folds for layer 2 in recommended mode, and for the penalties of other learners; independent of `folds`.',
      reads: (_params: StackParams, schema: TableSchema) => present(schema, ['fold']),
    },
  },
  outputs: { model: { type: 'model', summary: 'The fitted models, as JSON.' } },
  batch: { shared: ['features', 'scales', 'samples', 'folds', 'inner_folds'], varies: ['hold_out'] },
  resources: (_params, shapes) => {
    const cells = (shapes['features'] ?? []).reduce((sum, { rows, columns }) => sum + rows * columns, 0);
    const { rows, columns } = shapes['genotypes']?.[0] ?? { rows: 0, columns: 0 };
    // Dosages at worst as doubles, a Gram matrix for each fold, for their sum and for the tridiagonal form.
    const genotypes = 8 * rows * columns + 8 * 8 * columns * columns;
    // A cell is in the table and, in each training set, as it is and centred.
    return { memory: 256 * 2 ** 20 + (32 + 16 * TABLES_KEPT) * cells + genotypes };
  },
  async runBatch(batch) {
    const openings = new Openings();
    const training = new StackTraining(openings);
    try {
      for (const group of groupsOf(batch.items)) await fitGroup(batch, group, training, openings);
    } finally {
      await openings.close();
    }
  },
});

/** Traits without genotypes that are projected together. */
const TRAITS_TOGETHER = 32;

/** Instances that are worked on together, by index: those of one view; without genotypes, a tileful. */
function groupsOf(items: readonly TaskContext<StackParams>[]): number[][] {
  const ofView = new Map<string, number[]>();
  const groups: number[][] = [];
  let open: number[] = [];
  for (const [index, item] of items.entries()) {
    if (!item.has('genotypes')) {
      if (open.length % TRAITS_TOGETHER === 0) groups.push((open = []));
      open.push(index);
      continue;
    }
    const { content } = item.view('genotypes').recipe;
    const group = ofView.get(content);
    if (group) group.push(index);
    else {
      const first = [index];
      ofView.set(content, first);
      groups.push(first);
    }
  }
  return groups;
}

/** One instance on its way. */
interface Member {
  readonly index: number;
  readonly context: TaskContext<StackParams>;
  readonly training: TrainingPeople;
}

async function fitGroup(
  batch: BatchContext<StackParams>,
  group: readonly number[],
  training: StackTraining,
  openings: Openings,
): Promise<void> {
  const members: Member[] = [];
  for (const index of group) {
    batch.announce(index);
    const context = batch.items[index]!;
    try {
      members.push({ index, context, training: await training.people(context) });
    } catch (error) {
      batch.fail(index, error);
    }
  }
  // Who holds no fold out knows of none: in a cell with everybody, whatever the others of the call do.
  const [refits, held] = [true, false].map((none) =>
    by(
      members.filter(({ context }) => (context.params.hold_out === null) === none),
      (member) => member.training.everyone,
    ),
  );
  for (const sameSample of [...held!, ...refits!]) {
    const [{ index, context }] = sameSample as [Member, ...Member[]];
    batch.announce(index);
    let genotypes: Genotypes | null = null;
    try {
      if (usesSnps(context)) genotypes = await readGenotypes(sameSample, openings);
    } catch (error) {
      for (const member of sameSample) batch.fail(member.index, error);
      continue;
    }
    for (const sameTraining of by(sameSample, (member) => member.training.people)) {
      await fitAll(batch, sameTraining, training, genotypes);
    }
  }
}

/** Members with the same list of people, in the order of the first of each. */
function by(members: readonly Member[], key: (member: Member) => readonly string[]): Member[][] {
  const groups = new Map<readonly string[], Member[]>();
  for (const member of members) {
    const group = groups.get(key(member));
    if (group) group.push(member);
    else groups.set(key(member), [member]);
  }
  return [...groups.values()];
}

interface Genotypes {
  readonly snps: SnpTraining;
  /** Of every person of the sample. */
  readonly cellOf: Int32Array;
}

/** Reads the genotypes of everybody who trains some member. A cell is a fold, divided by the inner folds. */
async function readGenotypes(members: readonly Member[], openings: Openings): Promise<Genotypes> {
  const [{ context, training }] = members as [Member, ...Member[]];
  const { everyone, fold: outer } = training;
  const inner = innerFolds(context, training.people)
    ? foldsOf(context.table('inner_folds'), 'inner_folds', everyone)
    : new Float64Array(everyone.length);
  const labels = everyone.map((_, i) => `${outer[i]!}/${inner[i]!}`);
  const pairs = new Map(everyone.map((_, i) => [labels[i]!, [outer[i]!, inner[i]!] as const]));
  const order = [...pairs].sort(([, a], [, b]) => compare(a[0], b[0]) || compare(a[1], b[1]));
  const numbers = new Map(order.map(([label], number) => [label, number]));
  const cellOf = Int32Array.from(labels, (label) => numbers.get(label)!);
  const isNeeded = new Uint8Array(everyone.length);
  for (const member of members) for (const i of member.training.rows) isNeeded[i] = 1;
  const opened = await openings.view(context.view('genotypes'), 'genotypes');
  const snps = await SnpTraining.read(
    opened,
    everyone,
    cellOf.map((cell, i) => (isNeeded[i] === 1 ? cell : -1)),
  );
  return { snps, cellOf };
}

/** Ascending, NaN last. */
function compare(a: number, b: number): number {
  return Number.isNaN(a) || Number.isNaN(b) ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : a - b;
}

/** Fits the members of one training set, and hands them over. */
async function fitAll(
  batch: BatchContext<StackParams>,
  members: readonly Member[],
  training: StackTraining,
  genotypes: Genotypes | null,
): Promise<void> {
  const [{ index, context, training: set }] = members as [Member, ...Member[]];
  batch.announce(index);
  let models: StackedModel[];
  try {
    const modalities = new Map(training.tables(context, set.people));
    let snps: SnpModality | null = null;
    if (genotypes) {
      const cellOf = Int32Array.from(set.rows, (i) => genotypes.cellOf[i]!);
      const inner = innerFolds(context, set.people);
      const asMatrix = context.params.learner !== 'bayesian-ridge';
      const made = genotypes.snps.modality(cellOf, inner, asMatrix, (text) => {
        for (const member of members) member.context.warn(text);
      });
      snps = made.snps;
      modalities.set(SNPS, made.prepared);
    }
    models = fit(members, modalities, snps);
  } catch (error) {
    for (const member of members) batch.fail(member.index, error);
    return;
  }
  for (const [m, member] of members.entries()) {
    batch.announce(member.index);
    await batch.emit(member.index, { model: jsonOutput(models[m] as unknown as Json) });
  }
}

function fit(
  members: readonly Member[],
  modalities: ReadonlyMap<string, PreparedModality>,
  snps: SnpModality | null,
): StackedModel[] {
  const [{ context }] = members as [Member, ...Member[]];
  const targets = members.map(({ training }) => standardise(training.values));
  const { mode, learner, layer_two: layerTwo, mixing, penalty } = context.params;
  const learners = { layerOne: learner, layerTwo, mixing, penalty };
  const fits = new StackFits(
    targets.map(({ values }) => values),
    mode,
    linalg(),
    learners,
  );
  const models = members.map((): Record<string, StackModel> => ({}));
  const configurations = configurationsOf(context);
  for (const name of sortedNames(Object.keys(configurations))) {
    const used = sortedNames(configurations[name]!).map((modality) => modalities.get(modality)!);
    for (const [m, model] of fits.fit(used).entries()) {
      models[m]![name] = model;
      const parts = [
        ...model.modalities,
        ...(model.layerTwo ? [{ ...model.layerTwo, name: 'layer 2' }] : []),
      ];
      for (const part of parts) {
        if (part.status !== 'ok') members[m]!.context.warn(`${name}: ${part.name} is '${part.status}'`);
      }
    }
  }
  const tables = [...modalities].filter(([name]) => name !== SNPS || !snps);
  const scales = scalesOf(context, new Map(tables.map(([name, { features }]) => [name, features])));
  return targets.map(({ mean, sd }, m) => ({
    target: { mean, sd: sd > 0 ? sd : 1 },
    ...(snps && { snps }),
    ...(scales && { scales }),
    configurations: models[m]!,
  }));
}

function standardise(target: Float64Array): { values: Float64Array; mean: number; sd: number } {
  const n = target.length;
  const mean = target.reduce((sum, value) => sum + value, 0) / n;
  const sd = Math.sqrt(target.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
  return { values: target.map((value) => (sd > 0 ? (value - mean) / sd : 0)), mean, sd };
}
