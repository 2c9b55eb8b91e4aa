/**
 * workflows/demo.yaml at a tiny size, with real worker processes: the report has every section, nobody and nothing is lost without a word,
 * a second run does nothing, and each change reruns exactly what it reaches.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunDiff } from '../../engine/diff.js';
import type { Workflow } from '../../engine/workflow.js';
import { TINY, StudyRig, downstream, type Ran, type Sets } from './study-rig.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Of tiny.yaml. */
const [IDPS, DISEASES, SEEDS, FOLDS] = [6, 8, 2, 3];
const CONFIGURATIONS = ['blood', 'covariates', 'integrated', 'snp', 'with_covariates'];

const study = new StudyRig();
afterAll(() => {
  study.close();
});

const tiny = (sets: Sets = {}): Workflow => study.load(TINY, sets);
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));

/** The parts of the last flow step and of the first. */
function flowOf(path: string): { first: number; last: number; excluded: number } {
  const rows = study.table(path);
  return {
    first: Number(rows[0]!['remaining']),
    last: Number(rows.at(-1)!['remaining']),
    excluded: rows.reduce((sum, { excluded }) => sum + Number(excluded), 0),
  };
}

let first: Ran;

beforeAll(async () => {
  first = await study.run(tiny());
}, 240_000);

describe('the first run', () => {
  it('finishes without a failure', () => {
    expect(first.outcome.failures).toEqual([]);
    expect(first.outcome.status).toBe('done');
  });

  it('publishes every file, none of them empty', () => {
    const files = filesIn(study.path('results'));
    const promised = tiny().publish.length;
    // A report, and of the two templates one for each IDP.
    expect(files).toHaveLength(1 + promised - 2 + 2 * IDPS);
    for (const file of files) expect(statSync(study.path('results', file)).size, file).toBeGreaterThan(10);
  });

  it('reports every section, figure and table that the workflow names', () => {
    const report = readFileSync(study.path('results', 'report.html'), 'utf8');
    const { sections } = tiny().report!;
    expect(sections.map(({ title }) => title)).toEqual([
      'People',
      'How well IDPs are imputed',
      'Diseases and IDPs',
      'Prediction of diseases',
    ]);
    for (const { title } of sections) expect(report).toContain(`${title}</h2>`);
    for (const figure of ['2', '3a', '3b', '3c', '4']) expect(report).toContain(`figure ${figure})`);
    for (const title of ['What was asked', 'Assumptions', 'Warnings', 'Methods'])
      expect(report).toContain(`${title}</h2>`);
    expect(report.match(/<svg/g)!.length).toBeGreaterThanOrEqual(7);
    expect(report).toContain('none (an independent discovery sample');
  });

  it('loses nobody: flows add up, and each begins where the one before it ended', () => {
    const intake = Object.fromEntries(
      study.table('tables/intake.csv').map((row) => [row['reason']!, Number(row['people'])]),
    );
    const { 'in the extract': extract, remain, ...left } = intake;
    expect(extract).toBe(2500);
    expect(Object.values(left).reduce((sum, people) => sum + people, 0)).toBe(extract! - remain!);

    const [eligible, imaging, target] = ['eligible', 'imaging', 'target'].map((name) =>
      flowOf(`tables/${name}.csv`),
    );
    for (const flow of [eligible!, imaging!, target!]) expect(flow.first - flow.excluded).toBe(flow.last);
    expect(eligible!.first).toBe(remain);
    expect(imaging!.first).toBe(eligible!.last);
    expect(target!.first).toBe(eligible!.last);
    // Whoever is in neither cohort was scanned and is named with a reason.
    const scanned = study.table('tables/imaging.csv').slice(2);
    const named = scanned.reduce((sum, { excluded }) => sum + Number(excluded), 0);
    expect(imaging!.last + target!.last + named).toBe(eligible!.last);
  });

  it('loses no disease, IDP, association or prediction', () => {
    const records = study.table('tables/disease_records.csv');
    const left = study.table('tables/diseases_left_out.csv');
    expect(records).toHaveLength(DISEASES);
    expect(study.table('tables/diseases.csv').length + left.length).toBe(DISEASES);
    expect(study.table('tables/idps_left_out.csv')).toEqual([]);

    const accuracy = study.table('tables/accuracy.csv');
    expect(accuracy.map((row) => `${row['idp']!} ${row['configuration']!}`)).toHaveLength(
      IDPS * CONFIGURATIONS.length,
    );
    const { last: scanned } = flowOf('tables/imaging.csv');
    for (const row of accuracy) {
      expect(CONFIGURATIONS).toContain(row['configuration']);
      expect(Number(row['n'])).toBe(scanned);
      expect(Number(row['folds'])).toBe(FOLDS);
    }

    const cohorts = { real: scanned, imputed: flowOf('tables/target.csv').last };
    for (const [arm, people] of Object.entries(cohorts)) {
      const rows = study.table(`tables/associations_${arm}.tsv`);
      expect(new Set(rows.map((row) => `${row['disease']!} ${row['idp']!}`)).size).toBe(DISEASES * IDPS);
      expect(rows).toHaveLength(DISEASES * IDPS);
      const failed = rows.filter(({ status }) => status !== 'ok');
      expect(
        study.table(`tables/failed_${arm}.csv`).map((row) => `${row['disease']!} ${row['idp']!}`),
      ).toEqual(failed.map((row) => `${row['disease']!} ${row['idp']!}`));
      // Everybody of the cohort was either used, or is counted as missing.
      for (const row of rows) expect(Number(row['n']) + Number(row['missing'])).toBe(people);
      for (const row of rows.filter(({ status }) => status === 'ok')) expect(row['q']).toMatch(/\d/);

      const predictions = study.table(`tables/prediction_${arm}.csv`);
      expect(new Set(predictions.map((row) => `${row['disease']!} ${row['seed']!}`)).size).toBe(
        DISEASES * SEEDS,
      );
      expect(predictions).toHaveLength(DISEASES * SEEDS);
      for (const row of predictions) expect(row['status'] === 'ok' || row['reason'] !== '').toBe(true);
    }
    expect(study.table('tables/comparison.csv')).toHaveLength(DISEASES * IDPS);
    const categories = study.table('tables/categories.csv');
    expect(categories.reduce((sum, { diseases }) => sum + Number(diseases), 0)).toBe(DISEASES - left.length);
  });

  it('accounts for every variant of every GWAS', () => {
    const rowsOf = (path: string): Map<string, number[]> => {
      const groups = new Map<string, number[]>();
      for (const { idp = '', rows } of study.table(path))
        groups.set(idp, [...(groups.get(idp) ?? []), Number(rows)]);
      return groups;
    };
    const sum = (rows: readonly number[]): number => rows.reduce((total, n) => total + n, 0);
    const harmonised = rowsOf('tables/snps_harmonised.csv');
    const ld = rowsOf('tables/snps_ld.csv');
    for (const table of [rowsOf('tables/variants.csv'), rowsOf('tables/relatives.csv'), harmonised, ld])
      for (const [all, ...parts] of table.values()) expect(sum(parts)).toBe(all);
    expect([...ld.keys()]).toEqual([...harmonised.keys()]);
    expect(ld.size).toBe(IDPS);
    for (const [idp, rows] of ld) expect(rows[0]).toBe(harmonised.get(idp)!.at(-1));
  });
});

