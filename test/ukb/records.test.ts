import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isIcd10, isInRange, normalCode, parsePrefixes, parseRanges } from '../../ukb/code.js';
import {
  DateReader,
  NOT_ELIGIBLE,
  NO_DATE,
  SPECIAL_DATES,
  UNKNOWN_DATE,
  dateOfDay,
  dayOfDate,
  dayOfYear,
} from '../../ukb/date.js';
import { CodeBook, parseDefinition } from '../../ukb/disease.js';
import { Extract } from '../../ukb/extract.js';
import { FirstRecords } from '../../ukb/firstrecord.js';
import { codeColumns, codesOfCell, fieldsOfSource } from '../../ukb/records.js';

describe('dates', () => {
  it('are days since 1970', () => {
    expect(
      ['1970-01-01', '1969-12-31', '2000-02-29', '2020-12-31 00:00:00', '2020-12-31T00:00:00.000Z'].map(
        dayOfDate,
      ),
    ).toEqual([0, -1, 11016, 18627, 18627]);
    for (const wrong of [
      '',
      '2001-02-29',
      '2001-13-01',
      '1/2/2001',
      '2001-1-2',
      '2001-01-02 11:30',
      '0001-01-01',
    ])
      expect(dayOfDate(wrong), wrong).toBeNaN();
    fc.assert(
      fc.property(fc.integer({ min: -36_000, max: 30_000 }), (day) => {
        expect(dayOfDate(dateOfDay(day))).toBe(day);
      }),
    );
    expect(dayOfYear(1970)).toBe(0);
    expect(dateOfDay(dayOfYear(1998.5))).toBe('1998-07-02');
  });

  it('include six that are codes', () => {
    const reader = new DateReader();
    const days = [...SPECIAL_DATES.keys()].map((date) => reader.day(date));
    expect(days).toEqual([UNKNOWN_DATE, UNKNOWN_DATE, UNKNOWN_DATE, UNKNOWN_DATE, NO_DATE, NO_DATE]);
    expect(reader.day('2037-07-07T00:00:00')).toBe(NO_DATE);
    expect(reader.day('1902-02-03')).toBe(dayOfDate('1902-02-03'));
    expect(reader.special.get('2037-07-07')).toBe(2);
    expect(reader.day('never')).toBeNaN();
  });
});

describe('codes', () => {
  it('are compared without dots and case', () => {
    expect(normalCode(' e11.9')).toBe('E119');
    expect(parsePrefixes('I21 I22|i25.2, 410;E8120 V27')).toEqual([
      'I21',
      'I22',
      'I252',
      '410',
      'E8120',
      'V27',
    ]);
    expect(parsePrefixes(' ')).toEqual([]);
    expect(['I21', 'I251', 'C7A', 'M0690'].every(isIcd10)).toBe(true);
    expect(['25010', 'diabetes', 'I2', 'II21', 'type2'].some(isIcd10)).toBe(false);
    expect(() => parsePrefixes('heart')).toThrow("'heart' is no code or beginning of one");
  });

  it('lie in ranges by as many characters as the range has', () => {
    const [range] = parseRanges('I20-I25');
    expect(['I20', 'I200', 'I21', 'I259'].every((code) => isInRange(code, range!))).toBe(true);
    expect(['I199', 'I26', 'I2', 'H25', 'J20'].some((code) => isInRange(code, range!))).toBe(false);
    expect(parseRanges('E10|I251–I259')).toEqual([
      { first: 'E10', last: 'E10' },
      { first: 'I251', last: 'I259' },
    ]);
    expect(() => parseRanges('I20-I22-I25')).toThrow("'I20-I22-I25' is no range of codes");
    expect(() => parseRanges('I25-I20')).toThrow("the range 'I25-I20' ends before it begins");
  });

  it('are cases, or exclusions, or nothing', () => {
    const book = new CodeBook([
      parseDefinition('mi', { icd10: 'I21', exclude: 'I20-I25', icd9: '410', self_report: 1075 }),
      parseDefinition('I25', { column: 'p131306', sex: null }),
      parseDefinition('named', { column: 'my_dates', sex: 'Female' }),
    ]);
    expect(book.meaning('icd10', 'I21.9')).toEqual({ cases: [0], excluded: [] });
    expect(book.meaning('icd10', 'I259')).toEqual({ cases: [1], excluded: [0] });
    expect(book.meaning('icd9', '4109')).toEqual({ cases: [0], excluded: [] });
    // Self-reported codes are whole: 10750 is another illness.
    expect(book.meaning('self_report', '1075').cases).toEqual([0]);
    expect(book.meaning('self_report', '10750').cases).toEqual([]);
    expect(book.meaning('icd10', '')).toEqual({ cases: [], excluded: [] });
    expect(parseDefinition('x', { field: 131306 })).toMatchObject({ field: 131306, column: null, sex: null });
    expect(parseDefinition('x', { column: 'mine', sex: 'Female' })).toMatchObject({
      field: null,
      column: 'mine',
      sex: 'female',
    });
    // A column icd10 that is empty says: no code.
    expect(parseDefinition('I25', { icd10: null }).codes.icd10).toEqual([]);
  });
});

