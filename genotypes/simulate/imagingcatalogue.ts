/**
 * The imaging-derived phenotypes that can be simulated: UK Biobank's fields of T1 (164), SWI (14) and cardiac and aortic (82)
 * structure and function, with plausible means and SDs.
 * Not responsible for what they depend on (idpmodel.ts).
 */

export type ImagingGroup = 't1' | 'swi' | 'cardiac';

export interface Idp {
  /** UK Biobank's field, as text: its name everywhere in the simulation. */
  readonly idp: string;
  readonly group: ImagingGroup;
  readonly name: string;
  readonly mean: number;
  readonly sd: number;
}

type Row = readonly [name: string, mean: number, sd: number];

const SIDES = ['left', 'right'] as const;
const perSide = (...rows: readonly Row[]): Row[] =>
  rows.flatMap(([name, mean, sd]) => SIDES.map((side): Row => [`${name} (${side})`, mean, sd]));
const numbered = (count: number, [name, mean, sd]: Row): Row[] =>
  Array.from({ length: count }, (_, i): Row => [`${name} ${i + 1}`, mean, sd]);

/** Fields from the first one on, one a row. */
const fields = (group: ImagingGroup, first: number, rows: readonly Row[]): Idp[] =>
  rows.map(([name, mean, sd], i) => ({ idp: String(first + i), group, name, mean, sd }));

const SUBCORTICAL = fields('t1', 25011, [
  ...perSide(
    ['Volume of thalamus', 7_700, 730],
    ['Volume of caudate', 3_450, 420],
    ['Volume of putamen', 4_800, 580],
    ['Volume of pallidum', 1_770, 220],
    ['Volume of hippocampus', 3_850, 440],
    ['Volume of amygdala', 1_240, 220],
    ['Volume of accumbens', 460, 110],
  ),
  ['Volume of brain stem and 4th ventricle', 22_900, 2_600],
]);

const TISSUES = fields('t1', 25001, [
  ['Volume of peripheral cortical grey matter (normalised)', 618_000, 42_000],
  ['Volume of peripheral cortical grey matter', 480_000, 45_000],
  ['Volume of ventricular cerebrospinal fluid (normalised)', 45_000, 21_000],
  ['Volume of ventricular cerebrospinal fluid', 36_000, 18_000],
  ['Volume of grey matter (normalised)', 796_000, 47_000],
  ['Volume of grey matter', 617_000, 55_000],
  ['Volume of white matter (normalised)', 710_000, 41_000],
  ['Volume of white matter', 551_000, 62_000],
  ['Volume of brain (normalised)', 1_506_000, 72_000],
  ['Volume of brain', 1_168_000, 111_000],
]);

const T1 = [
  ...SUBCORTICAL,
  ...TISSUES,
  ...fields('t1', 25782, numbered(139, ['Volume of grey matter in region', 3_900, 480])),
];

const SWI = fields(
  'swi',
  25026,
  perSide(
    ['Median T2* in thalamus', 44, 3],
    ['Median T2* in caudate', 42, 3.4],
    ['Median T2* in putamen', 36, 4],
    ['Median T2* in pallidum', 26, 3.6],
    ['Median T2* in hippocampus', 42, 4.2],
    ['Median T2* in amygdala', 36, 5.4],
    ['Median T2* in accumbens', 38, 6],
  ),
);

const CARDIAC = fields('cardiac', 24100, [
  ['LV end diastolic volume', 148, 33],
  ['LV end systolic volume', 60, 19],
  ['LV stroke volume', 88, 19],
  ['LV ejection fraction', 60, 6],
  ['LV cardiac output', 5.4, 1.2],
  ['LV myocardial mass', 86, 22],
  ['RV end diastolic volume', 156, 37],
  ['RV end systolic volume', 68, 21],
  ['RV stroke volume', 88, 20],
  ['RV ejection fraction', 57, 6],
  ['LA maximum volume', 72, 22],
  ['LA minimum volume', 29, 14],
  ['LA stroke volume', 43, 12],
  ['LA ejection fraction', 61, 9],
  ['RA maximum volume', 84, 25],
  ['RA minimum volume', 46, 17],
  ['RA stroke volume', 38, 13],
  ['RA ejection fraction', 46, 9],
  ['Ascending aorta maximum area', 870, 190],
  ['Ascending aorta minimum area', 790, 190],
  ['Ascending aorta distensibility', 1.6, 0.9],
  ['Descending aorta maximum area', 480, 95],
  ['Descending aorta minimum area', 420, 92],
  ['Descending aorta distensibility', 2.4, 1.1],
  ...numbered(16, ['LV mean myocardial wall thickness, segment', 5.8, 0.9]),
  ['LV mean myocardial wall thickness, global', 5.7, 0.8],
  ...numbered(16, ['LV circumferential strain, segment', -22, 4.4]),
  ['LV circumferential strain, global', -22.3, 3.4],
  ...numbered(16, ['LV radial strain, segment', 45, 12]),
  ['LV radial strain, global', 45, 8.4],
  ...numbered(6, ['LV longitudinal strain, segment', -18, 4.5]),
  ['LV longitudinal strain, global', -18.5, 2.8],
]);

export const IMAGING_LIMITS = { t1: T1.length, swi: SWI.length, cardiac: CARDIAC.length } as const;

/** The first so many IDPs of each group. */
export function idpsOf(counts: Readonly<Record<ImagingGroup, number>>): Idp[] {
  return [...T1.slice(0, counts.t1), ...SWI.slice(0, counts.swi), ...CARDIAC.slice(0, counts.cardiac)];
}
