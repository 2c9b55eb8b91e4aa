/** The built program on a small study, verb by verb. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STUDY, toyFolder, type Folder } from './rig.js';

/** Durations and times differ from run to run. */
const timeless = (text: string): string =>
  text
    .replace(/\d[\d.]* (?:ms|s)\b/g, '# s')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'DATE')
    .replace(/ {2,}/g, '  ');

describe('a study from its first run on', () => {
  let folder: Folder;
  beforeAll(() => {
    folder = toyFolder();
  });
  afterAll(() => folder.remove());

  it('validate leaves nothing behind', () => {
    const { code, out, err } = folder.cli('validate');
    expect({ code, out, err }).toEqual({ code: 0, out: 'toy is valid: 5 nodes, 1 input, 1 axis\n', err: '' });
    expect(readdirSync(folder.path).sort()).toEqual(['people.csv', 'toy.yaml']);
    expect(folder.cli('status')).toEqual({
      code: 2,
      out: '',
      err: 'error: nothing has been run yet: there is no store at .cohortflow\nhint: cohortflow run\n',
    });
  });

  it('run: everything, with reasons, and published', () => {
    const { code, out, err } = folder.cli('run', '--workers', '1');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const summary = timeless(out.slice(out.indexOf('toy run 1')));
    expect(summary).toBe(`toy run 1 done in # s: 7 of 7 instances ran (not run before)

  z  1 ran  # s
  filled  1 ran  # s
  one  2 ran  of 2  # s
  top  2 ran  of 2  # s
  all  1 ran  # s

published 3 files in results/toy (3 written)
`);
    expect(out).not.toContain('\u001b');
    expect(readdirSync(join(folder.path, 'results/toy')).sort()).toEqual(['all.csv', 'top']);
  });

  it('run again: nothing to do', () => {
    const { code, out } = folder.cli('run', 'toy.yaml');
    expect(code).toBe(0);
    expect(timeless(out)).toBe(`toy run 2: nothing to do: all 7 instances are fresh (# s)

published 3 files in results/toy (3 unchanged)
`);
  });

  it('plan and why: what a change would do', () => {
    expect(timeless(folder.cli('plan', '--set', 'params.k=1').out).replace(/[0-9a-f]{12}/, 'ID'))
      .toBe(`toy: 1 of 7 instances would run, 5 may run, 1 fresh

  filled  1 would run  params.k 2 → 1
  one  2 may run  of 2  waits on filled
  top  2 may run  of 2  waits on one
  all  1 may run  waits on top

run exactly this: cohortflow run toy.yaml --plan ID
`);
    expect(folder.cli('why', 'filled', '--set', 'params.k=1').out).toBe(
      'filled  would run because params.k 2 → 1\n',
    );
    expect(folder.cli('why', 'toy.yaml', 'top', 'fev', '--set', 'params.k=1').out).toBe(
      'top[fev]  may run: waits on one; filled would run (params.k 2 → 1)\n',
    );
  });

  it('run the change: cut off where the result is the same', () => {
    const { code, out } = folder.cli('run', '--set', 'params.k=1');
    expect(code).toBe(0);
    expect(timeless(out)).toContain(`toy run 3 done in # s: 5 of 7 instances ran

  filled  1 ran  # s  params.k 2 → 1
`);
    expect(out).toContain(
      '\ncut off: top gave the same result as before; what depends on it did not run again\n',
    );
    expect(out).toContain('\n2 instances fresh\n');
    expect(folder.cli('why', 'all', '--set', 'params.k=1').out.split('\n')[0]).toBe(
      'all  fresh: cut off: upstream top was computed again with an identical output',
    );
    expect(folder.cli('why', 'filled').out.split('\n')[0]).toBe(
      'filled  fresh: an earlier result fits (since run 3: params.k 1 → 2)',
    );
  });

  it('status: the runs, newest first', () => {
    expect(timeless(folder.cli('status').out)).toBe(`toy (toy.yaml), store .cohortflow

run  ended  status  time  ran  fresh  failed  skipped
  3  DATE  done  # s  5  2  0  0
  2  DATE  done  # s  0  7  0  0
  1  DATE  done  # s  7  0  0  0
`);
  });

  it('lineage: from a published file to the raw file, and back', () => {
    const up = folder.cli('lineage', 'results/toy/top/fev.csv');
    expect(up.code).toBe(0);
    expect(up.out.replace(/ {2}[0-9a-f]{12}$/gm, '').replaceAll(`${folder.path}/`, '')).toBe(`top/fev.csv
└─ top.table[fev]  table.sort  by=["x"] limit=2 descending=false
   └─ table {x} ← one.table[fev]  table.derive  columns=[{"name":"x","copy":"fev"}]
      └─ table {fev} ← filled.table  impute.knn  k=1 weights=uniform
         └─ table {rdw, fev} ← z.table  scale.zscore  ddof=0
            └─ table {rdw, fev} ← people.csv  digest ${digestOf(up.out)}
`);
    const down = folder.cli('lineage', 'people.csv', '--down').out.replaceAll(`${folder.path}/`, '');
    expect(down.split('\n').slice(1).join('\n')).toBe(`└─ → table {rdw, fev} of z  scale.zscore  ddof=0
   └─ → table {rdw, fev} of filled  impute.knn  k=1 weights=uniform
      └─ → table of one  × 2  table.derive  columns=[{"copy":"\${trait}","name":"x"}]
         └─ → table of top  × 2  table.sort  by=["x"] limit=2
            ├─ → tables {id, x} of all  table.concat  ids=column
            │  └─ all.csv
            └─ top/\${trait}.csv
`);
    // A path as lineage shows it names the file, too.
    expect(folder.cli('lineage', 'top/fev.csv').out).toBe(up.out);
    const { start, edges } = folder.json('lineage', 'all') as { start: string; edges: unknown[] };
    expect(start).toBe('node all[]');
    expect(edges).toHaveLength(5);
  });

  it('show: tables of a node, one instance, JSON', () => {
    const { out } = folder.cli('show', 'z.table', '--rows', '2');
    expect(out.replace(/[0-9a-f]{12}/, 'DIGEST'))
      .toBe(`z.table  table of 6 rows × 2 columns, ids in 'id'  DIGEST
id          rdw        fev
text     number     number
      1 missing  1 missing
p1        -1.25    -1.2003
p2        -0.75  -0.755742
… 4 more rows
`);
    const shown = folder.json('show', 'top', 'rdw') as { preview: { rows: number }; published: string[] };
    expect(shown.preview.rows).toBe(2);
    expect(shown.published).toEqual([join(folder.path, 'results/toy/top/rdw.csv')]);
    expect(folder.cli('show', 'top.table').out.match(/^top\.table\[/gm)).toHaveLength(2);
  });

  it('run --json: events, then the outcome, one line each', () => {
    const lines = folder
      .cli('run', '--json', '--set', 'params.k=3')
      .out.trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    expect(lines[0]).toMatchObject({ type: 'start', workflow: 'toy', nodes: 5 });
    expect(lines.at(-1)).toMatchObject({ type: 'outcome', status: 'done', failures: [] });
    expect(lines.filter(({ type }) => type === 'node-end').length).toBeGreaterThanOrEqual(5);
  });

  it('targets: only what they need, nothing published', () => {
    const { out } = folder.cli('run', 'filled', '--set', 'params.k=4');
    expect(timeless(out)).toContain('done in # s: 1 of 2 instances ran');
    expect(out).not.toContain('published');
    expect(folder.cli('run', 'fillled')).toEqual({
      code: 2,
      out: '',
      err: "error: 'fillled' is not a node of toy\nhint: did you mean 'filled'?\n",
    });
  });

  it('another store: nothing is fresh there', () => {
    expect(folder.cli('plan', '--store', 'other').out).toMatch(
      /^toy: 1 of 7 instances would run, 6 may run, 0 fresh; scale\.zscore never measured/,
    );
    expect(existsSync(join(folder.path, 'other/index.sqlite'))).toBe(true);
  });
});

describe('a study with a failing node', () => {
  let folder: Folder;
  beforeAll(() => {
    folder = toyFolder();
    const failing = STUDY.replace('name: x, copy:', 'name: x, log:').replace(
      'trait: [fev, rdw]',
      'trait: [rdw]',
    );
    folder.write('toy.yaml', failing);
  });
  afterAll(() => folder.remove());
  const message = 'a logarithm needs values above 0, got -1.25';

  it('run: the root once, what it stops, how to repeat it; exit code 1', () => {
    const { code, out } = folder.cli('run', 'toy.yaml', '--set', 'params.k=3');
    expect(code).toBe(1);
    expect(timeless(out.slice(out.indexOf('toy run 1')))).toBe(`toy run 1 failed in # s

  z  1 ran  # s  not run before
  filled  1 ran  # s  not run before
  one  1 failed  not run before
  top  1 skipped
  all  1 skipped

failed one[rdw]: ${message}
  at port 'table' (filled.table), column 'rdw', row 'p1'
  2 instances skipped because of it
  run just this again: cohortflow run toy.yaml one --set params.k=3
`);
  });

  it('status, show and why tell of it', () => {
    expect(folder.cli('status').out).toContain(`\nfailed in run 1:\n  one[rdw]: ${message}\n`);
    expect(folder.cli('show', 'one').err).toBe('error: one[rdw] has no result: it failed in run 1\n');
    expect(folder.cli('why', 'one', '--set', 'params.k=3').out).toBe(
      `one[rdw]  would run: in run 1 it failed: ${message}\n`,
    );
  });
});

function digestOf(text: string): string {
  return /digest ([0-9a-f]{12})/.exec(text)?.[1] ?? 'none';
}

describe('a workflow with errors', () => {
  let folder: Folder;
  beforeAll(() => {
    folder = toyFolder();
    folder.write(
      'toy.yaml',
      STUDY.replace('task: impute.knn', 'task: impute.kn').replace('people[rdw, fev]', 'people[rdw, few]'),
    );
  });
  afterAll(() => folder.remove());

  it('is refused by every verb that loads it, with its place', () => {
    for (const verb of [['validate'], ['run'], ['why', 'z']]) {
      const { code, out, err } = folder.cli(...verb);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toContain("did you mean 'impute.knn'?");
      expect(err).toMatch(/\n1 error\n$/);
    }
    expect(existsSync(join(folder.path, '.cohortflow'))).toBe(false);
  });

  it('names columns that the input file does not have', () => {
    folder.write('toy.yaml', STUDY.replace('people[rdw, fev]', 'people[rdw, few]'));
    const { code, err } = folder.cli('validate');
    expect(code).toBe(2);
    expect(err).toContain("error CF182: the input 'people' has no column 'few' (picked here)");
    expect(err).toContain("did you mean 'fev'?");
  });

  it('as JSON', () => {
    expect(folder.json('validate')).toMatchObject({
      valid: false,
      diagnostics: [{ code: 'CF182', at: { line: 14 } }],
    });
  });

  it('among several files, one must be named', () => {
    folder.write('second.yaml', STUDY);
    folder.write('notes.yaml', 'nothing: here\n');
    expect(folder.cli('plan').err).toBe(
      'error: there are several workflow files in this folder: second.yaml, toy.yaml\nhint: name one of them\n',
    );
    expect(folder.cli('validate', '-f', 'second.yaml').code).toBe(0);
  });
});

describe('a store that is damaged', () => {
  let folder: Folder;
  beforeAll(() => {
    folder = toyFolder();
    folder.cli('run', 'z');
  });
  afterAll(() => folder.remove());

  const copy = (name: string): string => {
    cpSync(join(folder.path, '.cohortflow'), join(folder.path, name), { recursive: true });
    return join(folder.path, name, 'index.sqlite');
  };

  it('exit code 3, and what to do', () => {
    writeFileSync(copy('garbage'), 'this is no database, and long enough to be seen as none'.repeat(40));
    const { code, err } = folder.cli('run', '--store', 'garbage');
    expect(code).toBe(3);
    expect(err).toMatch(
      /^error: .*damaged.*\nhint: move the store away; the next run computes everything anew\n$/,
    );
  });

  it('of a newer version: refused, and no damage', () => {
    const db = new Database(copy('newer'));
    db.pragma('user_version = 99');
    db.close();
    for (const verb of ['status', 'run', 'verify']) {
      const { code, err } = folder.cli(verb, '--store', 'newer');
      expect(code).toBe(2);
      expect(err).toMatch(
        /^error: .*made by a newer cohortflow.*\nhint: use that version, or another folder/,
      );
    }
  });

  it('that cannot be opened: exit code 2', () => {
    expect(folder.cli('run', '--store', 'toy.yaml/store')).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /^error: the store at toy\.yaml\/store cannot be opened: ENOTDIR.*\nhint: choose a folder with --store\n$/,
      ) as string,
    });
  });
});

