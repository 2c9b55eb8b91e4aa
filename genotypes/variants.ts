/**
 * Variants as typed columns. Every record of a file is one row: multi-allelic and duplicate variants stay apart.
 * Not responsible for: genotypes, frequencies, or deciding which allele is the reference (each reader documents it).
 */
import { canonicalChromosome } from './chromosome.js';
import type { ChromosomeCoding } from './chromosome.js';
import { TextBuilder, TextColumn } from './textcolumn.js';

export interface VariantTable {
  readonly count: number;
  /** Canonical chromosome names (chromosome.ts) in order of first appearance. */
  readonly chromosomeNames: readonly string[];
  /** Index into chromosomeNames. */
  readonly chromosome: Uint16Array;
  /** Base pair, 1-based; 0 is "unknown". */
  readonly position: Int32Array;
  readonly id: TextColumn;
  readonly ref: TextColumn;
  /** The other allele; a comma-separated list where alleleCount > 2; `.` where the file names none. */
  readonly alt: TextColumn;
  /** REF and all ALTs; 2 is the only count for which dosages exist. */
  readonly alleleCount: Uint16Array;
}

/** An allele of a biallelic variant: 0 is ref, 1 is alt. */
export type AlleleIndex = 0 | 1;

/** Which allele `text` is at a biallelic variant; undefined when it is neither. Case counts. */
export function alleleIndex(variants: VariantTable, variant: number, text: string): AlleleIndex | undefined {
  if (variants.alleleCount[variant] !== 2) return undefined;
  if (variants.ref.at(variant) === text) return 0;
  return variants.alt.at(variant) === text ? 1 : undefined;
}

/** `chr:pos:ref:alt (id)`, for messages. */
export function describeVariant(variants: VariantTable, variant: number): string {
  const chromosome = variants.chromosomeNames[variants.chromosome[variant]!]!;
  const alleles = `${variants.ref.at(variant)}:${variants.alt.at(variant)}`;
  return `${chromosome}:${variants.position[variant]!}:${alleles} (${variants.id.at(variant)})`;
}

export class VariantTableBuilder {
  private readonly names: string[] = [];
  private readonly codes = new Map<string, number>();
  private chromosome = new Uint16Array(256);
  private position = new Int32Array(256);
  private alleles = new Uint16Array(256);
  private readonly id = new TextBuilder();
  private readonly ref = new TextBuilder();
  private readonly alt = new TextBuilder();
  count = 0;

  constructor(private readonly coding: ChromosomeCoding = 'plink') {}

  /** Code of a chromosome cell; -1 when it names none. Throws RangeError past 65,535 contigs. */
  chromosomeCode(text: string): number {
    const known = this.codes.get(text);
    if (known !== undefined) return known;
    const name = canonicalChromosome(text, this.coding);
    if (name === undefined) return -1;
    let code = this.names.indexOf(name);
    if (code < 0) {
      if (this.names.length === 65535) throw new RangeError('more than 65,535 different contigs');
      code = this.names.push(name) - 1;
    }
    this.codes.set(text, code);
    return code;
  }

  /** Appends a row from ranges [start, end) of one byte buffer. */
  push(
    chromosomeCode: number,
    position: number,
    bytes: Uint8Array,
    id: readonly [number, number],
    ref: readonly [number, number],
    alt: readonly [number, number],
    alleleCount: number,
  ): void {
    this.id.push(bytes, id[0], id[1]);
    this.ref.push(bytes, ref[0], ref[1]);
    this.alt.push(bytes, alt[0], alt[1]);
    this.pushNumbers(chromosomeCode, position, alleleCount);
  }

  pushTexts(code: number, position: number, id: string, ref: string, alt: string, alleleCount: number): void {
    this.id.pushText(id);
    this.ref.pushText(ref);
    this.alt.pushText(alt);
    this.pushNumbers(code, position, alleleCount);
  }

  private pushNumbers(code: number, position: number, alleleCount: number): void {
    if (this.count === this.chromosome.length) this.grow();
    this.chromosome[this.count] = code;
    this.position[this.count] = position;
    this.alleles[this.count++] = Math.min(alleleCount, 65535);
  }

  private grow(): void {
    const capacity = this.count * 2;
    const chromosome = new Uint16Array(capacity);
    const position = new Int32Array(capacity);
    const alleles = new Uint16Array(capacity);
    chromosome.set(this.chromosome);
    position.set(this.position);
    alleles.set(this.alleles);
    this.chromosome = chromosome;
    this.position = position;
    this.alleles = alleles;
  }

  finish(): VariantTable {
    return {
      count: this.count,
      chromosomeNames: this.names,
      chromosome: this.chromosome.slice(0, this.count),
      position: this.position.slice(0, this.count),
      id: this.id.finish(),
      ref: this.ref.finish(),
      alt: this.alt.finish(),
      alleleCount: this.alleles.slice(0, this.count),
    };
  }
}

/** Alleles in an ALT cell: 1 + its commas, and REF; `.` (no ALT at all) counts as a second allele that nobody carries. */
export function countAlleles(bytes: Uint8Array, start: number, end: number): number {
  let count = 2;
  for (let i = start; i < end; i++) if (bytes[i] === 44) count++;
  return count;
}

/** Concatenates tables, file after file. Chromosome codes are renumbered. */
export function concatVariants(tables: readonly VariantTable[]): VariantTable {
  const names = [...new Set(tables.flatMap((table) => table.chromosomeNames))];
  const count = tables.reduce((sum, table) => sum + table.count, 0);
  const chromosome = new Uint16Array(count);
  const position = new Int32Array(count);
  const alleleCount = new Uint16Array(count);
  let from = 0;
  for (const table of tables) {
    const codes = table.chromosomeNames.map((name) => names.indexOf(name));
    for (let v = 0; v < table.count; v++) chromosome[from + v] = codes[table.chromosome[v]!]!;
    position.set(table.position, from);
    alleleCount.set(table.alleleCount, from);
    from += table.count;
  }
  const column = (name: 'id' | 'ref' | 'alt'): TextColumn =>
    TextColumn.concat(tables.map((table) => table[name]));
  return {
    count,
    chromosomeNames: names,
    chromosome,
    position,
    id: column('id'),
    ref: column('ref'),
    alt: column('alt'),
    alleleCount,
  };
}
