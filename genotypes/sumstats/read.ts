/**
 * Summary statistics from text: tab-, comma- or blank-separated, plain or compressed, any layout of `layouts.ts`.
 * Not responsible for: GWAS-VCF (`gwasvcf.ts`) or agreement with a reference (`harmonise.ts`).
 *
 * A row that cannot be used is dropped and counted under the first reason that holds; a file whose header or text is
 * damaged is an error. A missing standard error, frequency, N or INFO is no reason to drop a row, an impossible one is.
 */
import { GenotypeError } from '../error.js';
import type { ByteSource } from '../io/bytesource.js';
import { Cells } from '../io/cells.js';
import { decompressedChunks } from '../io/decompress.js';
import { lineBlocks } from '../io/lines.js';
import type { Build } from '../qc/longrangeld.js';
import { emptyDrops, type DropReason } from './drops.js';
import { detectLayouts, guessColumns, lackingColumns, layoutFor } from './layouts.js';
import type { ColumnNames, Layout, LayoutName } from './layouts.js';
import { RowReader } from './rowreader.js';
import type { SumstatsTable } from './table.js';

export { DROP_REASONS, isMissingText, type DropReason } from './drops.js';

export interface ReadOptions {
  /** A known layout, an explicit map, or `detect` to go by the header. */
  readonly layout: LayoutName | Layout | 'detect';
  readonly build?: Build | undefined;
  /** Keep rows with p strictly below this only, as they are read. */
  readonly pBelow?: number | undefined;
  /** Called for each dropped row: line, reason, and the cell at fault where there is one. */
  readonly onDrop?: ((line: number, reason: DropReason, cell: string) => void) | undefined;
}

export interface SumstatsReading {
  readonly table: SumstatsTable;
  /** Rows of the file, blank lines not counted. */
  readonly rows: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** The columns that were read, and whether the layout was named, recognised or guessed. */
  readonly columns: ColumnNames;
  readonly how: LayoutName | 'explicit' | 'guessed';
}

/** Throws `missing-column`, `bad-header`, and the text and compression errors of the file. */
export async function readSumstats(source: ByteSource, options: ReadOptions): Promise<SumstatsReading> {
  const cells = new Cells();
  const dropped = emptyDrops();
  let rows = 0;
  let found: ReturnType<typeof rowReader> | undefined;
  let separator = BLANKS;
  for await (const block of lineBlocks(source.name, decompressedChunks(source))) {
    let i = 0;
    for (; i < block.count && found === undefined; i++) {
      const [start, end] = [block.starts[i]!, block.ends[i]!];
      if (end === start || startsComment(block.bytes, start)) continue;
      separator = separatorOf(block.bytes.subarray(start, end));
      split(cells, separator, block.bytes, start, end);
      const header = Array.from({ length: cells.count }, (_, c) => unquoted(cells.text(block.bytes, c)));
      found = rowReader(source.name, header, block.firstLine + i, options);
    }
    if (found === undefined) continue;
    const { reader } = found;
    for (; i < block.count; i++) {
      const [start, end] = [block.starts[i]!, block.ends[i]!];
      if (end === start) continue;
      rows++;
      split(cells, separator, block.bytes, start, end, reader.width);
      const line = block.firstLine + i;
      const problem = reader.read(block.bytes, cells, line);
      if (problem !== undefined) {
        dropped[problem.reason]++;
        options.onDrop?.(line, problem.reason, problem.cell);
      }
    }
  }
  if (found === undefined)
    throw new GenotypeError('bad-header', source.name, 'the file has no header line', { line: 1 });
  const { reader, layout, how } = found;
  return { table: reader.builder.finish(), rows, dropped, columns: layout.columns, how };
}

/** `##` opens a comment; a single `#` may open a header (`#CHROM`). */
function startsComment(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === 35 && bytes[start + 1] === 35;
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

/** Stands for runs of blanks among the separators, which are bytes. */
const BLANKS = 0;

/** Tabs where the header has one, else commas, else runs of blanks. */
function separatorOf(header: Uint8Array): number {
  if (header.includes(9)) return 9;
  return header.includes(44) && !header.includes(32) ? 44 : BLANKS;
}

/** The first `limit` cells of a line. */
function split(
  cells: Cells,
  separator: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  limit?: number,
): void {
  if (separator === BLANKS) cells.splitAtBlanks(bytes, start, end, limit);
  else cells.splitAt(separator, bytes, start, end, limit);
}

/** A reader of rows, for the columns that the layout finds in the header. */
function rowReader(
  file: string,
  header: readonly string[],
  line: number,
  options: ReadOptions,
): { reader: RowReader; layout: Layout; how: SumstatsReading['how'] } {
  const [layout, how] = chooseLayout(file, header, line, options.layout);
  const columns = Object.values(layout.columns).flat() as string[];
  const repeated = columns.find((name) => header.indexOf(name) !== header.lastIndexOf(name));
  if (repeated !== undefined)
    throw new GenotypeError('bad-header', file, `two columns are called ${repeated}`, { line });
  const absent = columns.filter((name) => !header.includes(name));
  if (absent.length > 0) {
    throw new GenotypeError(
      'missing-column',
      file,
      `no column ${absent.join(', ')}; there are ${header.join(', ')}`,
      {
        line,
      },
    );
  }
  return { reader: new RowReader(layout, header, options.build, options.pBelow), layout, how };
}

function chooseLayout(
  file: string,
  header: readonly string[],
  line: number,
  wanted: ReadOptions['layout'],
): [Layout, SumstatsReading['how']] {
  if (typeof wanted === 'object') return [wanted, 'explicit'];
  if (wanted !== 'detect') {
    const layout = layoutFor(wanted, header);
    if (layout !== undefined) return [layout, wanted];
    const lacking = lackingColumns(wanted, header).join(', ');
    throw new GenotypeError(
      'missing-column',
      file,
      `not ${wanted}: no column ${lacking}; there are ${header.join(', ')}`,
      {
        line,
      },
    );
  }
  const [first, ...others] = detectLayouts(header);
  if (first !== undefined && others.length === 0) return [layoutFor(first, header)!, first];
  const guess = guessColumns(header);
  if (guess !== undefined) {
    return [{ columns: guess, chromosomeCoding: 'gwas-ssf', alleles: 'letters' }, 'guessed'];
  }
  const several = first === undefined ? 'no known layout' : `both ${[first, ...others].join(' and ')}`;
  throw new GenotypeError(
    'missing-column',
    file,
    `the header fits ${several} (${header.join(', ')}): say which column is which; A1 and A2 alone do not tell the effect allele`,
    { line },
  );
}
