import { describe, expect, it } from 'vitest';
import type { Table } from '../../cache/table.js';
import { ukbPeople } from '../../tasks/ukb-people.js';
import { dayOfDate } from '../../ukb/date.js';
import { columnName, type Spelling } from '../../genotypes/simulate/ukbcolumns.js';
import { runTask } from './context.js';
import { lists, people, samples } from './tables.js';

type Cell = number | string | null;
/** A table of people whose columns are named by field and instance, such as `{ 1: { '53 0': '2008-01-01' } }`. */
function visits(spelling: Spelling, rows: Readonly<Record<string, Readonly<Record<string, Cell>>>>): Table {
  const spelled = Object.entries(rows).map(([id, cells]) => {
    const named = Object.entries(cells).map(([key, cell]) => {
      const [field, instance = 0, array = 0] = key.split(' ').map(Number);
      return [columnName(spelling, field!, instance, array), cell] as const;
    });
    return [id, Object.fromEntries(named)] as const;
  });
  return people(Object.fromEntries(spelled));
}

const ADA = { '31': 0, '53': '2008-03-01', '54': 11002, '21003': 55, '21001': 24, '20116': 0, '21000': 1001 };
const BEN = { '31': 1, '53': '2009-05-06', '54': 11005, '21003': 61, '21001': 30, '20116': 2, '21000': -3 };
const CY = { '31': 1, '53': '2010-07-08', '54': 11003, '21003': 48, '21001': 27, '20116': -3, '21000': 3001 };
const assessment = (spelling: Spelling): Table =>
  visits(spelling, {
    1: { ...ADA, '22000': 5, '22001': 0, '22006': 1, '22009 0 1': 0.5, '22009 0 2': -1 },
    2: { ...BEN, '22000': -4, '22001': 0, '22019': 1, '22009 0 1': 7, '22009 0 2': 8 },
    3: { ...CY, '22021': 1 },
    4: ADA,
    '-5': BEN,
    6: { ...CY, '53': null },
  });
const imaging = (spelling: Spelling): Table =>
  visits(spelling, {
    1: { '53 2': '2015-08-09', '54 2': 11025, '21003 2': 63, '21001 2': 25.5, '20116 2': 1, '25000 2': 1.2 },
    4: { '53 2': '2016-01-01', '54 2': 11025, '21003 2': 64, '21001 2': 20, '20116 2': 1, '25000 2': 1.4 },
  });
const records = (spelling: Spelling): Table =>
  visits(spelling, {
    1: { '40000': null, '40000 1': null, '191': '2019-02-03' },
    2: { '40000': '2018-01-02', '40000 1': '2018-01-02', '191': null },
    3: { '40000': '2021-01-02', '40000 1': null, '191': null },
  });
const covariates = [
  { name: 'pc', field: 22009, arrays: [1, 2] },
  { name: 'head', field: 25000 },
  { name: 'centre', field: 54 },
];
const run = (spelling: Spelling, params: Record<string, never> | object = {}) =>
  runTask(ukbPeople, {
    params: { covariates, ...params },
    inputs: {
      assessment: assessment(spelling),
      imaging: imaging(spelling),
      records: records(spelling),
      withdrawn: samples('4', '77'),
    },
  });

