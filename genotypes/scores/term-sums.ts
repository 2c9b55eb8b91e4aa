/**
 * Sums of weighted calls where each sum has variants of its own: terms are added to a person's sum strictly in the order given, so
 * that a sum does not depend on the others.
 *
 * Not responsible for reading genotypes, nor for scores whose weights form a table (`score.ts`).
 */
import { GAP_CODE, PEOPLE_AT_ONCE, TERM_BYTES, termKernel } from './term-kernel.js';

/** One variant in one sum. */
export interface Term {
  /** Row of the block. */
  readonly variant: number;
  readonly weight: number;
  /** What a missing call counts as, in copies of the counted allele. */
  readonly expected: number;
  /** Whether copies of ALT count, or of REF. */
  readonly countsAlt: boolean;
}

/** Packed calls (2 bits, `hardcalls.ts`) of consecutive variants. */
export interface PackedBlock {
  readonly count: number;
  readonly calls: Uint8Array;
  /** Bytes of a variant. */
  readonly stride: number;
}

/** People whose copies are unpacked at a time: with the sums of one model they stay in the second cache. */
const TOGETHER = 1024;
/** Variants of a block at most. */
export const TERM_BLOCK_VARIANTS = 1024;

/** Copies of ALT and of REF, four people at a time; gaps stay. */
const ALT_OF_BYTE = copiesOfByte([0, 1, 2, GAP_CODE]);
const REF_OF_BYTE = copiesOfByte([2, 1, 0, GAP_CODE]);

function copiesOfByte(copies: readonly number[]): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) =>
    [0, 1, 2, 3].reduce((word, s) => word | (copies[(byte >> (2 * s)) & 3]! << (8 * s)), 0),
  );
}

/**
 * Adds the terms of each sum (by number of the sum; holes for none) to `sums`, one double a person of the block.
 * @param without whether `people[i]` counts as 0 copies of a variant's either allele; null: nobody does
 */
export function addTerms(
  sums: readonly Float64Array[],
  terms: readonly (readonly Term[] | undefined)[],
  { calls, count, stride }: PackedBlock,
  people: number,
  without: (variant: number) => Uint8Array | null,
): void {
  const rows = copyRows(terms, count);
  const total = terms.reduce((sum, list) => sum + (list?.length ?? 0), 0);
  const copiesAt = 8 * TOGETHER;
  const termsAt = copiesAt + rows.length * TOGETHER;
  const kernel = termKernel(termsAt + total * TERM_BYTES);
  const { buffer } = kernel.memory;
  const endOf = placeTerms(buffer, termsAt, terms, rows, copiesAt);
  const here = new Float64Array(buffer, 0, TOGETHER);
  for (let from = 0; from < people; from += TOGETHER) {
    const width = Math.min(TOGETHER, people - from);
    for (const [r, { variant, isAlt }] of rows.entries()) {
      const to = new Uint8Array(buffer, copiesAt + r * TOGETHER, TOGETHER);
      unpack(calls, variant * stride + from / 4, width, isAlt ? ALT_OF_BYTE : REF_OF_BYTE, to);
      const absent = without(variant);
      if (absent) for (let i = 0; i < width; i++) if (absent[from + i] === 1) to[i] = 0;
    }
    const end = 8 * PEOPLE_AT_ONCE * Math.ceil(width / PEOPLE_AT_ONCE);
    let start = termsAt;
    for (const [s, termsEnd] of endOf) {
      const sum = sums[s]!.subarray(from, from + width);
      here.set(sum);
      kernel.add(0, end, start, termsEnd);
      sum.set(here.subarray(0, width));
      start = termsEnd;
    }
  }
}

/** Writes the terms one sum after another from address `at`; the answer is each sum's number and the address after its terms. */
function placeTerms(
  buffer: ArrayBuffer,
  at: number,
  terms: readonly (readonly Term[] | undefined)[],
  rows: readonly CopyRow[],
  copiesAt: number,
): [sum: number, end: number][] {
  const addressOf = new Map(
    rows.map(({ variant, isAlt }, r) => [key(variant, isAlt), copiesAt + r * TOGETHER]),
  );
  const view = new DataView(buffer);
  const ends: [sum: number, end: number][] = [];
  terms.forEach((list, s) => {
    if (!list || list.length === 0) return;
    for (const { variant, weight, expected, countsAlt } of list) {
      view.setInt32(at, addressOf.get(key(variant, countsAlt))!, true);
      view.setFloat64(at + 8, weight, true);
      view.setFloat64(at + 16, expected, true);
      at += TERM_BYTES;
    }
    ends.push([s, at]);
  });
  return ends;
}

interface CopyRow {
  readonly variant: number;
  readonly isAlt: boolean;
}

const key = (variant: number, isAlt: boolean): number => 2 * variant + Number(isAlt);

/** Which copies of which variant some term counts. */
function copyRows(terms: readonly (readonly Term[] | undefined)[], count: number): CopyRow[] {
  const isUsed = new Uint8Array(2 * count);
  for (const list of terms)
    for (const { variant, countsAlt } of list ?? []) isUsed[key(variant, countsAlt)] = 1;
  return [...isUsed.keys()]
    .filter((at) => isUsed[at] === 1)
    .map((at) => ({ variant: at >> 1, isAlt: (at & 1) === 1 }));
}

function unpack(packed: Uint8Array, start: number, width: number, copies: Int32Array, to: Uint8Array): void {
  const words = new Int32Array(to.buffer, to.byteOffset, to.length / 4);
  // TOGETHER is a multiple of four: a byte never straddles two stretches.
  for (let i = 0; 4 * i < width; i++) words[i] = copies[packed[start + i]!]!;
}
