/**
 * The exact test of Hardy–Weinberg proportions (Wigginton, Cutler & Abecasis 2005), without mid-p.
 * Not responsible for: which people are tested; on X that is women, see `hweOf`.
 */
import type { VariantCounts } from './counts.js';

/** Tables this close in probability to the observed one count as no more likely than it: PLINK's bias. */
const EQUAL = 1 + 2 ** -44;

/**
 * P of a table as unlikely as the one seen, given the allele counts; 1 for a variant that does not vary or has no calls.
 * Underflows to 0 below 1e-300.
 */
export function hweExact(homRef: number, het: number, homAlt: number): number {
  const rare = Math.min(homRef, homAlt);
  const common = Math.max(homRef, homAlt);
  if (het + 2 * rare === 0) return 1;
  // Probabilities relative to the observed table's; P(h + 2)/P(h) = 4 rare common / ((h + 1)(h + 2)).
  let tail = 1;
  let rest = 0;
  const add = (probability: number): void => {
    if (probability <= EQUAL) tail += probability;
    else rest += probability;
  };
  let probability = 1;
  let [h, r, c] = [het, rare, common];
  while (r > 0 && rest < 1e300) {
    probability *= (4 * r * c) / ((h + 1) * (h + 2));
    h += 2;
    r--;
    c--;
    add(probability);
    if (probability < 1e-30 * tail) break;
  }
  [h, r, c] = [het, rare, common];
  probability = 1;
  while (h > 1 && rest < 1e300) {
    probability *= (h * (h - 1)) / (4 * (r + 1) * (c + 1));
    h -= 2;
    r++;
    c++;
    add(probability);
    if (probability < 1e-30 * tail) break;
  }
  return rest < 1e300 ? tail / (tail + rest) : 0;
}

/**
 * Exact P of each variant: diploid people, and so on X everyone but men (as PLINK 1.9); NaN where nobody is diploid
 * (Y, MT).
 */
export function hweOf(counts: VariantCounts): Float64Array {
  return Float64Array.from(counts.homRef, (homRef, v) => {
    const het = counts.het[v]!;
    const homAlt = counts.homAlt[v]!;
    return homRef + het + homAlt === 0 ? NaN : hweExact(homRef, het, homAlt);
  });
}
