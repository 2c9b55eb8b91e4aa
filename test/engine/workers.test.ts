/** The same graphs on real worker processes: kills, streaming, determinism. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readGroup } from '../../engine/record.js';
import { Rig } from './rig/rig.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.remove());

const grid = (items: readonly number[], k = 3): string => `
cohortflow: 1
name: grid
seed: 7
params: { k: ${k} }
axes:
  item: [${items.join(', ')}]
  fold: { range: [1, "\${params.k}"] }
nodes:
  base: { task: toy.source, with: { value: 10 } }
  draw: { task: toy.draw }
  fit: { task: toy.batch, each: [item, fold], in: { shared: base }, with: { item: "\${item}-\${fold}", add: 1 } }
  refit: { task: toy.batch, each: item, in: { shared: base }, with: { item: "\${item}", add: 2 } }
  all: { task: toy.collect, in: { all: "fit[*]" } }
`;

describe('worker processes', () => {
  it('1 and 4 workers, and calls in this process: equal digests everywhere', async () => {
    const items = Array.from({ length: 30 }, (_, i) => i);
    const one = await rig.run(grid(items), { workers: 1 });
    expect(one.status).toBe('done');
    const digests = rig.digests();
    expect(Object.keys(digests)).toHaveLength(30 * 3 + 30 + 3);
    rig.clearStore();
    await rig.run(undefined, { workers: 4 });
    expect(rig.digests()).toEqual(digests);
    rig.clearStore();
    await rig.run();
    expect(rig.digests()).toEqual(digests);
  });

  it('another number of folds leaves the refit alone', async () => {
    await rig.run(grid([1, 2], 3), { workers: 1 });
    const before = rig.digests();
    const after = await rig.run(grid([1, 2], 4), { workers: 1 });
    expect(after.ran).toEqual(['all', 'fit×2']);
    for (const item of [1, 2]) expect(rig.digests()[`refit[${item}].out`]).toBe(before[`refit[${item}].out`]);
  });

  it.each([
    [40, 25],
    [260, 129],
  ])(
    'a batch of %i whose worker is killed at number %i: the finished are kept, one is blamed, the rest run',
    async (count, victim) => {
      const items = Array.from({ length: count }, (_, i) => `{ id: ${i}, kill: ${i === victim} }`);
      const study = `
cohortflow: 1
name: killed
axes: { item: [${items.join(', ')}] }
nodes:
  fit: { task: toy.batch, each: item, with: { item: "\${item}", kill: "\${item.kill}" } }
  list: { task: toy.collect, in: { all: "fit[*?]" } }
`;
      const result = await rig.run(study, { workers: 1 });
      const fit = result.nodes.find(({ node }) => node === 'fit')!;
      expect(fit).toMatchObject({ ran: count - 1, failed: 1 });
      expect(result.failures).toHaveLength(1);
      expect(result.failures[0]).toMatchObject({
        node: 'fit',
        item: String(victim),
        failure: { kind: 'died' },
      });
      expect(result.failures[0]!.failure.message).toMatch(
        /^the worker process was killed \(SIGKILL\), usually because the system was out of memory.*; asked for: 256 MiB$/,
      );
      expect(result.nodes.find(({ node }) => node === 'list')!.ran).toBe(1);
      // What stood before the victim was kept as the first process made it; a second one made the rest, in one call.
      const store = rig.openStore();
      const group = readGroup(store.index.runs.node(result.run, 'fit')!, store);
      const makers = Array.from({ length: count }, (_, i) => {
        if (group.ending(i) !== 'done') return null;
        return store.index.details(group.key(i)!)!.log[0]!;
      });
      const order = makers.filter((maker) => maker !== null);
      expect(new Set(order).size).toBe(2);
      expect(order).toEqual([
        ...Array.from({ length: victim }, () => order[0]),
        ...Array.from({ length: count - 1 - victim }, () => order.at(-1)),
      ]);
      expect(makers[victim]).toBeNull();
    },
  );

  it('a batch that fails or throws at one item: that one is to blame, with its own words, and no other', async () => {
    for (const how of ['fail', 'throw']) {
      const items = [0, 1, 2, 3].map((i) => `{ id: ${i}, bad: ${i === 2} }`);
      const result = await rig.run(
        `
cohortflow: 1
name: ${how}
axes: { item: [${items.join(', ')}] }
nodes:
  fit: { task: toy.batch, each: item, with: { item: "\${item} ${how}", ${how}: "\${item.bad}" } }
`,
        { workers: 1 },
      );
      expect(result.nodes[0]).toMatchObject({ ran: 3, failed: 1 });
      expect(result.failures).toMatchObject([{ item: '2', failure: { message: `asked to ${how}` } }]);
    }
  });

  it('an interrupted run keeps what was finished, and the next one goes on', async () => {
    const items = Array.from({ length: 30 }, (_, i) => i);
    const study = `
cohortflow: 1
name: interrupted
axes: { item: [${items.join(', ')}] }
nodes:
  fit: { task: toy.batch, each: item, with: { item: "\${item}", wait: 30 } }
`;
    const controller = new AbortController();
    rig.openStore();
    // Whenever that is on a busy machine: something is finished, and more is to come.
    const watched = setInterval(() => {
      if (rig.countEntries() > 0) controller.abort();
    }, 20);
    const first = await rig.run(study, { workers: 1, signal: controller.signal });
    clearInterval(watched);
    expect(first.status).toBe('interrupted');
    const kept = first.nodes[0]!.ran;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(30);
    const second = await rig.run(undefined, { workers: 1 });
    expect(second.nodes[0]).toMatchObject({ fresh: kept, ran: 30 - kept });
  });

  it('a vectorised item computed alone, in sub-batches and in the full batch has equal bytes', async () => {
    const list = Array.from({ length: 12 }, (_, i) => i);
    await rig.run(grid(list, 2), { workers: 1 });
    const full = rig.digests();
    rig.clearStore();
    for (const part of [[3], [3, 4, 7], [0, 11, 3, 5], list]) await rig.run(grid(part, 2), { workers: 2 });
    expect(rig.digests()).toEqual(full);
  });
});
