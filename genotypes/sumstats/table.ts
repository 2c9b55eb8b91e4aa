/**
 * Summary statistics as columns: one row per variant and effect allele, in the order of the file.
 * Not responsible for: reading (`read.ts`) or matching to a reference (`harmonise.ts`).
 */
import { grown } from '../growing.js';
import type { Build } from '../qc/longrangeld.js';
import { TextBuilder } from '../textcolumn.js';
import type { TextColumn } from '../textcolumn.js';

/** Code of a chromosome that the file does not give. */
export const NO_CHROMOSOME = 65535;

/** Numeric columns that a file may lack; NaN is a missing value. */
export const NUMERIC_COLUMNS = ['beta', 'se', 'eaf', 'p', 'log10p', 'z', 'n', 'info'] as const;

export type NumericColumn = (typeof NUMERIC_COLUMNS)[number];

export interface SumstatsTable extends Readonly<Partial<Record<NumericColumn, Float64Array>>> {
  readonly count: number;
  /** As declared for the file; undefined when nobody said. */
  readonly build: Build | undefined;
  readonly chromosomeNames: readonly string[];
  /** Index into chromosomeNames, or NO_CHROMOSOME. */
  readonly chromosome: Uint16Array;
  /** Base pair, 1-based; 0 is "not given". */
  readonly position: Int32Array;
  /** Variant id, `.` where the file has none. */
  readonly id: TextColumn;
  /** Upper case. */
  readonly effectAllele: TextColumn;
  /** Upper case; empty where the file names no other allele. */
  readonly otherAllele: TextColumn;
  /** Effect of one effect allele; for odds and hazard ratios their natural logarithm. */
  readonly beta?: Float64Array;
  /** Standard error of beta, on beta's scale. */
  readonly se?: Float64Array;
  /** Frequency of the effect allele. */
  readonly eaf?: Float64Array;
  /** P; 0 where it underflows, log10p says how far. */
  readonly p?: Float64Array;
  /** log10 of p, ≤ 0: from −log10 p, from p, or where p is 0 from beta/se or z; −Infinity when none tells. */
  readonly log10p?: Float64Array;
  /** 1-based line of the file. */
  readonly line: Uint32Array;
}

/** One row before it is stored. */
export interface SumstatsRow extends Partial<Record<NumericColumn, number>> {
  chromosome: string | undefined;
  position: number;
  id: string;
  effectAllele: string;
  otherAllele: string;
  line: number;
}

/** Rows that a builder has room for at first. */
const FIRST_ROWS = 1024;

export class SumstatsBuilder {
  private readonly names: string[] = [];
  private readonly codes = new Map<string | undefined, number>([[undefined, NO_CHROMOSOME]]);
  private lastName: string | undefined;
  private lastCode = NO_CHROMOSOME;
  private rows = 0;
  private chromosome = new Uint16Array(FIRST_ROWS);
  private position = new Int32Array(FIRST_ROWS);
  private line = new Uint32Array(FIRST_ROWS);
  private readonly id = new TextBuilder();
  private readonly effectAllele = new TextBuilder();
  private readonly otherAllele = new TextBuilder();
  private numbers: Partial<Record<NumericColumn, Float64Array>>;

  /** @param columns that the file has; log10p goes with p */
  constructor(
    private readonly build: Build | undefined,
    columns: readonly NumericColumn[],
  ) {
    this.numbers = Object.fromEntries(columns.map((name) => [name, new Float64Array(FIRST_ROWS)]));
  }

  push(row: SumstatsRow): void {
    this.id.pushText(row.id);
    this.pushRest(row);
  }

  /** As `push`, with the id given as its bytes, bytes[start … end), instead of `row.id`. The row may be reused. */
  pushWithId(row: SumstatsRow, bytes: Uint8Array, start: number, end: number): void {
    this.id.push(bytes, start, end);
    this.pushRest(row);
  }

