/**
 * workflows/nhanes.yaml on the real cohort, with real worker processes: its counts and accuracies, and that a change reruns
 * exactly what it invalidates.
 */
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { readGroup } from '../../engine/record.js';
import type { Workflow } from '../../engine/workflow.js';
import { StudyRig, type Ran } from './study-rig.js';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const DATA = at('../../../shared/data/cohorts/nhanes3.csv.gz');
const STUDY = at('../../workflows/nhanes.yaml');
const present = existsSync(DATA);
if (!present) console.warn(`skipped: ${DATA} is not here`);

/** NHANES.md: five-fold R² of count, biochemistry, stacked and age+sex, ρ of the stack; each ± 0.02, over all eligible people. */
const EXPECTED: Record<string, readonly [number, number, number, number, number]> = {
  fev: [0.18, 0.28, 0.35, 0.63, 0.61],
  height: [0.18, 0.26, 0.32, 0.49, 0.59],
  weight: [0.09, 0.28, 0.3, 0.13, 0.56],
  waist: [0.07, 0.37, 0.375, 0.13, 0.64],
  sbp: [0.05, 0.23, 0.24, 0.375, 0.54],
  dbp: [0.06, 0.1, 0.12, 0.14, 0.36],
};

const rig = new StudyRig();
const { folder, store } = rig;
afterAll(() => rig.close());

const rows = present
  ? gunzipSync(readFileSync(DATA))
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','))
  : [];

/** The cohort as a plain file, changed. */
function writeCohort(change: (cells: string[][]) => string[][], name = 'cohort.csv'): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    `${change(rows)
      .map((cells) => cells.join(','))
      .join('\n')}\n`,
  );
  return path;
}

function load(sets: Record<string, string>, text?: string): Workflow {
  const file = text === undefined ? STUDY : join(folder, 'study.yaml');
  if (text !== undefined) writeFileSync(file, text);
  return rig.load(file, sets);
}

async function run(workflow: Workflow): Promise<Ran> {
  const ran = await rig.run(workflow);
  expect(ran.outcome.failures).toEqual([]);
  return ran;
}

/** Everything that depends on the named nodes, and they themselves. */
function downstream(workflow: Workflow, names: readonly string[]): string[] {
  const found = new Set(names);
  for (const node of workflow.nodes.values()) {
    const text = JSON.stringify([...node.inputs.values()], (_, value: unknown) =>
      value instanceof Map ? [...value.values()] : value,
    );
    if ([...found].some((name) => text.includes(`{"node":${JSON.stringify(name)},`))) found.add(node.name);
  }
  return [...found].sort();
}

function csv(path: string): Record<string, string>[] {
  const [head, ...lines] = readFileSync(join(folder, 'results', path), 'utf8')
    .trimEnd()
    .split('\n');
  const names = head!.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i]!, cell])));
}

const digests = (run_: number, node: string): (string | undefined)[] => {
  const group = readGroup(store.index.runs.node(run_, node)!, store);
  return Array.from(
    { length: group.header.count },
    (_, i) => Object.values(group.outputs(i, store)!)[0]?.digest,
  );
};

