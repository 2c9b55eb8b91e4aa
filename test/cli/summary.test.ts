/** What people read of a run, a plan and the past: exact text. */
import { describe, expect, it } from 'vitest';
import { planLines } from '../../cli/plan.js';
import { eventText, Progress, progressText } from '../../cli/progress.js';
import { statusLines } from '../../cli/status.js';
import { summaryLines } from '../../cli/summary.js';
import { PLAIN, Terminal } from '../../cli/terminal.js';
import { whyLines } from '../../cli/why.js';
import type { NodeSummary } from '../../engine/event.js';
import type { StudyOutcome } from '../../engine/study.js';
import { Written } from './rig.js';

function node(name: string, over: Partial<NodeSummary> = {}): NodeSummary {
  return {
    node: name,
    task: 'toy.task',
    instances: 1,
    fresh: 0,
    ran: 0,
    failed: 0,
    skipped: 0,
    open: 0,
    unsure: 0,
    unchanged: 0,
    seconds: 0,
    reasons: {},
    warnings: [],
    ...over,
  };
}

function summary(over: Partial<StudyOutcome>): string {
  const outcome: StudyOutcome = {
    run: 12,
    status: 'done',
    seconds: 8.31,
    nodes: [],
    failures: [],
    published: null,
    ...over,
  };
  const command = (nodes: readonly string[]): string[] => ['cohortflow', 'run', 'a study.yaml', ...nodes];
  return summaryLines(outcome, { paint: PLAIN, workflow: 'nhanes', command }).join('\n');
}

