// Products of rows in single precision, by the system's BLAS. They rule out donors that are too far (knn-search.ts) and
// decide nothing else, so their rounding is never seen in a result. Not responsible for what the rows hold.
import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import type { Backend } from './linalg/backend.js';
import { findBackend } from './linalg/linalg.js';

/** out = A·Bᵀ, all row-major: A is rows × inner, B is cols × inner. */
export type RowProduct = (
  out: Float32Array,
  a: Float32Array,
  b: Float32Array,
  rows: number,
  cols: number,
  inner: number,
) => void;

const ROW_MAJOR = 101;
const PLAIN = 111;
const TRANSPOSED = 112;

/** Null where there is no such product: loops over doubles are then as fast as any that JavaScript could do. */
export function rowProduct(backend: Backend): RowProduct | null {
  if (backend.kind === 'portable') return null;
  const { library } = findBackend();
  if (library === undefined) return null;
  const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
  // It is open already, and held to one thread.
  const sgemm = koffi
    .load(library)
    .func(
      'void cblas_sgemm(int, int, int, int, int, int, float, float *, int, float *, int, float, float *, int)',
    ) as (...args: unknown[]) => void;
  return (out, a, b, rows, cols, inner) => {
    sgemm(ROW_MAJOR, PLAIN, TRANSPOSED, rows, cols, inner, 1, a, inner, b, inner, 0, out, cols);
  };
}
