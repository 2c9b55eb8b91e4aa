/**
 * People as columns: identifiers, sex, founder flag.
 * Not responsible for: phenotypes (the workflow's own tables hold them) or family structure beyond "has parents".
 */
import { GenotypeError } from './error.js';

export const SEX_UNKNOWN = 0;
export const SEX_MALE = 1;
export const SEX_FEMALE = 2;

export interface SampleTable {
  readonly count: number;
  /** Family id; `0` where the file has none. */
  readonly fid: readonly string[];
  /** Individual id: the name under which other tables know the person. */
  readonly iid: readonly string[];
  /** SEX_UNKNOWN, SEX_MALE or SEX_FEMALE. */
  readonly sex: Uint8Array;
  /** 1 when neither parent is named in the file, as PLINK defines a founder. */
  readonly founder: Uint8Array;
}

/** A table of unrelated people of unknown sex, for formats that carry names only. */
export function samplesFromNames(iid: readonly string[], sex?: Uint8Array): SampleTable {
  return {
    count: iid.length,
    fid: iid.map(() => '0'),
    iid,
    sex: sex ?? new Uint8Array(iid.length),
    founder: new Uint8Array(iid.length).fill(1),
  };
}

/** PLINK's spellings: 1, M, m; 2, F, f; anything else is unknown. */
export function sexCode(text: string): number {
  if (text === '1' || text === 'M' || text === 'm') return SEX_MALE;
  return text === '2' || text === 'F' || text === 'f' ? SEX_FEMALE : SEX_UNKNOWN;
}

/** Throws `mismatch` when two rows are the same (fid, iid). */
export function checkUniqueSamples(file: string, samples: SampleTable, firstLine: number): void {
  const seen = new Map<string, number>();
  for (let s = 0; s < samples.count; s++) {
    const key = `${samples.fid[s]!}\t${samples.iid[s]!}`;
    const before = seen.get(key);
    if (before !== undefined) {
      const who = samples.fid[s] === '0' ? samples.iid[s]! : `${samples.fid[s]!} ${samples.iid[s]!}`;
      throw new GenotypeError(
        'mismatch',
        file,
        `person ${who} is listed twice, as numbers ${before + 1} and ${s + 1}`,
        {
          line: firstLine + s,
        },
      );
    }
    seen.set(key, s);
  }
}

/** Indices of the people named, in the order named. Throws `mismatch` for a name that is absent or not unique. */
export function sampleIndices(file: string, samples: SampleTable, iids: readonly string[]): Uint32Array {
  const rows = new Map<string, number>();
  for (let s = 0; s < samples.count; s++) rows.set(samples.iid[s]!, rows.has(samples.iid[s]!) ? -1 : s);
  return Uint32Array.from(iids, (iid) => {
    const row = rows.get(iid);
    if (row === undefined) throw new GenotypeError('mismatch', file, `no person is called ${iid}`);
    if (row < 0) throw new GenotypeError('mismatch', file, `more than one person is called ${iid}`);
    return row;
  });
}
