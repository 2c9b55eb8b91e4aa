/** Random graphs with random edits: what runs is what a from-scratch oracle says must run, and results equal a cold run's. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rig } from './rig/rig.js';

/** A node adds `add` to the sum of what it refers to, reduced by `modulo`, once for each of `items` (none: no axis). */
interface ToyNode {
  readonly add: number;
  readonly modulo: number;
  readonly from: readonly number[];
  readonly items: number;
}

const toyGraph = fc
  .array(
    fc.record({
      add: fc.integer({ min: 0, max: 5 }),
      modulo: fc.constantFrom(2, 3, 1000),
      from: fc.uniqueArray(fc.nat(20), { maxLength: 3 }),
      items: fc.constantFrom(0, 0, 1, 2, 4),
    }),
    { minLength: 1, maxLength: 9 },
  )
  .map((nodes): ToyNode[] =>
    nodes.map((node, i) => ({
      ...node,
      from: [...new Set(node.from.map((n) => n % Math.max(i, 1)))].filter((n) => n < i),
    })),
  );

const edit = fc.record({
  node: fc.nat(20),
  field: fc.constantFrom('add', 'modulo', 'items', 'drop'),
  value: fc.integer({ min: 1, max: 6 }),
});

function applyEdit(
  nodes: readonly ToyNode[],
  { node, field, value }: { node: number; field: string; value: number },
): ToyNode[] {
  const at = node % nodes.length;
  return nodes.map((each, i) => {
    if (i !== at) return each;
    if (field === 'drop') return { ...each, from: each.from.slice(1) };
    if (field === 'items') return { ...each, items: each.items === 0 ? 0 : value };
    return { ...each, [field]: field === 'modulo' ? value + 1 : value };
  });
}

/** Nodes with axes gather; matched axes are of the same name only when they have as many items. */
function yamlOf(nodes: readonly ToyNode[]): string {
  const axes = new Set(nodes.map(({ items }) => items).filter((items) => items > 0));
  const lines = ['cohortflow: 1', 'name: random', 'axes:'];
  for (const n of axes) lines.push(`  x${n}: { range: [1, ${n}] }`);
  if (axes.size === 0) lines.pop();
  lines.push('nodes:');
  for (const [i, node] of nodes.entries()) {
    const ports = node.from.map((n, p) => {
      const other = nodes[n]!;
      const port = 'abc'[p]!;
      if (other.items === 0 || other.items === node.items) return `${port}: n${n}`;
      return `${port}: "n${n}[x${other.items}=1]"`;
    });
    const gathers = node.from.find((n) => nodes[n]!.items > 0 && nodes[n]!.items !== node.items);
    if (gathers !== undefined) ports.push(`all: "n${gathers}[*]"`);
    const each = node.items > 0 ? `each: x${node.items}, ` : '';
    const add = node.items > 0 ? `tag: "\${x${node.items}}", ` : '';
    lines.push(
      `  n${i}: { task: toy.sum, ${each}in: { ${ports.join(', ')} }, with: { ${add}add: ${node.add}, modulo: ${node.modulo} } }`,
    );
  }
  return lines.join('\n');
}

/** By its own lights: each instance's full recipe as text, values computed directly. */
function oracle(nodes: readonly ToyNode[], known: Set<string>): Map<string, number> {
  const values = new Map<string, number>();
  const must = new Map<string, number>();
  for (const [i, node] of nodes.entries()) {
    const instances = node.items === 0 ? [0] : Array.from({ length: node.items }, (_, k) => k + 1);
    for (const k of instances) {
      const inputs = node.from.map((n) => {
        const other = nodes[n]!;
        return values.get(`${n}:${other.items === 0 ? 0 : other.items === node.items ? k : 1}`)!;
      });
      const gathers = node.from.find((n) => nodes[n]!.items > 0 && nodes[n]!.items !== node.items);
      const gathered =
        gathers === undefined
          ? []
          : Array.from({ length: nodes[gathers]!.items }, (_, g) => values.get(`${gathers}:${g + 1}`)!);
      // The axis's name is part of what a gather hands over.
      const axis = gathers === undefined ? '' : `x${nodes[gathers]!.items}`;
      const recipe = JSON.stringify([
        node.add,
        node.modulo,
        node.items > 0 ? k : null,
        inputs,
        gathered,
        axis,
      ]);
      values.set(`${i}:${k}`, [...inputs, ...gathered].reduce((a, b) => a + b, node.add) % node.modulo);
      if (!known.has(recipe)) must.set(`n${i}`, (must.get(`n${i}`) ?? 0) + 1);
      known.add(recipe);
    }
  }
  return must;
}

describe('random graphs', () => {
  it(
    'run exactly what must run, edit after edit, with the results of a cold run',
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(toyGraph, fc.array(edit, { minLength: 1, maxLength: 4 }), async (start, edits) => {
          const rig = new Rig();
          const cold = new Rig();
          try {
            const known = new Set<string>();
            let stored = 0;
            let nodes = start;
            for (const change of [null, ...edits, null]) {
              if (change) nodes = applyEdit(nodes, change);
              const must = oracle(nodes, known);
              const result = await rig.run(yamlOf(nodes));
              expect(result.status).toBe('done');
              // Instances with one key are computed once, so what was computed is counted in the store.
              const before = stored;
              stored = rig.countEntries();
              expect(stored - before).toBe([...must.values()].reduce((a, b) => a + b, 0));
              for (const { node, ran } of result.nodes)
                expect(ran).toBeGreaterThanOrEqual(must.get(node) ?? 0);
              if (stored === before) expect(result.ran).toEqual([]);
            }
            await cold.run(yamlOf(nodes));
            expect(rig.digests()).toEqual(cold.digests());
          } finally {
            rig.remove();
            cold.remove();
          }
        }),
        { numRuns: process.env['COHORTFLOW_TEST_ALL'] ? 1000 : 60, seed: 20260101 },
      );
    },
  );
});
