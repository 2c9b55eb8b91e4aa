/**
 * NdArray: an n-dimensional typed array in memory, row-major. Stored as NumPy's .npy, which every peer reads.
 */

export type ArrayType = 'float64' | 'float32' | 'int32' | 'uint8';

export interface NdArray {
  readonly type: ArrayType;
  readonly shape: readonly number[];
  /** Row-major, product(shape) elements. */
  readonly data: Float64Array | Float32Array | Int32Array | Uint8Array;
}
