/**
 * Oxford `.sample` files: two header lines, then ID_1, ID_2, missing, and columns of which only `sex` is read.
 * Not responsible for: phenotypes and covariates.
 */
import { GenotypeError } from '../error.js';
import type { ByteSource } from '../io/bytesource.js';
import { Cells } from '../io/cells.js';
import { decompressedChunks } from '../io/decompress.js';
import { lineBlocks } from '../io/lines.js';
import { checkUniqueSamples, sexCode } from '../samples.js';
import type { SampleTable } from '../samples.js';

/** Reads a `.sample`. Throws `bad-header`, `bad-cell` with the line, `mismatch` for a person listed twice. */
export async function readSampleFile(source: ByteSource): Promise<SampleTable> {
  const fid: string[] = [];
  const iid: string[] = [];
  const sex: number[] = [];
  const cells = new Cells();
  let headerLines = 0;
  let width = 0;
  let sexColumn = -1;
  for await (const block of lineBlocks(source.name, decompressedChunks(source))) {
    for (let i = 0; i < block.count; i++) {
      const line = block.firstLine + i;
      cells.splitAtBlanks(block.bytes, block.starts[i]!, block.ends[i]!);
      if (cells.count === 0) continue;
      const row = Array.from({ length: cells.count }, (_, c) => cells.text(block.bytes, c));
      if (headerLines === 0) {
        headerLines = 1;
        width = row.length;
        sexColumn = row.findIndex((name) => name.toLowerCase() === 'sex');
        if (width < 2)
          throw new GenotypeError('bad-header', source.name, 'not a .sample header (ID_1 ID_2 missing …)', {
            line,
          });
        continue;
      }
      if (row.length !== width) {
        throw new GenotypeError(
          'bad-cell',
          source.name,
          `${row.length} columns where the header has ${width}`,
          { line },
        );
      }
      if (headerLines === 1) {
        headerLines = 2;
        if (row[0] !== '0') {
          throw new GenotypeError(
            'bad-header',
            source.name,
            'the second line must give column types (0 0 0 …)',
            { line },
          );
        }
        continue;
      }
      fid.push(row[0]!);
      iid.push(row[1]!);
      sex.push(sexColumn < 0 ? 0 : sexCode(row[sexColumn]!));
    }
  }
  if (headerLines < 2)
    throw new GenotypeError('bad-header', source.name, 'the two header lines are missing', { line: 1 });
  const samples = {
    count: iid.length,
    fid,
    iid,
    sex: Uint8Array.from(sex),
    founder: new Uint8Array(iid.length).fill(1),
  };
  checkUniqueSamples(source.name, samples, 3);
  return samples;
}
