import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assignFolds,
  foldProblem,
  holdOut,
  repeatedFolds,
  splitByFold,
  stableFolds,
  stableHoldOut,
} from '../../stats/folds.js';
import { rngFromSeed } from '../../stats/rng.js';

const seed = '0e'.repeat(32);

const sizes = (folds: ArrayLike<number>, k: number, only: (i: number) => boolean = () => true): number[] => {
  const counts = new Array<number>(k).fill(0);
  for (let i = 0; i < folds.length; i++) if (only(i)) counts[folds[i]!]!++;
  return counts;
};
const spread = (counts: number[]): number => Math.max(...counts) - Math.min(...counts);
const anyK = fc.integer({ min: 2, max: 10 });

describe('k-fold', () => {
  it('every person has one fold; sizes differ by at most one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 300 }), anyK, (n, k) => {
        const folds = assignFolds(n, k, rngFromSeed(seed, n, k));
        expect(folds.length).toBe(n);
        expect(spread(sizes(folds, k))).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('the same stream gives the same folds, another stream others', () => {
    const folds = (stream: string): Int32Array => assignFolds(100, 5, rngFromSeed(seed, stream));
    expect(folds('a')).toEqual(folds('a'));
    expect(folds('a')).not.toEqual(folds('b'));
  });

  it('strata are spread evenly, and so is the whole', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 10, maxLength: 200 }),
        anyK,
        (strata, k) => {
          const folds = assignFolds(strata.length, k, rngFromSeed(seed), { strata });
          expect(spread(sizes(folds, k))).toBeLessThanOrEqual(1);
          for (const stratum of new Set(strata)) {
            expect(spread(sizes(folds, k, (i) => strata[i] === stratum))).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });

  it('families stay together, and folds are even when families are small', () => {
    fc.assert(
      fc.property(fc.integer({ min: 40, max: 300 }), anyK, (n, k) => {
        const rng = rngFromSeed(seed, n);
        const groups = Array.from({ length: n }, () => `family ${rng.integer(Math.ceil(n / 2))}`);
        if (new Set(groups).size < k) return;
        const folds = assignFolds(n, k, rng, { groups });
        const foldOf = new Map<string, number>();
        groups.forEach((group, i) => {
          expect(foldOf.get(group) ?? folds[i]).toBe(folds[i]);
          foldOf.set(group, folds[i]!);
        });
        const largest = Math.max(...sizes(Int32Array.from(groups, (g) => Number(g.slice(7))), n)); // prettier-ignore
        expect(spread(sizes(folds, k))).toBeLessThanOrEqual(largest);
      }),
    );
  });

  it('more repeats change none of the earlier ones', () => {
    const two = repeatedFolds(30, 3, 2, seed);
    expect(repeatedFolds(30, 3, 4, seed).slice(0, 2)).toEqual(two);
    expect(two[0]).not.toEqual(two[1]);
  });

  it('says why people cannot be put into folds', () => {
    expect(foldProblem(10, 1)).toBe('the number of folds must be an integer of at least 2, got 1');
    expect(foldProblem(3, 5)).toBe('3 people cannot fill 5 folds');
    expect(foldProblem(4, 3, { groups: ['a', 'a', 'b', 'b'] })).toBe('2 groups cannot fill 3 folds');
    expect(foldProblem(4, 3, { strata: ['a'] })).toBe('1 labels for 4 people');
    expect(foldProblem(4, 3, { strata: ['a', 'b', 'b', 'b'] })).toBeUndefined();
    expect(() => assignFolds(3, 5, rngFromSeed(seed))).toThrow(
      'internal error: 3 people cannot fill 5 folds',
    );
  });
});

describe('held-out part', () => {
  const count = (held: Uint8Array): number => held.reduce((sum, value) => sum + value, 0);

  it('holds out the share asked for, overall and within strata', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, fraction) => {
          expect(count(holdOut(n, fraction, rngFromSeed(seed)))).toBe(Math.round(fraction * n));
          const strata = Array.from({ length: n }, (_, i) => i % 3);
          const held = holdOut(n, fraction, rngFromSeed(seed), { strata });
          expect(count(held)).toBe(Math.round(fraction * n));
          for (const s of [0, 1, 2]) {
            const members = strata.filter((value) => value === s).length;
            const heldHere = held.filter((value, i) => value === 1 && strata[i] === s).length;
            expect(Math.abs(heldHere - fraction * members)).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });

  it('holds out whole families', () => {
    const groups = Array.from({ length: 100 }, (_, i) => Math.floor(i / 3));
    const held = holdOut(100, 0.3, rngFromSeed(seed), { groups });
    for (let i = 1; i < 100; i++) if (groups[i] === groups[i - 1]) expect(held[i]).toBe(held[i - 1]);
    expect(Math.abs(count(held) - 30)).toBeLessThanOrEqual(1);
  });

  it('refuses nonsense', () => {
    expect(() => holdOut(10, 1.2, rngFromSeed(seed))).toThrow('a fraction lies in [0, 1], got 1.2');
    expect(() => holdOut(10, 0.2, rngFromSeed(seed), { strata: [1] })).toThrow('1 labels for 10 people');
  });
});

describe('stable by id', () => {
  const ids = Array.from({ length: 2000 }, (_, i) => `person${i}`);

  it('adding, removing or reordering people moves nobody else', () => {
    const all = stableFolds(ids, 5, seed);
    const folds = new Map(ids.map((id, i) => [id, all[i]] as const));
    const others = ids.filter((_, i) => i % 3 !== 0).reverse();
    const again = stableFolds(others, 5, seed);
    others.forEach((id, i) => {
      expect(again[i]).toBe(folds.get(id));
    });
  });

  it('folds are about equal and depend on the seed', () => {
    for (const size of sizes(stableFolds(ids, 5, seed), 5))
      expect(Math.abs(size - 400)).toBeLessThan(5 * Math.sqrt(320));
    expect(stableFolds(ids, 5, seed)).not.toEqual(stableFolds(ids, 5, 'aa'.repeat(32)));
    expect(() => stableFolds(ids, 1, seed)).toThrow('at least 2, got 1');
  });

  it('a larger held-out share contains the smaller', () => {
    const small = stableHoldOut(ids, 0.2, seed);
    const large = stableHoldOut(ids, 0.3, seed);
    small.forEach((held, i) => {
      if (held === 1) expect(large[i]).toBe(1);
    });
    expect(Math.abs(large.reduce((sum, held) => sum + held, 0) - 600)).toBeLessThan(5 * Math.sqrt(420));
  });
});

it('a fold splits the rows in two, ascending', () => {
  expect(splitByFold([2, 0, 1, 0, 2], 0)).toEqual({
    train: Int32Array.of(0, 2, 4),
    test: Int32Array.of(1, 3),
  });
});
