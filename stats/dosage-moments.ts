/**
 * Moments of blocks of people over dosages with gaps, from which the Gram matrix of any union of blocks follows, whatever value
 * stands in for the gaps: with k folds the products are formed once per fold, though each training set fills gaps with its own
 * allele frequencies.
 *
 * With g the dosage (0 at a gap), m the mark of a gap and e the value that fills it, x = g + m·e and
 * Σ x_j·x_k = Σ g_j·g_k + e_j·Σ m_j·g_k + e_k·Σ m_k·g_j + e_j·e_k·Σ m_j·m_k.
 *
 * Calls are whole numbers, so their sums are exact in any order and in single precision, which is twice as fast. Not responsible
 * for reading genotypes nor for frequencies.
 */
import type { Backend } from './linalg/backend.js';
import { LANES, gapKernel } from './gap-kernel.js';
import { matrix, type Matrix } from './linalg/matrix.js';

/** The code of a gap among calls; among dosages it is NaN. */
export const GAP = 3;

/** Dosages of a block of people, variant by variant: `values[j × people + i]`. */
export interface DosageBlock {
  readonly variants: number;
  readonly people: number;
  /** Calls 0, 1, 2 and GAP as bytes, or dosages 0 … 2 with NaN. */
  readonly values: Uint8Array | Float64Array;
}

/** Sums over the people of a block, or of several. */
export interface DosageMoments {
  readonly people: number;
  readonly variants: number;
  /** Σg and Σm of each variant. */
  readonly sums: Float64Array;
  readonly gaps: Float64Array;
  /** Least and greatest dosage seen; ∞ and −∞ when there is none. */
  readonly least: Float64Array;
  readonly greatest: Float64Array;
  /** Σ g_j·g_k: row j, column k ≤ j; the rest is not used. */
  readonly products: Float32Array | Float64Array;
  /** Row j: Σ m_j·g_k over all k, and Σ m_j·m_k. Null without gaps. */
  readonly acrossGaps: Float32Array | Float64Array | null;
  readonly sharedGaps: Float32Array | Float64Array | null;
}

/** People whose products are formed at a time: bounds memory, and fixes the order of a sum that is not exact. */
const TILE = 1024;
/** Below this many people the sums of products of calls are exact in single precision. */
const SINGLE_LIMIT = 2 ** 22;

/** Moments of one block. The same block gives the same bits, alone or among others. */
export function dosageMoments(block: DosageBlock, backend: Backend): DosageMoments {
  const { variants: p, people: n, values } = block;
  const single = values instanceof Uint8Array && n < SINGLE_LIMIT;
  const array = (): Float32Array | Float64Array =>
    single ? new Float32Array(p * p) : new Float64Array(p * p);
  const products = array();
  const tile = single ? new Float32Array(p * Math.min(TILE, n)) : new Float64Array(p * Math.min(TILE, n));
  for (let from = 0; from < n; from += TILE) {
    const width = Math.min(TILE, n - from);
    if (values instanceof Uint8Array) fillFromCalls(tile, values, p, n, from, width);
    else fillFromDosages(tile, values, p, n, from, width);
    backend.syrkAdd(products, tile, p, width);
  }
  const sums = new Float64Array(p);
  const gaps = new Float64Array(p);
  const least = new Float64Array(p).fill(Infinity);
  const greatest = new Float64Array(p).fill(-Infinity);
  let anyGap = false;
  for (let j = 0; j < p; j++) {
    const row = values.subarray(j * n, (j + 1) * n);
    const tally = values instanceof Uint8Array ? tallyCalls(row) : tallyDosages(row);
    [sums[j], gaps[j], least[j], greatest[j]] = tally;
    if (tally[1] > 0) anyGap = true;
  }
  const acrossGaps = anyGap ? array() : null;
  const sharedGaps = anyGap ? array() : null;
  if (acrossGaps && sharedGaps) {
    if (values instanceof Uint8Array) callsOverGaps(values, p, n, acrossGaps, sharedGaps);
    else dosagesOverGaps(values, p, n, acrossGaps as Float64Array, sharedGaps as Float64Array);
  }
  return { people: n, variants: p, sums, gaps, least, greatest, products, acrossGaps, sharedGaps };
}

const DOSAGE_OF_CALL = Float64Array.of(0, 1, 2, 0);

