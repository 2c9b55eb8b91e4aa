/**
 * Tables of a UK Biobank extract as tasks meet them: values by field, instance and array, whatever the spelling, of the people of one
 * table or of several.
 *
 * Not responsible for what is made of the values.
 */
import { compareBytes, matchIds, type Table } from '../cache/table.js';
import { TaskError } from '../engine/task.js';
import { dayOfDate } from '../ukb/date.js';
import { Extract } from '../ukb/extract.js';
import { anyColumn, cellAt, idsOf, numbersOf, rowName } from './reading.js';

/** @throws TaskError when two columns are the same field, instance and array. */
export function extractOf(names: Iterable<string>, port: string): Extract {
  try {
    return new Extract(names);
  } catch (error) {
    throw new TaskError((error as Error).message, { port });
  }
}

/** UK Biobank writes negative ids over those of people who withdrew. */
export function isNegativeId(id: string): boolean {
  return id.startsWith('-');
}

/** The ids of any of the lists, bytewise sorted as the lists are. */
export function unionIds(lists: readonly (readonly string[])[]): readonly string[] {
  if (lists.length === 1) return lists[0]!;
  return [...new Set(lists.flat())].sort(compareBytes);
}

/** The days of a column of dates; NaN is missing. @throws TaskError on a cell that is no date. */
export function daysOf(table: Table, port: string, name: string): Float64Array {
  const column = anyColumn(table, port, name);
  return Float64Array.from({ length: table.rows }, (_, row) => {
    const cell = cellAt(column, row);
    // A column without any value has no type of its own: it arrives as numbers.
    if (cell === null) return NaN;
    const day = typeof cell === 'string' ? dayOfDate(cell) : NaN;
    if (!Number.isNaN(day)) return day;
    const where = { port, column: name, row: rowName(table, row) };
    throw new TaskError(`expected a date (YYYY-MM-DD), got ${JSON.stringify(cell)}`, where);
  });
}

interface Part {
  readonly port: string;
  readonly table: Table;
  readonly extract: Extract;
  /** For each person the row, or −1. */
  readonly rows: Int32Array;
}

/** Several tables as one: a value is that of the first table that has one. */
export class ExtractTables {
  private readonly parts: readonly Part[];
  private readonly all: Extract;

  /** @param ids the people, bytewise sorted. */
  constructor(
    private readonly ids: readonly string[],
    tables: readonly (readonly [port: string, table: Table])[],
  ) {
    this.parts = tables.map(([port, table]) => {
      const rows = matchIds(idsOf(table, port), ids);
      return { port, table, extract: extractOf(table.columns.keys(), port), rows };
    });
    this.all = new Extract(new Set(this.parts.flatMap(({ extract }) => extract.names())));
  }

  get idName(): string {
    return this.parts[0]!.table.id!.name;
  }

  has(field: number, instance: number, array = 0): boolean {
    return this.parts.some(({ extract }) => extract.find(field, instance, array) !== null);
  }

  whyAbsent(field: number, instance: number, array = 0): string {
    return this.all.whyAbsent(field, instance, array);
  }

  /** null when no table has the column. */
  numbers(field: number, instance: number, array = 0): Float64Array | null {
    return this.read(field, instance, array, numbersOf);
  }

  /** Day numbers of a column of dates; null when no table has it. */
  days(field: number, instance: number): Float64Array | null {
    return this.read(field, instance, 0, daysOf);
  }

  /** The earliest day among a field's instances; null when no table has one. */
  earliest(field: number): Float64Array | null {
    const instances = new Set(this.all.columnsOf(field).map(({ instance }) => instance));
    if (instances.size === 0) return null;
    const earliest = new Float64Array(this.ids.length).fill(NaN);
    for (const instance of instances) {
      this.days(field, instance)?.forEach((day, i) => {
        if (!(earliest[i]! <= day)) earliest[i] = Number.isNaN(day) ? earliest[i]! : day;
      });
    }
    return earliest;
  }

  private read(
    field: number,
    instance: number,
    array: number,
    cells: (table: Table, port: string, name: string) => Float64Array,
  ): Float64Array | null {
    let values: Float64Array | null = null;
    for (const { port, table, extract, rows } of this.parts) {
      const name = extract.find(field, instance, array);
      if (name === null) continue;
      const column = cells(table, port, name);
      values ??= new Float64Array(this.ids.length).fill(NaN);
      for (let i = 0; i < rows.length; i++) {
        if (rows[i]! >= 0 && Number.isNaN(values[i]!)) values[i] = column[rows[i]!]!;
      }
    }
    return values;
  }
}
