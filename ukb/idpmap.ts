/**
 * The map from IDPs to GWAS: which field holds an IDP, and which file its summary statistics.
 * Not responsible for the files: whether they are there is seen when they are read.
 */

/** A row of the map as the researcher wrote it. */
export interface MapRow {
  readonly idp: string;
  /** NaN when it is missing or no number. */
  readonly field: number;
  readonly group: string | null;
  readonly gwas: string | null;
}

/** Where the extract has an IDP, and how many people have a value; null when it does not have it. */
export type FindField = (field: number) => { readonly column: string; readonly people: number } | null;

export interface MapCheck {
  /** Rows that can be used, with the extract's column. */
  readonly kept: readonly { readonly row: number; readonly column: string }[];
  readonly leftOut: readonly { readonly row: number; readonly reason: string }[];
}

/** Which rows can be used; the first row of a field is the one that counts. */
export function checkMap(
  rows: readonly MapRow[],
  groups: readonly string[],
  find: FindField,
  whyAbsent: (field: number) => string,
): MapCheck {
  const kept: { row: number; column: string }[] = [];
  const leftOut: { row: number; reason: string }[] = [];
  const byField = new Map<number, string>();
  rows.forEach(({ idp, field, group, gwas }, row) => {
    const found = Number.isInteger(field) ? find(field) : null;
    const twin = byField.get(field);
    let reason: string | null = null;
    if (!Number.isInteger(field)) reason = 'the field is no number';
    else if (twin !== undefined) reason = `field ${field} is that of '${twin}' already`;
    else if (group === null || !groups.includes(group)) {
      reason = `the group is ${group === null ? 'missing' : `'${group}'`}, expected ${groups.join(', ')}`;
    } else if (gwas === null) reason = 'no GWAS file is named';
    else if (!found) reason = whyAbsent(field);
    else if (found.people === 0) reason = 'nobody has a value';
    if (reason !== null) {
      leftOut.push({ row, reason });
      return;
    }
    byField.set(field, idp);
    kept.push({ row, column: found!.column });
  });
  return { kept, leftOut };
}
