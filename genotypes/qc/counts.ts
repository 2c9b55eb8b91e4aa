/**
 * Calls of each variant counted over a set of people, haploid chromosomes apart, and allele frequencies from them.
 * Not responsible for: excluding anything (`filters.ts`), or the Hardy–Weinberg test (`hwe.ts`).
 */
import { ploidyOf } from '../chromosome.js';
import type { Ploidy } from '../chromosome.js';
import { HET, HOM_ALT, HOM_REF, MISSING, callAt, countCalls } from '../hardcalls.js';
import { SEX_MALE } from '../samples.js';
import { callBlocks, dosageBlocks } from '../source.js';
import type { GenotypeSource } from '../source.js';

/** One number per variant asked for. People without a Y (all but known males) are not counted on Y at all. */
export interface VariantCounts {
  /** Diploid people. */
  readonly homRef: Int32Array;
  readonly het: Int32Array;
  readonly homAlt: Int32Array;
  /** Haploid people: men on X and Y, everyone on MT. */
  readonly hapRef: Int32Array;
  readonly hapAlt: Int32Array;
  /** Heterozygous calls of haploid people: neither missing nor possible. */
  readonly hapHet: Int32Array;
  readonly missing: Int32Array;
}

/** The counts of some of the variants, by position in the list that was counted. */
export function takeCounts(counts: VariantCounts, positions: ArrayLike<number>): VariantCounts {
  const take = (column: Int32Array): Int32Array => Int32Array.from(positions, (v) => column[v]!);
  const { homRef, het, homAlt, hapRef, hapAlt, hapHet, missing } = counts;
  return {
    homRef: take(homRef),
    het: take(het),
    homAlt: take(homAlt),
    hapRef: take(hapRef),
    hapAlt: take(hapAlt),
    hapHet: take(hapHet),
    missing: take(missing),
  };
}

/** Who is haploid and who is counted. */
function isHaploid(ploidy: Ploidy, sex: number): boolean {
  return ploidy === 'haploid' || (ploidy !== 'diploid' && sex === SEX_MALE);
}

/** Sexes of the people of a request. */
export function sexesOf(source: GenotypeSource, people: Uint32Array | undefined): Uint8Array {
  return people === undefined ? source.samples.sex : Uint8Array.from(people, (s) => source.samples.sex[s]!);
}

/** Ploidy of each chromosome code of a source. */
export function ploidies(source: GenotypeSource): Ploidy[] {
  return source.variants.chromosomeNames.map(ploidyOf);
}

/** Counts hard calls, one pass. Throws what the source throws. */
export async function countVariants(
  source: GenotypeSource,
  variants: Uint32Array,
  people: Uint32Array | undefined,
): Promise<VariantCounts> {
  const column = (): Int32Array => new Int32Array(variants.length);
  const counts: VariantCounts = {
    homRef: column(),
    het: column(),
    homAlt: column(),
    hapRef: column(),
    hapAlt: column(),
    hapHet: column(),
    missing: column(),
  };
  const sex = sexesOf(source, people);
  const ploidy = ploidies(source);
  for await (const block of callBlocks(source, variants, people)) {
    for (let v = 0; v < block.count; v++) {
      const row = block.first + v;
      const packed = block.calls.subarray(v * block.stride, (v + 1) * block.stride);
      const here = ploidy[source.variants.chromosome[variants[row]!]!]!;
      const diploid = here === 'diploid' ? countCalls(packed, sex.length) : [0, 0, 0, 0];
      const haploid = [0, 0, 0, 0];
      if (here !== 'diploid') {
        for (let s = 0; s < sex.length; s++) {
          const call = callAt(packed, s);
          if (isHaploid(here, sex[s]!)) haploid[call]!++;
          else if (here === 'x') diploid[call]!++;
        }
      }
      counts.homRef[row] = diploid[HOM_REF]!;
      counts.het[row] = diploid[HET]!;
      counts.homAlt[row] = diploid[HOM_ALT]!;
      counts.hapRef[row] = haploid[HOM_REF]!;
      counts.hapAlt[row] = haploid[HOM_ALT]!;
      counts.hapHet[row] = haploid[HET]!;
      counts.missing[row] = diploid[MISSING]! + haploid[MISSING]!;
    }
  }
  return counts;
}

export interface AlleleFrequencies {
  /** ALT copies over alleles observed; NaN when there are none. */
  readonly alt: Float64Array;
  /** Alleles observed: two a diploid person, one a haploid. */
  readonly observed: Int32Array;
}

/**
 * ALT frequencies as PLINK 2's --freq: from dosages where the source has them, else from calls; a haploid person has
 * half the weight of a diploid one (so an impossible haploid het counts as half an allele); on Y only men.
 */
export async function alleleFrequencies(
  source: GenotypeSource,
  variants: Uint32Array,
  people: Uint32Array | undefined,
): Promise<AlleleFrequencies> {
  if (!source.hasDosages) return frequenciesOf(await countVariants(source, variants, people));
  const sex = sexesOf(source, people);
  const ploidy = ploidies(source);
  const alt = new Float64Array(variants.length);
  const observed = new Int32Array(variants.length);
  for await (const block of dosageBlocks(source, variants, people, 'alt')) {
    for (let v = 0; v < block.count; v++) {
      const row = block.first + v;
      const here = ploidy[source.variants.chromosome[variants[row]!]!]!;
      let copies = 0;
      let alleles = 0;
      for (let s = 0; s < sex.length; s++) {
        const dosage = block.values[v * sex.length + s]!;
        if (Number.isNaN(dosage) || (here === 'y' && sex[s] !== SEX_MALE)) continue;
        const haploid = here !== 'diploid' && isHaploid(here, sex[s]!);
        copies += haploid ? dosage / 2 : dosage;
        alleles += haploid ? 1 : 2;
      }
      alt[row] = copies / alleles;
      observed[row] = alleles;
    }
  }
  return { alt, observed };
}

/** The same from counts of calls. */
export function frequenciesOf(counts: VariantCounts): AlleleFrequencies {
  const { homRef, het, homAlt, hapRef, hapAlt, hapHet } = counts;
  const observed = homRef.map(
    (ref, v) => 2 * (ref + het[v]! + homAlt[v]!) + hapRef[v]! + hapAlt[v]! + hapHet[v]!,
  );
  const alt = Float64Array.from(observed, (alleles, v) => {
    return (het[v]! + 2 * homAlt[v]! + hapAlt[v]! + hapHet[v]! / 2) / alleles;
  });
  return { alt, observed };
}

/** Share of people counted whose call is missing; NaN when nobody is counted (Y without men). */
export function missingRate(counts: VariantCounts): Float64Array {
  const { homRef, het, homAlt, hapRef, hapAlt, hapHet, missing } = counts;
  return Float64Array.from(missing, (gone, v) => {
    const called = homRef[v]! + het[v]! + homAlt[v]! + hapRef[v]! + hapAlt[v]! + hapHet[v]!;
    return gone / (gone + called);
  });
}
