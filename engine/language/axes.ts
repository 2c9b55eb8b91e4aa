/**
 * Axes: what a workflow repeats over. Static items are known here; dynamic axes keep a reference to their source.
 */
import type { Range } from '../diagnostic.js';
import { itemId, itemText, type Item, type ItemRecord, type Scalar } from '../item.js';
import { PORT_TYPES } from '../port.js';
import type { Json } from '../task.js';
import type { Axis, AxisSource } from '../workflow.js';
import type { Binder } from './binder.js';
import { checkName, readFields, type Fields } from './fields.js';
import type { Findings } from './findings.js';
import { describeJson, shorten, type Located, type LocatedMap } from './located.js';
import { NO_AXES, type AxisShape } from './holes.js';
import type { Scope } from './scope.js';
import { LIMITS } from './yaml.js';

/** An axis as declared: its static source, or the fields that tell a dynamic one. */
export interface DeclaredAxis {
  readonly name: string;
  readonly at: Range;
  readonly source: AxisSource | null;
  readonly dynamic: Fields | null;
}

const KEYS = ['items', 'range', 'replicate', 'from', 'column', 'records'];

/** Every axis with a usable name. One whose source is broken has neither `source` nor `dynamic`. */
export function declareAxes(
  section: LocatedMap['entries'],
  scope: Scope,
  findings: Findings,
): Map<string, DeclaredAxis> {
  const out = new Map<string, DeclaredAxis>();
  for (const [name, entry] of section) {
    if (!checkName(name, 'an axis', entry.keyAt, findings)) continue;
    if (name === 'params') {
      findings.error('CF114', entry.keyAt, "'params' cannot be the name of an axis", {
        expected: 'another name: ${params.…} means parameters',
      });
      continue;
    }
    const value = scope.choose(entry.value);
    const declared = value && declare(name, value, scope, findings);
    out.set(name, {
      name,
      at: entry.keyAt,
      source: declared?.source ?? null,
      dynamic: declared?.dynamic ?? null,
    });
  }
  return out;
}

type Declared = Pick<DeclaredAxis, 'source' | 'dynamic'>;

function declare(name: string, value: Located, scope: Scope, findings: Findings): Declared | undefined {
  const what = `the axis '${name}'`;
  if (value.kind !== 'map') return listed(what, value, scope, findings);
  const fields = readFields(value, what, KEYS, findings);
  const ways = ['items', 'range', 'replicate', 'from'].filter((key) => fields?.has(key));
  if (!fields) return undefined;
  if (ways.length !== 1) {
    findings.error(ways.length === 0 ? 'CF112' : 'CF116', value.at, `${what} needs one source of items`, {
      expected: "exactly one of 'items', 'range', 'replicate' and 'from'",
      got: ways.length === 0 ? 'none' : ways.map((way) => `'${way}'`).join(' and '),
    });
    return undefined;
  }
  const [way] = ways;
  for (const key of ['column', 'records']) {
    if (way !== 'from' && fields.has(key)) {
      findings.error('CF116', fields.keyAt(key), `'${key}' in ${what} goes with 'from'`, {
        got: `'${way!}'`,
      });
    }
  }
  if (way === 'from') return { source: null, dynamic: fields };
  const source = fields.get(way!)!;
  if (way === 'items') return listed(what, source, scope, findings);
  const json = scope.json(source);
  if (json === undefined) return undefined;
  if (way === 'replicate') {
    if (!isCount(json) || json < 1) {
      findings.error('CF134', source.at, `'replicate' of ${what} does not fit`, {
        expected: 'a whole number ≥ 1',
        got: describeJson(json),
      });
      return undefined;
    }
    return tooMany(what, json, source.at, findings)
      ? undefined
      : { source: { how: 'replicate', count: json }, dynamic: null };
  }
  return ranged(what, json, source, findings);
}

function isCount(json: Json): json is number {
  return typeof json === 'number' && Number.isInteger(json);
}

function tooMany(what: string, count: number, at: Range, findings: Findings): boolean {
  if (count <= LIMITS.items) return false;
  findings.error('CF103', at, `${what} has too many items`, {
    expected: `at most ${LIMITS.items}`,
    got: String(count),
  });
  return true;
}

function ranged(what: string, json: Json, located: Located, findings: Findings): Declared | undefined {
  const bounds: readonly Json[] = Array.isArray(json) ? json : [];
  const [first, last] = bounds;
  if (bounds.length !== 2 || !isCount(first!) || !isCount(last!) || last < first) {
    findings.error('CF134', located.at, `'range' of ${what} does not fit`, {
      expected: '[first, last]: two whole numbers, both included, the first not above the last',
      got: bounds.length === 2 ? JSON.stringify(bounds) : describeJson(json),
    });
    return undefined;
  }
  if (tooMany(what, last - first + 1, located.at, findings)) return undefined;
  return {
    source: { how: 'list', items: Array.from({ length: last - first + 1 }, (_, i) => first + i) },
    dynamic: null,
  };
}

function listed(what: string, located: Located, scope: Scope, findings: Findings): Declared | undefined {
  const json = scope.json(located);
  if (json === undefined) return undefined;
  const list: readonly Json[] = Array.isArray(json) ? json : [];
  if (list.length === 0) {
    findings.error('CF131', located.at, `${what} has no items`, {
      expected: 'a list of values or records',
      got: Array.isArray(json) ? 'an empty list' : describeJson(json),
    });
    return undefined;
  }
  const items = checkItems(
    list,
    what,
    (index, field) => scope.placeOf(located, field === undefined ? [String(index)] : [String(index), field]),
    findings,
  );
  return items && { source: { how: 'list', items }, dynamic: null };
}

