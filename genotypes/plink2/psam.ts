/**
 * PLINK 2 `.psam` (and `.fam`, which is one without a header): people's ids, sex, founder flag.
 * Not responsible for: phenotype columns, which are ignored.
 */
import { GenotypeError } from '../error.js';
import type { ByteSource } from '../io/bytesource.js';
import { Cells } from '../io/cells.js';
import { decompressedChunks } from '../io/decompress.js';
import { lineBlocks } from '../io/lines.js';
import { checkUniqueSamples, sexCode } from '../samples.js';
import type { SampleTable } from '../samples.js';

interface Columns {
  readonly fid: number;
  readonly iid: number;
  readonly pat: number;
  readonly mat: number;
  readonly sex: number;
  readonly width: number;
}

/** Header-less files are `#FID IID PAT MAT SEX [PHENO1]`. */
const FAM_COLUMNS: Columns = { fid: 0, iid: 1, pat: 2, mat: 3, sex: 4, width: 5 };

/** Reads a `.psam`. Throws `bad-header`, `bad-cell` with the line, `mismatch` for a person listed twice. */
export async function readPsam(source: ByteSource): Promise<SampleTable> {
  const fid: string[] = [];
  const iid: string[] = [];
  const sex: number[] = [];
  const founder: number[] = [];
  const cells = new Cells();
  let columns: Columns | undefined;
  let firstLine = 1;
  for await (const block of lineBlocks(source.name, decompressedChunks(source))) {
    const { bytes } = block;
    for (let i = 0; i < block.count; i++) {
      const line = block.firstLine + i;
      cells.splitAtBlanks(bytes, block.starts[i]!, block.ends[i]!);
      if (cells.count === 0) continue;
      if (bytes[cells.starts[0]!] === 35) {
        if (iid.length > 0)
          throw new GenotypeError('bad-header', source.name, 'a header line after people', { line });
        const names = Array.from({ length: cells.count }, (_, c) => cells.text(bytes, c));
        if (names[0] === '#FID' || names[0] === '#IID') columns = headerColumns(source.name, names, line);
        continue;
      }
      if (iid.length === 0) firstLine = line;
      columns ??= FAM_COLUMNS;
      if (cells.count < columns.width) {
        throw new GenotypeError(
          'bad-cell',
          source.name,
          `${cells.count} columns where ${columns.width} are expected`,
          {
            line,
          },
        );
      }
      const cell = (column: number): string => (column < 0 ? '0' : cells.text(bytes, column));
      fid.push(cell(columns.fid));
      iid.push(cells.text(bytes, columns.iid));
      founder.push(cell(columns.pat) === '0' && cell(columns.mat) === '0' ? 1 : 0);
      sex.push(columns.sex < 0 ? 0 : sexCode(cell(columns.sex)));
    }
  }
  const samples = {
    count: iid.length,
    fid,
    iid,
    sex: Uint8Array.from(sex),
    founder: Uint8Array.from(founder),
  };
  checkUniqueSamples(source.name, samples, firstLine);
  return samples;
}

function headerColumns(file: string, names: readonly string[], line: number): Columns {
  const bare = names.map((name, c) => (c === 0 ? name.slice(1) : name));
  const repeated = bare.find((name, c) => bare.indexOf(name) !== c);
  if (repeated !== undefined)
    throw new GenotypeError('bad-header', file, `two columns are called ${repeated}`, { line });
  const iid = bare.indexOf('IID');
  if (iid < 0) throw new GenotypeError('missing-column', file, 'there is no IID column', { line });
  return {
    fid: bare.indexOf('FID'),
    iid,
    pat: bare.indexOf('PAT'),
    mat: bare.indexOf('MAT'),
    sex: bare.indexOf('SEX'),
    width: bare.length,
  };
}
