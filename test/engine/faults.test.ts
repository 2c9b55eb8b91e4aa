/** What users and machines do to a store: damage, deletion, full and read-only disks, inputs that change underneath. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectGarbage } from '../../engine/collect.js';
import { verifyStore } from '../../engine/verify.js';
import { Rig } from './rig/rig.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.remove());

const nothing = (): void => undefined;

const study = `
cohortflow: 1
name: faulty
nodes:
  one: { task: toy.grow, with: { rows: 5000, tag: 1 } }
  two: { task: toy.columns, in: { table: one.table } }
  three: { task: toy.columns, in: { table: two.table } }
  small: { task: toy.source, with: { value: 3 } }
`;

/** Object files, largest first. */
function objectFiles(): string[] {
  const folder = join(rig.folder, '.cohortflow/objects');
  return readdirSync(folder)
    .flatMap((part) => readdirSync(join(folder, part)).map((name) => join(folder, part, name)))
    .sort();
}

describe('damage', () => {
  it.each([
    ['deleted', (path: string) => rmSync(path), 'missing'],
    ['truncated', (path: string) => truncateSync(path, 100), 'damaged'],
    [
      'one bit flipped',
      (path: string) => {
        const bytes = readFileSync(path);
        bytes[Math.floor(bytes.length / 2)]! ^= 1;
        writeFileSync(path, bytes);
      },
      'damaged',
    ],
  ] as const)(
    'an object %s: verify says what it belongs to, the next run computes just that',
    async (_, damage, problem) => {
      await rig.run(study);
      const before = rig.digests();
      const [victim] = objectFiles();
      damage(victim!);
      const outcome = await verifyStore(rig.openStore(), nothing);
      expect(outcome.damage).toHaveLength(1);
      expect(outcome.damage[0]).toMatchObject({ problem, results: 1 });
      expect(outcome.damage[0]!.tasks[0]).toMatch(/^toy\.(grow|columns)$/);
      const again = await rig.run();
      expect(again.ran).toHaveLength(1);
      expect(rig.digests()).toEqual(before);
      expect((await verifyStore(rig.openStore(), nothing)).damage).toEqual([]);
      expect((await rig.run()).ran).toEqual([]);
    },
  );

  it('an object that is missed in the middle of a run is named, and nothing wrong is recorded', async () => {
    await rig.run(study);
    for (const path of objectFiles()) rmSync(path);
    const changed = await rig.run(study.replace('two.table }', 'two.table }, with: { columns: [x] }'));
    expect(changed.status).toBe('failed');
    expect(changed.failures[0]!.failure).toMatchObject({ kind: 'missing' });
    expect((await verifyStore(rig.openStore(), nothing)).damage.length).toBeGreaterThan(0);
    expect((await rig.run()).status).toBe('done');
  });
});

describe('garbage collection', () => {
  const at = (value: number): string =>
    study.replace('tag: 1', `tag: ${value}`).replace('rows: 5000', `rows: ${5000 + value}`);

  it('keeps what the last runs need, and nothing else; a dry run only tells', async () => {
    for (const value of [1, 2, 3]) await rig.run(at(value));
    const store = rig.openStore();
    const digests = rig.digests();
    const files = objectFiles().length;
    const plan = await collectGarbage(store, { keep: 1, dryRun: true, onWait: nothing });
    expect(plan.runs).toEqual({ kept: [3], removed: [2, 1] });
    expect(objectFiles()).toHaveLength(files);
    const outcome = await collectGarbage(store, { keep: 1, dryRun: false, onWait: nothing });
    expect(outcome).toEqual(plan);
    expect(objectFiles()).toHaveLength(files / 3);
    expect(outcome.bytes).toBeGreaterThan(0);
    expect((await rig.run(at(3))).ran).toEqual([]);
    expect(rig.digests()).toEqual(digests);
    expect((await verifyStore(store, nothing)).damage).toEqual([]);
    expect((await rig.run(at(1))).ran).toEqual(['one', 'three', 'two']);
  });

  it('a pinned run is kept whatever its age', async () => {
    const first = await rig.run(at(1));
    for (const value of [2, 3]) await rig.run(at(value));
    const store = rig.openStore();
    store.index.runs.pin(first.run, 'submitted');
    const { runs } = await collectGarbage(store, { keep: 1, dryRun: false, onWait: nothing });
    expect(runs).toEqual({ kept: [3, 1], removed: [2] });
    expect((await rig.run(at(1))).ran).toEqual([]);
  });

  it('waits for a run, and a run waits for it', async () => {
    await rig.run(study);
    const { Store } = await import('../../cache/store.js');
    const other = new Store(join(rig.folder, '.cohortflow'));
    expect(other.index.sessions.enter('run')).toBe(true);
    let waited = 0;
    const collection = collectGarbage(rig.openStore(), {
      keep: 1,
      dryRun: false,
      onWait: () => {
        if (++waited === 2) other.index.sessions.leave();
      },
    });
    await collection;
    expect(waited).toBe(2);

    expect(other.index.sessions.enter('collection')).toBe(true);
    const run = rig.run();
    await setTimeout(700);
    other.index.sessions.leave();
    const { events, status } = await run;
    expect(status).toBe('done');
    expect(
      events.some((event) => event.type === 'warning' && event.message.includes('being cleaned up')),
    ).toBe(true);
    other.close();
  });
});

