/**
 * Sums of columns that weigh few variants (`sparse-kernel.ts`): only weights that are not zero cost anything.
 * Not responsible for: which columns those are (`sums.ts`).
 */
import { PAGE } from '../../stats/wasm.js';
import { GROUP, PACKED_STRIDE, PEOPLE, STEP } from './kernel.js';
import { ENTRY_BYTES, STRIP, STRIP_BYTES, VALUES_BYTES, sparseKernel } from './sparse-kernel.js';
import type { SparseKernel } from './sparse-kernel.js';
import { BLOCK_VARIANTS } from './partial-sums.js';
import type { BlockPlace, ColumnWeights, PartialSums } from './partial-sums.js';

/** People whose dosages are copied at a time, and the variants: they share the second cache with the entries. */
const PEOPLE_OF_DOSAGES = 128;
const VARIANTS_OF_DOSAGES = 512;
/** Bytes from the dosages of a variant to those of the next, where they are copied: not a power of two. */
const DOSAGES_STRIDE = 8 * PEOPLE_OF_DOSAGES + 64;
/** Weights that are not zero, of the variants of one pass over the people; a step's must fit. */
const ENTRIES = 2 ** 16;

/** Variants whose entries fit, [first, first + count) of the block. */
interface Pass {
  readonly first: number;
  readonly count: number;
}

export class SparseSums implements PartialSums {
  private readonly kernel: SparseKernel;
  private readonly most: number;
  private readonly variantBytes: number;
  // Addresses.
  private readonly dosagesAt: number;
  private readonly valuesAt: number;
  private readonly endsAt: number;
  private readonly entriesAt: number;
  /** Of sums[(strip × columns + c) × STRIP + s]. */
  private readonly sumsAt: number;

  /** @param columns of the model */
  constructor(
    private readonly people: number,
    private readonly columns: Int32Array,
    private readonly model: ColumnWeights,
    ofCalls: boolean,
  ) {
    this.most = Math.max(ENTRIES, STEP * columns.length);
    this.variantBytes = ofCalls ? STRIP_BYTES : DOSAGES_STRIDE;
    this.valuesAt = ofCalls ? BLOCK_VARIANTS * PACKED_STRIDE : 0;
    this.dosagesAt = this.valuesAt + (ofCalls ? BLOCK_VARIANTS * VALUES_BYTES : 0);
    this.endsAt = this.dosagesAt + (ofCalls ? BLOCK_VARIANTS : VARIANTS_OF_DOSAGES) * this.variantBytes;
    this.entriesAt = this.endsAt + 16 * Math.ceil(columns.length / 4);
    this.sumsAt = this.entriesAt + this.most * ENTRY_BYTES;
    const sums = Math.ceil(people / STRIP) * columns.length * STRIP_BYTES;
    this.kernel = sparseKernel(Math.ceil((this.sumsAt + sums) / PAGE));
  }

  addCalls(packed: Uint8Array, stride: number, values: Float64Array, place: BlockPlace, from: number): void {
    const { buffer } = this.kernel.memory;
    new Float64Array(buffer, this.valuesAt, 4 * place.count).set(values);
    for (const pass of this.passes(place, BLOCK_VARIANTS)) {
      this.fillEntries(place, pass);
      const calls = new Uint8Array(buffer, 0, pass.count * PACKED_STRIDE);
      for (let person = 0; person < this.people; person += PEOPLE) {
        const count = Math.min(PEOPLE, this.people - person);
        for (let v = 0; v < pass.count; v++) {
          const at = (pass.first + v) * stride + (from + person) / 4;
          calls.set(packed.subarray(at, at + Math.ceil(count / 4)), v * PACKED_STRIDE);
        }
        for (let s = 0; s < count; s += STRIP) {
          const valuesAt = this.valuesAt + pass.first * VALUES_BYTES;
          this.kernel.unpack(s / 4, s / 4 + calls.length, valuesAt, this.dosagesAt);
          this.addStrip(person + s, this.dosagesAt);
        }
      }
    }
  }

