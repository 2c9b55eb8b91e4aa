/**
 * Products of one matrix with many items (targets, exposures) in which an item's bits do not depend on its batch.
 *
 * A BLAS picks its kernel by the shape of a product, so a column computed alone and the same column computed among 259
 * others differ in their last bits. Here the width is always ITEM_TILE: the last tile is padded with zeros.
 */
import type { Backend, Operand } from './backend.js';
import { matrix, type Matrix } from './matrix.js';

/** Width of every product: three quarters of OpenBLAS's full speed, and a lone item costs under four matrix–vector products. */
export const ITEM_TILE = 32;

/**
 * `op(A)·item` for every item. `op(A)` is m × n, each item has n values; the result has one array of m values per item, in
 * order. 'T' multiplies by Aᵀ without forming it.
 */
export function productWithItems(
  backend: Backend,
  a: Matrix,
  items: readonly ArrayLike<number>[],
  op: Operand = 'N',
): Float64Array[] {
  const [m, n] = op === 'N' ? [a.rows, a.cols] : [a.cols, a.rows];
  const tile = matrix(ITEM_TILE, n);
  const results: Float64Array[] = [];
  for (let first = 0; first < items.length; first += ITEM_TILE) {
    const batch = items.slice(first, first + ITEM_TILE);
    tile.data.fill(0);
    batch.forEach((item, i) => {
      if (item.length !== n) {
        throw new Error(`internal error: item ${first + i} has ${item.length} values, expected ${n}`);
      }
      tile.data.set(item, i * n);
    });
    const product = backend.gemm(tile, a, 'N', op === 'N' ? 'T' : 'N');
    batch.forEach((_, i) => results.push(product.data.slice(i * m, (i + 1) * m)));
  }
  return results;
}
