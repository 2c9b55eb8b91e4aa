import { describe, expect, it } from 'vitest';
import { numbers } from '../../cache/table.js';
import { rngFromSeed } from '../../stats/rng.js';
import { splitHoldout } from '../../tasks/split-holdout.js';
import { runTask } from './context.js';
import { cohort, lists, samples } from './tables.js';

const seed = 'ab'.repeat(32);
const n = 4000;
const rng = rngFromSeed(seed, 'ages');
const by = cohort({ age: Float64Array.from({ length: n }, () => 50 + 15 * rng.normal()) });
const everyone = samples(...by.id!.values);
const ids = (ran: Awaited<ReturnType<typeof runTask>>, port: string) =>
  lists(ran.table(port))['id'] as string[];

describe('split.holdout', () => {
  it('divides everybody, exactly by the share', async () => {
    const ran = await runTask(splitHoldout, { params: { share: 0.3 }, inputs: { samples: everyone }, seed });
    const [selected, rest] = [ids(ran, 'selected'), ids(ran, 'rest')];
    expect(selected).toHaveLength(1200);
    expect([...selected, ...rest].sort()).toEqual([...everyone.id!.values]);
  });

  it('depends on the seed alone, and larger shares contain smaller ones', async () => {
    const at = (share: number, key = seed) =>
      runTask(splitHoldout, { params: { share }, inputs: { samples: everyone }, seed: key }).then((ran) =>
        ids(ran, 'selected'),
      );
    const small = await at(0.1);
    expect(await at(0.1)).toEqual(small);
    expect(await at(0.1, 'cd'.repeat(32))).not.toEqual(small);
    const large = new Set(await at(0.5));
    expect(small.every((id) => large.has(id))).toBe(true);
    expect(await at(1)).toHaveLength(n);
    expect(await at(0)).toHaveLength(0);
  });

  it('favours the young when asked to', async () => {
    const params = { share: 0.3, log_odds: [{ column: 'age', per_sd: -1 }] };
    const ran = await runTask(splitHoldout, { params, inputs: { samples: everyone, by }, seed });
    const age = new Map(by.id!.values.map((id, i) => [id, numbers(by, 'age')[i]!]));
    const mean = (people: string[]) => people.reduce((sum, id) => sum + age.get(id)!, 0) / people.length;
    // Exponential tilting of a normal by −1 per SD shifts the mean by 1 SD for a small share; less when 30 % are taken.
    expect(mean(ids(ran, 'selected'))).toBeLessThan(42);
    expect(mean(ids(ran, 'rest'))).toBeGreaterThan(52);
    const plain = await runTask(splitHoldout, {
      params: { share: 0.3 },
      inputs: { samples: everyone },
      seed,
    });
    expect(Math.abs(mean(ids(plain, 'selected')) - 50)).toBeLessThan(1.5);
  });

  it('refuses weights without a table, and a column that does not vary', async () => {
    const params = { share: 0.3, log_odds: [{ column: 'age', per_sd: -1 }] };
    await expect(runTask(splitHoldout, { params, inputs: { samples: everyone }, seed })).rejects.toThrow(
      "'log_odds' names columns, but nothing is connected to 'by'",
    );
    const flat = cohort({ age: [50, 50] });
    await expect(
      runTask(splitHoldout, { params, inputs: { samples: samples('p00000', 'p00001'), by: flat }, seed }),
    ).rejects.toThrow('expected values that differ between people');
    await expect(
      runTask(splitHoldout, { params, inputs: { samples: samples('p00000', 'x'), by: flat }, seed }),
    ).rejects.toThrow("no row in 'by' for 1 person of 'samples'");
  });
});
