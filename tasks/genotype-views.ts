/**
 * Opening genotype views: whatever a view was made of, it reads as one source of genotypes with its own people and variants.
 *
 * Not responsible for making views (genotypes-view.ts, genotypes-select.ts, genotypes-join.ts).
 */
import { TaskError, type InputShapes, type View } from '../engine/task.js';
import { openBgen } from '../genotypes/bgen/bgen.js';
import { GenotypeError } from '../genotypes/error.js';
import { joinSources } from '../genotypes/fileset.js';
import { FileSource } from '../genotypes/io/bytesource.js';
import { openBed } from '../genotypes/plink1/bed.js';
import { openPgen } from '../genotypes/plink2/pgen.js';
import type { Build } from '../genotypes/qc/longrangeld.js';
import { sampleIndices, type SampleTable } from '../genotypes/samples.js';
import { PeopleMap, type CountedAllele, type GenotypeSource } from '../genotypes/source.js';
import type { VariantTable } from '../genotypes/variants.js';
import { openVcf } from '../genotypes/vcf/vcf.js';
import {
  readPeopleIndex,
  readVariantIndex,
  type GenotypeDetail,
  type GenotypeIndex,
  type VariantIndex,
} from './genotype-index.js';

/** A view, opened. */
export interface OpenView extends GenotypeIndex {
  readonly view: View;
  /** Its people and variants, in its order. */
  readonly source: GenotypeSource;
  readonly build: Build | null;
}

/** A process with its code, and what passes through it: the decoding of variants, small tables. */
const PROCESS_BYTES = 2 ** 28;
/** A variant of an index: place, id, alleles, digest and counts, as read and as a table that is handed on. */
const VARIANT_BYTES = 600;
/** A person of an index, likewise. */
const PERSON_BYTES = 200;

/**
 * Bytes that a task needs which reads the view at `port`: the process, the view's people and variants, and what else it holds of them.
 * A view's rows are its people, its columns its variants.
 */
export function viewBytes(
  shapes: InputShapes,
  more: (people: number, variants: number) => number,
  port = 'genotypes',
): number {
  const { rows, columns } = shapes[port]?.[0] ?? { rows: 0, columns: 0 };
  return PROCESS_BYTES + PERSON_BYTES * rows + VARIANT_BYTES * columns + more(rows, columns);
}

/** Bytes of packed calls as bit planes: 3 bits a call. */
export const planeBytes = (people: number, variants: number): number =>
  Math.ceil((3 * people * variants) / 8);

/** A block of dosages (`dosageBlocks`). */
export const BLOCK_BYTES = 2 ** 26;

/** Files that a view names, by role, before anything is known of them but their format. */
export async function openFiles(
  files: Readonly<Record<string, string>>,
  reading: Pick<GenotypeDetail, 'format' | 'first_allele' | 'field'>,
): Promise<GenotypeSource> {
  const opened: FileSource[] = [];
  const file = (role: string): FileSource => {
    const source = new FileSource(files[role]!);
    opened.push(source);
    return source;
  };
  try {
    switch (reading.format) {
      case 'bed':
        return await openBed({ bed: file('bed'), bim: file('bim'), fam: file('fam') });
      case 'pgen':
        return await openPgen({ pgen: file('pgen'), pvar: file('pvar'), psam: file('psam') });
      case 'bgen': {
        const sample = files['sample'] === undefined ? undefined : file('sample');
        return await openBgen({ bgen: file('bgen'), sample, bgi: files['bgi'] }, reading.first_allele!);
      }
      case 'vcf':
        return await openVcf(file('vcf'), reading.field!);
      default:
        throw new Error('internal error: a view of files without a format');
    }
  } catch (error) {
    for (const source of opened) source.close();
    throw error;
  }
}

/** Some people and variants of a source, in an order of their own. */
export class PickedSource implements GenotypeSource {
  readonly hasDosages: boolean;
  private readonly people: PeopleMap;

