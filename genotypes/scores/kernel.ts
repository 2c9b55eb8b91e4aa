/**
 * Scoring kernel for columns that weigh most variants: weighted sums of eight columns for a stretch of people, variants in
 * groups of four. Not responsible for: missing calls, ploidy, or which variants and columns (`score.ts`); columns of few
 * weights (`sparse-kernel.ts`).
 *
 * A group's term is ((w₀d₀ + w₁d₁) + w₂d₂) + w₃d₃, and a person's sum adds the terms group by group. That order is the
 * definition of a score to its last bit: of hard calls the 256 terms that a group can have are looked up (`calls`), of
 * dosages they are computed (`dosages`), and both give the same bits, whatever the stretch, the columns beside it and the
 * format of the file. A weight of zero adds nothing to any bit, so the sparse kernel may leave it out.
 */
import {
  I32,
  I32_ADD,
  I32_SHIFT_LEFT,
  V128,
  get,
  increase,
  leb,
  loopWhileBelow,
  number,
  set,
  simd,
  wasmModule,
} from '../../stats/wasm.js';
import type { WasmFunction, WasmMemory } from '../../stats/wasm.js';

/** Columns of a call: a row of them is one cache line. */
export const TILE = 8;
export const GROUP = 4;
/** Groups of a call: their tables are 64 KiB, of which the common calls stay in a processor's first cache. Absent ones have terms of zero. */
export const GROUPS = 4;
/** Variants of a call. */
export const STEP = GROUP * GROUPS;
/** People of a call of `calls` at most: their sums share the second cache with the tables. */
export const PEOPLE = 8192;
/** Bytes from the packed calls of a variant to those of the next. A power of two would put all of them into a few sets of a cache. */
export const PACKED_STRIDE = PEOPLE / 4 + 64;
/** Bytes of packed calls that `spread` takes at a time. */
export const SPREAD_BYTES = 16;

const ROW = 8 * TILE;
/** A code is the calls of a group, two bits each and the first lowest, times this: the row of its term in the table, in bytes. */
export const CODE_SHIFT = Math.log2(ROW);
/**
 * Bytes from a table to the next. Calls 0, 1 and 2 of three variants fill 27 of the 64 sets of a first cache; the 21 rows
 * between the tables put those of the next table elsewhere.
 */
export const TABLE_BYTES = (4 ** GROUP + 21) * ROW;
/** Bytes from the codes of a group to those of the next. */
export const CODES_BYTES = 2 * PEOPLE;
const VECTORS = TILE / 2;

/** Arguments are byte addresses. The tables of `calls` lie at the start of memory, one after another. */
export interface ScoringKernel {
  readonly memory: WasmMemory;
  /**
   * The four calls' terms of each variant of a group: products[(4 × k + call) × TILE + c] = weights[k × TILE + c] ×
   * values[4 × k + call].
   */
  products(weights: number, values: number, products: number): void;
  /**
   * A table of terms made from that of the variants before: into[(a × rows + r) × TILE + c] = table[r][c] + products[a][c]
   * for the four calls a.
   */
  extend(table: number, products: number, rows: number, into: number): void;
  /** Codes of the people in `bytes` of packed calls (at least one, whole times SPREAD_BYTES) of a group, PACKED_STRIDE apart. */
  spread(packed: number, codes: number, bytes: number): void;
  /** sums[s × TILE + c] += table[g][code][c] for groups g in order, with s over [0, people) and codes of 16 bits. */
  calls(sums: number, codes: number, people: number): void;
  /**
   * sums[s × TILE + c] += the term of dosages[v × stride + s] and weights[v × TILE + c], group by group.
   * `stride` is in bytes.
   */
  dosages(sums: number, dosages: number, people: number, weights: number, stride: number): void;
}

const loadCode = (offset: number): number[] => [0x2f, 1, ...leb(offset)];
const loadVector = (offset: number): number[] => simd(0x00, 3, ...leb(offset));
const storeVector = (offset: number): number[] => simd(0x0b, 3, ...leb(offset));
const SPLAT_FLOAT = simd(0x0a, 3, 0);
const ADD = simd(0xf0);
const MULTIPLY = simd(0xf2);

const eachVector = (body: (k: number) => number[]): number[] =>
  Array.from({ length: VECTORS }, (_, k) => body(k)).flat();

