/**
 * Genotypes to train on: the dosages of a view decoded once, in cells of people (folds) whose moments are formed once, for every
 * training set that is a union of cells.
 *
 * A missing dosage is twice the allele's frequency among the training people of the model, so it depends on the training set; what
 * is decoded does not. Not responsible for who is in which cell.
 */
import { matchIds } from '../cache/table.js';
import { ploidyOf, type Ploidy } from '../genotypes/chromosome.js';
import { SEX_MALE } from '../genotypes/samples.js';
import { callBlocks, dosageBlocks } from '../genotypes/source.js';
import { DosageModality, MeasuredBlock, suitMoments, type DosageRows } from '../stats/dosage-modality.js';
import { GAP, dosageBlock } from '../stats/dosage-block.js';
import type { DosageColumns } from '../stats/dosage-moments.js';
import { DenseModality, type PreparedModality } from '../stats/stack.js';
import { biallelic, refusing, type OpenView } from './genotype-views.js';
import { SNPS, snpNames, snpUnit, type SnpModality } from './snp-modality.js';

/** One cell's people and what is read of them. */
interface Cell {
  readonly people: number;
  readonly values: Uint8Array | Float64Array;
  /** Copies of ALT and alleles observed, by variant: men's X counts one, women have no Y. */
  readonly copies: Float64Array;
  readonly alleles: Float64Array;
}

/** A cell that was read. */
type ReadCell = Omit<Cell, 'values'> & { readonly measured: MeasuredBlock };

export class SnpTraining {
  private constructor(
    private readonly opened: OpenView,
    /** The variants that have dosages. */
    private readonly variants: Uint32Array,
    private readonly cells: ReadonlyMap<number, ReadCell>,
  ) {}

  /**
   * Reads the dosages of `people` (bytewise sorted, all in the view), in one pass. `cellOf` gives each person's cell; people of −1
   * are not read.
   * @throws TaskError for damaged files
   */
  static async read(opened: OpenView, people: readonly string[], cellOf: Int32Array): Promise<SnpTraining> {
    const inView = matchIds(opened.source.samples.iid, people);
    const members = new Map<number, number[]>();
    cellOf.forEach((cell, i) => {
      if (cell < 0) return;
      const list = members.get(cell);
      if (list) list.push(inView[i]!);
      else members.set(cell, [inView[i]!]);
    });
    const order = [...members.keys()].sort((a, b) => a - b);
    const variants = biallelic(opened.variants);
    const cells = new Map<number, Cell>();
    for (const cell of order) {
      cells.set(cell, newCell(members.get(cell)!.length, variants.length, opened.source.hasDosages));
    }
    const rows = Uint32Array.from(order.flatMap((cell) => members.get(cell)!));
    const readers = order.map((cell) => cells.get(cell)!);
    await refusing('genotypes', () =>
      opened.source.hasDosages
        ? readDosages(opened, variants, rows, readers)
        : readCalls(opened, variants, rows, readers),
    );
    const read = [...cells].map(([number, { people: size, values, copies, alleles }]): [number, ReadCell] => {
      const measured = new MeasuredBlock(dosageBlock(variants.length, size, values));
      return [number, { people: size, measured, copies, alleles }];
    });
    return new SnpTraining(opened, variants, new Map(read));
  }

  /**
   * The modality of one training set: everybody of the given cells, ascending. `cellOf` is by training person; `folds` are the
   * inner folds, and a cell lies within one of them. `asMatrix` for learners that need every number.
   */
  modality(
    cellOf: Int32Array,
    folds: Int32Array | undefined,
    asMatrix: boolean,
    warn: (message: string) => void,
  ): { readonly snps: SnpModality; readonly prepared: PreparedModality } {
    const numbers = [...new Set(cellOf)].sort((a, b) => a - b);
    const cells = numbers.map((number) => this.cells.get(number)!);
    const frequency = Float64Array.from(this.variants, (_, j) => {
      let copies = 0;
      let alleles = 0;
      for (const cell of cells) {
        copies += cell.copies[j]!;
        alleles += cell.alleles[j]!;
      }
      return copies / alleles;
    });
    const { variants: table, build } = this.opened;
    const known = Int32Array.from(frequency.keys()).filter((j) => !Number.isNaN(frequency[j]!));
    if (known.length < table.count)
      warn(
        `${table.count - known.length} of ${table.count} variants are multi-allelic or have no call in any training person`,
      );
    // A trait without SNPs stays in the study: were it to fail, only traits that something predicts would be left to be judged.
    if (known.length === 0)
      warn('no variant can be a feature: SNPs alone predict the mean of the training people');
    const chromosome = (j: number): string => table.chromosomeNames[table.chromosome[this.variants[j]!]!]!;
    const snps: SnpModality = {
      build,
      variants: Array.from(known, (j) => {
        const v = this.variants[j]!;
        return {
          id: table.id.at(v),
          chr: chromosome(j),
          pos: table.position[v]!,
          counted: table.alt.at(v),
          other: table.ref.at(v),
          frequency: frequency[j]!,
        };
      }),
    };
    const columns: DosageColumns = {
      variant: known,
      fill: Float64Array.from(known, (j) => 2 * frequency[j]!),
      scale: Float64Array.from(known, (j) => snpUnit(chromosome(j))),
    };
    const modality = new DosageModality(SNPS, snpNames(snps), columns, rowsOf(cells, numbers, cellOf), folds);
    const smallest = modality.inner.reduce(
      (least, { train }) => Math.min(least, train.length),
      cellOf.length,
    );
    if (!asMatrix && known.length > 0 && suitMoments(known.length, smallest))
      return { snps, prepared: modality };
    return { snps, prepared: new DenseModality(SNPS, modality.features, modality.dense(), folds) };
  }
}

