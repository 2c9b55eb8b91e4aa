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
import { callKernel, wholeVectors } from './call-kernel.js';
import { products as productsWith, type DosageBlock } from './dosage-block.js';
import type { Backend } from './linalg/backend.js';
import { matrix, type Matrix } from './linalg/matrix.js';

/** Sums over the people of a block. */
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
  /** Row j: Σ m_j·g_k over all k; and Σ m_j·m_k for k ≤ j. Null without gaps. */
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
  const isSingle = values instanceof Uint8Array && n < SINGLE_LIMIT;
  const array = (): Float32Array | Float64Array =>
    isSingle ? new Float32Array(p * p) : new Float64Array(p * p);
  const products = array();
  if (isSingle) addCallProducts(products as Float32Array, values, p, n, backend);
  else addProducts(products as Float64Array, values, p, n, backend);
  const hasGaps = block.gaps.length > 0;
  const acrossGaps = hasGaps ? array() : null;
  const sharedGaps = hasGaps ? array() : null;
  if (acrossGaps && sharedGaps) {
    if (values instanceof Uint8Array) callsOverGaps(block, values, acrossGaps);
    else dosagesOverGaps(block, values, acrossGaps as Float64Array);
    shareGaps(block, sharedGaps);
  }
  return { people: n, variants: p, ...tallies(block, products), products, acrossGaps, sharedGaps };
}

function addCallProducts(out: Float32Array, calls: Uint8Array, p: number, n: number, backend: Backend): void {
  const longest = wholeVectors(Math.min(TILE, n));
  // The kernel writes whole vectors: beyond a row into the next, which comes later, and beyond the last into what is left free.
  const floats = p * Math.min(TILE, n) + longest;
  const kernel = callKernel(longest + 4 * floats);
  const row = new Uint8Array(kernel.memory.buffer, 0, longest);
  for (let from = 0; from < n; from += TILE) {
    const width = Math.min(TILE, n - from);
    const tile = new Float32Array(kernel.memory.buffer, longest, p * width);
    for (let j = 0; j < p; j++) {
      row.set(calls.subarray(j * n + from, j * n + from + width));
      kernel.widen(tile.byteOffset + 4 * j * width, row.byteOffset, wholeVectors(width));
    }
    backend.syrkAdd(out, tile, p, width);
  }
}

function addProducts(
  out: Float64Array,
  values: Uint8Array | Float64Array,
  p: number,
  n: number,
  backend: Backend,
): void {
  for (let from = 0; from < n; from += TILE) {
    const width = Math.min(TILE, n - from);
    const tile = new Float64Array(p * width);
    for (let j = 0; j < p; j++) tile.set(values.subarray(j * n + from, j * n + from + width), j * width);
    backend.syrkAdd(out, tile, p, width);
  }
}

type Tallies = Pick<DosageMoments, 'sums' | 'gaps' | 'least' | 'greatest'>;

/** @param products Σ g_j² on the diagonal: with Σg it tells how many of the calls are 2, and how many 1 */
function tallies(block: DosageBlock, products: Float32Array | Float64Array): Tallies {
  const { variants: p, people: n, values, gapStart } = block;
  const gaps = Float64Array.from({ length: p }, (_, j) => gapStart[j + 1]! - gapStart[j]!);
  const least = new Float64Array(p).fill(Infinity);
  const greatest = new Float64Array(p).fill(-Infinity);
  const sums = productsWith(
    block,
    new Float64Array(n).fill(1),
    Int32Array.from({ length: p }, (_, j) => j),
    new Float64Array(p),
  );
  for (let j = 0; j < p; j++) {
    if (values instanceof Uint8Array) {
      const twos = (products[j * p + j]! - sums[j]!) / 2;
      const ones = sums[j]! - 2 * twos;
      const seen = [n - gaps[j]! - ones - twos, ones, twos];
      for (const [call, count] of seen.entries()) {
        if (count === 0) continue;
        least[j] = Math.min(least[j]!, call);
        greatest[j] = Math.max(greatest[j]!, call);
      }
    } else [least[j], greatest[j]] = extremes(block, values, j);
  }
  return { sums, gaps, least, greatest };
}

/** Least and greatest dosage of a variant, people at its gaps aside. */
function extremes(
  { people, gaps, gapStart }: DosageBlock,
  dosages: Float64Array,
  j: number,
): [number, number] {
  let [least, greatest] = [Infinity, -Infinity];
  let gap = gapStart[j]!;
  for (let i = 0; i < people; i++) {
    if (gap < gapStart[j + 1]! && gaps[gap] === i) {
      gap++;
      continue;
    }
    const dosage = dosages[j * people + i]!;
    if (dosage < least) least = dosage;
    if (dosage > greatest) greatest = dosage;
  }
  return [least, greatest];
}

