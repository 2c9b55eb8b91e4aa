import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  adjustLog10P,
  countSignificant,
  type Adjusted,
  type AdjustOptions,
  type Adjustment,
} from '../../stats/fdr.js';
import { readReference } from './cohort-csv.js';
import { seededUniform } from './cox-cases.js';

type Nullable = (number | null)[];
const reference = readReference('fdr') as Record<
  'p' | 'bh' | 'bonferroni' | 'bh_declared' | 'bonferroni_declared',
  Nullable
>;
const log10 = (values: Nullable): Float64Array =>
  Float64Array.from(values, (p) => (p === null ? NaN : Math.log10(p)));

function adjust(log10P: Float64Array, method: Adjustment, options?: AdjustOptions): Adjusted {
  const result = adjustLog10P(log10P, method, options);
  if ('problem' in result) throw new Error(result.problem);
  return result;
}

describe('against R p.adjust', () => {
  it.each([
    ['benjamini-hochberg', undefined, reference.bh],
    ['bonferroni', undefined, reference.bonferroni],
    ['benjamini-hochberg', 100, reference.bh_declared],
    ['bonferroni', 100, reference.bonferroni_declared],
  ] as const)('%s, family %s', (method, familySize, expected) => {
    const options = familySize === undefined ? {} : { familySize };
    const { log10Q, families } = adjust(log10(reference.p), method, options);
    log10(expected).forEach((q, i) => {
      if (Number.isNaN(q)) expect(log10Q[i]).toBeNaN();
      else expect(Math.abs(log10Q[i]! - q)).toBeLessThan(1e-12);
    });
    expect(families).toEqual([{ group: 0, size: familySize ?? 64, tested: 64, missing: 2 }]);
  });
});

describe('families', () => {
  it('each group is adjusted on its own', () => {
    const log10P = log10([0.01, 0.04, 0.02, null, 0.5]);
    const groups = Int32Array.of(7, 3, 7, 3, 3);
    const { log10Q, families } = adjust(log10P, 'benjamini-hochberg', { groups });
    expect(families).toEqual([
      { group: 3, size: 2, tested: 2, missing: 1 },
      { group: 7, size: 2, tested: 2, missing: 0 },
    ]);
    [0.02, 0.08, 0.02, NaN, 0.5].forEach((q, i) => {
      if (Number.isNaN(q)) expect(log10Q[i]).toBeNaN();
      else expect(10 ** log10Q[i]!).toBeCloseTo(q, 14);
    });
  });

  it('a declared family smaller than its tests is refused', () => {
    expect(adjustLog10P(log10([0.1, 0.2]), 'bonferroni', { familySize: 1 })).toEqual({
      problem: 'family-too-small',
      group: 0,
      tested: 2,
      declared: 1,
    });
  });
});

describe('degenerate inputs', () => {
  it('p values below the range of double precision keep their order and their value', () => {
    const { log10Q } = adjust(Float64Array.of(-349.136, -1200, -0.1, -Infinity), 'benjamini-hochberg');
    expect(log10Q[0]).toBeCloseTo(-349.136 + Math.log10(4 / 3), 12);
    expect(log10Q[1]).toBeCloseTo(-1200 + Math.log10(2), 12);
    expect(log10Q[3]).toBe(-Infinity);
  });

  it('nothing tested', () => {
    expect(adjust(Float64Array.of(NaN, NaN), 'bonferroni').families[0]).toMatchObject({
      tested: 0,
      missing: 2,
    });
    expect(adjust(new Float64Array(0), 'benjamini-hochberg').families).toEqual([]);
  });

  it('one test is its own p value', () => {
    expect([...adjust(Float64Array.of(-3), 'benjamini-hochberg').log10Q]).toEqual([-3]);
  });
});

describe('properties', () => {
  const pValues = fc.array(fc.double({ min: -400, max: 0, noNaN: true }), { minLength: 1, maxLength: 60 });

  it('q ≥ p, order is kept, and BH is never stricter than Bonferroni', () => {
    fc.assert(
      fc.property(pValues, (list) => {
        const p = Float64Array.from(list);
        const bh = adjust(p, 'benjamini-hochberg').log10Q;
        const bonferroni = adjust(p, 'bonferroni').log10Q;
        p.forEach((value, i) => {
          expect(bh[i]!).toBeGreaterThanOrEqual(value);
          expect(bh[i]!).toBeLessThanOrEqual(bonferroni[i]! + 1e-12);
          p.forEach((other, k) => expect(value <= other ? bh[i]! <= bh[k]! : true).toBe(true));
        });
      }),
    );
  });

  it('row order is irrelevant', () => {
    fc.assert(
      fc.property(pValues, (list) => {
        const forward = adjust(Float64Array.from(list), 'benjamini-hochberg').log10Q;
        const backward = adjust(Float64Array.from(list).reverse(), 'benjamini-hochberg').log10Q;
        expect(backward.reverse()).toEqual(forward);
      }),
    );
  });
});

it('the false discovery rate is at most nominal (400 families of 80 nulls and 20 signals, seed 1)', () => {
  const uniform = seededUniform(1);
  let share = 0;
  for (let family = 0; family < 400; family++) {
    const p = Float64Array.from({ length: 100 }, (_, i) => Math.log10(i < 80 ? uniform() : uniform() ** 6));
    const { log10Q } = adjust(p, 'benjamini-hochberg');
    const found = countSignificant(log10Q, 0.1);
    share += found > 0 ? countSignificant(log10Q.subarray(0, 80), 0.1) / found / 400 : 0;
  }
  // Expectation 0.1 · 80/100 = 0.08; the Monte-Carlo error of the mean is about 0.003.
  expect(share).toBeGreaterThan(0.065);
  expect(share).toBeLessThan(0.095);
});
