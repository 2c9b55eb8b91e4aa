/** Garbage collection with a limit: the oldest runs go, save pinned ones and the newest of each workflow. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { collectGarbage, type CollectOutcome } from '../../engine/collect.js';
import { Rig } from './rig/rig.js';

let rig: Rig;
beforeEach(async () => {
  rig = new Rig();
  for (const value of [1, 2, 3, 4]) await rig.run(study('study', value));
  await rig.run(study('other', 5));
});
afterEach(() => rig.remove());

const study = (name: string, value: number): string => `
cohortflow: 1
name: ${name}
nodes:
  base: { task: toy.source, with: { value: ${value} } }
  grow: { task: toy.grow, in: { a: base }, with: { rows: 5000 } }
`;

const collect = (maxBytes: number, dryRun = false): Promise<CollectOutcome> =>
  collectGarbage(rig.openStore(), { keep: 10, maxBytes, dryRun, onWait: () => undefined });

it('room enough: nothing goes', async () => {
  expect((await collect(2 ** 40)).runs).toEqual({ kept: [5, 4, 3, 2, 1], removed: [] });
});

it('too little: the oldest first, and no more than needed', async () => {
  const { size } = await collect(2 ** 40, true);
  const { runs, size: after } = await collect(size.after - 1, true);
  expect(runs).toEqual({ kept: [5, 4, 3, 2], removed: [1] });
  expect(after.after).toBeLessThan(size.after);
});

it('never pinned runs, nor the newest of a workflow', async () => {
  rig.openStore().index.runs.pin(2, 'kept');
  const { runs, objects, bytes } = await collect(1);
  expect(runs).toEqual({ kept: [5, 4, 2], removed: [1, 3] });
  expect(objects.removed).toBe(2);
  expect(bytes).toBeGreaterThan(2 * 5000 * 8);
  expect((await rig.run(study('study', 2))).ran).toEqual([]);
  expect((await rig.run(study('study', 3))).ran).toEqual(['base', 'grow']);
});
