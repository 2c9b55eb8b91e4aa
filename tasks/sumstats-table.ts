/**
 * Summary statistics and lists of variants as tables: their columns, and back.
 *
 * A variant is named by `chr`, `pos` and its alleles; `id` tells equal ones apart, or stands in for a place that is not known. Alleles
 * are `effect_allele` and `other_allele`, or `ref` and `alt` (ALT is then the effect allele). Not responsible for reading files.
 */
import { numberColumn, textColumn, type Column } from '../cache/column.js';
import { plainTable, type Table, type TableSchema } from '../cache/table.js';
import { TaskError } from '../engine/task.js';
import { canonicalChromosome } from '../genotypes/chromosome.js';
import type { Build } from '../genotypes/qc/longrangeld.js';
import {
  NUMERIC_COLUMNS,
  SumstatsBuilder,
  type NumericColumn,
  type SumstatsRow,
  type SumstatsTable,
} from '../genotypes/sumstats/table.js';
import type { TextColumn } from '../genotypes/textcolumn.js';
import { VariantTableBuilder, type VariantTable } from '../genotypes/variants.js';
import { COUNT_COLUMNS, type GenotypeIndex } from './genotype-index.js';
import { anyColumn, numbersOf, present, rowName } from './reading.js';

export const BUILDS = ['GRCh36', 'GRCh37', 'GRCh38'] as const;

/** Columns that name variants. */
const NAMING = ['chr', 'pos', 'id', 'effect_allele', 'other_allele', 'ref', 'alt', 'build'] as const;

/** For a port's `reads`: what names the variants, and the statistics asked for. */
export function variantColumns(schema: TableSchema, more: readonly string[] = []): string[] {
  return present(schema, [...NAMING, ...more]);
}

/** Columns: chr, pos, id, effect_allele, other_allele, the statistics that there are, line, build. */
export function sumstatsColumns(stats: SumstatsTable): [string, Column][] {
  const { chromosome, chromosomeNames, position } = stats;
  const numbers = NUMERIC_COLUMNS.flatMap((name): [string, Column][] =>
    stats[name] ? [[name, numberColumn(stats[name])]] : [],
  );
  const chr = new Array<string | null>(stats.count);
  const pos = new Float64Array(stats.count);
  for (let row = 0; row < stats.count; row++) {
    chr[row] = chromosomeNames[chromosome[row]!] ?? null;
    pos[row] = position[row] === 0 ? NaN : position[row]!;
  }
  return [
    ['chr', textColumn(chr)],
    ['pos', numberColumn(pos)],
    ['id', textColumn(textsOf(stats.id, '.'))],
    ['effect_allele', textColumn(stats.effectAllele.toArray())],
    ['other_allele', textColumn(textsOf(stats.otherAllele, ''))],
    ...numbers,
    ['line', numberColumn(new Float64Array(stats.line))],
    ['build', textColumn(new Array<string | null>(stats.count).fill(stats.build ?? null))],
  ];
}

/** The texts, null where the sign of a missing one stands. */
function textsOf(column: TextColumn, sign: string): (string | null)[] {
  const texts: (string | null)[] = column.toArray();
  for (let row = 0; row < texts.length; row++) if (texts[row] === sign) texts[row] = null;
  return texts;
}

export function sumstatsTable(stats: SumstatsTable): Table {
  return plainTable(sumstatsColumns(stats), stats.count);
}

/** The build that a table's variants are on; null when it does not say. @throws TaskError when it says two. */
export function buildOf(table: Table, port: string): Build | null {
  const column = table.columns.get('build');
  if (!column) return null;
  const builds = new Set<unknown>(column.values);
  const [build, another] = builds;
  if (another !== undefined)
    throw new TaskError(`the variants are on more than one build: ${[...builds].join(', ')}`, {
      port,
      column: 'build',
    });
  if (typeof build !== 'string') return null;
  if ((BUILDS as readonly string[]).includes(build)) return build as Build;
  throw new TaskError(`'${build}' is none of the builds ${BUILDS.join(', ')}`, { port, column: 'build' });
}

/** Cells of a text column; a table without the column has only missing ones. */
function texts(table: Table, port: string, name: string): readonly (string | null)[] {
  if (!table.columns.has(name)) return new Array<null>(table.rows).fill(null);
  const column = anyColumn(table, port, name);
  // Chromosomes and ids that are all digits are read as numbers.
  return column.type === 'text'
    ? column.values
    : Array.from(column.values, (value) => (Number.isNaN(value) ? null : String(value)));
}

function floats(table: Table, port: string, name: string): Float64Array | undefined {
  return table.columns.has(name) ? numbersOf(table, port, name) : undefined;
}

/**
 * The rows of a table as summary statistics, with those of `columns` that the table has; further columns stay in the table.
 * @throws TaskError naming the column and row that cannot name a variant.
 */
