import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitKnn, imputeKnn, type KnnWeights } from '../../stats/knn.js';
import { portableBackend } from '../../stats/linalg/portable.js';
import { applyZScore, fitZScore } from '../../stats/zscore.js';
import { haveData, readCohort, readReference } from './cohort-csv.js';

interface RandomCase {
  call: string;
  k: number;
  weights: KnnWeights;
  donors: number;
  x: (number | null)[][];
  imputed: number[][];
}
const reference = readReference('knn') as {
  tool: string;
  version: string;
  random: RandomCase[];
  nhanes: { call: string; columns: string[]; cells: [number, number, number][] };
};

const toColumns = (rows: readonly (readonly (number | null)[])[]): Float64Array[] =>
  rows[0]!.map((_, j) => Float64Array.from(rows, (row) => row[j] ?? NaN));
const firstRows = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);

describe('against scikit-learn KNNImputer', () => {
  it.each(reference.random)('random data: $call', ({ x, imputed, donors, k, weights }) => {
    const columns = toColumns(x);
    const out = imputeKnn(fitKnn(columns, { k, weights, donors: firstRows(donors) }), columns);
    toColumns(imputed).forEach((expected, j) => {
      expected.forEach((value, i) => expect(Math.abs(out.columns[j]![i]! - value)).toBeLessThan(1e-12));
    });
    expect(out.fromMean.some((count) => count > 0)).toBe(true);
  });

  it.skipIf(!haveData('cohorts/nhanes3.csv.gz'))('NHANES III blood traits, donors the first 2,000', () => {
    const cohort = readCohort('cohorts/nhanes3.csv.gz');
    const raw = reference.nhanes.columns.map((name) => cohort.numbers(name).subarray(0, 3000));
    const rows = firstRows(2000);
    const z = applyZScore(raw, fitZScore(raw, { rows }));
    const out = imputeKnn(fitKnn(z, { donors: rows }), z);
    expect(reference.nhanes.cells.length).toBeGreaterThan(500); // the tie-free ones of 600
    const differing = reference.nhanes.cells.filter(
      ([i, j, value]) => !(Math.abs(out.columns[j]![i]! - value) < 1e-12),
    );
    expect(differing.length).toBe(0);
  });
});

describe('a row never depends on the other rows imputed with it', () => {
  it('bit for bit, alone or in any batch, and under any order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.constantFrom<KnnWeights>('uniform', 'distance'),
        (seed, weights) => {
          const columns = randomColumns(seed, 90, 5, 0.3);
          const donors = fitKnn(columns, { donors: firstRows(50), weights });
          const all = imputeKnn(donors, columns).columns;
          for (const i of [3, 55, 89]) {
            const alone = imputeKnn(
              donors,
              columns.map((c) => c.slice(i, i + 1)),
            ).columns;
            alone.forEach((c, j) => expect(Object.is(c[0], all[j]![i])).toBe(true));
          }
          const reversed = imputeKnn(
            donors,
            columns.map((c) => c.slice().reverse()),
          ).columns;
          reversed.forEach((c, j) => expect(c.reverse()).toEqual(all[j]));
        },
      ),
      { numRuns: 20 },
    );
  });

  it('and is unmoved by scaling every column by one factor', () => {
    const columns = randomColumns(7, 80, 4, 0.25);
    const plain = imputeKnn(fitKnn(columns), columns).columns;
    const doubled = columns.map((c) => c.map((x) => 2 * x));
    const scaled = imputeKnn(fitKnn(doubled), doubled).columns;
    scaled.forEach((c, j) => expect(c.map((x) => x / 2)).toEqual(plain[j]));
  });
});

describe('degenerate inputs', () => {
  const impute = (columns: Float64Array[], k = 1) => imputeKnn(fitKnn(columns, { k }), columns);

  it('ties go to the donor that comes first', () => {
    const x = Float64Array.of(1, 1, 1, 1);
    const y = Float64Array.of(NaN, 30, 20, 10);
    expect(impute([x, y]).columns[1]![0]).toBe(30);
    expect(impute([x, y], 2).columns[1]![0]).toBe(25);
  });

  it('fewer donors than k: the mean of those there are', () => {
    const out = impute([Float64Array.of(0, 1, 2), Float64Array.of(NaN, 4, 8)], 5);
    expect(out.columns[1]).toEqual(Float64Array.of(6, 4, 8));
    expect(out.fromNeighbours[1]).toBe(1);
  });

  it('a donor without a common column is never averaged, even when neighbours are too few', () => {
    const a = Float64Array.of(0, 1, NaN);
    const b = Float64Array.of(NaN, 4, 100);
    expect(impute([a, b], 2).columns[1]![0]).toBe(4);
  });

  it('a row with nothing observed takes the column means; an empty column stays missing and is counted', () => {
    const empty = Float64Array.of(NaN, NaN, NaN);
    const x = Float64Array.of(NaN, 2, 4);
    const out = impute([x, empty]);
    expect(out.columns[0]).toEqual(Float64Array.of(3, 2, 4));
    expect(out.columns[1]).toEqual(empty);
    expect([...out.fromMean, ...out.unfilled]).toEqual([1, 0, 0, 3]);
  });

  it('no rows, no columns, nothing missing', () => {
    expect(impute([]).columns).toEqual([]);
    expect(impute([new Float64Array(0)]).columns).toEqual([new Float64Array(0)]);
    const full = Float64Array.of(1, 2);
    expect(impute([full]).columns[0]).toBe(full);
  });

  it('more than one block of donors and more than one batch of receivers', () => {
    const columns = randomColumns(11, 1500, 6, 0.2);
    const out = imputeKnn(fitKnn(columns), columns).columns;
    for (const [i, j] of [
      [700, 2],
      [1499, 5],
      [12, 0],
    ] as const) {
      const value = bruteForce(columns, i, j, 5);
      if (Number.isNaN(columns[j]![i]!)) expect(out[j]![i]!).toBeCloseTo(value, 12);
      else expect(out[j]![i]).toBe(columns[j]![i]);
    }
  });
});

