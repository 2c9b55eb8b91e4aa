/**
 * Which column of a summary-statistics file holds what: the layouts of the common programs, and an explicit map.
 * Not responsible for: reading rows (`read.ts`) or GWAS-VCF, which is not a table (`gwasvcf.ts`).
 */
import type { ChromosomeCoding } from '../chromosome.js';

/** Names of header columns by meaning. One of beta, oddsRatio and hazardRatio at most; one of p and minusLog10P. */
export interface ColumnNames {
  readonly chromosome?: string;
  readonly position?: string;
  readonly id?: string;
  readonly effectAllele: string;
  readonly otherAllele?: string;
  /** Both alleles of the site, one of them the effect allele: the other is the remaining one (PLINK 2). */
  readonly siteAlleles?: readonly [string, string];
  readonly beta?: string;
  readonly oddsRatio?: string;
  readonly hazardRatio?: string;
  /** Standard error of beta, or of the ratio's logarithm. */
  readonly se?: string;
  readonly eaf?: string;
  readonly p?: string;
  readonly minusLog10P?: string;
  readonly z?: string;
  readonly n?: string;
  readonly info?: string;
  /** Name of the test of each row; only rows of the additive test are read. */
  readonly test?: string;
}

export interface Layout {
  readonly columns: ColumnNames;
  readonly chromosomeCoding: ChromosomeCoding;
  /** `1234` reads alleles 1 2 3 4 as A C G T. */
  readonly alleles: 'letters' | '1234';
}

export const LAYOUT_NAMES = ['gwas-ssf', 'big40', 'fastgwa', 'plink1', 'plink2', 'bolt', 'regenie'] as const;

export type LayoutName = (typeof LAYOUT_NAMES)[number];

/** The first of the names that the header has. */
const pick = (header: readonly string[], ...names: string[]): string | undefined =>
  names.find((name) => header.includes(name));

/** Removes undefined entries, which exact optional properties do not take. */
function columns(names: { [K in keyof ColumnNames]: ColumnNames[K] | undefined }): ColumnNames {
  return Object.fromEntries(
    Object.entries(names).filter(([, name]) => name !== undefined),
  ) as unknown as ColumnNames;
}

interface Known {
  /** All must be present; one of each inner list. */
  readonly needs: readonly (string | readonly string[])[];
  readonly coding: ChromosomeCoding;
  readonly columns: (header: readonly string[]) => ColumnNames;
}

