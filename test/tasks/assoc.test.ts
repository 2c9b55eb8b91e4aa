import { describe, expect, it } from 'vitest';
import { numbers, type Table } from '../../cache/table.js';
import { canonicalJson } from '../../cache/digest.js';
import { fitCox } from '../../stats/cox.js';
import { rngFromSeed } from '../../stats/rng.js';
import { assocCompare } from '../../tasks/assoc-compare.js';
import { assocCox } from '../../tasks/assoc-cox.js';
import { assocFdr } from '../../tasks/assoc-fdr.js';
import type { Association } from '../../tasks/association.js';
import { runBatch, runTask, type Call, type Ran } from './context.js';
import { cohort, lists, rows, samples } from './tables.js';

const n = 400;
const rng = rngFromSeed('12'.repeat(32), 'assoc');
const draw = () => Float64Array.from({ length: n }, () => rng.normal());
const [age, bmi, x1, x2] = [draw(), draw(), draw(), draw()];
const time = Float64Array.from({ length: n }, (_, i) =>
  Math.ceil((-20 * Math.log(1 - rng.uniform())) / Math.exp(0.5 * x1[i]! + 0.3 * age[i]!)),
);
const event = Float64Array.from({ length: n }, () => (rng.uniform() < 0.7 ? 1 : 0));
x2[3] = NaN;
const outcome = cohort({ time, event });
const covariates = cohort({ age, bmi });
const alias = Float64Array.from({ length: n }, (_, i) => 2 * age[i]! - bmi[i]! + 1);
const exposures = [x1, x2, alias, new Float64Array(n).fill(1), x1.map((x) => -x)].map((x) => cohort({ x }));
const calls: Call[] = exposures.map((exposure) => ({ inputs: { exposure, outcome, covariates } }));
const fitOf = (ran: Ran | Error | undefined): Association => {
  if (!ran || ran instanceof Error) throw ran ?? new Error('nothing');
  return ran.json('fit') as unknown as Association;
};

describe('assoc.cox', () => {
  it('gives the coefficient of the exposure in the model with the covariates', async () => {
    const fit = fitOf(await runTask(assocCox, calls[0]!));
    const alone = fitCox({ stop: time, event }, [age, bmi, x1]);
    expect(fit.beta).toBeCloseTo(alone.beta[2]!, 6);
    expect(fit.se).toBeCloseTo(alone.se[2]!, 6);
    expect(fit.log10p).toBeCloseTo(alone.log10P[2]!, 4);
    expect(fit).toMatchObject({
      n,
      events: event.reduce((a, b) => a + b),
      missing: 0,
      status: 'ok',
      reason: null,
    });
  });

  it('counts missing people; an exposure made of covariates is aliased, a flat one constant', async () => {
    const fits = (await runBatch(assocCox, calls)).map(fitOf);
    expect(fits[1]).toMatchObject({ n: n - 1, missing: 1, status: 'ok' });
    expect(fits[2]).toMatchObject({
      beta: null,
      log10p: null,
      status: 'aliased',
      reason: 'the exposure is a linear combination of the covariates',
    });
    expect(fits[3]).toMatchObject({ beta: null, status: 'constant' });
    expect(fits[4]!.beta).toBeCloseTo(-fits[0]!.beta!, 8);
  });

  it('gives the same bytes alone, in any sub-batch and in the full batch', async () => {
    const bytes = (ran: Ran | Error) => canonicalJson(fitOf(ran));
    const full = (await runBatch(assocCox, calls)).map(bytes);
    for (const [i, call] of calls.entries()) expect(bytes(await runTask(assocCox, call))).toBe(full[i]);
    const some = (
      await runBatch(
        assocCox,
        [4, 1, 0].map((i) => calls[i]!),
      )
    ).map(bytes);
    expect(some).toEqual([full[4], full[1], full[0]]);
  });

  it('does not depend on the order of the covariates; `omit` leaves them out, nulls are ignored', async () => {
    const { exposure } = calls[0]!.inputs as Record<string, Table>;
    const turned = { exposure: exposure!, outcome, covariates: cohort({ bmi, age }) };
    expect(fitOf(await runTask(assocCox, { inputs: turned }))).toEqual(
      fitOf(await runTask(assocCox, calls[0]!)),
    );
    const omitted = await runTask(assocCox, { params: { omit: ['bmi', null] }, inputs: turned });
    const without = await runTask(assocCox, {
      inputs: { exposure: exposure!, outcome, covariates: cohort({ age }) },
    });
    expect(fitOf(omitted)).toEqual(fitOf(without));
  });

  it('fits the given people only, and warns of those without a row in every instance', async () => {
    const some = samples(...outcome.id!.values.slice(0, 200), 'zz');
    const [first, second] = await runBatch(
      assocCox,
      calls.slice(0, 2).map(({ inputs }) => ({ inputs: { ...inputs, samples: some } })),
    );
    expect(fitOf(first)).toMatchObject({ n: 200, missing: 1 });
    expect(fitOf(second)).toMatchObject({ n: 199, missing: 2 });
    expect((first as Ran).warnings[0]).toBe("no row in 'outcome' for 1 person of those to fit");
    expect((second as Ran).warnings).toEqual((first as Ran).warnings);
  });

  it('reports no events and nobody as results', async () => {
    const none = cohort({ time, event: new Float64Array(n) });
    expect(fitOf(await runTask(assocCox, { inputs: { ...calls[0]!.inputs, outcome: none } }))).toMatchObject({
      status: 'no events',
      beta: null,
      events: 0,
    });
    const missing = cohort({ x: new Float64Array(n).fill(NaN) });
    expect(
      fitOf(await runTask(assocCox, { inputs: { ...calls[0]!.inputs, exposure: missing } })),
    ).toMatchObject({
      status: 'no people',
      n: 0,
    });
  });

  it('fails one exposure without the others, and says what is wrong', async () => {
    const two = cohort({ a: [1], b: [2] });
    const results = await runBatch(assocCox, [
      calls[0]!,
      { inputs: { ...calls[0]!.inputs, exposure: two } },
      calls[1]!,
    ]);
    expect(fitOf(results[0]).status).toBe('ok');
    expect(fitOf(results[2]).status).toBe('ok');
    expect((results[1] as Error).message).toBe(
      "expected a table with one column, got 'a', 'b'; pick one: '…[column]'",
    );
    const odd = cohort({ time: [1, 2], event: [0, 2] });
    await expect(
      runTask(assocCox, { inputs: { exposure: cohort({ x: [1, 2] }), outcome: odd } }),
    ).rejects.toMatchObject({
      message: 'expected 0 or 1, got 2',
      where: { port: 'outcome', column: 'event', row: 'p00001' },
    });
  });
});

