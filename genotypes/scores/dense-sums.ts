/**
 * Sums of columns that weigh most variants, eight at a time (`kernel.ts`).
 * Not responsible for: which columns those are (`sums.ts`).
 */
import { PAGE } from '../../stats/wasm.js';
import {
  CODES_BYTES,
  GROUP,
  GROUPS,
  PACKED_STRIDE,
  PEOPLE,
  SPREAD_BYTES,
  STEP,
  TABLE_BYTES,
  TILE,
  scoringKernel,
} from './kernel.js';
import type { ScoringKernel } from './kernel.js';
import { BLOCK_VARIANTS } from './partial-sums.js';
import type { BlockPlace, ColumnWeights, PartialSums } from './partial-sums.js';

const PEOPLE_OF_DOSAGES = 1024;
const ROW = 8 * TILE;
/** Values of a variant's four calls. */
const VALUES_BYTES = 32;
/** Products of a group, and room for the tables of its first two and three variants. */
const PRODUCT_BYTES = ROW * (4 * GROUP + 16 + 64);
const MOST_GROUPS = BLOCK_VARIANTS / GROUP;

/** Addresses: of calls a step's tables, a group's products and calls, the codes of all groups, their values and weights; of dosages a step's weights and rows. */
const PRODUCTS_AT = GROUPS * TABLE_BYTES;
const PACKED_AT = PRODUCTS_AT + PRODUCT_BYTES;
const CODES_AT = PACKED_AT + GROUP * PACKED_STRIDE;
const ROWS_AT = ROW * STEP;

export class DenseSums implements PartialSums {
  private readonly tiles: number;
  private readonly kernel: ScoringKernel;
  private readonly valuesAt: number;
  /** Of weights[tile × tileBytes / 8 + v × TILE + c] of a block. */
  private readonly weightsAt: number;
  private readonly tileBytes: number;
  /** Of sums[(tile × padded + s) × TILE + c]. */
  private readonly sumsAt: number;
  /** People, and those that fill the last bytes of packed calls. */
  private readonly padded: number;

  /** @param columns of the model */
  constructor(
    private readonly people: number,
    private readonly columns: Int32Array,
    private readonly model: ColumnWeights,
    ofCalls: boolean,
  ) {
    this.tiles = Math.ceil(columns.length / TILE);
    this.padded = Math.ceil(people / 4) * 4;
    const groups = Math.min(MOST_GROUPS, Math.ceil(model.weights.length / model.columns / STEP) * GROUPS);
    this.valuesAt = CODES_AT + groups * CODES_BYTES;
    this.weightsAt = this.valuesAt + groups * GROUP * VALUES_BYTES;
    this.tileBytes = groups * GROUP * ROW;
    this.sumsAt = ofCalls
      ? this.weightsAt + this.tiles * this.tileBytes
      : ROWS_AT + 8 * STEP * PEOPLE_OF_DOSAGES;
    this.kernel = scoringKernel(Math.ceil((this.sumsAt + this.tiles * this.padded * ROW) / PAGE));
  }

  private sumsOf(tile: number, person: number): number {
    return this.sumsAt + (tile * this.padded + person) * ROW;
  }

  addCalls(packed: Uint8Array, stride: number, values: Float64Array, place: BlockPlace, from: number): void {
    const { kernel } = this;
    const groups = Math.ceil(place.count / STEP) * GROUPS;
    const valuesOf = new Float64Array(kernel.memory.buffer, this.valuesAt, groups * GROUP * 4).fill(0);
    valuesOf.set(values);
    for (let tile = 0; tile < this.tiles; tile++) {
      const at = this.weightsAt + tile * this.tileBytes;
      this.tileWeights(0, tile, place, new Float64Array(kernel.memory.buffer, at, groups * GROUP * TILE));
    }
    for (let person = 0; person < this.people; person += PEOPLE) {
      const count = Math.min(PEOPLE, this.people - person);
      this.spread(packed, stride, from + person, count, place.count, groups);
      for (let tile = 0; tile < this.tiles; tile++) {
        const sums = this.sumsOf(tile, person);
        const weights = this.weightsAt + tile * this.tileBytes;
        for (let first = 0; first < groups; first += GROUPS) {
          for (let g = 0; g < GROUPS; g++) {
            const variant = (first + g) * GROUP;
            kernel.products(weights + variant * ROW, this.valuesAt + variant * VALUES_BYTES, PRODUCTS_AT);
            makeTable(kernel, g * TABLE_BYTES);
          }
          kernel.calls(sums, CODES_AT + first * CODES_BYTES, count);
        }
      }
    }
  }