/** People whose calls are turned person by person at a time. */
const TURNED = 8192;
/** Calls are added in bytes: 127 calls of 2 fill one. */
const BYTE_FULL = 127;

/** Σ m_j·g_k. Gaps are few: the calls of each gap's person are added. */
function callsOverGaps(
  { variants: p, people: n, gaps, gapStart }: DosageBlock,
  calls: Uint8Array,
  across: Float32Array | Float64Array,
): void {
  const stride = wholeVectors(p);
  const height = Math.min(TURNED, n);
  const kernel = callKernel(stride * (height + 1));
  const turned = new Uint8Array(kernel.memory.buffer, 0, height * stride).fill(0);
  const sum = new Uint8Array(kernel.memory.buffer, height * stride, stride).fill(0);
  const flush = (j: number): void => {
    for (let k = 0; k < p; k++) across[j * p + k]! += sum[k]!;
    sum.fill(0);
  };
  const next = gapStart.slice();
  for (let from = 0; from < n; from += TURNED) {
    const to = Math.min(n, from + TURNED);
    turn(calls, p, n, from, to, turned, stride);
    for (let j = 0; j < p; j++) {
      let added = 0;
      let gap = next[j]!;
      for (; gap < gapStart[j + 1]! && gaps[gap]! < to; gap++) {
        kernel.add(sum.byteOffset, (gaps[gap]! - from) * stride, stride);
        if (++added % BYTE_FULL === 0) flush(j);
      }
      if (added % BYTE_FULL !== 0) flush(j);
      next[j] = gap;
    }
  }
}

/** The calls of some people, person by person; in squares that stay in cache, four variants at a time. */
function turn(
  calls: Uint8Array,
  p: number,
  n: number,
  from: number,
  to: number,
  out: Uint8Array,
  stride: number,
): void {
  const side = 64;
  const words = new Int32Array(out.buffer, out.byteOffset, out.length / 4);
  const none = new Uint8Array(to - from);
  const rowOf = (j: number): Uint8Array => (j < p ? calls.subarray(j * n + from, j * n + to) : none);
  for (let j0 = 0; j0 < p; j0 += side) {
    const rows = Array.from({ length: side }, (_, k) => rowOf(j0 + k));
    for (let i0 = from; i0 < to; i0 += side) {
      const [first, last] = [i0 - from, Math.min(to, i0 + side) - from];
      for (let j = j0; j < Math.min(p, j0 + side); j += 4) {
        const a = rows[j - j0]!;
        const b = rows[j - j0 + 1]!;
        const c = rows[j - j0 + 2]!;
        const d = rows[j - j0 + 3]!;
        let at = (first * stride + j) / 4;
        for (let i = first; i < last; i++, at += stride / 4)
          words[at] = a[i]! | (b[i]! << 8) | (c[i]! << 16) | (d[i]! << 24);
      }
    }
  }
}

function dosagesOverGaps(
  { variants: p, people: n, gaps, gapStart }: DosageBlock,
  dosages: Float64Array,
  across: Float64Array,
): void {
  for (let j = 0; j < p; j++) {
    const people = gaps.subarray(gapStart[j], gapStart[j + 1]);
    for (let k = 0; people.length > 0 && k < p; k++) {
      for (let i = 0; i < people.length; i++) across[j * p + k]! += dosages[k * n + people[i]!]!;
    }
  }
}

/** Σ m_j·m_k, k ≤ j: pairs of a person's gaps. */
function shareGaps(
  { variants: p, people: n, gaps, gapStart }: DosageBlock,
  shared: Float32Array | Float64Array,
): void {
  const start = new Int32Array(n + 1);
  for (const person of gaps) start[person + 1]!++;
  for (let i = 0; i < n; i++) start[i + 1]! += start[i]!;
  const variants = new Int32Array(gaps.length);
  const next = start.slice();
  for (let j = 0; j < p; j++) {
    for (let g = gapStart[j]!; g < gapStart[j + 1]!; g++) variants[next[gaps[g]!]!++] = j;
  }
  for (let i = 0; i < n; i++) {
    for (let a = start[i]!; a < start[i + 1]!; a++) {
      const row = variants[a]! * p;
      for (let b = start[i]!; b <= a; b++) shared[row + variants[b]!]!++;
    }
  }
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
  /** Variant of the blocks, ascending. */
  readonly variant: Int32Array;
  /** What stands at a gap, 0 … 2. */
  readonly fill: Float64Array;
  /** The unit in which it counts: ½ for a chromosome that people have one of, else 1. */
  readonly scale: Float64Array;
}

