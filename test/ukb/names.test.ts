import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnName } from '../../genotypes/simulate/ukbcolumns.js';
import { countryOfCentre } from '../../ukb/centre.js';
import { parseColumn } from '../../ukb/column.js';
import { Extract } from '../../ukb/extract.js';
import { FIELD_SETS, instanceOfSet, isOfSet, type FieldSet } from '../../ukb/fieldset.js';

describe('columns', () => {
  it.each([
    ['25010-2.0', 25010, 2, 0],
    ['f.22009.0.10', 22009, 0, 10],
    ['p25010_i2', 25010, 2, 0],
    ['p22009_a10', 22009, 0, 10],
    ['p31', 31, 0, 0],
    ['p20002_i1_a12', 20002, 1, 12],
    ['participant.p53_i3', 53, 3, 0],
  ])('%s is field %i, instance %i, array %i', (name, field, instance, array) => {
    expect(parseColumn(name)).toEqual({ field, instance, array });
  });

  it.each([
    'eid',
    'f.eid',
    '25010',
    '25010-2',
    'x25010-2.0',
    'p25010_a1_i2',
    'fev',
    'p',
    'f.25010.2',
    ' 31-0.0',
  ])('leaves %s alone', (name) => {
    expect(parseColumn(name)).toBeNull();
  });

  it('are what the simulator spells', () => {
    const number = (max: number) => fc.integer({ min: 0, max });
    fc.assert(
      fc.property(number(200_000), number(3), number(300), (field, instance, array) => {
        const column = { field, instance, array };
        expect(parseColumn(columnName('showcase', field, instance, array))).toEqual(column);
        expect(parseColumn(columnName('r', field, instance, array))).toEqual(column);
      }),
    );
  });
});

describe('extracts', () => {
  const extract = new Extract(['eid', '53-2.0', '53-0.0', 'f.22009.0.2', 'p22009_a1', '30000-1.0']);

  it('know their columns, whatever the spelling', () => {
    expect(extract.fields()).toEqual([53, 22009, 30000]);
    expect(extract.find(53, 2)).toBe('53-2.0');
    expect(extract.columnsOf(22009).map(({ name }) => name)).toEqual(['p22009_a1', 'f.22009.0.2']);
    expect(extract.find(22009)).toBeNull();
  });

  it('say why something is absent', () => {
    expect(extract.whyAbsent(53, 1, 0)).toBe('field 53 has no instance 1; instances 0, 2 are there');
    expect(extract.whyAbsent(22009, 0, 3)).toBe(
      'field 22009 has no array 3 at instance 0; arrays 1, 2 are there',
    );
    expect(extract.whyAbsent(30000, 0, 0)).toBe('field 30000 has no instance 0; instance 1 is there');
    expect(extract.whyAbsent(30010, 0, 0)).toBe('field 30010 is absent; the nearest is 30000 (instance 1)');
    expect(extract.whyAbsent(54, 0, 0)).toBe('field 54 is absent; the nearest is 53 (instances 0, 2)');
    expect(new Extract(['eid']).whyAbsent(54, 0, 0)).toBe(
      'field 54 is absent: no column is named as UK Biobank names its fields',
    );
    // Of two as near, the smaller.
    expect(new Extract(['p12', 'p10']).nearest(11)).toBe(10);
  });

  it('refuse a column that is there twice', () => {
    expect(() => new Extract(['53-0.0', 'f.53.0.0'])).toThrow(
      "columns '53-0.0' and 'f.53.0.0' are the same field, instance and array",
    );
  });
});

describe('field sets', () => {
  it('have as many measures as the study says', () => {
    const count = (set: FieldSet): number =>
      Array.from({ length: 40_000 }, (_, field) => isOfSet(set, field)).filter(Boolean).length;
    expect(FIELD_SETS.map((set) => [set, count(set), instanceOfSet(set)])).toEqual([
      ['blood_count', 31, 0],
      ['biochemistry', 30, 0],
      ['t1', 164, 2],
      ['swi', 14, 2],
      ['cardiac', 82, 2],
    ]);
  });
});

describe('centres', () => {
  it('lie in their countries', () => {
    expect([11004, 11005].map(countryOfCentre)).toEqual(['Scotland', 'Scotland']);
    expect([11003, 11022, 11023].map(countryOfCentre)).toEqual(['Wales', 'Wales', 'Wales']);
    expect([10003, 11001, 11021, 11025, 11028].map(countryOfCentre)).toEqual(new Array(5).fill('England'));
    expect([0, 1, 11029, 12000].map(countryOfCentre)).toEqual(new Array(4).fill(null));
  });
});
