import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepareCoxScan, type CoxScanResult } from '../../stats/cox-scan.js';
import { fitCox, type CoxFit } from '../../stats/cox.js';
import type { SurvivalData } from '../../stats/cox-data.js';
import { available, coxInput, coxReference, seededUniform, vector } from './cox-cases.js';

/** The exposure's numbers of the scan against the last coefficient of the plain fit. */
function expectSame(scan: CoxScanResult, plain: CoxFit): void {
  const last = plain.beta.length - 1;
  expect(scan.n).toBe(plain.n);
  expect(scan.events).toBe(plain.events);
  expect(Math.abs(scan.beta - plain.beta[last]!)).toBeLessThan(1e-5 * plain.se[last]!);
  expect(Math.abs(scan.se / plain.se[last]! - 1)).toBeLessThan(1e-6);
  expect(Math.abs(scan.loglik / plain.loglik - 1)).toBeLessThan(1e-9);
  expect(Math.abs(scan.loglikNull / plain.loglikNull - 1)).toBeLessThan(1e-12);
  expect(scan.fewEvents).toBe(plain.fewEvents);
}

/** Correlated data with a little of everything; variants by flag. */
function simulate(
  seed: number,
  n: number,
  features: { entry?: boolean; strata?: boolean; weights?: boolean; ties?: boolean },
) {
  const uniform = seededUniform(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const z1 = Float64Array.from({ length: n }, normal);
  const z2 = Float64Array.from({ length: n }, () => (uniform() < 0.3 ? 1 : 0));
  const exposures = Array.from({ length: 5 }, (_, e) => z1.map((z) => 0.3 * e * z + 50 + 10 * normal()));
  const stop = new Float64Array(n);
  const event = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const hazard = 0.05 * Math.exp(0.6 * z1[i]! - 0.4 * z2[i]! + 0.04 * (exposures[0]![i]! - 50));
    const t = -Math.log(1 - uniform()) / hazard;
    const censored = 4 + 12 * uniform();
    stop[i] = Math.min(t, censored);
    if (features.ties === true) stop[i] = Math.ceil(stop[i]! * 2) / 2;
    event[i] = t < censored ? 1 : 0;
  }
  const data: SurvivalData = {
    stop,
    event,
    ...(features.entry === true ? { start: stop.map((t) => t * 0.8 * uniform()) } : {}),
    ...(features.strata === true
      ? { strata: Int32Array.from({ length: n }, () => Math.floor(3 * uniform())) }
      : {}),
    ...(features.weights === true
      ? { weights: Float64Array.from({ length: n }, () => 0.5 + uniform()) }
      : {}),
  };
  return { data, covariates: [z1, z2], exposures };
}

describe('against the plain fit', () => {
  it.each([
    ['untied', {}],
    ['tied', { ties: true }],
    ['entry', { entry: true, ties: true }],
    ['strata', { strata: true, ties: true }],
    ['weights', { weights: true }],
    ['everything', { entry: true, strata: true, weights: true, ties: true }],
  ] as const)('%s, Efron and Breslow', (_, features) => {
    const { data, covariates, exposures } = simulate(3, 1500, features);
    for (const ties of ['efron', 'breslow'] as const) {
      const scan = prepareCoxScan(data, covariates, { ties });
      for (const x of exposures) {
        const result = scan.fit(x);
        expect(result.status).toBe('ok');
        expectSame(result, fitCox(data, [...covariates, x], { ties }));
      }
    }
  });

  it('every real case of R survival, its last covariate as the exposure', () => {
    for (const reference of coxReference.real.filter(available)) {
      const { data, covariates } = coxInput(reference);
      const { ties } = reference.spec;
      const result = prepareCoxScan(data, covariates.slice(0, -1), { ties }).fit(covariates.at(-1)!);
      expectSame(result, fitCox(data, covariates, { ties }));
      expect(Math.abs(result.beta - vector(reference.beta).at(-1)!)).toBeLessThan(1e-5 * result.se);
    }
  });

  it('missing exposure values: the complete rows of that exposure', () => {
    const { data, covariates, exposures } = simulate(5, 900, { ties: true, entry: true });
    const uniform = seededUniform(9);
    const holed = exposures.map((x) => x.map((v) => (uniform() < 0.2 ? NaN : v)));
    const scan = prepareCoxScan(data, covariates);
    for (const x of holed) {
      const result = scan.fit(x);
      expectSame(result, fitCox(data, [...covariates, x]));
      expect(result.missing).toBe(x.filter(Number.isNaN).length);
      expect(result.n + result.missing).toBe(900);
    }
  });

  it('no covariates at all; chosen rows', () => {
    const { data, exposures } = simulate(6, 400, {});
    const rows = Int32Array.from({ length: 250 }, (_, i) => i + 20);
    expectSame(
      prepareCoxScan(data, [], { rows }).fit(exposures[1]!),
      fitCox(data, [exposures[1]!], { rows }),
    );
  });

  it('covariates that are redundant, or separate the events, do not spoil the exposure', () => {
    const { data, covariates, exposures } = simulate(7, 600, {});
    const copy = covariates[0]!.map((v) => 1 - 2 * v);
    expectSame(
      prepareCoxScan(data, [...covariates, copy]).fit(exposures[2]!),
      fitCox(data, [...covariates, copy, exposures[2]!]),
    );
    const separated = Float64Array.from(data.event, (e, i) => (e === 1 && data.stop[i]! < 2 ? 1 : 0));
    const result = prepareCoxScan(data, [...covariates, separated]).fit(exposures[2]!);
    expect(result.status).toBe('infinite');
    expect(result.reason).toBe('the coefficient of a covariate may be infinite');
    expectSame(result, fitCox(data, [...covariates, separated, exposures[2]!]));
  });
});

