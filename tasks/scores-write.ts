/** `scores.write`: weights as a PGS Catalog scoring file, from a table or from the SNPs of a model. */
import type { TableSchema } from '../cache/table.js';
import { TaskError, defineTask, fileOutput, type TaskContext } from '../engine/task.js';
import { scoringLines } from '../genotypes/scores/scoringfile.js';
import { SumstatsBuilder, type SumstatsTable } from '../genotypes/sumstats/table.js';
import { numbersOf, rowName } from './reading.js';
import { SNPS } from './snp-modality.js';
import type { StackedModel } from './stacked-model.js';
import { sumstatsOf, variantColumns } from './sumstats-table.js';

interface Params {
  readonly name: string;
  readonly trait: string;
  readonly pgs_id: string;
  readonly column: string;
  readonly configuration: string;
  readonly harmonised: boolean;
}

export const scoresWrite = defineTask<Params>({
  name: 'scores.write',
  version: 1,
  summary: 'Writes weights, or the SNPs of a fitted model, as a PGS Catalog scoring file.',
  details: `Scoring file 2.0, for use elsewhere. Of a model that has only SNPs, the weights are in the trait's unit per copy of the effect allele; the sum
differs from the model's prediction by a constant. A model whose configuration has other modalities beside the SNPs, or whose learner is no
weighted sum, is refused: its SNPs alone are not what it predicts.`,
  params: {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 1, description: 'Name of the score (`pgs_name`).' },
      trait: { type: 'string', minLength: 1, description: 'The trait (`trait_reported`).' },
      pgs_id: { type: 'string', default: 'NR', description: "The Catalog's accession, where there is one." },
      column: { type: 'string', default: 'beta', description: "The table's column of weights." },
      configuration: { type: 'string', default: SNPS, description: "The model's configuration." },
      harmonised: {
        type: 'boolean',
        default: false,
        description: 'Also write the harmonised columns (hm_chr, hm_pos, …).',
      },
    },
    required: ['name', 'trait'],
    additionalProperties: false,
  },
  inputs: {
    weights: {
      type: 'table',
      optional: true,
      summary: 'Variants with effect alleles and weights.',
      reads: ({ column }: Params, schema: TableSchema) => variantColumns(schema, [column, 'eaf', 'line']),
    },
    model: { type: 'model', optional: true, summary: 'A model of `model.stack`, instead of `weights`.' },
  },
  outputs: { file: { type: 'file', summary: 'The scoring file (.txt).' } },
  run(context) {
    const { params } = context;
    if (context.has('weights') === context.has('model'))
      throw new TaskError("give 'weights' or 'model', one of the two", { port: 'weights' });
    const stats = context.has('weights') ? fromTable(context) : fromModel(context);
    const header = {
      pgsId: params.pgs_id,
      name: params.name,
      trait: params.trait,
      build: stats.build ?? ('NR' as const),
      weightType: 'beta',
    };
    if (stats.build === undefined) context.warn('the build is not declared: the scoring file says NR');
    context.log(`${stats.count} weights`);
    const text = `${[...scoringLines(header, stats, params.harmonised)].join('\n')}\n`;
    return { file: fileOutput(Buffer.from(text), 'txt') };
  },
});

function fromTable(context: TaskContext<Params>): SumstatsTable {
  const table = context.table('weights');
  const { column } = context.params;
  const beta = numbersOf(table, 'weights', column);
  const bad = beta.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new TaskError(`expected a weight, got ${beta[bad]!}`, {
      port: 'weights',
      column,
      row: rowName(table, bad),
    });
  return { ...sumstatsOf(table, 'weights', ['eaf']), beta };
}

function fromModel(context: TaskContext<Params>): SumstatsTable {
  const model = context.json('model') as unknown as StackedModel;
  const { configuration } = context.params;
  const refuse = (message: string): never => {
    throw new TaskError(message, { port: 'model' });
  };
  const stack = model.configurations[configuration];
  if (!stack)
    return refuse(
      `the model has no configuration '${configuration}'; it has ${Object.keys(model.configurations).join(', ')}`,
    );
  const [modality, another] = stack.modalities;
  if (modality?.name !== SNPS || another || !model.snps)
    return refuse(`the configuration '${configuration}' is not of SNPs alone`);
  if (!('coef' in modality)) return refuse('the learner of the SNPs is no weighted sum');
  const builder = new SumstatsBuilder(model.snps.build ?? undefined, ['beta', 'eaf']);
  model.snps.variants.forEach(({ chr, pos, id, counted, other, frequency }, j) =>
    builder.push({
      chromosome: pos > 0 ? chr : undefined,
      position: pos,
      id,
      effectAllele: counted,
      otherAllele: other,
      beta: model.target.sd * modality.coef[j]!,
      eaf: frequency,
      line: j + 1,
    }),
  );
  return builder.finish();
}
