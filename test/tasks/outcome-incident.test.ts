import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Table } from '../../cache/table.js';
import { assocCox } from '../../tasks/assoc-cox.js';
import { outcomeEligible } from '../../tasks/outcome-eligible.js';
import { outcomeIncident } from '../../tasks/outcome-incident.js';
import { NOT_ELIGIBLE, UNKNOWN_DATE } from '../../ukb/date.js';
import { runBatch, runTask } from './context.js';
import { cohort, lists, people, rows, samples } from './tables.js';

const YEAR = 365.25;
/** Time zero on day 10,000; twelve years of follow-up for most. */
const end = 10_000 + 12 * YEAR;
const who = people({
  a_never: { date: 10_000, end, age: 50 },
  b_incident: { date: 10_000, end, age: 50 },
  c_prevalent: { date: 10_000, end, age: 50 },
  d_same_day: { date: 10_000, end, age: 50 },
  e_unknown: { date: 10_000, end, age: 50 },
  f_excluded: { date: 10_000, end, age: 50 },
  g_ended: { date: 10_000, end: 9_990, age: 50 },
  h_early: { date: 10_000, end, age: 50 },
  i_after_end: { date: 10_000, end: 10_000 + 2 * YEAR, age: 50 },
});
const dates = people({
  a_never: { date: null },
  b_incident: { date: 10_000 + 6 * YEAR },
  c_prevalent: { date: 9_000 },
  d_same_day: { date: 10_000 },
  e_unknown: { date: UNKNOWN_DATE },
  f_excluded: { date: NOT_ELIGIBLE },
  g_ended: { date: null },
  h_early: { date: 10_000 + YEAR },
  i_after_end: { date: 10_000 + 3 * YEAR },
});
const run = (params = {}, more = {}) =>
  runTask(outcomeIncident, { params, inputs: { dates, people: who, ...more } });

