/** `model.contributions`: what each modality, and each SNP or marker, carries of a model's predictions. */
import { numberColumn, textColumn, type Column } from '../cache/column.js';
import { plainTable, type Table } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type TaskContext } from '../engine/task.js';
import { featureContributions, modalityContributions } from '../stats/contributions.js';
import { takeRows, type Matrix } from '../stats/linalg/matrix.js';
import { predictStack, type StackModel } from '../stats/stack.js';
import { Openings, viewBytes } from './genotype-views.js';
import { featureMatrix, MODEL_PORTS, peopleInAll, sortedNames } from './modalities.js';
import { idsOf, people as counted } from './reading.js';
import { GENOTYPES_PORT, SNPS, findSnps, snpMatrix } from './snp-modality.js';
import type { StackedModel } from './stacked-model.js';

export const modelContributions = defineTask<Record<string, never>>({
  name: 'model.contributions',
  version: 1,
  summary: 'What each modality, and each SNP or blood marker, carries of the predictions of a stacked model.',
  details: `- \`share\` is cov(part, prediction)/var(prediction) over the people given. The shares of a configuration's modalities sum to 1, and so do
  those of its features; a negative one works against the rest.
- \`own\` is var(part)/var(prediction): what the part would carry alone. Parts that overlap have more of it together than 1.
- \`weight\` is what one unit of the feature (a copy of the allele) adds to the standardised prediction, through both layers.

A share says what a prediction is made of, not what causes the trait: correlated features divide among them what they have in common. The part of a
feature in boosted trees is what it moves along each person's path (Saabas), without a weight; with trees in layer 2 features have no part of their own, and their numbers are missing.
People whom a configuration cannot predict are left out of it. Where a prediction does not vary, shares are missing.`,
  params: { type: 'object', properties: {}, additionalProperties: false },
  inputs: {
    ...MODEL_PORTS,
    genotypes: GENOTYPES_PORT,
    samples: {
      type: 'samples',
      optional: true,
      summary: 'The people over whom to look, such as those who trained; all when absent.',
      reads: () => [],
    },
  },
  outputs: {
    modalities: {
      type: 'table',
      summary: 'Per configuration and modality: people, share, own.',
    },
    features: {
      type: 'table',
      summary:
        'Per configuration, modality and feature (a SNP as chr:pos:other:counted:id): weight, share, own.',
    },
  },
  resources: (_params, shapes) => {
    const cells = (shapes['features'] ?? []).reduce((sum, { rows, columns }) => sum + rows * columns, 0);
    // A table's cells as they come and as a matrix, and each feature's part.
    return { memory: viewBytes(shapes, (people, variants) => 24 * (cells + people * variants)) };
  },
  async run(context) {
    const model = context.json('model') as unknown as StackedModel;
    const openings = new Openings();
    try {
      const { people, matrices } = await inputsOf(context, model, openings);
      const found = sortedNames(Object.keys(model.configurations)).map((configuration) => {
        const stack = model.configurations[configuration]!;
        const { inputs, rows } = complete(stack, matrices, people.length);
        if (rows < people.length)
          context.warn(
            `${configuration}: ${counted(people.length - rows)} without a prediction are left out`,
          );
        return {
          configuration,
          rows,
          modalities: modalityContributions(stack, inputs),
          features: featureContributions(stack, inputs),
        };
      });
      context.log(`over ${counted(people.length)}`);
      return {
        modalities: tableOutput(
          tableOf(
            found.flatMap(({ configuration, rows, modalities }) =>
              modalities.map((part) => ({ ...part, configuration, people: rows })),
            ),
            { configuration: 'text', modality: 'text', people: 'number', share: 'number', own: 'number' },
          ),
        ),
        features: tableOutput(
          tableOf(
            found.flatMap(({ configuration, features }) =>
              features.map((part) => ({ ...part, configuration })),
            ),
            {
              configuration: 'text',
              modality: 'text',
              feature: 'text',
              weight: 'number',
              share: 'number',
              own: 'number',
            },
          ),
        ),
      };
    } finally {
      await openings.close();
    }
  },
});

/** The modalities that the model uses, of the people who have all of them. */
async function inputsOf(
  context: TaskContext<unknown>,
  model: StackedModel,
  openings: Openings,
): Promise<{ people: readonly string[]; matrices: ReadonlyMap<string, Matrix> }> {
  const tables = context.has('features') ? context.tables('features') : new Map<string, Table>();
  const used = new Map(
    Object.values(model.configurations).flatMap(({ modalities }) =>
      modalities.map(({ name, features }) => [name, features] as const),
    ),
  );
  const snps = used.has(SNPS) ? (model.snps ?? null) : null;
  if (snps && !context.has('genotypes'))
    throw new TaskError('the model needs genotypes', { port: 'genotypes' });
  for (const name of used.keys()) {
    if (tables.has(name) || (snps && name === SNPS)) continue;
    const there = [...tables.keys()].join(', ') || 'none';
    throw new TaskError(`the model needs the modality '${name}', but 'features' has ${there}`, {
      port: 'features',
    });
  }
  const opened = snps ? await openings.view(context.view('genotypes'), 'genotypes') : null;
  const lists = [...tables].filter(([name]) => used.has(name)).map(([, table]) => idsOf(table, 'features'));
  if (opened) lists.push(opened.people.iid);
  const wanted = context.has('samples') ? idsOf(context.table('samples'), 'samples') : lists[0]!;
  const people = peopleInAll(wanted, lists);
  if (people.length === 0 && wanted.length > 0)
    throw new TaskError(`none of the ${counted(wanted.length)} has a row in every modality`, {
      port: tables.size > 0 ? 'features' : 'genotypes',
    });
  if (people.length < wanted.length)
    context.warn(`${counted(wanted.length - people.length)} have no row in some modality`);
  const matrices = new Map<string, Matrix>();
  for (const [name, features] of used) {
    const table = tables.get(name);
    matrices.set(
      name,
      snps && opened && name === SNPS
        ? await snpMatrix(opened, await findSnps(context, opened, snps), people)
        : featureMatrix(name, table!, people, features),
    );
  }
  return { people, matrices };
}

/** The configuration's inputs, of the people whom it can predict. */
function complete(
  stack: StackModel,
  matrices: ReadonlyMap<string, Matrix>,
  people: number,
): { inputs: ReadonlyMap<string, Matrix>; rows: number } {
  const predicted = predictStack(stack, matrices);
  const rows = Int32Array.from(predicted.keys()).filter((i) => !Number.isNaN(predicted[i]!));
  if (rows.length === people) return { inputs: matrices, rows: people };
  const inputs = stack.modalities.map(({ name }) => [name, takeRows(matrices.get(name)!, rows)] as const);
  return { inputs: new Map(inputs), rows: rows.length };
}

function tableOf<Row>(
  rows: readonly Row[],
  columns: Readonly<Partial<Record<keyof Row, 'text' | 'number'>>>,
): Table {
  return plainTable(
    (Object.entries(columns) as [keyof Row & string, 'text' | 'number'][]).map(
      ([name, type]): [string, Column] => {
        const values = rows.map((row) => row[name]);
        return [name, type === 'text' ? textColumn(values as string[]) : numberColumn(values as number[])];
      },
    ),
    rows.length,
  );
}
