/** `sumstats.read`: summary statistics of a GWAS from the file of any common program. */
import { numberColumn, textColumn } from '../cache/column.js';
import { plainTable, type Table } from '../cache/table.js';
import { defineTask, tableOutput } from '../engine/task.js';
import type { ChromosomeCoding } from '../genotypes/chromosome.js';
import { FileSource } from '../genotypes/io/bytesource.js';
import type { Build } from '../genotypes/qc/longrangeld.js';
import { readGwasVcf } from '../genotypes/sumstats/gwasvcf.js';
import { LAYOUT_NAMES, type ColumnNames, type LayoutName } from '../genotypes/sumstats/layouts.js';
import { DROP_REASONS, readSumstats, type DropReason } from '../genotypes/sumstats/read.js';
import { refusing } from './genotype-views.js';
import { BUILDS, sumstatsTable } from './sumstats-table.js';

interface Params {
  readonly layout: LayoutName | 'detect' | 'gwas-vcf';
  readonly columns: ColumnNames | null;
  readonly chromosomes: ChromosomeCoding;
  readonly alleles: 'letters' | '1234';
  readonly build: Build | null;
  readonly p_below: number | null;
  readonly study: string | null;
}

const MEANINGS: Readonly<Record<Exclude<keyof ColumnNames, 'siteAlleles'>, string>> = {
  chromosome: 'Chromosome.',
  position: 'Base pair, 1-based.',
  id: 'Variant id.',
  effectAllele: 'The allele that the effect belongs to.',
  otherAllele: 'The other allele.',
  beta: 'Effect of one effect allele.',
  oddsRatio: 'Odds ratio.',
  hazardRatio: 'Hazard ratio.',
  se: "Standard error of beta, or of the ratio's logarithm.",
  eaf: 'Frequency of the effect allele.',
  p: 'P.',
  minusLog10P: '−log10 P.',
  z: 'Z.',
  n: 'Sample size.',
  info: 'Imputation INFO.',
  test: 'Name of the test; only rows of the additive one are read.',
};

/** Reading without keeping, bytes: 60 MB measured. */
const IDLE_BYTES = 2 ** 28;
/** All rows of a large file, bytes: 2.9 GB measured at the 17 million rows of a BIG40 file. */
const WHOLE_BYTES = 3.25 * 2 ** 30;
/** Rows below a p, of those that chance alone would put there: more for a trait of many variants. */
const SHARE = 4;

/** Lines of the log that name dropped rows. */
const SHOWN = 20;

