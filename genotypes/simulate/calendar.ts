/**
 * Days: whole numbers since 1970-01-01, and the dates of the simulated biobank.
 * Not responsible for time zones: a date is a date.
 */

export const DAYS_PER_YEAR = 365.25;

/** Days since 1970-01-01 of a date of the Gregorian calendar, by counting from March (no leap day inside a year). */
export function dayOf(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const inYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + inYear - 719_468;
}

const names = new Map<number, string>();

/** `YYYY-MM-DD`. */
export function dateOf(day: number): string {
  let name = names.get(day);
  if (name === undefined) names.set(day, (name = new Date(day * 86_400_000).toISOString().slice(0, 10)));
  return name;
}

/** Recruitment, at instance 0. */
export const RECRUITMENT = [dayOf(2006, 3, 13), dayOf(2010, 10, 1)] as const;
/** Repeat visits, at instance 1. */
export const REPEAT = [dayOf(2012, 8, 1), dayOf(2013, 6, 7)] as const;
/** Scans, at instance 2. */
export const SCANS = [dayOf(2014, 5, 1), dayOf(2017, 6, 30)] as const;

/** Records from hospitals and registers are complete until this day, by country. */
export const CENSORING: Readonly<Record<Country, number>> = {
  England: dayOf(2020, 12, 31),
  Scotland: dayOf(2020, 10, 31),
  Wales: dayOf(2020, 8, 31),
};
export type Country = 'England' | 'Scotland' | 'Wales';

/** Hospital records begin. */
export const HOSPITAL_RECORDS = dayOf(1997, 4, 1);

/** What UK Biobank writes where a first occurrence has no usable date. */
export const SPECIAL_DATES = ['1900-01-01', '1901-01-01', '1902-02-02', '1903-03-03'] as const;