describe('the process', () => {
  let folder: Folder;
  beforeAll(() => {
    folder = toyFolder();
  });
  afterAll(() => folder.remove());

  it('a reader that goes away is no error', () => {
    const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;
    const { stdout, stderr } = spawnSync(
      'bash',
      ['-c', `"${process.execPath}" "${main}" schema | head -1; echo "code \${PIPESTATUS[0]}"`],
      { cwd: folder.path, encoding: 'utf8' },
    );
    expect({ stdout, stderr }).toEqual({ stdout: '{\ncode 0\n', stderr: '' });
  });

  it('Ctrl-C: what is finished is kept, exit code 130, no process is left', async () => {
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
    folder.write(
      'toy.yaml',
      `cohortflow: 1
name: slow
inputs: { people: { table: people.csv, id: id } }
axes: { k: { range: [1, 60] } }
nodes:
  z: { task: scale.zscore, in: { table: people } }
  filled: { task: impute.knn, in: { table: z.table }, with: { k: "\${k}" }, each: k }
`,
    );
    const { child, seen, ended } = folder.start('run', '--workers', '2');
    await seen('start   filled');
    child.kill('SIGINT');
    const { code, out } = await ended;
    expect(code).toBe(130);
    expect(out).toContain('interrupted: keeping what is finished; once more to end at once');
    expect(out).toMatch(/slow run 1 interrupted after .*: what was finished is kept/);
    expect(out).toMatch(/not reached/);
    expect(folder.cli('show', 'z.moments').out).toContain('z.moments  table of 12 rows');
    const left = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout;
    expect(left).not.toContain(join(folder.path, '.cohortflow'));
  });

  it('doctor', () => {
    const { ok, checks } = folder.json('doctor') as {
      ok: boolean;
      checks: { name: string; found: string }[];
    };
    expect(ok).toBe(true);
    expect(checks.map(({ name }) => name)).toEqual([
      'node',
      'machine',
      'numerics',
      'sqlite',
      'duckdb',
      'store',
    ]);
    expect(checks.at(-1)!.found).toBe('.cohortflow: writable, locks work');
    expect(readdirSync(join(folder.path, '.cohortflow')).filter((name) => name.startsWith('doctor'))).toEqual(
      [],
    );
    const { code, out } = folder.cli('doctor', '--store', 'people.csv/x');
    expect(code).toBe(1);
    expect(out).toContain('store: choose a folder that can be written with --store');
  });

  it('the schema is the one beside the workflows', () => {
    const { out } = folder.cli('schema');
    expect(JSON.parse(out)).toMatchObject({ title: 'cohortflow workflow' });
    expect(readFileSync('workflows/cohortflow.schema.json', 'utf8').length).toBeGreaterThan(1000);
  });
});
