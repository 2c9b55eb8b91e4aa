/**
 * Content: what is to be written to a file of the user's - bytes, or a file of the store, which may be larger than memory.
 *
 * Not responsible for where it goes, nor for whether something else stands there (publish.ts, cli/export.ts).
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { Digest } from '../cache/artifact.js';

export type Content = { readonly bytes: Uint8Array } | { readonly file: string };

/** Written files are for the owner and the group. */
const MODE = 0o640;

export function contentSize(content: Content): number {
  return 'bytes' in content ? content.bytes.length : statSync(content.file).size;
}

/** SHA-256 of the bytes alone. */
export function contentDigest(content: Content): Digest {
  return 'bytes' in content
    ? createHash('sha256').update(content.bytes).digest('hex')
    : digestOfFile(content.file);
}

/** SHA-256 of a file, read piece by piece. */
export function digestOfFile(path: string): Digest {
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  try {
    const piece = Buffer.allocUnsafe(1 << 20);
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece))
      hash.update(piece.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

/** Writes beside the target and renames: `target` is whole or as it was before. */
export function writeContent(target: string, temporary: string, content: Content): void {
  if ('bytes' in content) writeFileSync(temporary, content.bytes, { mode: MODE });
  else {
    // Where the file system can, the copy shares the original's blocks until one of them is written to.
    copyFileSync(content.file, temporary, constants.COPYFILE_FICLONE);
    chmodSync(temporary, MODE);
  }
  renameSync(temporary, target);
}
