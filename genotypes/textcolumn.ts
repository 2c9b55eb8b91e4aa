/**
 * A column of short texts as one UTF-8 buffer and offsets (Arrow's layout): 10 million ids are 150 MB, not 600.
 * Not responsible for: distinguishing null from the empty text; there is no null here.
 */
import { isAscii } from 'node:buffer';
import { cellText } from './io/cells.js';

/** Texts decoded at a time. A text cut from a block keeps the block alive, so that it is not made larger. */
const BLOCK = 1024;

export class TextColumn {
  constructor(
    /** UTF-8 of all texts, one after another. */
    readonly bytes: Uint8Array,
    /** length + 1 offsets into `bytes`. */
    readonly offsets: Uint32Array,
  ) {}

  get length(): number {
    return this.offsets.length - 1;
  }

  at(row: number): string {
    return cellText(this.bytes, this.offsets[row]!, this.offsets[row + 1]!);
  }

  /** Byte length of one text, without decoding it. */
  byteLength(row: number): number {
    return this.offsets[row + 1]! - this.offsets[row]!;
  }

  /** True when row `a` here and row `b` of `other` are the same text. */
  same(a: number, other: TextColumn, b: number): boolean {
    const start = this.offsets[a]!;
    const otherStart = other.offsets[b]!;
    const length = this.offsets[a + 1]! - start;
    if (other.offsets[b + 1]! - otherStart !== length) return false;
    for (let i = 0; i < length; i++) if (this.bytes[start + i] !== other.bytes[otherStart + i]) return false;
    return true;
  }

  /** All texts as strings. */
  toArray(): string[] {
    const texts = new Array<string>(this.length);
    for (let from = 0; from < texts.length; from += BLOCK) {
      const to = Math.min(from + BLOCK, texts.length);
      const start = this.offsets[from]!;
      const block = Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, this.offsets[to]! - start);
      // Cutting one long string costs a tenth of decoding each text; in ASCII, bytes and characters agree.
      const text = isAscii(block) ? block.toString('latin1') : undefined;
      for (let row = from; row < to; row++)
        texts[row] =
          text === undefined
            ? this.at(row)
            : text.slice(this.offsets[row]! - start, this.offsets[row + 1]! - start);
    }
    return texts;
  }

  /** The given rows, in the given order. */
  take(rows: ArrayLike<number>): TextColumn {
    const builder = new TextBuilder();
    for (let i = 0; i < rows.length; i++) {
      builder.push(this.bytes, this.offsets[rows[i]!]!, this.offsets[rows[i]! + 1]!);
    }
    return builder.finish();
  }

  /** Columns one after another. Throws RangeError past 4 GiB of text. */
  static concat(columns: readonly TextColumn[]): TextColumn {
    const length = columns.reduce((sum, column) => sum + column.length, 0);
    const size = columns.reduce((sum, column) => sum + column.bytes.length, 0);
    if (size > 0xffffffff) throw new RangeError('a text column holds at most 4 GiB');
    const bytes = new Uint8Array(size);
    const offsets = new Uint32Array(length + 1);
    let row = 0;
    let used = 0;
    for (const column of columns) {
      bytes.set(column.bytes, used);
      for (let i = 1; i <= column.length; i++) offsets[row + i] = used + column.offsets[i]!;
      row += column.length;
      used += column.bytes.length;
    }
    return new TextColumn(bytes, offsets);
  }

  static from(texts: Iterable<string>): TextColumn {
    const builder = new TextBuilder();
    for (const text of texts) builder.pushText(text);
    return builder.finish();
  }
}

const encoder = new TextEncoder();

export class TextBuilder {
  private bytes = new Uint8Array(1024);
  private used = 0;
  private offsets = new Uint32Array(256);
  private rows = 0;

  /** Appends bytes[start … end) as one text. Throws RangeError past 4 GiB of text. */
  push(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.reserve(length);
    // A loop beats set(subarray) for the short texts this column is for.
    if (length < 32) for (let i = 0; i < length; i++) this.bytes[this.used + i] = bytes[start + i]!;
    else this.bytes.set(bytes.subarray(start, end), this.used);
    this.used += length;
    this.offsets[++this.rows] = this.used;
  }

  pushText(text: string): void {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) {
        const bytes = encoder.encode(text);
        this.push(bytes, 0, bytes.length);
        return;
      }
      this.bytes[this.used + i] = code;
    }
    this.used += text.length;
    this.offsets[++this.rows] = this.used;
  }

  private reserve(length: number): void {
    if (this.used + length > 0xffffffff) throw new RangeError('a text column holds at most 4 GiB');
    if (this.used + length > this.bytes.length) {
      const grown = new Uint8Array(Math.min(0xffffffff, Math.max(this.bytes.length * 2, this.used + length)));
      grown.set(this.bytes.subarray(0, this.used));
      this.bytes = grown;
    }
    if (this.rows + 2 > this.offsets.length) {
      const grown = new Uint32Array(this.offsets.length * 2);
      grown.set(this.offsets);
      this.offsets = grown;
    }
  }

  finish(): TextColumn {
    return new TextColumn(this.bytes.slice(0, this.used), this.offsets.slice(0, this.rows + 1));
  }
}
