/** An object is durable before its row is committed: the file is synced, renamed, and the folder that names it is synced after that. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cohortflow-durable-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const OBJECTS = new URL('../../dist/cache/objects.js', import.meta.url).href;

/** What a process asks of the disk while it runs `work` on `objects`, paths as seen from the folder. */
function asked(work: string): string[] {
  const script = `
    const fs = (await import('node:fs')).default;
    const { relative } = await import('node:path');
    const { syncBuiltinESMExports } = await import('node:module');
    const { openSync, fsyncSync, renameSync } = fs;
    const [names, said] = [new Map(), []];
    const near = (path) => relative(${JSON.stringify(folder)}, path).replace(/\\d+-\\d+\\.tmp/, 'TMP');
    fs.openSync = (path, ...rest) => {
      const file = openSync(path, ...rest);
      names.set(file, near(path));
      return file;
    };
    fs.fsyncSync = (file) => { said.push('sync ' + names.get(file)); fsyncSync(file); };
    fs.renameSync = (from, to) => { said.push('rename to ' + near(to)); renameSync(from, to); };
    syncBuiltinESMExports();
    const { Objects } = await import(${JSON.stringify(OBJECTS)});
    const objects = new Objects(${JSON.stringify(join(folder, 'objects'))});
    ${work}
    console.log(JSON.stringify(said));`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return JSON.parse(out) as string[];
}

const a = `ab${'01'.repeat(31)}`;
const b = `ab${'02'.repeat(31)}`;

it('written', () => {
  mkdirSync(join(folder, 'objects'));
  expect(asked(`for (const d of ['${a}', '${b}', '${a}']) objects.write(d, Buffer.alloc(20000));`)).toEqual([
    // The folder of the first two digits is new: the one that it stands in must know of it.
    'sync objects',
    `sync objects/ab/${a.slice(2)}.TMP`,
    `rename to objects/ab/${a.slice(2)}`,
    'sync objects/ab',
    `sync objects/ab/${b.slice(2)}.TMP`,
    `rename to objects/ab/${b.slice(2)}`,
    'sync objects/ab',
  ]);
});

it('adopted', () => {
  mkdirSync(join(folder, 'objects', 'ab'), { recursive: true });
  writeFileSync(join(folder, 'made'), 'bytes');
  expect(asked(`objects.adopt('${a}', ${JSON.stringify(join(folder, 'made'))});`)).toEqual([
    'sync made',
    `rename to objects/ab/${a.slice(2)}`,
    'sync objects/ab',
  ]);
});
