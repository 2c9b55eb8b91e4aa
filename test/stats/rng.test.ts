import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { philox4x32, Rng, rngFromSeed, uniformOf } from '../../stats/rng.js';
import { chi2LogSf } from '../../stats/special.js';

const seed = '5d'.repeat(32);
const words = (text: string): Uint32Array => Uint32Array.from(text.split(' '), (word) => parseInt(word, 16));

describe('Philox4x32-10', () => {
  // Random123 1.14, tests/kat_vectors, the three lines "philox4x32 10": counter, key, result.
  it.each([
    ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('counter %s', (counter, key, result) => {
    const out = new Uint32Array(4);
    philox4x32(words(counter), words(key), out);
    expect(out).toEqual(words(result));
  });

  it('a stream is its blocks in order: zero seed, counters 0, 1, …', () => {
    const rng = new Rng(new Uint8Array(32));
    const out = new Uint32Array(4);
    for (const block of [0, 1, 2]) {
      philox4x32(Uint32Array.of(block, 0, 0, 0), new Uint32Array(2), out);
      expect(Uint32Array.from({ length: 4 }, () => rng.uint32())).toEqual(out);
    }
  });
});

describe('streams', () => {
  const first = (rng: Rng): number[] => Array.from({ length: 4 }, () => rng.uint32());
  it('are a function of seed and names alone; the pinned numbers must never change', () => {
    expect(first(rngFromSeed(seed))).toEqual(first(rngFromSeed(BigInt(`0x${seed}`))));
    expect(first(rngFromSeed(seed))).toEqual(first(rngFromSeed(Buffer.from(seed, 'hex'))));
    expect(first(rngFromSeed(seed))).toEqual([3371027029, 2933241922, 1598369635, 1328103301]);
    expect(first(rngFromSeed(seed, 'fold', 3))).toEqual([2260254556, 3969104390, 290269076, 1161592436]);
    expect(uniformOf(seed, 'person-17')).toBe(0.8055693566317373);
  });
  it('differ for other names, other types of name and other splits of the same letters', () => {
    const all = [[], ['ab', 'c'], ['a', 'bc'], ['abc'], [1], ['1'], [1, 2], [12]].map((names) =>
      first(rngFromSeed(seed, ...names)).join(),
    );
    expect(new Set(all).size).toBe(all.length);
  });
  it('refuse a seed of another size', () => {
    expect(() => rngFromSeed('abc')).toThrow('a seed has 64 hexadecimal digits, got "abc"');
    expect(() => rngFromSeed(new Uint8Array(8))).toThrow('a seed has 32 bytes, got 8');
  });
});

/** P value of the χ² test that `counts` are equally likely. */
function uniformityP(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return Math.exp(chi2LogSf(statistic, counts.length - 1));
}

describe('distributions', () => {
  it('uniforms fill [0, 1) evenly', () => {
    const rng = rngFromSeed(seed, 'uniform');
    const counts = new Array<number>(50).fill(0);
    for (let i = 0; i < 100_000; i++) counts[Math.floor(rng.uniform() * 50)]!++;
    expect(uniformityP(counts)).toBeGreaterThan(1e-4);
  });

  it('bounded integers are unbiased, also for bounds where the modulo would be badly biased', () => {
    const rng = rngFromSeed(seed, 'integer');
    const bound = 3 * 2 ** 30;
    const counts = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) counts[Math.floor(rng.integer(bound) / 2 ** 30)]!++;
    expect(uniformityP(counts)).toBeGreaterThan(1e-4);
    const wide = 3 * 2 ** 51;
    const wideCounts = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) wideCounts[Math.floor(rng.integer(wide) / 2 ** 51)]!++;
    expect(uniformityP(wideCounts)).toBeGreaterThan(1e-4);
    expect(rng.integer(1)).toBe(0);
    for (const bad of [0, -1, 1.5, NaN, 2 ** 54])
      expect(() => rng.integer(bad)).toThrow('a bound must be an integer');
  });

  it('normals have the moments of a normal', () => {
    const rng = rngFromSeed(seed, 'normal');
    const n = 200_000;
    const sums = [0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const z = rng.normal();
      for (let power = 0; power < 4; power++) sums[power]! += z ** (power + 1);
    }
    // Five standard errors of each mean: var(z) = 1, var(z²) = 2, var(z³) = 15, var(z⁴) = 96.
    [0, 1, 0, 3].forEach((moment, i) => {
      expect(Math.abs(sums[i]! / n - moment)).toBeLessThan(5 * Math.sqrt([1, 2, 15, 96][i]! / n));
    });
  });

  it('every permutation of four is equally likely', () => {
    const rng = rngFromSeed(seed, 'permutation');
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const key = rng.permutation(4).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(uniformityP([...counts.values()])).toBeGreaterThan(1e-4);
  });

  it('a sample holds k distinct members, each subset equally likely', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, share) => {
          const k = Math.floor(share * n);
          const drawn = rngFromSeed(seed, 'sample', n, k).sample(n, k);
          expect(new Set(drawn).size).toBe(k);
          for (const i of drawn) expect(i).toBeLessThan(n);
        },
      ),
    );
    const rng = rngFromSeed(seed, 'subsets');
    const counts = new Map<string, number>();
    for (let i = 0; i < 10_000; i++) {
      const key = rng.sample(5, 2).sort().join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(10);
    expect(uniformityP([...counts.values()])).toBeGreaterThan(1e-4);
    expect(() => rng.sample(3, 4)).toThrow('cannot draw 4 of 3 without replacement');
  });

  it('shuffling keeps the members and the array', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    expect(rngFromSeed(seed).shuffle(names)).toBe(names);
    expect([...names].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(rngFromSeed(seed).permutation(0).length).toBe(0);
  });

  it('the uniforms of ids are even', () => {
    const counts = new Array<number>(20).fill(0);
    for (let i = 0; i < 20_000; i++) counts[Math.floor(uniformOf(seed, `id${i}`) * 20)]!++;
    expect(uniformityP(counts)).toBeGreaterThan(1e-4);
  });
});
