/**
 * Sums of scores over blocks of variants: the block's calls or dosages of some people at a time through the kernel.
 * Not responsible for: reading genotypes, or what stands in for a missing call (`score.ts`).
 */
import { MISSING } from '../hardcalls.js';
import { PAGE } from '../wasm.js';
import { COMBINATIONS, GROUP, GROUPS, STEP, TABLE_BYTES, TILE, scoringKernel } from './kernel.js';
import type { ScoringKernel } from './kernel.js';

/** Variants of a block: their codes and the sums of PEOPLE_OF_CALLS share a processor's cache. */
export const BLOCK_VARIANTS = 16 * STEP;
/** Tables of 256 terms are made anew for so many people, sums of whom stay in cache. */
const PEOPLE_OF_CALLS = 8192;
const PEOPLE_OF_DOSAGES = 1024;

/** Four calls of a packed byte, each in a byte of its own. */
const SPREAD = Int32Array.from({ length: 256 }, (_, byte) => {
  return (byte & 3) | ((byte & 12) << 6) | ((byte & 48) << 12) | ((byte & 192) << 18);
});
/** Bits that are set in a byte only by the low bit of a missing call. */
const LOW_BITS = 0x55555555;

/** Weights of a block's variants. */
export interface BlockWeights {
  /** Variants of the block. */
  readonly count: number;
  /** Their weights: at[(first + v) × columns + c]. */
  readonly weights: Float64Array;
  readonly first: number;
}

export class ScoreSums {
  /** sums[c × people + s] */
  readonly sums: Float64Array;
  /** Missing calls of each person. */
  readonly missing: Int32Array;
  private readonly tiles: number;
  private kernel: ScoringKernel | undefined;

  constructor(
    private readonly people: number,
    private readonly columns: number,
  ) {
    this.sums = new Float64Array(columns * people);
    this.missing = new Int32Array(people);
    this.tiles = Math.ceil(columns / TILE);
  }

  /** The kernel with at least so many bytes of memory. */
  private kernelOf(bytes: number): ScoringKernel {
    if (this.kernel === undefined || this.kernel.memory.buffer.byteLength < bytes)
      this.kernel = scoringKernel(Math.ceil(bytes / PAGE));
    return this.kernel;
  }

  /** Sums of a tile's columns between [c × people + s] and the kernel's [s × TILE + c]. */
  private exchange(tile: number, from: number, count: number, inKernel: Float64Array, store: boolean): void {
    for (let c = 0; c < TILE; c++) {
      const column = tile * TILE + c;
      if (column >= this.columns) {
        if (!store) for (let s = 0, at = c; s < count; s++, at += TILE) inKernel[at] = 0;
        continue;
      }
      const sums = this.sums.subarray(column * this.people + from, column * this.people + from + count);
      if (store) for (let s = 0, at = c; s < count; s++, at += TILE) sums[s] = inKernel[at]!;
      else for (let s = 0, at = c; s < count; s++, at += TILE) inKernel[at] = sums[s]!;
    }
  }

  /**
   * Adds a block of packed calls (`stride` bytes a variant, at most BLOCK_VARIANTS).
   * @param values of each call of each variant: values[4 × v + call]
   */
  addCalls(packed: Uint8Array, stride: number, values: Float64Array, block: BlockWeights): void {
    const steps = Math.ceil(block.count / STEP);
    const most = Math.min(PEOPLE_OF_CALLS, 4 * stride);
    const tables = 0;
    const sumsAt = GROUPS * TABLE_BYTES;
    const codesAt = sumsAt + 8 * TILE * most;
    const kernel = this.kernelOf(codesAt + steps * GROUPS * most);
    const { buffer } = kernel.memory;
    const table = new Float64Array(buffer, tables, (GROUPS * TABLE_BYTES) / 8);
    for (let from = 0; from < this.people; from += most) {
      const count = Math.min(most, this.people - from);
      const codes = new Int32Array(buffer, codesAt, (steps * GROUPS * most) / 4);
      this.spread(packed, stride, from, count, block.count, steps * GROUPS, most, codes);
      for (let tile = 0; tile < this.tiles; tile++) {
        const sums = new Float64Array(buffer, sumsAt, TILE * count);
        this.exchange(tile, from, count, sums, false);
        for (let step = 0; step < steps; step++) {
          for (let g = 0; g < GROUPS; g++) {
            const into = table.subarray(g * COMBINATIONS * TILE, (g + 1) * COMBINATIONS * TILE);
            this.terms((step * GROUPS + g) * GROUP, tile, values, block, into);
          }
          kernel.calls(sumsAt, codesAt + step * GROUPS * most, tables, count, most);
        }
        this.exchange(tile, from, count, sums, true);
      }
    }
  }

