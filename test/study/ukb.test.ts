/**
 * workflows/ukb.yaml on the files that workflows/simulate.yaml publishes: one disease, IDP or blood trait more runs what is new and the gathers,
 * a changed definition runs its disease, the spelling of fields changes nothing, and everything equals the demo of the same size and seed.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Workflow } from '../../engine/workflow.js';
import { TABLES, TINY, StudyRig, workflowFile, type Ran, type Sets } from './study-rig.js';

/** Of tiny.yaml. */
const [IDPS, DISEASES, SEEDS, FOLDS] = [6, 8, 2, 3];

const study = new StudyRig();
afterAll(() => {
  study.close();
});

interface Tiny {
  readonly params: Readonly<Record<string, unknown>>;
  readonly nodes: { readonly simulation: { readonly with: Readonly<Record<string, unknown>> } };
}
const { params, nodes } = parse(readFileSync(TINY, 'utf8')) as Tiny;

/**
 * Nobody has so many single values missing, and whoever misses a whole panel is left out: so a further blood trait changes
 * no cohort.
 */
const COMMON: Sets = { 'params.max_missing': '0.45' };

/** Invents the files in a folder. */
async function simulate(name: string, spelling: string): Promise<void> {
  const { people, ...others } = params;
  expect(Object.keys(others).sort()).toEqual(['folds', 'min_incident', 'seeds']);
  const sets = Object.entries({ people, ...nodes.simulation.with, spelling }).map(([key, value]) => [
    `params.${key}`,
    JSON.stringify(value),
  ]);
  const { outcome } = await study.run(
    study.load(workflowFile('simulate'), Object.fromEntries(sets) as Sets, name),
  );
  expect(outcome.status).toBe('done');
}

function ukb(data: string, sets: Sets = {}): Workflow {
  const sizes = Object.entries(params)
    .filter(([key]) => key !== 'people')
    .map(([key, value]) => [`params.${key}`, JSON.stringify(value)]);
  return study.load(workflowFile('ukb'), {
    ...(Object.fromEntries(sizes) as Sets),
    ...COMMON,
    seed: '1',
    'params.data': study.path(data),
    ...sets,
  });
}

/** Changes one of the files that are read. */
function edit(name: string, change: (lines: string[]) => string[]): void {
  const path = study.path('data', name);
  writeFileSync(path, `${change(readFileSync(path, 'utf8').trimEnd().split('\n')).join('\n')}\n`);
}
const restore = (name: string): void => {
  cpSync(study.path('whole', name), study.path('data', name));
};
const without = (start: string) => (lines: string[]) => lines.filter((line) => !line.startsWith(start));

/** Instances that ran. */
const counted = ({ ran, outcome }: Ran): Readonly<Record<string, number>> => {
  expect(outcome.failures).toEqual([]);
  return ran;
};

/** What depends on one disease, and the tables over all of them. */
const ofOneDisease = (idps: number): Record<string, number> => ({
  candidate_outcome: 1,
  candidate_counts: 1,
  outcome: 1,
  outcome_counts: 1,
  cox_real: idps,
  cox_imputed: idps,
  fdr_real: 1,
  fdr_imputed: 1,
  associations_real_disease: 1,
  associations_imputed_disease: 1,
  associations_real: 1,
  associations_imputed: 1,
  comparison: 1,
  significant_real: 1,
  significant_imputed: 1,
  predict_real: SEEDS,
  predict_imputed: SEEDS,
  prediction_real_all: 1,
  prediction_imputed_all: 1,
  prediction_real: 1,
  prediction_imputed: 1,
  prediction_tests: 1,
  prediction_tests_corrected: 1,
});