describe('a result never depends on what else is scanned', () => {
  it('bit for bit, alone or after any others, with or without missing values', () => {
    const { data, covariates, exposures } = simulate(8, 500, { ties: true, weights: true });
    const uniform = seededUniform(2);
    const all = [...exposures, ...exposures.map((x) => x.map((v) => (uniform() < 0.1 ? NaN : v)))];
    const alone = all.map((x) => prepareCoxScan(data, covariates).fit(x));
    fc.assert(
      fc.property(fc.shuffledSubarray([...all.keys()], { minLength: 1 }), (order) => {
        const scan = prepareCoxScan(data, covariates);
        for (const e of order) expect(scan.fit(all[e]!)).toEqual(alone[e]);
      }),
      { numRuns: 15 },
    );
  });
});

describe('troublesome exposures are reported, never thrown', () => {
  const { data, covariates, exposures } = simulate(10, 300, {});
  const scan = prepareCoxScan(data, covariates);

  it('constant', () => {
    const result = scan.fit(new Float64Array(300).fill(0.1));
    expect(result).toMatchObject({ status: 'constant', reason: 'the exposure is constant', n: 300 });
    expect([result.beta, result.se, result.log10P]).toEqual([NaN, NaN, NaN]);
  });

  it('a linear combination of the covariates', () => {
    const mix = covariates[0]!.map((z, i) => 3 * z - 2 * covariates[1]![i]! + 1);
    expect(scan.fit(mix).status).toBe('redundant');
  });

  it('separating', () => {
    const indicator = Float64Array.from(data.event, (e, i) => (e === 1 && data.stop[i]! < 1 ? 1 : 0));
    const result = scan.fit(indicator);
    expect(result.status).toBe('infinite');
    expect(result.reason).toBe('the coefficient of the exposure may be infinite');
    expect(result.beta > 5 || Number.isNaN(result.beta)).toBe(true);
  });

  it('all missing; observed in nobody with an event', () => {
    expect(scan.fit(new Float64Array(300).fill(NaN))).toMatchObject({
      status: 'no-rows',
      n: 0,
      missing: 300,
    });
    const censored = exposures[0]!.map((x, i) => (data.event[i] === 1 ? NaN : x));
    expect(scan.fit(censored)).toMatchObject({ status: 'no-events', events: 0 });
  });

  it('an outcome without events', () => {
    const nobody = prepareCoxScan({ ...data, event: new Uint8Array(300) }, covariates);
    expect(nobody.fit(exposures[0]!)).toMatchObject({ status: 'no-events', n: 300, events: 0 });
  });

  it('few events are flagged', () => {
    const rare = Uint8Array.from(data.event, (e, i) => (i < 60 ? e : 0));
    const result = prepareCoxScan({ ...data, event: rare }, covariates).fit(exposures[0]!);
    expect(result.events).toBeLessThan(30);
    expect(result.fewEvents).toBe(true);
    expect(result.reason).toBe(`${result.events} events for 3 parameters`);
  });
});