  /** Codes of people [from, from + count): four variants' calls of a person in a byte, group after group. */
  private spread(
    packed: Uint8Array,
    stride: number,
    from: number,
    count: number,
    variants: number,
    groups: number,
    most: number,
    codes: Int32Array,
  ): void {
    const words = Math.ceil(count / 4);
    const nothing = new Uint8Array(words);
    for (let g = 0; g < groups; g++) {
      const [a, b, c, d] = [0, 1, 2, 3].map((k) => {
        const at = (g * GROUP + k) * stride + from / 4;
        return g * GROUP + k < variants ? packed.subarray(at, at + words) : nothing;
      }) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
      const into = codes.subarray((g * most) / 4, (g * most) / 4 + words);
      for (let w = 0; w < words; w++) {
        const code = SPREAD[a[w]!]! | (SPREAD[b[w]!]! << 2) | (SPREAD[c[w]!]! << 4) | (SPREAD[d[w]!]! << 6);
        into[w] = code;
        const gone = code & (code >>> 1) & LOW_BITS;
        if (gone !== 0) this.countMissing(gone, from + 4 * w);
      }
    }
  }

  private countMissing(gone: number, first: number): void {
    for (let bits = gone; bits !== 0; bits &= bits - 1) {
      this.missing[first + ((31 - Math.clz32(bits & -bits)) >> 3)]!++;
    }
  }

  /** The term of every combination of calls of four variants, for a tile's columns. */
  private terms(
    variant: number,
    tile: number,
    values: Float64Array,
    { count, weights, first }: BlockWeights,
    into: Float64Array,
  ): void {
    const products = new Float64Array(4 * GROUP);
    for (let c = 0; c < TILE; c++) {
      const column = tile * TILE + c;
      for (let k = 0; k < GROUP; k++) {
        const v = variant + k;
        const there = v < count && column < this.columns;
        const weight = there ? weights[(first + v) * this.columns + column]! : 0;
        for (let call = 0; call <= MISSING; call++)
          products[4 * k + call] = there ? weight * values[4 * v + call]! : 0;
      }
      for (let z = 0; z < 64; z++) {
        const three = products[z & 3]! + products[4 + ((z >> 2) & 3)]! + products[8 + (z >> 4)]!;
        for (let last = 0; last < 4; last++) into[(z + 64 * last) * TILE + c] = three + products[12 + last]!;
      }
    }
  }

  /** Adds a block of dosages without gaps: dosages[v × people + s]. */
  addDosages(dosages: Float64Array, block: BlockWeights): void {
    const most = Math.min(PEOPLE_OF_DOSAGES, this.people);
    const weightsAt = 0;
    const rowsAt = 8 * STEP * TILE;
    const sumsAt = rowsAt + 8 * STEP * most;
    const kernel = this.kernelOf(sumsAt + 8 * TILE * most * this.tiles);
    const { buffer } = kernel.memory;
    const weights = new Float64Array(buffer, weightsAt, STEP * TILE);
    const rows = new Float64Array(buffer, rowsAt, STEP * most);
    const sumsOf = (tile: number, count: number): Float64Array =>
      new Float64Array(buffer, sumsAt + 8 * TILE * most * tile, TILE * count);
    for (let from = 0; from < this.people; from += most) {
      const count = Math.min(most, this.people - from);
      for (let tile = 0; tile < this.tiles; tile++)
        this.exchange(tile, from, count, sumsOf(tile, count), false);
      for (let step = 0; step < block.count; step += STEP) {
        rows.fill(0);
        for (let v = 0; v < STEP && step + v < block.count; v++) {
          const at = (step + v) * this.people + from;
          rows.set(dosages.subarray(at, at + count), v * most);
        }
        for (let tile = 0; tile < this.tiles; tile++) {
          this.tileWeights(step, tile, block, weights);
          kernel.dosages(sumsAt + 8 * TILE * most * tile, rowsAt, weightsAt, count, 8 * most);
        }
      }
      for (let tile = 0; tile < this.tiles; tile++)
        this.exchange(tile, from, count, sumsOf(tile, count), true);
    }
  }

  /** weights[v × TILE + c] of a step; zero for variants and columns that are not there. */
  private tileWeights(
    step: number,
    tile: number,
    { count, weights, first }: BlockWeights,
    into: Float64Array,
  ): void {
    for (let v = 0; v < STEP; v++) {
      for (let c = 0; c < TILE; c++) {
        const column = tile * TILE + c;
        const there = step + v < count && column < this.columns;
        into[v * TILE + c] = there ? weights[(first + step + v) * this.columns + column]! : 0;
      }
    }
  }
}
