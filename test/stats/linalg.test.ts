import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ITEM_TILE, productWithItems } from '../../stats/linalg/items.js';
import {
  centred,
  columnMeans,
  findBackend,
  linalg,
  matrix,
  matrixFromColumns,
  matrixFromRows,
  measureGflops,
  takeRows,
  transpose,
  type Matrix,
  type Operand,
} from '../../stats/linalg/linalg.js';
import { backends } from './backends.js';

/** A fixed, irregular matrix: reproducible without a generator. */
function sample(rows: number, cols: number, seed = 1): Matrix {
  return matrix(
    rows,
    cols,
    Float64Array.from(
      { length: rows * cols },
      (_, i) => ((Math.sin((i + 1) * 12.9898 * seed) * 43758.5453) % 1) * 2,
    ),
  );
}

function naive(a: Matrix, b: Matrix, opA: Operand, opB: Operand): Matrix {
  const left = opA === 'N' ? a : transpose(a);
  const right = opB === 'N' ? b : transpose(b);
  const c = matrix(left.rows, right.cols);
  for (let i = 0; i < c.rows; i++) {
    for (let j = 0; j < c.cols; j++) {
      let sum = 0;
      for (let k = 0; k < left.cols; k++)
        sum += left.data[i * left.cols + k]! * right.data[k * right.cols + j]!;
      c.data[i * c.cols + j] = sum;
    }
  }
  return c;
}

function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  return worst;
}