describe('records', () => {
  it('pair codes with dates by instance and array', () => {
    const extract = new Extract([
      '41270-0.0',
      '41270-0.1',
      '41280-0.1',
      '41280-0.0',
      '41271-0.0',
      '40001-1.0',
      '40000-1.0',
    ]);
    expect(codeColumns('hospital', extract)).toEqual([
      { name: '41270-0.0', field: 41270, coding: 'icd10', dated: 'each', list: false, dates: ['41280-0.0'] },
      { name: '41270-0.1', field: 41270, coding: 'icd10', dated: 'each', list: false, dates: ['41280-0.1'] },
      { name: '41271-0.0', field: 41271, coding: 'icd9', dated: 'each', list: true, dates: [] },
    ]);
    expect(codeColumns('deaths', extract).map(({ name, dates }) => [name, dates])).toEqual([
      ['40001-1.0', ['40000-1.0']],
    ]);
    expect(fieldsOfSource('deaths')).toEqual([40001, 40000, 40002]);
  });

  it('may be several in a cell', () => {
    expect(codesOfCell('E119')).toEqual(['E119']);
    expect(codesOfCell('E119|I10')).toEqual(['E119', 'I10']);
    expect(codesOfCell('["E119", "I10"]')).toEqual(['E119', 'I10']);
  });

  it('give the same first records in any order', () => {
    const diseases = [parseDefinition('a', {}), parseDefinition('b', { sex: 'male' })];
    const record = fc.record({
      person: fc.integer({ min: 0, max: 9 }),
      disease: fc.integer({ min: 0, max: 1 }),
      day: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(UNKNOWN_DATE, NO_DATE)),
    });
    const first = (list: readonly { person: number; disease: number; day: number }[]) => {
      const records = new FirstRecords(
        10,
        diseases,
        Float64Array.from({ length: 10 }, (_, i) => i % 2),
      );
      records.begin('source');
      for (const { person, disease, day } of list) records.record(person, disease, day);
      records.exclude(8, 0);
      return { counts: records.finish(), days: records.days, by: records.bySource.get('source') };
    };
    fc.assert(
      fc.property(fc.array(record), (list) => {
        const result = first(list);
        expect(first([...list].reverse())).toEqual(result);
        expect(result.counts.map(({ cases }) => cases)).toEqual([...result.by!]);
        expect(result.counts.map(({ otherSex }) => otherSex)).toEqual([0, 5]);
        for (let person = 0; person < 10; person++) {
          const own = list.filter((one) => one.person === person && one.disease === 0).map(({ day }) => day);
          const least = Math.min(...own);
          const none = person === 8 ? NOT_ELIGIBLE : NaN;
          expect(result.days[0]![person]).toBe(
            own.length === 0 ? none : least === NO_DATE ? UNKNOWN_DATE : least,
          );
        }
      }),
    );
  });
});
