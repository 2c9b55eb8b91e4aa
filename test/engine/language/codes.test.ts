import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES, type ErrorCode } from '../../../engine/language/codes.js';
import { CASES } from './cases.js';
import { findingsOf } from './toys.js';

/** Heading, paragraph and example of each code in docs/errors.md. */
function documented(): Map<string, { title: string; paragraph: string; example: string }> {
  const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const out = new Map<string, { title: string; paragraph: string; example: string }>();
  for (const section of page.split(/^### /m).slice(1)) {
    const match = /^(CF\d+): (.+)\n\n([^\n]+)\n\n```text\n([\s\S]*?)\n```\n/.exec(section);
    if (!match) throw new Error(`docs/errors.md: not a section of a code: ${section.slice(0, 60)}`);
    out.set(match[1]!, { title: match[2]!, paragraph: match[3]!, example: match[4]! });
  }
  return out;
}

describe('error codes', () => {
  const docs = documented();
  const codes = Object.keys(ERROR_CODES) as ErrorCode[];

  test('docs/errors.md explains every code once, in order, and no other', () => {
    expect([...docs.keys()]).toEqual(codes);
    for (const code of codes) {
      expect(docs.get(code)!.title).toBe(ERROR_CODES[code]);
      expect(docs.get(code)!.paragraph.length).toBeGreaterThan(20);
    }
  });

  test.each(codes)('%s prints exactly the example of its paragraph', (code) => {
    const findings = findingsOf(CASES[code]);
    expect(findings.filter((finding) => finding.code === code).map((finding) => finding.text)).toEqual([
      docs.get(code)!.example,
    ]);
  });

  test.each(codes)("%s's example has no other error", (code) => {
    const others = findingsOf(CASES[code]).filter((finding) => finding.code !== code);
    expect(others.filter((finding) => finding.text.startsWith('error'))).toEqual([]);
  });
});