describe('workflows/ukb.yaml', () => {
  beforeAll(async () => {
    await simulate('whole', 'showcase');
    cpSync(study.path('whole'), study.path('data'), { recursive: true });
    edit('diseases.csv', without('J45,'));
    edit('idps.csv', without('25013,'));
    edit('assessment.csv', (lines) => {
      const last = lines[0]!.split(',').findLastIndex((name) => /^30[678]\d\d-0/.test(name));
      return lines.map((line) =>
        line
          .split(',')
          .filter((_, i) => i !== last)
          .join(','),
      );
    });
    const { outcome } = await study.run(ukb('data'), TABLES);
    expect(outcome.status).toBe('done');
  }, 240_000);

  let predictRealRan: number | undefined;

  it('a further disease: its own models and the gathers', { timeout: 120_000 }, async () => {
    restore('diseases.csv');
    expect(counted(await study.run(ukb('data'), TABLES))).toEqual({
      disease_records: 1,
      diseases: 1,
      ...ofOneDisease(IDPS - 1),
      categories_real: 1,
      categories_imputed: 1,
      categories: 1,
    });
  });

  it('a further IDP: its own models and the gathers', { timeout: 120_000 }, async () => {
    restore('idps.csv');
    const ran = counted(await study.run(ukb('data'), TABLES));
    const each = ['gwas_read', 'gwas_chosen', 'harmonised', 'ld', 'clumps', 'snps', 'snps_target'];
    expect(ran).toMatchObject({
      ...Object.fromEntries([...each, 'refit', 'imputed', 'scores', 'accuracy'].map((node) => [node, 1])),
      cv: FOLDS,
      held_out: FOLDS,
      cox_real: DISEASES,
      cox_imputed: DISEASES,
      fdr_real: 1,
      fdr_imputed: 1,
      accuracy_all: 1,
      imputed_idps: 1,
      // All IDPs are features of these.
      predict_imputed: DISEASES * SEEDS,
    });
    predictRealRan = ran['predict_real'];
    for (const node of [
      'eligible',
      'count',
      'biochemistry_filled',
      'idps_filled',
      'outcome',
      'folds',
      'quality',
    ])
      expect(ran).not.toHaveProperty(node);
  });

  // The real arm takes every column of the IDPs' table, whether or not it is in the list of IDPs.
  it('a further IDP is a feature of both arms of the prediction', () => {
    expect(predictRealRan).toBe(DISEASES * SEEDS);
  });

  it('a further blood trait: blood, the models and what they impute', { timeout: 120_000 }, async () => {
    restore('assessment.csv');
    const ran = counted(await study.run(ukb('data'), TABLES));
    expect(ran).toMatchObject({
      biochemistry_fields: 1,
      biochemistry_filled: 1,
      cv: IDPS * FOLDS,
      refit: IDPS,
      cox_imputed: DISEASES * IDPS,
      predict_imputed: DISEASES * SEEDS,
    });
    for (const node of [
      'people_intake',
      'count',
      'imaging',
      'quality',
      'gwas_read',
      'snps',
      'outcome',
      'cox_real',
      'predict_real',
    ])
      expect(ran).not.toHaveProperty(node);
  });

  it('has every result of the demo of the same size and seed', { timeout: 120_000 }, async () => {
    const files = await study.run(ukb('data'), TABLES);
    expect(files.ran).toEqual({});
    const demo = await study.run(study.load(TINY, COMMON), TABLES);
    // Cells are typed as they were made or as they were read; what the intake makes of them is the same.
    expect(Object.keys(counted(demo)).sort()).toEqual([
      'biochemistry_fields',
      'disease_records',
      'diseases',
      'genotypes_read',
      'gwas_map',
      'gwas_read',
      'idp_fields',
      'panel',
      'people_intake',
    ]);
    const [of, at] = [study.digests(files.outcome.run), study.digests(demo.outcome.run)];
    expect(Object.keys(of).length).toBeGreaterThan(400);
    // Views tell which files they are of; an empty column of a file is one of numbers.
    expect(Object.keys(of).filter((name) => of[name] !== at[name])).toEqual([
      'diseases[].diseases',
      'genotypes_read[].genotypes',
      'gwas_map[].idps',
      'panel[].genotypes',
    ]);
  });

  it('another definition of a disease: its own models and the gathers', { timeout: 120_000 }, async () => {
    edit('diseases.csv', (lines) =>
      lines.map((line) => (line.startsWith('E66,') ? line.replace(',,', ',female,') : line)),
    );
    const ran = counted(await study.run(ukb('data'), TABLES));
    expect(ran).toMatchObject({ disease_records: 1, ...ofOneDisease(IDPS) });
    for (const node of [
      'eligible',
      'people_intake',
      'imputed',
      'cv',
      'refit',
      'quality',
      'covariates',
      'split',
    ])
      expect(ran).not.toHaveProperty(node);
    restore('diseases.csv');
  });

  it.each(['r', 'rap'])(
    'fields spelled as in %s: the intake alone',
    { timeout: 120_000 },
    async (spelling) => {
      await simulate(spelling, spelling);
      expect(Object.keys(counted(await study.run(ukb(spelling), TABLES))).sort()).toEqual([
        'biochemistry_fields',
        'blood_count_fields',
        'disease_records',
        'diseases',
        'gwas_map',
        'idp_fields',
        'people_intake',
      ]);
    },
  );

  it(
    'one GWAS is not there: the other IDPs and the report complete, and name it',
    { timeout: 120_000 },
    async () => {
      rmSync(study.path('data', 'gwas', '25013.txt'));
      const { outcome } = await study.run(ukb('data'));
      expect(outcome.status).toBe('failed');
      const [failure] = outcome.failures;
      expect(failure).toMatchObject({ node: 'gwas_read', item: '25013' });
      expect(failure!.failure.message).toContain('gwas/25013.txt: ENOENT');
      const summary = (node: string) => outcome.nodes.find((each) => each.node === node)!;
      expect(summary('cv')).toMatchObject({ failed: 0, skipped: FOLDS });
      expect(summary('cox_imputed')).toMatchObject({ failed: 0, skipped: DISEASES });
      expect(summary('cox_real')).toMatchObject({ failed: 0, skipped: 0 });
      expect(summary('fdr_imputed')).toMatchObject({ ran: 1, failed: 0 });
      expect(study.table('tables/associations_imputed.tsv')).toHaveLength(DISEASES * (IDPS - 1));
      expect(study.table('tables/associations_real.tsv')).toHaveLength(DISEASES * IDPS);
      expect(readFileSync(study.path('results', 'report.html'), 'utf8')).toContain('25013');
    },
  );
});
