/**
 * workflows/nhanes.yaml on an invented survey: free of findings, and it runs to its end, once only, in both modes and with other
 * learners. The real cohort is test/study/nhanes.test.ts.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Store } from '../../cache/store.js';
import { loadWorkflow, type LoadOptions } from '../../engine/language/load.js';
import { runStudy, type StudyOutcome } from '../../engine/study.js';
import type { Workflow } from '../../engine/workflow.js';
import { registry } from '../../tasks/registry.js';
import type { StackedModel } from '../../tasks/stacked-model.js';
import { InProcess } from '../engine/rig/in-process.js';

const STUDY = fileURLToPath(new URL('../../workflows/nhanes.yaml', import.meta.url));

function load(sets: LoadOptions['sets'] = [], file = STUDY): Workflow {
  const { workflow, diagnostics } = loadWorkflow({
    file,
    sets,
    registry,
    exists: () => true,
  });
  expect(diagnostics.map(({ code, message, got }) => [code, message, got])).toEqual([]);
  return workflow!;
}

describe('workflows/nhanes.yaml', () => {
  it('has no findings, in any of its modes', () => {
    const faithful = load();
    expect(faithful.nodes.size).toBeGreaterThan(30);
    const other = load([
      { path: 'params.mode', value: 'recommended' },
      { path: 'params.hiding', value: 'selective' },
      { path: 'params.folds', value: '10' },
    ]);
    expect([...other.nodes.keys()].sort()).toEqual([...faithful.nodes.keys()].sort());
  });

  it.each(['bayesian-ridge', 'ridge', 'lasso', 'elastic-net', 'boosting'])(
    'has no findings with %s in either layer',
    (learner) => {
      for (const layer of ['learner', 'layer_two']) {
        load([{ path: `params.${layer}`, value: learner }]);
      }
    },
  );
});

/** Three traits and five causes of people who do not exist. */
const INVENTED = `cohortflow: 1
name: invented
extends: ${JSON.stringify(STUDY)}
params:
  data: null
  people: 700
  above: 0.4
inputs:
  survey: { table: null, id: null, from: simulation.people }
axes:
  trait:
    - { id: fev, omit: null }
    - { id: weight, omit: bmi }
    - { id: sbp, omit: null }
  cause:
    - { id: heart, code: 1 }
    - { id: cancer, code: 2 }
    - { id: chronic respiratory, code: 3 }
    - { id: diabetes, code: 7 }
    - { id: nephritis, code: 9 }
nodes:
  simulation:
    task: simulate.survey
    with: { people: '\${params.people}' }
  biochemistry_complete:
    with: { above: '\${params.above}' }
publish:
  files:
    tables/blood_columns.csv: biochemistry_complete.columns
    tables/scaling.csv: biochemistry_z.moments
`;

