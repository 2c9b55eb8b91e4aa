/**
 * What the sums of some columns over blocks of variants offer, dense (`dense-sums.ts`) or sparse (`sparse-sums.ts`).
 * Not responsible for: which columns are which (`sums.ts`).
 */

/** Variants of a block at most: their calls and entries stay in a processor's caches. */
export const BLOCK_VARIANTS = 2048;

/** Weights of all variants and columns. */
export interface ColumnWeights {
  readonly columns: number;
  /** weights[v × columns + c] */
  readonly weights: Float64Array;
}

/** Where a block's variants are among the weights: weights[(first + v) × columns + c]. */
export interface BlockPlace {
  readonly first: number;
  readonly count: number;
}

/** What both kinds of sums do, for the people and columns that they were made for. */
export interface PartialSums {
  /** As ScoreSums.addCalls, and `from` is the person of the block where these people begin. */
  addCalls(packed: Uint8Array, stride: number, values: Float64Array, place: BlockPlace, from: number): void;
  addDosages(dosages: Float64Array, people: number, place: BlockPlace, from: number): void;
  /** Writes the sums to [column][from …]. */
  take(into: readonly Float64Array[], from: number): void;
}
