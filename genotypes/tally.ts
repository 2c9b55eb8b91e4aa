/**
 * Bits of packed calls counted, sixteen bytes an instruction, as WebAssembly (`wasm.ts`), because JavaScript has no popcount.
 * Not responsible for: what the bits mean (`hardcalls.ts`).
 */
import {
  I32_ADD,
  PAGE,
  V128,
  get,
  increase,
  leb,
  loopWhileBelow,
  set,
  simd,
  wasmModule,
} from '../stats/wasm.js';
import type { WasmFunction, WasmMemory } from '../stats/wasm.js';

/** Bytes of a call: a lane of 16 bits gains at most 8 a vector. */
const PIECE = 32_768;
const VECTOR = 16;
const COUNTS = 3;

interface TallyKernel {
  readonly memory: WasmMemory;
  /** Three counts of 32 bits at `out` for bytes from `at` to `end` (at least one vector): low bits, high bits, and calls with both. */
  tally(at: number, end: number, out: number): void;
}

function tallyFunction(): WasmFunction {
  const [at, end, out] = [0, 1, 2];
  const bits = (k: number): number => 3 + k;
  const sum = (k: number): number => 3 + COUNTS + k;
  const LOW_BITS = simd(0x0c, ...new Array<number>(VECTOR).fill(0x55));
  const AND = simd(0x4e);
  const LOAD = simd(0x00, 4, 0);
  const SHIFT_RIGHT_ONE = [0x41, 1, ...simd(0x8d)];
  const POPCOUNT_BYTES = simd(0x62);
  const PAIRS_8_TO_16 = simd(0x7d);
  const PAIRS_16_TO_32 = simd(0x7f);
  const ADD_16 = simd(0x8e);
  const lane = (k: number): number[] => simd(0x1b, k);
  const counts = [0, 1, 2];
  return {
    name: 'tally',
    parameters: 3,
    locals: [[2 * COUNTS, V128]],
    body: [
      ...loopWhileBelow(at, end, [
        ...[...get(at), ...LOAD, ...LOW_BITS, ...AND, ...set(bits(0))],
        // A bit that crosses into the byte beside it lands where the mask drops it.
        ...[...get(at), ...LOAD, ...SHIFT_RIGHT_ONE, ...LOW_BITS, ...AND, ...set(bits(1))],
        ...[...get(bits(0)), ...get(bits(1)), ...AND, ...set(bits(2))],
        ...counts.flatMap((k) => [
          ...[
            ...get(sum(k)),
            ...get(bits(k)),
            ...POPCOUNT_BYTES,
            ...PAIRS_8_TO_16,
            ...ADD_16,
            ...set(sum(k)),
          ],
        ]),
        ...increase(at, VECTOR),
      ]),
      ...counts.flatMap((k) => [
        ...get(out),
        ...[0, 1, 2, 3].flatMap((l) => [
          ...[...get(sum(k)), ...PAIRS_16_TO_32, ...lane(l), ...(l > 0 ? [I32_ADD] : [])],
        ]),
        ...[0x36, 2, ...leb(4 * k)],
      ]),
    ],
  };
}

const instantiate = wasmModule(() => [tallyFunction()]);

let kernel: TallyKernel | undefined;
let bytes = new Uint8Array(0);
let counts = new Int32Array(0);

/** Of calls of two bits: how many have their low bit, their high bit, and both. */
export function tallyBits(packed: Uint8Array): [low: number, high: number, both: number] {
  if (kernel === undefined) {
    const { memory, exports } = instantiate(1);
    kernel = { memory, ...(exports as Omit<TallyKernel, 'memory'>) };
    bytes = new Uint8Array(memory.buffer, 0, PIECE);
    counts = new Int32Array(memory.buffer, PAGE - 4 * VECTOR, COUNTS);
  }
  const totals: [number, number, number] = [0, 0, 0];
  for (let from = 0; from < packed.length; from += PIECE) {
    const piece = packed.subarray(from, from + PIECE);
    const end = Math.ceil(piece.length / VECTOR) * VECTOR;
    bytes.set(piece);
    bytes.fill(0, piece.length, end);
    kernel.tally(0, end, counts.byteOffset);
    for (let k = 0; k < COUNTS; k++) totals[k]! += counts[k]!;
  }
  return totals;
}
