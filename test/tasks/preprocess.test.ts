import { describe, expect, it } from 'vitest';
import { imputeKnn } from '../../tasks/impute-knn.js';
import { imputeSimple } from '../../tasks/impute-simple.js';
import { scaleZscore } from '../../tasks/scale-zscore.js';
import { runTask } from './context.js';
import { lists, people, samples } from './tables.js';

const table = people({
  a: { x: 1, y: 10 },
  b: { x: 2, y: 20 },
  c: { x: 3, y: null },
  d: { x: 100, y: 30 },
});

describe('scale.zscore', () => {
  it('takes mean and SD from the training people and applies them to all', async () => {
    const ran = await runTask(scaleZscore, { inputs: { table, train: samples('a', 'b', 'c', 'nobody') } });
    const sd = Math.sqrt(2 / 3);
    const { x, y } = lists(ran.table('table'));
    expect(x).toEqual([-1 / sd, 0, 1 / sd, 98 / sd]);
    expect(y).toEqual([-1, 1, null, 3]);
    expect(lists(ran.table('moments'))).toEqual({
      column: ['x', 'y'],
      mean: [2, 15],
      sd: [sd, 5],
      observed: [3, 2],
      status: ['ok', 'ok'],
    });
    expect(ran.warnings).toEqual(["no row in 'table' for 1 person of 'train'"]);
  });

  it('ddof 1 divides by n − 1', async () => {
    const ran = await runTask(scaleZscore, {
      params: { ddof: 1 },
      inputs: { table: people({ a: { x: 1 }, b: { x: 2 }, c: { x: 3 } }) },
    });
    expect(lists(ran.table('table'))['x']).toEqual([-1, 0, 1]);
  });

  it('centres a constant column with a warning, refuses an empty one', async () => {
    const constant = await runTask(scaleZscore, { inputs: { table: people({ a: { x: 7 }, b: { x: 7 } }) } });
    expect(lists(constant.table('table'))['x']).toEqual([0, 0]);
    expect(constant.warnings).toEqual(["column 'x' is constant and was only centred"]);
    await expect(runTask(scaleZscore, { inputs: { table, train: samples('c') } })).rejects.toMatchObject({
      message: 'expected at least 1 observed training values, got 0',
      where: { port: 'table', column: 'y' },
    });
  });
});

describe('impute.knn', () => {
  it('averages the nearest people, and counts what was filled', async () => {
    const ran = await runTask(imputeKnn, { params: { k: 2 }, inputs: { table } });
    // c has x = 3: nearest by x are b and a.
    expect(lists(ran.table('table'))).toEqual({
      id: ['a', 'b', 'c', 'd'],
      x: [1, 2, 3, 100],
      y: [10, 20, 15, 30],
    });
    expect(lists(ran.table('filled'))).toEqual({
      column: ['x', 'y'],
      missing: [0, 1],
      from_neighbours: [0, 1],
      from_mean: [0, 0],
    });
  });

  it('takes donors from the training people only', async () => {
    const ran = await runTask(imputeKnn, {
      params: { k: 1 },
      inputs: { table, train: samples('a', 'd') },
    });
    expect(lists(ran.table('table'))['y']).toEqual([10, 20, 10, 30]);
  });

  it('does not depend on the order of the columns', async () => {
    const cells = {
      a: { x: 0.1, y: 0.7, z: null },
      b: { x: 0.3, y: 0.2, z: 2 },
      c: { x: 0.15, y: 0.65, z: 1 },
    };
    const turned = Object.fromEntries(Object.entries(cells).map(([id, { x, y, z }]) => [id, { z, y, x }]));
    const one = await runTask(imputeKnn, {
      params: { weights: 'distance' },
      inputs: { table: people(cells) },
    });
    const two = await runTask(imputeKnn, {
      params: { weights: 'distance' },
      inputs: { table: people(turned) },
    });
    expect(lists(one.table('table'))).toEqual(lists(two.table('table')));
    expect([...two.table('table').columns.keys()]).toEqual(['z', 'y', 'x']);
  });

  it('warns where only the mean was left, refuses an empty column', async () => {
    const alone = people({ a: { x: 1, y: null }, b: { x: null, y: 4 } });
    const ran = await runTask(imputeKnn, { inputs: { table: alone } });
    expect(lists(ran.table('table'))).toMatchObject({ x: [1, 1], y: [4, 4] });
    expect(ran.warnings[0]).toMatch(/^2 cells had no neighbour/);
    await expect(runTask(imputeKnn, { inputs: { table: people({ a: { x: 1, y: null } }) } })).rejects.toThrow(
      'no training value to impute from; leave the column out',
    );
  });
});

describe('impute.simple', () => {
  it('fills with the mean or the median of the training people', async () => {
    const mean = await runTask(imputeSimple, { inputs: { table } });
    expect(lists(mean.table('table'))['y']).toEqual([10, 20, 20, 30]);
    const median = await runTask(imputeSimple, {
      params: { value: 'median' },
      inputs: { table, train: samples('a', 'b') },
    });
    expect(lists(median.table('filled'))).toEqual({ column: ['x', 'y'], missing: [0, 1], value: [1.5, 15] });
  });
});
