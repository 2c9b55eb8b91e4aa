/**
 * Per person over many variants: missing calls, and heterozygosity against expectation.
 * Not responsible for: excluding anyone.
 */
import { spreadPlanes } from '../ld/planes.js';
import { SEX_MALE } from '../samples.js';
import { callBlocks } from '../source.js';
import type { GenotypeSource } from '../source.js';
import { countVariants, frequenciesOf, ploidies, sexesOf } from './counts.js';
import { Tally } from './tally.js';

export interface PersonMissingness {
  readonly missing: Int32Array;
  /** Variants that the person could have a call at: Y only for men. */
  readonly variants: Int32Array;
}

/** Calls of one variant as planes of 32-bit words. */
class WordPlanes {
  private readonly het: Uint8Array;
  private readonly hom: Uint8Array;
  private readonly present: Uint8Array;
  readonly hetWords: Uint32Array;
  readonly presentWords: Uint32Array;

  constructor(private readonly people: number) {
    const bytes = Math.ceil(people / 32) * 4;
    this.het = new Uint8Array(bytes);
    this.hom = new Uint8Array(bytes);
    this.present = new Uint8Array(bytes);
    this.hetWords = new Uint32Array(this.het.buffer);
    this.presentWords = new Uint32Array(this.present.buffer);
  }

  load(packed: Uint8Array): void {
    spreadPlanes(packed, this.people, this.het, this.hom, this.present);
  }
}

/** Missing calls of each person, as PLINK's --missing. */
export async function personMissingness(
  source: GenotypeSource,
  variants: Uint32Array,
  people: Uint32Array | undefined,
): Promise<PersonMissingness> {
  const sex = sexesOf(source, people);
  const ploidy = ploidies(source);
  const planes = new WordPlanes(sex.length);
  const called = new Tally(sex.length);
  const calledOnY = new Tally(sex.length);
  let onY = 0;
  for await (const block of callBlocks(source, variants, people)) {
    for (let v = 0; v < block.count; v++) {
      planes.load(block.calls.subarray(v * block.stride, (v + 1) * block.stride));
      const isY = ploidy[source.variants.chromosome[variants[block.first + v]!]!] === 'y';
      if (isY) onY++;
      (isY ? calledOnY : called).add(planes.presentWords);
    }
  }
  const elsewhere = called.counts();
  const male = calledOnY.counts();
  const possible = sex.map((s) => (s === SEX_MALE ? 1 : 0));
  const total = Int32Array.from(possible, (isMale) => variants.length - onY + isMale * onY);
  const missing = total.map((count, s) => count - elsewhere[s]! - possible[s]! * male[s]!);
  return { missing, variants: total };
}

export interface PersonHeterozygosity {
  /** Homozygous calls seen. */
  readonly homozygous: Int32Array;
  /** Homozygous calls expected from the allele frequencies. */
  readonly expected: Float64Array;
  /** Calls at variants that count: those that vary. */
  readonly calls: Int32Array;
  /** (homozygous − expected) / (calls − expected): the method-of-moments F; NaN when there is nothing to expect. */
  readonly f: Float64Array;
}

/**
 * Heterozygosity of each person over the diploid variants given, as PLINK 2's --het: expectation 1 − 2pq with p from
 * `frequencyPeople` (founders, or training people). Over those on X instead, everybody taken for diploid there, F is that
 * of PLINK's --check-sex: near 1 for a man, near 0 for a woman.
 */
export async function personHeterozygosity(
  source: GenotypeSource,
  variants: Uint32Array,
  people: Uint32Array | undefined,
  frequencyPeople: Uint32Array | undefined,
  on: 'diploid' | 'x' = 'diploid',
): Promise<PersonHeterozygosity> {
  const ploidy = ploidies(source);
  const diploid = variants.filter((v) => ploidy[source.variants.chromosome[v]!] === on);
  const counts = await countVariants(source, diploid, frequencyPeople);
  // --check-sex is PLINK 1.9's, to whom an impossible het of a man is a missing call in frequencies.
  const { alt } = frequenciesOf(on === 'x' ? { ...counts, hapHet: new Int32Array(diploid.length) } : counts);
  const usable = (v: number): boolean => alt[v]! > 0 && alt[v]! < 1;
  const sex = sexesOf(source, people);
  const planes = new WordPlanes(sex.length);
  const hets = new Tally(sex.length);
  const called = new Tally(sex.length);
  const expectedOfMissing = new Float64Array(sex.length);
  let expectedOfAll = 0;
  for await (const block of callBlocks(source, diploid, people)) {
    for (let v = 0; v < block.count; v++) {
      const row = block.first + v;
      if (!usable(row)) continue;
      const expected = 1 - 2 * alt[row]! * (1 - alt[row]!);
      expectedOfAll += expected;
      planes.load(block.calls.subarray(v * block.stride, (v + 1) * block.stride));
      hets.add(planes.hetWords);
      called.add(planes.presentWords);
      // Missing calls are few: take their expectation back person by person.
      for (let w = 0; w < planes.presentWords.length; w++) {
        for (let gone = ~planes.presentWords[w]!; gone !== 0; gone &= gone - 1) {
          const s = w * 32 + 31 - Math.clz32(gone & -gone);
          if (s < sex.length) expectedOfMissing[s]! += expected;
        }
      }
    }
  }
  const calls = called.counts();
  const hetCounts = hets.counts();
  const homozygous = calls.map((count, s) => count - hetCounts[s]!);
  const expected = expectedOfMissing.map((gone) => expectedOfAll - gone);
  const f = expected.map((e, s) => (homozygous[s]! - e) / (calls[s]! - e));
  return { homozygous, expected, calls, f };
}
