import { describe, expect, it } from 'vitest';
import { concordance } from '../../stats/cox-concordance.js';
import { schoenfeldResiduals, testProportionality } from '../../stats/cox-zph.js';
import { scoreResiduals } from '../../stats/cox-residuals.js';
import { fitCox, predictLinear, solveCox } from '../../stats/cox.js';
import { available, coxInput, coxReference, seededUniform, vector } from './cox-cases.js';

const cases = [...coxReference.real.filter(available), ...coxReference.random].filter((c) => c.zph);

describe(`against R survival ${coxReference.version}`, () => {
  it.each(cases)('concordance: $name', (reference) => {
    const { data, covariates } = coxInput(reference);
    const fit = fitCox(data, covariates, { ties: reference.spec.ties });
    const found = concordance(data, predictLinear(fit, covariates));
    const [concordant, discordant, tiedX, tiedY, tiedBoth, c] = reference.concordance!;
    const expected = [concordant, discordant, tiedX, tiedY, tiedBoth];
    const counts = [found.concordant, found.discordant, found.tiedScore, found.tiedTime, found.tiedBoth];
    counts.forEach((count, i) =>
      expect(Math.abs(count - expected[i]!)).toBeLessThan(1e-8 * (1 + concordant)),
    );
    expect(found.c).toBeCloseTo(c, 9);
  });

  it.each(cases)('cox.zph: $name', (reference) => {
    const { data, covariates } = coxInput(reference);
    for (const { transform, chisq, p } of reference.zph!) {
      const test = testProportionality(data, covariates, { ties: reference.spec.ties, transform });
      const chi2 = [...test.chi2, test.globalChi2];
      const log10P = [...test.log10P, test.globalLog10P];
      chisq.forEach((x, j) => expect(Math.abs(chi2[j]! - x)).toBeLessThan(1e-6 * (1 + x)));
      p.forEach((value, j) => expect(Math.abs(10 ** log10P[j]! - value)).toBeLessThan(1e-6));
      expect(test.status).toBe('ok');
    }
  });

  it.each(cases)('Schoenfeld residuals: $name', (reference) => {
    const { data, covariates } = coxInput(reference);
    const solved = solveCox(data, covariates, { ties: reference.spec.ties });
    const { residuals } = schoenfeldResiduals(solved.likelihood);
    const events = residuals[0]!.length;
    const expected = vector(reference.schoenfeld);
    residuals.forEach((residual, j) => {
      const ours = residual.map((r) => r / solved.design.scale[j]!).sort();
      const theirs = Float64Array.from(expected.slice(j * events, (j + 1) * events)).sort();
      if (theirs.length < events) return; // R's vector was stored up to 600 numbers
      const size = Math.max(...theirs.map(Math.abs));
      ours.forEach((r, i) => expect(Math.abs(r - theirs[i]!)).toBeLessThan(1e-6 * size));
    });
  });
});

describe('identities', () => {
  const reference = cases.at(-1)!;
  const { data, covariates } = coxInput(reference);

  it('weighted score residuals sum to the score, which is zero at the estimate', () => {
    const { likelihood } = solveCox(data, covariates, { ties: reference.spec.ties });
    scoreResiduals(likelihood).forEach((residual, j) => {
      const { weight } = likelihood.sets;
      const sum = residual.reduce((total, r, i) => total + r * (weight ? weight[i]! : 1), 0);
      expect(sum).toBeCloseTo(likelihood.score[j]!, 9);
      expect(Math.abs(sum)).toBeLessThan(1e-3);
    });
  });

  it('concordance agrees with the definition, pair by pair', () => {
    const uniform = seededUniform(4);
    const n = 70;
    const stop = Float64Array.from({ length: n }, () => 1 + Math.floor(12 * uniform()));
    const start = stop.map((t) => Math.floor(t * uniform()));
    const event = Uint8Array.from({ length: n }, () => (uniform() < 0.5 ? 1 : 0));
    const score = Float64Array.from({ length: n }, () => Math.floor(6 * uniform()));
    const weights = Float64Array.from({ length: n }, () => 0.5 + uniform());
    const strata = Int32Array.from({ length: n }, () => Math.floor(2 * uniform()));
    let [better, worse, equal] = [0, 0, 0];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const later = stop[j]! > stop[i]! || (stop[j] === stop[i] && event[j] === 0);
        if (i === j || event[i] !== 1 || strata[i] !== strata[j] || !later || start[j]! >= stop[i]!) continue;
        const w = weights[i]! * weights[j]!;
        if (score[i]! > score[j]!) better += w;
        else if (score[i]! < score[j]!) worse += w;
        else equal += w;
      }
    }
    const found = concordance({ start, stop, event, weights, strata }, score);
    expect(found.concordant).toBeCloseTo(better, 9);
    expect(found.discordant).toBeCloseTo(worse, 9);
    expect(found.tiedScore).toBeCloseTo(equal, 9);
  });

  it('reversing the score turns C into 1 − C', () => {
    const fit = fitCox(data, covariates);
    const eta = predictLinear(fit, covariates);
    expect(
      concordance(data, eta).c +
        concordance(
          data,
          eta.map((v) => -v),
        ).c,
    ).toBeCloseTo(1, 12);
  });
});

describe('degenerate inputs', () => {
  const stop = Float64Array.of(1, 2, 3);

  it('no events: no comparable pair, nothing to test', () => {
    const data = { stop, event: new Uint8Array(3) };
    expect(concordance(data, stop).c).toBeNaN();
    expect(testProportionality(data, [stop])).toMatchObject({ status: 'untestable', globalChi2: NaN });
  });

  it('a redundant covariate is left out of the test', () => {
    const uniform = seededUniform(6);
    const x = Float64Array.from({ length: 50 }, uniform);
    const data = { stop: x.map(() => uniform()), event: new Uint8Array(50).fill(1) };
    const test = testProportionality(data, [x, x.map((v) => 1 - v)]);
    const alone = testProportionality(data, [x]);
    expect(test.chi2[1]).toBeNaN();
    expect(test.chi2[0]).toBeCloseTo(alone.chi2[0]!, 10);
    expect(test.degreesOfFreedom).toBe(1);
  });
});

it('the test of proportionality keeps its level and finds a crossing effect (seed 7)', () => {
  const uniform = seededUniform(7);
  let falseAlarms = 0;
  let found = 0;
  const runs = 500;
  for (let run = 0; run < runs; run++) {
    const x = Float64Array.from({ length: 100 }, () => (uniform() < 0.5 ? 1 : 0));
    const event = new Uint8Array(100).fill(1);
    const proportional = x.map((v) => -Math.log(1 - uniform()) * Math.exp(-0.5 * v));
    const crossing = x.map((v) => (-Math.log(1 - uniform())) ** (v === 1 ? 2 : 0.5));
    const level = Math.log10(0.05);
    if (testProportionality({ stop: proportional, event }, [x]).globalLog10P < level) falseAlarms++;
    if (run < 60 && testProportionality({ stop: crossing, event }, [x]).globalLog10P < level) found++;
  }
  expect(falseAlarms / runs).toBeGreaterThan(0.02);
  expect(falseAlarms / runs).toBeLessThan(0.085);
  expect(found).toBeGreaterThan(50);
});
