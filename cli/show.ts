/** `cohortflow show`: a preview of any result. */
import { join } from 'node:path';
import type { Store } from '../cache/store.js';
import type { Preview } from '../engine/show.js';
import { EXIT, RejectedWorkflow, UserError } from './failure.js';
import { bytes, count, counted, instance, nearPath, short } from './format.js';
import { layout } from './layout.js';
import { loadStudy, openRecords, recordedName, storeFolder, takeWorkflowFile } from './study.js';
import { chosenSubject, requireNode, runOption, type RunFlags } from './subject.js';
import { fit, type Paint, type Terminal } from './terminal.js';
import { defineVerb, parseCount, storeOptions, type WorkflowFlags } from './verb.js';

interface ShowFlags extends WorkflowFlags, RunFlags {
  readonly rows?: string;
}

interface Shown {
  readonly node: string;
  readonly item: string;
  readonly output: string;
  readonly preview: Preview;
  /** Where it was published; absolute. */
  readonly published: readonly string[];
}

const ROWS = 10;
const INSTANCES_SHOWN = 5;
const CELL_WIDTH = 24;
const JSON_LINES = 60;

export const verb = defineVerb<ShowFlags>({
  usage: '[WORKFLOW.yaml] NODE[.PORT] [ITEM…] | FILE | DIGEST',
  details:
    'Tables: the first rows, types and missing cells. Arrays: shape and range. Figures: where they were published.',
  examples: [
    ['show metrics', 'every output of a node'],
    ['show stack.table fev fold=3 --rows 30', 'one instance of one output'],
    ['show 4f1c9a --json', 'by the beginning of its digest'],
  ],
  options(command) {
    storeOptions(command);
    runOption(command);
    command.option('-n, --rows <n>', `rows of a table to show (default: ${ROWS})`);
  },
  async run(words, flags, terminal) {
    const rows = flags.rows === undefined ? ROWS : parseCount(flags.rows, '--rows');
    const { file, rest } = takeWorkflowFile(words, flags);
    if (rest.length === 0) throw new UserError('name a node, a file or a digest', 'cohortflow show --help');
    const store = await openRecords(storeFolder(file, flags));
    try {
      const workflow = await recordedName(store, file, flags, terminal);
      const [{ subjectInstances }, { previewArtifact }] = await Promise.all([
        import('../engine/recorded.js'),
        import('../engine/show.js'),
      ]);
      const subject = requireNode(
        await chosenSubject(store, workflow, rest, flags),
        'it stays as it is',
        'cohortflow lineage FILE --down',
      );
      const { recorded, node } = subject;
      const group = recorded.group(node)!;
      const instances = subjectInstances(subject);
      const copies = await publishedCopies(store, file, flags, terminal);
      const shown: Shown[] = [];
      for (const at of instances.slice(0, INSTANCES_SHOWN)) {
        const outputs = group.outputs(at, store);
        if (!outputs) {
          const ending = group.ending(at);
          if (ending === 'done')
            throw new UserError(
              `${instance(node, group.itemText(at))}: its result is no longer in the store`,
              'run again',
            );
          throw new UserError(
            `${instance(node, group.itemText(at))} has no result: it ${endingText(ending)} in run ${recorded.run.id}`,
          );
        }
        for (const [output, ref] of Object.entries(outputs)) {
          if (subject.output !== null && output !== subject.output) continue;
          const preview = await previewArtifact(store, ref, rows);
          shown.push({
            node,
            item: group.itemText(at),
            output,
            preview,
            published: copies.get(ref.digest) ?? [],
          });
        }
      }
      if (terminal.isJson) terminal.json(shown.length === 1 ? shown[0] : shown);
      else {
        for (const [n, each] of shown.entries()) {
          if (n > 0) terminal.print();
          for (const line of showLines(each, terminal.paint)) terminal.print(line);
        }
        if (instances.length > INSTANCES_SHOWN)
          terminal.print(
            `\nand ${counted(instances.length - INSTANCES_SHOWN, 'more instance')}: name an item`,
          );
      }
      return EXIT.done;
    } finally {
      store.close();
    }
  },
});

