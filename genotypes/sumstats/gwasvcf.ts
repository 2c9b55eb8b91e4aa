/**
 * GWAS-VCF: summary statistics in the FORMAT fields of a VCF with one sample per study; the effect allele is ALT.
 * Not responsible for: individual genotypes (`vcf/vcf.ts`).
 * Format: Lyon et al. 2021, https://github.com/MRCIEU/gwas-vcf-specification (ES, SE, LP, AF, SS, EZ, SI).
 */
import { log10PFromZ } from '../../stats/special.js';
import { canonicalChromosome } from '../chromosome.js';
import { GenotypeError } from '../error.js';
import type { ByteSource } from '../io/bytesource.js';
import { Cells, cellPosition } from '../io/cells.js';
import { decompressedChunks } from '../io/decompress.js';
import { lineBlocks } from '../io/lines.js';
import type { Build } from '../qc/longrangeld.js';
import { emptyDrops, isMissingText, type DropReason } from './drops.js';
import { SumstatsBuilder, isBelow } from './table.js';
import type { SumstatsRow, SumstatsTable } from './table.js';

export interface GwasVcfOptions {
  /** Column of the study; may be left out when there is one. */
  readonly study?: string | undefined;
  readonly build?: Build | undefined;
  readonly pBelow?: number | undefined;
  readonly onDrop?: ((line: number, reason: DropReason, cell: string) => void) | undefined;
}

export interface GwasVcfReading {
  readonly table: SumstatsTable;
  readonly rows: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
}

const ALLELE = /^[ACGT]+$/;

/** Throws `bad-magic`, `bad-header`, `missing-column`, and text and compression errors. */
export async function readGwasVcf(source: ByteSource, options: GwasVcfOptions): Promise<GwasVcfReading> {
  const builder = new SumstatsBuilder(options.build, ['beta', 'se', 'eaf', 'p', 'log10p', 'z', 'n', 'info']);
  const dropped = emptyDrops();
  const cells = new Cells();
  let rows = 0;
  let study = -1;
  for await (const block of lineBlocks(source.name, decompressedChunks(source))) {
    for (let i = 0; i < block.count; i++) {
      const line = block.firstLine + i;
      const [start, end] = [block.starts[i]!, block.ends[i]!];
      if (end === start) continue;
      cells.splitAt(9, block.bytes, start, end);
      if (line === 1 && !cells.text(block.bytes, 0).startsWith('##fileformat=VCF')) {
        throw new GenotypeError('bad-magic', source.name, 'not a VCF (no ##fileformat=VCF)', { line });
      }
      if (block.bytes[start] === 35) {
        if (block.bytes[start + 1] !== 35)
          study = studyColumn(source.name, block.bytes, cells, line, options.study);
        continue;
      }
      if (study < 0) throw new GenotypeError('bad-header', source.name, 'records before #CHROM', { line });
      rows++;
      const row = cells.count > study ? readRecord(block.bytes, cells, study, line) : 'columns';
      const wanted =
        typeof row === 'string' ||
        options.pBelow === undefined ||
        isBelow(row.p!, row.log10p!, options.pBelow)
          ? row
          : 'threshold';
      if (typeof wanted === 'string') {
        dropped[wanted]++;
        options.onDrop?.(line, wanted, cells.text(block.bytes, Math.min(study, cells.count - 1)));
      } else builder.push(wanted);
    }
  }
  if (study < 0) throw new GenotypeError('bad-header', source.name, 'there is no #CHROM line', { line: 1 });
  return { table: builder.finish(), rows, dropped };
}

function studyColumn(
  file: string,
  bytes: Uint8Array,
  cells: Cells,
  line: number,
  wanted: string | undefined,
): number {
  const names = Array.from({ length: cells.count }, (_, c) => cells.text(bytes, c));
  if (names[0] !== '#CHROM' || names[8] !== 'FORMAT') {
    throw new GenotypeError('bad-header', file, 'not a #CHROM … FORMAT line', { line });
  }
  const studies = names.slice(9);
  if (wanted === undefined && studies.length === 1) return 9;
  const at = studies.indexOf(wanted ?? '');
  if (at >= 0) return 9 + at;
  const problem = wanted === undefined ? 'say which study to read' : `there is no study ${wanted}`;
  throw new GenotypeError('missing-column', file, `${problem}: there are ${studies.join(', ') || 'none'}`, {
    line,
  });
}

function readRecord(bytes: Uint8Array, cells: Cells, study: number, line: number): SumstatsRow | DropReason {
  const chromosome = canonicalChromosome(cells.text(bytes, 0));
  if (chromosome === undefined || chromosome === '0') return 'chromosome';
  const position = cellPosition(bytes, cells.starts[1]!, cells.ends[1]!);
  if (position < 1) return 'position';
  const otherAllele = cells.text(bytes, 3).toUpperCase();
  const effectAllele = cells.text(bytes, 4).toUpperCase();
  // A list of ALT alleles fails here too: GWAS-VCF writes one record an allele.
  if (!ALLELE.test(effectAllele) || !ALLELE.test(otherAllele)) return 'allele';
  if (effectAllele === otherAllele) return 'same-alleles';
  const fields = cells.text(bytes, 8).split(':');
  const values = cells.text(bytes, study).split(':');
  const text = (field: string): string => values[fields.indexOf(field)] ?? '';
  /** undefined when it is there and no number. */
  const number = (field: string): number | undefined => {
    const value = text(field);
    if (isMissingText(value)) return NaN;
    return Number.isNaN(Number(value)) ? undefined : Number(value);
  };
  const [beta, se, lp, eaf, z, n, info] = ['ES', 'SE', 'LP', 'AF', 'EZ', 'SS', 'SI'].map(number);
  if (lp === undefined || lp < 0) return 'p';
  if (beta === undefined || Number.isNaN(beta)) return 'effect';
  if (se === undefined || se < 0) return 'standard-error';
  if (eaf === undefined || eaf < 0 || eaf > 1) return 'frequency';
  if (z === undefined || n === undefined || info === undefined || n < 0) return 'number';
  const log10p = Number.isNaN(lp) ? log10PFromZ(beta / se) : lp === 0 ? 0 : -lp;
  if (Number.isNaN(log10p)) return 'p';
  const id = isMissingText(cells.text(bytes, 2)) ? '.' : cells.text(bytes, 2);
  return {
    chromosome,
    position,
    id,
    effectAllele,
    otherAllele,
    beta,
    se,
    eaf,
    p: 10 ** log10p,
    log10p,
    z,
    n,
    info,
    line,
  };
}
