import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numberColumn, textColumn, type NumberColumn } from '../../../cache/column.js';
import { plainTable, type Table } from '../../../cache/table.js';
import { markup, type Html } from '../../../engine/report/html.js';
import { CellBudget, renderTable } from '../../../engine/report/table.js';
import { HandRuns } from './hand-run.js';
import { ASSOCIATIONS } from './toy-study.js';

let runs: HandRuns;
beforeEach(() => {
  runs = new HandRuns();
});
afterEach(() => runs.remove());

async function shown(table: Table, elsewhere: Html | null = null): Promise<string> {
  const { store } = runs;
  const manifest = store.artifacts.manifest((await store.writer.table(table)).digest);
  const place = { id: 't', name: 'all', label: 'Table 1', elsewhere, command: 'cohortflow export a.table' };
  return (await renderTable(manifest, store, place)).text;
}

const headings = (html: string): string[] =>
  [...html.matchAll(/<th scope="col"[^>]*>([^<]*)/g)].map(([, text]) => text!);
const rowsOf = (html: string): string[][] =>
  [...(/<tbody>(.*)<\/tbody>/s.exec(html)?.[1] ?? '').matchAll(/<tr>(.*?)<\/tr>\n/gs)].map(([, row]) =>
    [...row!.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/gs)].map(([, cell]) => cell!.replace(/<[^>]*>/g, '')),
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
    expect(html).toContain('data-name="log10p" title="10 to the power of log10p">p</th>');
    expect(html).toContain('<th scope="row">a</th><td>real</td>');
    expect(html).toContain('<caption id="t-name">Table 1</caption>');
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

  it('a table of moderate size is there whole: 200 rows drawn, the others kept for the script', async () => {
    const html = await shown(long(1234), markup`published as <code>tables/all.csv</code>`);
    expect(rowsOf(html)).toHaveLength(200);
    expect(/<template id="t-rows">(.*)<\/template>/s.exec(html)![1]!.match(/<tr>/g)).toHaveLength(1034);
    expect(html).toContain('<span>1,234 rows');
    expect(html).toContain('<span class="unscripted">; 200 are drawn</span>');
    expect(html).toContain(' · published as <code>tables/all.csv</code>');
  });

  it('a short table is simply counted', async () => {
    expect(await shown(long(1))).toContain('<p class="note"><span>1 row</span></p>');
    const empty = await shown(plainTable([['x', numberColumn([])]]));
    expect(rowsOf(empty)).toEqual([]);
    expect(empty).toContain('0 rows');
  });

  it('of a large table there are the first rows, with their order and the way to all of them', async () => {
    const html = await shown(long(90_000));
    expect(rowsOf(html)).toHaveLength(200);
    expect(html).not.toContain('<template');
    expect(html).toContain('the first 200 of 90,000 rows by n; sorting and filtering act on these');
    expect(html).toContain('<code>cohortflow export a.table</code> writes them all');
  });

  it('the order is told of a column that is ordered from the first row to the last, missing ones last', async () => {
    const rows = 30_000;
    const column = (value: (i: number) => number) =>
      numberColumn(Float64Array.from({ length: rows }, (_, i) => value(i)));
    const constant = ['one', column(() => 1)] as const;
    const told = async (...columns: (readonly [string, NumberColumn])[]): Promise<string | undefined> =>
      /rows(.*?); sorting/.exec(await shown(plainTable(columns)))?.[1];
    expect(await told(constant, ['log10p', column((i) => (i < 20_000 ? i - 50_000 : NaN))])).toBe(' by p');
    expect(await told(constant, ['z', column((i) => -i)])).toBe(' by z, descending');
    expect(await told(constant, ['z', column((i) => (i === 29_999 ? -1 : i))])).toBe('');
    expect(await told(constant, ['z', column((i) => (i === 5 ? NaN : i))])).toBe('');
  });

  it('a page holds a certain number of cells, then only first rows', async () => {
    const { store } = runs;
    const manifest = store.artifacts.manifest((await store.writer.table(long(10_000))).digest);
    const budget = new CellBudget();
    const rows: number[] = [];
    for (let i = 0; i < 16; i++) {
      const place = { id: `t${i}`, name: 'all', label: 'T', elsewhere: null, command: '' };
      rows.push((await renderTable(manifest, store, place, budget)).text.match(/<tr>/g)!.length - 1);
    }
    expect(rows).toEqual([...Array<number>(15).fill(10_000), 200]);
  });

  it('of a wide table the first 60 columns', async () => {
    const columns = Array.from({ length: 70 }, (_, i) => [`c${i}`, numberColumn([i])] as const);
    const html = await shown(plainTable(columns));
    expect(headings(html)).toHaveLength(60);
    expect(html).toContain('1 row; the first 60 of 70 columns');
  });
});