const association = (beta: number | null, log10p: number | null, over: Partial<Association> = {}) => ({
  json: {
    ...{ beta, se: 0.1, z: beta === null ? null : beta / 0.1, log10p, n: 100, events: 10, missing: 0 },
    ...{
      status: beta === null ? 'no events' : 'ok',
      reason: beta === null ? 'no event among 100 complete rows' : null,
    },
    ...over,
  },
});

describe('assoc.fdr', () => {
  const fits = {
    gather: [
      { item: { cause: 'cancer', trait: 'fev' }, value: association(0.1, Math.log10(0.03)) },
      { item: { cause: 'cancer', trait: 'sbp' }, value: association(null, null) },
      { item: { cause: 'heart', trait: 'fev' }, value: association(0.3, -400) },
      { item: { cause: 'heart', trait: 'sbp' }, value: association(0.2, Math.log10(0.02)) },
    ],
    failed: [{ cause: 'stroke', trait: 'fev' }],
  };

  it('a declared family adjusts, a lint says when another number came, and one that is too small is refused', async () => {
    const q = async (params: Record<string, number>) => {
      const ran = await runTask(assocFdr, { params, inputs: { fits } });
      return {
        log10q: lists(ran.table('table'))['log10q'],
        lint: ran.warnings.filter((line) => line.startsWith('declared')),
      };
    };
    const plain = await q({});
    expect(await q({ family: 3 })).toEqual(plain);
    const declared = await q({ family: 6 });
    expect(declared.lint).toEqual(['declared 6 tests a family, got 3; adjusted as declared']);
    expect(declared.log10q![0]).toBeCloseTo((plain.log10q![0] as number) + Math.log10(2), 12);
    await expect(q({ family: 2 })).rejects.toThrow('3 tests in a family that was declared to have 2');
  });

  it('adjusts what has a p value, and lists and counts what has none', async () => {
    const ran = await runTask(assocFdr, { inputs: { fits } });
    const table = lists(ran.table('table'));
    expect(table['cause']).toEqual(['cancer', 'cancer', 'heart', 'heart']);
    expect((table['q'] as number[])[0]).toBeCloseTo(0.03, 12);
    expect((table['q'] as number[])[3]).toBeCloseTo(0.03, 12);
    expect((table['log10q'] as number[])[2]).toBeCloseTo(-400 + Math.log10(3), 9);
    expect(lists(ran.table('failed'))).toEqual({
      cause: ['cancer', 'stroke'],
      trait: ['sbp', 'fev'],
      status: ['no events', 'failed to run'],
      reason: ['no event among 100 complete rows', 'see the run for its error'],
    });
    expect(lists(ran.table('summary'))).toMatchObject({
      associations: [5],
      tested: [3],
      significant: [3],
      no_events: [1],
      failed_to_run: [1],
    });
    expect(ran.warnings).toEqual([
      '1 failed to run: cause stroke, trait fev',
      '1 of 4 associations have no p value: 1 no events (no event among 100 complete rows)',
    ]);
  });

  it('adjusts within families', async () => {
    const ran = await runTask(assocFdr, { params: { within: ['cause'] }, inputs: { fits } });
    expect((lists(ran.table('table'))['q'] as number[])[3]).toBeCloseTo(0.02, 12);
    await expect(runTask(assocFdr, { params: { within: ['sex'] }, inputs: { fits } })).rejects.toThrow(
      "'within' names the axis 'sex', but the gathered axes are cause, trait",
    );
  });

  it('keeps the columns of an empty list of failures', async () => {
    const ran = await runTask(assocFdr, { inputs: { fits: { gather: fits.gather.slice(2) } } });
    expect(lists(ran.table('failed'))).toEqual({ cause: [], trait: [], status: [], reason: [] });
    expect(ran.warnings).toEqual([]);
  });
});

