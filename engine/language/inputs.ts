/**
 * Inputs: the files that a study reads, and names for ports of nodes that stand in for files.
 */
import { isAbsolute, resolve } from 'node:path';
import type { Range } from '../diagnostic.js';
import type { FileInput, ReadOptions, Template } from '../workflow.js';
import type { InputShape } from './binder.js';
import { checkName, readFields, wrongKind, type Fields } from './fields.js';
import type { Findings } from './findings.js';
import { describeJson, type Located, type LocatedMap } from './located.js';
import { parseReference } from './reference.js';
import type { AxisShape } from './holes.js';
import type { Scope } from './scope.js';
import type { Sources } from './sources.js';
import { literalText, makeTemplate, templateAxes, templateText } from './template.js';

export interface DeclaredInput {
  readonly name: string;
  readonly at: Range;
  readonly shape: InputShape;
  readonly file: FileInput | null;
}

const KEYS = ['table', 'file', 'from', 'id', 'missing', 'types', 'format', 'description'];
const FORMATS = ['csv', 'tsv', 'parquet'] as const;
const EXTENSION = /\.(csv|tsv|txt|parquet)(\.gz)?$/i;
/** Items of static axes for which the existence of a file is checked before a run. */
const MAX_FILES_CHECKED = 10_000;

/** Every input with a usable name. */
export function declareInputs(
  section: LocatedMap['entries'],
  axes: ReadonlyMap<string, AxisShape>,
  scope: Scope,
  sources: Sources,
  findings: Findings,
): Map<string, DeclaredInput> {
  const out = new Map<string, DeclaredInput>();
  for (const [name, entry] of section) {
    if (!checkName(name, 'an input', entry.keyAt, findings)) continue;
    const value = scope.choose(entry.value);
    const declared = value && declare(name, entry.keyAt, value, axes, scope, sources, findings);
    out.set(name, { name, at: entry.keyAt, shape: { kind: 'broken' }, file: null, ...declared });
  }
  return out;
}

function declare(
  name: string,
  at: Range,
  value: Located,
  axes: ReadonlyMap<string, AxisShape>,
  scope: Scope,
  sources: Sources,
  findings: Findings,
): Pick<DeclaredInput, 'shape' | 'file'> | undefined {
  const what = `the input '${name}'`;
  const fields = readFields(value, what, KEYS, findings);
  if (!fields) return undefined;
  const ways = ['table', 'file', 'from'].filter((key) => fields.has(key));
  const [way] = ways;
  if (way === undefined || ways.length > 1) {
    findings.error(way === undefined ? 'CF112' : 'CF116', value.at, `${what} needs one source`, {
      expected: "exactly one of 'table', 'file' and 'from'",
      got: way === undefined ? 'none' : ways.map((each) => `'${each}'`).join(' and '),
    });
    return undefined;
  }
  for (const key of ['id', 'missing', 'types', 'format']) {
    if (way !== 'table' && fields.has(key)) {
      findings.error('CF116', fields.keyAt(key), `'${key}' in ${what} goes with 'table'`, {
        got: `'${way}'`,
      });
    }
  }
  const located = scope.choose(fields.get(way)!);
  if (!located) return undefined;
  if (way === 'from') return fromNode(what, located, findings);
  const view = { here: [...axes.keys()], all: axes, what };
  const written = scope.template(located, view, `'${way}' of ${what}`);
  if (written === undefined) return undefined;
  if (written.parts.length === 0) {
    findings.error('CF171', located.at, `the path of ${what} is empty`, { expected: 'the path of a file' });
    return undefined;
  }
  const path = absolute(written, sources.folderOf(located.at.file));
  const read: ReadOptions =
    way === 'table'
      ? readOptions(what, fields, path, located.at, scope, findings)
      : { format: null, id: null, missing: [], types: {} };
  const type = way === 'table' ? 'table' : 'file';
  const inputAxes = templateAxes(path);
  checkFiles(what, path, inputAxes, axes, located.at, sources, findings);
  const file: FileInput = { name, type, path, axes: inputAxes, read, at };
  return { shape: { kind: 'file', type, axes: inputAxes }, file };
}

function fromNode(
  what: string,
  located: Located,
  findings: Findings,
): Pick<DeclaredInput, 'shape' | 'file'> | undefined {
  if (located.kind !== 'scalar' || typeof located.value !== 'string') {
    wrongKind(findings, located, `'from' of ${what}`, "a node's port, such as sim.people");
    return undefined;
  }
  const parsed = parseReference(located, findings);
  if (!parsed) return undefined;
  if (parsed.port === null || parsed.brackets.length > 0) {
    findings.error('CF141', located.at, `'from' of ${what} does not fit`, {
      expected: "a node's port, such as sim.people",
      got: `'${located.value}'`,
      hint: parsed.brackets.length > 0 ? 'select axes and columns where the input is used' : undefined,
    });
    return undefined;
  }
  return { shape: { kind: 'from', node: parsed.name, port: parsed.port }, file: null };
}

