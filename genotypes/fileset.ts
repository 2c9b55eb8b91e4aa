/**
 * Several genotype files as one source, as biobanks ship them: one per chromosome.
 * Not responsible for: opening the files, or merging different people's data.
 */
import { GenotypeError } from './error.js';
import { packedLength } from './hardcalls.js';
import type { SampleTable } from './samples.js';
import { PeopleMap, checkRequest } from './source.js';
import type { CountedAllele, GenotypeSource } from './source.js';
import { concatVariants } from './variants.js';
import type { VariantTable } from './variants.js';

/**
 * `identical`: every file must hold the same people (in any order). `intersect`: people absent from any file are left
 * out and counted (UK Biobank's X has fewer people than its autosomes).
 */
export type PeopleRule = 'identical' | 'intersect';

export interface Fileset extends GenotypeSource {
  readonly sources: readonly GenotypeSource[];
  /** People of the first file that some other lacks. */
  readonly droppedPeople: readonly string[];
}

/**
 * Joins sources; people are those of the first, in its order; variants follow file after file.
 * Throws `mismatch` when people differ under `identical`, or are named twice in one file.
 */
export function joinSources(
  sources: readonly [GenotypeSource, ...GenotypeSource[]],
  rule: PeopleRule,
): Fileset {
  const [first, ...others] = sources;
  const rowsOf = others.map((source) => rowsByIid(source));
  const everywhere = (iid: string): boolean => rowsOf.every((rows) => rows.has(iid));
  const kept = Array.from(first.samples.iid.keys()).filter((s) => everywhere(first.samples.iid[s]!));
  const droppedPeople = first.samples.iid.filter((iid) => !everywhere(iid));
  if (rule === 'identical') {
    others.forEach((source, k) => {
      const lacking = first.samples.iid.find((iid) => !rowsOf[k]!.has(iid));
      if (lacking !== undefined) {
        throw new GenotypeError(
          'mismatch',
          source.name,
          `${lacking} of ${first.name} is not among its people`,
        );
      }
      if (source.samples.count !== first.samples.count) {
        const known = new Set(first.samples.iid);
        const extra = source.samples.iid.find((iid) => !known.has(iid))!;
        throw new GenotypeError('mismatch', source.name, `${extra} is not among the people of ${first.name}`);
      }
    });
  }
  rowsByIid(first);
  const people = [
    Uint32Array.from(kept),
    ...rowsOf.map((rows) => Uint32Array.from(kept, (s) => rows.get(first.samples.iid[s]!)!)),
  ];
  return new JoinedSource(sources, people, droppedPeople, takeSamples(first.samples, kept));
}

function rowsByIid(source: GenotypeSource): Map<string, number> {
  const rows = new Map<string, number>();
  source.samples.iid.forEach((iid, s) => {
    if (rows.has(iid))
      throw new GenotypeError('mismatch', source.name, `more than one person is called ${iid}`);
    rows.set(iid, s);
  });
  return rows;
}

function takeSamples(samples: SampleTable, rows: readonly number[]): SampleTable {
  return {
    count: rows.length,
    fid: rows.map((s) => samples.fid[s]!),
    iid: rows.map((s) => samples.iid[s]!),
    sex: Uint8Array.from(rows, (s) => samples.sex[s]!),
    founder: Uint8Array.from(rows, (s) => samples.founder[s]!),
  };
}

class JoinedSource implements Fileset {
  readonly name: string;
  readonly variants: VariantTable;
  readonly hasDosages: boolean;
  /** First variant of each file, and the number of all. */
  private readonly firsts: number[];
  private readonly people: readonly PeopleMap[];

  constructor(
    readonly sources: readonly GenotypeSource[],
    /** Row in each file of each person of the set. */
    rows: readonly Uint32Array[],
    readonly droppedPeople: readonly string[],
    readonly samples: SampleTable,
  ) {
    this.people = rows.map((row) => new PeopleMap(row));
    this.name = `${sources[0]!.name} and ${sources.length - 1} more`;
    this.variants = concatVariants(sources.map((source) => source.variants));
    this.hasDosages = sources.some((source) => source.hasDosages);
    this.firsts = [0];
    for (const source of sources) this.firsts.push(this.firsts.at(-1)! + source.variants.count);
  }

  private fileOf(variant: number): number {
    let file = 0;
    while (this.firsts[file + 1]! <= variant) file++;
    return file;
  }

  /** Visits stretches of a request that lie in one file. */
  private async byFile(
    variants: ArrayLike<number>,
    people: Uint32Array | undefined,
    visit: (
      source: GenotypeSource,
      local: Uint32Array,
      rows: Uint32Array,
      from: number,
      to: number,
    ) => Promise<void>,
  ): Promise<void> {
    checkRequest(this, variants, people);
    for (let from = 0; from < variants.length;) {
      const file = this.fileOf(variants[from]!);
      let to = from + 1;
      while (to < variants.length && this.fileOf(variants[to]!) === file) to++;
      const local = Uint32Array.from(
        { length: to - from },
        (_, i) => variants[from + i]! - this.firsts[file]!,
      );
      await visit(this.sources[file]!, local, this.people[file]!.there(people), from, to);
      from = to;
    }
  }

  async dosages(
    variants: ArrayLike<number>,
    people: Uint32Array | undefined,
    counted: CountedAllele,
    out: Float64Array,
  ): Promise<void> {
    const row = people?.length ?? this.samples.count;
    await this.byFile(variants, people, async (source, local, rows, from, to) => {
      const countedHere = typeof counted === 'string' ? counted : counted.subarray(from, to);
      await source.dosages(local, rows, countedHere, out.subarray(from * row, to * row));
    });
  }

  async hardCalls(
    variants: ArrayLike<number>,
    people: Uint32Array | undefined,
    out: Uint8Array,
  ): Promise<void> {
    const stride = packedLength(people?.length ?? this.samples.count);
    await this.byFile(variants, people, async (source, local, rows, from, to) => {
      await source.hardCalls(local, rows, out.subarray(from * stride, to * stride));
    });
  }

  close(): void {
    for (const source of this.sources) source.close();
  }
}
