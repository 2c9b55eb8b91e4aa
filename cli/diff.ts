/** `cohortflow diff`: in what two runs differ: parameters, inputs, nodes, people, metrics, tables. */
import type { CellChange, Cell } from '../engine/table-diff.js';
import type { MetricsDiff, NodeDiff, RunDiff, RunHead } from '../engine/diff.js';
import { EXIT, UserError } from './failure.js';
import { count, counted, instance, listed, nearPath, short, time } from './format.js';
import { layout } from './layout.js';
import { openRecords, recordedName, storeFolder, takeWorkflowFile } from './study.js';
import { fit, inline, type Paint } from './terminal.js';
import { defineVerb, storeOptions, type WorkflowFlags } from './verb.js';

interface DiffFlags extends WorkflowFlags {
  readonly tolerance?: string;
}

/** Lines of one kind that are told one by one. */
const SHOWN = 30;
const METRICS_SHOWN = 60;
const VALUE_WIDTH = 60;

export const verb = defineVerb<DiffFlags>({
  usage: '[WORKFLOW.yaml] [RUN [RUN]]',
  details:
    'A run is its number, the name that it is pinned by, or last, last-1, …. Without runs the last two are compared; with one,\nit is compared with the last. Rows of tables are matched by id, else by their texts, else by position.',
  examples: [
    ['diff', 'the last two runs'],
    ['diff submitted last', 'a pinned run and the last'],
    ['diff 12 14 --tolerance 1e-6', 'numbers that differ by less than a millionth are equal'],
  ],
  options(command) {
    storeOptions(command);
    command.option(
      '--tolerance <x>',
      'numbers of published tables that differ by no more of the larger one are equal (default: 0)',
    );
  },
  async run(words, flags, terminal) {
    const tolerance = flags.tolerance === undefined ? 0 : Number(flags.tolerance);
    if (!(tolerance >= 0 && tolerance < 1))
      throw new UserError(
        `--tolerance: expected a number from 0 to 1, such as 1e-6, got '${flags.tolerance!}'`,
      );
    const { file, rest } = takeWorkflowFile(words, flags);
    const [first = 'last-1', second = 'last', ...more] = rest;
    if (more.length > 0) throw new UserError('two runs can be compared', 'cohortflow diff RUN RUN');
    const store = await openRecords(storeFolder(file, flags));
    try {
      const workflow = await recordedName(store, file, flags, terminal);
      const [{ findRun }, { Recorded }, { diffRuns }, { registry }] = await Promise.all([
        import('../engine/run-choice.js'),
        import('../engine/recorded.js'),
        import('../engine/diff.js'),
        import('../tasks/registry.js'),
      ]);
      const [before, after] = [first, second].map(
        (word) => new Recorded(store, findRun(store, workflow, word)),
      );
      const diff = await diffRuns(before!, after!, {
        tolerance,
        portType: (task, output) => registry.get(task)?.outputs[output]?.type ?? null,
      });
      if (terminal.isJson) terminal.json(diff);
      else for (const line of diffLines(diff, terminal.paint)) terminal.print(line);
      return EXIT.done;
    } finally {
      store.close();
    }
  },
});

export function diffLines(diff: RunDiff, paint: Paint): string[] {
  const { before, after } = diff;
  const head = (run: RunHead): string =>
    `run ${run.run}${run.workflow === after.workflow ? '' : ` of ${run.workflow}`} (${run.status}${run.ended === null ? '' : `, ${time(run.ended)}`})`;
  const sections = [
    section('parameters', paramRows(diff), paint),
    section('inputs', fileRows(diff), paint),
    section(
      'nodes',
      diff.nodes.map((node) => [node.node, nodeText(node)]),
      paint,
    ),
    section('rows', peopleRows(diff), paint),
    ...diff.flows.map((flow) => metricsSection(flow, paint)),
    ...diff.metrics.map((metrics) => metricsSection(metrics, paint)),
    ...diff.tables.map((table) => tableSection(table, paint)),
  ].filter((lines) => lines.length > 0);
  if (sections.length === 0) return [`${head(before)} and ${head(after)} do not differ`];
  return [`${head(before)} → ${head(after)}`, ...sections.flatMap((lines) => ['', ...lines])];
}

function section(title: string, rows: readonly (readonly string[])[], paint: Paint): string[] {
  if (rows.length === 0) return [];
  const more = rows.length > SHOWN ? [`  and ${count(rows.length - SHOWN)} more (--json for all)`] : [];
  return [paint.bold(title), ...layout(rows.slice(0, SHOWN), { indent: '  ' }), ...more];
}

