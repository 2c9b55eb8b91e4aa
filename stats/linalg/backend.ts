/**
 * What a linear-algebra backend offers: the few operations that the estimators need, over row-major doubles.
 *
 * Not responsible for choosing a backend (`linalg.ts`) nor for any estimator.
 *
 * Determinism: within one backend `name`, equal arguments give equal bits. OpenBLAS changes bits with the *width* of a
 * product, so anything whose value must not depend on its batch goes through `tiledProduct` (items.ts).
 */
import type { Matrix } from './matrix.js';
import type { Tridiagonal } from './tridiagonal.js';

/** Whether an operand enters as itself or transposed. */
export type Operand = 'N' | 'T';

/** `A = Vᵀ·diag(values)·V`. */
export interface SymmetricEigen {
  /** Ascending. */
  readonly values: Float64Array;
  /** ROW k is the unit eigenvector of `values[k]` (n × n). The sign is unspecified. */
  readonly vectors: Matrix;
}

/** `potrf`'s verdict; failure is a value, because a singular matrix is data, not a bug. */
export type Cholesky =
  | {
      readonly ok: true;
      /** Lower triangular L with A = LLᵀ; zeros above the diagonal. */ readonly factor: Matrix;
    }
  | {
      readonly ok: false;
      /** 0-based order of the leading minor that is not positive definite. */ readonly pivot: number;
    };

/** out = A·Bᵀ, all row-major: A is rows × inner, B is cols × inner. */
export type RowProducts = (
  out: Float32Array,
  a: Float32Array,
  b: Float32Array,
  rows: number,
  cols: number,
  inner: number,
) => void;

export interface Backend {
  /** Library, configuration and CPU kernel, e.g. `openblas 0.3.21 … Haswell`; recorded with every result. */
  readonly name: string;
  readonly kind: 'portable' | 'native';

  /** `opA(A)·opB(B)` as a new matrix. */
  gemm(a: Matrix, b: Matrix, opA?: Operand, opB?: Operand): Matrix;

  /** `C ← opA(A)·opB(B) + C`, in place; for sums over blocks of rows. */
  gemmAdd(c: Matrix, a: Matrix, b: Matrix, opA?: Operand, opB?: Operand): void;

  /** `y ← op(A)·x + y`, in place: several times faster than a product with one column. */
  gemvAdd(y: Float64Array, a: Matrix, x: Float64Array, op: Operand): void;

  /** The symmetric product, both triangles filled: 'T' → AᵀA (cols × cols), 'N' → AAᵀ (rows × rows). */
  syrk(a: Matrix, op: Operand): Matrix;

  /**
   * Adds A·Aᵀ ('N', the default) to the lower triangle of C (rows × rows), or AᵀA ('T', cols × cols), for A rows × cols, both in
   * one precision. Whole numbers whose sums stay within 2²⁴ (single precision) or 2⁵³ (double) are added exactly, in whatever order.
   */
  syrkAdd<T extends Float32Array | Float64Array>(c: T, a: T, rows: number, cols: number, op?: Operand): void;

  /**
   * Products in single precision, for what is decided elsewhere in double precision; null where they would be no faster than loops
   * over doubles.
   */
  readonly rowProducts: RowProducts | null;

  /** Cholesky factor of a symmetric matrix; only its lower triangle is read, and it is not changed. */
  potrf(a: Matrix): Cholesky;

  /** Solves `A·X = B` from A's factor; `b` is n × k and unchanged. */
  potrs(factor: Matrix, b: Matrix): Matrix;

  /** Eigenvalues and eigenvectors of a symmetric matrix; only its lower triangle is read. */
  eigenSymmetric(a: Matrix): SymmetricEigen;

  /** Eigenvalues only, ascending; several times cheaper. */
  eigenvaluesSymmetric(a: Matrix): Float64Array;

  /** A symmetric matrix in tridiagonal form: a third of the cost of its eigenvectors. Only the lower triangle is read. */
  tridiagonalise(a: Matrix): Tridiagonal;
}
