/**
 * The header of a PLINK 2 `.pgen`: where each variant's record lies and of what type it is.
 * Not responsible for: decoding records (`pgenrecord.ts`).
 * Format: PLINK 2 File Format Specification Draft, https://github.com/chrchang/plink-ng/tree/master/pgen_spec
 */
import { GenotypeError } from '../error.js';
import { packedLength } from '../hardcalls.js';
import type { ByteSource } from '../io/bytesource.js';

/** Variants in a block: the first of each is never LD-compressed. */
export const BLOCK_VARIANTS = 65536;

export interface PgenIndex {
  /** 1: .bed records; 2: raw calls; 3: and dosages; 4: and phased dosages; 0x10: variable-width records. */
  readonly mode: 1 | 2 | 3 | 4 | 0x10;
  /** Record type of each variant, or one type for all. */
  readonly types: Uint8Array | number;
  /** Offset of each record, undefined when all have one width. */
  readonly offsets: Float64Array | undefined;
  /** Bytes of each record, beside `offsets`. */
  readonly lengths: Float64Array | undefined;
  /** Fixed-width modes: first record and width in bytes. */
  readonly first: number;
  readonly width: number;
}

const FIXED_TYPES: Readonly<Record<number, number>> = { 2: 0, 3: 0x40, 4: 0xc0 };

/**
 * Reads the header. `variants` and `people` come from the companion files: a header that claims other numbers is refused
 * before anything is allocated by it. Throws `bad-magic`, `unsupported`, `bad-header`, `mismatch`, `truncated`.
 */
export async function readPgenIndex(pgen: ByteSource, variants: number, people: number): Promise<PgenIndex> {
  const magic = await pgen.read(0, Math.min(3, pgen.size));
  if (magic[0] !== 0x6c || magic[1] !== 0x1b || magic.length < 3) {
    throw new GenotypeError('bad-magic', pgen.name, 'not a PLINK 2 .pgen (it does not begin with 6c 1b)', {
      offset: 0,
    });
  }
  const mode = magic[2]!;
  const calls = packedLength(people);
  if (mode === 1) return fixedWidth(pgen, 1, 0, 3, calls, variants);
  if (mode !== 0x10 && FIXED_TYPES[mode] === undefined) {
    throw new GenotypeError(
      'unsupported',
      pgen.name,
      `storage mode 0x${mode.toString(16).padStart(2, '0')}; rewrite the file with plink2 --make-pgen`,
      { offset: 2 },
    );
  }
  const head = await pgen.read(0, 12);
  const view = new DataView(head.buffer, head.byteOffset, 12);
  const [claimedVariants, claimedPeople, format] = [
    view.getUint32(3, true),
    view.getUint32(7, true),
    head[11]!,
  ];
  if (claimedVariants !== variants) {
    throw new GenotypeError('mismatch', pgen.name, `${claimedVariants} variants, the .pvar has ${variants}`, {
      offset: 3,
    });
  }
  if (claimedPeople !== people) {
    throw new GenotypeError('mismatch', pgen.name, `${claimedPeople} people, the .psam has ${people}`, {
      offset: 7,
    });
  }
  if (mode === 0x10) return readVariableWidth(pgen, variants, people, format);
  const flags = format >> 6 === 3 ? Math.ceil(variants / 8) : 0;
  const width = calls + (mode === 2 ? 0 : mode === 3 ? 2 * people : 4 * people);
  return fixedWidth(pgen, mode as 2 | 3 | 4, FIXED_TYPES[mode]!, 12 + flags, width, variants);
}

function fixedWidth(
  pgen: ByteSource,
  mode: 1 | 2 | 3 | 4,
  type: number,
  first: number,
  width: number,
  variants: number,
): PgenIndex {
  const expected = first + width * variants;
  if (pgen.size !== expected) {
    throw new GenotypeError(
      pgen.size < expected ? 'truncated' : 'bad-header',
      pgen.name,
      `${variants} records of ${width} bytes need ${expected} bytes, the file has ${pgen.size}`,
      { offset: Math.min(pgen.size, expected) },
    );
  }
  return { mode, types: type, offsets: undefined, lengths: undefined, first, width };
}

