/**
 * One person's cell of a VCF record: copies of the ALT allele from GT, DS, HDS or GP.
 * Not responsible for: multi-allelic records (refused before this), likelihoods (PL, GL).
 * Format: VCF 4.2, §1.4.2; HDS and DS as Minimac writes them.
 */
import { cellNumber } from '../io/cells.js';

export type VcfField = 'GT' | 'DS' | 'HDS' | 'GP';

/** A cell that is not what its field says; the caller adds file and line. */
export class BadCall extends Error {}

/** Dosages written with three decimals may exceed their bound by rounding. */
const ROUNDING = 1e-3;

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

/** True when a GT has one called allele: no `/` and no `|`, and not `.`, which says nothing about ploidy. */
export function isHaploidGt(bytes: Uint8Array, start: number, end: number): boolean {
  if (isMissing(bytes, start, end)) return false;
  for (let i = start; i < end; i++) if (bytes[i] === 47 || bytes[i] === 124) return false;
  return true;
}

/** GT: `0/1`, `1|1`, `.`, and haploid `1`, which counts twice. A half-missing call (`./1`) is missing. */
export function gtDosage(bytes: Uint8Array, start: number, end: number): number {
  let copies = 0;
  let alleles = 0;
  let missing = false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === 46) missing = true;
    else if (byte === 49) copies++;
    else if (byte !== 48) throw new BadCall('is not a call of alleles 0 and 1');
    alleles++;
    if (isDigit(bytes[i + 1]) && i + 1 < end) throw new BadCall('is not a call of alleles 0 and 1');
    i++;
    if (i < end && bytes[i] !== 47 && bytes[i] !== 124) throw new BadCall('is not a genotype');
    if (i === end - 1) throw new BadCall('is not a genotype');
  }
  if (alleles === 0 || alleles > 2) throw new BadCall(`has ${alleles} alleles; only ploidy 1 and 2 are read`);
  if (missing) return NaN;
  return alleles === 1 ? 2 * copies : copies;
}

function isMissing(bytes: Uint8Array, start: number, end: number): boolean {
  return end === start || (end - start === 1 && bytes[start] === 46);
}

/** A number within [0, most], rounding forgiven. */
function bounded(bytes: Uint8Array, start: number, end: number, most: number): number {
  const value = cellNumber(bytes, start, end);
  if (!(value >= -ROUNDING && value <= most + ROUNDING))
    throw new BadCall(`is not a number from 0 to ${most}`);
  return Math.min(Math.max(value, 0), most);
}

/** DS: expected ALT copies. @param haploid the person's GT has one allele, so DS runs 0 … 1 and counts twice */
export function dsDosage(bytes: Uint8Array, start: number, end: number, haploid: boolean): number {
  if (isMissing(bytes, start, end)) return NaN;
  return haploid ? 2 * bounded(bytes, start, end, 1) : bounded(bytes, start, end, 2);
}

/** Values of a comma-separated list, written to `parts`; answers how many, at most parts.length + 1. */
function splitList(bytes: Uint8Array, start: number, end: number, parts: Float64Array): number {
  let count = 0;
  let from = start;
  for (let i = start; i <= end; i++) {
    if (i < end && bytes[i] !== 44) continue;
    if (count < parts.length) parts[count] = isMissing(bytes, from, i) ? NaN : bounded(bytes, from, i, 1);
    count++;
    from = i + 1;
  }
  return Math.min(count, parts.length + 1);
}

const parts = new Float64Array(3);

/** HDS: ALT dosage of each haplotype; one value is haploid and counts twice. */
export function hdsDosage(bytes: Uint8Array, start: number, end: number): number {
  if (isMissing(bytes, start, end)) return NaN;
  const count = splitList(bytes, start, end, parts);
  if (count === 1) return 2 * parts[0]!;
  if (count === 2) return parts[0]! + parts[1]!;
  throw new BadCall('is not one or two haplotype dosages');
}

/** GP: probabilities of 0, 1 and 2 ALT copies (two values: haploid), scaled to sum to one. All zero is missing. */
export function gpDosage(bytes: Uint8Array, start: number, end: number): number {
  if (isMissing(bytes, start, end)) return NaN;
  const count = splitList(bytes, start, end, parts);
  if (count !== 2 && count !== 3) throw new BadCall('is not two or three probabilities');
  const none = parts[0]!;
  const one = parts[1]!;
  const two = count === 3 ? parts[2]! : 0;
  const sum = none + one + two;
  if (!(sum > 0)) return NaN;
  return (2 * (count === 2 ? one : one / 2 + two)) / sum;
}
