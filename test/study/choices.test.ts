/**
 * Every choice that workflows/demo.yaml, hence analysis.yaml and ukb.yaml, leaves to its users: each validates, and each arm runs to its end at the tiny size.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TINY, TinyStudy, loaded, workflowFile, type Sets } from './tiny-study.js';

const parameters = [...loaded(workflowFile('demo'), {}).workflow!.params.values()];
const choices = parameters.flatMap(({ name, choices }) =>
  (choices ?? []).map((choice) => [name, JSON.stringify(choice)] as const),
);

/** More SNPs than p < 0.001 gives at this size: nobody's folds go without. */
const ARMS: readonly Sets[] = [
  { 'params.mode': 'recommended' },
  { 'params.arm': 'snp' },
  { 'params.arm': 'blood' },
  { 'params.gwas_source': 'in_fold', 'params.gwas_p': '0.05' },
  { 'params.gwas_source': 'overlapping', 'params.gwas_p': '0.05' },
  {
    'params.gwas_source': 'in_fold',
    'params.gwas_p': '0.05',
    'params.ld_method': 'prune',
    'params.ld_panel': 'imaging',
  },
  { 'params.adjust_for_blood': 'yes' },
  { 'params.predict_from': 'blood' },
  { 'params.predict_from': 'covariates' },
  { 'params.test_on': 'cross_fitted' },
  { 'params.ld_method': 'prune' },
  { 'params.ld_panel': 'imaging' },
  { 'params.blood_scaling': 'own' },
  { 'params.blood_scaling': 'imaging' },
  {
    'params.fdr_scope': 'disease',
    'params.wilcoxon_unit': '[disease, seed]',
    'params.prevalent_cases': 'true',
  },
  { 'params.lag_years': '2', 'params.max_years': '4', 'params.match_size': '100' },
  { 'params.learner': 'ridge', 'params.layer_two': 'ridge' },
  { 'params.palindromic': 'drop' },
  { 'params.time_zero': 'assessment' },
];

describe('the parameters of the study', () => {
  it('are all described', () => {
    expect(parameters.length).toBeGreaterThan(30);
    for (const { name, description } of parameters) expect(description, name).toMatch(/\S/);
    expect(choices.length).toBeGreaterThan(35);
  });

  it.each(choices)('%s = %s', (name, choice) => {
    expect(loaded(workflowFile('demo'), { [`params.${name}`]: choice }).diagnostics).toEqual([]);
  });

  it('refuse anything else', () => {
    for (const name of new Set(choices.map(([parameter]) => parameter))) {
      const { diagnostics } = loaded(workflowFile('demo'), { [`params.${name}`]: 'no_such_choice' });
      expect(
        diagnostics.map(({ severity }) => severity),
        name,
      ).toContain('error');
    }
  });
});

describe('each arm', () => {
  const study = new TinyStudy();
  afterAll(() => {
    study.close();
  });
  beforeAll(async () => {
    await study.run(study.load(TINY));
  }, 240_000);

  it.each(ARMS)('%j', { timeout: 120_000 }, async (sets) => {
    const { outcome, ran } = await study.run(study.load(TINY, sets));
    expect(outcome.failures).toEqual([]);
    expect(outcome.status).toBe('done');
    expect(Object.keys(ran).length).toBeGreaterThan(0);
    for (const path of ['accuracy.csv', 'associations_imputed.tsv', 'prediction_imputed.csv'])
      expect(study.table(`tables/${path}`).length, path).toBeGreaterThan(10);
  });
});
