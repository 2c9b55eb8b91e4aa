/**
 * The header block and embedded sample ids of a BGEN file.
 * Not responsible for: variants (`bgenindex.ts`). Layout 1 (BGEN 1.1) is refused.
 * Format: https://www.chg.ox.ac.uk/~gav/bgen_format/spec/v1.2.html
 */
import { GenotypeError } from '../error.js';
import type { ByteSource } from '../io/bytesource.js';

export type BgenCompression = 'none' | 'zlib' | 'zstd';

export interface BgenHeader {
  readonly variants: number;
  readonly people: number;
  readonly compression: BgenCompression;
  /** Offset of the first variant block. */
  readonly first: number;
  /** Embedded ids, undefined where the file has none. */
  readonly ids: readonly string[] | undefined;
}

const COMPRESSIONS: readonly (BgenCompression | undefined)[] = ['none', 'zlib', 'zstd'];

/** Throws `bad-magic`, `unsupported`, `bad-header`, `truncated`; allocates nothing that the file's size does not cover. */
export async function readBgenHeader(bgen: ByteSource): Promise<BgenHeader> {
  const fail = (problem: string, offset: number): GenotypeError =>
    new GenotypeError('bad-header', bgen.name, problem, { offset });
  const head = await bgen.read(0, Math.min(24, bgen.size));
  if (head.length < 24)
    throw new GenotypeError('bad-magic', bgen.name, 'too short to be a BGEN file', { offset: 0 });
  const view = new DataView(head.buffer, head.byteOffset, 24);
  const magic = view.getUint32(16, true);
  // The specification allows "bgen" or four zero bytes.
  if (magic !== 0x6e656762 && magic !== 0) {
    throw new GenotypeError('bad-magic', bgen.name, 'not a BGEN file (no "bgen" at byte 16)', { offset: 16 });
  }
  const first = view.getUint32(0, true) + 4;
  const headerLength = view.getUint32(4, true);
  const variants = view.getUint32(8, true);
  const people = view.getUint32(12, true);
  if (headerLength < 20 || 4 + headerLength > first) throw fail(`a header of ${headerLength} bytes`, 4);
  if (first > bgen.size) throw fail(`variants begin at byte ${first}, the file has ${bgen.size}`, 0);
  const flagBytes = await bgen.read(headerLength, 4);
  const flags = new DataView(flagBytes.buffer, flagBytes.byteOffset, 4).getUint32(0, true);
  const layout = (flags >>> 2) & 15;
  if (layout !== 2) {
    throw new GenotypeError(
      'unsupported',
      bgen.name,
      `BGEN layout ${layout}; only layout 2 (BGEN 1.2 and 1.3) is read`,
      {
        offset: headerLength,
      },
    );
  }
  const compression = COMPRESSIONS[flags & 3];
  if (compression === undefined) throw fail('compression 3 is not defined', headerLength);
  // A variant block is at least 18 bytes; this bounds every table that follows by the file's size.
  if (variants * 18 > bgen.size - first) {
    throw fail(`${variants} variants cannot fit in ${bgen.size - first} bytes`, 8);
  }
  const ids = flags >= 2 ** 31 ? await readIds(bgen, 4 + headerLength, first, people) : undefined;
  return { variants, people, compression, first, ids };
}

async function readIds(bgen: ByteSource, from: number, end: number, people: number): Promise<string[]> {
  const fail = (problem: string, offset: number): GenotypeError =>
    new GenotypeError('bad-header', bgen.name, problem, { offset });
  if (end - from < 8) throw fail('the sample block is cut short', from);
  const bytes = await bgen.read(from, end - from);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  if (length > bytes.length) throw fail(`a sample block of ${length} bytes before byte ${end}`, from);
  if (view.getUint32(4, true) !== people) {
    throw fail(`${view.getUint32(4, true)} sample ids for ${people} people`, from + 4);
  }
  if (people * 2 > length) throw fail(`${people} sample ids cannot fit in ${length} bytes`, from);
  const decoder = new TextDecoder();
  const ids: string[] = [];
  let at = 8;
  for (let s = 0; s < people; s++) {
    if (at + 2 > length) throw fail(`the ids end after ${s} of ${people}`, from + at);
    const size = view.getUint16(at, true);
    if (at + 2 + size > length) throw fail(`id ${s + 1} runs past the sample block`, from + at);
    ids.push(decoder.decode(bytes.subarray(at + 2, at + 2 + size)));
    at += 2 + size;
  }
  return ids;
}
