import { describe, expect, it } from 'vitest';
import { imputeKnn } from '../../tasks/impute-knn.js';
import { metricsEffectiveRank } from '../../tasks/metrics-effective-rank.js';
import { tableBind } from '../../tasks/table-bind.js';
import { tableConcat } from '../../tasks/table-concat.js';
import { tableFilter } from '../../tasks/table-filter.js';
import { tableMissingness } from '../../tasks/table-missingness.js';
import { runTask } from './context.js';
import { lists, people, samples } from './tables.js';

describe('table.missingness', () => {
  it('counts numbers and texts, by person and by column', async () => {
    const table = people({ a: { x: 1, t: 'u' }, b: { x: null, t: null }, c: { x: 3, t: null } });
    const ran = await runTask(tableMissingness, { inputs: { table } });
    expect(lists(ran.table('people'))).toEqual({
      id: ['a', 'b', 'c'],
      missing: [0, 2, 1],
      share: [0, 1, 0.5],
    });
    expect(lists(ran.table('columns'))).toEqual({
      column: ['x', 't'],
      missing: [1, 2],
      share: [1 / 3, 2 / 3],
    });
  });
});

describe('table.filter with absent: missing', () => {
  it('gives people without a row one of missing cells, in the order of the ids', async () => {
    const table = people({ b: { x: 2, t: 'b' }, d: { x: 4, t: 'd' } });
    const inputs = { table, samples: samples('a', 'b', 'c') };
    const ran = await runTask(tableFilter, { params: { absent: 'missing' }, inputs });
    expect(lists(ran.table('table'))).toEqual({
      id: ['a', 'b', 'c'],
      x: [null, 2, null],
      t: [null, 'b', null],
    });
    expect(lists((await runTask(tableFilter, { inputs })).table('table'))).toEqual({
      id: ['b'],
      x: [2],
      t: ['b'],
    });
  });
});

describe('table.concat with ids: keep', () => {
  it('makes one table of the people of all folds', async () => {
    const tables = {
      gather: [
        { item: { fold: 1 }, value: people({ b: { y: 2 }, d: { y: 4 } }) },
        { item: { fold: 2 }, value: people({ a: { y: 1 }, c: { y: null } }) },
      ],
    };
    const ran = await runTask(tableConcat, { params: { ids: 'keep' }, inputs: { tables } });
    expect(ran.table('table').id?.values).toEqual(['a', 'b', 'c', 'd']);
    expect(lists(ran.table('table'))['y']).toEqual([1, 2, null, 4]);
    expect(lists(ran.table('table'))['fold']).toEqual([2, 1, 2, 1]);
  });

  it('refuses somebody who comes twice', async () => {
    const items = [1, 2].map((fold) => ({ item: { fold }, value: people({ a: { y: fold } }) }));
    await expect(
      runTask(tableConcat, { params: { ids: 'keep' }, inputs: { tables: { gather: items } } }),
    ).rejects.toThrow(/'a' is in more than one/);
  });
});

describe('table.bind', () => {
  it('gives the same columns whether people are the same in all tables or not', async () => {
    const bind = async (...values: ReturnType<typeof people>[]): Promise<unknown> => {
      const items = values.map((value, i) => ({ item: { idp: `i${i}` }, value }));
      return lists((await runTask(tableBind, { inputs: { tables: { gather: items } } })).table('table'));
    };
    const [x, y] = [people({ a: { v: 1 }, b: { v: 2 } }), people({ a: { v: 3 }, b: { v: 4 } })];
    expect(await bind(x, y)).toEqual({ id: ['a', 'b'], i0: [1, 2], i1: [3, 4] });
    expect(await bind(x, people({ b: { v: 4 } }))).toEqual({ id: ['a', 'b'], i0: [1, 2], i1: [null, 4] });
  });
});

describe('metrics.effective_rank', () => {
  it('leaves out people with a missing cell, and says how many', async () => {
    const rows = Object.fromEntries(
      [1, -1, 1, -1, 2].map((x, i) => [`p${i}`, { x, y: i < 2 ? 1 : -1, z: i === 4 ? null : 0 }]),
    );
    const ran = await runTask(metricsEffectiveRank, { inputs: { table: people(rows) } });
    const row = lists(ran.table('table'));
    expect(row).toMatchObject({
      columns: [3],
      constant: [1],
      people: [4],
      missing: [1],
      for_90_percent: [2],
    });
    expect(row['entropy_rank']![0]).toBeCloseTo(2, 10);
  });
});

describe('impute.knn with columns beside', () => {
  const table = people({ a: { x: 1 }, b: { x: 2 }, c: { x: 30 }, d: { x: null } });
  const beside = people({ a: { y: 9 }, b: { y: 8 }, c: { y: 0 }, d: { y: 0.1 } });
  const params = { k: 1 };

  it('finds neighbours by all columns, and fills only its own', async () => {
    const alone = await runTask(imputeKnn, { params, inputs: { table } });
    expect(lists(alone.table('table'))['x']).toEqual([1, 2, 30, 11]); // nothing in common: the mean
    const ran = await runTask(imputeKnn, { params, inputs: { table, beside } });
    expect(lists(ran.table('table'))).toEqual({ id: ['a', 'b', 'c', 'd'], x: [1, 2, 30, 30] });
    expect(lists(ran.table('filled'))).toMatchObject({ column: ['x'], from_neighbours: [1] });
    // The same as filling both and keeping one.
    const both = people({ a: { x: 1, y: 9 }, b: { x: 2, y: 8 }, c: { x: 30, y: 0 }, d: { x: null, y: 0.1 } });
    const whole = await runTask(imputeKnn, { params, inputs: { table: both } });
    expect(lists(whole.table('table'))['x']).toEqual([1, 2, 30, 30]);
  });

  it('refuses other people, and names that both have', async () => {
    const others = people({ a: { y: 9 }, b: { y: 8 }, c: { y: 0 }, e: { y: 1 } });
    await expect(runTask(imputeKnn, { params, inputs: { table, beside: others } })).rejects.toThrow(
      /the people of 'table'/,
    );
    await expect(runTask(imputeKnn, { params, inputs: { table, beside: table } })).rejects.toThrow(
      /has a column 'x' too/,
    );
  });
});
