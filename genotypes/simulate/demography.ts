/**
 * The history of the simulated ancestries: sizes and splits, after the out-of-Africa models (Gutenkunst et al., PLoS Genet 2009;
 * 5:e1000695), without migration and with growth in steps. Splits are later than theirs, so that FST without migration is near
 * the real one: about 0.15 between Europe and Africa, 0.1 between Europe and East Asia, 0.03 between Europe and South Asia.
 * Not responsible for drawing genealogies (genealogy.ts).
 */

/** Index 0 is the main ancestry. */
export const ANCESTRIES = ['EUR', 'AFR', 'SAS', 'EAS'] as const;

/** Each minority's share of all minorities. */
export const MINORITY_SHARES = [0, 0.3, 0.5, 0.2] as const;

export interface Epoch {
  /** Generations ago; the epoch lasts until the next one begins, the last one for ever. */
  readonly from: number;
  /** Diploid effective size of each ancestry; 0 once it has merged into another. */
  readonly sizes: readonly number[];
  /** When the epoch begins, looking backwards, the first ancestry's lineages become the second's. */
  readonly merge?: readonly [from: number, into: number];
}

export const EPOCHS: readonly Epoch[] = [
  { from: 0, sizes: [20_000, 20_000, 20_000, 20_000] },
  { from: 200, sizes: [6_000, 16_000, 8_000, 5_000] },
  { from: 600, sizes: [4_000, 14_000, 0, 4_000], merge: [2, 0] },
  { from: 900, sizes: [3_500, 14_000, 0, 0], merge: [3, 0] },
  { from: 1_900, sizes: [0, 14_000, 0, 0], merge: [0, 1] },
  { from: 6_000, sizes: [0, 7_300, 0, 0] },
];

/**
 * Long-term effective size that sets how fast a person's haplotype switches between founders: 4·Ne·r/K, as in HAPGEN2 (Su,
 * Marchini, Donnelly, Bioinformatics 2011; 27:2304), whose value for Europeans this is.
 */
export const COPYING_EFFECTIVE_SIZE = 11_418;

/** Mutations do not change the shape of anything here; recombination does: Morgans per base pair, genome-wide mean. */
export const MORGANS_PER_BASE = 1.2e-8;
