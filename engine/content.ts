/**
 * Content: what is to be written to a file of the user's - bytes, or a file of the store, which may be larger than memory.
 *
 * Not responsible for where it goes, nor for whether something else stands there (publish.ts, cli/export.ts).
 */
import { createHash } from 'node:crypto';
import { chmodSync, constants, copyFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import type { Digest } from '../cache/artifact.js';
import { plainDigestAt } from '../cache/digest.js';

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
    : plainDigestAt(content.file);
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
