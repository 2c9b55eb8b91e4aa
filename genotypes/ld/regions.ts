/**
 * Variants of a request grouped by chromosome and put in order of position, as LD work needs them.
 * Not responsible for: genotypes. Unlike PLINK, which refuses an unsorted .bim, the file's order does not matter here.
 */
import { ploidyOf } from '../chromosome.js';
import type { Ploidy } from '../chromosome.js';
import type { VariantTable } from '../variants.js';

export interface ChromosomeRun {
  readonly name: string;
  /** Index into the table's chromosomeNames. */
  readonly code: number;
  readonly ploidy: Ploidy;
  /** Variant indices by position; equal positions in file order. */
  readonly variants: Uint32Array;
  /** Positions of those variants, ascending. */
  readonly positions: Int32Array;
}

/**
 * Chromosomes in order of first appearance in the table. Variants on chromosome 0 (unplaced) are in no run: they have
 * no neighbours.
 */
export function chromosomeRuns(table: VariantTable, variants: Uint32Array): ChromosomeRun[] {
  const byChromosome = table.chromosomeNames.map((): number[] => []);
  for (const v of variants) byChromosome[table.chromosome[v]!]!.push(v);
  const runs: ChromosomeRun[] = [];
  byChromosome.forEach((members, code) => {
    const name = table.chromosomeNames[code]!;
    if (members.length === 0 || name === '0') return;
    members.sort((a, b) => table.position[a]! - table.position[b]! || a - b);
    runs.push({
      name,
      code,
      ploidy: ploidyOf(name),
      variants: Uint32Array.from(members),
      positions: Int32Array.from(members, (v) => table.position[v]!),
    });
  });
  return runs;
}

/** Index of the first element ≥ value in an ascending array. */
export function firstAtLeast(ascending: Int32Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
