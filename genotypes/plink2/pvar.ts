/**
 * PLINK 2 `.pvar`, plain or `.zst`: a sites-only VCF, or a `.bim`.
 * Not responsible for: INFO, FILTER and QUAL, which are skipped, and sorting.
 */
import { GenotypeError } from '../error.js';
import type { ByteSource } from '../io/bytesource.js';
import { Cells, cellPosition } from '../io/cells.js';
import { decompressedChunks } from '../io/decompress.js';
import { lineBlocks } from '../io/lines.js';
import { pushBimRow } from '../plink1/bim.js';
import { VariantTableBuilder, countAlleles } from '../variants.js';
import type { VariantTable } from '../variants.js';

interface Columns {
  readonly pos: number;
  readonly id: number;
  readonly ref: number;
  readonly alt: number;
  /** Columns that must be present: the last one of those needed, plus one. */
  readonly width: number;
}

/** Reads a `.pvar`. Throws `bad-header`, `missing-column`, `bad-cell` with the line. */
export async function readPvar(source: ByteSource): Promise<VariantTable> {
  const table = new VariantTableBuilder();
  const cells = new Cells();
  let columns: Columns | undefined;
  for await (const block of lineBlocks(source.name, decompressedChunks(source))) {
    const { bytes } = block;
    for (let i = 0; i < block.count; i++) {
      const line = block.firstLine + i;
      const start = block.starts[i]!;
      if (bytes[start] === 35 && block.ends[i]! > start) {
        if (table.count > 0)
          throw new GenotypeError('bad-header', source.name, 'a header line after variants', { line });
        if (bytes[start + 1] === 35) continue;
        cells.splitAtBlanks(bytes, start, block.ends[i]!);
        const names = Array.from({ length: cells.count }, (_, c) => cells.text(bytes, c));
        if (names[0] === '#CHROM') columns = headerColumns(source.name, names, line);
        continue;
      }
      cells.splitAtBlanks(bytes, start, block.ends[i]!, columns?.width ?? Infinity);
      if (cells.count === 0) continue;
      if (columns === undefined) pushBimRow(source.name, table, bytes, cells, line);
      else pushPvarRow(source.name, table, bytes, cells, columns, line);
    }
  }
  return table.finish();
}

function headerColumns(file: string, names: readonly string[], line: number): Columns {
  const column = (name: string): number => {
    const at = names.indexOf(name);
    if (at < 0) throw new GenotypeError('missing-column', file, `there is no ${name} column`, { line });
    return at;
  };
  const [pos, id, ref, alt] = [column('POS'), column('ID'), column('REF'), column('ALT')];
  return { pos, id, ref, alt, width: Math.max(pos, id, ref, alt) + 1 };
}

function pushPvarRow(
  file: string,
  table: VariantTableBuilder,
  bytes: Uint8Array,
  cells: Cells,
  columns: Columns,
  line: number,
): void {
  if (cells.count < columns.width) {
    throw new GenotypeError('bad-cell', file, `${cells.count} columns where ${columns.width} are expected`, {
      line,
    });
  }
  const { starts, ends } = cells;
  const range = (column: number): readonly [number, number] => [starts[column]!, ends[column]!];
  const chromosome = table.chromosomeCode(cells.text(bytes, 0));
  if (chromosome < 0) {
    throw new GenotypeError('bad-cell', file, `"${cells.text(bytes, 0)}" is not a chromosome`, { line });
  }
  const position = cellPosition(bytes, starts[columns.pos]!, ends[columns.pos]!);
  if (position < 0) {
    throw new GenotypeError(
      'bad-cell',
      file,
      `"${cells.text(bytes, columns.pos)}" is not a base-pair position`,
      { line },
    );
  }
  const alleles = countAlleles(bytes, starts[columns.alt]!, ends[columns.alt]!);
  table.push(chromosome, position, bytes, range(columns.id), range(columns.ref), range(columns.alt), alleles);
}
