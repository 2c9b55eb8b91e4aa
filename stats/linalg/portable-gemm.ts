/**
 * The portable matrix product: packed panels and a 4 × 4 register kernel over typed arrays.
 *
 * Every element of the result is one sum over k in a fixed order (blocks of `DEPTH`, ascending), whatever the shapes, so
 * its bits depend neither on the width of the product nor on its place in it. Not responsible for symmetric or triangular forms.
 */

/** A strided view of doubles: element (i, j) is `data[start + i * rowStride + j * colStride]`; a transpose swaps strides. */
export interface View {
  readonly data: Float64Array;
  readonly start: number;
  readonly rowStride: number;
  readonly colStride: number;
}

// One packed block of A (ROWS × DEPTH, 128 kB) stays in the second-level cache while B's panels stream by.
const DEPTH = 256;
const ROWS = 64;
const COLS = 512;
const TILE = 4;

const packedA = new Float64Array(ROWS * DEPTH);
const packedB = new Float64Array(COLS * DEPTH);

/** Copies `rows` × `depth` of a view into panels of four rows, [panel][k][4], padded with zeros. */
function pack(target: Float64Array, view: View, row0: number, rows: number, k0: number, depth: number): void {
  const { data, start, rowStride, colStride } = view;
  let out = 0;
  for (let i = 0; i < rows; i += TILE) {
    const lanes = Math.min(TILE, rows - i);
    const base = start + (row0 + i) * rowStride + k0 * colStride;
    if (lanes === TILE) {
      for (let k = 0, at = base; k < depth; k++, at += colStride, out += TILE) {
        target[out] = data[at]!;
        target[out + 1] = data[at + rowStride]!;
        target[out + 2] = data[at + 2 * rowStride]!;
        target[out + 3] = data[at + 3 * rowStride]!;
      }
    } else {
      for (let k = 0, at = base; k < depth; k++, at += colStride, out += TILE) {
        for (let lane = 0; lane < TILE; lane++)
          target[out + lane] = lane < lanes ? data[at + lane * rowStride]! : 0;
      }
    }
  }
}

const tile = new Float64Array(TILE * TILE);

/** `tile ← Σ_k a[k][·]·b[k][·]` over one panel of A and one of B. */
function kernel(a: Float64Array, aAt: number, b: Float64Array, bAt: number, depth: number): void {
  let c00 = 0,
    c01 = 0,
    c02 = 0,
    c03 = 0;
  let c10 = 0,
    c11 = 0,
    c12 = 0,
    c13 = 0;
  let c20 = 0,
    c21 = 0,
    c22 = 0,
    c23 = 0;
  let c30 = 0,
    c31 = 0,
    c32 = 0,
    c33 = 0;
  const end = aAt + depth * TILE;
  for (let i = aAt, j = bAt; i < end; i += TILE, j += TILE) {
    const b0 = b[j]!,
      b1 = b[j + 1]!,
      b2 = b[j + 2]!,
      b3 = b[j + 3]!;
    const a0 = a[i]!;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    const a1 = a[i + 1]!;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
    const a2 = a[i + 2]!;
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    c23 += a2 * b3;
    const a3 = a[i + 3]!;
    c30 += a3 * b0;
    c31 += a3 * b1;
    c32 += a3 * b2;
    c33 += a3 * b3;
  }
  tile[0] = c00;
  tile[1] = c01;
  tile[2] = c02;
  tile[3] = c03;
  tile[4] = c10;
  tile[5] = c11;
  tile[6] = c12;
  tile[7] = c13;
  tile[8] = c20;
  tile[9] = c21;
  tile[10] = c22;
  tile[11] = c23;
  tile[12] = c30;
  tile[13] = c31;
  tile[14] = c32;
  tile[15] = c33;
}

/**
 * `C ← C + sign·A·B` with A m × k, B k × n, C m × n, all as views. C may share A's or B's array but not their elements.
 */
export function gemmInto(m: number, n: number, k: number, sign: 1 | -1, a: View, b: View, c: View): void {
  const bT: View = { data: b.data, start: b.start, rowStride: b.colStride, colStride: b.rowStride };
  for (let k0 = 0; k0 < k; k0 += DEPTH) {
    const depth = Math.min(DEPTH, k - k0);
    for (let j0 = 0; j0 < n; j0 += COLS) {
      const cols = Math.min(COLS, n - j0);
      pack(packedB, bT, j0, cols, k0, depth);
      for (let i0 = 0; i0 < m; i0 += ROWS) {
        const rows = Math.min(ROWS, m - i0);
        pack(packedA, a, i0, rows, k0, depth);
        for (let j = 0; j < cols; j += TILE) {
          const nj = Math.min(TILE, cols - j);
          for (let i = 0; i < rows; i += TILE) {
            const ni = Math.min(TILE, rows - i);
            kernel(packedA, i * depth, packedB, j * depth, depth);
            let at = c.start + (i0 + i) * c.rowStride + (j0 + j) * c.colStride;
            for (let r = 0; r < ni; r++, at += c.rowStride) {
              for (let s = 0; s < nj; s++) c.data[at + s * c.colStride]! += sign * tile[r * TILE + s]!;
            }
          }
        }
      }
    }
  }
}