  /** Codes of people [from, from + count) of the block, group after group. */
  private spread(
    packed: Uint8Array,
    stride: number,
    from: number,
    count: number,
    variants: number,
    groups: number,
  ): void {
    const bytes = Math.ceil(count / 4);
    const calls = new Uint8Array(this.kernel.memory.buffer, PACKED_AT, GROUP * PACKED_STRIDE);
    for (let g = 0; g < groups; g++) {
      for (let k = 0; k < GROUP; k++) {
        const v = g * GROUP + k;
        const at = v * stride + from / 4;
        if (v < variants) calls.set(packed.subarray(at, at + bytes), k * PACKED_STRIDE);
        else calls.fill(0, k * PACKED_STRIDE, k * PACKED_STRIDE + bytes);
      }
      const whole = Math.ceil(bytes / SPREAD_BYTES) * SPREAD_BYTES;
      this.kernel.spread(PACKED_AT, CODES_AT + g * CODES_BYTES, whole);
    }
  }

  addDosages(dosages: Float64Array, people: number, place: BlockPlace, from: number): void {
    const { kernel } = this;
    const weights = new Float64Array(kernel.memory.buffer, 0, STEP * TILE);
    const rows = new Float64Array(kernel.memory.buffer, ROWS_AT, STEP * PEOPLE_OF_DOSAGES);
    for (let person = 0; person < this.people; person += PEOPLE_OF_DOSAGES) {
      const count = Math.min(PEOPLE_OF_DOSAGES, this.people - person);
      for (let step = 0; step < place.count; step += STEP) {
        if (step + STEP > place.count) rows.fill(0);
        for (let v = 0; v < STEP && step + v < place.count; v++) {
          const at = (step + v) * people + from + person;
          rows.set(dosages.subarray(at, at + count), v * PEOPLE_OF_DOSAGES);
        }
        for (let tile = 0; tile < this.tiles; tile++) {
          this.tileWeights(step, tile, place, weights);
          kernel.dosages(this.sumsOf(tile, person), ROWS_AT, count, 0, 8 * PEOPLE_OF_DOSAGES);
        }
      }
    }
  }

  /** weights[v × TILE + c] of the variants from `step` on, as many as there is room for; zero for variants and columns that are not there. */
  private tileWeights(step: number, tile: number, { count, first }: BlockPlace, into: Float64Array): void {
    const { weights, columns } = this.model;
    const there = this.columns.subarray(tile * TILE, (tile + 1) * TILE);
    const variants = Math.min(into.length / TILE, count - step);
    into.fill(0);
    for (let v = 0; v < variants; v++) {
      const row = (first + step + v) * columns;
      for (let c = 0; c < there.length; c++) into[v * TILE + c] = weights[row + there[c]!]!;
    }
  }

  take(into: readonly Float64Array[], from: number): void {
    for (let tile = 0; tile < this.tiles; tile++) {
      const sums = new Float64Array(this.kernel.memory.buffer, this.sumsOf(tile, 0), TILE * this.people);
      this.columns.subarray(tile * TILE, (tile + 1) * TILE).forEach((column, c) => {
        const out = into[column]!;
        for (let s = 0, at = c; s < this.people; s++, at += TILE) out[from + s] = sums[at]!;
      });
    }
  }
}

/** The table of a group from its products. */
function makeTable(kernel: ScoringKernel, into: number): void {
  const [two, three] = [PRODUCTS_AT + 16 * ROW, PRODUCTS_AT + 32 * ROW];
  kernel.extend(PRODUCTS_AT, PRODUCTS_AT + 4 * ROW, 4, two);
  kernel.extend(two, PRODUCTS_AT + 8 * ROW, 16, three);
  kernel.extend(three, PRODUCTS_AT + 12 * ROW, 64, into);
}
