import { describe, expect, it } from 'vitest';
import { tableConcat } from '../../tasks/table-concat.js';
import { tableDerive } from '../../tasks/table-derive.js';
import { tableFilter } from '../../tasks/table-filter.js';
import { tableSort } from '../../tasks/table-sort.js';
import { runTask } from './context.js';
import { lists, people, rows, samples } from './tables.js';

describe('table.filter', () => {
  const table = people({ a: { x: 1, t: 'u' }, b: { x: null, t: null }, c: { x: 3, t: 'v' } });

  it('keeps the rows of the given people and counts those without a row', async () => {
    const ran = await runTask(tableFilter, { inputs: { table, samples: samples('c', 'z', 'b') } });
    expect(lists(ran.table('table'))).toEqual({ id: ['b', 'c'], x: [null, 3], t: [null, 'v'] });
    expect(ran.warnings).toEqual(["no row in 'table' for 1 person of 'samples'"]);
    expect(ran.log).toEqual(['2 of 3 rows kept']);
  });

  it('keeps nobody when nobody was asked for, but refuses ids that never match', async () => {
    const none = await runTask(tableFilter, { inputs: { table, samples: samples() } });
    expect(none.table('table').rows).toBe(0);
    await expect(runTask(tableFilter, { inputs: { table, samples: samples('1', '2') } })).rejects.toThrow(
      "none of the 2 people of 'samples' has a row in 'table'; their ids look like '1' and 'a'",
    );
  });

  it('needs ids', async () => {
    await expect(
      runTask(tableFilter, { inputs: { table: rows({ x: [1] }), samples: samples('a') } }),
    ).rejects.toThrow('expected a table with an id column, got one without; give the input an `id:`');
  });
});

describe('table.concat', () => {
  it('stacks tables, each row with its item; lacking columns are missing', async () => {
    const ran = await runTask(tableConcat, {
      inputs: {
        tables: {
          gather: [
            { item: { fold: 1, trait: 'fev' }, value: rows({ r: [0.1, 0.2], c: ['x', 'y'] }) },
            { item: { fold: 2, trait: 'fev' }, value: rows({ r: [0.3] }) },
          ],
          failed: [{ fold: 3, trait: 'fev' }],
        },
      },
    });
    expect(lists(ran.table('table'))).toEqual({
      fold: [1, 1, 2],
      trait: ['fev', 'fev', 'fev'],
      r: [0.1, 0.2, 0.3],
      c: ['x', 'y', null],
    });
    expect(ran.warnings).toEqual(['1 failed and missing here: fold 3, trait fev']);
  });

  it('makes the id an ordinary column', async () => {
    const ran = await runTask(tableConcat, {
      inputs: {
        tables: {
          gather: [
            { item: { seed: 1 }, value: people({ a: { x: 1 } }) },
            { item: { seed: 2 }, value: people({ a: { x: 2 } }) },
          ],
        },
      },
    });
    expect(lists(ran.table('table'))).toEqual({ seed: [1, 2], id: ['a', 'a'], x: [1, 2] });
  });

  it('refuses a column that has the name of an axis, or two types', async () => {
    const gather = (...values: ReturnType<typeof rows>[]) =>
      runTask(tableConcat, {
        inputs: { tables: { gather: values.map((value, i) => ({ item: { fold: i }, value })) } },
      });
    await expect(gather(rows({ fold: [1] }))).rejects.toThrow(
      "column 'fold' has the name of an axis (fold 0)",
    );
    await expect(gather(rows({ x: [1] }), rows({ x: ['a'] }))).rejects.toThrow(
      "column 'x' holds text for fold 1, but number before",
    );
  });
});

describe('table.derive', () => {
  const table = people({
    a: { age: 30, sex: 1, cd: Math.E, race: 2 },
    b: { age: 40, sex: 2, cd: null, race: 1 },
    c: { age: null, sex: null, cd: 1, race: 3 },
  });
  const derive = (...columns: unknown[]) =>
    runTask(tableDerive, { params: { columns: columns as never }, inputs: { table } });

  it('makes each kind of column; missing cells stay missing', async () => {
    const ran = await derive(
      { name: 'age', copy: 'age' },
      { name: 'age2', square: 'age' },
      { name: 'age_sex', product: ['age', 'sex'] },
      { name: 'male', is: { column: 'sex', value: 1 } },
      { name: 'log_cd', log: 'cd' },
      { name: 'race', categories: { column: 'race', reference: 1 } },
    );
    expect(lists(ran.table('table'))).toEqual({
      id: ['a', 'b', 'c'],
      age: [30, 40, null],
      age2: [900, 1600, null],
      age_sex: [30, 80, null],
      male: [1, 0, null],
      log_cd: [1, null, 0],
      race_2: [1, 0, 0],
      race_3: [0, 0, 1],
    });
  });

  it('names column and person where a logarithm has no value', async () => {
    const zero = people({ a: { cd: 1 }, b: { cd: 0 } });
    await expect(
      runTask(tableDerive, { params: { columns: [{ name: 'l', log: 'cd' }] }, inputs: { table: zero } }),
    ).rejects.toMatchObject({
      message: 'a logarithm needs values above 0, got 0',
      where: { column: 'cd', row: 'b' },
    });
  });

  it('refuses a reference category that does not occur, and a name given twice', async () => {
    await expect(derive({ name: 'r', categories: { column: 'race', reference: 9 } })).rejects.toThrow(
      'the reference category 9 does not occur; found 1, 2, 3',
    );
    await expect(derive({ name: 'x', copy: 'age' }, { name: 'x', copy: 'sex' })).rejects.toThrow(
      "the column 'x' is made twice",
    );
  });
});

describe('table.sort', () => {
  const table = people({
    a: { x: 2, t: 'v' },
    b: { x: null, t: 'u' },
    c: { x: 3, t: 'u' },
    d: { x: 2, t: 'u' },
  });
  const sort = (params: Record<string, never> | object) =>
    runTask(tableSort, { params: params as never, inputs: { table } });

  it('orders by several columns, missing cells last either way, ties as they were', async () => {
    expect(lists((await sort({ by: ['x', 't'] })).table('table'))).toEqual({
      id: ['d', 'a', 'c', 'b'],
      x: [2, 2, 3, null],
      t: ['u', 'v', 'u', 'u'],
    });
    expect(lists((await sort({ by: ['x'], descending: true, limit: 3 })).table('table'))['id']).toEqual([
      'c',
      'a',
      'd',
    ]);
    expect((await sort({ by: ['x'], descending: true })).table('table').id).toBeNull();
    expect(lists((await sort({ by: ['x'], descending: true })).table('table'))['id']!.at(-1)).toBe('b');
  });

  it('names the column that is absent', async () => {
    await expect(sort({ by: ['z'] })).rejects.toThrow("expected a column 'z', which the table does not have");
  });
});
