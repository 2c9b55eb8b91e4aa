/**
 * PGS Catalog scoring files, read and written, raw and harmonised. A score that is not a plain weighted sum of effect
 * alleles is refused with the reason: leaving out what cannot be computed would make it another score.
 * Not responsible for: matching to genotypes (`sumstats/harmonise.ts` takes the table) or computing (`score.ts`).
 * Format: PGS Catalog scoring file 2.0, https://www.pgscatalog.org/downloads/#dl_ftp_scoring
 */
import { canonicalChromosome } from '../chromosome.js';
import { GenotypeError } from '../error.js';
import type { ByteSource } from '../io/bytesource.js';
import { Cells, cellNumber, cellPosition } from '../io/cells.js';
import { decompressedChunks } from '../io/decompress.js';
import { lineBlocks } from '../io/lines.js';
import type { Build } from '../qc/longrangeld.js';
import { isMissingText } from '../sumstats/read.js';
import { NO_CHROMOSOME, SumstatsBuilder } from '../sumstats/table.js';
import type { SumstatsTable } from '../sumstats/table.js';

export interface ScoringFile {
  /** `#key=value` lines, in order; keys as written. */
  readonly metadata: ReadonlyMap<string, string>;
  /** True when the positions are the harmonised ones (hm_chr, hm_pos). */
  readonly harmonised: boolean;
  /** One row a weight: beta is effect_weight, eaf is allelefrequency_effect. build is the positions' own. */
  readonly table: SumstatsTable;
}

/** Names of a build; `NR` and others are "not declared". */
const BUILDS: Readonly<Record<string, Build>> = {
  grch36: 'GRCh36',
  ncbi36: 'GRCh36',
  hg18: 'GRCh36',
  grch37: 'GRCh37',
  hg19: 'GRCh37',
  grch38: 'GRCh38',
  hg38: 'GRCh38',
};

/** Columns that make a row something else than a weight per effect allele, when they say TRUE. */
const ODD_FLAGS: Readonly<Record<string, string>> = {
  is_interaction: 'an interaction of variants',
  is_haplotype: 'a haplotype',
  is_diplotype: 'a diplotype',
  is_dominant: 'a dominant effect',
  is_recessive: 'a recessive effect',
};

/** Reads a scoring file. Throws `refused` for odd scores, `missing-column`, `bad-cell` with the line. */
export async function readScoringFile(source: ByteSource): Promise<ScoringFile> {
  const metadata = new Map<string, string>();
  const cells = new Cells();
  let rows: ScoringRows | undefined;
  for await (const block of lineBlocks(source.name, decompressedChunks(source))) {
    for (let i = 0; i < block.count; i++) {
      const [start, end] = [block.starts[i]!, block.ends[i]!];
      const line = block.firstLine + i;
      cells.splitAt(9, block.bytes, start, end);
      const isBlank = cells.text(block.bytes, 0) === '' && cells.count === 1;
      if (isBlank) continue;
      if (block.bytes[start] === 35) {
        const text = cells.text(block.bytes, 0);
        const at = text.indexOf('=');
        if (at > 0 && !text.startsWith('##')) metadata.set(text.slice(1, at), text.slice(at + 1).trim());
        continue;
      }
      if (rows === undefined) {
        const header = Array.from({ length: cells.count }, (_, c) => cells.text(block.bytes, c));
        rows = new ScoringRows(source.name, header, metadata, line);
      } else rows.add(block.bytes, cells, line);
    }
  }
  if (rows === undefined)
    throw new GenotypeError('bad-header', source.name, 'there is no header line', { line: 1 });
  return { metadata, harmonised: rows.harmonised, table: rows.builder.finish() };
}

class ScoringRows {
  readonly harmonised: boolean;
  readonly builder: SumstatsBuilder;
  private readonly at: (name: string) => number;
  private readonly oddFlags: readonly (readonly [number, string])[];

  constructor(
    private readonly file: string,
    header: readonly string[],
    metadata: ReadonlyMap<string, string>,
    line: number,
  ) {
    // OmicsPred writes rsid, the Catalog rsID.
    const names = header.map((name) => (name === 'rsid' ? 'rsID' : name));
    this.at = (name) => names.indexOf(name);
    this.harmonised = names.includes('hm_chr') && names.includes('hm_pos');
    const buildName = metadata.get(this.harmonised ? 'HmPOS_build' : 'genome_build') ?? '';
    this.builder = new SumstatsBuilder(BUILDS[buildName.toLowerCase()], ['beta', 'eaf']);
    for (const name of ['effect_allele', 'effect_weight']) {
      if (!names.includes(name)) {
        const dosage = names.find((other) => /^dosage_\d_weight$/.test(other));
        if (dosage !== undefined) throw this.refuse(`weights by genotype (${dosage}), not by allele`, line);
        throw new GenotypeError('missing-column', file, `no column ${name}; there are ${names.join(', ')}`, {
          line,
        });
      }
    }
    if (
      !names.includes('rsID') &&
      !(names.includes('chr_name') && names.includes('chr_position')) &&
      !this.harmonised
    ) {
      throw new GenotypeError('missing-column', file, 'neither rsID nor chr_name and chr_position', { line });
    }
    const weightType = metadata.get('weight_type') ?? '';
    if (/^(or|hr|odds ratio|hazard ratio)$/i.test(weightType)) {
      throw this.refuse(`weight_type ${weightType}: ratios do not add up, their logarithms do`, line);
    }
    this.oddFlags = Object.entries(ODD_FLAGS).flatMap(([name, what]) =>
      names.includes(name) ? [[names.indexOf(name), what] as const] : [],
    );
  }