describe('the study of workflows/nhanes.yaml on an invented survey', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cohortflow-invented-'));
  const store = new Store(join(folder, 'store'));
  const file = join(folder, 'invented.yaml');
  writeFileSync(file, INVENTED);
  afterAll(() => {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const run = (sets: LoadOptions['sets']): Promise<StudyOutcome> =>
    runStudy({
      workflow: { ...load(sets, file), publishTo: join(folder, 'results') },
      store,
      executor: new InProcess(store, registry),
      memory: 2 ** 32,
      failFast: false,
      targets: [],
      signal: new AbortController().signal,
      onEvent: () => undefined,
    });
  const ran = (outcome: StudyOutcome): string[] =>
    outcome.nodes.filter((node) => node.ran > 0).map(({ node }) => node);
  const people = { path: 'params.people', value: '700' };

  it('runs to the end and publishes tables, figures, models and the report', async () => {
    const outcome = await run([people]);
    expect(outcome.failures).toEqual([]);
    expect(outcome.status).toBe('done');
    const published = (path: string): string => readFileSync(join(folder, 'results', path), 'utf8');
    expect(published('figures/accuracy.svg')).toMatch(/^<svg /);
    expect(published('tables/flow.csv').trim().split('\n')).toHaveLength(5);
    expect(published('tables/finding.csv').trim().split('\n')).toHaveLength(16);
    expect(JSON.parse(published('models/fev.json'))).toHaveProperty(['configurations', 'stacked']);
    // Given the blood that made it, an imputed trait has no coefficient; with a handful of deaths nothing converges at all.
    const given = published('tables/associations_imputed_given_blood.csv').trim().split('\n').slice(1);
    expect(given).toHaveLength(15);
    expect(given.filter((line) => /,,,,,,,.*(aliased|not converged)/.test(line))).toHaveLength(15);
    const aliased = given.filter((line) =>
      line.includes('aliased,the exposure is a linear combination of the covariates'),
    );
    expect(aliased.length).toBeGreaterThanOrEqual(9);
  });

  it('runs nothing the second time', async () => {
    expect(ran(await run([people]))).toEqual([]);
  });

  it('runs exactly what stands below the imputation of blood when its k changes, and nothing when it changes back', async () => {
    const outcome = await run([people, { path: 'params.k', value: '7' }]);
    expect(ran(outcome)).toEqual(expect.arrayContaining(['count', 'biochemistry', 'cv', 'refit', 'finding']));
    for (const above of [
      'simulation',
      'eligible',
      'split',
      'folds',
      'outcome',
      'trait_z',
      'cox_hidden',
      'fdr_hidden',
      'covariates',
    ]) {
      expect(ran(outcome)).not.toContain(above);
    }
    expect(ran(await run([people]))).toEqual([]);
  });

  it('leaves the refitted models alone when the number of folds changes', async () => {
    const outcome = await run([people, { path: 'params.folds', value: '4' }]);
    expect(ran(outcome)).toEqual(expect.arrayContaining(['folds', 'cv', 'accuracy']));
    for (const other of ['refit', 'imputed', 'cox_imputed', 'inner_folds'])
      expect(ran(outcome)).not.toContain(other);
  });

  it.each([
    ['lasso', 'bayesian-ridge', 'recommended'],
    ['boosting', 'ridge', 'recommended'],
    ['ridge', 'elastic-net', 'faithful'],
  ])('runs with %s, then %s (%s), and only what learns runs anew', async (learner, second, mode) => {
    const outcome = await run([
      people,
      { path: 'params.folds', value: '2' },
      { path: 'params.learner', value: learner },
      { path: 'params.layer_two', value: second },
      { path: 'params.mode', value: mode },
    ]);
    expect(outcome.failures).toEqual([]);
    expect(ran(outcome)).toEqual(expect.arrayContaining(['cv', 'refit', 'imputed']));
    // Recommended blood is scaled and filled from the imaging cohort.
    const untouched = ['cox_hidden', 'inner_folds', ...(mode === 'faithful' ? ['count'] : [])];
    for (const other of untouched) expect(ran(outcome)).not.toContain(other);
    const model = JSON.parse(
      readFileSync(join(folder, 'results', 'models/fev.json'), 'utf8'),
    ) as StackedModel;
    expect(model.configurations['stacked']!.modalities[0]).toMatchObject({ learner });
  });

  it('leaves columns out in recommended mode, and learns means and SDs from the imaging cohort alone', async () => {
    const rowsOf = (path: string): Record<string, string>[] => {
      const [head, ...lines] = readFileSync(join(folder, 'results', path), 'utf8')
        .trim()
        .split('\n');
      const names = head!.split(',');
      return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i]!, cell])));
    };
    const observed: Record<string, number> = {};
    for (const mode of ['faithful', 'recommended']) {
      const outcome = await run([
        people,
        { path: 'params.folds', value: '2' },
        { path: 'params.above', value: '0.03' },
        { path: 'params.mode', value: mode },
      ]);
      expect(outcome.failures).toEqual([]);
      const columns = rowsOf('tables/blood_columns.csv');
      const kept = columns.filter((row) => row['kept'] === '1').map((row) => row['column']);
      expect(columns).toHaveLength(17);
      expect(kept.length).toBeGreaterThan(0);
      expect(kept.length).toBeLessThan(17);
      for (const row of columns) expect(row['kept'] === '0').toBe(Number(row['share']) > 0.03);
      const scaled = rowsOf('tables/scaling.csv');
      const all = columns.map((row) => row['column']);
      expect(scaled.map((row) => row['column'])).toEqual(mode === 'faithful' ? all : kept);
      observed[mode] = Math.max(...scaled.map((row) => Number(row['observed'])));
    }
    // The imaging cohort is 30 % of the eligible.
    expect(observed['recommended']! / observed['faithful']!).toBeGreaterThan(0.25);
    expect(observed['recommended']! / observed['faithful']!).toBeLessThan(0.35);
  });
});
