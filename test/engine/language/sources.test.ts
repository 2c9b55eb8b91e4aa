import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadWorkflow } from '../../../engine/language/load.js';
import { study, TOYS } from './toys.js';

describe('files on disk', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'language-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const load = (file: string): ReturnType<typeof loadWorkflow> =>
    loadWorkflow({ file, sets: [], registry: TOYS, cwd: folder });
  const got = (file: string): unknown[] => load(file).diagnostics.map((d) => [d.code, d.got]);

  test('are read from the working folder, their inputs from beside them', () => {
    mkdirSync(join(folder, 'flows'));
    writeFileSync(join(folder, 'a.csv'), 'id\n');
    writeFileSync(
      join(folder, 'flows', 'main.yaml'),
      study('inputs:\n  s: { table: ../a.csv }\n  t: { table: a.csv }\n'),
    );
    const loaded = load('flows/main.yaml');
    expect(loaded.diagnostics.map((d) => [d.code, d.expected])).toEqual([
      ['CF181', `a file '${join(folder, 'flows', 'a.csv')}'`],
    ]);
    expect([...loaded.sources.keys()]).toEqual([join(folder, 'flows', 'main.yaml')]);
  });

  test('that are missing, folders, too large or not UTF-8 are findings', () => {
    expect(got('none.yaml')).toEqual([['CF101', 'there is no such file']]);
    expect(got('.')).toEqual([['CF101', 'it is a folder']]);
    writeFileSync(join(folder, 'latin1.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe9, 0x0a]));
    expect(got('latin1.yaml')).toEqual([['CF101', 'it is not UTF-8 text']]);
    writeFileSync(join(folder, 'large.yaml'), Buffer.alloc(5 * 1024 * 1024, '#'));
    expect(got('large.yaml')).toEqual([['CF103', undefined]]);
    writeFileSync(join(folder, 'empty.yaml'), '');
    expect(got('empty.yaml')).toEqual([['CF112', undefined]]);
  });

  test('with a byte order mark and Windows line ends are read as others are', () => {
    writeFileSync(
      join(folder, 'bom.yaml'),
      `\ufeff${study('nodes:\n  z: { task: list.names }\n').replaceAll('\n', '\r\n')}`,
    );
    expect(load('bom.yaml').workflow!.nodes.get('z')!.at).toMatchObject({ line: 5, column: 3 });
  });

  test('that hold 100,000 items load in a few seconds', () => {
    const items = Array.from({ length: 100_000 }, (_, i) => `snp${i}`).join(',');
    const body = `axes:\n  a: [${items}]\n  b: { range: [1, 100000] }\nnodes:\n  n: { task: list.names }\n  f: { task: fit.ridge, each: [a, b], in: { table: t }, with: { outcome: "\${a}" } }\n  t: { task: sim.people }\n  c: { task: table.collect, each: a, in: { parts: "f.metrics[b=*]" } }\n`;
    writeFileSync(join(folder, 'many.yaml'), study(body));
    const start = performance.now();
    expect(load('many.yaml').workflow).not.toBeNull();
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
