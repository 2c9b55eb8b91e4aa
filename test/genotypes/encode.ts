/**
 * Small encoders of BGEN and fixed-width .pgen, for features that plink2 does not write and for damage.
 * Not responsible for: large files.
 */
import { deflateSync } from 'node:zlib';

const u16 = (value: number): Buffer => Buffer.from(Uint16Array.of(value).buffer);
const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
const text16 = (text: string): Buffer => Buffer.concat([u16(text.length), Buffer.from(text)]);
const text32 = (text: string): Buffer => Buffer.concat([u32(text.length), Buffer.from(text)]);

export interface BgenPerson {
  readonly ploidy: 1 | 2;
  readonly missing?: boolean;
  /** Stored integers: as many as the ploidy. */
  readonly values: readonly number[];
}

export interface BgenVariantSpec {
  readonly id: string;
  readonly alleles: readonly string[];
  readonly phased: boolean;
  readonly bits: number;
  readonly people: readonly BgenPerson[];
}

/** Packs integers of `bits` bits, least significant bit first. */
export function packBits(values: readonly number[], bits: number): Buffer {
  const bytes = Buffer.alloc(Math.ceil((values.length * bits) / 8));
  values.forEach((value, i) => {
    for (let b = 0; b < bits; b++) {
      const at = i * bits + b;
      if (Math.floor(value / 2 ** b) % 2 === 1) bytes[at >> 3]! |= 1 << (at & 7);
    }
  });
  return bytes;
}

/** A zstd frame of raw blocks: valid zstd without a compressor. @param sized whether the frame says its size */
export function zstdStored(content: Buffer, sized: boolean): Buffer {
  const blocks: Buffer[] = [];
  for (let from = 0; from === 0 || from < content.length; from += 100_000) {
    const part = content.subarray(from, from + 100_000);
    const last = from + part.length >= content.length ? 1 : 0;
    const header = last | (part.length << 3);
    blocks.push(Buffer.from([header & 255, (header >> 8) & 255, (header >> 16) & 255]), part);
  }
  // Without a size: a window descriptor of 1 MiB; with: single segment, four bytes of size.
  const frame = sized ? [Buffer.from([0xa0]), u32(content.length)] : [Buffer.from([0x00, 0x50])];
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), ...frame, ...blocks]);
}

export interface BgenOptions {
  readonly compression: 'none' | 'zlib' | 'zstd' | 'zstd-unsized';
  readonly ids?: readonly string[] | undefined;
  /** Claims other than the truth. */
  readonly claimedPeople?: number | undefined;
  readonly claimedVariants?: number | undefined;
  readonly layout?: number | undefined;
}

export function encodeBgen(
  variants: readonly BgenVariantSpec[],
  people: number,
  options: BgenOptions,
): Buffer {
  const compression = options.compression === 'none' ? 0 : options.compression === 'zlib' ? 1 : 2;
  const flags = compression + ((options.layout ?? 2) << 2) + (options.ids === undefined ? 0 : 2 ** 31);
  const claimed = options.claimedPeople ?? people;
  const header = [
    u32(20),
    u32(options.claimedVariants ?? variants.length),
    u32(claimed),
    Buffer.from('bgen'),
    u32(flags),
  ];
  const ids = options.ids?.map(text16);
  const idBlock = ids === undefined ? [] : [u32(8 + Buffer.concat(ids).length), u32(claimed), ...ids];
  const front = Buffer.concat([...header, ...idBlock]);
  return Buffer.concat([
    u32(front.length),
    front,
    ...variants.map((v) => encodeVariant(v, people, options.compression)),
  ]);
}

function encodeVariant(
  variant: BgenVariantSpec,
  people: number,
  compression: BgenOptions['compression'],
): Buffer {
  const { alleles, phased, bits } = variant;
  const ploidies = variant.people.map((person) => person.ploidy);
  const genotypes = Buffer.concat([
    u32(people),
    u16(alleles.length),
    Buffer.from([Math.min(...ploidies), Math.max(...ploidies)]),
    Buffer.from(variant.people.map((person) => person.ploidy + (person.missing === true ? 128 : 0))),
    Buffer.from([phased ? 1 : 0, bits]),
    packBits(
      variant.people.flatMap((person) => person.values),
      bits,
    ),
  ]);
  const packed =
    compression === 'none'
      ? genotypes
      : compression === 'zlib'
        ? deflateSync(genotypes)
        : zstdStored(genotypes, compression === 'zstd');
  const data = compression === 'none' ? packed : Buffer.concat([u32(genotypes.length), packed]);
  const place = [text16('01'), u32(1234), u16(alleles.length), ...alleles.map(text32)];
  return Buffer.concat([text16('var'), text16(variant.id), ...place, u32(data.length), data]);
}

/** Fixed-width .pgen of mode 2, 3 or 4; dosages in 1/16384, 65535 missing. */
export function encodeFixedPgen(
  mode: 2 | 3 | 4,
  calls: readonly (readonly number[])[],
  dosages: readonly (readonly number[])[],
): Buffer {
  const people = calls[0]!.length;
  const records = calls.flatMap((row, v) => {
    const dosage = mode === 2 ? [] : [Buffer.from(Uint16Array.from(dosages[v]!).buffer)];
    const phase = mode === 4 ? [Buffer.alloc(2 * people)] : [];
    return [packBits(row, 2), ...dosage, ...phase];
  });
  const format = 0x80;
  return Buffer.concat([
    Buffer.from([0x6c, 0x1b, mode]),
    u32(calls.length),
    u32(people),
    Buffer.from([format]),
    ...records,
  ]);
}
