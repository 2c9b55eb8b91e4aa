/**
 * Sums of scores over blocks of variants: the block's calls or dosages of some people at a time through the kernel.
 * Not responsible for: reading genotypes, or what stands in for a missing call (`score.ts`).
 */
import { HOM_REF, MISSING } from '../hardcalls.js';
import { PAGE } from '../wasm.js';
import {
  CODES_BYTES,
  CODE_SHIFT,
  GROUP,
  GROUPS,
  PEOPLE,
  STEP,
  TABLE_BYTES,
  TILE,
  scoringKernel,
} from './kernel.js';
import type { ScoringKernel } from './kernel.js';

/** Variants of a block: their codes are 2 MiB for the people of a call. */
export const BLOCK_VARIANTS = 512;
const PEOPLE_OF_DOSAGES = 1024;

/** Calls of a packed byte as codes of 16 bits: of its first two people, and of the other two. */
const FIRST_TWO = Int32Array.from({ length: 256 }, (_, byte) => (byte & 3) | ((byte & 12) << 14));
const OTHER_TWO = Int32Array.from({ length: 256 }, (_, byte) => FIRST_TWO[byte >> 4]!);
/** The low bit of each call in two codes. */
const LOW_BITS = 0x00550055 << CODE_SHIFT;

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
    const groups = Math.ceil(block.count / STEP) * GROUPS;
    const productsAt = GROUPS * TABLE_BYTES;
    const sumsAt = productsAt + PRODUCT_BYTES;
    const codesAt = sumsAt + 8 * TILE * PEOPLE;
    const kernel = this.kernelOf(codesAt + groups * CODES_BYTES);
    const { buffer } = kernel.memory;
    const products = new Float64Array(buffer, productsAt, GROUP * 4 * TILE);
    const codes = new Int32Array(buffer, codesAt, (groups * CODES_BYTES) / 4);
    for (let from = 0; from < this.people; from += PEOPLE) {
      const count = Math.min(PEOPLE, this.people - from);
      this.spread(packed, stride, from, count, block.count, groups, codes);
      for (let tile = 0; tile < this.tiles; tile++) {
        const sums = new Float64Array(buffer, sumsAt, TILE * count);
        this.exchange(tile, from, count, sums, false);
        for (let first = 0; first < groups; first += GROUPS) {
          for (let g = 0; g < GROUPS; g++) {
            this.products((first + g) * GROUP, tile, values, block, products);
            makeTable(kernel, productsAt, g * TABLE_BYTES);
          }
          kernel.calls(sumsAt, codesAt + first * CODES_BYTES, count);
        }
        this.exchange(tile, from, count, sums, true);
      }
    }
  }

  /** Codes of people [from, from + count), group after group. */
  private spread(
    packed: Uint8Array,
    stride: number,
    from: number,
    count: number,
    variants: number,
    groups: number,
    codes: Int32Array,
  ): void {
    const bytes = Math.ceil(count / 4);
    const nothing = new Uint8Array(bytes);
    const rowOf = (v: number): Uint8Array => {
      const at = v * stride + from / 4;
      return v < variants ? packed.subarray(at, at + bytes) : nothing;
    };
    for (let g = 0; g < groups; g++) {
      const v = g * GROUP;
      const [a, b, c, d] = [rowOf(v), rowOf(v + 1), rowOf(v + 2), rowOf(v + 3)];
      let at = (g * CODES_BYTES) / 4;
      for (let i = 0; i < bytes; i++) {
        const [w, x, y, z] = [a[i]!, b[i]!, c[i]!, d[i]!];
        const first =
          (FIRST_TWO[w]! | (FIRST_TWO[x]! << 2) | (FIRST_TWO[y]! << 4) | (FIRST_TWO[z]! << 6)) << CODE_SHIFT;
        const other =
          (OTHER_TWO[w]! | (OTHER_TWO[x]! << 2) | (OTHER_TWO[y]! << 4) | (OTHER_TWO[z]! << 6)) << CODE_SHIFT;
        codes[at++] = first;
        codes[at++] = other;
        const goneFirst = first & (first >>> 1) & LOW_BITS;
        const goneOther = other & (other >>> 1) & LOW_BITS;
        if ((goneFirst | goneOther) !== 0) {
          this.countMissing(goneFirst, from + 4 * i);
          this.countMissing(goneOther, from + 4 * i + 2);
        }
      }
    }
  }

  /** @param gone one bit for each missing call, those of the person after `first` in the upper half */
  private countMissing(gone: number, first: number): void {
    for (let bits = gone; bits !== 0; bits &= bits - 1) {
      this.missing[first + ((bits & -bits) >>> 0 < 65536 ? 0 : 1)]!++;
    }
  }

  /** weight × value of each variant of a group and each call, for a tile's columns: products[(4 × k + call) × TILE + c]. */
  private products(
    variant: number,
    tile: number,
    values: Float64Array,
    { count, weights, first }: BlockWeights,
    into: Float64Array,
  ): void {
    for (let k = 0; k < GROUP; k++) {
      const v = variant + k;
      for (let c = 0; c < TILE; c++) {
        const column = tile * TILE + c;
        const there = v < count && column < this.columns;
        const weight = there ? weights[(first + v) * this.columns + column]! : 0;
        for (let call = HOM_REF; call <= MISSING; call++)
          into[(4 * k + call) * TILE + c] = there ? weight * values[4 * v + call]! : 0;
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
          kernel.dosages(sumsAt + 8 * TILE * most * tile, rowsAt, count, weightsAt, 8 * most);
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

/** Products of a group, and room for the tables of its first two and three variants. */
const PRODUCT_BYTES = 8 * TILE * (4 * GROUP + 16 + 64);

/** The table of a group from its products. */
function makeTable(kernel: ScoringKernel, products: number, into: number): void {
  const row = 8 * TILE;
  const [two, three] = [products + 16 * row, products + 32 * row];
  kernel.extend(products, products + 4 * row, 4, two);
  kernel.extend(two, products + 8 * row, 16, three);
  kernel.extend(three, products + 12 * row, 64, into);
}
