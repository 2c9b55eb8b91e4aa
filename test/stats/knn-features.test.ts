import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FEATURES,
  donorFeatures,
  featureScale,
  limitReceiver,
  receiverFeatures,
} from '../../stats/knn-features.js';

const value = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -4, max: 4, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 50, -2000, 1e7) },
  { weight: 2, arbitrary: fc.constant(NaN) },
);
const row = fc.array(value, { minLength: 61, maxLength: 61 });
const centred = { centre: new Float64Array(61), factor: 1, margin: featureScale(columnsOf([])).margin };

function columnsOf(rows: readonly (readonly number[])[]): Float64Array[] {
  return Array.from({ length: 61 }, (_, j) => Float64Array.from(rows, (values) => values[j]!));
}

/** In single precision, as a product adds them. */
function product(receiver: readonly number[], donor: readonly number[], limit: number | null): number {
  const a = new Float32Array(FEATURES * 61);
  const b = new Float32Array(FEATURES * 61);
  receiverFeatures(centred, Float64Array.from(receiver), 0, a, 0);
  if (limit !== null) limitReceiver(centred, Float64Array.from(receiver), 0, limit, a, 0);
  donorFeatures(centred, Float64Array.from(donor), 0, b, 0);
  return a.reduce((sum, x, i) => Math.fround(sum + Math.fround(x * b[i]!)), 0);
}

function distance(x: readonly number[], y: readonly number[]): number {
  const squares = x.map((value, j) => (value - y[j]!) ** 2).filter((square) => !Number.isNaN(square));
  return squares.reduce((sum, square) => sum + square, 0) * (61 / squares.length);
}

describe('the product of a receiver and a donor', () => {
  it('is negative at the distance that is the limit, and without a limit', () => {
    fc.assert(
      fc.property(row, row, (x, y) => {
        const limit = distance(x, y);
        fc.pre(!Number.isNaN(limit));
        expect(product(x, y, limit)).toBeLessThan(0);
        expect(product(x, y, null)).toBeLessThan(0);
        expect(product(x, x, 0)).toBeLessThan(0);
      }),
      { numRuns: 500 },
    );
  });

  it('is positive two hundredths beyond, where the values are not far larger than their distance', () => {
    const near = fc.array(
      fc.oneof(
        { weight: 9, arbitrary: fc.double({ min: -4, max: 4, noNaN: true }) },
        { weight: 1, arbitrary: fc.constant(NaN) },
      ),
      { minLength: 61, maxLength: 61 },
    );
    fc.assert(
      fc.property(near, near, (x, y) => {
        const actual = distance(x, y);
        fc.pre(actual > 50);
        expect(product(x, y, actual * 0.98)).toBeGreaterThan(0);
        expect(product(x, y, -1)).toBeGreaterThan(0);
      }),
    );
  });

  it('is not negative without a common column', () => {
    const x = Array.from({ length: 61 }, (_, j) => (j < 30 ? 1 : NaN));
    const y = Array.from({ length: 61 }, (_, j) => (j < 30 ? NaN : 1));
    expect(product(x, y, 5)).toBe(0);
    expect(product(x, y, null)).toBe(0);
  });

  it('says which rows are too large for it', () => {
    const features = new Float32Array(FEATURES * 61).fill(7);
    const large = Float64Array.from({ length: 61 }, (_, j) => (j === 9 ? 1e16 : 1));
    expect(donorFeatures(centred, large, 0, features, 0)).toBe(false);
    expect(features.every((x) => x === 0)).toBe(true);
    expect(receiverFeatures(centred, large, 0, features, 0)).toBe(false);
  });
});

describe('the scale', () => {
  it('is the spread of the middle column, whatever one column holds', () => {
    const column = (size: number): Float64Array => Float64Array.of(-size, size, NaN);
    const { centre, factor } = featureScale([
      column(1e300),
      column(4),
      column(2),
      column(1),
      Float64Array.of(NaN, NaN, NaN),
      Float64Array.of(5, 5, NaN),
    ]);
    expect(factor).toBe(1 / 2);
    expect([...centre]).toEqual([0, 0, 0, 0, 0, 5]);
  });
});
