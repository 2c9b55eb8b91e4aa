import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { midranks, spearman, tieSizes } from '../../stats/ranks.js';
import { resampledT } from '../../stats/resampled-t.js';
import { rngFromSeed } from '../../stats/rng.js';
import { signedRank } from '../../stats/wilcoxon.js';

const reference = JSON.parse(readFileSync(new URL('../reference/ranks.json', import.meta.url), 'utf8')) as {
  spearman: { x: number[]; y: number[]; rho: number; t: number; r: number }[];
  wilcoxon: {
    kind: string;
    d: number[];
    scipy: Record<'two-sided' | 'greater' | 'less', number>;
    statistic: number;
    r: { p: number; greater: number; shift: number } | null;
  }[];
};
const relative = (got: number, want: number): number =>
  got === want ? 0 : Math.abs(got - want) / Math.abs(want);
const seed = '77'.repeat(32);
const values = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 40 });

describe('midranks', () => {
  it('share the mean rank among ties', () => {
    expect(Array.from(midranks([10, 30, 20, 20, 5]))).toEqual([2, 5, 3.5, 3.5, 1]);
    expect(tieSizes(midranks([1, 1, 2, 3, 3, 3]))).toEqual([2, 3]);
    expect(midranks([]).length).toBe(0);
  });
  it('always sum to n(n + 1)/2 and mirror when the values are negated', () => {
    fc.assert(
      fc.property(values, (x) => {
        const ranks = midranks(x);
        const n = x.length;
        expect(ranks.reduce((a, b) => a + b, 0)).toBe((n * (n + 1)) / 2);
        expect(midranks(x.map((v) => -v))).toEqual(ranks.map((rank) => n + 1 - rank));
      }),
    );
  });
});

describe('Spearman', () => {
  it.each(reference.spearman.map((c) => [c.x.length, c] as const))(
    'scipy 1.10.1 spearmanr and R 4.2.2 cor.test, n = %d',
    (n, c) => {
      const scipy = spearman(c.x, c.y, 't');
      expect(relative(scipy.rho, c.rho)).toBeLessThan(1e-14);
      expect(relative(scipy.p, c.t)).toBeLessThan(1e-11);
      const as89 = spearman(c.x, c.y, 'as89');
      expect(relative(as89.p, c.r)).toBeLessThan(1e-11);
      const tied = tieSizes(midranks(c.x)).length > 0;
      expect(as89.method).toBe(tied || n > 1290 ? 't' : n <= 9 ? 'permutations' : 'edgeworth');
    },
  );

  it("the paper's ρ = 0.758 with p = 0.004 fits 13 pairs under AS 89, or 12 with a tie under t", () => {
    const p = (x: number[], rule: 't' | 'as89'): string => {
      const y = Array.from(x.keys());
      const rng = rngFromSeed(seed, 'paper', x.length);
      for (;;) {
        const found = spearman(x, rng.shuffle(y), rule);
        if (Math.abs(found.rho - 0.758) < 0.0015) return found.p.toFixed(3);
      }
    };
    const distinct = Array.from({ length: 13 }, (_, i) => i);
    expect(p(distinct, 'as89')).toBe('0.004');
    expect(p(distinct, 't')).not.toBe('0.004');
    expect(p([0, 0, ...distinct.slice(2, 12)], 't')).toBe('0.004');
  });

  it('a perfect order, a constant side, too few pairs', () => {
    expect(spearman([1, 2, 3, 4], [5, 6, 7, 8], 't')).toEqual({ rho: 1, n: 4, p: 0, method: 't' });
    expect(spearman([1, 2, 3, 4], [5, 6, 7, 8], 'as89').p).toBeCloseTo(2 / 24, 14);
    expect(spearman([1, 2, 3, 4], [8, 7, 6, 5], 'as89').p).toBeCloseTo(2 / 24, 14);
    expect(spearman([1, 1, 1], [1, 2, 3], 't')).toMatchObject({ rho: NaN, p: NaN });
    expect(spearman([1, 2], [1, 2], 't')).toMatchObject({ rho: 1, p: NaN });
    expect(spearman([], [], 't').rho).toBeNaN();
  });

  it('depends on the order alone, is symmetric, and keeps its level under the null', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), {
          minLength: 3,
          maxLength: 30,
        }),
        (pairs) => {
          const [x, y] = [pairs.map((pair) => pair[0]), pairs.map((pair) => pair[1])];
          const base = spearman(x, y, 'as89');
          expect(
            spearman(
              x.map((v) => v ** 3 + 5),
              y.map(Math.exp),
              'as89',
            ),
          ).toEqual(base);
          expect(spearman(y, x, 'as89').p).toBeCloseTo(base.p, 12);
        },
      ),
    );
    const rng = rngFromSeed(seed, 'null');
    const draws = 4000;
    for (const rule of ['t', 'as89'] as const) {
      let rejected = 0;
      for (let i = 0; i < draws; i++) {
        const side = (): number[] => Array.from({ length: 15 }, () => rng.uniform());
        if (spearman(side(), side(), rule).p < 0.05) rejected++;
      }
      // Four standard errors of a binomial share.
      expect(Math.abs(rejected / draws - 0.05)).toBeLessThan(4 * Math.sqrt((0.05 * 0.95) / draws));
    }
  });
});

