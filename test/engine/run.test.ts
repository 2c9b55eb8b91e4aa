import { DuckDBInstance } from '@duckdb/node-api';
import { copyFileSync, mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readGroup } from '../../engine/record.js';
import { Rig } from './rig/rig.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.remove());

/** one → two → three, and one → other. */
const chain = (over: { add?: number; modulo?: number } = {}): string => `
cohortflow: 1
name: chain
nodes:
  one: { task: toy.source, with: { value: 5 } }
  two: { task: toy.sum, in: { a: one }, with: { add: ${over.add ?? 1}, modulo: ${over.modulo ?? 1000} } }
  three: { task: toy.sum, in: { a: two } }
  other: { task: toy.sum, in: { a: one }, with: { add: 100 } }
`;

const summaryOf = (result: Awaited<ReturnType<Rig['run']>>, node: string) =>
  result.nodes.find((each) => each.node === node)!;

describe('what runs', () => {
  it('runs everything once, then nothing', async () => {
    const first = await rig.run(chain());
    expect(first.status).toBe('done');
    expect(first.ran).toEqual(['one', 'other', 'three', 'two']);
    expect(rig.json('three')).toBe(6);
    const second = await rig.run();
    expect(second.ran).toEqual([]);
    expect(second.nodes.every(({ fresh, instances }) => fresh === instances)).toBe(true);
  });

  it('a parameter changed: exactly its descendants, and says why; changed back: nothing', async () => {
    await rig.run(chain());
    const changed = await rig.run(chain({ add: 2 }));
    expect(changed.ran).toEqual(['three', 'two']);
    expect(summaryOf(changed, 'two').reasons).toEqual({ 'params.add 1 → 2': 1 });
    expect(summaryOf(changed, 'three').reasons).toEqual({ 'input a: its content changed': 1 });
    expect((await rig.run(chain())).ran).toEqual([]);
  });

  it('early cutoff: a change without effect stops where the output is the same', async () => {
    await rig.run(chain({ add: 1, modulo: 10 }));
    // 5 + 1 = 6 = 16 mod 10
    const changed = await rig.run(chain({ add: 11, modulo: 10 }));
    expect(changed.ran).toEqual(['two']);
    expect(summaryOf(changed, 'two').unchanged).toBe(1);
    expect(summaryOf(changed, 'three').fresh).toBe(1);
  });

  it('comments, white space, the order of keys, new names of nodes and parameters: nothing', async () => {
    await rig.run(`
cohortflow: 1
name: names
params: { amount: 3 }
nodes:
  one: { task: toy.source, with: { value: 5 } }
  two: { task: toy.sum, in: { a: one }, with: { add: "\${params.amount}", modulo: 100 } }
`);
    const again = await rig.run(`
# a comment
cohortflow: 1
nodes:
  second:
    with:
      modulo: 100

      add: "\${params.quantity}"
    in: { a: first.out }
    task: toy.sum
  first: { task: toy.source, with: { value: 5 } }
params: { quantity: 3 }
name: names
`);
    expect(again.ran).toEqual([]);
    expect(again.nodes.map(({ node }) => node)).toEqual(['first', 'second']);
  });

  it('a default written out is no change', async () => {
    await rig.run(`{ cohortflow: 1, name: d, nodes: { a: { task: toy.sum, with: { add: 1 } } } }`);
    const again = await rig.run(
      `{ cohortflow: 1, name: d, nodes: { a: { task: toy.sum, with: { add: 1, modulo: 1.0e+9, fail: false } } } }`,
    );
    expect(again.ran).toEqual([]);
  });

  it('two nodes with the same key are computed once', async () => {
    const result = await rig.run(`
cohortflow: 1
name: same
nodes:
  a: { task: toy.source, with: { value: 1 } }
  b: { task: toy.source, with: { value: 1 } }
`);
    expect(result.status).toBe('done');
    expect(result.nodes.map(({ ran }) => ran)).toEqual([1, 1]);
    expect(result.nodes.reduce((sum, { seconds }) => sum + (seconds > 0 ? 1 : 0), 0)).toBe(1);
  });
});