async function readVariableWidth(
  pgen: ByteSource,
  variants: number,
  people: number,
  format: number,
): Promise<PgenIndex> {
  const storage = format & 15;
  if (storage > 9) {
    throw new GenotypeError('unsupported', pgen.name, `record-length storage ${storage} is not defined`, {
      offset: 11,
    });
  }
  const typeBits = storage < 4 ? 4 : storage < 8 ? 8 : 0;
  const lengthBits = storage === 8 ? 2 : storage === 9 ? 4 : ((storage & 3) + 1) * 8;
  const alleleBytes = (format >> 4) & 3;
  const flagBits = format >> 6 === 3 ? 1 : 0;
  const partBytes = (count: number): number[] => [
    Math.ceil((count * typeBits) / 8),
    Math.ceil((count * lengthBits) / 8),
    count * alleleBytes,
    Math.ceil((count * flagBits) / 8),
  ];
  const blocks = Math.ceil(variants / BLOCK_VARIANTS);
  const bodyBytes = (count: number): number => partBytes(count).reduce((sum, bytes) => sum + bytes, 0);
  const lastCount = variants - Math.max(0, blocks - 1) * BLOCK_VARIANTS;
  const headerEnd =
    12 +
    8 * blocks +
    Math.max(0, blocks - 1) * bodyBytes(BLOCK_VARIANTS) +
    (blocks > 0 ? bodyBytes(lastCount) : 0);
  if (headerEnd > pgen.size) {
    throw new GenotypeError(
      'truncated',
      pgen.name,
      `the header alone needs ${headerEnd} bytes, the file has ${pgen.size}`,
      {
        offset: pgen.size,
      },
    );
  }
  const types = new Uint8Array(variants);
  const offsets = new Float64Array(variants);
  const lengths = new Float64Array(variants);
  const starts = await pgen.read(12, 8 * blocks);
  const startView = new DataView(starts.buffer, starts.byteOffset);
  let at = 12 + 8 * blocks;
  let end = headerEnd;
  for (let b = 0; b < blocks; b++) {
    const from = b * BLOCK_VARIANTS;
    const count = Math.min(BLOCK_VARIANTS, variants - from);
    const start = startView.getUint32(8 * b, true) + startView.getUint32(8 * b + 4, true) * 2 ** 32;
    if (start < end) {
      throw new GenotypeError(
        'bad-header',
        pgen.name,
        `block ${b} begins at byte ${start}, inside what precedes it`,
        {
          offset: 12 + 8 * b,
        },
      );
    }
    const body = await pgen.read(at, bodyBytes(count));
    const [typeBytes] = partBytes(count) as [number];
    end = start;
    for (let i = 0; i < count; i++) {
      const stored = unpack(body, typeBytes, lengthBits, i);
      // Storage 8 and 9: what is stored is the excess over raw calls, which only multi-allelic records have.
      types[from + i] = typeBits > 0 ? unpack(body, 0, typeBits, i) : stored === 0 ? 0 : 8;
      lengths[from + i] = typeBits > 0 ? stored : stored + packedLength(people);
      offsets[from + i] = end;
      end += lengths[from + i]!;
    }
    if (end > pgen.size) {
      throw new GenotypeError(
        'truncated',
        pgen.name,
        `block ${b} ends at byte ${end}, the file has ${pgen.size}`,
        {
          offset: pgen.size,
        },
      );
    }
    if ((types[from]! & 6) === 2) {
      throw new GenotypeError(
        'bad-header',
        pgen.name,
        `variant ${from + 1} opens a block but is LD-compressed`,
        {
          offset: at,
        },
      );
    }
    at += body.length;
  }
  return { mode: 0x10, types, offsets, lengths, first: headerEnd, width: 0 };
}

/** The i-th little-endian number of `bits` bits in a packed array that begins at byte `from`. */
function unpack(bytes: Uint8Array, from: number, bits: number, i: number): number {
  if (bits < 8) return (bytes[from + ((i * bits) >> 3)]! >> ((i * bits) & 7)) & ((1 << bits) - 1);
  const width = bits >> 3;
  let value = 0;
  for (let k = width - 1; k >= 0; k--) value = value * 256 + bytes[from + i * width + k]!;
  return value;
}
