/**
 * PLINK 1 `.fam`: family id, individual id, father, mother, sex, phenotype; no header.
 * Not responsible for: the phenotype column, which is ignored.
 */
import { GenotypeError } from '../error.js';
import type { ByteSource } from '../io/bytesource.js';
import { Cells } from '../io/cells.js';
import { decompressedChunks } from '../io/decompress.js';
import { lineBlocks } from '../io/lines.js';
import { checkUniqueSamples, sexCode } from '../samples.js';
import type { SampleTable } from '../samples.js';

/** Reads a `.fam`, five columns or more. Throws `bad-cell` with the line, `mismatch` for a person listed twice. */
export async function readFam(source: ByteSource): Promise<SampleTable> {
  const fid: string[] = [];
  const iid: string[] = [];
  const sex: number[] = [];
  const founder: number[] = [];
  const cells = new Cells();
  for await (const block of lineBlocks(source.name, decompressedChunks(source))) {
    const { bytes } = block;
    for (let i = 0; i < block.count; i++) {
      cells.splitAtBlanks(bytes, block.starts[i]!, block.ends[i]!, 6);
      if (cells.count === 0) continue;
      if (cells.count < 5) {
        throw new GenotypeError('bad-cell', source.name, `${cells.count} columns where a .fam has 6`, {
          line: block.firstLine + i,
        });
      }
      fid.push(cells.text(bytes, 0));
      iid.push(cells.text(bytes, 1));
      founder.push(cells.text(bytes, 2) === '0' && cells.text(bytes, 3) === '0' ? 1 : 0);
      sex.push(sexCode(cells.text(bytes, 4)));
    }
  }
  const samples = {
    count: iid.length,
    fid,
    iid,
    sex: Uint8Array.from(sex),
    founder: Uint8Array.from(founder),
  };
  checkUniqueSamples(source.name, samples, 1);
  return samples;
}
