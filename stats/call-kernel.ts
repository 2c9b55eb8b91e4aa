/**
 * The loops over called genotypes of dosage-block.ts and dosage-moments.ts: a byte a person. Not responsible for what is called, or
 * for gaps.
 */
import {
  I32,
  I32_ADD,
  V128,
  eightAsDoubles,
  get,
  increase,
  leb,
  loopWhileBelow,
  set,
  sharedKernel,
  simd,
  type WasmFunction,
  type WasmMemory,
} from './wasm.js';

/** Bytes of a vector: what the functions read and write comes in whole ones. */
export const VECTOR = 16;

/**
 * Addresses and lengths are in bytes, lengths in whole vectors. What `multiply` and `accumulate` read beyond the last person must be zero calls
 * and finite numbers.
 */
export interface CallKernel {
  readonly memory: WasmMemory;
  /** sum[k] += row[k], bytes, without a carry. */
  add(sum: number, row: number, bytes: number): void;
  /** single[i] = calls[i]. */
  widen(single: number, calls: number, bytes: number): void;
  /** The two doubles at `sum` += Σ calls[i] × values[i], of even and of odd i. */
  multiply(sum: number, calls: number, bytes: number, values: number): void;
  /** sums[i] += calls[i] × the double at `weight`. */
  accumulate(sums: number, calls: number, bytes: number, weight: number): void;
}

const [FIRST, CALLS, BYTES, LAST] = [0, 1, 2, 3];
const LOAD = simd(0x00, 0, 0);
const STORE = simd(0x0b, 0, 0);
const load = (vector: number): number[] => simd(0x00, 0, ...leb(VECTOR * vector));
const store = (vector: number): number[] => simd(0x0b, 0, ...leb(VECTOR * vector));
const SPLAT_DOUBLE = simd(0x0a, 0, 0);
const BYTES_ADD = simd(0x6e);
const [WORDS_LOW, WORDS_HIGH] = [simd(0xa9), simd(0xaa)];
const [SHORTS_LOW, SHORTS_HIGH] = [simd(0x89), simd(0x8a)];
const SINGLES = simd(0xfa);
const ADD = simd(0xf0);
const MULTIPLY = simd(0xf2);

/** end ← start + bytes. */
const endAt = (end: number, start: number): number[] => [
  ...[...get(start), ...get(BYTES), I32_ADD, ...set(end)],
];

function addFunction(): WasmFunction {
  const end = 3;
  return {
    name: 'add',
    parameters: 3,
    locals: [[1, I32]],
    body: [
      ...endAt(end, FIRST),
      ...loopWhileBelow(FIRST, end, [
        ...[...get(FIRST), ...get(FIRST), ...LOAD, ...get(CALLS), ...LOAD, ...BYTES_ADD, ...STORE],
        ...increase(FIRST, VECTOR),
        ...increase(CALLS, VECTOR),
      ]),
    ],
  };
}

function widenFunction(): WasmFunction {
  const [end, calls] = [3, 4];
  const quarter = (half: readonly number[], words: readonly number[], vector: number): number[] => [
    ...[...get(FIRST), ...get(calls), ...half, ...words, ...SINGLES, ...store(vector)],
  ];
  return {
    name: 'widen',
    parameters: 3,
    locals: [
      [1, I32],
      [1, V128],
    ],
    body: [
      ...endAt(end, CALLS),
      ...loopWhileBelow(CALLS, end, [
        ...[...get(CALLS), ...LOAD, ...set(calls)],
        ...quarter(SHORTS_LOW, WORDS_LOW, 0),
        ...quarter(SHORTS_LOW, WORDS_HIGH, 1),
        ...quarter(SHORTS_HIGH, WORDS_LOW, 2),
        ...quarter(SHORTS_HIGH, WORDS_HIGH, 3),
        ...increase(CALLS, VECTOR),
        ...increase(FIRST, 4 * VECTOR),
      ]),
    ],
  };
}

function multiplyFunction(): WasmFunction {
  const [end, shorts, words, sum] = [4, 5, 6, 7];
  const at = (k: number): number => sum + k;
  return {
    name: 'multiply',
    parameters: 4,
    locals: [
      [1, I32],
      [6, V128],
    ],
    body: [
      ...endAt(end, CALLS),
      ...loopWhileBelow(CALLS, end, [
        ...eightAsDoubles(get(CALLS), [shorts, words], (vector, doubles) => [
          ...[...doubles, ...get(LAST), ...load(vector), ...MULTIPLY],
          ...[...get(at(vector)), ...ADD, ...set(at(vector))],
        ]),
        ...increase(CALLS, 8),
        ...increase(LAST, 64),
      ]),
      ...[...get(FIRST), ...get(FIRST), ...LOAD],
      ...[...get(at(0)), ...get(at(1)), ...ADD, ...get(at(2)), ...get(at(3)), ...ADD, ...ADD],
      ...[...ADD, ...STORE],
    ],
  };
}

function accumulateFunction(): WasmFunction {
  const [end, shorts, words, weight] = [4, 5, 6, 7];
  return {
    name: 'accumulate',
    parameters: 4,
    locals: [
      [1, I32],
      [3, V128],
    ],
    body: [
      ...endAt(end, CALLS),
      ...[...get(LAST), ...SPLAT_DOUBLE, ...set(weight)],
      ...loopWhileBelow(CALLS, end, [
        ...eightAsDoubles(get(CALLS), [shorts, words], (vector, doubles) => [
          ...[...get(FIRST), ...get(FIRST), ...load(vector)],
          ...[...doubles, ...get(weight), ...MULTIPLY, ...ADD, ...store(vector)],
        ]),
        ...increase(CALLS, 8),
        ...increase(FIRST, 64),
      ]),
    ],
  };
}

export const callKernel = sharedKernel(() => [
  addFunction(),
  widenFunction(),
  multiplyFunction(),
  accumulateFunction(),
]) as (bytes: number) => CallKernel;

/** Bytes up to the next whole vector. */
export const wholeVectors = (bytes: number): number => VECTOR * Math.ceil(bytes / VECTOR);
