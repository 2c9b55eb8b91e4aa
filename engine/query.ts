/**
 * Query: SQL over the results of a recorded run, by node name. Only the columns that the text names are read from the store.
 *
 * A node with axes is one table: its instances below each other, with a column for the item of each axis. DuckDB runs in memory and
 * reaches neither files nor the network. Not responsible for the layout of the answer (cli/).
 */
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { ArtifactRef } from '../cache/artifact.js';
import type { RunRow } from '../cache/runs.js';
import type { Store } from '../cache/store.js';
import { QueryError, queryNames, type QueryNames, type TableName } from './query-names.js';
import { recordedRuns, type Recorded } from './recorded.js';
import { NotFoundError, notFound } from './selection.js';
import { inputSource } from './query-input.js';
import {
  arrayTable,
  Binding,
  jsonTable,
  nodeSource,
  quoted,
  type BoundTable,
  type Source,
} from './query-table.js';

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export { QueryError } from './query-names.js';

/** Columns that are named when a query asks for one that is not there. */
const COLUMNS_TOLD = 30;

export interface QueryOutcome {
  readonly run: number;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Integers beyond 2⁵³, times and nested values are texts. */
  readonly rows: readonly (readonly (string | number | boolean | null)[])[];
  readonly bound: readonly BoundTable[];
}

/**
 * Asks the newest runs of a workflow that have the nodes, or the one run that is given.
 * @throws QueryError, NotFoundError
 */