describe('raw tables', () => {
  const study = (path = 'people.csv'): string => `
cohortflow: 1
name: raw
inputs:
  people: { table: ${path}, id: id }
nodes:
  age: { task: toy.columns, in: { table: "people[age]" } }
  both: { task: toy.columns, in: { table: people }, with: { columns: [age, bmi] } }
  after: { task: toy.columns, in: { table: "both.table[bmi]" } }
`;
  const rows = ['b,40,22.5,x', 'a,50,30,y', 'c,60,,z'];
  const csv = (lines: readonly string[], header = 'id,age,bmi,name'): string =>
    [header, ...lines, ''].join('\n');

  it('reads only what is asked for; an edited cell reruns only who reads its column', async () => {
    rig.write('people.csv', csv(rows));
    expect((await rig.run(study())).ran).toEqual(['after', 'age', 'both']);
    expect(rig.json('age')).toEqual({ age: 150 });
    expect(rig.json('both')).toEqual({ age: 150, bmi: 52.5 });

    rig.write('people.csv', csv(['b,40,22.5,x', 'a,50,31,y', 'c,60,,z']));
    const edited = await rig.run();
    expect(edited.ran).toEqual(['after', 'both']);
    expect(summaryOf(edited, 'both').reasons).toEqual({ 'input table: 1 of 2 columns changed (bmi)': 1 });

    rig.write('people.csv', csv(['b,40,22.5,other', 'a,50,31,y', 'c,60,,z']));
    expect((await rig.run()).ran).toEqual([]);
  });

  it('columns added or reordered, rows reordered, the file touched or moved: nothing', async () => {
    const path = rig.write('people.csv', csv(rows));
    await rig.run(study());
    rig.write('people.csv', csv([...rows].reverse()));
    expect((await rig.run()).ran).toEqual([]);
    rig.write('people.csv', csv(['b,22.5,1,40,x', 'a,30,2,50,y', 'c,,3,60,z'], 'id,bmi,new,age,name'));
    expect((await rig.run()).ran).toEqual([]);
    utimesSync(path, new Date(0), new Date(0));
    expect((await rig.run()).ran).toEqual([]);
    mkdirSync(join(rig.folder, 'elsewhere'));
    renameSync(path, join(rig.folder, 'elsewhere/p2.csv'));
    expect((await rig.run(study('elsewhere/p2.csv'))).ran).toEqual([]);
  });

  it('a person added reruns who reads the table, and says so', async () => {
    rig.write('people.csv', csv(rows));
    await rig.run(study());
    rig.write('people.csv', csv([...rows, 'd,1,1,w']));
    const added = await rig.run();
    expect(added.ran).toEqual(['after', 'age', 'both']);
    expect(summaryOf(added, 'age').reasons).toEqual({
      'input table: rows 3 → 4, 1 of 1 columns changed (age)': 1,
    });
  });

  it.each([
    [
      'an id twice',
      ['a,1,1,x', 'b,2,2,y', 'a,3,3,z'],
      "column 'id': the id 'a' occurs twice, in rows 1 and 3; ids must be unique",
    ],
    ['an id missing', ['a,1,1,x', ',2,2,y'], "column 'id', row 2: the id is missing"],
  ])('%s: refused with file, row and column', async (_, lines, message) => {
    const path = rig.write('people.csv', csv(lines));
    const result = await rig.run(study());
    expect(result.status).toBe('failed');
    expect(result.failures[0]!.failure.message).toBe(`${path}: ${message}`);
  });

  it('a stray text in a column of numbers is a warning that names the cell', async () => {
    const many = Array.from({ length: 20 }, (_, i) => `p${i},${i === 16 ? 'n/a' : i},1,x`);
    const path = rig.write('people.csv', csv(many));
    const result = await rig.run(study());
    expect(result.events).toContainEqual({
      type: 'warning',
      node: '',
      item: '',
      message: `${path}: column 'age', row 17: expected a number, got 'n/a' (1 of 20 cells); the column is read as text`,
    });
  });

  it('a bad column of a file fails those who read it, and nobody else', async () => {
    const path = rig.write('people.csv', csv(['a,1,1,x', 'b,two,2,y']));
    const result = await rig.run(
      `${study().replace('id: id }', 'id: id, types: { age: number, bmi: number } }')}  bmi: { task: toy.columns, in: { table: "people[bmi]" } }\n`,
    );
    const message = `${path}: column 'age', row 2: expected a number, got 'two'`;
    expect(result.failures.map(({ node, failure }) => [node, failure.message])).toEqual([
      ['age', message],
      ['both', message],
    ]);
    expect(result.ran).toEqual(['bmi']);
    // Once it is mended, only what failed runs.
    rig.write('people.csv', csv(['a,1,1,x', 'b,2,2,y']));
    const mended = await rig.run();
    expect(mended.status).toBe('done');
    expect(mended.ran).toEqual(['after', 'age', 'both']);
  });

  it('a damaged column of a Parquet file: the others are read', async () => {
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const path = join(rig.folder, 'people.parquet');
    await connection.run(
      `COPY (SELECT 'p' || i AS id, i * 1.5 AS age, i * 7919 % 1000 / 3 AS bmi FROM range(3000) t(i))
       TO '${path}' (COMPRESSION uncompressed)`,
    );
    const places = await connection.runAndReadAll(
      `SELECT path_in_schema, data_page_offset FROM parquet_metadata('${path}')`,
    );
    connection.closeSync();
    const at = Number(places.getRows().find(([name]) => name === 'bmi')![1]);
    const bytes = readFileSync(path);
    bytes.fill(0xff, at, at + 64);
    writeFileSync(path, bytes);
    const result = await rig.run(study().replace('people.csv', 'people.parquet'));
    expect(result.ran).toEqual(['age']);
    expect(result.failures.map(({ node }) => node)).toEqual(['both']);
    expect(result.failures[0]!.failure.message).toMatch(/people\.parquet: /);
  });

  it('a column that is not there: the failure names the nearest', async () => {
    rig.write('people.csv', csv(rows));
    const result = await rig.run(study().replace('people[age]', 'people[agee]'));
    expect(result.failures[0]!.failure.message).toContain(
      "people has no column 'agee' (did you mean 'age'?)",
    );
  });

  it('the name of the id column is content, whoever read the cells first', async () => {
    rig.write('a.csv', 'eid,x\n1,5\n');
    rig.write('b.csv', 'person,x\n1,5\n');
    const one = `
cohortflow: 1
name: ids
inputs: { a: { table: a.csv, id: eid }, b: { table: b.csv, id: person } }
nodes:
  p: { task: toy.columns, in: { table: a } }
  q: { task: toy.columns, in: { table: b } }
`;
    await rig.run(one);
    const store = rig.openStore();
    const [run] = store.index.runs.list(null, 1);
    const names = ['p', 'q'].map((node) => {
      const group = readGroup(store.index.runs.node(run!.id, node)!, store);
      return store.artifacts.manifest(group.outputs(0, store)!['table']!.digest).id!.name;
    });
    expect(names).toEqual(['eid', 'person']);
  });

  it('one file for each of many items: each is read once', async () => {
    for (let i = 1; i <= 40; i++) rig.write(`part${i}.csv`, `id,x\na,${i}\n`);
    const result = await rig.run(`
cohortflow: 1
name: parts
inputs: { part: { table: "part\${n}.csv", id: id } }
axes: { n: { range: [1, 40] } }
nodes:
  each: { task: toy.columns, each: n, in: { table: part } }
`);
    expect(result.nodes[0]).toMatchObject({ ran: 40, failed: 0 });
    expect(result.events.filter(({ type }) => type === 'reading')).toHaveLength(3 * 40);
  });

  it('a copy under two names is read once, from the digest', async () => {
    const path = rig.write('people.csv', csv(rows));
    await rig.run(study());
    copyFileSync(path, join(rig.folder, 'copy.csv'));
    const result = await rig.run(study('copy.csv'));
    expect(result.ran).toEqual([]);
    expect(
      result.events.filter(({ type }) => type === 'reading').map((event) => 'what' in event && event.what),
    ).toEqual(['taking the digest']);
  });
});

