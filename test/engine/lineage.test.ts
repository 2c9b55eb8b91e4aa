/** What a result was made from, and what was made from it, relative to the run that made it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lineageOf, type Edge, type Lineage, type NodeVertex } from '../../engine/lineage.js';
import { findSubject, subjectInstances } from '../../engine/recorded.js';
import { Rig } from './rig/rig.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.remove());

const study = `
cohortflow: 1
name: study
seed: 11
inputs:
  data: { table: data.csv, id: id }
  notes: { file: "notes/\${trait}.txt" }
axes:
  trait: [fev, weight]
  item: { from: list.out }
nodes:
  list: { task: toy.list, with: { n: 2 } }
  sums: { task: toy.columns, in: { table: "data[x, y]" }, with: { columns: [x] } }
  draw: { task: toy.draw }
  base: { task: toy.source, with: { value: 1 } }
  size: { task: toy.size, in: { file: notes }, each: trait }
  mix: { task: toy.sum, in: { a: size, c: base }, with: { tag: "\${trait}" }, each: [trait, item] }
  one: { task: toy.sum, in: { a: "mix[trait=fev, item=2]" } }
  all: { task: toy.collect, in: { all: "mix.out[*]" } }
  twice: { task: toy.columns, in: { table: ["sums.table", "data[y]"] } }
  fig: { task: toy.figure, in: { a: mix }, with: { text: "\${trait} \${item}" }, each: [trait, item] }
publish:
  files:
    all.json: all.out
    one.json: one.out
    "fig/\${trait} \${item}.svg": fig.figure
    twice.csv: twice.table
`;

async function run(): Promise<void> {
  rig.write('data.csv', 'id,x,y,z\na,1,2,3\nb,4,5,6\n');
  rig.write('notes/fev.txt', 'ab');
  rig.write('notes/weight.txt', 'abcd');
  const { failures } = await rig.run(study);
  expect(failures).toEqual([]);
}

function lineage(direction: 'up' | 'down', ...words: string[]): Lineage {
  const subject = findSubject(rig.openStore(), 'study', words, (word) => join(rig.folder, word));
  return lineageOf(subject, direction);
}

/** `from → to` of every edge, files relative to the study's folder. */
const arrows = ({ edges }: Lineage): string[] =>
  edges.map(({ from, to, port, output, columns }: Edge) => {
    const near = (id: string): string => id.replace(`${rig.folder}/`, '');
    const read = columns ? ` {${columns.join(' ')}}` : '';
    return `${near(from)}${output === null ? '' : `.${output}`} → ${near(to)} ${port}${read}`.trimEnd();
  });

const vertex = ({ vertices }: Lineage, node: string): NodeVertex =>
  vertices.find((each): each is NodeVertex => each.kind === 'node' && each.node === node)!;

