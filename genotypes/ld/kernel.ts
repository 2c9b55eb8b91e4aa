/**
 * Counting kernel: how many people are in the intersection of bit planes of two variants, 128 people an instruction.
 * It is a WebAssembly SIMD module assembled here from its few instructions, because JavaScript has no popcount.
 * Not responsible for: what the planes mean (`planes.ts`) or when variants are loaded (`ldtable.ts`).
 * Encoding: WebAssembly Core Specification 2.0, §5 (binary format).
 */

/** The part of the standard WebAssembly interface used here; Node's own types do not carry it. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Memory: new (limits: { initial: number }) => { readonly buffer: ArrayBuffer };
  Instance: new (module: object, imports: object) => { readonly exports: object };
};

/** Bytes of a plane are a multiple of this: one vector. */
export const VECTOR = 16;

/**
 * Vectors a call may take: a 16-bit lane gains at most 16 a vector, so 4,095 fit. 4,095 × 128 = 524,160 people; longer
 * planes are counted in pieces by `ldtable.ts`.
 */
export const MAX_VECTORS = 4095;

export interface CountingKernel {
  readonly memory: { readonly buffer: ArrayBuffer };
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

const I32 = 0x7f;
const V128 = 0x7b;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const I32_CONST = 0x41;
const I32_ADD = 0x6a;

/** Unsigned LEB128; the few signed constants used here are below 64 and coincide. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  do {
    const low = value & 127;
    value >>>= 7;
    bytes.push(value === 0 ? low : low | 128);
  } while (value !== 0);
  return bytes;
}

const simd = (code: number, ...immediate: number[]): number[] => [0xfd, ...leb(code), ...immediate];
const get = (local: number): number[] => [LOCAL_GET, ...leb(local)];
const set = (local: number): number[] => [LOCAL_SET, ...leb(local)];

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

/** Body of a function of `planes` plane addresses, a length in bytes and an output address. */
function countingFunction(planes: number, terms: readonly Term[]): number[] {
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
  const code = [
    // One i32 local (i), then the vectors.
    ...[2, 1, I32, ...leb(planes + terms.length), V128],
    ...[0x03, 0x40], // loop
    ...Array.from({ length: planes }, (_, plane) => load(plane)).flat(),
    ...terms.flatMap(count),
    ...[...get(i), I32_CONST, VECTOR, I32_ADD, ...set(i)],
    ...[...get(i), ...get(bytes), 0x49, 0x0d, 0], // i < bytes: br_if 0
    0x0b, // end loop
    ...terms.flatMap(store),
    0x0b,
  ];
  return [...leb(code.length), ...code];
}

const section = (id: number, items: readonly number[][]): number[] => {
  const body = [...leb(items.length), ...items.flat()];
  return [id, ...leb(body.length), ...body];
};
const name = (text: string): number[] => [...leb(text.length), ...Buffer.from(text)];
const signature = (parameters: number): number[] => [
  0x60,
  ...leb(parameters),
  ...Array.from({ length: parameters }, () => I32),
  0,
];

/** Parameters 0 L, 1 H, 2 L′, 3 H′. */
const TERMS_3: readonly Term[] = [
  [0, 2],
  [1, 2, 3],
  [3, 0, 1],
];
/** Parameters 0 L, 1 H, 2 N, 3 L′, 4 H′, 5 N′. */
const TERMS_9: readonly Term[] = [0, 1, 2].flatMap((x) => [3, 4, 5].map((y): Term => [x, y]));

function moduleBytes(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [signature(6), signature(8)]),
    // Memory imported from the host, at least one page.
    ...section(2, [[...name('m'), ...name('m'), 0x02, 0x00, 1]]),
    ...section(3, [[0], [1]]),
    ...section(7, [
      [...name('counts3'), 0x00, 0],
      [...name('counts9'), 0x00, 1],
    ]),
    ...section(10, [countingFunction(4, TERMS_3), countingFunction(6, TERMS_9)]),
  ]);
}

let compiled: object | undefined;

/** A kernel over a memory of `pages` × 64 KiB (at most 65,536 pages). Throws RangeError when memory is refused. */
export function countingKernel(pages: number): CountingKernel {
  compiled ??= new WebAssembly.Module(moduleBytes());
  const memory = new WebAssembly.Memory({ initial: pages });
  const instance = new WebAssembly.Instance(compiled, { m: { m: memory } });
  const { counts3, counts9 } = instance.exports as Omit<CountingKernel, 'memory'>;
  return { memory, counts3, counts9 };
}
