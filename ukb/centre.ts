/**
 * Assessment centres (field 54, data-coding 10) and the countries they are in.
 * Not responsible for until when a country's records are complete: that changes with every release and is a parameter.
 */

export type Country = 'England' | 'Scotland' | 'Wales';

/** Glasgow, Edinburgh. */
const SCOTLAND = new Set([11_004, 11_005]);
/** Cardiff, Swansea, Wrexham. */
const WALES = new Set([11_003, 11_022, 11_023]);
/** Stockport (the pilot); the others of England are among the 11001 to 11028. */
const PILOT = 10_003;

/** null for a code that is no centre. */
export function countryOfCentre(code: number): Country | null {
  if (SCOTLAND.has(code)) return 'Scotland';
  if (WALES.has(code)) return 'Wales';
  return code === PILOT || (code >= 11_001 && code <= 11_028) ? 'England' : null;
}
