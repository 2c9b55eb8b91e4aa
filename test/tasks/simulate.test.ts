import { describe, expect, it } from 'vitest';
import { numbers } from '../../cache/table.js';
import { pearson } from '../../stats/regression-metrics.js';
import { simulateSurvey } from '../../tasks/simulate-survey.js';
import { runTask } from './context.js';
import { lists } from './tables.js';

const seed = '56'.repeat(32);
const survey = async (people: number, missing = 0.05) =>
  (await runTask(simulateSurvey, { params: { people, missing }, inputs: {}, seed })).table('people');

describe('simulate.survey', () => {
  it('is the same for a seed, and a larger survey contains the smaller one', async () => {
    const [small, large] = [await survey(50), await survey(80)];
    expect(lists(await survey(50))).toEqual(lists(small));
    for (const [name, cells] of Object.entries(lists(small)))
      expect(lists(large)[name]!.slice(0, 50)).toEqual(cells);
  });

  it('has the shape of the real survey: missing cells, every cause, traits that depend on age and sex', async () => {
    const table = await survey(3000);
    const column = (name: string) => numbers(table, name);
    const share = (values: Float64Array) => values.filter((x) => Number.isNaN(x)).length / values.length;
    expect(share(column('hba1c'))).toBeGreaterThan(0.05);
    expect(share(column('hba1c'))).toBeLessThan(0.12);
    expect(new Set(column('ucod_leading').filter((x) => !Number.isNaN(x)))).toEqual(
      new Set([1, 2, 3, 5, 7, 9, 10]),
    );
    const died = column('status').filter((x) => x === 1).length / 3000;
    expect(died).toBeGreaterThan(0.25);
    expect(died).toBeLessThan(0.55);
    const known = column('fev')
      .map((x, i) => (Number.isNaN(x) ? 0 : i + 1))
      .filter((i) => i > 0)
      .map((i) => i - 1);
    const fev = known.map((i) => column('fev')[i]!);
    const age = known.map((i) => column('age')[i]!);
    expect(pearson(fev, age)).toBeLessThan(-0.45);
    expect(Math.min(...fev)).toBeGreaterThan(0);
  });

  it('without missing cells, blood and traits are complete', async () => {
    const table = await survey(200, 0);
    for (const name of ['hba1c', 'fev', 'cadmium', 'bmi']) {
      expect(
        numbers(table, name).some((x) => Number.isNaN(x)),
        name,
      ).toBe(false);
    }
  });
});
