/**
 * PLINK 1 `.bed`: two bits a person, variant after variant. The counted A1 is `alt`, A2 is `ref` (see `bim.ts`).
 * Not responsible for: sample-major files of PLINK 1.06 and older, which are refused.
 * Format: https://www.cog-genomics.org/plink/1.9/formats#bed
 */
import { GenotypeError } from '../error.js';
import {
  HET,
  HOM_ALT,
  HOM_REF,
  MISSING,
  clearPadding,
  dosagesFromCalls,
  packedLength,
} from '../hardcalls.js';
import type { ByteSource } from '../io/bytesource.js';
import type { SampleTable } from '../samples.js';
import { DecodedSource } from '../source.js';
import type { GenotypeSource, VariantDecoder } from '../source.js';
import type { VariantTable } from '../variants.js';
import { readBim } from './bim.js';
import { readFam } from './fam.js';

const HEADER = 3;

/** Bytes read at once where variants are asked for one after another. */
const AHEAD = 2 ** 18;

/** .bed codes in order: 00 hom A1, 01 missing, 10 het, 11 hom A2. */
const CALL_OF_BED = [HOM_ALT, MISSING, HET, HOM_REF] as const;

/** Four people at a time, from .bed codes to calls. */
const BYTE_OF_BED = Uint8Array.from({ length: 256 }, (_, byte) => {
  let calls = 0;
  for (let shift = 0; shift < 8; shift += 2)
    calls |= CALL_OF_BED[((byte >> shift) & 3) as 0 | 1 | 2 | 3] << shift;
  return calls;
});

/** High bit of each call of a word. */
const HIGH_BITS = 0xaaaaaaaa;

/** Recodes .bed bytes to packed calls in place of `out`, padding cleared. */
export function callsFromBed(bed: Uint8Array, people: number, out: Uint8Array): void {
  const whole = out.byteOffset % 4 === 0 ? bed.length >> 2 : 0;
  out.set(bed);
  const words = new Int32Array(out.buffer, out.byteOffset - (out.byteOffset % 4), whole);
  // A call's high bit is the .bed's negated, its low bit their exclusive or: CALL_OF_BED, sixteen people at a time.
  for (let w = 0; w < whole; w++) {
    const word = words[w]!;
    words[w] = (~word & HIGH_BITS) | ((word ^ (word >>> 1)) & ~HIGH_BITS);
  }
  for (let b = 4 * whole; b < bed.length; b++) out[b] = BYTE_OF_BED[bed[b]!]!;
  clearPadding(out, people);
}

class BedDecoder implements VariantDecoder {
  readonly hasDosages = false;
  private readonly calls: Uint8Array;
  private readonly stride: number;
  /** Rows of the variants from `first` on; a request for the one after the last reads some ahead. */
  private first = 0;
  private rows: Uint8Array = new Uint8Array(0);

  constructor(
    private readonly bed: ByteSource,
    readonly variants: VariantTable,
    readonly samples: SampleTable,
  ) {
    this.stride = packedLength(samples.count);
    this.calls = new Uint8Array(this.stride);
  }

  get name(): string {
    return this.bed.name;
  }

  packedCalls(variant: number, out: Uint8Array): void | Promise<void> {
    const { stride } = this;
    const at = (variant - this.first) * stride;
    if (at >= 0 && at < this.rows.length) {
      callsFromBed(this.rows.subarray(at, at + stride), this.samples.count, out);
      return;
    }
    const ahead = at === this.rows.length ? Math.max(1, Math.floor(AHEAD / stride)) : 1;
    const rows = Math.min(ahead, this.variants.count - variant);
    const bytes = this.bed.read(HEADER + variant * stride, rows * stride);
    const keep = (read: Uint8Array): void => {
      [this.first, this.rows] = [variant, read];
      callsFromBed(read.subarray(0, stride), this.samples.count, out);
    };
    if (!(bytes instanceof Uint8Array)) return bytes.then(keep);
    keep(bytes);
  }

  async altDosages(variant: number, out: Float64Array): Promise<void> {
    await this.packedCalls(variant, this.calls);
    dosagesFromCalls(this.calls, this.samples.count, out);
  }

  close(): void {
    this.bed.close();
  }
}

/**
 * Opens a PLINK 1 file set; `.bim` and `.fam` are read whole, the `.bed` stays on disk.
 * Throws `bad-magic`, `bad-header` when the `.bed`'s size does not fit the two tables, and their own errors.
 */
export async function openBed(files: {
  bed: ByteSource;
  bim: ByteSource;
  fam: ByteSource;
}): Promise<GenotypeSource> {
  const [variants, samples] = [await readBim(files.bim), await readFam(files.fam)];
  await checkBed(files.bed, variants, samples);
  return new DecodedSource(new BedDecoder(files.bed, variants, samples));
}

async function checkBed(bed: ByteSource, variants: VariantTable, samples: SampleTable): Promise<void> {
  const magic = await bed.read(0, Math.min(HEADER, bed.size));
  if (magic[0] !== 0x6c || magic[1] !== 0x1b) {
    throw new GenotypeError('bad-magic', bed.name, 'not a PLINK 1 .bed (it does not begin with 6c 1b)', {
      offset: 0,
    });
  }
  if (magic[2] === 0) {
    throw new GenotypeError(
      'unsupported',
      bed.name,
      'a sample-major .bed; rewrite it with plink1.9 --make-bed',
      {
        offset: 2,
      },
    );
  }
  if (magic[2] !== 1) {
    throw new GenotypeError('bad-magic', bed.name, 'not a PLINK 1 .bed (a PLINK 2 .pgen?)', { offset: 2 });
  }
  const expected = HEADER + variants.count * packedLength(samples.count);
  if (bed.size !== expected) {
    throw new GenotypeError(
      bed.size < expected ? 'truncated' : 'bad-header',
      bed.name,
      `${variants.count} variants of ${samples.count} people need ${expected} bytes, the file has ${bed.size}`,
      { offset: Math.min(bed.size, expected) },
    );
  }
}
