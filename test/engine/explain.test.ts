/** What `why` says: run, change one thing, ask. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { explainNode, type NodeExplanation } from '../../engine/explain.js';
import { explanationText } from '../../engine/explanation.js';
import { Rig } from './rig/rig.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.remove());

const chain = ({ value = 5, add = 1, modulo = 1000 } = {}): string => `
cohortflow: 1
name: chain
nodes:
  one: { task: toy.source, with: { value: ${value} } }
  two: { task: toy.sum, in: { a: one }, with: { add: ${add}, modulo: ${modulo} } }
  three: { task: toy.sum, in: { a: two } }
  four: { task: toy.sum, in: { a: three }, with: { add: 100 } }
`;

const fan = ({ traits = 'a, b, c', add = 1, fail = '' } = {}): string => `
cohortflow: 1
name: fan
axes: { trait: [${traits}] }
nodes:
  one: { task: toy.source, with: { value: ${add} } }
  each: { task: toy.batch, in: { shared: one }, with: { item: "\${trait}" }, each: trait }
  half: { task: toy.sum, with: { add: ${add}${fail} , tag: "\${trait}" }, each: trait }
  all: { task: toy.collect, in: { all: "half[*]" } }
`;

async function why(node: string, ...words: string[]): Promise<NodeExplanation> {
  return explainNode({ workflow: rig.load(), store: rig.openStore(), node, words });
}

/** The one sentence said of all instances asked about. */
async function said(node: string, ...words: string[]): Promise<string> {
  const { groups } = await why(node, ...words);
  expect(groups).toHaveLength(1);
  return groups[0]!.text;
}

describe('an instance that would run', () => {
  it('was never run, and resembles nothing', async () => {
    rig.write('study.yaml', chain());
    expect(await said('one')).toBe('would run: not run before');
  });

  it('was never run: the nearest result of the task is told', async () => {
    await rig.run(chain());
    rig.write(
      'study.yaml',
      chain().replace('nodes:', 'nodes:\n  other: { task: toy.source, with: { value: 6 } }'),
    );
    expect(await said('other')).toBe(
      'would run: not run before; the nearest earlier result differs in params.value 5 → 6',
    );
  });

  it('has a changed parameter', async () => {
    await rig.run(chain());
    rig.write('study.yaml', chain({ add: 2, modulo: 10 }));
    expect(await said('two')).toBe('would run because params.add 1 → 2; params.modulo 1000 → 10');
  });

  it('is compared with the last run that had it, however many runs of other targets came since', async () => {
    await rig.run(chain());
    await rig.run(chain({ add: 2 }), { targets: ['one'] });
    expect(await said('two')).toBe('would run because params.add 1 → 2');
  });

  it('failed in the last run, and says how', async () => {
    await rig.run(fan({ fail: ', fail: true' }));
    rig.write('study.yaml', fan({ add: 7, fail: ', fail: true' }));
    expect(await said('half', 'b')).toBe('would run: in run 1 it failed: asked to fail');
  });
});

describe('an instance that may run', () => {
  it('waits on what would run', async () => {
    await rig.run(chain());
    rig.write('study.yaml', chain({ add: 2 }));
    expect(await said('three')).toBe('may run: waits on two, which would run (params.add 1 → 2)');
    expect(await said('four')).toBe('may run: waits on three; two would run (params.add 1 → 2)');
  });

  it('has items that are not known yet', async () => {
    rig.write(
      'study.yaml',
      `
cohortflow: 1
name: dynamic
axes: { item: { from: list } }
nodes:
  list: { task: toy.list, with: { n: 3 } }
  each: { task: toy.sum, with: { tag: "\${item}" }, each: item }
`.replace('from: list }', 'from: list.out }'),
    );
    const { instances, groups } = await why('each');
    expect(instances).toBeNull();
    expect(groups[0]!.text).toBe('may run: waits on list, which would run (not run before)');
  });

  it('needs a raw file that was not read yet: it is read for the answer', async () => {
    rig.write('data.csv', 'id,x\na,1\nb,2\n');
    rig.write(
      'study.yaml',
      `
cohortflow: 1
name: raw
inputs: { data: { table: data.csv, id: id } }
nodes:
  sums: { task: toy.columns, in: { table: data } }
`,
    );
    expect(await said('sums')).toBe('would run: not run before');
  });
});

describe('an instance that is fresh', () => {
  it('ran in the last run, and why', async () => {
    await rig.run(chain());
    expect(await said('two')).toBe('fresh: ran in the last run (1): not run before');
    await rig.run(chain({ add: 2 }));
    expect(await said('two')).toBe('fresh: ran in the last run (2) because params.add 1 → 2');
    expect(await said('three')).toBe('fresh: ran in the last run (2) because input a: its content changed');
  });

  it('has not changed since', async () => {
    await rig.run(chain());
    await rig.run(chain({ add: 2 }));
    expect(await said('one')).toBe('fresh: nothing that it reads has changed since run 2');
  });

  it('was changed back: an earlier result fits', async () => {
    await rig.run(chain());
    await rig.run(chain({ add: 2 }));
    rig.write('study.yaml', chain());
    expect(await said('two')).toBe('fresh: an earlier result fits (since run 2: params.add 2 → 1)');
  });

  it('was cut off: what it reads was computed again with the same result, directly or further up', async () => {
    await rig.run(chain({ add: 1, modulo: 10 }));
    // 5 + 1 = 6 = 16 mod 10
    await rig.run(chain({ add: 11, modulo: 10 }));
    const text = 'fresh: cut off: upstream two was computed again with an identical output';
    expect(await said('three')).toBe(text);
    expect(await said('four')).toBe(text);
    expect(await said('two')).toBe('fresh: ran in the last run (2) because params.add 1 → 11');
  });

  it('was computed for another workflow of the same store', async () => {
    await rig.run(chain());
    rig.write('study.yaml', chain().replace('name: chain', 'name: renamed'));
    expect(await said('two')).toBe('fresh: the same was computed before, elsewhere');
  });
});

describe('a node with many instances', () => {
  it('is told in groups of one sentence each, the largest first', async () => {
    await rig.run(fan());
    rig.write('study.yaml', fan({ traits: 'a, b, c, d' }));
    const { instances, groups } = await why('each');
    expect(instances).toBe(4);
    expect(groups).toEqual([
      {
        text: 'fresh: ran in the last run (1): not run before',
        verdict: 'fresh',
        count: 3,
        items: ['a', 'b', 'c'],
      },
      { text: 'would run: not run before', verdict: 'runs', count: 1, items: ['d'] },
    ]);
  });

  it('an item asked about is told in full, with the nearest result', async () => {
    await rig.run(fan());
    rig.write('study.yaml', fan({ traits: 'a, b, c, d' }));
    const { only, groups } = await why('each', 'trait=d');
    expect(only?.verdict).toBe('runs');
    expect(explanationText(only!)).toBe(groups[0]!.text);
    expect(groups[0]!.text).toMatch(
      /^would run: not run before; the nearest earlier result differs in params\.item "[abc]" → "d"$/,
    );
  });

  it('a gather waits on each node once', async () => {
    await rig.run(fan());
    rig.write('study.yaml', fan({ add: 2 }));
    expect(await said('all')).toBe('may run: waits on half, which would run (params.add 1 → 2)');
  });
});

describe('names', () => {
  it('of nodes and items that are not there', async () => {
    rig.write('study.yaml', fan());
    await expect(why('eech')).rejects.toThrow("'eech' is not a node of fan; did you mean 'each'?");
    await expect(why('each', 'z')).rejects.toThrow("'z' is not an item of 'each'; there are a, b, c");
  });
});
