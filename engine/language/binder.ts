/**
 * Binder: gives references their meaning: which port of which node, how each axis is dealt with, which columns.
 *
 * Not responsible for their syntax (reference.ts) nor for which port wants what (connect.ts).
 */
import type { Range } from '../diagnostic.js';
import { itemId, type Scalar } from '../item.js';
import { PORT_TYPES, type PortType } from '../port.js';
import type { TaskType } from '../task.js';
import type { AxisSelector, ColumnPick, Reference, Template } from '../workflow.js';
import { wrongKind } from './fields.js';
import { listNames, type Findings } from './findings.js';
import { placeWithin, shorten, type Located, type LocatedScalar } from './located.js';
import { isSelector, parseReference, plainScalar, type Bracket, type BracketEntry } from './reference.js';
import type { AxisShape, AxisView } from './holes.js';
import type { Scope } from './scope.js';
import { literal, literalText } from './template.js';

/** What is known of a node before its references are bound. */
export interface NodeShape {
  readonly name: string;
  /** null: unknown, and reported. */
  readonly task: TaskType | null;
  readonly axes: readonly string[];
}

/** What an input's name stands for. */
export type InputShape =
  | { readonly kind: 'file'; readonly type: 'table' | 'file'; readonly axes: readonly string[] }
  | { readonly kind: 'from'; readonly node: string; readonly port: string }
  /** Not usable, and reported. */
  | { readonly kind: 'broken' };

/** Who refers: the axes it has, and what holes may name. */
export interface Consumer {
  readonly what: string;
  /** null: every axis of the source is matched (reports repeat over them). */
  readonly axes: readonly string[] | null;
  readonly view: AxisView;
}

export interface Bound {
  readonly reference: Reference;
  readonly type: PortType;
  readonly gathers: boolean;
  /** The source's axes that are neither gathered nor fixed. */
  readonly axes: readonly string[];
}

interface Source {
  readonly source: Reference['source'];
  readonly type: PortType;
  readonly axes: readonly string[];
  /** `fits.model`, for messages. */
  readonly label: string;
}

export class Binder {
  /** Nodes and inputs that something refers to. */
  readonly usedNodes = new Set<string>();
  readonly usedInputs = new Set<string>();
  private readonly itemIds = new Map<string, Map<string, Scalar>>();

  constructor(
    readonly nodes: ReadonlyMap<string, NodeShape>,
    readonly inputs: ReadonlyMap<string, InputShape>,
    readonly axes: ReadonlyMap<string, AxisShape>,
    readonly scope: Scope,
    readonly findings: Findings,
  ) {}

  /** The meaning of a reference; undefined when it has none (reported, or a consequence of what is). */
  bind(located: Located, consumer: Consumer): Bound | undefined {
    if (located.kind !== 'scalar' || typeof located.value !== 'string') {
      wrongKind(this.findings, located, `the reference in ${consumer.what}`, "a text such as 'node.port'");
      return undefined;
    }
    const parsed = parseReference(located, this.findings);
    const source = parsed && this.source(parsed.name, parsed.port, parsed.nameAt, parsed.portAt);
    if (!parsed || !source) return undefined;
    const [first, second] = parsed.brackets;
    const firstSelects = first !== undefined && isSelector(first, source.axes);
    const columns = firstSelects ? second : first;
    if (!firstSelects && second) {
      this.findings.error('CF150', first!.at, `these are not axes of '${source.label}'`, {
        expected: `'*', '*?' or one of ${listNames(source.axes, 'its axes, of which it has none')}`,
        got: first!.entries.map((entry) => entry.text).join(', '),
        hint: 'of two brackets, the first selects axes and the second picks columns',
      });
      return undefined;
    }
    const selected = this.select(source, firstSelects ? first : null, consumer, located);
    if (!selected) return undefined;
    const picks = columns ? this.columns(columns, source, consumer, located) : null;
    if (picks === undefined) return undefined;
    const { select, survivors } = selected;
    return {
      reference: { source: source.source, select, survivors, columns: picks, at: located.at },
      type: source.type,
      gathers: select.some((selector) => selector.how === 'gather'),
      axes: select.filter((selector) => selector.how === 'match').map((selector) => selector.axis),
    };
  }

  private source(name: string, port: string | null, nameAt: Range, portAt: Range): Source | undefined {
    const input = this.inputs.get(name);
    if (input) {
      this.usedInputs.add(name);
      if (input.kind === 'broken') return undefined;
      if (port !== null) {
        this.findings.error('CF143', portAt, `the input '${name}' has no ports`, {
          expected: `'${name}'`,
          got: `'${name}.${port}'`,
        });
        return undefined;
      }
      if (input.kind === 'file')
        return { source: { input: name }, type: input.type, axes: input.axes, label: name };
      return this.nodeSource(input.node, input.port, nameAt, nameAt);
    }
    if (this.nodes.has(name)) return this.nodeSource(name, port, nameAt, portAt);
    const candidates = [...this.nodes.keys(), ...this.inputs.keys()];
    this.findings.error('CF142', nameAt, `there is no node or input '${shorten(name)}'`, {
      expected: listNames(candidates, 'a node or an input; the workflow has none'),
      nearest: this.findings.nearest(name, candidates),
    });
    return undefined;
  }

