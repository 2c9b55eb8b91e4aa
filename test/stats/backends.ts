/** The backends that the linear-algebra tests run over: the portable one always, the system library when there is one. */
import { findBackend } from '../../stats/linalg/linalg.js';
import type { Backend } from '../../stats/linalg/backend.js';
import { portableBackend } from '../../stats/linalg/portable.js';

const found = findBackend().backend;

if (found.kind === 'portable') console.warn('no system BLAS found: only the portable backend is tested');

export const backends: readonly (readonly [string, Backend])[] = [
  ['portable', portableBackend] as const,
  ...(found.kind === 'native' ? [['native', found] as const] : []),
];
