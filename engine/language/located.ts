/**
 * Located: a YAML value that knows where it stands, so that every finding can point at it.
 *
 * Aliases are already expanded (shared, not copied). Not responsible for reading (yaml.ts) nor for meaning.
 */
import type { Range } from '../diagnostic.js';
import type { Json } from '../task.js';

export interface LocatedScalar {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** As written, without quotes: `007` of the number 7. */
  readonly source: string;
  /** Offset in the file where `value` stands verbatim on one line; null when escapes or folding came between. */
  readonly textAt: number | null;
  readonly at: Range;
}

export interface LocatedList {
  readonly kind: 'list';
  readonly items: readonly Located[];
  readonly at: Range;
}

export interface LocatedEntry {
  readonly keyAt: Range;
  readonly value: Located;
}

export interface LocatedMap {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, LocatedEntry>;
  readonly at: Range;
}

export type Located = LocatedScalar | LocatedList | LocatedMap;

/** The place of `value[from, to)` within a text; the whole text where it is not written verbatim. */
export function placeWithin(scalar: LocatedScalar, from: number, to: number): Range {
  if (scalar.textAt === null) return scalar.at;
  const offset = scalar.textAt + from;
  return {
    file: scalar.at.file,
    line: scalar.at.line,
    column: scalar.at.column + (offset - scalar.at.offset),
    offset,
    end: Math.max(scalar.textAt + to, offset + 1),
  };
}

/** What a value is, for "got …". */
export function describe(value: Located): string {
  return value.kind === 'scalar' ? describeJson(value.value) : value.kind === 'list' ? 'a list' : 'a map';
}

/** What a JSON value is, for "got …"; long texts are cut. */
export function describeJson(value: Json): string {
  if (value === null) return 'nothing (null)';
  if (typeof value === 'string') return `the text '${shorten(value)}'`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : 'a map';
}

/** At most 60 characters of a text that a user wrote. */
export function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** The plain JSON value. Depth is bounded by the reader. */
export function toJson(value: Located): Json {
  if (value.kind === 'scalar') return value.value;
  if (value.kind === 'list') return value.items.map(toJson);
  const out: Record<string, Json> = {};
  for (const [key, entry] of value.entries) out[key] = toJson(entry.value);
  return out;
}
