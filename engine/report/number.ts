/**
 * Numbers for reading: one number of decimals for a column, minus signs, powers of ten, p values from log10 p.
 *
 * Not responsible for exact values: those are in the downloaded file and in what the table sorts by.
 */
import { grouped } from './html.js';

/** Whole numbers that name something are not grouped by thousands: a field 30000, not 30,000. */
const NAMES_SOMETHING = /(^|[_.\s])(id|eid|code|field|seed|icd|bp|pos|position)($|[_.\s\d])/i;

/** Formats the cells of one number column; NaN is not given. */
export type NumberFormat = (value: number) => string;

/** The format for a column, from its name and the values shown. Values that are all whole stay whole. */
export function columnFormat(name: string, values: Iterable<number>): NumberFormat {
  const finite = [...values].filter(Number.isFinite);
  if (finite.every((value) => Number.isInteger(value) && Math.abs(value) < 1e15)) {
    const mayBeYears = finite.every((value) => value >= 1800 && value <= 2100);
    const asText = mayBeYears || NAMES_SOMETHING.test(name) ? String : grouped;
    return (value) => (Number.isFinite(value) ? signed(asText(value)) : infinite(value));
  }
  // Three significant digits for the large values of the column, though not for a few outliers, and two for its middle; the same
  // decimals for all, so that their points stand below each other.
  const sizes = finite.map(Math.abs).filter((size) => size > 0);
  sizes.sort((a, b) => a - b);
  const magnitudeAt = (part: number): number =>
    Math.floor(Math.log10(sizes[Math.ceil(part * (sizes.length - 1))] ?? 1));
  const decimals = Math.min(5, Math.max(1, 2 - magnitudeAt(0.9), 1 - magnitudeAt(0.5)));
  return (value) => decimal(value, decimals);
}

function decimal(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return infinite(value);
  const size = Math.abs(value);
  if (size === 0) return (0).toFixed(decimals);
  // What would read as zero gets the decimals that its first digit needs.
  const needed = Math.max(decimals, -Math.floor(Math.log10(size)));
  if (needed > 5 || size >= 1e7) return powerOfTen(value, 2);
  const [whole, fraction] = size.toFixed(needed).split('.');
  return `${value < 0 ? '−' : ''}${grouped(Number(whole))}.${fraction!}`;
}

/** `1.23×10⁻⁷`, with `digits` decimals in the mantissa. */
function powerOfTen(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(digits).split('e');
  return `${signed(mantissa!)}×10${superscript(Number(exponent))}`;
}

const signed = (text: string): string => text.replace(/^-/, '−');
const infinite = (value: number): string => (value > 0 ? '∞' : '−∞');

function superscript(exponent: number): string {
  const digits = String(Math.abs(exponent)).replace(/\d/g, (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]!);
  return exponent < 0 ? `⁻${digits}` : digits;
}

/**
 * A p value from its logarithm, to two significant digits: `0.032`, `3.2×10⁻¹⁵`. The power of ten is never formed, so that
 * p = 10⁻⁴⁰⁰ is shown as it is.
 */
export function formatP(log10P: number): string {
  if (log10P === -Infinity) return '0';
  if (!(log10P < -3)) return (10 ** log10P).toPrecision(2);
  let exponent = Math.floor(log10P);
  let mantissa = (10 ** (log10P - exponent)).toFixed(1);
  if (mantissa === '10.0') {
    mantissa = '1.0';
    exponent++;
  }
  return `${mantissa}×10${superscript(exponent)}`;
}

const LOG10_P = /(^|[_.\s])log10_?([pq])(?=$|[_.\s\d])/i;

/** The name under which a column of log10 p is shown (`log10p_real` → `p_real`), or null when it is none. */
export function pName(column: string): string | null {
  return LOG10_P.test(column) ? column.replace(LOG10_P, '$1$2') : null;
}

/** A column of plain p or q values by its name: `p`, `q_real`, `p_value`. */
export function isPName(column: string): boolean {
  return /(^|[_.\s])([pq]|pval|p_?value|fdr)(?=$|[_.\s])/i.test(column);
}
