/**
 * Nodes: each task of the study with its axes, bindings and parameters.
 */
import type { Range } from '../diagnostic.js';
import type { Registry, TaskType } from '../task.js';
import type { Node } from '../workflow.js';
import type { Binder, NodeShape } from './binder.js';
import { connectPorts } from './connect.js';
import { checkName, readFields, wrongKind, type Fields } from './fields.js';
import { listNames, type Findings } from './findings.js';
import { describeJson, shorten, type Located, type LocatedMap } from './located.js';
import { parameterProblems, rememberPlaces } from './resolve-params.js';
import type { AxisShape, AxisView } from './holes.js';
import type { Scope } from './scope.js';
import {
  fillTemplate,
  fillTree,
  isTreeMap,
  templateAxes,
  templatesOf,
  type Items,
  type TreeMap,
} from './template.js';

export interface DeclaredNode extends NodeShape {
  readonly at: Range;
  readonly fields: Fields | null;
  readonly stream: string;
}

const KEYS = ['task', 'in', 'with', 'each', 'stream', 'label', 'description'];

/** Every node with a usable name; what it refers to is not looked at yet. */
export function declareNodes(
  section: LocatedMap['entries'],
  axes: ReadonlyMap<string, AxisShape>,
  registry: Registry,
  scope: Scope,
  findings: Findings,
): Map<string, DeclaredNode> {
  const out = new Map<string, DeclaredNode>();
  for (const [name, entry] of section) {
    if (!checkName(name, 'a node', entry.keyAt, findings)) continue;
    const what = `the node '${name}'`;
    const fields = readFields(entry.value, what, KEYS, findings);
    const task = fields && taskOf(what, fields, entry.keyAt, registry, scope, findings);
    const stream = fields?.get('stream');
    const streamText = stream && scope.staticText(stream, `'stream' of ${what}`);
    if (stream && streamText !== undefined && task && !task.seeded) {
      findings.error(
        'CF167',
        fields.keyAt('stream'),
        `'stream' has no effect: ${task.name} draws no random numbers`,
        {
          hint: "remove 'stream'",
        },
      );
    }
    if (stream && streamText === '')
      wrongKind(findings, stream, `'stream' of ${what}`, 'a text that is not empty');
    out.set(name, {
      name,
      at: entry.keyAt,
      task: task ?? null,
      axes: fields ? eachOf(what, fields.get('each'), axes, scope, findings) : [],
      fields,
      stream: streamText ?? '',
    });
  }
  return out;
}

function taskOf(
  what: string,
  fields: Fields,
  at: Range,
  registry: Registry,
  scope: Scope,
  findings: Findings,
): TaskType | undefined {
  const located = fields.require('task', "the name of a task; 'cohortflow tasks' lists them", at);
  const chosen = located && scope.choose(located);
  const name = chosen && scope.staticText(chosen, `'task' of ${what}`);
  if (name === undefined) return undefined;
  const task = registry.get(name);
  if (!task && chosen) {
    const names = registry.names();
    const room = names.filter((each) => each.startsWith(`${name.split('.')[0]!}.`));
    findings.error('CF161', chosen.at, `there is no task '${shorten(name)}'`, {
      expected: room.length > 0 ? listNames(room) : "a task; 'cohortflow tasks' lists them",
      nearest: findings.nearest(name, names),
    });
  }
  return task;
}

function eachOf(
  what: string,
  located: Located | undefined,
  axes: ReadonlyMap<string, AxisShape>,
  scope: Scope,
  findings: Findings,
): string[] {
  const json = located && scope.json(located);
  if (!located || json === undefined) return [];
  const list = typeof json === 'string' ? [json] : json;
  if (!Array.isArray(list)) {
    wrongKind(findings, located, `'each' of ${what}`, 'the name of an axis, or a list of them');
    return [];
  }
  const out: string[] = [];
  for (const [index, name] of (list as readonly unknown[]).entries()) {
    const at = scope.placeOf(located, typeof json === 'string' ? [] : [String(index)]);
    if (typeof name !== 'string') {
      findings.error('CF113', at, `'each' of ${what} does not fit`, {
        expected: 'the name of an axis',
        got: describeJson(name as never),
      });
    } else if (!axes.has(name)) {
      findings.error('CF133', at, `there is no axis '${shorten(name)}'`, {
        expected: listNames(axes.keys(), 'an axis of axes:, which declares none'),
        nearest: findings.nearest(name, axes.keys()),
      });
    } else if (out.includes(name)) {
      findings.error('CF133', at, `the axis '${name}' stands twice in 'each' of ${what}`);
    } else out.push(name);
  }
  return out;
}

