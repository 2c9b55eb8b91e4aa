/**
 * Kernel of dosage-moments.ts: adds rows of 16-bit lanes. Not responsible for what the lanes hold, or when they are full.
 */
import {
  I32,
  I32_ADD,
  PAGE,
  get,
  increase,
  loopWhileBelow,
  set,
  simd,
  wasmModule,
  type WasmMemory,
} from './wasm.js';

/** Lanes of a vector; rows are as many of them as it takes. */
export const LANES = 8;

export interface GapKernel {
  readonly memory: WasmMemory;
  /** sum[k] += row[k] for the lanes of `bytes` bytes (at least one vector, whole vectors); addresses in bytes. */
  add(sum: number, row: number, bytes: number): void;
}

const [SUM, ROW, BYTES, END] = [0, 1, 2, 3];
const I16X8_ADD = simd(0x8e);
const load = simd(0x00, 4, 0);
const store = simd(0x0b, 4, 0);
const VECTOR = 16;

const instantiate = wasmModule(() => [
  {
    name: 'add',
    parameters: 3,
    locals: [[1, I32]],
    body: [
      ...[...get(SUM), ...get(BYTES), I32_ADD, ...set(END)],
      ...loopWhileBelow(SUM, END, [
        ...get(SUM),
        ...[...get(SUM), ...load, ...get(ROW), ...load, ...I16X8_ADD],
        ...store,
        ...increase(SUM, VECTOR),
        ...increase(ROW, VECTOR),
      ]),
    ],
  },
]);

let kept: GapKernel | null = null;

/** The process's kernel, over a memory of at least so many bytes, whose content is what the last user left. */
export function gapKernel(bytes: number): GapKernel {
  if (kept && kept.memory.buffer.byteLength >= bytes) return kept;
  const { memory, exports } = instantiate(Math.ceil(bytes / PAGE));
  kept = { memory, ...(exports as Omit<GapKernel, 'memory'>) };
  return kept;
}
