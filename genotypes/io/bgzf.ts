/**
 * BGZF: gzip in blocks of at most 64 KiB, seen as a random-access source of its uncompressed bytes.
 * Not responsible for: ordinary gzip, which has no random access (`decompress.ts`).
 * Format: SAM/BAM specification v1, §4.1.
 */
import { inflateRawSync } from 'node:zlib';
import { GenotypeError } from '../error.js';
import { checkRange } from './bytesource.js';
import type { ByteSource } from './bytesource.js';

/** gzip header, the BC subfield included, as bgzip writes it. */
const HEADER = 18;
/** Inflated blocks kept; a VCF line rarely spans more. */
const KEPT_BLOCKS = 8;

/** True when the bytes open with a gzip member that carries the BGZF `BC` subfield. */
export function isBgzf(bytes: Uint8Array): boolean {
  return (
    bytes.length >= HEADER &&
    bytes[0] === 0x1f &&
    bytes[1] === 0x8b &&
    (bytes[3]! & 4) !== 0 &&
    bytes[12] === 0x42 &&
    bytes[13] === 0x43
  );
}

/**
 * Indexes the blocks of a BGZF file by one walk over their headers (nothing is inflated).
 * Throws `truncated` when the walk does not end on the empty end-of-file block, `bad-compression` on a bad header.
 */
export async function openBgzf(source: ByteSource): Promise<ByteSource> {
  /** Offset of each block in the file, and of its first byte in the uncompressed stream. */
  const blockAt: number[] = [];
  const contentAt: number[] = [];
  let offset = 0;
  let content = 0;
  let lastSize = -1;
  // One read a block brings its trailing size and the next block's header together.
  let header = source.size >= HEADER ? await source.read(0, HEADER) : new Uint8Array(0);
  while (offset < source.size) {
    if (!isBgzf(header)) {
      throw new GenotypeError('bad-compression', source.name, 'a BGZF block does not begin here', { offset });
    }
    const length = (header[16]! | (header[17]! << 8)) + 1;
    if (length < HEADER + 8) {
      throw new GenotypeError('bad-compression', source.name, `a BGZF block of ${length} bytes`, { offset });
    }
    const next = offset + length;
    const tail = await source.read(next - 4, 4 + Math.min(HEADER, Math.max(0, source.size - next)));
    lastSize = (tail[0]! | (tail[1]! << 8) | (tail[2]! << 16)) + tail[3]! * 2 ** 24;
    if (lastSize > 65536) {
      throw new GenotypeError(
        'bad-compression',
        source.name,
        `a BGZF block of ${lastSize} bytes uncompressed`,
        {
          offset,
        },
      );
    }
    blockAt.push(offset);
    contentAt.push(content);
    content += lastSize;
    offset = next;
    header = tail.subarray(4);
  }
  if (lastSize !== 0) {
    throw new GenotypeError('truncated', source.name, 'the empty BGZF block that marks the end is absent', {
      offset,
    });
  }
  return new BgzfSource(source, Float64Array.from(blockAt), Float64Array.from(contentAt), content);
}

class BgzfSource implements ByteSource {
  readonly name: string;
  /** Most recently used last. */
  private readonly inflated = new Map<number, Uint8Array>();

  constructor(
    private readonly source: ByteSource,
    private readonly blockAt: Float64Array,
    private readonly contentAt: Float64Array,
    readonly size: number,
  ) {
    this.name = source.name;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    checkRange(this, offset, length);
    const out = new Uint8Array(length);
    let filled = 0;
    for (let b = lastAtOrBelow(this.contentAt, offset); filled < length; b++) {
      const block = await this.block(b);
      const from = offset + filled - this.contentAt[b]!;
      const part = block.subarray(from, from + length - filled);
      out.set(part, filled);
      filled += part.length;
    }
    return out;
  }

  private async block(index: number): Promise<Uint8Array> {
    const kept = this.inflated.get(index);
    if (kept !== undefined) {
      this.inflated.delete(index);
      this.inflated.set(index, kept);
      return kept;
    }
    const offset = this.blockAt[index]!;
    const end = this.blockAt[index + 1] ?? this.source.size;
    const expected = (this.contentAt[index + 1] ?? this.size) - this.contentAt[index]!;
    const raw = await this.source.read(offset, end - offset);
    let bytes: Uint8Array;
    try {
      bytes = inflateRawSync(raw.subarray(HEADER, raw.length - 8), { maxOutputLength: 65536 + 1 });
    } catch (cause) {
      throw new GenotypeError(
        'bad-compression',
        this.name,
        `a BGZF block does not inflate: ${String(cause)}`,
        { offset },
      );
    }
    if (bytes.length !== expected) {
      throw new GenotypeError(
        'bad-compression',
        this.name,
        `a BGZF block of ${bytes.length} bytes says ${expected}`,
        {
          offset,
        },
      );
    }
    this.inflated.set(index, bytes);
    if (this.inflated.size > KEPT_BLOCKS) this.inflated.delete(this.inflated.keys().next().value!);
    return bytes;
  }

  close(): void {
    this.source.close();
  }
}

/** Index of the last element ≤ value in an ascending array whose first element is ≤ value. */
function lastAtOrBelow(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (ascending[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
