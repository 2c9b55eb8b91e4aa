/** Genotypes held as moments: the same models as from the matrix, and sums that no partition of the people changes. */
import { describe, expect, it } from 'vitest';
import { fitRidge, fitSystem } from '../../stats/bayesian-ridge.js';
import { DosageModality, MeasuredBlock, suitMoments } from '../../stats/dosage-modality.js';
import { GAP, addWeighted, dosageBlock, products, type DosageBlock } from '../../stats/dosage-block.js';
import { centredGram, dosageMoments } from '../../stats/dosage-moments.js';
import { factorise, projectTargets } from '../../stats/factorisation.js';
import type { Backend } from '../../stats/linalg/backend.js';
import { matrix, type Matrix } from '../../stats/linalg/matrix.js';
import { portableBackend } from '../../stats/linalg/portable.js';
import {
  applyQ,
  applyQTransposed,
  factorShifted,
  solveShifted,
  traceOfInverse,
} from '../../stats/linalg/tridiagonal.js';
import { rngFromSeed } from '../../stats/rng.js';
import { DenseModality, type LinearModel } from '../../stats/stack.js';
import { TridiagonalSystem, tridiagonalDesign } from '../../stats/tridiagonal-system.js';
import { backends } from './backends.js';

const seed = 'd0'.repeat(32);
const N = 420;
const P = 140;
const modes = ['faithful', 'recommended'] as const;
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Calls of N people, variant by variant: some never vary, one has gaps only, one repeats another. */
function calls(): Uint8Array {
  const rng = rngFromSeed(seed, 'calls');
  const values = new Uint8Array(P * N);
  for (let j = 0; j < P; j++) {
    const frequency = 0.05 + 0.9 * rng.uniform();
    for (let i = 0; i < N; i++) {
      const gap = rng.uniform() < 0.03;
      const copies = (rng.uniform() < frequency ? 1 : 0) + (rng.uniform() < frequency ? 1 : 0);
      values[j * N + i] = gap ? GAP : copies;
    }
  }
  values.fill(1, 5 * N, 6 * N);
  values.copyWithin(8 * N, 7 * N, 8 * N);
  return values;
}
const all = calls();
/** The same as dosages in thousandths. */
const dosages = (() => {
  const rng = rngFromSeed(seed, 'dosages');
  return Float64Array.from(all, (call) =>
    call === GAP ? NaN : Math.min(2, Math.max(0, call + Math.round(100 * rng.normal()) / 1000)),
  );
})();
const cellOf = Int32Array.from({ length: N }, (_, i) => ((i * 7) % 11) % 4);
const y = (() => {
  const rng = rngFromSeed(seed, 'y');
  return Float64Array.from({ length: N }, (_, i) => {
    let sum = 5 + 4 * rng.normal();
    for (let j = 0; j < 60; j++) sum += ((j % 5) - 2) * 0.4 * (all[j * N + i] === GAP ? 1 : all[j * N + i]!);
    return sum;
  });
})();

function blockOf(values: Uint8Array | Float64Array, people: readonly number[]): DosageBlock {
  const picked =
    values instanceof Uint8Array ? new Uint8Array(P * people.length) : new Float64Array(P * people.length);
  for (let j = 0; j < P; j++)
    people.forEach((i, at) => (picked[j * people.length + at] = values[j * N + i]!));
  return dosageBlock(P, people.length, picked);
}

const variant = Int32Array.from(range(P));
const fill = Float64Array.from(range(P), (j) => {
  const seen = all.subarray(j * N, (j + 1) * N).filter((call) => call !== GAP);
  return seen.reduce((sum, call) => sum + call, 0) / seen.length;
});
const scale = Float64Array.from(range(P), (j) => (j === 20 ? 0.5 : 1));
const names = range(P).map((j) => `v${j}`);

