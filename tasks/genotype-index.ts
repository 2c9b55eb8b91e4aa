/**
 * The index of a genotype view: its people and its variants, with a digest of each variant's calls, as two files that travel with
 * the view. The view's content is the digest of what they say; where a variant lies in the files is in them, but is no content.
 *
 * Not responsible for opening genotypes (genotype-views.ts).
 */
import { createHash } from 'node:crypto';
import { fileDigest } from '../cache/digest.js';
import { compareBytes } from '../cache/table.js';
import { fileOutput, viewOutput, type Json, type OutputPort, type OutputValue } from '../engine/task.js';
import { Cells, cellNumber } from '../genotypes/io/cells.js';
import { FileSource } from '../genotypes/io/bytesource.js';
import { decompressedChunks } from '../genotypes/io/decompress.js';
import { lineBlocks } from '../genotypes/io/lines.js';
import type { VariantCounts } from '../genotypes/qc/counts.js';
import type { Build } from '../genotypes/qc/longrangeld.js';
import type { SampleTable } from '../genotypes/samples.js';
import { TextBuilder, TextColumn } from '../genotypes/textcolumn.js';
import { VariantTableBuilder, concatVariants, type VariantTable } from '../genotypes/variants.js';

/** Counts of calls in the order of the file's columns. */
export const COUNT_COLUMNS = ['homRef', 'het', 'homAlt', 'hapRef', 'hapAlt', 'hapHet', 'missing'] as const;

export interface VariantIndex {
  readonly variants: VariantTable;
  /** Digest of each variant's calls for the view's people; empty for a multi-allelic one, which has no dosages. */
  readonly calls: TextColumn;
  readonly counts: VariantCounts;
  /** ALT frequency; NaN where there is no call. */
  readonly frequency: Float64Array;
  /** Number of each variant in the file, or in the view that this one was made of. */
  readonly place: Uint32Array;
}

export interface GenotypeIndex extends VariantIndex {
  /** In bytewise order of their ids; families are not kept. */
  readonly people: SampleTable;
  readonly build: Build | null;
}

/** How a view reads what it was made of; `detail` of its recipe. */
export interface GenotypeDetail {
  readonly people: number;
  readonly variants: number;
  readonly build: Build | null;
  /** Only where it names files: how they are read. */
  readonly format?: 'bed' | 'pgen' | 'bgen' | 'vcf';
  readonly first_allele?: 'ref' | 'alt' | null;
  readonly field?: 'GT' | 'DS' | 'HDS' | 'GP' | null;
}

/** The ports of every task that makes a view. */
export const VIEW_OUTPUTS = {
  genotypes: { type: 'genotypes', summary: 'The view: calls of these people at these variants.' },
  variants: {
    type: 'variants',
    summary: 'Its variants: place, id, alleles, counts of calls, ALT frequency, digest of the calls.',
  },
  samples: { type: 'samples', summary: 'Its people, with `sex` (1 man, 2 woman) and `founder`.' },
  people_index: { type: 'file', summary: 'The people as the view keeps them.' },
  variant_index: { type: 'file', summary: 'The variants as the view keeps them.' },
} as const satisfies Readonly<Record<string, OutputPort>>;

/** Rows `order` of people by id. */
export function takePeople(people: SampleTable, rows: ArrayLike<number>): SampleTable {
  const take = <T>(values: readonly T[]): T[] => Array.from(rows, (s) => values[s]!);
  return {
    count: rows.length,
    fid: new Array<string>(rows.length).fill('0'),
    iid: take(people.iid),
    sex: Uint8Array.from(rows, (s) => people.sex[s]!),
    founder: Uint8Array.from(rows, (s) => people.founder[s]!),
  };
}

/** Numbers of the people in bytewise order of their ids. */
export function peopleInOrder({ iid }: SampleTable): Uint32Array {
  const order = Uint32Array.from(iid.keys());
  let sorted = true;
  for (let s = 1; sorted && s < iid.length; s++) sorted = compareBytes(iid[s - 1]!, iid[s]!) <= 0;
  return sorted ? order : order.sort((a, b) => compareBytes(iid[a]!, iid[b]!));
}

/** The given variants of an index, in that order; `place` is their number in it. */
export function takeVariants(index: VariantIndex, rows: Uint32Array): VariantIndex {
  const { variants, counts } = index;
  const numbers = (values: Int32Array): Int32Array => Int32Array.from(rows, (v) => values[v]!);
  return {
    variants: {
      count: rows.length,
      chromosomeNames: variants.chromosomeNames,
      chromosome: Uint16Array.from(rows, (v) => variants.chromosome[v]!),
      position: numbers(variants.position),
      id: variants.id.take(rows),
      ref: variants.ref.take(rows),
      alt: variants.alt.take(rows),
      alleleCount: Uint16Array.from(rows, (v) => variants.alleleCount[v]!),
    },
    calls: index.calls.take(rows),
    counts: Object.fromEntries(
      COUNT_COLUMNS.map((name) => [name, numbers(counts[name])]),
    ) as unknown as VariantCounts,
    frequency: Float64Array.from(rows, (v) => index.frequency[v]!),
    place: rows,
  };
}

/** Indexes of the same people, one after another; `place` counts on. */
export function concatIndexes(indexes: readonly VariantIndex[]): VariantIndex {
  const variants = concatVariants(indexes.map((index) => index.variants));
  const counts = Object.fromEntries(
    COUNT_COLUMNS.map((name) => {
      const values = new Int32Array(variants.count);
      let from = 0;
      for (const index of indexes) {
        values.set(index.counts[name], from);
        from += index.variants.count;
      }
      return [name, values];
    }),
  ) as unknown as VariantCounts;
  return {
    variants,
    calls: TextColumn.concat(indexes.map((index) => index.calls)),
    counts,
    frequency: Float64Array.from(indexes.flatMap((index) => [...index.frequency])),
    place: Uint32Array.from({ length: variants.count }, (_, v) => v),
  };
}

