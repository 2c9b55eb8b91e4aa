/**
 * Import: delimited text and Parquet into columns, through DuckDB.
 *
 * A column is a number when each of its cells that is not missing is a number, else text; the user may force either. Only the
 * columns asked for are read, in one pass over the file (import-copy.ts). With an id column the rows are sorted by id, so that their order in the file is no content.
 * Not responsible for knowing whether a column was imported before (raw.ts).
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { extname } from 'node:path';
import type { ArtifactRef, Digest } from '../cache/artifact.js';
import { takeRows, textColumn } from '../cache/column.js';
import type { ArtifactWriter } from '../cache/artifacts.js';
import { compareBytes } from '../cache/table.js';
import { ImportCopy, quoteName, quoteText, type CopyPlace } from './import-copy.js';
import type { ImportJob, JobFailure, JobMessage } from './job.js';
import { TaskError } from './task.js';
import type { ReadOptions } from './workflow.js';

/** A text column of which this share of cells are numbers draws a warning: a stray code, or the wrong missing value. */
const NEARLY_NUMERIC = 0.9;

/** Columns that cannot be read, after which the file is taken to be at fault. */
const FAILURES_TOLD = 20;

/** @param objectFolder of the store: beside it is the scratch folder to which a large file's columns are copied. */
export async function importTable(
  job: ImportJob,
  writer: ArtifactWriter,
  objectFolder: string,
): Promise<JobMessage> {
  const { path, size } = job.identity;
  return withConnection(async (connection) => {
    try {
      if (job.columns === null)
        return { type: 'header', header: await readHeader(connection, path, job.read) };
      const found = await readColumns(
        { connection, path, place: { size, objectFolder } },
        job.read,
        job.columns,
        writer,
      );
      return { type: 'columns', ...found, inline: [] };
    } catch (error) {
      throw asTaskError(error, path);
    }
  });
}

