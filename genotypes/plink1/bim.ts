/**
 * PLINK 1 `.bim`: chromosome, id, centimorgans, position, A1, A2; no header. A1 becomes `alt`, A2 becomes `ref`, as
 * PLINK 2 reads it; whether A2 is the genome's reference allele is not known to the file.
 * Not responsible for: sorting; rows keep the file's order because the `.bed` has no other index.
 */
import { GenotypeError } from '../error.js';
import type { ByteSource } from '../io/bytesource.js';
import { Cells, cellPosition, cellText } from '../io/cells.js';
import { decompressedChunks } from '../io/decompress.js';
import { lineBlocks } from '../io/lines.js';
import { VariantTableBuilder } from '../variants.js';
import type { VariantTable } from '../variants.js';

/** Reads a `.bim`, five columns (no centimorgans) or six. Throws `bad-cell` with the line, and text errors. */
export async function readBim(source: ByteSource): Promise<VariantTable> {
  const table = new VariantTableBuilder();
  const cells = new Cells();
  for await (const block of lineBlocks(source.name, decompressedChunks(source))) {
    const { bytes } = block;
    for (let i = 0; i < block.count; i++) {
      cells.splitAtBlanks(bytes, block.starts[i]!, block.ends[i]!);
      if (cells.count === 0) continue;
      pushBimRow(source.name, table, bytes, cells, block.firstLine + i);
    }
  }
  return table.finish();
}

/** Appends one `.bim` row; shared with the header-less form of `.pvar`, which is the same. */
export function pushBimRow(
  file: string,
  table: VariantTableBuilder,
  bytes: Uint8Array,
  cells: Cells,
  line: number,
): void {
  if (cells.count < 5) {
    throw new GenotypeError('bad-cell', file, `${cells.count} columns where a .bim has 6`, { line });
  }
  const { starts, ends } = cells;
  const a1 = cells.count === 5 ? 3 : 4;
  const chromosome = table.chromosomeCode(cells.text(bytes, 0));
  if (chromosome < 0) {
    throw new GenotypeError('bad-cell', file, `"${cells.text(bytes, 0)}" is not a chromosome`, { line });
  }
  const position = cellPosition(bytes, starts[a1 - 1]!, ends[a1 - 1]!);
  if (position < 0) {
    const text = cellText(bytes, starts[a1 - 1]!, ends[a1 - 1]!);
    throw new GenotypeError('bad-cell', file, `"${text}" is not a base-pair position`, { line });
  }
  table.push(
    chromosome,
    position,
    bytes,
    [starts[1]!, ends[1]!],
    [starts[a1 + 1]!, ends[a1 + 1]!],
    [starts[a1]!, ends[a1]!],
    2,
  );
}
