import { describe, expect, it } from 'vitest';
import { numbers, texts, type Table } from '../../cache/table.js';
import { rngFromSeed } from '../../stats/rng.js';
import { imputeMasking } from '../../tasks/impute-masking.js';
import { scaleOutliers } from '../../tasks/scale-outliers.js';
import { tableBind } from '../../tasks/table-bind.js';
import { tableDropMissing } from '../../tasks/table-drop-missing.js';
import { runTask } from './context.js';
import { cohort, lists, people, samples } from './tables.js';

const n = 600;
const seed = '9a'.repeat(32);
const rng = rngFromSeed(seed, 'quality');
const draw = (): Float64Array => Float64Array.from({ length: n }, () => rng.normal());
const common = draw();
const related = (): Float64Array => common.map((z) => 0.95 * z + 0.3 * rng.normal());
const [a, b, c] = [related(), related(), related().map((x) => (rng.uniform() < 0.2 ? NaN : x))];
const noise = draw();
const blood = cohort({ a, b, c, noise });
const errorsOf = (table: Table, column: string): Record<string, Record<string, number>> => {
  const rows = [...texts(table, 'column').keys()].filter((i) => texts(table, 'column')[i] === column);
  return Object.fromEntries(
    rows.map((i) => [
      texts(table, 'method')[i]!,
      Object.fromEntries(
        ['hidden', 'rmse', 'relative', 'mae', 'bias', 'correlation'].map((name) => [
          name,
          numbers(table, name)[i]!,
        ]),
      ),
    ]),
  );
};

describe('impute.masking', () => {
  it('neighbours help where columns are related and not where they are noise; a mean knows nothing', async () => {
    const errors = (await runTask(imputeMasking, { inputs: { table: blood }, seed })).table('errors');
    const known = errorsOf(errors, 'a');
    expect(known['knn']!['relative']).toBeLessThan(0.8);
    expect(known['knn']!['correlation']).toBeGreaterThan(0.65);
    expect(Math.abs(known['mean']!['relative']! - 1)).toBeLessThan(0.1);
    expect(known['mean']!['correlation']).toBeNaN();
    const unknown = errorsOf(errors, 'noise');
    expect(unknown['knn']!['relative']).toBeGreaterThan(0.95);
    expect(Math.abs(unknown['median']!['bias']!)).toBeLessThan(0.4);
    // A tenth of the observed cells is hidden: of those in `c` a fifth was missing already.
    const observed = c.filter((x) => !Number.isNaN(x)).length;
    expect(errorsOf(errors, 'c')['knn']!['hidden']).toBe(Math.round(observed / 10));
    expect(known['median']!['hidden']).toBe(60);
  });

  it('the error of the mean is the spread about the mean of the cells that are left', async () => {
    const x = Float64Array.of(1, 2, 3, 4, 100);
    const ran = await runTask(imputeMasking, {
      params: { share: 0.2, k: 1 },
      inputs: { table: cohort({ x, y: x }) },
      seed,
    });
    const { mean, median } = errorsOf(ran.table('errors'), 'x');
    const whole = [...x].map((hidden) => {
      const left = [...x].filter((value) => value !== hidden).sort((p, q) => p - q);
      return {
        mean: Math.abs(left.reduce((sum, value) => sum + value, 0) / 4 - hidden),
        median: Math.abs((left[1]! + left[2]!) / 2 - hidden),
      };
    });
    const which = whole.findIndex((errors) => Math.abs(errors.mean - mean!['rmse']!) < 1e-12);
    expect(which).toBeGreaterThanOrEqual(0);
    expect(median!['mae']).toBe(whole[which]!.median);
    expect(mean!['relative']).toBeNaN();
  });

  it('hides the same cells whatever other columns there are; only of so many people', async () => {
    const params = { people: 200 };
    const all = await runTask(imputeMasking, { params, inputs: { table: blood }, seed });
    const two = await runTask(imputeMasking, { params, inputs: { table: cohort({ b, noise }) }, seed });
    const mean = (table: Table): number => errorsOf(table, 'b')['mean']!['rmse']!;
    expect(mean(two.table('errors'))).toBe(mean(all.table('errors')));
    expect(errorsOf(all.table('errors'), 'b')['mean']!['hidden']).toBe(20);
  });

  it('learns from training people only', async () => {
    const train = samples(...blood.id!.values.slice(0, 300));
    const shifted = cohort({ a: a.map((x, i) => (i < 300 ? x : x + 1000)), b });
    const errors = (await runTask(imputeMasking, { inputs: { table: shifted, train }, seed })).table(
      'errors',
    );
    expect(errorsOf(errors, 'a')['mean']!['bias']).toBeLessThan(-300);
  });

  it('refuses a column without values', async () => {
    const table = cohort({ a, gone: a.map(() => NaN) });
    await expect(runTask(imputeMasking, { inputs: { table }, seed })).rejects.toMatchObject({
      message: 'no observed value to hide; leave the column out',
      where: { port: 'table', column: 'gone' },
    });
  });
});

