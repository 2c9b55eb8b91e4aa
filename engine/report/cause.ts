/**
 * Cause: which failed instances stand behind a missing result, and how many results a failed instance stopped.
 *
 * Read off the graph and not off the order in which a run met its failures, so that two runs tell the same.
 */
import { Status, type Failure, type NodeState } from '../graph.js';
import type { ReportContext } from './context.js';

export interface FailedInstance {
  readonly state: NodeState;
  readonly instance: number;
}

type Visited = Map<NodeState, Set<number>>;

/** True the first time. */
function visit(visited: Visited, state: NodeState, instance: number): boolean {
  let seen = visited.get(state);
  if (!seen) visited.set(state, (seen = new Set()));
  if (seen.has(instance)) return false;
  seen.add(instance);
  return true;
}

/** The failed instances that a skipped one strictly depends on, in the order of nodes and items. */
export function causesOf(state: NodeState, instance: number, context: ReportContext): FailedInstance[] {
  const visited: Visited = new Map();
  const causes: FailedInstance[] = [];
  const open: FailedInstance[] = [{ state, instance }];
  for (let next = open.pop(); next; next = open.pop()) {
    for (const dependency of next.state.dependencies) {
      const { producer, reference, absent } = dependency;
      if (reference.survivors || absent !== null || !producer.opened) continue;
      for (const p of dependency.producersOf(dependency.groupOfConsumer(next.instance))) {
        const status = producer.status[p];
        if (status !== Status.failed && status !== Status.skipped) continue;
        if (!visit(visited, producer, p)) continue;
        (status === Status.failed ? causes : open).push({ state: producer, instance: p });
      }
    }
  }
  const order = new Map([...context.graph.nodes.values()].map((each, i) => [each, i]));
  return causes.sort((a, b) => order.get(a.state)! - order.get(b.state)! || a.instance - b.instance);
}

/** How many results were skipped because this instance failed; one that two failures stopped counts for both. */
export function stoppedBy({ state, instance }: FailedInstance): number {
  const visited: Visited = new Map();
  const open: FailedInstance[] = [{ state, instance }];
  let count = 0;
  for (let next = open.pop(); next; next = open.pop()) {
    for (const dependency of next.state.dependents) {
      const { consumer, reference, absent } = dependency;
      if (reference.survivors || absent !== null || !consumer.opened) continue;
      const group = dependency.groupOfProducer(next.instance);
      if (group < 0) continue;
      for (const c of dependency.consumersOf(group)) {
        if (consumer.status[c] !== Status.skipped || !visit(visited, consumer, c)) continue;
        count++;
        open.push({ state: consumer, instance: c });
      }
    }
  }
  return count;
}

/** What went wrong, in one paragraph, without the folders of the machine. */
export function failureText({ message, where }: Failure['failure'], context: ReportContext): string {
  const place = [
    where?.port && `input ${where.port}`,
    where?.column && `column ${where.column}`,
    where?.row && `row ${where.row}`,
  ].filter(Boolean);
  return context.withoutFolders(place.length > 0 ? `${message} (${place.join(', ')})` : message);
}

/** `assoc (trait fev)`. */
export function instanceName({ state, instance }: FailedInstance): string {
  const item = state.itemText(instance);
  return item === '' ? state.name : `${state.name} (${item})`;
}
