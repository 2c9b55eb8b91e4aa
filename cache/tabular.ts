/**
 * Tables out: CSV, TSV and Parquet. Numbers are written with the shortest digits that read back the same; a missing cell is empty.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Table } from './table.js';
import type { Column } from './column.js';

export type TabularFormat = 'csv' | 'tsv' | 'parquet';

/** The table as bytes; `folder` is where a Parquet file may be put while it is written. */
export async function encodeTable(table: Table, format: TabularFormat, folder: string): Promise<Uint8Array> {
  return format === 'parquet' ? encodeParquet(table, folder) : encodeDelimited(table, format);
}

/** Id column first. */
function allColumns(table: Table): [string, Column][] {
  const id: [string, Column][] = table.id ? [[table.id.name, { type: 'text', values: table.id.values }]] : [];
  return [...id, ...table.columns];
}

/** Rows that become one piece of text: a whole table may be longer than a string can be. */
const ROWS_AT_ONCE = 20_000;

export function encodeDelimited(table: Table, format: 'csv' | 'tsv'): Buffer {
  const separator = format === 'csv' ? ',' : '\t';
  const special = format === 'csv' ? /[",\n\r]/ : /["\t\n\r]/;
  const quote = (text: string): string => (special.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const columns = allColumns(table);
  const pieces = [Buffer.from(`${columns.map(([name]) => quote(name)).join(separator)}\n`)];
  for (let start = 0; start < table.rows; start += ROWS_AT_ONCE) {
    let text = '';
    for (let row = start; row < Math.min(start + ROWS_AT_ONCE, table.rows); row++) {
      text += `${columns.map(([, column]) => cellText(column, row, quote)).join(separator)}\n`;
    }
    pieces.push(Buffer.from(text));
  }
  return Buffer.concat(pieces);
}

function cellText(column: Column, row: number, quote: (text: string) => string): string {
  if (column.type === 'number') {
    const value = column.values[row]!;
    return Number.isNaN(value) ? '' : String(value);
  }
  const value = column.values[row] ?? null;
  // An empty text differs from a missing one: it is quoted.
  return value === null ? '' : value === '' ? '""' : quote(value);
}

async function encodeParquet(table: Table, folder: string): Promise<Uint8Array> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const temporary = await mkdtemp(join(folder, 'parquet-'));
  try {
    const columns = allColumns(table);
    const fields = columns.map(
      ([name, { type }]) => `"${name.replaceAll('"', '""')}" ${type === 'number' ? 'DOUBLE' : 'VARCHAR'}`,
    );
    await connection.run(`CREATE TABLE t (${fields.join(', ')})`);
    const appender = await connection.createAppender('t');
    for (let row = 0; row < table.rows; row++) {
      for (const [, column] of columns) {
        if (column.type === 'number') {
          const value = column.values[row]!;
          if (Number.isNaN(value)) appender.appendNull();
          else appender.appendDouble(value);
        } else {
          const value = column.values[row] ?? null;
          if (value === null) appender.appendNull();
          else appender.appendVarchar(value);
        }
      }
      appender.endRow();
    }
    appender.closeSync();
    const path = join(temporary, 'table.parquet');
    await connection.run(`COPY t TO '${path.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd)`);
    return await readFile(path);
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(temporary, { recursive: true, force: true });
  }
}
