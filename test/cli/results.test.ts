/** Verbs that hand results over, on the built program: query and export. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeArray } from '../../cache/codec.js';
import { csvLines } from '../../cli/query.js';
import type { Folder } from './rig.js';
import { STUDY, toyFolder } from './rig.js';

let folder: Folder;
beforeAll(() => {
  folder = toyFolder();
  folder.cli('run');
});
afterAll(() => folder.remove());

interface Answer {
  readonly columns: readonly { name: string; type: string }[];
  readonly rows: readonly Record<string, unknown>[];
  readonly bound: readonly { node: string; output: string; rows: number; columns: readonly string[] }[];
}
const ask = (sql: string): Answer => folder.json('query', sql) as Answer;

describe('query', () => {
  it('a node with an axis is one table, with its items', () => {
    expect(
      folder.cli(
        'query',
        'SELECT trait, count(*) AS n, round(avg(x), 3) AS mean FROM top GROUP BY ALL ORDER BY 1',
      ).out,
    ).toBe(`trait  n    mean
fev    2  -0.978
rdw    2      -1
`);
    expect(folder.cli('query', 'SELECT * FROM top ORDER BY trait, id', '--csv').out).toBe(
      'trait,id,x\nfev,p1,-1.200296406080845\nfev,p2,-0.755742181606458\nrdw,p1,-1.25\nrdw,p2,-0.75\n',
    );
  });

  it('binds only the columns that are named', () => {
    const bound = (sql: string): unknown => ask(sql).bound.map(({ node, columns }) => [node, columns]);
    expect(bound('SELECT avg(fev) FROM filled')).toEqual([['filled', ['fev']]]);
    expect(bound('SELECT count(*) FROM filled')).toEqual([['filled', []]]);
    expect(bound('FROM filled')).toEqual([['filled', ['id', 'rdw', 'fev']]]);
    expect(bound('SELECT a.fev, b.* FROM z.table a JOIN filled b USING (id)')).toEqual([
      ['z', ['id', 'fev']],
      ['filled', ['id', 'rdw', 'fev']],
    ]);
    expect(bound('SELECT f FROM filled f')).toEqual([['filled', ['id', 'rdw', 'fev']]]);
    expect(bound('WITH q AS (SELECT rdw FROM filled) SELECT * FROM q')).toEqual([
      ['filled', ['id', 'rdw', 'fev']],
    ]);
    expect(bound('SELECT max(mean) FROM "z.moments"')).toEqual([['z', ['mean']]]);
  });

  it('missing cells are NULL, numbers are exact', () => {
    const { rows } = ask('SELECT id, rdw, fev FROM z.table WHERE rdw IS NULL OR fev IS NULL ORDER BY id');
    expect(rows).toMatchObject([
      { id: 'p4', rdw: null },
      { id: 'p5', fev: null },
    ]);
    expect(ask('SELECT count(*) AS n, sum(fev) IS NULL AS b FROM z.table').rows).toEqual([
      { n: 6, b: false },
    ]);
  });

  it.each([
    [
      "SELECT * FROM '/etc/passwd'",
      /^error: '\/etc\/passwd' is not a node or an input; there are all, filled, /,
    ],
    ["SELECT * FROM read_csv('/etc/passwd')", /file system operations are disabled/],
    ["SELECT content FROM read_text('people.csv')", /file system operations are disabled/],
    ["COPY (SELECT 1) TO 'x.csv'", /only a SELECT can be asked/],
    ['DROP TABLE z', /only a SELECT can be asked/],
    ['SET enable_external_access = true', /only a SELECT can be asked/],
    ["ATTACH 'x.db'", /only a SELECT can be asked/],
    ['SELECT 1; SELECT 2', /one SELECT is expected, got 2/],
    ['SELEC 1', /syntax error/],
    ['SELECT * FROM filed', /^error: 'filed' is not a node or an input; did you mean 'filled'\?/],
    ['SELECT * FROM "z.momentz"', /^error: 'momentz' is not an output of 'z'; did you mean 'moments'\?/],
    [
      'SELECT * FROM "people.x"',
      /^error: 'people' is not a node or an input; there are|did you mean 'people'/,
    ],
    [
      'SELECT nope FROM filled',
      /Referenced column "nope" not found [^]*\nhint: columns of filled.table: id, rdw, fev\n$/,
    ],
    ['SELECT nope FROM people', /\nhint: columns of people: id, age, fev, rdw\n$/],
    ['SELECT x, nope FROM top', /\nhint: columns of top.table: trait, id, x\n$/],
  ])('%s is refused', (sql, message) => {
    const { code, out, err } = folder.cli('query', sql);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
    expect(existsSync(join(folder.path, 'x.csv'))).toBe(false);
  });

  it('CSV: a missing cell is empty, an empty text is quoted', () => {
    const columns = [{ name: 'a,b', type: 'VARCHAR' }];
    const rows = [[null], [''], ['x"y'], [1.5]];
    expect(csvLines({ run: 1, columns, rows, bound: [] })).toEqual(['"a,b"', '', '""', '"x""y"', '1.5']);
  });
});

describe('export', () => {
  const read = (name: string): string => readFileSync(join(folder.path, name), 'utf8');

  it('a table: CSV, TSV, JSON, npy', () => {
    expect(folder.cli('export', 'z.table', '-o', 'out/z.csv').out).toMatch(/^out\/z\.csv {2}\d+ B\n$/);
    expect(read('out/z.csv').split('\n').slice(0, 2)).toEqual([
      'id,rdw,fev',
      expect.stringMatching(/^p1,-1.25,-1.2002/) as string,
    ]);
    folder.cli('export', 'z.table', '-o', 'z.tsv');
    expect(read('z.tsv').split('\n')[0]).toBe('id\trdw\tfev');
    folder.cli('export', 'z.table', '-o', 'z.json');
    expect((JSON.parse(read('z.json')) as unknown[])[3]).toMatchObject({ id: 'p4', rdw: null });
    folder.cli('export', 'z.table', '-o', 'z.npy');
    const array = decodeArray(readFileSync(join(folder.path, 'z.npy')));
    expect(array.shape).toEqual([6, 2]);
    expect(array.data[6]).toBeNaN();
    expect(folder.cli('export', 'z.moments', '-o', 'm.npy')).toEqual({
      code: 2,
      out: '',
      err: "error: z.moments: the column 'column' holds text: a .npy file holds numbers only\n",
    });
  });

  it('several instances: a folder with one file for each', () => {
    expect(folder.cli('export', 'top', '-o', 'tops.parquet').out).toMatch(/^2 files in tops\/ {2}/);
    expect(readdirSync(join(folder.path, 'tops')).sort()).toEqual(['fev.parquet', 'rdw.parquet']);
    expect(readFileSync(join(folder.path, 'tops/fev.parquet')).toString('latin1', 0, 4)).toBe('PAR1');
    expect(folder.json('export', 'top', 'rdw', '-o', 'rdw.csv')).toMatchObject([
      { node: 'top', item: 'rdw' },
    ]);
    expect(read('rdw.csv')).toBe('id,x\np1,-1.25\np2,-0.75\n');
  });

  it('what it refuses', () => {
    expect(folder.cli('export', 'z.table').err).toBe('error: name the file to write: -o FILE\n');
    expect(folder.cli('export', 'z.table', '-o', 'z').err).toMatch(
      /has no extension, which names the format/,
    );
    expect(folder.cli('export', 'z', '-o', 'z.xlsx').err).toBe(
      'error: no output of z can be written as .xlsx\nhint: z.table: .csv, .tsv, .parquet, .json, .npy; z.moments: .csv, .tsv, .parquet, .json, .npy\n',
    );
    expect(folder.cli('export', 'z.table', '-o', 'z.svg').err).toBe(
      'error: z.table: a table cannot be written as .svg, only as .csv, .tsv, .parquet, .json, .npy\n',
    );
    const people = read('people.csv');
    expect(folder.cli('export', 'z.table', '-o', 'people.csv').err).toMatch(
      /people\.csv is a file that the study is made from/,
    );
    expect(read('people.csv')).toBe(people);
    expect(folder.cli('export', 'z.table', '-o', '.cohortflow/z.csv').err).toMatch(/lies in the store/);
    folder.write('toy.yaml', STUDY.replace('copy: "${trait}"', 'log: "${trait}"'));
    folder.cli('run');
    expect(folder.cli('export', 'one', '-o', 'one.csv').err).toMatch(
      /^error: one has no result in run 2\nhint: cohortflow logs one\n/,
    );
    folder.write('toy.yaml', STUDY);
  });
});

/** Times differ from run to run. */
const timeless = (text: string): string =>
  text
    .replace(/\d[\d.]* (?:ms|s)\b/g, '# s')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'DATE')
    .replace(/ {2,}/g, '  ');

describe('logs', () => {
  let folder: Folder;
  beforeAll(() => {
    folder = toyFolder();
    folder.write('toy.yaml', STUDY.replace('copy: "${trait}"', 'log: "${trait}"'));
    folder.cli('run');
  });
  afterAll(() => folder.remove());

  it('a failure, what was skipped because of it, what said nothing', () => {
    expect(timeless(folder.cli('logs', 'one').out)).toMatch(
      /^one\[fev\] {2}failed in run 1: a logarithm needs values above 0/,
    );
    expect(folder.cli('logs', 'top', 'fev').out).toBe('top[fev]  skipped in run 1: one failed\n');
    expect(timeless(folder.cli('logs', 'z').out)).toMatch(
      /^z {2}made DATE in # s, .*node .*\n {2}it logged nothing\n$/,
    );
    expect(folder.json('logs', 'one')).toMatchObject({
      run: 1,
      node: 'one',
      instances: [
        { item: 'fev', ending: 'failed', made: null },
        { item: 'rdw', ending: 'failed' },
      ],
    });
    expect(folder.cli('logs', 'people.csv').err).toMatch(/is a raw file: nothing was run/);
    expect(folder.cli('logs').code).toBe(2);
  });
});
