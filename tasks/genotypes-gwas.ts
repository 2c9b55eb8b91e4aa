/** `genotypes.gwas`: the association of each variant with a trait, by linear regression; many traits in one pass. */
import { numberColumn, textColumn } from '../cache/column.js';
import { matchIds, plainTable, type TableSchema } from '../cache/table.js';
import {
  TaskError,
  defineTask,
  tableOutput,
  type BatchContext,
  type Outputs,
  type TaskContext,
} from '../engine/task.js';
import { dosageBlocks } from '../genotypes/source.js';
import { linalg } from '../stats/linalg/linalg.js';
import { matrix } from '../stats/linalg/matrix.js';
import { prepareLinearScan, type LinearFit } from '../stats/linear-scan.js';
import { BLOCK_BYTES, Openings, biallelic, refusing, viewBytes, type OpenView } from './genotype-views.js';
import { foldsOf, requireFold } from './modalities.js';
import { columnNames, idsOf, numbersOf, onlyColumn, people as counted, present } from './reading.js';
import { flowTable } from './sumstats-read.js';

interface Params {
  readonly hold_out: number | null;
}

export const genotypesGwas = defineTask<Params>({
  name: 'genotypes.gwas',
  version: 1,
  summary:
    'Summary statistics of a trait: linear regression on each variant in turn, adjusted for covariates.',
  details: `As PLINK 2's \`--glm\` for a quantitative trait: least squares of the trait on the dosage of ALT, an intercept and the covariates, t test,
people without a call left out variant by variant. People are independent here: leave out relatives, and give principal components among the
covariates. With \`folds\` and \`hold_out\` the people of that fold take no part, so that variants can be chosen within the training people of a
cross-validation. Traits of one call that were measured in the same people share the reading.`,
  params: {
    type: 'object',
    properties: {
      hold_out: {
        type: ['number', 'null'],
        default: null,
        description: 'The fold of `folds` to leave out; null: none.',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    genotypes: { type: 'genotypes', summary: 'The variants and people.' },
    trait: { type: 'table', summary: 'One column of numbers.' },
    covariates: { type: 'table', optional: true, summary: 'What to adjust for: columns of numbers.' },
    samples: { type: 'samples', optional: true, summary: 'The people; all when absent.', reads: () => [] },
    folds: {
      type: 'folds',
      optional: true,
      summary: 'Folds, for `hold_out`.',
      reads: (_params: Params, schema: TableSchema) => present(schema, ['fold']),
    },
  },
  outputs: {
    table: {
      type: 'sumstats',
      summary: 'chr, pos, id, effect_allele (ALT), other_allele, beta, se, eaf, p, log10p, n, line, build.',
    },
    flow: { type: 'table', summary: 'Variants by what became of them: reason, rows.' },
  },
  batch: { shared: ['genotypes', 'covariates', 'samples', 'folds'], varies: ['hold_out'] },
  resources: (_params, shapes) => ({
    memory: viewBytes(shapes, (people, variants) => {
      const covariates = (shapes['covariates'] ?? []).reduce((sum, { columns }) => sum + columns, 0);
      const beside = BLOCK_BYTES + 32 * people * (covariates + 1);
      return beside + Math.max(TRAITS_BYTES, traitBytes(people, variants));
    }),
  }),
  async runBatch(batch) {
    const openings = new Openings();
    try {
      const groups = new Map<string, Member[]>();
      for (const [index, item] of batch.items.entries()) {
        batch.announce(index);
        try {
          const trait = traitOf(item, (await openings.view(item.view('genotypes'), 'genotypes')).people.iid);
          const people = trait.ids.join('\n');
          groups.set(people, [...(groups.get(people) ?? []), { index, trait }]);
        } catch (error) {
          batch.fail(index, error);
        }
      }
      for (const group of groups.values()) {
        const [{ index, trait }] = group as [Member, ...Member[]];
        const { shape } = batch.items[index]!.view('genotypes').recipe;
        const each = traitBytes(trait.ids.length, shape.columns);
        const together = Math.max(1, Math.floor(TRAITS_BYTES / each));
        for (let from = 0; from < group.length; from += together)
          await scanTogether(batch, group.slice(from, from + together), openings);
      }
    } finally {
      await openings.close();
    }
  },
});

/** Bytes of a trait while variants are read: its values and residuals, and its fits, which become its table. */
const traitBytes = (people: number, variants: number): number => 16 * people + 200 * variants;
/** Of traits that share a reading. More traits read once more. */
const TRAITS_BYTES = 2 ** 29;

interface Member {
  readonly index: number;
  readonly trait: Trait;
}

/** Scans traits of the same people in one pass over the genotypes. */
async function scanTogether(
  batch: BatchContext<Params>,
  group: readonly Member[],
  openings: Openings,
): Promise<void> {
  const first = batch.items[group[0]!.index]!;
  batch.announce(group[0]!.index);
  const opened = await openings.view(first.view('genotypes'), 'genotypes');
  const found = await refusing('genotypes', () =>
    scan(
      opened,
      group.map(({ trait }) => trait),
      (fraction) => first.progress(fraction),
    ),
  );
  for (const [t, { index, trait }] of group.entries()) {
    batch.announce(index);
    batch.items[index]!.log(`${counted(trait.ids.length)}, ${found.variants.length} variants`);
    await batch.emit(index, outputsOf(opened, found.variants, found.fits[t]!));
  }
}

interface Trait {
  /** Who has a trait, covariates and genotypes, and is not held out. */
  readonly ids: readonly string[];
  readonly values: Float64Array;
  readonly covariates: readonly Float64Array[];
}

function traitOf(context: TaskContext<Params>, genotyped: readonly string[]): Trait {
  const table = context.table('trait');
  const { values } = onlyColumn(table, 'trait');
  const ids = idsOf(table, 'trait');
  const candidates = context.has('samples') ? idsOf(context.table('samples'), 'samples') : ids;
  const rows = matchIds(ids, candidates);
  const inGenotypes = matchIds(genotyped, candidates);
  const covariateTable = context.has('covariates') ? context.table('covariates') : null;
  const covariates = covariateTable
    ? columnNames(covariateTable).map((name) => numbersOf(covariateTable, 'covariates', name))
    : [];
  const covariateRows = covariateTable ? matchIds(idsOf(covariateTable, 'covariates'), candidates) : null;
  const folds = heldOutFolds(context, candidates);
  const kept = candidates.flatMap((_, i) => {
    if (inGenotypes[i]! < 0) return [];
    if (folds && (folds[i] === context.params.hold_out || Number.isNaN(folds[i]))) return [];
    if (!Number.isFinite(values[rows[i]!] ?? NaN)) return [];
    const complete =
      !covariateRows || covariates.every((column) => Number.isFinite(column[covariateRows[i]!] ?? NaN));
    return complete ? [i] : [];
  });
  if (kept.length < covariates.length + 3) {
    throw new TaskError(
      `expected more than ${covariates.length + 2} people with the trait, covariates and genotypes, got ${kept.length}`,
      { port: 'trait' },
    );
  }
  return {
    ids: kept.map((i) => candidates[i]!),
    values: Float64Array.from(kept, (i) => values[rows[i]!]!),
    covariates: covariates.map((column) => Float64Array.from(kept, (i) => column[covariateRows![i]!]!)),
  };
}

function heldOutFolds(context: TaskContext<Params>, people: readonly string[]): ArrayLike<number> | null {
  const { hold_out: heldOut } = context.params;
  if (heldOut === null) return null;
  if (!context.has('folds')) throw new TaskError("'hold_out' needs folds", { port: 'folds' });
  const table = context.table('folds');
  requireFold(table, 'folds', heldOut);
  return foldsOf(table, 'folds', people);
}

async function scan(
  { source, variants }: OpenView,
  traits: readonly Trait[],
  progress: (fraction: number) => void,
): Promise<{ variants: Uint32Array; fits: LinearFit[][] }> {
  const wanted = biallelic(variants);
  const first = traits[0]!;
  const rows = Uint32Array.from(matchIds(source.samples.iid, first.ids));
  const prepared = prepareLinearScan(
    traits.map(({ values }) => values),
    first.covariates,
    linalg(),
  );
  const fits = traits.map((): LinearFit[] => []);
  for await (const block of dosageBlocks(source, wanted, rows, 'alt')) {
    const x = matrix(block.count, rows.length, block.values.subarray(0, block.count * rows.length));
    prepared.fit(x).forEach((more, t) => fits[t]!.push(...more));
    progress((block.first + block.count) / wanted.length);
  }
  return { variants: wanted, fits };
}

function outputsOf({ variants, build }: OpenView, wanted: Uint32Array, fits: readonly LinearFit[]): Outputs {
  const rows = [...wanted.keys()].filter((i) => Number.isFinite(fits[i]!.se));
  const of = (value: (fit: LinearFit) => number): Float64Array =>
    Float64Array.from(rows, (i) => value(fits[i]!));
  const variant = <T>(value: (v: number) => T): T[] => rows.map((i) => value(wanted[i]!));
  return {
    table: tableOutput(
      plainTable(
        [
          ['chr', textColumn(variant((v) => variants.chromosomeNames[variants.chromosome[v]!] ?? null))],
          ['pos', numberColumn(variant((v) => variants.position[v]!))],
          ['id', textColumn(variant((v) => (variants.id.at(v) === '.' ? null : variants.id.at(v))))],
          ['effect_allele', textColumn(variant((v) => variants.alt.at(v)))],
          ['other_allele', textColumn(variant((v) => variants.ref.at(v)))],
          ['beta', numberColumn(of((fit) => fit.beta))],
          ['se', numberColumn(of((fit) => fit.se))],
          ['eaf', numberColumn(of((fit) => fit.mean / 2))],
          ['p', numberColumn(of((fit) => fit.p))],
          ['log10p', numberColumn(of((fit) => fit.log10p))],
          ['n', numberColumn(of((fit) => fit.n))],
          ['line', numberColumn(rows.map((_, i) => i + 1))],
          ['build', textColumn(rows.map(() => build))],
        ],
        rows.length,
      ),
    ),
    flow: tableOutput(
      flowTable([
        ['variants', variants.count],
        ['lost: multi-allelic', variants.count - wanted.length],
        ['lost: do not vary, or told by the covariates', wanted.length - rows.length],
        ['tested', rows.length],
      ]),
    ),
  };
}
