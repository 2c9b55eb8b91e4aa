/**
 * PLINK 2 `.pgen` with its `.pvar` and `.psam`: hard calls and ALT dosages by variant.
 * Not responsible for: modes with a separate index or footer (0x11, 0x20, 0x21), refused by `pgenindex.ts`; phase, which
 * is read past; multi-allelic variants, listed in the table but without dosages.
 */
import { GenotypeError } from '../error.js';
import { dosagesFromCalls, packedLength } from '../hardcalls.js';
import type { ByteSource } from '../io/bytesource.js';
import { callsFromBed } from '../plink1/bed.js';
import type { SampleTable } from '../samples.js';
import { DecodedSource } from '../source.js';
import type { GenotypeSource, VariantDecoder } from '../source.js';
import type { VariantTable } from '../variants.js';
import { BLOCK_VARIANTS, readPgenIndex } from './pgenindex.js';
import type { PgenIndex } from './pgenindex.js';
import { PgenRecord } from './pgenrecord.js';
import { readPsam } from './psam.js';
import { readPvar } from './pvar.js';

/** Bit 3 of a record type: calls of a second ALT allele. */
const MULTIALLELIC = 8;

class PgenDecoder implements VariantDecoder {
  readonly hasDosages: boolean;
  private readonly calls: Uint8Array;
  /** Calls of the record that LD-compressed ones refer to, kept between requests; -1 when none. */
  private baseVariant = -1;
  private readonly base: Uint8Array;

  constructor(
    private readonly pgen: ByteSource,
    private readonly index: PgenIndex,
    readonly variants: VariantTable,
    readonly samples: SampleTable,
  ) {
    this.calls = new Uint8Array(packedLength(samples.count));
    this.base = new Uint8Array(packedLength(samples.count));
    const { types } = index;
    this.hasDosages =
      typeof types === 'number' ? (types & 0x60) !== 0 : types.some((type) => (type & 0x60) !== 0);
  }

  get name(): string {
    return this.pgen.name;
  }

  private type(variant: number): number {
    return typeof this.index.types === 'number' ? this.index.types : this.index.types[variant]!;
  }

  private async record(variant: number): Promise<PgenRecord> {
    const { offsets, lengths, first, width } = this.index;
    const offset = offsets?.[variant] ?? first + variant * width;
    const bytes = await this.pgen.read(offset, lengths?.[variant] ?? width);
    if ((this.type(variant) & MULTIALLELIC) !== 0) {
      throw new GenotypeError(
        'bad-record',
        this.pgen.name,
        'a multi-allelic record where the .pvar has one ALT allele',
        {
          offset,
        },
      );
    }
    return new PgenRecord(this.pgen.name, offset, bytes, this.samples.count);
  }

  /** Decodes the calls of `variant` and leaves the record's cursor after them. */
  private async decode(variant: number, out: Uint8Array): Promise<PgenRecord> {
    const type = this.type(variant);
    const compressed = (type & 6) === 2;
    if (compressed) await this.loadBase(variant);
    const record = await this.record(variant);
    record.mainTrack(type, out, compressed ? this.base : undefined);
    if (!compressed) {
      this.base.set(out);
      this.baseVariant = variant;
    }
    return record;
  }

  private async loadBase(variant: number): Promise<void> {
    const blockStart = variant - (variant % BLOCK_VARIANTS);
    let base = variant;
    while ((this.type(base) & 6) === 2 && base > blockStart) base--;
    if (base === this.baseVariant) return;
    // A multi-allelic base is fine here: its main track has the same four codes.
    const { offsets, lengths } = this.index;
    const offset = offsets![base]!;
    const bytes = await this.pgen.read(offset, lengths![base]!);
    this.baseVariant = -1;
    new PgenRecord(this.pgen.name, offset, bytes, this.samples.count).mainTrack(
      this.type(base),
      this.base,
      undefined,
    );
    this.baseVariant = base;
  }

  async packedCalls(variant: number, out: Uint8Array): Promise<void> {
    if (this.index.mode === 1) {
      const { first, width } = this.index;
      callsFromBed(await this.pgen.read(first + variant * width, width), this.samples.count, out);
    } else await this.decode(variant, out);
  }

  async altDosages(variant: number, out: Float64Array): Promise<void> {
    if (this.index.mode === 1) {
      await this.packedCalls(variant, this.calls);
      dosagesFromCalls(this.calls, this.samples.count, out);
    } else {
      const record = await this.decode(variant, this.calls);
      record.dosages(this.type(variant), this.calls, out);
    }
  }

  close(): void {
    this.pgen.close();
  }
}

/**
 * Opens a PLINK 2 file set; `.pvar` (plain or zstd) and `.psam` are read whole, records stay on disk.
 * Throws what `readPgenIndex`, `readPvar` and `readPsam` throw.
 */
export async function openPgen(files: {
  pgen: ByteSource;
  pvar: ByteSource;
  psam: ByteSource;
}): Promise<GenotypeSource> {
  const [variants, samples] = [await readPvar(files.pvar), await readPsam(files.psam)];
  const index = await readPgenIndex(files.pgen, variants.count, samples.count);
  return new DecodedSource(new PgenDecoder(files.pgen, index, variants, samples));
}