  private pushRest(row: SumstatsRow): void {
    if (this.rows === this.line.length) this.grow();
    const at = this.rows++;
    // Rows of one chromosome mostly follow one another.
    if (row.chromosome !== this.lastName) {
      this.lastCode = this.code(row.chromosome);
      this.lastName = row.chromosome;
    }
    this.chromosome[at] = this.lastCode;
    this.position[at] = row.position;
    this.line[at] = row.line;
    this.effectAllele.pushText(row.effectAllele);
    this.otherAllele.pushText(row.otherAllele);
    // One by one: a loop over the names would cost as much as reading the row.
    const { beta, se, eaf, p, log10p, z, n, info } = this.numbers;
    if (beta) beta[at] = row.beta ?? NaN;
    if (se) se[at] = row.se ?? NaN;
    if (eaf) eaf[at] = row.eaf ?? NaN;
    if (p) p[at] = row.p ?? NaN;
    if (log10p) log10p[at] = row.log10p ?? NaN;
    if (z) z[at] = row.z ?? NaN;
    if (n) n[at] = row.n ?? NaN;
    if (info) info[at] = row.info ?? NaN;
  }

  private grow(): void {
    this.chromosome = grown(this.chromosome);
    this.position = grown(this.position);
    this.line = grown(this.line);
    this.numbers = mapNumbers(this.numbers, grown);
  }

  private code(name: string | undefined): number {
    const known = this.codes.get(name);
    if (known !== undefined) return known;
    if (this.names.length === NO_CHROMOSOME) throw new RangeError('more than 65,535 different contigs');
    const code = this.names.push(name!) - 1;
    this.codes.set(name, code);
    return code;
  }

  get count(): number {
    return this.rows;
  }

  /** The table, over the builder's own memory: nothing may be pushed afterwards. */
  finish(): SumstatsTable {
    const { rows } = this;
    return {
      count: rows,
      build: this.build,
      chromosomeNames: this.names,
      chromosome: this.chromosome.subarray(0, rows),
      position: this.position.subarray(0, rows),
      line: this.line.subarray(0, rows),
      id: this.id.finish(),
      effectAllele: this.effectAllele.finish(),
      otherAllele: this.otherAllele.finish(),
      ...mapNumbers(this.numbers, (values) => values.subarray(0, rows)),
    };
  }
}

/** The columns that there are, each changed. */
function mapNumbers(
  columns: Readonly<Partial<Record<NumericColumn, Float64Array>>>,
  change: (values: Float64Array) => Float64Array,
): Partial<Record<NumericColumn, Float64Array>> {
  return Object.fromEntries(
    NUMERIC_COLUMNS.flatMap((name) => {
      const values = columns[name];
      return values === undefined ? [] : [[name, change(values)] as const];
    }),
  );
}

/** The given rows, in the given order. */
export function takeRows(table: SumstatsTable, rows: Uint32Array): SumstatsTable {
  return {
    count: rows.length,
    build: table.build,
    chromosomeNames: table.chromosomeNames,
    chromosome: Uint16Array.from(rows, (row) => table.chromosome[row]!),
    position: Int32Array.from(rows, (row) => table.position[row]!),
    line: Uint32Array.from(rows, (row) => table.line[row]!),
    id: table.id.take(rows),
    effectAllele: table.effectAllele.take(rows),
    otherAllele: table.otherAllele.take(rows),
    ...mapNumbers(table, (values) => Float64Array.from(rows, (row) => values[row]!)),
  };
}

/**
 * Rows with p strictly below the threshold, the paper's "p < 0.001"; a p that underflowed is judged by its logarithm.
 * Throws RangeError when the table has no p.
 */
export function selectBelow(table: SumstatsTable, threshold: number): SumstatsTable {
  const { p, log10p } = table;
  if (p === undefined || log10p === undefined) throw new RangeError('the summary statistics have no p');
  return takeRows(table, Uint32Array.from(rowsBelow(p, log10p, threshold)));
}

/** p < threshold, by the logarithm where p itself is 0. */
export function isBelow(p: number, log10p: number, threshold: number): boolean {
  return p > 0 ? p < threshold : log10p < Math.log10(threshold);
}

/** The rows with p strictly below the threshold, ascending. */
export function rowsBelow(p: Float64Array, log10p: Float64Array, threshold: number): Int32Array {
  const rows = new Int32Array(p.length);
  let count = 0;
  for (let row = 0; row < p.length; row++) if (isBelow(p[row]!, log10p[row]!, threshold)) rows[count++] = row;
  return rows.slice(0, count);
}
