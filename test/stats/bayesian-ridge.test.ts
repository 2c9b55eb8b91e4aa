import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fitRidge,
  logEvidence,
  predictiveVariance,
  predictRidge,
  type RidgeFit,
  type RidgeMode,
} from '../../stats/bayesian-ridge.js';
import {
  combineAxes,
  factorise,
  factoriseGram,
  projectMoments,
  projectTargets,
} from '../../stats/factorisation.js';
import type { Backend } from '../../stats/linalg/backend.js';
import {
  matrix,
  matrixFromColumns,
  matrixFromRows,
  takeRows,
  transpose,
  type Matrix,
} from '../../stats/linalg/matrix.js';
import { portableBackend } from '../../stats/linalg/portable.js';
import { rngFromSeed } from '../../stats/rng.js';
import { backends } from './backends.js';
import { completeNhanes, nhanesPresent, standardised } from './nhanes.js';

interface ReferenceFit {
  coef: number[];
  intercept: number;
  alpha: number;
  lambda: number;
  iterations: number;
}
const reference = JSON.parse(
  readFileSync(new URL('../reference/bayesian-ridge.json', import.meta.url), 'utf8'),
) as {
  cases: { name: string; x: number[][]; y: number[]; fit: ReferenceFit }[];
  nhanesRows: number;
  nhanesColumns: { count: string[]; biochemistry: string[]; traits: string[] };
  nhanes: { modality: 'count' | 'biochemistry'; scaling: 'raw' | 'z'; trait: string; fit: ReferenceFit }[];
};

const seed = 'b7'.repeat(32);

function fit(x: Matrix, y: ArrayLike<number>, mode: RidgeMode, backend: Backend = portableBackend): RidgeFit {
  const factorisation = factorise(x, backend);
  return fitRidge(factorisation, projectTargets(factorisation, [y], backend)[0]!, mode);
}

function coefficientDistance(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let worst = 0;
  let size = 0;
  for (let j = 0; j < want.length; j++) {
    worst = Math.max(worst, Math.abs(got[j]! - want[j]!));
    size = Math.max(size, Math.abs(want[j]!));
  }
  return worst / size;
}

function expectSklearn(got: RidgeFit, want: ReferenceFit): void {
  expect(got.status).toBe('ok');
  expect(got.iterations).toBe(want.iterations);
  expect(coefficientDistance(got.coef, want.coef)).toBeLessThan(1e-10);
  expect(Math.abs(got.alpha! / want.alpha - 1)).toBeLessThan(1e-10);
  expect(Math.abs(got.lambda! / want.lambda - 1)).toBeLessThan(1e-10);
  expect(Math.abs(got.intercept - want.intercept)).toBeLessThan(
    1e-10 * Math.max(1, Math.abs(want.intercept)),
  );
}

function normals(stream: string, rows: number, cols: number): Matrix {
  const rng = rngFromSeed(seed, stream, rows, cols);
  return matrix(
    rows,
    cols,
    Float64Array.from({ length: rows * cols }, () => rng.normal()),
  );
}

describe.each(backends)('against scikit-learn 1.2.1 BayesianRidge, %s backend', (_, backend) => {
  it.each(reference.cases.map((c) => [c.name, c] as const))('%s', (_name, { x, y, fit: want }) => {
    expectSklearn(fit(matrixFromRows(x), y, 'faithful', backend), want);
  });

  it.skipIf(!nhanesPresent)('NHANES III: both modalities, raw and standardised, six traits', () => {
    const { traits } = reference.nhanesColumns;
    for (const modality of ['count', 'biochemistry'] as const) {
      const features = reference.nhanesColumns[modality];
      const all = completeNhanes([
        ...reference.nhanesColumns.count,
        ...reference.nhanesColumns.biochemistry,
        ...traits,
      ]);
      expect(all[0]!.length).toBe(reference.nhanesRows);
      const offset = modality === 'count' ? 0 : reference.nhanesColumns.count.length;
      for (const scaling of ['raw', 'z'] as const) {
        const scaled = all.map((column) => (scaling === 'raw' ? column : standardised(column)));
        const x = factorise(matrixFromColumns(scaled.slice(offset, offset + features.length)), backend);
        const targets = projectTargets(x, scaled.slice(-traits.length), backend);
        for (const want of reference.nhanes) {
          if (want.modality !== modality || want.scaling !== scaling) continue;
          expectSklearn(fitRidge(x, targets[traits.indexOf(want.trait)]!, 'faithful'), want.fit);
        }
      }
    }
  });
});

