import { describe, expect, it } from 'vitest';
import { fitRidge } from '../../stats/bayesian-ridge.js';
import { factorise, factoriseGram, projectMoments, projectTargets } from '../../stats/factorisation.js';
import { assignFolds, splitByFold } from '../../stats/folds.js';
import { columnMeans, matrix, takeRows } from '../../stats/linalg/matrix.js';
import { centredMoments, combineMoments, momentsOf, type Moments } from '../../stats/moments.js';
import { rngFromSeed } from '../../stats/rng.js';
import { backends } from './backends.js';

const seed = 'c4'.repeat(32);
const [n, p] = [300, 20];
const rng = rngFromSeed(seed);
// Far from zero, as a calendar year is: the naive XᵀX − n·μμᵀ would lose seven digits here.
const x = matrix(
  n,
  p,
  Float64Array.from({ length: n * p }, (_, at) => 2000 + (at % p) + rng.normal()),
);
const y = Float64Array.from({ length: n }, (_, i) => 50 + x.data[i * p]! - x.data[i * p + 1]! + rng.normal());
const folds = assignFolds(n, 5, rngFromSeed(seed, 'folds'));
const origin = columnMeans(x).map(Math.round);

describe.each(backends)('moments, %s backend', (_, backend) => {
  const block = (rows: Int32Array): Moments => {
    const values = Float64Array.from(rows, (i) => y[i]!);
    return momentsOf(takeRows(x, rows), origin, [{ origin: 50, values }], backend);
  };
  const parts = Array.from({ length: 5 }, (_unused, fold) => block(splitByFold(folds, fold).test));
  const total = parts.slice(1).reduce((sum, part) => combineMoments(sum, part, 1), parts[0]!);

  it('of all folds together are those of all rows', () => {
    const whole = block(Int32Array.from({ length: n }, (_unused, i) => i));
    expect(total.rows).toBe(n);
    total.gram.data.forEach((value, i) => expect(value).toBeCloseTo(whole.gram.data[i]!, 8));
  });

  it('total less a held-out fold gives the same model as the training rows themselves', () => {
    for (let fold = 0; fold < 5; fold++) {
      const { train } = splitByFold(folds, fold);
      const direct = factorise(takeRows(x, train), backend);
      const target = projectTargets(direct, [Float64Array.from(train, (i) => y[i]!)], backend)[0]!;
      const moments = centredMoments(combineMoments(total, parts[fold]!, -1));
      const shared = factoriseGram(moments.gram, moments.n, moments.means, backend);
      for (const mode of ['faithful', 'recommended'] as const) {
        const want = fitRidge(direct, target, mode);
        const got = fitRidge(shared, projectMoments(shared, moments.targets[0]!), mode);
        expect(got.iterations).toBe(want.iterations);
        got.coef.forEach((w, j) => expect(Math.abs(w - want.coef[j]!)).toBeLessThan(1e-11));
        expect(got.alpha! / want.alpha!).toBeCloseTo(1, 11);
        expect(got.lambda! / want.lambda!).toBeCloseTo(1, 10);
      }
    }
  });
});
