/**
 * The loop of term-sums.ts: weighted copies of many variants, one after another, added to the sums of eight people at a time.
 * Not responsible for: which variants those are.
 */
import {
  I32,
  I32_ADD,
  V128,
  doubles,
  eightAsDoubles,
  get,
  increase,
  leb,
  loopWhileBelow,
  set,
  sharedKernel,
  simd,
} from '../../stats/wasm.js';
import type { WasmMemory } from '../../stats/wasm.js';

/** A term: the address of its copies (32 bits, then 32 of nothing), its weight, what counts for a gap (doubles). */
export const TERM_BYTES = 24;
/** What stands for a gap among copies. */
export const GAP_CODE = 3;
/** People that are added to at a time. */
export const PEOPLE_AT_ONCE = 8;

export interface TermKernel {
  readonly memory: WasmMemory;
  /**
   * sums[i] += weight × copies[i] for each term from address `terms` up to `termsEnd` (at least one), and the people from `sums`, a
   * double each, up to `sumsEnd`, in whole PEOPLE_AT_ONCE.
   */
  add(sums: number, sumsEnd: number, terms: number, termsEnd: number): void;
}

const [SUMS, SUMS_END, TERMS, TERMS_END, TERM, PERSON] = [0, 1, 2, 3, 4, 5];
const [SHORTS, WORDS, WEIGHT, EXPECTED, GAP, COPIES, SUM] = [6, 7, 8, 9, 10, 11, 12];
const VECTORS = [0, 1, 2, 3];
const ADDRESS = [0x28, 2, 0];
const splat = (offset: number): number[] => simd(0x0a, 3, ...leb(offset));
const load = (vector: number): number[] => simd(0x00, 3, ...leb(16 * vector));
const store = (vector: number): number[] => simd(0x0b, 3, ...leb(16 * vector));
const EQUAL = simd(0x47);
const CHOOSE = simd(0x52);
const ADD = simd(0xf0);
const MULTIPLY = simd(0xf2);

export const termKernel = sharedKernel(() => [
  {
    name: 'add',
    parameters: 4,
    locals: [
      [2, I32],
      [10, V128],
    ],
    body: [
      ...[...doubles(GAP_CODE), ...set(GAP)],
      ...loopWhileBelow(SUMS, SUMS_END, [
        ...VECTORS.flatMap((v) => [...get(SUMS), ...load(v), ...set(SUM + v)]),
        ...[...get(TERMS), ...set(TERM)],
        ...loopWhileBelow(TERM, TERMS_END, [
          ...[...get(TERM), ...splat(8), ...set(WEIGHT), ...get(TERM), ...splat(16), ...set(EXPECTED)],
          ...eightAsDoubles(
            [...get(TERM), ...ADDRESS, ...get(PERSON), I32_ADD],
            [SHORTS, WORDS],
            (v, copies) => [
              ...[...copies, ...set(COPIES), ...get(SUM + v), ...get(WEIGHT)],
              ...[...get(EXPECTED), ...get(COPIES), ...get(COPIES), ...get(GAP), ...EQUAL, ...CHOOSE],
              ...[...MULTIPLY, ...ADD, ...set(SUM + v)],
            ],
          ),
          ...increase(TERM, TERM_BYTES),
        ]),
        ...VECTORS.flatMap((v) => [...get(SUMS), ...get(SUM + v), ...store(v)]),
        ...increase(SUMS, 8 * PEOPLE_AT_ONCE),
        ...increase(PERSON, PEOPLE_AT_ONCE),
      ]),
    ],
  },
]) as (bytes: number) => TermKernel;