function fillFromCalls(
  tile: Float32Array | Float64Array,
  calls: Uint8Array,
  p: number,
  n: number,
  from: number,
  width: number,
): void {
  for (let j = 0; j < p; j++) {
    const start = j * n + from;
    const at = j * width;
    for (let i = 0; i < width; i++) tile[at + i] = DOSAGE_OF_CALL[calls[start + i]!]!;
  }
}

function fillFromDosages(
  tile: Float32Array | Float64Array,
  dosages: Float64Array,
  p: number,
  n: number,
  from: number,
  width: number,
): void {
  for (let j = 0; j < p; j++) {
    const start = j * n + from;
    const at = j * width;
    for (let i = 0; i < width; i++) {
      const dosage = dosages[start + i]!;
      tile[at + i] = Number.isNaN(dosage) ? 0 : dosage;
    }
  }
}

/** Σg, Σm, least, greatest. */
type Tally = [number, number, number, number];

function tallyCalls(calls: ArrayLike<number>): Tally {
  const counts = new Float64Array(4);
  for (let i = 0; i < calls.length; i++) counts[calls[i]!]!++;
  const seen = [0, 1, 2].filter((call) => counts[call]! > 0);
  return [counts[1]! + 2 * counts[2]!, counts[GAP]!, seen[0] ?? Infinity, seen.at(-1) ?? -Infinity];
}

function tallyDosages(dosages: ArrayLike<number>): Tally {
  const tally: Tally = [0, 0, Infinity, -Infinity];
  for (let i = 0; i < dosages.length; i++) {
    const dosage = dosages[i]!;
    if (Number.isNaN(dosage)) {
      tally[1]++;
      continue;
    }
    tally[0] += dosage;
    if (dosage < tally[2]) tally[2] = dosage;
    if (dosage > tally[3]) tally[3] = dosage;
  }
  return tally;
}

/** People whose calls are turned person by person at a time. */
const TURNED = 2048;
/** Calls are added in lanes of 16 bits, each with its gap as the high byte: 127 calls of 2 fill the low one. */
const LANE_FULL = 127;
const GAP_IN_LANE = 256;
const LANE_OF_CALL = Uint16Array.of(0, 1, 2, GAP_IN_LANE);

/** Gaps are few: their sums visit the people of each gap only. */
function callsOverGaps(
  calls: Uint8Array,
  p: number,
  n: number,
  across: Float32Array | Float64Array,
  shared: Float32Array | Float64Array,
): void {
  const lanes = LANES * Math.ceil(p / LANES);
  const height = Math.min(TURNED, n);
  const kernel = gapKernel(2 * lanes * (height + 1));
  const turned = new Uint16Array(kernel.memory.buffer, 0, height * lanes).fill(0);
  const sum = new Uint16Array(kernel.memory.buffer, 2 * height * lanes, lanes).fill(0);
  const flush = (j: number): void => {
    for (let k = 0; k < p; k++) {
      across[j * p + k]! += sum[k]! & 255;
      shared[j * p + k]! += sum[k]! >> 8;
    }
    sum.fill(0);
  };
  for (let from = 0; from < n; from += TURNED) {
    const width = Math.min(TURNED, n - from);
    turn(calls, p, n, from, width, turned, lanes);
    for (let j = 0; j < p; j++) {
      let added = 0;
      for (let i = 0; i < width; i++) {
        if (calls[j * n + from + i] !== GAP) continue;
        kernel.add(sum.byteOffset, 2 * i * lanes, 2 * lanes);
        if (++added % LANE_FULL === 0) flush(j);
      }
      if (added % LANE_FULL !== 0) flush(j);
    }
  }
}

/** The calls of some people, person by person, as lanes; in squares that stay in cache. */
function turn(
  calls: Uint8Array,
  p: number,
  n: number,
  from: number,
  width: number,
  out: Uint16Array,
  stride: number,
): void {
  const side = 64;
  for (let j0 = 0; j0 < p; j0 += side) {
    const j1 = Math.min(p, j0 + side);
    for (let i0 = 0; i0 < width; i0 += side) {
      const i1 = Math.min(width, i0 + side);
      for (let j = j0; j < j1; j++) {
        const start = j * n + from;
        for (let i = i0; i < i1; i++) out[i * stride + j] = LANE_OF_CALL[calls[start + i]!]!;
      }
    }
  }
}

