/**
 * Missing dosages replaced by what the training people lead one to expect: twice the frequency of the counted allele.
 * Not responsible for: estimating that frequency; it is part of the model and never re-estimated on other people.
 */

/**
 * Replaces NaN in one variant's dosages, in place.
 * @param expected 2 × frequency of the counted allele
 * @param imputed per person, raised by one for each replacement
 * @param without people (1) who do not have the chromosome (women, for Y): their dosage becomes 0
 */
export function fillMissingDosages(
  dosages: Float64Array,
  expected: number,
  imputed?: Int32Array,
  without?: Uint8Array,
): void {
  for (let s = 0; s < dosages.length; s++) {
    if (without?.[s] === 1) dosages[s] = 0;
    else if (Number.isNaN(dosages[s]!)) {
      dosages[s] = expected;
      if (imputed !== undefined) imputed[s]!++;
    }
  }
}