  constructor(
    readonly name: string,
    private readonly base: GenotypeSource,
    readonly variants: VariantTable,
    /** Number in the base of each variant, and of each person. */
    private readonly place: Uint32Array,
    readonly samples: SampleTable,
    rows: Uint32Array,
  ) {
    this.hasDosages = base.hasDosages;
    this.people = new PeopleMap(rows);
  }

  private inBase(
    variants: ArrayLike<number>,
    people: Uint32Array | undefined,
  ): { variants: Uint32Array; people: Uint32Array } {
    return {
      variants: Uint32Array.from(variants, (v) => this.place[v]!),
      people: this.people.there(people),
    };
  }

  dosages(
    variants: ArrayLike<number>,
    people: Uint32Array | undefined,
    counted: CountedAllele,
    out: Float64Array,
  ): Promise<void> {
    const here = this.inBase(variants, people);
    return this.base.dosages(here.variants, here.people, counted, out);
  }

  hardCalls(variants: ArrayLike<number>, people: Uint32Array | undefined, out: Uint8Array): Promise<void> {
    const here = this.inBase(variants, people);
    return this.base.hardCalls(here.variants, here.people, out);
  }

  close(): void {
    this.base.close();
  }
}

/** Opened views of one call, each once, however many instances read it or narrow it. Close them when the call is over. */
export class Openings {
  private readonly open = new Map<string, Promise<OpenView>>();
  private readonly people = new Map<string, Promise<SampleTable>>();
  private readonly indexes = new Map<string, Promise<VariantIndex>>();

  /** @throws TaskError for damaged files, with the file and the place in it. */
  async view(view: View, port: string): Promise<OpenView> {
    return refusing(port, () => this.opened(view));
  }

  private opened(view: View): Promise<OpenView> {
    const known = this.open.get(view.recipe.content);
    if (known) return known;
    const opening = this.openView(view);
    this.open.set(view.recipe.content, opening);
    return opening;
  }

  /** The people and variants, without opening what holds the genotypes. */
  async index(view: View): Promise<GenotypeIndex> {
    const detail = view.recipe.detail as unknown as GenotypeDetail;
    const [peoplePath, variantPath] = [view.files['people_index']!, view.files['variant_index']!];
    const people = remember(this.people, peoplePath, () => readPeopleIndex(peoplePath));
    const variants = remember(this.indexes, variantPath, () =>
      readVariantIndex(variantPath, detail.variants),
    );
    return { ...(await variants), people: await people, build: detail.build };
  }

  private async openView(view: View): Promise<OpenView> {
    const index = await this.index(view);
    const base = await this.base(view);
    const rows = sampleIndices(base.name, base.samples, index.people.iid);
    const source = new PickedSource(base.name, base, index.variants, index.place, index.people, rows);
    return { ...index, view, source };
  }

  private async base(view: View): Promise<GenotypeSource> {
    if (view.of.length === 0) return openFiles(view.files, view.recipe.detail as unknown as GenotypeDetail);
    const sources: GenotypeSource[] = [];
    for (const part of view.of) sources.push((await this.opened(part)).source);
    const [first, ...others] = sources;
    return others.length === 0 ? first! : joinSources([first!, ...others], 'intersect');
  }

  /** Closes every file. */
  async close(): Promise<void> {
    for (const opening of await Promise.allSettled(this.open.values())) {
      if (opening.status === 'fulfilled' && opening.value.view.of.length === 0) opening.value.source.close();
    }
  }
}

function remember<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  let value = known.get(key);
  if (!value) known.set(key, (value = make()));
  return value;
}

/** Damage to a user's file, or a scientific refusal, as the task's refusal. */
export async function refusing<T>(port: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asTaskError(error, port);
  }
}

export function asTaskError(error: unknown, port: string): unknown {
  return error instanceof GenotypeError ? new TaskError(error.message, { port }) : error;
}

/** Every variant that has dosages. */
export function biallelic(variants: VariantTable): Uint32Array {
  return Uint32Array.from(variants.alleleCount.keys()).filter((v) => variants.alleleCount[v] === 2);
}
