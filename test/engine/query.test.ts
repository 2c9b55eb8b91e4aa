/** SQL over raw inputs and arrays: with the content that the run read. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { queryStudy } from '../../engine/query.js';
import { Rig } from './rig/rig.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.remove());

const ask = async (sql: string, run?: number) => {
  const store = rig.openStore();
  const { rows, columns, bound } = await queryStudy(
    store,
    'asked',
    sql,
    run === undefined ? null : store.index.runs.get(run),
  );
  return { rows, names: columns.map(({ name }) => name), bound };
};

describe('raw inputs', () => {
  const study = `
cohortflow: 1
name: asked
inputs:
  people: { table: people.csv, id: id }
  notes: { file: "notes.txt" }
nodes:
  sums: { task: toy.columns, in: { table: people }, with: { columns: [x] } }
  size: { task: toy.size, in: { file: notes } }
`;
  beforeEach(async () => {
    rig.write('people.csv', 'id,x,y,sex\nb,2,20,f\na,1,,m\nc,3,30,f\n');
    rig.write('notes.txt', 'one');
    expect((await rig.run(study)).failures).toEqual([]);
  });

  it('are asked like nodes; only the columns that are named are read', async () => {
    expect(await ask('SELECT sex, sum(x) AS x FROM people GROUP BY sex ORDER BY sex')).toMatchObject({
      rows: [
        ['f', 5],
        ['m', 1],
      ],
      bound: [{ node: 'people', output: '', rows: 3, columns: ['sex', 'x'] }],
    });
    expect((await ask('SELECT id FROM people WHERE y IS NULL')).rows).toEqual([['a']]);
    expect((await ask('FROM people ORDER BY id')).names).toEqual(['id', 'sex', 'x', 'y']);
    expect((await ask('SELECT count(*) FROM people')).rows).toEqual([[3]]);
    expect(
      (await ask('SELECT p.x, s.x FROM people p, sums.table s WHERE p.id = s.id AND p.x = 3')).rows,
    ).toEqual([[3, 6]]);
  });

  it('that changed since: what the run read of them', async () => {
    rig.write('people.csv', 'id,x,y,sex\na,100,1,m\n');
    expect((await ask('SELECT sum(x) FROM people')).rows).toEqual([[6]]);
    await expect(ask('SELECT sum(y) FROM people')).rejects.toThrow(
      'people.csv has changed since run 1, and y had not been read: run again',
    );
    rmSync(join(rig.folder, 'people.csv'));
    expect((await ask('SELECT sum(x) FROM people')).rows).toEqual([[6]]);
    rig.write('people.csv', 'id,x,y,sex\na,100,1,m\n');
    await rig.run();
    expect((await ask('SELECT sum(x) FROM people')).rows).toEqual([[100]]);
    expect((await ask('SELECT sum(x) FROM people', 1)).rows).toEqual([[6]]);
  });

  it('that are no tables are refused', async () => {
    await expect(ask('FROM notes')).rejects.toThrow("the input 'notes' is a file, not a table");
    await expect(ask('FROM poeple')).rejects.toThrow(
      "'poeple' is not a node or an input; did you mean 'people'?",
    );
  });
});

describe('arrays', () => {
  it('a vector is a column, a matrix a column for each of its own', async () => {
    await rig.run(`
cohortflow: 1
name: asked
axes: { n: [2, 3] }
nodes:
  vector: { task: toy.array, each: n, with: { shape: ["\${n}"] } }
  matrix: { task: toy.array, with: { shape: [2, 3] } }
  cube: { task: toy.array, with: { shape: [2, 2, 2] } }
`);
    expect(await ask('FROM vector ORDER BY n, "0"')).toMatchObject({
      names: ['n', '0'],
      rows: [
        [2, 0],
        [2, 1],
        [3, 0],
        [3, 1],
        [3, 2],
      ],
    });
    expect((await ask('SELECT sum("2") FROM matrix.array')).rows).toEqual([[7]]);
    await expect(ask('FROM "cube.array"')).rejects.toThrow(
      'cube.array is an array of more than two dimensions, not a table',
    );
  });
});
