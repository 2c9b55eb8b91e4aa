/** What many instances receive is one object in their jobs: a message carries it once, and a worker loads it once for a call. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { JobSpec, WireInput } from '../../engine/job.js';
import { keptBytes } from '../../engine/worker.js';
import { InProcess } from './rig/in-process.js';
import { Rig } from './rig/rig.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => {
  vi.restoreAllMocks();
  rig.remove();
});

it('a table, a value and a file are the same objects for all who read the same of them', async () => {
  const start = vi.spyOn(InProcess.prototype, 'start');
  rig.write('people.csv', 'id,a,b\np1,1,2\np2,3,4\n');
  const { status } = await rig.run(`
cohortflow: 1
name: shared
axes: { item: { range: [1, 5] } }
inputs:
  people: { table: people.csv, id: id }
  file: { file: people.csv }
nodes:
  grown: { task: toy.grow, with: { rows: 50 } }
  base: { task: toy.source, with: { value: 2 } }
  each:
    task: toy.batch
    each: item
    in: { shared: base, own: base, table: grown.table, file: file }
    with: { item: "\${item}" }
  raw:
    task: toy.batch
    each: item
    in: { table: 'people[b as x]' }
    with: { item: "\${item}" }
`);
  expect(status).toBe('done');
  const jobs = start.mock.calls.map(([job]: [JobSpec, ...unknown[]]) => job);
  const received = (port: string): unknown[] =>
    jobs.flatMap((job) =>
      job.kind === 'task'
        ? job.items.flatMap(({ inputs }) => {
            const input: WireInput | undefined = inputs[port];
            return input?.how === 'one' ? [input.value] : [];
          })
        : [],
    );
  expect([...received('shared'), ...received('own')]).toHaveLength(10);
  expect(new Set([...received('shared'), ...received('own')]).size).toBe(1);
  expect(received('file')).toHaveLength(5);
  expect(new Set(received('file')).size).toBe(1);
  // One of the study's own making and one of a raw file.
  expect(received('table')).toHaveLength(10);
  expect(new Set(received('table')).size).toBe(2);
});

it('a worker keeps as many decoded columns as the machine has room for', () => {
  expect(keptBytes(24 * 2 ** 30)).toBe(2 ** 30);
  expect(keptBytes(8 * 2 ** 30)).toBe(2 ** 29);
  expect(keptBytes(2 ** 30)).toBe(2 ** 28);
});

it('what instances do not share is held together: a call takes as many as there is memory for', async () => {
  const study = `
cohortflow: 1
name: own
axes: { item: { range: [1, 10] } }
nodes:
  start: { task: toy.source, each: item, with: { value: "\${item}" } }
  grown: { task: toy.grow, each: item, in: { a: start }, with: { rows: 5000 } }
  each: { task: toy.batch, each: item, in: { table: grown.table }, with: { item: "\${item}" } }
`;
  await rig.run(study, { targets: ['grown'] });
  const start = vi.spyOn(InProcess.prototype, 'start');
  // Tables of 40 kB, two workers, and half of each one's memory for what the instances of a call hold: room for two.
  const { status } = await rig.run(study, { memory: 400_000 });
  expect(status).toBe('done');
  const sizes = start.mock.calls.map(([job]: [JobSpec, ...unknown[]]) =>
    job.kind === 'task' ? job.items.length : 0,
  );
  expect(sizes).toEqual([2, 2, 2, 2, 2]);
});
