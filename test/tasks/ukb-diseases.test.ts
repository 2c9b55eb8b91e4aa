import { describe, expect, it } from 'vitest';
import type { Table } from '../../cache/table.js';
import { columnName, type Spelling } from '../../genotypes/simulate/ukbcolumns.js';
import { ukbDiseases } from '../../tasks/ukb-diseases.js';
import { NOT_ELIGIBLE, UNKNOWN_DATE, dayOfDate } from '../../ukb/date.js';
import { runTask, type Given } from './context.js';
import { lists, people } from './tables.js';

type Cells = Readonly<Record<string, string | number | null>>;
const SPELLINGS = ['showcase', 'r', 'rap'] as const;

/** A table of people whose columns are named by field, instance and array: `{ 1: { '41270 0 3': 'I251' } }`. */
function extract(spelling: Spelling, rows: Readonly<Record<string, Cells>>): Table {
  const name = (key: string): string => {
    const [field, instance = 0, array = 0] = key.split(' ').map(Number);
    // Deaths and cancers have arrays, which the simulator does not write.
    if (spelling === 'rap' && (field === 40_002 || field === 20_002 || field === 20_008))
      return `p${field}_i${instance}_a${array}`;
    return columnName(spelling, field!, instance, array);
  };
  return people(
    Object.fromEntries(
      Object.entries(rows).map(([id, cells]) => {
        return [id, Object.fromEntries(Object.entries(cells).map(([key, cell]) => [name(key), cell]))];
      }),
    ),
  );
}

const run = (definitions: Table, inputs: Readonly<Record<string, Given>>) =>
  runTask(ukbDiseases, { inputs: { definitions, ...inputs } });
const days = (...dates: (string | number | null)[]) =>
  dates.map((date) => (typeof date === 'string' ? dayOfDate(date) : date));