describe('what a change reruns', () => {
  it('nothing, when nothing changed', async () => {
    const again = await study.run(tiny());
    expect(again.ran).toEqual({});
    expect(again.outcome.published!.written).toEqual([]);
  });

  it('clump.r2: the SNP branch and what follows from it', { timeout: 120_000 }, async () => {
    const workflow = tiny({ 'params.clump.r2': '0.2' });
    const { ran, outcome } = await study.run(workflow);
    expect(outcome.failures).toEqual([]);
    const reached = downstream(workflow, ['clumps']);
    for (const node of Object.keys(ran)) expect(reached).toContain(node);
    // Of two IDPs the same variants remain.
    expect(ran).toMatchObject({
      clumps: IDPS,
      snps: IDPS - 2,
      snps_target: IDPS - 2,
      cv: (IDPS - 2) * FOLDS,
      refit: IDPS - 2,
      imputed: IDPS - 2,
      accuracy: IDPS - 2,
      cox_imputed: DISEASES * (IDPS - 2),
      fdr_imputed: 1,
      predict_imputed: DISEASES * SEEDS,
    });
    for (const node of [
      'count',
      'biochemistry_filled',
      'eligible',
      'outcome',
      'cox_real',
      'fdr_real',
      'predict_real',
      'folds',
    ])
      expect(ran).not.toHaveProperty(node);
  });

  it('diff tells what that did to R², significant associations and the AUC', () => {
    const { stdout, status } = spawnSync(
      process.execPath,
      [MAIN, 'diff', TINY, '1', 'last', '--store', study.storeFolder, '--json'],
      { encoding: 'utf8' },
    );
    expect(status).toBe(0);
    const diff = JSON.parse(stdout) as RunDiff;
    expect(diff.params).toEqual([
      { name: 'clump', before: { r2: 0.1, kb: 250 }, after: { r2: 0.2, kb: 250 } },
    ]);
    const changed = (node: string, column: string): number =>
      diff.metrics
        .filter((metrics) => metrics.node === node)
        .flatMap(({ rows }) => rows)
        .filter((row) => row.column === column && row.difference !== 0 && row.difference !== null).length;
    expect(changed('accuracy', 'r2')).toBeGreaterThan(0);
    expect(changed('predict_imputed', 'auc')).toBeGreaterThan(0);
    expect(changed('predict_real', 'auc')).toBe(0);
    const tables = new Map(diff.tables.map((table) => [`${table.node}.${table.output}`, table]));
    expect(tables.get('associations_imputed.table')!.changes).toHaveProperty('q');
    expect(tables.has('associations_real.table')).toBe(false);
    expect(tables.get('prediction_tests.table')!.changes).toHaveProperty('other');
  });

  it(
    'folds.k: the cross-validation and its accuracy, no refit, no association',
    { timeout: 120_000 },
    async () => {
      const { ran } = await study.run(tiny({ 'params.folds.k': '4' }));
      expect(ran).toEqual({
        folds: 1,
        cv: IDPS * 4,
        held_out: IDPS * 4,
        accuracy: IDPS,
        accuracy_all: 1,
        accuracy_summary: 1,
        accuracy_table: 1,
        figure_2: 1,
        figure_imputation: 1,
      });
    },
  );

  it('one seed more: its split and its predictions', { timeout: 120_000 }, async () => {
    const { ran } = await study.run(tiny({ 'params.seeds': String(SEEDS + 1) }));
    expect(ran).toEqual({
      split: 1,
      predict_real: DISEASES,
      predict_imputed: DISEASES,
      prediction_real_all: 1,
      prediction_imputed_all: 1,
      prediction_real: 1,
      prediction_imputed: 1,
      prediction_tests: 1,
      prediction_tests_corrected: 1,
      figure_4: 1,
    });
  });

  it('and back again: nothing', async () => {
    expect((await study.run(tiny())).ran).toEqual({});
  });
});
