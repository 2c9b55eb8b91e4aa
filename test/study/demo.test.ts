/**
 * workflows/demo.yaml with real worker processes: the number of workers changes nothing, a failing item stops only what needs it,
 * and the published report names it.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Store } from '../../cache/store.js';
import { loadWorkflow } from '../../engine/language/load.js';
import { WorkerPool } from '../../engine/pool.js';
import { readGroup } from '../../engine/record.js';
import { runStudy, type StudyOutcome } from '../../engine/study.js';
import { registry } from '../../tasks/registry.js';

const DEMO = fileURLToPath(new URL('../../workflows/demo.yaml', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cohortflow-demo-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(
  name: string,
  workers: number,
  sets: Record<string, string> = {},
): Promise<{ outcome: StudyOutcome; digests: Record<string, string> }> {
  const { workflow, diagnostics } = loadWorkflow({
    file: DEMO,
    sets: Object.entries({ 'params.people': '900', ...sets }).map(([path, value]) => ({ path, value })),
    registry,
  });
  expect(diagnostics).toEqual([]);
  const store = new Store(join(folder, name));
  try {
    const outcome = await runStudy({
      workflow: { ...workflow!, publishTo: join(folder, `${name}-results`) },
      store,
      executor: new WorkerPool({
        entry: new URL('../../dist/cli/worker.js', import.meta.url),
        objectFolder: join(store.folder, 'objects'),
        size: workers,
      }),
      memory: 2 ** 33,
      failFast: false,
      targets: [],
      signal: new AbortController().signal,
      onEvent: () => undefined,
    });
    const digests: Record<string, string> = {};
    for (const { node, manifest } of store.index.runNodes(outcome.run)) {
      const group = readGroup(manifest, store);
      for (let i = 0; i < group.header.count; i++) {
        for (const [port, ref] of Object.entries(group.outputs(i, store) ?? {})) {
          digests[`${node}[${group.itemText(i)}].${port}`] = ref.digest;
        }
      }
    }
    return { outcome, digests };
  } finally {
    store.close();
  }
}

describe('workflows/demo.yaml', () => {
  it('has equal digests for everything with 1 and with 4 workers', { timeout: 120_000 }, async () => {
    const one = await run('one', 1);
    const four = await run('four', 4);
    expect(one.outcome.status).toBe('done');
    expect(Object.keys(one.digests).length).toBeGreaterThan(150);
    expect(four.digests).toEqual(one.digests);
  });

  it(
    'with one trait that does not exist: the others, the FDR over them and the report complete, and name it',
    { timeout: 120_000 },
    async () => {
      const { outcome } = await run('failing', 2, {
        'axes.trait': '[{ id: fev, omit: null }, { id: spb, omit: null }, { id: waist, omit: bmi }]',
      });
      expect(outcome.status).toBe('failed');
      expect(outcome.failures).toHaveLength(1);
      const [failure] = outcome.failures;
      expect(failure).toMatchObject({ node: 'trait_raw', item: 'spb' });
      expect(failure!.failure.message).toContain("has no column 'spb' (did you mean 'sbp'?)");
      expect(failure!.skipped).toBeGreaterThan(30);
      const summary = (node: string) => outcome.nodes.find((each) => each.node === node)!;
      expect(summary('cox_hidden')).toMatchObject({ ran: 10, failed: 0, skipped: 5 });
      expect(summary('fdr_hidden')).toMatchObject({ ran: 1, failed: 0, skipped: 0 });
      const table = readFileSync(join(folder, 'failing-results/tables/associations_hidden.csv'), 'utf8')
        .trimEnd()
        .split('\n');
      expect(table).toHaveLength(1 + 10);
      const report = readFileSync(join(folder, 'failing-results/report.html'), 'utf8');
      expect(report).toContain('spb');
    },
  );
});
