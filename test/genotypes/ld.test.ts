/** The counting kernel against plain loops, and haplotype frequencies against the likelihood they maximise. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CallGather, callAt, countCalls, setCall } from '../../genotypes/hardcalls.js';
import { cubicRoots, haplotypeR2 } from '../../genotypes/ld/haplotypes.js';
import { LdTable } from '../../genotypes/ld/ldtable.js';
import { seeded } from './oracle.js';

/** Random packed calls. */
function randomCalls(
  random: () => number,
  people: number,
  missing: number,
): { packed: Uint8Array; calls: number[] } {
  const calls = Array.from({ length: people }, () => (random() < missing ? 3 : Math.floor(random() * 3)));
  const packed = new Uint8Array(Math.ceil(people / 4));
  calls.forEach((call, s) => {
    setCall(packed, s, call);
  });
  return { packed, calls };
}

describe('joint counts', () => {
  test.each([1, 3, 127, 128, 129, 1000])('of %i people equal a loop', (people) => {
    const random = seeded(people);
    for (const missing of [0, 0.1]) {
      const [a, b] = [randomCalls(random, people, missing), randomCalls(random, people, missing)];
      const table = new LdTable(new Uint8Array(people), 'diploid', 'plink1', 2, 1e6);
      table.put(0, a.packed);
      table.put(1, b.packed);
      const count = (x: number, y: number): number =>
        a.calls.filter((call, s) => call === x && b.calls[s] === y).length;
      const rowSum = (x: number): number => count(x, 0) + count(x, 1) + count(x, 2);
      const columnSum = (y: number): number => count(0, y) + count(1, y) + count(2, y);
      expect(table.joint(0, 1)).toEqual({
        LL: count(1, 1),
        altPairs: 2 * count(2, 2) + count(1, 2) + count(2, 1),
        LN: rowSum(1),
        HN: rowSum(2),
        NL: columnSum(1),
        NH: columnSum(2),
        NN: rowSum(0) + rowSum(1) + rowSum(2),
      });
      expect(table.single(0)).toEqual(
        [1, 2, -1].map((x) => a.calls.filter((c) => (x < 0 ? c !== 3 : c === x)).length),
      );
    }
  });

  test('of 600,000 people, more than one kernel call takes', () => {
    const people = 600_000;
    const random = seeded(1);
    const [a, b] = [randomCalls(random, people, 0), randomCalls(random, people, 0)];
    const table = new LdTable(new Uint8Array(people), 'diploid', 'plink1', 2, 1e6);
    table.put(0, a.packed);
    table.put(1, b.packed);
    let hets = 0;
    for (let s = 0; s < people; s++) if (a.calls[s] === 1 && b.calls[s] === 1) hets++;
    expect(table.joint(0, 1).LL).toBe(hets);
  });

  test('slots are given away in turn, the pinned one never', () => {
    const random = seeded(2);
    const table = new LdTable(new Uint8Array(10), 'diploid', 'plink1', 100, 0);
    expect(table.capacity).toBe(2);
    table.put(7, randomCalls(random, 10, 0).packed);
    table.pin(7);
    for (const key of [1, 2, 3, 4]) table.put(key, randomCalls(random, 10, 0).packed);
    expect([7, 1, 2, 3, 4].map((key) => table.has(key))).toEqual([true, false, false, false, true]);
  });
});

describe('hard calls', () => {
  test.each([
    ['few, in any order, some twice', 1003, (s: number) => (s * 7919) % 3 === 0, true],
    ['most, ascending', 1003, (s: number) => s % 5 !== 2, false],
    ['most, but not ascending', 1003, (s: number) => s % 5 !== 2, true],
    ['half', 1000, (s: number) => s % 2 === 1, false],
    ['everybody', 997, () => true, false],
    ['all but whole bytes at either end', 1001, (s: number) => s > 22 && s < 980, false],
    ['nobody', 10, () => false, false],
    ['one of one', 1, () => true, false],
  ])('gathering and counting agree with loops: %s', (_, total, isWanted, isShuffled) => {
    const random = seeded(3);
    const { packed, calls } = randomCalls(random, total, 0.2);
    const wanted = [...calls.keys()].filter(isWanted);
    if (isShuffled) wanted.push(...wanted.splice(0, 9), wanted[0]!);
    const people = Uint32Array.from(wanted);
    // What stood there before must not show.
    const gathered = new Uint8Array(Math.ceil(people.length / 4)).fill(255);
    new CallGather(people, total).calls(packed, gathered);
    expect(wanted.map((s, p) => [s, callAt(gathered, p)])).toEqual(wanted.map((s) => [s, calls[s]]));
    const expected = [0, 0, 0, 0];
    for (const s of people) expected[calls[s]!]!++;
    expect(countCalls(gathered, people.length)).toEqual(expected);
    const padding = 2 * (people.length & 3);
    if (padding > 0) expect(gathered.at(-1)! >> padding).toBe(0);
  });
});

