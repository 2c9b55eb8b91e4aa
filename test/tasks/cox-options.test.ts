/** What `assoc.cox` does when asked for more than the plain model, and what it refuses. The estimators are checked against R in test/stats. */
import { describe, expect, it } from 'vitest';
import { numbers } from '../../cache/table.js';
import { concordance } from '../../stats/cox-concordance.js';
import { fitFirthCox } from '../../stats/cox-firth.js';
import { testProportionality } from '../../stats/cox-zph.js';
import { fitCox, predictLinear } from '../../stats/cox.js';
import { rngFromSeed } from '../../stats/rng.js';
import { assocCox } from '../../tasks/assoc-cox.js';
import { assocFdr } from '../../tasks/assoc-fdr.js';
import type { Association } from '../../tasks/association.js';
import { runBatch, runTask, type Call, type Ran } from './context.js';
import { cohort, lists, samples } from './tables.js';

const n = 240;
const rng = rngFromSeed('8c'.repeat(32), 'cox');
const draw = (): Float64Array => Float64Array.from({ length: n }, () => rng.normal());
const [x, age, other] = [draw(), draw(), draw()];
const site = Float64Array.from({ length: n }, () => rng.integer(3));
const time = x.map((value, i) =>
  Math.ceil(40 * Math.exp(-0.5 * value - 0.3 * age[i]! + 0.4 * site[i]! + 0.5 * rng.normal())),
);
const event = time.map(() => (rng.uniform() < 0.6 ? 1 : 0));
const entry = time.map((t) => Math.floor(t * 0.6 * rng.uniform()));
const exposure = cohort({ x });
const outcome = cohort({ time, event });
const covariates = cohort({ age, site });
const data = { stop: time, event };
const fitOf = (ran: Ran): Association => ran.json('fit') as unknown as Association;
const cox = async (params: Call['params'], inputs: Partial<Call['inputs']> = {}): Promise<Association> =>
  fitOf(
    await runTask(assocCox, {
      params: params ?? {},
      inputs: { exposure, outcome, covariates, ...inputs },
    }),
  );

