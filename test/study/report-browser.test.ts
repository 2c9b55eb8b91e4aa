/**
 * The report in a real browser: Debian's Chromium, offline. Skipped, and said so, where there is none.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { StudyRig, TINY } from './study-rig.js';

const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  .map((name) => `/usr/bin/${name}`)
  .find(existsSync);
if (CHROMIUM === undefined) console.log('skipped: no Chromium in /usr/bin (apt-get install chromium)');

const DESK = { width: 1280, height: 900 };
const rig = new StudyRig();
const results = rig.path('results');
const address = pathToFileURL(join(results, 'report.html')).href;
afterAll(() => rig.close());
let browser: Browser;
let at: Page;
/** Whatever the page printed or threw, and asked for. */
const complaints: string[] = [];
const requests: string[] = [];

interface Size {
  readonly width: number;
  readonly height: number;
  readonly shapes: number;
}

const table = (number: number): Locator => at.locator(`#table-${number} table.data`);
/** A column's cells as they are drawn. */
const cells = (of: Locator, column: number): Promise<string[]> =>
  of.locator(`tbody tr > :nth-child(${column})`).allTextContents();

async function downloaded(button: Locator): Promise<{ name: string; text: string }> {
  const [download] = await Promise.all([at.waitForEvent('download'), button.click()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
}

/** How much lighter one colour is than another, as WCAG 2 defines it: 1 to 21. */
function contrast(a: string, b: string): number {
  const [light, dark] = [a, b].map(luminance).sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [r, g, b] = colour
    .match(/[\d.]+/g)!
    .slice(0, 3)
    .map((part) => Number(part) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

describe.skipIf(CHROMIUM === undefined)('the report in a browser', () => {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox'] });
    const study = fileURLToPath(new URL('report-browser.yaml', import.meta.url));
    expect((await rig.run(rig.load(study))).outcome.status).toBe('done');
    at = await browser.newPage({ viewport: DESK });
    at.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    at.on('pageerror', (error) => complaints.push(error.message));
    at.on('request', (request) => requests.push(request.url()));
    await at.goto(address);
  }, 120_000);
  afterEach(async () => {
    await at.emulateMedia({ media: null, colorScheme: null });
    await at.setViewportSize(DESK);
    expect(complaints).toEqual([]);
    // What is downloaded is made on the page itself.
    const asked = requests.filter((request) => !request.startsWith('blob:'));
    expect(new Set(asked)).toEqual(new Set([address]));
  });
  afterAll(async () => {
    await browser.close();
  });

  it('shows every figure, and of a large one the drawing once', async () => {
    const sizes = await at.evaluate<Size[]>(`[...document.querySelectorAll('.drawing svg')].map((svg) => {
      const { width, height } = svg.getBBox();
      return { width, height, shapes: svg.querySelectorAll('path, rect, text').length };
    })`);
    expect(sizes).toHaveLength(5);
    for (const { width, height, shapes } of sizes) {
      expect(width).toBeGreaterThan(200);
      expect(height).toBeGreaterThan(100);
      expect(shapes).toBeGreaterThan(10);
    }
    expect(await at.locator('#figure-5').textContent()).toContain('The same drawing as Figure 4');
  });

  it('the links to published files lead to them, and those within the page to something', async () => {
    const links = await at.evaluate<string[]>(
      `[...document.querySelectorAll('main a')].map((link) => link.getAttribute('href'))`,
    );
    const files = links.filter((link) => !link.startsWith('#'));
    expect(new Set(files).size).toBe(7);
    for (const file of files) expect(existsSync(join(results, decodeURIComponent(file)))).toBe(true);
    const anchors = links.filter((link) => link.startsWith('#'));
    for (const link of new Set(anchors))
      expect(await at.locator(link.replaceAll('.', '\\.')).count()).toBe(1);
  });

  it('a table is sorted by click and by key, numbers as numbers, missing cells last', async () => {
    const bmi = table(2).getByRole('columnheader', { name: 'bmi' });
    const next = at.locator('#table-2').getByRole('button', { name: 'Next' });
    const column = async (): Promise<string[]> => {
      const all = await cells(table(2), 4);
      while (await next.isEnabled()) {
        await next.click();
        all.push(...(await cells(table(2), 4)));
      }
      return all;
    };
    const before = await column();
    const known = before.filter((text) => text !== '–').map(Number);
    const missing = before.filter((text) => text === '–');
    expect(before.length).toBeGreaterThan(600);
    expect(missing.length).toBeGreaterThan(5);
    await bmi.getByRole('button').click();
    expect(await bmi.getAttribute('aria-sort')).toBe('ascending');
    const ascending = known.toSorted((a, b) => a - b);
    expect(await column()).toEqual([...ascending.map((value) => value.toFixed(1)), ...missing]);
    await bmi.getByRole('button').press('Enter');
    expect(await bmi.getAttribute('aria-sort')).toBe('descending');
    expect((await cells(table(2), 4)).slice(0, 3)).toEqual(
      ascending
        .slice(-3)
        .reverse()
        .map((value) => value.toFixed(1)),
    );
  });

  it('a table is filtered, shown 200 rows at a time, and handed out as it was published', async () => {
    const exhibit = at.locator('#table-2');
    expect(await cells(table(2), 1)).toHaveLength(200);
    const csv = await downloaded(exhibit.getByRole('button', { name: 'Download CSV' }));
    expect(csv.name).toBe('surveyed.csv');
    expect(csv.text).toBe(readFileSync(join(results, 'tables/surveyed.csv'), 'utf8'));
    await exhibit.getByRole('searchbox').fill('s00001');
    const found = await cells(table(2), 1);
    expect(found.length).toBeGreaterThan(5);
    expect(found.every((id) => id.startsWith('S00001'))).toBe(true);
    expect(await exhibit.getByRole('status').textContent()).toMatch(/^\d+ of 68\d rows match$/);
    await exhibit.getByRole('searchbox').fill('');
    expect(await cells(table(2), 1)).toHaveLength(200);
    // Of a table that is too large there are the first rows, and the way to the others.
    expect(await cells(table(3), 1)).toHaveLength(200);
    const note = await at.locator('#table-3 .note').textContent();
    expect(note).toContain('the first 200 of 688 rows by sampleID');
    expect(note).toContain('published as tables/everyone.csv, tables/everyone.parquet');
  });

  it('a drawing is enlarged, by click and by key, and handed out as SVG', async () => {
    const exhibit = at.locator('#figure-4');
    const width = async (): Promise<number> => (await exhibit.locator('svg').boundingBox())!.width;
    const drawing = exhibit.locator('.drawing');
    const natural = await width();
    // It would be too small to read: it keeps its size, and its frame scrolls.
    expect(natural).toBe(Number(await exhibit.locator('svg').getAttribute('width')));
    expect(natural).toBeGreaterThan((await drawing.boundingBox())!.width * 1.4);
    await exhibit.getByRole('button', { name: 'Larger' }).click();
    expect(await width()).toBeCloseTo(natural * 1.25, 0);
    await drawing.press('-');
    expect(await width()).toBeCloseTo(natural, 0);
    await drawing.press('0');
    expect(await width()).toBeLessThan((await drawing.boundingBox())!.width);
    const svg = await downloaded(at.locator('#figure-2').getByRole('button', { name: 'Download SVG' }));
    expect(svg.name).toBe('scatter.svg');
    expect(svg.text).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(svg.text).not.toContain('--width');
  });

  it.each(['light', 'dark'] as const)('is legible in the %s', async (colorScheme) => {
    await at.emulateMedia({ colorScheme });
    const styles = (selectors: readonly string[], property: string): Promise<string[]> =>
      at.evaluate<string[]>(
        `${JSON.stringify(selectors)}.map((each) => getComputedStyle(document.querySelector(each)).${property})`,
      );
    const [ground] = (await styles(['body'], 'backgroundColor')) as [string];
    const texts = ['body', '.quiet', '.note', 'main a', '.tools input', 'th button', '.missing', '.place'];
    expect(luminance(ground) < 0.2).toBe(colorScheme === 'dark');
    for (const colour of await styles(texts, 'color')) expect(contrast(colour, ground)).toBeGreaterThan(4.5);
    const flow = (await styles(['.flow rect', '.flow text'], 'fill')) as [string, string];
    expect(contrast(...flow)).toBeGreaterThan(7);
  });

  it('is printed without controls, with the details that print needs, on a few sheets', async () => {
    await at.emulateMedia({ media: 'print' });
    for (const control of ['.tools', '.zoom', '.note > button', '.skip'])
      expect(await at.locator(control).first().isVisible()).toBe(false);
    expect(await table(2).locator('tbody tr:visible').count()).toBe(40);
    expect(await at.locator('#table-2 .note').innerText()).toContain('40 rows are printed');
    await at.evaluate(`dispatchEvent(new Event('beforeprint'))`);
    expect(await at.locator('details.node:not([open])').count()).toBe(0);
    await at.evaluate(`dispatchEvent(new Event('afterprint'))`);
    expect(await at.locator('details.node[open]').count()).toBe(0);
    const pdf = await at.pdf({ format: 'A4' });
    const sheets = pdf.toString('latin1').match(/\/Type \/Page\b(?!s)/g)!.length;
    expect(sheets).toBeGreaterThan(3);
    expect(sheets).toBeLessThan(14);
  });

  it('fits a telephone, with everything unfolded', async () => {
    await at.setViewportSize({ width: 390, height: 844 });
    await at.evaluate(`for (const each of document.querySelectorAll('details')) each.open = true`);
    expect(await at.evaluate('document.documentElement.scrollWidth')).toBe(390);
  });

  it('is used by keyboard: what leads past the contents, what scrolls, what a link leads to', async () => {
    await at.reload();
    await at.keyboard.press('Tab');
    expect(await at.locator(':focus').textContent()).toBe('Skip to the content');
    const unreachable = await at.evaluate<number>(`[...document.querySelectorAll('.scroll, .drawing')].filter(
      (each) => each.scrollWidth > each.clientWidth && each.tabIndex < 0,
    ).length`);
    expect(unreachable).toBe(0);
    const unnamed = await at.evaluate<
      string[]
    >(`[...document.querySelectorAll('button, input, table.data, table.listing, [role=region]')]
      .filter((each) => {
        const text = each.matches('table') ? each.caption?.textContent : each.textContent;
        return !each.getAttribute('aria-label') && !each.getAttribute('aria-labelledby') && !text?.trim();
      })
      .map((each) => each.outerHTML.slice(0, 80))`);
    expect(unnamed).toEqual([]);
    // A link to a node unfolds what is said of it.
    await at.locator('.warnings a').click();
    await at.locator('#node-eligible[open]').waitFor({ state: 'attached', timeout: 10_000 });
  });
});

describe.skipIf(CHROMIUM === undefined)('the report of the demo in a browser', () => {
  it('draws every figure, sorts its tables, and asks for nothing', { timeout: 180_000 }, async () => {
    const demo = new StudyRig();
    const opened = await chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox'] });
    try {
      expect((await demo.run(demo.load(TINY))).outcome.status).toBe('done');
      const page = await opened.newPage({ viewport: DESK });
      const [said, asked]: [string[], string[]] = [[], []];
      page.on('console', (message) => said.push(message.text()));
      page.on('pageerror', (error) => said.push(error.message));
      page.on('request', (request) => asked.push(request.url()));
      const url = pathToFileURL(demo.path('results', 'report.html')).href;
      await page.goto(url);
      const shapes = await page.evaluate<number[]>(
        `[...document.querySelectorAll('.drawing svg')].map((svg) => svg.querySelectorAll('path, rect, text').length)`,
      );
      // The flow, figures 2, 3a to c and 4, and two that the paper lacks.
      expect(shapes).toHaveLength(8);
      for (const count of shapes) expect(count).toBeGreaterThan(10);
      const accuracy = page.locator('table.data', { hasText: 'r2_pearson' }).first();
      const r2 = async (): Promise<number[]> => {
        const heads = await accuracy.locator('thead th').allTextContents();
        const column = heads.findIndex((head) => head.trim() === 'r2') + 1;
        return (await accuracy.locator(`tbody tr > :nth-child(${column})`).allTextContents()).map((cell) =>
          Number(cell.replace('−', '-')),
        );
      };
      const before = await r2();
      await accuracy
        .locator('thead th', { hasText: /^\s*r2\s*$/ })
        .locator('button')
        .click();
      expect(await r2()).toEqual([...before].sort((a, b) => a - b));
      expect(await r2()).not.toEqual(before);
      expect(said).toEqual([]);
      expect(new Set(asked)).toEqual(new Set([url]));
    } finally {
      await opened.close();
      demo.close();
    }
  });
});
