import { describe, expect, it } from 'vitest';
import { fitFirthCox } from '../../stats/cox-firth.js';
import { fitCox } from '../../stats/cox.js';
import type { SurvivalData } from '../../stats/cox-data.js';
import type { Ties } from '../../stats/cox-terms.js';
import { readReference } from './cohort-csv.js';
import { seededUniform } from './cox-cases.js';

interface FirthCase {
  name: string;
  ties: Ties;
  covariates: string[];
  start: string | null;
  strata: string | null;
  weights: string | null;
  beta: number[];
  se: number[];
  likelihood_ratio: number[];
  loglik: number;
}
const reference = readReference('firth') as { data: Record<string, number[]>; cases: FirthCase[] };
const column = (name: string): Float64Array => Float64Array.from(reference.data[name]!);

describe('against the penalised likelihood of R survival, maximised by optim', () => {
  it.each(reference.cases)('$name, $ties', (c) => {
    const data: SurvivalData = {
      stop: column('time'),
      event: column('event'),
      ...(c.start === null ? {} : { start: column(c.start) }),
      ...(c.strata === null ? {} : { strata: Int32Array.from(reference.data[c.strata]!) }),
      ...(c.weights === null ? {} : { weights: column(c.weights) }),
    };
    const likelihoodRatio = c.covariates.map((_, j) => j);
    const fit = fitFirthCox(data, c.covariates.map(column), { ties: c.ties, likelihoodRatio });
    expect(fit.status).toBe('ok');
    c.beta.forEach((b, j) => expect(Math.abs(fit.beta[j]! - b)).toBeLessThan(1e-5 * c.se[j]!));
    c.se.forEach((se, j) => expect(Math.abs(fit.se[j]! / se - 1)).toBeLessThan(1e-5));
    c.likelihood_ratio.forEach((x, j) => expect(Math.abs(fit.likelihoodRatio[j]! - x)).toBeLessThan(1e-6));
    expect(Math.abs(fit.loglik / c.loglik - 1)).toBeLessThan(1e-7);
  });
});

describe('identities', () => {
  it('two people, one covariate: the penalised maximum in closed form', () => {
    // ℓ = −log(1 + e^{−β}), I = e^β/(1 + e^β)²: ℓ + ½ log I is largest at β = log 3.
    const fit = fitFirthCox({ stop: Float64Array.of(1, 2), event: Uint8Array.of(1, 1) }, [
      Float64Array.of(1, 0),
    ]);
    expect(fit.beta[0]).toBeCloseTo(Math.log(3), 6);
  });

  it('is nearly the plain fit when events are many, and shrinks', () => {
    const { data, x } = simulated(1, 4000, 0.5);
    const plain = fitCox(data, [x]);
    const firth = fitFirthCox(data, [x]);
    expect(Math.abs(firth.beta[0]! - plain.beta[0]!)).toBeLessThan(0.05 * plain.se[0]!);
    expect(Math.abs(firth.beta[0]!)).toBeLessThan(Math.abs(plain.beta[0]!));
  });

  it('the units of a covariate scale β and leave the tests alone', () => {
    const { data, x } = simulated(2, 30, 1);
    const a = fitFirthCox(data, [x], { likelihoodRatio: [0] });
    const b = fitFirthCox(data, [x.map((v) => 1000 - 50 * v)], { likelihoodRatio: [0] });
    expect(-50 * b.beta[0]!).toBeCloseTo(a.beta[0]!, 8);
    expect(b.likelihoodRatio[0]).toBeCloseTo(a.likelihoodRatio[0]!, 8);
  });
});

describe('degenerate inputs', () => {
  const { data, x } = simulated(3, 20, 1);

  it('redundant and constant covariates are left out and named', () => {
    const fit = fitFirthCox(data, [x, x.map((v) => 2 * v), new Float64Array(20).fill(3)], {
      names: ['dose', 'twice', 'one'],
      likelihoodRatio: [0, 1],
    });
    expect(fit.status).toBe('redundant');
    expect(fit.reason).toBe('constant or redundant: twice, one');
    expect(fit.coefficientStatus).toEqual(['ok', 'redundant', 'constant']);
    expect(fit.beta[0]).toBeCloseTo(fitFirthCox(data, [x]).beta[0]!, 10);
    expect([fit.beta[1], fit.likelihoodRatio[1]]).toEqual([NaN, NaN]);
  });

  it('no events, no rows, out of iterations', () => {
    expect(fitFirthCox({ ...data, event: new Uint8Array(20) }, [x])).toMatchObject({ status: 'no-events' });
    expect(fitFirthCox(data, [new Float64Array(20).fill(NaN)])).toMatchObject({
      status: 'no-rows',
      missing: 20,
    });
    expect(fitFirthCox(data, [x], { maxIterations: 1 })).toMatchObject({ status: 'not-converged' });
  });

  it('one event', () => {
    const event = Uint8Array.from({ length: 20 }, (_, i) => (i === 4 ? 1 : 0));
    const fit = fitFirthCox({ ...data, event }, [x]);
    expect(fit.status).toBe('ok');
    expect(Number.isFinite(fit.beta[0]!)).toBe(true);
  });
});

it('removes most of the small-sample bias of a rare binary exposure (600 samples, seed 5)', () => {
  const uniform = seededUniform(5);
  const truth = 1;
  let bias = 0;
  let finite = 0;
  const runs = 600;
  for (let run = 0; run < runs; run++) {
    const n = 60;
    const x = Float64Array.from({ length: n }, () => (uniform() < 0.2 ? 1 : 0));
    if (x.every((v) => v === 0)) continue;
    const t = x.map((v) => -Math.log(1 - uniform()) * Math.exp(-truth * v));
    const event = Uint8Array.from(t, (v) => (v < 0.25 ? 1 : 0));
    const fit = fitFirthCox({ stop: t.map((v) => Math.min(v, 0.25)), event }, [x]);
    if (fit.status !== 'ok') continue;
    finite++;
    bias += fit.beta[0]! - truth;
  }
  expect(finite).toBeGreaterThan(590);
  // The Monte-Carlo error of the mean is about 0.55/√600 = 0.022.
  expect(Math.abs(bias / finite)).toBeLessThan(0.09);
});

function simulated(seed: number, n: number, effect: number): { data: SurvivalData; x: Float64Array } {
  const uniform = seededUniform(seed);
  const x = Float64Array.from({ length: n }, () => 2 * uniform() - 1);
  const stop = x.map((v) => -Math.log(1 - uniform()) * Math.exp(-effect * v));
  return { data: { stop, event: Uint8Array.from(stop, () => (uniform() < 0.5 ? 1 : 0)) }, x };
}