describe('the end of a run', () => {
  it('nothing to do', () => {
    const nodes = [node('z', { fresh: 1 }), node('cox', { instances: 1800, fresh: 1800 })];
    expect(summary({ nodes, seconds: 0.4 })).toBe(
      'nhanes run 12: nothing to do: all 1,801 instances are fresh (400 ms)',
    );
    expect(summary({ nodes: [node('z', { fresh: 1 })], seconds: 0.4 })).toBe(
      'nhanes run 12: nothing to do: the one instance is fresh (400 ms)',
    );
  });

  it('what ran, why, and what was fresh', () => {
    const nodes = [
      node('z', { fresh: 1 }),
      node('knn', { ran: 1, seconds: 3.1, reasons: { 'params.k 5 → 7': 1 } }),
      node('cox', {
        instances: 1800,
        fresh: 1763,
        ran: 37,
        seconds: 245,
        reasons: { 'new item': 2, 'input exposure: rows 5 → 6': 30, lost: 1, 'task version 1 → 2': 4 },
      }),
    ];
    expect(summary({ nodes })).toBe(`nhanes run 12 done in 8.3 s: 38 of 1,802 instances ran

  knn  1 ran                  3.1 s  params.k 5 → 7
  cox  37 ran  of 1,800  4 min 05 s  30 × input exposure: rows 5 → 6 | 4 × task version 1 → 2 | 2 × new item | and 1 other reason
1,764 instances fresh`);
  });

  it('cut off: the same result as before', () => {
    const nodes = [
      node('knn', { ran: 1, unchanged: 1, seconds: 1, reasons: { 'params.k 5 → 7': 1 } }),
      node('fit', { instances: 4, ran: 4, unchanged: 3, seconds: 1, reasons: { 'params.k 5 → 7': 4 } }),
    ];
    expect(summary({ nodes })).toContain(
      '\ncut off: knn, fit (3 of 4) gave the same result as before; what depends on it did not run again',
    );
  });

  it('failures: each root once, where, what it stopped, its log, and how to repeat it', () => {
    const nodes = [
      node('cox', { instances: 3, ran: 2, failed: 1, seconds: 1, reasons: { 'not run before': 3 } }),
      node('fdr', { skipped: 1 }),
    ];
    const log = Array.from({ length: 12 }, (_, i) => `line ${i + 1}`);
    const failure = {
      kind: 'task' as const,
      message: 'no events',
      where: { port: 'outcome', column: 'time', row: 'p7' },
      log,
    };
    const from = ['../nhanes3.csv', 'survival.outcome'];
    const failures = [{ node: 'cox', item: 'CVD, fev', failure, from, skipped: 1 }];
    expect(summary({ status: 'failed', nodes, failures })).toBe(`nhanes run 12 failed in 8.3 s

  cox  2 ran, 1 failed  of 3  1.0 s  not run before
  fdr  1 skipped

failed cox[CVD, fev]: no events
  at port 'outcome' (../nhanes3.csv, survival.outcome), column 'time', row 'p7'
  1 instance skipped because of it
  end of its log:
${log
  .slice(2)
  .map((line) => `    ${line}`)
  .join('\n')}
  run just this again: cohortflow run 'a study.yaml' cox`);
  });

  it('many failures: ten in full', () => {
    const failure = { kind: 'bug' as const, message: 'oh', log: [] };
    const failures = Array.from({ length: 12 }, (_, i) => ({
      node: `n${i}`,
      item: '',
      failure,
      from: [],
      skipped: 0,
    }));
    const text = summary({ status: 'failed', nodes: [], failures });
    expect(text.match(/^failed/gm)).toHaveLength(10);
    expect(text).toMatch(/\n\nand 2 more failures of n10, n11; cohortflow status lists them$/);
  });

  it('interrupted: what was not reached', () => {
    const nodes = [
      node('knn', { ran: 1, seconds: 2 }),
      node('cox', { instances: 9, ran: 4, open: 5, seconds: 3 }),
    ];
    expect(summary({ status: 'interrupted', nodes }))
      .toBe(`nhanes run 12 interrupted after 8.3 s: what was finished is kept

  knn  1 ran                       2.0 s
  cox  4 ran, 5 not reached  of 9  3.0 s`);
  });

  it('warnings: equal ones once', () => {
    const warnings = ['a', 'b', 'c'].map((item) => ({ item, message: '12 cells had no neighbour' }));
    const nodes = [
      node('knn', { ran: 3, instances: 3, warnings: [...warnings, { item: 'c', message: 'odd' }] }),
    ];
    expect(summary({ nodes })).toContain(`

warning knn (3 instances): 12 cells had no neighbour
warning knn[c]: odd`);
  });

  it('published files', () => {
    const published = {
      folder: `${process.cwd()}/results/nhanes`,
      written: ['a.csv'],
      unchanged: 1200,
      removed: ['old.csv'],
      edited: ['b.csv', 'c.csv'],
      orphaned: ['d.csv'],
      stale: [],
      problems: [],
      report: 'report.html',
    };
    expect(summary({ nodes: [node('z', { fresh: 1 })], seconds: 1, published })).toContain(`

published 1,201 files in results/nhanes (1 written, 1,200 unchanged, 1 removed)
left alone b.csv, c.csv: edited since; delete or rename them to have the result again
left alone d.csv: no longer made, but edited since; delete it when not needed
report: results/nhanes/report.html`);
  });
});

