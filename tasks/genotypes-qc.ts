/** `genotypes.qc`: quality control of variants and people, every exclusion counted by reason. */
import { numberColumn, textColumn } from '../cache/column.js';
import { idTable, plainTable, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type TaskContext } from '../engine/task.js';
import { countVariants, frequenciesOf, missingRate, takeCounts } from '../genotypes/qc/counts.js';
import {
  VARIANT_REASONS,
  selectVariants,
  type ChromosomeKind,
  type VariantMeasures,
} from '../genotypes/qc/filters.js';
import { hweOf } from '../genotypes/qc/hwe.js';
import { inRegions, longRangeLd } from '../genotypes/qc/longrangeld.js';
import { measurePeople } from '../genotypes/qc/people.js';
import { SEX_FEMALE, SEX_MALE, SEX_UNKNOWN } from '../genotypes/samples.js';
import { takeVariants } from './genotype-index.js';
import { BLOCK_BYTES, Openings, biallelic, refusing, viewBytes, type OpenView } from './genotype-views.js';
import { SAMPLES_PORT, chosenPeople } from './genotypes-view.js';
import { numbersOf, people as counted } from './reading.js';
import { flowTable } from './sumstats-read.js';
import { sumstatsOf, variantColumns, variantsTable } from './sumstats-table.js';
import { matchRows } from './variant-matching.js';

interface Params {
  readonly max_missing: number | null;
  readonly min_maf: number | null;
  readonly min_hwe: number | null;
  readonly min_info: number | null;
  readonly chromosomes: readonly ChromosomeKind[] | null;
  readonly drop_duplicates: boolean;
  readonly drop_long_range_ld: boolean;
  readonly max_person_missing: number | null;
  readonly max_heterozygosity_sd: number | null;
  readonly drop_sex_mismatch: boolean;
  readonly sex_f: readonly [woman: number, man: number];
}

const share = (
  value: number | null,
  description: string,
): Record<string, string | number | string[] | null> => ({
  type: ['number', 'null'],
  minimum: 0,
  maximum: 1,
  default: value,
  description,
});

