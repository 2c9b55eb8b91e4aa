import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderRiskSets, type RiskSets, type SurvivalData } from '../../stats/cox-data.js';
import { PADDING, STRETCH, coxKernel } from '../../stats/cox-kernel.js';
import { coxLikelihood } from '../../stats/cox-likelihood.js';
import type { Objective } from '../../stats/cox-newton.js';
import { coxSweep } from '../../stats/cox-sweep.js';
import { seededUniform } from './cox-cases.js';

interface Features {
  readonly entry: boolean;
  readonly strata: boolean;
  readonly weights: boolean;
  /** Distinct times, about; 0 for no ties. */
  readonly times: number;
}

function simulate(seed: number, n: number, p: number, features: Features) {
  const uniform = seededUniform(seed);
  const columns = Array.from({ length: p }, (_, j) =>
    Float64Array.from({ length: n }, () =>
      j === 1 ? Number(uniform() < 0.4) : 2 * uniform() - 1 + 0.1 * uniform(),
    ),
  );
  const time = (): number =>
    features.times === 0 ? 0.01 + uniform() : Math.ceil(features.times * uniform());
  const stop = Float64Array.from({ length: n }, time);
  const data: SurvivalData = {
    stop,
    event: Uint8Array.from({ length: n }, () => Number(uniform() < 0.4)),
    ...(features.entry ? { start: stop.map((t) => t * (1.2 * uniform() - 0.3)) } : {}),
    ...(features.strata ? { strata: Int32Array.from({ length: n }, () => Math.floor(3 * uniform())) } : {}),
    ...(features.weights ? { weights: Float64Array.from({ length: n }, () => 0.5 + uniform()) } : {}),
  };
  const sets = orderRiskSets(
    data,
    Int32Array.from({ length: n }, (_, i) => i),
  );
  return { sets, columns: columns.map((x) => Float64Array.from(sets.order, (i) => x[i]!)), uniform };
}

/** A sweep whose last column is the last of `columns`. */
function sweepOver(sets: RiskSets, columns: readonly Float64Array[], ties: 'efron' | 'breslow') {
  const sweep = coxSweep(sets, columns.slice(0, -1), ties);
  sweep.columns.at(-1)!.set(columns.at(-1)!);
  sweep.lastColumnChanged();
  return sweep;
}

/** Within 1e-11 of the scale of the information, that of sums of positive terms. */
function expectSame(actual: Objective, expected: Objective, n: number): void {
  const { p } = expected;
  for (let j = 0; j < p; j++) {
    expect(Math.abs(actual.score[j]! - expected.score[j]!)).toBeLessThan(1e-11 * n);
    for (let k = j; k < p; k++) {
      const difference = actual.information[j * p + k]! - expected.information[j * p + k]!;
      expect(Math.abs(difference)).toBeLessThan(1e-11 * n);
    }
  }
}

const anyFeatures = fc.record({
  entry: fc.boolean(),
  strata: fc.boolean(),
  weights: fc.boolean(),
  times: fc.constantFrom(0, 3, 40),
});

