/**
 * Which linear algebra this process uses: a system library when one is found, else the portable backend.
 *
 * `COHORTFLOW_BLAS=path` names the library, `COHORTFLOW_BLAS=none` forces the portable backend. Everything is loaded at the
 * first call of `linalg()`, never at import, because most commands multiply nothing.
 */
import { existsSync } from 'node:fs';
import type { Backend } from './backend.js';
import { matrix } from './matrix.js';
import { openNative } from './native.js';
import { portableBackend } from './portable.js';

export type { Backend, Cholesky, Operand, SymmetricEigen } from './backend.js';
export * from './matrix.js';

/** The outcome of the search, for `doctor`. */
export interface BackendSearch {
  readonly backend: Backend;
  /** The library's path or name; undefined for the portable backend. */
  readonly library: string | undefined;
  /** Libraries that were found but refused, with the reason. */
  readonly refused: readonly { readonly library: string; readonly reason: string }[];
}

/** The usual names and places, in order of preference: OpenBLAS and MKL can be held to one thread by a call. */
function candidates(env: NodeJS.ProcessEnv): string[] {
  const conda = env['CONDA_PREFIX'];
  const mkl = env['MKLROOT'];
  if (process.platform === 'darwin') {
    return [
      ...(conda === undefined ? [] : [`${conda}/lib/libopenblas.dylib`]),
      '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
      '/usr/local/opt/openblas/lib/libopenblas.dylib',
      '/System/Library/Frameworks/Accelerate.framework/Accelerate',
    ];
  }
  if (process.platform === 'win32') {
    return [
      ...(conda === undefined ? [] : [`${conda}\\Library\\bin\\openblas.dll`]),
      'libopenblas.dll',
      'mkl_rt.2.dll',
    ];
  }
  const folders = [
    '/usr/lib/x86_64-linux-gnu',
    '/usr/lib/aarch64-linux-gnu',
    '/usr/lib64',
    '/usr/lib',
    '/usr/local/lib',
  ];
  return [
    ...(conda === undefined ? [] : [`${conda}/lib/libopenblas.so`, `${conda}/lib/libmkl_rt.so.2`]),
    'libopenblas.so.0',
    ...folders.map((folder) => `${folder}/libopenblas.so.0`),
    ...folders.map((folder) => `${folder}/libopenblas.so`),
    '/opt/OpenBLAS/lib/libopenblas.so',
    ...(mkl === undefined ? [] : [`${mkl}/lib/libmkl_rt.so.2`, `${mkl}/lib/intel64/libmkl_rt.so.2`]),
    'libmkl_rt.so.2',
    '/opt/intel/oneapi/mkl/latest/lib/libmkl_rt.so.2',
  ];
}

/** A bare name is left to the dynamic linker; macOS keeps system libraries in a cache and not on the disk. */
function worthTrying(library: string): boolean {
  return !/[/\\]/.test(library) || library.startsWith('/System/') || existsSync(library);
}

/**
 * Looks for a backend. Throws when `COHORTFLOW_BLAS` names a library that cannot be used: falling back silently would
 * change results behind the user's back.
 */
export function findBackend(env: NodeJS.ProcessEnv = process.env): BackendSearch {
  const wanted = env['COHORTFLOW_BLAS'];
  if (wanted === 'none') return { backend: portableBackend, library: undefined, refused: [] };
  if (wanted !== undefined && wanted !== '') {
    try {
      return { backend: openNative(wanted), library: wanted, refused: [] };
    } catch (error) {
      throw new Error(`COHORTFLOW_BLAS=${wanted} cannot be used: ${messageOf(error)}`, { cause: error });
    }
  }
  const refused: { library: string; reason: string }[] = [];
  for (const library of candidates(env)) {
    if (!worthTrying(library)) continue;
    try {
      return { backend: openNative(library), library, refused };
    } catch (error) {
      refused.push({ library, reason: messageOf(error) });
    }
  }
  return { backend: portableBackend, library: undefined, refused };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

let chosen: Backend | undefined;

/** The backend of this process, found at the first call. */
export function linalg(): Backend {
  chosen ??= findBackend().backend;
  return chosen;
}

/** The backend, when this process has used one: asking does not load it. */
export function linalgInUse(): Backend | null {
  return chosen ?? null;
}

/** Measured speed of a square product, in 10⁹ floating-point operations a second: the best of `repeats` after one warm-up. */
export function measureGflops(backend: Backend, size = 512, repeats = 3): number {
  const a = matrix(
    size,
    size,
    Float64Array.from({ length: size * size }, (_, i) => (i % 17) / 17),
  );
  backend.gemm(a, a);
  let best = Infinity;
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    backend.gemm(a, a);
    best = Math.min(best, performance.now() - start);
  }
  return (2 * size ** 3) / (best * 1e6);
}
