import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chi2LogSf,
  fLogSf,
  log10PFromChi2,
  log10PFromT,
  log10PFromZ,
  logBeta,
  logGamma,
  normalCdf,
  normalLogSf,
  normalQuantile,
  normalSf,
  studentCdf,
  studentQuantile,
  studentLogTwoSidedP,
  studentTwoSidedP,
} from '../../stats/special.js';

type Row = [number, number];
type Row3 = [number, number, number];
const reference = JSON.parse(readFileSync(new URL('../reference/special.json', import.meta.url), 'utf8')) as {
  normalLogSf: Row[];
  normalQuantile: Row[];
  studentLogTwoSidedP: Row3[];
  studentQuantile: Row3[];
  fLogSf: [number, number, number, number][];
  chi2LogSf: Row3[];
  logGamma: Row[];
  logBeta: Row3[];
};

/** Relative distance, with an absolute floor for values near zero. */
const distance = (got: number, want: number, floor = 1e-300): number =>
  got === want ? 0 : Math.abs(got - want) / Math.max(Math.abs(want), floor);

describe('against R 4.2.2', () => {
  it.each(reference.normalLogSf)('log SF of z = %d', (z, want) => {
    expect(distance(normalLogSf(z), want)).toBeLessThan(2e-15);
  });
  it.each(reference.normalQuantile)('normal quantile of %d', (p, want) => {
    expect(distance(normalQuantile(p), want)).toBeLessThan(2e-15);
  });
  it.each(reference.studentLogTwoSidedP)('log two-sided p of t = %d with %d df', (t, df, want) => {
    expect(distance(studentLogTwoSidedP(t, df), want, 1e-2)).toBeLessThan(5e-13);
  });
  it.each(reference.studentQuantile)('t quantile of %d with %d df', (p, df, want) => {
    expect(distance(studentQuantile(p, df), want)).toBeLessThan(1e-13);
  });
  it.each(reference.fLogSf)('log SF of F = %d with (%d, %d) df', (f, df1, df2, want) => {
    expect(distance(fLogSf(f, df1, df2), want, 1e-2)).toBeLessThan(5e-13);
  });
  it.each(reference.chi2LogSf)('log SF of χ² = %d with %d df', (x, df, want) => {
    expect(distance(chi2LogSf(x, df), want, 1e-2)).toBeLessThan(1e-13);
  });
  it.each(reference.logGamma)('log Γ(%d)', (x, want) => {
    expect(distance(logGamma(x), want, 1)).toBeLessThan(2e-15);
  });
  it.each(reference.logBeta)('log B(%d, %d)', (a, b, want) => {
    expect(distance(logBeta(a, b), want, 1)).toBeLessThan(1e-14);
  });
});

describe('identities', () => {
  it('the two normal tails sum to one', () => {
    for (let z = -9; z <= 9; z += 0.037) expect(normalCdf(z) + normalSf(z)).toBeCloseTo(1, 15);
  });
  it('a quantile undoes its distribution function', () => {
    fc.assert(
      fc.property(fc.double({ min: -30, max: 5, noNaN: true }), (z) => {
        expect(Math.abs(normalQuantile(normalCdf(z)) - z)).toBeLessThan(1e-10 * Math.max(1, Math.abs(z)));
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: -20, max: 3, noNaN: true }), fc.integer({ min: 1, max: 500 }), (t, df) => {
        expect(Math.abs(studentQuantile(studentCdf(t, df), df) - t)).toBeLessThan(
          1e-8 * Math.max(1, Math.abs(t)),
        );
      }),
    );
  });
  it('t² is F with one numerator degree of freedom; z² is χ² with one', () => {
    for (const t of [0.2, 1.3, 4, 11]) {
      expect(distance(Math.exp(fLogSf(t * t, 1, 23)), studentTwoSidedP(t, 23))).toBeLessThan(1e-13);
      expect(distance(log10PFromChi2(t * t, 1), log10PFromZ(t))).toBeLessThan(1e-13);
    }
  });
  it('t tends to the normal', () => {
    expect(distance(log10PFromT(3, 1e9), log10PFromZ(3))).toBeLessThan(1e-8);
    expect(log10PFromT(3, Infinity)).toBe(log10PFromZ(3));
  });
  it('the tail falls as z grows', () => {
    let last = Infinity;
    for (let z = -12; z < 60; z += 0.01) {
      const value = normalLogSf(z);
      expect(value).toBeLessThanOrEqual(last);
      last = value;
    }
  });
});

describe('at the edges', () => {
  it('log10 p never underflows', () => {
    expect(log10PFromZ(40)).toBeCloseTo(-349.136, 3);
    expect(log10PFromZ(-40)).toBe(log10PFromZ(40));
    expect(log10PFromZ(1e6)).toBeCloseTo(-1e12 / 2 / Math.LN10, -2);
    expect(log10PFromT(100, 350_000)).toBeLessThan(-2000);
    expect(log10PFromZ(0)).toBe(0);
    expect(log10PFromT(0, 5)).toBe(0);
    expect(log10PFromZ(Infinity)).toBe(-Infinity);
  });
  it('NaN in, NaN out; probabilities outside [0, 1] are NaN', () => {
    for (const value of [
      normalLogSf(NaN),
      log10PFromZ(NaN),
      log10PFromT(NaN, 3),
      log10PFromT(1, 0),
      normalSf(NaN),
    ]) {
      expect(value).toBeNaN();
    }
    expect(normalQuantile(-0.1)).toBeNaN();
    expect(normalQuantile(1.1)).toBeNaN();
    expect(studentQuantile(0.3, -1)).toBeNaN();
    expect(logGamma(-1)).toBeNaN();
  });
  it('the ends', () => {
    expect(normalQuantile(0)).toBe(-Infinity);
    expect(normalQuantile(1)).toBe(Infinity);
    expect(normalSf(-40)).toBe(1);
    expect(normalSf(40)).toBe(0);
    expect(fLogSf(0, 2, 3)).toBe(0);
    expect(chi2LogSf(Infinity, 3)).toBe(-Infinity);
  });
});
