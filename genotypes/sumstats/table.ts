/**
 * Summary statistics as columns: one row per variant and effect allele, in the order of the file.
 * Not responsible for: reading (`read.ts`) or matching to a reference (`harmonise.ts`).
 */
import { GrowingFloats } from '../growing.js';
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

export class SumstatsBuilder {
  private readonly names: string[] = [];
  private readonly codes = new Map<string, number>();
  private readonly chromosome = new GrowingFloats();
  private readonly position = new GrowingFloats();
  private readonly line = new GrowingFloats();
  private readonly id = new TextBuilder();
  private readonly effectAllele = new TextBuilder();
  private readonly otherAllele = new TextBuilder();
  private readonly numbers: ReadonlyMap<NumericColumn, GrowingFloats>;

  /** @param columns that the file has; log10p goes with p */
  constructor(
    private readonly build: Build | undefined,
    columns: readonly NumericColumn[],
  ) {
    this.numbers = new Map(columns.map((name) => [name, new GrowingFloats()]));
  }

  push(row: SumstatsRow): void {
    this.chromosome.push(row.chromosome === undefined ? NO_CHROMOSOME : this.code(row.chromosome));
    this.position.push(row.position);
    this.line.push(row.line);
    this.id.pushText(row.id);
    this.effectAllele.pushText(row.effectAllele);
    this.otherAllele.pushText(row.otherAllele);
    for (const [name, values] of this.numbers) values.push(row[name] ?? NaN);
  }

  private code(name: string): number {
    const known = this.codes.get(name);
    if (known !== undefined) return known;
    if (this.names.length === NO_CHROMOSOME) throw new RangeError('more than 65,535 different contigs');
    const code = this.names.push(name) - 1;
    this.codes.set(name, code);
    return code;
  }

  get count(): number {
    return this.line.length;
  }

  finish(): SumstatsTable {
    const numbers = [...this.numbers].map(([name, values]) => [name, values.finish()] as const);
    return {
      count: this.count,
      build: this.build,
      chromosomeNames: this.names,
      chromosome: Uint16Array.from(this.chromosome.finish()),
      position: Int32Array.from(this.position.finish()),
      line: Uint32Array.from(this.line.finish()),
      id: this.id.finish(),
      effectAllele: this.effectAllele.finish(),
      otherAllele: this.otherAllele.finish(),
      ...(Object.fromEntries(numbers) as Partial<Record<NumericColumn, Float64Array>>),
    };
  }
}

/** The given rows, in the given order. */
export function takeRows(table: SumstatsTable, rows: Uint32Array): SumstatsTable {
  const numbers = NUMERIC_COLUMNS.flatMap((name) => {
    const values = table[name];
    return values === undefined ? [] : [[name, Float64Array.from(rows, (row) => values[row]!)] as const];
  });
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
    ...(Object.fromEntries(numbers) as Partial<Record<NumericColumn, Float64Array>>),
  };
}

/**
 * Rows with p strictly below the threshold, the paper's "p < 0.001"; a p that underflowed is judged by its logarithm.
 * Throws RangeError when the table has no p.
 */
export function selectBelow(table: SumstatsTable, threshold: number): SumstatsTable {
  const { p, log10p } = table;
  if (p === undefined || log10p === undefined) throw new RangeError('the summary statistics have no p');
  const below = (row: number): boolean => isBelow(p[row]!, log10p[row]!, threshold);
  return takeRows(table, Uint32Array.from({ length: table.count }, (_, row) => row).filter(below));
}

/** p < threshold, by the logarithm where p itself is 0. */
export function isBelow(p: number, log10p: number, threshold: number): boolean {
  return p > 0 ? p < threshold : log10p < Math.log10(threshold);
}
