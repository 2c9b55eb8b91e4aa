/**
 * One row of summary statistics after another, from the cells of a line into the table, or the reason why not.
 * Not responsible for: finding lines and cells, or the layout (`read.ts`).
 *
 * A file has up to 20 million rows: what a row needs is read from its bytes, without a string where there is a number, an
 * id or an allele of one letter, and without an exception for a row that is dropped.
 */
import { log10PFromZ } from '../../stats/special.js';
import { canonicalChromosome } from '../chromosome.js';
import { cellNumber, cellPosition } from '../io/cells.js';
import type { Cells } from '../io/cells.js';
import type { Build } from '../qc/longrangeld.js';
import { LONGEST_MISSING, isMissingText, type DropReason } from './drops.js';
import type { ColumnNames, Layout } from './layouts.js';
import { SumstatsBuilder, isBelow } from './table.js';
import type { NumericColumn, SumstatsRow } from './table.js';

/** Why the row is dropped, and the cell at fault. */
export interface Problem {
  readonly reason: DropReason;
  readonly cell: string;
}

const ALLELE = /^([ACGT]+|[ID]|[1-9])$/;
const DIGITS: Readonly<Record<string, string>> = { 1: 'A', 2: 'C', 3: 'G', 4: 'T' };
const RS_NUMBER = /^rs\d+$/i;

/** Column of a statistic that the layout does not have. */
const NONE = -1;

export class RowReader {
  readonly builder: SumstatsBuilder;
  /** Cells that a row must have. */
  readonly width: number;
  private readonly at: Readonly<Record<Exclude<keyof ColumnNames, 'siteAlleles'>, number>>;
  private readonly siteAlleles: readonly [number, number] | undefined;
  private readonly effectAt: number;
  private readonly isRatio: boolean;
  private readonly chromosomes = new Map<string, string | undefined>();
  private lastKey = NONE;
  private lastChromosome: string | undefined;
  /** Alleles of one byte; '' for what is none. */
  private readonly letters: readonly string[];
  /** A −log10 p below this is not wanted, whatever the rounding of 10^−x; −Infinity without a threshold. */
  private readonly clearlyAbove: number;
  private readonly row: SumstatsRow & Record<NumericColumn, number>;
  private problem: Problem | undefined;
  private cells!: Cells;
  private bytes!: Uint8Array;

  /** @param header names of the columns, among them all that the layout names */
  constructor(
    private readonly layout: Layout,
    header: readonly string[],
    build: Build | undefined,
    private readonly pBelow: number | undefined,
  ) {
    const { columns } = layout;
    const at = (name: string | undefined): number => (name === undefined ? NONE : header.indexOf(name));
    this.at = {
      chromosome: at(columns.chromosome),
      position: at(columns.position),
      id: at(columns.id),
      effectAllele: at(columns.effectAllele),
      otherAllele: at(columns.otherAllele),
      beta: at(columns.beta),
      oddsRatio: at(columns.oddsRatio),
      hazardRatio: at(columns.hazardRatio),
      se: at(columns.se),
      eaf: at(columns.eaf),
      p: at(columns.p),
      minusLog10P: at(columns.minusLog10P),
      z: at(columns.z),
      n: at(columns.n),
      info: at(columns.info),
      test: at(columns.test),
    };
    this.siteAlleles = columns.siteAlleles && [at(columns.siteAlleles[0]), at(columns.siteAlleles[1])];
    this.width = Math.max(...Object.values(this.at), ...(this.siteAlleles ?? [])) + 1;
    this.isRatio = columns.beta === undefined;
    this.effectAt = at(columns.beta ?? columns.oddsRatio ?? columns.hazardRatio);
    this.letters = Array.from({ length: 128 }, (_, byte) => this.alleleOf(String.fromCharCode(byte)));
    this.clearlyAbove = pBelow === undefined ? -Infinity : -Math.log10(pBelow) - 1e-9;
    this.builder = new SumstatsBuilder(build, numericColumns(columns));
    this.row = {
      chromosome: undefined,
      position: 0,
      id: '.',
      effectAllele: '',
      otherAllele: '',
      beta: NaN,
      se: NaN,
      eaf: NaN,
      p: NaN,
      log10p: NaN,
      z: NaN,
      n: NaN,
      info: NaN,
      line: 0,
    };
  }

