/**
 * Connect: the bindings of a node's input ports, checked against what each port takes.
 *
 * Not responsible for single references (binder.ts).
 */
import type { Range } from '../diagnostic.js';
import { isAssignable, PORT_TYPES } from '../port.js';
import type { InputPort, TaskType } from '../task.js';
import type { Binding, Reference } from '../workflow.js';
import type { Binder, Bound, Consumer } from './binder.js';
import { listNames } from './findings.js';
import { describe, shorten, type Located, type LocatedList } from './located.js';

/** The bindings of `task`'s ports as written under `in`. Ports that could not be bound are left out (reported). */
export function connectPorts(
  task: TaskType,
  given: Located | undefined,
  nodeAt: Range,
  consumer: Consumer,
  binder: Binder,
): Map<string, Binding> {
  const { findings, scope } = binder;
  const bindings = new Map<string, Binding>();
  const located = given && scope.choose(given);
  const isEmpty = located?.kind === 'scalar' && located.value === null;
  if (located && located.kind !== 'map' && !isEmpty) {
    findings.error('CF113', located.at, `'in' of ${consumer.what} does not fit`, {
      expected: 'a map from input ports to references',
      got: describe(located),
    });
    return bindings;
  }
  if (given && !located) return bindings;
  const written =
    located?.kind === 'map' ? located.entries : new Map<string, { keyAt: Range; value: Located }>();
  const ports = Object.keys(task.inputs);
  const connected = new Set<string>();
  for (const [name, entry] of written) {
    const port = Object.hasOwn(task.inputs, name) ? task.inputs[name] : undefined;
    if (!port) {
      findings.error(
        'CF146',
        entry.keyAt,
        `${consumer.what} (${task.name}) has no input port '${shorten(name)}'`,
        {
          expected: listNames(ports, 'no inputs'),
          nearest: findings.nearest(name, ports),
        },
      );
      continue;
    }
    const value = scope.choose(entry.value);
    // A branch may say null: not connected.
    if (value?.kind === 'scalar' && value.value === null) continue;
    connected.add(name);
    const binding = value && bindPort(name, port, value, consumer, binder);
    if (binding) bindings.set(name, binding);
  }
  for (const [name, port] of Object.entries(task.inputs)) {
    if (port.optional || connected.has(name)) continue;
    findings.error(
      'CF145',
      nodeAt,
      `the input '${name}' of ${consumer.what} (${task.name}) is not connected`,
      {
        expected: `in: { ${name}: … }, ${wanted(port)} (${port.summary})`,
      },
    );
  }
  return bindings;
}

function wanted(port: InputPort): string {
  const one = `of type ${port.type}`;
  if (port.named) return `a map of names to references ${one}`;
  return port.gather ? `gathered [*] ${one}` : one;
}

function bindPort(
  name: string,
  port: InputPort,
  value: Located,
  consumer: Consumer,
  binder: Binder,
): Binding | undefined {
  const { findings, scope } = binder;
  if (!port.named) return bindOne(name, port, value, consumer, binder);
  if (value.kind !== 'map') {
    findings.error('CF148', value.at, `the input '${name}' of ${consumer.what} takes named references`, {
      expected: `a map of names to references, such as { ${name}1: node.port }`,
      got: describe(value),
    });
    return undefined;
  }
  const entries = new Map<string, Binding>();
  for (const [key, entry] of value.entries) {
    const chosen = scope.choose(entry.value);
    const binding = chosen && bindOne(name, port, chosen, consumer, binder);
    if (binding) entries.set(key, binding);
  }
  if (value.entries.size === 0) {
    findings.error('CF148', value.at, `the input '${name}' of ${consumer.what} names nothing`, {
      expected: 'at least one name',
    });
  }
  return { how: 'named', entries };
}

function bindOne(
  name: string,
  port: InputPort,
  value: Located,
  consumer: Consumer,
  binder: Binder,
): Binding | undefined {
  const { findings } = binder;
  if (value.kind === 'map') {
    findings.error('CF148', value.at, `the input '${name}' of ${consumer.what} takes no names`, {
      expected:
        port.type === 'table' && !port.gather
          ? 'a reference, or a list of tables to put side by side'
          : 'a reference',
      got: 'a map',
    });
    return undefined;
  }
  if (value.kind === 'list') return bindList(name, port, value, consumer, binder);
  const bound = binder.bind(value, consumer);
  if (!bound) return undefined;
  const ok =
    checkGather(name, port, bound, value.at, consumer, binder) &&
    checkType(name, port, bound, value.at, consumer, binder);
  return ok ? { how: 'one', reference: bound.reference } : undefined;
}

function bindList(
  name: string,
  port: InputPort,
  list: LocatedList,
  consumer: Consumer,
  binder: Binder,
): Binding | undefined {
  const { findings, scope } = binder;
  if (port.gather || !isAssignable('table', port.type) || list.items.length === 0) {
    const empty = list.items.length === 0;
    findings.error(
      'CF148',
      list.at,
      `the input '${name}' of ${consumer.what} takes no ${empty ? 'empty ' : ''}list`,
      {
        expected: empty
          ? 'at least one table'
          : port.gather
            ? 'one reference that gathers, such as node.port[*]'
            : `one reference of type ${port.type}`,
        got: empty ? 'an empty list' : 'a list',
        hint: empty ? undefined : 'only tables are put side by side by a list',
      },
    );
    return undefined;
  }
  const references: Reference[] = [];
  let sound = true;
  for (const item of list.items) {
    const chosen = scope.choose(item);
    if (chosen?.kind === 'scalar' && chosen.value === null) continue;
    const bound = chosen && binder.bind(chosen, consumer);
    if (!bound || !checkGather(name, port, bound, chosen.at, consumer, binder)) {
      sound = false;
    } else if (PORT_TYPES[bound.type] !== 'table') {
      sound = false;
      typeMismatch(name, 'table', bound, chosen.at, consumer, binder);
    } else references.push(bound.reference);
  }
  const [first, ...others] = references;
  if (!sound || !first) return undefined;
  return others.length === 0 ? { how: 'one', reference: first } : { how: 'bind', references };
}

function checkGather(
  name: string,
  port: InputPort,
  bound: Bound,
  at: Range,
  consumer: Consumer,
  binder: Binder,
): boolean {
  if (bound.gathers === (port.gather ?? false)) return true;
  binder.findings.error(
    'CF147',
    at,
    port.gather
      ? `the input '${name}' of ${consumer.what} gathers: it takes every item of an axis`
      : `the input '${name}' of ${consumer.what} takes one value, not a gathering`,
    {
      expected: port.gather
        ? 'a reference with [*] or [axis=*]'
        : 'a reference whose axes are matched or fixed',
      got: port.gather ? 'a reference that gathers no axis' : 'a reference that gathers',
    },
  );
  return false;
}

function checkType(
  name: string,
  port: InputPort,
  bound: Bound,
  at: Range,
  consumer: Consumer,
  binder: Binder,
): boolean {
  if (isAssignable(bound.type, port.type)) return true;
  typeMismatch(name, port.type, bound, at, consumer, binder);
  return false;
}

function typeMismatch(
  name: string,
  type: string,
  bound: Bound,
  at: Range,
  consumer: Consumer,
  binder: Binder,
): void {
  const isFile = bound.type === 'file' && 'input' in bound.reference.source;
  binder.findings.error('CF144', at, `the input '${name}' of ${consumer.what} takes another type`, {
    expected: `the type ${type}`,
    got: `the type ${bound.type}`,
    hint:
      isFile && type === 'table'
        ? "declare the input with 'table:' instead of 'file:' to read it as a table"
        : undefined,
  });
}
