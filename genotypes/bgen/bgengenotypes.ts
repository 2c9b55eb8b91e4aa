/**
 * BGEN layout-2 genotype data: from compressed probabilities to the dosage of the second allele.
 * Not responsible for: ploidy other than 1 and 2 (refused), or more than two alleles (refused before this).
 */
import { inflateSync } from 'node:zlib';
import { GenotypeError } from '../error.js';
import { zstdBlock } from '../io/zstd.js';
import type { BgenCompression } from './bgenheader.js';

/** N, K, smallest and largest ploidy, phased flag, bits a value. */
const FIXED_BYTES = 10;

/**
 * Expected copies of the second allele on the diploid scale, missing NaN.
 * @param data genotype data as stored, its uncompressed-length field included when compressed
 * @param offset of `data` in the file, for errors
 * Throws `bad-record`, `bad-compression`, `unsupported`.
 */
export function decodeBgenDosages(
  file: string,
  data: Uint8Array,
  offset: number,
  compression: BgenCompression,
  people: number,
  out: Float64Array,
): void {
  const fail = (problem: string): GenotypeError => new GenotypeError('bad-record', file, problem, { offset });
  const bytes = compression === 'none' ? data : uncompressed(file, data, offset, compression, people);
  if (bytes.length < FIXED_BYTES + people)
    throw fail(`${bytes.length} bytes of genotypes for ${people} people`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== people)
    throw fail(`genotypes of ${view.getUint32(0, true)} people, not ${people}`);
  if (view.getUint16(4, true) !== 2)
    throw fail(`genotypes of ${view.getUint16(4, true)} alleles where 2 are listed`);
  const [smallest, largest] = [bytes[6]!, bytes[7]!];
  const phased = bytes[8 + people]!;
  const bits = bytes[9 + people]!;
  if (phased > 1) throw fail(`phased flag ${phased}`);
  if (bits < 1 || bits > 32) throw fail(`${bits} bits a probability`);
  let values = 0;
  for (let s = 0; s < people; s++) {
    const ploidy = bytes[8 + s]! & 63;
    if (ploidy < smallest || ploidy > largest) {
      throw fail(`person ${s + 1} has ploidy ${ploidy}, outside ${smallest}–${largest}`);
    }
    if (ploidy !== 1 && ploidy !== 2) {
      throw new GenotypeError(
        'unsupported',
        file,
        `person ${s + 1} has ploidy ${ploidy}; only 1 and 2 are read`,
        { offset },
      );
    }
    values += ploidy;
  }
  const expected = FIXED_BYTES + people + Math.ceil((values * bits) / 8);
  if (bytes.length !== expected) throw fail(`${bytes.length} bytes of genotypes where ${expected} are due`);
  const problem = sumProbabilities(bytes, people, bits, phased === 1, out);
  if (problem !== undefined) throw fail(problem);
}

function uncompressed(
  file: string,
  data: Uint8Array,
  offset: number,
  compression: 'zlib' | 'zstd',
  people: number,
): Uint8Array {
  if (data.length < 4)
    throw new GenotypeError('bad-record', file, 'no length of the compressed genotypes', { offset });
  const length = new DataView(data.buffer, data.byteOffset, 4).getUint32(0, true);
  // Two alleles and ploidy 2 at 32 bits is the most that can follow.
  const most = FIXED_BYTES + people * 9;
  if (length > most) {
    throw new GenotypeError(
      'bad-record',
      file,
      `${length} bytes of genotypes claimed, ${people} people fill ${most}`,
      {
        offset,
      },
    );
  }
  const packed = data.subarray(4);
  if (compression === 'zstd') return zstdBlock(file, packed, length, offset);
  let bytes: Uint8Array;
  try {
    bytes = inflateSync(packed, { maxOutputLength: Math.max(1, length) });
  } catch (cause) {
    throw new GenotypeError('bad-compression', file, `genotypes do not inflate: ${String(cause)}`, {
      offset,
    });
  }
  if (bytes.length !== length) {
    throw new GenotypeError(
      'bad-compression',
      file,
      `${bytes.length} bytes of genotypes where ${length} are announced`,
      {
        offset,
      },
    );
  }
  return bytes;
}

/** Fills `out`; answers what is wrong when probabilities of one person exceed 1. */
function sumProbabilities(
  bytes: Uint8Array,
  people: number,
  bits: number,
  phased: boolean,
  out: Float64Array,
): string | undefined {
  const first = FIXED_BYTES + people;
  const one = 2 ** bits - 1;
  let index = 0;
  for (let s = 0; s < people; s++) {
    const status = bytes[8 + s]!;
    const a = valueAt(bytes, first, bits, index++);
    if ((status & 63) === 1) {
      out[s] = 2 - (2 * a) / one;
    } else {
      const b = valueAt(bytes, first, bits, index++);
      if (phased) out[s] = 2 - (a + b) / one;
      else if (a + b > one && status < 128) return `probabilities of person ${s + 1} sum to ${(a + b) / one}`;
      else out[s] = 2 - (2 * a + b) / one;
    }
    if (status >= 128) out[s] = NaN;
  }
  return undefined;
}

/** The index-th value of `bits` bits, least significant bit first, in a packed array that begins at `first`. */
function valueAt(bytes: Uint8Array, first: number, bits: number, index: number): number {
  if (bits === 8) return bytes[first + index]!;
  if (bits === 16) return bytes[first + 2 * index]! | (bytes[first + 2 * index + 1]! << 8);
  const bit = index * bits;
  let at = first + Math.floor(bit / 8);
  const skip = bit % 8;
  // At most 40 bits are gathered, exact in a double.
  let value = 0;
  let scale = 1;
  for (let got = 0; got < bits + skip; got += 8) {
    value += bytes[at++]! * scale;
    scale *= 256;
  }
  return Math.floor(value / 2 ** skip) % 2 ** bits;
}
