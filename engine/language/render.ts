/**
 * Shows a diagnostic to people (source line and caret) or to programs (JSON). Not responsible for finding anything.
 */
import type { Diagnostic } from '../diagnostic.js';

export interface RenderOptions {
  readonly colour: boolean;
}

/** Longer source lines are cut around the caret. */
const MAX_LINE = 100;
/** Text kept before the caret in a line that is cut. */
const LEAD = 40;

/**
 * A diagnostic in lines without a final line end: what is wrong and where, the source line with a caret under the place,
 * then expected, got, did you mean, hint.
 */
export function renderDiagnostic(
  diagnostic: Diagnostic,
  sources: ReadonlyMap<string, string>,
  { colour }: RenderOptions,
): string {
  const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const { severity, code, at } = diagnostic;
  const accent = severity === 'error' ? 31 : 33;
  const lines = [`${paint(accent, `${severity} ${code}`)}: ${clean(diagnostic.message)}`];
  if (at) {
    lines.push(`  ${paint(36, `${clean(at.file)}:${at.line}:${at.column}`)}`);
    const text = sources.get(at.file);
    if (text !== undefined) {
      const gutter = String(at.line);
      const { shown, caretAt, caretLength } = excerpt(text, at.offset, at.end, at.column);
      lines.push(`  ${gutter} | ${shown}`.trimEnd());
      lines.push(
        `  ${' '.repeat(gutter.length)} | ${' '.repeat(caretAt)}${paint(accent, '^'.repeat(caretLength))}`,
      );
    }
  }
  const detail = (label: string, value: string | undefined): void => {
    if (value !== undefined) lines.push(`  ${label}: ${clean(value)}`);
  };
  detail('expected', diagnostic.expected);
  detail('got', diagnostic.got);
  if (diagnostic.nearest !== undefined) lines.push(`  did you mean '${clean(diagnostic.nearest)}'?`);
  detail('hint', diagnostic.hint);
  return lines.join('\n');
}

/** The source line around `offset`, cut to a readable width, and where carets go below it. */
function excerpt(
  text: string,
  offset: number,
  end: number,
  column: number,
): { shown: string; caretAt: number; caretLength: number } {
  const start = Math.max(0, offset - (column - 1));
  const lineEnd = text.indexOf('\n', start);
  const stop = lineEnd < 0 ? text.length : lineEnd;
  const cutLeft = stop - start > MAX_LINE && column - 1 > LEAD ? offset - LEAD : start;
  const cutRight = Math.min(stop, cutLeft + MAX_LINE);
  const left = cutLeft > start ? '…' : '';
  const right = cutRight < stop ? '…' : '';
  const shown = `${left}${clean(text.slice(cutLeft, cutRight).replace(/\r$/, ''))}${right}`;
  return {
    shown,
    caretAt: offset - cutLeft + left.length,
    caretLength: Math.max(1, Math.min(end, cutRight) - offset),
  };
}

/** Characters that would move a terminal's cursor or change its colours are shown as one replacement character each. */
function clean(text: string): string {
  return text
    .replace(/\t/g, ' ')
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** A diagnostic as plain JSON, for `--json`. Keys that do not apply are absent; `at` is null without a place. */
export function diagnosticJson(diagnostic: Diagnostic): Record<string, unknown> {
  const { code, severity, message, at, expected, got, nearest, hint } = diagnostic;
  return {
    code,
    severity,
    message,
    at: at && { file: at.file, line: at.line, column: at.column, offset: at.offset, end: at.end },
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
    ...(nearest === undefined ? {} : { nearest }),
    ...(hint === undefined ? {} : { hint }),
  };
}
