/** `model.stack`: a trait predicted from several modalities by Bayesian ridge in two layers. */
import type { Table, TableSchema } from '../cache/table.js';
import { TaskError, defineTask, jsonOutput, type Json, type TaskContext } from '../engine/task.js';
import type { RidgeMode } from '../stats/bayesian-ridge.js';
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
import { columnNames, idsOf, onlyColumn, people as counted, present } from './reading.js';
import type { StackedModel } from './stacked-model.js';

interface Params {
  readonly mode: RidgeMode;
  readonly configurations: Readonly<Record<string, readonly string[]>> | null;
  readonly hold_out: number | null;
}

export const modelStack = defineTask<Params>({
  name: 'model.stack',
  version: 1,
  summary: 'Fits stacked Bayesian ridge models of a trait, one for each configuration of modalities.',
  details: `Layer 1 is a Bayesian ridge on each modality, layer 2 a Bayesian ridge on the layer-1 predictions; a configuration of one
modality has no layer 2. \`faithful\` is scikit-learn's iteration in both layers, with layer 2 on in-sample layer-1 fits;
\`recommended\` maximises the evidence and trains layer 2 on the out-of-fold predictions of \`inner_folds\`.

The target is standardised by its mean and SD among the training people, so that a model does not depend on the trait's unit, and
predictions come in the target's unit. People whose target is missing are no training people (it is never imputed); a missing feature is an
error. With \`folds\` and \`hold_out\`, the people of that fold are left out of training.`,
  params: {
    type: 'object',
    properties: {
      mode: {
        enum: ['faithful', 'recommended'],
        default: 'faithful',
        description: '`faithful`: as published; `recommended`: evidence maximum and out-of-fold stacking.',
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
    },
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
      summary: 'Folds for layer 2 in recommended mode; independent of `folds`.',
      reads: (_params: Params, schema: TableSchema) => present(schema, ['fold']),
    },
  },
  outputs: { model: { type: 'model', summary: 'The fitted models, as JSON.' } },
  batch: { shared: ['features', 'samples', 'folds', 'inner_folds'], varies: [] },
  resources: (_params, shapes) => {
    const cells = (shapes['features'] ?? []).reduce((sum, { rows, columns }) => sum + rows * columns, 0);
    return { memory: 256 * 2 ** 20 + 32 * cells };
  },
  async runBatch(batch) {
    // Traits that were measured in the same people share all factorisations.
    let last: Training | null = null;
    for (const [index, item] of batch.items.entries()) {
      batch.announce(index);
      let model: StackedModel;
      try {
        const target = targetOf(item);
        if (!last || !sameIds(last.people, target.people)) last = prepare(item, target.people);
        model = fit(item, last, target);
      } catch (error) {
        batch.fail(index, error);
        continue;
      }
      await batch.emit(index, { model: jsonOutput(model as unknown as Json) });
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

function targetOf(context: TaskContext<Params>): Target {
  const table = context.table('target');
  const { values } = onlyColumn(table, 'target');
  const all = idsOf(table, 'target');
  const row = new Map(all.map((id, i) => [id, i]));
  let candidates = context.has('samples') ? idsOf(context.table('samples'), 'samples') : all;
  candidates = heldIn(context, candidates);
  const measured = candidates.filter((id) => Number.isFinite(values[row.get(id) ?? -1] ?? NaN));
  const people = peopleWithFeatures(measured, usedModalities(context));
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
  const inner = context.params.mode === 'recommended' ? innerFolds(context, people) : undefined;
  const modalities = new Map<string, PreparedModality>();
  for (const [name, table] of usedModalities(context)) {
    const features = columnNames(table);
    const x = featureMatrix(name, table, people, features);
    requireComplete(name, x, features, people);
    modalities.set(name, prepareModality(name, features, x, inner, linalg()));
  }
  return { people, modalities };
}

function innerFolds(context: TaskContext<Params>, people: readonly string[]): Int32Array | undefined {
  const stacked = Object.values(configurationsOf(context)).some((names) => names.length > 1);
  if (!stacked) return undefined;
  if (!context.has('inner_folds')) {
    throw new TaskError('recommended mode trains layer 2 out of fold and needs folds of its own', {
      port: 'inner_folds',
    });
  }
  const folds = foldsOf(context.table('inner_folds'), 'inner_folds', people);
  const without = folds.findIndex((fold) => Number.isNaN(fold));
  if (without >= 0)
    throw new TaskError('a training person has no fold', { port: 'inner_folds', row: people[without]! });
  return Int32Array.from(folds);
}

function configurationsOf(context: TaskContext<Params>): Readonly<Record<string, readonly string[]>> {
  const { configurations } = context.params;
  if (configurations) return configurations;
  const names = [...context.tables('features').keys()];
  const alone = Object.fromEntries(names.map((name) => [name, [name]]));
  return names.length > 1 ? { ...alone, stacked: names } : alone;
}

function usedModalities(context: TaskContext<Params>): ReadonlyMap<string, Table> {
  const tables = context.tables('features');
  const used = new Set(Object.values(configurationsOf(context)).flat());
  for (const name of used) {
    if (tables.has(name)) continue;
    throw new TaskError(
      `'configurations' names the modality '${name}', but 'features' has ${sortedNames(tables.keys()).join(', ')}`,
      {
        port: 'features',
      },
    );
  }
  return new Map([...tables].filter(([name]) => used.has(name)));
}

function fit(context: TaskContext<Params>, training: Training, target: Target): StackedModel {
  const n = target.values.length;
  const mean = target.values.reduce((sum, value) => sum + value, 0) / n;
  const sd = Math.sqrt(target.values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
  const standardised = target.values.map((value) => (sd > 0 ? (value - mean) / sd : 0));
  const { mode } = context.params;
  const models: Record<string, StackModel> = {};
  const configurations = configurationsOf(context);
  for (const name of sortedNames(Object.keys(configurations))) {
    const modalities = sortedNames(configurations[name]!).map((modality) =>
      training.modalities.get(modality)!,
    );
    const model = fitStacks(modalities, [standardised], mode, linalg())[0]!;
    models[name] = model;
    const parts = [...model.modalities, ...(model.layerTwo ? [{ ...model.layerTwo, name: 'layer 2' }] : [])];
    for (const part of parts) {
      if (part.status !== 'ok') context.warn(`${name}: ${part.name} is '${part.status}'`);
    }
  }
  return { target: { mean, sd: sd > 0 ? sd : 1 }, configurations: models };
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
