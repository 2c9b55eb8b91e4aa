/**
 * Zstandard, as used by `.pvar.zst` and by BGEN blocks, with bounds on what a damaged or hostile frame may allocate.
 * Not responsible for: the other compressions (`decompress.ts`).
 */
import { Decompress, decompress } from 'fzstd';
import { GenotypeError } from '../error.js';

/** Largest window accepted, bytes: the limit of the zstd command line without `--long`. */
const MAX_WINDOW = 2 ** 27;

/**
 * Input per push, bytes. An RLE block turns 4 bytes into 128 KiB, so one push may emit at most
 * PUSH / 4 × 128 KiB = 32 MiB before the consumer sees it.
 */
const PUSH = 1024;

export function isZstd(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 4 && bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd
  );
}

interface FrameHeader {
  /** Bytes of history the frame asks for. */
  readonly window: number;
  /** Bytes of content that the frame claims, or undefined where it does not say. */
  readonly content: number | undefined;
}

/** Reads a frame header (RFC 8878 §3.1.1.1); undefined when it is not one or is cut short. */
function frameHeader(bytes: Uint8Array): FrameHeader | undefined {
  if (!isZstd(bytes) || bytes.length < 6) return undefined;
  const descriptor = bytes[4]!;
  const singleSegment = (descriptor & 0x20) !== 0;
  let at = 5;
  let window = 0;
  if (!singleSegment) {
    const w = bytes[at++]!;
    const base = 2 ** (10 + (w >> 3));
    window = base + (base / 8) * (w & 7);
  }
  at += [0, 1, 2, 4][descriptor & 3]!;
  const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  if (bytes.length < at + sizeBytes) return undefined;
  let content: number | undefined;
  if (sizeBytes > 0) {
    content = sizeBytes === 2 ? 256 : 0;
    for (let i = 0; i < sizeBytes; i++) content += bytes[at + i]! * 2 ** (8 * i);
  }
  return { window: singleSegment ? content! : window, content };
}

function damaged(file: string, offset: number, cause: unknown): GenotypeError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new GenotypeError('bad-compression', file, `zstd data does not decompress: ${why}`, { offset });
}

/** Decompresses a whole zstd stream chunk by chunk; yields pieces of at most 128 KiB. Throws `bad-compression`. */
export async function* zstdChunks(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  const stream = new Decompress((data) => {
    // The decoder reuses nothing, but its window copy follows this call: keep our own copy.
    if (data.length > 0) ready.push(data.slice());
  });
  let consumed = 0;
  let first = true;
  for await (const chunk of chunks) {
    if (first) {
      first = false;
      const header = frameHeader(chunk);
      if (header === undefined) throw damaged(file, 0, 'the frame header is damaged');
      if (header.window > MAX_WINDOW)
        throw damaged(file, 0, `the frame asks for a window of ${header.window} bytes`);
    }
    for (let from = 0; from < chunk.length; from += PUSH) {
      try {
        stream.push(chunk.subarray(from, from + PUSH));
      } catch (cause) {
        throw damaged(file, consumed + from, cause);
      }
      yield* ready.splice(0);
    }
    consumed += chunk.length;
  }
  try {
    stream.push(new Uint8Array(0), true);
  } catch (cause) {
    throw new GenotypeError('truncated', file, `the zstd stream is cut short: ${String(cause)}`, {
      offset: consumed,
    });
  }
  yield* ready.splice(0);
}

/**
 * Decompresses one zstd block whose size is known.
 * @param expected the exact number of bytes that must come out
 * @param offset of the block in the file, for the error
 */
export function zstdBlock(file: string, block: Uint8Array, expected: number, offset: number): Uint8Array {
  const header = frameHeader(block);
  if (header === undefined) throw damaged(file, offset, 'the frame header is damaged');
  if (header.content !== undefined && header.content !== expected) {
    throw damaged(file, offset, `the frame holds ${header.content} bytes where ${expected} are announced`);
  }
  if (header.window > Math.max(MAX_WINDOW, expected)) {
    throw damaged(file, offset, `the frame asks for a window of ${header.window} bytes`);
  }
  const out = new Uint8Array(expected);
  try {
    if (header.content === expected) return decompress(block, out);
    let filled = 0;
    new Decompress((data) => {
      if (filled + data.length > expected) throw new Error(`more than the ${expected} bytes announced`);
      out.set(data, filled);
      filled += data.length;
    }).push(block, true);
    if (filled !== expected) throw new Error(`${filled} bytes where ${expected} are announced`);
  } catch (cause) {
    throw damaged(file, offset, cause);
  }
  return out;
}
