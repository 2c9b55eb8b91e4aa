// Reads the public cohorts of ../shared/data as columns for tests. Not a general CSV reader: no quoted commas
// beyond a plain pair of quotes around a field.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const DATA = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

export interface Cohort {
  readonly rows: number;
  readonly header: readonly string[];
  /** Numeric column, NaN where empty, NA or text. */
  numbers(name: string): Float64Array;
  text(name: string): string[];
}

/** True when the data folder holds `path`; otherwise says why the test that asks is skipped. */
export function haveData(path: string): boolean {
  const found = existsSync(DATA + path);
  if (!found) console.log(`skipped: ../shared/data/${path} is absent`);
  return found;
}

export function readCohort(path: string, separator = ','): Cohort {
  const bytes = readFileSync(DATA + path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const split = (line: string): string[] =>
    line
      .trim()
      .split(separator)
      .map((field) => field.replaceAll('"', ''));
  const header = split(lines[0]!);
  const cells = lines.slice(1).map(split);
  const column = (name: string): string[] => {
    const j = header.indexOf(name);
    if (j < 0) throw new Error(`no column ${name} in ${path}`);
    return cells.map((row) => row[j] ?? '');
  };
  return {
    rows: cells.length,
    header,
    text: column,
    numbers: (name) =>
      Float64Array.from(column(name), (field) => (field === '' || field === 'NA' ? NaN : Number(field))),
  };
}

/** A file without a header: all its numbers, row by row. */
export function readNumbers(path: string): number[][] {
  return readFileSync(DATA + path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/).map(Number));
}

/** A stored reference of test/reference, typed by the caller. */
export function readReference(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../reference/${name}.json`, import.meta.url), 'utf8'));
}