describe('recommended mode maximises the evidence', () => {
  it('its evidence is at least that of the faithful fit, and of nearby precisions', () => {
    for (const { x, y } of reference.cases) {
      const factorisation = factorise(matrixFromRows(x), portableBackend);
      const target = projectTargets(factorisation, [y], portableBackend)[0]!;
      const faithful = fitRidge(factorisation, target, 'faithful');
      const best = fitRidge(factorisation, target, 'recommended');
      // With rank n − 1 the evidence has no maximum (see the next test).
      if (factorisation.values.length < y.length - 1) {
        expect(best.logEvidence!).toBeGreaterThanOrEqual(faithful.logEvidence!);
      }
      if (best.status !== 'ok') continue;
      expect(logEvidence(factorisation, target, best.alpha!, best.lambda!)).toBe(best.logEvidence);
      for (const [a, l] of [
        [1.01, 1],
        [0.99, 1],
        [1, 1.01],
        [1, 0.99],
        [1.01, 1.01],
      ] as const) {
        // prettier-ignore
        expect(logEvidence(factorisation, target, best.alpha! * a, best.lambda! * l)).toBeLessThan(best.logEvidence!);
      }
    }
  });

  it('more columns than rows and no signal: scikit-learn interpolates, for the evidence grows like −½·log δ; we report no signal', () => {
    const { x, y, fit: sklearn } = reference.cases.find(({ name }) => name === 'no signal, p > n')!;
    expect(sklearn.alpha / sklearn.lambda).toBeGreaterThan(1e3);
    const residuals = predictRidge(
      { ...sklearn, coef: Float64Array.from(sklearn.coef) },
      matrixFromRows(x),
    ).map((v, i) => v - y[i]!);
    expect(Math.max(...residuals.map(Math.abs))).toBeLessThan(1e-3);
    expect(fit(matrixFromRows(x), y, 'recommended').status).toBe('no-signal');
  });

  it('the evidence is the density of y under its marginal normal N(ȳ, I/α + XXᵀ/λ)', () => {
    const x = normals('evidence', 9, 4);
    const y = Array.from(normals('evidence y', 9, 1).data);
    const factorisation = factorise(x, portableBackend);
    const target = projectTargets(factorisation, [y], portableBackend)[0]!;
    const [alpha, lambda] = [1.7, 0.6];
    const covariance = portableBackend.syrk(factorisation.centred!, 'N');
    for (let i = 0; i < 81; i++)
      covariance.data[i] = covariance.data[i]! / lambda + (i % 10 === 0 ? 1 / alpha : 0);
    const cholesky = portableBackend.potrf(covariance);
    if (!cholesky.ok) throw new Error('not positive definite');
    const residual = matrix(
      9,
      1,
      Float64Array.from(y, (value) => value - target.mean),
    );
    const solved = portableBackend.potrs(cholesky.factor, residual);
    let want = -4.5 * Math.log(2 * Math.PI);
    for (let i = 0; i < 9; i++)
      want -= 0.5 * solved.data[i]! * residual.data[i]! + Math.log(cholesky.factor.data[i * 10]!);
    expect(logEvidence(factorisation, target, alpha, lambda)).toBeCloseTo(want, 11);
  });

  it("at the optimum MacKay's fixed point holds: λ‖w‖² = γ and α·SSE = n − γ", () => {
    for (const { x, y, name } of reference.cases) {
      const best = fit(matrixFromRows(x), y, 'recommended');
      if (best.status !== 'ok') continue;
      const squaredNorm = best.coef.reduce((sum, w) => sum + w * w, 0);
      const squaredError = predictRidge(best, matrixFromRows(x)).reduce(
        (sum, value, i) => sum + (y[i]! - value) ** 2,
        0,
      );
      expect(best.lambda! * squaredNorm, name).toBeCloseTo(best.effectiveParameters, 7);
      expect(best.alpha! * squaredError, name).toBeCloseTo(y.length - best.effectiveParameters, 7);
    }
  });

  it('faithful mode with a tight tolerance converges to it', () => {
    const { x, y } = reference.cases[0]!;
    const factorisation = factorise(matrixFromRows(x), portableBackend);
    const target = projectTargets(factorisation, [y], portableBackend)[0]!;
    const tight = { maxIterations: 10_000, tolerance: 1e-14, alpha1: 0, alpha2: 0, lambda1: 0, lambda2: 0 };
    const converged = fitRidge(factorisation, target, 'faithful', tight);
    expect(
      coefficientDistance(converged.coef, fitRidge(factorisation, target, 'recommended').coef),
    ).toBeLessThan(1e-11);
  });

  it('a null trait reaches w = 0 in about half of draws, and never predicts out of sample', () => {
    const [n, p, draws] = [400, 15, 300];
    const x = factorise(normals('null x', n, p), portableBackend);
    const rng = rngFromSeed(seed, 'null y');
    const targets = Array.from({ length: draws }, () => Float64Array.from({ length: n }, () => rng.normal()));
    const fits = projectTargets(x, targets, portableBackend).map((target) =>
      fitRidge(x, target, 'recommended'),
    );
    const share = fits.filter(({ status }) => status === 'no-signal').length / draws;
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.65);
    const fresh = normals('null x, new people', 2000, p);
    const freshY = Array.from({ length: 2000 }, () => rng.normal());
    const total = freshY.reduce((sum, value) => sum + value * value, 0);
    const mean =
      fits.reduce((sum, one) => {
        const error = predictRidge(one, fresh).reduce((s, value, i) => s + (freshY[i]! - value) ** 2, 0);
        return sum + (1 - error / total);
      }, 0) / draws;
    expect(mean).toBeLessThan(0.002);
  });

  it('recovers the precisions that made the data', () => {
    const rng = rngFromSeed(seed, 'recover');
    const x = normals('recover x', 3000, 200);
    const w = Float64Array.from({ length: 200 }, () => 0.1 * rng.normal());
    const y = predictRidge({ coef: w, intercept: 3 }, x).map((value) => value + 2 * rng.normal());
    const best = fit(x, y, 'recommended');
    // Three standard errors of a variance estimate: √(2/n) of the noise, about √(2/γ) of the weights.
    expect(Math.abs(best.alpha! * 4 - 1)).toBeLessThan(3 * Math.sqrt(2 / 2800));
    expect(Math.abs(best.lambda! * 0.01 - 1)).toBeLessThan(3 * Math.sqrt(2 / best.effectiveParameters));
  });
});