describe('haplotype frequencies', () => {
  const count = fc.integer({ min: 0, max: 40 });

  test('the roots are roots, ascending', () => {
    const root = fc.double({ min: -2, max: 2, noNaN: true });
    fc.assert(
      fc.property(root, root, root, (x, y, z) => {
        const [a, b, c] = [-(x + y + z), x * y + y * z + z * x, -x * y * z];
        const roots = new Float64Array(3);
        const found = roots.subarray(0, cubicRoots(a, b, c, roots));
        for (const r of found) expect(Math.abs(((r + a) * r + b) * r + c)).toBeLessThan(1e-6);
        expect([...found]).toEqual([...found].sort((p, q) => p - q));
      }),
      { seed: 4, numRuns: 500 },
    );
  });

  test('no other frequency of 1-1 haplotypes is more likely', () => {
    fc.assert(
      fc.property(
        count,
        count,
        count,
        count,
        fc.integer({ min: 1, max: 40 }),
        (n11, n12, n21, n22, doubleHets) => {
          const total = n11 + n12 + n21 + n22 + 2 * doubleHets;
          const K = doubleHets / total;
          const term = (n: number, f: number): number => (n === 0 ? 0 : n * Math.log(f));
          const logLikelihood = (x: number): number => {
            const [f11, f12, f21, f22] = [
              n11 / total + x,
              n12 / total + K - x,
              n21 / total + K - x,
              n22 / total + x,
            ];
            return (
              term(n11, f11) +
              term(n12, f12) +
              term(n21, f21) +
              term(n22, f22) +
              term(doubleHets, f11 * f22 + f12 * f21)
            );
          };
          let best = 0;
          for (let k = 0; k <= 2000; k++)
            if (logLikelihood((k * K) / 2000) > logLikelihood((best * K) / 2000)) best = k;
          const p1 = (n11 + n12 + doubleHets) / total;
          const p2 = (n11 + n21 + doubleHets) / total;
          const D = n11 / total + (best * K) / 2000 - p1 * p2;
          const onGrid = (Math.abs(D) * D) / (p1 * p2 * (1 - p1) * (1 - p2));
          // The likelihood may be as good at two places; then the grid decides between them otherwise.
          const r2 = haplotypeR2({ n11, n12, n21, n22, doubleHets });
          const x =
            Math.sign(r2) * Math.sqrt(Math.abs(r2) * p1 * p2 * (1 - p1) * (1 - p2)) + p1 * p2 - n11 / total;
          const gain = logLikelihood((best * K) / 2000) - logLikelihood(Math.min(Math.max(x, 0), K));
          expect(gain).toBeLessThan(1e-6);
          if (Math.abs(r2 - onGrid) > 0.02) expect(Math.abs(gain)).toBeLessThan(0.5);
        },
      ),
      { seed: 5, numRuns: 400 },
    );
  });

  test('without double heterozygotes it is the r² of the haplotypes; a variant that does not vary has none', () => {
    // D = 0.4·0.4 − 0.1·0.1 = 0.15, p = q = ½: r² = 0.15² / 0.25² = 0.36.
    expect(haplotypeR2({ n11: 4, n12: 1, n21: 1, n22: 4, doubleHets: 0 })).toBeCloseTo(0.36, 12);
    expect(haplotypeR2({ n11: 1, n12: 4, n21: 4, n22: 1, doubleHets: 0 })).toBeCloseTo(-0.36, 12);
    expect(haplotypeR2({ n11: 4, n12: 4, n21: 0, n22: 0, doubleHets: 0 })).toBeNaN();
    expect(haplotypeR2({ n11: 0, n12: 0, n21: 0, n22: 0, doubleHets: 0 })).toBeNaN();
  });
});
