/**
 * BGEN 1.2 and 1.3 (layout 2) as a genotype source: every bit width, zlib, zstd or none, phased or not, ploidy 1 and 2.
 * Not responsible for: BGEN 1.1; multi-allelic variants, listed in the table but without dosages.
 */
import { GenotypeError } from '../error.js';
import { callsFromDosages } from '../hardcalls.js';
import type { ByteSource } from '../io/bytesource.js';
import { checkUniqueSamples, samplesFromNames } from '../samples.js';
import type { SampleTable } from '../samples.js';
import { DecodedSource } from '../source.js';
import type { GenotypeSource, VariantDecoder } from '../source.js';
import { decodeBgenDosages } from './bgengenotypes.js';
import { readBgenHeader } from './bgenheader.js';
import type { BgenCompression, BgenHeader } from './bgenheader.js';
import { walkBgen } from './bgenindex.js';
import type { BgenIndex, FirstAllele } from './bgenindex.js';
import { readBgi } from './bgi.js';
import { parseBgenVariant } from './bgenvariant.js';
import { readSampleFile } from './samplefile.js';

class BgenDecoder implements VariantDecoder {
  readonly hasDosages = true;
  private readonly dosageBuffer: Float64Array;

  constructor(
    private readonly bgen: ByteSource,
    private readonly compression: BgenCompression,
    private readonly index: BgenIndex,
    private readonly firstAllele: FirstAllele,
    readonly samples: SampleTable,
  ) {
    this.dosageBuffer = new Float64Array(samples.count);
  }

  get name(): string {
    return this.bgen.name;
  }

  get variants(): BgenIndex['variants'] {
    return this.index.variants;
  }

  async altDosages(variant: number, out: Float64Array): Promise<void> {
    const offset = this.index.starts[variant]!;
    const block = await this.bgen.read(offset, this.index.lengths[variant]!);
    const parsed = parseBgenVariant(this.name, block, offset);
    if (typeof parsed === 'number' || parsed.dataStart + parsed.dataLength !== block.length) {
      throw new GenotypeError('mismatch', this.name, 'the index does not point at a variant block here', {
        offset,
      });
    }
    const data = block.subarray(parsed.dataStart);
    decodeBgenDosages(this.name, data, offset + parsed.dataStart, this.compression, this.samples.count, out);
    if (this.firstAllele === 'alt') for (let s = 0; s < out.length; s++) out[s] = 2 - out[s]!;
  }

  async packedCalls(variant: number, out: Uint8Array): Promise<void> {
    await this.altDosages(variant, this.dosageBuffer);
    callsFromDosages(this.dosageBuffer, this.samples.count, out);
  }

  close(): void {
    this.bgen.close();
  }
}

export interface BgenFiles {
  readonly bgen: ByteSource;
  /** `.sample`; may be left out where ids are embedded. */
  readonly sample?: ByteSource | undefined;
  /** Path of a bgenix `.bgi`; without it the file is walked once. */
  readonly bgi?: string | undefined;
}

/**
 * Opens a BGEN file.
 * @param firstAllele which allele each block names first; it must be said, because the format does not
 * Where both exist, the names of `.sample` are used: embedded ids may be another spelling (FID_IID) of the same people.
 * Throws what its parts throw; `mismatch` when there are no ids, or `.sample` has another number of people.
 */
export async function openBgen(files: BgenFiles, firstAllele: FirstAllele): Promise<GenotypeSource> {
  const header = await readBgenHeader(files.bgen);
  const samples = await bgenSamples(files, header);
  const index =
    files.bgi === undefined
      ? await walkBgen(files.bgen, header, firstAllele)
      : readBgi(files.bgi, files.bgen, header, firstAllele);
  return new DecodedSource(new BgenDecoder(files.bgen, header.compression, index, firstAllele, samples));
}

async function bgenSamples(files: BgenFiles, header: BgenHeader): Promise<SampleTable> {
  const { bgen, sample } = files;
  if (sample === undefined) {
    if (header.ids === undefined) {
      throw new GenotypeError('mismatch', bgen.name, 'no sample ids in the file: name its .sample file');
    }
    const samples = samplesFromNames(header.ids);
    checkUniqueSamples(bgen.name, samples, 1);
    return samples;
  }
  const samples = await readSampleFile(sample);
  if (samples.count !== header.people) {
    throw new GenotypeError(
      'mismatch',
      sample.name,
      `${samples.count} people, ${bgen.name} has ${header.people}`,
    );
  }
  return samples;
}
