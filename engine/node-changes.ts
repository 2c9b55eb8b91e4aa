/**
 * Node changes: in what one node is defined differently in two recorded graphs.
 *
 * Not responsible for its results (diff.ts), nor for why an instance ran: that is told from preimages (why.ts).
 */
import { canonicalJson } from '../cache/digest.js';
import type { Preimage } from '../cache/index.js';
import type { GraphNode } from './describe.js';
import { comparePreimages, type Change } from './why.js';

/** Task and version, parameters as written, inputs, axes, stream. Labels are no difference. */
export function nodeChanges(before: GraphNode, after: GraphNode): Change[] {
  const [a, b] = [before, after].map(({ task, version, with: params }): Preimage => ({
    task,
    version,
    params,
    inputs: [],
    seed: null,
  }));
  const changes = comparePreimages(a!, b!, () => null);
  for (const port of new Set([...Object.keys(before.inputs), ...Object.keys(after.inputs)])) {
    const [from, to] = [before.inputs[port], after.inputs[port]];
    if (textOf(from) !== textOf(to))
      changes.push({ field: `input ${port}`, from: textOf(from), to: textOf(to) });
  }
  const axes = [before, after].map((node) => node.axes.join(', ') || '(none)');
  if (axes[0] !== axes[1]) changes.push({ field: 'each', from: axes[0]!, to: axes[1]! });
  if (before.stream !== after.stream)
    changes.push({ field: 'stream', from: before.stream || '(none)', to: after.stream || '(none)' });
  return changes;
}

function textOf(input: GraphNode['inputs'][string] | undefined): string {
  if (input === undefined) return '(absent)';
  return typeof input === 'string' ? input : canonicalJson(input);
}