describe('inputs', () => {
  const sized = (wait: number): string => `
cohortflow: 1
name: sized
inputs: { data: { file: data.bin } }
nodes:
  size: { task: toy.size, in: { file: data }, with: { wait: ${wait} } }
`;

  it('a file rewritten during the run, to the same size and with its time restored: nothing is recorded', async () => {
    const path = rig.write('data.bin', 'aaaa');
    const { mtime } = statSync(path);
    await setTimeout(120);
    const run = rig.run(sized(400));
    await setTimeout(250);
    writeFileSync(path, 'bbbb');
    utimesSync(path, mtime, mtime);
    const result = await run;
    expect(result.status).toBe('failed');
    expect(result.failures[0]!.failure).toMatchObject({ kind: 'changed' });
    expect(result.failures[0]!.failure.message).toBe(
      `${path} changed while it was being read; nothing was recorded. Run again.`,
    );
    expect(rig.countEntries()).toBe(0);
    const again = await rig.run();
    expect(again.status).toBe('done');
  });

  it('a file rewritten between runs to the same size and time is seen', async () => {
    const path = rig.write('data.bin', 'aaaa');
    const { mtime } = statSync(path);
    await rig.run(sized(0));
    await setTimeout(150);
    await rig.run();
    writeFileSync(path, 'bbbb');
    utimesSync(path, mtime, mtime);
    expect((await rig.run()).ran).toEqual(['size']);
  });

  it('a link that leads out of the workflow folder is refused; its target named in the YAML is not', async () => {
    const other = new Rig();
    const secret = other.write('secret.bin', 'secret');
    symlinkSync(secret, join(rig.folder, 'data.bin'));
    const result = await rig.run(sized(0));
    expect(result.failures[0]!.failure.message).toBe(
      `${join(rig.folder, 'data.bin')} is a link that leads out of the workflow's folder, to ${secret}; name that path in the input instead`,
    );
    expect((await rig.run(sized(0).replace('data.bin', secret))).status).toBe('done');
    other.remove();
  });
});

/** A file system of its own; needs root. */
function mountTmpfs(path: string, options: string): boolean {
  mkdirSync(path, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('skipped: a file system cannot be mounted here');
    return false;
  }
}

describe('the disk', () => {
  it('full: says so, damages nothing, and goes on when there is room', async ({ skip }) => {
    const folder = join(rig.folder, '.cohortflow');
    if (!mountTmpfs(folder, 'size=1m')) skip();
    try {
      const big = study.replace('rows: 5000', 'rows: 100000');
      const result = await rig.run(big).catch((error: unknown) => error as Error);
      const message = result instanceof Error ? result.message : result.failures[0]!.failure.message;
      expect(message).toMatch(/^cannot write .*(the disk is full|is the disk full\?)/);
      expect((await verifyStore(rig.openStore(), nothing)).damage).toEqual([]);
      execFileSync('mount', ['-o', 'remount,size=64m', folder]);
      expect((await rig.run()).status).toBe('done');
    } finally {
      rig.closeStore();
      execFileSync('umount', ['-l', folder]);
    }
  });

  it('read-only: says so', async ({ skip }) => {
    const folder = join(rig.folder, '.cohortflow');
    if (!mountTmpfs(folder, 'size=16m')) skip();
    try {
      await rig.run(study);
      rig.closeStore();
      execFileSync('mount', ['-o', 'remount,ro', folder]);
      await expect(rig.run(study.replace('tag: 1', 'tag: 2'))).rejects.toThrow(
        /^cannot (write|open) the store/,
      );
      execFileSync('mount', ['-o', 'remount,rw', folder]);
      expect((await rig.run()).status).toBe('done');
    } finally {
      rig.closeStore();
      execFileSync('umount', ['-l', folder]);
    }
    expect(existsSync(folder)).toBe(true);
  });
});
