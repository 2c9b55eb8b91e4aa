/** Strata and families in `folds.assign` and `split.holdout`. */
import { describe, expect, it } from 'vitest';
import { numbers } from '../../cache/table.js';
import { rngFromSeed } from '../../stats/rng.js';
import { foldsAssign } from '../../tasks/folds-assign.js';
import { splitHoldout } from '../../tasks/split-holdout.js';
import { runTask } from './context.js';
import { cohort, lists, samples } from './tables.js';

const seed = 'ce'.repeat(32);
const n = 600;
const rng = rngFromSeed(seed, 'constraints');
const sick = Float64Array.from({ length: n }, () => (rng.uniform() < 0.1 ? 1 : 0));
// Families of one to five; every seventh person has none on record.
const family = Array.from({ length: n }, (_, i) => (i % 7 === 0 ? null : `f${Math.floor(i / 5)}`));
const by = cohort({ sick: [...sick], family });
const everyone = samples(...by.id!.values);
const inputs = { samples: everyone, by };
const cases = sick.filter((y) => y === 1).length;

function together(side: (person: number) => number): boolean {
  const where = new Map<string, number>();
  return family.every((name, i) => {
    if (name === null) return true;
    const first = where.get(name) ?? side(i);
    where.set(name, first);
    return first === side(i);
  });
}

describe('folds.assign', () => {
  const foldsOf = async (params: object, given: object = inputs): Promise<Float64Array> =>
    numbers(
      (await runTask(foldsAssign, { params: params as never, inputs: given as never, seed })).table('folds'),
      'fold',
    );

  it('spreads strata evenly', async () => {
    const folds = await foldsOf({ strata: ['sick'] });
    for (let fold = 1; fold <= 5; fold++) {
      const inside = sick.filter((y, i) => y === 1 && folds[i] === fold).length;
      expect(Math.abs(inside - cases / 5)).toBeLessThan(1);
      expect(folds.filter((value) => value === fold)).toHaveLength(120);
    }
  });

  it('keeps families together; a person without one is alone', async () => {
    const folds = await foldsOf({ groups: 'family' });
    expect(together((i) => folds[i]!)).toBe(true);
    for (let fold = 1; fold <= 5; fold++) {
      expect(Math.abs(folds.filter((value) => value === fold).length - 120)).toBeLessThanOrEqual(4);
    }
    expect(new Set(family.flatMap((name, i) => (name === null ? [folds[i]] : []))).size).toBe(5);
  });

  it('stable folds do not move when people leave, whole families included', async () => {
    const half = { samples: samples(...everyone.id!.values.slice(0, 300)), by };
    for (const groups of [null, 'family']) {
      const folds = await foldsOf({ stable: true, groups });
      expect(await foldsOf({ stable: true, groups }, half)).toEqual(folds.slice(0, 300));
      if (groups) expect(together((i) => folds[i]!)).toBe(true);
    }
  });

  it('without constraints it is what it was', async () => {
    expect(await foldsOf({})).toEqual(await foldsOf({}, { samples: everyone }));
  });

  it('refuses what cannot be', async () => {
    await expect(foldsOf({ strata: ['sick'], groups: 'family' })).rejects.toThrow(
      "'strata' cannot be kept together",
    );
    await expect(foldsOf({ strata: ['sick'] }, { samples: everyone })).rejects.toThrow(
      "'sick' is a column of 'by', to which nothing is connected",
    );
    await expect(foldsOf({ strata: ['sex'] })).rejects.toThrow("expected a column 'sex'");
    await expect(foldsOf({ groups: 'sick' })).rejects.toThrow('2 groups cannot fill 5 folds');
    await expect(foldsOf({ groups: 'family' }, { samples: samples('a', 'b'), by })).rejects.toMatchObject({
      message: "no row in 'by' for 2 people of 'samples'",
      where: { port: 'by', row: 'a' },
    });
  });
});

describe('split.holdout', () => {
  const split = async (params: object): Promise<{ selected: Set<string>; rest: string[] }> => {
    const ran = await runTask(splitHoldout, { params: { share: 0.3, ...params }, inputs, seed });
    const people = (port: string): string[] => lists(ran.table(port))['id'] as string[];
    return { selected: new Set(people('selected')), rest: people('rest') };
  };
  const ids = everyone.id!.values;

  it('keeps the share within strata and overall', async () => {
    const { selected, rest } = await split({ strata: ['sick'] });
    expect(selected.size).toBe(180);
    expect(rest).toHaveLength(420);
    const inside = ids.filter((id, i) => sick[i] === 1 && selected.has(id)).length;
    expect(Math.abs(inside - 0.3 * cases)).toBeLessThanOrEqual(1);
  });

  it('selects whole families, as near to the share as they allow', async () => {
    const { selected, rest } = await split({ groups: 'family' });
    expect(together((i) => (selected.has(ids[i]!) ? 1 : 0))).toBe(true);
    expect(Math.abs(selected.size - 180)).toBeLessThanOrEqual(2);
    expect(selected.size + rest.length).toBe(n);
  });

  it('refuses families with strata or weights', async () => {
    await expect(split({ groups: 'family', strata: ['sick'] })).rejects.toThrow('a group is drawn as one');
    await expect(split({ groups: 'family', log_odds: [{ column: 'sick', per_sd: 1 }] })).rejects.toThrow(
      'a group is drawn as one',
    );
  });
});