/** The path from `folder` on; what leads up to the first hole is normalised. */
function absolute(path: Template, folder: string): Template {
  const text = literalText(path);
  if (text !== null) return makeTemplate([resolve(folder, text)]);
  const [first, ...rest] = path.parts;
  if (typeof first !== 'string') return makeTemplate([`${folder}/`, ...path.parts]);
  const slash = first.lastIndexOf('/');
  const lead = resolve(folder, slash < 0 ? '.' : first.slice(0, slash + 1));
  const base = isAbsolute(first) && slash === 0 ? '' : lead;
  return makeTemplate([`${base}/${first.slice(slash + 1)}`, ...rest]);
}

function readOptions(
  what: string,
  fields: Fields,
  path: Template,
  at: Range,
  scope: Scope,
  findings: Findings,
): ReadOptions {
  const id = fields.get('id');
  const idName = id && scope.staticText(id, `'id' of ${what}`);
  return {
    format: formatOf(what, fields, path, at, scope, findings),
    id: idName ?? null,
    missing: missingTexts(what, fields.get('missing'), scope, findings),
    types: columnTypes(what, fields.get('types'), scope, findings),
  };
}

function formatOf(
  what: string,
  fields: Fields,
  path: Template,
  at: Range,
  scope: Scope,
  findings: Findings,
): ReadOptions['format'] {
  const given = fields.get('format');
  if (given) {
    const text = scope.staticText(given, `'format' of ${what}`);
    const format = FORMATS.find((each) => each === text);
    if (text !== undefined && !format) {
      findings.error('CF113', given.at, `'format' of ${what} does not fit`, {
        expected: FORMATS.map((each) => `'${each}'`).join(', '),
        got: `'${text}'`,
        nearest: findings.nearest(text, FORMATS),
      });
    }
    return format ?? null;
  }
  const last = path.parts.at(-1);
  const extension = typeof last === 'string' ? EXTENSION.exec(last)?.[1]?.toLowerCase() : undefined;
  if (extension === 'txt') return 'tsv';
  const format = FORMATS.find((each) => each === extension);
  if (!format && typeof last === 'string') {
    findings.error('CF173', at, `the extension of ${what} does not tell how to read it`, {
      expected: '.csv, .tsv, .txt or .parquet (or .gz after it)',
      hint: "or give 'format: csv', 'tsv' or 'parquet'",
    });
  }
  return format ?? null;
}

function missingTexts(
  what: string,
  located: Located | undefined,
  scope: Scope,
  findings: Findings,
): string[] {
  const list = located && scope.choose(located);
  if (!list) return [];
  const out: string[] = [];
  // Written numbers keep their form: the cell `-9` is compared as text.
  if (list.kind === 'list') {
    for (const item of list.items) {
      const text = scope.staticText(item, `a missing value of ${what}`);
      if (text !== undefined) out.push(text);
    }
    return out;
  }
  const json = scope.json(list);
  if (Array.isArray(json)) return json.map(String);
  if (json !== undefined)
    wrongKind(findings, list, `'missing' of ${what}`, 'a list of texts, such as ["NA", "."]');
  return out;
}

function columnTypes(
  what: string,
  located: Located | undefined,
  scope: Scope,
  findings: Findings,
): ReadOptions['types'] {
  if (!located) return {};
  const json = scope.json(located);
  if (json === undefined) return {};
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    wrongKind(findings, located, `'types' of ${what}`, 'a map of columns to number or text');
    return {};
  }
  const out: Record<string, 'number' | 'text'> = {};
  for (const [column, type] of Object.entries(json)) {
    if (type === 'number' || type === 'text') out[column] = type;
    else {
      findings.error(
        'CF113',
        scope.placeOf(located, [column]),
        `the type of '${column}' in ${what} does not fit`,
        {
          expected: "'number' or 'text'",
          got: describeJson(type),
          nearest: typeof type === 'string' ? findings.nearest(type, ['number', 'text']) : undefined,
        },
      );
    }
  }
  return out;
}

/** Files that are known before a run must be there. Those over one static axis are looked up for each item. */
function checkFiles(
  what: string,
  path: Template,
  inputAxes: readonly string[],
  axes: ReadonlyMap<string, AxisShape>,
  at: Range,
  sources: Sources,
  findings: Findings,
): void {
  const report = (file: string): void =>
    findings.error('CF181', at, `the file of ${what} does not exist`, { expected: `a file '${file}'` });
  const text = literalText(path);
  if (text !== null) {
    if (!sources.exists(text)) report(text);
    return;
  }
  const [axis, ...others] = inputAxes;
  const items = axis === undefined ? null : axes.get(axis)?.items;
  if (axis === undefined || others.length > 0 || !items || items.length > MAX_FILES_CHECKED) return;
  let missing = 0;
  for (const item of items) {
    let file: string;
    try {
      file = templateText(path, { [axis]: item });
    } catch {
      continue;
    }
    if (!sources.exists(file) && ++missing <= 3) {
      findings.error(
        'CF181',
        at,
        `the file of ${what} does not exist for '${String(typeof item === 'object' ? item.id : item)}'`,
        { expected: `a file '${file}'` },
      );
    }
  }
  if (missing > 3) findings.error('CF181', at, `${missing - 3} more files of ${what} do not exist`);
}
