/**
 * Summary statistics from text: tab-, comma- or blank-separated, plain or compressed, any layout of `layouts.ts`.
 * Not responsible for: GWAS-VCF (`gwasvcf.ts`) or agreement with a reference (`harmonise.ts`).
 *
 * A row that cannot be used is dropped and counted under the first reason that holds; a file whose header or text is
 * damaged is an error. A missing standard error, frequency, N or INFO is no reason to drop a row, an impossible one is.
 */
import { log10PFromZ } from '../../stats/special.js';
import { canonicalChromosome } from '../chromosome.js';
import { GenotypeError } from '../error.js';
import type { ByteSource } from '../io/bytesource.js';
import { Cells, cellNumber, cellPosition } from '../io/cells.js';
import { decompressedChunks } from '../io/decompress.js';
import { lineBlocks } from '../io/lines.js';
import type { Build } from '../qc/longrangeld.js';
import { detectLayouts, guessColumns, lackingColumns, layoutFor } from './layouts.js';
import type { ColumnNames, Layout, LayoutName } from './layouts.js';
import { SumstatsBuilder, isBelow } from './table.js';
import type { NumericColumn, SumstatsRow, SumstatsTable } from './table.js';

/** Why a row is not in the table, in the order in which they are tried. */
export const DROP_REASONS = [
  'columns', // fewer cells than the header
  'other-test', // not the additive test
  'threshold', // p not below the threshold asked for
  'chromosome',
  'position',
  'allele', // missing, symbolic, or with letters other than A C G T (I and D, and single digits, pass)
  'same-alleles',
  'p', // missing or outside [0, 1]
  'effect', // missing, not a number, or a ratio that is not positive
  'standard-error', // negative or not a number
  'frequency', // outside [0, 1] or not a number
  'number', // N, INFO or Z not a number, or N negative
] as const;

export type DropReason = (typeof DROP_REASONS)[number];

export interface ReadOptions {
  /** A known layout, an explicit map, or `detect` to go by the header. */
  readonly layout: LayoutName | Layout | 'detect';
  readonly build?: Build | undefined;
  /** Keep rows with p strictly below this only, as they are read. */
  readonly pBelow?: number | undefined;
  /** Called for each dropped row: line, reason, and the cell at fault where there is one. */
  readonly onDrop?: ((line: number, reason: DropReason, cell: string) => void) | undefined;
}

export interface SumstatsReading {
  readonly table: SumstatsTable;
  /** Rows of the file, blank lines not counted. */
  readonly rows: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** The columns that were read, and whether the layout was named, recognised or guessed. */
  readonly columns: ColumnNames;
  readonly how: LayoutName | 'explicit' | 'guessed';
}

/** Throws `missing-column`, `bad-header`, and the text and compression errors of the file. */
export async function readSumstats(source: ByteSource, options: ReadOptions): Promise<SumstatsReading> {
  const cells = new Cells();
  const dropped = emptyDrops();
  let rows = 0;
  let reader: RowReader | undefined;
  let split: (bytes: Uint8Array, start: number, end: number) => void = () => undefined;
  for await (const block of lineBlocks(source.name, decompressedChunks(source))) {
    for (let i = 0; i < block.count; i++) {
      const [start, end] = [block.starts[i]!, block.ends[i]!];
      const line = block.firstLine + i;
      if (reader === undefined) {
        if (end === start || startsComment(block.bytes, start)) continue;
        split = chooseSplit(cells, block.bytes, start, end);
        split(block.bytes, start, end);
        const header = Array.from({ length: cells.count }, (_, c) => unquoted(cells.text(block.bytes, c)));
        reader = new RowReader(source.name, header, line, options);
        continue;
      }
      if (end === start) continue;
      rows++;
      split(block.bytes, start, end);
      const problem = reader.read(block.bytes, cells, line);
      if (problem !== undefined) {
        dropped[problem.reason]++;
        options.onDrop?.(line, problem.reason, problem.cell);
      }
    }
  }
  if (reader === undefined)
    throw new GenotypeError('bad-header', source.name, 'the file has no header line', { line: 1 });
  return { table: reader.builder.finish(), rows, dropped, columns: reader.layout.columns, how: reader.how };
}