const KNOWN: Readonly<Record<LayoutName, Known>> = {
  // GWAS-SSF 1.0: the effect is one of three columns; 25 is MT.
  'gwas-ssf': {
    needs: [
      'chromosome',
      'base_pair_location',
      'effect_allele',
      'other_allele',
      ['beta', 'odds_ratio', 'hazard_ratio'],
      ['p_value', 'neg_log_10_p_value'],
    ],
    coding: 'gwas-ssf',
    columns: (header) =>
      columns({
        chromosome: 'chromosome',
        position: 'base_pair_location',
        id: pick(header, 'rsid', 'rs_id', 'variant_id'),
        effectAllele: 'effect_allele',
        otherAllele: 'other_allele',
        beta: pick(header, 'beta'),
        oddsRatio: header.includes('beta') ? undefined : pick(header, 'odds_ratio'),
        hazardRatio:
          header.includes('beta') || header.includes('odds_ratio') ? undefined : pick(header, 'hazard_ratio'),
        se: pick(header, 'standard_error'),
        eaf: pick(header, 'effect_allele_frequency'),
        p: pick(header, 'p_value'),
        minusLog10P: header.includes('p_value') ? undefined : 'neg_log_10_p_value',
        n: pick(header, 'n'),
        info: pick(header, 'info'),
      }),
  },
  // UK Biobank brain imaging, BIG40: GRCh37, the effect allele is a2, p is −log10 p.
  big40: {
    needs: ['chr', 'rsid', 'pos', 'a1', 'a2', 'beta', 'se', 'pval(-log10)'],
    coding: 'plink',
    columns: () => ({
      chromosome: 'chr',
      position: 'pos',
      id: 'rsid',
      effectAllele: 'a2',
      otherAllele: 'a1',
      beta: 'beta',
      se: 'se',
      minusLog10P: 'pval(-log10)',
    }),
  },
  fastgwa: {
    needs: ['CHR', 'SNP', 'POS', 'A1', 'A2', 'N', 'AF1', 'BETA', 'SE', 'P'],
    coding: 'plink',
    columns: (header) =>
      columns({
        chromosome: 'CHR',
        position: 'POS',
        id: 'SNP',
        effectAllele: 'A1',
        otherAllele: 'A2',
        beta: 'BETA',
        se: 'SE',
        eaf: 'AF1',
        p: 'P',
        n: 'N',
        info: pick(header, 'INFO'),
      }),
  },
  // .assoc, .assoc.linear, .assoc.logistic: A1 is the effect allele; the last two name no other allele.
  plink1: {
    needs: ['CHR', 'SNP', 'BP', 'A1', ['BETA', 'OR'], 'P'],
    coding: 'plink',
    columns: (header) =>
      columns({
        chromosome: 'CHR',
        position: 'BP',
        id: 'SNP',
        effectAllele: 'A1',
        otherAllele: pick(header, 'A2'),
        beta: pick(header, 'BETA'),
        oddsRatio: header.includes('BETA') ? undefined : 'OR',
        se: pick(header, 'SE'),
        p: 'P',
        n: pick(header, 'NMISS'),
        test: pick(header, 'TEST'),
      }),
  },
  // .glm.*: LOG10_P and NEG_LOG10_P are both −log10 p.
  plink2: {
    needs: ['#CHROM', 'POS', 'ID', 'REF', 'ALT', 'A1', ['BETA', 'OR'], ['P', 'LOG10_P', 'NEG_LOG10_P']],
    coding: 'plink',
    columns: (header) => {
      const other = pick(header, 'OMITTED', 'AX');
      return columns({
        chromosome: '#CHROM',
        position: 'POS',
        id: 'ID',
        effectAllele: 'A1',
        otherAllele: other,
        siteAlleles: other === undefined ? ['REF', 'ALT'] : undefined,
        beta: pick(header, 'BETA'),
        oddsRatio: header.includes('BETA') ? undefined : 'OR',
        se: pick(header, 'SE', 'LOG(OR)_SE'),
        eaf: pick(header, 'A1_FREQ'),
        p: pick(header, 'P'),
        minusLog10P: header.includes('P') ? undefined : pick(header, 'LOG10_P', 'NEG_LOG10_P'),
        n: pick(header, 'OBS_CT'),
        test: pick(header, 'TEST'),
      });
    },
  },
  bolt: {
    needs: [
      'SNP',
      'CHR',
      'BP',
      'ALLELE1',
      'ALLELE0',
      'A1FREQ',
      'BETA',
      'SE',
      ['P_BOLT_LMM', 'P_BOLT_LMM_INF', 'P_LINREG'],
    ],
    coding: 'plink',
    columns: (header) =>
      columns({
        chromosome: 'CHR',
        position: 'BP',
        id: 'SNP',
        effectAllele: 'ALLELE1',
        otherAllele: 'ALLELE0',
        beta: 'BETA',
        se: 'SE',
        eaf: 'A1FREQ',
        p: pick(header, 'P_BOLT_LMM', 'P_BOLT_LMM_INF', 'P_LINREG'),
        info: pick(header, 'INFO'),
      }),
  },
  regenie: {
    needs: ['CHROM', 'GENPOS', 'ID', 'ALLELE0', 'ALLELE1', 'A1FREQ', 'BETA', 'SE', 'LOG10P'],
    coding: 'plink',
    columns: (header) =>
      columns({
        chromosome: 'CHROM',
        position: 'GENPOS',
        id: 'ID',
        effectAllele: 'ALLELE1',
        otherAllele: 'ALLELE0',
        beta: 'BETA',
        se: 'SE',
        eaf: 'A1FREQ',
        minusLog10P: 'LOG10P',
        n: pick(header, 'N'),
        info: pick(header, 'INFO'),
        test: pick(header, 'TEST'),
      }),
  },
};

