import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberColumn } from '../../cache/column.js';
import { plainTable, type Table } from '../../cache/table.js';
import { tableSummarise } from '../../tasks/table-summarise.js';
import { runTask } from './context.js';
import { lists, people, rows } from './tables.js';

const accuracy = rows({
  configuration: ['snp', 'snp', 'snp', 'blood', 'blood', 'blood'],
  group: ['T1', 'cardiac', 'T1', 'T1', 'cardiac', 'T1'],
  r2: [0.1, 0.4, 0.3, null, 0.2, 0.6],
});
const summarise = (params: object, table: Table = accuracy) =>
  runTask(tableSummarise, { params: params as never, inputs: { table } });

describe('table.summarise', () => {
  it('summarises each group without its missing values; groups are sorted', async () => {
    const ran = await summarise({
      by: ['group', 'configuration'],
      columns: {
        n: { count: true },
        unknown: { missing: 'r2' },
        mean: { mean: 'r2' },
        high: { count_if: { column: 'r2', above: 0.25 } },
        share: { share: { column: 'r2', above: 0.25 } },
      },
    });
    expect(lists(ran.table('table'))).toEqual({
      group: ['T1', 'T1', 'cardiac', 'cardiac'],
      configuration: ['blood', 'snp', 'blood', 'snp'],
      high: [1, 1, 0, 1],
      mean: [0.6, 0.2, 0.2, 0.4],
      n: [2, 2, 1, 1],
      share: [1, 0.5, 0, 1],
      unknown: [1, 0, 0, 0],
    });
    expect([...ran.table('table').columns.keys()].slice(2)).toEqual([
      'high',
      'mean',
      'n',
      'share',
      'unknown',
    ]);
  });

  it('adds rows of all groups together', async () => {
    const ran = await summarise({
      by: ['configuration', 'group'],
      columns: { n: { count: true }, median: { median: 'r2' } },
      overall: 'all',
    });
    expect(lists(ran.table('table'))).toEqual({
      configuration: ['blood', 'blood', 'blood', 'snp', 'snp', 'snp'],
      group: ['T1', 'all', 'cardiac', 'T1', 'all', 'cardiac'],
      median: [0.6, 0.4, 0.2, 0.2, 0.3, 0.4],
      n: [2, 3, 1, 2, 3, 1],
    });
  });

  it('gives what R 4.2 gives: mean, sd, median, quantile(x, c(.25, .9))', async () => {
    // R: x <- c(2, 4, 4, 5, 7, 9, 11); mean(x); sd(x); median(x); quantile(x, c(0.25, 0.9))
    const table = rows({ x: [9, 2, 4, 11, 4, 7, 5, null] });
    const ran = await summarise(
      {
        by: [],
        columns: {
          mean: { mean: 'x' },
          sd: { sd: 'x' },
          median: { median: 'x' },
          q25: { quantile: ['x', 0.25] },
          q90: { quantile: ['x', 0.9] },
          sum: { sum: 'x' },
          min: { min: 'x' },
          max: { max: 'x' },
        },
      },
      table,
    );
    const got = lists(ran.table('table')) as Record<string, [number]>;
    expect(got['mean']![0]).toBeCloseTo(6, 12);
    expect(got['sd']![0]).toBeCloseTo(3.162277660168379, 12);
    expect(got).toMatchObject({ median: [5], q25: [4], sum: [42], min: [2], max: [11] });
    expect(got['q90']![0]).toBeCloseTo(9.8, 12);
  });

  it('sorts numbers by value and missing cells last; the id is a column', async () => {
    const table = people({ a: { seed: 10, x: 1 }, b: { seed: 9, x: 2 }, c: { seed: null, x: 3 } });
    const ran = await summarise({ by: ['seed'], columns: { x: { sum: 'x' } } }, table);
    expect(lists(ran.table('table'))).toEqual({ seed: [9, 10, null], x: [2, 1, 3] });
    const byId = await summarise({ by: ['id'], columns: { n: { count: true } } }, table);
    expect(lists(byId.table('table'))).toEqual({ id: ['a', 'b', 'c'], n: [1, 1, 1] });
  });

  it('has no value where there is none: nothing known, one value’s sd, no row', async () => {
    const table = rows({ g: ['a', 'b', 'b'], x: [null, 1, null] });
    const columns = {
      n: { count: true },
      mean: { mean: 'x' },
      sd: { sd: 'x' },
      sum: { sum: 'x' },
      share: { share: { column: 'x', equals: 1 } },
      unknown: { share: { column: 'x', missing: true } },
    };
    expect(lists((await summarise({ by: ['g'], columns }, table)).table('table'))).toEqual({
      g: ['a', 'b'],
      mean: [null, 1],
      n: [1, 2],
      sd: [null, null],
      share: [null, 1],
      sum: [null, 1],
      unknown: [1, 0.5],
    });
    const empty = plainTable([['x', numberColumn([])]]);
    const none = await summarise({ by: ['x'], columns: { n: { count: true } } }, empty);
    expect(none.table('table').rows).toBe(0);
    const whole = await summarise({ by: [], columns: { n: { count: true }, m: { mean: 'x' } } }, empty);
    expect(lists(whole.table('table'))).toEqual({ m: [null], n: [0] });
  });

  it('loses no row: counts and sums of groups are those of all, in any order of rows', async () => {
    const cell = fc.record({ g: fc.constantFrom('a', 'b', null), x: fc.integer({ min: -50, max: 50 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 30 }), async (list) => {
        const made = (cells: typeof list): Table =>
          rows({ g: [...cells.map(({ g }) => g), 'z'], x: [...cells.map(({ x }) => x), 0] });
        const params = {
          by: ['g'],
          columns: { n: { count: true }, s: { sum: 'x' }, q: { quantile: ['x', 0.3] } },
          overall: 'all',
        };
        const got = lists((await summarise(params, made(list))).table('table'));
        const at = got['g']!.indexOf('all');
        const others = (name: string): number =>
          (got[name] as number[]).reduce((total, value, i) => total + (i === at ? 0 : value), 0);
        expect(got['n']![at]).toBe(list.length + 1);
        expect(others('n')).toBe(list.length + 1);
        expect(got['s']![at]).toBe(others('s'));
        const reversed = lists((await summarise(params, made([...list].reverse()))).table('table'));
        expect(reversed).toEqual(got);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    [
      'an overall value that occurs',
      { by: ['group'], overall: 'T1' },
      "'overall' is 'T1', which is also a value",
    ],
    ['an overall value among numbers', { by: ['r2'], overall: 'all' }, "but column 'r2' holds numbers"],
    [
      'an overall value without groups',
      { by: [], overall: 'all' },
      "the last column of 'by', which names none",
    ],
    ['a name of a group column', { by: ['n'] }, "expected a column 'n'"],
    [
      'a new column with the name of a group column',
      { by: ['group'], columns: { group: { count: true } } },
      "the new column 'group' has the name of a column of 'by'",
    ],
    ['the mean of text', { by: [], columns: { m: { mean: 'group' } } }, "expected numbers in column 'group'"],
    ['two summaries in one', { by: [], columns: { m: { mean: 'r2', sum: 'r2' } } }, 'must match exactly one'],
    ['an unknown summary', { by: [], columns: { m: { mode: 'r2' } } }, 'must match exactly one'],
  ])('refuses %s', async (_what, params, message) => {
    await expect(summarise({ columns: { n: { count: true } }, ...params })).rejects.toThrow(message);
  });
});