export const genotypesQc = defineTask<Params>({
  name: 'genotypes.qc',
  version: 2,
  summary:
    'Quality control of variants and people: missing calls, frequency, INFO, Hardy–Weinberg, heterozygosity, and more.',
  details: `Variants first, over all people; each goes for the first reason that holds, in the order of \`variant_flow\`. Frequencies and the exact
Hardy–Weinberg test are of founders (on X, of women), as in PLINK. Then people, over the variants that stay: the share of missing calls, and F,
the excess of homozygous calls on the autosomes over what frequencies lead one to expect (PLINK's \`--het\`), which must lie within some
standard deviations of the mean. The same F on X tells men (near 1) from women (near 0), as PLINK's \`--check-sex\`; prune the
variants first. Nothing is cut out of the genotypes here: hand the lists to \`genotypes.select\`. Ancestry by a label is
\`cohort.select\`, relatives are \`genotypes.kinship\`.`,
  params: {
    type: 'object',
    properties: {
      max_missing: share(0.05, 'Largest share of missing calls of a variant; null: any.'),
      min_maf: share(0.01, 'Smallest minor allele frequency; null: any.'),
      min_hwe: share(1e-10, 'Smallest Hardy–Weinberg exact P; null: any.'),
      min_info: share(null, 'Smallest imputation INFO, from the port `info`; null: any.'),
      chromosomes: {
        type: ['array', 'null'],
        items: { enum: ['autosome', 'x', 'par', 'y', 'mt', 'other'] },
        default: null,
        description: 'The kinds of chromosomes that stay; null: all.',
      },
      drop_duplicates: {
        type: 'boolean',
        default: true,
        description: 'Of variants with one place and one pair of alleles, keep the first.',
      },
      drop_long_range_ld: {
        type: 'boolean',
        default: false,
        description: 'Drop regions of long-range LD (needs the build): for kinship and principal components.',
      },
      max_person_missing: share(0.05, 'Largest share of missing calls of a person; null: any.'),
      max_heterozygosity_sd: {
        type: ['number', 'null'],
        exclusiveMinimum: 0,
        default: null,
        description: "Largest distance of a person's F from the mean, in standard deviations; null: any.",
      },
      drop_sex_mismatch: {
        type: 'boolean',
        default: false,
        description: 'Drop people whose F on X says the other sex than the file; in between it says neither.',
      },
      sex_f: {
        type: 'array',
        items: { type: 'number' },
        minItems: 2,
        maxItems: 2,
        default: [0.2, 0.8],
        description: 'F on X below the first is a woman, above the second a man.',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    genotypes: { type: 'genotypes', summary: 'The genotypes.' },
    samples: SAMPLES_PORT,
    info: {
      type: 'table',
      optional: true,
      summary: 'Variants with a column `info`.',
      reads: (_params: Params, schema: TableSchema) => variantColumns(schema, ['info']),
    },
  },
  outputs: {
    variants: { type: 'variants', summary: 'The variants that stay.' },
    samples: { type: 'samples', summary: 'The people who stay.' },
    variant_flow: { type: 'table', summary: 'Variants by what became of them: reason, rows.' },
    flow: { type: 'table', summary: 'People by what became of them: reason, rows.' },
    variant_measures: {
      type: 'table',
      summary: 'Every variant: missing, af, hwe, and why it goes (empty: it stays).',
    },
    person_measures: {
      type: 'table',
      summary:
        'Every person: share of missing calls, F, F on X, the sex that it says (1 man, 2 woman), and why they go.',
    },
  },
  resources: (_params, shapes) => ({ memory: viewBytes(shapes, () => BLOCK_BYTES) }),
  async run(context) {
    const openings = new Openings();
    try {
      const opened = await openings.view(context.view('genotypes'), 'genotypes');
      const rows = chosenPeople(context, opened.people);
      return await refusing('genotypes', () => control(context, opened, rows));
    } finally {
      await openings.close();
    }
  },
});

async function control(
  context: TaskContext<Params>,
  opened: OpenView,
  rows: Uint32Array,
): Promise<ReturnType<typeof outputs>> {
  const { params } = context;
  const { variants } = opened;
  const founders = rows.filter((s) => opened.people.founder[s] === 1);
  if (founders.length === 0)
    throw new TaskError('nobody is a founder: frequencies are of founders', { port: 'genotypes' });
  const readable = biallelic(variants);
  const counts = await countVariants(opened.source, readable, rows);
  const ofFounders =
    founders.length === rows.length ? counts : await countVariants(opened.source, readable, founders);
  const spread = (values: Float64Array): Float64Array => {
    const all = new Float64Array(variants.count).fill(NaN);
    readable.forEach((v, i) => (all[v] = values[i]!));
    return all;
  };
  const measures = {
    missing: spread(missingRate(counts)),
    frequency: spread(frequenciesOf(ofFounders).alt),
    hwe: spread(hweOf(ofFounders)),
    info: params.min_info === null ? undefined : await infoOf(context, opened),
    region: params.drop_long_range_ld ? inRegions(variants, longRangeRegions(opened)) : undefined,
  } satisfies VariantMeasures;
  const selection = selectVariants(variants, measures, {
    maxMissing: params.max_missing ?? undefined,
    minMaf: params.min_maf ?? undefined,
    minHwe: params.min_hwe ?? undefined,
    minInfo: params.min_info ?? undefined,
    chromosomes: params.chromosomes ?? undefined,
    dropDuplicates: params.drop_duplicates,
  });
  if (selection.kept.length === 0)
    throw new TaskError(`no variant stays of ${variants.count}: ${reasons(selection.counts)}`, {
      port: 'genotypes',
    });
  const position = new Map(Array.from(readable, (v, i) => [v, i]));
  const keptCounts = takeCounts(
    ofFounders,
    Array.from(selection.kept, (v) => position.get(v)!),
  );
  const { missingness, heterozygosity, onX } = await measurePeople(
    opened.source,
    selection.kept,
    rows,
    keptCounts,
  );
  const missing = Float64Array.from(missingness.missing, (gone, s) => gone / missingness.variants[s]!);
  return outputs(context, opened, rows, measures, selection, { missing, f: heterozygosity.f, xf: onX.f });
}

function reasons(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');
}

function longRangeRegions(opened: OpenView): ReturnType<typeof longRangeLd> {
  if (opened.build === null || opened.build === 'GRCh36')
    throw new TaskError(
      `long-range LD regions are known for GRCh37 and GRCh38; the genotypes are on ${opened.build ?? 'no declared build'}`,
      { port: 'genotypes' },
    );
  return longRangeLd(opened.build);
}

async function infoOf(context: TaskContext<Params>, opened: OpenView): Promise<Float64Array> {
  if (!context.has('info')) throw new TaskError("'min_info' needs INFO values", { port: 'info' });
  const table = context.table('info');
  const values = numbersOf(table, 'info', 'info');
  const { rows, variants } = await matchRows(sumstatsOf(table, 'info', []), 'info', opened);
  const info = new Float64Array(opened.variants.count).fill(NaN);
  variants.forEach((v, i) => (info[v] = values[rows[i]!]!));
  return info;
}

function outputs(
  context: TaskContext<Params>,
  opened: OpenView,
  rows: Uint32Array,
  measures: { missing: Float64Array; frequency: Float64Array; hwe: Float64Array },
  selection: ReturnType<typeof selectVariants>,
  { missing, f, xf }: { missing: Float64Array; f: Float64Array; xf: Float64Array },
): Record<string, ReturnType<typeof tableOutput>> {
  const { max_person_missing: maxMissing, max_heterozygosity_sd: maxSd, sex_f: limits } = context.params;
  const [mean, sd] = meanAndSd(f);
  const xSex = xf.map((value) => (value < limits[0] ? SEX_FEMALE : value > limits[1] ? SEX_MALE : NaN));
  const contradicts = Array.from(rows, (s, i) => {
    const reported = opened.people.sex[s]!;
    return reported !== SEX_UNKNOWN && !Number.isNaN(xSex[i]!) && xSex[i] !== reported;
  });
  const mismatches = contradicts.filter(Boolean).length;
  if (mismatches > 0)
    context.warn(`F on X says the other sex than the file of ${counted(mismatches)}: see person_measures`);
  const why = Array.from(rows, (_, i): string | null => {
    if (maxMissing !== null && !(missing[i]! <= maxMissing)) return 'missing calls';
    if (context.params.drop_sex_mismatch && contradicts[i]!) return 'sex mismatch';
    if (maxSd !== null && !(Math.abs(f[i]! - mean) <= maxSd * sd)) return 'heterozygosity';
    return null;
  });
  const ids = Array.from(rows, (s) => opened.people.iid[s]!);
  const staying = ids.filter((_, i) => why[i] === null);
  if (staying.length === 0)
    throw new TaskError(`nobody stays of ${counted(ids.length)}`, { port: 'genotypes' });
  const lost = (reason: string): number => why.filter((one) => one === reason).length;
  context.log(
    `${selection.kept.length} of ${opened.variants.count} variants and ${staying.length} of ${ids.length} people stay`,
  );
  const named = variantsTable(opened).columns;
  return {
    variants: tableOutput(variantsTable({ ...opened, ...takeVariants(opened, selection.kept) })),
    samples: tableOutput(idTable('id', staying, [])),
    variant_flow: tableOutput(
      flowTable([
        ['variants', opened.variants.count],
        ...VARIANT_REASONS.map((reason): [string, number] => [`lost: ${reason}`, selection.counts[reason]]),
        ['kept', selection.kept.length],
      ]),
    ),
    flow: tableOutput(
      flowTable([
        ['people', ids.length],
        ['lost: missing calls', lost('missing calls')],
        ['lost: sex mismatch', lost('sex mismatch')],
        ['lost: heterozygosity', lost('heterozygosity')],
        ['kept', staying.length],
      ]),
    ),
    variant_measures: tableOutput(
      plainTable([
        ...['chr', 'pos', 'id', 'ref', 'alt'].map((name) => [name, named.get(name)!] as const),
        ['missing', numberColumn(measures.missing)],
        ['af', numberColumn(measures.frequency)],
        ['hwe', numberColumn(measures.hwe)],
        ['excluded', textColumn(Array.from(selection.reason, (code) => VARIANT_REASONS[code] ?? null))],
      ]),
    ),
    person_measures: tableOutput(
      idTable('id', ids, [
        ['missing', numberColumn(missing)],
        ['f', numberColumn(f)],
        ['x_f', numberColumn(xf)],
        ['x_sex', numberColumn(xSex)],
        ['excluded', textColumn(why)],
      ]),
    ),
  };
}

/** Over those that are known; SD with n − 1. */
function meanAndSd(values: Float64Array): [number, number] {
  const known = values.filter((value) => Number.isFinite(value));
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return [mean, Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1))];
}
