/** Tables compared by key. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberColumn, textColumn } from '../../cache/column.js';
import { idTable, plainTable, type Table } from '../../cache/table.js';
import { diffTables, differs } from '../../engine/table-diff.js';

const people = (ids: string[], x: number[]): Table =>
  idTable('id', ids, [['x', numberColumn(Float64Array.from(x))]]);

describe('rows', () => {
  it('by id: added, lost, changed', () => {
    const diff = diffTables(people(['a', 'b', 'c'], [1, 2, 3]), people(['b', 'c', 'd'], [2, 30, 4]), 0);
    expect(diff).toMatchObject({
      by: ['id'],
      rows: { before: 3, after: 3 },
      added: 1,
      lost: 1,
      changed: 1,
      changes: { x: 1 },
      keysAdded: ['d'],
      keysLost: ['a'],
      examples: [{ key: 'c', column: 'x', before: 3, after: 30 }],
    });
  });

  it('by texts that name each row once; by position where they do not', () => {
    const table = (names: string[], x: number[]): Table =>
      plainTable([
        ['name', textColumn(names)],
        ['x', numberColumn(Float64Array.from(x))],
      ]);
    expect(diffTables(table(['a', 'b'], [1, 2]), table(['b', 'a'], [2, 1]), 0)).toMatchObject({
      by: ['name'],
      added: 0,
      lost: 0,
      changed: 0,
    });
    expect(diffTables(table(['a', 'a'], [1, 2]), table(['a', 'a'], [1, 3]), 0)).toMatchObject({
      by: [],
      changed: 1,
      examples: [{ key: 'row 2', before: 2, after: 3 }],
    });
  });

  it('columns that are in one table only', () => {
    const after = idTable('id', ['a'], [['y', numberColumn([1])]]);
    expect(diffTables(people(['a'], [1]), after, 0)).toMatchObject({
      columns: { added: ['y'], lost: ['x'] },
      changed: 0,
    });
  });

  it('the greatest changes are the examples', () => {
    const ids = Array.from({ length: 9 }, (_, i) => `p${i}`);
    const { examples } = diffTables(
      people(
        ids,
        ids.map(() => 1),
      ),
      people(
        ids,
        ids.map((_, i) => 1 + i),
      ),
      0,
    );
    expect(examples.map(({ key }) => key)).toEqual(['p8', 'p7', 'p6', 'p5', 'p4']);
  });

  it('no row', () => {
    expect(diffTables(people([], []), people([], []), 0)).toMatchObject({ added: 0, lost: 0, changed: 0 });
  });

  it('a table does not differ from itself, and both directions agree', () => {
    const tables = fc
      .uniqueArray(fc.tuple(fc.string(), fc.option(fc.double(), { nil: NaN })), { selector: ([id]) => id })
      .map((rows) =>
        people(
          rows.map(([id]) => id),
          rows.map(([, x]) => x),
        ),
      );
    fc.assert(
      fc.property(tables, tables, (a, b) => {
        const [same, there, back] = [diffTables(a, a, 0), diffTables(a, b, 0), diffTables(b, a, 0)];
        expect([same.added, same.lost, same.changed]).toEqual([0, 0, 0]);
        expect([there.added, there.lost, there.changed]).toEqual([back.lost, back.added, back.changed]);
        expect(there.rows.after - there.rows.before).toBe(there.added - there.lost);
      }),
    );
  });
});

it('the tolerance is relative; missing cells are equal to each other alone', () => {
  expect(differs(100, 101, 0.01)).toBe(false);
  expect(differs(100, 102, 0.01)).toBe(true);
  expect(differs(-1e-9, 1e-9, 0.5)).toBe(true);
  expect(differs(0, 0, 0)).toBe(false);
  expect(differs(null, null, 0)).toBe(false);
  expect(differs(null, 1, 0.9)).toBe(true);
  expect(differs('a', 'b', 0.9)).toBe(true);
});
