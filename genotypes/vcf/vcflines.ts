/**
 * The header and the variants of a VCF, and access to each record's line.
 * Plain text and BGZF are read at random; an ordinary gzip or zstd file is read again from its start whenever an earlier
 * record is asked for, so bgzip it.
 * Not responsible for: genotypes (`vcfcalls.ts`).
 */
import { GenotypeError } from '../error.js';
import type { ByteSource } from '../io/bytesource.js';
import { isBgzf, openBgzf } from '../io/bgzf.js';
import { Cells, cellPosition } from '../io/cells.js';
import { decompressedChunks, detectCompression } from '../io/decompress.js';
import { lineBlocks } from '../io/lines.js';
import type { LineBlock } from '../io/lines.js';
import { VariantTableBuilder, countAlleles } from '../variants.js';
import type { VariantTable } from '../variants.js';

/** CHROM POS ID REF ALT QUAL FILTER INFO FORMAT */
export const FIXED_COLUMNS = 9;

export interface VcfIndex {
  readonly variants: VariantTable;
  readonly people: readonly string[];
  /** Offset and length of each record's line in the uncompressed text. */
  readonly starts: Float64Array;
  readonly lengths: Uint32Array;
  /** 1-based line of each record. */
  readonly lines: Uint32Array;
}

/** Reads a VCF once, fixed columns only. Throws `bad-header`, `bad-cell` with the line, and compression errors. */
export async function indexVcf(source: ByteSource): Promise<VcfIndex> {
  const table = new VariantTableBuilder();
  const starts: number[] = [];
  const lengths: number[] = [];
  const lines: number[] = [];
  const cells = new Cells();
  let people: string[] | undefined;
  for await (const block of lineBlocks(source.name, decompressedChunks(source))) {
    for (let i = 0; i < block.count; i++) {
      const line = block.firstLine + i;
      const [start, end] = [block.starts[i]!, block.ends[i]!];
      if (end === start) continue;
      if (line === 1 && !startsWith(block.bytes, start, '##fileformat=VCF')) {
        throw new GenotypeError('bad-magic', source.name, 'not a VCF (no ##fileformat=VCF)', { line });
      }
      if (block.bytes[start] === 35) {
        if (people !== undefined)
          throw new GenotypeError('bad-header', source.name, 'a header line after #CHROM', { line });
        if (startsWith(block.bytes, start, '#CHROM')) people = headerPeople(source.name, block, i, cells);
        continue;
      }
      if (people === undefined)
        throw new GenotypeError('bad-header', source.name, 'records before #CHROM', { line });
      pushRecord(source.name, table, block, i, cells);
      starts.push(block.offset + start);
      lengths.push(end - start);
      lines.push(line);
    }
  }
  if (people === undefined)
    throw new GenotypeError('bad-header', source.name, 'there is no #CHROM line', { line: 1 });
  return {
    variants: table.finish(),
    people,
    starts: Float64Array.from(starts),
    lengths: Uint32Array.from(lengths),
    lines: Uint32Array.from(lines),
  };
}

function startsWith(bytes: Uint8Array, start: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word.charCodeAt(i)) return false;
  return true;
}

function headerPeople(file: string, block: LineBlock, i: number, cells: Cells): string[] {
  const line = block.firstLine + i;
  cells.splitAt(9, block.bytes, block.starts[i]!, block.ends[i]!);
  const names = Array.from({ length: cells.count }, (_, c) => cells.text(block.bytes, c));
  const fixed = '#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT'.split(' ');
  const wrong = fixed.findIndex((name, c) => names[c] !== name);
  if (wrong >= 0) {
    throw new GenotypeError(
      'bad-header',
      file,
      `column ${wrong + 1} is ${names[wrong] ?? 'absent'}, not ${fixed[wrong]!}`,
      {
        line,
      },
    );
  }
  return names.slice(FIXED_COLUMNS);
}

function pushRecord(
  file: string,
  table: VariantTableBuilder,
  block: LineBlock,
  i: number,
  cells: Cells,
): void {
  const { bytes } = block;
  const line = block.firstLine + i;
  cells.splitAt(9, bytes, block.starts[i]!, block.ends[i]!, 5);
  const { starts, ends } = cells;
  if (cells.count < 5)
    throw new GenotypeError('bad-cell', file, `${cells.count} columns in a record`, { line });
  const code = table.chromosomeCode(cells.text(bytes, 0));
  if (code < 0)
    throw new GenotypeError('bad-cell', file, `"${cells.text(bytes, 0)}" is not a chromosome`, { line });
  const position = cellPosition(bytes, starts[1]!, ends[1]!);
  if (position < 0) {
    throw new GenotypeError('bad-cell', file, `"${cells.text(bytes, 1)}" is not a base-pair position`, {
      line,
    });
  }
  const range = (c: number): readonly [number, number] => [starts[c]!, ends[c]!];
  table.push(code, position, bytes, range(2), range(3), range(4), countAlleles(bytes, starts[4]!, ends[4]!));
}

/** Lines of records by number. */
export interface VcfLines {
  line(variant: number): Promise<Uint8Array>;
}

/** Chooses random or sequential access by the file's compression. */
export async function openVcfLines(source: ByteSource, index: VcfIndex): Promise<VcfLines> {
  const compression = await detectCompression(source);
  if (compression === 'none') return new RandomLines(source, index);
  const head = await source.read(0, Math.min(18, source.size));
  if (isBgzf(head)) return new RandomLines(await openBgzf(source), index);
  return new SequentialLines(source, index);
}

class RandomLines implements VcfLines {
  constructor(
    private readonly text: ByteSource,
    private readonly index: VcfIndex,
  ) {}

  async line(variant: number): Promise<Uint8Array> {
    return this.text.read(this.index.starts[variant]!, this.index.lengths[variant]!);
  }
}

class SequentialLines implements VcfLines {
  private blocks: AsyncGenerator<LineBlock> | undefined;
  private block: LineBlock | undefined;

  constructor(
    private readonly source: ByteSource,
    private readonly index: VcfIndex,
  ) {}

  async line(variant: number): Promise<Uint8Array> {
    const wanted = this.index.lines[variant]!;
    if (this.block === undefined || wanted < this.block.firstLine) {
      await this.blocks?.return(undefined);
      this.blocks = lineBlocks(this.source.name, decompressedChunks(this.source));
      this.block = undefined;
    }
    while (this.block === undefined || wanted >= this.block.firstLine + this.block.count) {
      const next = await this.blocks!.next();
      if (next.done === true)
        throw new GenotypeError('truncated', this.source.name, 'the file became shorter', { line: wanted });
      this.block = next.value;
    }
    const i = wanted - this.block.firstLine;
    return this.block.bytes.subarray(this.block.starts[i], this.block.ends[i]);
  }
}