describe('fan-out', () => {
  const fan = (traits: string, extra = ''): string => `
cohortflow: 1
name: fan
axes:
  trait: [${traits}]
nodes:
  base: { task: toy.source, with: { value: 1 } }
  fit: { task: toy.batch, each: trait, in: { shared: base }, with: { item: "\${trait}", add: 2 ${extra} } }
  all: { task: toy.collect, in: { all: "fit[*]" } }
`;

  it('an item added: only its instance and the gathers', async () => {
    expect((await rig.run(fan('fev, height'))).ran).toEqual(['all', 'base', 'fit×2']);
    const added = await rig.run(fan('weight, fev, height'));
    expect(added.ran).toEqual(['all', 'fit×1']);
    expect(summaryOf(added, 'fit').reasons).toEqual({ 'new item': 1 });
    expect(summaryOf(added, 'all').reasons).toEqual({ 'input all: of 3 items 1 added (weight)': 1 });
    expect(rig.json('all')).toEqual({
      items: [
        [{ trait: 'fev' }, { total: 3, item: 'fev' }],
        [{ trait: 'height' }, { total: 3, item: 'height' }],
        [{ trait: 'weight' }, { total: 3, item: 'weight' }],
      ],
      failed: [],
    });
    expect((await rig.run(fan('height, fev'))).ran).toEqual([]);
  });

  it('a dynamic axis grows and shrinks with its producer', async () => {
    const dynamic = (n: number): string => `
cohortflow: 1
name: dynamic
axes:
  item: { from: list.table, column: item }
nodes:
  list: { task: toy.list, with: { n: ${n} } }
  each: { task: toy.sum, each: item, with: { add: "\${item}" } }
  total: { task: toy.sum, in: { all: "each.out[*]" } }
`;
    expect((await rig.run(dynamic(3))).ran).toEqual(['each×3', 'list', 'total']);
    expect(rig.json('total')).toBe(6);
    const again = await rig.run();
    expect(again.ran).toEqual([]);
    expect(again.nodes.map(({ node, instances, fresh }) => [node, instances, fresh])).toEqual([
      ['list', 1, 1],
      ['each', 3, 3],
      ['total', 1, 1],
    ]);
    expect((await rig.run(dynamic(5))).ran).toEqual(['each×2', 'list', 'total']);
    expect(rig.json('total')).toBe(15);
    expect((await rig.run(dynamic(2))).ran).toEqual(['list', 'total']);
    expect(rig.json('total')).toBe(3);
    expect((await rig.run(dynamic(0))).status).toBe('done');
    expect(rig.json('total')).toBe(0);
  });

  it('matched, fixed and partly gathered axes meet the right instances', async () => {
    await rig.run(`
cohortflow: 1
name: grid
axes:
  a: [1, 2]
  b: [10, 20, 30]
nodes:
  cell: { task: toy.sum, each: [a, b], with: { add: "\${b}", tag: "\${a}" } }
  row: { task: toy.sum, each: a, in: { all: "cell[b=*]" }, with: { add: "\${a}" } }
  corner: { task: toy.sum, in: { a: "cell[a=2, b=30]" } }
  back: { task: toy.sum, each: [b, a], in: { a: cell, b: row } }
`);
    expect(rig.json('row', { a: 1 })).toBe(61);
    expect(rig.json('row', { a: 2 })).toBe(62);
    expect(rig.json('corner')).toBe(30);
    expect(rig.json('back', { a: 2, b: 10 })).toBe(72);
  });

  it('records: only the fields that are referenced reach a key', async () => {
    const records = (colour: string, size: number): string => `
cohortflow: 1
name: records
axes:
  thing: [{ id: x, size: ${size}, colour: ${colour} }, { id: y, size: 2, colour: red }]
nodes:
  each: { task: toy.sum, each: thing, with: { add: "\${thing.size}" } }
`;
    await rig.run(records('red', 1));
    expect((await rig.run(records('blue', 1))).ran).toEqual([]);
    expect((await rig.run(records('blue', 3))).ran).toEqual(['each×1']);
  });

  it('one item fails: the rest, the survivors and the summary complete and list it', async () => {
    const result = await rig.run(`
cohortflow: 1
name: failing
axes:
  k: [{ id: a, bad: false }, { id: b, bad: true }, { id: c, bad: false }]
nodes:
  fit: { task: toy.sum, each: k, with: { add: 1, fail: "\${k.bad}" } }
  next: { task: toy.sum, each: k, in: { a: fit } }
  survivors: { task: toy.collect, in: { all: "next[*?]" } }
  strict: { task: toy.collect, in: { all: "next[*]" } }
`);
    expect(result.status).toBe('failed');
    expect(result.failures).toHaveLength(1);
    expect(result.failures[0]).toMatchObject({ node: 'fit', item: 'b', skipped: 2 });
    expect(rig.json('survivors')).toEqual({
      items: [
        [{ k: 'a' }, 1],
        [{ k: 'c' }, 1],
      ],
      failed: [{ k: 'b' }],
    });
    // A failure is no result: it is tried again, and nothing else is.
    const again = await rig.run();
    expect(summaryOf(again, 'fit')).toMatchObject({
      fresh: 2,
      failed: 1,
      reasons: { 'not finished last time': 1 },
    });
  });

  it('an axis whose column or item is not there fails what has it, and nothing else', async () => {
    for (const from of ['{ from: list.table, column: nosuch }', '{ from: "lists.out[n=9]" }']) {
      const result = await rig.run(`
cohortflow: 1
name: axes
axes: { item: ${from}, n: { from: list.out } }
nodes:
  list: { task: toy.list }
  lists: { task: toy.list, each: n, with: { n: "\${n}" } }
  each: { task: toy.sum, each: item, with: { add: "\${item}" } }
  other: { task: toy.source, with: { value: 1 } }
`);
      expect(result.status).toBe('failed');
      expect(result.failures[0]!.failure.message).toMatch(
        /^axis 'item': '(list' has no column 'nosuch'|lists' has no instance)/,
      );
      expect(summaryOf(result, 'other').failed).toBe(0);
    }
  });

  it('an empty gather is an error unless the port allows it', async () => {
    const result = await rig.run(`
cohortflow: 1
name: empty
axes:
  item: { from: list.out }
nodes:
  list: { task: toy.list, with: { n: 0 } }
  each: { task: toy.sum, each: item, with: { add: "\${item}" } }
  total: { task: toy.collect, in: { all: "each.out[*]" } }
`);
    expect(result.failures[0]!.failure.message).toBe(
      "'each' has no instances to gather: its axis has no items",
    );
  });

  it('fail-fast starts nothing more', async () => {
    const result = await rig.run(
      `
cohortflow: 1
name: fast
nodes:
  bad: { task: toy.sum, with: { fail: true } }
  good: { task: toy.source, with: { value: 1 } }
  later: { task: toy.sum, in: { a: good } }
`,
      { failFast: true },
    );
    expect(result.status).toBe('failed');
    expect(summaryOf(result, 'later').open).toBe(1);
  });
});

