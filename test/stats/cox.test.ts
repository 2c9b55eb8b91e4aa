import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitCox, type CoxFit } from '../../stats/cox.js';
import type { SurvivalData } from '../../stats/cox-data.js';
import { haveData, readNumbers, readReference } from './cohort-csv.js';
import { available, coxInput, coxReference, seededUniform, vector, type CoxCase } from './cox-cases.js';

/** The tolerances of docs/numerics.md. */
function expectAgreement(fit: CoxFit, reference: CoxCase): void {
  const beta = vector(reference.beta);
  const se = vector(reference.se);
  expect(fit.n).toBe(reference.n);
  expect(fit.events).toBe(reference.events);
  beta.forEach((b, j) => {
    if (Number.isNaN(b)) {
      expect([fit.beta[j], fit.se[j]]).toEqual([NaN, NaN]);
      return;
    }
    expect(Math.abs(fit.beta[j]! - b)).toBeLessThan(1e-5 * se[j]!);
    expect(Math.abs(fit.se[j]! / se[j]! - 1)).toBeLessThan(1e-6);
  });
  expect(Math.abs(fit.loglikNull / reference.loglik[0] - 1)).toBeLessThan(1e-9);
  expect(Math.abs(fit.loglik / reference.loglik[1] - 1)).toBeLessThan(1e-9);
  expect(Math.abs(fit.scoreTest - reference.score)).toBeLessThan(1e-6 * (1 + reference.score));
  expect(Math.abs(fit.waldTest - reference.wald)).toBeLessThan(1e-5 * (1 + reference.wald));
  expect(fit.iterations).toBe(reference.iterations);
  const variance = vector(reference.variance);
  const p = beta.length;
  fit.variance.forEach((v, at) => {
    const scale = se[Math.floor(at / p)]! * se[at % p]!;
    expect(Math.abs(v - variance[at]!)).toBeLessThanOrEqual(2e-6 * scale);
  });
}

describe(`against R survival ${coxReference.version} coxph`, () => {
  const cases = [...coxReference.real.filter(available), ...coxReference.random];
  it.each(cases)('$name', (reference) => {
    const { data, covariates } = coxInput(reference);
    const fit = fitCox(data, covariates, { ties: reference.spec.ties });
    expectAgreement(fit, reference);
    expect(fit.status).toBe('ok');
    expect(vector(reference.warnings as never)).toEqual([]);
  });

  it.each(coxReference.hard)('$name: redundant, separated, one event', (reference) => {
    const { data, covariates } = coxInput(reference);
    const fit = fitCox(data, covariates);
    if (reference.warnings.length > 0) {
      // A coefficient on its way to infinity has no value to agree on; its standard error explodes, and R says so.
      expect(fit.status).toBe('infinite');
      expect(fit.coefficientStatus).toEqual(['ok', 'infinite']);
      expect(fit.reason).toMatch(/^coefficient may be infinite: covariate 2/);
      expect(fit.iterations).toBe(reference.iterations);
      expect(fit.beta[0]).toBeCloseTo(vector(reference.beta)[0]!, 8);
      expect(Math.abs(fit.loglik / reference.loglik[1] - 1)).toBeLessThan(1e-9);
    } else {
      expectAgreement(fit, reference);
      expect(fit.status).toBe(vector(reference.beta).some(Number.isNaN) ? 'redundant' : 'ok');
    }
  });

  it.each(coxReference.vanishing)('$name: separation that R reports as NA, or as infinite', (reference) => {
    const { data, covariates } = coxInput(reference);
    const fit = fitCox(data, covariates);
    const beta = vector(reference.beta);
    expect(fit.coefficientStatus).toEqual(['ok', 'infinite']);
    expect(fit.reason).toBe('coefficient may be infinite: covariate 2');
    expect(Number.isNaN(fit.beta[1]!)).toBe(Number.isNaN(beta[1]!));
    expect(fit.beta[0]).toBeCloseTo(beta[0]!, 8);
    expect(fit.iterations).toBe(reference.iterations);
  });

  it.each([...coxReference.real.filter(available), ...coxReference.random].filter((c) => c.robust_se))(
    'robust variance, by row and by cluster: $name',
    (reference) => {
      const { data, covariates } = coxInput(reference);
      const { ties } = reference.spec;
      const byRow = fitCox(data, covariates, { ties, robust: true });
      const codes = Int32Array.from({ length: data.stop.length }, (_, i) => (i + 1) % 7);
      const byCluster = fitCox(data, covariates, { ties, robust: codes });
      vector(reference.robust_se).forEach((se, j) =>
        expect(Math.abs(byRow.se[j]! / se - 1)).toBeLessThan(1e-6),
      );
      vector(reference.cluster_se).forEach((se, j) =>
        expect(Math.abs(byCluster.se[j]! / se - 1)).toBeLessThan(1e-6),
      );
    },
  );
});