/** All 2ⁿ signs: P(W ≥ observed), P(W ≤ observed). */
function enumerate(d: readonly number[]): { greater: number; less: number; both: number } {
  const kept = d.filter((v) => v !== 0);
  const ranks = midranks(kept.map(Math.abs));
  const observed = kept.reduce((sum, v, i) => sum + (v > 0 ? ranks[i]! : 0), 0);
  let [greater, less] = [0, 0];
  for (let signs = 0; signs < 1 << kept.length; signs++) {
    const w = ranks.reduce((sum, rank, i) => sum + ((signs >> i) & 1) * rank, 0);
    if (w >= observed - 1e-9) greater++;
    if (w <= observed + 1e-9) less++;
  }
  const all = 1 << kept.length;
  return { greater: greater / all, less: less / all, both: Math.min(1, (2 * Math.min(greater, less)) / all) };
}

describe('signed-rank test', () => {
  it.each(reference.wilcoxon.map((c) => [c.kind, c.d.length, c] as const))(
    'scipy 1.10.1 wilcoxon, %s, n = %d',
    (_, _n, c) => {
      for (const alternative of ['two-sided', 'greater', 'less'] as const) {
        const got = signedRank(c.d, 'faithful', alternative);
        expect(relative(got.p, c.scipy[alternative])).toBeLessThan(1e-12);
        expect(Math.min(got.positive, got.negative)).toBe(c.statistic);
      }
    },
  );

  it('without ties the exact p and the shift are those of R 4.2.2 wilcox.test(exact = TRUE, conf.int = TRUE)', () => {
    for (const { d, r } of reference.wilcoxon) {
      if (r === null) continue;
      const got = signedRank(d, 'recommended');
      expect(got.method).toBe('exact');
      expect(relative(got.p, r.p)).toBeLessThan(1e-12);
      expect(relative(signedRank(d, 'recommended', 'greater').p, r.greater)).toBeLessThan(1e-12);
      expect(relative(got.shift, r.shift)).toBeLessThan(1e-12);
    }
  });

  it('with ties and zeros the exact p is the enumeration of all signs', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 11 }), (d) => {
        const want = enumerate(d);
        expect(signedRank(d, 'recommended').p).toBeCloseTo(want.both, 12);
        expect(signedRank(d, 'recommended', 'greater').p).toBeCloseTo(want.greater, 12);
        expect(signedRank(d, 'recommended', 'less').p).toBeCloseTo(want.less, 12);
      }),
    );
  });

  it('mirrors when every difference changes sign; the shift moves with the data', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: -5, max: 5 }), (d, by) => {
        const minus = d.map((v) => -v);
        expect(signedRank(minus, 'recommended', 'less').p).toEqual(signedRank(d, 'recommended', 'greater').p);
        expect(
          signedRank(
            d.map((v) => v + by),
            'recommended',
          ).shift,
        ).toBeCloseTo(signedRank(d, 'recommended').shift + by, 12);
      }),
    );
  });

  it('at 184 pairs exact and normal agree to 1 %, and beyond 1,000 the normal takes over', () => {
    const { d } = reference.wilcoxon.find(({ d: differences }) => differences.length === 184)!;
    expect(relative(signedRank(d, 'faithful').p, signedRank(d, 'recommended').p)).toBeLessThan(0.01);
    const rng = rngFromSeed(seed, 'many');
    const many = Array.from({ length: 1001 }, () => rng.normal() + 0.03);
    expect(signedRank(many, 'recommended').method).toBe('normal');
    expect(relative(signedRank(many, 'recommended').p, signedRank(many, 'faithful').p)).toBeLessThan(0.01);
  });

  it('nothing to test', () => {
    expect(signedRank([], 'recommended')).toMatchObject({ n: 0, zeros: 0, p: NaN, shift: NaN });
    expect(signedRank([0, 0], 'recommended')).toMatchObject({ n: 0, zeros: 2, p: 1, shift: 0 });
    expect(signedRank([0, 0], 'faithful').p).toBeNaN();
    expect(signedRank([3], 'recommended')).toMatchObject({ positive: 1, negative: 0, p: 1, shift: 3 });
  });
});

describe('Nadeau–Bengio', () => {
  it('is the formula', () => {
    const d = [0.02, 0.01, -0.005, 0.03, 0.015, 0.0, 0.02, 0.01, 0.005, 0.025];
    const mean = 0.013;
    const variance = d.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 9;
    const got = resampledT(d, 30, 70);
    expect(got.mean).toBeCloseTo(mean, 15);
    expect(got.t).toBeCloseTo(mean / Math.sqrt((1 / 10 + 30 / 70) * variance), 12);
    expect(got.df).toBe(9);
    // R 4.2.2: 2 * pt(-t, 9)
    expect(got.p).toBeCloseTo(0.141837641689, 11);
    expect(got.log10P).toBeCloseTo(Math.log10(got.p), 12);
  });
  it('without a test share it is the plain t test, and it is never bolder', () => {
    const d = [1, 2, 3, 4, 6];
    // R 4.2.2: t.test(c(1, 2, 3, 4, 6))$p.value
    expect(resampledT(d, 0, 100).p).toBeCloseTo(0.0204758744209, 11);
    expect(resampledT(d, 30, 70).p).toBeGreaterThan(resampledT(d, 0, 100).p);
  });
  it('one difference, equal differences, all zero', () => {
    expect(resampledT([1], 3, 7).p).toBeNaN();
    expect(resampledT([2, 2, 2], 3, 7).p).toBe(0);
    expect(resampledT([0, 0, 0], 3, 7).p).toBeNaN();
  });
});