describe('up', () => {
  it('leads from one instance to the raw file of its item, and to what gives the axis its items', async () => {
    await run();
    const found = lineage('up', 'mix', 'fev', 'item=2');
    expect(arrows(found)).toEqual([
      'node size["fev"].out → node mix["fev",2] a',
      'node base[].out → node mix["fev",2] c',
      'node list[].out → node mix["fev",2] axis item',
      'file notes/fev.txt → node size["fev"] file',
    ]);
    expect(vertex(found, 'mix')).toMatchObject({
      items: { trait: 'fev', item: 2 },
      instances: 1,
      params: { add: 0, fail: false, tag: 'fev' },
    });
    expect(found.vertices.find(({ kind }) => kind === 'file')).toMatchObject({
      input: 'notes',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
  });

  it('leaves gathered axes open, and fixes those that the reference fixes', async () => {
    await run();
    const all = lineage('up', 'all');
    expect(vertex(all, 'mix')).toMatchObject({ items: {}, instances: 4, key: null });
    expect(vertex(all, 'size')).toMatchObject({ instances: 2 });
    expect(all.vertices.filter(({ kind }) => kind === 'file').map(({ id }) => id)).toEqual([
      `file ${rig.folder}/notes/\${trait}.txt`,
    ]);
    expect(vertex(lineage('up', 'one'), 'mix')).toMatchObject({
      items: { trait: 'fev', item: 2 },
      instances: 1,
    });
  });

  it('names the columns: those picked, else those in the key that the source offers', async () => {
    await run();
    expect(arrows(lineage('up', 'twice'))).toEqual([
      'node sums[].table → node twice[] table {x}',
      'file data.csv → node twice[] table {y}',
      'file data.csv → node sums[] table {x y}',
    ]);
  });

  it('knows the seed of what draws', async () => {
    await run();
    // Nothing that is published needs it: the run of a target is the only one that has it.
    await rig.run(undefined, { targets: ['draw'] });
    const found = lineage('up', 'draw');
    expect(found.run).toBe(2);
    expect(vertex(found, 'draw').seed).toMatch(/^[0-9a-f]{64}$/);
  });

  it('begins at a published file, by its path', async () => {
    await run();
    const found = lineage('up', 'results/study/fig/fev 2.svg');
    expect(found.start).toBe('published fig/fev 2.svg');
    expect(arrows(found)[0]).toBe('node fig["fev",2].figure → published fig/fev 2.svg');
    expect(arrows(found)[1]).toBe('node mix["fev",2].out → node fig["fev",2] a');
  });

  it('begins at a result, by the beginning of its digest or of its key', async () => {
    await run();
    const { key, outputs } = vertex(lineage('up', 'sums'), 'sums');
    for (const digest of [key!, outputs['table']!]) {
      expect(lineage('up', digest.slice(0, 10)).start).toBe('node sums[]');
    }
  });

  it('is of the run that was, whatever the file says now', async () => {
    await run();
    rig.write('study.yaml', 'broken: [');
    rmSync(join(rig.folder, 'data.csv'));
    expect(arrows(lineage('up', 'sums'))).toEqual(['file data.csv → node sums[] table {x y}']);
  });

  it('of a reused result is as complete as of a computed one', async () => {
    await run();
    const first = lineage('up', 'one');
    await run();
    const second = lineage('up', 'one');
    expect(second.run).toBe(first.run + 1);
    expect({ ...second, run: 0 }).toEqual({ ...first, run: 0 });
  });
});

describe('down', () => {
  it('leads from a raw file to published files', async () => {
    await run();
    expect(arrows(lineage('down', 'data.csv'))).toEqual([
      'file data.csv → node sums[] table {x y}',
      'file data.csv → node twice[] table {y}',
      'node sums[].table → node twice[] table {x}',
      'node twice[].table → published twice.csv',
    ]);
    expect(arrows(lineage('down', 'data'))).toEqual(arrows(lineage('down', 'data.csv')));
  });

  it('keeps to the item of a file, and to consumers that take it', async () => {
    await run();
    const found = arrows(lineage('down', 'notes/weight.txt'));
    expect(found[0]).toBe('file notes/weight.txt → node size["weight"] file');
    expect(found).toContain('node mix["weight",null].out → node all[] all');
    expect(found).toContain('node fig["weight",null].figure → published fig/weight ${item}.svg');
    expect(found.some((arrow) => arrow.includes('node one'))).toBe(false);
  });

  it('leads to the report as well, and from it to all that it shows', async () => {
    await run();
    await rig.run(
      `${study}  report:
    file: report.html
    sections:
      - { title: A figure, show: ["fig.figure[trait=fev, item=1]"] }
`,
    );
    expect(arrows(lineage('down', 'fig.figure', 'fev', 'item=1'))).toEqual([
      'node fig["fev",1].figure → published fig/fev 1.svg',
      'node fig["fev",1].figure → published report.html',
    ]);
    // The report does not show it.
    expect(arrows(lineage('down', 'fig.figure', 'weight', 'item=1'))).toEqual([
      'node fig["weight",1].figure → published fig/weight 1.svg',
    ]);
    const up = lineage('up', 'results/study/report.html');
    expect(up.start).toBe('published report.html');
    expect(arrows(up).slice(0, 2)).toEqual([
      'node fig["fev",1].figure → published report.html',
      'node mix["fev",1].out → node fig["fev",1] a',
    ]);
    expect(arrows(up)).toContain('file notes/fev.txt → node size["fev"] file');
  });

  it('follows fields of items in paths', async () => {
    rig.write('first.txt', 'a');
    rig.write('second.txt', 'ab');
    await rig.run(`
cohortflow: 1
name: study
inputs: { notes: { file: "\${trait.file}.txt" } }
axes: { trait: [{ id: fev, file: first }, { id: rdw, file: second }] }
nodes:
  size: { task: toy.size, in: { file: notes }, each: trait }
publish:
  files: { "of/\${trait.file}.json": size.out }
`);
    expect(arrows(lineage('up', 'size', 'rdw'))).toEqual(['file second.txt → node size["rdw"] file']);
    expect(arrows(lineage('down', 'first.txt'))).toEqual([
      'file first.txt → node size["fev"] file',
      'node size["fev"].out → published of/first.json',
    ]);
    expect(arrows(lineage('up', 'results/study/of/second.json'))).toEqual([
      'node size["rdw"].out → published of/second.json',
      'file second.txt → node size["rdw"] file',
    ]);
  });

  it('tells equal results apart by where they were published', async () => {
    await rig.run(`
cohortflow: 1
name: study
nodes:
  one: { task: toy.source, with: { value: 1 } }
  same: { task: toy.sum, with: { add: 1 } }
publish: { files: { a.json: one.out, b.json: same.out } }
`);
    expect(arrows(lineage('up', 'results/study/b.json'))).toEqual(['node same[].out → published b.json']);
  });

  it('of a run that is named; by default of the newest that has what is asked, however long ago', async () => {
    await run();
    const { key } = vertex(lineage('up', 'one'), 'one');
    for (let i = 0; i < 30; i++)
      await rig.run(study.replace('value: 1', `value: ${100 + i}`), { targets: ['base'] });
    expect(lineage('up', key!.slice(0, 12))).toMatchObject({ run: 1, start: 'node one[]' });
    expect(lineage('up', 'one').run).toBe(1);
    const store = rig.openStore();
    const subject = findSubject(store, 'study', ['base'], (word) => word, store.index.runs.get(5));
    expect(vertex(lineageOf(subject, 'up'), 'base').params).toEqual({ value: 103 });
    expect(() => findSubject(store, 'study', ['one'], (word) => word, store.index.runs.get(5))).toThrow(
      "'one' was not part of run 5",
    );
  });

  it('follows one output, and axes that a result makes', async () => {
    await run();
    expect(arrows(lineage('down', 'list.out'))).toContain('node list[].out → node mix[null,null] axis item');
    expect(arrows(lineage('down', 'list.table'))).toEqual([]);
  });
});

describe('what is meant', () => {
  it.each([
    [['siz'], "'siz' is not a node, an input or a known file; did you mean 'size'?"],
    [['size.uot'], "'uot' is not an output of 'size'; did you mean 'out'?"],
    [['mix', 'fex'], "'fex' is not an item of 'mix'; did you mean 'fev'?"],
    [['0123456789'], 'no result or input of a recorded run has a digest that begins with 0123456789'],
    [[], 'name a node, a file, or the beginning of a digest'],
    [['draw'], "'draw' was not part of any recorded run"],
  ])('%j is refused', async (words, message) => {
    await run();
    expect(() => lineage('up', ...words)).toThrow(message);
  });

  it('nothing, before the first run', () => {
    expect(() => lineage('up', 'size')).toThrow(
      "'study' has not been run yet: there is nothing to ask about",
    );
  });

  it('all instances, or those of the items named', async () => {
    await run();
    const instances = (...words: string[]): number[] => {
      const subject = findSubject(rig.openStore(), 'study', words, (word) => word);
      if (subject.kind !== 'node') throw new Error('expected a node');
      return subjectInstances(subject);
    };
    expect(instances('mix')).toEqual([0, 1, 2, 3]);
    expect(instances('mix', 'weight')).toEqual([2, 3]);
    expect(instances('mix', 'weight', '1')).toEqual([2]);
  });
});
