/** `watch` on the built program: edits of the workflow and of its inputs, errors, cancelling. */
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STUDY, toyFolder, type Folder } from './rig.js';

let folder: Folder;
beforeEach(() => {
  folder = toyFolder();
});
afterEach(() => folder.remove());

describe('watch', () => {
  it('runs again after edits, survives errors, ends with Ctrl-C', { timeout: 60_000 }, async () => {
    folder.write('base.yaml', STUDY);
    folder.write('toy.yaml', 'cohortflow: 1\nextends: base.yaml\nname: toy\n');
    const { child, seen, ended } = folder.start('watch', 'toy.yaml', '--workers', '1');
    await seen('toy run 1 done');
    await seen('watching 3 files; Ctrl-C ends');

    // The file that it extends.
    folder.write('base.yaml', STUDY.replace('k: 2', 'k: 1'));
    await seen('base.yaml changed');
    await seen('toy run 2 done');

    // An input, replaced as editors do it.
    const people = readFileSync(join(folder.path, 'people.csv'), 'utf8');
    folder.write('people.csv.new', people.replace('p1,41,1.5', 'p1,41,1.25'));
    renameSync(join(folder.path, 'people.csv.new'), join(folder.path, 'people.csv'));
    await seen('people.csv changed');
    await seen('toy run 3 done');

    // A slip is told, and mended.
    folder.write('base.yaml', STUDY.replace('impute.knn', 'impute.kn'));
    await seen("did you mean 'impute.knn'?");
    await seen('\n1 error\n');
    folder.write('base.yaml', STUDY);
    await seen('toy run 4 done');

    child.kill('SIGINT');
    const { code, out } = await ended;
    expect(code).toBe(0);
    expect(out).not.toContain('internal error');
  });

  it(
    'a raw file that is not there at the start, nor its folder: runs when it comes',
    { timeout: 60_000 },
    async () => {
      folder.write('toy.yaml', STUDY.replace('people.csv', 'data/people.csv'));
      const { child, seen, ended } = folder.start('watch', '--workers', '1');
      await seen("the file of the input 'people' does not exist");
      await seen('watching 2 files');
      folder.write('data/people.csv', readFileSync(join(folder.path, 'people.csv'), 'utf8'));
      await seen('data/people.csv changed');
      await seen('7 of 7 instances ran');
      // From now on it is watched as any other.
      folder.write(
        'data/people.csv',
        readFileSync(join(folder.path, 'people.csv'), 'utf8').replace('1.5', '1.75'),
      );
      await seen('toy run 2 done');
      child.kill('SIGINT');
      expect((await ended).code).toBe(0);
    },
  );

  it('cancels a run that became pointless; as lines of JSON', { timeout: 60_000 }, async () => {
    const rows = Array.from({ length: 6000 }, (_, i) => {
      const cells = Array.from({ length: 12 }, (__, j) =>
        (i * 7919 + j * 104_729) % 1000 === 0 ? '' : (i * 31 + j * 17) % 997,
      );
      return `p${i},${cells.join(',')}`;
    });
    folder.write(
      'people.csv',
      `id,${Array.from({ length: 12 }, (_, j) => `c${j}`).join(',')}\n${rows.join('\n')}\n`,
    );
    const study = `cohortflow: 1
name: slow
inputs: { people: { table: people.csv, id: id } }
axes: { k: { range: [1, 60] } }
nodes:
  z: { task: scale.zscore, in: { table: people } }
  filled: { task: impute.knn, in: { table: z.table }, with: { k: "\${k}" }, each: k }
`;
    folder.write('toy.yaml', study);
    const { child, seen, ended } = folder.start('watch', '--json', '--workers', '2');
    await seen('"node":"filled"');
    folder.write('toy.yaml', `# words only\n${study}`);
    await seen('"type":"changed"');
    folder.write('toy.yaml', study.replace('[1, 60]', '[1, 2]'));
    await seen('"type":"cancelled"');
    await seen('"status":"interrupted"');
    await seen('"status":"done"');
    await seen('"type":"watching"');
    child.kill('SIGINT');
    const { code, out } = await ended;
    expect(code).toBe(0);
    const types = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types.filter((type) => type === 'changed')).toHaveLength(2);
    expect(types.filter((type) => type === 'cancelled')).toHaveLength(1);
    expect(types.at(-1)).toBe('watching');
  });
});