describe('shared factorisation', () => {
  const x = normals('shared', 60, 7);
  const targets = Array.from({ length: 40 }, (_, k) => normals(`target ${k}`, 60, 1).data);

  it.each(backends)("a target's bits do not depend on its siblings (%s)", (_, backend) => {
    const factorisation = factorise(x, backend);
    const together = projectTargets(factorisation, targets, backend);
    targets.forEach((y, k) => expect(projectTargets(factorisation, [y], backend)[0]).toEqual(together[k]));
    expect(projectTargets(factorisation, targets.toReversed(), backend).reverse()).toEqual(together);
  });

  it('from a Gram matrix and moments it gives the same fits', () => {
    const whole = factorise(x, portableBackend);
    const centred = whole.centred!;
    const fromGram = factoriseGram(portableBackend.syrk(centred, 'T'), 60, whole.means, portableBackend);
    const target = projectTargets(whole, [targets[0]!], portableBackend)[0]!;
    const cross = portableBackend.gemm(
      centred,
      matrix(
        60,
        1,
        targets[0]!.map((y) => y - target.mean),
      ),
      'T',
    ).data;
    for (const mode of ['faithful', 'recommended'] as const) {
      const direct = fitRidge(whole, target, mode);
      const moments = fitRidge(fromGram, projectMoments(fromGram, { ...target, cross }), mode);
      expect(coefficientDistance(moments.coef, direct.coef)).toBeLessThan(1e-12);
      expect(moments.intercept).toBeCloseTo(direct.intercept, 12);
    }
    expect(() => projectTargets(fromGram, [targets[0]!], portableBackend)).toThrow('projects moments only');
  });

  it('the route does not matter: more than 128 columns, more columns than rows, the same answer as by Cholesky', () => {
    const delta = 3;
    for (const [n, p] of [
      [200, 140],
      [140, 139],
      [60, 140],
      [129, 300],
    ] as const) {
      // prettier-ignore
      const wide = normals('route', n, p);
      const y = normals('route y', n, 1);
      for (const [, backend] of backends) {
        const factorisation = factorise(wide, backend);
        const target = projectTargets(factorisation, [y.data], backend)[0]!;
        const got = combineAxes(
          factorisation,
          target.u.map((u, k) => u / (factorisation.values[k]! + delta)),
        );
        const gram = backend.syrk(factorisation.centred!, 'T');
        for (let j = 0; j < p; j++) gram.data[j * p + j]! += delta;
        const cholesky = backend.potrf(gram);
        if (!cholesky.ok) throw new Error('not positive definite');
        const direct = backend.potrs(cholesky.factor, backend.gemm(factorisation.centred!, y, 'T'));
        expect(coefficientDistance(got, direct.data)).toBeLessThan(1e-11);
      }
    }
  });
});

