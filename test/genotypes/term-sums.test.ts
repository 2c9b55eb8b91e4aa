/** Sums over variants that differ from sum to sum: to the bit those of a plain loop, term after term. */
import { expect, it } from 'vitest';
import { packedLength, setCall } from '../../genotypes/hardcalls.js';
import { addTerms, type Term } from '../../genotypes/scores/term-sums.js';
import { rngFromSeed } from '../../stats/rng.js';

const rng = rngFromSeed('7e'.repeat(32), 'terms');
const whole = (below: number): number => Math.floor(below * rng.uniform());

it.each([1, 7, 8, 9, 1023, 1024, 1025, 2600])(
  '%i people: gaps, either allele, people without the chromosome',
  (people) => {
    const count = 23;
    const stride = packedLength(people);
    const codes = Uint8Array.from({ length: count * people }, () => whole(4));
    const calls = new Uint8Array(count * stride);
    for (let v = 0; v < count; v++)
      for (let i = 0; i < people; i++)
        setCall(calls.subarray(v * stride, (v + 1) * stride), i, codes[v * people + i] as 0 | 1 | 2 | 3);
    const isWoman = Uint8Array.from({ length: people }, () => whole(2));
    const onY = 4;
    const termsOf = (length: number): Term[] =>
      Array.from({ length }, () => ({
        variant: whole(count),
        weight: rng.normal(),
        expected: 2 * rng.uniform(),
        countsAlt: rng.uniform() < 0.7,
      }));
    const terms: Term[][] = [];
    [terms[0], terms[2], terms[3]] = [termsOf(1), termsOf(50), []];
    terms[5] = [{ variant: onY, weight: 2, expected: 1, countsAlt: false }, ...termsOf(6)];
    const start = Array.from({ length: 6 }, () => Float64Array.from({ length: people }, () => rng.normal()));
    const got = start.map((sum) => sum.slice());
    addTerms(got, terms, { calls, count, stride }, people, (v) => (v === onY ? isWoman : null));
    const want = start.map((sum, s) =>
      sum.map((before, i) => {
        let value = before;
        for (const { variant, weight, expected, countsAlt } of terms[s] ?? []) {
          const code = codes[variant * people + i]!;
          const copies = code === 3 ? expected : countsAlt ? code : 2 - code;
          value += weight * (variant === onY && isWoman[i] === 1 ? 0 : copies);
        }
        return value;
      }),
    );
    expect(got).toEqual(want);
  },
);