describe('statsmodels’ stored R results (../shared/data/cox_r)', () => {
  const stored = haveData('cox_r/survival_r_results.json');
  const all = stored
    ? (readReference('../../../shared/data/cox_r/survival_r_results') as Record<string, number[]>)
    : {};
  const keys = Object.keys(all).filter((key) => key.startsWith('coef_'));
  // Also where the folder is absent the suite has a test.
  it.skipIf(!stored)('are there, for every combination of ties, entry and strata', () => {
    expect(new Set(keys.map((key) => key.split('_').slice(3).join(' '))).size).toBe(8);
  });
  it.skipIf(!stored).each(keys)('%s', (key) => {
    const [, n, p, ...flags] = key.split('_');
    const rows = readNumbers(`cox_r/survival_data_${n}_${p}.csv`);
    const column = (j: number): Float64Array => Float64Array.from(rows, (row) => row[j]!);
    const data: SurvivalData = {
      stop: column(0),
      event: column(1),
      ...(flags.includes('et') ? { start: column(2) } : {}),
      // statsmodels' script: strata of equal size, by row order.
      ...(flags.includes('st')
        ? { strata: Int32Array.from(rows, (_, i) => Math.floor((5 * i) / rows.length)) }
        : {}),
    };
    const covariates = Array.from({ length: Number(p) }, (_, j) => column(3 + j));
    const fit = fitCox(data, covariates, { ties: flags.includes('efr') ? 'efron' : 'breslow' });
    // Stored to seven digits.
    all[key]!.forEach((b, j) => expect(fit.beta[j]).toBeCloseTo(b, 5));
    all[key.replace('coef', 'se')]!.forEach((se, j) => expect(fit.se[j]).toBeCloseTo(se, 5));
  });
});

describe('identities', () => {
  it('one binary covariate, no ties, two groups: the log-rank test is the score test', () => {
    // R: survdiff(Surv(time, event) ~ g)$chisq on these data.
    const stop = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const event = Uint8Array.of(1, 1, 0, 1, 1, 1, 0, 1);
    const g = Float64Array.of(1, 0, 1, 1, 0, 1, 0, 0);
    let observed = 0;
    let variance = 0;
    for (let i = 0; i < 8; i++) {
      if (event[i] !== 1) continue;
      const atRisk = 8 - i;
      const share = g.subarray(i).reduce((a, b) => a + b, 0) / atRisk;
      observed += g[i]! - share;
      variance += share * (1 - share);
    }
    expect(fitCox({ stop, event }, [g]).scoreTest).toBeCloseTo(observed ** 2 / variance, 12);
  });

  it('integer weights are copies of the rows (Breslow)', () => {
    const { data, x } = simulated(12, 60);
    const weights = Float64Array.from({ length: 60 }, (_, i) => 1 + (i % 3));
    const copies = Int32Array.from([...weights].flatMap((w, i) => Array<number>(w).fill(i)));
    const weighted = fitCox({ ...data, weights }, [x], { ties: 'breslow' });
    const copied = fitCox(data, [x], {
      ties: 'breslow',
      rows: copies,
    });
    expect(weighted.beta[0]).toBeCloseTo(copied.beta[0]!, 10);
    expect(weighted.se[0]).toBeCloseTo(copied.se[0]!, 10);
  });

  it('splitting every follow-up at a time changes nothing', () => {
    const { data, x } = simulated(13, 80);
    const cut = 4.2;
    const start: number[] = [];
    const stop: number[] = [];
    const event: number[] = [];
    const covariate: number[] = [];
    data.stop.forEach((t, i) => {
      const pieces =
        t > cut
          ? [
              [0, cut, 0],
              [cut, t, data.event[i]!],
            ]
          : [[0, t, data.event[i]!]];
      for (const [from, to, e] of pieces) {
        start.push(from!);
        stop.push(to!);
        event.push(e!);
        covariate.push(x[i]!);
      }
    });
    const whole = fitCox(data, [x]);
    const split = fitCox(
      { start: Float64Array.from(start), stop: Float64Array.from(stop), event: Uint8Array.from(event) },
      [Float64Array.from(covariate)],
    );
    expect(split.beta[0]).toBeCloseTo(whole.beta[0]!, 10);
    expect(split.loglik).toBeCloseTo(whole.loglik, 9);
    expect(split.events).toBe(whole.events);
  });

  it('|z| = 40 has log10 p = −349.136', () => {
    const n = 20000;
    const uniform = seededUniform(5);
    const x = Float64Array.from({ length: n }, (_, i) => i % 2);
    const stop = Float64Array.from(x, (v) => -Math.log(1 - uniform()) * Math.exp(-v));
    const fit = fitCox({ stop, event: new Uint8Array(n).fill(1) }, [x]);
    expect(Math.abs(fit.z[0]!)).toBeGreaterThan(40);
    expect(fit.log10P[0]!).toBeLessThan(-349.136);
    expect(Number.isFinite(fit.log10P[0]!)).toBe(true);
  });
});