/** Both functions pass over the people, with `step` bytes of their second argument for each; the third is their number. */
function overPeople(
  parameters: number,
  step: number,
  locals: readonly (readonly [number, number])[],
  sum: (k: number) => number,
  body: readonly number[],
): Omit<WasmFunction, 'name'> {
  const [sums, data, people, end] = [0, 1, 2, parameters];
  return {
    parameters,
    locals: [[2, I32], ...locals],
    body: [
      ...[...get(people), ...number(Math.log2(step)), I32_SHIFT_LEFT, ...get(data), I32_ADD, ...set(end)],
      ...loopWhileBelow(data, end, [
        ...eachVector((k) => [...get(sums), ...loadVector(16 * k), ...set(sum(k))]),
        ...body,
        ...eachVector((k) => [...get(sums), ...get(sum(k)), ...storeVector(16 * k)]),
        ...increase(sums, ROW),
        ...increase(data, step),
      ]),
    ],
  };
}

function callsFunction(): WasmFunction {
  const [codes, code] = [1, 4];
  const sum = (k: number): number => 5 + k;
  // Addresses are constants but for the code: a term costs one addition a vector, and one instruction more.
  const group = (g: number): number[] => [
    ...[...get(codes), ...loadCode(g * CODES_BYTES), ...set(code)],
    ...eachVector((k) => [
      ...[...get(sum(k)), ...get(code), ...loadVector(g * TABLE_BYTES + 16 * k), ...ADD, ...set(sum(k))],
    ]),
  ];
  const body = Array.from({ length: GROUPS }, (_, g) => group(g)).flat();
  return { name: 'calls', ...overPeople(3, 2, [[VECTORS, V128]], sum, body) };
}

const AND = simd(0x4e);
const OR = simd(0x50);
const constant = (byte: number): number[] => simd(0x0c, ...new Array<number>(16).fill(byte));
const shiftLeft16 = (by: number): number[] => [...number(by), ...simd(0x8b)];
const shiftRight16 = (by: number): number[] => [...number(by), ...simd(0x8d)];
/** Bytes of two vectors in turn, `width` at a time: from their lower halves (half 0) or upper ones (1). */
const interleave = (width: number, half: number): number[] => {
  const lanes = Array.from({ length: 8 }, (_, i) => half * 8 + i);
  const bytes = Array.from({ length: 8 / width }, (_, i) => lanes.slice(i * width, (i + 1) * width));
  return simd(0x0d, ...bytes.flatMap((few) => [...few, ...few.map((lane) => lane + 16)]));
};
const WIDEN_LOW = simd(0x89);
const WIDEN_HIGH = simd(0x8a);

/** Byte i of a variant has people 4i … 4i + 3: their codes are formed for sixteen bytes at a time, one of the four people after another. */
function spreadFunction(): WasmFunction {
  const [packed, codes, end] = [0, 1, 2];
  const row = (v: number): number => 3 + v;
  const person = (j: number): number => 3 + GROUP + j;
  const four = (k: number): number => 3 + k;
  const each = [0, 1, 2, 3];
  // Bits pass from one byte of a lane to its neighbour in the shift; the mask drops them.
  const moved = (v: number, j: number): number[] => {
    const by = 2 * v - 2 * j;
    return [
      ...get(row(v)),
      ...(by > 0 ? shiftLeft16(by) : by < 0 ? shiftRight16(-by) : []),
      ...[...constant(3 << (2 * v)), ...AND],
    ];
  };
  const pair = (j: number, half: number): number[] => [
    ...[...get(person(j)), ...get(person(j + 1)), ...interleave(1, half)],
  ];
  return {
    name: 'spread',
    parameters: 3,
    locals: [[2 * GROUP, V128]],
    body: [
      ...[...get(packed), ...get(end), I32_ADD, ...set(end)],
      ...loopWhileBelow(packed, end, [
        ...each.flatMap((v) => [...get(packed), ...loadVector(v * PACKED_STRIDE), ...set(row(v))]),
        ...each.flatMap((j) => [
          ...each.flatMap((v) => [...moved(v, j), ...(v === 0 ? [] : OR)]),
          ...set(person(j)),
        ]),
        // Sixteen people, in order, from each quarter of the bytes.
        ...each.flatMap((k) => [
          ...[...pair(0, k >> 1), ...pair(2, k >> 1), ...interleave(2, k & 1), ...set(four(k))],
        ]),
        ...each.flatMap((k) =>
          [WIDEN_LOW, WIDEN_HIGH].flatMap((widen, half) => [
            ...[...get(codes), ...get(four(k)), ...widen, ...shiftLeft16(CODE_SHIFT)],
            ...storeVector(32 * k + 16 * half),
          ]),
        ),
        ...increase(packed, SPREAD_BYTES),
        ...increase(codes, 8 * SPREAD_BYTES),
      ]),
    ],
  };
}

