/**
 * Per person over many variants: missing calls, and heterozygosity against expectation.
 * Not responsible for: excluding anyone.
 */
import { spreadPlanes } from '../ld/planes.js';
import { SEX_MALE } from '../samples.js';
import { callBlocks } from '../source.js';
import type { GenotypeSource } from '../source.js';
import { frequenciesOf, ploidies, sexesOf, type VariantCounts } from './counts.js';
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

export interface PersonMeasures {
  /** As PLINK's --missing. */
  readonly missingness: PersonMissingness;
  /** Over diploid variants, as PLINK 2's --het. */
  readonly heterozygosity: PersonHeterozygosity;
  /** Over those on X, everybody taken for diploid there: F is that of PLINK 1.9's --check-sex, near 1 for a man, near 0 for a woman. */
  readonly onX: PersonHeterozygosity;
}

/**
 * Missing calls and heterozygosity of each person, in one pass.
 * @param counts  of those whose frequencies p make the expectation 1 − 2pq (founders, or training people), one for each of `variants`
 */
export async function measurePeople(
  source: GenotypeSource,
  variants: Uint32Array,
  people: Uint32Array | undefined,
  counts: VariantCounts,
): Promise<PersonMeasures> {
  const sex = sexesOf(source, people);
  const ploidy = ploidies(source);
  const { alt } = frequenciesOf(counts);
  // --check-sex is PLINK 1.9's, to whom an impossible het of a man is a missing call in frequencies.
  const { alt: altOnX } = frequenciesOf({ ...counts, hapHet: new Int32Array(variants.length) });
  const planes = new WordPlanes(sex.length);
  const missing = new MissingCalls(sex);
  const diploid = new HomozygousCalls(sex.length);
  const onX = new HomozygousCalls(sex.length);
  for await (const block of callBlocks(source, variants, people)) {
    for (let v = 0; v < block.count; v++) {
      const row = block.first + v;
      const here = ploidy[source.variants.chromosome[variants[row]!]!]!;
      planes.load(block.calls.subarray(v * block.stride, (v + 1) * block.stride));
      missing.add(planes, here === 'y');
      if (here === 'diploid') diploid.add(planes, alt[row]!);
      else if (here === 'x') onX.add(planes, altOnX[row]!);
    }
  }
  return {
    missingness: missing.result(),
    heterozygosity: diploid.result(),
    onX: onX.result(),
  };
}

class MissingCalls {
  private readonly called: Tally;
  private readonly calledOnY: Tally;
  private variants = 0;
  private onY = 0;

  constructor(private readonly sex: Uint8Array) {
    this.called = new Tally(sex.length);
    this.calledOnY = new Tally(sex.length);
  }

  add({ presentWords }: WordPlanes, isOnY: boolean): void {
    this.variants++;
    if (isOnY) this.onY++;
    (isOnY ? this.calledOnY : this.called).add(presentWords);
  }

  result(): PersonMissingness {
    const { onY } = this;
    const elsewhere = this.called.counts();
    const male = this.calledOnY.counts();
    const possible = this.sex.map((s) => (s === SEX_MALE ? 1 : 0));
    const total = Int32Array.from(possible, (isMale) => this.variants - onY + isMale * onY);
    const missing = total.map((count, s) => count - elsewhere[s]! - possible[s]! * male[s]!);
    return { missing, variants: total };
  }
}

class HomozygousCalls {
  private readonly hets: Tally;
  private readonly called: Tally;
  private readonly expectedOfMissing: Float64Array;
  private expectedOfAll = 0;

  constructor(private readonly people: number) {
    this.hets = new Tally(people);
    this.called = new Tally(people);
    this.expectedOfMissing = new Float64Array(people);
  }

  /** @param alt  the ALT frequency; a variant that does not vary, or of which nothing is known, does not count */
  add({ hetWords, presentWords }: WordPlanes, alt: number): void {
    if (!(alt > 0 && alt < 1)) return;
    const expected = 1 - 2 * alt * (1 - alt);
    this.expectedOfAll += expected;
    this.hets.add(hetWords);
    this.called.add(presentWords);
    // Missing calls are few: take their expectation back person by person.
    for (let w = 0; w < presentWords.length; w++) {
      for (let gone = ~presentWords[w]!; gone !== 0; gone &= gone - 1) {
        const s = w * 32 + 31 - Math.clz32(gone & -gone);
        if (s < this.people) this.expectedOfMissing[s]! += expected;
      }
    }
  }

  result(): PersonHeterozygosity {
    const calls = this.called.counts();
    const hets = this.hets.counts();
    const homozygous = calls.map((count, s) => count - hets[s]!);
    const expected = this.expectedOfMissing.map((gone) => this.expectedOfAll - gone);
    const f = expected.map((e, s) => (homozygous[s]! - e) / (calls[s]! - e));
    return { homozygous, expected, calls, f };
  }
}
