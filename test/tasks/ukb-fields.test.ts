import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { columnName } from '../../genotypes/simulate/ukbcolumns.js';
import { ukbFields } from '../../tasks/ukb-fields.js';
import { ukbGwasMap } from '../../tasks/ukb-gwas-map.js';
import { runTask } from './context.js';
import { lists, people, samples } from './tables.js';

const SPELLINGS = ['showcase', 'r', 'rap'] as const;
type Spelling = (typeof SPELLINGS)[number];

const extract = (spelling: Spelling) => {
  const name = (field: number, instance = 0): string => columnName(spelling, field, instance);
  const row = (base: number) => ({
    [name(20116)]: base === 1 ? -3 : base,
    [name(53)]: '2008-01-02',
    [name(30000)]: base,
    [name(30000, 1)]: base + 0.5,
    [name(30010)]: base === 2 ? null : 10 * base,
    // The second device of 30000: no measure.
    [name(30003)]: 4711,
    [name(30600)]: 100 * base,
    [name(30601)]: '2016-01-02',
    [name(25001, 2)]: 1000 * base,
    [name(25026, 2)]: null,
    [name(24181, 2)]: 7,
    [name(24182, 2)]: 8,
  });
  return people({ 1: row(1), 2: row(2), 3: row(3), '-4': row(4) });
};
const run = (params: object, spelling: Spelling = 'showcase', more = {}) =>
  runTask(ukbFields, {
    params: params as Record<string, never>,
    inputs: { table: extract(spelling), ...more },
  });

describe('ukb.fields', () => {
  it.each(SPELLINGS)('picks fields and sets (%s)', async (spelling) => {
    const ran = await run(
      {
        fields: [
          { field: 20116, name: 'smoking', missing: [-3, -1] },
          { field: 53 },
          { field: 30000, instance: 1, name: 'later' },
        ],
        sets: ['cardiac', 'blood_count', 'biochemistry'],
      },
      spelling,
    );
    expect(lists(ran.table('table'))).toEqual({
      id: ['1', '2', '3'],
      smoking: [null, 2, 3],
      '53': ['2008-01-02', '2008-01-02', '2008-01-02'],
      later: [1.5, 2.5, 3.5],
      '24181': [7, 7, 7],
      '30000': [1, 2, 3],
      '30010': [10, null, 30],
      '30600': [100, 200, 300],
    });
    const name = (field: number, instance: number) => columnName(spelling, field, instance);
    expect(lists(ran.table('fields'))).toEqual({
      field: [20116, 53, 30000, 24181, 30000, 30010, 30600],
      instance: [0, 0, 1, 2, 0, 0, 0],
      array: [0, 0, 0, 0, 0, 0, 0],
      column: [
        name(20116, 0),
        name(53, 0),
        name(30000, 1),
        name(24181, 2),
        name(30000, 0),
        name(30010, 0),
        name(30600, 0),
      ],
      name: ['smoking', '53', 'later', '24181', '30000', '30010', '30600'],
      set: [null, null, null, 'cardiac', 'blood_count', 'blood_count', 'biochemistry'],
      people: [2, 3, 3, 3, 3, 2, 3],
    });
    expect(ran.warnings).toEqual(['left out with negative ids (withdrawn): 1 person']);
  });

  it('takes sets from another visit, and people from a list', async () => {
    const ran = await run({ sets: ['blood_count'], instance: 1 }, 'rap', { samples: samples('2', '9') });
    expect(lists(ran.table('table'))).toEqual({ id: ['2'], '30000': [2.5] });
    expect(ran.warnings).toEqual(["no row in 'table' for 1 person of 'samples'"]);
    const empty = await run({ sets: ['swi', 't1'] });
    expect(empty.warnings[1]).toBe('nobody has a value in 25026');
  });

  it('reads the columns that it takes and no others', async () => {
    const spelled = extract('r');
    const schema = {
      rows: 4,
      idName: 'id',
      columns: [...spelled.columns].map(([name, { type }]) => ({ name, type })),
    };
    const reads = (params: object) =>
      ukbFields.inputs['table']!.reads!({ fields: [], sets: [], instance: null, ...params } as never, schema);
    expect(reads({ sets: ['t1'] })).toEqual(['f.25001.2.0']);
    expect(reads({ fields: [{ field: 30001, instance: 0, array: 0, name: null, missing: [] }] })).toEqual([
      'f.30000.0.0',
      'f.30000.1.0',
    ]);
    await expect(run({ fields: [{ field: 53, missing: [-1] }] })).resolves.toBeDefined();
  });

  it('says what is there when a field is not', async () => {
    await expect(run({})).rejects.toThrow('nothing is asked for: give `fields`, `sets`, or both');
    await expect(run({ fields: [{ field: 30000, instance: 2 }] })).rejects.toMatchObject({
      message: 'field 30000 has no instance 2; instances 0, 1 are there',
      where: { port: 'table', column: '30000' },
    });
    await expect(run({ fields: [{ field: 30001 }] }, 'rap')).rejects.toThrow(
      'field 30001 is absent; the nearest is 30000 (instances 0, 1)',
    );
    await expect(run({ sets: ['t1'], instance: 3 })).rejects.toThrow(
      "no field of the set 't1' is there at instance 3",
    );
    await expect(run({ fields: [{ field: 30000 }], sets: ['blood_count'] })).rejects.toThrow(
      "two columns would be called '30000'; give one of them another `name`",
    );
    await expect(run({ sets: ['t1'] }, 'r', { samples: samples('x') })).rejects.toThrow(
      "none of the 1 person of 'samples' has a row; ids look like 'x' and '-4'",
    );
    const twice = people({ 1: { p30000_i0: 1, '30000-0.0': 1 } });
    await expect(
      runTask(ukbFields, { params: { sets: ['blood_count'] }, inputs: { table: twice } }),
    ).rejects.toThrow('are the same field, instance and array');
  });
});

