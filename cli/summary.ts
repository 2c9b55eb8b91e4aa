/**
 * Summary: what a run did, at its end: what ran and why, what was fresh, what failed and how to repeat it, what was published.
 *
 * Not responsible for what is said while it goes (progress.ts).
 */
import type { NodeSummary } from '../engine/event.js';
import type { JobFailure } from '../engine/job.js';
import type { RootFailure, StudyOutcome } from '../engine/study.js';
import { count, counted, duration, instance, listed, nearPath, shellWord } from './format.js';
import { layout } from './layout.js';
import type { Paint } from './terminal.js';
import { join } from 'node:path';

/** Roots of failures that are told in full. */
const FAILURES_SHOWN = 10;
const LOG_LINES = 10;
const WARNINGS_SHOWN = 10;

export interface SummaryOptions {
  readonly paint: Paint;
  readonly workflow: string;
  /** The command line that runs these nodes and nothing else. */
  readonly command: (nodes: readonly string[]) => readonly string[];
}

/** The summary in lines. */
export function summaryLines(outcome: StudyOutcome, options: SummaryOptions): string[] {
  const { paint } = options;
  const done = outcome.nodes.filter(({ ran, failed, skipped, open }) => ran + failed + skipped + open > 0);
  const common = outcome.status === 'done' ? commonReason(done) : null;
  const lines = [`${headline(outcome, options)}${common === null ? '' : ` (${common})`}`];
  if (done.length > 0) lines.push('', ...nodeLines(done, common, paint));
  for (const line of cutOffLines(outcome.nodes)) lines.push(line);
  const fresh = outcome.nodes.reduce((sum, node) => sum + node.fresh, 0);
  if (fresh > 0 && done.length > 0) lines.push(`${counted(fresh, 'instance')} fresh`);
  lines.push(...failureLines(outcome.failures, options));
  lines.push(...warningLines(outcome.nodes, paint));
  if (outcome.published) lines.push(...publishedLines(outcome.published, paint));
  return lines;
}

function headline(
  { run, status, seconds, nodes }: StudyOutcome,
  { paint, workflow }: SummaryOptions,
): string {
  const head = `${workflow} run ${run}`;
  const time = duration(seconds);
  if (status === 'failed') return `${paint.red(`${head} failed`)} in ${time}`;
  if (status === 'interrupted')
    return `${paint.yellow(`${head} interrupted`)} after ${time}: what was finished is kept`;
  const ran = nodes.reduce((sum, node) => sum + node.ran, 0);
  const all = nodes.reduce((sum, node) => sum + Math.max(0, node.instances), 0);
  if (ran === 0) {
    const fresh = all === 1 ? 'the one instance is fresh' : `all ${counted(all, 'instance')} are fresh`;
    return `${paint.green(`${head}: nothing to do`)}: ${fresh} (${time})`;
  }
  return `${paint.green(`${head} done`)} in ${time}: ${count(ran)} of ${counted(all, 'instance')} ran`;
}

/** The one reason for everything, as in a first run: told once, not beside each node. */
function commonReason(nodes: readonly NodeSummary[]): string | null {
  const ran = nodes.filter((node) => node.ran > 0);
  const reasons = new Set(ran.flatMap((node) => Object.keys(node.reasons)));
  const [first] = reasons;
  return ran.length > 1 && reasons.size === 1 ? first! : null;
}

function nodeLines(nodes: readonly NodeSummary[], common: string | null, paint: Paint): string[] {
  const rows = nodes.map((node) => {
    const { ran, failed, skipped, open, instances, seconds } = node;
    const parts = [
      ran > 0 ? paint.green(`${count(ran)} ran`) : '',
      failed > 0 ? paint.red(`${count(failed)} failed`) : '',
      skipped > 0 ? paint.yellow(`${count(skipped)} skipped`) : '',
      open > 0 ? paint.yellow(`${count(open)} not reached`) : '',
    ].filter(Boolean);
    const of = instances > 1 ? `of ${count(instances)}` : '';
    return [
      node.node,
      parts.join(', '),
      of,
      ran > 0 ? duration(seconds) : '',
      common === null ? paint.dim(reasonsText(node.reasons)) : '',
    ];
  });
  return layout(rows, { right: [2, 3], indent: '  ' });
}

/** The commonest reasons, with counts where there is more than one. */
export function reasonsText(reasons: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(reasons).sort(([, a], [, b]) => b - a);
  if (sorted.length === 1) return sorted[0]![0];
  const shown = sorted.slice(0, 3).map(([text, times]) => `${count(times)} × ${text}`);
  if (sorted.length > 3) shown.push(`and ${counted(sorted.length - 3, 'other reason')}`);
  return shown.join(' | ');
}

