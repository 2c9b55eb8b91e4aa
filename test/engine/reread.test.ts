/** Why, of what is read from raw files: which column of which input, and how many columns of the file differ. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { explainNode } from '../../engine/explain.js';
import { Rig } from './rig/rig.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.remove());

const study = (k = 5): string => `
cohortflow: 1
name: why
params: { k: ${k} }
inputs:
  blood: { table: nhanes3.csv, id: id }
  notes: { file: notes.txt }
axes: { fold: { range: [1, 3] } }
nodes:
  knn: { task: toy.columns, each: fold, in: { table: blood }, with: { columns: [rdw, wbc] } }
  all: { task: toy.columns, in: { table: blood } }
  both: { task: toy.columns, in: { table: ["blood[rdw]", "blood[mcv]"] } }
  size: { task: toy.size, in: { file: notes }, with: { wait: "\${params.k}" } }
`;
const csv = (rdw = 3, extra = ''): string => `id,rdw,wbc,mcv,age\na,1,2,3,4\nb,${rdw},4,5,6\n${extra}`;

async function why(node: string, ...words: string[]): Promise<string> {
  const found = await explainNode({ workflow: rig.load(), store: rig.openStore(), node, words });
  return found.groups.map(({ text, count }) => `${count} ${text}`).join('; ');
}

it('names the column, the file, and how many columns differ', async () => {
  rig.write('nhanes3.csv', csv());
  rig.write('notes.txt', 'one');
  await rig.run(study());
  rig.write('nhanes3.csv', csv(7));
  rig.write('notes.txt', 'two and more');
  rig.write('study.yaml', study(7));
  expect(await why('knn', '2')).toBe(
    '1 would run because input table: blood.rdw changed (nhanes3.csv re-read: 1 of 2 columns read differs)',
  );
  // As soon as all columns were read of both versions, it is told of the file.
  expect(await why('all')).toBe(
    '1 would run because input table: blood.rdw changed (nhanes3.csv re-read: 1 of 4 columns differs)',
  );
  expect(await why('both')).toBe(
    '1 would run because input table: 1 of 2 columns changed (rdw) (nhanes3.csv re-read: 1 of 4 columns differs)',
  );
  expect(await why('size')).toBe(
    '1 would run because params.wait 5 → 7; input file: its content changed (notes.txt has another content)',
  );
  const { due } = await explainNode({
    workflow: rig.load(),
    store: rig.openStore(),
    node: 'knn',
    words: ['2'],
  });
  expect(due).toEqual({ count: 3, of: 3 });
});

it('rows more, and columns that nothing reads', async () => {
  rig.write('nhanes3.csv', csv());
  rig.write('notes.txt', 'one');
  await rig.run(study());
  rig.write('nhanes3.csv', csv(3, 'c,1,1,1,1\n'));
  expect(await why('knn', '1')).toBe(
    '1 would run because input table: rows 2 → 3, 2 of 2 columns changed (rdw, wbc) (nhanes3.csv re-read: 2 of 2 columns read differ)',
  );
  rig.write('nhanes3.csv', csv().replace('a,1,2,3,4', 'a,1,2,3,99'));
  expect(await why('knn')).toBe('3 fresh: ran in the last run (1): not run before');
});

it('is compared with the run that is asked about', async () => {
  rig.write('nhanes3.csv', csv());
  rig.write('notes.txt', 'one');
  await rig.run(study(5));
  await rig.run(study(6));
  rig.write('study.yaml', study(7));
  const store = rig.openStore();
  const text = async (run: number): Promise<string> => {
    const row = store.index.runs.get(run);
    const found = await explainNode({ workflow: rig.load(), store, node: 'size', words: [], run: row });
    return found.groups[0]!.text;
  };
  expect(await text(1)).toBe('would run because params.wait 5 → 7');
  expect(await text(2)).toBe('would run because params.wait 6 → 7');
});

it('an instance of long ago is found, however many runs there were since', { timeout: 60_000 }, async () => {
  rig.write('nhanes3.csv', csv());
  rig.write('notes.txt', 'one');
  await rig.run(study(5));
  for (let i = 0; i < 30; i++) await rig.run(study(5), { targets: ['knn'] });
  rig.write('study.yaml', study(7));
  expect(await why('size')).toBe('1 would run because params.wait 5 → 7');
});