describe('ukb.people', () => {
  it.each(['showcase', 'r', 'rap'] as const)(
    'takes covariates from the visit of time zero (%s)',
    async (spelling) => {
      const ran = await run(spelling);
      expect(lists(ran.table('people'))).toEqual({
        id: ['1', '2', '3'],
        scanned: [1, 0, 0],
        date: ['2015-08-09', '2009-05-06', '2010-07-08'].map(dayOfDate),
        // Lost; died; the records of Wales end before the death.
        end: ['2019-02-03', '2018-01-02', '2020-08-31'].map(dayOfDate),
        died: [0, 1, 0],
        age: [63, 61, 48],
        male: [0, 1, 1],
        bmi: [25.5, 30, 27],
        smoking: [1, 2, null],
        white_british: [1, 0, null],
        ancestry: [1001, null, 3001],
        genetic_male: [0, 0, null],
        sex_mismatch: [0, 1, null],
        aneuploidy: [0, 1, null],
        outlier: [null, null, null],
        relatedness: [null, null, 1],
        bileve: [0, 1, null],
        pc1: [0.5, 7, null],
        pc2: [-1, 8, null],
        head: [1.2, null, null],
        centre: [11025, 11005, 11003],
      });
      expect(lists(ran.table('flow'))).toEqual({
        reason: ['in the extract', 'withdrawn', 'negative id', 'no date of time zero', 'remain'],
        people: [6, 1, 1, 1, 3],
      });
      expect(ran.warnings).toEqual([
        'missing in the result: field 22027 is absent; the nearest is 22021 (instance 0); field 25000 has no instance 0; instance 2 is there',
      ]);
    },
  );

  it('follows everyone from the first visit when asked, and lets records end elsewhere', async () => {
    const ran = await run('showcase', {
      time_zero: 'assessment',
      censoring: { wales: '2022-05-31' },
    });
    const columns = lists(ran.table('people'));
    expect(columns['scanned']).toEqual([1, 0, 0]);
    expect(columns['date']).toEqual(['2008-03-01', '2009-05-06', '2010-07-08'].map(dayOfDate));
    expect(columns['age']).toEqual([55, 61, 48]);
    expect(columns['bmi']).toEqual([24, 30, 27]);
    expect(columns['died']).toEqual([0, 1, 1]);
    expect(columns['end']![2]).toBe(dayOfDate('2021-01-02'));
  });

  it('finds the scan in the same table as the rest', async () => {
    const one = visits('rap', {
      1: { ...ADA, '53 2': '2015-08-09', '21003 2': 63, '21001 2': null, '20116 2': 1 },
    });
    const ran = await runTask(ukbPeople, { inputs: { assessment: one } });
    const columns = lists(ran.table('people'));
    expect(columns['age']).toEqual([63]);
    // Never from another visit.
    expect(columns['bmi']).toEqual([null]);
    expect(ran.warnings.join()).toContain("nothing is connected to 'records'");
  });

  it('puts people of no known country where the records end first', async () => {
    const one = visits('r', { 1: { ...ADA, '54': null }, 2: { ...ADA, '54': 99 } });
    const ran = await runTask(ukbPeople, { inputs: { assessment: one, records: records('r') } });
    expect(lists(ran.table('people'))['end']).toEqual(['2019-02-03', '2018-01-02'].map(dayOfDate));
    expect(ran.warnings.join()).toContain('no country (field 54, instance 0) for 2 people');
    const alone = await runTask(ukbPeople, { inputs: { assessment: one } });
    expect(lists(alone.table('people'))['end']).toEqual([dayOfDate('2020-08-31'), dayOfDate('2020-08-31')]);
  });

  it('names what is not there and what is no date', async () => {
    const table = (cells: Record<string, Cell>) => visits('showcase', { 1: cells });
    const refused = (cells: Record<string, Cell>, params = {}) =>
      runTask(ukbPeople, { params, inputs: { assessment: table(cells) } });
    await expect(refused({ '31': 1 })).rejects.toThrow('field 53 is absent; the nearest is 31 (instance 0)');
    await expect(refused({ '53': '2008-01-01', '31': 1 })).rejects.toThrow('field 21003 is absent');
    await expect(refused({ ...ADA, '53': '01/03/2008' })).rejects.toMatchObject({
      message: 'expected a date (YYYY-MM-DD), got "01/03/2008"',
      where: { port: 'assessment', column: '53-0.0', row: '1' },
    });
    await expect(refused({ ...ADA, '53': null })).rejects.toThrow(
      'none of the 1 person has a date of time zero',
    );
    await expect(refused(ADA, { covariates: [{ name: 'age', field: 21003 }] })).rejects.toThrow(
      "two columns would be called 'age'",
    );
    await expect(
      refused(ADA, { covariates: [{ name: 'pc', field: 22009, arrays: [3, 1] }] }),
    ).rejects.toThrow("the arrays of the covariate 'pc' run from 3 to 1");
    await expect(refused(ADA, { censoring: { wales: '2020-02-30' } })).rejects.toThrow(
      "censoring.wales is no date: '2020-02-30'",
    );
    const twice = people({ 1: { '31-0.0': 1, p31: 1 } });
    await expect(runTask(ukbPeople, { inputs: { assessment: twice } })).rejects.toThrow(
      "columns '31-0.0' and 'p31' are the same field, instance and array",
    );
  });
});
