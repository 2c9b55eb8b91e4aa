/**
 * Codes of diagnoses: ICD-10 and ICD-9 as UK Biobank writes them (no dot, `I251`), and what a definition says of them.
 * Not responsible for which disease a definition is of (disease.ts).
 */

/** Inclusive, compared by as many characters as each bound has: I20-I25 holds I259. */
export interface CodeRange {
  readonly first: string;
  readonly last: string;
}

/** Upper case without dots and blanks. */
export function normalCode(text: string): string {
  return text.replace(/[.\s]/g, '').toUpperCase();
}

const parts = (text: string): string[] => text.split(/[\s|,;]+/).filter((part) => part !== '');

/** Prefixes of codes, separated by blanks, commas or `|`. @throws Error on what cannot begin a code. */
export function parsePrefixes(text: string): string[] {
  return parts(text).map((part) => {
    const code = normalCode(part);
    if (!/^[A-Z]?\d{1,5}[A-Z]?$/.test(code)) throw new Error(`'${part}' is no code or beginning of one`);
    return code;
  });
}

/** Ranges such as `I20-I25`, or single prefixes, separated like prefixes. @throws Error on what is no range. */
export function parseRanges(text: string): CodeRange[] {
  return parts(text).map((part) => {
    const bounds = part.split(/[-–]/);
    const [first, last] = parsePrefixes(bounds.join(' '));
    if (first === undefined || bounds.length > 2) throw new Error(`'${part}' is no range of codes`);
    const range = { first, last: last ?? first };
    if (range.last.slice(0, range.first.length) < range.first.slice(0, range.last.length))
      throw new Error(`the range '${part}' ends before it begins`);
    return range;
  });
}

export function isInRange(code: string, { first, last }: CodeRange): boolean {
  return code.slice(0, first.length) >= first && code.slice(0, last.length) <= last;
}

/** Whether text is an ICD-10 category or code: a letter, two characters of which the first is a digit, perhaps more. */
export function isIcd10(text: string): boolean {
  return /^[A-Z]\d[0-9A-Z][0-9A-Z]{0,2}$/.test(normalCode(text));
}
