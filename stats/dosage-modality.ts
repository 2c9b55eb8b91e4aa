/**
 * Genotypes as a modality of a stacked model, from blocks of people whose products were formed once: the ridge of any training
 * set that is a union of blocks takes its Gram matrix from theirs.
 *
 * Needs a backend, more people than variants, and Bayesian ridge; elsewhere (`dense`) it becomes a plain matrix. Not responsible
 * for decoding, nor for which value fills a gap.
 */
import { fitRidge, fitSystem, type RidgeFit, type RidgeMode } from './bayesian-ridge.js';
import { addWeighted, products, type DosageBlock } from './dosage-block.js';
import { centredGram, dosageMoments, type DosageColumns, type DosageMoments } from './dosage-moments.js';
import { JACOBI_LIMIT, factorise, projectTargets } from './factorisation.js';
import type { Backend } from './linalg/backend.js';
import { matrix, takeRows, type Matrix } from './linalg/matrix.js';
import {
  innerParts,
  linearModel,
  type LayerModel,
  type LinearModel,
  type PreparedModality,
} from './stack.js';
import { TridiagonalSystem, tridiagonalDesign, type TridiagonalDesign } from './tridiagonal-system.js';

/** A block with its moments, formed when they are first asked for. */
export class MeasuredBlock {
  private moments: DosageMoments | null = null;

  constructor(readonly block: DosageBlock) {}

  momentsBy(backend: Backend): DosageMoments {
    this.moments ??= dosageMoments(this.block, backend);
    return this.moments;
  }
}

/** Training people of a modality: each is a column of one of the blocks, and all columns of the blocks are training people. */
export interface DosageRows {
  readonly blocks: readonly MeasuredBlock[];
  /** By row: number of its block, and its column there. */
  readonly block: Int32Array;
  readonly column: Int32Array;
}

/** Whether `variants` features of a training set as small as `people` are better held as moments than as a matrix. */
export function suitMoments(variants: number, people: number): boolean {
  return variants > JACOBI_LIMIT && variants < people - 1;
}

/** A union of blocks. */
interface TrainingSet {
  readonly blocks: readonly number[];
  readonly design: TridiagonalDesign;
}

export class DosageModality implements PreparedModality {
  readonly rows: number;
  readonly inner: readonly { readonly train: Int32Array; readonly test: Int32Array }[];
  private whole: TrainingSet | null = null;
  /** Rows of each block, by its columns. */
  private readonly rowsOf: readonly Int32Array[];

  /** @param folds inner folds by row; every block lies within one of them */
  constructor(
    readonly name: string,
    readonly features: readonly string[],
    private readonly columns: DosageColumns,
    private readonly people: DosageRows,
    readonly folds: Int32Array | undefined,
  ) {
    this.rows = people.block.length;
    this.inner = innerParts(folds);
    this.rowsOf = people.blocks.map(({ block }) => new Int32Array(block.people).fill(-1));
    people.block.forEach((b, row) => (this.rowsOf[b]![people.column[row]!] = row));
    if (this.rowsOf.some((rows) => rows.includes(-1)))
      throw new Error(`internal error: a block of ${name} holds somebody who is no training person`);
  }

  fitRidges(
    part: number | null,
    targets: readonly Float64Array[],
    mode: RidgeMode,
    backend: Backend,
  ): LinearModel[] {
    const training = this.trainingSet(part, backend);
    return targets.map((y) => {
      const centred = centreTarget(y, training.blocks, this.rowsOf, training.design.n);
      const cross = this.crossProducts(training, centred);
      const system = new TridiagonalSystem(training.design, { ...centred, cross });
      const fit = fitSystem(system, mode);
      return system.isReliable
        ? linearModel(training.design.means, fit)
        : this.fitDense(part, y, mode, backend);
    });
  }

  private trainingSet(part: number | null, backend: Backend): TrainingSet {
    if (part === null && this.whole) return this.whole;
    const blocks = this.blocksOf(part);
    const moments = blocks.map((b) => this.people.blocks[b]!.momentsBy(backend));
    const { n, means, active, gram } = centredGram(moments, this.columns);
    const set = { blocks, design: tridiagonalDesign(gram, n, means, active, backend) };
    if (part === null) this.whole = set;
    return set;
  }

