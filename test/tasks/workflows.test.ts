/** The workflows that come with cohortflow: they are free of findings, and the demo runs to its end and once only. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Store } from '../../cache/store.js';
import type { JobMessage, JobSpec } from '../../engine/job.js';
import { loadWorkflow, type LoadOptions } from '../../engine/language/load.js';
import type { CallHandlers, Executor } from '../../engine/pool.js';
import { runStudy, type StudyOutcome } from '../../engine/study.js';
import { serveJobs } from '../../engine/worker.js';
import type { Workflow } from '../../engine/workflow.js';
import { registry } from '../../tasks/registry.js';
import type { StackedModel } from '../../tasks/stacked-model.js';

const FOLDER = fileURLToPath(new URL('../../workflows/', import.meta.url));

function load(name: string, sets: LoadOptions['sets'] = []): Workflow {
  const { workflow, diagnostics } = loadWorkflow({
    file: join(FOLDER, name),
    sets,
    registry,
    exists: () => true,
  });
  expect(diagnostics.map(({ code, message, got }) => [code, message, got])).toEqual([]);
  return workflow!;
}

/** Calls in this process, one after another. */
class InProcess implements Executor {
  readonly size = 1;
  private busy = false;
  private closed = false;
  private readonly objectFolder: string;

  constructor(store: Store) {
    this.objectFolder = join(store.folder, 'objects');
  }
  get free(): number {
    return this.busy ? 0 : 1;
  }
  start(job: JobSpec, _reads: readonly string[], handlers: CallHandlers): void {
    this.busy = true;
    const send = (message: JobMessage): Promise<void> => {
      if (message.type === 'end') this.busy = false;
      if (this.closed) return Promise.resolve();
      if (message.type === 'end') handlers.ended(null, -1);
      else handlers.message(message);
      return Promise.resolve();
    };
    void serveJobs({
      registry,
      objectFolder: this.objectFolder,
      backend: () => 'test',
      announce: () => undefined,
      send,
    })(job);
  }
  close(): void {
    this.closed = true;
  }
}

describe('workflows/nhanes.yaml', () => {
  it('has no findings, in any of its modes', () => {
    const faithful = load('nhanes.yaml');
    expect(faithful.nodes.size).toBeGreaterThan(30);
    const other = load('nhanes.yaml', [
      { path: 'params.mode', value: 'recommended' },
      { path: 'params.hiding', value: 'selective' },
      { path: 'params.folds', value: '10' },
    ]);
    expect([...other.nodes.keys()]).toEqual([...faithful.nodes.keys()]);
  });

  it.each(['bayesian-ridge', 'ridge', 'lasso', 'elastic-net', 'boosting'])(
    'has no findings with %s in either layer',
    (learner) => {
      for (const layer of ['learner', 'layer_two']) {
        load('nhanes.yaml', [{ path: `params.${layer}`, value: learner }]);
      }
    },
  );
});

describe('workflows/demo.yaml', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cohortflow-demo-'));
  const store = new Store(join(folder, 'store'));
  afterAll(() => {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const run = (sets: LoadOptions['sets']): Promise<StudyOutcome> =>
    runStudy({
      workflow: { ...load('demo.yaml', sets), publishTo: join(folder, 'results') },
      store,
      executor: new InProcess(store),
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
    for (const other of ['count', 'cox_hidden', 'inner_folds']) expect(ran(outcome)).not.toContain(other);
    const model = JSON.parse(
      readFileSync(join(folder, 'results', 'models/fev.json'), 'utf8'),
    ) as StackedModel;
    expect(model.configurations['stacked']!.modalities[0]).toMatchObject({ learner });
  });
});
