import { describe, expect, it } from 'vitest';
import { baselineHazard } from '../../stats/cox-baseline.js';
import type { SurvivalData } from '../../stats/cox-data.js';
import { fitCox } from '../../stats/cox.js';
import { haveData, readNumbers, readReference } from './cohort-csv.js';

interface BaselineCase {
  ties: 'efron' | 'breslow';
  entry: boolean;
  strata: boolean;
  weights: boolean;
  call: string;
  beta: number[];
  se: number[];
  robust: number[];
  time: number[];
  stratum: number[];
  zero: number[];
  means: number[];
}
const reference = readReference('basehaz') as {
  version: string;
  data: Record<'start' | 'stop' | 'event' | 'x' | 'z' | 's' | 'case_weight', number[]>;
  cases: BaselineCase[];
};
const column = (name: keyof typeof reference.data): Float64Array => Float64Array.from(reference.data[name]);
const covariates = [column('x'), column('z')];
const dataOf = ({ entry, strata, weights }: BaselineCase): SurvivalData => ({
  stop: column('stop'),
  event: column('event'),
  ...(entry ? { start: column('start') } : {}),
  ...(strata ? { strata: Int32Array.from(reference.data.s) } : {}),
  ...(weights ? { weights: column('case_weight') } : {}),
});

describe(`R survival ${reference.version} basehaz`, () => {
  it.each(reference.cases)('$ties, entry $entry, strata $strata, weights $weights', (c) => {
    const data = dataOf(c);
    for (const at of ['zero', 'means'] as const) {
      const { time, stratum, cumulative } = baselineHazard(data, covariates, {
        ties: c.ties,
        at,
        eps: 1e-12,
      });
      expect([...time]).toEqual(c.time);
      expect([...stratum]).toEqual(c.stratum);
      c[at].forEach((value, k) => expect(Math.abs(cumulative[k]! - value)).toBeLessThan(1e-8 * (1 + value)));
    }
    const fit = fitCox(data, covariates, { ties: c.ties, robust: true, eps: 1e-12 });
    c.robust.forEach((se, j) => expect(Math.abs(fit.se[j]! / se - 1)).toBeLessThan(1e-6));
  });
});

describe('statsmodels’ stored R hazards (../shared/data/cox_r)', () => {
  const stored = haveData('cox_r/survival_r_results.json');
  const all = stored
    ? (readReference('../../../shared/data/cox_r/survival_r_results') as Record<string, number[]>)
    : {};
  // Those with entry or strata are a single 0: not computed there.
  const keys = Object.keys(all).filter((key) => key.startsWith('hazard_') && all[key]!.length > 1);
  it.skipIf(!stored)('are there for five data sets and both kinds of ties', () => {
    expect(keys.length).toBe(10);
  });
  it.skipIf(!stored).each(keys)('%s', (key) => {
    const [, n, p, ties] = key.split('_');
    const rows = readNumbers(`cox_r/survival_data_${n}_${p}.csv`);
    const at = (j: number): Float64Array => Float64Array.from(rows, (row) => row[j]!);
    const { time, cumulative } = baselineHazard(
      { stop: at(0), event: at(1) },
      Array.from({ length: Number(p) }, (_, j) => at(3 + j)),
      // Their script's basehaz() is at the means, and counts Breslow's way under either kind of ties.
      { ties: ties === 'efr' ? 'efron' : 'breslow', at: 'means', estimate: 'breslow' },
    );
    const times = all[key.replace('hazard', 'time')]!;
    expect(time.length).toBe(times.length);
    // Stored to seven digits.
    times.forEach((value, k) => expect(time[k]).toBeCloseTo(value, 6));
    all[key]!.forEach((value, k) =>
      expect(Math.abs(cumulative[k]! - value)).toBeLessThan(1e-5 * (1 + value)),
    );
  });
});

describe('edges', () => {
  it('without covariates it is Nelson and Aalen’s estimate', () => {
    const { time, cumulative } = baselineHazard(
      { stop: Float64Array.of(1, 2, 2, 3), event: Uint8Array.of(1, 1, 0, 1) },
      [],
    );
    expect([...time]).toEqual([1, 2, 3]);
    [1 / 4, 1 / 4 + 1 / 3, 1 / 4 + 1 / 3 + 1].forEach((value, k) =>
      expect(cumulative[k]).toBeCloseTo(value, 14),
    );
  });

  it('is zero without events, and finite where the linear predictor is huge', () => {
    const stop = Float64Array.of(1, 2, 3);
    expect([...baselineHazard({ stop, event: new Uint8Array(3) }, [stop]).cumulative]).toEqual([0, 0, 0]);
    const { cumulative } = baselineHazard({ stop, event: Uint8Array.of(1, 1, 1) }, [stop], { at: 'means' });
    expect(cumulative.every((value) => value >= 0)).toBe(true);
  });
});
