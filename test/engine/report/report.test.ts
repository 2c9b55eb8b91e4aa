import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Status } from '../../../engine/graph.js';
import { renderReport } from '../../../engine/report/report.js';
import { numberColumn, textColumn } from '../../../cache/column.js';
import { plainTable, type Table } from '../../../cache/table.js';
import { fileOutput, tableOutput, TaskError } from '../../../engine/task.js';
import { HandRuns, MADE, type HandRunOptions } from './hand-run.js';
import { makeToy, SVG, toyRun, type Wording } from './toy-study.js';

let runs: HandRuns;
beforeEach(() => {
  runs = new HandRuns();
});
afterEach(() => runs.remove());

const page = async (over: Partial<HandRunOptions> = {}, wording: Wording = {}): Promise<string> =>
  renderReport(await runs.run(toyRun(over, wording)));

/** The section with this anchor, without tags, in one line. */
function textOf(html: string, id: string): string {
  const section = new RegExp(`<section id="${id}".*?</section>`, 's').exec(html)?.[0] ?? '';
  return section
    .replace(/<template.*?<\/template>/gs, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .replaceAll('&#39;', "'");
}

const fails =
  (failing: Readonly<Record<string, string>>): HandRunOptions['make'] =>
  (node, items) => {
    const message = failing[[node, ...Object.values(items)].join(' ')];
    if (message !== undefined) throw new TaskError(message);
    return makeToy(node);
  };

describe('what the page tells', () => {
  it('title, date of the newest result shown, description', async () => {
    const made = (node: string): number => (node === 'picture' ? MADE + 86_400_000 : MADE);
    const html = await page({ made });
    expect(html).toContain('<h1>A toy study</h1>');
    expect(html).toContain('Workflow <code>study.yaml</code> · results of 2025-03-05');
    expect(html).toContain('<p>Asks a <em>question</em>; see <a href="#results">the results</a>.</p>');
  });

  it('parameters, and which were set', async () => {
    const html = await page({ sets: [{ path: 'params.threshold', value: '0.3' }] });
    expect(textOf(html, 'what-was-asked')).toContain(
      'threshold 0.3 set for this study Largest share of missing values. data people.csv default',
    );
  });

  it('of many parameters the defaults are folded, and open choices stand among the assumptions', async () => {
    const choice = '{ value: a, choices: [a, b], assumption: true, description: Which one. }';
    const many = ['choice: ' + choice, ...Array.from({ length: 9 }, (_, i) => `more${i}: ${i}`)].join('\n  ');
    const sets = [{ path: 'params.threshold', value: '0.3' }];
    const html = await page({ sets }, { params: many });
    expect(textOf(html, 'what-was-asked')).toMatch(
      /threshold 0\.3 set for this study .*10 parameters at their defaults .*data people\.csv default/,
    );
    expect(textOf(html, 'what-was-asked')).not.toContain('choice');
    expect(textOf(html, 'assumptions')).toContain('Choice Taken Instead Which one. choice a default b');
    const told = await page({ sets: [{ path: 'params.choice', value: 'b' }] }, { params: many });
    expect(textOf(told, 'what-was-asked')).toContain('choice b set for this study');
    expect(textOf(told, 'assumptions')).toContain('choice b set for this study a');
  });

  it('inputs by file name and digest', async () => {
    const html = await page();
    expect(textOf(html, 'inputs')).toMatch(/people people\.csv [0-9a-f]{12} /);
    expect(textOf(html, 'inputs')).toContain('scores 2 files dbp.txt not read sbp.txt not read');
    const { files, ...unnamed } = await runs.run(toyRun());
    expect(files).toHaveLength(1);
    expect(textOf(await renderReport(unnamed), 'inputs')).toMatch(/Input File people people\.csv scores/);
  });

  it('figures and tables, numbered, captioned, with their lineage', async () => {
    const html = await page();
    expect(textOf(html, 'results')).toContain('Table 1. all');
    expect(html).toContain(
      '<figcaption><span class="number">Figure 1.</span> Drawn <em>well</em>.</figcaption>',
    );
    expect(html).toContain('<a href="#figure-1">Figure 1. Drawn well.</a>');
    const lineage = textOf(html, 'results');
    expect(lineage).toMatch(/Where this comes from: picture\.figure · key [0-9a-f]{12}/);
    expect(lineage).toContain('Made by picture , task toy.draw version 2');
    expect(lineage).toContain('spec {mark: bar}');
    expect(lineage).toMatch(
      /Made from data ← strict\.table toy\.gather v2 · key [0-9a-f]{12} all ← fit\.fit × 2 · toy\.fit v2 x ← kept\.people toy\.keep v2 · key [0-9a-f]{12} table ← people\.csv digest [0-9a-f]{12}/,
    );
    expect(lineage).toContain('Run again cohortflow run study.yaml picture');
    expect(lineage).toContain('Lineage cohortflow lineage study.yaml picture.figure');
  });

  it('what has axes is repeated over the items, what is fixed is not', async () => {
    const repeated = await page();
    expect(repeated).toMatch(
      /<div class="panel"><p class="item">trait dbp<\/p>.*<p class="item">trait sbp<\/p>/s,
    );
    expect(textOf(repeated, 'results')).toContain('Item trait sbp');
    expect(textOf(repeated, 'results')).toContain('spec {y: sbp}');
    expect(textOf(repeated, 'results')).toContain('lineage study.yaml each_trait.figure trait=sbp');
    const fixed = await page({}, { show: '["each_trait[trait=sbp]"]' });
    expect(fixed).not.toContain('class="item"');
    expect(textOf(fixed, 'results')).toContain('Item trait sbp');
  });

  it('of many items each but the first is folded', async () => {
    const html = await page({}, { traits: '[a, b, c, d, e, f, g, h, i]', show: '[each_trait]' });
    expect(html.match(/<details class="panel">/g)).toHaveLength(8);
  });

  it('every node with task, version, parameters after defaults and inputs', async () => {
    const methods = textOf(await page(), 'methods');
    expect(methods).toContain('6 nodes, 8 results, none failed. Computed with portable, node 20 .');
    expect(methods).toContain('kept toy.keep v2 Task toy.keep version 2. The toy toy.keep .');
    expect(methods).toContain('Fitted models fit toy.fit v2 · 2 instances');
    expect(methods).toContain('outcome ${trait} ridge 1.5 default');
    expect(methods).toContain('2 instances, one for each item of trait (2 items)');
    expect(methods).toContain('all ← fit.fit[*?] (Fitted models)');
  });

  it('warnings, also of results found in the store, items together', async () => {
    const warnings = (node: string): string[] => (node === 'fit' ? ['few events in /home/ada/study/x'] : []);
    expect(textOf(await page({ warnings }), 'warnings')).toContain(
      'Fitted models few events in x (dbp, sbp)',
    );
  });

  it('nothing of failures and warnings when there are none', async () => {
    expect(await page()).not.toMatch(/<section id="(failures|warnings)"|class="banner"|class="absent"/);
  });
});

describe('what is published', () => {
  it('is linked from the page, at its item and from its folder', async () => {
    const html = await page(
      {},
      {
        traits: '[a/b, c d]',
        report: 'pages/report.html',
        files: `{ tables/all.csv: all, tables/all.parquet: all, 'figures/\${trait}.svg': each_trait, one.svg: 'each_trait[trait="c d"]' }`,
      },
    );
    const links = [...html.matchAll(/<a href="([^#"]*)"><code>(.*?)<\/code>/g)].map(([, to, text]) => [
      to,
      text,
    ]);
    expect(links).toEqual([
      ['../tables/all.csv', 'tables/all.csv'],
      ['../tables/all.parquet', 'tables/all.parquet'],
      ['../figures/a%252Fb.svg', 'figures/a%2Fb.svg'],
      ['../figures/c%2520d.svg', 'figures/c%20d.svg'],
      ['../one.svg', 'one.svg'],
    ]);
  });
});

