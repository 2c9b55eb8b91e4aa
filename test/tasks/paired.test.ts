import { describe, expect, it } from 'vitest';
import { numbers, texts, type Table } from '../../cache/table.js';
import { spearman } from '../../stats/ranks.js';
import { resampledT } from '../../stats/resampled-t.js';
import { rngFromSeed } from '../../stats/rng.js';
import { signedRank } from '../../stats/wilcoxon.js';
import { testNadeauBengio } from '../../tasks/test-nadeau-bengio.js';
import { testSpearman } from '../../tasks/test-spearman.js';
import { testWilcoxon } from '../../tasks/test-wilcoxon.js';
import { runTask, type Call } from './context.js';
import { lists, rows } from './tables.js';

const rng = rngFromSeed('1f'.repeat(32), 'paired');
const DISEASES = ['angina', 'asthma', 'cancer', 'gout', 'stroke', 'ulcer'];
const SEEDS = [1, 2, 3, 4];
const grid = DISEASES.flatMap((disease) => SEEDS.map((seed) => ({ disease, seed })));
const table = (auc: readonly (number | null)[], order = grid): Table =>
  rows({ disease: order.map(({ disease }) => disease), seed: order.map(({ seed }) => seed), auc });
const real = grid.map(() => 0.6 + 0.05 * rng.normal());
const imputed = real.map((auc) => auc + 0.02 + 0.03 * rng.normal());
const inputs = { reference: table(real), other: table(imputed) };
const groups = rows({ disease: DISEASES, category: ['heart', 'lung', null, 'joint', 'heart', 'gut'] });
const by = ['disease', 'seed'];
const base = { by, values: ['auc'] };
const average = (values: readonly number[], from: number): number =>
  values.slice(from, from + SEEDS.length).reduce((sum, value) => sum + value, 0) / SEEDS.length;
const perDisease = DISEASES.map((_, d) => average(imputed, d * 4) - average(real, d * 4));

describe('test.wilcoxon', () => {
  it('is the signed-rank test of the differences of the units, repeats averaged first', async () => {
    const ran = await runTask(testWilcoxon, { params: { ...base, unit: ['disease'] }, inputs });
    const want = signedRank(perDisease, 'recommended');
    expect(numbers(ran.table('table'), 'p')[0]).toBeCloseTo(want.p, 12);
    expect(numbers(ran.table('table'), 'shift')[0]).toBeCloseTo(want.shift, 12);
    expect(lists(ran.table('table'))).toMatchObject({
      value: ['auc'],
      units: [6],
      missing: [0],
      method: ['exact'],
    });
    const units = ran.table('units');
    expect(texts(units, 'disease')).toEqual(DISEASES);
    numbers(units, 'difference').forEach((d, i) => expect(d).toBeCloseTo(perDisease[i]!, 12));
    const mean = numbers(units, 'other').reduce((sum, value) => sum + value, 0) / 6;
    expect(numbers(ran.table('table'), 'other')[0]).toBeCloseTo(mean, 12);
  });

  it('with every repeat as a unit the p is smaller: pseudo-replication must be asked for', async () => {
    const each = await runTask(testWilcoxon, { params: base, inputs });
    const want = signedRank(
      imputed.map((auc, i) => auc - real[i]!),
      'recommended',
    );
    expect(numbers(each.table('table'), 'units')[0]).toBe(24);
    expect(numbers(each.table('table'), 'p')[0]).toBe(want.p);
    const averaged = await runTask(testWilcoxon, { params: { ...base, unit: ['disease'] }, inputs });
    expect(want.p).toBeLessThan(numbers(averaged.table('table'), 'p')[0]!);
  });

  it('tests each category too, and counts what has none', async () => {
    const params = { ...base, unit: ['disease'], within: 'category', mode: 'faithful' };
    const ran = await runTask(testWilcoxon, { params, inputs: { ...inputs, groups } });
    expect(texts(ran.table('table'), 'category')).toEqual(['all', 'gut', 'heart', 'joint', 'lung']);
    expect([...numbers(ran.table('table'), 'units')]).toEqual([6, 1, 2, 1, 1]);
    expect(ran.warnings).toEqual(["1 units have no 'category' and are tested only with all"]);
    const heart = signedRank([perDisease[0]!, perDisease[4]!], 'faithful');
    expect(numbers(ran.table('table'), 'p')[2]).toBe(heart.p);
    expect(texts(ran.table('units'), 'category')[2]).toBeNull();
  });

  it('pairs by name: order is nothing; what only one table has, and missing numbers, are counted', async () => {
    const reversed = table([...imputed].reverse(), [...grid].reverse());
    const ran = await runTask(testWilcoxon, { params: base, inputs: { ...inputs, other: reversed } });
    const plain = await runTask(testWilcoxon, { params: base, inputs });
    expect(lists(ran.table('table'))).toEqual(lists(plain.table('table')));
    const gappy = table(imputed.map((auc, i) => (i === 5 ? null : auc)).slice(1), grid.slice(1));
    const less = await runTask(testWilcoxon, { params: base, inputs: { ...inputs, other: gappy } });
    expect(less.warnings).toEqual([
      '1 rows stand in one of the two tables only',
      'auc: 1 pairs with a missing number are left out',
    ]);
    expect(lists(less.table('table'))).toMatchObject({ units: [22], missing: [1] });
  });
});

