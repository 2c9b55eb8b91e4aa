import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadFiles, study } from './toys.js';
import { CASES } from './cases.js';
import { renderDiagnostic } from '../../../engine/language/render.js';
import { FULL } from './full.js';

const codesOf = (text: string): string[] =>
  loadFiles({ '/study/main.yaml': text }).diagnostics.map((d) => d.code);

describe('hostile files', () => {
  test('deep nesting is refused before anything recurses', () => {
    for (const unit of ['[', '{', '- ', '? ', 'a: [', '{a: '])
      expect(codesOf(unit.repeat(300_000))).toEqual(['CF103']);
    expect(codesOf(Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''))).toEqual([
      'CF103',
    ]);
  });

  test('aliases that multiply are refused, and so are those within themselves', () => {
    const lines = Array.from(
      { length: 30 },
      (_, i) => `  a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`,
    );
    expect(codesOf(study(`params:\n  a0: &a0 x\n${lines.join('\n')}\n`))).toEqual(['CF103']);
    expect(codesOf(study('params:\n  a: &a [*a]\n'))).toContain('CF102');
  });

  test('parameters that multiply are refused', () => {
    const lists = Array.from(
      { length: 30 },
      (_, i) => `  a${i + 1}: [${Array(10).fill(`"\${params.a${i}}"`).join(', ')}]`,
    );
    expect(codesOf(study(`params:\n  a0: x\n${lists.join('\n')}\n`))).toContain('CF103');
    const texts = Array.from({ length: 30 }, (_, i) => `  a${i + 1}: "${`\${params.a${i}}`.repeat(10)}"`);
    expect(codesOf(study(`params:\n  a0: xxxxxxxxxx\n${texts.join('\n')}\n`))).toContain('CF103');
    const chain = Array.from({ length: 20_000 }, (_, i) => `  a${i}: ["\${params.a${i + 1}}"]`);
    expect(codesOf(study(`params:\n${chain.join('\n')}\n  a20000: 1\n`))).toContain('CF103');
  });

  test('numbers are finite and exact', () => {
    for (const number of ['1e999', '.inf', '-.inf', '.nan', '9007199254740993', '0xfffffffffffffffff']) {
      expect(codesOf(study(`params: { k: ${number} }\ntitle: "\${params.k}"\n`)), number).toEqual(['CF106']);
    }
  });

  test('large files and texts are refused', () => {
    expect(codesOf('# x\n'.repeat(1_100_000))).toEqual(['CF103']);
    expect(codesOf(study(`title: ${'x'.repeat(70_000)}\n`))).toEqual(['CF103']);
    expect(codesOf(study(`title: |\n${'  xxxxxxxxx\n'.repeat(7_000)}`))).toEqual(['CF103']);
    expect(codesOf(study(`params: [${'1,'.repeat(300_000)}]\n`))).toEqual(['CF103']);
    expect(
      codesOf(study('axes: { a: { range: [1, 9007199254740991] }, b: { replicate: 1000001 } }\n')),
    ).toEqual(['CF103', 'CF103']);
  });

  test('object machinery cannot be reached', () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      expect(codesOf(study(`params: { ${key}: { polluted: true } }\n`))).toContain('CF105');
    }
    expect(
      codesOf(study('params: { a: {b: 1} }\ntitle: "${params.a.toString} ${params.toString}"\n')),
    ).toEqual(['CF121', 'CF121']);
    expect(codesOf(study('nodes: { z: { task: list.names, in: { toString: z } } }\n'))).toContain('CF146');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  test('the schema stays that of YAML 1.2, one document, no tags', () => {
    expect(codesOf(`%YAML 1.1\n---\n${study('')}`)).toEqual(['CF105']);
    expect(codesOf(`${study('')}---\na: 1\n`)).toEqual(['CF105']);
    expect(
      codesOf(study('params: { a: !!binary "aGk=", b: !!set {x}, c: !!js/function x }\n')).filter(
        (c) => c === 'CF105',
      ),
    ).toHaveLength(3);
    expect(codesOf(study('params:\n  base: &b { k: 1 }\n  more: { <<: *b }\n'))).toContain('CF105');
  });

  test('a terminal is not moved by what a file says', () => {
    const loaded = loadFiles({ '/study/main.yaml': study('nodes:\n  z: { task: "\u001b[2J\u202ename" }\n') });
    const text = loaded.diagnostics
      .map((d) => renderDiagnostic(d, loaded.sources, { colour: false }))
      .join('\n');
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });
});