describe('a run as it goes', () => {
  const shown = (...events: Parameters<typeof eventText>[0][]): (string | null)[] =>
    events.map((event) => eventText(event, PLAIN));

  it('has lines for what begins, ends and fails', () => {
    const failure = {
      failure: { kind: 'task', message: 'no', log: [] },
      root: { node: 'cox', item: 'a' },
    } as const;
    expect(
      shown(
        { type: 'start', run: null, workflow: 'x', nodes: 3 },
        { type: 'reading', path: '/data/x.csv', what: '3 columns' },
        { type: 'node-start', node: 'knn', due: 1, reason: 'params.k 5 → 7' },
        { type: 'node-end', node: 'knn', summary: node('knn', { ran: 1, seconds: 3.1, unchanged: 1 }) },
        { type: 'node-end', node: 'z', summary: node('z', { fresh: 1 }) },
        { type: 'failure', node: 'cox', item: 'a', failure },
        {
          type: 'node-end',
          node: 'cox',
          summary: node('cox', { instances: 9, ran: 5, failed: 1, skipped: 2, seconds: 61 }),
        },
        { type: 'warning', node: 'cox', item: 'a', message: 'told at the end' },
        { type: 'warning', node: '', item: '', message: 'the store is being cleaned up; waiting for it' },
      ),
    ).toEqual([
      null,
      'reading /data/x.csv: 3 columns',
      'start   knn  params.k 5 → 7',
      'done    knn  result as before, 3.1 s',
      null,
      'failed  cox[a]: no',
      'end     cox  5 of 9 instances, 1 failed, 2 skipped, 1 min 01 s',
      null,
      'warning the store is being cleaned up; waiting for it',
    ]);
  });

  it('moves in one line that fits', () => {
    expect(progressText({ done: 450.7, known: 1800, running: ['knn', 'cox'] }, 12.3, 80)).toBe(
      '█████░░░░░░░░░░░░░░░  450/1,800  knn, cox  0:12',
    );
    expect(progressText({ done: 0, known: 0, running: [] }, 0, 80)).toBe(
      '░░░░░░░░░░░░░░░░░░░░  0/0  looking up  0:00',
    );
    const running = Array.from({ length: 40 }, (_, i) => `node${i}`);
    expect(Array.from(progressText({ done: 1, known: 1, running }, 3700, 80))).toHaveLength(80);
  });

  it('redraws on a terminal only, and clears the line before others', async () => {
    const counts = () => ({ done: 1, known: 2, running: ['knn'] });
    const reading = { type: 'reading', path: 'x.csv', what: '1 column' } as const;
    for (const isTTY of [true, false]) {
      const out = new Written(isTTY);
      const progress = new Progress(new Terminal(out, new Written(), { json: false, colour: false }));
      progress.begin(counts);
      await new Promise((resolve) => setTimeout(resolve, 250));
      progress.event(reading);
      progress.end();
      const line = progressText(counts(), 0, 79);
      expect(out.text).toBe(
        isTTY ? `\r\u001b[K${line}\r\u001b[Kreading x.csv: 1 column\n` : 'reading x.csv: 1 column\n',
      );
    }
  });

  it('is lines of JSON with --json, and nothing else', () => {
    const out = new Written(true);
    const progress = new Progress(new Terminal(out, new Written(), { json: true, colour: true }));
    progress.begin(() => ({ done: 0, known: 0, running: [] }));
    progress.event({ type: 'reading', path: 'x.csv', what: '1 column' });
    progress.end();
    expect(out.text).toBe('{"type":"reading","path":"x.csv","what":"1 column"}\n');
  });
});

describe('a plan', () => {
  const upstream = new Map([
    ['cox', ['knn', 'people']],
    ['fdr', ['cox']],
  ]);
  const plan = (
    nodes: NodeSummary[],
    estimate = 0,
    failures: StudyOutcome['failures'] = [],
    unmeasured: string[] = [],
  ): string => planLines('nhanes', { nodes, failures, estimate, unmeasured }, upstream, PLAIN).join('\n');

  it('says what would run, what may, and what it would cost', () => {
    const nodes = [
      node('people', { fresh: 1 }),
      node('knn', { open: 1, reasons: { 'params.k 5 → 7': 1 } }),
      node('cox', { instances: 24, fresh: 4, unsure: 20 }),
      node('fdr', { instances: -1 }),
      node('raw', { unsure: 1 }),
    ];
    expect(plan(nodes, 250))
      .toBe(`nhanes: 1 of 27 instances would run, 21 may run, the items of 1 node are not known yet, 5 fresh; estimated 4 min 10 s

  knn  1 would run                 params.k 5 → 7
  cox  20 may run           of 24  waits on knn
  fdr  items not known yet         waits on cox
  raw  1 may run                   waits for its input to be read`);
  });

  it('says of how many, and what the estimate leaves out', () => {
    const nodes = [node('fit', { instances: 1800, open: 37, fresh: 1763 })];
    expect(plan(nodes, 240).split('\n')[0]).toBe(
      'nhanes: 37 of 1,800 instances would run, 1,763 fresh; estimated 4 min 00 s',
    );
    expect(plan(nodes, 0, [], ['impute.knn']).split('\n')[0]).toBe(
      'nhanes: 37 of 1,800 instances would run, 1,763 fresh; impute.knn never measured',
    );
  });

  it('says when there is nothing', () => {
    expect(plan([node('knn', { fresh: 1 }), node('cox', { instances: 3, fresh: 3 })])).toBe(
      'nhanes: nothing to do: all 4 instances are fresh',
    );
  });

  it('says what cannot run', () => {
    const failure = { kind: 'task' as const, message: 'no such column', log: [] };
    const failures = [{ node: 'knn', item: '', failure, from: [], skipped: 24 }];
    expect(plan([node('knn', { failed: 1 }), node('cox', { instances: 24, skipped: 24 })], 0, failures)).toBe(
      `nhanes: 0 of 25 instances would run, 0 fresh

  knn  1 cannot run
  cox  24 skipped    of 24

cannot run knn: no such column
  24 instances skipped because of it`,
    );
  });
});

