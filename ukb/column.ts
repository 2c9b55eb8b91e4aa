/**
 * Column: the name of a column of a UK Biobank extract, read in each of the three spellings that researchers meet.
 * Not responsible for which columns an extract has (extract.ts) nor for what the fields mean (fieldset.ts).
 *
 * `25010-2.0` (showcase and .csv), `f.25010.2.0` (R), `p25010_i2_a3` (research analysis platform, where the instance or the array is
 * left out where a field has none, and `participant.` may stand before).
 */

export interface UkbColumn {
  readonly field: number;
  /** Which visit: 0 first assessment, 1 repeat, 2 imaging, 3 repeat imaging. 0 where a field has none. */
  readonly instance: number;
  /** Which of several values; 0 where a field has one. */
  readonly array: number;
}

const SPELLINGS = [
  /^(\d+)-(\d+)\.(\d+)$/,
  /^f\.(\d+)\.(\d+)\.(\d+)$/,
  /^(?:participant\.)?p(\d+)(?:_i(\d+))?(?:_a(\d+))?$/,
];

/** What a column holds, or null when its name is in none of the spellings. */
export function parseColumn(name: string): UkbColumn | null {
  for (const spelling of SPELLINGS) {
    const match = spelling.exec(name);
    if (match)
      return { field: Number(match[1]), instance: Number(match[2] ?? 0), array: Number(match[3] ?? 0) };
  }
  return null;
}