/** DuckDB's messages name the line and the column; its advice on its own options would only confuse. */
function asTaskError(error: unknown, path: string): TaskError {
  if (error instanceof TaskError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new TaskError(`${path}: ${text.split(/\n\s*\n|\nPossible (?:fixes|solutions)/)[0]!.trim()}`);
}

/** The names of the file's columns, in the file's order, without reading its rows. */
export async function readColumnNames(path: string, read: ReadOptions): Promise<string[]> {
  return withConnection((connection) => columnNames(connection, path, read));
}

async function withConnection<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  try {
    return await work(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** DuckDB expands wildcards in paths; a bracket class of one character stands for that character. */
const quotePath = (path: string): string => quoteText(path.replace(/[*?[]/g, '[$&]'));

/** The relation to read from, every cell as it stands in the file (text), or as typed in Parquet. */
function relation(path: string, read: ReadOptions): string {
  const name = path.replace(/\.gz$/i, '');
  const extension = extname(name).toLowerCase();
  const format = read.format ?? (extension === '.parquet' ? 'parquet' : extension === '.csv' ? 'csv' : 'tsv');
  if (format === 'parquet') return `read_parquet(${quotePath(path)})`;
  const missing = ['', ...read.missing].map(quoteText).join(', ');
  // A .txt may be separated by tabs, commas, semicolons or blanks: DuckDB's sniffer tells.
  const delimiter =
    format === 'csv' ? ", delim = ','" : extension === '.txt' && read.format === null ? '' : ", delim = '\t'";
  return `read_csv(${quotePath(path)}, header = true, all_varchar = true, nullstr = [${missing}]${delimiter}, quote = '"')`;
}

async function rowsOf(connection: DuckDBConnection, sql: string): Promise<unknown[][]> {
  return (await connection.runAndReadAll(sql)).getRows();
}

async function columnNames(connection: DuckDBConnection, path: string, read: ReadOptions): Promise<string[]> {
  const rows = await rowsOf(connection, `DESCRIBE SELECT * FROM ${relation(path, read)}`);
  return rows.map((row) => String(row[0]));
}

async function readHeader(
  connection: DuckDBConnection,
  path: string,
  read: ReadOptions,
): Promise<Extract<JobMessage, { type: 'header' }>['header']> {
  const source = relation(path, read);
  const names = await columnNames(connection, path, read);
  if (read.id !== null && !names.includes(read.id)) {
    throw new TaskError(
      `${path} has no id column '${read.id}'; its columns are ${names.slice(0, 20).join(', ')}`,
      {
        column: read.id,
      },
    );
  }
  const counts = await countCells(connection, source, names);
  const columns: { name: string; type: 'number' | 'text' }[] = [];
  const warnings: string[] = [];
  for (const name of names) {
    if (name === read.id) continue;
    const { present, numeric } = counts.of(name);
    const forced = read.types[name];
    // A column without any value is a number column: all missing.
    columns.push({ name, type: forced ?? (numeric === present ? 'number' : 'text') });
    if (forced === undefined && numeric < present && numeric >= NEARLY_NUMERIC * present) {
      const stray = await strayText(connection, source, name);
      warnings.push(
        `${path}: ${stray} (${present - numeric} of ${present} cells); the column is read as text`,
      );
    }
  }
  // The order of columns in a file is no content.
  columns.sort((a, b) => compareBytes(a.name, b.name));
  return { rows: counts.rows, columns, warnings };
}

/** Rows, and for each column how many cells are not missing and how many of these are numbers. */
async function countCells(
  connection: DuckDBConnection,
  source: string,
  names: readonly string[],
): Promise<{ rows: number; of: (name: string) => { present: number; numeric: number } }> {
  const count = async (some: readonly string[]): Promise<number[]> => {
    const counts = some.map(
      (name) => `count(${quoteName(name)}), count(TRY_CAST(${quoteName(name)} AS DOUBLE))`,
    );
    const [totals] = await rowsOf(connection, `SELECT ${['count(*)', ...counts].join(', ')} FROM ${source}`);
    return totals!.map(Number);
  };
  let rows: number | undefined;
  const { found, failed } = await apart(names, async (some) => {
    const [all, ...totals] = await count(some);
    rows = all;
    return some.map((name, i) => [name, { present: totals[2 * i]!, numeric: totals[2 * i + 1]! }] as const);
  });
  const cells = new Map(found);
  // What a column that cannot be read holds is told when it is read.
  for (const [name] of failed) cells.set(name, { present: 1, numeric: 0 });
  return { rows: rows ?? (await count([]))[0]!, of: (name) => cells.get(name)! };
}

/**
 * Reads columns together and, when that fails, in halves, until those that are to blame are known. Columns that fail by themselves
 * are told; the file is at fault when there are many of them, or when not one column can be read.
 */
async function apart<T>(
  names: readonly string[],
  read: (some: readonly string[]) => Promise<readonly T[]>,
): Promise<{ found: readonly T[]; failed: readonly (readonly [name: string, error: unknown])[] }> {
  const found: T[] = [];
  const failed: [string, unknown][] = [];
  const open = [names];
  for (let some = open.pop(); some; some = open.pop()) {
    try {
      found.push(...(await read(some)));
    } catch (error) {
      // What is wrong with ids is wrong with all.
      if (error instanceof IdError || failed.length >= FAILURES_TOLD) throw error;
      if (some.length > 1) {
        const half = Math.ceil(some.length / 2);
        open.push(some.slice(half), some.slice(0, half));
      } else if (names.length === 1) {
        throw error;
      } else {
        failed.push([some[0]!, error]);
      }
    }
  }
  if (found.length === 0 && failed.length > 0) throw failed[0]![1];
  return { found, failed };
}

/** The first cell that is no number, if there is one; rows count from 1 after the header. */
async function firstStray(
  connection: DuckDBConnection,
  source: string,
  name: string,
): Promise<{ row: number; value: string } | null> {
  const column = quoteName(name);
  const [found] = await rowsOf(
    connection,
    `SELECT row, value FROM (SELECT row_number() OVER () AS row, ${column} AS value FROM ${source})
     WHERE value IS NOT NULL AND TRY_CAST(value AS DOUBLE) IS NULL ORDER BY row LIMIT 1`,
  );
  return found ? { row: Number(found[0]), value: String(found[1]) } : null;
}

async function strayText(connection: DuckDBConnection, source: string, name: string): Promise<string> {
  const { row, value } = (await firstStray(connection, source, name))!;
  return `column '${name}', row ${row}: expected a number, got '${value}'`;
}

type Columns = Pick<Extract<JobMessage, { type: 'columns' }>, 'tables' | 'failed'>;

/** A file that is being read. */
interface Source {
  readonly connection: DuckDBConnection;
  readonly path: string;
  readonly place: CopyPlace;
}

async function readColumns(
  file: Source,
  read: ReadOptions,
  asked: readonly string[],
  writer: ArtifactWriter,
): Promise<Columns> {
  const { connection, path } = file;
  const failures: [string, JobFailure][] = [];
  const fail = (name: string, message: string, where: NonNullable<JobFailure['where']> = {}): void => {
    failures.push([name, { kind: 'task', message, where: { column: name, ...where }, log: [] }]);
  };
  const source = relation(path, read);
  // A cell that is no number in a column that is said to hold numbers.
  const forced = asked.filter((name) => name !== '' && read.types[name] === 'number');
  for (const name of forced) {
    const stray = await firstStray(connection, source, name).catch(() => null);
    if (stray)
      fail(name, `${path}: column '${name}', row ${stray.row}: expected a number, got '${stray.value}'`, {
        row: String(stray.row),
      });
  }
  const bad = new Set(failures.map(([name]) => name));
  const sound = asked.filter((name) => !bad.has(name));
  if (sound.length === 0) return { tables: [], failed: failures };
  const { found, failed } = await apart(sound, (some) => readTogether(file, read, some, writer));
  for (const [name, error] of failed) fail(name, asTaskError(error, path).message);
  return { tables: found, failed: failures };
}

async function readTogether(
  source: Source,
  read: ReadOptions,
  asked: readonly string[],
  writer: ArtifactWriter,
): Promise<[string, ArtifactRef][]> {
  const { connection, path, place } = source;
  const wanted = asked.filter((name) => name !== '');
  const copied = read.id === null ? wanted : [...new Set([read.id, ...wanted])];
  return ImportCopy.of(connection, relation(path, read), copied, place, async (copy) => {
    const { rows } = copy;
    const types = await copy.types(wanted, read.types);
    let places: Int32Array | null = null;
    let id: { name: string; digest: Digest } | null = null;
    if (read.id !== null) {
      const ids = await copy.texts(read.id);
      const order = sortIds(ids, path, read.id);
      places = new Int32Array(rows);
      for (let i = 0; i < rows; i++) places[order[i]!] = i;
      id = { name: read.id, digest: await writer.column(takeRows(textColumn(ids), order)) };
    }
    const tables: [string, ArtifactRef][] = [];
    for (const [i, name] of wanted.entries()) {
      const column = await copy.read(name, types[i]!, places);
      const digest = await writer.column(column);
      tables.push([name, writer.manifest({ rows, id, columns: [{ name, type: column.type, digest }] })]);
    }
    // '' asks for the ids and the number of rows alone.
    if (wanted.length < asked.length) tables.push(['', writer.manifest({ rows, id, columns: [] })]);
    return tables;
  });
}

/** An id is missing, or occurs twice: no column can be read. */
class IdError extends TaskError {}

/** Rows in the order of their ids. @throws IdError for a missing id or one that occurs twice. */
function sortIds(ids: readonly (string | null)[], path: string, name: string): Int32Array {
  const empty = ids.indexOf(null);
  if (empty >= 0) {
    throw new IdError(`${path}: column '${name}', row ${empty + 1}: the id is missing`, {
      column: name,
      row: String(empty + 1),
    });
  }
  const order = Int32Array.from(ids, (_, i) => i).sort((a, b) => compareBytes(ids[a]!, ids[b]!));
  for (let i = 1; i < order.length; i++) {
    const [a, b] = [order[i - 1]!, order[i]!];
    if (ids[a] === ids[b]) {
      const [first, second] = a < b ? [a, b] : [b, a];
      throw new IdError(
        `${path}: column '${name}': the id '${ids[a]!}' occurs twice, in rows ${first + 1} and ${second + 1}; ids must be unique`,
        { column: name, row: String(second + 1) },
      );
    }
  }
  return order;
}