/** The Gram matrix of the features over the people of all blocks, gaps filled, scaled and centred. */
export function centredGram(blocks: readonly DosageMoments[], columns: DosageColumns): CentredGram {
  const p = blocks[0]!.variants;
  const n = blocks.reduce((sum, { people }) => sum + people, 0);
  const { variant, fill, scale } = columns;
  const { sums, gaps, least, greatest } = joinTallies(blocks);
  const totals = fill.map((value, f) => sums[variant[f]!]! + gaps[variant[f]!]! * value);
  const active = Int32Array.from(variant.keys()).filter((f) => {
    const j = variant[f]!;
    const isFilledOtherwise = gaps[j]! > 0 && fill[f] !== least[j];
    return least[j]! < greatest[j]! || (least[j] === greatest[j] && isFilledOtherwise);
  });
  const r = active.length;
  const gram = matrix(r, r);
  const hasGaps = blocks.some(({ acrossGaps }) => acrossGaps !== null);
  const [products, across, shared] = [new Float64Array(p), new Float64Array(p), new Float64Array(p)];
  const place = Int32Array.from(active, (f) => variant[f]!);
  const [expected, unit, total] = [fill, scale, totals].map((of) => Float64Array.from(active, (f) => of[f]!));
  for (let a = 0; a < r; a++) {
    const j = place[a]!;
    sumRows(products, blocks, 'products', j, j + 1);
    if (hasGaps) {
      sumRows(across, blocks, 'acrossGaps', j, p);
      sumRows(shared, blocks, 'sharedGaps', j, j + 1);
    }
    const row = gram.data.subarray(a * r, (a + 1) * r);
    const [mean, atGap, scaled] = [total![a]! / n, expected![a]!, unit![a]!];
    for (let b = 0; b <= a; b++) {
      const k = place[b]!;
      const overGaps = atGap * (across[k]! + expected![b]! * shared[k]!);
      row[b] = scaled * unit![b]! * (products[k]! + overGaps - mean * total![b]!);
    }
    // The gaps of this feature in rows to come wait in the upper triangle, where they follow each other.
    for (let b = a + 1; b < r; b++) row[b] = scaled * unit![b]! * atGap * across[place[b]!]!;
  }
  foldUpper(gram);
  return { n, means: totals.map((total, f) => (scale[f]! * total) / n), active, gram };
}

/** Adds the upper triangle to the lower, and makes both equal; in squares that stay in cache. */
function foldUpper({ data, rows: r }: Matrix): void {
  const side = 64;
  for (let a0 = 0; a0 < r; a0 += side) {
    for (let b0 = 0; b0 <= a0; b0 += side) {
      for (let a = a0; a < Math.min(r, a0 + side); a++) {
        for (let b = b0; b < Math.min(a, b0 + side); b++) {
          const value = data[a * r + b]! + data[b * r + a]!;
          data[a * r + b] = value;
          data[b * r + a] = value;
        }
      }
    }
  }
}

function joinTallies(blocks: readonly DosageMoments[]): Tallies {
  const join = (of: keyof Tallies, combine: (a: number, b: number) => number): Float64Array =>
    blocks[0]![of].map((_, j) => blocks.map((block) => block[of][j]!).reduce((a, b) => combine(a, b)));
  return {
    sums: join('sums', (a, b) => a + b),
    gaps: join('gaps', (a, b) => a + b),
    least: join('least', Math.min),
    greatest: join('greatest', Math.max),
  };
}

/** Row `j` of the blocks' tables together, up to column `end`; in double precision. */
function sumRows(
  total: Float64Array,
  blocks: readonly DosageMoments[],
  of: 'products' | 'acrossGaps' | 'sharedGaps',
  j: number,
  end: number,
): void {
  total.fill(0, 0, end);
  for (const block of blocks) {
    const part = block[of]?.subarray(j * block.variants, j * block.variants + end);
    if (part instanceof Float32Array) addSingle(total, part);
    else if (part) addDouble(total, part);
  }
}

// One function for each type of array: a loop that meets both is compiled for neither.
function addSingle(total: Float64Array, part: Float32Array): void {
  for (let i = 0; i < part.length; i++) total[i]! += part[i]!;
}

function addDouble(total: Float64Array, part: Float64Array): void {
  for (let i = 0; i < part.length; i++) total[i]! += part[i]!;
}