describe('assoc.compare', () => {
  const table = (entries: Record<string, readonly [beta: number | null, q: number | null]>) =>
    rows({
      trait: Object.keys(entries),
      beta: Object.values(entries).map(([beta]) => beta),
      se: Object.keys(entries).map(() => 0.1),
      z: Object.values(entries).map(([beta]) => (beta === null ? null : beta * 10)),
      n: Object.keys(entries).map(() => 100),
      events: Object.keys(entries).map(() => 10),
      q: Object.values(entries).map(([, q]) => q),
    });
  const reference = table({
    a: [1, 0.01],
    b: [1, 0.01],
    c: [1, 0.01],
    d: [1, 0.01],
    e: [1, 0.01],
    f: [0.1, 0.5],
    g: [0.1, 0.5],
    h: [1, 0.01],
  });
  const other = table({
    h: [null, null],
    g: [0.1, 0.9],
    f: [1, 0.01],
    e: [0.1, 0.9],
    d: [-1, 0.01],
    c: [4, 0.01],
    b: [0.2, 0.01],
    a: [0.8, 0.05],
    z: [1, 0.01],
  });

  it('gives each verdict, matching by key and not by order', async () => {
    const ran = await runTask(assocCompare, {
      params: { by: ['trait'], names: { reference: 'hidden', other: 'imputed' } },
      inputs: { reference, other },
    });
    const result = lists(ran.table('table'));
    expect(result['trait']).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'z']);
    expect(result['verdict']).toEqual([
      'agrees',
      'weaker',
      'stronger',
      'opposite',
      'missed',
      'invented',
      'neither',
      'not compared',
      'not compared',
    ]);
    expect(result['hidden_beta']!.slice(0, 2)).toEqual([1, 1]);
    expect(result['imputed_beta']!.slice(0, 2)).toEqual([0.8, 0.2]);
    expect(result['ratio']!.slice(0, 2)).toEqual([0.8, 0.2]);
    expect(ran.warnings).toEqual(['1 associations stand in one of the two tables only']);
    const verdicts = lists(ran.table('verdicts'));
    expect(verdicts['associations']).toEqual([1, 1, 1, 1, 1, 1, 1, 2]);
    expect(numbers(ran.table('verdicts'), 'share').reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });

  it('refuses keys that do not tell all apart, and tables without a common key', async () => {
    const twice = rows({ ...lists(reference), trait: ['a', 'a', 'c', 'd', 'e', 'f', 'g', 'h'] });
    await expect(
      runTask(assocCompare, { params: { by: ['trait'] }, inputs: { reference: twice, other } }),
    ).rejects.toThrow('the association ["a"] stands in the table twice; \'by\' must tell all apart');
    await expect(
      runTask(assocCompare, {
        params: { by: ['trait'] },
        inputs: { reference: table({ y: [1, 0.1] }), other },
      }),
    ).rejects.toThrow('the tables have no association in common; they hold such as ["y"] and ["h"]');
  });
});
