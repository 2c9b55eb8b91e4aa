/**
 * Summary statistics against a reference panel: which variant each row is, which of its alleles the effect belongs to,
 * and why rows are lost. Each row gets the GWAS Catalog's `hm_code`.
 * Not responsible for: lifting positions from one build to another; inputs whose builds differ are refused.
 */
import { GenotypeError } from '../error.js';
import { PlaceIndex } from '../placeindex.js';
import type { Build } from '../qc/longrangeld.js';
import type { VariantTable } from '../variants.js';
import { isPalindromic, reverseComplement } from './alleles.js';
import { NO_CHROMOSOME } from './table.js';
import type { SumstatsTable } from './table.js';

/** What each hm_code means, in the GWAS Catalog's words. */
export const HM_CODES: Readonly<Record<number, string>> = {
  1: 'Palindromic; Infer strand; Forward strand; Alleles correct',
  2: 'Palindromic; Infer strand; Forward strand; Flipped alleles',
  3: 'Palindromic; Infer strand; Reverse strand; Alleles correct',
  4: 'Palindromic; Infer strand; Reverse strand; Flipped alleles',
  5: 'Palindromic; Assume forward strand; Alleles correct',
  6: 'Palindromic; Assume forward strand; Flipped alleles',
  9: 'Palindromic; Drop palindromic; Not harmonised',
  10: 'Forward strand; Alleles correct',
  11: 'Forward strand; Flipped alleles',
  12: 'Reverse strand; Alleles correct',
  13: 'Reverse strand; Flipped alleles',
  14: 'Required fields are not known; Not harmonised',
  15: 'No matching variants in reference VCF; Not harmonised',
  16: 'Multiple matching variants in reference VCF; Not harmonised',
  17: 'Palindromic; Infer strand; EAF or reference VCF AF not known; Not harmonised',
  18: 'Palindromic; Infer strand; EAF < specified minor allele frequency threshold; Not harmonised',
};

/** Why a row is not among those kept. */
export const LOSS_REASONS = [
  'no-place-and-no-id', // hm_code 14
  'no-variant-there', // 15: nothing at the place, or no such id
  'alleles-differ', // 15: variants at the place, none with these alleles
  'several-variants', // 16
  'palindromic-dropped', // 9, by request
  'palindromic-frequency-unknown', // 17
  'palindromic-frequency-middle', // 18
  'palindromic-frequency-differs', // 9
  'multiallelic-variant', // 15: the alleles are among those of a record with several ALTs: split it in the panel
  'duplicate', // an earlier row is the same variant
] as const;

export type LossReason = (typeof LOSS_REASONS)[number];

/**
 * What to do with A/T and C/G. `frequency`: keep those whose frequency agrees with the panel's as labelled. `infer`: so,
 * and take the other strand where only that agrees. `forward`: trust the labels. `drop`.
 */
export type PalindromicRule = 'frequency' | 'infer' | 'forward' | 'drop';

export interface HarmoniseOptions {
  readonly palindromic?: PalindromicRule | undefined;
  /** Palindromic rows need |ΔEAF| below this (default 0.2). */
  readonly maxFrequencyDifference?: number | undefined;
  /** Palindromic rows with a frequency in this closed interval are never told apart (default 0.42 to 0.58). */
  readonly middle?: readonly [number, number] | undefined;
  /** Fail when a smaller share of rows finds its variant (default 0.2). */
  readonly minMatch?: number | undefined;
}

export interface Reference {
  readonly variants: VariantTable;
  /** ALT frequency of each variant, NaN unknown: of the training people, or of a panel of their ancestry. */
  readonly altFrequency?: Float64Array | undefined;
  readonly build?: Build | undefined;
}

/** Effect-allele frequencies against the panel's, over rows that are not palindromic. */
export interface FrequencyCheck {
  /** Rows compared. */
  readonly rows: number;
  /** Pearson correlation of the frequencies after alignment: near −1 means that effect and other allele are exchanged. */
  readonly correlation: number;
  /** Rows that differ by more than maxFrequencyDifference. */
  readonly differing: number;
}

export interface Harmonised {
  /** hm_code of every row. A duplicate has the code of its match. */
  readonly hmCode: Uint8Array;
  /** Variant matched, or -1; set for lost rows too when one was found. */
  readonly variant: Int32Array;
  /** Rows kept, in order. */
  readonly rows: Uint32Array;
  /** By kept row: 1 when the effect allele is ALT, -1 when it is REF: the effect of ALT is sign × beta. */
  readonly sign: Int8Array;
  readonly lost: Readonly<Record<LossReason, number>>;
  /** Share of rows that found their variant. */
  readonly matchRate: number;
  readonly frequencyCheck: FrequencyCheck;
  /** For people: low match rate, undeclared builds, frequencies that say the effect allele is the other one. */
  readonly warnings: readonly string[];
}

