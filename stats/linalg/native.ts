/**
 * The backend over a system BLAS and LAPACK (OpenBLAS, MKL, Accelerate), called in place through koffi.
 *
 * Not responsible for finding the library (`linalg.ts`). The library runs on one thread: the engine's workers are the
 * parallelism, and a fixed reduction order is what makes results repeat.
 */
import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import type { Backend, Operand } from './backend.js';
import { matrix, type Matrix } from './matrix.js';

// CBLAS enumerations.
const ROW_MAJOR = 101;
const PLAIN = 111;
const TRANSPOSED = 112;
const LOWER = 122;
const NON_UNIT = 131;
const LEFT = 141;
// A row-major lower triangle is what LAPACK, which is column-major, calls upper.
const LAPACK_UPPER = 'U';

/** Columns that dsytrd reduces together, at most; its choice is 32 or 64. */
const TRIDIAGONAL_PANEL = 64;

const cblas = (op: Operand): number => (op === 'N' ? PLAIN : TRANSPOSED);

type Call = (...args: unknown[]) => unknown;

/** Opens `path` and checks that it computes; throws an Error whose message says what is wrong with the library. */
export function openNative(path: string): Backend {
  const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
  const library = loadSingleThreaded(koffi, path);
  const optional = (signature: string): Call | undefined => {
    try {
      return library.func(signature) as Call;
    } catch {
      return undefined;
    }
  };
  const required = (signature: string): Call => library.func(signature) as Call;
  const name = describe(path, optional);
  const dgemm = required(
    'void cblas_dgemm(int, int, int, int, int, int, double, double *, int, double *, int, double, double *, int)',
  );
  const dgemv = required(
    'void cblas_dgemv(int, int, int, int, double, double *, int, double *, int, double, double *, int)',
  );
  const dsyrk = required(
    'void cblas_dsyrk(int, int, int, int, int, double, double *, int, double, double *, int)',
  );
  const ssyrk = required(
    'void cblas_ssyrk(int, int, int, int, int, float, float *, int, float, float *, int)',
  );
  const sgemm = required(
    'void cblas_sgemm(int, int, int, int, int, int, float, float *, int, float *, int, float, float *, int)',
  );
  const dtrsm = required(
    'void cblas_dtrsm(int, int, int, int, int, int, int, double, double *, int, double *, int)',
  );
  // Fortran passes the lengths of its character arguments at the end.
  const dpotrf = required('void dpotrf_(char *, int *, double *, int *, int *, size_t)');
  const dsytrd = required(
    'void dsytrd_(char *, int *, double *, int *, double *, double *, double *, double *, int *, int *, size_t)',
  );
  const eigenArguments =
    '(char *, char *, int *, double *, int *, double *, double *, int *, int *, int *, int *, size_t, size_t)';
  const dsyevd = required(`void dsyevd_${eigenArguments}`);
  const dsyevd2stage = optional(`void dsyevd_2stage_${eigenArguments}`) ?? dsyevd;

  const gemmAdd: Backend['gemmAdd'] = (c, a, b, opA = 'N', opB = 'N') => {
    const inner = opA === 'N' ? a.cols : a.rows;
    if (c.rows === 0 || c.cols === 0 || inner === 0) return;
    dgemm(
      ROW_MAJOR,
      cblas(opA),
      cblas(opB),
      c.rows,
      c.cols,
      inner,
      1,
      a.data,
      a.cols,
      b.data,
      b.cols,
      1,
      c.data,
      c.cols,
    );
  };

  const syrk: Backend['syrk'] = (a, op) => {
    const n = op === 'T' ? a.cols : a.rows;
    const inner = op === 'T' ? a.rows : a.cols;
    const c = matrix(n, n);
    if (n === 0 || inner === 0) return c;
    dsyrk(ROW_MAJOR, LOWER, cblas(op), n, inner, 1, a.data, a.cols, 0, c.data, n);
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) c.data[j * n + i] = c.data[i * n + j]!;
    return c;
  };

  const triangularSolve = (factor: Matrix, x: Matrix, op: Operand): void => {
    dtrsm(
      ROW_MAJOR,
      LEFT,
      LOWER,
      cblas(op),
      NON_UNIT,
      x.rows,
      x.cols,
      1,
      factor.data,
      factor.cols,
      x.data,
      x.cols,
    );
  };

  /** LAPACK's eigensolver on a copy; `vectors` 'V' leaves the eigenvectors in that copy, one per row. */
  const eigen = (solver: Call, a: Matrix, vectors: 'N' | 'V'): { values: Float64Array; work: Matrix } => {
    const n = a.rows;
    const work = matrix(n, n, Float64Array.from(a.data));
    const values = new Float64Array(n);
    if (n === 0) return { values, work };
    const order = Int32Array.of(n);
    const info = new Int32Array(1);
    const size = new Float64Array(1);
    const integerSize = new Int32Array(1);
    const query = Int32Array.of(-1);
    solver(
      vectors,
      LAPACK_UPPER,
      order,
      work.data,
      order,
      values,
      size,
      query,
      integerSize,
      query,
      info,
      1,
      1,
    );
    const scratch = new Float64Array(size[0]!);
    const integers = new Int32Array(Math.max(1, integerSize[0]!));
    const lengths = [Int32Array.of(scratch.length), Int32Array.of(integers.length)];
    solver(
      vectors,
      LAPACK_UPPER,
      order,
      work.data,
      order,
      values,
      scratch,
      lengths[0],
      integers,
      lengths[1],
      info,
      1,
      1,
    );
    if (info[0] !== 0 || Number.isNaN(values[0])) {
      throw new Error(
        `internal error: the eigenproblem failed (LAPACK info ${info[0]!}); the matrix holds NaN or infinity`,
      );
    }
    return { values, work };
  };

  const backend: Backend = {
    name,
    kind: 'native',
    gemm: (a, b, opA = 'N', opB = 'N') => {
      const c = matrix(opA === 'N' ? a.rows : a.cols, opB === 'N' ? b.cols : b.rows);
      gemmAdd(c, a, b, opA, opB);
      return c;
    },
    gemmAdd,
    gemvAdd: (y, a, x, op) => {
      if (a.rows === 0 || a.cols === 0) return;
      dgemv(ROW_MAJOR, cblas(op), a.rows, a.cols, 1, a.data, a.cols, x, 1, 1, y, 1);
    },
    syrk,
    syrkAdd: (c, a, rows, cols, op = 'N') => {
      if (rows === 0 || cols === 0) return;
      const product = c instanceof Float32Array ? ssyrk : dsyrk;
      const [order, inner] = op === 'N' ? [rows, cols] : [cols, rows];
      product(ROW_MAJOR, LOWER, cblas(op), order, inner, 1, a, cols, 1, c, order);
    },
    rowProducts: (out, a, b, rows, cols, inner) => {
      if (rows === 0 || cols === 0) return;
      sgemm(ROW_MAJOR, PLAIN, TRANSPOSED, rows, cols, inner, 1, a, inner, b, inner, 0, out, cols);
    },
    potrf: (a) => {
      const n = a.rows;
      const factor = matrix(n, n, a.data.slice());
      for (let i = 0; i < n; i++) factor.data.fill(0, i * n + i + 1, (i + 1) * n);
      const order = Int32Array.of(n);
      const info = new Int32Array(1);
      if (n > 0) dpotrf(LAPACK_UPPER, order, factor.data, order, info, 1);
      // NaN passes LAPACK's own test of the pivot in some versions.
      for (let i = 0; i < n && info[0] === 0; i++) if (!(factor.data[i * n + i]! > 0)) info[0] = i + 1;
      return info[0] === 0 ? { ok: true, factor } : { ok: false, pivot: info[0]! - 1 };
    },
    potrs: (factor, b) => {
      const x = matrix(b.rows, b.cols, Float64Array.from(b.data));
      if (b.rows === 0 || b.cols === 0) return x;
      triangularSolve(factor, x, 'N');
      triangularSolve(factor, x, 'T');
      return x;
    },
    eigenSymmetric: (a) => {
      const { values, work } = eigen(dsyevd, a, 'V');
      return { values, vectors: work };
    },
    eigenvaluesSymmetric: (a) => eigen(dsyevd2stage, a, 'N').values,
    tridiagonalise: (a) => {
      const n = a.rows;
      const reflectors = matrix(n, n, Float64Array.from(a.data));
      const diagonal = new Float64Array(n);
      const off = new Float64Array(n);
      const beta = new Float64Array(n);
      if (n === 0) return { diagonal, off, reflectors, beta };
      const order = Int32Array.of(n);
      const info = new Int32Array(1);
      const scratch = new Float64Array(TRIDIAGONAL_PANEL * n);
      const tau = new Float64Array(n);
      const length = Int32Array.of(scratch.length);
      dsytrd(LAPACK_UPPER, order, reflectors.data, order, diagonal, off, tau, scratch, length, info, 1);
      if (info[0] !== 0) throw new Error(`internal error: dsytrd refused argument ${-info[0]!}`);
      // LAPACK keeps an element of T where the vector's last element, 1, belongs.
      for (let i = 1; i < n; i++) {
        reflectors.data[i * n + i - 1] = 1;
        beta[i] = tau[i - 1]!;
      }
      return { diagonal, off, reflectors, beta };
    },
  };
  checkArithmetic(backend);
  return backend;
}