  private refuse(reason: string, line: number): GenotypeError {
    return new GenotypeError('refused', this.file, `not an additive score: ${reason}`, { line });
  }

  add(bytes: Uint8Array, cells: Cells, line: number): void {
    const cell = (name: string): string => {
      const column = this.at(name);
      return column < 0 || column >= cells.count ? '' : cells.text(bytes, column);
    };
    for (const [column, what] of this.oddFlags) {
      if (column < cells.count && /^true$/i.test(cells.text(bytes, column))) throw this.refuse(what, line);
    }
    const weightColumn = this.at('effect_weight');
    const weight =
      weightColumn < cells.count
        ? cellNumber(bytes, cells.starts[weightColumn]!, cells.ends[weightColumn]!)
        : NaN;
    if (Number.isNaN(weight)) {
      throw new GenotypeError(
        'bad-cell',
        this.file,
        `effect_weight "${cell('effect_weight')}" is not a number`,
        { line },
      );
    }
    const effectAllele = cell('effect_allele').toUpperCase();
    if (!/^[ACGT]+$/.test(effectAllele))
      throw this.refuse(`effect allele "${effectAllele}" is not a DNA sequence`, line);
    const other = cell('other_allele').toUpperCase();
    const inferred = cell('hm_inferOtherAllele').toUpperCase();
    // An inferred list of several (A/C) is no other allele.
    const otherAllele = [other, inferred].find((text) => /^[ACGT]+$/.test(text)) ?? '';
    const [chromosomeColumn, positionColumn] = this.harmonised
      ? ['hm_chr', 'hm_pos']
      : ['chr_name', 'chr_position'];
    const chromosome = canonicalChromosome(cell(chromosomeColumn));
    const column = this.at(positionColumn);
    const position =
      column < 0 || column >= cells.count
        ? -1
        : cellPosition(bytes, cells.starts[column]!, cells.ends[column]!);
    if (position < 0 && !isMissingText(cell(positionColumn))) {
      throw new GenotypeError('bad-cell', this.file, `"${cell(positionColumn)}" is not a position`, { line });
    }
    const placed = chromosome !== undefined && position > 0;
    const id = [cell('hm_rsID'), cell('rsID')].find((text) => !isMissingText(text)) ?? '.';
    const eaf = Number.parseFloat(cell('allelefrequency_effect'));
    this.builder.push({
      chromosome: placed ? chromosome : undefined,
      position: placed ? position : 0,
      id,
      effectAllele,
      otherAllele,
      beta: weight,
      eaf,
      line,
    });
  }
}

export interface ScoringHeader {
  readonly pgsId: string;
  readonly name: string;
  readonly trait: string;
  readonly build: Build | 'NR';
  /** `beta`, `log(OR)`, … */
  readonly weightType: string;
  /** Further `#key=value` lines. */
  readonly more?: Readonly<Record<string, string>> | undefined;
}

/**
 * Lines of a scoring file 2.0 from a table whose beta are the weights. Harmonised files repeat the place as hm_chr and
 * hm_pos, with the build as HmPOS_build. Throws RangeError when the table has no beta.
 */
export function* scoringLines(
  header: ScoringHeader,
  table: SumstatsTable,
  harmonised: boolean,
): Generator<string> {
  const { beta } = table;
  if (beta === undefined) throw new RangeError('a scoring file needs weights (beta)');
  yield '###PGS CATALOG SCORING FILE - see https://www.pgscatalog.org/downloads/#dl_ftp_scoring for additional information';
  yield '#format_version=2.0';
  yield '##POLYGENIC SCORE (PGS) INFORMATION';
  yield `#pgs_id=${header.pgsId}`;
  yield `#pgs_name=${header.name}`;
  yield `#trait_reported=${header.trait}`;
  yield `#genome_build=${header.build}`;
  yield `#variants_number=${table.count}`;
  yield `#weight_type=${header.weightType}`;
  for (const [key, value] of Object.entries(header.more ?? {})) yield `#${key}=${value}`;
  if (harmonised) {
    yield '##HARMONIZATION DETAILS';
    yield `#HmPOS_build=${header.build}`;
  }
  const names = ['rsID', 'chr_name', 'chr_position', 'effect_allele', 'other_allele', 'effect_weight'];
  if (table.eaf !== undefined) names.push('allelefrequency_effect');
  if (harmonised) names.push('hm_source', 'hm_rsID', 'hm_chr', 'hm_pos', 'hm_inferOtherAllele');
  yield names.join('\t');
  for (let row = 0; row < table.count; row++) {
    const id = table.id.at(row) === '.' ? '' : table.id.at(row);
    const code = table.chromosome[row]!;
    const chromosome = code === NO_CHROMOSOME ? '' : table.chromosomeNames[code]!;
    const position = table.position[row] === 0 ? '' : String(table.position[row]);
    const cells = [
      id,
      chromosome,
      position,
      table.effectAllele.at(row),
      table.otherAllele.at(row),
      String(beta[row]!),
    ];
    if (table.eaf !== undefined) cells.push(Number.isNaN(table.eaf[row]!) ? '' : String(table.eaf[row]!));
    if (harmonised) cells.push('Author-reported', id, chromosome, position, '');
    yield cells.join('\t');
  }
}
