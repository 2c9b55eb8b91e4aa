/**
 * Dates as UK Biobank writes them, as day numbers: days since 1970-01-01 UTC.
 * Not responsible for time zones: a date is a date.
 *
 * Six dates are codes (UK Biobank's data-coding 819): they say why a record has no usable date.
 */

export const DAYS_PER_YEAR = 365.25;

/** Has the disease, since when is not known: before every time zero as far as a study can tell. */
export const UNKNOWN_DATE = -1e6;
/** Neither case nor control of a disease. */
export const NOT_ELIGIBLE = -2e6;
/** A record whose date says nothing, not even that it is in the past; a date of another record is preferred. */
export const NO_DATE = Infinity;

interface SpecialDate {
  /** As UK Biobank documents it, in short. */
  readonly meaning: string;
  /** UNKNOWN_DATE or NO_DATE. */
  readonly day: number;
}

/** 1902 and 1903 are dates at birth or in its year: long before time zero, so that nothing is lost by not knowing them. */
export const SPECIAL_DATES: ReadonlyMap<string, SpecialDate> = new Map([
  ['1900-01-01', { meaning: 'the record has no date', day: UNKNOWN_DATE }],
  ['1901-01-01', { meaning: 'dated before birth', day: UNKNOWN_DATE }],
  ['1902-02-02', { meaning: 'dated on the day of birth', day: UNKNOWN_DATE }],
  ['1903-03-03', { meaning: 'dated in the year of birth', day: UNKNOWN_DATE }],
  ['1909-09-09', { meaning: 'dated in the future, a placeholder', day: NO_DATE }],
  ['2037-07-07', { meaning: 'dated in the future, a placeholder', day: NO_DATE }],
]);

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?$/;

/** The day of `YYYY-MM-DD` (midnight may follow); NaN when the text is no such date. Special dates are dates here. */
export function dayOfDate(text: string): number {
  const match = DATE.exec(text);
  if (!match) return NaN;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const time = new Date(Date.UTC(year, month - 1, day));
  // A month 13 or a 30th of February moves on into another month; years below 100 are taken for 19xx.
  const same =
    time.getUTCFullYear() === year && time.getUTCMonth() === month - 1 && time.getUTCDate() === day;
  return same ? time.getTime() / 86_400_000 : NaN;
}

/** `YYYY-MM-DD` of a day number. */
export function dateOfDay(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}

/** The day of a year with decimals, as field 20008 gives when an illness was first diagnosed (1998.5: half-way through 1998). */
export function dayOfYear(year: number): number {
  return Math.floor((year - 1970) * DAYS_PER_YEAR);
}

/** Reads the dates of many cells: each distinct text is parsed once. */
export class DateReader {
  /** How many cells held each special date. */
  readonly special = new Map<string, number>();
  private readonly days = new Map<string, number>();

  /** A day number, UNKNOWN_DATE or NO_DATE; NaN when the text is no date. */
  day(text: string): number {
    let day = this.days.get(text);
    if (day === undefined) this.days.set(text, (day = this.parse(text)));
    if (day === UNKNOWN_DATE || day === NO_DATE) {
      const date = text.slice(0, 10);
      this.special.set(date, (this.special.get(date) ?? 0) + 1);
    }
    return day;
  }

  private parse(text: string): number {
    const day = dayOfDate(text);
    return Number.isNaN(day) ? day : (SPECIAL_DATES.get(text.slice(0, 10))?.day ?? day);
  }
}
