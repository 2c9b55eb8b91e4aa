/**
 * VCF, plain, bgzipped, gzipped or zstd, as a genotype source. Which field holds the genotypes is always named.
 * Not responsible for: BCF; multi-allelic records, listed in the table but without dosages.
 */
import { GenotypeError } from '../error.js';
import { callsFromDosages } from '../hardcalls.js';
import type { ByteSource } from '../io/bytesource.js';
import { Cells, cellIs, cellText } from '../io/cells.js';
import { checkUniqueSamples, samplesFromNames } from '../samples.js';
import type { SampleTable } from '../samples.js';
import { DecodedSource } from '../source.js';
import type { GenotypeSource, VariantDecoder } from '../source.js';
import type { VariantTable } from '../variants.js';
import { BadCall, dsDosage, gpDosage, gtDosage, hdsDosage, isHaploidGt } from './vcfcalls.js';
import type { VcfField } from './vcfcalls.js';
import { FIXED_COLUMNS, indexVcf, openVcfLines } from './vcflines.js';
import type { VcfIndex, VcfLines } from './vcflines.js';

class VcfDecoder implements VariantDecoder {
  readonly hasDosages: boolean;
  readonly variants: VariantTable;
  private readonly buffer: Float64Array;
  private readonly cells = new Cells();

  constructor(
    private readonly source: ByteSource,
    private readonly access: VcfLines,
    private readonly index: VcfIndex,
    readonly samples: SampleTable,
    private readonly field: VcfField,
  ) {
    this.variants = index.variants;
    this.hasDosages = field !== 'GT';
    this.buffer = new Float64Array(samples.count);
  }

  get name(): string {
    return this.source.name;
  }

  private fail(code: 'bad-cell' | 'missing-column', variant: number, problem: string): GenotypeError {
    return new GenotypeError(code, this.name, problem, { line: this.index.lines[variant]! });
  }

  async altDosages(variant: number, out: Float64Array): Promise<void> {
    const bytes = await this.access.line(variant);
    this.cells.splitAt(9, bytes, 0, bytes.length, FIXED_COLUMNS);
    const format = this.cells.count < FIXED_COLUMNS ? '' : this.cells.text(bytes, FIXED_COLUMNS - 1);
    const fields = format.split(':');
    const at = fields.indexOf(this.field);
    const gtAt = fields.indexOf('GT');
    if (at < 0 && gtAt < 0)
      throw this.fail('missing-column', variant, `no ${this.field} in FORMAT "${format}"`);
    let from = this.cells.ends[FIXED_COLUMNS - 1]! + 1;
    for (let s = 0; s < this.samples.count; s++) {
      if (from > bytes.length) {
        throw this.fail(
          'bad-cell',
          variant,
          `genotypes of ${s} people where there are ${this.samples.count}`,
        );
      }
      let end = bytes.indexOf(9, from);
      if (end < 0) end = bytes.length;
      try {
        out[s] = this.cellDosage(bytes, from, end, at, gtAt);
      } catch (error) {
        if (!(error instanceof BadCall)) throw error;
        const cell = cellText(bytes, from, Math.min(end, from + 60));
        throw this.fail(
          'bad-cell',
          variant,
          `${this.field} of "${cell}" (${this.samples.iid[s]!}) ${error.message}`,
        );
      }
      from = end + 1;
    }
    if (from <= bytes.length)
      throw this.fail('bad-cell', variant, `genotypes of more than ${this.samples.count} people`);
  }

  private cellDosage(bytes: Uint8Array, from: number, end: number, at: number, gtAt: number): number {
    const [gtStart, gtStop] = gtAt < 0 ? [end, end] : subfield(bytes, from, end, gtAt);
    if (this.field !== 'GT' && at >= 0) {
      const [start, stop] = subfield(bytes, from, end, at);
      const dosage =
        this.field === 'HDS'
          ? hdsDosage(bytes, start, stop)
          : this.field === 'GP'
            ? gpDosage(bytes, start, stop)
            : dsDosage(bytes, start, stop, isHaploidGt(bytes, gtStart, gtStop));
      if (!Number.isNaN(dosage) || gtAt < 0) return dosage;
    }
    // An empty cell is damage, a dot is a missing call.
    return cellIs(bytes, gtStart, gtStop, '.') ? NaN : gtDosage(bytes, gtStart, gtStop);
  }

  async packedCalls(variant: number, out: Uint8Array): Promise<void> {
    await this.altDosages(variant, this.buffer);
    callsFromDosages(this.buffer, this.samples.count, out);
  }

  close(): void {
    this.source.close();
  }
}

/** The k-th colon-separated part of bytes[from … end); empty when there are fewer. */
function subfield(bytes: Uint8Array, from: number, end: number, k: number): [number, number] {
  let start = from;
  for (let i = from, seen = 0; i <= end; i++) {
    if (i < end && bytes[i] !== 58) continue;
    if (seen++ === k) return [start, i];
    start = i + 1;
  }
  return [end, end];
}

/**
 * Opens a VCF.
 * @param field GT for hard calls; DS, HDS or GP for dosages. Where a cell leaves the dosage out, its GT stands in, as
 * PLINK 2 reads and writes it; a record that has neither is an error, not a missing genotype.
 * Throws `bad-magic`, `bad-header`, `bad-cell` and `missing-column` with the line, and compression errors.
 */
export async function openVcf(source: ByteSource, field: VcfField): Promise<GenotypeSource> {
  const index = await indexVcf(source);
  const samples = samplesFromNames(index.people);
  checkUniqueSamples(source.name, samples, 1);
  const access = await openVcfLines(source, index);
  return new DecodedSource(new VcfDecoder(source, access, index, samples, field));
}
