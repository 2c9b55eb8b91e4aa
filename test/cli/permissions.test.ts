/**
 * Permissions taken away: a sentence that says so, the right exit code, nothing damaged, and the next run finishes. Root may do
 * everything, so the program is run as another user where the tests are run by root.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toyFolder, type Folder } from './rig.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** `nobody`. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

let folder: Folder;
beforeEach(() => {
  folder = toyFolder();
  // Large enough for its columns to be files of the store.
  folder.write('people.csv', `id,age,rdw,fev\n${row(3000, (i) => `p${i},${i % 50},${i % 997},${i}.5`)}`);
  folder.user = isRoot ? NOBODY : null;
  own(folder.path);
});
afterEach(() => {
  restore(folder.path);
  folder.remove();
});

const row = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('');

/** Gives the folder to the user that the program is run as. */
function own(path: string): void {
  if (!isRoot) return;
  chownSync(path, NOBODY, NOBODY);
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) own(join(path, name));
}

/** So that it can be removed. */
function restore(path: string): void {
  if (!lstatSync(path).isDirectory()) return;
  chmodSync(path, 0o700);
  for (const name of readdirSync(path)) restore(join(path, name));
}

/** The program must be readable for that user, which an installation below a private folder is not. */
function isReadable(): boolean {
  if (process.platform === 'win32') return false;
  const { status } = spawnSync(process.execPath, [MAIN, '--version'], {
    cwd: '/',
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  if (status !== 0) console.warn('skipped: the program cannot be run as an unprivileged user here');
  return status === 0;
}

const at = (...names: string[]): string => join(folder.path, ...names);

/** Takes `bits` away, runs the program, gives them back. */
function without(path: string, mode: number, ...args: string[]) {
  const { mode: before } = lstatSync(path);
  chmodSync(path, mode);
  try {
    return folder.cli(...args);
  } finally {
    chmodSync(path, before & 0o777);
  }
}

/** Nothing is damaged, and the study finishes. */
function expectSound(ran: RegExp): void {
  const verified = folder.cli('verify');
  expect(verified.code).toBe(0);
  const { code, out } = folder.cli('run', '--workers', '1');
  expect(code).toBe(0);
  expect(out).toMatch(ran);
  expect(existsSync(at('results/toy/all.csv'))).toBe(true);
  expect(existsSync(at('.cohortflow/quarantine'))).toBe(false);
}

describe.skipIf(!isReadable())('permissions taken away', () => {
  it('the folder of the study: there is no place for a store', () => {
    const { code, out, err } = without(folder.path, 0o500, 'run', '--workers', '1');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    // Which folder is named first is for Node to say.
    expect(err).toMatch(
      /^error: the store at \.cohortflow cannot be opened: EACCES: permission denied, mkdir '\S+'\nhint: choose a folder with --store\n$/,
    );
    expect(existsSync(at('.cohortflow'))).toBe(false);
    expect(folder.cli('run', '--workers', '1').code).toBe(0);
  });

  it('the store: not to be written', () => {
    expect(folder.cli('run', 'z', '--workers', '1').code).toBe(0);
    for (const verb of [['run'], ['plan'], ['status']]) {
      const { code, err } = without(at('.cohortflow'), 0o500, ...verb);
      expect({ verb, code }).toEqual({ verb, code: 1 });
      expect(err).toMatch(
        /^error: cannot write the store \S+index\.sqlite: [a-z ]+; look at its permissions\n/,
      );
    }
    expectSound(/6 of 7 instances ran/);
  });

  it('the objects of the store: not to be written', () => {
    expect(folder.cli('validate').code).toBe(0);
    expect(folder.cli('plan').code).toBe(0);
    const { code, err, out } = without(at('.cohortflow/objects'), 0o500, 'run', '--workers', '1');
    expect(code).toBe(1);
    expect(out + err).toMatch(
      /cannot write \S+objects\S+: EACCES: permission denied.*; look at its permissions/,
    );
    expect(out + err).not.toMatch(/internal error/);
    expectSound(/7 of 7 instances ran/);
  });

  it('an object: not to be read; verify does not take it for damage', () => {
    expect(folder.cli('run', 'z', '--workers', '1').code).toBe(0);
    const objects = readdirSync(at('.cohortflow/objects')).flatMap((part) =>
      readdirSync(at('.cohortflow/objects', part)).map((name) => at('.cohortflow/objects', part, name)),
    );
    expect(objects.length).toBeGreaterThan(2);
    for (const path of objects) chmodSync(path, 0o000);
    const { code, out, err } = folder.cli('run', '--workers', '1');
    expect(code).toBe(1);
    expect(out + err).toMatch(
      /cannot read \S+objects\S+: EACCES: permission denied.*; look at its permissions/,
    );
    expect(out + err).not.toMatch(/internal error/);
    const verified = folder.cli('verify');
    expect(verified.code).toBe(1);
    expect(verified.err).toMatch(/^error: cannot read \S+objects\S+: EACCES/);
    for (const path of objects) chmodSync(path, 0o600);
    expectSound(/6 of 7 instances ran/);
  });

  it('a raw file: not to be read', () => {
    const { code, out, err } = without(at('people.csv'), 0o000, 'run', '--workers', '1');
    expect(code).toBe(1);
    expect(err + out).toContain(
      `cannot read ${at('people.csv')}: EACCES: permission denied, open '${at('people.csv')}'`,
    );
    expect(out + err).not.toMatch(/internal error/);
    expectSound(/7 of 7 instances ran/);
  });

  it('the folder of published files: not to be written; what was there stays', () => {
    expect(folder.cli('run', '--workers', '1').code).toBe(0);
    const before = readFileSync(at('results/toy/all.csv'), 'utf8');
    const { code, out } = without(
      at('results/toy'),
      0o500,
      'run',
      '--workers',
      '1',
      '--set',
      'nodes.top.with.limit=1',
    );
    expect(code).toBe(1);
    expect(out).toMatch(/all\.csv: EACCES: permission denied/);
    expect(readFileSync(at('results/toy/all.csv'), 'utf8')).toBe(before);
    const { code: after, out: published } = folder.cli('run', '--set', 'nodes.top.with.limit=1');
    expect(after).toBe(0);
    expect(published).not.toContain('edited');
    expect(readFileSync(at('results/toy/all.csv'), 'utf8')).not.toBe(before);
    expectSound(/nothing to do/);
  });
});