describe.skipIf(!present)('the NHANES III study', () => {
  const sets = { 'params.data': join(folder, 'cohort.csv') };

  it('finds the people, deaths and accuracies of its page', { timeout: 300_000 }, async () => {
    writeCohort((cells) => cells);
    await run(load(sets));
    const flow = csv('tables/flow.csv');
    expect(Number(flow[0]!['remaining'])).toBe(18_825);
    expect(Number(flow.find(({ reason }) => reason === 'Pregnant')!['excluded'])).toBe(288);
    const eligible = Number(flow.at(-1)!['remaining']);
    expect(Math.abs(eligible - 15_350)).toBeLessThan(50);

    const accuracy = csv('tables/accuracy.csv').filter(({ people }) => people === 'everyone');
    for (const [trait, expected] of Object.entries(EXPECTED)) {
      const value = (configuration: string, column: string): number =>
        Number(
          accuracy.find((row) => row['trait'] === trait && row['configuration'] === configuration)![column],
        );
      const found = [
        value('count', 'r2'),
        value('biochemistry', 'r2'),
        value('stacked', 'r2'),
        value('age and sex', 'r2'),
        value('stacked', 'rho'),
      ];
      for (const [i, r2] of found.entries()) {
        expect(
          Math.abs(r2 - expected[i]!),
          `${trait}, number ${i}: ${r2} against ${expected[i]!}`,
        ).toBeLessThanOrEqual(0.02);
      }
    }
  });

  it('has nothing to do the second time', async () => {
    expect((await run(load(sets))).ran).toEqual({});
  });

  it('adding a column, reordering columns and rows, touching and moving the file: nothing', async () => {
    const path = writeCohort(([head, ...people]) => [
      [...head!, 'new'].reverse(),
      ...people.reverse().map((cells) => [...cells, '1'].reverse()),
    ]);
    expect((await run(load(sets))).ran).toEqual({});
    utimesSync(path, new Date(0), new Date(0));
    expect((await run(load(sets))).ran).toEqual({});
    const moved = writeCohort((cells) => cells, 'moved.csv');
    expect((await run(load({ 'params.data': moved }))).ran).toEqual({});
    // The published file as it comes, compressed.
    expect((await run(load({ 'params.data': DATA }))).ran).toEqual({});
  });

  it(
    'one cell of one column: only what reads it, and what its change reaches',
    { timeout: 300_000 },
    async () => {
      const column = rows[0]!.indexOf('fev');
      writeCohort(([head, first, ...people]) => [
        head!,
        first!.map((cell, i) => (i === column ? String(Number(cell) + 10) : cell)),
        ...people,
      ]);
      const { outcome, ran } = await run(load(sets));
      // Of the fan-outs only the trait that was edited.
      expect(ran['trait_raw']).toBe(1);
      expect(ran['cox_hidden']).toBe(9);
      for (const other of ['eligible', 'count', 'biochemistry', 'covariates', 'outcome', 'folds'])
        expect(ran).not.toHaveProperty(other);
      const raw = outcome.nodes.find(({ node }) => node === 'trait_raw')!;
      expect(Object.keys(raw.reasons)).toEqual([
        expect.stringMatching(/^input table: 1 of 1 columns changed/),
      ]);
      writeCohort((cells) => cells);
      expect((await run(load(sets))).ran).toEqual({});
    },
  );

  it('k of the imputation: exactly its descendants; back again: nothing', { timeout: 300_000 }, async () => {
    const workflow = load({ ...sets, 'params.k': '7' });
    const { ran } = await run(workflow);
    const made = new Set(downstream(workflow, ['count', 'biochemistry']));
    for (const node of Object.keys(ran)) expect(made).toContain(node);
    for (const node of ['count', 'biochemistry', 'cv', 'refit', 'cox_imputed', 'accuracy'])
      expect(ran).toHaveProperty(node);
    expect((await run(load(sets))).ran).toEqual({});
  });

  it('other folds leave the refit alone', { timeout: 300_000 }, async () => {
    const before = (await run(load(sets))).outcome.run;
    const { outcome, ran } = await run(load({ ...sets, 'params.folds': '3' }));
    expect(ran).toHaveProperty('cv');
    expect(ran).not.toHaveProperty('refit');
    expect(digests(outcome.run, 'refit')).toEqual(digests(before, 'refit'));
  });

  it('comments, white space and new names of nodes and parameters: nothing, and the report shows the new names', async () => {
    const text = readFileSync(STUDY, 'utf8')
      .replaceAll('biochemistry_z', 'chemistry_scaled')
      .replaceAll('params.k}', 'params.neighbours}')
      .replace('\n  k:\n', '\n  # how many\n  neighbours:\n\n')
      .replaceAll('cohort.select', 'cohort.select # as before');
    const { outcome, ran } = await run(load({ ...sets }, text));
    expect(ran).toEqual({});
    expect(outcome.nodes.map(({ node }) => node)).toContain('chemistry_scaled');
    const report = readFileSync(join(folder, 'results', 'report.html'), 'utf8');
    expect(report).toContain('chemistry_scaled');
    expect(report).toContain('neighbours');
  });
});
