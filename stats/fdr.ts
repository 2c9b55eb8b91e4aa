// Multiple testing on log10 p values: Benjamini–Hochberg and Bonferroni, within declared families. Log p all the way,
// so that p = 1e-400 keeps its rank and its value. Not responsible for how the p values came about.

export type Adjustment = 'benjamini-hochberg' | 'bonferroni';

export interface AdjustOptions {
  /** Family code of each row (a disease, a cohort); one family when absent. */
  readonly groups?: Int32Array;
  /**
   * Tests per family when that is more than the rows shown: models that failed (NaN) or were never run still
   * belong to it. Must be at least the number of p values in the family.
   */
  readonly familySize?: number;
}

/** One family: `size` tests, of which `tested` have a p value and `missing` rows have none (NaN). */
export interface Family {
  readonly group: number;
  readonly size: number;
  readonly tested: number;
  readonly missing: number;
}

export interface Adjusted {
  /** log10 of the adjusted p, at most 0; NaN where the p value is NaN. */
  readonly log10Q: Float64Array;
  /** Ascending by group. */
  readonly families: readonly Family[];
}

/** The declared family is smaller than the tests in it: an error of the declaration, not of the data. */
export interface FamilyTooSmall {
  readonly problem: 'family-too-small';
  readonly group: number;
  readonly tested: number;
  readonly declared: number;
}

/**
 * Adjusts log10 p values (≤ 0; −Infinity is p = 0). NaN rows are counted, and left out of the family unless
 * `familySize` declares it. R: p.adjust(p, method, n = familySize).
 */
export function adjustLog10P(
  log10P: Float64Array,
  method: Adjustment,
  options: AdjustOptions = {},
): Adjusted | FamilyTooSmall {
  const { groups, familySize } = options;
  const rowsOf = new Map<number, number[]>();
  for (let i = 0; i < log10P.length; i++) {
    const group = groups ? groups[i]! : 0;
    const rows = rowsOf.get(group);
    if (rows) rows.push(i);
    else rowsOf.set(group, [i]);
  }
  const log10Q = new Float64Array(log10P.length).fill(NaN);
  const families: Family[] = [];
  for (const [group, rows] of [...rowsOf].sort(([a], [b]) => a - b)) {
    const tested = rows.filter((i) => !Number.isNaN(log10P[i]!));
    const size = familySize ?? tested.length;
    if (size < tested.length)
      return { problem: 'family-too-small', group, tested: tested.length, declared: size };
    if (method === 'bonferroni') bonferroni(log10P, tested, size, log10Q);
    else benjaminiHochberg(log10P, tested, size, log10Q);
    families.push({ group, size, tested: tested.length, missing: rows.length - tested.length });
  }
  return { log10Q, families };
}

function bonferroni(log10P: Float64Array, rows: number[], size: number, out: Float64Array): void {
  const factor = Math.log10(size);
  for (const i of rows) out[i] = Math.min(0, log10P[i]! + factor);
}

/** q_(i) = min_{j ≥ i} p_(j)·m/j over the ascending order of p (Benjamini & Hochberg 1995). */
function benjaminiHochberg(log10P: Float64Array, rows: number[], size: number, out: Float64Array): void {
  const ascending = Int32Array.from(rows).sort((a, b) => log10P[a]! - log10P[b]! || a - b);
  let smallest = 0;
  for (let rank = ascending.length; rank >= 1; rank--) {
    const i = ascending[rank - 1]!;
    smallest = Math.min(smallest, log10P[i]! + Math.log10(size / rank));
    out[i] = smallest;
  }
}

/** How many rows pass `alpha` (adjusted p ≤ alpha). */
export function countSignificant(log10Q: Float64Array, alpha: number): number {
  const threshold = Math.log10(alpha);
  return log10Q.reduce((count, q) => count + (q <= threshold ? 1 : 0), 0);
}
