/** `model.stack`: a trait predicted from several modalities in two layers, by Bayesian ridge or another learner. */
import type { Table, TableSchema } from '../cache/table.js';
import { TaskError, defineTask, jsonOutput, type Json, type TaskContext } from '../engine/task.js';
import type { RidgeMode } from '../stats/bayesian-ridge.js';
import type { Learner } from '../stats/comparator.js';
import { linalg } from '../stats/linalg/linalg.js';
import { fitStacks, prepareModality, type PreparedModality, type StackModel } from '../stats/stack.js';
import {
  featureMatrix,
  foldsOf,
  peopleWithFeatures,
  requireComplete,
  requireFold,
  sortedNames,
} from './modalities.js';
import { Openings } from './genotype-views.js';
import { columnNames, idsOf, onlyColumn, people as counted, present } from './reading.js';
import {
  GENOTYPES_PORT,
  SNPS,
  peopleWithGenotypes,
  snpFeatures,
  snpNames,
  type SnpModality,
} from './snp-modality.js';
import type { StackedModel } from './stacked-model.js';

interface Params {
  readonly mode: RidgeMode;
  readonly learner: Learner;
  readonly layer_two: Learner;
  readonly mixing: number;
  readonly configurations: Readonly<Record<string, readonly string[]>> | null;
  readonly hold_out: number | null;
}

const LEARNERS: readonly Learner[] = ['bayesian-ridge', 'ridge', 'lasso', 'elastic-net', 'boosting'];

export const modelStack = defineTask<Params>({
  name: 'model.stack',
  version: 1,
  summary: 'Fits stacked models of a trait, one for each configuration of modalities.',
  details: `Layer 1 is a Bayesian ridge on each modality, layer 2 a Bayesian ridge on the layer-1 predictions; a configuration of one
modality has no layer 2. \`faithful\` is scikit-learn's iteration in both layers, with layer 2 on in-sample layer-1 fits;
\`recommended\` maximises the evidence and trains layer 2 on the out-of-fold predictions of \`inner_folds\`.

\`learner\` and \`layer_two\` put another learner in place of Bayesian ridge: ridge, LASSO or elastic net (glmnet's objective on standardised
columns, its path of 100 penalties) or gradient-boosted trees. Their penalty, or number of trees, is the one that predicts the folds of
\`inner_folds\` best, within the training people of each fit. Boosted trees fit their training people closely: stack them in \`recommended\` mode.

The target is standardised by its mean and SD among the training people, so that a model does not depend on the trait's unit, and
predictions come in the target's unit. People whose target is missing are no training people (it is never imputed); a missing feature is an
error. With \`genotypes\`, the dosages of the view's variants are the modality \`snps\`: copies of ALT, not standardised, a missing one twice
the frequency among the training people, which the model keeps. With \`folds\` and \`hold_out\`, the people of that fold are left out of training.`,
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
      reads: (_params: Params, schema: TableSchema) => present(schema, ['fold']),
    },
    inner_folds: {
      type: 'folds',
      optional: true,
      summary:
        'Folds for layer 2 in recommended mode, and for the penalties of other learners; independent of `folds`.',
      reads: (_params: Params, schema: TableSchema) => present(schema, ['fold']),
    },
  },
  outputs: { model: { type: 'model', summary: 'The fitted models, as JSON.' } },
  batch: { shared: ['features', 'samples', 'folds', 'inner_folds'], varies: [] },
  resources: (_params, shapes) => {
    const cells = (shapes['features'] ?? []).reduce((sum, { rows, columns }) => sum + rows * columns, 0);
    const genotypes = shapes['genotypes'] ? 2 ** 31 : 0;
    return { memory: 256 * 2 ** 20 + 32 * cells + genotypes };
  },
  async runBatch(batch) {
    const openings = new Openings();
    const shared = new Sharing(openings);
    try {
      for (const [index, item] of batch.items.entries()) {
        batch.announce(index);
        let model: StackedModel;
        try {
          const target = await targetOf(item, openings);
          model = fit(item, await shared.prepare(item, target.people), target);
        } catch (error) {
          batch.fail(index, error);
          continue;
        }
        await batch.emit(index, { model: jsonOutput(model as unknown as Json) });
      }
    } finally {
      await openings.close();
    }
  },
});

