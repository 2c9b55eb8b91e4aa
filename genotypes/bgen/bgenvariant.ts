/**
 * One BGEN variant block: identifying data and where its genotype data lie.
 * Not responsible for: decoding the genotypes (`bgengenotypes.ts`).
 */
import { GenotypeError } from '../error.js';

/** Longest allele or id accepted, bytes; the lengths are 32-bit in the file. */
const MAX_TEXT = 2 ** 24;

export interface BgenVariant {
  readonly id: string;
  readonly chromosome: string;
  readonly position: number;
  readonly alleles: readonly string[];
  /** Bytes of identifying data and the length field: genotype data begin here, relative to the block. */
  readonly dataStart: number;
  /** Bytes of genotype data, the uncompressed length field included where there is one. */
  readonly dataLength: number;
}

const decoder = new TextDecoder();

/**
 * Parses the start of a block. Returns the number of bytes wanted when `bytes` is too short, so that the caller can read
 * more; throws `bad-record` for what cannot be a block.
 */
export function parseBgenVariant(file: string, bytes: Uint8Array, offset: number): BgenVariant | number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let wanted = 0;
  const room = (size: number): boolean => {
    if (at + size <= bytes.length) return true;
    wanted = at + size;
    return false;
  };
  const text = (lengthBytes: 2 | 4): string | undefined => {
    if (!room(lengthBytes)) return undefined;
    const length = lengthBytes === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
    if (length > MAX_TEXT) {
      throw new GenotypeError('bad-record', file, `a text of ${length} bytes in a variant block`, {
        offset: offset + at,
      });
    }
    at += lengthBytes;
    if (!room(length)) return undefined;
    at += length;
    return decoder.decode(bytes.subarray(at - length, at));
  };
  const varid = text(2);
  if (varid === undefined) return wanted;
  const rsid = text(2);
  if (rsid === undefined) return wanted;
  const chromosome = text(2);
  if (chromosome === undefined || !room(6)) return wanted;
  const position = view.getUint32(at, true);
  const count = view.getUint16(at + 4, true);
  if (count === 0)
    throw new GenotypeError('bad-record', file, 'a variant without alleles', { offset: offset + at + 4 });
  if (position > 0x7fffffff) {
    throw new GenotypeError('bad-record', file, `a variant at base pair ${position}`, {
      offset: offset + at,
    });
  }
  at += 6;
  const alleles: string[] = [];
  for (let a = 0; a < count; a++) {
    const allele = text(4);
    if (allele === undefined) return wanted;
    alleles.push(allele);
  }
  if (!room(4)) return wanted;
  const dataLength = view.getUint32(at, true);
  const id = rsid === '' || rsid === '.' ? varid : rsid;
  return { id, chromosome, position, alleles, dataStart: at + 4, dataLength };
}
