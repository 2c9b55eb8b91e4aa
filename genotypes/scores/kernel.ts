/**
 * Scoring kernel: weighted sums of eight columns for a stretch of people, variants in groups of four.
 * Not responsible for: missing calls, ploidy, or which variants and columns (`score.ts`).
 *
 * A group's term is ((w₀d₀ + w₁d₁) + w₂d₂) + w₃d₃, and a person's sum adds the terms group by group. That order is the
 * definition of a score to its last bit: of hard calls the 256 terms that a group can have are looked up (`calls`), of
 * dosages they are computed (`dosages`), and both give the same bits, whatever the stretch, the columns beside it and the
 * format of the file.
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
} from '../wasm.js';
import type { WasmFunction, WasmMemory } from '../wasm.js';

/** Columns of a call: a row of them is one cache line. */
export const TILE = 8;
export const GROUP = 4;
/** Groups of a call; absent ones have weights of zero. */
export const GROUPS = 8;
/** Variants of a call. */
export const STEP = GROUP * GROUPS;
/** Calls of four variants in one byte. */
export const COMBINATIONS = 4 ** GROUP;

const ROW = 8 * TILE;
export const TABLE_BYTES = COMBINATIONS * ROW;
const VECTORS = TILE / 2;

export interface ScoringKernel {
  readonly memory: WasmMemory;
  /**
   * sums[s × TILE + c] += table[g][codes[g × stride + s]][c] for groups g in order, with s over [0, people).
   * All arguments but the last two are byte addresses.
   */
  calls(sums: number, codes: number, tables: number, people: number, stride: number): void;
  /**
   * sums[s × TILE + c] += the term of dosages[v × stride + s] and weights[v × TILE + c], group by group.
   * `stride` is in bytes.
   */
  dosages(sums: number, dosages: number, weights: number, people: number, stride: number): void;
}

const LOAD_BYTE = [0x2d, 0, 0];
const loadVector = (offset: number): number[] => simd(0x00, 3, ...leb(offset));
const storeVector = (offset: number): number[] => simd(0x0b, 3, ...leb(offset));
const SPLAT_FLOAT = simd(0x0a, 3, 0);
const ADD = simd(0xf0);
const MULTIPLY = simd(0xf2);

const eachVector = (body: (k: number) => number[]): number[] =>
  Array.from({ length: VECTORS }, (_, k) => body(k)).flat();

/** Both functions pass over the people, with `step` bytes of their second argument for each; parameters are numbered 0 … 4. */
function overPeople(
  name: string,
  step: number,
  locals: readonly (readonly [number, number])[],
  sum: (k: number) => number,
  body: readonly number[],
): WasmFunction {
  const [sums, data, people, end] = [0, 1, 3, 5];
  return {
    name,
    parameters: 5,
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
  const [codes, tables, stride, at, row] = [1, 2, 4, 6, 7];
  const sum = (k: number): number => 8 + k;
  const group = (g: number): number[] => [
    ...[...get(at), ...LOAD_BYTE, ...number(Math.log2(ROW)), I32_SHIFT_LEFT, ...get(tables), I32_ADD],
    ...set(row),
    ...[...get(at), ...get(stride), I32_ADD, ...set(at)],
    ...eachVector((k) => [
      ...get(sum(k)),
      ...[...get(row), ...loadVector(g * TABLE_BYTES + 16 * k)],
      ...ADD,
      ...set(sum(k)),
    ]),
  ];
  const locals = [
    [1, I32],
    [VECTORS, V128],
  ] as const;
  return overPeople('calls', 1, locals, sum, [
    ...[...get(codes), ...set(at)],
    ...Array.from({ length: GROUPS }, (_, g) => group(g)).flat(),
  ]);
}

function dosagesFunction(): WasmFunction {
  const [rows, weights, stride, at] = [1, 2, 4, 6];
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
  return overPeople('dosages', 8, [[2 * VECTORS + 1, V128]], sum, [
    ...[...get(rows), ...set(at)],
    ...Array.from({ length: STEP }, (_, v) => variant(v)).flat(),
  ]);
}

/** A kernel over a memory of so many pages of 64 KiB. */
export const scoringKernel: (pages: number) => ScoringKernel = wasmModule<Omit<ScoringKernel, 'memory'>>(
  () => [callsFunction(), dosagesFunction()],
);
