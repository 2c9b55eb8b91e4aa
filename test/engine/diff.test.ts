/** Two recorded runs compared: metrics side by side, added and lost items, raw files; and results asked in SQL. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diffRuns, type RunDiff } from '../../engine/diff.js';
import { queryStudy } from '../../engine/query.js';
import { Recorded } from '../../engine/recorded.js';
import { findRun } from '../../engine/run-choice.js';
import { Rig } from './rig/rig.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
  rig.write('data.csv', 'id,x,y\na,1,2\nb,4,5\n');
});
afterEach(() => rig.remove());

const study = (items = '[fev, weight]'): string => `
cohortflow: 1
name: study
inputs: { data: { table: data.csv, id: id } }
axes: { trait: ${items} }
nodes:
  scores: { task: toy.columns, in: { table: data } }
  batch: { task: toy.batch, with: { item: "\${trait}" }, each: trait }
  values: { task: toy.list, with: { n: 3 } }
publish: { files: { scores.csv: scores.table, "\${trait}.json": batch.out, values.csv: values.table } }
`;

async function diff(portType: string | null, before = 'last-1', after = 'last'): Promise<RunDiff> {
  const store = rig.openStore();
  const open = (word: string): Recorded => new Recorded(store, findRun(store, 'study', word));
  return diffRuns(open(before), open(after), { tolerance: 0, portType: () => portType });
}

describe('diff', () => {
  beforeEach(async () => {
    await rig.run(study());
    rig.write('data.csv', 'id,x,y\na,1,2\nb,4,8\nc,0,0\n');
    await rig.run(study('[fev, height]'));
  });

  it('metrics: every number side by side with the difference', async () => {
    const { metrics, tables, people } = await diff('metrics');
    expect(metrics).toEqual([
      {
        node: 'scores',
        output: 'table',
        item: '',
        by: ['id'],
        rows: [
          { key: 'a', column: 'x', before: 2, after: 2, difference: 0 },
          { key: 'a', column: 'y', before: 4, after: 4, difference: 0 },
          { key: 'b', column: 'x', before: 8, after: 8, difference: 0 },
          { key: 'b', column: 'y', before: 10, after: 16, difference: 6 },
          { key: 'c', column: 'x', before: null, after: 0, difference: null },
          { key: 'c', column: 'y', before: null, after: 0, difference: null },
        ],
      },
    ]);
    expect(tables).toEqual([]);
    expect(people).toEqual([{ node: 'scores', output: 'table', item: '', before: 2, after: 3 }]);
  });

  it('published tables by key, when they are no metrics', async () => {
    const { metrics, tables } = await diff(null);
    expect(metrics).toEqual([]);
    expect(tables).toMatchObject([{ node: 'scores', added: 1, lost: 0, changed: 1, keysAdded: ['c'] }]);
  });

  it('items of an axis are instances; only those of both runs are compared', async () => {
    const { nodes, files, params, seed } = await diff(null);
    expect(
      nodes.map(({ node, instances, rekeyed, results }) => ({ node, instances, rekeyed, results })),
    ).toEqual([{ node: 'scores', instances: { before: 1, after: 1 }, rekeyed: 1, results: 1 }]);
    expect(files).toHaveLength(1);
    expect({ params, seed }).toEqual({ params: [], seed: null });
  });

  it('a run and itself', async () => {
    const { nodes, files, params, seed, people, flows, metrics, tables } = await diff(
      'metrics',
      'last',
      'last',
    );
    expect([nodes, files, params, people, flows, metrics, tables].flat()).toEqual([]);
    expect(seed).toBeNull();
  });
});

describe('query', () => {
  const ask = async (sql: string) => queryStudy(rig.openStore(), 'study', sql);

  it('JSON records are tables of one row, stacked over the items', async () => {
    await rig.run(study());
    const { columns, rows, bound } = await ask('SELECT trait, total FROM batch ORDER BY trait');
    expect(columns.map(({ name }) => name)).toEqual(['trait', 'total']);
    expect(rows.map(([trait]) => trait)).toEqual(['fev', 'weight']);
    expect(rows.every(([, total]) => typeof total === 'number')).toBe(true);
    expect(bound).toEqual([{ node: 'batch', output: 'out', rows: 2, columns: ['total'], missing: 0 }]);
  });

  it('a column that is called like the axis keeps its name; the item has another', async () => {
    await rig.run(study().replaceAll('trait', 'item'));
    const { columns, rows } = await ask('SELECT * FROM batch');
    expect(columns.map(({ name }) => name)).toEqual(['item.item', 'item', 'total']);
    expect(rows[0]!.slice(0, 2)).toEqual(['fev', 'fev']);
  });

  it('JSON of another shape is no table', async () => {
    await rig.run(
      study()
        .replace(
          'values: { task: toy.list, with: { n: 3 } }',
          'values: { task: toy.source, with: { value: [1, [2]] } }',
        )
        .replace(', values.csv: values.table', ', values.json: values.out'),
    );
    await expect(ask('SELECT * FROM "values"')).rejects.toThrow(
      "'values' has no output that is a table; it has out",
    );
    await expect(ask('SELECT * FROM "values.out"')).rejects.toThrow(
      'values.out is JSON that is no list of records, not a table',
    );
  });

  it('a node that no run had', async () => {
    await rig.run(study(), { targets: ['scores'] });
    await expect(ask('SELECT * FROM batch')).rejects.toThrow("'batch' was not part of any recorded run");
    expect((await ask('SELECT sum(x) AS s FROM "scores.table"')).rows).toEqual([[10]]);
  });
});
