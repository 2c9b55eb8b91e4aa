/**
 * Query input: a raw table as a query sees it: with the content that the run read, of which columns that nobody needed so far are read now.
 *
 * Not responsible for the query (query.ts) nor for how cells are read (import.ts).
 */
import { basename, dirname } from 'node:path';
import type { Manifest } from '../cache/manifest.js';
import type { Store } from '../cache/store.js';
import { importTable } from './import.js';
import { InputFailure } from './input-failure.js';
import { QueryError } from './query-names.js';
import { manifestPart, type Source } from './query-table.js';
import { RawFiles, type RawTable } from './raw.js';
import type { Recorded } from './recorded.js';
import { NotFoundError } from './selection.js';
import { TaskError } from './task.js';

/** @param isRead which columns are asked for. @throws NotFoundError, QueryError */
export async function inputSource(
  { graph, run, store }: Recorded,
  name: string,
  isRead: (column: string) => boolean,
): Promise<Source> {
  const { type, parts, read } = graph.inputs[name]!;
  if (type !== 'table') throw new NotFoundError(`the input '${name}' is a file, not a table; name a node`);
  if (!parts.every((part) => typeof part === 'string'))
    throw new NotFoundError(`the input '${name}' is a file for each item; name a node that reads it`);
  const path = parts.join('');
  const raw = new RawFiles(store, dirname(graph.file));
  const table = raw.table(path, read);
  const recorded = graph.files.find((file) => file.path === path)?.digest ?? null;
  if (raw.digest(path) === null && !raw.failureOf(path)) await raw.hash(path);
  const now = raw.digest(path);
  const failure = raw.failureOf(path);
  if (now === null && recorded === null && failure) throw new NotFoundError(failure.message);
  const isAsRun = now !== null && (recorded === null || recorded === now);
  const manifest = isAsRun
    ? await readNow(store, raw, table, isRead)
    : readBefore(raw, table, recorded!, isRead, `${basename(path)} has changed since run ${run.id}`);
  const part = { items: {}, ...manifestPart(store, manifest) };
  const header = isAsRun ? raw.header(table) : raw.headerOf(recorded!, table);
  const names = [
    ...(read.id === null ? [] : [read.id]),
    ...(header?.columns ?? []).map((column) => column.name),
  ];
  return { name, output: '', axes: [], parts: [part], names, missing: 0 };
}

/** What was read is kept, as by a run. */
async function readNow(
  store: Store,
  raw: RawFiles,
  table: RawTable,
  isRead: (column: string) => boolean,
): Promise<Manifest> {
  for (;;) {
    try {
      const names = raw.header(table)?.columns.flatMap(({ name }) => (isRead(name) ? [name] : []));
      const manifest = names && raw.columns(table, names);
      if (manifest) return manifest;
      for (const { job } of raw.takeJobs(1)) {
        const began = performance.now();
        const message = await importTable(job, store.writer, store.objects.folder);
        const seconds = (performance.now() - began) / 1000;
        const details = { seconds, memory: 0, backend: 'duckdb', made: Date.now(), warnings: [], log: [] };
        if (message.type === 'header') raw.acceptHeader(table, message.header, details);
        else if (message.type === 'columns') raw.acceptColumns(table, message, details);
      }
    } catch (error) {
      if (error instanceof InputFailure || error instanceof TaskError) throw new QueryError(error.message);
      throw error;
    }
  }
}

/** Of a file that is another one by now: what runs have read of it. */
function readBefore(
  raw: RawFiles,
  table: RawTable,
  digest: string,
  isRead: (column: string) => boolean,
  why: string,
): Manifest {
  const header = raw.headerOf(digest, table);
  const names = header?.columns.flatMap(({ name }) => (isRead(name) ? [name] : [])) ?? [];
  const read = names.map((name) => [name, raw.columnOf(digest, table, name)] as const);
  const lost = read.filter(([, manifest]) => !manifest).map(([name]) => name);
  const shape = read.find(([, manifest]) => manifest)?.[1] ?? raw.columnOf(digest, table, '');
  if (!header || lost.length > 0 || !shape)
    throw new NotFoundError(
      `${why}, and ${lost.length > 0 ? lost.join(', ') : 'it'} had not been read: run again`,
    );
  return { ...shape, columns: read.map(([, manifest]) => manifest!.columns[0]!) };
}
