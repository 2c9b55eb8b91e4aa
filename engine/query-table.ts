/**
 * Query table: the results of a node as one table in DuckDB, of which only some columns are read.
 *
 * Not responsible for which node and columns are meant (query.ts).
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArtifactRef } from '../cache/artifact.js';
import { numberColumn, textColumn, type Column, type ColumnType } from '../cache/column.js';
import { plainTable, type Table } from '../cache/table.js';
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

export interface Source {
  readonly recorded: Recorded;
  readonly node: string;
  readonly output: string;
}

/** Rows moved to DuckDB at once: its own vector size. */
const CHUNK = 2048;

export class Binding {
  private readonly types = new Map<string, ColumnType>();

  constructor(
    private readonly connection: DuckDBConnection,
    private readonly source: Source,
    private readonly target: readonly string[],
  ) {}

  async bind(isRead: (column: string) => boolean): Promise<BoundTable> {
    const { recorded, node, output } = this.source;
    const group = recorded.group(node)!;
    const { axes, count } = group.header;
    const parts: { items: Readonly<Record<string, Scalar>>; ref: ArtifactRef }[] = [];
    for (let i = 0; i < count; i++) {
      const ref = group.outputs(i, recorded.store)?.[output];
      if (ref) parts.push({ items: group.items(i), ref });
    }
    if (parts.length === 0)
      throw new NotFoundError(`'${node}' has no result in run ${recorded.run.id}: nothing to query`);
    for (const { ref } of parts) this.addTypes(ref);
    // A column of the table that is called like an axis keeps its name.
    const itemNames = axes.map(({ name }) => (this.types.has(name) ? `item.${name}` : name));
    const itemTypes = axes.map(({ items }): ColumnType =>
      items.every((item) => typeof item === 'number') ? 'number' : 'text',
    );
    const columns = [...this.types.keys()].filter(isRead);
    const fields = [
      ...itemNames.map((name, a) => ({ name, type: itemTypes[a]! })),
      ...columns.map((name) => ({ name, type: this.types.get(name)! })),
    ];
    const table = this.target.map(quoted).join('.');
    // A table must have a column, also when only its rows are counted.
    const made = fields.length > 0 ? fields : [{ name: 'row', type: 'number' as const }];
    await this.connection.run(
      `CREATE TABLE ${table} (${made.map(({ name, type }) => `${quoted(name)} ${SQL_TYPES[type]}`).join(', ')})`,
    );
    let rows = 0;
    for (const { items, ref } of parts) {
      const part = await this.part(ref, columns);
      const given = axes.map(({ name }, a) => constant(items[name]!, itemTypes[a]!, part.rows));
      const missing = (type: ColumnType): Column => constant(null, type, part.rows);
      const stored = columns.map((name) => {
        const column = part.columns.get(name) ?? missing(this.types.get(name)!);
        return column.type === 'number' && this.types.get(name) === 'text' ? asText(column) : column;
      });
      const all = [...given, ...stored];
      await this.append(all.length > 0 ? all : [missing('number')], part.rows);
      rows += part.rows;
    }
    return { node, output, rows, columns, missing: count - parts.length };
  }

  /** A column that is a number here and a text there is a text. */
  private addTypes(ref: ArtifactRef): void {
    for (const [name, type] of this.schema(ref)) {
      const known = this.types.get(name);
      this.types.set(name, known === undefined || known === type ? type : 'text');
    }
  }

  private schema(ref: ArtifactRef): [string, ColumnType][] {
    if (ref.kind !== 'table') return [...this.json(ref).columns].map(([name, { type }]) => [name, type]);
    const { id, columns } = this.source.recorded.store.artifacts.manifest(ref.digest);
    return [
      ...(id ? [[id.name, 'text'] as [string, ColumnType]] : []),
      ...columns.map(({ name, type }): [string, ColumnType] => [name, type]),
    ];
  }

  private async part(ref: ArtifactRef, columns: readonly string[]): Promise<Table> {
    if (ref.kind !== 'table') return this.json(ref);
    const { artifacts } = this.source.recorded.store;
    const manifest = artifacts.manifest(ref.digest);
    const isIdRead = manifest.id !== null && columns.includes(manifest.id.name);
    const table = await artifacts.table({
      rows: manifest.rows,
      id: isIdRead ? manifest.id : null,
      columns: manifest.columns.filter(({ name }) => columns.includes(name)),
    });
    if (!table.id) return table;
    return { ...table, columns: new Map([[table.id.name, textColumn(table.id.values)], ...table.columns]) };
  }

  private json(ref: ArtifactRef): Table {
    const table = jsonTable(this.source.recorded, ref);
    if (table) return table;
    const { node, output } = this.source;
    throw new NotFoundError(
      `${node}.${output} is ${ref.kind === 'json' ? 'JSON that is no list of records' : `of the kind ${ref.kind}`}, not a table; see it with: cohortflow show`,
    );
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
