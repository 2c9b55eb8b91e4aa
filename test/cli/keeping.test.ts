/** What is kept of a store, on the built program: pins, gc, verify. */
import { readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Folder, toyFolder } from './rig.js';

/** Times differ from run to run. */
const timeless = (text: string): string =>
  text
    .replace(/\d[\d.]* (?:ms|s)\b/g, '# s')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'DATE')
    .replace(/ {2,}/g, '  ');

describe('pins, garbage, damage', () => {
  let folder: Folder;
  beforeAll(() => {
    folder = toyFolder();
    for (const k of [1, 2, 3]) folder.cli('run', '--set', `params.k=${k}`);
  });
  afterAll(() => folder.remove());

  it('pin: a name, which must be free and be a name', () => {
    expect(folder.cli('pin', '1', 'first')).toEqual({
      code: 0,
      out: 'run 1 of toy is pinned as first\n',
      err: '',
    });
    expect(folder.cli('pin', 'last', 'first')).toEqual({
      code: 2,
      out: '',
      err: 'error: run 1 has the name first already\nhint: cohortflow unpin first\n',
    });
    expect(folder.cli('pin', '1', 'submitted').out).toBe(
      'run 1 of toy is pinned as submitted, which was first\n',
    );
    for (const name of ['last', 'last-2', '7', 'a b', '../x'])
      expect(folder.cli('pin', '1', name).err).toMatch(/cannot be a name/);
    expect(timeless(folder.cli('status').out)).toContain(
      '\nrun  ended  status  time  ran  fresh  failed  skipped  pinned as\n',
    );
    expect(folder.cli('status').out).toMatch(/\n {2}1 .* submitted\n/);
    expect(folder.json('status')).toMatchObject({
      runs: [{ run: 3 }, { run: 2 }, { run: 1, pin: 'submitted' }],
    });
    expect(folder.json('diff', 'submitted', 'last')).toMatchObject({ before: { run: 1 }, after: { run: 3 } });
  });

  it('gc: what the last runs and the pinned ones need is kept', () => {
    const dry = folder.json('gc', '--dry-run', '--keep', '1') as Gc;
    expect(dry.runs).toEqual({ kept: [3, 1], removed: [2] });
    expect(dry.results.removed).toBeGreaterThan(0);
    const { code, out } = folder.cli('gc', '--keep', '1');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^removed 1 run \(2\), \d+ results, 0 object files of 0 B\nkept 2 runs, \d+ results; /,
    );
    expect(folder.cli('gc', '--keep', '1').out).toMatch(/^nothing to remove: 2 runs in \.cohortflow, /);
    expect(folder.cli('plan', '--set', 'params.k=1').out).toContain('nothing to do');
    expect(folder.cli('plan', '--set', 'params.k=2').out).toContain('1 of 7 instances would run');
  });

  it('gc --max-size: as far as pins and the newest run allow', () => {
    folder.cli('run', '--set', 'params.k=4');
    expect(folder.json('gc', '--max-size', '1M', '--dry-run')).toMatchObject({
      fits: true,
      runs: { removed: [] },
    });
    expect(folder.cli('gc', '--max-size', '1').err).toMatch(/--max-size: expected a size of at least 1M/);
  });

  it('unpin', () => {
    expect(folder.cli('unpin', 'submitted').out).toBe(
      'run 1 of toy is no longer pinned (it was submitted)\n',
    );
    expect(folder.cli('unpin', '1')).toMatchObject({ code: 2, err: 'error: run 1 is not pinned\n' });
    expect(folder.json('gc', '--keep', '1')).toMatchObject({ runs: { kept: [4], removed: [3, 1] } });
  });
});

interface Gc {
  readonly runs: { readonly kept: readonly number[]; readonly removed: readonly number[] };
  readonly results: { readonly removed: number };
  readonly objects: { readonly removed: number };
}

describe('a store with objects on disk', () => {
  let folder: Folder;
  const objects = (): string[] =>
    readdirSync(join(folder.path, '.cohortflow/objects'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.length > 60)
      .map((name) => join(folder.path, '.cohortflow/objects', name));

  beforeAll(() => {
    folder = new Folder();
    const rows = Array.from({ length: 6000 }, (_, i) => `p${i},${(i * 7919) % 6007},${(i * 31) % 997}`);
    folder.write('people.csv', `id,x,y\n${rows.join('\n')}\n`);
    folder.write(
      'study.yaml',
      `cohortflow: 1
name: study
params: { ddof: 0 }
inputs: { people: { table: people.csv, id: id } }
nodes:
  z: { task: scale.zscore, in: { table: people }, with: { ddof: "\${params.ddof}" } }
publish: { files: { z.parquet: z.table } }
`,
    );
    folder.cli('run');
  });
  afterAll(() => folder.remove());

  it('sound', () => {
    expect(folder.cli('verify')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\.cohortflow is sound: \d+ objects of \d+ results\n$/) as string,
    });
  });

  it('verify: whose objects are damaged or missing; the next run makes just those', () => {
    const files = objects();
    for (const path of files) truncateSync(path, 100);
    const { code, out } = folder.cli('verify');
    expect(code).toBe(3);
    expect(out).toMatch(
      /^\.cohortflow is damaged: \d+ objects missing or damaged, of \d+ objects of \d+ results\n/,
    );
    expect(out).toMatch(/\n {2}damaged [0-9a-f]{12} {2}z\n/);
    expect(out).toMatch(/\n {2}damaged [0-9a-f]{12} {2}.*column x of .*people\.csv/);
    expect(out).toContain('what needs them is forgotten: the next run computes just that');
    expect(readdirSync(join(folder.path, '.cohortflow/quarantine')).length).toBeGreaterThan(0);
    expect(folder.cli('verify').code).toBe(0);
    expect(folder.cli('run').out).toContain('run 2 done');
    rmSync(objects()[0]!);
    expect(folder.json('verify')).toMatchObject({ sound: false, damage: [{ problem: 'missing' }] });
    expect(folder.cli('run').code).toBe(0);
  });

  it('a record that cannot be read: the run is forgotten, its results are kept', () => {
    const db = new Database(join(folder.path, '.cohortflow/index.sqlite'));
    db.prepare(
      `UPDATE small SET bytes = 'x' WHERE id IN
         (SELECT digest.id FROM digest JOIN run_node ON run_node.manifest = digest.hash WHERE run_node.run = 3)`,
    ).run();
    db.close();
    const { code, out } = folder.cli('verify');
    expect(code).toBe(3);
    expect(out).toMatch(
      / {2}damaged [0-9a-f]{12} {2}the record of run 3 \(what it did at z\); the run is forgotten\n/,
    );
    expect(folder.cli('verify').code).toBe(0);
    expect(folder.cli('plan').out).toContain('nothing to do');
  });

  it('gc: object files that no kept run needs go', () => {
    for (const ddof of [1, 0]) folder.cli('run', '--set', `params.ddof=${ddof}`);
    const before = objects().length;
    const outcome = folder.json('gc', '--keep', '1') as Gc;
    expect(outcome.runs.kept).toHaveLength(1);
    expect(outcome.objects.removed).toBe(before - objects().length);
    expect(outcome.objects.removed).toBeGreaterThan(0);
    expect(folder.cli('plan').out).toContain('nothing to do');
  });
});