describe('assoc.cox', () => {
  it('strata have a baseline of their own; text or numbers, and a missing one is counted', async () => {
    const strata = Int32Array.from(site);
    const want = fitCox({ ...data, strata }, [age, x]);
    const fit = await cox({ strata: ['site'] });
    expect(fit.beta).toBeCloseTo(want.beta[1]!, 8);
    expect(fit.se).toBeCloseTo(want.se[1]!, 8);
    const words = cohort({
      age: [...age],
      site: [...site].map((code, i) => (i < 10 ? null : `site ${code}`)),
    });
    const less = await cox({ strata: ['site'] }, { covariates: words });
    expect([less.n, less.missing]).toEqual([230, 10]);
    const rows = Int32Array.from({ length: n - 10 }, (_, i) => i + 10);
    expect(less.beta).toBeCloseTo(fitCox({ ...data, strata }, [age, x], { rows }).beta[1]!, 8);
    expect(less.beta).not.toBe((await cox({})).beta);
  });

  it('case weights, with either variance; 0 leaves somebody out, and nonsense is refused', async () => {
    const weights = Float64Array.from({ length: n }, (_, i) => (i < 5 ? 0 : 0.25 + (i % 4)));
    const given = { weights: cohort({ weights }) };
    const covariateColumns = [age, site, x];
    for (const robust of [false, true]) {
      // fitCox is held to R's coxph(weights =) in test/stats.
      const want = fitCox({ ...data, weights }, covariateColumns, robust ? { robust: true } : {});
      const fit = await cox({ robust }, given);
      expect(fit.beta).toBeCloseTo(want.beta[2]!, 8);
      expect(fit.se! / want.se[2]!).toBeCloseTo(1, 6);
      expect([fit.n, fit.missing, fit.events]).toEqual([n - 5, 5, want.events]);
    }
    const gappy = cohort({ weights: [...weights].map((w, i) => (i === 9 ? null : w + 1)) });
    expect((await cox({}, { weights: gappy })).missing).toBe(1);
    weights[7] = -1;
    await expect(cox({}, { weights: cohort({ weights }) })).rejects.toMatchObject({
      message: 'expected a weight of 0 or more, got -1',
      where: { port: 'weights', column: 'weights' },
    });
  });

  it('weights that are numbers of copies are copies (Breslow)', async () => {
    const weights = Float64Array.from({ length: n }, (_, i) => 1 + (i % 3));
    const rows = Int32Array.from([...weights].flatMap((w, i) => Array<number>(w).fill(i)));
    const want = fitCox(data, [age, site, x], { ties: 'breslow', rows });
    const fit = await cox({ ties: 'breslow' }, { weights: cohort({ weights }) });
    expect(fit.beta).toBeCloseTo(want.beta[2]!, 8);
    expect(fit.se).toBeCloseTo(want.se[2]!, 8);
  });

  it('a name to omit that is no covariate is refused', async () => {
    await expect(cox({ omit: ['agee'] })).rejects.toMatchObject({
      message: "no covariate 'agee' to omit; there are age, site",
      where: { port: 'covariates' },
    });
    expect((await cox({ omit: [null, 'site'] })).beta).toBeCloseTo(fitCox(data, [age, x]).beta[1]!, 8);
  });

  it('people are at risk after their entry', async () => {
    const late = cohort({ time, event, entry });
    const want = fitCox({ ...data, start: entry }, [age, site, x]);
    const fit = await cox({}, { outcome: late });
    expect(fit.beta).toBeCloseTo(want.beta[2]!, 8);
    expect(fit.n).toBe(want.n);
  });

  it('robust: the sandwich variance', async () => {
    const want = fitCox(data, [age, site, x], { robust: true });
    const fit = await cox({ robust: true });
    expect([fit.beta, fit.se, fit.z, fit.log10p]).toEqual([
      want.beta[2],
      want.se[2],
      want.z[2],
      want.log10P[2],
    ]);
    expect(fit.se).not.toBeCloseTo((await cox({})).se!, 5);
  });

  it('diagnostics: proportional hazards and concordance', async () => {
    const all = [age, site, x];
    const fit = await cox({ diagnostics: true });
    expect(fit.zph_log10p).toBe(testProportionality(data, all).log10P[2]);
    expect(fit.concordance).toBe(concordance(data, predictLinear(fitCox(data, all), all)).c);
    expect(fit.concordance).toBeGreaterThan(0.6);
    expect(await cox({})).not.toHaveProperty('concordance');
  });

  it('firth: separated and sparse models are refitted and marked, others are left alone', async () => {
    const plain = await cox({ firth: 'flagged' });
    expect(plain).toEqual({ ...(await cox({})), penalised: false });
    const marker = cohort({ marker: event.map((e, i) => (e === 1 && i % 3 === 0 ? 1 : 0)) });
    const rare = event.map((e, i) => (e === 1 && i % 3 === 0 ? 1 : 0));
    const separated = { exposure: marker, outcome: cohort({ time, event: rare }) };
    expect((await cox({}, separated)).status).toBe('infinite');
    const fit = await cox({ firth: 'flagged' }, separated);
    const values = numbers(marker, 'marker');
    const want = fitFirthCox({ stop: time, event: rare }, [age, site, values], { likelihoodRatio: [2] });
    expect(fit).toMatchObject({
      beta: want.beta[2],
      se: want.se[2],
      log10p: want.likelihoodRatioLog10P[2],
      status: 'ok',
      penalised: true,
    });
    expect(fit.z! ** 2).toBeCloseTo(want.likelihoodRatio[2]!, 9);
    expect(fit.reason).toMatch(/^penalised, because the coefficient of the exposure may be infinite/);
    const few = await cox(
      { firth: 'flagged' },
      { outcome: cohort({ time, event: event.map((e, i) => (i < 40 ? e : 0)) }) },
    );
    expect(few.penalised).toBe(true);
    expect(few.reason).toMatch(/events for 3 parameters$/);
  });

  it('every result is the same in a batch, and the table of assoc.fdr shows what the fits carry', async () => {
    const params = { firth: 'flagged', diagnostics: true, strata: ['site'] };
    const marker = cohort({ m: event.map((e, i) => (e === 1 && i % 3 === 0 ? 1 : 0)) });
    const calls = [exposure, marker, cohort({ other })].map((given): Call => ({
      params,
      inputs: { exposure: given, outcome, covariates },
    }));
    const together = await runBatch(assocCox, calls);
    for (const [i, call] of calls.entries()) {
      expect(fitOf(together[i] as Ran)).toEqual(fitOf(await runTask(assocCox, call)));
    }
    const gather = together.map((ran, i) => ({
      item: { idp: `i${i}` },
      value: { json: (ran as Ran).json('fit') },
    }));
    const table = lists((await runTask(assocFdr, { inputs: { fits: { gather } } })).table('table'));
    expect(table['penalised']).toEqual([0, 0, 0]);
    expect(table['concordance']!.every((value) => typeof value === 'number')).toBe(true);
    const bare = lists(
      (
        await runTask(assocFdr, {
          inputs: { fits: { gather: [{ item: { idp: 'a' }, value: { json: (await cox({})) as never } }] } },
        })
      ).table('table'),
    );
    expect(Object.keys(bare)).not.toContain('penalised');
  });
});

