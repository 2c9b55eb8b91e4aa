/** `plan` keeps what it found, `run --plan` is held to it; `why` names the run that computed a result. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STUDY, toyFolder, type Folder } from './rig.js';

/** Times differ from run to run. */
const timeless = (text: string): string =>
  text
    .replace(/\d[\d.]* (?:ms|s)\b/g, '# s')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'DATE')
    .replace(/ {2,}/g, '  ');

describe('a plan that is kept', () => {
  let folder: Folder;
  beforeAll(() => {
    folder = toyFolder();
  });
  afterAll(() => folder.remove());

  const planned = (...args: string[]): string => {
    const { out } = folder.cli('plan', ...args);
    return /--plan ([0-9a-f]{12})\n$/.exec(out)![1]!;
  };

  it('is run as it is, its --set included', () => {
    const id = planned('--set', 'params.k=1');
    const { code, out } = folder.cli('run', '--plan', id);
    expect(code).toBe(0);
    expect(out).toContain('toy run 1 done');
    expect((folder.json('query', 'SELECT * FROM filled') as { rows: unknown[] }).rows).toHaveLength(6);
    expect(folder.cli('lineage', 'filled').out).toContain('k=1');
  });

  it('run again: what has been computed since is no difference', () => {
    const id = planned();
    expect(timeless(folder.cli('run', '--plan', id).out)).toContain(
      'toy run 2 done in # s: 5 of 7 instances ran',
    );
    expect(timeless(folder.cli('run', '--plan', id).out)).toContain('toy run 3: nothing to do');
  });

  it('refused when the study is written differently', () => {
    const id = planned('--set', 'params.k=3');
    folder.write('toy.yaml', STUDY.replace('limit: 2', 'limit: 3'));
    const { code, out, err } = folder.cli('run', '--plan', id);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(
      /^error: the plan no longer holds, nothing was run:\n {2}node top: params.limit 2 → 3\nhint: .*the plan as of now is [0-9a-f]{12}\n$/,
    );
    // A title, a comment and a label change no result.
    folder.write('toy.yaml', `# a note\n${STUDY.replace('A toy study', 'Another title')}`);
    expect(folder.cli('run', '--plan', id).code).toBe(0);
    folder.write('toy.yaml', STUDY);
  });

  it('refused when other keys are due: an input changed', () => {
    const id = planned('--set', 'params.k=4');
    const text = readFileSync(join(folder.path, 'people.csv'), 'utf8');
    folder.write('people.csv', text.replace('p2,52,2.5', 'p2,52,2.75'));
    const { code, err } = folder.cli('run', '--plan', id);
    expect(code).toBe(2);
    expect(err).toContain(`\n  the file ${join(folder.path, 'people.csv')} changed\n`);
    // A column that nothing reads is no part of the plan.
    folder.write('people.csv', text.replace('p2,52', 'p2,53'));
    folder.cli('plan');
    expect(folder.json('plan', '--set', 'params.k=4')).toMatchObject({ workflow: 'toy' });
    folder.write('people.csv', text);
    expect(folder.cli('run', '--plan', id).code).toBe(0);
  });

  it('refused beside targets and --set, and when it is not there', () => {
    const id = planned('filled', '--set', 'params.k=5');
    expect(folder.cli('run', 'z', '--plan', id).err).toMatch(
      /^error: a plan brings its targets and --set with it/,
    );
    expect(folder.cli('run', '--plan', id, '--set', 'params.k=6').code).toBe(2);
    expect(folder.cli('run', '--plan', '0123456789ab').err).toBe(
      'error: there is no plan 0123456789ab in the store (a collection removes plans); plan again\n',
    );
    expect(folder.cli('run', '--plan', 'xyz').err).toContain("'xyz' is not the ID of a plan");
    expect(folder.cli('run', '--plan', id).out).toContain('1 of 2 instances ran');
  });
});

describe('why of what is fresh', () => {
  it('names the run that computed it', () => {
    const folder = toyFolder();
    try {
      folder.cli('run');
      folder.cli('run');
      expect(timeless(folder.cli('why', 'filled').out)).toMatch(
        /^filled {2}fresh: nothing that it reads has changed since run 2\n {2}key [0-9a-f]{12}, made DATE \(run 1\) in # s with .*node/,
      );
      expect(folder.json('why', 'filled')).toMatchObject({
        only: { verdict: 'fresh', run: 2, made: 1, computed: null },
      });
    } finally {
      folder.remove();
    }
  });
});