const WARN_MATCH = 0.75;
/** Rows below which a correlation of frequencies says nothing. */
const CHECK_ROWS = 20;

/** Throws `refused` when builds differ or fewer than minMatch of the rows match. */
export function harmonise(
  name: string,
  table: SumstatsTable,
  reference: Reference,
  options: HarmoniseOptions = {},
): Harmonised {
  const warnings = checkBuilds(name, table.build, reference.build);
  const matcher = new Matcher(table, reference, options);
  const hmCode = new Uint8Array(table.count);
  const variant = new Int32Array(table.count).fill(-1);
  const lost = Object.fromEntries(LOSS_REASONS.map((reason) => [reason, 0])) as Record<LossReason, number>;
  const rows: number[] = [];
  const signs: number[] = [];
  const taken = new Uint8Array(reference.variants.count);
  const check = new FrequencyTally(options.maxFrequencyDifference ?? 0.2);
  let matched = 0;
  for (let row = 0; row < table.count; row++) {
    const match = matcher.match(row);
    hmCode[row] = match.hmCode;
    variant[row] = match.variant;
    if (match.variant >= 0) matched++;
    const unusable = match.lost ?? (taken[match.variant] === 1 ? 'duplicate' : undefined);
    if (unusable !== undefined) {
      lost[unusable]++;
      continue;
    }
    taken[match.variant] = 1;
    rows.push(row);
    signs.push(match.sign);
    if (match.hmCode >= 10)
      check.add(matcher.alignedFrequency(row, match.sign), matcher.panelFrequency(match.variant));
  }
  const matchRate = table.count === 0 ? 1 : matched / table.count;
  const percent = `${(100 * matchRate).toFixed(1)} % of ${table.count} rows match the reference panel`;
  if (matchRate < (options.minMatch ?? 0.2)) {
    throw new GenotypeError(
      'refused',
      name,
      `only ${percent}: are the builds and the chromosomes those of the panel?`,
    );
  }
  if (matchRate < WARN_MATCH) warnings.push(percent);
  const frequencyCheck = check.finish();
  if (frequencyCheck.rows >= CHECK_ROWS && frequencyCheck.correlation < 0) {
    warnings.push(
      `frequencies correlate ${frequencyCheck.correlation.toFixed(2)} with the panel's over ${frequencyCheck.rows} rows: ` +
        'the effect allele is probably the other one',
    );
  }
  return {
    hmCode,
    variant,
    rows: Uint32Array.from(rows),
    sign: Int8Array.from(signs),
    lost,
    matchRate,
    frequencyCheck,
    warnings,
  };
}

function checkBuilds(name: string, build: Build | undefined, panel: Build | undefined): string[] {
  if (build !== undefined && panel !== undefined && build !== panel) {
    throw new GenotypeError(
      'refused',
      name,
      `the summary statistics are on ${build}, the panel on ${panel}: lift one over`,
    );
  }
  if (build !== undefined && panel !== undefined) return [];
  return [`the build of the ${build === undefined ? 'summary statistics' : 'panel'} is not declared`];
}

interface Match {
  readonly hmCode: number;
  readonly variant: number;
  readonly sign: 1 | -1;
  readonly lost: LossReason | undefined;
}

class Matcher {
  private readonly index: PlaceIndex;
  private readonly rule: PalindromicRule;
  private readonly maxDifference: number;
  private readonly middle: readonly [number, number];

  constructor(
    private readonly table: SumstatsTable,
    private readonly reference: Reference,
    options: HarmoniseOptions,
  ) {
    this.index = new PlaceIndex(reference.variants);
    this.rule = options.palindromic ?? 'frequency';
    this.maxDifference = options.maxFrequencyDifference ?? 0.2;
    this.middle = options.middle ?? [0.42, 0.58];
  }

  match(row: number): Match {
    const lose = (hmCode: number, lost: LossReason, variant = -1): Match => ({
      hmCode,
      variant,
      sign: 1,
      lost,
    });
    const { table } = this;
    const code = table.chromosome[row]!;
    const id = table.id.at(row);
    const placed = code !== NO_CHROMOSOME && table.position[row]! > 0;
    if (!placed && id === '.') return lose(14, 'no-place-and-no-id');
    const candidates = placed
      ? this.index.at(table.chromosomeNames[code]!, table.position[row]!)
      : this.index.called(id);
    if (candidates.length === 0) return lose(15, 'no-variant-there');
    const effect = table.effectAllele.at(row);
    const other = table.otherAllele.at(row);
    const forward = this.resolve(candidates, effect, other, id);
    if (forward === 'several') return lose(16, 'several-variants');
    if (forward !== undefined) {
      const [variant, sign] = forward;
      if (isPalindromic(...this.alleles(variant))) return this.palindromic(row, variant, sign);
      return { hmCode: sign === 1 ? 10 : 11, variant, sign, lost: undefined };
    }
    const [effectBack, otherBack] = [reverseComplement(effect), reverseComplement(other)];
    // Without the other allele the strand cannot be known: only the forward one is tried.
    const differ = candidates.some((v) => this.lists(v, effect)) ? 'multiallelic-variant' : 'alleles-differ';
    if (effectBack === undefined || otherBack === undefined) return lose(15, differ);
    const backward = this.resolve(candidates, effectBack, otherBack, id);
    if (backward === 'several') return lose(16, 'several-variants');
    if (backward === undefined) return lose(15, differ);
    const [variant, sign] = backward;
    return { hmCode: sign === 1 ? 12 : 13, variant, sign, lost: undefined };
  }

