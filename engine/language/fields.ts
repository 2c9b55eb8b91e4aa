/**
 * Fields: the keys of one map of a workflow, each unknown one reported with its nearest valid name.
 *
 * Not responsible for what the values mean.
 */
import type { Range } from '../diagnostic.js';
import { listNames, type Findings } from './findings.js';
import { describe, type Located, type LocatedMap } from './located.js';

export class Fields {
  constructor(
    readonly map: LocatedMap,
    /** Such as "the node 'z'". */
    readonly what: string,
    known: readonly string[],
    private readonly findings: Findings,
  ) {
    for (const [key, entry] of map.entries) {
      if (known.includes(key)) continue;
      const nearest = findings.nearest(key, known);
      findings.error('CF111', entry.keyAt, `unknown key '${key}' in ${what}`, {
        expected: listNames(known),
        nearest,
      });
    }
  }

  get at(): Range {
    return this.map.at;
  }

  has(key: string): boolean {
    return this.map.entries.has(key);
  }

  get(key: string): Located | undefined {
    return this.map.entries.get(key)?.value;
  }

  keyAt(key: string): Range {
    return this.map.entries.get(key)?.keyAt ?? this.map.at;
  }

  /** The value of a key that must be there; `expected` says what it is. */
  require(key: string, expected: string, at: Range): Located | undefined {
    const value = this.get(key);
    if (!value) this.findings.error('CF112', at, `'${key}' is missing in ${this.what}`, { expected });
    return value;
  }

  /** true or false; `false` when absent. */
  flag(key: string): boolean {
    const value = this.get(key);
    if (!value) return false;
    if (value.kind === 'scalar' && typeof value.value === 'boolean') return value.value;
    wrongKind(this.findings, value, `'${key}' in ${this.what}`, 'true or false');
    return false;
  }
}

export function wrongKind(findings: Findings, value: Located, what: string, expected: string): void {
  findings.error('CF113', value.at, `${what} does not fit`, { expected, got: describe(value) });
}

/** The fields of a value that must be a map; null (reported) otherwise. */
export function readFields(
  value: Located,
  what: string,
  known: readonly string[],
  findings: Findings,
): Fields | null {
  if (value.kind === 'map') return new Fields(value, what, known, findings);
  wrongKind(findings, value, what, `a map with ${listNames(known)}`);
  return null;
}

/** The entries of a section such as `nodes`; an absent or empty section has none. */
export function readSection(
  value: Located | undefined,
  what: string,
  findings: Findings,
): LocatedMap['entries'] {
  if (value?.kind === 'map') return value.entries;
  if (value && !(value.kind === 'scalar' && value.value === null))
    wrongKind(findings, value, what, 'a map of names');
  return new Map();
}

export const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,99}$/;

/** Whether `name` can be a name in references and templates; reported otherwise. */
export function checkName(name: string, what: string, at: Range, findings: Findings): boolean {
  if (NAME.test(name)) return true;
  findings.error('CF114', at, `'${name.slice(0, 60)}' cannot be the name of ${what}`, {
    expected: 'a letter, then up to 99 letters, digits, _ or -',
  });
  return false;
}
