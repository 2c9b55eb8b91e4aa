/**
 * One interface over every genotype format: variants and samples as columns, dosages and hard calls by variant.
 * Not responsible for: decoding (one `VariantDecoder` per format) or several files as one (`fileset.ts`).
 */
import { GenotypeError } from './error.js';
import { CallGather, packedLength } from './hardcalls.js';
import type { SampleTable } from './samples.js';
import { describeVariant } from './variants.js';
import type { VariantTable } from './variants.js';

/**
 * The allele whose copies are counted: the same side of every variant, or one AlleleIndex (0 ref, 1 alt) per variant
 * asked for. It is never implied: PLINK 1.9 counts A1, PLINK 2 counts REF, and both are right.
 */
export type CountedAllele = 'ref' | 'alt' | Uint8Array;

export interface GenotypeSource {
  /** File name, for messages. */
  readonly name: string;
  readonly variants: VariantTable;
  readonly samples: SampleTable;
  /** False when the file holds hard calls only. */
  readonly hasDosages: boolean;
  /**
   * Copies of the counted allele, variant by variant: out[v × people + s] for the v-th variant and s-th person asked
   * for, on the diploid scale 0 … 2 (a haploid call is doubled, as PLINK stores it); missing is NaN.
   * Throws GenotypeError: `multiallelic`, and whatever the file's damage calls for.
   */
  dosages(
    variants: ArrayLike<number>,
    people: Uint32Array | undefined,
    counted: CountedAllele,
    out: Float64Array,
  ): Promise<void>;
  /**
   * Packed hard calls (hardcalls.ts): out[v × ⌈people/4⌉ …]. Where the file holds only dosages, calls are made by
   * HARD_CALL_DISTANCE. `people` undefined is everyone.
   */
  hardCalls(variants: ArrayLike<number>, people: Uint32Array | undefined, out: Uint8Array): Promise<void>;
  close(): void;
}

/** What a format must supply; DecodedSource does the rest. Called for biallelic variants only, one at a time. */
export interface VariantDecoder {
  readonly name: string;
  readonly variants: VariantTable;
  readonly samples: SampleTable;
  readonly hasDosages: boolean;
  /** ALT dosages of everyone in file order; missing NaN. */
  altDosages(variant: number, out: Float64Array): void | Promise<void>;
  /** Packed calls of everyone in file order, padding zero. */
  packedCalls(variant: number, out: Uint8Array): void | Promise<void>;
  close(): void;
}

export class DecodedSource implements GenotypeSource {
  readonly name: string;
  readonly variants: VariantTable;
  readonly samples: SampleTable;
  readonly hasDosages: boolean;
  private readonly everyDosage: Float64Array;
  private readonly everyCall: Uint8Array;
  private readonly gathers = new WeakMap<Uint32Array, CallGather>();

  constructor(private readonly decoder: VariantDecoder) {
    this.name = decoder.name;
    this.variants = decoder.variants;
    this.samples = decoder.samples;
    this.hasDosages = decoder.hasDosages;
    this.everyDosage = new Float64Array(this.samples.count);
    this.everyCall = new Uint8Array(packedLength(this.samples.count));
  }

  async dosages(
    variants: ArrayLike<number>,
    people: Uint32Array | undefined,
    counted: CountedAllele,
    out: Float64Array,
  ): Promise<void> {
    const count = people?.length ?? this.samples.count;
    checkRequest(this, variants, people);
    if (typeof counted !== 'string' && counted.length !== variants.length) {
      throw new RangeError(
        `internal error: ${counted.length} counted alleles for ${variants.length} variants`,
      );
    }
    for (let v = 0; v < variants.length; v++) {
      const pending = this.decoder.altDosages(variants[v]!, this.everyDosage);
      if (pending !== undefined) await pending;
      const row = out.subarray(v * count, (v + 1) * count);
      if (people === undefined) row.set(this.everyDosage);
      else for (let s = 0; s < count; s++) row[s] = this.everyDosage[people[s]!]!;
      const countsRef = typeof counted === 'string' ? counted === 'ref' : counted[v] === 0;
      if (countsRef) for (let s = 0; s < count; s++) row[s] = 2 - row[s]!;
    }
  }

  async hardCalls(
    variants: ArrayLike<number>,
    people: Uint32Array | undefined,
    out: Uint8Array,
  ): Promise<void> {
    const stride = packedLength(people?.length ?? this.samples.count);
    checkRequest(this, variants, people);
    for (let v = 0; v < variants.length; v++) {
      const row = out.subarray(v * stride, (v + 1) * stride);
      const pending = this.decoder.packedCalls(variants[v]!, people === undefined ? row : this.everyCall);
      if (pending !== undefined) await pending;
      if (people !== undefined) this.gatherOf(people).calls(this.everyCall, row);
    }
  }

  private gatherOf(people: Uint32Array): CallGather {
    let gather = this.gathers.get(people);
    if (!gather) this.gathers.set(people, (gather = new CallGather(people, this.samples.count)));
    return gather;
  }

