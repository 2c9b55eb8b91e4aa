/**
 * Scoring kernel for columns that weigh few variants: weighted sums of any number of columns for sixteen people at a time,
 * which stay in registers. It gives the bits of `kernel.ts`: the terms of a group are added up before they join the sum.
 * Not responsible for: missing calls, ploidy, or which variants and columns.
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
import { GROUP, PACKED_STRIDE } from './kernel.js';

/** People of a call. */
export const STRIP = 16;
/** Bytes of a strip: of a variant's dosages, and of a column's sums. */
export const STRIP_BYTES = 8 * STRIP;
/**
 * A weight that is not zero: where its variant's dosages begin, counted from the strip's first (32 bits); how many of the
 * column's weights are in its group if it is their first (32 bits); the weight (64 bits).
 */
export const ENTRY_BYTES = 16;
/** Values of a variant's four calls. */
export const VALUES_BYTES = 32;

const VECTORS = STRIP / 2;

/** Arguments are byte addresses. */
export interface SparseKernel {
  readonly memory: WasmMemory;
  /**
   * dosages[v × STRIP + s] = values[v][call of s] for variants whose calls begin at `packed`, one PACKED_STRIDE after
   * another, until `end` (at least one).
   */
  unpack(packed: number, end: number, values: number, dosages: number): void;
  /**
   * sums[c × STRIP + s] += the terms of column c's entries, group by group, for the columns whose numbers of 32 bits lie
   * from `ends` to `endsEnd` (at least one): where the entries of each end, which begin where those before it end.
   */
  add(ends: number, endsEnd: number, entries: number, dosages: number, sums: number): void;
}

const I32_AND = 0x71;
const I32_SHIFT_RIGHT = 0x76;
const IF_BELOW = [0x49, 0x04, 0x40];
const IF_EQUAL = [0x46, 0x04, 0x40];
const ELSE = 0x05;
const END = 0x0b;
const loadNumber = (offset: number): number[] => [0x28, 2, ...leb(offset)];
const loadFloat = [0x2b, 3, 0];
const storeFloat = (offset: number): number[] => [0x39, 3, ...leb(offset)];
const loadVector = (offset: number): number[] => simd(0x00, 3, ...leb(offset));
const storeVector = (offset: number): number[] => simd(0x0b, 3, ...leb(offset));
const loadSplat = (offset: number): number[] => simd(0x0a, 3, ...leb(offset));
const ADD = simd(0xf0);
const MULTIPLY = simd(0xf2);

const upTo = (count: number): number[] => Array.from({ length: count }, (_, k) => k);

function unpackFunction(): WasmFunction {
  const [packed, end, values, dosages, word] = [0, 1, 2, 3, 4];
  // The two bits of a call, times the eight bytes of its value.
  const offset = (s: number): number[] => {
    const shift = 2 * s - 3;
    const [by, direction] = shift < 0 ? [-shift, I32_SHIFT_LEFT] : [shift, I32_SHIFT_RIGHT];
    return [...get(word), ...number(by), direction, ...number(24), I32_AND];
  };
  return {
    name: 'unpack',
    parameters: 4,
    locals: [[1, I32]],
    body: loopWhileBelow(packed, end, [
      ...[...get(packed), ...loadNumber(0), ...set(word)],
      ...upTo(STRIP).flatMap((s) => [
        ...[...get(dosages), ...offset(s), ...get(values), I32_ADD, ...loadFloat, ...storeFloat(8 * s)],
      ]),
      ...increase(packed, PACKED_STRIDE),
      ...increase(values, VALUES_BYTES),
      ...increase(dosages, STRIP_BYTES),
    ]),
  };
}

function addFunction(): WasmFunction {
  const [ends, endsEnd, entry, dosages, sums, end, count] = [0, 1, 2, 3, 4, 5, 6];
  const row = (k: number): number => 7 + k;
  const sum = (v: number): number => 7 + GROUP + v;
  const weight = (k: number): number => 7 + GROUP + VECTORS + k;
  const eachVector = (body: (v: number) => number[]): number[] => upTo(VECTORS).flatMap(body);
  /** The term of a group with so many weights, joined to the sums. */
  const group = (size: number): number[] => [
    ...upTo(size).flatMap((k) => [
      ...[...get(entry), ...loadNumber(k * ENTRY_BYTES), ...get(dosages), I32_ADD, ...set(row(k))],
      ...[...get(entry), ...loadSplat(k * ENTRY_BYTES + 8), ...set(weight(k))],
    ]),
    ...eachVector((v) => [
      ...get(sum(v)),
      ...upTo(size).flatMap((k) => [
        ...[...get(row(k)), ...loadVector(16 * v), ...get(weight(k)), ...MULTIPLY, ...(k === 0 ? [] : ADD)],
      ]),
      ...[...ADD, ...set(sum(v))],
    ]),
    ...increase(entry, size * ENTRY_BYTES),
  ];
  const bySize = (size: number): number[] =>
    size === GROUP
      ? group(size)
      : [...get(count), ...number(size), ...IF_EQUAL, ...group(size), ELSE, ...bySize(size + 1), END];
  return {
    name: 'add',
    parameters: 5,
    locals: [
      [2 + GROUP, I32],
      [VECTORS + GROUP, V128],
    ],
    body: loopWhileBelow(ends, endsEnd, [
      ...[...get(ends), ...loadNumber(0), ...set(end)],
      ...[...get(entry), ...get(end), ...IF_BELOW],
      ...eachVector((v) => [...get(sums), ...loadVector(16 * v), ...set(sum(v))]),
      ...loopWhileBelow(entry, end, [...get(entry), ...loadNumber(4), ...set(count), ...bySize(1)]),
      ...eachVector((v) => [...get(sums), ...get(sum(v)), ...storeVector(16 * v)]),
      END,
      ...increase(sums, STRIP_BYTES),
      ...increase(ends, 4),
    ]),
  };
}

const instantiate = wasmModule(() => [unpackFunction(), addFunction()]);

/** A kernel over a memory of so many pages of 64 KiB (at most 65,536). Throws RangeError when memory is refused. */
export function sparseKernel(pages: number): SparseKernel {
  const { memory, exports } = instantiate(pages);
  return { memory, ...(exports as Omit<SparseKernel, 'memory'>) };
}
