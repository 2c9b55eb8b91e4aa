/**
 * Alleles as DNA: the other strand, and pairs that read the same on both.
 * Not responsible for: case (callers use upper case) or left-alignment of indels.
 */

const COMPLEMENT: Readonly<Record<string, string>> = { A: 'T', C: 'G', G: 'C', T: 'A' };

/** The allele as read on the other strand; undefined for anything but A, C, G, T (`D`, `I`, digits, `<DEL>`). */
export function reverseComplement(allele: string): string | undefined {
  let other = '';
  for (let i = allele.length - 1; i >= 0; i--) {
    const base = COMPLEMENT[allele[i]!];
    if (base === undefined) return undefined;
    other += base;
  }
  return other === '' ? undefined : other;
}

/** A/T, C/G, and longer pairs that are each other's reverse complement: the strand cannot be told from the alleles. */
export function isPalindromic(a: string, b: string): boolean {
  return reverseComplement(a) === b;
}
