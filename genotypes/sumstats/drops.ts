/**
 * Why a row of summary statistics is not used, and the words for "no value".
 * Not responsible for: rows that a panel does not have (`harmonise.ts`).
 */

/** Why a row is not in the table, in the order in which they are tried. */
export const DROP_REASONS = [
  'columns', // fewer cells than the header
  'other-test', // not the additive test
  'threshold', // p not below the threshold asked for
  'chromosome',
  'position',
  'allele', // missing, symbolic, or with letters other than A C G T (I and D, and single digits, pass)
  'same-alleles',
  'p', // missing or outside [0, 1]
  'effect', // missing, not a number, or a ratio that is not positive
  'standard-error', // negative or not a number
  'frequency', // outside [0, 1] or not a number
  'number', // N, INFO or Z not a number, or N negative
] as const;

export type DropReason = (typeof DROP_REASONS)[number];

export function emptyDrops(): Record<DropReason, number> {
  return Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>;
}

const MISSING = new Set(['', '.', 'NA', 'N/A', '#NA', 'NAN', 'NULL', 'NONE']);

/** Longest of the words, bytes. */
export const LONGEST_MISSING = 4;

/** Words for "no value". */
export function isMissingText(text: string): boolean {
  return text.length <= LONGEST_MISSING && MISSING.has(text.toUpperCase());
}
