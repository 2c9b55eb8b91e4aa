/** `folds.assign`: people dealt into the folds of a cross-validation. */
import { numberColumn } from '../cache/column.js';
import { idTable } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { assignFolds, foldProblem } from '../stats/folds.js';
import { rngFromSeed } from '../stats/rng.js';
import { idsOf } from './reading.js';

interface Params {
  readonly k: number;
}

export const foldsAssign = defineTask<Params>({
  name: 'folds.assign',
  version: 1,
  seeded: true,
  summary: 'Deals people into k folds at random.',
  details: 'Folds are numbered from 1 and their sizes differ by at most one.',
  params: {
    type: 'object',
    properties: { k: { type: 'integer', minimum: 2, default: 5, description: 'Number of folds.' } },
    additionalProperties: false,
  },
  inputs: { samples: { type: 'samples', summary: 'The people.', reads: () => [] } },
  outputs: { folds: { type: 'folds', summary: '`fold`, 1 to k, per person.' } },
  run(context) {
    const samples = context.table('samples');
    const ids = idsOf(samples, 'samples');
    const { k } = context.params;
    const problem = foldProblem(ids.length, k);
    if (problem !== undefined) throw new TaskError(problem, { port: 'samples' });
    const folds = assignFolds(ids.length, k, rngFromSeed(context.seed));
    return {
      folds: tableOutput(
        idTable(samples.id!.name, ids, [['fold', numberColumn(Float64Array.from(folds, (f) => f + 1))]]),
      ),
    };
  },
});