  close(): void {
    this.decoder.close();
  }
}

/** Throws RangeError for an index outside the tables, `multiallelic` for a variant that has no dosage. */
export function checkRequest(
  source: Pick<GenotypeSource, 'name' | 'variants' | 'samples'>,
  variants: ArrayLike<number>,
  people: Uint32Array | undefined,
): void {
  for (let v = 0; v < variants.length; v++) {
    const variant = variants[v]!;
    const alleles = source.variants.alleleCount[variant];
    if (alleles === undefined)
      throw new RangeError(`internal error: no variant ${variant} in ${source.name}`);
    if (alleles !== 2) {
      throw new GenotypeError(
        'multiallelic',
        source.name,
        `${describeVariant(source.variants, variant)} has ${alleles} alleles: a dosage of one allele is not defined; ` +
          `split it first (bcftools norm -m-, plink2 --make-pgen multiallelics=-)`,
      );
    }
  }
  if (people === undefined || checkedPeople.get(people) === source.samples.count) return;
  for (const person of people) {
    if (person >= source.samples.count)
      throw new RangeError(`internal error: no person ${person} in ${source.name}`);
  }
  checkedPeople.set(people, source.samples.count);
}

/** Lists of people that were found to be among so many; requests for a few variants come with the same list again and again. */
const checkedPeople = new WeakMap<Uint32Array, number>();

/** People of one list as people of another, made once for each list. */
export class PeopleMap {
  private readonly known = new WeakMap<Uint32Array, Uint32Array>();

  /** @param rows number there of each person here */
  constructor(private readonly rows: Uint32Array) {}

  there(people: Uint32Array | undefined): Uint32Array {
    if (people === undefined) return this.rows;
    let mapped = this.known.get(people);
    if (mapped === undefined) {
      mapped = Uint32Array.from(people, (s) => this.rows[s]!);
      this.known.set(people, mapped);
    }
    return mapped;
  }
}

/**
 * The same source with the sexes given, for formats that carry none (VCF, BGEN with embedded ids): X and Y need them.
 * Throws RangeError unless there is one for each person.
 */
export function withSex(source: GenotypeSource, sex: Uint8Array): GenotypeSource {
  if (sex.length !== source.samples.count) {
    throw new RangeError(`${sex.length} sexes for ${source.samples.count} people`);
  }
  return {
    name: source.name,
    variants: source.variants,
    samples: { ...source.samples, sex },
    hasDosages: source.hasDosages,
    dosages: (variants, people, counted, out) => source.dosages(variants, people, counted, out),
    hardCalls: (variants, people, out) => source.hardCalls(variants, people, out),
    close: () => source.close(),
  };
}

/** Consecutive variants of a request with their dosages. `values` is reused by the next block. */
export interface DosageBlock {
  /** Position of the block's first variant in the list asked for. */
  readonly first: number;
  readonly count: number;
  /** count × people, variant by variant. */
  readonly values: Float64Array;
}

/**
 * Dosages of many variants in blocks of at most `maxBytes` (at least one variant): one pass over the file.
 */
export async function* dosageBlocks(
  source: GenotypeSource,
  variants: Uint32Array,
  people: Uint32Array | undefined,
  counted: CountedAllele,
  maxBytes = 2 ** 26,
): AsyncGenerator<DosageBlock> {
  const row = people?.length ?? source.samples.count;
  const rows = Math.max(1, Math.min(variants.length, Math.floor(maxBytes / Math.max(8, 8 * row))));
  const buffer = new Float64Array(rows * row);
  for (let first = 0; first < variants.length; first += rows) {
    const count = Math.min(rows, variants.length - first);
    const values = buffer.subarray(0, count * row);
    const countedHere = typeof counted === 'string' ? counted : counted.subarray(first, first + count);
    await source.dosages(variants.subarray(first, first + count), people, countedHere, values);
    yield { first, count, values };
  }
}

/** Consecutive variants of a request with their packed calls. `calls` is reused by the next block. */
export interface CallBlock {
  readonly first: number;
  readonly count: number;
  /** count × stride bytes. */
  readonly calls: Uint8Array;
  readonly stride: number;
}

/** Packed calls of many variants in blocks of at most `maxBytes`. */
export async function* callBlocks(
  source: GenotypeSource,
  variants: Uint32Array,
  people: Uint32Array | undefined,
  maxBytes = 2 ** 24,
): AsyncGenerator<CallBlock> {
  const stride = packedLength(people?.length ?? source.samples.count);
  const rows = Math.max(1, Math.min(variants.length, Math.floor(maxBytes / Math.max(1, stride))));
  const buffer = new Uint8Array(rows * stride);
  for (let first = 0; first < variants.length; first += rows) {
    const count = Math.min(rows, variants.length - first);
    const calls = buffer.subarray(0, count * stride);
    await source.hardCalls(variants.subarray(first, first + count), people, calls);
    yield { first, count, calls, stride };
  }
}
