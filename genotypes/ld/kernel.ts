/**
 * Counting kernel: how many people are in the intersection of bit planes of two variants, 128 people an instruction.
 * It is a WebAssembly SIMD module (`wasm.ts`), because JavaScript has no popcount.
 * Not responsible for: what the planes mean (`planes.ts`) or when variants are loaded (`ldtable.ts`).
 */
import {
  I32,
  I32_ADD,
  V128,
  get,
  increase,
  leb,
  loopWhileBelow,
  set,
  simd,
  wasmModule,
} from '../../stats/wasm.js';
import type { WasmFunction, WasmMemory } from '../../stats/wasm.js';

/** Bytes of a plane are a multiple of this: one vector. */
export const VECTOR = 16;

/**
 * Vectors a call may take: a 16-bit lane gains at most 16 a vector, so 4,095 fit. 4,095 × 128 = 524,160 people; longer
 * planes are counted in pieces by `ldtable.ts`.
 */
export const MAX_VECTORS = 4095;

export interface CountingKernel {
  readonly memory: WasmMemory;
  /**
   * Three counts at `out` for two variants without missing calls: |L∩L′|, |H∩(L′∪H′)|, |H′∩(L∪H)|.
   * Arguments are byte addresses of planes L, H (first) and L′, H′ (second).
   */
  counts3(l: number, h: number, l2: number, h2: number, bytes: number, out: number): void;
  /** Nine counts at `out`: planes (L, H, N) of the first by (L′, H′, N′) of the second, row by row. */
  counts9(
    l: number,
    h: number,
    n: number,
    l2: number,
    h2: number,
    n2: number,
    bytes: number,
    out: number,
  ): void;
}

const LOAD = simd(0x00, 4, 0);
const AND = simd(0x4e);
const OR = simd(0x50);
const POPCOUNT_BYTES = simd(0x62);
const PAIRS_8_TO_16 = simd(0x7d);
const PAIRS_16_TO_32 = simd(0x7f);
const ADD_16 = simd(0x8e);
const lane = (k: number): number[] => simd(0x1b, k);

/** A term counts |x ∩ (union of y)|; numbers are plane parameters. */
type Term = readonly [x: number, ...y: number[]];

/** A function of `planes` plane addresses, a length in bytes and an output address. */
function countingFunction(name: string, planes: number, terms: readonly Term[]): WasmFunction {
  const [bytes, out, i] = [planes, planes + 1, planes + 2];
  const vector = (plane: number): number => planes + 3 + plane;
  const sum = (term: number): number => planes + 3 + planes + term;
  const load = (plane: number): number[] => [
    ...get(plane),
    ...get(i),
    I32_ADD,
    ...LOAD,
    ...set(vector(plane)),
  ];
  const count = ([x, first, ...others]: Term, term: number): number[] => [
    ...get(sum(term)),
    ...get(vector(x)),
    ...get(vector(first!)),
    ...others.flatMap((y) => [...get(vector(y)), ...OR]),
    ...AND,
    ...POPCOUNT_BYTES,
    ...PAIRS_8_TO_16,
    ...ADD_16,
    ...set(sum(term)),
  ];
  const store = (_: Term, term: number): number[] => [
    ...get(out),
    ...[0, 1, 2, 3].flatMap((k) => [
      ...get(sum(term)),
      ...PAIRS_16_TO_32,
      ...lane(k),
      ...(k > 0 ? [I32_ADD] : []),
    ]),
    // i32.store, alignment 4 bytes, at 4 × term.
    ...[0x36, 2, ...leb(4 * term)],
  ];
  return {
    name,
    parameters: planes + 2,
    // One i32 local (i), then the vectors.
    locals: [
      [1, I32],
      [planes + terms.length, V128],
    ],
    body: [
      ...loopWhileBelow(i, bytes, [
        ...Array.from({ length: planes }, (_, plane) => load(plane)).flat(),
        ...terms.flatMap(count),
        ...increase(i, VECTOR),
      ]),
      ...terms.flatMap(store),
    ],
  };
}

/** Parameters 0 L, 1 H, 2 L′, 3 H′. */
const TERMS_3: readonly Term[] = [
  [0, 2],
  [1, 2, 3],
  [3, 0, 1],
];
/** Parameters 0 L, 1 H, 2 N, 3 L′, 4 H′, 5 N′. */
const TERMS_9: readonly Term[] = [0, 1, 2].flatMap((x) => [3, 4, 5].map((y): Term => [x, y]));

const instantiate = wasmModule(() => [
  countingFunction('counts3', 4, TERMS_3),
  countingFunction('counts9', 6, TERMS_9),
]);

/** A kernel over a memory of so many pages of 64 KiB (at most 65,536). Throws RangeError when memory is refused. */
export function countingKernel(pages: number): CountingKernel {
  const { memory, exports } = instantiate(pages);
  return { memory, ...(exports as Omit<CountingKernel, 'memory'>) };
}