function modality(values: Uint8Array | Float64Array, folds?: Int32Array): DosageModality {
  const members = range(4).map((cell) => range(N).filter((i) => cellOf[i] === cell));
  const column = new Int32Array(N);
  for (const people of members) people.forEach((i, at) => (column[i] = at));
  const blocks = members.map((people) => new MeasuredBlock(blockOf(values, people)));
  return new DosageModality(
    'snps',
    names,
    { variant, fill, scale },
    { blocks, block: cellOf, column },
    folds,
  );
}

function largestGap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const size = Math.max(...Array.from(b, Math.abs));
  return Math.max(...range(b.length).map((i) => Math.abs(a[i]! - b[i]!))) / size;
}

function expectSame(got: LinearModel, want: LinearModel): void {
  expect(got.status).toBe(want.status);
  expect(got.iterations).toBe(want.iterations);
  expect(largestGap(got.coef, want.coef)).toBeLessThan(1e-10);
  expect(largestGap(got.means, want.means)).toBeLessThan(1e-14);
  expect(Math.abs(got.alpha! / want.alpha! - 1)).toBeLessThan(1e-10);
  expect(Math.abs(got.lambda! / want.lambda! - 1)).toBeLessThan(1e-9);
  expect(Math.abs(got.intercept / want.intercept - 1)).toBeLessThan(1e-10);
}