function cutOffLines(nodes: readonly NodeSummary[]): string[] {
  const cut = nodes.filter(({ unchanged }) => unchanged > 0);
  if (cut.length === 0) return [];
  const names = cut.map(({ node, ran, unchanged }) =>
    unchanged === ran ? node : `${node} (${count(unchanged)} of ${count(ran)})`,
  );
  return [`cut off: ${listed(names)} gave the same result as before; what depends on it did not run again`];
}

function failureLines(failures: readonly RootFailure[], { paint, command }: SummaryOptions): string[] {
  const lines: string[] = [];
  for (const { node, item, failure, from, skipped } of failures.slice(0, FAILURES_SHOWN)) {
    lines.push('', `${paint.red('failed')} ${paint.bold(instance(node, item))}: ${failure.message}`);
    const where = whereText(failure.where, from);
    if (where !== '') lines.push(`  at ${where}`);
    if (skipped > 0) lines.push(`  ${counted(skipped, 'instance')} skipped because of it`);
    const tail = failure.log.slice(-LOG_LINES);
    if (tail.length > 0) lines.push('  end of its log:', ...tail.map((line) => paint.dim(`    ${line}`)));
    if (!node.startsWith('axis '))
      lines.push(`  run just this again: ${command([node]).map(shellWord).join(' ')}`);
  }
  if (failures.length > FAILURES_SHOWN) {
    const rest = failures.slice(FAILURES_SHOWN);
    const nodes = listed([...new Set(rest.map(({ node }) => node))]);
    lines.push('', `and ${counted(rest.length, 'more failure')} of ${nodes}; cohortflow status lists them`);
  }
  return lines;
}

function whereText(where: JobFailure['where'] = {}, from: readonly string[]): string {
  const { port, column, row } = where;
  const files = from.length === 0 ? '' : ` (${listed(from)})`;
  const parts = [
    port === undefined ? '' : `port '${port}'${files}`,
    column === undefined ? '' : `column '${column}'`,
    row === undefined ? '' : `row '${row}'`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** Warnings of one text are told once, with how many instances gave it. */
function warningLines(nodes: readonly NodeSummary[], paint: Paint): string[] {
  const lines: string[] = [];
  let left = 0;
  for (const { node, warnings } of nodes) {
    const byText = new Map<string, string[]>();
    for (const { item, message } of warnings) {
      const items = byText.get(message);
      if (items) items.push(item);
      else byText.set(message, [item]);
    }
    for (const [message, items] of byText) {
      if (lines.length >= WARNINGS_SHOWN) {
        left++;
        continue;
      }
      const of =
        items.length === 1 ? instance(node, items[0]!) : `${node} (${counted(items.length, 'instance')})`;
      lines.push(`${paint.yellow('warning')} ${of}: ${message}`);
    }
  }
  if (left > 0) lines.push(`and ${counted(left, 'more warning')}; they are in the report`);
  return lines.length === 0 ? [] : ['', ...lines];
}

function publishedLines(published: NonNullable<StudyOutcome['published']>, paint: Paint): string[] {
  const { folder, written, unchanged, removed, edited, orphaned, stale, problems, report } = published;
  const total = written.length + unchanged;
  if (total + removed.length + edited.length + orphaned.length + stale.length + problems.length === 0)
    return [];
  const parts = [
    written.length > 0 ? `${count(written.length)} written` : '',
    unchanged > 0 ? `${count(unchanged)} unchanged` : '',
    removed.length > 0 ? `${count(removed.length)} removed` : '',
  ].filter(Boolean);
  const changes = parts.length === 0 ? '' : ` (${parts.join(', ')})`;
  const lines = ['', `published ${counted(total, 'file')} in ${nearPath(folder)}${changes}`];
  if (edited.length > 0) {
    lines.push(
      `${paint.yellow('left alone')} ${listed(edited)}: edited since; delete or rename ${edited.length === 1 ? 'it' : 'them'} to have the result again`,
    );
  }
  if (orphaned.length > 0) {
    lines.push(
      `${paint.yellow('left alone')} ${listed(orphaned)}: no longer made, but edited since; delete ${orphaned.length === 1 ? 'it' : 'them'} when not needed`,
    );
  }
  if (stale.length > 0) {
    lines.push(
      `${paint.yellow('of an earlier run')} ${listed(stale)}: what makes ${stale.length === 1 ? 'it' : 'them'} did not finish`,
    );
  }
  for (const { path, message } of problems) lines.push(`${paint.red('not published')} ${path}: ${message}`);
  if (report !== null) lines.push(`report: ${paint.bold(nearPath(join(folder, report)))}`);
  return lines;
}
