/**
 * Field sets: the ranges of fields that a study of blood and imaging takes whole.
 * Not responsible for which of them an extract has.
 *
 * Ranges after UK Biobank's showcase. In the blood ranges the measures are the multiples of ten; the fields between them tell when, on
 * which device and after how many thaws a value was measured (30001 to 30004 belong to 30000, 30601 to 30606 to 30600).
 */

export type FieldSet = 'blood_count' | 'biochemistry' | 't1' | 'swi' | 'cardiac';

interface Definition {
  readonly ranges: readonly (readonly [first: number, last: number])[];
  /** Fields of the set are multiples of this. */
  readonly step: number;
  /** The visit at which the set is measured first. */
  readonly instance: number;
}

const SETS: Readonly<Record<FieldSet, Definition>> = {
  blood_count: { ranges: [[30_000, 30_300]], step: 10, instance: 0 },
  biochemistry: { ranges: [[30_600, 30_890]], step: 10, instance: 0 },
  t1: {
    ranges: [
      [25_001, 25_025],
      [25_782, 25_920],
    ],
    step: 1,
    instance: 2,
  },
  swi: { ranges: [[25_026, 25_039]], step: 1, instance: 2 },
  cardiac: { ranges: [[24_100, 24_181]], step: 1, instance: 2 },
};

export const FIELD_SETS = Object.keys(SETS) as FieldSet[];

/** Whether a field is one of the measures of a set. */
export function isOfSet(set: FieldSet, field: number): boolean {
  const { ranges, step } = SETS[set];
  return field % step === 0 && ranges.some(([first, last]) => field >= first && field <= last);
}

/** The visit at which a set is measured first: 0 for blood, 2 for imaging. */
export function instanceOfSet(set: FieldSet): number {
  return SETS[set].instance;
}
