import { describe, expect, it } from 'vitest';
import { instanceSeed } from '../../engine/seed.js';
import { assignFolds } from '../../stats/folds.js';
import { rngFromSeed } from '../../stats/rng.js';

const K = 5;
const N = 5000;

/** Pearson's χ² of two assignments to K folds: (K − 1)² = 16 degrees of freedom when they are independent. */
function chiSquare(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const cells = new Map<string, number>();
  for (let i = 0; i < N; i++) cells.set(`${a[i]!} ${b[i]!}`, (cells.get(`${a[i]!} ${b[i]!}`) ?? 0) + 1);
  const expected = N / K ** 2;
  let sum = (K ** 2 - cells.size) * expected;
  for (const count of cells.values()) sum += (count - expected) ** 2 / expected;
  return sum;
}

describe('seeds', () => {
  it('of two streams under one study seed give independent folds, for any study seed', () => {
    const foldsOf = (study: string, stream: string): ArrayLike<number> =>
      assignFolds(N, K, rngFromSeed(instanceSeed(study, 'folds.assign', stream, [])));
    const values = Array.from({ length: 40 }, (_, study) =>
      chiSquare(foldsOf(String(study), 'outer'), foldsOf(String(study), 'inner')),
    );
    // The mean of 40 draws of χ²(16) has mean 16 and SD √(32/40) = 0.9; the largest stays under the 1 − 10⁻⁵ quantile, 50.
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    expect(Math.abs(mean - 16)).toBeLessThan(4);
    expect(Math.max(...values)).toBeLessThan(50);
    // Equal streams mean deliberately common draws.
    expect(chiSquare(foldsOf('1', 'outer'), foldsOf('1', 'outer'))).toBeGreaterThan(1000);
  });

  it('do not depend on how their parts could be joined', () => {
    const seeds = [
      instanceSeed('1', 'a', 'b', []),
      instanceSeed('1a', '', 'b', []),
      instanceSeed('1', 'ab', '', []),
      instanceSeed('1', 'a', 'b', [1]),
      instanceSeed('1', 'a', 'b', ['1']),
    ];
    expect(new Set(seeds).size).toBe(seeds.length);
  });
});
