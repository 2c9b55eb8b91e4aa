/** NHANES III's numeric columns for the oracle tests; absent data are reported, and the tests that need them skipped. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const file = new URL('../../../shared/data/cohorts/nhanes3.csv.gz', import.meta.url);

export const nhanesPresent = existsSync(file);
if (!nhanesPresent) console.warn(`skipped: ${file.pathname} is absent`);

/** The named columns of the people who have all of them, in the file's order. */
export function completeNhanes(names: readonly string[]): Float64Array[] {
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n');
  const header = lines[0]!.split(',');
  const places = names.map((name) => {
    const place = header.indexOf(name);
    if (place < 0) throw new Error(`no column ${name}`);
    return place;
  });
  const rows: number[][] = [];
  for (const line of lines.slice(1)) {
    const cells = line.split(',');
    const values = places.map((place) => (cells[place] === '' ? NaN : Number(cells[place])));
    if (values.every((value) => Number.isFinite(value))) rows.push(values);
  }
  return names.map((_, j) => Float64Array.from(rows, (row) => row[j]!));
}

/** Mean 0 and population SD 1. */
export function standardised(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return values.map((value) => (value - mean) / sd);
}
