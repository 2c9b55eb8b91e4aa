/**
 * Scores: Σ weight × copies of the counted allele, for any number of weight columns in one pass over the genotypes.
 * Not responsible for: estimating weights. Nor, but for want of better, the allele frequencies that stand in for missing
 * calls: both are the model's, frozen on its training people.
 */
import { ploidyOf } from '../chromosome.js';
import type { Ploidy } from '../chromosome.js';
import { HOM_ALT, HOM_REF, MISSING, packedLength, setCall } from '../hardcalls.js';
import { fillMissingDosages } from '../missingdosage.js';
import { SEX_MALE } from '../samples.js';
import { callBlocks, dosageBlocks } from '../source.js';
import type { CallBlock, GenotypeSource } from '../source.js';
import { alleleFrequencies } from '../qc/counts.js';
import { STEP } from './kernel.js';
import { BLOCK_VARIANTS } from './partial-sums.js';
import { ScoreSums } from './sums.js';

export interface ScoreWeights {
  /** Variants of the source, each once. */
  readonly variants: Uint32Array;
  /** AlleleIndex (0 ref, 1 alt) whose copies each weight multiplies. */
  readonly counted: Uint8Array;
  /** Number of weight columns. */
  readonly columns: number;
  /** weights[v × columns + c] */
  readonly weights: Float64Array;
  /**
   * Frequency of the counted allele among the training people: a missing dosage is 2 × this. NaN where it is not known:
   * then it is that among the people scored, and 0 where none of them has a call.
   */
  readonly frequency: Float64Array;
}

export interface Scores {
  /** sums[c][s] */
  readonly sums: readonly Float64Array[];
  /** Missing dosages of each person that a frequency stood in for. */
  readonly imputed: Int32Array;
}

/** All sums pass through the processor once a block: at 350,000 people and 260 columns that is 1.5 GB. */
export const BLOCK_BYTES = 2 ** 28;

export interface ScoreOptions {
  /** Bytes of genotypes held at a time (default BLOCK_BYTES); memory is this, or 16 variants if they are more, and the sums. */
  readonly blockBytes?: number | undefined;
}

/**
 * Scores people, as PLINK 2's `--score … cols=+scoresums` with `--read-freq`: on X a man's call counts 0 or 2, on Y and MT
 * everyone's counts 0 or 1, and on Y women add nothing. A person's sum adds variants in the given order, in the groups of
 * `kernel.ts`, so that its last bit depends on nobody else (once frequencies are given), no other column, no block and no format. Throws what the
 * source throws; RangeError when lengths do not agree.
 */
export async function score(
  source: GenotypeSource,
  model: ScoreWeights,
  people: Uint32Array | undefined,
  options: ScoreOptions = {},
): Promise<Scores> {
  const { variants, counted, columns, weights } = model;
  if (weights.length !== variants.length * columns || counted.length !== variants.length) {
    throw new RangeError(`internal error: ${weights.length} weights for ${variants.length} × ${columns}`);
  }
  if (model.frequency.length !== variants.length)
    throw new RangeError('internal error: one frequency a variant is needed');
  const count = people?.length ?? source.samples.count;
  const sums = new ScoreSums(count, model, !source.hasDosages);
  if (count === 0) return { sums: sums.take(), imputed: sums.missing };
  const ploidy = source.variants.chromosomeNames.map(ploidyOf);
  const ploidyAt = (place: number): Ploidy => ploidy[source.variants.chromosome[variants[place]!]!]!;
  const women = Uint8Array.from({ length: count }, (_, s) => {
    return source.samples.sex[people?.[s] ?? s] === SEX_MALE ? 0 : 1;
  });
  const most = options.blockBytes ?? BLOCK_BYTES;
  const frequency = model.frequency.slice();
  /** Fills in frequencies of the variants from `first` on, by genotypes that may be those of a block. */
  const complete = async (from: GenotypeSource, first: number, count: number): Promise<void> => {
    const places = Uint32Array.from({ length: count }, (_, v) => first + v).filter((at) =>
      Number.isNaN(frequency[at]!),
    );
    if (places.length === 0) return;
    const { alt } = await alleleFrequencies(
      from,
      places.map((at) => variants[at]!),
      people,
    );
    places.forEach((at, i) => {
      const known = counted[at] === 1 ? alt[i]! : 1 - alt[i]!;
      frequency[at] = Number.isNaN(known) ? 0 : known;
    });
  };
  if (source.hasDosages) {
    const rowBytes = 8 * count;
    await complete(source, 0, variants.length);
    for await (const block of dosageBlocks(source, variants, people, counted, wholeSteps(most, rowBytes))) {
      for (let v = 0; v < block.count; v++) {
        const row = block.values.subarray(v * count, (v + 1) * count);
        const here = ploidyAt(block.first + v);
        const without = here === 'y' ? women : undefined;
        fillMissingDosages(row, 2 * frequency[block.first + v]!, sums.missing, without);
        if (here === 'y' || here === 'haploid') for (let s = 0; s < count; s++) row[s]! /= 2;
      }
      sums.addDosages(block.values, { first: block.first, count: block.count });
    }
  } else {
    const rowBytes = packedLength(count);
    for await (const block of callBlocks(source, variants, people, wholeSteps(most, rowBytes))) {
      await complete(blockSource(source, variants, block), block.first, block.count);
      const values = new Float64Array(4 * block.count);
      for (let v = 0; v < block.count; v++) {
        const place = block.first + v;
        const here = ploidyAt(place);
        const countsRef = counted[place] === 0;
        const scale = here === 'y' || here === 'haploid' ? 0.5 : 1;
        for (let call = HOM_REF; call <= HOM_ALT; call++)
          values[4 * v + call] = scale * (countsRef ? 2 - call : call);
        values[4 * v + MISSING] = scale * 2 * frequency[place]!;
        if (here === 'y') {
          const row = block.calls.subarray(v * block.stride, (v + 1) * block.stride);
          for (let s = 0; s < count; s++) if (women[s] === 1) setCall(row, s, countsRef ? HOM_ALT : HOM_REF);
        }
      }
      sums.addCalls(block.calls, block.stride, values, { first: block.first, count: block.count });
    }
  }
  return { sums: sums.take(), imputed: sums.missing };
}

/** The calls of a block as a source of their own: they are counted without being read again. */
function blockSource(source: GenotypeSource, variants: Uint32Array, block: CallBlock): GenotypeSource {
  const { first, count, calls, stride } = block;
  const placeOf = new Map(Array.from(variants.subarray(first, first + count), (variant, v) => [variant, v]));
  const { name, samples } = source;
  return {
    name,
    variants: source.variants,
    samples,
    hasDosages: false,
    dosages: () => Promise.reject(new Error(`internal error: dosages of ${name} are not held`)),
    hardCalls: (list, _people, out) => {
      for (let v = 0; v < list.length; v++) {
        const at = placeOf.get(list[v]!)! * stride;
        out.set(calls.subarray(at, at + stride), v * stride);
      }
      return Promise.resolve();
    },
    close: () => undefined,
  };
}

/** Bytes of the block: whole steps of the kernel, so that no group is cut in two. */
function wholeSteps(maxBytes: number, rowBytes: number): number {
  const steps = Math.floor(maxBytes / (rowBytes * STEP));
  return Math.max(1, Math.min(steps, BLOCK_VARIANTS / STEP)) * STEP * rowBytes;
}
