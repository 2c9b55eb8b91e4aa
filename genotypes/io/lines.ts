/**
 * A stream of bytes cut into lines: LF or CRLF, mixed at will; a UTF-8 byte-order mark is skipped.
 * Not responsible for: cells (`cells.ts`); blank lines are delivered, each reader decides.
 */
import { GenotypeError } from '../error.js';
import { grown } from '../growing.js';

/** Longest line accepted, bytes. 500,000 people × 40 bytes of VCF cell is 20 MB. */
const MAX_LINE = 2 ** 27;

/** Many whole lines in one buffer. Valid until the next block is asked for. */
export interface LineBlock {
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Line i is bytes[starts[i] … ends[i]), its line end not included. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** 1-based number of the first line. */
  readonly firstLine: number;
  /** Offset of bytes[0] in the decompressed stream. */
  readonly offset: number;
}

/** Cuts chunks into blocks of lines. Throws `bad-text` for UTF-16, NUL bytes, lone carriage returns and endless lines. */
export async function* lineBlocks(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<LineBlock> {
  let carried: Uint8Array[] = [];
  let carriedLength = 0;
  let line = 1;
  let offset = 0;
  for await (const chunk of chunks) {
    const last = chunk.lastIndexOf(10);
    if (last < 0) {
      carried.push(chunk);
      carriedLength += chunk.length;
      if (carriedLength > MAX_LINE) {
        throw new GenotypeError('bad-text', file, `a line is longer than ${MAX_LINE} bytes`, { line });
      }
      continue;
    }
    let bytes = chunk.subarray(0, last + 1);
    if (carriedLength > 0) bytes = joined([...carried, bytes], carriedLength + last + 1);
    const block = cut(file, bytes, line, offset);
    yield block;
    line += block.count;
    offset += bytes.length;
    carriedLength = chunk.length - last - 1;
    carried = carriedLength > 0 ? [chunk.slice(last + 1)] : [];
  }
  if (carriedLength > 0) yield cut(file, joined(carried, carriedLength), line, offset);
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Lines that a block is given room for at first, by its bytes: few tables have shorter ones. */
const BYTES_A_LINE = 32;

function cut(file: string, bytes: Uint8Array, firstLine: number, offset: number): LineBlock {
  let start = firstLine === 1 ? skipByteOrderMark(file, bytes) : 0;
  let starts = new Uint32Array(1 + Math.ceil(bytes.length / BYTES_A_LINE));
  let ends = new Uint32Array(starts.length);
  let count = 0;
  // One round more than there are bytes: the last line may have no end.
  for (let i = start; i <= bytes.length; i++) {
    // Passes all ordinary text but the tab.
    while (i < bytes.length && bytes[i]! > 13) i++;
    const last = i === bytes.length;
    const byte = last ? 10 : bytes[i]!;
    if (byte === 10) {
      if (last && start === bytes.length) break;
      if (count === starts.length) {
        starts = grown(starts);
        ends = grown(ends);
      }
      starts[count] = start;
      ends[count++] = i > start && bytes[i - 1] === 13 ? i - 1 : i;
      start = i + 1;
    } else if (byte === 0) {
      throw new GenotypeError('bad-text', file, 'a NUL byte: this is not a text file', {
        line: firstLine + count,
      });
    } else if (byte === 13 && i + 1 < bytes.length && bytes[i + 1] !== 10) {
      throw new GenotypeError(
        'bad-text',
        file,
        'a carriage return inside a line (old Macintosh line ends?)',
        {
          line: firstLine + count,
        },
      );
    }
  }
  return { bytes, count, starts, ends, firstLine, offset };
}

function skipByteOrderMark(file: string, bytes: Uint8Array): number {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 3;
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new GenotypeError('bad-text', file, 'the file is UTF-16; save it as UTF-8', { line: 1 });
  }
  return 0;
}