describe('a flow', () => {
  const steps = (start: string, left: readonly number[]): Table =>
    plainTable([
      ['step', numberColumn(left.map((_, i) => i))],
      ['reason', textColumn(left.map((_, i) => (i === 0 ? start : `Rule <${i}>`)))],
      ['excluded', numberColumn(left.map((n, i) => (i === 0 ? 0 : left[i - 1]! - n)))],
      ['remaining', numberColumn(left)],
    ]);
  const make: HandRunOptions['make'] = (node, items) => {
    if (node === 'kept')
      return { ...makeToy(node), flow: tableOutput(steps('Everyone', [5000, 4990, 3000])) };
    if (node === 'fit') return { fit: tableOutput(steps(`With ${String(items['trait'])}`, [3000, 10])) };
    return makeToy(node);
  };
  const boxesOf = (html: string): string[] =>
    [...html.matchAll(/<text [^>]*>(.*?)<\/text>/g)].map(([, text]) => text!);

  it('is drawn as boxes, parts into others, and stands there in numbers', async () => {
    const html = await page({ make }, { show: '[{ flow: kept.flow, into: [fit], caption: Who. }]' });
    expect(boxesOf(html)).toEqual([
      ...['Everyone', 'n = 5,000', 'Rule &lt;1&gt;', 'n = 10', '4,990', 'Rule &lt;2&gt;', 'n = 1,990'],
      ...['Included', 'n = 3,000', 'With dbp', 'n = 3,000', 'Rule &lt;1&gt;', 'n = 2,990'],
      ...['Fitted models, dbp', 'n = 10', 'With sbp', 'n = 3,000', 'Rule &lt;1&gt;', 'n = 2,990'],
      ...['Fitted models, sbp', 'n = 10'],
    ]);
    expect(html).toContain('<a href="#figure-1">Figure 1. Who.</a>');
    expect(html.match(/<table class="data"/g)).toHaveLength(3);
    expect(textOf(html, 'results').match(/Where this comes from/g)).toHaveLength(3);
    expect(html.match(/<svg /g)).toHaveLength(1);
  });

  it('several stand beside each other', async () => {
    const html = await page({ make }, { show: '[{ flow: [kept.flow, "fit[trait=sbp]"] }]' });
    expect(boxesOf(html).filter((text) => !/n = |Rule/.test(text))).toEqual([
      ...['Everyone', '4,990', 'Included', 'With sbp', 'Fitted models, sbp'],
    ]);
  });

  it('that is no such table, or that failed, is a box that says so', async () => {
    const other = await page({}, { show: '[{ flow: all }]' });
    expect(textOf(other, 'results')).toContain(
      'A flow is a table with the columns reason, excluded and remaining.',
    );
    const failed = await page({ make: fails({ 'fit sbp': 'none left' }) }, { show: '[{ flow: fit }]' });
    expect(failed).toContain('class="absent"');
    const many = await page({ make }, { show: '[{ flow: fit, into: [kept.flow] }]' });
    expect(textOf(many, 'results')).toContain('A flow that parts into others is one');
  });
});

