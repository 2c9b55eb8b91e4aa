/** A plan: counts, reasons and the estimate from what was measured; and a run that is held to it, whatever changes meanwhile. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PlanDeviationError } from '../../engine/plan-hold.js';
import { Rig } from './rig/rig.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.remove());

describe('the estimate', () => {
  const study = (changed: number, k = 5): string => `
cohortflow: 1
name: estimated
params: { k: ${k} }
axes:
  item: [${Array.from({ length: 60 }, (_, i) => `{ id: ${i}, add: ${i < changed ? 1 : 0} }`).join(', ')}]
  half: { range: [1, 30] }
nodes:
  base: { task: toy.source, with: { value: "\${params.k}" } }
  fit: { task: toy.batch, each: [item, half], with: { item: "\${item}-\${half}", add: "\${item.add}" } }
  slow: { task: toy.grow, in: { a: base }, with: { rows: 10, wait: 60 } }
  all: { task: toy.collect, in: { all: "fit[*]" } }
`;

  it('37 of 1,800 instances: from the durations that runs recorded', async () => {
    await rig.run(study(0), { workers: 1 });
    // Of 1,800 instances 30 change with one item; seven of another are forgotten.
    const { index } = rig.openStore();
    const forgotten = rig.keys('fit').slice(100, 107);
    for (const key of forgotten) index.removeEntry(key);
    const plan = await rig.plan(study(1));
    const fit = plan.nodes.find(({ node }) => node === 'fit')!;
    expect(fit).toMatchObject({ instances: 1800, open: 37, fresh: 1763, unsure: 0, failed: 0, ran: 0 });
    expect(fit.reasons).toEqual({
      'params.add 0 → 1': 30,
      'its result is no longer in the store': 7,
    });
    expect(plan.nodes.find(({ node }) => node === 'all')).toMatchObject({ open: 0, unsure: 1 });
    // A running mean of what was measured: of the first call it is the mean itself.
    const seconds = rig.keys('fit').flatMap((key) => index.details(key)?.seconds ?? []);
    expect(index.duration('toy.batch')!.seconds).toBeGreaterThan(0);
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(0);
    expect(plan.estimate).toBe(37 * index.duration('toy.batch')!.seconds);
    expect(plan.unmeasured).toEqual([]);
  });

  it('is the sum over tasks, each by its own recorded mean; what may run is not in it', async () => {
    await rig.run(study(0), { workers: 1 });
    const { index } = rig.openStore();
    const [key] = rig.keys('slow');
    // Run once: the mean is that one duration, which includes the 60 ms of waiting.
    expect(index.duration('toy.grow')!.seconds).toBe(index.details(key!)!.seconds);
    expect(index.duration('toy.grow')!.seconds).toBeGreaterThanOrEqual(0.06);
    index.addDuration('toy.source', 240, 0);
    const mean = index.duration('toy.source')!.seconds;
    const plan = await rig.plan(study(0, 7));
    expect(plan.nodes.map(({ node, open, unsure, fresh }) => ({ node, open, unsure, fresh }))).toEqual([
      { node: 'base', open: 1, unsure: 0, fresh: 0 },
      { node: 'fit', open: 0, unsure: 0, fresh: 1800 },
      { node: 'slow', open: 0, unsure: 1, fresh: 0 },
      { node: 'all', open: 0, unsure: 0, fresh: 1 },
    ]);
    expect(plan.nodes[0]!.reasons).toEqual({ 'params.value 5 → 7': 1 });
    expect(plan.estimate).toBe(mean);
    expect(mean).toBeGreaterThan(100);
  });

  it('a task that was never measured is said to be left out', async () => {
    const plan = await rig.plan(study(0));
    expect(plan.estimate).toBe(0);
    expect(plan.unmeasured).toEqual(['toy.batch', 'toy.source']);
  });
});

describe('a run held to a plan', () => {
  const study = (tag: number): string => `
cohortflow: 1
name: held
inputs: { data: { file: data.bin } }
nodes:
  one: { task: toy.source, with: { value: ${tag} } }
  size: { task: toy.size, in: { file: data } }
  two: { task: toy.sum, in: { a: size, b: one } }
`;

  it('computes what was planned, what was not known yet included', async () => {
    rig.write('data.bin', 'aaaa');
    const { id } = await rig.plan(study(1));
    expect((await rig.run(undefined, { plan: id })).ran).toEqual(['one', 'size', 'two']);
    expect((await rig.run(undefined, { plan: id })).ran).toEqual([]);
  });

  it('a file that changes between the plan and the run: refused by the run itself, nothing wrong is recorded', async () => {
    const path = rig.write('data.bin', 'aaaa');
    const { id } = await rig.plan(study(1));
    rig.write('data.bin', 'bbbb');
    const before = rig.countEntries();
    await expect(rig.run(undefined, { plan: id })).rejects.toThrow(
      new PlanDeviationError(
        `the plan no longer holds: size would run with another key than planned; the file ${path} changed`,
      ),
    );
    expect(readFileSync(path, 'utf8')).toBe('bbbb');
    expect(rig.countEntries() - before).toBeLessThanOrEqual(1);
    rig.write('data.bin', 'aaaa');
    expect((await rig.run(undefined, { plan: id })).status).toBe('done');
  });

  it('a changed parameter, an item more, a result that is gone', async () => {
    rig.write('data.bin', 'aaaa');
    const { id } = await rig.plan(study(1));
    await expect(rig.run(study(2), { plan: id })).rejects.toThrow(
      'one would run with another key than planned',
    );
    await rig.run(study(1));
    const fresh = await rig.plan();
    rig.openStore().index.removeEntry(rig.keys('size')[0]!);
    await expect(rig.run(undefined, { plan: fresh.id })).rejects.toThrow(
      'size had a result when the plan was made, which is gone',
    );
    const items = (n: number): string => `
cohortflow: 1
name: items
axes: { item: { range: [1, ${n}] } }
nodes: { one: { task: toy.source, each: item, with: { value: "\${item}" } } }
`;
    const two = await rig.plan(items(2));
    await expect(rig.run(items(3), { plan: two.id })).rejects.toThrow('one 3 was not part of the plan');
  });
});
