/**
 * Names of human chromosomes in one spelling: `1` … `22`, `X`, `Y`, `PAR`, `MT`; `0` is "unplaced"; other contigs keep
 * their name. Not responsible for: genome builds.
 */

/**
 * What the numbers above 22 mean: PLINK says 23 X, 24 Y, 25 XY (the pseudo-autosomal regions), 26 MT;
 * GWAS-SSF 1.0 says 23 X, 24 Y, 25 MT.
 */
export type ChromosomeCoding = 'plink' | 'gwas-ssf';

const NAMES: Readonly<Record<string, string>> = {
  X: 'X',
  Y: 'Y',
  XY: 'PAR',
  PAR: 'PAR',
  PAR1: 'PAR',
  PAR2: 'PAR',
  M: 'MT',
  MT: 'MT',
};

/** The canonical name, or undefined when the text cannot name a chromosome (empty, negative, fractional, missing). */
export function canonicalChromosome(text: string, coding: ChromosomeCoding = 'plink'): string | undefined {
  const bare = text.replace(/^chr/i, '');
  if (/^\d+$/.test(bare)) {
    const number = Number(bare);
    if (number <= 22) return String(number);
    if (number === 23) return 'X';
    if (number === 24) return 'Y';
    if (coding === 'gwas-ssf') return number === 25 ? 'MT' : undefined;
    return number === 25 ? 'PAR' : number === 26 ? 'MT' : undefined;
  }
  const named = NAMES[bare.toUpperCase()];
  if (named !== undefined) return named;
  // A contig such as GL000009.2 or 6_ALT; numbers with a sign or a point are damage, not contigs.
  if (bare === '' || /^(NA|NAN|\.|#NA|NULL)$/i.test(bare) || /^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(bare))
    return undefined;
  return bare;
}

/** How many copies people carry. `x` depends on sex; PAR is on both X and Y and so diploid. */
export type Ploidy = 'diploid' | 'x' | 'y' | 'haploid';

export function ploidyOf(canonicalName: string): Ploidy {
  if (canonicalName === 'X') return 'x';
  if (canonicalName === 'Y') return 'y';
  return canonicalName === 'MT' ? 'haploid' : 'diploid';
}

export function isAutosome(canonicalName: string): boolean {
  const number = Number(canonicalName);
  return number >= 1 && number <= 22;
}

/** Positions on PAR are positions on X: the name under which variants of different files are joined. */
export function joinName(canonicalName: string): string {
  return canonicalName === 'PAR' ? 'X' : canonicalName;
}
