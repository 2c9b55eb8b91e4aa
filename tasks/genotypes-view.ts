/** `genotypes.view`: genotype files as a view, which names each variant's calls by their digest and copies nothing. */
import { numberColumn } from '../cache/column.js';
import { idTable, type Table, type TableSchema } from '../cache/table.js';
import {
  TaskError,
  defineTask,
  tableOutput,
  type InputPort,
  type Outputs,
  type TaskContext,
} from '../engine/task.js';
import { variantDigests } from '../genotypes/digest.js';
import { alleleFrequencies, countVariants, frequenciesOf } from '../genotypes/qc/counts.js';
import type { Build } from '../genotypes/qc/longrangeld.js';
import type { SampleTable } from '../genotypes/samples.js';
import { withSex, type GenotypeSource } from '../genotypes/source.js';
import { TextBuilder, type TextColumn } from '../genotypes/textcolumn.js';
import type { VariantTable } from '../genotypes/variants.js';
import {
  COUNT_COLUMNS,
  VIEW_OUTPUTS,
  peopleInOrder,
  takePeople,
  viewParts,
  type GenotypeDetail,
  type GenotypeIndex,
  type VariantIndex,
} from './genotype-index.js';
import { openFiles, refusing } from './genotype-views.js';
import { idsOf, numbersOf, people as counted, present } from './reading.js';
import { BUILDS, variantsTable } from './sumstats-table.js';
import { VARIANTS_PORT, namedVariants } from './variant-matching.js';

interface Params {
  readonly build: Build | null;
  readonly first_allele: 'ref' | 'alt' | null;
  readonly field: 'GT' | 'DS' | 'HDS' | 'GP' | null;
}

const FORMATS = {
  bed: { needs: ['bed', 'bim', 'fam'], may: [] },
  pgen: { needs: ['pgen', 'pvar', 'psam'], may: [] },
  bgen: { needs: ['bgen'], may: ['sample', 'bgi'] },
  vcf: { needs: ['vcf'], may: [] },
} as const satisfies Record<string, { needs: readonly string[]; may: readonly string[] }>;

type Format = keyof typeof FORMATS;

const file = (summary: string): InputPort => ({ type: 'file', optional: true, summary });

export const SAMPLES_PORT: InputPort = {
  type: 'samples',
  optional: true,
  summary: 'The people to keep; all when absent.',
  reads: () => [],
};