/** The nodes whole. Those with an unknown task are left out (reported). */
export function buildNodes(declared: ReadonlyMap<string, DeclaredNode>, binder: Binder): Map<string, Node> {
  const out = new Map<string, Node>();
  const { findings, scope } = binder;
  for (const { name, at, task, axes, fields, stream } of declared.values()) {
    if (!fields) continue;
    const what = `the node '${name}'`;
    const view: AxisView = { here: axes, all: binder.axes, what };
    const label = fields.get('label');
    const labelText = label && scope.staticText(label, `'label' of ${what}`);
    const description = fields.get('description');
    if (description) scope.staticText(description, `'description' of ${what}`);
    const located = fields.get('with');
    const tree = parameterTree(what, located, view, binder);
    if (!task) continue;
    const inputs = connectPorts(task, fields.get('in'), at, { what, axes, view }, binder);
    if (tree) checkParameters(task, tree, located, at, binder);
    out.set(name, { name, task, axes, inputs, with: tree ?? {}, stream, label: labelText ?? null, at });
  }
  checkStreams([...out.values()], findings);
  return out;
}

function parameterTree(
  what: string,
  located: Located | undefined,
  view: AxisView,
  { scope, findings }: Binder,
): TreeMap | undefined {
  const chosen = located && scope.choose(located);
  if (!located || (chosen?.kind === 'scalar' && chosen.value === null)) return {};
  const tree = chosen && scope.tree(chosen, view);
  if (tree === undefined || isTreeMap(tree)) return tree;
  wrongKind(findings, chosen!, `'with' of ${what}`, 'a map of parameters');
  return undefined;
}

/** Checks parameters at the first item of each static axis; what depends on a dynamic axis is left to the run. */
function checkParameters(
  task: TaskType,
  tree: TreeMap,
  located: Located | undefined,
  nodeAt: Range,
  binder: Binder,
): void {
  const { scope, findings, axes } = binder;
  const at = (path: readonly string[], ofKey = false): Range =>
    located ? scope.placeOf(located, path, ofKey) : nodeAt;
  rememberPlaces(tree, at);
  const open: (readonly string[])[] = [];
  const items: Items = firstItems(axes);
  for (const [path, template] of templatesOf(tree)) {
    if (templateAxes(template).some((axis) => items[axis] === undefined)) open.push(path);
  }
  let params: Record<string, never>;
  try {
    params = fillTree(tree, (template) =>
      templateAxes(template).every((axis) => items[axis] !== undefined)
        ? fillTemplate(template, items)
        : null,
    ) as Record<string, never>;
  } catch {
    // A field is null within a text: that item fails in the run, with its own message.
    return;
  }
  for (const problem of parameterProblems(task, params)) {
    const { path } = problem;
    const isOpen = open.some(
      (other) =>
        other.every((part, i) => i >= path.length || path[i] === part) &&
        (path.length >= other.length || problem.code === 'CF164'),
    );
    if (!isOpen) findings.error(problem.code, at(path, problem.ofKey), problem.message, problem.details);
  }
}

function firstItems(axes: ReadonlyMap<string, AxisShape>): Items {
  const items: Record<string, Items[string]> = {};
  for (const [name, shape] of axes) {
    const first = shape.items?.[0];
    if (first !== undefined) items[name] = first;
  }
  return items;
}

/** Two seeded nodes of one task would draw the same numbers: that must be said, by equal streams, or undone. */
function checkStreams(nodes: readonly Node[], findings: Findings): void {
  const firstOf = new Map<string, Node>();
  for (const node of nodes) {
    if (!node.task.seeded || node.stream !== '') continue;
    const first = firstOf.get(node.task.name);
    if (!first) firstOf.set(node.task.name, node);
    else {
      findings.error(
        'CF166',
        node.at,
        `the nodes '${first.name}' and '${node.name}' would draw the same random numbers`,
        {
          expected: "'stream: NAME' in all but one of the nodes of a seeded task",
          got: `both run ${node.task.name} without a stream`,
          hint: 'give both the same stream if common draws are meant',
        },
      );
    }
  }
}
