/**
 * Rows of a `.bed` from mosaics: two bits a person, four people a look-up. A1, the counted allele, is the alternative one.
 * Not responsible for files: bytes go to a `Sink`, which may be memory or a file.
 * Format: https://www.cog-genomics.org/plink/1.9/formats#bed
 */

/** Takes bytes in order. The array may be reused after the call. */
export type Sink = (bytes: Uint8Array) => void;

export const BED_MAGIC = Uint8Array.of(0x6c, 0x1b, 0x01);

/** .bed codes by the number of A1 alleles: 11 hom A2, 10 het, 00 hom A1. */
const CODE = [3, 2, 0] as const;

/** From four allele counts of two bits each to a byte of the .bed. */
const BYTE = Uint8Array.from({ length: 256 }, (_, counts) => {
  let byte = 0;
  for (let shift = 0; shift < 8; shift += 2) byte |= (CODE[(counts >> shift) & 3] ?? 0) << shift;
  return byte;
});

/**
 * Writes the row of the first `people` slots into out[0 … ⌈people/4⌉).
 * `founder` holds two haplotypes a person, `alleles` 0 or 1 by founder.
 */
export function encodeBedRow(
  founder: Uint16Array,
  alleles: Uint8Array,
  people: number,
  out: Uint8Array,
): void {
  const whole = people >> 2;
  for (let b = 0, h = 0; b < whole; b++, h += 8) {
    out[b] =
      BYTE[
        alleles[founder[h]!]! +
          alleles[founder[h + 1]!]! +
          ((alleles[founder[h + 2]!]! + alleles[founder[h + 3]!]!) << 2) +
          ((alleles[founder[h + 4]!]! + alleles[founder[h + 5]!]!) << 4) +
          ((alleles[founder[h + 6]!]! + alleles[founder[h + 7]!]!) << 6)
      ]!;
  }
  if ((people & 3) === 0) return;
  // Unused bits of the last byte are 0, as PLINK writes them.
  let last = 0;
  for (let p = whole << 2, shift = 0; p < people; p++, shift += 2) {
    last |= CODE[(alleles[founder[2 * p]!]! + alleles[founder[2 * p + 1]!]!) as 0 | 1 | 2] << shift;
  }
  out[whole] = last;
}

/** Copies of the alternative allele of the first out.length slots. */
export function dosagesOf(founder: Uint16Array, alleles: Uint8Array, out: Uint8Array): void {
  for (let p = 0; p < out.length; p++) out[p] = alleles[founder[2 * p]!]! + alleles[founder[2 * p + 1]!]!;
}

/** Marks one person's call in a row as missing. */
export function setMissing(row: Uint8Array, person: number): void {
  const shift = (person & 3) << 1;
  row[person >> 2] = (row[person >> 2]! & ~(3 << shift)) | (1 << shift);
}

/** The .bed code of one person in a row. */
export function bedCode(row: Uint8Array, person: number): number {
  return (row[person >> 2]! >> ((person & 3) << 1)) & 3;
}

/** Collects rows into pieces of about a megabyte before they go to the sink. */
export class RowWriter {
  private readonly buffer: Uint8Array;
  private used = 0;

  constructor(
    private readonly sink: Sink,
    readonly stride: number,
  ) {
    this.buffer = new Uint8Array(stride * Math.max(1, Math.floor((1 << 20) / Math.max(1, stride))));
    sink(BED_MAGIC);
  }

  /** Where the next row is to be written; `push` takes it. */
  row(): Uint8Array {
    return this.buffer.subarray(this.used, this.used + this.stride);
  }

  push(): void {
    this.used += this.stride;
    if (this.used === this.buffer.length) this.flush();
  }

  flush(): void {
    if (this.used > 0) this.sink(this.buffer.subarray(0, this.used));
    this.used = 0;
  }
}