/** Items from JSON: scalars or records with an `id`, none twice. undefined when one is not usable (reported). */
function checkItems(
  list: readonly Json[],
  what: string,
  at: (index: number, field?: string) => Range,
  findings: Findings,
): Item[] | undefined {
  const seen = new Map<string, Scalar>();
  const items: Item[] = [];
  for (const [index, json] of list.entries()) {
    const item = asItem(json, index, what, at, findings);
    if (item === undefined) continue;
    const id = itemId(item);
    const earlier = seen.get(itemText(item));
    if (earlier !== undefined) {
      const same = earlier === id;
      findings.error(
        'CF132',
        at(index),
        same
          ? `${what} has the item ${JSON.stringify(id)} twice`
          : `${what} has both ${JSON.stringify(earlier)} and ${JSON.stringify(id)}`,
        {
          hint: same
            ? undefined
            : 'items that read alike but differ in type would be mistaken for each other: write both the same way',
        },
      );
      continue;
    }
    seen.set(itemText(item), id);
    items.push(item);
  }
  return items.length === list.length ? items : undefined;
}

function asItem(
  json: Json,
  index: number,
  what: string,
  at: (index: number, field?: string) => Range,
  findings: Findings,
): Item | undefined {
  const refuse = (message: string, expected: string, field?: string): undefined => {
    findings.error('CF131', at(index, field), message, {
      expected,
      got: describeJson(field === undefined ? json : ((json as Record<string, Json>)[field] ?? null)),
    });
    return undefined;
  };
  if (json === '') {
    refuse(`an item of ${what} is empty`, 'a text that is not empty');
    return;
  }
  if (json !== null && typeof json !== 'object') return json;
  if (json === null || Array.isArray(json)) {
    refuse(`an item of ${what} does not fit`, 'a value, or a record with an id');
    return;
  }
  const record = json as Record<string, Json>;
  for (const [field, value] of Object.entries(record)) {
    if (typeof value === 'object' && value !== null) {
      refuse(
        `the field '${shorten(field)}' of an item of ${what} does not fit`,
        'a text, a number, true, false or null',
        field,
      );
      return;
    }
  }
  const id = Object.hasOwn(record, 'id') ? record['id'] : undefined;
  if (id === undefined || id === null || id === '') {
    refuse(`an item of ${what} has no 'id'`, "a field 'id' that names the record");
    return;
  }
  return record as ItemRecord;
}

/** What is known of each axis before a run. */
export function axisShapes(axes: ReadonlyMap<string, DeclaredAxis>): Map<string, AxisShape> {
  const out = new Map<string, AxisShape>();
  for (const { name, source, dynamic } of axes.values()) {
    if (source?.how === 'list') {
      out.set(name, { items: source.items, scalars: source.items.every((item) => typeof item !== 'object') });
    } else if (source?.how === 'replicate') {
      out.set(name, { items: Array.from({ length: source.count }, (_, i) => i + 1), scalars: true });
    } else out.set(name, { items: null, scalars: dynamic?.has('column') ?? false });
  }
  return out;
}

/** The axes with their dynamic sources bound; broken ones are left out (reported). */
export function bindAxes(declared: ReadonlyMap<string, DeclaredAxis>, binder: Binder): Map<string, Axis> {
  const out = new Map<string, Axis>();
  for (const { name, at, source, dynamic } of declared.values()) {
    const bound = dynamic ? bindDynamic(name, dynamic, binder) : source;
    if (bound) out.set(name, { name, source: bound, at });
  }
  return out;
}

function bindDynamic(name: string, fields: Fields, binder: Binder): AxisSource | undefined {
  const { findings, scope } = binder;
  const what = `the axis '${name}'`;
  const from = scope.choose(fields.get('from')!);
  const bound = from && binder.bind(from, { what, axes: [], view: NO_AXES });
  const records = fields.flag('records');
  const columnField = fields.get('column');
  const column = columnField && scope.staticText(columnField, `'column' of ${what}`);
  if (!bound || (columnField && column === undefined)) return undefined;
  const { reference, type, gathers } = bound;
  const kind = PORT_TYPES[type];
  const refuse = (expected: string, got: string, hint?: string): undefined => {
    findings.error('CF135', from.at, `the source of ${what} does not fit`, { expected, got, hint });
    return undefined;
  };
  if (gathers) {
    refuse('one table or one JSON list', 'a reference that gathers');
    return;
  }
  if (kind === 'json') {
    if (columnField || records) {
      refuse("a table when 'column' or 'records' is given", `a ${type}`);
      return;
    }
    return { how: 'json', reference };
  }
  if (kind !== 'table') {
    refuse('a table or a JSON list', `a ${type}`);
    return;
  }
  if ((column === undefined) !== records) {
    refuse(
      "a table with either 'column: NAME' or 'records: true'",
      records ? 'both' : 'neither',
      "'column' makes its distinct values the items, 'records' makes its rows the items",
    );
    return;
  }
  return { how: 'table', reference, column: column ?? null };
}