describe('the same results give the same bytes', () => {
  it('whatever was computed and whatever was found, in whatever folder', async () => {
    const first = await runs.run(toyRun({ folder: '/home/ada/study' }));
    for (const state of first.graph.nodes.values()) state.status.fill(Status.ran);
    const again = await runs.run(toyRun({ folder: '/srv/shared/other' }));
    expect(await renderReport(again)).toBe(await renderReport(first));
  });

  it('in whatever order failures came', async () => {
    const make = fails({ 'fit sbp': 'no events', 'fit dbp': 'not positive' });
    const first = await runs.run(toyRun({ make }));
    const second = await runs.run(toyRun({ make }));
    const { failures } = second.graph.nodes.get('fit')!;
    const entries = [...failures].reverse();
    failures.clear();
    for (const [instance, failure] of entries) failures.set(instance, failure);
    // Which of two failures stopped a result is a matter of time; the page does not go by it.
    const strict = second.graph.nodes.get('strict')!;
    strict.failures.set(0, failures.get(1)!);
    expect(await renderReport(second)).toBe(await renderReport(first));
  });

  it('no folder of the machine is on the page', async () => {
    const make = fails({
      'fit sbp': "cannot read '/mnt/data/secret/file.bed' (see file:///opt/tool/run.js:3)",
    });
    const sets = [{ path: 'params.data', value: '/home/ada/raw/people.csv' }];
    const html = await page({ make, sets });
    expect(html).not.toMatch(/\/home|\/mnt|\/opt|secret/);
    expect(html).not.toContain(runs.folder);
    expect(textOf(html, 'failures')).toContain("cannot read 'file.bed' (see run.js:3)");
    expect(textOf(html, 'what-was-asked')).toContain('data people.csv');
  });

  it('new names are on it at once', async () => {
    const wording = { title: 'Renamed', fit: 'models', label: 'Models of fits', threshold: 'share' };
    const before = await runs.run(toyRun());
    const after = await runs.run(toyRun({}, wording));
    const html = await renderReport(after);
    expect(after.graph.nodes.get('models')!.keys).toEqual(before.graph.nodes.get('fit')!.keys);
    expect(html).toContain('<h1>Renamed</h1>');
    expect(textOf(html, 'methods')).toContain('Models of fits models toy.fit');
    expect(textOf(html, 'what-was-asked')).toContain('share 0.1');
    expect(html).not.toMatch(/Fitted models|threshold/);
  });
});

