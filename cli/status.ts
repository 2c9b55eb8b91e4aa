/** `cohortflow status`: the last runs of a workflow, and what failed in the newest. */
import type { RunRow } from '../cache/runs.js';
import type { NodeSummary } from '../engine/event.js';
import type { Recorded } from '../engine/recorded.js';
import { EXIT } from './failure.js';
import { count, counted, duration, instance, nearPath, time } from './format.js';
import { layout } from './layout.js';
import { openRecords, recordedName, storeFolder, takeOnlyWorkflowFile } from './study.js';
import type { Paint } from './terminal.js';
import { defineVerb, storeOptions, type WorkflowFlags } from './verb.js';

const RUNS_SHOWN = 10;
const FAILURES_SHOWN = 50;

interface RunReport {
  readonly run: number;
  readonly status: RunRow['status'];
  readonly ended: number | null;
  readonly seconds: number;
  readonly ran: number;
  readonly fresh: number;
  readonly failed: number;
  readonly skipped: number;
  readonly targets: readonly string[];
  /** The name under which it is kept, if it is pinned. */
  readonly pin?: string | null;
}

interface FailureReport {
  readonly node: string;
  readonly item: string;
  readonly message: string;
}

export const verb = defineVerb<WorkflowFlags>({
  usage: '[WORKFLOW.yaml]',
  details: 'Says what was; what would be now is told by: cohortflow plan.',
  examples: [
    ['status', 'the workflow of this folder'],
    ['status study.yaml --json', 'runs, nodes and failures for a program'],
  ],
  options: storeOptions,
  async run(words, flags, terminal) {
    const file = takeOnlyWorkflowFile(words, flags);
    const folder = storeFolder(file, flags);
    const store = await openRecords(folder);
    try {
      const workflow = await recordedName(store, file, flags, terminal);
      const rows = store.index.runs.list(workflow, RUNS_SHOWN);
      const pins = new Map(store.index.runs.pins().map(({ run, name }) => [run, name]));
      const runs = rows.map((row) => report(row, pins.get(row.id) ?? null));
      const nodes = rows[0] ? summaryOf(rows[0]).nodes : [];
      const { Recorded } = await import('../engine/recorded.js');
      const working = store.index.sessions.atWork();
      const failures = rows[0] ? rootFailures(new Recorded(store, rows[0])) : [];
      if (terminal.isJson) {
        terminal.json({ workflow, file, store: folder, runs, nodes, failures, working });
        return EXIT.done;
      }
      terminal.print(`${workflow} (${nearPath(file)}), store ${nearPath(folder)}`);
      for (const line of statusLines(runs, failures, terminal.paint)) terminal.print(line);
      for (const { kind, pid } of working)
        terminal.print(`a ${kind} is at work on this store now (process ${pid})`);
      return EXIT.done;
    } finally {
      store.close();
    }
  },
});

function summaryOf(row: RunRow): {
  seconds: number;
  nodes: readonly NodeSummary[];
  targets: readonly string[];
} {
  return { seconds: 0, nodes: [], targets: [], ...(row.summary as object) };
}

function report(row: RunRow, pin: string | null): RunReport {
  const { seconds, nodes, targets } = summaryOf(row);
  const total = (of: (node: NodeSummary) => number): number => nodes.reduce((sum, node) => sum + of(node), 0);
  return {
    run: row.id,
    status: row.status,
    ended: row.ended,
    seconds,
    ran: total(({ ran }) => ran),
    fresh: total(({ fresh }) => fresh),
    failed: total(({ failed }) => failed),
    skipped: total(({ skipped }) => skipped),
    targets,
    pin,
  };
}

/** Instances that failed themselves; those that were skipped because of them are left out. */
function rootFailures(recorded: Recorded): FailureReport[] {
  return recorded.nodesRun().flatMap((node) => {
    const group = recorded.group(node)!;
    return group.header.failures.flatMap(([at, { failure }]) =>
      group.ending(at) === 'failed' ? [{ node, item: group.itemText(at), message: failure.message }] : [],
    );
  });
}

/** The table of runs, newest first, then the failures of the newest. */
export function statusLines(
  runs: readonly RunReport[],
  failures: readonly FailureReport[],
  paint: Paint,
): string[] {
  if (runs.length === 0) return ['no run has ended yet'];
  const colours = { done: paint.green, failed: paint.red, interrupted: paint.yellow, running: paint.cyan };
  const rows = runs.map((run) => [
    String(run.run),
    run.ended === null ? '' : time(run.ended),
    colours[run.status](run.status),
    duration(run.seconds),
    count(run.ran),
    count(run.fresh),
    count(run.failed),
    count(run.skipped),
    run.pin ?? '',
    run.targets.join(' '),
  ]);
  const head = [
    'run',
    'ended',
    'status',
    'time',
    'ran',
    'fresh',
    'failed',
    'skipped',
    'pinned as',
    'targets',
  ];
  // Columns that would be empty are left out.
  const isShown = (c: number): boolean => c < 8 || rows.some((row) => row[c] !== '');
  const table = [head, ...rows].map((row) => row.filter((_, c) => isShown(c)));
  const lines = ['', ...layout(table, { right: [0, 3, 4, 5, 6, 7] })];
  if (failures.length > 0) {
    lines.push('', `failed in run ${runs[0]!.run}:`);
    for (const { node, item, message } of failures.slice(0, FAILURES_SHOWN)) {
      lines.push(`  ${paint.red(instance(node, item))}: ${message}`);
    }
    if (failures.length > FAILURES_SHOWN)
      lines.push(`  and ${counted(failures.length - FAILURES_SHOWN, 'more failure')}`);
  }
  return lines;
}