interface Target {
  /** Training people: in the sample, not held out, with a target and a row in every modality. */
  readonly people: readonly string[];
  readonly values: Float64Array;
}

interface Training {
  readonly people: readonly string[];
  readonly modalities: ReadonlyMap<string, PreparedModality>;
}

interface TrainingWithSnps extends Training {
  readonly snps: SnpModality | null;
}

/** Traits that were measured in the same people share all factorisations, and those with the same variants that of the SNPs. */
class Sharing {
  private tables: Training | null = null;
  private genotypes: {
    view: string;
    people: readonly string[];
    warnings: string[];
    x: PreparedModality;
    snps: SnpModality;
  } | null = null;

  constructor(private readonly openings: Openings) {}

  async prepare(context: TaskContext<Params>, people: readonly string[]): Promise<TrainingWithSnps> {
    if (!this.tables || !sameIds(this.tables.people, people)) this.tables = prepare(context, people);
    if (!usesSnps(context)) return { ...this.tables, snps: null };
    const view = context.view('genotypes');
    const { content } = view.recipe;
    if (this.genotypes?.view !== content || !sameIds(this.genotypes.people, people)) {
      const warnings: string[] = [];
      const opened = await this.openings.view(view, 'genotypes');
      const { snps, x } = await snpFeatures({ warn: (text) => void warnings.push(text) }, opened, people);
      const prepared = prepareModality(
        SNPS,
        snpNames(snps),
        x,
        innerFolds(context, people),
        linalg(),
        context.params.learner,
      );
      this.genotypes = { view: content, people, warnings, x: prepared, snps };
    }
    const { warnings, x, snps } = this.genotypes;
    for (const warning of warnings) context.warn(warning);
    return { people, modalities: new Map([...this.tables.modalities, [SNPS, x]]), snps };
  }
}

async function targetOf(context: TaskContext<Params>, openings: Openings): Promise<Target> {
  const table = context.table('target');
  const { values } = onlyColumn(table, 'target');
  const all = idsOf(table, 'target');
  const row = new Map(all.map((id, i) => [id, i]));
  let candidates = context.has('samples') ? idsOf(context.table('samples'), 'samples') : all;
  candidates = heldIn(context, candidates);
  const measured = candidates.filter((id) => Number.isFinite(values[row.get(id) ?? -1] ?? NaN));
  let people = peopleWithFeatures(measured, usedModalities(context));
  if (usesSnps(context))
    people = peopleWithGenotypes(people, (await openings.index(context.view('genotypes'))).people.iid);
  if (people.length < measured.length) {
    context.warn(`${counted(measured.length - people.length)} with a target have no row in some modality`);
  }
  context.log(`${people.length} training people; ${candidates.length - measured.length} have no target`);
  if (people.length < 3) {
    throw new TaskError(`expected at least 3 training people with a target, got ${people.length}`, {
      port: 'target',
    });
  }
  return { people, values: Float64Array.from(people, (id) => values[row.get(id)!]!) };
}

function heldIn(context: TaskContext<Params>, candidates: readonly string[]): readonly string[] {
  const { hold_out: heldOut } = context.params;
  if (heldOut === null) return candidates;
  if (!context.has('folds')) throw new TaskError("'hold_out' needs folds", { port: 'folds' });
  const table = context.table('folds');
  requireFold(table, 'folds', heldOut);
  const folds = foldsOf(table, 'folds', candidates);
  return candidates.filter((_, i) => folds[i] !== heldOut && !Number.isNaN(folds[i]!));
}

function prepare(context: TaskContext<Params>, people: readonly string[]): Training {
  const inner = innerFolds(context, people);
  const modalities = new Map<string, PreparedModality>();
  for (const [name, table] of usedModalities(context)) {
    const features = columnNames(table);
    const x = featureMatrix(name, table, people, features);
    requireComplete(name, x, features, people);
    modalities.set(name, prepareModality(name, features, x, inner, linalg(), context.params.learner));
  }
  return { people, modalities };
}