describe('what could not be made', () => {
  it('a skipped figure says what failed, and the cause is told once', async () => {
    const html = await page({ make: fails({ 'fit sbp': 'no events for sbp' }) });
    const results = textOf(html, 'results');
    expect(results).toContain(
      'Not made, because fit (sbp) failed: no events for sbp. See Failures . Run it again: cohortflow run study.yaml picture',
    );
    expect(results).toContain('Where this comes from: all.table');
    const failures = textOf(html, 'failures');
    expect(failures).toContain(
      'Fitted models for sbp no events for sbp 3 results skipped because of it. cohortflow run study.yaml fit',
    );
    expect(html).toContain(
      '<strong>This study is not complete:</strong> 1 result failed, 3 results skipped because of it.',
    );
  });

  it('a failed figure says why', async () => {
    const html = await page({ make: fails({ picture: 'nothing to draw' }) });
    expect(textOf(html, 'results')).toContain(
      'Not made: nothing to draw Run it again: cohortflow run study.yaml picture',
    );
    expect(textOf(html, 'failures')).toContain('Nothing else was stopped by it.');
  });

  it('instances that failed alike are told together, and several causes of one figure are counted', async () => {
    const make = fails({ 'fit sbp': 'singular', 'fit dbp': 'singular' });
    const html = await page({ make });
    expect(textOf(html, 'failures')).toContain('Fitted models for dbp, sbp singular');
    expect(textOf(html, 'results')).toContain(
      'fit (dbp) failed: singular. So did 1 other result that it needs.',
    );
  });

  it('a run that was stopped, an item that is not there, an axis without items', async () => {
    const stopped = await page({ stopped: ['picture'] });
    expect(textOf(stopped, 'results')).toContain('Not made: the run was stopped before.');
    expect(stopped).toContain('1 result not begun');
    const empty = await page(
      {},
      { traits: '{ from: people, column: trait }', show: '[each_trait, "each_trait[trait=x]"]' },
    );
    expect(textOf(empty, 'results')).toContain('The axis trait has no items.');
    expect(textOf(empty, 'results')).toContain('The axis trait has no item &quot;x&quot;.');
  });

  it('a column that the table lacks, a figure that is no SVG, bytes that are gone', async () => {
    const column = await page({}, { show: '["all[beta, gamma]"]' });
    expect(textOf(column, 'results')).toContain("The table has no column 'gamma'.");
    const drawn =
      (text: string, extension = 'svg'): HandRunOptions['make'] =>
      (node) =>
        node === 'picture' ? { figure: fileOutput(Buffer.from(text), extension) } : makeToy(node);
    const broken = await page({ make: drawn('<svg') });
    expect(textOf(broken, 'results')).toContain('Not shown: the figure is not SVG that can be shown:');
    expect(textOf(await page({ make: drawn('x', 'png') }), 'results')).toContain('this one is a .png file');
    const input = await runs.run(toyRun({ make: drawn(SVG.replace('5', '6')) }));
    rmSync(join(runs.store.folder, 'objects'), { recursive: true });
    expect(textOf(await renderReport(input), 'results')).toContain('Its bytes are missing from the store');
  });

  it('a node that was never reached', async () => {
    const input = await runs.run(toyRun());
    const state = input.graph.nodes.get('picture')!;
    state.opened = false;
    state.blocked = {
      failure: { kind: 'task', message: 'no such file', log: [] },
      root: { node: 'people', item: '' },
    };
    const failures = [{ node: 'people', item: '', failure: state.blocked.failure, from: [], skipped: 1 }];
    const html = await renderReport({ ...input, failures });
    expect(textOf(html, 'results')).toContain('Not made, because people failed: no such file');
    expect(textOf(html, 'failures')).toContain('people no such file 1 result skipped because of it.');
    expect(html).toContain('1 node not reached');
  });
});

