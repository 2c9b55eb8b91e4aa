/** `cohortflow query`: SQL over results, by node name. */
import type { QueryOutcome } from '../engine/query.js';
import { EXIT, UserError } from './failure.js';
import { count, counted } from './format.js';
import { layout } from './layout.js';
import { openRecords, recordedName, storeFolder, takeWorkflowFile } from './study.js';
import { chosenRun, runOption, type RunFlags } from './subject.js';
import { fit, type Paint } from './terminal.js';
import { defineVerb, storeOptions, type WorkflowFlags } from './verb.js';

interface QueryFlags extends WorkflowFlags, RunFlags {
  readonly csv?: true;
}

/** Rows of the table for people; --json and --csv give all. */
const ROWS_SHOWN = 200;
const CELL_WIDTH = 40;

export const verb = defineVerb<QueryFlags>({
  usage: '[WORKFLOW.yaml] "SELECT …"',
  details: `A table is a node, or "node.port" where it has several; quote names that hold dots or dashes. A node with axes is one table
of all its instances, with a column for each axis. An input that is one table can be named, too. The SQL is DuckDB's; it only reads, and reaches neither files nor the network.`,
  examples: [
    ['query "SELECT trait, avg(r2) FROM metrics GROUP BY trait"', 'over all instances'],
    ['query \'FROM "eligible.flow"\'', 'one output of a node with several'],
    ['query "SELECT * FROM top ORDER BY x" --csv > top.csv', 'all rows as CSV'],
  ],
  options(command) {
    storeOptions(command);
    runOption(command);
    command.option('--csv', 'write CSV');
  },
  async run(words, flags, terminal) {
    const { file, rest } = takeWorkflowFile(words, flags);
    const sql = rest.join(' ').trim();
    if (sql === '') throw new UserError('give an SQL text', 'cohortflow query "SELECT * FROM NODE"');
    const store = await openRecords(storeFolder(file, flags));
    try {
      const workflow = await recordedName(store, file, flags, terminal);
      const { queryStudy } = await import('../engine/query.js');
      const outcome = await queryStudy(store, workflow, sql, await chosenRun(store, workflow, flags));
      for (const { node, output, missing } of outcome.bound) {
        if (missing > 0 && !terminal.isJson)
          terminal.complain(`${node}.${output}: ${counted(missing, 'instance')} without a result left out`);
      }
      if (terminal.isJson) terminal.json({ ...outcome, rows: recordsOf(outcome) });
      else if (flags.csv === true) for (const line of csvLines(outcome)) terminal.print(line);
      else for (const line of queryLines(outcome, terminal.paint)) terminal.print(line);
      return EXIT.done;
    } finally {
      store.close();
    }
  },
});

function recordsOf({ columns, rows }: QueryOutcome): Record<string, unknown>[] {
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, c) => [name, row[c]])));
}

/** A missing cell is empty, an empty text is quoted: as in published tables. */
export function csvLines({ columns, rows }: QueryOutcome): string[] {
  const quote = (text: string): string =>
    text === '' || /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return [
    columns.map(({ name }) => quote(name)).join(','),
    ...rows.map((row) =>
      row
        .map((cell) => (cell === null ? '' : typeof cell === 'string' ? quote(cell) : String(cell)))
        .join(','),
    ),
  ];
}

export function queryLines({ columns, rows }: QueryOutcome, paint: Paint): string[] {
  const isNumeric = columns.map((_, c) => rows.every((row) => row[c] === null || typeof row[c] === 'number'));
  const cell = (value: string | number | boolean | null): string =>
    value === null ? '·' : fit(typeof value === 'number' ? number(value) : String(value), CELL_WIDTH);
  const table = [
    columns.map(({ name }) => paint.bold(fit(name, CELL_WIDTH))),
    ...rows.slice(0, ROWS_SHOWN).map((row) => row.map(cell)),
  ];
  const lines = layout(table, { right: columns.flatMap((_, c) => (isNumeric[c] ? [c] : [])) });
  if (rows.length > ROWS_SHOWN)
    lines.push(paint.dim(`… ${count(rows.length - ROWS_SHOWN)} more rows (--csv or --json for all)`));
  return lines;
}

/** Up to six significant digits for people; --json and --csv give all. */
function number(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15
    ? String(value)
    : String(Number(value.toPrecision(6)));
}
