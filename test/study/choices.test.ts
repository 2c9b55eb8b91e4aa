/**
 * Every choice that workflows/demo.yaml, hence analysis.yaml and ukb.yaml, leaves to its users: each validates, and each arm runs to its end at the tiny size.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { LEAST, TABLES, TINY, StudyRig, loaded, workflowFile, type Ran, type Sets } from './study-rig.js';

const parameters = [...loaded(workflowFile('demo'), {}).workflow!.params.values()];
/** All but the defaults, which every load checks. */
const choices = parameters.flatMap(({ name, value, choices }) =>
  (choices ?? [])
    .filter((choice) => choice !== value)
    .map((choice) => [name, JSON.stringify(choice)] as const),
);

/** Every choice but the default once at least; those of one run concern different parts of the study. */
const ARMS: readonly Sets[] = [
  {},
  { 'params.mode': 'recommended', 'params.gwas_source': 'in_fold', 'params.fdr_scope': 'disease' },
  {
    'params.arm': 'snp',
    'params.ld_method': 'prune',
    'params.ld_panel': 'imaging',
    'params.gwas_source': 'in_fold',
    'params.adjust_for_blood': 'yes',
    'params.predict_from': 'blood',
    'params.match_size': '100',
    'params.split_by': 'disease',
  },
  {
    'params.arm': 'blood',
    'params.gwas_source': 'overlapping',
    'params.blood_scaling': 'own',
    'params.knn_distance': 'blood',
    'params.restandardise': 'yes',
    'params.test_on': 'cross_fitted',
    'params.prevalent_cases': 'true',
    'params.learner': 'ridge',
    'params.layer_two': 'ridge',
  },
  {
    'params.palindromic': 'drop',
    'params.time_zero': 'assessment',
    'params.more_than_min': 'true',
    'params.lag_years': '1',
    'params.max_years': '5',
    'params.predict_from': 'covariates',
    'params.covariates': '[age, male]',
  },
];

describe('the parameters of the study', () => {
  it('are all described', () => {
    expect(parameters.length).toBeGreaterThan(30);
    for (const { name, description } of parameters) expect(description, name).toMatch(/\S/);
    expect(choices.length).toBeGreaterThan(25);
  });

  it.each(choices)('%s = %s', (name, choice) => {
    const { diagnostics } = loaded(workflowFile('demo'), { [`params.${name}`]: choice });
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('refuse anything else', () => {
    const wrong = [...new Set(choices.map(([name]) => [`params.${name}`, 'no_such_choice'] as const))];
    const { diagnostics } = loaded(workflowFile('demo'), Object.fromEntries(wrong));
    expect(diagnostics.filter(({ severity }) => severity === 'error').length).toBeGreaterThanOrEqual(
      new Set(choices.map(([name]) => name)).size,
    );
  });
});

describe('each arm', () => {
  const study = new StudyRig();
  afterAll(() => {
    study.close();
  });
  const run = (sets: Sets): Promise<Ran> => study.run(study.load(TINY, { ...LEAST, ...sets }), TABLES);

  it.each(ARMS)('%j', { timeout: 120_000 }, async (sets) => {
    const { outcome, ran } = await run(sets);
    expect(outcome.failures).toEqual([]);
    expect(outcome.status).toBe('done');
    expect(Object.keys(ran)).toContain('prediction_tests');
    for (const { node, failed, skipped } of outcome.nodes)
      expect({ node, failed, skipped }).toEqual({ node, failed: 0, skipped: 0 });
  });

  it('repeats counted as if they were new', { timeout: 120_000 }, async () => {
    const { outcome, ran } = await run({ 'params.wilcoxon_unit': '[disease, seed]' });
    expect(outcome.failures).toEqual([]);
    expect(ran).toHaveProperty('prediction_tests');
  });

  it(
    'blood scaled by each cohort of its own is not blood scaled by the imaging cohort',
    { timeout: 120_000 },
    async () => {
      await run({ 'params.blood_scaling': 'imaging' });
      expect((await run({ 'params.blood_scaling': 'own' })).ran).toHaveProperty('imputed');
    },
  );
});