describe.each(backends)('%s backend', (_, backend) => {
  it.each([
    [1, 1, 1],
    [3, 5, 4],
    [65, 33, 257],
    [4, 4, 600],
    [70, 513, 7],
  ])('gemm of %d × %d with inner %d, all transposes', (m, n, k) => {
    for (const opA of ['N', 'T'] as const) {
      for (const opB of ['N', 'T'] as const) {
        const a = opA === 'N' ? sample(m, k) : sample(k, m);
        const b = opB === 'N' ? sample(k, n, 2) : sample(n, k, 2);
        const got = backend.gemm(a, b, opA, opB);
        expect([got.rows, got.cols]).toEqual([m, n]);
        expect(difference(got.data, naive(a, b, opA, opB).data)).toBeLessThan(1e-13 * k);
        backend.gemmAdd(got, a, b, opA, opB);
        expect(
          difference(
            got.data,
            naive(a, b, opA, opB).data.map((x) => 2 * x),
          ),
        ).toBeLessThan(2e-13 * k);
      }
    }
  });

  it('syrk is gemm with itself, both triangles', () => {
    for (const [rows, cols] of [
      [130, 67],
      [7, 70],
      [1, 3],
    ] as const) {
      const a = sample(rows, cols);
      expect(difference(backend.syrk(a, 'T').data, naive(a, a, 'T', 'N').data)).toBeLessThan(1e-12);
      const outer = backend.syrk(a, 'N');
      expect(difference(outer.data, naive(a, a, 'N', 'T').data)).toBeLessThan(1e-12);
      expect(difference(outer.data, transpose(outer).data)).toBe(0);
    }
  });

  it.each([
    [1, 1],
    [257, 33],
    [33, 261],
  ])('gemvAdd of %d × %d adds the product to what is there, either way', (rows, cols) => {
    const a = sample(rows, cols);
    for (const op of ['N', 'T'] as const) {
      const [m, n] = op === 'N' ? [rows, cols] : [cols, rows];
      const x = sample(n, 1, 3);
      const y = new Float64Array(m).fill(0.5);
      backend.gemvAdd(y, a, x.data, op);
      naive(a, x, op, 'N').data.forEach((value, i) => expect(y[i]! - 0.5).toBeCloseTo(value, 10));
    }
    const empty = Float64Array.of(7);
    backend.gemvAdd(empty, matrix(1, 0), new Float64Array(0), 'N');
    expect([...empty]).toEqual([7]);
  });

  it('syrkAdd sums AᵀA over blocks of rows, in either precision', () => {
    const a = sample(40, 9);
    const whole = backend.syrk(a, 'T').data;
    const double = new Float64Array(81);
    const single = new Float32Array(81);
    for (const start of [0, 25]) {
      const size = start === 0 ? 25 : 15;
      const block = a.data.subarray(start * 9, (start + size) * 9);
      backend.syrkAdd(double, block, size, 9, 'T');
      backend.syrkAdd(single, Float32Array.from(block), size, 9, 'T');
    }
    for (let i = 0; i < 9; i++) {
      for (let j = 0; j <= i; j++) {
        expect(double[i * 9 + j]).toBeCloseTo(whole[i * 9 + j]!, 10);
        expect(single[i * 9 + j]).toBeCloseTo(whole[i * 9 + j]!, 3);
      }
    }
  });

  it('a Cholesky factor multiplies back, and solves', () => {
    for (const n of [1, 2, 63, 64, 65, 150]) {
      const a = backend.syrk(sample(2 * n + 3, n), 'T');
      const lowerOnly = matrix(
        n,
        n,
        a.data.map((x, i) => (i % n > Math.floor(i / n) ? NaN : x)),
      );
      const cholesky = backend.potrf(lowerOnly);
      if (!cholesky.ok) throw new Error(`not positive definite at ${cholesky.pivot}`);
      expect(difference(backend.gemm(cholesky.factor, cholesky.factor, 'N', 'T').data, a.data)).toBeLessThan(
        1e-11,
      );
      const b = sample(n, 3, 5);
      const before = b.data.slice();
      const x = backend.potrs(cholesky.factor, b);
      expect(b.data).toEqual(before);
      expect(difference(backend.gemm(a, x).data, b.data)).toBeLessThan(1e-9);
    }
  });

  it('a matrix that is not positive definite is reported with its pivot', () => {
    expect(backend.potrf(matrixFromRows([[1, 0, 0], [0, 2, 0], [0, 0, 0]]))).toEqual({ ok: false, pivot: 2 }); // prettier-ignore
    expect(backend.potrf(matrixFromRows([[1, 2], [2, 1]]))).toEqual({ ok: false, pivot: 1 }); // prettier-ignore
    expect(backend.potrf(matrixFromRows([[NaN]]))).toEqual({ ok: false, pivot: 0 });
  });

  it.each([1, 2, 3, 10, 40, 121])('eigenvectors of a matrix of order %d', (n) => {
    const half = sample(n, n, 3);
    const a = matrix(n, n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) a.data[i * n + j] = half.data[i * n + j]! + half.data[j * n + i]!;
    const { values, vectors } = backend.eigenSymmetric(a);
    expect(Array.from(values)).toEqual(Array.from(values).sort((x, y) => x - y));
    const identity = matrix(n, n);
    for (let i = 0; i < n; i++) identity.data[i * n + i] = 1;
    expect(difference(backend.gemm(vectors, vectors, 'N', 'T').data, identity.data)).toBeLessThan(
      1e-13 * n + 1e-14,
    );
    const scaled = matrix(
      n,
      n,
      vectors.data.map((x, i) => x * values[Math.floor(i / n)]!),
    );
    expect(difference(backend.gemm(vectors, scaled, 'T', 'N').data, a.data)).toBeLessThan(1e-13 * n + 1e-14);
    expect(difference(backend.eigenvaluesSymmetric(a), values)).toBeLessThan(1e-13 * n + 1e-14);
  });

  it('eigenvalues with a closed form: the second-difference matrix, a repeated value, zero, a huge and a tiny scale', () => {
    const n = 60;
    const a = matrix(n, n);
    for (let i = 0; i < n; i++) {
      a.data[i * n + i] = 2;
      if (i > 0) a.data[i * n + i - 1] = -1;
    }
    const exact = Float64Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)));
    for (const scale of [1, 1e-200, 1e200]) {
      const scaled = matrix(
        n,
        n,
        a.data.map((x) => x * scale),
      );
      expect(
        difference(
          backend.eigenSymmetric(scaled).values.map((x) => x / scale),
          exact,
        ),
      ).toBeLessThan(1e-14);
    }
    const ones = matrix(5, 5, new Float64Array(25).fill(1));
    expect(difference(backend.eigenSymmetric(ones).values, [0, 0, 0, 0, 5])).toBeLessThan(1e-14);
    expect(Array.from(backend.eigenSymmetric(matrix(3, 3)).values)).toEqual([0, 0, 0]);
    expect(backend.eigenSymmetric(matrix(0, 0)).values.length).toBe(0);
  });

  it('a matrix with NaN is refused, not looped over', () => {
    expect(() => backend.eigenSymmetric(matrixFromRows([[1, 0], [NaN, 1]]))).toThrow('NaN or infinity'); // prettier-ignore
  });

  it('an empty product is zeros', () => {
    expect(Array.from(backend.gemm(matrix(2, 0), matrix(0, 3)).data)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("an item's bits are the same alone, in a batch, at another place, with other siblings", () => {
    for (const op of ['N', 'T'] as const) {
      const a = op === 'N' ? sample(53, 301) : sample(301, 53);
      const items = Array.from({ length: 2 * ITEM_TILE + 5 }, (_, i) => sample(1, 301, i + 2).data);
      const all = productWithItems(backend, a, items, op);
      expect(difference(all[7] ?? [], naive(a, matrix(301, 1, items[7]), op, 'N').data)).toBeLessThan(1e-11);
      items.forEach((item, i) => expect(productWithItems(backend, a, [item], op)[0]).toEqual(all[i]));
      expect(productWithItems(backend, a, items.toReversed(), op).reverse()).toEqual(all);
      const spoiled = items.map((item, i) => (i === 3 ? new Float64Array(301).fill(NaN) : item));
      expect(productWithItems(backend, a, spoiled, op)[4]).toEqual(all[4]);
    }
    expect(productWithItems(backend, sample(3, 2), [])).toEqual([]);
    expect(() => productWithItems(backend, sample(3, 2), [[1]])).toThrow('item 0 has 1 values, expected 2');
  });

  it('has a name to record', () => {
    expect(backend.name).toMatch(backend.kind === 'portable' ? /^portable \d+/ : /\S+/);
    expect(measureGflops(backend, 64, 1)).toBeGreaterThan(0);
  });
});

describe('the two backends', () => {
  it.skipIf(backends.length < 2)('agree', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 99 }),
        (m, n, seed) => {
          const a = sample(m, n, seed);
          const [first, second] = backends.map(([, backend]) => backend.syrk(a, 'T').data);
          expect(difference(first!, second!)).toBeLessThan(1e-12);
          const [values, others] = backends.map(([, backend]) =>
            backend.eigenvaluesSymmetric(backend.syrk(a, 'T')),
          );
          expect(difference(values!, others!)).toBeLessThan(1e-11);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('choosing a backend', () => {
  it('COHORTFLOW_BLAS=none forces the portable one', () => {
    expect(findBackend({ COHORTFLOW_BLAS: 'none' }).backend.kind).toBe('portable');
  });
  it('a library that does not load is an error, not a silent change of results', () => {
    expect(() => findBackend({ COHORTFLOW_BLAS: '/nowhere/libblas.so' })).toThrow(
      'COHORTFLOW_BLAS=/nowhere/libblas.so cannot be used:',
    );
  });
  it.skipIf(backends.length < 2)('COHORTFLOW_BLAS=path names the library', () => {
    const { library, backend } = findBackend({});
    expect(findBackend({ COHORTFLOW_BLAS: library })).toMatchObject({
      library,
      backend: { name: backend.name },
    });
  });
  it('the choice is made once, and leaves the environment as it was', () => {
    const before = { ...process.env };
    expect(linalg()).toBe(linalg());
    expect({ ...process.env }).toEqual(before);
  });
});

describe('matrices', () => {
  const a = matrixFromRows([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
  it('are built from rows or columns, sliced and transposed', () => {
    expect(matrixFromColumns([[1, 4], [2, 5], [3, 6]])).toEqual(a); // prettier-ignore
    expect(transpose(transpose(sample(45, 70)))).toEqual(sample(45, 70));
    expect(takeRows(a, [1, 1, 0])).toEqual(matrixFromRows([[4, 5, 6], [4, 5, 6], [1, 2, 3]])); // prettier-ignore
    expect(matrixFromColumns([], 4)).toEqual(matrix(4, 0));
  });
  it('are centred by their means', () => {
    expect(Array.from(columnMeans(a))).toEqual([2.5, 3.5, 4.5]);
    expect(Array.from(columnMeans(centred(a, columnMeans(a))))).toEqual([0, 0, 0]);
  });
  it('refuse data that do not fit', () => {
    expect(() => matrix(2, 2, new Float64Array(3))).toThrow(
      'internal error: a 2 × 2 matrix needs 4 values, got 3',
    );
    expect(() => matrixFromRows([[1], [1, 2]])).toThrow('row 1 has 2 values, expected 1');
    expect(() => matrixFromColumns([[1], [1, 2]])).toThrow('column 1 has 2 values, expected 1');
  });
});
