/**
 * Query table: the results of a node, or an input, as one table in DuckDB, of which only some columns are read.
 *
 * Not responsible for which node and columns are meant (query.ts).
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArtifactRef } from '../cache/artifact.js';
import { numberColumn, textColumn, type Column, type ColumnType } from '../cache/column.js';
import { plainTable, type Table } from '../cache/table.js';
import type { Manifest } from '../cache/manifest.js';
import type { Store } from '../cache/store.js';
import { tableOfArray } from './export.js';
import type { Scalar } from './item.js';
import type { Recorded } from './recorded.js';
import { NotFoundError } from './selection.js';
import type { Json } from './task.js';

/** A table as the query saw it. */
export interface BoundTable {
  readonly node: string;
  readonly output: string;
  readonly rows: number;
  /** Those that were read. */
  readonly columns: readonly string[];
  /** Instances without a result, left out. */
  readonly missing: number;
}

/** Some rows of the table: an instance's result, or a raw file. */
export interface Part {
  readonly items: Readonly<Record<string, Scalar>>;
  /** The columns that there are, in their order; ids are a column of texts. */
  readonly schema: readonly (readonly [name: string, type: ColumnType])[];
  /** Reads these columns of the part; others may come along. */
  readonly load: (columns: readonly string[]) => Promise<Table>;
}

export interface Source {
  /** A node, or an input. */
  readonly name: string;
  /** '' of an input. */
  readonly output: string;
  readonly axes: readonly { readonly name: string; readonly items: readonly Scalar[] }[];
  readonly parts: readonly Part[];
  /** All columns, of an input of which the parts have only those that were read. */
  readonly names?: readonly string[];
  readonly missing: number;
}

/** Rows moved to DuckDB at once: its own vector size. */
const CHUNK = 2048;

export class Binding {
  private readonly types = new Map<string, ColumnType>();
  private itemNames: readonly string[] = [];

  constructor(
    private readonly connection: DuckDBConnection,
    private readonly source: Source,
    private readonly target: readonly string[],
  ) {}

  /** Names of all columns that there are; after `bind`. */
  get columnNames(): readonly string[] {
    return this.source.names ?? [...this.itemNames, ...this.types.keys()];
  }

  async bind(isRead: (column: string) => boolean): Promise<BoundTable> {
    const { name: node, output, axes, parts, missing } = this.source;
    for (const { schema } of parts) this.addTypes(schema);
    // A column of the table that is called like an axis keeps its name.
    this.itemNames = axes.map(({ name }) => (this.types.has(name) ? `item.${name}` : name));
    const itemTypes = axes.map(({ items }): ColumnType =>
      items.every((item) => typeof item === 'number') ? 'number' : 'text',
    );
    const columns = [...this.types.keys()].filter(isRead);
    const fields = [
      ...this.itemNames.map((name, a) => ({ name, type: itemTypes[a]! })),
      ...columns.map((name) => ({ name, type: this.types.get(name)! })),
    ];
    const table = this.target.map(quoted).join('.');
    // A table must have a column, also when only its rows are counted.
    const made = fields.length > 0 ? fields : [{ name: 'row', type: 'number' as const }];
    await this.connection.run(
      `CREATE TABLE ${table} (${made.map(({ name, type }) => `${quoted(name)} ${SQL_TYPES[type]}`).join(', ')})`,
    );
    let rows = 0;
    for (const { items, load } of parts) {
      const part = await load(columns);
      const given = axes.map(({ name }, a) => constant(items[name]!, itemTypes[a]!, part.rows));
      const absent = (type: ColumnType): Column => constant(null, type, part.rows);
      const stored = columns.map((name) => {
        const column = part.columns.get(name) ?? absent(this.types.get(name)!);
        return column.type === 'number' && this.types.get(name) === 'text' ? asText(column) : column;
      });
      const all = [...given, ...stored];
      await this.append(all.length > 0 ? all : [absent('number')], part.rows);
      rows += part.rows;
    }
    return { node, output, rows, columns, missing };
  }

  /** A column that is a number here and a text there is a text. */
  private addTypes(schema: Part['schema']): void {
    for (const [name, type] of schema) {
      const known = this.types.get(name);
      this.types.set(name, known === undefined || known === type ? type : 'text');
    }
  }