export function emptyDrops(): Record<DropReason, number> {
  return Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>;
}

/** `##` opens a comment; a single `#` may open a header (`#CHROM`). */
function startsComment(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === 35 && bytes[start + 1] === 35;
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

/** Tabs where the header has one, else commas, else runs of blanks. */
function chooseSplit(
  cells: Cells,
  bytes: Uint8Array,
  start: number,
  end: number,
): (bytes: Uint8Array, start: number, end: number) => void {
  const has = (byte: number): boolean => bytes.subarray(start, end).includes(byte);
  const separator = has(9) ? 9 : has(44) && !has(32) ? 44 : 0;
  if (separator === 0) return (b, s, e) => cells.splitAtBlanks(b, s, e);
  return (b, s, e) => cells.splitAt(separator, b, s, e);
}

/** Thrown inside a row: it is dropped for this reason. */
interface Problem {
  readonly reason: DropReason;
  readonly cell: string;
}

const ALLELE = /^([ACGT]+|[ID]|[1-9])$/;
const DIGITS: Readonly<Record<string, string>> = { 1: 'A', 2: 'C', 3: 'G', 4: 'T' };
const MISSING = new Set(['', '.', 'NA', 'N/A', '#NA', 'NAN', 'NULL', 'NONE', '-9']);

/** Words for "no value"; `-9` is one only where no number can be negative. */
export function isMissingText(text: string): boolean {
  return text !== '-9' && MISSING.has(text.toUpperCase());
}

class RowReader {
  readonly layout: Layout;
  readonly how: SumstatsReading['how'];
  readonly builder: SumstatsBuilder;
  private readonly width: number;
  private readonly at: ReadonlyMap<string, number>;
  private readonly chromosomes = new Map<string, string | undefined>();
  private cells!: Cells;
  private bytes!: Uint8Array;

  constructor(
    file: string,
    header: readonly string[],
    line: number,
    private readonly options: ReadOptions,
  ) {
    [this.layout, this.how] = chooseLayout(file, header, line, options.layout);
    const columns = Object.values(this.layout.columns).flat() as string[];
    const repeated = columns.find((name) => header.indexOf(name) !== header.lastIndexOf(name));
    if (repeated !== undefined)
      throw new GenotypeError('bad-header', file, `two columns are called ${repeated}`, { line });
    const absent = columns.filter((name) => !header.includes(name));
    if (absent.length > 0) {
      throw new GenotypeError(
        'missing-column',
        file,
        `no column ${absent.join(', ')}; there are ${header.join(', ')}`,
        {
          line,
        },
      );
    }
    this.at = new Map(columns.map((name) => [name, header.indexOf(name)]));
    this.width = Math.max(...this.at.values()) + 1;
    this.builder = new SumstatsBuilder(options.build, numericColumns(this.layout.columns));
  }

  private cell(name: string | undefined): string {
    return name === undefined ? '' : this.cells.text(this.bytes, this.at.get(name)!);
  }

  /** NaN when missing; throws a Problem when it is there and no number. */
  private number(name: string | undefined, reason: DropReason): number {
    if (name === undefined) return NaN;
    const column = this.at.get(name)!;
    const value = cellNumber(this.bytes, this.cells.starts[column]!, this.cells.ends[column]!);
    if (!Number.isNaN(value)) return value;
    const text = this.cells.text(this.bytes, column);
    if (!isMissingText(text)) throw drop(reason, text);
    return NaN;
  }

  /** Adds the row to the table, or answers why not. */
  read(bytes: Uint8Array, cells: Cells, line: number): Problem | undefined {
    this.bytes = bytes;
    this.cells = cells;
    // The two that most rows of a file may meet are not thrown: an exception costs more than a row.
    if (cells.count < this.width) return { reason: 'columns', cell: String(cells.count) };
    const { test } = this.layout.columns;
    if (test !== undefined && !/^ADD/i.test(this.cell(test)))
      return { reason: 'other-test', cell: this.cell(test) };
    if (this.isAboveThreshold()) return { reason: 'threshold', cell: '' };
    try {
      const row = this.row(line);
      const { pBelow } = this.options;
      if (pBelow !== undefined && !isBelow(row.p!, row.log10p!, pBelow))
        return { reason: 'threshold', cell: '' };
      this.builder.push(row);
      return undefined;
    } catch (problem) {
      if (problem instanceof Drop) return problem;
      throw problem;
    }
  }

  /** True when the p column alone says that the row is not wanted. */
  private isAboveThreshold(): boolean {
    const { pBelow } = this.options;
    const { p, minusLog10P } = this.layout.columns;
    const name = p ?? minusLog10P;
    if (pBelow === undefined || name === undefined) return false;
    const column = this.at.get(name)!;
    const value = cellNumber(this.bytes, this.cells.starts[column]!, this.cells.ends[column]!);
    if (p !== undefined) return value >= pBelow && value <= 1;
    return value >= 0 && !isBelow(10 ** -value, -value, pBelow);
  }

  private row(line: number): SumstatsRow {
    const { columns } = this.layout;
    const id = columns.id === undefined || isMissingText(this.cell(columns.id)) ? '.' : this.cell(columns.id);
    const [chromosome, position] = this.place(id);
    const effectAllele = this.allele(columns.effectAllele);
    const otherAllele = this.otherAllele(effectAllele);
    if (effectAllele === otherAllele) throw drop('same-alleles', effectAllele);
    const z = this.number(columns.z, 'number');
    const [beta, se] = this.effect();
    const [p, log10p] = this.p(beta, se, z);
    const eaf = this.number(columns.eaf, 'frequency');
    if (eaf < 0 || eaf > 1) throw drop('frequency', this.cell(columns.eaf));
    const n = this.number(columns.n, 'number');
    if (n < 0) throw drop('number', this.cell(columns.n));
    const info = this.number(columns.info, 'number');
    return {
      chromosome,
      position,
      id,
      effectAllele,
      otherAllele,
      beta,
      se,
      eaf,
      p,
      log10p,
      z,
      n,
      info,
      line,
    };
  }

  /** A place may be missing only when an rs number can stand in for it. */
  private place(id: string): [string | undefined, number] {
    const { columns, chromosomeCoding } = this.layout;
    const excused = /^rs\d+$/i.test(id);
    let chromosome: string | undefined;
    if (columns.chromosome !== undefined) {
      const text = this.cell(columns.chromosome);
      if (!this.chromosomes.has(text))
        this.chromosomes.set(text, canonicalChromosome(text, chromosomeCoding));
      chromosome = this.chromosomes.get(text);
      const usable = chromosome !== undefined && chromosome !== '0';
      if (!usable && !(excused && isMissingText(text))) throw drop('chromosome', text);
    }
    let position = 0;
    if (columns.position !== undefined) {
      const column = this.at.get(columns.position)!;
      position = cellPosition(this.bytes, this.cells.starts[column]!, this.cells.ends[column]!);
      if (position < 1) {
        const text = this.cell(columns.position);
        if (!(excused && isMissingText(text))) throw drop('position', text);
        position = 0;
      }
    }
    return chromosome === undefined || position === 0 ? [undefined, 0] : [chromosome, position];
  }

  private allele(name: string): string {
    const text = this.cell(name).toUpperCase();
    const allele = this.layout.alleles === '1234' ? (DIGITS[text] ?? '') : text;
    if (!ALLELE.test(allele)) throw drop('allele', this.cell(name));
    return allele;
  }

  private otherAllele(effectAllele: string): string {
    const { otherAllele, siteAlleles } = this.layout.columns;
    if (otherAllele !== undefined) return this.allele(otherAllele);
    if (siteAlleles === undefined) return '';
    const [first, second] = [this.allele(siteAlleles[0]), this.allele(siteAlleles[1])];
    if (effectAllele !== first && effectAllele !== second) throw drop('allele', effectAllele);
    return effectAllele === first ? second : first;
  }

  private effect(): [number, number] {
    const { beta, oddsRatio, hazardRatio, se } = this.layout.columns;
    const column = beta ?? oddsRatio ?? hazardRatio;
    const value = this.number(column, 'effect');
    if (column !== undefined && (Number.isNaN(value) || (beta === undefined && value <= 0))) {
      throw drop('effect', this.cell(column));
    }
    const error = this.number(se, 'standard-error');
    if (error < 0) throw drop('standard-error', this.cell(se));
    return [beta === undefined ? Math.log(value) : value, error];
  }

  private p(beta: number, se: number, z: number): [number, number] {
    const { p: pColumn, minusLog10P } = this.layout.columns;
    if (pColumn === undefined && minusLog10P === undefined) {
      const log10p = Number.isNaN(z) && !(se > 0) ? NaN : log10PFromZ(Number.isNaN(z) ? beta / se : z);
      if (Number.isNaN(log10p)) throw drop('p', this.cell(this.layout.columns.z));
      return [10 ** log10p, log10p];
    }
    if (pColumn === undefined) {
      const value = this.number(minusLog10P, 'p');
      if (!(value >= 0)) throw drop('p', this.cell(minusLog10P));
      return [10 ** -value, value === 0 ? 0 : -value];
    }
    const p = this.number(pColumn, 'p');
    if (!(p >= 0 && p <= 1)) throw drop('p', this.cell(pColumn));
    if (p > 0) return [p, Math.log10(p)];
    // A p below 5e-324 is written as 0 by most programs.
    const statistic = se > 0 ? beta / se : z;
    return [0, Number.isNaN(statistic) ? -Infinity : log10PFromZ(statistic)];
  }
}

class Drop extends Error implements Problem {
  constructor(
    readonly reason: DropReason,
    readonly cell: string,
  ) {
    super(reason);
  }
}

function drop(reason: DropReason, cell: string): Drop {
  return new Drop(reason, cell);
}

function numericColumns(columns: ColumnNames): NumericColumn[] {
  const has = (...names: (keyof ColumnNames)[]): boolean => names.some((name) => columns[name] !== undefined);
  const present: NumericColumn[] = ['p', 'log10p'];
  if (has('beta', 'oddsRatio', 'hazardRatio')) present.push('beta');
  for (const name of ['se', 'eaf', 'z', 'n', 'info'] as const) if (has(name)) present.push(name);
  return present;
}

function chooseLayout(
  file: string,
  header: readonly string[],
  line: number,
  wanted: ReadOptions['layout'],
): [Layout, SumstatsReading['how']] {
  if (typeof wanted === 'object') return [wanted, 'explicit'];
  if (wanted !== 'detect') {
    const layout = layoutFor(wanted, header);
    if (layout !== undefined) return [layout, wanted];
    const lacking = lackingColumns(wanted, header).join(', ');
    throw new GenotypeError(
      'missing-column',
      file,
      `not ${wanted}: no column ${lacking}; there are ${header.join(', ')}`,
      {
        line,
      },
    );
  }
  const [first, ...others] = detectLayouts(header);
  if (first !== undefined && others.length === 0) return [layoutFor(first, header)!, first];
  const guess = guessColumns(header);
  if (guess !== undefined) {
    return [{ columns: guess, chromosomeCoding: 'gwas-ssf', alleles: 'letters' }, 'guessed'];
  }
  const several = first === undefined ? 'no known layout' : `both ${[first, ...others].join(' and ')}`;
  throw new GenotypeError(
    'missing-column',
    file,
    `the header fits ${several} (${header.join(', ')}): say which column is which; A1 and A2 alone do not tell the effect allele`,
    { line },
  );
}
