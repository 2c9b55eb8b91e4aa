/**
 * Which variants stay, and why each of the others goes: the first reason that holds, in a fixed order.
 * Not responsible for: measuring (`counts.ts`, `hwe.ts`); people are filtered by the tasks, from `people.ts` and `king.ts`.
 */
import { ploidyOf } from '../chromosome.js';
import type { VariantTable } from '../variants.js';

/** Reasons in the order in which they are tried. */
export const VARIANT_REASONS = [
  'multiallelic',
  'unplaced',
  'chromosome',
  'region',
  'duplicate',
  'missingness',
  'frequency',
  'info',
  'hwe',
] as const;

export type VariantReason = (typeof VARIANT_REASONS)[number];

export interface VariantLimits {
  /** Kinds of chromosome that stay: `autosome`, `x`, `par`, `y`, `mt`; undefined keeps all. */
  readonly chromosomes?: readonly ChromosomeKind[] | undefined;
  /** Largest share of missing calls. */
  readonly maxMissing?: number | undefined;
  /** Smallest minor allele frequency. */
  readonly minMaf?: number | undefined;
  /** Smallest imputation INFO. */
  readonly minInfo?: number | undefined;
  /** Smallest Hardy–Weinberg exact P. */
  readonly minHwe?: number | undefined;
  /** Of variants with equal chromosome, position and alleles (in either order) only the first stays. */
  readonly dropDuplicates?: boolean | undefined;
}

export type ChromosomeKind = 'autosome' | 'x' | 'par' | 'y' | 'mt' | 'other';

/** Measures by variant of the table; NaN passes only where it is unlimited. */
export interface VariantMeasures {
  readonly missing?: Float64Array | undefined;
  /** Of the ALT allele. */
  readonly frequency?: Float64Array | undefined;
  readonly info?: Float64Array | undefined;
  /** NaN is "not tested" (Y, MT) and passes. */
  readonly hwe?: Float64Array | undefined;
  /** 1 leaves a variant out, as `inRegions` answers. */
  readonly region?: Uint8Array | undefined;
}

export interface VariantSelection {
  readonly kept: Uint32Array;
  /** Index into VARIANT_REASONS of each variant of the table, 255 for those kept. */
  readonly reason: Uint8Array;
  readonly counts: Readonly<Record<VariantReason, number>>;
}

export function chromosomeKind(name: string): ChromosomeKind {
  if (name === 'PAR') return 'par';
  const ploidy = ploidyOf(name);
  if (ploidy === 'haploid') return 'mt';
  if (ploidy !== 'diploid') return ploidy;
  return /^\d+$/.test(name) && name !== '0' ? 'autosome' : 'other';
}

/** Applies the limits. Throws RangeError when a limit has no measure to apply to. */
export function selectVariants(
  variants: VariantTable,
  measures: VariantMeasures,
  limits: VariantLimits,
): VariantSelection {
  const measured = (
    limit: number | undefined,
    values: Float64Array | undefined,
    name: string,
  ): Float64Array | undefined => {
    if (limit === undefined) return undefined;
    if (values === undefined) throw new RangeError(`a limit on ${name} needs its values`);
    return values;
  };
  const missing = measured(limits.maxMissing, measures.missing, 'missingness');
  const frequency = measured(limits.minMaf, measures.frequency, 'frequency');
  const info = measured(limits.minInfo, measures.info, 'INFO');
  const hwe = measured(limits.minHwe, measures.hwe, 'Hardy–Weinberg P');
  const kinds = variants.chromosomeNames.map(chromosomeKind);
  const repeats = limits.dropDuplicates === true ? repeatedVariants(variants) : undefined;

  const reasonOf = (v: number): VariantReason | undefined => {
    if (variants.alleleCount[v] !== 2) return 'multiallelic';
    const code = variants.chromosome[v]!;
    if (variants.chromosomeNames[code] === '0') return 'unplaced';
    if (limits.chromosomes !== undefined && !limits.chromosomes.includes(kinds[code]!)) return 'chromosome';
    if (measures.region?.[v] === 1) return 'region';
    if (repeats?.[v] === 1) return 'duplicate';
    if (missing !== undefined && !(missing[v]! <= limits.maxMissing!)) return 'missingness';
    if (frequency !== undefined && !(Math.min(frequency[v]!, 1 - frequency[v]!) >= limits.minMaf!))
      return 'frequency';
    if (info !== undefined && !(info[v]! >= limits.minInfo!)) return 'info';
    if (hwe !== undefined && hwe[v]! < limits.minHwe!) return 'hwe';
    return undefined;
  };
  const reason = new Uint8Array(variants.count).fill(255);
  const counts = Object.fromEntries(VARIANT_REASONS.map((name) => [name, 0])) as Record<
    VariantReason,
    number
  >;
  const kept: number[] = [];
  for (let v = 0; v < variants.count; v++) {
    const why = reasonOf(v);
    if (why === undefined) kept.push(v);
    else {
      reason[v] = VARIANT_REASONS.indexOf(why);
      counts[why]++;
    }
  }
  return { kept: Uint32Array.from(kept), reason, counts };
}

/** 1 for a variant whose chromosome, position and pair of alleles an earlier one has. */
export function repeatedVariants(variants: VariantTable): Uint8Array {
  const order = Uint32Array.from({ length: variants.count }, (_, v) => v).sort(
    (a, b) =>
      variants.chromosome[a]! - variants.chromosome[b]! ||
      variants.position[a]! - variants.position[b]! ||
      a - b,
  );
  const repeated = new Uint8Array(variants.count);
  for (let from = 0; from < order.length;) {
    const first = order[from]!;
    let to = from + 1;
    while (
      to < order.length &&
      variants.position[order[to]!] === variants.position[first] &&
      variants.chromosome[order[to]!] === variants.chromosome[first]
    ) {
      to++;
    }
    if (to > from + 1) {
      const seen = new Set<string>();
      for (let i = from; i < to; i++) {
        const v = order[i]!;
        const pair = [variants.ref.at(v), variants.alt.at(v)].sort().join('/');
        if (seen.has(pair)) repeated[v] = 1;
        seen.add(pair);
      }
    }
    from = to;
  }
  return repeated;
}
