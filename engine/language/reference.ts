/**
 * Reference: the syntax of `node.port[axes][columns]`. Not responsible for what the names mean (binder.ts).
 */
import type { Range } from '../diagnostic.js';
import type { Scalar } from '../item.js';
import type { Findings } from './findings.js';
import { placeWithin, shorten, type LocatedScalar } from './located.js';

/** One entry between brackets, with the offsets of its text. */
export interface BracketEntry {
  readonly text: string;
  /** `"odd, name"`: always a column, never a selector. */
  readonly quoted: boolean;
  readonly from: number;
  readonly to: number;
  readonly as: { readonly text: string; readonly from: number; readonly to: number } | null;
}

export interface Bracket {
  readonly entries: readonly BracketEntry[];
  readonly at: Range;
}

export interface ParsedReference {
  readonly name: string;
  readonly port: string | null;
  readonly nameAt: Range;
  readonly portAt: Range;
  readonly brackets: readonly Bracket[];
}

const SOURCE = /^([A-Za-z][A-Za-z0-9_-]*)(?:\.([A-Za-z][A-Za-z0-9_-]*))?/;

/** The parts of a reference, or null when it is malformed (reported). */
export function parseReference(scalar: LocatedScalar, findings: Findings): ParsedReference | null {
  const text = String(scalar.value);
  const refuse = (from: number, message: string, hint?: string): null => {
    findings.error('CF141', placeWithin(scalar, from, Math.min(text.length, from + 1)), message, {
      expected: "node.port, or an input's name, then [axes] or [columns] if need be",
      got: `'${shorten(text)}'`,
      hint,
    });
    return null;
  };
  const source = SOURCE.exec(text);
  if (!source) {
    const isHole = text.startsWith('${');
    return refuse(
      0,
      'this is not a reference',
      isHole ? "'choose' picks between references by a parameter" : undefined,
    );
  }
  const [whole, name, port] = source;
  const brackets: Bracket[] = [];
  let at = whole.length;
  while (at < text.length) {
    if (/\s/.test(text[at]!)) {
      at++;
      continue;
    }
    if (text[at] !== '[') return refuse(at, `unexpected '${text[at]!}' in a reference`);
    const bracket = readBracket(text, at);
    if (typeof bracket === 'string') return refuse(at, bracket);
    brackets.push({ entries: bracket.entries, at: placeWithin(scalar, at, bracket.end) });
    at = bracket.end;
  }
  if (brackets.length > 2)
    return refuse(text.indexOf('['), 'a reference has at most two brackets: axes, then columns');
  const portFrom = port === undefined ? 0 : name!.length + 1;
  return {
    name: name!,
    port: port ?? null,
    nameAt: placeWithin(scalar, 0, name!.length),
    portAt: placeWithin(scalar, portFrom, whole.length),
    brackets,
  };
}

/** Reads from `[` on; a text says what is wrong. */
function readBracket(text: string, open: number): { entries: BracketEntry[]; end: number } | string {
  const entries: BracketEntry[] = [];
  let at = open + 1;
  for (;;) {
    const column = readName(text, at);
    if (typeof column === 'string') return column;
    at = column.end;
    let as: BracketEntry['as'] = null;
    let { text: name, to } = column;
    if (column.quoted) {
      const renamed = /^\s*as\s+/.exec(text.slice(at));
      if (renamed) {
        const target = readName(text, at + renamed[0].length);
        if (typeof target === 'string') return target;
        as = target;
        at = target.end;
      }
    } else {
      // The last ` as ` counts: a column may itself be called 'weight as is' only in quotes.
      const renamed = /^(.*\S)\s+as\s+(\S.*)$/.exec(name);
      if (renamed) {
        const from = column.to - renamed[2]!.length;
        const quoted = /^"((?:[^"]|"")*)"$/.exec(renamed[2]!);
        as = { text: quoted ? quoted[1]!.replaceAll('""', '"') : renamed[2]!, from, to: column.to };
        name = renamed[1]!;
        to = column.from + name.length;
      }
    }
    if (!column.quoted && as === null && /\sas$/.test(name)) return "a new name is missing after 'as'";
    if (name === '' || as?.text === '') return 'an entry between brackets is empty';
    entries.push({ text: name, quoted: column.quoted, from: column.from, to, as });
    while (at < text.length && /\s/.test(text[at]!)) at++;
    if (text[at] === ']') return { entries, end: at + 1 };
    if (text[at] !== ',')
      return at >= text.length ? "'[' is not closed by ']'" : `unexpected '${text[at]!}' between brackets`;
    at++;
  }
}

interface NameToken {
  readonly text: string;
  readonly quoted: boolean;
  readonly from: number;
  readonly to: number;
  readonly end: number;
}

/** A quoted name (`""` stands for a quote), or all up to the next `,` or `]` outside `${…}` and quotes. */
function readName(text: string, start: number): NameToken | string {
  let at = start;
  while (at < text.length && /\s/.test(text[at]!)) at++;
  const from = at;
  if (text[at] === '"') {
    const end = closingQuote(text, at);
    if (end < 0) return 'a quote is not closed';
    return {
      text: text.slice(at + 1, end).replaceAll('""', '"'),
      quoted: true,
      from,
      to: end + 1,
      end: end + 1,
    };
  }
  while (at < text.length && text[at] !== ',' && text[at] !== ']') {
    if (text.startsWith('${', at)) {
      const close = text.indexOf('}', at);
      if (close < 0) return "'${' is not closed by '}'";
      at = close + 1;
    } else if (text[at] === '"') {
      const end = closingQuote(text, at);
      if (end < 0) return 'a quote is not closed';
      at = end + 1;
    } else at++;
  }
  if (at >= text.length) return "'[' is not closed by ']'";
  const name = text.slice(from, at).trimEnd();
  return { text: name, quoted: false, from, to: from + name.length, end: at };
}

function closingQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] !== '"') continue;
    if (text[at + 1] !== '"') return at;
    at++;
  }
  return -1;
}

/** A bracket selects axes when each of its entries can be nothing else; otherwise it picks columns. */
export function isSelector(bracket: Bracket, axes: readonly string[]): boolean {
  return bracket.entries.every(
    (entry) =>
      !entry.quoted &&
      entry.as === null &&
      (entry.text === '*' ||
        entry.text === '*?' ||
        axes.includes(entry.text) ||
        /^[A-Za-z][A-Za-z0-9_-]*\s*=/.test(entry.text)),
  );
}

/** A plain scalar as YAML's core schema reads it. */
export function plainScalar(text: string): Scalar {
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  if (/^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(text)) {
    const number = Number(text);
    if (Number.isFinite(number)) return number;
  }
  return text;
}
