import { describe, expect, it } from 'vitest';
import { cohortSelect } from '../../tasks/cohort-select.js';
import { runTask } from './context.js';
import { lists, people } from './tables.js';

const table = people({
  a: { pregnant: 1, x: null, y: 1, race: 'w', bmi: 20 },
  b: { pregnant: 0, x: 1, y: 1, race: 'w', bmi: 20 },
  c: { pregnant: null, x: null, y: null, race: 'b', bmi: 30 },
  d: { pregnant: 0, x: null, y: 2, race: null, bmi: 40 },
  e: { pregnant: 0, x: 2, y: 2, race: 'w', bmi: null },
});

const select = (rules: unknown[]) =>
  runTask(cohortSelect, { params: { rules: rules as never }, inputs: { table } });

describe('cohort.select', () => {
  it('counts each person at the first rule that excludes them', async () => {
    const ran = await select([
      { reason: 'pregnant', exclude: { column: 'pregnant', equals: 1 } },
      { reason: 'half or more missing', exclude: { missing_share: { columns: ['x', 'y'], above: 0.49 } } },
    ]);
    expect(lists(ran.table('flow'))).toEqual({
      step: [0, 1, 2],
      reason: ['in the data', 'pregnant', 'half or more missing'],
      excluded: [0, 1, 2],
      remaining: [5, 4, 2],
    });
    expect(lists(ran.table('samples'))).toEqual({ id: ['b', 'e'] });
  });

  it('a missing cell fulfils no comparison: excluded only by `keep`', async () => {
    const excluded = await select([{ reason: 'heavy', exclude: { column: 'bmi', above: 25 } }]);
    expect(lists(excluded.table('samples'))['id']).toEqual(['a', 'b', 'e']);
    const kept = await select([{ reason: 'weight', keep: { column: 'bmi', below: 25 } }]);
    expect(lists(kept.table('samples'))['id']).toEqual(['a', 'b']);
    const text = await select([{ reason: 'race', keep: { column: 'race', in: ['w', 'b'] } }]);
    expect(lists(text.table('samples'))['id']).toEqual(['a', 'b', 'c', 'e']);
    const missing = await select([{ reason: 'no race', exclude: { column: 'race', missing: true } }]);
    expect(lists(missing.table('samples'))['id']).toEqual(['a', 'b', 'c', 'e']);
  });

  it('bounds are strict, and a share at the limit stays', async () => {
    const ran = await select([
      { reason: 'out of range', exclude: { column: 'bmi', above: 20, below: 40 } },
      { reason: 'missing', exclude: { missing_share: { columns: ['x', 'y'], above: 0.5 } } },
    ]);
    expect(lists(ran.table('samples'))['id']).toEqual(['a', 'b', 'd', 'e']);
  });

  it('warns of a rule that excludes nobody and refuses an empty cohort', async () => {
    const ran = await select([{ reason: 'tall', exclude: { column: 'bmi', above: 99 } }]);
    expect(ran.warnings).toEqual(["the rule 'tall' excludes nobody"]);
    await expect(
      select([
        { reason: 'all', exclude: { column: 'y', above: -1 } },
        { reason: 'rest', exclude: { column: 'y', missing: true } },
      ]),
    ).rejects.toThrow("nobody remains after the rule 'rest' (5 people at the start)");
  });

  it('says which column is absent or of another type', async () => {
    await expect(select([{ reason: 'r', exclude: { column: 'sex', equals: 1 } }])).rejects.toMatchObject({
      message: "expected a column 'sex', which the table does not have",
      where: { port: 'table', column: 'sex' },
    });
    await expect(select([{ reason: 'r', exclude: { column: 'race', equals: 1 } }])).rejects.toThrow(
      "column 'race' holds text, but is compared with 1",
    );
    await expect(select([{ reason: 'r', exclude: { column: 'race', above: 1 } }])).rejects.toMatchObject({
      message: "expected numbers in column 'race', got text (the first is 'w')",
      where: { port: 'table', column: 'race', row: 'a' },
    });
  });

  it('refuses a rule without a condition, or with two', async () => {
    await expect(select([{ reason: 'r' }])).rejects.toThrow(/must match exactly one schema/);
    await expect(select([{ reason: 'r', exclude: { column: 'bmi' } }])).rejects.toThrow(
      /must match exactly one schema/,
    );
  });
});
