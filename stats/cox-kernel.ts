/**
 * The loops over people of a Cox likelihood, two people at a time: risks exp(η) and the running sums Σ r, Σ r x, Σ r x xᵀ.
 * Not responsible for: which people join a risk set when, or what the sums are for (`cox-sweep.ts`).
 *
 * A stretch of people stays in the first cache while it is passed over several times; its sums form in registers and are
 * then added to the running ones, so that few digits are lost. Even and odd places of a stretch have sums of their own.
 */
import {
  F64,
  I32,
  I32_ADD,
  V128,
  double,
  doubles,
  get,
  increase,
  leb,
  loopWhileBelow,
  set,
  simd,
  wasmModule,
} from './wasm.js';
import type { WasmFunction, WasmMemory } from './wasm.js';

/** People of a stretch at most. */
export const STRETCH = 256;

/** Doubles that must follow the last person of every column: a stretch of odd length reads, and writes, one place further. */
export const PADDING = 1;

/**
 * Arguments are byte addresses. Column j lies at columns + j × stride; `from` and `to` are offsets (8 × position) into columns,
 * risks and weights alike, from < to. The place after `to` must not matter to the caller in risks that are computed.
 */
export interface CoxKernel {
  readonly memory: WasmMemory;
  /** values ← exp(values), up to address `end`, two at a time. Exact to one unit in the last place for |value| ≤ 700. */
  exponentials(values: number, end: number): void;
  /**
   * risk ← weight × exp(Σ β_j x_j), without the weight in a kernel that is not weighted, and adds the stretch to the vectors
   * of sums: Σ r, Σ r x_j, Σ r x_j x_k for j ≤ k row by row. The vector after them becomes the larger of itself and |η|.
   */
  sweep(
    columns: number,
    stride: number,
    risk: number,
    weight: number,
    beta: number,
    sums: number,
    from: number,
    to: number,
  ): void;
  /** Adds Σ r x_j y for every column j, then Σ r y, to the vectors of sums, y being the last column. */
  cross(columns: number, stride: number, risk: number, sums: number, from: number, to: number): void;
}

/** Vectors of sums of a sweep over p columns, the largest |η| not among them. */
export const sweepSums = (p: number): number => 1 + p + (p * (p + 1)) / 2;

/** Vector of Σ r x_j x_k, k ≥ j. */
export const productAt = (p: number, j: number, k: number): number =>
  1 + p + j * p - (j * (j - 1)) / 2 + (k - j);

const LOAD = simd(0x00, 3, 0);
const STORE = simd(0x0b, 3, 0);
const loadVector = (vector: number): number[] => simd(0x00, 3, ...leb(16 * vector));
const storeVector = (vector: number): number[] => simd(0x0b, 3, ...leb(16 * vector));
const loadSplat = (offset: number): number[] => simd(0x0a, 3, ...leb(offset));
const ABS = simd(0xec);
const ADD = simd(0xf0);
const SUBTRACT = simd(0xf1);
const MULTIPLY = simd(0xf2);
const DIVIDE = simd(0xf3);
const MAX = simd(0xf5);
const BITS_SHIFT_LEFT_52 = [0x41, 52, ...simd(0xcb)];
const BITS_ADD = simd(0xce);

/**
 * FreeBSD msun's e_exp.c (Sun Microsystems, 1993; error below one unit in the last place): x = k log 2 + r, |r| ≤ log 2 / 2;
 * c = r − r² P(r²); exp(r) = 1 + r + r c/(2 − c). The logarithm of 2 has a high part of 33 bits, so that k times it is exact.
 */
const LOG2_HIGH = 6.9314718036912381649e-1;
const LOG2_LOW = 1.90821492927058770002e-10;
const PER_LOG2 = 1.442695040888963387;
const REMEZ = [
  1.66666666666666019037e-1, -2.77777777770155933842e-3, 6.61375632143793436117e-5, -1.6533902205465251539e-6,
  4.13813679705723846039e-8,
];
/** Added to a number below 2⁵¹, it leaves the number's nearest integer in the lowest bits. */
const ROUNDER = 1.5 * 2 ** 52;