const PIECE = 4096;

/** Rows of text as bytes; pieces keep the strings short. */
function encodeRows(rows: number, row: (i: number) => string): Buffer {
  const pieces: Buffer[] = [];
  for (let from = 0; from < rows; from += PIECE) {
    const lines: string[] = [];
    for (let i = from; i < Math.min(rows, from + PIECE); i++) lines.push(`${row(i)}\n`);
    pieces.push(Buffer.from(lines.join('')));
  }
  return Buffer.concat(pieces);
}

/** Many views of one call have the same people. */
const encodedPeople = new WeakMap<SampleTable, Buffer>();

function encodePeople(people: SampleTable): Buffer {
  let bytes = encodedPeople.get(people);
  if (!bytes) {
    const { count, iid, sex, founder } = people;
    bytes = encodeRows(count, (s) => `${iid[s]!}\t${sex[s]!}\t${founder[s]!}`);
    encodedPeople.set(people, bytes);
  }
  return bytes;
}

/** What a task can learn of a variant: its place, id and alleles, and the calls. */
function identity({ variants, calls }: VariantIndex, v: number): string {
  const chromosome = variants.chromosomeNames[variants.chromosome[v]!]!;
  const alleles = `${variants.ref.at(v)}\t${variants.alt.at(v)}\t${variants.alleleCount[v]!}`;
  return `${chromosome}\t${variants.position[v]!}\t${variants.id.at(v)}\t${alleles}\t${calls.at(v)}`;
}

function encodeVariants(index: VariantIndex): Buffer {
  const { variants, counts, frequency, place } = index;
  return encodeRows(variants.count, (v) => {
    const numbers = COUNT_COLUMNS.map((name) => counts[name][v]!).join('\t');
    const known = Number.isNaN(frequency[v]!) ? '' : String(frequency[v]!);
    return `${identity(index, v)}\t${place[v]!}\t${numbers}\t${known}`;
  });
}

/** The outputs `genotypes`, `people_index` and `variant_index` of a task that makes a view. */
export function viewParts(
  index: GenotypeIndex,
  of: readonly string[],
  files: Readonly<Record<string, string>>,
  reading: Pick<GenotypeDetail, 'format' | 'first_allele' | 'field'> = {},
): Record<'genotypes' | 'people_index' | 'variant_index', OutputValue> {
  const people = encodePeople(index.people);
  const variants = encodeVariants(index);
  const content = createHash('sha256').update(`genotypes/1 ${index.build ?? ''} ${people.length}\n`);
  content.update(people).update(encodeRows(index.variants.count, (v) => identity(index, v)));
  const detail: GenotypeDetail = {
    people: index.people.count,
    variants: index.variants.count,
    build: index.build,
    ...reading,
  };
  return {
    genotypes: viewOutput({
      content: content.digest('hex'),
      of,
      files: {
        ...files,
        people_index: fileDigest(people, 'tsv'),
        variant_index: fileDigest(variants, 'tsv'),
      },
      detail: detail as unknown as Json,
      shape: { rows: index.people.count, columns: index.variants.count },
    }),
    people_index: fileOutput(people, 'tsv'),
    variant_index: fileOutput(variants, 'tsv'),
  };
}

async function eachRow(path: string, row: (bytes: Uint8Array, cells: Cells) => void): Promise<void> {
  const file = new FileSource(path);
  const cells = new Cells();
  try {
    for await (const block of lineBlocks(path, decompressedChunks(file))) {
      for (let i = 0; i < block.count; i++) {
        cells.splitAt(9, block.bytes, block.starts[i]!, block.ends[i]!);
        row(block.bytes, cells);
      }
    }
  } finally {
    file.close();
  }
}

export async function readPeopleIndex(path: string): Promise<SampleTable> {
  const [iid, sex, founder]: [string[], number[], number[]] = [[], [], []];
  await eachRow(path, (bytes, cells) => {
    iid.push(cells.text(bytes, 0));
    sex.push(Number(cells.text(bytes, 1)));
    founder.push(Number(cells.text(bytes, 2)));
  });
  return {
    count: iid.length,
    fid: iid.map(() => '0'),
    iid,
    sex: Uint8Array.from(sex),
    founder: Uint8Array.from(founder),
  };
}

export async function readVariantIndex(path: string, count: number): Promise<VariantIndex> {
  const builder = new VariantTableBuilder();
  const calls = new TextBuilder();
  const column = (): Int32Array => new Int32Array(count);
  const counts = Object.fromEntries(COUNT_COLUMNS.map((name) => [name, column()])) as Record<
    (typeof COUNT_COLUMNS)[number],
    Int32Array
  >;
  const frequency = new Float64Array(count);
  const place = new Uint32Array(count);
  await eachRow(path, (bytes, cells) => {
    const v = builder.count;
    const number = (c: number): number => cellNumber(bytes, cells.starts[c]!, cells.ends[c]!);
    const text = (c: number): string => cells.text(bytes, c);
    calls.pushText(text(6));
    place[v] = number(7);
    COUNT_COLUMNS.forEach((name, k) => (counts[name][v] = number(8 + k)));
    frequency[v] = number(8 + COUNT_COLUMNS.length);
    builder.pushTexts(builder.chromosomeCode(text(0)), number(1), text(2), text(3), text(4), number(5));
  });
  return { variants: builder.finish(), calls: calls.finish(), counts, frequency, place };
}