/** Every 300th value of a column. */
const toSparse = (column: Float64Array): Float64Array => column.map((x, i) => (i % 300 === 7 ? x : NaN));

/** The definition, one cell at a time. */
function bruteForce(columns: readonly Float64Array[], row: number, target: number, k: number): number {
  const candidates: { distance: number; value: number }[] = [];
  for (let d = 0; d < columns[0]!.length; d++) {
    if (Number.isNaN(columns[target]![d]!)) continue;
    const common = columns.filter((c) => !Number.isNaN(c[row]!) && !Number.isNaN(c[d]!));
    if (common.length === 0) continue;
    const squares = common.reduce((sum, c) => sum + (c[row]! - c[d]!) ** 2, 0);
    candidates.push({ distance: squares * (columns.length / common.length), value: columns[target]![d]! });
  }
  const nearest = candidates.sort((a, b) => a.distance - b.distance).slice(0, k);
  return nearest.reduce((sum, c) => sum + c.value, 0) / nearest.length;
}

/** Seeded columns (a linear congruential generator: reproducible, and independent of the project's own rng). */
function randomColumns(seed: number, n: number, p: number, missing: number): Float64Array[] {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: p }, () =>
    Float64Array.from({ length: n }, () => {
      const value = uniform() + uniform() + uniform();
      return uniform() < missing ? NaN : value;
    }),
  );
}

describe('ruling donors out by products', () => {
  it('gives the neighbours of all distances compared one by one, with ties, offsets and many missing values', () => {
    for (const [seed, share, offset] of [
      [1, 0.05, 0],
      [2, 0.15, 1e6],
      [3, 0.5, -40],
    ] as const) {
      // Values on a coarse grid tie often; 12 columns make groups of donors that miss 0, 1 and more values.
      const columns = randomColumns(seed, 700, 12, share).map((column) =>
        column.map((x) => offset + Math.round(2 * x) / 2),
      );
      const out = imputeKnn(fitKnn(columns), columns);
      columns.forEach((column, j) => {
        for (let row = 0; row < 700; row += 7) {
          if (Number.isNaN(column[row]!)) expect(out.columns[j]![row]).toBe(bruteForce(columns, row, j, 5));
        }
      });
    }
  });

  // Without a system library there are no products: the distances of all donors are then compared one by one.
  const oneByOne = (columns: readonly Float64Array[]) => imputeKnn(fitKnn(columns), columns, portableBackend);

  it.each<[string, (columns: Float64Array[]) => Float64Array[]]>([
    ['ties', (columns) => columns.map((column) => column.map((x) => Math.round(2 * x)))],
    ['offsets', (columns) => columns.map((column) => column.map((x) => x + 1e9))],
    ['scales a million apart', (columns) => columns.map((column, j) => column.map((x) => x * 10 ** (j % 7)))],
    ['tiny values', (columns) => columns.map((column) => column.map((x) => x * 1e-130))],
    ['values whose squares underflow', (columns) => columns.map((column) => column.map((x) => x * 1e-170))],
    [
      'outliers',
      (columns) => columns.map((column, j) => column.map((x, i) => ((i + j) % 97 === 0 ? 1e3 * x : x))),
    ],
    [
      'values beyond single precision',
      (columns) => columns.map((column) => column.map((x, i) => (i % 411 === 0 ? x * 10 ** (i / 10) : x))),
    ],
    [
      'infinite values',
      (columns) => columns.map((column, j) => column.map((x, i) => ((i + j) % 555 === 0 ? Infinity : x))),
    ],
    [
      'panels that are missing whole, and rows with nothing',
      (columns) =>
        columns.map((column, j) =>
          column.map((x, i) => (i % 5 === (j < 7 ? 0 : 1) || i % 50 === 2 ? NaN : x)),
        ),
    ],
    ['a column that few have', ([, ...columns]) => [toSparse(columns[0]!), ...columns]],
  ])('gives the neighbours of all distances compared one by one: %s', (_, change) => {
    // More rows than the first donors and two batches of the rest.
    const columns = change(randomColumns(5, 1650, 14, 0.08));
    const expected = oneByOne(columns);
    expect(imputeKnn(fitKnn(columns), columns)).toEqual(expected);
    // Of other arrays the rows are not known to be the donors.
    const copies = columns.map((column) => column.slice());
    expect(imputeKnn(fitKnn(columns), copies)).toEqual(expected);
  });

  it('looks at values whose squares overflow', () => {
    const columns = [Float64Array.of(1e200, 1e200, 0), Float64Array.of(NaN, 5, 7), Float64Array.of(1, 2, 3)];
    expect(imputeKnn(fitKnn(columns, { k: 1 }), columns).columns[1]![0]).toBe(5);
  });
});
