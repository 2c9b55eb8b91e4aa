/** Published files when the process is killed at the worst moment: what it wrote is known for its own, and no temporary file stays. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Rig } from './rig/rig.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => {
  vi.restoreAllMocks();
  rig.remove();
});

const study = (value: number): string => `
cohortflow: 1
name: published
nodes:
  one: { task: toy.source, with: { value: ${value} } }
publish:
  to: out
  files: { one.json: one.out }
`;
const file = (): string => join(rig.folder, 'out/one.json');

/** As if the process ended between the file and the row that says that it was written. */
function dieBeforeTheRow(): void {
  vi.spyOn(rig.openStore().index.publications, 'add').mockImplementationOnce(() => {
    throw new Error('killed');
  });
}

it('killed after the file, before its row: the next run takes the file for its own', async () => {
  await rig.run(study(1));
  dieBeforeTheRow();
  await rig.run(study(2));
  expect(readFileSync(file(), 'utf8')).toBe('2\n');
  expect((await rig.run(study(3))).published).toMatchObject({ written: ['one.json'], edited: [] });
  expect(readFileSync(file(), 'utf8')).toBe('3\n');
});

it('killed after a first file: it is removed when it is no longer made', async () => {
  rig.openStore();
  dieBeforeTheRow();
  await rig.run(study(1));
  expect(existsSync(file())).toBe(true);
  const other = study(1).replace('one.json', 'two.json');
  expect((await rig.run(other)).published).toMatchObject({
    written: ['two.json'],
    removed: ['one.json'],
    edited: [],
  });
});

it('killed before the file: the old one is still ours, the half-written one goes', async () => {
  await rig.run(study(1));
  const { index } = rig.openStore();
  // No process has this number.
  const temporary = 'one.json.4194305.tmp';
  writeFileSync(join(rig.folder, 'out', temporary), '{"ha');
  index.publications.intend(join(rig.folder, 'out'), 'one.json', 'ab'.repeat(32), 'a result', temporary);
  expect((await rig.run(study(2))).published).toMatchObject({ written: ['one.json'], edited: [] });
  expect(readdirSync(join(rig.folder, 'out'))).toEqual(['one.json']);
  expect(index.publications.intended(join(rig.folder, 'out'))).toEqual([]);
});

it('edited after the kill: left alone', async () => {
  await rig.run(study(1));
  dieBeforeTheRow();
  await rig.run(study(2));
  writeFileSync(file(), 'my own');
  expect((await rig.run(study(3))).published).toMatchObject({ written: [], edited: ['one.json'] });
  expect(readFileSync(file(), 'utf8')).toBe('my own');
});

it('two workflows that publish to one folder leave each other alone', async () => {
  const other = study(7).replace('name: published', 'name: other').replace('one.json', 'seven.json');
  await rig.run(study(1));
  expect((await rig.run(other)).published).toMatchObject({ written: ['seven.json'], removed: [] });
  expect((await rig.run(study(1))).published).toMatchObject({ written: [], unchanged: 1, removed: [] });
  expect(readdirSync(join(rig.folder, 'out')).sort()).toEqual(['one.json', 'seven.json']);
  // Each prunes its own.
  const renamed = other.replace('seven.json', 'eight.json');
  expect((await rig.run(renamed)).published).toMatchObject({ removed: ['seven.json'] });
  // What both make belongs to who made it last.
  const both = renamed.replace('eight.json: one.out', 'eight.json: one.out, one.json: one.out');
  expect((await rig.run(both)).published).toMatchObject({ written: ['one.json'] });
  expect((await rig.run(renamed)).published).toMatchObject({ removed: ['one.json'] });
  expect((await rig.run(study(1))).published).toMatchObject({ written: ['one.json'] });
});
