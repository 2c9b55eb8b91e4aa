/**
 * Reads one YAML text into a Located tree, under explicit limits.
 *
 * The limits are checked while tokens are made, before anything recurses, so that no input can overflow the stack, take
 * long or fill the memory. Only YAML 1.2's core schema: no tags of one's own, no directives, no merge keys.
 */
import {
  Composer,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  Lexer,
  Parser,
  type CST,
  type Document,
  type Node,
} from 'yaml';
import type { Range } from '../diagnostic.js';
import type { Findings } from './findings.js';
import { shorten, type Located, type LocatedEntry, type LocatedScalar } from './located.js';

export const LIMITS = {
  /** Bytes of one file. */
  fileBytes: 4 * 1024 * 1024,
  /** Lists and maps within each other. */
  depth: 40,
  /** Values of one file, aliases counted as often as they are used. */
  nodes: 200_000,
  /** Characters of one text. */
  scalar: 65_536,
  /** Files that extend each other. */
  extendsChain: 16,
  /** Items of one axis that are known from the workflow alone. */
  items: 1_000_000,
  /** Branches of `choose` that are checked, over the whole workflow. */
  branches: 64,
} as const;

/** A token of each node, its separators, comments and line ends. */
const MAX_LEXEMES = 8 * LIMITS.nodes;
const MAX_SYNTAX_ERRORS = 20;
/** Keys that would reach JavaScript's object machinery. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
const CORE_TAGS = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((t) => `tag:yaml.org,2002:${t}`),
);

/** A text file and the places in it. */
export class SourceText {
  private readonly lineStarts: number[] = [0];

  constructor(
    readonly file: string,
    readonly text: string,
  ) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.lineStarts.push(at + 1);
  }

  range(offset: number, end: number): Range {
    let low = 0;
    let high = this.lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    const column = offset - this.lineStarts[low]! + 1;
    return { file: this.file, line: low + 1, column, offset, end: Math.max(end, offset) };
  }
}

/** The tree of `text`, or null when it is empty or not readable (which is then among the findings). */
export function parseYaml(text: string, file: string, findings: Findings): Located | null {
  const source = new SourceText(file, text);
  const tokens = tokenize(source, findings);
  if (!tokens) return null;
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const [document] = [...composer.compose(tokens, true, text.length)];
  if (!document) return null;
  for (const error of document.errors.slice(0, MAX_SYNTAX_ERRORS)) {
    findings.error(
      'CF102',
      source.range(error.pos[0], error.pos[1]),
      `this is not valid YAML: ${error.message}`,
      {
        hint: syntaxHint(error.code),
      },
    );
  }
  if (document.errors.length > 0) return null;
  return new TreeReader(source, findings).read(document);
}

function syntaxHint(code: string): string | undefined {
  if (code === 'TAB_AS_INDENT') return 'indent with spaces';
  if (code === 'BAD_SCALAR_START' || code === 'UNEXPECTED_TOKEN')
    return 'put texts with special characters in quotes';
  return undefined;
}

/** The tokens of one document, or null beyond a limit. The parser keeps its own stack, so depth costs no recursion. */
function tokenize(source: SourceText, findings: Findings): CST.Token[] | null {
  const { text } = source;
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  let nodes = 0;
  const refuse = (what: string, expected: string): null => {
    const offset = Math.min(parser.offset, Math.max(0, text.length - 1));
    findings.error('CF103', source.range(offset, offset + 1), what, { expected });
    return null;
  };
  const accept = (token: CST.Token): boolean => {
    if (token.type === 'directive') {
      const at = source.range(token.offset, token.offset + token.source.length);
      findings.error('CF105', at, 'YAML directives are not allowed', { got: shorten(token.source) });
      return false;
    }
    if (token.type === 'document' && tokens.some((earlier) => earlier.type === 'document')) {
      findings.error(
        'CF105',
        source.range(token.offset, token.offset + 3),
        'a file holds one YAML document',
        {
          hint: "remove the '---' and what follows it, or put it in a file of its own",
        },
      );
      return false;
    }
    tokens.push(token);
    return true;
  };
  for (const lexeme of new Lexer().lex(text)) {
    const first = lexeme[0];
    if (first === '\x1f' || first === '[' || first === '{' || first === '*') nodes++;
    if (++lexemes > MAX_LEXEMES || nodes > LIMITS.nodes) {
      return refuse('the file holds too many values', `at most ${LIMITS.nodes}`);
    }
    if (lexeme.length > LIMITS.scalar && first !== '#' && lexeme.trim() !== '') {
      return refuse('a text is too long', `at most ${LIMITS.scalar} characters`);
    }
    for (const token of parser.next(lexeme)) if (!accept(token)) return null;
    // Each level is one collection on the parser's stack; the document stands below them, a scalar may stand above.
    if (parser.stack.length > LIMITS.depth + 2) {
      return refuse('lists and maps are nested too deeply', `at most ${LIMITS.depth} levels`);
    }
  }
  for (const token of parser.end()) if (!accept(token)) return null;
  return tokens;
}

interface Measured {
  readonly value: Located;
  readonly nodes: number;
  readonly depth: number;
}

/** Turns yaml's nodes into Located ones; recursion is bounded by LIMITS.depth, which `tokenize` enforced. */
class TreeReader {
  private readonly anchors = new Map<string, Measured>();
  private nodes = 0;
  private exceeded = false;

  constructor(
    private readonly source: SourceText,
    private readonly findings: Findings,
  ) {}

  read(document: Document.Parsed): Located | null {
    const root = document.contents as Node | null;
    if (!root) return null;
    const { value } = this.node(root);
    return this.exceeded ? null : value;
  }