describe('the past', () => {
  const ended = new Date(2026, 10, 22, 9, 5).getTime();
  const run = {
    run: 9,
    status: 'failed',
    ended,
    seconds: 71,
    ran: 1800,
    fresh: 2,
    failed: 1,
    skipped: 3,
    targets: [],
  } as const;

  it('is a table of runs and the failures of the newest', () => {
    const failures = [{ node: 'cox', item: 'CVD', message: 'no events' }];
    const before = {
      ...run,
      run: 8,
      status: 'done',
      seconds: 2,
      failed: 0,
      skipped: 0,
      targets: ['knn', 'cox'],
    } as const;
    expect(statusLines([run, before], failures, PLAIN).join('\n')).toBe(`
run  ended             status        time    ran  fresh  failed  skipped  targets
  9  2026-11-22 09:05  failed  1 min 11 s  1,800      2       1        3
  8  2026-11-22 09:05  done         2.0 s  1,800      2       0        0  knn cox

failed in run 9:
  cox[CVD]: no events`);
  });

  it('may be empty', () => {
    expect(statusLines([], [], PLAIN)).toEqual(['no run has ended yet']);
  });
});

describe('why', () => {
  const base = { node: 'cox', task: 'assoc.cox', due: null, estimate: null, only: null };

  it('is one line for one instance', () => {
    const groups = [{ text: 'would run: new item', verdict: 'runs' as const, count: 1, items: ['CVD'] }];
    expect(whyLines({ ...base, instances: 1, groups }, PLAIN)).toEqual(['cox[CVD]  would run: new item']);
    const due = { count: 37, of: 1800 };
    expect(whyLines({ ...base, instances: 1, groups, due, estimate: 240 }, PLAIN)).toEqual([
      'cox[CVD]  would run: new item; 37 of 1,800 instances, estimated 4 min 00 s',
    ]);
  });

  it('counts by reason for many', () => {
    const groups = [
      { text: 'fresh', verdict: 'fresh' as const, count: 1798, items: ['a', 'b', 'c', 'd', 'e'] },
      {
        text: 'would run because params.k 5 → 7',
        verdict: 'runs' as const,
        count: 2,
        items: ['f, 1', 'g, 2'],
      },
    ];
    expect(
      whyLines({ ...base, instances: 1800, groups, due: { count: 2, of: 1800 }, estimate: 75 }, PLAIN).join(
        '\n',
      ),
    ).toBe(`cox  1,800 instances
  1,798  fresh
         a; b; c; d; e and 1,793 more
      2  would run because params.k 5 → 7
         f, 1; g, 2
  2 of 1,800 instances, estimated 1 min 15 s`);
  });

  it('says when an axis has no items', () => {
    expect(whyLines({ ...base, instances: 0, groups: [] }, PLAIN)).toEqual([
      'cox has no instances: its axis has no items',
    ]);
  });
});