describe('memory', () => {
  const hungry = (bytes: number): string => `
cohortflow: 1
name: hungry
nodes:
  a: { task: toy.grow, with: { memory: ${bytes}, wait: 20, tag: 1 } }
  b: { task: toy.grow, with: { memory: ${bytes}, wait: 20, tag: 2 } }
  c: { task: toy.grow, with: { memory: ${bytes}, wait: 20, tag: 3 } }
`;

  it('calls run together while what they ask for fits, and one that asks for more than there is runs by itself', async () => {
    // The rig has 4 GiB.
    expect((await rig.run(hungry(1e9))).busiest).toBe(2);
    expect((await rig.run(hungry(3e9))).busiest).toBe(1);
    const alone = await rig.run(hungry(9e9));
    expect(alone.busiest).toBe(1);
    expect(alone.status).toBe('done');
  });
});

describe('seeds', () => {
  it('come from the study seed, the task, the stream and the replicate, never from names', async () => {
    const draws = (seed: number, first: string): string => `
cohortflow: 1
name: seeds
seed: ${seed}
axes:
  rep: { replicate: 2 }
  item: [x, y]
nodes:
  ${first}: { task: toy.draw }
  outer: { task: toy.draw, stream: outer }
  twin: { task: toy.draw, stream: outer, with: { tag: 2 } }
  reps: { task: toy.draw, stream: outer, each: [rep, item], with: { tag: "\${item}" } }
`;
    await rig.run(draws(1, 'first'));
    const first = rig.json('first');
    expect(rig.json('outer')).not.toBe(first);
    expect(rig.json('twin')).toBe(rig.json('outer'));
    expect(rig.json('reps', { rep: 1, item: 'x' })).toBe(rig.json('reps', { rep: 1, item: 'y' }));
    expect(rig.json('reps', { rep: 1, item: 'x' })).not.toBe(rig.json('reps', { rep: 2, item: 'x' }));
    expect((await rig.run(draws(1, 'renamed'))).ran).toEqual([]);
    await rig.run(draws(2, 'renamed'));
    expect(rig.json('renamed')).not.toBe(first);
  });

  it('two seeded nodes of one task type without a stream are a static error', () => {
    rig.write(
      'study.yaml',
      '{ cohortflow: 1, name: s, seed: 1, nodes: { a: { task: toy.draw }, b: { task: toy.draw } } }',
    );
    expect(() => rig.load()).toThrow(/stream/);
  });
});