  /** Blocks that hold the rows of a training set; a block is in one inner fold. */
  private blocksOf(part: number | null): number[] {
    const all = [...this.people.blocks.keys()].filter((b) => this.rowsOf[b]!.length > 0);
    if (part === null) return all;
    const held = new Set(this.inner[part]!.test);
    return all.filter((b) => !held.has(this.rowsOf[b]![0]!));
  }

  /** Xᵀ(y − ȳ) of the active columns, with X centred. */
  private crossProducts({ blocks, design }: TrainingSet, { values, sum }: CentredTarget): Float64Array {
    const { variant, fill, scale } = this.columns;
    const parts = blocks.map((b, at) => products(this.people.blocks[b]!.block, values[at]!, variant, fill));
    return Float64Array.from(design.active, (f) => {
      const product = parts.reduce((total, part) => total + part[f]!, 0);
      return scale[f]! * product - design.means[f]! * sum;
    });
  }

  private fitDense(part: number | null, y: Float64Array, mode: RidgeMode, backend: Backend): LinearModel {
    const rows = part === null ? null : this.inner[part]!.train;
    const whole = this.dense();
    const x = factorise(rows ? takeRows(whole, rows) : whole, backend);
    const [target] = projectTargets(x, [rows ? Float64Array.from(rows, (i) => y[i]!) : y], backend);
    const fit: RidgeFit = fitRidge(x, target!, mode);
    return linearModel(x.means, fit);
  }

  predict(model: LayerModel, part: number | null): Float64Array {
    if (!('coef' in model))
      throw new Error(`internal error: ${this.name} was prepared for Bayesian ridge only`);
    const { variant, fill, scale } = this.columns;
    const tested = part === null ? null : this.inner[part]!.test;
    const out = new Float64Array(tested?.length ?? this.rows);
    const weights = scale.map((unit, f) => unit * model.coef[f]!);
    const place = tested ? new Int32Array(this.rows).fill(-1) : null;
    tested?.forEach((row, i) => (place![row] = i));
    for (const [b, { block }] of this.people.blocks.entries()) {
      const rows = this.rowsOf[b]!;
      if (rows.length === 0 || (place && place[rows[0]!] === -1)) continue;
      const sums = new Float64Array(block.people).fill(model.intercept);
      addWeighted(sums, block, variant, weights, fill);
      rows.forEach((row, column) => (out[place ? place[row]! : row] = sums[column]!));
    }
    return out;
  }

  dense(): Matrix {
    const { variant, fill, scale } = this.columns;
    const x = matrix(this.rows, variant.length);
    for (const [b, { block }] of this.people.blocks.entries()) {
      const rows = this.rowsOf[b]!;
      variant.forEach((j, f) => {
        const start = j * block.people;
        for (let i = 0; i < rows.length; i++)
          x.data[rows[i]! * variant.length + f] = scale[f]! * block.values[start + i]!;
        for (let g = block.gapStart[j]!; g < block.gapStart[j + 1]!; g++)
          x.data[rows[block.gaps[g]!]! * variant.length + f] = scale[f]! * fill[f]!;
      });
    }
    return x;
  }
}

interface CentredTarget {
  readonly mean: number;
  readonly total: number;
  /** y − ȳ by block and column. */
  readonly values: readonly Float64Array[];
  /** Σ(y − ȳ): zero but for rounding. */
  readonly sum: number;
}

function centreTarget(
  y: Float64Array,
  blocks: readonly number[],
  rowsOf: readonly Int32Array[],
  n: number,
): CentredTarget {
  const raw = blocks.map((b) => Float64Array.from(rowsOf[b]!, (row) => y[row]!));
  const first = raw[0]?.[0] ?? NaN;
  const isConstant = raw.every((part) => part.every((value) => value === first));
  const mean = isConstant
    ? first
    : raw.reduce((all, part) => part.reduce((sum, value) => sum + value, all), 0) / n;
  const values = raw.map((part) => part.map((value) => value - mean));
  let total = 0;
  let sum = 0;
  for (const part of values) {
    for (const value of part) {
      total += value * value;
      sum += value;
    }
  }
  return { mean, total, values, sum };
}