describe('the page is whole and harmless', () => {
  it('ids are unique, and every link within the page leads somewhere', async () => {
    const html = await page();
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = [...html.matchAll(/ (?:href="#|aria-labelledby=")([^"]+)"/g)].map(([, id]) => id);
    expect(targets.length).toBeGreaterThan(20);
    expect(targets.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('it asks for nothing from outside, and its policy forbids it', async () => {
    const html = await page();
    const parts = html.replace(/<script>.*<\/script>/s, '');
    const links = [...parts.matchAll(/(?:src|href|action)="(?!#)([^"]*)"|@import|url\((?!#)/gi)];
    // Beside the page lies what is published; it is opened only when a reader asks for it.
    expect(links.map(([, link]) => link)).toEqual(['tables/all.csv']);
    expect(html).toContain("default-src 'none'");
  });

  it('the policy admits the page’s own script and no other', async () => {
    const html = await page();
    const scripts = [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(([, text]) => text!);
    expect(scripts).toHaveLength(1);
    const digest = createHash('sha256').update(scripts[0]!).digest('base64');
    expect(html).toContain(`script-src 'sha256-${digest}'`);
  });

  it('text of any kind stays text', async () => {
    const attack = `"><script>alert(1)</script><img src=x onerror=alert(2)>'`;
    const yaml = JSON.stringify(attack);
    const plain = await page();
    const html = await page(
      {
        make: fails({ 'fit sbp': attack }),
        warnings: () => [attack],
        sets: [{ path: 'params.threshold', value: '0.1' }],
      },
      {
        title: yaml,
        label: yaml,
        traits: `[sbp, ${yaml}]`,
        show: `[{ table: all, caption: ${yaml} }, { figure: each_trait, caption: ${yaml} }]`,
      },
    );
    const tags = (text: string): string[] =>
      [...text.matchAll(/<(script|img|iframe|object|embed|form|link|base)\b/gi)].map(([, tag]) => tag!);
    expect(tags(html)).toEqual(tags(plain));
    expect(html).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
  });
});