function productsFunction(): WasmFunction {
  const [weights, values, products, value] = [0, 1, 2, 3];
  const terms = Array.from({ length: GROUP * 4 }, (_, at) => [
    ...[...get(values), ...simd(0x0a, 3, ...leb(8 * at)), ...set(value)],
    ...eachVector((k) => [
      ...[...get(products), ...get(weights), ...loadVector((at >> 2) * ROW + 16 * k)],
      ...[...get(value), ...MULTIPLY, ...storeVector(at * ROW + 16 * k)],
    ]),
  ]);
  return { name: 'products', parameters: 3, locals: [[1, V128]], body: terms.flat() };
}

function extendFunction(): WasmFunction {
  const [table, products, rows, into, stride, end] = [0, 1, 2, 3, 4, 5];
  const product = (call: number, k: number): number => 6 + call * VECTORS + k;
  const row = 6 + 4 * VECTORS;
  const calls = [0, 1, 2, 3];
  const bytes = [...get(rows), ...number(Math.log2(ROW)), I32_SHIFT_LEFT];
  const at = row + 1;
  return {
    name: 'extend',
    parameters: 4,
    locals: [
      [2, I32],
      [4 * VECTORS + 1, V128],
      [1, I32],
    ],
    body: [
      ...calls.flatMap((call) =>
        eachVector((k) => [...get(products), ...loadVector(call * ROW + 16 * k), ...set(product(call, k))]),
      ),
      ...[...bytes, ...set(stride), ...get(stride), ...get(table), I32_ADD, ...set(end)],
      ...loopWhileBelow(table, end, [
        ...eachVector((k) => [
          ...[...get(table), ...loadVector(16 * k), ...set(row), ...get(into), ...set(at)],
          ...calls.flatMap((call) => [
            ...[...get(at), ...get(row), ...get(product(call, k)), ...ADD, ...storeVector(16 * k)],
            ...[...get(at), ...get(stride), I32_ADD, ...set(at)],
          ]),
        ]),
        ...increase(into, ROW),
        ...increase(table, ROW),
      ]),
    ],
  };
}

function dosagesFunction(): WasmFunction {
  const [rows, weights, stride, at] = [1, 3, 4, 6];
  const sum = (k: number): number => 7 + k;
  const term = (k: number): number => 7 + VECTORS + k;
  const dosage = 7 + 2 * VECTORS;
  const variant = (v: number): number[] => [
    ...[...get(at), ...SPLAT_FLOAT, ...set(dosage)],
    ...[...get(at), ...get(stride), I32_ADD, ...set(at)],
    ...eachVector((k) => [
      ...(v % GROUP === 0 ? [] : get(term(k))),
      ...[...get(weights), ...loadVector(v * ROW + 16 * k), ...get(dosage), ...MULTIPLY],
      ...(v % GROUP === 0 ? [] : ADD),
      ...set(term(k)),
    ]),
    ...(v % GROUP === GROUP - 1
      ? eachVector((k) => [...get(sum(k)), ...get(term(k)), ...ADD, ...set(sum(k))])
      : []),
  ];
  const body = [...[...get(rows), ...set(at)], ...Array.from({ length: STEP }, (_, v) => variant(v)).flat()];
  return { name: 'dosages', ...overPeople(5, 8, [[2 * VECTORS + 1, V128]], sum, body) };
}

const instantiate = wasmModule(() => [
  productsFunction(),
  extendFunction(),
  spreadFunction(),
  callsFunction(),
  dosagesFunction(),
]);

/** A kernel over a memory of so many pages of 64 KiB (at most 65,536). Throws RangeError when memory is refused. */
export function scoringKernel(pages: number): ScoringKernel {
  const { memory, exports } = instantiate(pages);
  return { memory, ...(exports as Omit<ScoringKernel, 'memory'>) };
}