function dosagesOverGaps(
  dosages: Float64Array,
  p: number,
  n: number,
  across: Float64Array,
  shared: Float64Array,
): void {
  for (let j = 0; j < p; j++) {
    const people = Int32Array.from({ length: n }, (_, i) => i).filter((i) =>
      Number.isNaN(dosages[j * n + i]!),
    );
    for (let k = 0; people.length > 0 && k < p; k++) {
      for (let i = 0; i < people.length; i++) {
        const dosage = dosages[k * n + people[i]!]!;
        if (Number.isNaN(dosage)) shared[j * p + k]!++;
        else across[j * p + k]! += dosage;
      }
    }
  }
}

/** The moments of several blocks together, added in the order given; in double precision. */
export function joinMoments(blocks: readonly DosageMoments[]): DosageMoments {
  const first = blocks[0]!;
  const add = (of: (block: DosageMoments) => Float32Array | Float64Array | null): Float64Array | null => {
    let total: Float64Array | null = null;
    for (const block of blocks) {
      const part = of(block);
      if (!part) continue;
      total ??= new Float64Array(part.length);
      if (part instanceof Float32Array) addSingle(total, part);
      else addDouble(total, part);
    }
    return total;
  };
  const extreme = (of: 'least' | 'greatest', choose: (a: number, b: number) => number): Float64Array =>
    first[of].map((_, j) => blocks.reduce((value, block) => choose(value, block[of][j]!), first[of][j]!));
  return {
    people: blocks.reduce((sum, { people }) => sum + people, 0),
    variants: first.variants,
    sums: add(({ sums }) => sums)!,
    gaps: add(({ gaps }) => gaps)!,
    least: extreme('least', Math.min),
    greatest: extreme('greatest', Math.max),
    products: add(({ products }) => products)!,
    acrossGaps: add(({ acrossGaps }) => acrossGaps),
    sharedGaps: add(({ sharedGaps }) => sharedGaps),
  };
}

// One function for each type of array: a loop that meets both is compiled for neither.
function addSingle(total: Float64Array, part: Float32Array): void {
  for (let i = 0; i < part.length; i++) total[i]! += part[i]!;
}

function addDouble(total: Float64Array, part: Float64Array): void {
  for (let i = 0; i < part.length; i++) total[i]! += part[i]!;
}

export interface CentredGram {
  readonly n: number;
  /** Mean of every feature. */
  readonly means: Float64Array;
  /** Features that vary, ascending. */
  readonly active: Int32Array;
  /** Gram matrix of the centred active columns; both triangles. */
  readonly gram: Matrix;
}

/** What the features are: all three by feature. */
export interface DosageColumns {
  /** Variant of the blocks. */
  readonly variant: Int32Array;
  /** What stands at a gap, 0 … 2. */
  readonly fill: Float64Array;
  /** The unit in which it counts: ½ for a chromosome that people have one of, else 1. */
  readonly scale: Float64Array;
}

/** The Gram matrix of the features, gaps filled, scaled and centred. */
export function centredGram(m: DosageMoments, columns: DosageColumns): CentredGram {
  const { variants: p, people: n, products, acrossGaps, sharedGaps, gaps, least, greatest } = m;
  const { variant, fill, scale } = columns;
  const totals = fill.map((value, f) => m.sums[variant[f]!]! + gaps[variant[f]!]! * value);
  const active = Int32Array.from(variant.keys()).filter((f) => {
    const j = variant[f]!;
    const isFilledOtherwise = gaps[j]! > 0 && fill[f] !== least[j];
    return least[j]! < greatest[j]! || (least[j] === greatest[j] && isFilledOtherwise);
  });
  const r = active.length;
  const gram = matrix(r, r);
  for (let a = 0; a < r; a++) {
    const f = active[a]!;
    const j = variant[f]!;
    for (let b = 0; b <= a; b++) {
      const g = active[b]!;
      const k = variant[g]!;
      let value = products[Math.max(j, k) * p + Math.min(j, k)]!;
      if (acrossGaps && sharedGaps) {
        value += fill[f]! * (acrossGaps[j * p + k]! + fill[g]! * sharedGaps[j * p + k]!);
        value += fill[g]! * acrossGaps[k * p + j]!;
      }
      value = scale[f]! * scale[g]! * (value - (totals[f]! * totals[g]!) / n);
      gram.data[a * r + b] = value;
      gram.data[b * r + a] = value;
    }
  }
  return { n, means: totals.map((total, f) => (scale[f]! * total) / n), active, gram };
}
