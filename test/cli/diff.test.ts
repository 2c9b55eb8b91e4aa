/** `diff` on the built program: two runs side by side. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Folder, STUDY, toyFolder } from './rig.js';

/** Times differ from run to run. */
const timeless = (text: string): string =>
  text
    .replace(/\d[\d.]* (?:ms|s)\b/g, '# s')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'DATE')
    .replace(/ {2,}/g, '  ');

describe('diff', () => {
  let folder: Folder;
  beforeAll(() => {
    folder = toyFolder();
    folder.cli('run');
  });
  afterAll(() => folder.remove());

  it('one run: there is nothing to compare it with', () => {
    expect(folder.cli('diff')).toEqual({
      code: 2,
      out: '',
      err: "error: 'toy' has one run: there is no last-1\n",
    });
  });

  it('two equal runs', () => {
    folder.cli('run');
    expect(timeless(folder.cli('diff').out)).toBe(
      'run 1 (done, DATE) and run 2 (done, DATE) do not differ\n',
    );
  });

  it('a parameter: nodes and published tables by key', () => {
    folder.cli('run', '--set', 'params.k=1', '--set', 'nodes.top.with.limit=5');
    const { code, out } = folder.cli('diff', '1', 'last');
    expect(code).toBe(0);
    expect(timeless(out)).toBe(`run 1 (done, DATE) → run 3 (done, DATE)

parameters
  k  2 → 1

nodes
  filled  params.k 2 → 1; other results
  one  2 of 2 instances: other results
  top  params.limit 2 → 5; 2 of 2 instances: other results
  all  other results

top.table[fev]  3 added (p3, p4, p5)

top.table[rdw]  3 added (p3, p4, p5)

all.table  6 added (fev / p3, fev / p4, fev / p5, …)
`);
  });

  it('tolerance: small changes of numbers are none', () => {
    const people = readFileSync(join(folder.path, 'people.csv'), 'utf8');
    folder.write('people.csv', people.replace('p1,41,1.5,2.5', 'p1,41,1.5,2.5000001'));
    folder.cli('run');
    const exact = folder.json('diff', '1', 'last') as Diff;
    expect(exact.files).toHaveLength(1);
    expect(exact.tables.map(({ node, item, changed }) => [node, item, changed])).toEqual([
      ['top', 'fev', 2],
      ['all', '', 2],
    ]);
    expect(exact.tables[0]!.examples[0]).toMatchObject({ column: 'x' });
    const loose = folder.json('diff', '1', 'last', '--tolerance', '1e-6') as Diff;
    expect(loose.tables).toEqual([]);
    expect(loose.nodes.map(({ node }) => node)).toEqual(exact.nodes.map(({ node }) => node));
    folder.write('people.csv', people);
    expect(folder.cli('diff', '--tolerance', 'x').err).toBe(
      "error: --tolerance: expected a number from 0 to 1, such as 1e-6, got 'x'\n",
    );
  });

  it('a node more, a node less, and one that failed', () => {
    folder.write(
      'toy.yaml',
      STUDY.replace('  all:\n', '  more:\n    task: scale.zscore\n    in: { table: filled.table }\n  all:\n')
        .replace('all.csv: all.table', 'all.csv: all.table\n    more.csv: more.table')
        .replace('copy: "${trait}"', 'log: "${trait}"'),
    );
    expect(folder.cli('run').code).toBe(1);
    const { nodes } = folder.json('diff', '1', 'last') as Diff;
    expect(nodes.map(({ node, status, unfinished }) => [node, status, unfinished.after])).toEqual([
      ['one', 'changed', 2],
      ['top', 'changed', 2],
      ['all', 'changed', 1],
      ['more', 'added', 0],
    ]);
    expect(folder.cli('diff', 'last', '1').out).toContain('\n  more  lost\n');
    folder.write('toy.yaml', STUDY);
  });

  it('runs that are not there', () => {
    expect(folder.cli('diff', '99').err).toBe(
      "error: there is no run 99; those of 'toy' are 5, 4, 3, 2, 1\n",
    );
    expect(folder.cli('diff', 'nosuch').err).toMatch(
      /^error: 'nosuch' is not the number of a run, .*there are none\n$/,
    );
    expect(folder.cli('diff', '1', '2', '3').code).toBe(2);
  });
});

interface Diff {
  readonly files: readonly unknown[];
  readonly nodes: readonly { node: string; status: string; unfinished: { after: number } }[];
  readonly tables: readonly { node: string; item: string; changed: number; examples: unknown[] }[];
  readonly flows: readonly unknown[];
  readonly metrics: readonly unknown[];
}

describe('diff of people and metrics', () => {
  let folder: Folder;
  beforeAll(() => {
    folder = new Folder();
    const rows = Array.from(
      { length: 40 },
      (_, i) => `p${i},${(i * 7) % 40},${20 + i},${((i * 13) % 40) / 10}`,
    );
    folder.write('people.csv', `id,x,age,y\n${rows.join('\n')}\n`);
    folder.write(
      'study.yaml',
      `cohortflow: 1
name: study
seed: 3
params: { oldest: 70 }
inputs: { people: { table: people.csv, id: id } }
nodes:
  eligible:
    task: cohort.select
    in: { table: people }
    with: { rules: [{ exclude: { column: age, above: "\${params.oldest}" }, reason: too old }] }
  kept: { task: table.filter, in: { table: people, samples: eligible.samples } }
  folds: { task: folds.assign, in: { samples: eligible.samples }, with: { k: 2 } }
publish: { files: { flow.csv: eligible.flow, folds.csv: folds.folds, kept.csv: kept.table } }
`,
    );
  });
  afterAll(() => folder.remove());

  it('the flow side by side, rows that differ', () => {
    const first = folder.cli('run');
    expect({ code: first.code, err: first.err }).toEqual({ code: 0, err: '' });
    folder.cli('run', '--set', 'params.oldest=39');
    const { out } = folder.cli('diff');
    expect(timeless(out)).toContain('\nparameters\n  oldest  70 → 39\n');
    expect(timeless(out)).toContain('\n  eligible.samples  40 → 20  -20\n');
    expect(timeless(out)).toMatch(/\neligible\.flow\n {2}reason  before  after  difference\n/);
    expect(timeless(out)).toMatch(/too old {2}excluded {2}0 {2}20 {2}\+20\n/);
    expect(timeless(out)).toMatch(/too old {2}remaining {2}40 {2}20 {2}-20\n/);
    expect(timeless(out)).toContain('\nkept.table  20 lost (');
  });
});