function exponentialsFunction(): WasmFunction {
  const [values, end, x, k, high, low, r, square, c] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const horner = REMEZ.slice(0, -1)
    .reverse()
    .flatMap((coefficient) => [...get(square), ...MULTIPLY, ...doubles(coefficient), ...ADD]);
  return {
    name: 'exponentials',
    parameters: 2,
    locals: [[7, V128]],
    body: loopWhileBelow(values, end, [
      ...[...get(values), ...LOAD, ...set(x)],
      ...[...get(x), ...doubles(PER_LOG2), ...MULTIPLY, ...doubles(ROUNDER), ...ADD, ...set(k)],
      ...[...get(k), ...doubles(ROUNDER), ...SUBTRACT, ...set(c)],
      ...[...get(x), ...get(c), ...doubles(LOG2_HIGH), ...MULTIPLY, ...SUBTRACT, ...set(high)],
      ...[...get(c), ...doubles(LOG2_LOW), ...MULTIPLY, ...set(low)],
      ...[...get(high), ...get(low), ...SUBTRACT, ...set(r)],
      ...[...get(r), ...get(r), ...MULTIPLY, ...set(square)],
      ...[
        ...get(r),
        ...doubles(REMEZ.at(-1)!),
        ...horner,
        ...get(square),
        ...MULTIPLY,
        ...SUBTRACT,
        ...set(c),
      ],
      // 1 − ((low − r c/(2 − c)) − high), then k into the exponent.
      ...[...get(values), ...doubles(1), ...get(low), ...get(r), ...get(c), ...MULTIPLY],
      ...[
        ...doubles(2),
        ...get(c),
        ...SUBTRACT,
        ...DIVIDE,
        ...SUBTRACT,
        ...get(high),
        ...SUBTRACT,
        ...SUBTRACT,
      ],
      ...[...get(k), ...BITS_SHIFT_LEFT_52, ...BITS_ADD, ...STORE],
      ...increase(values, 16),
    ]),
  };
}
const EXPONENTIALS = 0;

/** Rows of a tile share a pass over the stretch; with as many columns its sums fit the sixteen vector registers. */
const TILE_ROWS = 2;
const TILE_COLUMNS = 6;

/** Parameters `columns` and `stride` are the first two; the address of each later column is a local of its own. */
const addressesOf = (p: number, first: number): number[] =>
  Array.from({ length: p - 1 }, (_, j) => [
    ...[...get(j === 0 ? 0 : first + j - 1), ...get(1), I32_ADD, ...set(first + j)],
  ]).flat();

/** The place after the stretch counts for nothing meanwhile: a last pair may be half a pair. */
const withoutNext = (risk: number, to: number, saved: number, body: readonly number[]): number[] => {
  const address = [...get(risk), ...get(to), I32_ADD];
  return [
    ...[...address, 0x2b, 3, 0, ...set(saved), ...address, ...double(0), 0x39, 3, 0],
    ...body,
    ...[...address, ...get(saved), 0x39, 3, 0],
  ];
};

/** Passes over the stretch with `sums` in registers, and then adds them to memory. */
const summing = (
  { at, from, to, out }: { at: number; from: number; to: number; out: number },
  sums: readonly { readonly vector: number; readonly register: number }[],
  body: readonly number[],
): number[] => [
  ...sums.flatMap(({ register }) => [...doubles(0), ...set(register)]),
  ...[...get(from), ...set(at)],
  ...loopWhileBelow(at, to, [...body, ...increase(at, 16)]),
  ...sums.flatMap(({ vector, register }) => [
    ...[...get(out), ...get(out), ...loadVector(vector), ...get(register), ...ADD, ...storeVector(vector)],
  ]),
];

const addTo = (register: number, term: readonly number[]): number[] => [
  ...[...get(register), ...term, ...ADD, ...set(register)],
];