  /** A node's port, `null` for the only one. */
  nodeSource(name: string, port: string | null, nameAt: Range, portAt: Range): Source | undefined {
    const node = this.nodes.get(name);
    this.usedNodes.add(name);
    if (!node?.task) return undefined;
    const ports = Object.keys(node.task.outputs);
    const chosen = port ?? (ports.length === 1 ? ports[0]! : null);
    if (chosen === null) {
      this.findings.error('CF143', nameAt, `'${name}' has ${ports.length} outputs: say which`, {
        expected: listNames(ports.map((each) => `${name}.${each}`)),
        got: `'${name}'`,
      });
      return undefined;
    }
    const output = Object.hasOwn(node.task.outputs, chosen) ? node.task.outputs[chosen] : undefined;
    if (!output) {
      const nearest = this.findings.nearest(chosen, ports);
      this.findings.error(
        'CF143',
        portAt,
        `'${name}' (${node.task.name}) has no output '${shorten(chosen)}'`,
        {
          expected: listNames(ports.map((each) => `${name}.${each}`)),
          nearest: nearest === undefined ? undefined : `${name}.${nearest}`,
        },
      );
      return undefined;
    }
    return {
      source: { node: name, port: chosen },
      type: output.type,
      axes: node.axes,
      label: `${name}.${chosen}`,
    };
  }

  private select(
    source: Source,
    bracket: Bracket | null,
    consumer: Consumer,
    located: LocatedScalar,
  ): { select: AxisSelector[]; survivors: boolean } | undefined {
    const explicit = new Map<string, AxisSelector>();
    let rest = false;
    let survivors = false;
    let sound = true;
    for (const entry of bracket?.entries ?? []) {
      const at = placeWithin(located, entry.from, entry.to);
      if (entry.text === '*' || entry.text === '*?') {
        rest = true;
        survivors ||= entry.text === '*?';
        continue;
      }
      const equals = entry.text.indexOf('=');
      const axis = (equals < 0 ? entry.text : entry.text.slice(0, equals)).trim();
      const wanted = equals < 0 ? null : entry.text.slice(equals + 1).trim();
      if (!source.axes.includes(axis) || explicit.has(axis)) {
        const twice = explicit.has(axis);
        this.findings.error(
          'CF150',
          at,
          twice ? `the axis '${axis}' is selected twice` : `'${source.label}' has no axis '${shorten(axis)}'`,
          {
            expected: listNames(source.axes, 'no selector: it is not repeated over any axis'),
            nearest: twice ? undefined : this.findings.nearest(axis, source.axes),
          },
        );
        sound = false;
        continue;
      }
      if (wanted === null) explicit.set(axis, { axis, how: 'match' });
      else if (wanted === '*' || wanted === '*?') {
        explicit.set(axis, { axis, how: 'gather' });
        survivors ||= wanted === '*?';
      } else {
        const item = this.fixedItem(axis, wanted, entry, located);
        if (item === undefined) sound = false;
        else explicit.set(axis, { axis, how: 'fixed', item });
      }
    }
    const select: AxisSelector[] = [];
    for (const axis of source.axes) {
      const has = consumer.axes === null || consumer.axes.includes(axis);
      const given = explicit.get(axis);
      if (given && (given.how !== 'match' || has)) select.push(given);
      else if (has) select.push({ axis, how: 'match' });
      else if (rest && !given) select.push({ axis, how: 'gather' });
      else if (sound) {
        sound = false;
        this.findings.error(
          'CF149',
          located.at,
          `'${source.label}' is repeated over '${axis}', and ${consumer.what} is not`,
          {
            expected: `[${axis}=*] to gather, [${axis}=ITEM] to fix, or '${axis}' in its axes`,
            hint: 'every axis of what is referred to is matched, gathered or fixed',
          },
        );
      }
    }
    if (sound && rest && !select.some((selector) => selector.how === 'gather')) {
      this.findings.error('CF147', bracket!.at, `there is nothing to gather from '${source.label}'`, {
        expected: `an axis of '${source.label}' that ${consumer.what} lacks`,
        got: source.axes.length === 0 ? 'no axes' : `only axes that both have: ${listNames(source.axes)}`,
      });
      sound = false;
    }
    return sound ? { select, survivors } : undefined;
  }