export function sumstatsOf(
  table: Table,
  port: string,
  columns: readonly NumericColumn[] = NUMERIC_COLUMNS,
): SumstatsTable {
  const [effectName, otherName] = table.columns.has('effect_allele')
    ? ['effect_allele', 'other_allele']
    : ['alt', 'ref'];
  if (!table.columns.has(effectName)) {
    throw new TaskError("expected columns 'effect_allele' and 'other_allele', or 'ref' and 'alt'", {
      port,
      column: 'effect_allele',
    });
  }
  const chromosomes = texts(table, port, 'chr');
  const ids = texts(table, port, 'id');
  const [effects, others] = [texts(table, port, effectName), texts(table, port, otherName)];
  const positions = floats(table, port, 'pos');
  const lines = floats(table, port, 'line');
  const numbers = columns.flatMap((name) => {
    const values = floats(table, port, name);
    return values === undefined ? [] : [[name, values] as const];
  });
  const builder = new SumstatsBuilder(
    buildOf(table, port) ?? undefined,
    numbers.map(([name]) => name),
  );
  const names = new Map<string, string | undefined>();
  const filled: SumstatsRow = {
    chromosome: undefined,
    position: 0,
    id: '.',
    effectAllele: '',
    otherAllele: '',
    line: 0,
  };
  for (let row = 0; row < table.rows; row++) {
    const [effect, position] = [effects[row], positions?.[row] ?? NaN];
    const refuse = (message: string, column: string): never => {
      throw new TaskError(message, { port, column, row: rowName(table, row) });
    };
    if (effect === null || effect === undefined) return refuse('expected an allele, got none', effectName);
    const named = chromosomes[row] ?? null;
    if (named !== null && !names.has(named)) names.set(named, canonicalChromosome(named));
    const chromosome = named === null ? undefined : names.get(named);
    if (named !== null && chromosome === undefined) return refuse(`'${named}' names no chromosome`, 'chr');
    if (!Number.isNaN(position) && !(Number.isInteger(position) && position > 0 && position < 2 ** 31))
      return refuse(`${position} is no position`, 'pos');
    const placed = chromosome !== undefined && !Number.isNaN(position);
    filled.chromosome = placed ? chromosome : undefined;
    filled.position = placed ? position : 0;
    filled.id = ids[row] ?? '.';
    filled.effectAllele = effect.toUpperCase();
    filled.otherAllele = others[row]?.toUpperCase() ?? '';
    filled.line = lines?.[row] ?? row + 1;
    for (const [name, values] of numbers) filled[name] = values[row]!;
    builder.push(filled);
  }
  return builder.finish();
}

/** A table of variants (`ref` and `alt`, `af`) as a reference to match with. */
export function referenceOf(
  table: Table,
  port: string,
): { variants: VariantTable; altFrequency: Float64Array | undefined; build: Build | undefined } {
  for (const name of ['chr', 'pos', 'ref', 'alt']) anyColumn(table, port, name);
  const chromosomes = texts(table, port, 'chr');
  const positions = numbersOf(table, port, 'pos');
  const [ids, refs, alts] = ['id', 'ref', 'alt'].map((name) => texts(table, port, name)) as [
    readonly (string | null)[],
    readonly (string | null)[],
    readonly (string | null)[],
  ];
  const alleles = floats(table, port, 'alleles');
  const builder = new VariantTableBuilder();
  for (let row = 0; row < table.rows; row++) {
    const code = builder.chromosomeCode(chromosomes[row] ?? '');
    if (code < 0)
      throw new TaskError(`'${chromosomes[row] ?? ''}' names no chromosome`, {
        port,
        column: 'chr',
        row: rowName(table, row),
      });
    const position = Number.isNaN(positions[row]!) ? 0 : positions[row]!;
    builder.pushTexts(
      code,
      position,
      ids[row] ?? '.',
      refs[row] ?? '.',
      alts[row] ?? '.',
      alleles?.[row] ?? 2,
    );
  }
  return {
    variants: builder.finish(),
    altFrequency: floats(table, port, 'af'),
    build: buildOf(table, port) ?? undefined,
  };
}

/** The variants of a view as the table that its task hands out. */
export function variantsTable(index: GenotypeIndex): Table {
  const { variants, counts, frequency, calls, build } = index;
  const rows = Array.from({ length: variants.count }, (_, v) => v);
  const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return plainTable(
    [
      ['chr', textColumn(rows.map((v) => variants.chromosomeNames[variants.chromosome[v]!]!))],
      ['pos', numberColumn(Float64Array.from(variants.position))],
      ['id', textColumn(variants.id.toArray())],
      ['ref', textColumn(variants.ref.toArray())],
      ['alt', textColumn(variants.alt.toArray())],
      ['alleles', numberColumn(Float64Array.from(variants.alleleCount))],
      ...COUNT_COLUMNS.map((name): [string, Column] => [
        snake(name),
        numberColumn(Float64Array.from(counts[name])),
      ]),
      ['af', numberColumn(frequency)],
      ['calls', textColumn(textsOf(calls, ''))],
      ['build', textColumn(rows.map(() => build))],
    ],
    variants.count,
  );
}