/** Columns that a layout needs and a header lacks; alternatives are joined by "or". */
export function lackingColumns(name: LayoutName, header: readonly string[]): string[] {
  return KNOWN[name].needs.flatMap((need) => {
    const options = typeof need === 'string' ? [need] : need;
    return options.some((option) => header.includes(option)) ? [] : [options.join(' or ')];
  });
}

/** A known layout for a given header; undefined when columns are lacking. */
export function layoutFor(name: LayoutName, header: readonly string[]): Layout | undefined {
  if (lackingColumns(name, header).length > 0) return undefined;
  const { coding, columns: names } = KNOWN[name];
  return { columns: names(header), chromosomeCoding: coding, alleles: 'letters' };
}

/** The known layouts that a header fits. */
export function detectLayouts(header: readonly string[]): LayoutName[] {
  return LAYOUT_NAMES.filter((name) => lackingColumns(name, header).length === 0);
}

/**
 * Header spellings whose meaning is not in doubt, without case and punctuation. A1 and A2 are absent on purpose: half of
 * the programs mean one thing by them and half the other.
 */
const SPELLINGS: Readonly<Partial<Record<keyof ColumnNames, string>>> = {
  chromosome: 'chr chrom chromosome chrid hmchr',
  position: 'pos bp position basepairlocation basepair bppos chrpos genpos hmpos',
  id: 'rsid snp snpid markername rsnumber variantid marker hmrsid',
  effectAllele: 'effectallele ea testedallele codedallele riskallele alleleeffect hmeffectallele',
  otherAllele: 'otherallele nea noneffectallele noneffallele oa noncodedallele hmotherallele',
  beta: 'beta b effect effectsize logor',
  oddsRatio: 'or oddsratio',
  hazardRatio: 'hr hazardratio',
  se: 'se stderr standarderror sebeta',
  eaf: 'eaf effectallelefreq effectallelefrequency freqeffect effectfreq',
  p: 'p pval pvalue',
  minusLog10P: 'mlog10p neglog10pvalue neglog10p minuslog10p log10p',
  z: 'z zscore zstat',
  n: 'n samplesize neff totaln',
  info: 'info impinfo inforatio imputationquality',
};

/**
 * A guess at a header that no known layout fits; undefined unless effect and other allele and a p are named beyond
 * doubt. What was guessed is reported with the table: it is the user's to confirm.
 */
export function guessColumns(header: readonly string[]): ColumnNames | undefined {
  const bare = header.map((name) => name.toLowerCase().replace(/[^a-z0-9]/g, ''));
  const found: Partial<Record<keyof ColumnNames, string>> = {};
  for (const [meaning, spellings] of Object.entries(SPELLINGS)) {
    const matches = header.filter((_, c) => spellings.split(' ').includes(bare[c]!));
    if (matches.length === 1) found[meaning as keyof ColumnNames] = matches[0]!;
    // Two columns of one meaning: neither can be preferred, except among spellings of beta's kin below.
    else if (matches.length > 1) return undefined;
  }
  if (found.beta !== undefined) {
    delete found.oddsRatio;
    delete found.hazardRatio;
  }
  if (found.p !== undefined) delete found.minusLog10P;
  if (found.effectAllele === undefined || found.otherAllele === undefined) return undefined;
  if (found.p === undefined && found.minusLog10P === undefined && found.z === undefined) return undefined;
  return found as unknown as ColumnNames;
}