export async function queryStudy(
  store: Store,
  workflow: string,
  sql: string,
  run: RunRow | null = null,
): Promise<QueryOutcome> {
  const [newest] = recordedRuns(store, workflow, run);
  if (!newest) throw new NotFoundError(`'${workflow}' has not been run yet: there is nothing to query`);
  // A run of some targets may have left a node out.
  const open = (node: string): Recorded => {
    for (const recorded of recordedRuns(store, workflow, run)) if (recorded.group(node)) return recorded;
    throw new NotFoundError(`'${node}' was not part of ${run ? `run ${run.id}` : 'any recorded run'}`);
  };
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  try {
    // In this order: without access to files nothing about them can be changed any more.
    await connection.run(`SET temp_directory = ''`);
    await connection.run('SET enable_external_access = false');
    await connection.run('SET lock_configuration = true');
    const names = await parse(connection, sql);
    const tables = await bindTables(connection, names, open, newest);
    const bound = tables.map((each) => each.bound);
    return { run: newest.run.id, ...(await answer(connection, sql, tables)), bound };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function parse(connection: DuckDBConnection, sql: string): Promise<QueryNames> {
  const reader = await connection.runAndReadAll(
    `SELECT json_serialize_sql(${literal(sql)}, skip_null := true, skip_empty := true)`,
  );
  return queryNames(String(reader.getRows()[0]![0]));
}

async function answer(
  connection: DuckDBConnection,
  sql: string,
  tables: readonly Bound[],
): Promise<Pick<QueryOutcome, 'columns' | 'rows'>> {
  try {
    const reader = await connection.runAndReadAll(sql);
    const types = reader.columnTypes().map(String);
    return {
      columns: reader.deduplicatedColumnNames().map((name, c) => ({ name, type: types[c]! })),
      rows: reader.getRows().map((row) => row.map(plainValue)),
    };
  } catch (error) {
    // DuckDB's own words: they name the column or the place. What it offers instead is not all that there is: few columns were bound.
    const { message } = error as Error;
    const [head, place] = message.split(/\nCandidate bindings:[^\n]*\n/);
    throw place === undefined
      ? new QueryError(message)
      : new QueryError(`${head!.trimEnd()}\n${place}`, tables.map(columnsText).join('; '));
  }
}

function columnsText({ bound: { node, output }, columns }: Bound): string {
  const more = columns.length > COLUMNS_TOLD ? ` and ${columns.length - COLUMNS_TOLD} more` : '';
  return `columns of ${output === '' ? node : `${node}.${output}`}: ${columns.slice(0, COLUMNS_TOLD).join(', ')}${more}`;
}

function plainValue(value: DuckDBValue): string | number | boolean | null {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isNaN(value) ? null : value;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  // Dates, lists, structures: as DuckDB writes them.
  return (value as { toString(): string }).toString();
}

// ---- what a name stands for ----

interface Bound {
  readonly bound: BoundTable;
  /** All that there are, read or not. */
  readonly columns: readonly string[];
}

async function bindTables(
  connection: DuckDBConnection,
  names: QueryNames,
  open: (node: string) => Recorded,
  newest: Recorded,
): Promise<Bound[]> {
  const groups = new Map<string, { name: TableName; aliases: string[] }>();
  for (const name of names.tables) {
    const id = JSON.stringify([name.schema?.toLowerCase(), name.table.toLowerCase()]);
    const group = groups.get(id) ?? { name, aliases: [] };
    group.aliases.push(name.alias.toLowerCase(), name.table.toLowerCase());
    groups.set(id, group);
  }
  const bound: Bound[] = [];
  for (const { name, aliases } of groups.values()) {
    const source = sourceOf(name, names, open, newest);
    if (!source) continue;
    const isWhole = names.all || aliases.some((alias) => names.whole.has(alias));
    const isRead = (column: string): boolean => isWhole || names.words.has(column.toLowerCase());
    if (name.schema !== null) await connection.run(`CREATE SCHEMA IF NOT EXISTS ${quoted(name.schema)}`);
    const target = [...(name.schema === null ? [] : [name.schema]), name.table];
    const opened = 'input' in source ? await source.input(isRead) : source;
    const binding = new Binding(connection, opened, target);
    bound.push({ bound: await binding.bind(isRead), columns: binding.columnNames });
  }
  return bound;
}

/** null: the query defines the name itself. @throws NotFoundError */
function sourceOf(
  { schema, table }: TableName,
  { defined }: QueryNames,
  open: (node: string) => Recorded,
  newest: Recorded,
): Source | { readonly input: (isRead: (column: string) => boolean) => Promise<Source> } | null {
  const nodes = Object.keys(newest.graph.nodes);
  const same = (name: string): string | undefined =>
    nodes.find((node) => node === name) ?? nodes.find((node) => node.toLowerCase() === name.toLowerCase());
  const [first, output] = schema === null ? (table.split('.') as [string, string?]) : [schema, table];
  const node = same(first);
  if (node === undefined || (output !== undefined && output.includes('.'))) {
    if (schema === null && defined.has(table.toLowerCase())) return null;
    if (output === undefined && newest.graph.inputs[first])
      return { input: (isRead) => inputSource(newest, first, isRead) };
    throw notFound('a node or an input', first, [...nodes, ...Object.keys(newest.graph.inputs)]);
  }
  const recorded = open(node);
  const { outputs } = recorded.node(node);
  if (output !== undefined) {
    const found = outputs.find((each) => each.toLowerCase() === output.toLowerCase());
    if (found === undefined) throw notFound(`an output of '${node}'`, output, outputs);
    return nodeSource(recorded, node, found);
  }
  const tabular = outputs.filter((each) => isTabular(recorded, node, each));
  // An array beside a table is asked for by its own name.
  const tables = tabular.length > 0 ? tabular : outputs.filter((each) => isArray(recorded, node, each));
  const only = tables.length === 1 ? tables[0] : tables.find((each) => each === 'table');
  if (only !== undefined) return nodeSource(recorded, node, only);
  throw new NotFoundError(
    tables.length === 0
      ? `'${node}' has no output that is a table; it has ${outputs.join(', ')}`
      : `'${node}' has several tables; write ${tables.map((each) => `"${node}.${each}"`).join(' or ')}`,
  );
}

/** Whether the first result there is can be asked as a table. */
function isTabular(recorded: Recorded, node: string, output: string): boolean {
  const ref = firstResult(recorded, node, output);
  // Without any result the query cannot be answered, but the name is right.
  return ref === null || ref.kind === 'table' || jsonTable(recorded, ref) !== null;
}

function isArray(recorded: Recorded, node: string, output: string): boolean {
  const ref = firstResult(recorded, node, output);
  return ref !== null && arrayTable(recorded, ref) !== null;
}

function firstResult(recorded: Recorded, node: string, output: string): ArtifactRef | null {
  const group = recorded.group(node)!;
  for (let i = 0; i < group.header.count; i++) {
    const ref = group.outputs(i, recorded.store)?.[output];
    if (ref) return ref;
  }
  return null;
}