  private node(node: Node): Measured {
    const before = this.nodes;
    if (isAlias(node)) return this.alias(node.source, this.rangeOf(node));
    this.nodes++;
    const at = this.rangeOf(node);
    if (node.tag !== undefined && !CORE_TAGS.has(node.tag)) {
      this.findings.error('CF105', at, 'YAML tags are not allowed', {
        got: shorten(node.tag),
        hint: 'texts that start with an exclamation mark go in quotes',
      });
    }
    let depth = 0;
    let value: Located;
    if (isCollection(node)) {
      if (isMap(node)) {
        const entries = new Map<string, LocatedEntry>();
        for (const pair of node.items) {
          const key = this.key(pair.key as Node | null, at, entries);
          const child = this.value(pair.value as Node | null, key?.at ?? at);
          depth = Math.max(depth, child.depth);
          if (key) entries.set(key.text, { keyAt: key.at, value: child.value });
        }
        value = { kind: 'map', entries, at };
      } else {
        const items: Located[] = [];
        for (const item of node.items) {
          const child = this.value(item as Node | null, at);
          depth = Math.max(depth, child.depth);
          items.push(child.value);
        }
        value = { kind: 'list', items, at };
      }
      depth++;
    } else {
      value = this.scalar(node, at);
    }
    const measured = { value, nodes: this.nodes - before, depth };
    if (node.anchor !== undefined) this.anchors.set(node.anchor, measured);
    this.check(depth, at);
    return measured;
  }

  private value(node: Node | null, near: Range): Measured {
    if (node) return this.node(node);
    this.nodes++;
    return { value: emptyScalar({ ...near, end: near.end }), nodes: 1, depth: 0 };
  }

  private alias(name: string, at: Range): Measured {
    const target = this.anchors.get(name);
    if (!target) {
      this.findings.error('CF102', at, `the alias '*${shorten(name)}' has no anchor before it`, {
        nearest: this.findings.nearest(name, this.anchors.keys()),
      });
      return { value: emptyScalar(at), nodes: 1, depth: 0 };
    }
    this.nodes += target.nodes;
    this.check(target.depth, at);
    return target;
  }

  private check(depth: number, at: Range): void {
    if (this.exceeded) return;
    if (this.nodes > LIMITS.nodes) {
      this.exceeded = true;
      this.findings.error('CF103', at, 'the file holds too many values', {
        expected: `at most ${LIMITS.nodes}, aliases counted as often as they are used`,
      });
    } else if (depth > LIMITS.depth) {
      this.exceeded = true;
      this.findings.error('CF103', at, 'lists and maps are nested too deeply', {
        expected: `at most ${LIMITS.depth} levels, aliases included`,
      });
    }
  }

  private key(
    node: Node | null,
    near: Range,
    entries: ReadonlyMap<string, LocatedEntry>,
  ): { text: string; at: Range } | null {
    if (!isScalar(node) || node.value === null) {
      this.findings.error('CF105', node ? this.rangeOf(node) : near, 'a key must be a text', {
        got: node ? (isScalar(node) ? 'nothing (null)' : 'a list, map or alias') : 'nothing',
      });
      return null;
    }
    const at = this.rangeOf(node);
    const text =
      typeof node.value === 'string'
        ? node.value
        : (node.source ?? this.source.text.slice(at.offset, at.end));
    if (text === '<<') {
      this.findings.error('CF105', at, "merge keys ('<<') are not allowed", {
        hint: "use 'extends:' to build on another file, or a parameter to share a value",
      });
      return null;
    }
    if (FORBIDDEN_KEYS.has(text)) {
      this.findings.error('CF105', at, `'${text}' is not allowed as a key`);
      return null;
    }
    const earlier = entries.get(text);
    if (earlier) {
      this.findings.error('CF104', at, `the key '${shorten(text)}' is given twice`, {
        hint: `it stands on line ${earlier.keyAt.line} already`,
      });
      return null;
    }
    return { text, at };
  }

  private scalar(node: Node, at: Range): LocatedScalar {
    if (!isScalar(node)) return emptyScalar(at);
    const raw = node.value;
    const written = this.source.text.slice(at.offset, at.end);
    if (typeof raw === 'number') return this.number(raw, node.source ?? written, at);
    if (typeof raw === 'boolean' || raw === null) {
      return { kind: 'scalar', value: raw, source: written, textAt: null, at };
    }
    const text = typeof raw === 'string' ? raw : written;
    if (text.length > LIMITS.scalar) {
      this.findings.error('CF103', at, 'a text is too long', {
        expected: `at most ${LIMITS.scalar} characters`,
      });
    }
    const textAt = written === text ? at.offset : written.slice(1, -1) === text ? at.offset + 1 : null;
    return { kind: 'scalar', value: text, source: text, textAt: text.includes('\n') ? null : textAt, at };
  }

  private number(value: number, written: string, at: Range): LocatedScalar {
    const isWhole = /^[-+]?[0-9]+$|^0[xo]/.test(written);
    if (!Number.isFinite(value)) {
      this.findings.error('CF106', at, 'a number must be finite', { got: shorten(written) });
    } else if (isWhole && Math.abs(value) > Number.MAX_SAFE_INTEGER) {
      this.findings.error('CF106', at, 'this whole number is too large to be held exactly', {
        expected: 'at most 9007199254740991 (2^53 − 1)',
        got: shorten(written),
        hint: 'put it in quotes when it is an identifier',
      });
    }
    // −0 and 0 would be two parameters with one meaning.
    return { kind: 'scalar', value: value === 0 ? 0 : value, source: written, textAt: null, at };
  }

  private rangeOf(node: Node): Range {
    const [start, end] = node.range ?? [0, 0];
    return this.source.range(start, end);
  }
}

function emptyScalar(at: Range): LocatedScalar {
  return { kind: 'scalar', value: null, source: '', textAt: null, at };
}
