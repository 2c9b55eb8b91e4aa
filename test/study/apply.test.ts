/**
 * `workflows/apply.yaml`: the models that a study published, and nothing else of it, predict people from files as a laboratory gives
 * them. The people are the study's own target cohort, whose imputed IDPs are known.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactRef } from '../../cache/artifact.js';
import { encodeTable } from '../../cache/tabular.js';
import { matchIds, numbers, type Table } from '../../cache/table.js';
import { readGroup } from '../../engine/record.js';
import { LEAST, StudyRig, TINY, workflowFile, type Ran } from './study-rig.js';

const study = new StudyRig();
afterAll(() => {
  study.close();
});

let run: number;
const ref = (node: string, port: string): ArtifactRef => {
  const { manifest } = study.store.index.runs.nodes(run).find((row) => row.node === node)!;
  return readGroup(manifest, study.store).outputs(0, study.store)![port]!;
};
const table = (node: string, port = 'table'): Promise<Table> =>
  study.store.artifacts.table(study.store.artifacts.manifest(ref(node, port).digest));
const sets = { 'params.data': study.path('data'), 'params.models': study.path('results', 'models') };
const apply = (more = {}): Promise<Ran> =>
  study.run(study.load(workflowFile('apply'), { ...sets, ...more }, 'applied'));

beforeAll(async () => {
  const { outcome } = await study.run(study.load(TINY, LEAST), []);
  expect(outcome.status).toBe('done');
  run = outcome.run!;
  mkdirSync(study.path('data'));
  const write = async (name: string, of: Table): Promise<void> =>
    writeFileSync(study.path('data', name), await encodeTable(of, 'csv', study.storeFolder));
  await write('blood_count.csv', await table('count_kept'));
  await write('biochemistry.csv', await table('biochemistry_kept'));
  await write('idps.csv', await table('gwas_map', 'idps'));
  for (const part of ['bed', 'bim', 'fam'])
    copyFileSync(
      study.store.objects.path(ref('simulation', part).digest),
      study.path('data', `cohort.${part}`),
    );
}, 120_000);

describe('published models in another cohort', () => {
  it(
    'predict who misses nothing as the study did, from values as measured',
    { timeout: 120_000 },
    async () => {
      const { outcome, warnings } = await apply();
      expect(outcome.failures).toEqual([]);
      expect(outcome.status).toBe('done');
      expect(warnings.some((text) => /no prediction for \d+ people with a missing feature/.test(text))).toBe(
        true,
      );
      const imputed = await table('imputed_idps');
      const applied = study.table('imputed.csv', 'applied');
      const blood = await Promise.all(['count_kept', 'biochemistry_kept'].map((node) => table(node)));
      const people = applied.map((row) => row['eid']!);
      const rows = matchIds(imputed.id!.values, people);
      const isComplete = people.map((_, i) => {
        return blood.every((of) => {
          const row = matchIds(of.id!.values, [people[i]!])[0]!;
          return [...of.columns.keys()].every((name) => !Number.isNaN(numbers(of, name)[row]!));
        });
      });
      expect(imputed.columns.size).toBe(3);
      let compared = 0;
      for (const name of imputed.columns.keys()) {
        const expected = numbers(imputed, name);
        for (const [i, row] of rows.entries()) {
          const cell = applied[i]![name]!;
          expect(cell === '').toBe(!isComplete[i]);
          if (row < 0 || cell === '') continue;
          expect(Math.abs(Number(cell) - expected[row]!)).toBeLessThan(1e-12);
          compared++;
        }
      }
      expect(compared).toBeGreaterThan(1000);
    },
  );

  it('take a missing trait as its mean where that is asked for', { timeout: 60_000 }, async () => {
    const { ran } = await apply({ 'params.missing': 'mean' });
    expect(ran).toEqual({ imputed: 3, imputed_idps: 1 });
    expect(
      study.table('imputed.csv', 'applied').every((row) => Object.values(row).every((cell) => cell !== '')),
    ).toBe(true);
  });
});