  private async append(columns: readonly Column[], rows: number): Promise<void> {
    const { DuckDBDataChunk, DOUBLE, VARCHAR } = await import('@duckdb/node-api');
    const [table, schema] = [...this.target].reverse();
    const appender = await this.connection.createAppender(table!, schema ?? null);
    const types = columns.map(({ type }) => (type === 'number' ? DOUBLE : VARCHAR));
    for (let from = 0; from < rows; from += CHUNK) {
      const to = Math.min(rows, from + CHUNK);
      const chunk = DuckDBDataChunk.create(types, to - from);
      for (const [c, column] of columns.entries()) {
        const values =
          column.type === 'text'
            ? column.values.slice(from, to)
            : Array.from(column.values.subarray(from, to), (value) => (Number.isNaN(value) ? null : value));
        chunk.setColumnValues(c, values);
      }
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
  }
}

const SQL_TYPES: Readonly<Record<ColumnType, string>> = { number: 'DOUBLE', text: 'VARCHAR' };

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function constant(value: Scalar | null, type: ColumnType, rows: number): Column {
  return type === 'number'
    ? numberColumn(new Float64Array(rows).fill(typeof value === 'number' ? value : NaN))
    : textColumn(new Array<string | null>(rows).fill(value === null ? null : String(value)));
}

function asText(column: Column & { type: 'number' }): Column {
  return textColumn(Array.from(column.values, (value) => (Number.isNaN(value) ? null : String(value))));
}

/** An output of a node, all its instances below each other. @throws NotFoundError */
export function nodeSource(recorded: Recorded, node: string, output: string): Source {
  const group = recorded.group(node)!;
  const { axes, count } = group.header;
  const parts: Part[] = [];
  for (let i = 0; i < count; i++) {
    const ref = group.outputs(i, recorded.store)?.[output];
    if (ref) parts.push({ items: group.items(i), ...contentOf(recorded, ref, `${node}.${output}`) });
  }
  if (parts.length === 0)
    throw new NotFoundError(`'${node}' has no result in run ${recorded.run.id}: nothing to query`);
  return { name: node, output, axes, parts, missing: count - parts.length };
}

function contentOf(recorded: Recorded, ref: ArtifactRef, name: string): Omit<Part, 'items'> {
  if (ref.kind === 'table')
    return manifestPart(recorded.store, recorded.store.artifacts.manifest(ref.digest));
  const table = jsonTable(recorded, ref) ?? arrayTable(recorded, ref);
  if (!table) {
    const what =
      ref.kind === 'json'
        ? 'JSON that is no list of records'
        : ref.kind === 'array'
          ? 'an array of more than two dimensions'
          : `of the kind ${ref.kind}`;
    throw new NotFoundError(`${name} is ${what}, not a table; see it with: cohortflow show`);
  }
  const schema = [...table.columns].map(([column, { type }]) => [column, type] as const);
  return { schema, load: () => Promise.resolve(table) };
}

/** A table of the store, its ids as a column in front. */
export function manifestPart({ artifacts }: Store, manifest: Manifest): Omit<Part, 'items'> {
  const { rows, id, columns } = manifest;
  return {
    schema: [
      ...(id ? [[id.name, 'text'] as const] : []),
      ...columns.map(({ name, type }) => [name, type] as const),
    ],
    load: async (names) => {
      const table = await artifacts.table({
        rows,
        id: id !== null && names.includes(id.name) ? id : null,
        columns: columns.filter(({ name }) => names.includes(name)),
      });
      if (!table.id) return table;
      return { ...table, columns: new Map([[table.id.name, textColumn(table.id.values)], ...table.columns]) };
    },
  };
}

/** A vector is one column; a matrix has a column for each of its own, named by position from 0; null of more dimensions. */
export function arrayTable({ store }: Recorded, ref: ArtifactRef): Table | null {
  if (ref.kind !== 'array') return null;
  const array = store.artifacts.array(ref.digest);
  return array.shape.length > 2 ? null : tableOfArray(array);
}

/** A record, or a list of records, of scalars as a table; null of any other value. */
export function jsonTable({ store }: Recorded, ref: ArtifactRef): Table | null {
  if (ref.kind !== 'json') return null;
  const value = store.artifacts.json(ref.digest) as Json;
  const records = (Array.isArray(value) ? value : [value]) as readonly Json[];
  if (records.length === 0 || !records.every(isFlat)) return null;
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return plainTable(
    names.map((name) => {
      const values = records.map((record) => record[name] ?? null);
      const isNumeric = values.every((each) => each === null || typeof each === 'number');
      const column = isNumeric
        ? numberColumn(values)
        : textColumn(values.map((each) => (each === null ? null : String(each))));
      return [name, column] as const;
    }),
    records.length,
  );
}

function isFlat(record: Json): record is Record<string, string | number | boolean | null> {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return false;
  return Object.values(record).every((value) => typeof value !== 'object' || value === null);
}