function rowsOf(cells: readonly ReadCell[], numbers: readonly number[], cellOf: Int32Array): DosageRows {
  const place = new Map(numbers.map((number, b) => [number, b]));
  const next = new Int32Array(cells.length);
  const block = Int32Array.from(cellOf, (cell) => place.get(cell)!);
  return { blocks: cells.map(({ measured }) => measured), block, column: block.map((b) => next[b]!++) };
}

function newCell(people: number, variants: number, hasDosages: boolean): Cell {
  const values = hasDosages ? new Float64Array(variants * people) : new Uint8Array(variants * people);
  return {
    people,
    values,
    copies: new Float64Array(variants),
    alleles: new Float64Array(variants),
  };
}

/** Whether a person has one copy (½ the weight), or none at all. */
interface Carriers {
  readonly ploidies: readonly Ploidy[];
  readonly isMan: Uint8Array;
}

function carriers({ source, variants }: OpenView, wanted: Uint32Array, rows: Uint32Array): Carriers {
  const ofChromosome = variants.chromosomeNames.map(ploidyOf);
  return {
    ploidies: Array.from(wanted, (v) => ofChromosome[variants.chromosome[v]!]!),
    isMan: Uint8Array.from(rows, (s) => (source.samples.sex[s] === SEX_MALE ? 1 : 0)),
  };
}

async function readCalls(
  opened: OpenView,
  variants: Uint32Array,
  rows: Uint32Array,
  cells: readonly Cell[],
): Promise<void> {
  const who = carriers(opened, variants, rows);
  const calls = new Uint8Array(4 * Math.ceil(rows.length / 4));
  for await (const block of callBlocks(opened.source, variants, rows)) {
    for (let v = 0; v < block.count; v++) {
      const packed = block.calls.subarray(v * block.stride, (v + 1) * block.stride);
      for (let b = 0, s = 0; b < packed.length; b++, s += 4) {
        const byte = packed[b]!;
        calls[s] = byte & 3;
        calls[s + 1] = (byte >> 2) & 3;
        calls[s + 2] = (byte >> 4) & 3;
        calls[s + 3] = byte >> 6;
      }
      store(calls, block.first + v, who, cells);
    }
  }
}

async function readDosages(
  opened: OpenView,
  variants: Uint32Array,
  rows: Uint32Array,
  cells: readonly Cell[],
): Promise<void> {
  const who = carriers(opened, variants, rows);
  for await (const block of dosageBlocks(opened.source, variants, rows, 'alt')) {
    for (let v = 0; v < block.count; v++) {
      store(block.values.subarray(v * rows.length, (v + 1) * rows.length), block.first + v, who, cells);
    }
  }
}

/** Copies one variant into the cells, counting its alleles. */
function store(
  from: Uint8Array | Float64Array,
  j: number,
  { ploidies, isMan }: Carriers,
  cells: readonly Cell[],
): void {
  const ploidy = ploidies[j]!;
  let start = 0;
  for (const cell of cells) {
    const n = cell.people;
    const values = cell.values.subarray(j * n, (j + 1) * n);
    values.set(from.subarray(start, start + n));
    if (ploidy === 'diploid' || ploidy === 'haploid') {
      // Everybody has the same weight, which cancels: 2 of 2 copies or 1 of 1.
      const [copies, observed] = values instanceof Uint8Array ? countCalls(values) : countDosages(values);
      cell.copies[j] = copies;
      cell.alleles[j] = 2 * observed;
    } else {
      countBySex(values, isMan.subarray(start, start + n), ploidy, cell, j);
    }
    start += n;
  }
}

/** Copies, and people observed. */
function countCalls(calls: Uint8Array): [number, number] {
  const counts = new Int32Array(4);
  for (let i = 0; i < calls.length; i++) counts[calls[i]!]!++;
  return [counts[1]! + 2 * counts[2]!, calls.length - counts[GAP]!];
}

function countDosages(dosages: Float64Array): [number, number] {
  let copies = 0;
  let observed = 0;
  for (let i = 0; i < dosages.length; i++) {
    const dosage = dosages[i]!;
    if (Number.isNaN(dosage)) continue;
    copies += dosage;
    observed++;
  }
  return [copies, observed];
}

/** On X a man has one copy; on Y women have none: they are not counted, and their dosage is 0. */
function countBySex(
  values: Uint8Array | Float64Array,
  isMan: Uint8Array,
  ploidy: Ploidy,
  cell: Cell,
  j: number,
): void {
  const calls = values instanceof Uint8Array;
  for (let i = 0; i < values.length; i++) {
    if (ploidy === 'y' && isMan[i] === 0) {
      values[i] = 0;
      continue;
    }
    const dosage = values[i]!;
    if (calls ? dosage === GAP : Number.isNaN(dosage)) continue;
    cell.copies[j]! += isMan[i] === 1 ? dosage / 2 : dosage;
    cell.alleles[j]! += isMan[i] === 1 ? 1 : 2;
  }
}
