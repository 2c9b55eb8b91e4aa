/** `folds.assign`: people dealt into the folds of a cross-validation. */
import { numberColumn } from '../cache/column.js';
import { idTable, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type TaskContext } from '../engine/task.js';
import { assignFolds, foldProblem, stableFolds, type Constraint } from '../stats/folds.js';
import { rngFromSeed } from '../stats/rng.js';
import { labelsOf } from './labels.js';
import { idsOf, present } from './reading.js';

interface Params {
  readonly k: number;
  readonly strata: readonly string[];
  readonly groups: string | null;
  readonly stable: boolean;
}

export const foldsAssign = defineTask<Params>({
  name: 'folds.assign',
  version: 1,
  seeded: true,
  summary: 'Deals people into k folds at random, evenly within strata or with families together.',
  details: `Folds are numbered from 1 and their sizes differ by at most one. With \`strata\` they do so within each stratum too; with \`groups\` the members
of a group (a family) are in one fold, and sizes are as even as the groups allow; somebody without a group is one of their own. \`stable\` draws each
person's fold (or each group's) from the seed and its id alone: nobody moves when people join or leave, and sizes are even only on average.`,
  params: {
    type: 'object',
    properties: {
      k: { type: 'integer', minimum: 2, default: 5, description: 'Number of folds.' },
      strata: {
        type: 'array',
        items: { type: 'string' },
        uniqueItems: true,
        default: [],
        description:
          'Columns of `by` whose values are spread evenly over the folds; a missing value is a value.',
      },
      groups: {
        type: ['string', 'null'],
        default: null,
        description: 'Column of `by` whose values keep people together, such as a family; null: none.',
      },
      stable: {
        type: 'boolean',
        default: false,
        description: 'A fold depends on the id and the seed alone.',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    samples: { type: 'samples', summary: 'The people.', reads: () => [] },
    by: {
      type: 'table',
      optional: true,
      summary: 'The columns of `strata` and `groups`.',
      reads: ({ strata, groups }: Params, schema: TableSchema) => present(schema, [...strata, groups]),
    },
  },
  outputs: { folds: { type: 'folds', summary: '`fold`, 1 to k, per person.' } },
  run(context) {
    const samples = context.table('samples');
    const ids = idsOf(samples, 'samples');
    const { k, stable } = context.params;
    const constraint = constraintOf(context, ids);
    const problem = foldProblem(ids.length, k, constraint);
    if (problem !== undefined) throw new TaskError(problem, { port: 'samples' });
    const drawn = constraint && 'groups' in constraint ? constraint.groups.map(String) : ids;
    const folds = stable
      ? stableFolds(drawn, k, context.seed)
      : assignFolds(ids.length, k, rngFromSeed(context.seed), constraint);
    return {
      folds: tableOutput(
        idTable(samples.id!.name, ids, [['fold', numberColumn(Float64Array.from(folds, (f) => f + 1))]]),
      ),
    };
  },
});

function constraintOf(context: TaskContext<Params>, ids: readonly string[]): Constraint | undefined {
  const { strata, groups, stable } = context.params;
  if (strata.length > 0 && (groups !== null || stable)) {
    throw new TaskError(
      "'strata' cannot be kept together with 'groups' or 'stable': a group is not of one stratum, and a stable fold looks at nobody else",
    );
  }
  if (groups !== null) return { groups: labelsOf(context, [groups], ids, (id) => `person ${id}`) };
  return strata.length > 0 ? { strata: labelsOf(context, strata, ids, () => 'missing') } : undefined;
}
