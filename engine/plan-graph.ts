/**
 * Builds a run's graph from a workflow: which nodes are needed for the targets, their states, and who depends on whom.
 *
 * Not responsible for opening or running it (run.ts).
 */
import { AxisState, Dependency, NodeState } from './graph.js';
import { referencesOf, shownReferences } from './language/graph.js';
import type { Axis, Reference, Workflow } from './workflow.js';

export interface RunGraph {
  /** In topological order. */
  readonly nodes: ReadonlyMap<string, NodeState>;
  readonly axes: ReadonlyMap<string, AxisState>;
  readonly dependencies: ReadonlyMap<Reference, Dependency>;
}

/** The reference that gives a dynamic axis its items. */
export function axisReference(axis: Axis): Reference | null {
  return axis.source.how === 'table' || axis.source.how === 'json' ? axis.source.reference : null;
}

/** What is made when no target is named: everything published and reported; every node when nothing is. */
export function defaultTargets(workflow: Workflow): string[] {
  const references = [
    ...workflow.publish.map((item) => item.reference),
    ...(workflow.report?.sections.flatMap((section) => section.show.flatMap(shownReferences)) ?? []),
  ];
  const nodes = references.flatMap(({ source }) => ('node' in source ? [source.node] : []));
  return nodes.length > 0 ? [...new Set(nodes)] : [...workflow.nodes.keys()];
}

export function buildGraph(workflow: Workflow, targets: readonly string[]): RunGraph {
  const needed = neededNodes(workflow, targets);
  const axes = new Map<string, AxisState>();
  const nodes = new Map<string, NodeState>();
  const dependencies = new Map<Reference, Dependency>();
  const axisState = (name: string): AxisState => {
    let state = axes.get(name);
    if (!state) axes.set(name, (state = new AxisState(workflow.axes.get(name)!)));
    return state;
  };
  for (const node of workflow.nodes.values()) {
    if (!needed.has(node.name)) continue;
    const state = new NodeState(node, node.axes.map(axisState));
    nodes.set(node.name, state);
    for (const binding of node.inputs.values()) {
      for (const reference of referencesOf(binding)) {
        if (!('node' in reference.source)) continue;
        const dependency = new Dependency(reference, nodes.get(reference.source.node)!, state);
        dependencies.set(reference, dependency);
        state.dependencies.push(dependency);
        dependency.producer.dependents.push(dependency);
      }
    }
  }
  return { nodes, axes, dependencies };
}

function neededNodes(workflow: Workflow, targets: readonly string[]): Set<string> {
  const needed = new Set<string>();
  const open = [...targets];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (needed.has(name)) continue;
    needed.add(name);
    const node = workflow.nodes.get(name)!;
    const references = [...node.inputs.values()].flatMap((binding) => [...referencesOf(binding)]);
    for (const axis of node.axes) {
      const reference = axisReference(workflow.axes.get(axis)!);
      if (reference) references.push(reference);
    }
    for (const { source } of references) if ('node' in source) open.push(source.node);
  }
  return needed;
}

/** Seconds from each node's start to the end of the study, by the mean duration of its task: the critical path. */
export function criticalPath(graph: RunGraph, secondsOf: (task: string) => number): Map<NodeState, number> {
  const path = new Map<NodeState, number>();
  for (const state of [...graph.nodes.values()].reverse()) {
    const after = Math.max(0, ...state.dependents.map((dependency) => path.get(dependency.consumer) ?? 0));
    path.set(state, after + secondsOf(state.node.task.name));
  }
  return path;
}
