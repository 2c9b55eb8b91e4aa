/**
 * Sheets of columns named as UK Biobank names its fields, in each of the three spellings that researchers meet.
 * Not responsible for what the fields hold.
 */

/** `25010-2.0` (showcase and .csv), `f.25010.2.0` (R), `p25010_i2` (research analysis platform). */
export type Spelling = 'showcase' | 'r' | 'rap';

/** Rows of people; missing cells are NaN or null. */
export interface Sheet {
  /** Unique. */
  readonly ids: readonly string[];
  readonly columns: ReadonlyMap<string, Float64Array | readonly (string | null)[]>;
}

/** The platform leaves the instance out where a field has none, and the array likewise. */
const withoutInstance = (field: number): boolean =>
  field < 53 ||
  field === 191 ||
  (field >= 22_000 && field < 22_100) ||
  field === 41_270 ||
  field === 41_280 ||
  field >= 130_000;
const withArray = (field: number): boolean => field === 22_009 || field === 41_270 || field === 41_280;

export function columnName(spelling: Spelling, field: number, instance = 0, array = 0): string {
  if (spelling === 'showcase') return `${field}-${instance}.${array}`;
  if (spelling === 'r') return `f.${field}.${instance}.${array}`;
  return `p${field}${withoutInstance(field) ? '' : `_i${instance}`}${withArray(field) ? `_a${array}` : ''}`;
}

/** A sheet in the making: columns of numbers (NaN until set) and of texts (null until set). */
export class SheetBuilder {
  private readonly columns = new Map<string, Float64Array | (string | null)[]>();

  constructor(
    private readonly spelling: Spelling,
    private readonly ids: readonly string[],
  ) {}

  numbers(field: number, instance = 0, array = 0): Float64Array {
    return this.namedNumbers(columnName(this.spelling, field, instance, array));
  }

  namedNumbers(name: string): Float64Array {
    const column = new Float64Array(this.ids.length).fill(NaN);
    this.columns.set(name, column);
    return column;
  }

  texts(field: number, instance = 0, array = 0): (string | null)[] {
    return this.namedTexts(columnName(this.spelling, field, instance, array));
  }

  namedTexts(name: string): (string | null)[] {
    const column = new Array<string | null>(this.ids.length).fill(null);
    this.columns.set(name, column);
    return column;
  }

  finish(): Sheet {
    return { ids: this.ids, columns: this.columns };
  }
}
