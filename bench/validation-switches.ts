/**
 * The runs of the validation: what each changes in workflows/validation.yaml, and what is wanted of it.
 * Not responsible for running them, nor for judging what they find.
 */

export interface Switch {
  readonly name: string;
  /** As in docs/validation.md. */
  readonly label: string;
  /** path=value, as for --set. */
  readonly sets: readonly string[];
  /** `models`: how well IDPs are imputed. `study`: associations and predictions, too. */
  readonly extent: 'models' | 'study';
}

const study = (name: string, label: string, ...sets: string[]): Switch => ({
  name,
  label,
  sets,
  extent: 'study',
});
const models = (name: string, label: string, ...sets: string[]): Switch => ({
  name,
  label,
  sets,
  extent: 'models',
});

/** Brain IDPs that nothing predicts: whatever R² they show is an artefact. */
const NULL_BRAIN = 'params.brain_shares={snp: 0, blood: 0, covariates: 0}';

/** Six times the genome, for fewer people and IDPs. */
const WIDE = [
  'params.genome={variants: 60000, regions: 600}',
  'params.people={imaging: 3000, target: 1000}',
  'params.idp_counts={t1: 8, swi: 1, cardiac: 1}',
];

/** 70 % of the demo's imaging cohort. */
const REAL_ARM = 1708;
/** The median follow-up of the demo's imaging cohort; that of its target cohort is 12 years. */
const FOLLOW_UP = 5;

export const BASELINE = study('baseline', 'as the demo');

export const SWITCHES: readonly Switch[] = [
  BASELINE,
  // What critics of the method ask.
  study('known', 'true IDPs of the target cohort', 'params.predict_from=known'),
  study('covariates', 'predict from age, sex, BMI and smoking', 'params.predict_from=covariates'),
  study('blood', 'predict from blood itself', 'params.predict_from=blood'),
  study('snp', 'impute from SNPs alone', 'params.arm=snp'),
  study('cross_fitted', 'test on cross-fitted IDPs', 'params.test_on=cross_fitted'),
  study('size', 'match the size of training sets', `params.match_size=${REAL_ARM}`),
  study('follow_up', `equal follow-up (${FOLLOW_UP} years)`, `params.max_years=${FOLLOW_UP}`),
  study(
    'equal',
    'equal size and follow-up',
    `params.match_size=${REAL_ARM}`,
    `params.max_years=${FOLLOW_UP}`,
  ),
  study('adjusted', 'adjust associations for blood', 'params.adjust_for_blood=yes'),
  // Other worlds.
  study('direct_blood', 'blood acts on diseases directly', 'params.direct_blood=0.35'),
  study('few_blood', '6 blood traits for 26 IDPs', 'params.blood_counts={count: 3, biochemistry: 3}'),
  study('many_idps', '60 IDPs for 14 blood traits', 'params.idp_counts={t1: 36, swi: 4, cardiac: 20}'),
  // Other ways of analysis.
  study('in_fold', 'GWAS in the training folds', 'params.gwas_source=in_fold'),
  study('overlapping', 'GWAS in the imaging cohort', 'params.gwas_source=overlapping'),
  models('null', 'null brain IDPs, independent GWAS', NULL_BRAIN),
  models(
    'null_in_fold',
    'null brain IDPs, GWAS in the training folds',
    NULL_BRAIN,
    'params.gwas_source=in_fold',
  ),
  models(
    'null_discovery',
    'null brain IDPs, scanned people within the GWAS',
    NULL_BRAIN,
    'params.discovery_overlap=1',
  ),
  models(
    'null_overlapping',
    'null brain IDPs, GWAS in the imaging cohort',
    NULL_BRAIN,
    'params.gwas_source=overlapping',
  ),
  models(
    'null_wide_in_fold',
    'null brain IDPs, GWAS in the training folds, 60,000 variants',
    NULL_BRAIN,
    'params.gwas_source=in_fold',
    ...WIDE,
  ),
  models(
    'null_wide_overlapping',
    'null brain IDPs, GWAS in the imaging cohort, 60,000 variants',
    NULL_BRAIN,
    'params.gwas_source=overlapping',
    ...WIDE,
  ),
  // Two seeds only: a fit of this mode uses everybody, and seeds differ in the people who are tested alone.
  study('recommended', 'recommended mode (2 seeds)', 'params.mode=recommended', 'params.seeds=2'),
];
