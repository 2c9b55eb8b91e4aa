/**
 * Small WebAssembly SIMD modules assembled from their few instructions, for loops that JavaScript cannot vectorise.
 * Not responsible for: what they compute (`genotypes/ld/kernel.ts`, `genotypes/scores/*kernel.ts`, `call-kernel.ts`, `cox-kernel.ts`).
 * Encoding: WebAssembly Core Specification 2.0, §5 (binary format).
 */

/** The part of the standard WebAssembly interface used here; Node's own types do not carry it. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Memory: new (limits: { initial: number }) => WasmMemory;
  Instance: new (module: object, imports: object) => { readonly exports: object };
};

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** Bytes of a page of memory; 65,536 pages are all that 32-bit addresses reach. */
export const PAGE = 65536;

export const I32 = 0x7f;
export const F64 = 0x7c;
export const V128 = 0x7b;

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  do {
    const low = value & 127;
    value >>>= 7;
    bytes.push(value === 0 ? low : low | 128);
  } while (value !== 0);
  return bytes;
}

/** An instruction of the vector extension with its immediate bytes. */
export const simd = (code: number, ...immediate: number[]): number[] => [0xfd, ...leb(code), ...immediate];
export const get = (local: number): number[] => [0x20, ...leb(local)];
export const set = (local: number): number[] => [0x21, ...leb(local)];
export const I32_ADD = 0x6a;
export const I32_SHIFT_LEFT = 0x74;
/** Pushes a number from 0 to 8,191: its signed LEB128 has at most two bytes. */
export const number = (value: number): number[] =>
  value < 64 ? [0x41, value] : [0x41, (value & 127) | 128, value >> 7];
/** Pushes a double, or a vector of it twice. */
const doubleBytes = (value: number): number[] => [...new Uint8Array(Float64Array.of(value).buffer)];
export const double = (value: number): number[] => [0x44, ...doubleBytes(value)];
export const doubles = (value: number): number[] => simd(0x0c, ...doubleBytes(value), ...doubleBytes(value));
/** Adds a number to a local. */
export const increase = (local: number, by: number): number[] => [
  ...get(local),
  ...number(by),
  I32_ADD,
  ...set(local),
];
/** Repeats the body, at least once, while local `counter` is below local `end` (unsigned). */
export const loopWhileBelow = (counter: number, end: number, body: readonly number[]): number[] => [
  ...[0x03, 0x40],
  ...body,
  ...[...get(counter), ...get(end), 0x49, 0x0d, 0],
  0x0b,
];

const [WORDS_LOW, WORDS_HIGH] = [simd(0xa9), simd(0xaa)];
const DOUBLES_LOW = simd(0xfe);
/** The upper half of a vector as its lower. */
const UPPER = simd(0x0d, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);

/** Eight bytes at `address` as four vectors of doubles, each put to `use`; `shorts` and `words` are vector locals for it. */
export const eightAsDoubles = (
  address: readonly number[],
  [shorts, words]: readonly [number, number],
  use: (vector: number, doubles: readonly number[]) => readonly number[],
): number[] => [
  ...[...address, ...simd(0x02, 0, 0), ...set(shorts)],
  ...[WORDS_LOW, WORDS_HIGH].flatMap((half, h) => [
    ...[...get(shorts), ...half, ...set(words)],
    ...use(2 * h, [...get(words), ...DOUBLES_LOW]),
    ...use(2 * h + 1, [...get(words), ...get(words), ...UPPER, ...DOUBLES_LOW]),
  ]),
];

export interface WasmFunction {
  readonly name: string;
  /** All of them addresses and lengths (i32); nothing is returned. */
  readonly parameters: number;
  /** Locals after the parameters, by type. */
  readonly locals: readonly (readonly [count: number, type: number])[];
  readonly body: readonly number[];
}

const section = (id: number, items: readonly (readonly number[])[]): number[] => {
  const body = [...leb(items.length), ...items.flat()];
  return [id, ...leb(body.length), ...body];
};
const text = (name: string): number[] => [...leb(name.length), ...Buffer.from(name)];

function moduleBytes(functions: readonly WasmFunction[]): Uint8Array {
  const codes = functions.map(({ locals, body }) => {
    const code = [
      ...leb(locals.length),
      ...locals.flatMap(([count, type]) => [...leb(count), type]),
      ...body,
      0x0b,
    ];
    return [...leb(code.length), ...code];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      functions.map(({ parameters }) => [
        ...[0x60, ...leb(parameters)],
        ...Array.from({ length: parameters }, () => I32),
        0,
      ]),
    ),
    // Memory imported from the host, at least one page.
    ...section(2, [[...text('m'), ...text('m'), 0x02, 0x00, 1]]),
    ...section(
      3,
      functions.map((_, k) => leb(k)),
    ),
    ...section(
      7,
      functions.map(({ name }, k) => [...text(name), 0x00, ...leb(k)]),
    ),
    ...section(10, codes),
  ]);
}

/** A module compiled at its first use. The answer instantiates it over a memory of so many pages; RangeError when memory is refused. */
export function wasmModule(
  functions: () => readonly WasmFunction[],
): (pages: number) => { readonly memory: WasmMemory; readonly exports: object } {
  let compiled: object | undefined;
  return (pages) => {
    compiled ??= new WebAssembly.Module(moduleBytes(functions()));
    const memory = new WebAssembly.Memory({ initial: pages });
    const instance = new WebAssembly.Instance(compiled, { m: { m: memory } });
    return { memory, exports: instance.exports };
  };
}

/**
 * The process's one instance of a module, over a memory of at least so many bytes, whose content is what the last user left: a larger
 * memory is made when one is asked for. RangeError when it is refused.
 */
export function sharedKernel(
  functions: () => readonly WasmFunction[],
): (bytes: number) => { readonly memory: WasmMemory } {
  const instantiate = wasmModule(functions);
  let kept: { readonly memory: WasmMemory } | null = null;
  return (bytes) => {
    if (kept && kept.memory.buffer.byteLength >= bytes) return kept;
    const { memory, exports } = instantiate(Math.max(1, Math.ceil(bytes / PAGE)));
    kept = { memory, ...exports };
    return kept;
  };
}
