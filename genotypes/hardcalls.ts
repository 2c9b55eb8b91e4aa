/**
 * Hard calls packed two bits a person, PLINK 2's code, low bits first: 0 hom-REF, 1 het, 2 hom-ALT, 3 missing.
 * Not responsible for: bit planes for LD (`ld/planes.ts`) or file formats.
 */
import { tallyBits } from './tally.js';

export const HOM_REF = 0;
export const HET = 1;
export const HOM_ALT = 2;
export const MISSING = 3;

/**
 * A dosage becomes the nearest whole genotype when it lies within this distance of it, else a missing call:
 * PLINK 2's `--hard-call-threshold`.
 */
export const HARD_CALL_DISTANCE = 0.1;

/** Bytes for `count` packed calls; bits past the last person are zero. */
export function packedLength(count: number): number {
  return Math.ceil(count / 4);
}

export function callAt(packed: Uint8Array, person: number): number {
  return (packed[person >> 2]! >> ((person & 3) << 1)) & 3;
}

export function setCall(packed: Uint8Array, person: number, call: number): void {
  const shift = (person & 3) << 1;
  packed[person >> 2] = (packed[person >> 2]! & ~(3 << shift)) | (call << shift);
}

/** Clears the bits past the last person. */
export function clearPadding(packed: Uint8Array, count: number): void {
  if (count % 4 !== 0) packed[count >> 2]! &= (1 << ((count & 3) << 1)) - 1;
}

/** By which of four people are wanted (4 bits) and their calls (8 bits): the wanted calls, and in the high byte how many bits they are. */
const KEPT_OF_BYTE = Uint16Array.from({ length: 16 * 256 }, (_, index) => {
  let calls = 0;
  let bits = 0;
  for (let s = 0; s < 4; s++) {
    if (((index >> (8 + s)) & 1) === 0) continue;
    calls |= ((index >> (2 * s)) & 3) << bits;
    bits += 2;
  }
  return calls | (bits << 8);
});

/** The calls of some people, made ready once for every variant. */
export class CallGather {
  /** Where most are wanted, in ascending order: which of each four, for a pass over bytes instead of over people. */
  private readonly wanted: Uint8Array | null;

  /** @param people indices below `total`, in the order that is wanted */
  constructor(
    private readonly people: Uint32Array,
    total: number,
  ) {
    this.wanted = isDenseAscending(people, total) ? new Uint8Array(packedLength(total)) : null;
    if (this.wanted) for (const s of people) this.wanted[s >> 2]! |= 1 << (s & 3);
  }

  /** Writes the calls packed from the start of `to`, which is as long as they are. */
  calls(from: Uint8Array, to: Uint8Array): void {
    if (this.wanted) keepCalls(from, this.wanted, to);
    else gatherCalls(from, this.people, to);
  }
}

function isDenseAscending(people: Uint32Array, total: number): boolean {
  if (2 * people.length < total) return false;
  for (let i = 1; i < people.length; i++) if (people[i]! <= people[i - 1]!) return false;
  return true;
}

/** Two bytes at a time; what is left of a byte waits for the next two, so that no branch depends on the data. */
function keepCalls(from: Uint8Array, wanted: Uint8Array, to: Uint8Array): void {
  const end = wanted.length & ~1;
  let waiting = 0;
  let bits = 0;
  let at = 0;
  for (let b = 0; b < end; b += 2) {
    const low = KEPT_OF_BYTE[(wanted[b]! << 8) | from[b]!]!;
    const high = KEPT_OF_BYTE[(wanted[b + 1]! << 8) | from[b + 1]!]!;
    const lowBits = low >> 8;
    waiting |= ((low & 255) | ((high & 255) << lowBits)) << bits;
    bits += lowBits + (high >> 8);
    // Bytes that are not whole yet are written again.
    to[at] = waiting;
    to[at + 1] = waiting >>> 8;
    const whole = bits >> 3;
    at += whole;
    waiting >>>= whole << 3;
    bits &= 7;
  }
  if (end < wanted.length) {
    const last = KEPT_OF_BYTE[(wanted[end]! << 8) | from[end]!]!;
    waiting |= (last & 255) << bits;
    bits += last >> 8;
  }
  for (; bits > 0; bits -= 8) {
    to[at++] = waiting;
    waiting >>>= 8;
  }
}

function gatherCalls(from: Uint8Array, people: Uint32Array, to: Uint8Array): void {
  const whole = people.length >> 2;
  let p = 0;
  for (let b = 0; b < whole; b++, p += 4) {
    const i = people[p]!;
    const j = people[p + 1]!;
    const k = people[p + 2]!;
    const l = people[p + 3]!;
    to[b] =
      ((from[i >> 2]! >> ((i & 3) << 1)) & 3) |
      (((from[j >> 2]! >> ((j & 3) << 1)) & 3) << 2) |
      (((from[k >> 2]! >> ((k & 3) << 1)) & 3) << 4) |
      (((from[l >> 2]! >> ((l & 3) << 1)) & 3) << 6);
  }
  if (p < people.length) {
    to[whole] = 0;
    for (; p < people.length; p++) setCall(to, p, callAt(from, people[p]!));
  }
}

/** Packs dosages of the ALT allele (0 … 2, NaN missing) by HARD_CALL_DISTANCE. */
export function callsFromDosages(dosages: Float64Array, count: number, to: Uint8Array): void {
  to.fill(0, 0, packedLength(count));
  for (let s = 0; s < count; s++) {
    const dosage = dosages[s]!;
    const nearest = Math.round(dosage);
    // The slack admits a dosage stored as a multiple of 2^-14 next to the border, as PLINK 2's integers do.
    const call = Math.abs(dosage - nearest) <= HARD_CALL_DISTANCE + 1e-12 ? nearest : MISSING;
    to[s >> 2]! |= call << ((s & 3) << 1);
  }
}

const DOSAGE_OF_CALL = [0, 1, 2, NaN] as const;

/** ALT dosages of packed calls; missing is NaN. */
export function dosagesFromCalls(packed: Uint8Array, count: number, to: Float64Array): void {
  for (let s = 0; s < count; s++) to[s] = DOSAGE_OF_CALL[(packed[s >> 2]! >> ((s & 3) << 1)) & 3]!;
}

/** Number of people with each call: [hom-REF, het, hom-ALT, missing]. */
export function countCalls(packed: Uint8Array, count: number): [number, number, number, number] {
  const whole = count >> 2;
  const [low, high, both] = tallyBits(packed.subarray(0, whole));
  const totals: [number, number, number, number] = [
    4 * whole - low - high + both,
    low - both,
    high - both,
    both,
  ];
  for (let s = whole * 4; s < count; s++) totals[callAt(packed, s)]!++;
  return totals;
}