describe('ukb.gwas_map', () => {
  const row = (field: number | null, group: string | null, gwas: string | null) => ({
    field,
    group,
    gwas,
    layout: 'big40',
  });
  const map = people({
    area: row(25001, 'T1', '0001.txt.gz'),
    again: row(25001, 'T1', '0002.txt.gz'),
    empty: row(25026, 'SWI', '0003.txt.gz'),
    heart: row(24181, 'cardiac', 'h.fastGWA.gz'),
    lung: row(24182, 'lung', 'l.txt'),
    nameless: row(24182, 'cardiac', null),
    none: row(null, 'T1', 'x'),
    wrong: row(25002, 'T1', 'x'),
  });

  it.each(SPELLINGS)('keeps what can be used and says why the rest cannot (%s)', async (spelling) => {
    const ran = await runTask(ukbGwasMap, { inputs: { map, table: extract(spelling) } });
    expect(lists(ran.table('idps'))).toEqual({
      id: ['again', 'heart'],
      column: [columnName(spelling, 25001, 2), columnName(spelling, 24181, 2)],
      field: [25001, 24181],
      group: ['T1', 'cardiac'],
      gwas: ['0002.txt.gz', 'h.fastGWA.gz'],
      layout: ['big40', 'big40'],
    });
    expect(lists(ran.table('left_out'))).toEqual({
      idp: ['area', 'empty', 'lung', 'nameless', 'none', 'wrong'],
      field: [25001, 25026, 24182, 24182, null, 25002],
      reason: [
        "field 25001 is that of 'again' already",
        'nobody has a value',
        "the group is 'lung', expected T1, SWI, cardiac",
        'no GWAS file is named',
        'the field is no number',
        'field 25002 is absent; the nearest is 25001 (instance 2)',
      ],
    });
    expect(ran.warnings).toEqual(['left out: area, empty, lung, nameless, none, wrong']);
  });

  it('takes what ukb.fields made of the extract', async () => {
    const fields = await run({ sets: ['t1', 'cardiac'] });
    const ran = await runTask(ukbGwasMap, { inputs: { map, table: fields.table('table') } });
    expect(lists(ran.table('idps'))).toMatchObject({ id: ['again', 'heart'], column: ['25001', '24181'] });
  });

  it('refuses a map of which nothing can be used, or that lacks a column', async () => {
    const use = (rows: Parameters<typeof people>[0]) =>
      runTask(ukbGwasMap, { inputs: { map: people(rows), table: extract('r') } });
    await expect(use({ wrong: row(25002, 'T1', 'x') })).rejects.toThrow(
      'none of the 1 IDPs of the map can be used; wrong: field 25002 is absent; the nearest is 25001 (instance 2)',
    );
    await expect(use({ x: { field: 25001, group: 't1' } })).rejects.toThrow("expected a column 'gwas'");
  });

  it('understands the example', () => {
    const text = readFileSync(new URL('../../workflows/ukb-idps.example.csv', import.meta.url), 'utf8');
    const [header, ...lines] = text.trimEnd().split('\n');
    expect(header).toBe('idp,field,group,gwas,layout,overlap,name');
    for (const line of lines) expect(line).toMatch(/^(\d{5}),\1,(T1|SWI|cardiac),[^,]+,(big40|fastgwa),/);
  });
});