function endingText(ending: 'open' | 'failed' | 'skipped'): string {
  if (ending === 'failed') return 'failed';
  return ending === 'skipped' ? 'was skipped' : 'was not reached';
}

/** The published copies of a result, by its digest; none where the workflow no longer loads. */
async function publishedCopies(
  store: Store,
  file: string,
  flags: WorkflowFlags,
  terminal: Terminal,
): Promise<Map<string, string[]>> {
  const copies = new Map<string, string[]>();
  let folder: string;
  try {
    folder = (await loadStudy(file, flags, terminal, store)).workflow.publishTo;
  } catch (error) {
    if (error instanceof RejectedWorkflow) return copies;
    throw error;
  }
  for (const { path, source } of store.index.publications.of(folder)) {
    // A report is of no single result.
    if (!source.startsWith('[')) continue;
    const [digest] = JSON.parse(source) as [string];
    copies.set(digest, [...(copies.get(digest) ?? []), join(folder, path)]);
  }
  return copies;
}

/** One preview in lines. */
export function showLines({ node, item, output, preview, published }: Shown, paint: Paint): string[] {
  const name = instance(`${node}.${output}`, item);
  const head = (what: string): string => `${paint.bold(name)}  ${what}  ${paint.dim(short(preview.digest))}`;
  const where = published.map((path) => `published as ${nearPath(path)}`);
  switch (preview.kind) {
    case 'table': {
      const { rows, id, columns } = preview;
      const ids = id === null ? 'without ids' : `ids in '${id}'`;
      const title = head(`table of ${counted(rows, 'row')} × ${counted(columns.length, 'column')}, ${ids}`);
      return [title, ...where, ...tableLines(preview, paint)];
    }
    case 'array': {
      const { type, shape, missing, min, mean, max, head: first } = preview;
      const range =
        min === null ? 'all missing' : `from ${number(min)} to ${number(max!)}, mean ${number(mean!)}`;
      return [
        head(`${type} array of ${shape.join(' × ')}`),
        ...where,
        `${range}, ${count(missing)} missing`,
        `${first.map((value) => (value === null ? '·' : number(value))).join(' ')}${product(shape) > first.length ? ' …' : ''}`,
      ];
    }
    case 'json':
    case 'view': {
      const lines = JSON.stringify(preview.value, null, 2).split('\n');
      const more =
        lines.length > JSON_LINES
          ? [`… ${counted(lines.length - JSON_LINES, 'more line')} (--json for all)`]
          : [];
      return [
        head(preview.kind === 'json' ? 'JSON' : 'view'),
        ...where,
        ...lines.slice(0, JSON_LINES),
        ...more,
      ];
    }
    case 'file': {
      const { extension, bytes: size, path } = preview;
      const kept = where.length > 0 ? where : [`not published; in the store as ${nearPath(path)}`];
      return [head(`.${extension} file of ${bytes(size)}`), ...kept];
    }
  }
}

function tableLines({ rows, id, columns, head }: Preview & { kind: 'table' }, paint: Paint): string[] {
  const named = [...(id === null ? [] : [{ name: id, type: 'text' as const, missing: 0 }]), ...columns];
  const right = named.flatMap(({ type }, c) => (type === 'number' ? [c] : []));
  const cell = (value: string | number | null): string =>
    value === null ? '·' : fit(typeof value === 'number' ? number(value) : value, CELL_WIDTH);
  const missing = named.map((column) => (column.missing === 0 ? '' : `${count(column.missing)} missing`));
  const table = [
    named.map(({ name }) => fit(name, CELL_WIDTH)),
    named.map(({ type }) => paint.dim(type)),
    ...(missing.some((text) => text !== '') ? [missing.map((text) => paint.dim(text))] : []),
    ...head.map((row) => row.map(cell)),
  ];
  const more = rows - head.length;
  return [...layout(table, { right }), ...(more > 0 ? [paint.dim(`… ${counted(more, 'more row')}`)] : [])];
}

/** Up to six significant digits: a preview, not an export. */
function number(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15
    ? String(value)
    : String(Number(value.toPrecision(6)));
}

const product = (shape: readonly number[]): number => shape.reduce((all, size) => all * size, 1);
