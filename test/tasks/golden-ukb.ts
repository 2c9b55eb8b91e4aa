/** One small call for each task on UK Biobank's records; see golden-calls.ts. */
import { NOT_ELIGIBLE, UNKNOWN_DATE } from '../../ukb/date.js';
import type { Call } from './context.js';
import { people, rows, samples } from './tables.js';

const visits = people({
  1: {
    '31-0.0': 0,
    '53-0.0': '2008-03-01',
    '53-2.0': '2015-08-09',
    '54-0.0': 11002,
    '21003-0.0': 55,
    '21003-2.0': 63,
    '20116-2.0': -3,
    '22001-0.0': 1,
    '30000-0.0': 6.5,
    '25001-2.0': 1.25,
  },
  2: {
    '31-0.0': 1,
    '53-0.0': '2009-05-06',
    '54-0.0': 11005,
    '21003-0.0': 61,
    '20116-0.0': 2,
    '22001-0.0': 1,
    '30000-0.0': 7.5,
  },
  '-3': { '31-0.0': 1, '53-0.0': '2009-05-06', '21003-0.0': 61 },
});
const hospital = people({
  1: { '41270-0.0': 'I251', '41280-0.0': '2003-04-05', '41270-0.1': 'E119', '41280-0.1': '1900-01-01' },
  2: { '41270-0.0': 'I219', '41280-0.0': '2012-03-04', '41270-0.1': null, '41280-0.1': null },
});
const days = people({
  a: { date: 12_000 },
  b: { date: UNKNOWN_DATE },
  c: { date: NOT_ELIGIBLE },
  d: { date: null },
});

export const UKB_GOLDEN_CALLS: Readonly<Record<string, Call>> = {
  'outcome.eligible': {
    params: { min_incident: 2 },
    inputs: {
      counts: rows({ disease: ['I21', 'E11'], incident: [2, 1] }),
      diseases: people({ E11: { category: 'endocrine' }, I21: { category: 'circulatory' } }),
    },
  },
  'outcome.incident': {
    params: { lag_years: 1, max_years: 6, prevalent_cases: true },
    inputs: {
      dates: days,
      people: people(
        Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((id) => [id, { date: 11_000, end: 14_000 }])),
      ),
      samples: samples('a', 'b', 'c', 'd'),
    },
  },
  'ukb.diseases': {
    inputs: {
      definitions: people({ E11: { sex: null }, I21: { sex: 'male' } }),
      people: people({ 1: { male: 0 }, 2: { male: 1 } }),
      hospital,
    },
  },
  'ukb.fields': {
    params: { fields: [{ field: 20116, name: 'smoking', missing: [-3] }], sets: ['t1', 'blood_count'] },
    inputs: { table: people({ 1: { p20116_i0: -3, p30000_i0: 6.5, p30001_i0: 1, p25001_i2: 1.25 } }) },
  },
  'ukb.gwas_map': {
    inputs: {
      map: people({
        area: { field: 25001, group: 'T1', gwas: 'area.txt' },
        lung: { field: 25002, group: 'T1', gwas: 'lung.txt' },
      }),
      table: visits,
    },
  },
  'ukb.people': {
    params: { covariates: [{ name: 'white_cells', field: 30000, instance: 0 }] },
    inputs: {
      assessment: visits,
      records: people({ 2: { '40000-0.0': '2018-01-02', '191-0.0': null } }),
    },
  },
};
