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
import { SEX_MALE } from '../genotypes/samples.js';
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

/** One variant in one sum. */
interface Term {
  readonly sum: number;
  readonly weight: number;
  /** What a missing dosage of the counted allele counts as. */
  readonly expected: number;
  readonly countsAlt: boolean;
}

/** Packed calls, or dosages, held at a time. */
const BLOCK_BYTES = 2 ** 26;
/** People whose sums stay in cache while a block's variants pass. */
const TOGETHER = 4096;
/** The code of somebody who has none of a chromosome. */
const WITHOUT = 4;
const CODES = 5;

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
  const terms = new Map<number, Term[]>();
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
        const term: Term = {
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

/** One term of a block, with the number of its variant in the block. */
interface Placed {
  readonly variant: number;
  readonly term: Term;
  /** What each code adds; for calls. */
  readonly value: Float64Array;
}

async function pass(
  opened: OpenView,
  terms: ReadonlyMap<number, readonly Term[]>,
  rows: Uint32Array,
  sums: readonly Float64Array[],
): Promise<void> {
  const { source, variants: table } = opened;
  const wanted = Uint32Array.from(terms.keys()).sort();
  const names = Array.from(wanted, (v) => table.chromosomeNames[table.chromosome[v]!]!);
  const isWoman = Uint8Array.from(rows, (s) => (source.samples.sex[s] === SEX_MALE ? 0 : 1));
  const placedIn = (first: number, count: number): Placed[][] => {
    const bySum: Placed[][] = [];
    for (let variant = 0; variant < count; variant++) {
      for (const term of terms.get(wanted[first + variant]!)!) {
        (bySum[term.sum] ??= []).push({ variant, term, value: valuesOf(term, names[first + variant]!) });
      }
    }
    return bySum;
  };
  const onY = (variant: number): boolean => ploidyOf(names[variant]!) === 'y';
  if (source.hasDosages) {
    for await (const { first, count, values } of dosageBlocks(source, wanted, rows, 'alt', BLOCK_BYTES)) {
      placedIn(first, count).forEach((placed, sum) => {
        for (const { variant, term } of placed) {
          const dosages = values.subarray(variant * rows.length, (variant + 1) * rows.length);
          const unit = snpUnit(names[first + variant]!);
          addDosages(sums[sum]!, dosages, term, unit, onY(first + variant) ? isWoman : null);
        }
      });
    }
    return;
  }
  for await (const { first, count, calls, stride } of callBlocks(source, wanted, rows, BLOCK_BYTES)) {
    const placed = placedIn(first, count);
    const codes = new Uint8Array(count * TOGETHER);
    for (let from = 0; from < rows.length; from += TOGETHER) {
      const width = Math.min(TOGETHER, rows.length - from);
      for (let v = 0; v < count; v++) {
        const to = codes.subarray(v * TOGETHER, (v + 1) * TOGETHER);
        unpack(calls, v * stride + (from >> 2), width, to);
        if (onY(first + v)) for (let i = 0; i < width; i++) if (isWoman[from + i] === 1) to[i] = WITHOUT;
      }
      placed.forEach((list, sum) => {
        addCalls(sums[sum]!.subarray(from, from + width), codes, list);
      });
    }
  }
}

/** weight × copies, by code. */
function valuesOf({ weight, expected, countsAlt }: Term, chromosome: string): Float64Array {
  const unit = snpUnit(chromosome);
  const copies = countsAlt ? [0, 1, 2] : [2, 1, 0];
  return Float64Array.of(...copies.map((count) => weight * (unit * count)), weight * (unit * expected), 0);
}

function unpack(packed: Uint8Array, start: number, width: number, to: Uint8Array): void {
  // TOGETHER is a multiple of four: a byte never straddles two stretches.
  for (let i = 0, b = start; i < width; i += 4, b++) {
    const byte = packed[b]!;
    to[i] = byte & 3;
    to[i + 1] = (byte >> 2) & 3;
    to[i + 2] = (byte >> 4) & 3;
    to[i + 3] = byte >> 6;
  }
}

/** Adds the terms one after another to each person's sum; four at a time only saves loads. */
function addCalls(sum: Float64Array, codes: Uint8Array, list: readonly Placed[]): void {
  const n = sum.length;
  let t = 0;
  const values = new Float64Array(4 * CODES);
  for (; t + 4 <= list.length; t += 4) {
    for (let u = 0; u < 4; u++) values.set(list[t + u]!.value, u * CODES);
    const a = list[t]!.variant * TOGETHER;
    const b = list[t + 1]!.variant * TOGETHER;
    const c = list[t + 2]!.variant * TOGETHER;
    const d = list[t + 3]!.variant * TOGETHER;
    for (let i = 0; i < n; i++) {
      let value = sum[i]! + values[codes[a + i]!]!;
      value += values[CODES + codes[b + i]!]!;
      value += values[2 * CODES + codes[c + i]!]!;
      sum[i] = value + values[3 * CODES + codes[d + i]!]!;
    }
  }
  for (; t < list.length; t++) {
    const { variant, value } = list[t]!;
    const start = variant * TOGETHER;
    for (let i = 0; i < n; i++) sum[i]! += value[codes[start + i]!]!;
  }
}

function addDosages(
  sum: Float64Array,
  dosages: Float64Array,
  { weight, expected, countsAlt }: Term,
  unit: number,
  without: Uint8Array | null,
): void {
  for (let i = 0; i < sum.length; i++) {
    if (without?.[i] === 1) continue;
    const alt = dosages[i]!;
    const copies = Number.isNaN(alt) ? expected : countsAlt ? alt : 2 - alt;
    sum[i]! += weight * (unit * copies);
  }
}