describe('assoc.cox refuses nonsense, and says where', () => {
  const at = (values: Float64Array, row: number, value: number): Float64Array =>
    values.map((v, i) => (i === row ? value : v));
  const cases: [string, Call['params'], Partial<Call['inputs']>, RegExp, object][] = [
    [
      'a negative time',
      {},
      { outcome: cohort({ time: at(time, 4, -1), event }) },
      /^expected a time of 0 or more, got -1$/,
      { port: 'outcome', column: 'time', row: 'p00004' },
    ],
    [
      'an event that is neither 0 nor 1',
      {},
      { outcome: cohort({ time, event: at(event, 6, 2) }) },
      /^expected 0 or 1, got 2$/,
      { port: 'outcome', column: 'event', row: 'p00006' },
    ],
    [
      'ids that do not join',
      {},
      { samples: samples('a', 'b') },
      /^none of the 2 people to fit has a row; ids look like 'a' and '[^']+'$/,
      { port: 'outcome' },
    ],
    [
      'a covariate that is missing throughout',
      {},
      { covariates: cohort({ age: age.map(() => NaN) }) },
      /^the covariate 'age' is missing in everybody to fit; leave it out$/,
      { port: 'covariates', column: 'age' },
    ],
    [
      'a constant covariate',
      {},
      { covariates: cohort({ age, sex: age.map(() => 2) }) },
      /^the covariate 'sex' is 2 in all of the 240 people to fit; leave it out/,
      { port: 'covariates', column: 'sex' },
    ],
    [
      'strata of no table',
      { strata: ['site'] },
      { covariates: undefined },
      /'strata' names columns of 'covariates'/,
      { port: 'covariates' },
    ],
    [
      'strata that do not exist',
      { strata: ['centre'] },
      {},
      /^expected a column 'centre'/,
      { column: 'centre' },
    ],
  ];
  it.each(cases)('%s', async (_what, params, wrong, message, where) => {
    const inputs = Object.fromEntries(
      Object.entries({ exposure, outcome, covariates, ...wrong }).filter(([, given]) => given as unknown),
    );
    const error: unknown = await runTask(assocCox, {
      params: params ?? {},
      inputs: inputs,
    }).catch((e: unknown) => e);
    expect(error).toMatchObject({
      name: 'TaskError',
      message: expect.stringMatching(message) as string,
      where,
    });
  });

  it('a covariate that is constant in those to fit may be left out by name', async () => {
    const sexes = cohort({ age, sex: age.map(() => 2) });
    const fit = await cox({ omit: ['sex'] }, { covariates: sexes });
    expect(fit.beta).toBe((await cox({}, { covariates: cohort({ age }) })).beta);
  });
});
