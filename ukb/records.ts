/**
 * Records of diagnoses: which columns of an extract hold codes, and which hold their dates.
 * Not responsible for what the codes mean (disease.ts) nor for cells.
 */
import type { Coding } from './disease.js';
import type { Extract, NamedColumn } from './extract.js';

export type CodedSource = 'hospital' | 'deaths' | 'cancer' | 'self_report';

interface CodedField {
  readonly codes: number;
  readonly coding: Coding;
  readonly dates: number;
  /** Whether each value has a date of its own, or all values of an instance share one. */
  readonly dated: 'each' | 'instance';
}

const SOURCES: Readonly<Record<CodedSource, readonly CodedField[]>> = {
  hospital: [
    { codes: 41_270, coding: 'icd10', dates: 41_280, dated: 'each' },
    { codes: 41_271, coding: 'icd9', dates: 41_281, dated: 'each' },
  ],
  deaths: [
    { codes: 40_001, coding: 'icd10', dates: 40_000, dated: 'instance' },
    { codes: 40_002, coding: 'icd10', dates: 40_000, dated: 'instance' },
  ],
  cancer: [
    { codes: 40_006, coding: 'icd10', dates: 40_005, dated: 'instance' },
    { codes: 40_013, coding: 'icd9', dates: 40_005, dated: 'instance' },
  ],
  self_report: [{ codes: 20_002, coding: 'self_report', dates: 20_008, dated: 'each' }],
};

export const CODED_SOURCES = Object.keys(SOURCES) as CodedSource[];

/** Every field that a source is read from. */
export function fieldsOfSource(source: CodedSource): number[] {
  return [...new Set(SOURCES[source].flatMap(({ codes, dates }) => [codes, dates]))];
}

/** A column of codes with where the date of its k-th code stands. */
export interface CodeColumn {
  readonly name: string;
  readonly field: number;
  readonly coding: Coding;
  /** Whether a cell may hold several codes: the platform puts a whole array into one column. */
  readonly list: boolean;
  /** The column of the date of the k-th code of a cell, or of all codes; undefined: a record without a date. */
  readonly dates: readonly (string | undefined)[];
  readonly dated: 'each' | 'instance';
}

/** The columns of codes that an extract has of a source, in the order of fields, instances and arrays. */
export function codeColumns(source: CodedSource, extract: Extract): CodeColumn[] {
  return SOURCES[source].flatMap((coded) =>
    extract.columnsOf(coded.codes).map((column) => codeColumn(coded, column, extract)),
  );
}

function codeColumn(
  coded: CodedField,
  { name, field, instance, array }: NamedColumn,
  extract: Extract,
): CodeColumn {
  const list = extract.columnsOf(field, instance).length === 1;
  const shared = { name, field, coding: coded.coding, list, dated: coded.dated };
  if (coded.dated === 'instance') {
    const date = extract.find(coded.dates, instance) ?? undefined;
    return { ...shared, dates: [date] };
  }
  const dates: (string | undefined)[] = [];
  for (const date of extract.columnsOf(coded.dates, instance)) {
    const k = date.array - array;
    if (k === 0 || (list && k > 0)) dates[k] = date.name;
  }
  return { ...shared, dates };
}

/** The codes of one cell: one, or a list as `E119|I10` or `["E119","I10"]`. */
export function codesOfCell(text: string): string[] {
  if (text.startsWith('['))
    return text
      .slice(1, -1)
      .split(',')
      .map((part) => part.replace(/^[\s"']+|[\s"']+$/g, ''));
  return text.includes('|') ? text.split('|') : [text];
}