describe('outcome.incident', () => {
  it('counts first records after time zero and leaves out who cannot have one', async () => {
    const ran = await run();
    expect(lists(ran.table('outcome'))).toEqual({
      id: [...who.id!.values],
      time: [12, 6, null, null, null, null, null, 1, 2],
      event: [0, 1, null, null, null, null, null, 1, 0],
    });
    expect(lists(ran.table('case'))['y']).toEqual([0, 1, null, null, null, null, null, 1, 0]);
    expect(lists(ran.table('counts'))).toEqual({
      people: [9],
      incident: [2],
      prevalent: [3],
      excluded: [1],
      no_follow_up: [1],
      within_lag: [0],
      person_years: [21],
    });
  });

  it('leaves out the first years with a lag, and ends follow-up at a horizon', async () => {
    const ran = await run({ lag_years: 2, max_years: 5 });
    expect(lists(ran.table('outcome'))).toMatchObject({
      time: [5, 5, null, null, null, null, null, null, null],
      event: [0, 0, null, null, null, null, null, null, null],
    });
    expect(lists(ran.table('counts'))).toMatchObject({ incident: [0], within_lag: [1], no_follow_up: [2] });
    const none = await run({ lag_years: 5, max_years: 5 });
    expect(lists(none.table('counts'))).toMatchObject({ no_follow_up: [5], incident: [0] });
  });

  it('takes prevalent cases as cases for a prediction, when asked', async () => {
    const ran = await run({ prevalent_cases: true });
    expect(lists(ran.table('case'))['y']).toEqual([0, 1, 1, 1, 1, null, null, 1, 0]);
    expect(lists(ran.table('outcome'))['event']).toEqual([0, 1, null, null, null, null, null, 1, 0]);
  });

  it('keeps to the people asked for, and says who is not there', async () => {
    const ran = await run({}, { samples: samples('b_incident', 'c_prevalent', 'z_stranger') });
    expect(lists(ran.table('outcome'))).toEqual({
      id: ['b_incident', 'c_prevalent'],
      time: [6, null],
      event: [1, null],
    });
    expect(ran.warnings).toEqual(["no row in 'people' for 1 person of 'samples'"]);
    const fewer = await runTask(outcomeIncident, {
      inputs: { dates: people({ a_never: { x: null } }), people: who },
    });
    expect(fewer.warnings).toEqual([
      "no row in 'dates' for 8 people: whether they have the disease is not known",
    ]);
    expect(lists(fewer.table('counts'))['person_years']).toEqual([12]);
  });

  it('gives the same in a batch as alone, and fails one without the others', async () => {
    const other = people({ a_never: { x: 10_000 + YEAR }, b_incident: { x: null } });
    const calls = [dates, samples('a_never'), other].map((one) => ({ inputs: { dates: one, people: who } }));
    const [first, second, third] = await runBatch(outcomeIncident, calls);
    expect(second).toHaveProperty('message', expect.stringContaining('expected a table with one column'));
    expect((first as Awaited<ReturnType<typeof run>>).outputs).toEqual((await run()).outputs);
    const alone = await runTask(outcomeIncident, calls[2]!);
    expect((third as Awaited<ReturnType<typeof run>>).outputs).toEqual(alone.outputs);
  });

  it('refuses people who are strangers or have no time zero', async () => {
    await expect(run({}, { samples: samples('z') })).rejects.toThrow(
      "none of the 1 person of 'samples' has a row",
    );
    const strangers = people({ z: { x: 1 } });
    await expect(runTask(outcomeIncident, { inputs: { dates: strangers, people: who } })).rejects.toThrow(
      'none of the 9 people has a row',
    );
    const gap = people({ a: { date: null, end: 5 } });
    await expect(runTask(outcomeIncident, { inputs: { dates, people: gap } })).rejects.toMatchObject({
      where: { port: 'people', column: 'date', row: 'a' },
    });
  });

  it('accounts for everybody, and its person-years are its times', async () => {
    const day = fc.oneof(
      fc.constantFrom(null, UNKNOWN_DATE, NOT_ELIGIBLE),
      fc.integer({ min: 9_000, max: 16_000 }),
    );
    const person = fc.record({
      day,
      zero: fc.integer({ min: 10_000, max: 12_000 }),
      years: fc.integer({ min: -1, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(person, { minLength: 1, maxLength: 30 }),
        fc.constantFrom(0, 1, 2),
        fc.constantFrom(null, 1, 4),
        async (list, lag, most) => {
          const table: Table = cohort({
            date: list.map(({ zero }) => zero),
            end: list.map(({ zero, years }) => zero + Math.floor(years * YEAR)),
          });
          const ran = await runTask(outcomeIncident, {
            params: { lag_years: lag, max_years: most },
            inputs: { dates: cohort({ x: list.map((one) => one.day) }), people: table },
          });
          const { time, event } = lists(ran.table('outcome')) as Record<string, (number | null)[]>;
          const [counts] = [lists(ran.table('counts')) as Record<string, number[]>];
          const at = (name: string): number => counts[name]![0]!;
          const followed = time!.filter((value) => value !== null);
          const left = at('prevalent') + at('excluded') + at('no_follow_up') + at('within_lag');
          expect(followed.length + left).toBe(list.length);
          expect(event!.filter((value) => value === 1).length).toBe(at('incident'));
          expect(followed.reduce((sum, value) => sum + value, 0)).toBeCloseTo(at('person_years'), 9);
          for (const value of followed) {
            expect(value).toBeGreaterThan(lag);
            expect(value).toBeLessThanOrEqual(most ?? Infinity);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('feeds Cox regression, which counts those left out as missing', async () => {
    const ran = await run();
    const exposure = people(Object.fromEntries(who.id!.values.map((id, i) => [id, { x: (i * 7) % 5 }])));
    const fit = await runTask(assocCox, { inputs: { exposure, outcome: ran.table('outcome') } });
    expect(fit.json('fit')).toMatchObject({ n: 4, events: 2, missing: 5 });
  });
});

describe('outcome.eligible', () => {
  const counts = rows({ disease: ['I21', 'E11', 'N80'], incident: [50, 49, 51], person_years: [1, 2, 3] });
  const diseases = people({
    E11: { category: 'endocrine' },
    I21: { category: 'circulatory' },
    J45: { category: 'respiratory' },
    N80: { category: 'genitourinary' },
  });

  it('keeps the rows of diseases with enough cases and says why the others go', async () => {
    const ran = await runTask(outcomeEligible, { inputs: { counts, diseases } });
    expect(lists(ran.table('diseases'))).toEqual({
      id: ['I21', 'N80'],
      category: ['circulatory', 'genitourinary'],
    });
    expect(lists(ran.table('left_out'))).toEqual({
      disease: ['E11', 'J45'],
      incident: [49, null],
      reason: ['not at least 50 incident cases', 'not counted'],
    });
    const strict = await runTask(outcomeEligible, {
      params: { strictly: true },
      inputs: { counts, diseases },
    });
    expect(lists(strict.table('diseases'))['id']).toEqual(['N80']);
  });

  it('refuses to keep none, or a disease counted twice', async () => {
    await expect(
      runTask(outcomeEligible, { params: { min_incident: 500 }, inputs: { counts, diseases } }),
    ).rejects.toThrow('none of the 4 diseases has at least 500 incident cases');
    const twice = rows({ disease: ['I21', 'I21'], incident: [50, 60] });
    await expect(runTask(outcomeEligible, { inputs: { counts: twice, diseases } })).rejects.toThrow(
      "expected one row for each disease, got several for 'I21'",
    );
  });
});
