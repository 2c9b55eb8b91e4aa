/**
 * Graph: the order in which nodes can run, and circles among them. Dynamic axes count as dependencies.
 */
import type { Axis, Binding, FileInput, Node, Reference, Shown } from '../workflow.js';
import type { Findings } from './findings.js';

/** Circles reported in one go. */
const MAX_CIRCLES = 20;

/** Everything that an exhibit of the report is made from. */
export function shownReferences({ reference, beside, into }: Shown): readonly Reference[] {
  return [reference, ...beside, ...into];
}

/** The references of a binding. */
export function* referencesOf(binding: Binding): Generator<Reference> {
  if (binding.how === 'one') yield binding.reference;
  else if (binding.how === 'bind') yield* binding.references;
  else for (const entry of binding.entries.values()) yield* referencesOf(entry);
}

/** The nodes that a reference needs: its source, or those that make the axes of an input's path. */
function nodesBehind(
  reference: Reference,
  inputs: ReadonlyMap<string, FileInput>,
  axes: ReadonlyMap<string, Axis>,
): string[] {
  const { source } = reference;
  if ('node' in source) return [source.node];
  return (inputs.get(source.input)?.axes ?? []).flatMap((axis) => nodesBehindAxis(axis, inputs, axes));
}

function nodesBehindAxis(
  name: string,
  inputs: ReadonlyMap<string, FileInput>,
  axes: ReadonlyMap<string, Axis>,
): string[] {
  const source = axes.get(name)?.source;
  if (source?.how !== 'table' && source?.how !== 'json') return [];
  const from = source.reference.source;
  // An input that makes an axis has no axes itself: the binder refuses it.
  return 'node' in from ? [from.node] : [];
}

/** The nodes in an order in which each follows what it depends on; circles are reported and cut. */
export function orderNodes(
  nodes: ReadonlyMap<string, Node>,
  axes: ReadonlyMap<string, Axis>,
  inputs: ReadonlyMap<string, FileInput>,
  findings: Findings,
): Map<string, Node> {
  const needs = new Map<string, Set<string>>();
  const neededBy = new Map<string, string[]>();
  for (const node of nodes.values()) {
    const set = new Set<string>();
    for (const binding of node.inputs.values()) {
      for (const reference of referencesOf(binding))
        for (const name of nodesBehind(reference, inputs, axes)) set.add(name);
    }
    for (const axis of node.axes) for (const name of nodesBehindAxis(axis, inputs, axes)) set.add(name);
    for (const name of set) if (!nodes.has(name)) set.delete(name);
    needs.set(node.name, set);
    for (const name of set) {
      const users = neededBy.get(name);
      if (users) users.push(node.name);
      else neededBy.set(name, [node.name]);
    }
  }
  const waiting = new Map([...needs].map(([name, set]) => [name, set.size]));
  const ordered = new Map<string, Node>();
  const ready = [...nodes.keys()].filter((name) => waiting.get(name) === 0);
  let next = 0;
  const drain = (): void => {
    while (next < ready.length) {
      const name = ready[next++]!;
      if (ordered.has(name)) continue;
      ordered.set(name, nodes.get(name)!);
      for (const user of neededBy.get(name) ?? []) {
        const left = waiting.get(user)! - 1;
        waiting.set(user, left);
        if (left === 0) ready.push(user);
      }
    }
  };
  drain();
  for (let circles = 0; ordered.size < nodes.size && circles < MAX_CIRCLES; circles++) {
    const circle = findCircle(nodes, needs, ordered);
    reportCircle(circle, nodes, findings);
    ready.push(...circle);
    drain();
  }
  return ordered;
}

/** A circle among what is left: from any node along its needs, until one comes again. */
function findCircle(
  nodes: ReadonlyMap<string, Node>,
  needs: ReadonlyMap<string, ReadonlySet<string>>,
  done: ReadonlyMap<string, Node>,
): string[] {
  let at = [...nodes.keys()].find((name) => !done.has(name))!;
  const path = new Map<string, number>();
  const order: string[] = [];
  while (!path.has(at)) {
    path.set(at, order.length);
    order.push(at);
    at = [...needs.get(at)!].find((name) => !done.has(name))!;
  }
  const circle = order.slice(path.get(at));
  // The circle is told from its first node in the file, whichever was found first.
  const rank = new Map([...nodes.keys()].map((name, index) => [name, index]));
  const first = circle.reduce((best, name, i) => (rank.get(name)! < rank.get(circle[best]!)! ? i : best), 0);
  return [...circle.slice(first), ...circle.slice(0, first)];
}

function reportCircle(circle: readonly string[], nodes: ReadonlyMap<string, Node>, findings: Findings): void {
  const shown = circle.length > 12 ? [...circle.slice(0, 12), '…'] : circle;
  findings.error('CF153', nodes.get(circle[0]!)!.at, 'these nodes wait for each other', {
    expected: 'an order in which every node follows what it needs',
    got: `${[...shown, circle[0]!].join(' → ')} (each needs the next)`,
  });
}