function paramRows({ params, seed }: RunDiff): string[][] {
  const rows = params.map(({ name, before, after }) => [
    name,
    `${fit(inline(before), VALUE_WIDTH)} → ${fit(inline(after), VALUE_WIDTH)}`,
  ]);
  return seed ? [...rows, ['seed', `${seed.before} → ${seed.after}`]] : rows;
}

function fileRows({ files }: RunDiff): string[][] {
  return files.map(({ path, before, after }) => {
    const what =
      before === null
        ? 'added'
        : after === null
          ? 'no longer read'
          : `changed  ${short(before)} → ${short(after)}`;
    return [nearPath(path), what];
  });
}

/** `params.k 5 → 7; 37 of 60 instances have other results` */
function nodeText({ status, changes, instances, rekeyed, results, unfinished }: NodeDiff): string {
  if (status !== 'changed') return status;
  const parts = changes.map(({ field, from, to }) =>
    from === '' ? `${field} ${to || 'changed'}` : `${field} ${from} → ${to}`,
  );
  const { before, after } = instances;
  if (before === null || after === null)
    parts.push(before === null ? 'not part of the first run' : 'not part of the second run');
  else if (before !== after) parts.push(`instances ${count(before)} → ${count(after)}`);
  if (unfinished.before !== unfinished.after)
    parts.push(`without a result ${count(unfinished.before)} → ${count(unfinished.after)}`);
  if (rekeyed > 0) {
    const of = after === 1 ? '' : `${count(results)} of ${counted(after ?? 0, 'instance')}: `;
    parts.push(results === 0 ? 'made anew, same results' : `${of}other results`);
  }
  return parts.join('; ');
}

function peopleRows({ people }: RunDiff): string[][] {
  return people.map(({ node, output, item, before, after }) => [
    instance(`${node}.${output}`, item),
    `${count(before)} → ${count(after)}`,
    signed(after - before),
  ]);
}

function metricsSection({ node, output, item, by, rows }: MetricsDiff, paint: Paint): string[] {
  const changed = rows.filter(({ before, after }) => before !== after);
  const table = changed
    .slice(0, METRICS_SHOWN)
    .map(({ key, column, before, after, difference }) => [
      key,
      column,
      cellText(before),
      cellText(after),
      difference === null ? '' : signed(difference),
    ]);
  const title = paint.bold(instance(`${node}.${output}`, item));
  if (table.length === 0) return [];
  const heading = [by.join(' / ') || 'row', '', 'before', 'after', 'difference'];
  const more = changed.length - table.length;
  return [
    title,
    ...layout([heading.map(paint.dim), ...table], { right: [2, 3, 4], indent: '  ' }),
    ...(more > 0 ? [`  and ${count(more)} more (--json for all)`] : []),
  ];
}

function tableSection(table: RunDiff['tables'][number], paint: Paint): string[] {
  const { node, output, item, rows, columns, added, lost, changed, changes, examples, by } = table;
  const parts = [
    added > 0 ? `${count(added)} added (${someKeys(table.keysAdded, added)})` : '',
    lost > 0 ? `${count(lost)} lost (${someKeys(table.keysLost, lost)})` : '',
    changed > 0 ? `${count(changed)} of ${count(rows.after)} changed` : '',
  ].filter(Boolean);
  const lines = [`${paint.bold(instance(`${node}.${output}`, item))}  ${parts.join(', ')}`];
  if (columns.added.length > 0) lines.push(`  columns added: ${listed(columns.added)}`);
  if (columns.lost.length > 0) lines.push(`  columns gone: ${listed(columns.lost)}`);
  const names = Object.entries(changes).map(([name, times]) => `${name} (${count(times)})`);
  if (names.length > 0) lines.push(`  in ${listed(names, 8)}`);
  lines.push(...layout(examples.map(exampleRow), { indent: '    ' }));
  if (by.length === 0 && added + lost > 0) lines.push(paint.dim('  rows are matched by their position'));
  return lines;
}

/** `p3, p4, p5, …` */
function someKeys(keys: readonly string[], total: number): string {
  return `${keys.slice(0, 3).join(', ')}${total > 3 ? ', …' : ''}`;
}

function exampleRow({ key, column, before, after }: CellChange): string[] {
  return [fit(key, VALUE_WIDTH), column, `${cellText(before)} → ${cellText(after)}`];
}

function cellText(value: Cell): string {
  if (value === null) return '·';
  return typeof value === 'number' ? number(value) : fit(value, VALUE_WIDTH);
}

const signed = (value: number): string => `${value > 0 ? '+' : ''}${number(value)}`;

/** Up to six significant digits; --json gives all. */
function number(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15
    ? count(value)
    : String(Number(value.toPrecision(6)));
}
