/**
 * The blood traits that can be simulated: UK Biobank's 31 blood counts (30000 …) and 30 biochemistry fields (30600 …), with
 * means and SDs near those of the cohort.
 * Not responsible for what they depend on (bloodmodel.ts).
 */

export type BloodModality = 'blood_count' | 'biochemistry';

export interface BloodTrait {
  /** UK Biobank's field, as text. */
  readonly trait: string;
  readonly modality: BloodModality;
  readonly name: string;
  readonly mean: number;
  readonly sd: number;
  readonly decimals: number;
  /** Log-normal rather than normal. */
  readonly skewed: boolean;
  /** Values below this many SDs (on the normal scale) are under the assay's reporting limit, hence missing. */
  readonly reportable: number;
}

type Row = readonly [
  field: number,
  name: string,
  mean: number,
  sd: number,
  decimals: number,
  skewed?: 'skewed',
  limit?: number,
];

// The first seven of each are a reasonable small panel.
const COUNTS: readonly Row[] = [
  [30000, 'White blood cell count', 6.9, 1.9, 2, 'skewed'],
  [30020, 'Haemoglobin concentration', 14.2, 1.2, 2],
  [30040, 'Mean corpuscular volume', 91.1, 4.5, 2],
  [30070, 'Red blood cell distribution width', 13.5, 0.95, 2],
  [30080, 'Platelet count', 252, 59, 1],
  [30120, 'Lymphocyte count', 1.95, 0.6, 2, 'skewed'],
  [30140, 'Neutrophil count', 4.2, 1.4, 2, 'skewed'],
  [30010, 'Red blood cell count', 4.51, 0.41, 3],
  [30030, 'Haematocrit percentage', 41, 3.5, 2],
  [30050, 'Mean corpuscular haemoglobin', 31.5, 1.8, 2],
  [30060, 'Mean corpuscular haemoglobin concentration', 34.5, 1, 2],
  [30090, 'Platelet crit', 0.233, 0.048, 3],
  [30100, 'Mean platelet volume', 9.3, 1.08, 2],
  [30110, 'Platelet distribution width', 16.5, 0.5, 2],
  [30130, 'Monocyte count', 0.48, 0.2, 2, 'skewed'],
  [30150, 'Eosinophil count', 0.17, 0.14, 2, 'skewed'],
  [30160, 'Basophil count', 0.034, 0.03, 3, 'skewed'],
  [30170, 'Nucleated red blood cell count', 0.003, 0.004, 4, 'skewed'],
  [30180, 'Lymphocyte percentage', 28.7, 7.4, 2],
  [30190, 'Monocyte percentage', 7.1, 2.3, 2],
  [30200, 'Neutrophil percentage', 60.9, 8.5, 2],
  [30210, 'Eosinophil percentage', 2.57, 1.6, 2, 'skewed'],
  [30220, 'Basophil percentage', 0.57, 0.4, 2, 'skewed'],
  [30230, 'Nucleated red blood cell percentage', 0.04, 0.05, 3, 'skewed'],
  [30240, 'Reticulocyte percentage', 1.35, 0.6, 3, 'skewed'],
  [30250, 'Reticulocyte count', 0.061, 0.027, 4, 'skewed'],
  [30260, 'Mean reticulocyte volume', 106, 7.8, 2],
  [30270, 'Mean sphered cell volume', 82.9, 5.4, 2],
  [30280, 'Immature reticulocyte fraction', 0.292, 0.06, 3],
  [30290, 'High light scatter reticulocyte percentage', 0.4, 0.22, 3, 'skewed'],
  [30300, 'High light scatter reticulocyte count', 0.018, 0.01, 4, 'skewed'],
];

const BIOCHEMISTRY: readonly Row[] = [
  [30750, 'Glycated haemoglobin (HbA1c)', 36.1, 6.5, 1],
  [30760, 'HDL cholesterol', 1.45, 0.38, 3],
  [30710, 'C-reactive protein', 2.6, 3.2, 2, 'skewed'],
  [30870, 'Triglycerides', 1.75, 1, 3, 'skewed'],
  [30700, 'Creatinine', 72.4, 16, 1],
  [30620, 'Alanine aminotransferase', 23.5, 13, 2, 'skewed'],
  [30600, 'Albumin', 45.2, 2.6, 2],
  [30610, 'Alkaline phosphatase', 83.6, 25, 1],
  [30630, 'Apolipoprotein A', 1.54, 0.27, 3],
  [30640, 'Apolipoprotein B', 1.03, 0.24, 3],
  [30650, 'Aspartate aminotransferase', 26.2, 9, 1, 'skewed'],
  [30660, 'Direct bilirubin', 1.83, 0.85, 2, 'skewed'],
  [30670, 'Urea', 5.4, 1.35, 2],
  [30680, 'Calcium', 2.38, 0.095, 3],
  [30690, 'Cholesterol', 5.69, 1.14, 3],
  [30720, 'Cystatin C', 0.908, 0.16, 3],
  [30730, 'Gamma glutamyltransferase', 37, 35, 1, 'skewed'],
  [30740, 'Glucose', 5.12, 0.95, 3],
  [30770, 'IGF-1', 21.4, 5.7, 3],
  [30780, 'LDL direct', 3.56, 0.87, 3],
  [30790, 'Lipoprotein A', 44, 45, 2, 'skewed'],
  [30800, 'Oestradiol', 250, 280, 1, 'skewed', 1],
  [30810, 'Phosphate', 1.16, 0.16, 3],
  [30820, 'Rheumatoid factor', 8, 10, 1, 'skewed', 1.3],
  [30830, 'Sex hormone binding globulin', 51.7, 27, 2, 'skewed'],
  [30840, 'Total bilirubin', 9.1, 4.2, 2, 'skewed'],
  [30850, 'Testosterone', 6.6, 5.5, 3, 'skewed'],
  [30860, 'Total protein', 72.5, 4.1, 2],
  [30880, 'Urate', 309, 80, 1],
  [30890, 'Vitamin D', 48.6, 21, 1],
];

const traits = (modality: BloodModality, rows: readonly Row[]): BloodTrait[] =>
  rows.map(([field, name, mean, sd, decimals, skewed, reportable = -Infinity]) => {
    return {
      trait: String(field),
      modality,
      name,
      mean,
      sd,
      decimals,
      skewed: skewed !== undefined,
      reportable,
    };
  });

export const BLOOD_LIMITS = { count: COUNTS.length, biochemistry: BIOCHEMISTRY.length } as const;

/** The first so many blood counts and biochemistry traits. */
export function bloodTraitsOf(counts: {
  readonly count: number;
  readonly biochemistry: number;
}): BloodTrait[] {
  return [
    ...traits('blood_count', COUNTS.slice(0, counts.count)),
    ...traits('biochemistry', BIOCHEMISTRY.slice(0, counts.biochemistry)),
  ];
}
