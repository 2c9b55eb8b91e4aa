/**
 * Sums of weighted SNPs of many models in one pass over the files that their views lie on, in file order: a variant is read once
 * however many models use it, and memory is the sums and a block of variants.
 *
 * A sum adds its variants in the order of the files, so it does not depend on the other models. Not responsible for finding the
 * variants (snp-modality.ts).
 */
import { matchIds } from '../cache/table.js';
import type { View } from '../engine/task.js';
import { ploidyOf } from '../genotypes/chromosome.js';
import { packedLength } from '../genotypes/hardcalls.js';
import { SEX_MALE } from '../genotypes/samples.js';
import { TERM_BLOCK_VARIANTS, addTerms, type Term } from '../genotypes/scores/term-sums.js';
import { callBlocks, dosageBlocks } from '../genotypes/source.js';
import { refusing, type OpenView, type Openings } from './genotype-views.js';
import { snpUnit, type FoundSnps } from './snp-modality.js';

/** The view that a chain of selections starts from, and where the variants of the last lie in it. */
export interface Origin {
  readonly view: View;
  /** By variant of the selection; null when it is the view itself. */
  readonly place: Uint32Array | null;
}

/** Follows selections (views of one view) down to the files, or to a join. */
export async function originOf(openings: Openings, view: View): Promise<Origin> {
  let place: Uint32Array | null = null;
  let at = view;
  while (at.of.length === 1) {
    const here: Uint32Array = (await openings.index(at)).place;
    place = place === null ? here : place.map((v) => here[v]!);
    at = at.of[0]!;
  }
  return { view: at, place };
}

/** Weights of one model's SNPs, each list over all SNPs of the model. */
export interface SnpColumns {
  readonly found: FoundSnps;
  readonly origin: Origin;
  readonly lists: readonly (readonly number[])[];
}

/** A term of a sum, by variant of the origin. */
type Placed = Omit<Term, 'variant'> & { readonly sum: number };

/** Packed calls, or dosages, held at a time. */
const BLOCK_BYTES = 2 ** 26;

/** Bytes that the sums of one model's list take. */
export const sumBytes = (people: number): number => 8 * people;

/**
 * Σ weight × dosage of `people` (bytewise sorted, all in every view) for each list of each model. All models have the same origin.
 * @throws TaskError for damaged files
 */
export async function sumSnps(
  openings: Openings,
  models: readonly SnpColumns[],
  people: readonly string[],
): Promise<Float64Array[][]> {
  const opened = await openings.view(models[0]!.origin.view, 'genotypes');
  const terms = new Map<number, Placed[]>();
  const sums: Float64Array[] = [];
  const results = models.map(({ found, origin, lists }) => {
    const own = lists.map((list) => {
      const constant = found.absent.reduce((sum, mean, place) => sum + mean * list[place]!, 0);
      return { sum: sums.push(new Float64Array(people.length)) - 1, constant, list };
    });
    found.places.forEach((place, k) => {
      const variant = origin.place ? origin.place[found.variants[k]!]! : found.variants[k]!;
      for (const { sum, list } of own) {
        if (list[place] === 0) continue;
        const term: Placed = {
          sum,
          weight: list[place]!,
          expected: 2 * found.frequency[k]!,
          countsAlt: found.counted[k] === 1,
        };
        const others = terms.get(variant);
        if (others) others.push(term);
        else terms.set(variant, [term]);
      }
    });
    return own;
  });
  const rows = Uint32Array.from(matchIds(opened.source.samples.iid, people));
  await refusing('genotypes', () => pass(opened, terms, rows, sums));
  return results.map((own) =>
    own.map(({ sum, constant }) =>
      constant === 0 ? sums[sum]! : sums[sum]!.map((value) => value + constant),
    ),
  );
}

async function pass(
  opened: OpenView,
  terms: ReadonlyMap<number, readonly Placed[]>,
  rows: Uint32Array,
  sums: readonly Float64Array[],
): Promise<void> {
  const { source, variants: table } = opened;
  const wanted = Uint32Array.from(terms.keys()).sort();
  const names = Array.from(wanted, (v) => table.chromosomeNames[table.chromosome[v]!]!);
  const isWoman = Uint8Array.from(rows, (s) => (source.samples.sex[s] === SEX_MALE ? 0 : 1));
  const withoutY = (variant: number): Uint8Array | null =>
    ploidyOf(names[variant]!) === 'y' ? isWoman : null;
  /** By sum; one copy counts as a unit, and what halves it halves the weight, which is exact. */
  const termsIn = (first: number, count: number): Term[][] => {
    const bySum: Term[][] = [];
    for (let variant = 0; variant < count; variant++) {
      const unit = snpUnit(names[first + variant]!);
      for (const { sum, weight, expected, countsAlt } of terms.get(wanted[first + variant]!)!)
        (bySum[sum] ??= []).push({ variant, weight: weight * unit, expected, countsAlt });
    }
    return bySum;
  };
  if (source.hasDosages) {
    for await (const { first, count, values } of dosageBlocks(source, wanted, rows, 'alt', BLOCK_BYTES)) {
      termsIn(first, count).forEach((list, sum) => {
        for (const term of list) {
          const dosages = values.subarray(term.variant * rows.length, (term.variant + 1) * rows.length);
          addDosages(sums[sum]!, dosages, term, withoutY(first + term.variant));
        }
      });
    }
    return;
  }
  const most = Math.min(BLOCK_BYTES, TERM_BLOCK_VARIANTS * packedLength(rows.length));
  for await (const block of callBlocks(source, wanted, rows, most)) {
    const { first, count } = block;
    addTerms(sums, termsIn(first, count), block, rows.length, (variant) => withoutY(first + variant));
  }
}

function addDosages(
  sum: Float64Array,
  dosages: Float64Array,
  { weight, expected, countsAlt }: Term,
  without: Uint8Array | null,
): void {
  for (let i = 0; i < sum.length; i++) {
    if (without?.[i] === 1) continue;
    const alt = dosages[i]!;
    sum[i]! += weight * (Number.isNaN(alt) ? expected : countsAlt ? alt : 2 - alt);
  }
}
