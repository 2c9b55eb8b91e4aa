import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../../engine/diagnostic.js';
import { diagnosticJson, renderDiagnostic } from '../../../engine/language/render.js';

const at = (text: string, part: string): Diagnostic['at'] => {
  const offset = text.indexOf(part);
  const before = text.slice(0, offset).split('\n');
  return {
    file: 'a.yaml',
    line: before.length,
    column: before.at(-1)!.length + 1,
    offset,
    end: offset + part.length,
  };
};
const show = (text: string, part: string, more: Partial<Diagnostic> = {}): string =>
  renderDiagnostic(
    { code: 'CF113', severity: 'error', message: 'm', at: at(text, part), ...more },
    new Map([['a.yaml', text]]),
    { colour: false },
  );

describe('renderDiagnostic', () => {
  test('draws carets under the place', () => {
    expect(show('a: 1\nbb: two\n', 'two')).toBe('error CF113: m\n  a.yaml:2:5\n  2 | bb: two\n    |     ^^^');
  });
  test('cuts long lines around the place', () => {
    const lines = show(`k: ${'x'.repeat(300)}HERE${'y'.repeat(300)}\n`, 'HERE').split('\n');
    expect(lines[2]!.length).toBeLessThan(110);
    expect(lines[2]).toMatch(/^ {2}1 \| …x+HEREy+…$/);
    expect(lines[3]!.indexOf('^')).toBe(lines[2]!.indexOf('HERE'));
  });
  test('keeps carets under tabs and at the end of the text', () => {
    expect(show('\tk: v', 'v').split('\n').slice(2)).toEqual(['  1 |  k: v', '    |     ^']);
    const end = { file: 'a.yaml', line: 1, column: 3, offset: 2, end: 2 };
    expect(show('ab', 'ab', { at: end }).split('\n').slice(2)).toEqual(['  1 | ab', '    |   ^']);
  });
  test('marks only the first line of a place that spans several', () => {
    expect(show('k: |\n  a\n  b\nl: 1\n', '|\n  a\n  b\n').split('\n').slice(2)).toEqual([
      '  1 | k: |',
      '    |    ^',
    ]);
  });
  test('shows what it has, and colours on request', () => {
    const finding: Diagnostic = {
      code: 'CF191',
      severity: 'warning',
      message: 'm',
      at: null,
      expected: 'e',
      got: 'g',
      nearest: 'n',
      hint: 'h',
    };
    expect(renderDiagnostic(finding, new Map(), { colour: false })).toBe(
      "warning CF191: m\n  expected: e\n  got: g\n  did you mean 'n'?\n  hint: h",
    );
    expect(renderDiagnostic(finding, new Map(), { colour: true })).toContain(
      '\u001b[33mwarning CF191\u001b[0m',
    );
  });
  test('is plain JSON for programs', () => {
    expect(
      diagnosticJson({ code: 'CF191', severity: 'warning', message: 'm', at: at('ab', 'b'), hint: 'h' }),
    ).toEqual({
      code: 'CF191',
      severity: 'warning',
      message: 'm',
      at: { file: 'a.yaml', line: 1, column: 2, offset: 1, end: 2 },
      hint: 'h',
    });
  });
});
