/**
 * Blocks of people over dosages, variant by variant, with lists of the gaps: what a sum over people costs is then a plain loop over
 * numbers and a visit to each gap.
 *
 * Not responsible for reading genotypes, nor for which value fills a gap.
 */
import { VECTOR, callKernel, wholeVectors, type CallKernel } from './call-kernel.js';

/** The code of a gap among calls; among dosages it is NaN. */
export const GAP = 3;

export interface DosageBlock {
  readonly variants: number;
  readonly people: number;
  /** Calls 0, 1, 2 as bytes, or dosages 0 … 2: `values[j × people + i]`; 0 at a gap. */
  readonly values: Uint8Array | Float64Array;
  /** Gaps of variant j are `gaps[gapStart[j]]` up to `gaps[gapStart[j + 1]]`: people, ascending. */
  readonly gapStart: Int32Array;
  readonly gaps: Int32Array;
}

/** A block of values with their gaps marked by GAP or NaN. It keeps `values`, and writes 0 where they mark a gap: make it once. */
export function dosageBlock(
  variants: number,
  people: number,
  values: Uint8Array | Float64Array,
): DosageBlock {
  const gapStart = new Int32Array(variants + 1);
  const found = new GapList();
  if (values instanceof Uint8Array) takeCallGaps(values, people, gapStart, found);
  else takeDosageGaps(values, people, gapStart, found);
  return { variants, people, values, gapStart, gaps: found.finish() };
}

class GapList {
  private people = new Int32Array(1024);
  length = 0;

  push(person: number): void {
    if (this.length === this.people.length) {
      const longer = new Int32Array(2 * this.length);
      longer.set(this.people);
      this.people = longer;
    }
    this.people[this.length++] = person;
  }

  finish(): Int32Array {
    return this.people.slice(0, this.length);
  }
}

/** Both bits set in one of four bytes. */
const LOW_BITS = 0x01010101;

function takeCallGaps(calls: Uint8Array, people: number, gapStart: Int32Array, found: GapList): void {
  const variants = gapStart.length - 1;
  // Whole words from the first aligned byte on; what is before and after them byte by byte.
  const lead = Math.min(calls.length, (4 - (calls.byteOffset & 3)) & 3);
  const whole = Math.floor((calls.length - lead) / 4);
  const words =
    whole > 0 ? new Uint32Array(calls.buffer, calls.byteOffset + lead, whole) : new Uint32Array(0);
  let j = 0;
  const take = (at: number): void => {
    if (calls[at] !== GAP) return;
    while (at >= (j + 1) * people) gapStart[++j] = found.length;
    found.push(at - j * people);
    calls[at] = 0;
  };
  for (let at = 0; at < lead; at++) take(at);
  for (let w = 0; w < words.length; w++) {
    const word = words[w]!;
    if ((word & (word >>> 1) & LOW_BITS) === 0) continue;
    for (let at = lead + 4 * w, end = at + 4; at < end; at++) take(at);
  }
  for (let at = lead + 4 * words.length; at < calls.length; at++) take(at);
  while (j < variants) gapStart[++j] = found.length;
}

function takeDosageGaps(dosages: Float64Array, people: number, gapStart: Int32Array, found: GapList): void {
  for (let j = 0; j + 1 < gapStart.length; j++) {
    const row = dosages.subarray(j * people, (j + 1) * people);
    for (let i = 0; i < people; i++) {
      if (!Number.isNaN(row[i]!)) continue;
      found.push(i);
      row[i] = 0;
    }
    gapStart[j + 1] = found.length;
  }
}

/** Σ x_i·y_i over the people of a block for each of the `variants`, gaps filled with `fill` (by place in `variants`). */
export function products(
  block: DosageBlock,
  y: Float64Array,
  variants: Int32Array,
  fill: Float64Array,
): Float64Array {
  const { values, gaps, gapStart } = block;
  const sums = values instanceof Uint8Array ? callProducts(block, values, y, variants) : null;
  return fill.map((value, f) => {
    const j = variants[f]!;
    let overGaps = 0;
    for (let g = gapStart[j]!; g < gapStart[j + 1]!; g++) overGaps += y[gaps[g]!]!;
    return (sums ? sums[f]! : dosageProduct(block, j, y)) + value * overGaps;
  });
}

function dosageProduct({ values, people }: DosageBlock, j: number, y: Float64Array): number {
  const row = values.subarray(j * people, (j + 1) * people) as Float64Array;
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i]! * y[i]!;
  return sum;
}

/** Where a kernel's call has what: one variant's calls, a double for each person, and two doubles more. */
interface Bench {
  readonly kernel: CallKernel;
  readonly bytes: number;
  readonly calls: Uint8Array;
  readonly doubles: Float64Array;
  readonly pair: Float64Array;
}

function benchFor(people: number): Bench {
  const bytes = wholeVectors(Math.max(1, people));
  const kernel = callKernel(9 * bytes + VECTOR);
  const { buffer } = kernel.memory;
  const [pair, doubles, calls] = [
    new Float64Array(buffer, 0, 2),
    new Float64Array(buffer, VECTOR, bytes),
    new Uint8Array(buffer, VECTOR + 8 * bytes, bytes),
  ];
  doubles.fill(0, people);
  calls.fill(0, people);
  return { kernel, bytes, calls, doubles, pair };
}

function callProducts(
  { people }: DosageBlock,
  values: Uint8Array,
  y: Float64Array,
  variants: Int32Array,
): Float64Array {
  const { kernel, bytes, calls, doubles, pair } = benchFor(people);
  doubles.set(y);
  const sums = new Float64Array(variants.length);
  variants.forEach((j, f) => {
    calls.set(values.subarray(j * people, (j + 1) * people));
    pair.fill(0);
    kernel.multiply(pair.byteOffset, calls.byteOffset, bytes, doubles.byteOffset);
    sums[f] = pair[0]! + pair[1]!;
  });
  return sums;
}

/** sums += Σ_f weight_f·x_f for each person of a block, gaps of `variants[f]` filled with `fill[f]`. */
export function addWeighted(
  sums: Float64Array,
  block: DosageBlock,
  variants: Int32Array,
  weights: Float64Array,
  fill: Float64Array,
): void {
  const { values, people, gaps, gapStart } = block;
  if (values instanceof Uint8Array) addWeightedCalls(sums, values, people, variants, weights);
  else {
    variants.forEach((j, f) => {
      const row = values.subarray(j * people, (j + 1) * people);
      const weight = weights[f]!;
      for (let i = 0; weight !== 0 && i < people; i++) sums[i]! += weight * row[i]!;
    });
  }
  variants.forEach((j, f) => {
    const filled = weights[f]! * fill[f]!;
    for (let g = gapStart[j]!; g < gapStart[j + 1]!; g++) sums[gaps[g]!]! += filled;
  });
}

function addWeightedCalls(
  sums: Float64Array,
  values: Uint8Array,
  people: number,
  variants: Int32Array,
  weights: Float64Array,
): void {
  const { kernel, bytes, calls, doubles, pair } = benchFor(people);
  doubles.set(sums);
  variants.forEach((j, f) => {
    if (weights[f] === 0) return;
    calls.set(values.subarray(j * people, (j + 1) * people));
    pair[0] = weights[f]!;
    kernel.accumulate(doubles.byteOffset, calls.byteOffset, bytes, pair.byteOffset);
  });
  sums.set(doubles.subarray(0, people));
}
