/**
 * Scores: Σ weight × copies of the counted allele, for any number of weight columns in one pass over the genotypes.
 * Not responsible for: estimating weights, or the allele frequencies that stand in for missing calls: both are the
 * model's, frozen on its training people.
 */
import { ploidyOf } from '../chromosome.js';
import { fillMissingDosages } from '../missingdosage.js';
import { SEX_MALE } from '../samples.js';
import { dosageBlocks } from '../source.js';
import type { GenotypeSource } from '../source.js';

export interface ScoreWeights {
  /** Variants of the source, each once. */
  readonly variants: Uint32Array;
  /** AlleleIndex (0 ref, 1 alt) whose copies each weight multiplies. */
  readonly counted: Uint8Array;
  /** Number of weight columns. */
  readonly columns: number;
  /** weights[v × columns + c] */
  readonly weights: Float64Array;
  /** Frequency of the counted allele among the training people: a missing dosage is 2 × this. */
  readonly frequency: Float64Array;
}

export interface Scores {
  /** sums[c × people + s] */
  readonly sums: Float64Array;
  /** Missing dosages of each person that a frequency stood in for. */
  readonly imputed: Int32Array;
}

export interface ScoreOptions {
  /** Bytes of dosages held at a time (default 64 MiB); memory is this and the sums. */
  readonly blockBytes?: number | undefined;
}

/**
 * Scores people, as PLINK 2's `--score … cols=+scoresums` with `--read-freq`: on X a man's call counts 0 or 2, on Y and MT
 * everyone's counts 0 or 1, and on Y women add nothing. A person's sum adds variants in the given order, whatever the
 * block. Throws what the source throws; RangeError when lengths do not agree.
 */
export async function score(
  source: GenotypeSource,
  model: ScoreWeights,
  people: Uint32Array | undefined,
  options: ScoreOptions = {},
): Promise<Scores> {
  const { variants, counted, columns, weights, frequency } = model;
  if (weights.length !== variants.length * columns || counted.length !== variants.length) {
    throw new RangeError(`internal error: ${weights.length} weights for ${variants.length} × ${columns}`);
  }
  if (frequency.length !== variants.length)
    throw new RangeError('internal error: one frequency a variant is needed');
  const count = people?.length ?? source.samples.count;
  const sums = new Float64Array(columns * count);
  const imputed = new Int32Array(count);
  const ploidy = source.variants.chromosomeNames.map(ploidyOf);
  const female = Uint8Array.from({ length: count }, (_, s) => {
    return source.samples.sex[people?.[s] ?? s] === SEX_MALE ? 0 : 1;
  });
  for await (const block of dosageBlocks(source, variants, people, counted, options.blockBytes)) {
    for (let v = 0; v < block.count; v++) {
      const row = block.values.subarray(v * count, (v + 1) * count);
      const variant = block.first + v;
      const here = ploidy[source.variants.chromosome[variants[variant]!]!]!;
      fillMissingDosages(row, 2 * frequency[variant]!, imputed, here === 'y' ? female : undefined);
      if (here === 'y' || here === 'haploid') for (let s = 0; s < count; s++) row[s]! /= 2;
    }
    // Column by column: one column's sums stay in cache while the block's variants pass.
    for (let c = 0; c < columns; c++) {
      const sum = sums.subarray(c * count, (c + 1) * count);
      for (let v = 0; v < block.count; v++) {
        const weight = weights[(block.first + v) * columns + c]!;
        if (weight === 0) continue;
        const row = block.values.subarray(v * count, (v + 1) * count);
        for (let s = 0; s < count; s++) sum[s]! += weight * row[s]!;
      }
    }
  }
  return { sums, imputed };
}
