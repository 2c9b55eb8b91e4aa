/** `sumstats.harmonise`: summary statistics in the alleles of a reference panel, every lost row counted by reason. */
import { numberColumn, textColumn } from '../cache/column.js';
import { plainTable, type TableSchema } from '../cache/table.js';
import { defineTask, tableOutput } from '../engine/task.js';
import {
  HM_CODES,
  LOSS_REASONS,
  harmonise,
  type Harmonised,
  type PalindromicRule,
} from '../genotypes/sumstats/harmonise.js';
import { takeRows, type SumstatsTable } from '../genotypes/sumstats/table.js';
import type { VariantTable } from '../genotypes/variants.js';
import { refusing } from './genotype-views.js';
import { variantColumns, referenceOf, sumstatsColumns, sumstatsOf } from './sumstats-table.js';
import { flowTable } from './sumstats-read.js';

interface Params {
  readonly palindromic: PalindromicRule;
  readonly max_frequency_difference: number;
  readonly middle: readonly [number, number];
  readonly min_match: number;
}

export const sumstatsHarmonise = defineTask<Params>({
  name: 'sumstats.harmonise',
  version: 1,
  summary:
    'Matches summary statistics to the variants of a panel and expresses effects per ALT allele of the panel.',
  details: `Rows are joined by place and alleles, or by id where they have no place; then in the other order of alleles, then on the
other strand. A/T and C/G variants cannot be told from the alleles: by default they are kept where the frequency agrees with the panel's
(|ΔEAF| < 0.2, neither between 0.42 and 0.58) and else dropped. Of several rows of one variant the first stays. \`codes\` gives each row the
GWAS Catalog's \`hm_code\`; \`flow\` counts what was lost, by reason. Builds that differ are refused; a build that is not declared is a warning.
Fewer matches than \`min_match\` are refused, fewer than 75 % a warning, and so are frequencies that say that effect and other allele are
exchanged.`,
  params: {
    type: 'object',
    properties: {
      palindromic: {
        enum: ['frequency', 'infer', 'forward', 'drop'],
        default: 'frequency',
        description:
          'A/T and C/G: keep where frequencies agree; `infer`: also take the other strand where only that agrees; `forward`: trust the labels; `drop`.',
      },
      max_frequency_difference: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1,
        default: 0.2,
        description: "Largest difference from the panel's frequency for A/T and C/G.",
      },
      middle: {
        type: 'array',
        items: { type: 'number', minimum: 0, maximum: 1 },
        minItems: 2,
        maxItems: 2,
        default: [0.42, 0.58],
        description: 'A/T and C/G with a frequency in this interval are never told apart.',
      },
      min_match: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.2,
        description: 'Refuse when a smaller share of rows matches.',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    sumstats: { type: 'sumstats', summary: 'Summary statistics.' },
    variants: {
      type: 'variants',
      summary: 'The panel: `chr`, `pos`, `id`, `ref`, `alt` and the frequency `af` of ALT.',
      reads: (_params: Params, schema: TableSchema) => variantColumns(schema, ['af', 'alleles']),
    },
  },
  outputs: {
    table: {
      type: 'sumstats',
      summary:
        'The rows kept: places, ids and alleles of the panel, the effect allele always ALT; `hm_code`.',
    },
    codes: { type: 'table', summary: 'Every row: line, hm_code, its meaning, and whether it was kept.' },
    flow: { type: 'table', summary: 'Rows by what became of them: reason, rows.' },
  },
  resources: (_params, shapes) => {
    const rows = (shapes['sumstats']?.[0]?.rows ?? 0) + (shapes['variants']?.[0]?.rows ?? 0);
    return { memory: 256 * 2 ** 20 + 400 * rows };
  },
  run(context) {
    const { params } = context;
    const stats = sumstatsOf(context.table('sumstats'), 'sumstats');
    const reference = referenceOf(context.table('variants'), 'variants');
    return refusing('sumstats', () => {
      const result = harmonise("'sumstats'", stats, reference, {
        palindromic: params.palindromic,
        maxFrequencyDifference: params.max_frequency_difference,
        middle: params.middle,
        minMatch: params.min_match,
      });
      for (const warning of result.warnings) context.warn(warning);
      const { rows: compared, correlation, differing } = result.frequencyCheck;
      context.log(`${result.rows.length} of ${stats.count} rows kept`);
      if (compared > 1 && Number.isFinite(correlation))
        context.log(
          `frequencies against the panel over ${compared} rows: correlation ${correlation.toFixed(3)}, ${differing} differ by more than ${params.max_frequency_difference}`,
        );
      const kept = aligned(stats, reference.variants, result);
      const codes = Float64Array.from(result.hmCode);
      const isKept = new Float64Array(stats.count);
      for (const row of result.rows) isKept[row] = 1;
      return {
        table: tableOutput(
          plainTable([
            ...sumstatsColumns(kept),
            ['hm_code', numberColumn(Float64Array.from(result.rows, (row) => codes[row]!))],
          ]),
        ),
        codes: tableOutput(
          plainTable([
            ['line', numberColumn(Float64Array.from(stats.line))],
            ['hm_code', numberColumn(codes)],
            ['meaning', textColumn(Array.from(codes, (code) => HM_CODES[code]!))],
            ['kept', numberColumn(isKept)],
          ]),
        ),
        flow: tableOutput(
          flowTable([
            ['summary statistics', stats.count],
            ...LOSS_REASONS.map((reason): [string, number] => [`lost: ${reason}`, result.lost[reason]]),
            ['kept', result.rows.length],
          ]),
        ),
      };
    });
  },
});

/** The kept rows with the panel's places, ids and alleles; effects and frequencies are of ALT. */
function aligned(
  stats: SumstatsTable,
  panel: VariantTable,
  { rows, variant, sign }: Harmonised,
): SumstatsTable {
  const kept = takeRows(stats, rows);
  const place = Uint32Array.from(rows, (row) => variant[row]!);
  const signed = (values: Float64Array): Float64Array =>
    values.map((value, i) => (value === 0 ? 0 : sign[i]! * value));
  return {
    ...kept,
    chromosomeNames: panel.chromosomeNames,
    chromosome: Uint16Array.from(place, (v) => panel.chromosome[v]!),
    position: Int32Array.from(place, (v) => panel.position[v]!),
    id: panel.id.take(place),
    effectAllele: panel.alt.take(place),
    otherAllele: panel.ref.take(place),
    ...(kept.beta && { beta: signed(kept.beta) }),
    ...(kept.z && { z: signed(kept.z) }),
    ...(kept.eaf && { eaf: kept.eaf.map((value, i) => (sign[i] === 1 ? value : 1 - value)) }),
  };
}
