/**
 * Packed calls spread into bit planes, one bit a person: L heterozygous, H homozygous ALT, N not missing.
 * Not responsible for: haploid rules beyond erasing calls on request (`eraseHaploid`).
 */
import { HET, HOM_ALT, MISSING } from '../hardcalls.js';

/** For a byte of four calls: bits 0–3 het, 4–7 hom-ALT, 8–11 not missing. */
const BYTE_PLANES = Uint16Array.from({ length: 256 }, (_, byte) => {
  let planes = 0;
  for (let s = 0; s < 4; s++) {
    const call = (byte >> (2 * s)) & 3;
    if (call === HET) planes |= 1 << s;
    if (call === HOM_ALT) planes |= 16 << s;
    if (call !== MISSING) planes |= 256 << s;
  }
  return planes;
});

/**
 * Fills the three planes (bit s & 7 of byte s >> 3 is person s). Bits past `people` are zero in all three.
 * @param packed padding must be zero
 */
export function spreadPlanes(
  packed: Uint8Array,
  people: number,
  het: Uint8Array,
  homAlt: Uint8Array,
  present: Uint8Array,
): void {
  const bytes = Math.ceil(people / 8);
  for (let b = 0; b < bytes; b++) {
    const low = BYTE_PLANES[packed[2 * b]!]!;
    const high = BYTE_PLANES[packed[2 * b + 1] ?? 0]!;
    het[b] = (low & 15) | ((high & 15) << 4);
    homAlt[b] = ((low >> 4) & 15) | (high & 240);
    present[b] = (low >> 8) | ((high >> 4) & 240);
  }
  // The padding of packed calls reads as hom-REF, which is "not missing".
  if (people % 8 !== 0) present[bytes - 1]! &= (1 << (people & 7)) - 1;
  het.fill(0, bytes);
  homAlt.fill(0, bytes);
  present.fill(0, bytes);
}

/** A plane of the people for whom `flag` holds. */
export function planeOf(people: number, length: number, flag: (person: number) => boolean): Uint8Array {
  const plane = new Uint8Array(length);
  for (let s = 0; s < people; s++) if (flag(s)) plane[s >> 3]! |= 1 << (s & 7);
  return plane;
}

/** Turns heterozygous calls of the people in `haploid` into missing ones, as PLINK does before LD on X, Y and MT. */
export function eraseHaploidHets(het: Uint8Array, present: Uint8Array, haploid: Uint8Array): void {
  for (let b = 0; b < het.length; b++) {
    const erased = het[b]! & haploid[b]!;
    het[b]! ^= erased;
    present[b]! ^= erased;
  }
}
