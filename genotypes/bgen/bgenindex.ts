/**
 * The variants of a BGEN file and where their blocks lie, by walking the file or from a `.bgi` index.
 * Not responsible for: genotypes.
 */
import { GenotypeError } from '../error.js';
import type { ByteSource } from '../io/bytesource.js';
import { VariantTableBuilder } from '../variants.js';
import type { VariantTable } from '../variants.js';
import { parseBgenVariant } from './bgenvariant.js';
import type { BgenVariant } from './bgenvariant.js';
import type { BgenHeader } from './bgenheader.js';

export interface BgenIndex {
  readonly variants: VariantTable;
  /** Offset and length of each variant block. */
  readonly starts: Float64Array;
  readonly lengths: Float64Array;
}

/** Which allele the first of a block is: BGEN does not say, UK Biobank's first is the reference. */
export type FirstAllele = 'ref' | 'alt';

/** Reads a block's identifying data, growing the read until it fits. */
export async function readBgenVariant(bgen: ByteSource, offset: number, guess: number): Promise<BgenVariant> {
  let length = Math.min(guess, bgen.size - offset);
  for (;;) {
    const parsed = parseBgenVariant(bgen.name, await bgen.read(offset, length), offset);
    if (typeof parsed !== 'number') return parsed;
    // Asking past the end raises `truncated`; doubling keeps the number of rereads small.
    length = Math.max(parsed, Math.min(2 * length, bgen.size - offset));
  }
}

/** Appends a variant to the table. Throws `bad-record` for a chromosome that is none. */
export function pushBgenVariant(
  file: string,
  table: VariantTableBuilder,
  variant: BgenVariant,
  firstAllele: FirstAllele,
  offset: number,
): void {
  const code = table.chromosomeCode(variant.chromosome);
  if (code < 0) {
    throw new GenotypeError('bad-record', file, `"${variant.chromosome}" is not a chromosome`, { offset });
  }
  const [a, ...others] = variant.alleles as [string, ...string[]];
  const b = others.length === 0 ? '.' : others.join(',');
  const [ref, alt] = firstAllele === 'alt' && others.length === 1 ? [b, a] : [a, b];
  table.pushTexts(code, variant.position, variant.id, ref, alt, variant.alleles.length);
}

/** Walks every block of the file, identifying data only. Throws `bad-record`, `truncated`, `bad-header`. */
export async function walkBgen(
  bgen: ByteSource,
  header: BgenHeader,
  firstAllele: FirstAllele,
): Promise<BgenIndex> {
  const table = new VariantTableBuilder();
  const starts = new Float64Array(header.variants);
  const lengths = new Float64Array(header.variants);
  let offset = header.first;
  // Blocks shorter than the window are parsed many to a read; long ones cost one short read each.
  let window = new Uint8Array(0);
  let windowAt = offset;
  let typicalLength = 0;
  for (let v = 0; v < header.variants; v++) {
    let parsed: BgenVariant | number = -1;
    const inWindow = offset - windowAt;
    if (inWindow >= 0 && inWindow < window.length) {
      parsed = parseBgenVariant(bgen.name, window.subarray(inWindow), offset);
    }
    if (typeof parsed === 'number') {
      const ahead = typicalLength < 8192 ? 65536 : 512;
      windowAt = offset;
      window = new Uint8Array(await bgen.read(offset, Math.min(ahead, Math.max(0, bgen.size - offset))));
      parsed = parseBgenVariant(bgen.name, window, offset);
    }
    if (typeof parsed === 'number') parsed = await readBgenVariant(bgen, offset, parsed);
    pushBgenVariant(bgen.name, table, parsed, firstAllele, offset);
    starts[v] = offset;
    lengths[v] = parsed.dataStart + parsed.dataLength;
    typicalLength = lengths[v]!;
    offset += lengths[v]!;
    if (offset > bgen.size) {
      throw new GenotypeError(
        'truncated',
        bgen.name,
        `variant ${v + 1} of ${header.variants} runs past the end`,
        {
          offset: starts[v]!,
        },
      );
    }
  }
  if (offset !== bgen.size) {
    throw new GenotypeError(
      'bad-header',
      bgen.name,
      `${bgen.size - offset} bytes follow the ${header.variants} variants`,
      {
        offset,
      },
    );
  }
  return { variants: table.finish(), starts, lengths };
}
