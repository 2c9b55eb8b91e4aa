/**
 * What the validation asks of each run: the nodes to bring about, and SQL over their results.
 * Not responsible for running (validation-run.ts).
 */
import { BASELINE, type Switch } from './validation-switches.js';

const MODELS: Readonly<Record<string, string>> = {
  accuracy: 'SELECT idp, "group", configuration, n, r2, r2_pearson, rho, sd_ratio FROM accuracy_table',
};

const pairs = (node: string): string =>
  `SELECT disease, category, idp, "group", beta, se, log10p, q, n, events, status FROM ${node}`;

const STUDY: Readonly<Record<string, string>> = {
  ...MODELS,
  real: pairs('associations_real'),
  imputed: pairs('associations_imputed'),
  categories: 'FROM categories',
  ranking: 'FROM category_ranking',
  tests: 'FROM "prediction_tests.table"',
  units:
    'SELECT disease, category, reference, other, difference FROM "prediction_tests.units" WHERE "value" = \'auc\'',
  corrected: 'FROM "prediction_tests_corrected.groups"',
  training: `SELECT r.disease, avg(r.train) real_train, avg(r.train_cases) real_cases, avg(i.train) imputed_train, avg(i.train_cases) imputed_cases,
    avg(r.test) test, avg(r.test_cases) test_cases
    FROM prediction_real r JOIN prediction_imputed i ON r.disease = i.disease AND r.seed = i.seed GROUP BY r.disease ORDER BY r.disease`,
  rank: 'FROM effective_rank',
};

const BASELINE_ONLY: Readonly<Record<string, string>> = {
  true: 'SELECT disease, idp, beta, se, log10p, q, n, events FROM "fdr_true.table"',
  verdicts_real: 'FROM "comparison.verdicts"',
  verdicts_true: 'FROM "comparison_true.verdicts"',
  people:
    'SELECT (SELECT count(*) FROM "imaging.samples") AS scanned, (SELECT count(*) FROM "target.samples") AS imputed',
};

const MODEL_TARGETS = ['accuracy_table'];
const STUDY_TARGETS = [
  ...MODEL_TARGETS,
  'associations_real',
  'associations_imputed',
  'categories',
  'category_ranking',
  'prediction_tests',
  'prediction_tests_corrected',
  'effective_rank',
];
const BASELINE_TARGETS = ['comparison', 'comparison_true', 'imputed_idps'];

export function targetsOf({ extent, name }: Switch): readonly string[] {
  if (extent === 'models') return MODEL_TARGETS;
  return name === BASELINE.name ? [...STUDY_TARGETS, ...BASELINE_TARGETS] : STUDY_TARGETS;
}

export function queriesOf({ extent, name }: Switch): Readonly<Record<string, string>> {
  if (extent === 'models') return MODELS;
  return name === BASELINE.name ? { ...STUDY, ...BASELINE_ONLY } : STUDY;
}
