import { describe, expect, it } from 'vitest';
import type { Table } from '../../cache/table.js';
import { tableJoin } from '../../tasks/table-join.js';
import { runTask } from './context.js';
import { lists, people, rows } from './tables.js';

const fits = rows({
  disease: ['stroke', 'gout', 'stroke', 'ulcer'],
  idp: ['lv', 'lv', 'hippo', 'lv'],
  beta: [0.3, null, 0.1, 0.2],
});
const diseases = people({
  gout: { category: 'joint', code: 274 },
  stroke: { category: 'heart', code: null },
});
const lookup: Table = { ...diseases, id: { ...diseases.id!, name: 'disease' } };
const join = (params: object, inputs: Record<string, Table> = { table: fits, lookup }) =>
  runTask(tableJoin, { params: params as never, inputs });

describe('table.join', () => {
  it('takes the matching row’s cells, in the order of the table; the id of the lookup is a column', async () => {
    const ran = await join({ by: ['disease'], missing: 'keep' });
    expect(lists(ran.table('table'))).toEqual({
      disease: ['stroke', 'gout', 'stroke', 'ulcer'],
      idp: ['lv', 'lv', 'hippo', 'lv'],
      beta: [0.3, null, 0.1, 0.2],
      category: ['heart', 'joint', 'heart', null],
      code: [null, 274, null, null],
    });
    expect(ran.warnings).toEqual([
      `1 row of 'table' without a match in 'lookup': "ulcer"; their new cells are missing`,
    ]);
  });

  it('names the row without a match, or leaves it out and counts it', async () => {
    await expect(join({ by: ['disease'] })).rejects.toMatchObject({
      message: `1 row of 'table' without a match in 'lookup': "ulcer"`,
      where: { port: 'table', row: 'row 4' },
    });
    const ran = await join({ by: ['disease'], columns: ['category'], missing: 'drop' });
    expect(lists(ran.table('table'))).toEqual({
      disease: ['stroke', 'gout', 'stroke'],
      idp: ['lv', 'lv', 'hippo'],
      beta: [0.3, null, 0.1],
      category: ['heart', 'joint', 'heart'],
    });
    expect(ran.log).toEqual([`1 row of 'table' without a match in 'lookup': "ulcer"; dropped`]);
    expect(ran.warnings).toEqual([]);
  });

  it('makes the id of the table its first column', async () => {
    const table = people({ b: { x: 1 }, a: { x: 2 } });
    const ran = await join({ by: ['id'] }, { table, lookup: rows({ id: ['b', 'a'], y: [10, 20] }) });
    expect(ran.table('table').id).toBeNull();
    expect(lists(ran.table('table'))).toEqual({ id: ['a', 'b'], x: [2, 1], y: [20, 10] });
  });

  it('matches several columns, numbers too; a missing cell matches nothing', async () => {
    const ran = await join(
      { by: ['disease', 'seed'], missing: 'keep' },
      {
        table: rows({ disease: ['a', 'a', 'a', null], seed: [1, 2, null, 1] }),
        lookup: rows({ seed: [2, 1, null], disease: ['a', 'a', 'a'], auc: [0.2, 0.1, 0.9] }),
      },
    );
    expect(lists(ran.table('table'))['auc']).toEqual([0.1, 0.2, null, null]);
    expect(ran.warnings[0]).toContain(
      `2 rows of 'table' without a match in 'lookup': "a" missing, missing 1;`,
    );
  });

  it('keeps the columns of an empty table', async () => {
    const ran = await join(
      { by: ['disease'] },
      { table: { ...rows({ disease: ['x'] }), rows: 0, columns: emptied('disease') }, lookup },
    );
    expect([...ran.table('table').columns.keys()]).toEqual(['disease', 'category', 'code']);
    expect(ran.table('table').rows).toBe(0);
  });

  it.each([
    [
      'a key that stands twice',
      { by: ['disease'] },
      { table: fits, lookup: rows({ disease: ['gout', 'gout'], x: [1, 2] }) },
      `["gout"] stands in 'lookup' twice; 'by' must tell its rows apart`,
    ],
    [
      'a column that both have',
      { by: ['disease'] },
      { table: fits, lookup: rows({ disease: ['gout'], beta: [1] }) },
      "'table' already has a column 'beta'; rename it: '[beta as …]'",
    ],
    [
      'an absent column',
      { by: ['disease'], columns: ['group'], missing: 'keep' },
      { table: fits, lookup },
      "expected a column 'group', which the table does not have",
    ],
    [
      'an absent key',
      { by: ['trait'] },
      { table: fits, lookup },
      "expected a column 'trait', which the table does not have",
    ],
    [
      'keys of two types',
      { by: ['disease'] },
      { table: fits, lookup: rows({ disease: [1], x: [1] }) },
      "column 'disease' holds text in 'table', but number in 'lookup'",
    ],
  ])('refuses %s', async (_what, params, inputs, message) => {
    await expect(join(params, inputs)).rejects.toThrow(message);
  });
});

function emptied(name: string): Table['columns'] {
  return new Map([[name, { type: 'text', values: [] }]]);
}