function innerFolds(context: TaskContext<Params>, people: readonly string[]): Int32Array | undefined {
  const { mode, learner, layer_two: second } = context.params;
  const stacked = Object.values(configurationsOf(context)).some((names) => names.length > 1);
  const outOfFold = stacked && mode === 'recommended';
  const tuned = learner !== 'bayesian-ridge' || (stacked && second !== 'bayesian-ridge');
  if (!outOfFold && !tuned) return undefined;
  if (!context.has('inner_folds')) {
    const why = outOfFold
      ? 'recommended mode trains layer 2 out of fold'
      : `the penalty of '${learner === 'bayesian-ridge' ? second : learner}' is chosen by cross-validation`;
    throw new TaskError(`${why} and needs folds of its own`, { port: 'inner_folds' });
  }
  const folds = foldsOf(context.table('inner_folds'), 'inner_folds', people);
  const without = folds.findIndex((fold) => Number.isNaN(fold));
  if (without >= 0)
    throw new TaskError('a training person has no fold', { port: 'inner_folds', row: people[without]! });
  // A fold that is held out must leave two to choose a penalty with.
  const needed = outOfFold && learner !== 'bayesian-ridge' ? 3 : 2;
  const found = new Set(folds).size;
  if (found < needed) {
    throw new TaskError(`expected at least ${needed} folds among the training people, got ${found}`, {
      port: 'inner_folds',
      column: 'fold',
    });
  }
  return Int32Array.from(folds);
}

function configurationsOf(context: TaskContext<Params>): Readonly<Record<string, readonly string[]>> {
  const { configurations } = context.params;
  if (configurations) return configurations;
  const names = sortedNames(modalityNames(context));
  const alone = Object.fromEntries(names.map((name) => [name, [name]]));
  return names.length > 1 ? { ...alone, stacked: names } : alone;
}

function modalityNames(context: TaskContext<Params>): string[] {
  const names = [...tablesOf(context).keys()];
  if (!context.has('genotypes')) return names;
  if (names.includes(SNPS))
    throw new TaskError(`'${SNPS}' is the modality of 'genotypes'; name the one of 'features' otherwise`, {
      port: 'features',
    });
  return [...names, SNPS];
}

function tablesOf(context: TaskContext<Params>): ReadonlyMap<string, Table> {
  if (!context.has('features') && !context.has('genotypes'))
    throw new TaskError("expected 'features', 'genotypes' or both", { port: 'features' });
  return context.has('features') ? context.tables('features') : new Map<string, Table>();
}

function usesSnps(context: TaskContext<Params>): boolean {
  return context.has('genotypes') && Object.values(configurationsOf(context)).flat().includes(SNPS);
}

function usedModalities(context: TaskContext<Params>): ReadonlyMap<string, Table> {
  const tables = tablesOf(context);
  const known = modalityNames(context);
  const used = new Set(Object.values(configurationsOf(context)).flat());
  for (const name of used) {
    if (known.includes(name)) continue;
    throw new TaskError(
      `'configurations' names the modality '${name}', but 'features' has ${sortedNames(known).join(', ')}`,
      {
        port: 'features',
      },
    );
  }
  return new Map([...tables].filter(([name]) => used.has(name)));
}

function fit(context: TaskContext<Params>, training: TrainingWithSnps, target: Target): StackedModel {
  const n = target.values.length;
  const mean = target.values.reduce((sum, value) => sum + value, 0) / n;
  const sd = Math.sqrt(target.values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
  const standardised = target.values.map((value) => (sd > 0 ? (value - mean) / sd : 0));
  const { mode, learner, layer_two: layerTwo, mixing } = context.params;
  const learners = { layerOne: learner, layerTwo, mixing };
  const models: Record<string, StackModel> = {};
  const configurations = configurationsOf(context);
  for (const name of sortedNames(Object.keys(configurations))) {
    const modalities = sortedNames(configurations[name]!).map((modality) =>
      training.modalities.get(modality)!,
    );
    const model = fitStacks(modalities, [standardised], mode, linalg(), learners)[0]!;
    models[name] = model;
    const parts = [...model.modalities, ...(model.layerTwo ? [{ ...model.layerTwo, name: 'layer 2' }] : [])];
    for (const part of parts) {
      if (part.status !== 'ok') context.warn(`${name}: ${part.name} is '${part.status}'`);
    }
  }
  const { snps } = training;
  return { target: { mean, sd: sd > 0 ? sd : 1 }, ...(snps && { snps }), configurations: models };
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