describe('plan', () => {
  it('says what runs, what is fresh and what may run', async () => {
    await rig.run(chain());
    const plan = await rig.plan(chain({ add: 2 }));
    const states = Object.fromEntries(
      plan.nodes.map(({ node, fresh, open, unsure }) => [node, { fresh, open, unsure }]),
    );
    expect(states).toEqual({
      one: { fresh: 1, open: 0, unsure: 0 },
      two: { fresh: 0, open: 1, unsure: 0 },
      three: { fresh: 0, open: 0, unsure: 1 },
      other: { fresh: 1, open: 0, unsure: 0 },
    });
    expect(plan.nodes.find(({ node }) => node === 'two')!.reasons).toEqual({ 'params.add 1 → 2': 1 });
  });
});

describe('publish', () => {
  const study = (label: string): string => `
cohortflow: 1
name: pub
axes:
  k: [a, "../b"]
nodes:
  fig: { task: toy.figure, each: k, with: { text: "\${k} ${label}" } }
  list: { task: toy.list, with: { n: 2 } }
publish:
  to: out
  files:
    "figures/\${k}.svg": fig.figure
    list.csv: list.table
`;

  it('copies, prunes its own, restores the deleted, never touches the edited', async () => {
    const first = await rig.run(study('one'));
    expect(first.published).toMatchObject({
      written: ['figures/%2E.%2Fb.svg', 'figures/a.svg', 'list.csv'],
      removed: [],
    });
    expect((await rig.run()).published).toMatchObject({ written: [], unchanged: 3 });

    const { readFileSync, rmSync, existsSync } = await import('node:fs');
    const at = (path: string): string => join(rig.folder, 'out', path);
    expect(readFileSync(at('list.csv'), 'utf8')).toBe('item\n1\n2\n');
    rmSync(at('list.csv'));
    const restored = await rig.run();
    expect(restored.ran).toEqual([]);
    expect(restored.published!.written).toEqual(['list.csv']);

    writeFileSync(at('figures/a.svg'), 'mine');
    const edited = await rig.run(study('two'));
    expect(edited.published).toMatchObject({ edited: ['figures/a.svg'], written: ['figures/%2E.%2Fb.svg'] });
    expect(readFileSync(at('figures/a.svg'), 'utf8')).toBe('mine');

    // What failed this time stays from the last time; one file that cannot be made keeps no other back.
    const failing = study('three').replace(
      'list: { task: toy.list, with: { n: 2 } }',
      'list: { task: toy.list, in: { from: bad } }\n  bad: { task: toy.sum, with: { fail: true } }',
    );
    expect((await rig.run(failing)).published).toMatchObject({ stale: ['list.csv'], removed: [] });
    expect(existsSync(at('list.csv'))).toBe(true);
    const wrong = await rig.run(
      study('three').replace('list.csv: list.table', 'list.csv: "list.table[nosuch]"'),
    );
    expect(wrong.published).toMatchObject({
      written: [],
      problems: [{ path: 'list.csv', message: "a published table has no column 'nosuch'" }],
    });

    const fewer = await rig.run(study('two').replace('[a, "../b"]', '[a]'));
    expect(fewer.published!.removed).toEqual(['figures/%2E.%2Fb.svg']);
    expect(existsSync(at('figures/%2E.%2Fb.svg'))).toBe(false);

    // Edited and no longer made: kept, and told apart from what would be made.
    const moved = await rig.run(study('two').replace('"figures/\${k}.svg"', '"deep/er/\${k}.svg"'));
    expect(moved.published).toMatchObject({ edited: [], orphaned: ['figures/a.svg'] });
    expect(readFileSync(at('figures/a.svg'), 'utf8')).toBe('mine');
    // Folders that pruning empties go with their files.
    expect((await rig.run(study('two'))).published!.removed).toContain('deep/er/a.svg');
    expect(existsSync(at('deep'))).toBe(false);
  });

  it('a link or a file in place of a folder leads nothing out, and stops nothing', async () => {
    const { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } = await import('node:fs');
    const at = (path: string): string => join(rig.folder, path);
    const deep = study('one').replace('"figures/\${k}.svg"', '"figures/deep/\${k}.svg"');
    await rig.run(deep);
    const copies = readdirSync(at('out/figures/deep'));
    mkdirSync(at('elsewhere/deep'), { recursive: true });
    for (const copy of copies)
      writeFileSync(at(`elsewhere/deep/${copy}`), readFileSync(at(`out/figures/deep/${copy}`)));
    rmSync(at('out/figures'), { recursive: true });
    symlinkSync(at('elsewhere'), at('out/figures'));
    // No longer made: what the link leads to has the same bytes, and is another's.
    const removed = await rig.run(deep.replace('"figures/deep/', '"figures/new/'));
    expect(removed.published!.removed).toEqual([]);
    expect(readdirSync(at('elsewhere'))).toEqual(['deep']);
    expect(readdirSync(at('elsewhere/deep'))).toEqual(copies);
    expect(removed.published!.problems.map(({ message }) => message)).toEqual(
      Array(2).fill(expect.stringContaining('(through a link); nothing was written there')),
    );

    rmSync(at('out/figures'));
    await rig.run(deep);
    rmSync(at('out/figures'), { recursive: true });
    writeFileSync(at('out/figures'), 'a file');
    const blocked = await rig.run(study('one').replace('"figures/', '"other/'));
    expect(blocked.published).toMatchObject({ problems: [], removed: [] });
    expect(existsSync(at('out/other/a.svg'))).toBe(true);
  });
});