describe('properties', () => {
  const seeds = fc.integer({ min: 1, max: 100_000 });

  it('row order, time units and the origin of a covariate do not matter; its units scale β', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { data, x, z } = simulated(seed, 50);
        const base = fitCox(data, [x, z]);
        fc.pre(base.status === 'ok');
        const order = Int32Array.from({ length: 50 }, (_, i) => 49 - i);
        const shuffled = fitCox(data, [x, z], { rows: order });
        const later = fitCox({ ...data, stop: data.stop.map((t) => 365 * t) }, [x, z]);
        const moved = fitCox(data, [x.map((v) => 10 * v + 70), z]);
        const tolerance = 1e-6 * base.se[0]!;
        for (const other of [shuffled, later]) {
          expect(Math.abs(other.beta[0]! - base.beta[0]!)).toBeLessThan(tolerance);
          expect(Math.abs(other.loglik / base.loglik - 1)).toBeLessThan(1e-10);
        }
        expect(Math.abs(10 * moved.beta[0]! - base.beta[0]!)).toBeLessThan(tolerance);
        expect(Math.abs(moved.z[0]! - base.z[0]!)).toBeLessThan(1e-5);
      }),
      { numRuns: 40 },
    );
  });

  it('a person censored before the first event, or entering after the last, changes nothing', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { data, x } = simulated(seed, 30);
        const start = new Float64Array(32);
        const stop = Float64Array.of(...data.stop, 1e-9, 200);
        start[31] = 150;
        const event = Uint8Array.of(...Array.from(data.event), 0, 0);
        const extended = fitCox({ start, stop, event }, [Float64Array.of(...x, 1e3, -1e3)]);
        const base = fitCox({ start: new Float64Array(30), stop: data.stop, event: data.event }, [x]);
        expect(extended.n).toBe(32);
        expect(extended.beta[0]).toBeCloseTo(base.beta[0]!, 10);
      }),
      { numRuns: 30 },
    );
  });
});

