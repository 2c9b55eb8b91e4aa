/**
 * The one error that damaged or unsupported genetic files raise: a code, the file, and the byte offset or the line.
 * Not responsible for: counting rows that are dropped for a reason (those are results, see `sumstats/read.ts`).
 */

/** Closed set of what can be wrong with a file or with a request made of it. */
export type GenotypeErrorCode =
  | 'truncated' // the file ends before its own header says it should
  | 'bad-magic' // the first bytes are not those of the format
  | 'bad-header' // a header that contradicts itself, the file's size or its companion files
  | 'bad-record' // a binary variant record that cannot be decoded
  | 'bad-text' // NUL bytes, UTF-16, lone carriage returns, a line beyond the length limit
  | 'bad-cell' // a text cell that is not what its column holds
  | 'bad-compression' // gzip, BGZF, zlib or zstd data that does not decompress
  | 'missing-column' // a required column or field is absent
  | 'mismatch' // files or arguments that disagree with each other
  | 'multiallelic' // dosages asked of a variant with more than two alleles
  | 'unsupported' // a valid file that uses a feature this reader does not have
  | 'refused'; // a scientific refusal: builds differ, match rate too low, odd scoring file

/** Where in the file: a byte offset (of the bytes on disk unless the message says otherwise) or a 1-based line. */
export type Place = { readonly offset: number } | { readonly line: number };

export class GenotypeError extends Error {
  override readonly name = 'GenotypeError';

  constructor(
    readonly code: GenotypeErrorCode,
    /** The file's name as the caller gave it. */
    readonly file: string,
    /** What is wrong, in one sentence, without the file's name. */
    readonly problem: string,
    readonly place?: Place,
  ) {
    super(`${file}: ${problem}${describePlace(place)}`);
  }
}

function describePlace(place: Place | undefined): string {
  if (place === undefined) return '';
  return 'line' in place ? ` (line ${place.line})` : ` (at byte ${place.offset})`;
}