describe('scale.outliers', () => {
  const x = noise.map((value, i) => (i === 7 ? 40 : i === 8 ? -40 : value));
  it('makes far values missing, by the median and MAD of the training people, and counts them', async () => {
    const ran = await runTask(scaleOutliers, { inputs: { table: cohort({ x, noise }) } });
    const cleaned = numbers(ran.table('table'), 'x');
    expect([cleaned[7], cleaned[8]]).toEqual([NaN, NaN]);
    expect(cleaned.filter(Number.isNaN)).toHaveLength(2);
    expect(numbers(ran.table('table'), 'noise')).toEqual(noise);
    expect(lists(ran.table('outliers'))).toMatchObject({
      column: ['x', 'noise'],
      below: [1, 0],
      above: [1, 0],
      status: ['ok', 'ok'],
    });
    expect(ran.log).toEqual(['2 values made missing']);
    const strict = await runTask(scaleOutliers, {
      params: { threshold: 1 },
      inputs: { table: cohort({ x }) },
    });
    expect(numbers(strict.table('outliers'), 'above')[0]).toBeGreaterThan(60);
  });

  it('leaves a column alone that is mostly one value, and says so; refuses an empty one', async () => {
    const flat = noise.map((value, i) => (i % 3 === 0 ? value : 5));
    const ran = await runTask(scaleOutliers, { inputs: { table: cohort({ flat }) } });
    expect(numbers(ran.table('table'), 'flat')).toEqual(flat);
    expect(ran.warnings).toEqual(["more than half of 'flat' are equal: its outliers cannot be told"]);
    await expect(
      runTask(scaleOutliers, { inputs: { table: cohort({ gone: noise.map(() => NaN) }) } }),
    ).rejects.toMatchObject({ where: { column: 'gone' } });
  });
});

describe('table.drop_missing', () => {
  const table = people({
    p1: { full: 1, half: null, word: 'a', rare: null },
    p2: { full: 2, half: 5, word: null, rare: null },
    p3: { full: 3, half: null, word: 'b', rare: null },
    p4: { full: 4, half: 7, word: 'c', rare: 1 },
  });
  it('leaves out columns above the share, and lists all', async () => {
    const ran = await runTask(tableDropMissing, { inputs: { table } });
    expect([...ran.table('table').columns.keys()]).toEqual(['full', 'word']);
    expect(ran.warnings).toEqual(['left out, too often missing: half, rare']);
    expect(lists(ran.table('columns'))).toEqual({
      column: ['full', 'half', 'word', 'rare'],
      missing: [0, 2, 1, 3],
      share: [0, 0.5, 0.25, 0.75],
      kept: [1, 0, 1, 0],
    });
    const half = await runTask(tableDropMissing, { params: { above: 0.5 }, inputs: { table } });
    expect([...half.table('table').columns.keys()]).toEqual(['full', 'half', 'word']);
  });

  it('judges by the training people; refuses to leave nothing', async () => {
    const ran = await runTask(tableDropMissing, { inputs: { table, train: samples('p2', 'p4') } });
    expect([...ran.table('table').columns.keys()]).toEqual(['full', 'half']);
    expect(ran.table('table').rows).toBe(4);
    const empty = cohort({ gone: [null, null] });
    await expect(runTask(tableDropMissing, { inputs: { table: empty } })).rejects.toMatchObject({
      message: 'every column is missing in more than 40 % of the people',
      where: { port: 'table', column: 'gone' },
    });
  });
});

describe('table.bind', () => {
  it('puts one-column tables side by side under the names of their items', async () => {
    const gather = [
      { item: { idp: 'lv' }, value: people({ p1: { stacked: 1 }, p2: { stacked: 2 } }) },
      { item: { idp: 'rv' }, value: people({ p2: { stacked: 3 }, p3: { stacked: 4 } }) },
    ];
    const ran = await runTask(tableBind, { inputs: { tables: { gather, failed: [{ idp: 'la' }] } } });
    expect(lists(ran.table('table'))).toEqual({ id: ['p1', 'p2', 'p3'], lv: [1, 2, null], rv: [null, 3, 4] });
    expect(ran.warnings).toEqual([
      '1 failed and not among the columns: idp la',
      'idp lv: no row for 1 person',
      'idp rv: no row for 1 person',
    ]);
  });

  it('names the columns of wider tables after item and column', async () => {
    const gather = [
      { item: { trait: 'fev', arm: 1 }, value: people({ p1: { mean: 1, sd: 2 } }) },
      { item: { trait: 'fev', arm: 2 }, value: people({ p1: { mean: 3 } }) },
    ];
    const ran = await runTask(tableBind, { inputs: { tables: { gather } } });
    expect(lists(ran.table('table'))).toEqual({
      id: ['p1'],
      '1.fev.mean': [1],
      '1.fev.sd': [2],
      '2.fev': [3],
    });
  });
});
