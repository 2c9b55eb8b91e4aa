/** workflows/paper.yaml on files of workflows/paper-data.yaml, both at the paper's shape and a fraction of its size: how much is planned. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planStudy } from '../../engine/study.js';
import type { Workflow } from '../../engine/workflow.js';
import { StudyRig, workflowFile } from './study-rig.js';

const [IDPS, DISEASES, FOLDS, SEEDS] = [5, 4, 5, 10];

const study = new StudyRig();
afterAll(() => {
  study.close();
});

const paper = (): Workflow =>
  study.load(workflowFile('paper'), { 'params.data': study.path('data'), 'params.min_incident': '3' });

beforeAll(async () => {
  const { outcome } = await study.run(
    study.load(
      workflowFile('paper-data'),
      {
        'params.people': '{ imaging: 352, target: 1000 }',
        'params.genome': '{ variants: 1000, regions: 4, region_kb: 1000 }',
        'params.idps': '{ t1: 3, swi: 1, cardiac: 1, causal_pool: 60 }',
        'params.blood': '{ count: 3, biochemistry: 3, factors: 2 }',
        'params.diseases': `{ count: ${DISEASES}, categories: 2, incidence: 0.1 }`,
      },
      'data',
    ),
  );
  expect(outcome.status).toBe('done');
}, 120_000);

describe('workflows/paper.yaml', () => {
  it('validates at its own size of the invented biobank', () => {
    const { params } = study.load(workflowFile('paper-data'));
    expect(params.get('idps')!.value).toMatchObject({ t1: 164, swi: 14, cardiac: 82 });
    expect(params.get('blood')!.value).toMatchObject({ count: 31, biochemistry: 30 });
    expect(params.get('diseases')!.value).toMatchObject({ count: 184 });
  });

  it('plans as many instances as its axes have items', { timeout: 120_000 }, async () => {
    // Which IDPs have a GWAS and which diseases enough cases is known once people were read.
    await study.run(paper(), ['diseases', 'gwas_map']);
    const { nodes, failures } = await planStudy({ workflow: paper(), store: study.store, targets: [] });
    expect(failures).toEqual([]);
    const planned = Object.fromEntries(nodes.map(({ node, instances }) => [node, instances]));
    expect(planned).toMatchObject({
      gwas_read: IDPS,
      clumps: IDPS,
      cv: IDPS * FOLDS,
      held_out: IDPS * FOLDS,
      accuracy: IDPS,
      refit: IDPS,
      imputed: IDPS,
      outcome: DISEASES,
      cox_real: DISEASES * IDPS,
      cox_imputed: DISEASES * IDPS,
      split: SEEDS,
      predict_real: DISEASES * SEEDS,
      predict_imputed: DISEASES * SEEDS,
      figure_4: 1,
    });
  });
});