/** Characters and words that mean something to the language. */
const PIECES = [
  ...Array.from('[]{}:,-?&*!|>\'"%@`#\n \t.=$~<0'),
  ...[
    '${',
    '}',
    '$${',
    '${params.',
    '${trait}',
    '[*]',
    '[*?]',
    '[fold=*]',
    ' as ',
    '&a ',
    '*a',
    'null',
    '1e999',
    '\n  ',
    '\r\n',
    '\u0000',
    '\ud800',
    '\ufeff',
  ],
  ...[
    'choose',
    'of',
    'each',
    'extends: main.yaml',
    'from',
    'items',
    'task: ',
    '.inf',
    '---\n',
    '!!str ',
    '<<: ',
    '__proto__: ',
  ],
];

const SEEDS = [
  study(FULL),
  ...Object.values(CASES).map((one) => one.files?.['/study/main.yaml'] ?? study(one.body ?? '')),
];

interface Edit {
  readonly at: number;
  readonly cut: number;
  readonly piece: number;
  readonly copyFrom: number;
  readonly copy: number;
}

/** Cuts, inserts and copies parts of a valid document. */
function mutate(text: string, edits: readonly Edit[]): string {
  let out = text;
  for (const { at, cut, piece, copyFrom, copy } of edits) {
    const place = Math.floor(at * (out.length + 1));
    const source = Math.floor(copyFrom * out.length);
    const insert = piece < PIECES.length ? PIECES[piece]! : out.slice(source, source + copy);
    out = out.slice(0, place) + insert + out.slice(place + cut);
  }
  return out;
}

// Unbiased: edits belong everywhere, not mostly at the first and last characters.
const unit = fc.noBias(fc.nat(999_999)).map((n) => n / 1_000_000);
const edit = fc.record({
  at: unit,
  cut: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.nat(3) },
    { weight: 1, arbitrary: fc.nat(60) },
  ),
  piece: fc.nat(PIECES.length + 15),
  copyFrom: unit,
  copy: fc.nat(80),
});

describe('mutated files', () => {
  const runs = process.env['COHORTFLOW_TEST_ALL'] === '1' ? 100_000 : 2_000;
  test(
    `${runs} of them neither crash nor hang the loader, and every finding can be shown`,
    () => {
      let slowest = 0;
      let valid = 0;
      fc.assert(
        fc.property(
          fc.oneof(fc.constant(0), fc.nat(SEEDS.length - 1)),
          fc.array(edit, { minLength: 1, maxLength: 4 }),
          (seed, edits) => {
            const start = performance.now();
            const text = mutate(SEEDS[seed]!, edits);
            const loaded = loadFiles(
              { '/study/main.yaml': text, '/study/base.yaml': SEEDS[0]! },
              [{ path: 'params.k', value: edits.length === 1 ? '3' : text.slice(0, 20) }].slice(
                0,
                edits.length % 2,
              ),
            );
            for (const finding of loaded.diagnostics)
              renderDiagnostic(finding, loaded.sources, { colour: true });
            const errors = loaded.diagnostics.filter((finding) => finding.severity === 'error').length;
            expect(loaded.workflow === null).toBe(errors > 0);
            if (loaded.workflow) valid++;
            slowest = Math.max(slowest, performance.now() - start);
          },
        ),
        { numRuns: runs, seed: 20261122 },
      );
      expect(slowest).toBeLessThan(5_000);
      // Some mutations must survive, else the fuzz only ever sees the YAML parser.
      expect(valid).toBeGreaterThan(runs / 400);
    },
    20 * 60_000,
  );
});
