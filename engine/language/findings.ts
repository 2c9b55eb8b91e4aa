/**
 * Findings: collects diagnostics while a workflow is read, so that a user sees all of them at once.
 *
 * Not responsible for showing them (render.ts).
 */
import { nearestName, type Diagnostic, type Range } from '../diagnostic.js';
import type { ErrorCode } from './codes.js';

/** Beyond this many findings nobody reads on; the rest is dropped. */
const MAX_FINDINGS = 1000;
/** Candidates compared in search of near names per load: bounds the time that a hostile file can take. */
const NEAREST_BUDGET = 50_000;

export interface Details {
  readonly expected?: string | undefined;
  readonly got?: string | undefined;
  readonly nearest?: string | undefined;
  readonly hint?: string | undefined;
}

export class Findings {
  readonly all: Diagnostic[] = [];
  private readonly seen = new Set<string>();
  private budget = NEAREST_BUDGET;
  private errors = 0;

  get hasErrors(): boolean {
    return this.errors > 0;
  }

  get errorCount(): number {
    return this.errors;
  }

  error(code: ErrorCode, at: Range | null, message: string, details: Details = {}): void {
    this.errors++;
    this.add(makeDiagnostic('error', code, at, message, details));
  }

  warn(code: ErrorCode, at: Range | null, message: string, details: Details = {}): void {
    this.add(makeDiagnostic('warning', code, at, message, details));
  }

  /** Adds a finding of a branch that is not taken, unless it stands already. */
  addOf(diagnostic: Diagnostic, when: string): void {
    const before = this.all.length;
    this.add({ ...diagnostic, hint: diagnostic.hint === undefined ? when : `${when}; ${diagnostic.hint}` });
    if (this.all.length > before && diagnostic.severity === 'error') this.errors++;
  }

  /** Adds a finding once: the same code and message at the same place is one finding. */
  add(diagnostic: Diagnostic): void {
    const { code, at, message } = diagnostic;
    const identity = JSON.stringify([code, at?.file, at?.offset, message]);
    if (this.seen.has(identity) || this.all.length >= MAX_FINDINGS) return;
    this.seen.add(identity);
    this.all.push(diagnostic);
  }

  nearest(name: string, candidates: Iterable<string>): string | undefined {
    const some: string[] = [];
    for (const candidate of candidates) {
      if (this.budget <= 0) break;
      this.budget--;
      some.push(candidate);
    }
    return nearestName(name, some);
  }

  /** Sorted by file (in the order of `files`), place and code. */
  sorted(files: readonly string[]): Diagnostic[] {
    const rank = new Map(files.map((file, index) => [file, index]));
    const fileRank = (d: Diagnostic): number => (d.at ? (rank.get(d.at.file) ?? files.length) : -1);
    const compareCodes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
    return [...this.all].sort(
      (a, b) =>
        fileRank(a) - fileRank(b) ||
        (a.at?.offset ?? 0) - (b.at?.offset ?? 0) ||
        compareCodes(a.code, b.code) ||
        compareCodes(a.message, b.message),
    );
  }
}

/** A diagnostic; details that are undefined are left out. */
export function makeDiagnostic(
  severity: 'error' | 'warning',
  code: ErrorCode,
  at: Range | null,
  message: string,
  details: Details = {},
): Diagnostic {
  const { expected, got, nearest, hint } = details;
  return {
    code,
    severity,
    message,
    at,
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
    ...(nearest === undefined ? {} : { nearest }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** 'a', 'b' and 'c' for messages; at most eight. */
export function listNames(names: Iterable<string>, none = 'none'): string {
  const all = [...names];
  if (all.length === 0) return none;
  const shown = all.slice(0, 8).map((name) => `'${name}'`);
  return all.length > 8 ? `${shown.join(', ')} and ${all.length - 8} more` : shown.join(', ');
}