function sweepFunction(p: number, weighted: boolean): WasmFunction {
  const [risk, weight, beta, out, from, to, at] = [2, 3, 4, 5, 6, 7, 8];
  const address = (j: number): number => (j === 0 ? 0 : 8 + j);
  const saved = 8 + p;
  const vector = (v: number): number => saved + 1 + v;
  const x = (j: number): number[] => [...get(address(j)), ...get(at), I32_ADD, ...LOAD];
  const r = [...get(risk), ...get(at), I32_ADD];
  const loop = { at, from, to, out };

  const largest = vector(p);
  const predictor = Array.from({ length: p }, (_, j) => [
    ...[...x(j), ...get(vector(j)), ...MULTIPLY, ...(j === 0 ? [] : ADD)],
  ]).flat();
  const eta = vector(p + 1);
  const linear = [
    ...Array.from({ length: p }, (_, j) => [...get(beta), ...loadSplat(8 * j), ...set(vector(j))]).flat(),
    ...[...get(out), ...loadVector(sweepSums(p)), ...set(largest)],
    ...[...get(from), ...set(at)],
    ...loopWhileBelow(at, to, [
      ...[...predictor, ...set(eta), ...r, ...get(eta), ...STORE],
      ...[...get(largest), ...get(eta), ...ABS, ...MAX, ...set(largest)],
      ...increase(at, 16),
    ]),
    ...[...get(out), ...get(largest), ...storeVector(sweepSums(p))],
  ];
  const weighting = [
    ...[...get(from), ...set(at)],
    ...loopWhileBelow(at, to, [
      ...[...r, ...r, ...LOAD, ...get(weight), ...get(at), I32_ADD, ...LOAD, ...MULTIPLY, ...STORE],
      ...increase(at, 16),
    ]),
  ];

  const tiles: number[][] = [];
  for (let row = 0; row < p; row += TILE_ROWS) {
    const rows = Array.from({ length: Math.min(TILE_ROWS, p - row) }, (_, i) => row + i);
    for (let column = row; column < p; column += TILE_COLUMNS) {
      const columns = Array.from({ length: Math.min(TILE_COLUMNS, p - column) }, (_, i) => column + i);
      tiles.push(tile(rows, columns, column === row));
    }
  }
  function tile(rows: readonly number[], columns: readonly number[], first: boolean): number[] {
    const product = (j: number): number => vector(j - rows[0]!);
    const value = vector(TILE_ROWS);
    const sums: { vector: number; register: number }[] = [];
    const summed = (at: number): number => {
      const register = vector(TILE_ROWS + 1 + sums.length);
      sums.push({ vector: at, register });
      return register;
    };
    const last = rows.at(-1) === p - 1;
    const body = [
      ...[...r, ...LOAD, ...set(value)],
      // Σ r in the last pass, which has registers to spare.
      ...(last && first ? addTo(summed(0), get(value)) : []),
      ...rows.flatMap((j) => [...x(j), ...get(value), ...MULTIPLY, ...set(product(j))]),
      ...(first ? rows.flatMap((j) => addTo(summed(1 + j), get(product(j)))) : []),
      ...columns.flatMap((k) => [
        ...[...x(k), ...set(value)],
        ...rows
          .filter((j) => j <= k)
          .flatMap((j) =>
            addTo(summed(productAt(p, j, k)), [...get(product(j)), ...get(value), ...MULTIPLY]),
          ),
      ]),
    ];
    return summing(loop, sums, body);
  }

  return {
    name: 'sweep',
    parameters: 8,
    locals: [
      [p, I32],
      [1, F64],
      [Math.max(p + 2, TILE_ROWS + 1 + TILE_ROWS * (TILE_COLUMNS + 1) + 1), V128],
    ],
    body: [
      ...addressesOf(p, address(1)),
      ...linear,
      ...[...get(risk), ...get(from), I32_ADD, ...get(risk), ...get(to), I32_ADD, 0x10, EXPONENTIALS],
      ...(weighted ? weighting : []),
      ...withoutNext(risk, to, saved, tiles.flat()),
    ],
  };
}

/** Columns of a pass of `cross`. */
const CROSS_COLUMNS = 12;

function crossFunction(p: number): WasmFunction {
  const [risk, out, from, to, at] = [2, 3, 4, 5, 6];
  const address = (j: number): number => (j === 0 ? 0 : 6 + j);
  const saved = 6 + p;
  const product = saved + 1;
  const register = (s: number): number => product + 1 + s;
  const x = (j: number): number[] => [...get(address(j)), ...get(at), I32_ADD, ...LOAD];
  const passes: number[][] = [];
  for (let first = 0; first < p; first += CROSS_COLUMNS) {
    const columns = Array.from({ length: Math.min(CROSS_COLUMNS, p - first) }, (_, s) => first + s);
    const sums = columns.map((j, s) => ({ vector: j, register: register(s) }));
    const own = first === 0 ? [{ vector: p, register: register(CROSS_COLUMNS) }] : [];
    const body = [
      ...[...get(risk), ...get(at), I32_ADD, ...LOAD, ...x(p - 1), ...MULTIPLY, ...set(product)],
      ...sums.flatMap((sum) => addTo(sum.register, [...x(sum.vector), ...get(product), ...MULTIPLY])),
      ...own.flatMap((sum) => addTo(sum.register, get(product))),
    ];
    passes.push(summing({ at, from, to, out }, [...sums, ...own], body));
  }
  return {
    name: 'cross',
    parameters: 6,
    locals: [
      [p, I32],
      [1, F64],
      [CROSS_COLUMNS + 2, V128],
    ],
    body: [...addressesOf(p, address(1)), ...withoutNext(risk, to, saved, passes.flat())],
  };
}

const modules = new Map<string, ReturnType<typeof wasmModule>>();

/** A kernel for p ≥ 1 columns over a memory of so many pages of 64 KiB. Throws RangeError when memory is refused. */
export function coxKernel(p: number, weighted: boolean, pages: number): CoxKernel {
  const key = `${p} ${weighted}`;
  let instantiate = modules.get(key);
  if (!instantiate) {
    instantiate = wasmModule(() => [exponentialsFunction(), sweepFunction(p, weighted), crossFunction(p)]);
    modules.set(key, instantiate);
  }
  const { memory, exports } = instantiate(pages);
  return { memory, ...(exports as Omit<CoxKernel, 'memory'>) };
}
