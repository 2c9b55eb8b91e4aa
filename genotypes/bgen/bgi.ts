/**
 * A `.bgi` index of a BGEN file (bgenix): variants and their offsets without walking a file of hundreds of gigabytes.
 * Not responsible for: making one.
 * Schema: https://enkre.net/cgi-bin/code/bgen/wiki/The%20bgenix%20index%20file%20format
 */
import Database from 'better-sqlite3';
import { GenotypeError } from '../error.js';
import { VariantTableBuilder } from '../variants.js';
import type { BgenHeader } from './bgenheader.js';
import { pushBgenVariant } from './bgenindex.js';
import type { BgenIndex, FirstAllele } from './bgenindex.js';

interface BgiRow {
  readonly chromosome: string;
  readonly position: number;
  readonly rsid: string;
  readonly number_of_alleles: number;
  readonly allele1: string;
  readonly allele2: string | null;
  readonly file_start_position: number;
  readonly size_in_bytes: number;
}

/** SQLite keeps any type in any column. */
function isWellTyped(row: BgiRow): boolean {
  const { chromosome, rsid, allele1, allele2 } = row;
  return (
    [chromosome, rsid, allele1].every((text) => typeof text === 'string') &&
    (allele2 === null || typeof allele2 === 'string') &&
    [row.position, row.number_of_alleles, row.file_start_position, row.size_in_bytes].every(
      (value) => Number.isSafeInteger(value) && value >= 0,
    )
  );
}

/**
 * Reads the index, variants in file order. Only the first two alleles of a multi-allelic variant are in it; the rest
 * are written as `?`.
 * Throws `bad-header` when it is not a `.bgi`, `mismatch` when it was made of another file.
 */
export function readBgi(
  path: string,
  bgen: { name: string; size: number },
  header: BgenHeader,
  firstAllele: FirstAllele,
): BgenIndex {
  const fail = (code: 'bad-header' | 'mismatch', problem: string): GenotypeError =>
    new GenotypeError(code, path, problem);
  let database: Database.Database;
  let rows: BgiRow[];
  try {
    database = new Database(path, { readonly: true, fileMustExist: true });
  } catch (cause) {
    throw fail('bad-header', `the index does not open: ${String(cause)}`);
  }
  try {
    const hasMetadata =
      database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'Metadata'").get() !== undefined;
    if (hasMetadata) {
      const made = database.prepare('SELECT file_size FROM Metadata').get() as
        { file_size: number } | undefined;
      if (made !== undefined && made.file_size !== bgen.size) {
        throw fail(
          'mismatch',
          `made of a file of ${made.file_size} bytes, ${bgen.name} has ${bgen.size}; rerun bgenix -index`,
        );
      }
    }
    rows = database
      .prepare(
        'SELECT chromosome, position, rsid, number_of_alleles, allele1, allele2, file_start_position, size_in_bytes ' +
          // One more than there can be: a count that is wrong shows, and memory stays bounded.
          'FROM Variant ORDER BY file_start_position LIMIT ?',
      )
      .all(header.variants + 1) as BgiRow[];
  } catch (cause) {
    if (cause instanceof GenotypeError) throw cause;
    throw fail('bad-header', `not a bgenix index: ${String(cause)}`);
  } finally {
    database.close();
  }
  if (rows.length !== header.variants) {
    const found = rows.length > header.variants ? `more than ${header.variants}` : String(rows.length);
    throw fail('mismatch', `${found} variants, ${bgen.name} has ${header.variants}`);
  }
  rows.forEach((row, v) => {
    if (!isWellTyped(row))
      throw fail('bad-header', `variant ${v + 1} of the index has a cell of another type`);
  });
  const table = new VariantTableBuilder();
  for (const row of rows) {
    if (row.file_start_position < header.first || row.file_start_position + row.size_in_bytes > bgen.size) {
      throw fail('mismatch', `${row.rsid} lies at byte ${row.file_start_position}, outside ${bgen.name}`);
    }
    const extra = Array.from({ length: Math.max(0, Math.min(row.number_of_alleles, 65535) - 2) }, () => '?');
    const alleles = row.number_of_alleles < 2 ? [row.allele1] : [row.allele1, row.allele2 ?? '?', ...extra];
    const variant = {
      id: row.rsid,
      chromosome: row.chromosome,
      position: row.position,
      alleles,
      dataStart: 0,
      dataLength: 0,
    };
    pushBgenVariant(path, table, variant, firstAllele, row.file_start_position);
  }
  return {
    variants: table.finish(),
    starts: Float64Array.from(rows, (row) => row.file_start_position),
    lengths: Float64Array.from(rows, (row) => row.size_in_bytes),
  };
}
