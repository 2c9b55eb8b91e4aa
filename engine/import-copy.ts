/**
 * ImportCopy: some columns of a file, copied in one pass into a columnar table of DuckDB's and read from there one at a time, so that
 * memory does not grow with the number of columns.
 *
 * Not responsible for which columns are asked for, nor for what is wrong with them (import.ts).
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { numberColumn, textColumn, type Column, type ColumnType } from '../cache/column.js';
import { makeScratch } from './scratch.js';
import type { ReadOptions } from './workflow.js';

/** Files up to this size (bytes) are copied into memory: a file of DuckDB's costs a tenth of a second. */
const IN_MEMORY_BYTES = 16_000_000n;

/** What DuckDB may hold while it copies; beyond it, it writes to the scratch folder. */
const COPY_MEMORY = '1GB';

/** The copy in progress: a second is made only when the first has failed. */
const ALIAS = 'copied';

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Where a copy may be kept. */
export interface CopyPlace {
  /** Bytes of the file that is copied. */
  readonly size: bigint;
  /** The store's; scratch folders are beside it. */
  readonly objectFolder: string;
}

export class ImportCopy {
  private constructor(
    private readonly connection: DuckDBConnection,
    readonly rows: number,
    /** In the copy a column's name is its position: names of a file may differ in case only. */
    private readonly positions: ReadonlyMap<string, number>,
  ) {}

  /**
   * Copies the columns `names` of the relation `source` and gives the copy to `work`; it is gone afterwards.
   * @throws Error of DuckDB's when the file or one of the columns cannot be read
   */
  static async of<T>(
    connection: DuckDBConnection,
    source: string,
    names: readonly string[],
    place: CopyPlace,
    work: (copy: ImportCopy) => Promise<T>,
  ): Promise<T> {
    const folder = place.size > IN_MEMORY_BYTES ? makeScratch(place.objectFolder) : null;
    try {
      if (folder === null) {
        await connection.run(`ATTACH ':memory:' AS ${ALIAS}`);
      } else {
        await connection.run(`SET temp_directory = ${quoteText(folder)}`);
        await connection.run(`SET memory_limit = '${COPY_MEMORY}'`);
        await connection.run(`ATTACH ${quoteText(join(folder, 'columns.duckdb'))} AS ${ALIAS}`);
      }
      const columns = names.map((name, i) => `${quoteName(name)} AS c${i}`);
      // Without a column there are still rows to be counted.
      const list = columns.length > 0 ? columns.join(', ') : 'NULL AS c';
      await connection.run(`CREATE TABLE ${ALIAS}.cells AS SELECT ${list} FROM ${source}`);
      const counted = await connection.runAndReadAll(`SELECT count(*) FROM ${ALIAS}.cells`);
      const positions = new Map(names.map((name, i) => [name, i]));
      return await work(new ImportCopy(connection, Number(counted.getRows()[0]![0]), positions));
    } finally {
      await connection.run(`DETACH DATABASE IF EXISTS ${ALIAS}`);
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Each column's type: forced by the user, or number when each cell that is not missing is a number. */
  async types(names: readonly string[], forced: ReadOptions['types']): Promise<ColumnType[]> {
    const checks = names.map((name) => {
      const type = forced[name];
      if (type) return quoteText(type);
      const column = this.column(name);
      return `CASE WHEN count(${column}) = count(TRY_CAST(${column} AS DOUBLE)) THEN 'number' ELSE 'text' END`;
    });
    if (checks.length === 0) return [];
    const found = await this.connection.runAndReadAll(`SELECT ${checks.join(', ')} FROM ${ALIAS}.cells`);
    return found.getRows()[0] as ColumnType[];
  }

  /** A column's cells as text, null where one is missing, in the file's order. */
  async texts(name: string): Promise<(string | null)[]> {
    const cells = new Array<string | null>(this.rows).fill(null);
    await this.eachCell(name, 'VARCHAR', (row, cell) => {
      cells[row] = cell as string;
    });
    return cells;
  }

  /**
   * A column, its cell of row i at `places[i]`; in the file's order without `places`.
   * @throws Error of DuckDB's when a cell is not of the type
   */
  async read(name: string, type: ColumnType, places: Int32Array | null): Promise<Column> {
    if (type === 'number') {
      const values = new Float64Array(this.rows).fill(NaN);
      await this.eachCell(name, 'DOUBLE', (row, cell) => {
        values[places ? places[row]! : row] = cell as number;
      });
      return numberColumn(values);
    }
    const values = new Array<string | null>(this.rows).fill(null);
    await this.eachCell(name, 'VARCHAR', (row, cell) => {
      values[places ? places[row]! : row] = cell as string;
    });
    return textColumn(values);
  }

  /** Only cells that are not missing are handed over: most of a wide table are. A table without deletions counts its rows from 0. */
  private async eachCell(
    name: string,
    type: 'DOUBLE' | 'VARCHAR',
    take: (row: number, cell: unknown) => void,
  ): Promise<void> {
    const column = this.column(name);
    const result = await this.connection.stream(
      `SELECT CAST(rowid AS INTEGER), CAST(${column} AS ${type}) FROM ${ALIAS}.cells WHERE ${column} IS NOT NULL`,
    );
    for (;;) {
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) return;
      const rows = chunk.getColumnVector(0);
      const cells = chunk.getColumnVector(1);
      for (let i = 0; i < chunk.rowCount; i++) take(rows.getItem(i) as number, cells.getItem(i));
    }
  }

  private column(name: string): string {
    const position = this.positions.get(name);
    if (position === undefined) throw new Error(`internal error: column '${name}' was not copied`);
    return `c${position}`;
  }
}