export const sumstatsRead = defineTask<Params>({
  name: 'sumstats.read',
  version: 1,
  summary: 'Reads the summary statistics of a GWAS, in any common layout.',
  details: `Layouts: GWAS-SSF, BIG40 (its effect allele is a2, its p is −log10 p), fastGWA, PLINK 1 and 2, BOLT-LMM, regenie, GWAS-VCF,
or \`columns\`, an explicit map. \`detect\` goes by the header; a header whose meaning is in doubt (A1 and A2 without more) is refused. Plain,
gzip or zstd. A row that cannot be used is dropped under the first reason that holds and counted in \`flow\`; a damaged file is an error.
A p of 0 is kept, with log10 p from the effect and its standard error. \`p_below\` drops rows as they are read: the 17 million rows of a
BIG40 file take 3 GB of memory and 1.5 GB of the store, those with p < 0.001 take 60 MB of memory and next to nothing of the store.
What \`sumstats.select\` keeps with the same threshold is the same.`,
  params: {
    type: 'object',
    properties: {
      layout: {
        enum: ['detect', 'gwas-vcf', ...LAYOUT_NAMES],
        default: 'detect',
        description: 'The layout of the file; `detect`: by its header.',
      },
      columns: {
        type: ['object', 'null'],
        default: null,
        description: 'Which column holds what, instead of a layout.',
        properties: Object.fromEntries(
          Object.entries(MEANINGS).map(([name, description]) => [
            name,
            { type: 'string', minLength: 1, description },
          ]),
        ),
        required: ['effectAllele'],
        additionalProperties: false,
      },
      chromosomes: {
        enum: ['plink', 'gwas-ssf'],
        default: 'plink',
        description: 'With `columns`: what numbers above 24 mean (PLINK: 25 PAR, 26 MT; GWAS-SSF: 25 MT).',
      },
      alleles: {
        enum: ['letters', '1234'],
        default: 'letters',
        description: 'With `columns`: alleles as letters, or 1 2 3 4 for A C G T.',
      },
      build: {
        enum: [null, ...BUILDS],
        default: null,
        description: 'Genome build of the positions; null: not declared.',
      },
      p_below: {
        type: ['number', 'null'],
        exclusiveMinimum: 0,
        default: null,
        description: 'Keep rows with p strictly below this; null: all.',
      },
      study: {
        type: ['string', 'null'],
        default: null,
        description: 'Which study of a GWAS-VCF; null: the only one.',
      },
    },
    additionalProperties: false,
  },
  inputs: { file: { type: 'file', summary: 'The summary statistics.' } },
  outputs: {
    table: {
      type: 'sumstats',
      summary: 'chr, pos, id, effect_allele, other_allele, the statistics that the file has, line, build.',
    },
    flow: { type: 'table', summary: 'Rows by what became of them: reason, rows.' },
  },
  resources: ({ p_below }) => ({ memory: IDLE_BYTES + WHOLE_BYTES * Math.min(1, SHARE * (p_below ?? 1)) }),
  run(context) {
    const { params } = context;
    const { path } = context.file('file');
    return refusing('file', async () => {
      let shown = 0;
      const onDrop = (line: number, reason: DropReason, cell: string): void => {
        if (reason !== 'threshold' && shown++ < SHOWN)
          context.log(`line ${line} dropped: ${reason}${cell === '' ? '' : ` '${cell}'`}`);
      };
      const file = new FileSource(path);
      try {
        const options = { build: params.build ?? undefined, pBelow: params.p_below ?? undefined, onDrop };
        let reading;
        if (params.layout === 'gwas-vcf') {
          reading = await readGwasVcf(file, { ...options, study: params.study ?? undefined });
        } else {
          const { columns, chromosomes: chromosomeCoding, alleles } = params;
          const layout = columns === null ? params.layout : { columns, chromosomeCoding, alleles };
          const text = await readSumstats(file, { ...options, layout });
          const names = Object.entries(text.columns).map(([meaning, name]) => `${meaning} ${String(name)}`);
          context.log(`layout ${text.how}: ${names.join(', ')}`);
          if (text.how === 'guessed')
            context.warn(
              `the layout was guessed from the header: effect allele '${text.columns.effectAllele}', other allele '${text.columns.otherAllele!}'`,
            );
          reading = text;
        }
        const { table, rows, dropped } = reading;
        const damaged = DROP_REASONS.filter((reason) => reason !== 'threshold' && dropped[reason] > 0);
        if (damaged.length > 0)
          context.warn(
            `rows dropped: ${damaged.map((reason) => `${dropped[reason]} for ${reason}`).join(', ')}`,
          );
        context.log(`${table.count} of ${rows} rows read`);
        return {
          table: tableOutput(sumstatsTable(table)),
          flow: tableOutput(
            flowTable([
              ['rows of the file', rows],
              ...DROP_REASONS.map((reason): [string, number] => [`dropped: ${reason}`, dropped[reason]]),
              ['read', table.count],
            ]),
          ),
        };
      } finally {
        file.close();
      }
    });
  },
});

/** Counts by reason, in order. */
export function flowTable(counts: readonly (readonly [reason: string, rows: number])[]): Table {
  return plainTable([
    ['reason', textColumn(counts.map(([reason]) => reason))],
    ['rows', numberColumn(counts.map(([, rows]) => rows))],
  ]);
}