describe.each(backends)('moments of blocks, %s', (_, backend) => {
  it.each([
    ['calls', all],
    ['dosages', dosages],
  ])('%s: models, predictions and matrix are those of the matrix', (_what, values) => {
    const held = modality(values, cellOf);
    const dense = new DenseModality('snps', names, held.dense(), cellOf);
    for (let j = 0; j < P; j++) {
      for (const i of [0, 1, 17, N - 1]) {
        const value = values[j * N + i]!;
        const isGap = values instanceof Uint8Array ? value === GAP : Number.isNaN(value);
        expect(dense.x.data[i * P + j]).toBe(scale[j]! * (isGap ? fill[j]! : value));
      }
    }
    for (const mode of modes) {
      for (const part of [null, 0, 3]) {
        const [got] = held.fitRidges(part, [y], mode, backend);
        const [want] = dense.fitRidges(part, [y], mode, backend);
        expectSame(got!, want!);
        expect(largestGap(held.predict(got!, part), dense.predict(want!, part))).toBeLessThan(1e-11);
      }
    }
  });

  it('a constant column gets exactly zero, a duplicate the same weight', () => {
    const [model] = modality(all).fitRidges(null, [y], 'faithful', backend);
    expect(model!.coef[5]).toBe(0);
    expect(model!.means[5]).toBe(1);
    expect(model!.coef[8]).toBeCloseTo(model!.coef[7]!, 12);
  });

  it('calls: joined blocks are the whole to the bit, however the people are divided', () => {
    const whole = dosageMoments(blockOf(all, range(N)), backend);
    const parts = range(4).map((cell) =>
      dosageMoments(
        blockOf(
          all,
          range(N).filter((i) => cellOf[i] === cell),
        ),
        backend,
      ),
    );
    const [one, joined, reversed] = [[whole], parts, parts.toReversed()].map((moments) =>
      centredGram(moments, { variant, fill, scale }),
    );
    expect(joined).toEqual(one);
    expect(reversed).toEqual(one);
    // Both triangles, of which only one is summed.
    const { data, cols } = one!.gram;
    for (let a = 0; a < cols; a++)
      for (let b = 0; b < a; b++) expect(data[a * cols + b]).toBe(data[b * cols + a]);
  });

  it('sums over gaps are those of a plain loop, with more gaps than a lane holds', () => {
    const [p, n] = [5, 2500];
    const rng = rngFromSeed(seed, 'gaps');
    const values = Uint8Array.from({ length: p * n }, () => Math.floor(4 * rng.uniform()));
    const exact = Float64Array.from(values, (call) => (call === GAP ? NaN : call));
    for (const block of [dosageBlock(p, n, values.slice()), dosageBlock(p, n, exact)]) {
      const { acrossGaps, sharedGaps, gaps, sums, products } = dosageMoments(block, backend);
      for (let j = 0; j < p; j++) {
        for (let k = 0; k < p; k++) {
          let [across, shared, product] = [0, 0, 0];
          for (let i = 0; i < n; i++) {
            const [a, b] = [values[j * n + i]!, values[k * n + i]!];
            if (a === GAP && b === GAP) shared++;
            else if (a === GAP) across += b;
            else if (b !== GAP) product += a * b;
          }
          expect(acrossGaps![j * p + k]).toBe(across);
          if (k <= j) expect([sharedGaps![j * p + k], products[j * p + k]]).toEqual([shared, product]);
        }
        const row = values.subarray(j * n, (j + 1) * n);
        expect(gaps[j]).toBe(row.filter((call) => call === GAP).length);
        expect(sums[j]).toBe(row.reduce((sum, call) => sum + (call === GAP ? 0 : call), 0));
      }
    }
  });

  it('sums over people are those of a plain loop, whatever the number of people and wherever the calls begin', () => {
    const rng = rngFromSeed(seed, 'sums');
    for (const n of [1, 2, 7, 8, 15, 16, 17, 33, 250]) {
      const p = 3;
      const raw = Uint8Array.from({ length: p * n }, () => Math.floor(4 * rng.uniform()));
      const weight = Float64Array.from({ length: n }, () => rng.normal());
      const offset = new Uint8Array(p * n + 1).subarray(1);
      offset.set(raw);
      const doubles = Float64Array.from(raw, (call) => (call === GAP ? NaN : call));
      for (const values of [raw.slice(), offset, doubles]) {
        const block = dosageBlock(p, n, values);
        const [order, filled, coef] = [
          Int32Array.of(2, 0),
          Float64Array.of(0.3, 1.7),
          Float64Array.of(-0.4, 2),
        ];
        const x = (f: number, i: number): number => {
          const call = raw[order[f]! * n + i]!;
          return call === GAP ? filled[f]! : call;
        };
        const got = products(block, weight, order, filled);
        const sums = Float64Array.from({ length: n }, (_, i) => i);
        addWeighted(sums, block, order, coef, filled);
        for (const f of [0, 1])
          expect(got[f]).toBeCloseTo(
            range(n).reduce((sum, i) => sum + x(f, i) * weight[i]!, 0),
            12,
          );
        for (let i = 0; i < n; i++) expect(sums[i]).toBeCloseTo(i - 0.4 * x(0, i) + 2 * x(1, i), 12);
      }
    }
  });

  it('a target that the variants reproduce goes by the spectral form, and so do all siblings right', () => {
    const held = modality(all);
    const dense = new DenseModality('snps', names, held.dense(), undefined);
    const exact = held.predict({ ...held.fitRidges(null, [y], 'faithful', backend)[0]! }, null);
    const got = held.fitRidges(null, [exact, y], 'recommended', backend);
    expect(got[0]!.status).toBe('exact-fit');
    expect(got[0]).toEqual(dense.fitRidges(null, [exact], 'recommended', backend)[0]);
    expect(got[1]).toEqual(held.fitRidges(null, [y], 'recommended', backend)[0]);
  });

  it('statuses that predict the mean', () => {
    const [constant] = modality(all).fitRidges(null, [new Float64Array(N).fill(3)], 'faithful', backend);
    expect(constant).toMatchObject({ status: 'constant-target', intercept: 3, alpha: null });
    const flat = new Uint8Array(P * N).fill(2);
    const [none] = modality(flat).fitRidges(null, [y], 'faithful', backend);
    expect(none).toMatchObject({ status: 'no-features', lambda: null });
  });
});