describe('test.spearman', () => {
  it.each(['t', 'as89'] as const)('%s: ρ and p of the paired values', async (rule) => {
    const ran = await runTask(testSpearman, { params: { ...base, rule }, inputs });
    const want = spearman(real, imputed, rule);
    expect(lists(ran.table('table'))).toEqual({
      value: ['auc'],
      units: [24],
      missing: [0],
      rho: [want.rho],
      p: [want.p],
      method: [want.method],
    });
  });

  it('the ranking of 13 categories of the paper: p is 0.004 by AS 89', async () => {
    // Any two rankings with Σd² = 88 have ρ = 0.7582.
    const first = Array.from({ length: 13 }, (_, i) => i + 1);
    const second = [7, 4, 3, 2, 5, 6, 1, 10, 9, 8, 11, 12, 13];
    const squares = first.reduce((sum, rank, i) => sum + (rank - second[i]!) ** 2, 0);
    const category = first.map((i) => `category ${i}`);
    const params = { by: ['category'], values: ['count'], rule: 'as89' };
    const ran = await runTask(testSpearman, {
      params,
      inputs: { reference: rows({ category, count: first }), other: rows({ category, count: second }) },
    });
    expect(numbers(ran.table('table'), 'rho')[0]).toBeCloseTo(1 - (6 * squares) / (13 * 168), 12);
    expect(squares).toBe(88);
    expect(numbers(ran.table('table'), 'p')[0]).toBeCloseTo(0.004, 3);
  });
});

describe('test.nadeau_bengio', () => {
  it('is the corrected t test of each disease over its seeds, and of the mean over diseases', async () => {
    const params = { ...base, repeat: 'seed', test_share: 0.25 };
    const ran = await runTask(testNadeauBengio, { params, inputs });
    const d = imputed.map((auc, i) => auc - real[i]!);
    const gout = resampledT(d.slice(12, 16), 1, 3);
    expect(texts(ran.table('table'), 'disease')).toEqual(DISEASES);
    expect(numbers(ran.table('table'), 't')[3]).toBeCloseTo(gout.t, 12);
    expect(numbers(ran.table('table'), 'p')[3]).toBeCloseTo(gout.p, 12);
    expect([...numbers(ran.table('table'), 'df')]).toEqual([3, 3, 3, 3, 3, 3]);
    const overall = resampledT(
      SEEDS.map((_, s) => DISEASES.reduce((sum, __, i) => sum + d[4 * i + s]!, 0) / 6),
      1,
      3,
    );
    expect(lists(ran.table('groups'))).toMatchObject({
      group: ['all'],
      units: [6],
      incomplete: [0],
      repeats: [4],
    });
    expect(numbers(ran.table('groups'), 'se')[0]).toBeCloseTo(overall.standardError, 12);
  });

  it('a disease without a number in some repeat is tested on the others, and left out of the mean, counted', async () => {
    const gappy = table(imputed.map((auc, i) => (i === 1 || (i >= 8 && i < 11) ? null : auc)));
    const params = { ...base, repeat: 'seed', within: 'category' };
    const ran = await runTask(testNadeauBengio, {
      params,
      inputs: { reference: inputs.reference, other: gappy, groups },
    });
    expect([...numbers(ran.table('table'), 'repeats')]).toEqual([3, 4, 1, 4, 4, 4]);
    expect([...numbers(ran.table('table'), 'missing')]).toEqual([1, 0, 3, 0, 0, 0]);
    expect(numbers(ran.table('table'), 'p')[2]).toBeNaN();
    expect(numbers(ran.table('table'), 'df')[2]).toBeNaN();
    expect(lists(ran.table('groups'))).toMatchObject({
      category: ['all', 'gut', 'heart', 'joint', 'lung'],
      units: [4, 1, 1, 1, 1],
      incomplete: [2, 0, 1, 0, 0],
    });
  });
});

describe('paired tests refuse', () => {
  const other = inputs.other;
  const cases: [string, Call, RegExp][] = [
    [
      'rows that `by` does not tell apart',
      { params: { by: ['disease'], values: ['auc'] }, inputs },
      /^\["angina"\] stands in the table twice; 'by' must tell all rows apart$/,
    ],
    [
      'tables without a common row',
      {
        params: base,
        inputs: { reference: inputs.reference, other: rows({ disease: ['x'], seed: [9], auc: [1] }) },
      },
      /^the tables have no row in common; they hold such as \["angina",1\] and \["x",9\]$/,
    ],
    [
      'a value that a table lacks',
      { params: { by, values: ['auprc'] }, inputs },
      /^expected a column 'auprc'/,
    ],
    [
      'a group without a table of groups',
      { params: { ...base, within: 'category' }, inputs },
      /'groups', which is not connected$/,
    ],
    [
      'a unit in two groups',
      {
        params: { ...base, unit: ['disease'], within: 'category' },
        inputs: { ...inputs, groups: rows({ disease: ['gout', 'gout'], category: ['a', 'b'] }) },
      },
      /^\["gout"\] is in more than one group$/,
    ],
    [
      'a unit that is no column of `by`',
      { params: { ...base, unit: ['category'] }, inputs: { reference: other, other } },
      /^'category' is not among 'by', which has disease, seed$/,
    ],
  ];
  it.each(cases)('%s', async (_what, call, message) => {
    await expect(runTask(testWilcoxon, call)).rejects.toThrow(message);
  });
  it('a repeat that is no column of `by`', async () => {
    await expect(runTask(testNadeauBengio, { params: { ...base, repeat: 'fold' }, inputs })).rejects.toThrow(
      "'repeat' is 'fold', which is not among 'by' (disease, seed)",
    );
  });
});