describe('degenerate inputs are statuses, never exceptions', () => {
  const { data, x, z } = simulated(3, 40);

  it('no rows, no events, no covariates', () => {
    const empty = { stop: new Float64Array(0), event: new Uint8Array(0) };
    expect(fitCox(empty, [new Float64Array(0)])).toMatchObject({
      status: 'no-rows',
      reason: 'no complete row',
    });
    const nobody = fitCox({ ...data, event: new Uint8Array(40) }, [x]);
    expect(nobody).toMatchObject({
      status: 'no-events',
      events: 0,
      reason: 'no event among 40 complete rows',
    });
    expect(nobody.beta).toEqual(Float64Array.of(NaN));
    const nothing = fitCox(data, []);
    expect(nothing).toMatchObject({ status: 'ok', degreesOfFreedom: 0 });
    expect(nothing.loglik).toBe(nothing.loglikNull);
  });

  it('constant covariates, also ones whose mean rounds', () => {
    const fit = fitCox(data, [new Float64Array(40).fill(0.1), x], { names: ['dose', 'age'] });
    expect(fit.coefficientStatus).toEqual(['constant', 'ok']);
    expect(fit).toMatchObject({ status: 'redundant', reason: 'constant: dose' });
    expect(fit.beta[1]).toBeCloseTo(fitCox(data, [x]).beta[0]!, 12);
  });

  it('few events are flagged', () => {
    const event = Uint8Array.from({ length: 40 }, (_, i) => (i < 12 ? 1 : 0));
    expect(fitCox({ ...data, event }, [x, z])).toMatchObject({
      fewEvents: true,
      reason: '12 events for 2 parameters',
    });
    expect(fitCox({ ...data, event }, [x])).toMatchObject({ fewEvents: false, reason: null });
  });

  it('one row: nobody to compare the death with', () => {
    expect(fitCox({ stop: Float64Array.of(1), event: Uint8Array.of(1) }, [Float64Array.of(2)]).status).toBe(
      'redundant',
    );
  });

  it('rows left out are counted by reason', () => {
    const start = new Float64Array(40);
    const weights = new Float64Array(40).fill(1);
    start[0] = data.stop[0]!;
    weights[1] = 0;
    const holed = x.slice();
    holed[2] = NaN;
    holed[3] = Infinity;
    expect(fitCox({ ...data, start, weights }, [holed])).toMatchObject({
      n: 36,
      missing: 2,
      emptyInterval: 1,
      nonPositiveWeight: 1,
    });
  });

  it('out of iterations', () => {
    expect(fitCox(data, [x, z], { maxIterations: 1 })).toMatchObject({
      status: 'not-converged',
      reason: 'out of iterations',
    });
  });

  it('an event that is neither 0 nor 1 is the caller’s bug', () => {
    expect(() => fitCox({ ...data, event: new Uint8Array(40).fill(2) }, [x])).toThrow(
      'internal error: event must be 0 or 1, got 2',
    );
  });
});

describe('behaviour by simulation (fixed seeds)', () => {
  it('95 % intervals cover, and the null is rejected 5 % of the time', () => {
    const uniform = seededUniform(2024);
    const runs = 1500;
    let covered = 0;
    let rejected = 0;
    for (let run = 0; run < runs; run++) {
      const n = 120;
      const x = Float64Array.from({ length: n }, () => 2 * uniform() - 1);
      const z = Float64Array.from({ length: n }, () => (uniform() < 0.5 ? 1 : 0));
      const t = x.map((v) => -Math.log(1 - uniform()) * Math.exp(-0.7 * v));
      const c = x.map(() => 3 * uniform());
      const event = Uint8Array.from(t, (v, i) => (v <= c[i]! ? 1 : 0));
      const fit = fitCox({ stop: t.map((v, i) => Math.min(v, c[i]!)), event }, [x, z]);
      if (Math.abs(fit.beta[0]! - 0.7) < 1.959964 * fit.se[0]!) covered++;
      if (Math.abs(fit.z[1]!) > 1.959964) rejected++;
    }
    // Binomial standard error 0.0056: three of them each way, plus the small-sample bias of a Wald test.
    expect(covered / runs).toBeGreaterThan(0.93);
    expect(covered / runs).toBeLessThan(0.968);
    expect(rejected / runs).toBeGreaterThan(0.033);
    expect(rejected / runs).toBeLessThan(0.07);
  });
});

function simulated(seed: number, n: number): { data: SurvivalData; x: Float64Array; z: Float64Array } {
  const uniform = seededUniform(seed);
  const x = Float64Array.from({ length: n }, () => uniform() + uniform() + uniform());
  const z = Float64Array.from({ length: n }, () => (uniform() < 0.4 ? 1 : 0));
  const stop = x.map((v, i) => -8 * Math.log(1 - uniform()) * Math.exp(-0.8 * v + 0.4 * z[i]!) + 1e-3);
  return { data: { stop, event: Uint8Array.from(stop, () => (uniform() < 0.75 ? 1 : 0)) }, x, z };
}