describe('tridiagonal form', () => {
  const rng = rngFromSeed(seed, 'symmetric');
  const x = matrix(
    200,
    60,
    Float64Array.from({ length: 12_000 }, () => rng.normal()),
  );
  const gram = (backend: Backend): Matrix => backend.syrk(x, 'T');

  it.each(backends)(
    'A = QTQᵀ, and T gives solutions, traces and determinants of A + δI (%s)',
    (_, backend) => {
      const a = gram(backend);
      const form = backend.tridiagonalise(a);
      const b = Float64Array.from({ length: 60 }, () => rng.normal());
      // A·b by way of T.
      const z = b.slice();
      applyQTransposed(form, z);
      const tz = z.map(
        (value, i) =>
          form.diagonal[i]! * value +
          (i > 0 ? form.off[i - 1]! * z[i - 1]! : 0) +
          (i < 59 ? form.off[i]! * z[i + 1]! : 0),
      );
      applyQ(form, tz);
      const direct = backend.gemm(a, matrix(60, 1, b)).data;
      expect(largestGap(tz, direct)).toBeLessThan(1e-13);
      const delta = 7;
      const factor = factorShifted(form, delta)!;
      const shifted = matrix(60, 60, a.data.slice());
      for (let i = 0; i < 60; i++) shifted.data[i * 61]! += delta;
      const cholesky = backend.potrf(shifted);
      if (!cholesky.ok) throw new Error('not positive definite');
      const solution = b.slice();
      applyQTransposed(form, solution);
      const solved = solveShifted(factor, solution);
      applyQ(form, solved);
      expect(largestGap(solved, backend.potrs(cholesky.factor, matrix(60, 1, b)).data)).toBeLessThan(1e-12);
      const values = backend.eigenvaluesSymmetric(a);
      const trace = values.reduce((sum, d) => sum + 1 / (d + delta), 0);
      expect(traceOfInverse(form, factor, delta) / trace).toBeCloseTo(1, 12);
      const logDeterminant = values.reduce((sum, d) => sum + Math.log(d + delta), 0);
      expect(factor.pivots.reduce((sum, pivot) => sum + Math.log(pivot), 0)).toBeCloseTo(logDeterminant, 9);
      expect(factorShifted(form, -values.at(-1)!)).toBeNull();
    },
  );

  it.each(backends)('a fit is that of the spectral form (%s)', (_, backend) => {
    const factorised = factorise(x, backend);
    const target = Float64Array.from(
      { length: 200 },
      (_, i) => x.data[i * 60]! - x.data[i * 60 + 1]! + 2 * rng.normal(),
    );
    const [projected] = projectTargets(factorised, [target], backend);
    const centred = factorised.centred!;
    const active = Int32Array.from(range(60));
    const design = tridiagonalDesign(backend.syrk(centred, 'T'), 200, factorised.means, active, backend);
    const cross = backend.gemm(
      centred,
      matrix(
        200,
        1,
        target.map((value) => value - projected!.mean),
      ),
      'T',
    ).data;
    for (const mode of modes) {
      const system = new TridiagonalSystem(design, { ...projected!, cross });
      const [got, want] = [fitSystem(system, mode), fitRidge(factorised, projected!, mode)];
      expect(system.isReliable).toBe(true);
      expect(got.iterations).toBe(want.iterations);
      expect(largestGap(got.coef, want.coef)).toBeLessThan(1e-11);
      expect(got.effectiveParameters / want.effectiveParameters).toBeCloseTo(1, 11);
      expect(got.logEvidence! / want.logEvidence!).toBeCloseTo(1, 12);
    }
  });

  it.each(backends)('syrkAdd adds to the lower triangle in either precision (%s)', (_, backend) => {
    const a = Float32Array.of(1, 2, 0, 2, 1, 1);
    const single = new Float32Array(4).fill(10);
    backend.syrkAdd(single, a, 2, 3);
    expect([single[0], single[2], single[3]]).toEqual([15, 14, 16]);
    const double = new Float64Array(4);
    backend.syrkAdd(double, Float64Array.from(a), 2, 3);
    expect([double[0], double[2], double[3]]).toEqual([5, 4, 6]);
    expect(double[1]).toBe(0);
  });
});

describe('which form', () => {
  it('moments where there are more variants than Jacobi takes and fewer than people', () => {
    expect([
      suitMoments(128, 1000),
      suitMoments(129, 1000),
      suitMoments(999, 1000),
      suitMoments(998, 1000),
    ]).toEqual([false, true, false, true]);
    expect(portableBackend.kind).toBe('portable');
  });
});
