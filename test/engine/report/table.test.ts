import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numberColumn, textColumn } from '../../../cache/column.js';
import { plainTable, type Table } from '../../../cache/table.js';
import { encodeDelimited } from '../../../cache/tabular.js';
import { renderTable } from '../../../engine/report/table.js';
import { HandRuns } from './hand-run.js';
import { ASSOCIATIONS } from './toy-study.js';

let runs: HandRuns;
beforeEach(() => {
  runs = new HandRuns();
});
afterEach(() => runs.remove());

async function shown(table: Table, elsewhere: string | null = null): Promise<string> {
  const { store } = runs;
  const manifest = store.artifacts.manifest((await store.writer.table(table)).digest);
  return (await renderTable(manifest, store, { id: 't', name: 'all', label: 'Table 1', elsewhere })).text;
}

const headings = (html: string): string[] =>
  [...html.matchAll(/<th [^>]*>([^<]*)/g)].map(([, text]) => text!);
const rowsOf = (html: string): string[][] =>
  [...(/<tbody>(.*)<\/tbody>/s.exec(html)?.[1] ?? '').matchAll(/<tr>(.*?)<\/tr>\n/gs)].map(([, row]) =>
    [...row!.matchAll(/<td[^>]*>(.*?)<\/td>/gs)].map(([, cell]) => cell!.replace(/<[^>]*>/g, '')),
  );
/** The download as a browser would read it. */
const csvOf = (html: string): string | undefined =>
  /<template id="t-csv">(.*)<\/template>/s
    .exec(html)?.[1]!
    .replace(/&(lt|gt|quot|amp|#(\d+));/g, (_, name: string, code?: string) =>
      code ? String.fromCharCode(Number(code)) : { lt: '<', gt: '>', quot: '"', amp: '&' }[name]!,
    );

describe('cells', () => {
  it('ids first, p from its logarithm, whole numbers grouped, missing cells as dashes', async () => {
    const html = await shown(ASSOCIATIONS);
    expect(headings(html)).toEqual(['pair', 'arm', 'beta', 'p', 'q', 'n']);
    expect(rowsOf(html)).toEqual([
      ['a', 'real', '0.25', '0.50', '0.79', '18,825'],
      ['b', '–', '−1.50', '3.2×10⁻⁴⁰¹', '1.0×10⁻³⁹⁹', '3,167'],
      ['c', '&lt;imputed&gt;', '–', '–', '–', '12'],
    ]);
    expect(html).toContain('title="10 to the power of log10p">p</th>');
    expect(html).toContain('<td class="number" data-v="-400.5">3.2×10⁻⁴⁰¹</td>');
    expect(html).toContain('<td class="number missing"><span aria-label="missing">–</span></td>');
  });

  it('a column of plain p values reads as p; one that merely has the name does not', async () => {
    const p = numberColumn([0.04, 3e-12]);
    expect(rowsOf(await shown(plainTable([['p_value', p]])))).toEqual([['0.040'], ['3.0×10⁻¹²']]);
    expect(rowsOf(await shown(plainTable([['p', numberColumn([4.25, 1])]])))).toEqual([['4.25'], ['1.00']]);
    // log10 p is never positive.
    expect(headings(await shown(plainTable([['log10p', numberColumn([3.5])]])))).toEqual(['log10p']);
  });
});

describe('size', () => {
  const long = (rows: number): Table =>
    plainTable([
      ['n', numberColumn(Float64Array.from({ length: rows }, (_, i) => i))],
      ['name', textColumn(Array.from({ length: rows }, (_, i) => `"${i}", <b>&\r\n`))],
    ]);

  it('the first 500 rows are shown, all are in the download, exactly', async () => {
    const html = await shown(long(1234), 'tables/all.csv');
    expect(rowsOf(html)).toHaveLength(500);
    expect(html).toContain('the first 500 of 1,234 rows; sorting orders these');
    expect(html).toContain(' · published as <code>tables/all.csv</code>');
    expect(html).toContain('<button type="button" data-csv="t-csv" data-name="all.csv">');
    expect(csvOf(html)).toBe(encodeDelimited(long(1234), 'csv').toString());
  });

  it('a short table is simply counted', async () => {
    expect(await shown(long(1))).toMatch(/<p class="note">1 row<span class="csv"/);
    const empty = await shown(plainTable([['x', numberColumn([])]]));
    expect(rowsOf(empty)).toEqual([]);
    expect(empty).toContain('0 rows');
  });

  it('what is too large to carry has no download', async () => {
    const html = await shown(long(90_000));
    expect(html).not.toContain('<template');
    expect(html).toContain('the first 500 of 90,000 rows');
  });

  it('of a wide table the first 60 columns', async () => {
    const columns = Array.from({ length: 70 }, (_, i) => [`c${i}`, numberColumn([i])] as const);
    const html = await shown(plainTable(columns));
    expect(headings(html)).toHaveLength(60);
    expect(html).toContain('1 row; the first 60 of 70 columns');
    expect(csvOf(html)).toContain('c69');
  });
});