export const genotypesView = defineTask<Params>({
  name: 'genotypes.view',
  version: 2,
  summary:
    'Genotype files as a view: nothing is copied, and each variant is named by the digest of its calls.',
  details: `Give the files of one format: \`bed\`, \`bim\` and \`fam\` (PLINK 1), \`pgen\`, \`pvar\` and \`psam\` (PLINK 2), \`bgen\` (1.2;
with \`sample\` where ids are not in it, and \`bgi\` if there is one), or \`vcf\`. The files are read once. What depends on the view depends
on the calls of its people at its variants alone: files may move, and people and variants that are not in the view may come and go, without
anything running again but this task. Name the people and variants of the study (\`samples\`, \`variants\`) to read no more of large files than
needed, and \`genotypes.select\` what each analysis uses.

People are known by their individual id and stand in bytewise order; two with one id are refused. Variants stand in the file's order.
Multi-allelic ones are kept in the list, without calls. For files by chromosome, make a view of each (\`each: chr\`) and join them with
\`genotypes.join\`.`,
  params: {
    type: 'object',
    properties: {
      build: {
        enum: [null, ...BUILDS],
        default: null,
        description:
          'Genome build of the positions; tasks that compare positions refuse another. Null: not declared.',
      },
      first_allele: {
        enum: [null, 'ref', 'alt'],
        default: null,
        description:
          "What a BGEN's first allele is, which the format does not say (UK Biobank: ref). Required for `bgen`.",
      },
      field: {
        enum: [null, 'GT', 'DS', 'HDS', 'GP'],
        default: null,
        description: 'Which VCF field holds the genotypes: hard calls (GT) or dosages. Required for `vcf`.',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    bed: file('PLINK 1 genotypes.'),
    bim: file('Variants of `bed`.'),
    fam: file('People of `bed`.'),
    pgen: file('PLINK 2 genotypes.'),
    pvar: file('Variants of `pgen`, plain or zstd.'),
    psam: file('People of `pgen`.'),
    bgen: file('BGEN 1.2 genotypes.'),
    sample: file('People of `bgen`.'),
    bgi: file('Index of `bgen`.'),
    vcf: file('VCF, plain or compressed.'),
    samples: {
      type: 'table',
      optional: true,
      summary: 'The people to keep; all when absent. A column `sex` (1 man, 2 woman) goes before the files.',
      reads: (_params: Params, schema: TableSchema) => present(schema, ['sex']),
    },
    variants: VARIANTS_PORT,
  },
  outputs: VIEW_OUTPUTS,
  resources: () => ({ memory: 2 ** 30 }),
  async run(context) {
    const format = formatOf(context);
    const { params } = context;
    if (format === 'bgen' && params.first_allele === null)
      throw new TaskError("say what each variant's first allele is: 'first_allele: ref' or 'alt'", {
        port: 'bgen',
      });
    if (format === 'vcf' && params.field === null)
      throw new TaskError("say which field to read: 'field: GT', 'DS', 'HDS' or 'GP'", { port: 'vcf' });
    const reading: GenotypeDetail & { format: Format } = {
      people: 0,
      variants: 0,
      build: params.build,
      format,
      first_allele: format === 'bgen' ? params.first_allele : null,
      field: format === 'vcf' ? params.field : null,
    };
    const roles = [...FORMATS[format].needs, ...FORMATS[format].may].filter((role) => context.has(role));
    const files = Object.fromEntries(roles.map((role) => [role, context.file(role)]));
    const paths = Object.fromEntries(roles.map((role) => [role, files[role]!.path]));
    return refusing(format, async () => {
      const source = withGivenSex(context, await openFiles(paths, reading));
      try {
        const rows = chosenPeople(context, source.samples);
        const variants = context.has('variants')
          ? await namedVariants(context, { variants: source.variants, build: params.build })
          : Uint32Array.from(source.variants.alleleCount.keys());
        const index: GenotypeIndex = {
          ...(await indexVariants(source, variants, rows, (fraction) => context.progress(fraction))),
          people: takePeople(source.samples, rows),
          build: params.build,
        };
        const digests = Object.fromEntries(roles.map((role) => [role, files[role]!.digest]));
        return viewOutputs(context, index, [], digests, {
          format,
          first_allele: reading.first_allele ?? null,
          field: reading.field ?? null,
        });
      } finally {
        source.close();
      }
    });
  },
});

/** Formats without sexes (VCF, BGEN without .sample) need them for X and Y. */
function withGivenSex(context: TaskContext<unknown>, source: GenotypeSource): GenotypeSource {
  const table = context.has('samples') ? context.table('samples') : null;
  if (!table?.columns.has('sex')) return source;
  const given = numbersOf(table, 'samples', 'sex');
  const rowOf = new Map(idsOf(table, 'samples').map((id, row) => [id, row]));
  const sex = Uint8Array.from(source.samples.iid, (id, s) => {
    const value = given[rowOf.get(id) ?? -1] ?? NaN;
    if (value === 1 || value === 2) return value;
    if (Number.isNaN(value)) return source.samples.sex[s]!;
    throw new TaskError(`expected 1 (man) or 2 (woman), got ${value}`, {
      port: 'samples',
      column: 'sex',
      row: id,
    });
  });
  return withSex(source, sex);
}

/** The one format whose files are connected. */
function formatOf(context: TaskContext<unknown>): Format {
  const formats = (Object.keys(FORMATS) as Format[]).filter((format) =>
    [...FORMATS[format].needs, ...FORMATS[format].may].some((role) => context.has(role)),
  );
  const [format, another] = formats;
  if (format === undefined || another !== undefined) {
    throw new TaskError(
      format === undefined
        ? 'no genotype files: connect bed, bim and fam; pgen, pvar and psam; bgen; or vcf'
        : `files of more than one format are connected: ${formats.join(', ')}`,
    );
  }
  const lacking = FORMATS[format].needs.filter((role) => !context.has(role));
  if (lacking.length > 0)
    throw new TaskError(`'${format}' needs '${lacking.join("' and '")}' beside it`, { port: format });
  return format;
}

/** Numbers of the people of the view, in bytewise order of their ids. @throws TaskError for two of one id, and when nobody is left. */
export function chosenPeople(context: TaskContext<unknown>, all: SampleTable): Uint32Array {
  const order = peopleInOrder(all);
  for (let i = 1; i < order.length; i++) {
    const id = all.iid[order[i]!]!;
    if (all.iid[order[i - 1]!] === id)
      throw new TaskError(`two people have the individual id '${id}'; make the ids unique`, { row: id });
  }
  if (!context.has('samples')) return order;
  const wanted = idsOf(context.table('samples'), 'samples');
  const set = new Set(wanted);
  const kept = order.filter((s) => set.has(all.iid[s]!));
  if (kept.length === 0 && wanted.length > 0)
    throw new TaskError(
      `none of the ${counted(wanted.length)} of 'samples' is in the genotypes; ids look like '${wanted[0]!}' and '${all.iid[0] ?? '(nobody)'}'`,
      { port: 'samples' },
    );
  context.log(`${kept.length} of ${all.count} people kept`);
  if (kept.length < wanted.length)
    context.warn(`no genotypes of ${counted(wanted.length - kept.length)} of 'samples'`);
  return kept;
}

/** Variants read at a time: digests and counts follow each other while the calls are at hand. */
const STRETCH = 2048;

/** Digests and counts of the variants for these people; one pass over the files, a stretch of them read again while it is at hand. */
export async function indexVariants(
  source: GenotypeSource,
  variants: Uint32Array,
  people: Uint32Array,
  progress: (fraction: number) => void,
): Promise<VariantIndex> {
  const calls = new TextBuilder();
  const column = (): Int32Array => new Int32Array(variants.length);
  const counts = Object.fromEntries(COUNT_COLUMNS.map((name) => [name, column()])) as Record<
    (typeof COUNT_COLUMNS)[number],
    Int32Array
  >;
  const frequency = new Float64Array(variants.length).fill(NaN);
  for (let from = 0; from < variants.length; from += STRETCH) {
    const stretch = variants.subarray(from, from + STRETCH);
    const at = Uint32Array.from(stretch.keys()).filter((i) => source.variants.alleleCount[stretch[i]!] === 2);
    const readable = Uint32Array.from(at, (i) => stretch[i]!);
    const digests = await variantDigests(source, readable, people);
    const counted = await countVariants(source, readable, people);
    const { alt } = source.hasDosages
      ? await alleleFrequencies(source, readable, people)
      : frequenciesOf(counted);
    let next = 0;
    for (let i = 0; i < stretch.length; i++) {
      if (at[next] !== i) {
        calls.pushText('');
        continue;
      }
      calls.pushText(digests[next]!);
      for (const name of COUNT_COLUMNS) counts[name][from + i] = counted[name][next]!;
      frequency[from + i] = alt[next++]!;
    }
    progress(Math.min(1, (from + stretch.length) / variants.length));
  }
  return {
    variants: takeTable(source.variants, variants),
    calls: calls.finish(),
    counts,
    frequency,
    place: variants,
  };
}

function takeTable(variants: VariantTable, rows: Uint32Array): VariantTable {
  const text = (column: TextColumn): TextColumn => column.take(rows);
  return {
    count: rows.length,
    chromosomeNames: variants.chromosomeNames,
    chromosome: Uint16Array.from(rows, (v) => variants.chromosome[v]!),
    position: Int32Array.from(rows, (v) => variants.position[v]!),
    id: text(variants.id),
    ref: text(variants.ref),
    alt: text(variants.alt),
    alleleCount: Uint16Array.from(rows, (v) => variants.alleleCount[v]!),
  };
}

/** Everything that a task which makes a view hands out, and a word on what has no dosages. */
export function viewOutputs(
  context: Pick<TaskContext<unknown>, 'warn' | 'log'>,
  index: GenotypeIndex,
  of: readonly string[],
  files: Readonly<Record<string, string>>,
  reading: Pick<GenotypeDetail, 'format' | 'first_allele' | 'field'> = {},
): Outputs {
  const { people, variants } = index;
  context.log(`${people.count} people, ${variants.count} variants`);
  const multiallelic = variants.alleleCount.reduce((sum, count) => sum + (count === 2 ? 0 : 1), 0);
  if (multiallelic > 0)
    context.warn(`${multiallelic} of ${variants.count} variants are multi-allelic and have no dosages`);
  return {
    ...viewParts(index, of, files, reading),
    variants: tableOutput(variantsTable(index)),
    samples: tableOutput(samplesTable(people)),
  };
}

function samplesTable({ iid, sex, founder }: SampleTable): Table {
  return idTable('id', iid, [
    ['sex', numberColumn(Float64Array.from(sex, (code) => (code === 0 ? NaN : code)))],
    ['founder', numberColumn(Float64Array.from(founder))],
  ]);
}
