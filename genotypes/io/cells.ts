/**
 * Cells of a line, found and read in place in the bytes.
 * Not responsible for: what a column means, or which words mean "missing" in a given format.
 */

import { grown } from '../growing.js';

/** Positions of the cells of one line; reused from line to line. */
export class Cells {
  count = 0;
  starts = new Uint32Array(16);
  ends = new Uint32Array(16);

  /** Room for twice as many cells. */
  private grow(): void {
    this.starts = grown(this.starts);
    this.ends = grown(this.ends);
  }

  /** Splits bytes[start … end) at every `separator` byte: empty cells are cells. Stops after `limit` cells. */
  splitAt(separator: number, bytes: Uint8Array, start: number, end: number, limit = Infinity): void {
    let { starts, ends } = this;
    let count = 0;
    let from = start;
    for (let i = start; i <= end; i++) {
      if (i < end && bytes[i] !== separator) continue;
      if (count === starts.length) {
        this.grow();
        ({ starts, ends } = this);
      }
      starts[count] = from;
      ends[count++] = i;
      from = i + 1;
      if (count >= limit) break;
    }
    this.count = count;
  }

  /** Splits bytes[start … end) at runs of spaces and tabs; leading and trailing ones are ignored. Stops after `limit` cells. */
  splitAtBlanks(bytes: Uint8Array, start: number, end: number, limit = Infinity): void {
    let { starts, ends } = this;
    let count = 0;
    let i = start;
    while (count < limit) {
      while (i < end && (bytes[i] === 32 || bytes[i] === 9)) i++;
      if (i >= end) break;
      if (count === starts.length) {
        this.grow();
        ({ starts, ends } = this);
      }
      starts[count] = i;
      // One comparison passes all ordinary text.
      while (i < end && (bytes[i]! > 32 || (bytes[i] !== 32 && bytes[i] !== 9))) i++;
      ends[count++] = i;
    }
    this.count = count;
  }

  text(bytes: Uint8Array, cell: number): string {
    return cellText(bytes, this.starts[cell]!, this.ends[cell]!);
  }
}

const decoder = new TextDecoder();

export function cellText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > 24) return decoder.decode(bytes.subarray(start, end));
  let text = '';
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte > 127) return decoder.decode(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

/** True when the cell is exactly `word` (ASCII). */
export function cellIs(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word.charCodeAt(i)) return false;
  return true;
}

/** Powers of ten that a double holds exactly. */
const TEN = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * The decimal number of a cell, correctly rounded; NaN when the cell is not a plain decimal (so `0x1F`, `inf`, `NA` and
 * the empty cell are NaN: tell missing from wrong before calling).
 */
export function cellNumber(bytes: Uint8Array, start: number, end: number): number {
  // Clinger's exact case: up to 15 digits scaled by a power of ten that is itself exact.
  let i = start;
  const negative = bytes[i] === 45;
  if (negative || bytes[i] === 43) i++;
  const from = i;
  let mantissa = 0;
  let byte = 0;
  while (i < end && (byte = bytes[i]! - 48) >= 0 && byte <= 9) {
    mantissa = mantissa * 10 + byte;
    i++;
  }
  let digits = i - from;
  let scale = 0;
  if (i < end && bytes[i] === 46) {
    const point = ++i;
    while (i < end && (byte = bytes[i]! - 48) >= 0 && byte <= 9) {
      mantissa = mantissa * 10 + byte;
      i++;
    }
    scale = point - i;
    digits -= scale;
  }
  if (digits === 0) return NaN;
  if (i < end) {
    if ((bytes[i]! | 32) !== 101) return NaN;
    i++;
    const down = bytes[i] === 45;
    if (down || bytes[i] === 43) i++;
    if (i >= end) return NaN;
    let exponent = 0;
    for (; i < end; i++) {
      byte = bytes[i]!;
      if (byte < 48 || byte > 57) return NaN;
      if (exponent < 100000) exponent = exponent * 10 + (byte - 48);
    }
    scale += down ? -exponent : exponent;
  }
  if (mantissa === 0) return negative ? -0 : 0;
  // Leading zeros are no digits: below 10^15 a whole number is exact, however it was written.
  if (mantissa < 1e15 && scale >= -22 && scale <= 22) {
    const value = scale < 0 ? mantissa / TEN[-scale]! : mantissa * TEN[scale]!;
    return negative ? -value : value;
  }
  const text = cellText(bytes, start, end);
  return DECIMAL.test(text) ? Number(text) : NaN;
}

/** A whole number from 0 to 2^31 − 1, also as R may write it (`1e+05`), or -1. */
export function cellPosition(bytes: Uint8Array, start: number, end: number): number {
  const value = cellNumber(bytes, start, end);
  return Number.isInteger(value) && value >= 0 && value < 2 ** 31 ? value : -1;
}