  /** Adds the row to the table, or answers why not. `cells` need not go beyond `width`. */
  read(bytes: Uint8Array, cells: Cells, line: number): Problem | undefined {
    this.bytes = bytes;
    this.cells = cells;
    this.problem = undefined;
    if (cells.count < this.width) return { reason: 'columns', cell: String(cells.count) };
    const { test } = this.at;
    if (test !== NONE && !/^ADD/i.test(this.cell(test)))
      return { reason: 'other-test', cell: this.cell(test) };
    if (this.isAboveThreshold()) return ABOVE;
    if (!this.fill()) return this.problem;
    const { row, pBelow } = this;
    if (pBelow !== undefined && !isBelow(row.p, row.log10p, pBelow)) return ABOVE;
    row.line = line;
    this.push();
    return undefined;
  }

  private cell(column: number): string {
    return column === NONE ? '' : this.cells.text(this.bytes, column);
  }

  private isMissing(column: number): boolean {
    const length = this.cells.ends[column]! - this.cells.starts[column]!;
    return length <= LONGEST_MISSING && isMissingText(this.cell(column));
  }

  /** False, and the problem is noted. */
  private drop(reason: DropReason, cell: string): false {
    this.problem = { reason, cell };
    return false;
  }

  /** A problem was noted. */
  private isDropped(): boolean {
    return this.problem !== undefined;
  }

  /** NaN when missing; so too, with the problem noted, when it is there and no number. */
  private number(column: number, reason: DropReason): number {
    if (column === NONE) return NaN;
    const value = cellNumber(this.bytes, this.cells.starts[column]!, this.cells.ends[column]!);
    if (Number.isNaN(value) && !this.isMissing(column)) this.drop(reason, this.cell(column));
    return value;
  }

  /** True when the p column alone says that the row is not wanted. */
  private isAboveThreshold(): boolean {
    const { pBelow } = this;
    const { p, minusLog10P } = this.at;
    const column = p === NONE ? minusLog10P : p;
    if (pBelow === undefined || column === NONE) return false;
    const value = cellNumber(this.bytes, this.cells.starts[column]!, this.cells.ends[column]!);
    if (p !== NONE) return value >= pBelow && value <= 1;
    return value >= 0 && (value < this.clearlyAbove || !isBelow(10 ** -value, -value, pBelow));
  }

  private push(): void {
    const { row } = this;
    const column = this.at.id;
    row.id = '.';
    if (column !== NONE && !this.isMissing(column)) {
      const [start, end] = [this.cells.starts[column]!, this.cells.ends[column]!];
      if (isAscii(this.bytes, start, end)) {
        this.builder.pushWithId(row, this.bytes, start, end);
        return;
      }
      // Decoded, so that what is no UTF-8 becomes the replacement character.
      row.id = this.cell(column);
    }
    this.builder.push(row);
  }

  /** Reads the cells into `row`; false when it is to be dropped. The order of what is tried is that of the reasons reported. */
  private fill(): boolean {
    const { row } = this;
    if (!this.place()) return false;
    row.effectAllele = this.allele(this.at.effectAllele);
    if (this.isDropped() || !this.otherAllele()) return false;
    if (row.effectAllele === row.otherAllele) return this.drop('same-alleles', row.effectAllele);
    row.z = this.number(this.at.z, 'number');
    if (this.isDropped() || !this.effect() || !this.p()) return false;
    row.eaf = this.number(this.at.eaf, 'frequency');
    if (this.isDropped()) return false;
    if (row.eaf < 0 || row.eaf > 1) return this.drop('frequency', this.cell(this.at.eaf));
    row.n = this.number(this.at.n, 'number');
    if (this.isDropped()) return false;
    if (row.n < 0) return this.drop('number', this.cell(this.at.n));
    row.info = this.number(this.at.info, 'number');
    return !this.isDropped();
  }

  /** A place may be missing only when an rs number can stand in for it. */
  private place(): boolean {
    const { row } = this;
    const columns = this.at;
    let chromosome: string | undefined;
    if (columns.chromosome !== NONE) {
      chromosome = this.chromosome(columns.chromosome);
      if ((chromosome === undefined || chromosome === '0') && !this.isExcused(columns.chromosome))
        return this.drop('chromosome', this.cell(columns.chromosome));
    }
    let position = 0;
    if (columns.position !== NONE) {
      const [start, end] = [this.cells.starts[columns.position]!, this.cells.ends[columns.position]!];
      position = cellPosition(this.bytes, start, end);
      if (position < 1) {
        if (!this.isExcused(columns.position)) return this.drop('position', this.cell(columns.position));
        position = 0;
      }
    }
    const placed = chromosome !== undefined && position > 0;
    row.chromosome = placed ? chromosome : undefined;
    row.position = placed ? position : 0;
    return true;
  }

  private isExcused(column: number): boolean {
    return this.isMissing(column) && RS_NUMBER.test(this.cell(this.at.id));
  }

