/** Instances of a single task that are short share a call; none of them can tell. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobMessage } from '../../engine/job.js';
import { WorkerPool } from '../../engine/pool.js';
import { readGroup } from '../../engine/record.js';
import { serveJobs } from '../../engine/worker.js';
import { Rig } from './rig/rig.js';
import { registry } from './rig/toy-tasks.mjs';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => {
  vi.restoreAllMocks();
  rig.remove();
});

const study = (items: readonly string[]): string => `
cohortflow: 1
name: singles
axes: { item: [${items.join(', ')}] }
nodes:
  shared: { task: toy.source, with: { value: [0] } }
  each:
    task: toy.single
    each: item
    in: { list: shared }
    with: { item: "\${item}", kill: "\${item.kill}", fail: "\${item.fail}", wait: "\${item.wait}" }
`;
const item = (id: number, how = ''): string =>
  `{ id: ${id}, kill: ${how === 'kill'}, fail: ${how === 'fail'}, wait: ${how === 'slow' ? 150 : 0} }`;
const each = <T extends { readonly node: string }>(nodes: readonly T[]): T =>
  nodes.find(({ node }) => node === 'each')!;

describe('short instances of a single task', () => {
  it('share calls once it is known that they are short, and each runs as if alone', async () => {
    const start = vi.spyOn(WorkerPool.prototype, 'start');
    const result = await rig.run(study(Array.from({ length: 300 }, (_, i) => item(i))), { workers: 2 });
    const calls = start.mock.calls.flatMap(([job]) => (job.kind === 'task' ? [job.items.length] : []));
    expect(each(result.nodes)).toMatchObject({ ran: 300, failed: 0 });
    expect(calls[0]).toBe(1);
    expect(calls.length).toBeLessThan(300);
    expect(Math.max(...calls)).toBeGreaterThan(1);
    const store = rig.openStore();
    const group = readGroup(store.index.runs.node(result.run, 'each')!, store);
    for (let i = 0; i < 300; i++) {
      // Nothing left in its folder by another, nothing added by another to the list that all read.
      expect(store.artifacts.json(group.outputs(i, store)!['out']!.digest)).toMatchObject({
        found: [],
        list: [0, i],
      });
    }
    const digests = rig.digests();
    rig.clearStore();
    await rig.run(undefined, { workers: 1 });
    expect(rig.digests()).toEqual(digests);
  });

  it('whose worker is killed at one: the finished are kept, one is blamed, the rest run', async () => {
    const items = Array.from({ length: 300 }, (_, i) => item(i, i === 220 ? 'kill' : ''));
    const result = await rig.run(study(items), { workers: 1 });
    expect(each(result.nodes)).toMatchObject({ ran: 299, failed: 1 });
    expect(result.failures).toMatchObject([{ node: 'each', item: '220', failure: { kind: 'died' } }]);
    const store = rig.openStore();
    const group = readGroup(store.index.runs.node(result.run, 'each')!, store);
    const makers = Array.from({ length: 300 }, (_, i) =>
      group.ending(i) === 'done' ? store.index.details(group.key(i)!)!.log[0]! : null,
    ).filter((maker) => maker !== null);
    // What the first process made was kept; a second one made the rest.
    expect(new Set(makers).size).toBe(2);
  });

  it('of which some fail: those are told, each by itself, and no other', async () => {
    const items = Array.from({ length: 200 }, (_, i) => item(i, i % 50 === 49 ? 'fail' : ''));
    for (const options of [{ workers: 1 }, {}]) {
      rig.clearStore();
      const result = await rig.run(study(items), options);
      expect(each(result.nodes)).toMatchObject({ ran: 196, failed: 4 });
      // What was given back on a busy machine comes later.
      const failed = result.failures.map((failure) => failure.item);
      expect(failed.sort((a, b) => Number(a) - Number(b))).toEqual(['49', '99', '149', '199']);
      expect(result.failures[0]!.failure.message).toBe('asked to fail');
    }
  });

  it('among which are slow ones: all run', async () => {
    const items = Array.from({ length: 160 }, (_, i) => item(i, i === 100 || i === 101 ? 'slow' : ''));
    const result = await rig.run(study(items), { workers: 1 });
    expect(each(result.nodes)).toMatchObject({ ran: 160, failed: 0 });
  });

  it('are given back where they wait behind a slow one', async () => {
    const messages: JobMessage[] = [];
    await serveJobs({
      registry,
      objectFolder: join(rig.openStore().folder, 'objects'),
      backend: () => 'test',
      announce: () => undefined,
      send: (message) => Promise.resolve(void messages.push(message)),
    })({
      kind: 'task',
      task: 'toy.single',
      seed: '',
      items: [0, 0, 150, 0, 0].map((wait, i) => ({
        params: { item: i, kill: false, fail: false, wait },
        inputs: {},
      })),
      inline: new Map(),
    });
    const made = messages.flatMap((message) => (message.type === 'results' ? message.results : []));
    const spent = messages.find((message) => message.type === 'spent')!;
    // At the latest behind the slow one, on however busy a machine.
    expect(spent.begun).toBeLessThanOrEqual(3);
    expect(made.map(([index]) => index)).toEqual([0, 1, 2].slice(0, spent.begun));
    expect(messages.at(-1)).toEqual({ type: 'end' });
  });
});