  private fixedItem(
    axis: string,
    wanted: string,
    entry: BracketEntry,
    located: LocatedScalar,
  ): Scalar | undefined {
    const from = entry.to - wanted.length;
    const at = placeWithin(located, from, entry.to);
    const quoted = /^"((?:[^"]|"")*)"$/.exec(wanted);
    let item: Scalar;
    if (quoted) item = quoted[1]!.replaceAll('""', '"');
    else {
      const filled = this.scope.pieces(wanted, (a, b) => placeWithin(located, from + a, from + b), {
        here: [],
        all: this.axes,
        what: 'a fixed item',
      });
      if (!filled) return undefined;
      if ('json' in filled) {
        if (typeof filled.json === 'object') {
          this.findings.error('CF126', at, 'a fixed item is a text, a number, true or false');
          return undefined;
        }
        item = filled.json;
      } else {
        const text = literalText(filled) ?? '';
        item = wanted === text ? plainScalar(text) : text;
      }
    }
    const items = this.axes.get(axis)?.items;
    if (!items) return item;
    let ids = this.itemIds.get(axis);
    if (!ids) {
      ids = new Map(items.map((each) => [String(itemId(each)), itemId(each)]));
      this.itemIds.set(axis, ids);
    }
    const known = ids.get(String(item));
    if (known === item) return item;
    this.findings.error('CF150', at, `the axis '${axis}' has no item ${JSON.stringify(item)}`, {
      expected: listNames(ids.keys()),
      nearest: known === undefined ? this.findings.nearest(String(item), ids.keys()) : undefined,
      hint:
        known === undefined
          ? undefined
          : `the item is the ${typeof known} ${JSON.stringify(known)}; quotes make a text`,
    });
    return undefined;
  }

  private columns(
    bracket: Bracket,
    source: Source,
    consumer: Consumer,
    located: LocatedScalar,
  ): ColumnPick[] | undefined {
    if (PORT_TYPES[source.type] !== 'table') {
      const star = bracket.entries.find((entry) => !entry.quoted && entry.text.includes('='));
      this.findings.error('CF151', bracket.at, `'${source.label}' has no columns to pick`, {
        expected: 'a table',
        got: source.type,
        hint: star
          ? `'${source.label}' has ${source.axes.length === 0 ? 'no axes' : `the axes ${listNames(source.axes)}`}`
          : undefined,
      });
      return undefined;
    }
    const picks: ColumnPick[] = [];
    const names = new Set<string>();
    let sound = true;
    for (const entry of bracket.entries) {
      const columns = this.columnNames(entry, consumer, located);
      const as = entry.as && this.columnName(entry.as, consumer, located);
      if (!columns || as === undefined) {
        sound = false;
        continue;
      }
      for (const column of columns) {
        picks.push({ column, as });
        const name = literalText(as ?? column);
        if (name !== null && names.has(name)) {
          sound = false;
          const at = placeWithin(located, entry.from, (entry.as ?? entry).to);
          this.findings.error('CF152', at, `the column '${shorten(name)}' is picked twice`, {
            hint: 'rename one: [a as b]',
          });
        }
        if (name !== null) names.add(name);
      }
    }
    return sound ? picks : undefined;
  }

  /** A parameter that holds a list of names stands for all of them. */
  private columnNames(
    entry: BracketEntry,
    consumer: Consumer,
    located: LocatedScalar,
  ): Template[] | undefined {
    if (entry.quoted) return [literal(entry.text)];
    const filled = this.scope.pieces(
      entry.text,
      (a, b) => placeWithin(located, entry.from + a, entry.from + b),
      consumer.view,
    );
    if (!filled) return undefined;
    if ('parts' in filled) return [filled];
    const { json } = filled;
    if (typeof json === 'string' && json !== '') return [literal(json)];
    const list: readonly unknown[] = Array.isArray(json) && !entry.as ? json : [];
    if (list.length > 0 && list.every((name) => typeof name === 'string' && name !== '')) {
      return list.map((name) => literal(String(name)));
    }
    this.findings.error(
      'CF126',
      placeWithin(located, entry.from, entry.to),
      'this parameter does not name columns',
      {
        expected: entry.as ? 'a text' : 'a text, or a list of texts',
      },
    );
    return undefined;
  }

  private columnName(
    name: { text: string; from: number; to: number },
    consumer: Consumer,
    located: LocatedScalar,
  ): Template | undefined {
    const filled = this.scope.pieces(
      name.text,
      (a, b) => placeWithin(located, name.from + a, name.from + b),
      consumer.view,
    );
    if (!filled || 'parts' in filled) return filled;
    if (typeof filled.json === 'string' && filled.json !== '') return literal(filled.json);
    this.findings.error(
      'CF126',
      placeWithin(located, name.from, name.to),
      'this parameter does not name a column',
      { expected: 'a text' },
    );
    return undefined;
  }
}