/**
 * Loads the library with one thread. The variables matter to libraries that read them when they start (OpenBLAS would
 * otherwise spawn its pool, Accelerate has no call for it) and are put back at once, so no child inherits them.
 */
function loadSingleThreaded(koffi: typeof Koffi, path: string): Koffi.LibraryHandle {
  const variables = ['OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'VECLIB_MAXIMUM_THREADS'];
  const before = variables.map((variable) => process.env[variable]);
  try {
    for (const variable of variables) process.env[variable] = '1';
    const library = koffi.load(path);
    for (const signature of ['void openblas_set_num_threads(int)', 'void MKL_Set_Num_Threads(int)']) {
      try {
        (library.func(signature) as Call)(1);
      } catch {
        // The library is of another make and has no such function.
      }
    }
    return library;
  } finally {
    variables.forEach((variable, i) => {
      const value = before[i];
      if (value === undefined) Reflect.deleteProperty(process.env, variable);
      else process.env[variable] = value;
    });
  }
}

/** Library, configuration and CPU kernel: what decides the bits of a result. */
function describe(path: string, optional: (signature: string) => Call | undefined): string {
  const config = optional('const char *openblas_get_config()')?.() as string | undefined;
  if (config !== undefined) {
    if (config.includes('USE64BITINT'))
      throw new Error('it was built with 64-bit integers (ILP64), which is not supported');
    const core = optional('const char *openblas_get_corename()')?.() as string | undefined;
    // MAX_THREADS and the build's core name say nothing about the kernel in use; the core name at run time does.
    const build = config
      .replace(/\s+/g, ' ')
      .replace(/ ?MAX_THREADS=\d+/, '')
      .trim();
    return core !== undefined && !build.endsWith(core) ? `${build} [${core}]` : build;
  }
  const mkl = optional('void MKL_Get_Version_String(char *, int)');
  if (mkl !== undefined) {
    const text = Buffer.alloc(256);
    mkl(text, text.length);
    return text.toString('latin1').replace(/\0.*$/s, '').trim();
  }
  return path.split('/').pop() ?? path;
}

/** Refuses a library whose calling convention is not the one assumed here, before it can spoil a result. */
function checkArithmetic(backend: Backend): void {
  const a = matrix(2, 2, Float64Array.of(4, 2, 2, 3));
  const product = backend.gemm(a, a).data;
  const cholesky = backend.potrf(a);
  const values = backend.eigenvaluesSymmetric(a);
  const expected = [(7 - Math.sqrt(17)) / 2, (7 + Math.sqrt(17)) / 2];
  const right =
    [20, 14, 14, 13].every((value, i) => product[i] === value) &&
    cholesky.ok &&
    Math.abs(cholesky.factor.data[3]! - Math.SQRT2) < 1e-14 &&
    expected.every((value, i) => Math.abs(values[i]! - value) < 1e-14);
  if (!right) throw new Error('it loads, but gives wrong results for a 2 × 2 matrix');
}
