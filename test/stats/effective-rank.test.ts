import { describe, expect, it } from 'vitest';
import { effectiveRank } from '../../stats/effective-rank.js';
import { rngFromSeed } from '../../stats/rng.js';
import { backends } from './backends.js';

const rng = rngFromSeed('3c'.repeat(32), 'effective-rank');
const draw = (n: number): Float64Array => Float64Array.from({ length: n }, () => rng.normal());

describe.each(backends)('effective rank, %s', (_name, backend) => {
  it('p uncorrelated columns are worth p, whatever their scale; copies of one are worth 1', () => {
    // Columns of a Hadamard matrix are exactly uncorrelated.
    const h = [
      [1, -1, 1, -1, 1, -1, 1, -1],
      [5, 5, -5, -5, 5, 5, -5, -5],
      [2, 2, 2, 2, -2, -2, -2, -2].map((x) => x + 100),
    ].map((column) => Float64Array.from(column));
    const independent = effectiveRank(h, backend);
    expect(independent.entropy).toBeCloseTo(3, 10);
    expect(independent.participation).toBeCloseTo(3, 10);
    expect(independent.for90).toBe(3);
    const copies = effectiveRank([h[0]!, h[0]!.map((x) => 3 - 2 * x), h[0]!], backend);
    expect(copies.entropy).toBeCloseTo(1, 6);
    expect(copies.participation).toBeCloseTo(1, 10);
    expect(copies.for90).toBe(1);
  });

  it('two columns of correlation r have eigenvalues 1 ± r', () => {
    const [x, e] = [draw(500), draw(500)];
    const y = x.map((value, i) => value + e[i]!);
    const mean = (v: Float64Array): number => v.reduce((s, a) => s + a, 0) / v.length;
    const cov = (a: Float64Array, b: Float64Array): number =>
      mean(a.map((value, i) => (value - mean(a)) * (b[i]! - mean(b))));
    const r = cov(x, y) / Math.sqrt(cov(x, x) * cov(y, y));
    const shares = [(1 + r) / 2, (1 - r) / 2];
    const rank = effectiveRank([x, y], backend);
    expect(rank.entropy).toBeCloseTo(Math.exp(-shares.reduce((s, p) => s + p * Math.log(p), 0)), 10);
    expect(rank.participation).toBeCloseTo(1 / shares.reduce((s, p) => s + p * p, 0), 10);
  });

  it('columns that do not vary are counted and left out; nothing but those has no rank', () => {
    const flat = new Float64Array(50).fill(0.1);
    expect(effectiveRank([draw(50), flat], backend)).toMatchObject({ constant: 1, for90: 1 });
    expect(effectiveRank([flat, flat], backend)).toEqual({
      constant: 2,
      entropy: NaN,
      participation: NaN,
      for90: NaN,
    });
  });
});
