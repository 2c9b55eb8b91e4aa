/**
 * One source of records of diagnoses, read into the first records of each person and disease.
 *
 * Not responsible for which sources there are (ukb-diseases.ts) nor for what codes mean (ukb/disease.ts).
 */
import type { Column } from '../cache/column.js';
import { matchIds, type Table } from '../cache/table.js';
import { TaskError, type TaskContext } from '../engine/task.js';
import { UNKNOWN_DATE, dayOfYear, type DateReader } from '../ukb/date.js';
import type { CodeBook, DiseaseDefinition } from '../ukb/disease.js';
import type { Extract } from '../ukb/extract.js';
import type { FirstRecords } from '../ukb/firstrecord.js';
import {
  codeColumns,
  codesOfCell,
  fieldsOfSource,
  type CodeColumn,
  type CodedSource,
} from '../ukb/records.js';
import { cellAt, idsOf, people as counted } from './reading.js';
import { extractOf } from './ukb-extract.js';

export class SourceTable {
  readonly table: Table;
  readonly ids: readonly string[];
  readonly extract: Extract;
  constructor(
    context: TaskContext<unknown>,
    readonly port: string,
  ) {
    this.table = context.table(port);
    this.ids = idsOf(this.table, port);
    this.extract = extractOf(this.table.columns.keys(), port);
  }
}

/** Reads one source's cells into the first records. */
export class SourceReader {
  /** For each row of the table the person, or −1. */
  private readonly person: Int32Array;

  constructor(
    private readonly source: SourceTable,
    people: readonly string[],
    private readonly definitions: readonly DiseaseDefinition[],
    private readonly records: FirstRecords,
    private readonly book: CodeBook,
    private readonly dates: DateReader,
  ) {
    this.person = matchIds(people, source.ids);
    if (people.length > 0 && this.person.every((person) => person < 0)) {
      const look = `ids look like '${source.ids[0] ?? '(no row)'}' and '${people[0]!}'`;
      throw new TaskError(`none of the ${counted(people.length)} wanted has a row; ${look}`, {
        port: source.port,
      });
    }
  }

  firstOccurrences(): void {
    const { extract, port, table } = this.source;
    this.definitions.forEach(({ field, column, codes, disease }, d) => {
      if (field === null && column === null) return;
      const name = field === null ? column! : extract.columnsOf(field)[0]?.name;
      const cells = name === undefined ? undefined : table.columns.get(name);
      if (name === undefined || !cells) {
        const why = field === null ? `no column '${column!}'` : extract.whyAbsent(field, 0, 0);
        throw new TaskError(`the first occurrence of ${disease} is not there: ${why}`, {
          port,
          column: column ?? String(field),
        });
      }
      const only = codes.icd10.length === 1 ? codes.icd10[0]! : '';
      const { excluded } = this.book.meaning('icd10', only.length === 3 ? only : '');
      this.person.forEach((person, row) => {
        if (person < 0) return;
        const day = this.dayAt(cells, name, row);
        if (Number.isNaN(day)) return;
        this.records.record(person, d, day);
        for (const other of excluded) this.records.exclude(person, other);
      });
    });
  }

  codes(source: CodedSource, warn: (message: string) => void): void {
    const columns = codeColumns(source, this.source.extract);
    if (columns.length === 0) {
      const fields = fieldsOfSource(source).join(', ');
      throw new TaskError(`expected columns of the fields ${fields}, got none`, { port: this.source.port });
    }
    const undated = columns.filter(({ dates }) => dates.every((date) => date === undefined));
    if (undated.length > 0)
      warn(`no dates for ${undated.length} columns of '${source}', such as ${undated[0]!.name}`);
    const numeric = columns.filter(
      ({ name, coding }) => coding === 'icd9' && this.hasNumbers(this.source.table.columns.get(name)!),
    );
    if (numeric.length > 0) {
      warn(
        `ICD-9 codes were read as numbers and lost leading zeros; give the input \`types: { ${numeric[0]!.name}: text }\``,
      );
    }
    for (const column of columns) this.codeColumn(column);
  }

  private hasNumbers(column: Column): boolean {
    return column.type === 'number' && !column.values.every(Number.isNaN);
  }

  private codeColumn({ name, coding, list, dates: names, dated }: CodeColumn): void {
    const { columns } = this.source.table;
    const column = columns.get(name)!;
    const dates = names.map((date) => (date === undefined ? undefined : columns.get(date)));
    this.person.forEach((person, row) => {
      if (person < 0) return;
      const cell = cellAt(column, row);
      if (cell === null) return;
      const text = String(cell);
      const codes = list ? codesOfCell(text) : [text];
      codes.forEach((code, k) => {
        const { cases, excluded } = this.book.meaning(coding, code);
        for (const d of excluded) this.records.exclude(person, d);
        if (cases.length === 0) return;
        const at = dated === 'each' ? k : 0;
        const day = dates[at] ? this.dayAt(dates[at], names[at]!, row, coding === 'self_report') : NaN;
        for (const d of cases) this.records.record(person, d, Number.isNaN(day) ? UNKNOWN_DATE : day);
      });
    });
  }

  /** NaN where the cell is missing. */
  private dayAt(column: Column, name: string, row: number, isYear = false): number {
    const cell = cellAt(column, row);
    if (cell === null) return NaN;
    const year = isYear ? Number(cell) : NaN;
    if (isYear && !Number.isNaN(year)) return year < 0 ? UNKNOWN_DATE : dayOfYear(year);
    const day = typeof cell === 'string' ? this.dates.day(cell) : NaN;
    if (!Number.isNaN(day)) return day;
    throw new TaskError(`expected a date (YYYY-MM-DD), got ${JSON.stringify(cell)}`, {
      port: this.source.port,
      column: name,
      row: this.source.ids[row]!,
    });
  }
}