describe('predictive variance', () => {
  it.each([
    [30, 4],
    [10, 25],
  ])('is 1/α + xᵀΣx by the dense formula, %d rows and %d columns', (n, p) => {
    // prettier-ignore
    const x = normals('variance', n, p);
    const factorisation = factorise(x, portableBackend);
    const target = projectTargets(factorisation, [normals('variance y', n, 1).data], portableBackend)[0]!;
    const best = { ...fitRidge(factorisation, target, 'faithful'), alpha: 2.5, lambda: 0.7 };
    const precision = portableBackend.syrk(factorisation.centred!, 'T');
    for (let i = 0; i < p * p; i++)
      precision.data[i] = precision.data[i]! * best.alpha + (i % (p + 1) === 0 ? best.lambda : 0);
    const cholesky = portableBackend.potrf(precision);
    if (!cholesky.ok) throw new Error('not positive definite');
    const fresh = normals('variance, new', 6, p);
    const shifted = matrix(
      6,
      p,
      fresh.data.map((value, i) => value - factorisation.means[i % p]!),
    );
    const solved = portableBackend.potrs(cholesky.factor, transpose(shifted));
    const got = predictiveVariance(factorisation, best, fresh, portableBackend);
    for (let i = 0; i < 6; i++) {
      let want = 1 / best.alpha;
      for (let j = 0; j < p; j++) want += shifted.data[i * p + j]! * solved.data[j * 6 + i]!;
      expect(Math.abs(got[i]! / want - 1)).toBeLessThan(1e-10);
    }
  });

  it('95 % intervals cover 95 % of new observations', () => {
    const rng = rngFromSeed(seed, 'coverage');
    let covered = 0;
    const [sets, fresh] = [200, 20];
    for (let s = 0; s < sets; s++) {
      const x = normals(`coverage ${s}`, 80 + fresh, 10);
      const w = Float64Array.from({ length: 10 }, () => 0.5 * rng.normal());
      const y = predictRidge({ coef: w, intercept: 1 }, x).map((value) => value + rng.normal());
      const train = factorise(
        takeRows(
          x,
          Array.from({ length: 80 }, (_, i) => i),
        ),
        portableBackend,
      );
      const best = fitRidge(
        train,
        projectTargets(train, [y.slice(0, 80)], portableBackend)[0]!,
        'recommended',
      );
      const test = takeRows(
        x,
        Array.from({ length: fresh }, (_, i) => 80 + i),
      );
      const mean = predictRidge(best, test);
      predictiveVariance(train, best, test, portableBackend).forEach((variance, i) => {
        if (Math.abs(y[80 + i]! - mean[i]!) < 1.959964 * Math.sqrt(variance)) covered++;
      });
    }
    // 4,000 intervals in 200 independent sets; the plug-in of α and λ and the mean's own error cost up to two points.
    expect(covered / (sets * fresh)).toBeGreaterThan(0.925);
    expect(covered / (sets * fresh)).toBeLessThan(0.965);
  });
});

describe('properties', () => {
  const x = normals('properties', 40, 5);
  const y = predictRidge({ coef: Float64Array.of(1, 0, -1, 0.5, 0), intercept: 2 }, x).map(
    (value, i) => value + Math.sin(i * i),
  );

  it('the order of rows does not matter', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), (k) => {
        const order = rngFromSeed(seed, 'order', k).permutation(40);
        for (const mode of ['faithful', 'recommended'] as const) {
          const shuffled = fit(
            takeRows(x, order),
            Array.from(order, (i) => y[i]!),
            mode,
          );
          expect(coefficientDistance(shuffled.coef, fit(x, y, mode).coef)).toBeLessThan(1e-11);
        }
      }),
      { numRuns: 10 },
    );
  });

  it('recommended: scaling y scales w; shifting X or y moves only the intercept; scaling all of X scales w inversely', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.double({ min: -50, max: 50, noNaN: true }),
        (scale, shift) => {
          const base = fit(x, y, 'recommended');
          const moved = fit(
            x,
            y.map((value) => scale * value + shift),
            'recommended',
          );
          expect(
            coefficientDistance(
              moved.coef,
              base.coef.map((w) => w * scale),
            ),
          ).toBeLessThan(1e-9);
          expect(moved.intercept).toBeCloseTo(scale * base.intercept + shift, 6);
          const other = fit(
            matrix(
              40,
              5,
              x.data.map((value) => scale * value + shift),
            ),
            y,
            'recommended',
          );
          expect(
            coefficientDistance(
              other.coef,
              base.coef.map((w) => w / scale),
            ),
          ).toBeLessThan(1e-9);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('rotating the features rotates w and changes no prediction', () => {
    const rotation = portableBackend.eigenSymmetric(
      portableBackend.syrk(normals('rotation', 9, 5), 'T'),
    ).vectors;
    const base = fit(x, y, 'recommended');
    const rotatedX = portableBackend.gemm(x, rotation);
    const rotated = fit(rotatedX, y, 'recommended');
    expect(coefficientDistance(predictRidge(rotated, rotatedX), predictRidge(base, x))).toBeLessThan(1e-12);
  });
});

