/**
 * Sums of scores over blocks of variants: which columns go through which kernel, in bands of people whose sums fit a memory.
 * Not responsible for: reading genotypes, or what stands in for a missing call (`score.ts`).
 */
import { DenseSums } from './dense-sums.js';
import { TILE } from './kernel.js';
import type { BlockPlace, ColumnWeights, PartialSums } from './partial-sums.js';
import { SparseSums } from './sparse-sums.js';

/** Bytes of sums that one memory holds; the kernels' addresses have 32 bits. */
const BAND_BYTES = 2 ** 30;
/** Bands begin at whole bytes of packed calls, and at whole stretches of the kernels. */
const BAND_STEP = 64;

/**
 * A dense tile costs about 2.8 cycles a person and group of four variants, a weight of a sparse column 0.7, and unpacking the
 * calls for sparse columns 4 (measured). The bits are the same in either kernel.
 */
const TILE_COST = 2.8;
const WEIGHT_COST = 0.7;
const UNPACK_COST = 4;

/** Columns that cost less by their single weights, if all of them together are worth unpacking calls. */
export function sparseColumns({ columns, weights }: ColumnWeights): Int32Array {
  const groups = weights.length / columns / 4;
  const used = new Float64Array(columns);
  for (let at = 0; at < weights.length;)
    for (let c = 0; c < columns; c++) if (weights[at++] !== 0) used[c]!++;
  const few = Int32Array.from(used.keys()).filter(
    (c) => WEIGHT_COST * used[c]! < (TILE_COST / TILE) * groups,
  );
  const apart = few.reduce((sum, c) => sum + WEIGHT_COST * used[c]!, UNPACK_COST * groups);
  const tiles = (count: number): number => TILE_COST * groups * Math.ceil(count / TILE);
  return apart + tiles(columns - few.length) < tiles(columns) ? few : new Int32Array(0);
}

export class ScoreSums {
  /** Missing calls of each person. */
  readonly missing: Int32Array;
  private readonly bands: { readonly from: number; readonly parts: readonly PartialSums[] }[] = [];

  /**
   * @param ofCalls whether blocks of calls will come, else dosages
   * @param bandBytes of sums in one memory; the answer does not depend on it
   */
  constructor(
    private readonly people: number,
    private readonly model: ColumnWeights,
    ofCalls: boolean,
    bandBytes = BAND_BYTES,
  ) {
    this.missing = new Int32Array(people);
    const sparse = sparseColumns(model);
    const chosen = new Set(sparse);
    const dense = Int32Array.from({ length: model.columns }, (_, c) => c).filter((c) => !chosen.has(c));
    const rowBytes = 8 * (sparse.length + TILE * Math.ceil(dense.length / TILE));
    const band = Math.max(1, Math.floor(bandBytes / (rowBytes * BAND_STEP))) * BAND_STEP;
    for (let from = 0; from < people; from += band) {
      const count = Math.min(band, people - from);
      const parts: PartialSums[] = [];
      if (dense.length > 0) parts.push(new DenseSums(count, dense, model, ofCalls));
      if (sparse.length > 0) parts.push(new SparseSums(count, sparse, model, ofCalls));
      this.bands.push({ from, parts });
    }
  }

  /**
   * Adds a block of packed calls (`stride` bytes a variant, at most BLOCK_VARIANTS, the first a multiple of STEP).
   * @param values of each call of each variant: values[4 × v + call]
   */
  addCalls(packed: Uint8Array, stride: number, values: Float64Array, place: BlockPlace): void {
    for (let v = 0; v < place.count; v++)
      countMissing(packed.subarray(v * stride, (v + 1) * stride), this.missing);
    for (const { from, parts } of this.bands)
      for (const part of parts) part.addCalls(packed, stride, values, place, from);
  }

  /** Adds a block of dosages without gaps: dosages[v × people + s]. */
  addDosages(dosages: Float64Array, place: BlockPlace): void {
    for (const { from, parts } of this.bands)
      for (const part of parts) part.addDosages(dosages, this.people, place, from);
  }

  /** Sums of all people, column by column; bands are given up one after another, so call it once. */
  take(): Float64Array[] {
    const sums = Array.from({ length: this.model.columns }, () => new Float64Array(this.people));
    for (let band = this.bands.shift(); band !== undefined; band = this.bands.shift())
      for (const part of band.parts) part.take(sums, band.from);
    return sums;
  }
}

/** The low bit of each call of sixteen. */
const LOW_BITS = 0x55555555;

/** Adds one for each person whose call is missing; the padding holds none. */
function countMissing(row: Uint8Array, missing: Int32Array): void {
  const count = (bits: number, person: number): void => {
    for (; bits !== 0; bits &= bits - 1) missing[person + ((31 - Math.clz32(bits & -bits)) >> 1)]!++;
  };
  // Up to the first whole word of memory.
  const unaligned = -row.byteOffset & 3;
  const head = row.length < unaligned + 4 ? row.length : unaligned;
  const words = (row.length - head) >> 2;
  const byBytes = (from: number, to: number): void => {
    for (let b = from; b < to; b++) count(row[b]! & (row[b]! >>> 1) & LOW_BITS, 4 * b);
  };
  byBytes(0, head);
  if (words === 0) return;
  const calls = new Uint32Array(row.buffer, row.byteOffset + head, words);
  for (let w = 0; w < words; w++) {
    const gone = calls[w]! & (calls[w]! >>> 1) & LOW_BITS;
    if (gone !== 0) count(gone, 4 * head + 16 * w);
  }
  byBytes(head + 4 * words, row.length);
}
