/**
 * One source of records of diagnoses, read into the first records of each person and disease.
 *
 * Not responsible for which sources there are (ukb-diseases.ts) nor for what codes mean (ukb/disease.ts).
 */
import type { Column } from '../cache/column.js';
import { matchIds } from '../cache/table.js';
import { TaskError, type TableColumns, type TaskContext } from '../engine/task.js';
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
  readonly columns: TableColumns;
  readonly ids: readonly string[];
  readonly extract: Extract;
  constructor(
    context: TaskContext<unknown>,
    readonly port: string,
  ) {
    this.columns = context.columns(port);
    this.ids = idsOf(this.columns, port);
    this.extract = extractOf(this.columns.names, port);
  }
}

/** Rows with a code that makes a case, and the diseases, by position, that each is a case of. */
interface Cases {
  readonly rows: number[];
  readonly diseases: (readonly number[])[];
}

/** Reads one source's cells into the first records, a column of codes and one of dates at a time. */
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

  /** @throws TaskError when a defined column is absent, or holds what is no date */
  async firstOccurrences(): Promise<void> {
    const { extract, port, columns } = this.source;
    const there = new Set(columns.names);
    for (const [d, { field, column, codes, disease }] of this.definitions.entries()) {
      if (field === null && column === null) continue;
      const name = field === null ? column! : extract.columnsOf(field)[0]?.name;
      if (name === undefined || !there.has(name)) {
        const why = field === null ? `no column '${column!}'` : extract.whyAbsent(field, 0, 0);
        throw new TaskError(`the first occurrence of ${disease} is not there: ${why}`, {
          port,
          column: column ?? String(field),
        });
      }
      const only = codes.icd10.length === 1 ? codes.icd10[0]! : '';
      const { excluded } = this.book.meaning('icd10', only.length === 3 ? only : '');
      const cells = await columns.read(name);
      for (let row = 0; row < this.person.length; row++) {
        const person = this.person[row]!;
        if (person < 0) continue;
        const day = this.dayAt(cells, name, row);
        if (Number.isNaN(day)) continue;
        this.records.record(person, d, day);
        for (const other of excluded) this.records.exclude(person, other);
      }
    }
  }

  /** @throws TaskError when there is no column of codes, or the date of a code that counts is none */
  async codes(source: CodedSource, warn: (message: string) => void): Promise<void> {
    const columns = codeColumns(source, this.source.extract);
    if (columns.length === 0) {
      const fields = fieldsOfSource(source).join(', ');
      throw new TaskError(`expected columns of the fields ${fields}, got none`, { port: this.source.port });
    }
    const undated = columns.filter(({ dates }) => dates.every((date) => date === undefined));
    if (undated.length > 0)
      warn(`no dates for ${undated.length} columns of '${source}', such as ${undated[0]!.name}`);
    let numeric: string | null = null;
    for (const column of columns) {
      const codes = await this.source.columns.read(column.name);
      if (column.coding === 'icd9' && codes.type === 'number' && !codes.values.every(Number.isNaN))
        numeric ??= column.name;
      await this.dated(column, this.casesIn(column, codes));
    }
    if (numeric !== null) {
      warn(
        `ICD-9 codes were read as numbers and lost leading zeros; give the input \`types: { ${numeric}: text }\``,
      );
    }
  }

  /** The cases among the codes of a column, by where the date of each stands; exclusions have no date and are noted here. */
  private casesIn({ coding, list, dated }: CodeColumn, codes: Column): Cases[] {
    const byDate: Cases[] = [];
    const note = (row: number, person: number, code: string, k: number): void => {
      const { cases, excluded } = this.book.meaning(coding, code);
      for (const d of excluded) this.records.exclude(person, d);
      if (cases.length === 0) return;
      const own = (byDate[dated === 'each' ? k : 0] ??= { rows: [], diseases: [] });
      own.rows.push(row);
      own.diseases.push(cases);
    };
    for (let row = 0; row < this.person.length; row++) {
      const person = this.person[row]!;
      const cell = person < 0 ? null : cellAt(codes, row);
      if (cell === null) continue;
      const text = String(cell);
      if (list) codesOfCell(text).forEach((code, k) => note(row, person, code, k));
      else note(row, person, text, 0);
    }
    return byDate;
  }

  /** Records cases with their dates: one column of dates is held at a time, and none of which no case has need. */
  private async dated({ coding, dates }: CodeColumn, byDate: readonly (Cases | undefined)[]): Promise<void> {
    for (const [k, cases] of byDate.entries()) {
      if (!cases) continue;
      const name = dates[k];
      const column = name === undefined ? undefined : await this.source.columns.read(name);
      cases.rows.forEach((row, i) => {
        const day = column ? this.dayAt(column, name!, row, coding === 'self_report') : NaN;
        for (const d of cases.diseases[i]!)
          this.records.record(this.person[row]!, d, Number.isNaN(day) ? UNKNOWN_DATE : day);
      });
    }
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