describe('one sweep', () => {
  it('gives the log-likelihood, score and information of the likelihood in several passes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 1, max: 3 * STRETCH }),
        fc.integer({ min: 1, max: 15 }),
        anyFeatures,
        fc.constantFrom('efron' as const, 'breslow' as const),
        (seed, n, p, features, ties) => {
          const { sets, columns, uniform } = simulate(seed, n, p, features);
          const expected = coxLikelihood(sets, columns, ties);
          const sweep = sweepOver(sets, columns, ties);
          for (const size of [0, 0.1, 2]) {
            const beta = Float64Array.from({ length: p }, () => size * (uniform() - 0.5));
            const loglik = expected.evaluate(beta);
            expect(Math.abs(sweep.evaluate(beta) - loglik)).toBeLessThanOrEqual(
              1e-11 * (n + Math.abs(loglik)),
            );
            expectSame(sweep, expected, n);
          }
        },
      ),
      { numRuns: 150, seed: 7 },
    );
  });

  it('starts from the fit of the other columns as if it had evaluated everything', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 1, max: 2 * STRETCH }),
        fc.integer({ min: 2, max: 15 }),
        anyFeatures,
        fc.constantFrom('efron' as const, 'breslow' as const),
        (seed, n, p, features, ties) => {
          const { sets, columns, uniform } = simulate(seed, n, p, features);
          const base = coxLikelihood(sets, columns.slice(0, -1), ties);
          const gamma = Float64Array.from({ length: p }, (_, j) => (j === p - 1 ? 0 : uniform() - 0.5));
          base.evaluate(gamma.slice(0, -1));
          const expected = coxLikelihood(sets, columns, ties);
          const loglik = expected.evaluate(gamma);
          const sweep = sweepOver(sets, columns, ties);
          const objective = sweep.startingFrom(base);
          expect(Math.abs(objective.evaluate(gamma) - loglik)).toBeLessThanOrEqual(
            1e-11 * (n + Math.abs(loglik)),
          );
          expectSame(objective, expected, n);
          // Only the first evaluation is taken from there.
          const elsewhere = gamma.map((b) => b + 0.1);
          expect(objective.evaluate(elsewhere)).toBe(sweep.evaluate(elsewhere));
        },
      ),
      { numRuns: 100, seed: 8 },
    );
  });

  it('where exp(η) would leave double precision: the likelihood that shifts η, to the bit', () => {
    const features = { entry: false, strata: false, weights: true, times: 5 };
    const { sets, columns } = simulate(3, 301, 3, features);
    const sweep = sweepOver(sets, columns, 'efron');
    const expected = coxLikelihood(sets, columns, 'efron');
    for (const b of [2000, -2000, 1e5, NaN, Infinity]) {
      const beta = Float64Array.of(b, 1, 2);
      expect(sweep.evaluate(beta)).toBe(expected.evaluate(beta));
      expect(sweep.score).toEqual(expected.score);
      for (let j = 0; j < 3; j++) {
        for (let k = j; k < 3; k++)
          expect(sweep.information[3 * j + k]).toBe(expected.information[3 * j + k]);
      }
    }
  });

  it('has the same bits whatever was evaluated before', () => {
    const { sets, columns } = simulate(4, 1001, 6, { entry: true, strata: true, weights: true, times: 9 });
    const beta = Float64Array.of(0.3, -0.2, 0.5, 0, 0.1, 1);
    const fresh = sweepOver(sets, columns, 'efron');
    const used = sweepOver(sets, columns, 'efron');
    used.evaluate(Float64Array.of(1, 2, -1, 1, 1, 1));
    expect(used.evaluate(beta)).toBe(fresh.evaluate(beta));
    expect(used.score).toEqual(fresh.score);
    expect(used.information).toEqual(fresh.information);
  });
});

describe('exponentials', () => {
  const kernel = coxKernel(1, false, 32);
  const values = new Float64Array(kernel.memory.buffer);
  const exponentials = (x: Float64Array): Float64Array => {
    const size = Math.min(values.length - PADDING, x.length);
    values.set(x.subarray(0, size));
    kernel.exponentials(0, 8 * size);
    return values.slice(0, size);
  };

  it('are those of Math.exp within 3e-16, two million of them', () => {
    const uniform = seededUniform(11);
    let worst = 0;
    for (const range of [1e-9, 0.01, 0.5, 1, 5, 30, 300, 700, 1, 1]) {
      const x = Float64Array.from({ length: 200_000 }, () => range * (2 * uniform() - 1));
      exponentials(x).forEach((y, i) => {
        const expected = Math.exp(x[i]!);
        worst = Math.max(worst, Math.abs(y - expected) / expected);
      });
    }
    expect(worst).toBeLessThanOrEqual(3e-16);
  });

  it('of 0, of tiny numbers and where the power of two changes', () => {
    const half = Math.LN2 / 2;
    const x = [0, -0, 5e-324, -1e-300, 1e-17, half, -half, 3 * half, -3 * half, Math.LN2, 1, -1];
    const y = exponentials(Float64Array.from(x));
    expect([...y.subarray(0, 5)]).toEqual([1, 1, 1, 1, 1]);
    x.forEach((value, i) => {
      expect(Math.abs(y[i]! / Math.exp(value) - 1)).toBeLessThanOrEqual(3e-16);
    });
  });

  it('never fall as their arguments rise by 1e-12', () => {
    for (const from of [-1.1, -0.35, 0.34, 1.03, 17.3]) {
      const y = exponentials(Float64Array.from({ length: 20_000 }, (_, i) => from + 1e-12 * i));
      expect(y.every((value, i) => i === 0 || value >= y[i - 1]!)).toBe(true);
    }
  });
});