  /** True when the variant has several ALT alleles and `allele` is one of its alleles. */
  private lists(variant: number, allele: string): boolean {
    if (this.reference.variants.alleleCount[variant] === 2) return false;
    const [ref, alts] = this.alleles(variant);
    return ref === allele || alts.split(',').includes(allele);
  }

  private alleles(variant: number): [string, string] {
    const { variants } = this.reference;
    return [variants.ref.at(variant).toUpperCase(), variants.alt.at(variant).toUpperCase()];
  }

  /** The one candidate with these alleles; equal ones are told apart by id, else `several`. */
  private resolve(
    candidates: readonly number[],
    effect: string,
    other: string,
    id: string,
  ): [number, 1 | -1] | 'several' | undefined {
    const fitting: [number, 1 | -1][] = [];
    for (const variant of candidates) {
      const [ref, alt] = this.alleles(variant);
      if (effect === alt && (other === ref || other === '')) fitting.push([variant, 1]);
      else if (effect === ref && (other === alt || other === '')) fitting.push([variant, -1]);
    }
    if (fitting.length < 2) return fitting[0];
    const named = fitting.filter(([variant]) => this.reference.variants.id.at(variant) === id);
    return named.length === 1 ? named[0] : 'several';
  }

  /** Frequency of ALT that the row claims when its effect allele is ALT (sign 1) or REF. */
  alignedFrequency(row: number, sign: 1 | -1): number {
    const eaf = this.table.eaf?.[row] ?? NaN;
    return sign === 1 ? eaf : 1 - eaf;
  }

  panelFrequency(variant: number): number {
    return this.reference.altFrequency?.[variant] ?? NaN;
  }

  private palindromic(row: number, variant: number, sign: 1 | -1): Match {
    const answer = (hmCode: number, lost?: LossReason, turned: 1 | -1 = sign): Match => ({
      hmCode,
      variant,
      sign: turned,
      lost,
    });
    if (this.rule === 'drop') return answer(9, 'palindromic-dropped');
    if (this.rule === 'forward') return answer(sign === 1 ? 5 : 6);
    const claimed = this.alignedFrequency(row, sign);
    const panel = this.panelFrequency(variant);
    if (Number.isNaN(claimed) || Number.isNaN(panel)) return answer(17, 'palindromic-frequency-unknown');
    const [low, high] = this.middle;
    if ([claimed, panel].some((f) => f >= low && f <= high))
      return answer(18, 'palindromic-frequency-middle');
    if (Math.abs(claimed - panel) < this.maxDifference) return answer(sign === 1 ? 1 : 2);
    if (this.rule === 'infer' && Math.abs(1 - claimed - panel) < this.maxDifference) {
      // On the other strand the effect allele is the other letter.
      return sign === 1 ? answer(4, undefined, -1) : answer(3, undefined, 1);
    }
    return answer(9, 'palindromic-frequency-differs');
  }
}

/** Pearson correlation in one pass (Welford), NaN pairs skipped. */
class FrequencyTally {
  private rows = 0;
  private differing = 0;
  private meanX = 0;
  private meanY = 0;
  private xx = 0;
  private yy = 0;
  private xy = 0;

  constructor(private readonly maxDifference: number) {}

  add(x: number, y: number): void {
    if (Number.isNaN(x) || Number.isNaN(y)) return;
    this.rows++;
    if (Math.abs(x - y) > this.maxDifference) this.differing++;
    const [dx, dy] = [x - this.meanX, y - this.meanY];
    this.meanX += dx / this.rows;
    this.meanY += dy / this.rows;
    this.xx += dx * (x - this.meanX);
    this.yy += dy * (y - this.meanY);
    this.xy += dx * (y - this.meanY);
  }

  finish(): FrequencyCheck {
    return {
      rows: this.rows,
      correlation: this.xy / Math.sqrt(this.xx * this.yy),
      differing: this.differing,
    };
  }
}