describe('ukb.diseases', () => {
  const definitions = people({
    diabetes: { field: 130708, icd10: 'E10 E11|E12', icd9: '250', self_report: '1220 1223', sex: null },
    infarction: { field: null, icd10: 'I21,I22', icd9: '410', exclude: 'I20-I25', sex: 'both' },
    prostate: { field: null, icd10: 'C61', sex: 'male' },
  });
  const who = people({
    1: { male: 1 },
    2: { male: 0 },
    3: { male: 1 },
    4: { male: 0 },
    5: { male: null },
  });

  it.each(SPELLINGS)('takes the earliest record of any source (%s)', async (spelling) => {
    const ran = await run(definitions, {
      people: who,
      first_occurrences: extract(spelling, { 1: { '130708': '2015-02-03' }, 2: { '130708': null } }),
      hospital: extract(spelling, {
        1: { '41270 0 0': 'I10', '41280 0 0': '2001-01-01', '41270 0 1': 'E119', '41280 0 1': '2012-05-06' },
        2: { '41270 0 0': 'I251', '41280 0 0': '2003-04-05', '41270 0 1': 'I219', '41280 0 1': '2004-04-05' },
        3: { '41270 0 0': 'I259', '41280 0 0': '2003-04-05', '41271 0 0': '2501', '41281 0 0': '1990-09-09' },
        4: { '41270 0 0': null, '41271 0 0': 'V270', '41281 0 0': '1991-01-01' },
        9: { '41270 0 0': 'E119', '41280 0 0': '2003-04-05' },
      }),
      deaths: extract(spelling, {
        3: { '40000': '2019-08-07', '40001': 'C61', '40002 0 1': 'E149' },
        4: { '40000': '2020-08-07', '40001': 'J449', '40002 0 1': 'I229' },
        1: { '40000': null },
      }),
      cancer: extract(spelling, {
        1: { '40005': null, '40006': null, '40005 1': '2010-01-02', '40006 1': 'C61' },
        2: { '40005': '2010-01-02', '40006': 'C61' },
        3: { '40005': '2018-01-02', '40006': 'C61' },
      }),
      self_report: extract(spelling, {
        1: { '20002 0 0': 1065, '20008 0 0': 1999.5, '20002 0 1': 1223, '20008 0 1': 2010.5 },
        4: { '20002 0 0': 1220, '20008 0 0': -1 },
      }),
    });
    expect(lists(ran.table('dates'))).toEqual({
      id: ['1', '2', '3', '4', '5'],
      // 2010.5 × 365.25 days after 1970.
      diabetes: days(Math.floor(40.5 * 365.25), null, '1990-09-09', UNKNOWN_DATE, null),
      infarction: days(null, '2004-04-05', NOT_ELIGIBLE, '2020-08-07', null),
      prostate: days('2010-01-02', NOT_ELIGIBLE, '2018-01-02', NOT_ELIGIBLE, null),
    });
    expect(lists(ran.table('counts'))).toEqual({
      disease: ['diabetes', 'infarction', 'prostate'],
      cases: [3, 2, 2],
      first_occurrences: [1, 0, 0],
      hospital: [2, 1, 0],
      deaths: [0, 1, 1],
      cancer: [0, 0, 2],
      self_report: [2, 0, 0],
      unknown_date: [1, 0, 0],
      excluded: [0, 1, 0],
      other_sex: [0, 0, 2],
    });
    expect(ran.warnings).toEqual([]);
  });

  it('reads the special dates as what they are', async () => {
    const cells = (date: string | null, later: string | null = null): Cells => {
      return { '130708': date, '41270 0 0': later === null ? null : 'E119', '41280 0 0': later };
    };
    const table = extract('showcase', {
      a: cells('1900-01-01'),
      b: cells('1901-01-01', '2010-01-01'),
      c: cells('1902-02-02'),
      d: cells('1903-03-03'),
      e: cells('1909-09-09'),
      f: cells('2037-07-07', '2010-01-01'),
      g: cells('2010-01-01T00:00:00'),
    });
    const ran = await run(definitions, { first_occurrences: table, hospital: table });
    const unknown = UNKNOWN_DATE;
    expect(lists(ran.table('dates'))['diabetes']).toEqual(
      days(unknown, unknown, unknown, unknown, unknown, '2010-01-01', '2010-01-01'),
    );
    expect(lists(ran.table('counts'))['unknown_date']).toEqual([5, 0, 0]);
    expect(ran.log).toEqual([
      '1900-01-01 (the record has no date; date unknown): 1 records',
      '1901-01-01 (dated before birth; date unknown): 1 records',
      '1902-02-02 (dated on the day of birth; date unknown): 1 records',
      '1903-03-03 (dated in the year of birth; date unknown): 1 records',
      '1909-09-09 (dated in the future, a placeholder; no date): 1 records',
      '2037-07-07 (dated in the future, a placeholder; no date): 1 records',
    ]);
    expect(ran.warnings).toEqual([
      "everyone's sex is unknown (no column 'male' in 'people'): prostate are counted in both sexes",
      'no case of infarction, prostate',
    ]);
  });

  it('splits the arrays that the platform puts into one cell', async () => {
    for (const [first, second] of [
      ['I10|E119|I21', 'E119'],
      ['["I10","E119","I21"]', '["E119"]'],
      ["['I10', 'E119', 'I21']", "['E119']"],
    ] as const) {
      const hospital = people({
        1: { p41270: first, p41280_a0: '2001-01-01', p41280_a1: '2002-02-02', p41280_a2: '2003-03-03' },
        2: { p41270: second, p41280_a0: '2011-01-01', p41280_a1: null, p41280_a2: null },
      });
      const ran = await run(definitions, { hospital });
      const columns = lists(ran.table('dates'));
      expect(columns['diabetes']).toEqual(days('2002-02-02', '2011-01-01'));
      expect(columns['infarction']).toEqual(days('2003-03-03', null));
    }
  });

  it('takes a code without a date for a case of unknown date', async () => {
    const hospital = people({ 1: { '41270-0.0': 'E119', '41280-0.0': null } });
    const ran = await run(definitions, { hospital });
    expect(lists(ran.table('dates'))['diabetes']).toEqual([UNKNOWN_DATE]);
    const without = await run(definitions, { hospital: people({ 1: { '41270-0.0': 'E119' } }) });
    expect(lists(without.table('dates'))['diabetes']).toEqual([UNKNOWN_DATE]);
    expect(without.warnings.join()).toContain("no dates for 1 columns of 'hospital', such as 41270-0.0");
  });

  it('excludes by first occurrences too, and by no code of the disease itself', async () => {
    const heart = people({
      I20: { column: '131296-0.0', icd10: 'I20' },
      I21: { column: 'p131298', icd10: 'I21', exclude: 'I20-I25' },
      mine: { column: 'my_date', exclude: 'I20-I25' },
    });
    const table = people({
      1: { 'f.131296.0.0': '2001-01-01', 'f.131298.0.0': null, my_date: null },
      2: { 'f.131296.0.0': '2001-01-01', 'f.131298.0.0': '2005-01-01', my_date: '2005-01-02' },
      3: { 'f.131296.0.0': null, 'f.131298.0.0': null, my_date: null },
      '-4': { 'f.131296.0.0': '2001-01-01', 'f.131298.0.0': null, my_date: null },
    });
    const ran = await run(heart, { first_occurrences: table });
    expect(lists(ran.table('dates'))).toEqual({
      id: ['1', '2', '3'],
      I20: days('2001-01-01', '2001-01-01', null),
      I21: days(NOT_ELIGIBLE, '2005-01-01', null),
      mine: days(NOT_ELIGIBLE, '2005-01-02', null),
    });
  });

  it('says where it was misled', async () => {
    const hospital = (cells: Cells) => extract('showcase', { 1: cells });
    await expect(run(definitions, {})).rejects.toThrow('connect at least one of first_occurrences, hospital');
    await expect(
      run(definitions, { hospital: hospital({ '41270 0 0': 'E119', '41280 0 0': '06/05/2012' }) }),
    ).rejects.toMatchObject({
      message: 'expected a date (YYYY-MM-DD), got "06/05/2012"',
      where: { port: 'hospital', column: '41280-0.0', row: '1' },
    });
    await expect(run(definitions, { hospital: hospital({ '31': 1 }) })).rejects.toThrow(
      'expected columns of the fields 41270, 41280, 41271, 41281, got none',
    );
    await expect(
      run(definitions, { first_occurrences: hospital({ '130706': '2001-01-01' }) }),
    ).rejects.toThrow(
      'the first occurrence of diabetes is not there: field 130708 is absent; the nearest is 130706 (instance 0)',
    );
    const one = hospital({ '41270 0 0': 'E119', '41280 0 0': '2012-05-06' });
    await expect(run(definitions, { hospital: one, people: people({ 7: { male: 1 } }) })).rejects.toThrow(
      "none of the 1 person wanted has a row; ids look like '1' and '7'",
    );
    const wrong = (cells: Cells) => run(people({ x: cells }), { hospital: one });
    await expect(wrong({ sex: 'f' })).rejects.toMatchObject({
      message: "the sex is 'f', expected female, male or both",
      where: { port: 'definitions', row: 'x' },
    });
    await expect(wrong({ icd10: 'E1?' })).rejects.toThrow("'E1?' is no code or beginning of one");
    await expect(wrong({ exclude: 'I25-I20' })).rejects.toThrow("the range 'I25-I20' ends before it begins");
    await expect(run(people({}), { hospital: one })).rejects.toThrow('no disease is defined');
    const dumb = await run(people({ x: { self_report: '1065' }, y: { icd10: 'J45' } }), { hospital: one });
    expect(dumb.warnings).toEqual(['no connected source can tell of x', 'no case of y']);
    const numeric = await run(definitions, {
      hospital: hospital({ '41271 0 0': 390, '41281 0 0': '1990-01-01' }),
    });
    expect(numeric.warnings[1]).toBe(
      'ICD-9 codes were read as numbers and lost leading zeros; give the input `types: { 41271-0.0: text }`',
    );
  });
});