describe('degenerate input', () => {
  const x = normals('degenerate', 12, 3);
  const y = predictRidge({ coef: Float64Array.of(1, 2, 0), intercept: 0 }, x).map(
    (value, i) => value + Math.sin(9 * i),
  );
  const modes = ['faithful', 'recommended'] as const;

  it.each(modes)('%s: constant columns get exactly zero and change nothing', (mode) => {
    const withConstant = matrix(12, 4);
    for (let i = 0; i < 12; i++) withConstant.data.set([0.1, ...x.data.subarray(i * 3, i * 3 + 3)], i * 4);
    const got = fit(withConstant, y, mode);
    expect(got.coef[0]).toBe(0);
    expect(coefficientDistance(got.coef.subarray(1), fit(x, y, mode).coef)).toBeLessThan(1e-12);
  });

  it.each(modes)('%s: duplicate columns share their weight equally', (mode) => {
    const twice = matrix(12, 6);
    for (let i = 0; i < 12; i++) {
      const row = x.data.subarray(i * 3, i * 3 + 3);
      twice.data.set([...row, ...row], i * 6);
    }
    const { coef, status } = fit(twice, y, mode);
    expect(['ok', 'no-signal']).toContain(status);
    expect(coefficientDistance(coef.subarray(0, 3), coef.subarray(3))).toBeLessThan(1e-10);
  });

  it.each(modes)('%s: statuses that predict the mean', (mode) => {
    const few = fit(matrix(2, 1, Float64Array.of(1, 2)), [3, 5], mode);
    expect(few).toMatchObject({
      status: 'too-few-rows',
      intercept: 4,
      alpha: null,
      lambda: null,
      iterations: null,
    });
    const constant = fit(x, new Float64Array(12).fill(0.1), mode);
    expect(constant).toMatchObject({
      status: 'constant-target',
      intercept: 0.1,
      alpha: null,
      logEvidence: null,
    });
    const none = fit(matrix(12, 2, new Float64Array(24).fill(7)), y, mode);
    expect(none).toMatchObject({ status: 'no-features', lambda: null });
    expect(Array.from(none.coef)).toEqual([0, 0]);
    expect(none.alpha).toBeGreaterThan(0);
    const noColumns = fit(matrix(12, 0), y, mode);
    expect(noColumns.status).toBe('no-features');
    expect(predictRidge(noColumns, matrix(2, 0))).toEqual(new Float64Array(2).fill(noColumns.intercept));
  });

  it('a target without noise is an exact fit in recommended mode; scikit-learn reports nothing', () => {
    const exact = predictRidge({ coef: Float64Array.of(1, -2, 3), intercept: 4 }, x);
    const best = fit(x, exact, 'recommended');
    expect(best.status).toBe('exact-fit');
    expect(coefficientDistance(best.coef, [1, -2, 3])).toBeLessThan(1e-8);
    expect(best.intercept).toBeCloseTo(4, 8);
    expect(fit(x, exact, 'faithful').status).toBe('ok');
  });

  it('too few iterations are a status, not a throw', () => {
    const factorisation = factorise(x, portableBackend);
    const target = projectTargets(factorisation, [y], portableBackend)[0]!;
    const options = {
      maxIterations: 2,
      tolerance: 1e-12,
      alpha1: 1e-6,
      alpha2: 1e-6,
      lambda1: 1e-6,
      lambda2: 1e-6,
    };
    expect(fitRidge(factorisation, target, 'faithful', options)).toMatchObject({
      status: 'not-converged',
      iterations: 2,
    });
  });

  it("missing values are the caller's to handle", () => {
    expect(() => factorise(matrixFromRows([[1], [NaN]]), portableBackend)).toThrow(
      'X has NaN at row 1, column 0',
    );
  });

  it('variance where nothing was estimated', () => {
    const factorisation = factorise(x, portableBackend);
    const flat = fitRidge(
      factorisation,
      projectTargets(factorisation, [new Float64Array(12)], portableBackend)[0]!,
      'faithful',
    );
    expect(Array.from(predictiveVariance(factorisation, flat, x, portableBackend))).toEqual(
      new Array(12).fill(NaN),
    );
  });
});