  addDosages(dosages: Float64Array, people: number, place: BlockPlace, from: number): void {
    const rows = new Float64Array(this.kernel.memory.buffer, this.dosagesAt);
    for (const pass of this.passes(place, VARIANTS_OF_DOSAGES)) {
      this.fillEntries(place, pass);
      for (let person = 0; person < this.people; person += PEOPLE_OF_DOSAGES) {
        const count = Math.min(PEOPLE_OF_DOSAGES, this.people - person);
        for (let v = 0; v < pass.count; v++) {
          const at = (pass.first + v) * people + from + person;
          rows.set(dosages.subarray(at, at + count), (v * DOSAGES_STRIDE) / 8);
        }
        for (let s = 0; s < count; s += STRIP) this.addStrip(person + s, this.dosagesAt + 8 * s);
      }
    }
  }

  private addStrip(person: number, dosages: number): void {
    const sums = this.sumsAt + (person / STRIP) * this.columns.length * STRIP_BYTES;
    this.kernel.add(this.endsAt, this.endsAt + 4 * this.columns.length, this.entriesAt, dosages, sums);
  }

  /** The block's variants in whole steps whose entries fit. */
  private passes(place: BlockPlace, most: number): Pass[] {
    const passes: Pass[] = [];
    let [first, entries] = [0, 0];
    for (let step = 0; step < place.count; step += STEP) {
      const here = this.countEntries(place, step);
      if (step > first && (entries + here > this.most || step - first + STEP > most)) {
        passes.push({ first, count: step - first });
        [first, entries] = [step, 0];
      }
      entries += here;
    }
    passes.push({ first, count: place.count - first });
    return passes;
  }

  private countEntries({ first, count }: BlockPlace, step: number): number {
    const { weights, columns } = this.model;
    let entries = 0;
    for (let v = step; v < Math.min(count, step + STEP); v++) {
      const row = (first + v) * columns;
      for (const column of this.columns) if (weights[row + column] !== 0) entries++;
    }
    return entries;
  }

  /** The entries of a pass, column after column, and where each column's end. */
  private fillEntries(place: BlockPlace, { first, count }: Pass): void {
    const { weights, columns } = this.model;
    const { buffer } = this.kernel.memory;
    const next = new Int32Array(this.columns.length);
    const rowOf = (v: number): number => (place.first + first + v) * columns;
    for (let v = 0; v < count; v++) {
      const row = rowOf(v);
      for (let c = 0; c < next.length; c++) if (weights[row + this.columns[c]!] !== 0) next[c]!++;
    }
    const ends = new Int32Array(buffer, this.endsAt, next.length);
    for (let c = 0, entries = 0; c < next.length; c++) {
      const start = entries;
      entries += next[c]!;
      next[c] = start;
      ends[c] = this.entriesAt + entries * ENTRY_BYTES;
    }
    const whole = new Int32Array(buffer, this.entriesAt, (this.most * ENTRY_BYTES) / 4);
    const real = new Float64Array(buffer, this.entriesAt, (this.most * ENTRY_BYTES) / 8);
    for (let v = 0; v < count; v += GROUP) {
      const end = Math.min(count, v + GROUP);
      for (let c = 0; c < next.length; c++) {
        const start = next[c]!;
        let at = start;
        for (let k = v, i = rowOf(v) + this.columns[c]!; k < end; k++, i += columns) {
          if (weights[i] === 0) continue;
          whole[4 * at] = k * this.variantBytes;
          real[2 * at + 1] = weights[i]!;
          at++;
        }
        if (at > start) whole[4 * start + 1] = at - start;
        next[c] = at;
      }
    }
  }

  take(into: readonly Float64Array[], from: number): void {
    const sums = new Float64Array(this.kernel.memory.buffer, this.sumsAt);
    const width = this.columns.length * STRIP;
    this.columns.forEach((column, c) => {
      const out = into[column]!;
      for (let s = 0, strip = c * STRIP; s < this.people; s += STRIP, strip += width) {
        const end = Math.min(STRIP, this.people - s);
        for (let i = 0; i < end; i++) out[from + s + i] = sums[strip + i]!;
      }
    });
  }
}