  /** The canonical name that the cell gives, undefined for none. */
  private chromosome(column: number): string | undefined {
    const [start, end] = [this.cells.starts[column]!, this.cells.ends[column]!];
    // Up to four bytes fit one number: most rows have the chromosome of the row before.
    let key = end - start > 4 ? NONE : 0;
    if (key === 0) for (let i = start; i < end; i++) key = key * 256 + this.bytes[i]!;
    if (key === this.lastKey && key > 0) return this.lastChromosome;
    const text = this.cell(column);
    if (!this.chromosomes.has(text))
      this.chromosomes.set(text, canonicalChromosome(text, this.layout.chromosomeCoding));
    this.lastKey = key;
    this.lastChromosome = this.chromosomes.get(text);
    return this.lastChromosome;
  }

  /** The allele that a text names, or ''. */
  private alleleOf(text: string): string {
    const upper = text.toUpperCase();
    const allele = this.layout.alleles === '1234' ? (DIGITS[upper] ?? '') : upper;
    return ALLELE.test(allele) ? allele : '';
  }

  /** '' and a problem when the cell names none. */
  private allele(column: number): string {
    const start = this.cells.starts[column]!;
    const single = this.cells.ends[column]! - start === 1 && this.bytes[start]! < 128;
    const allele = single ? this.letters[this.bytes[start]!]! : this.alleleOf(this.cell(column));
    if (allele === '') this.drop('allele', this.cell(column));
    return allele;
  }

  private otherAllele(): boolean {
    const { row, siteAlleles } = this;
    row.otherAllele = '';
    if (this.at.otherAllele !== NONE) {
      row.otherAllele = this.allele(this.at.otherAllele);
    } else if (siteAlleles !== undefined) {
      const first = this.allele(siteAlleles[0]);
      if (this.isDropped()) return false;
      const second = this.allele(siteAlleles[1]);
      if (this.isDropped()) return false;
      if (row.effectAllele !== first && row.effectAllele !== second)
        return this.drop('allele', row.effectAllele);
      row.otherAllele = row.effectAllele === first ? second : first;
    }
    return !this.isDropped();
  }

  private effect(): boolean {
    const { row, effectAt } = this;
    const value = this.number(effectAt, 'effect');
    if (this.isDropped()) return false;
    if (effectAt !== NONE && (Number.isNaN(value) || (this.isRatio && value <= 0)))
      return this.drop('effect', this.cell(effectAt));
    row.beta = this.isRatio ? Math.log(value) : value;
    row.se = this.number(this.at.se, 'standard-error');
    if (row.se < 0) return this.drop('standard-error', this.cell(this.at.se));
    return !this.isDropped();
  }

  private p(): boolean {
    const { row } = this;
    const { p: pColumn, minusLog10P } = this.at;
    if (pColumn === NONE && minusLog10P === NONE) {
      const { beta, se, z } = row;
      row.log10p = Number.isNaN(z) && !(se > 0) ? NaN : log10PFromZ(Number.isNaN(z) ? beta / se : z);
      row.p = 10 ** row.log10p;
      return !Number.isNaN(row.log10p) || this.drop('p', this.cell(this.at.z));
    }
    if (pColumn === NONE) {
      const value = this.number(minusLog10P, 'p');
      if (!(value >= 0)) return this.drop('p', this.cell(minusLog10P));
      row.p = 10 ** -value;
      row.log10p = value === 0 ? 0 : -value;
      return true;
    }
    const p = this.number(pColumn, 'p');
    if (!(p >= 0 && p <= 1)) return this.drop('p', this.cell(pColumn));
    row.p = p;
    if (p > 0) row.log10p = Math.log10(p);
    else {
      // A p below 5e-324 is written as 0 by most programs.
      row.p = 0;
      const statistic = row.se > 0 ? row.beta / row.se : row.z;
      row.log10p = Number.isNaN(statistic) ? -Infinity : log10PFromZ(statistic);
    }
    return true;
  }
}

const ABOVE: Problem = { reason: 'threshold', cell: '' };

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! > 127) return false;
  return true;
}

function numericColumns(columns: ColumnNames): NumericColumn[] {
  const has = (...names: (keyof ColumnNames)[]): boolean => names.some((name) => columns[name] !== undefined);
  const present: NumericColumn[] = ['p', 'log10p'];
  if (has('beta', 'oddsRatio', 'hazardRatio')) present.push('beta');
  for (const name of ['se', 'eaf', 'z', 'n', 'info'] as const) if (has(name)) present.push(name);
  return present;
}
