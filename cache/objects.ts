/**
 * Objects: immutable bytes by digest, one file each, private to their owner.
 *
 * Written as temporary file, fsync, rename, fsync of the folder: a file with an object's name is whole, and what a committed row names
 * is still there after a loss of power. Workers use this; they never open the index. Not responsible for small objects, which live in the index (index.ts), nor for what the bytes mean.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Digest } from './artifact.js';
import { translateFileError, translateReadError } from './store-error.js';

/** Objects up to this size travel inline and are kept in the index: 100,000 small results must not be 100,000 files. */
export const SMALL_OBJECT_BYTES = 16 * 1024;

/** An object that the index names and the folder lacks. The entries that led to it must be recomputed. */
export class MissingObjectError extends Error {
  override readonly name = 'MissingObjectError';
  constructor(readonly digest: Digest) {
    super(
      `object ${digest.slice(0, 12)} is missing from the store; 'cohortflow verify' finds what it belongs to, and the next run computes it again`,
    );
  }
}

export class Objects {
  private sequence = 0;

  /** @param folder the store's `objects` folder; it need not exist before the first write. */
  constructor(readonly folder: string) {}

  path(digest: Digest): string {
    return join(this.folder, digest.slice(0, 2), digest.slice(2));
  }

  has(digest: Digest): boolean {
    return existsSync(this.path(digest));
  }

  /** The path of an object that is there. @throws MissingObjectError */
  existingPath(digest: Digest): string {
    const path = this.path(digest);
    if (!existsSync(path)) throw new MissingObjectError(digest);
    return path;
  }

  /** Objects whose digests begin with these digits, at least two. */
  from(prefix: string): Digest[] {
    const folder = join(this.folder, prefix.slice(0, 2));
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .map((name) => prefix.slice(0, 2) + name)
      .filter((name) => name.startsWith(prefix) && /^[0-9a-f]{64}$/.test(name));
  }

  /** @throws MissingObjectError, StoreUnavailableError when it must not be read */
  read(digest: Digest): Uint8Array {
    const path = this.path(digest);
    try {
      return readFileSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new MissingObjectError(digest);
      throw translateReadError(error, path);
    }
  }

  /** Takes the file at `path` (on the store's file system) as the object `digest`; the path is gone afterwards. */
  adopt(digest: Digest, path: string): void {
    const target = this.path(digest);
    try {
      this.makeFolder(dirname(target));
      chmodSync(path, 0o600);
      sync(path);
      renameSync(path, target);
      syncFolder(dirname(target));
    } catch (error) {
      throw translateFileError(error, target);
    }
  }

  /** Writes `bytes` under `digest`, durably; an object that is already there is left alone. */
  write(digest: Digest, bytes: Uint8Array): void {
    const path = this.path(digest);
    if (existsSync(path)) return;
    try {
      this.writeFile(digest, path, bytes);
    } catch (error) {
      throw translateFileError(error, path);
    }
  }

  private writeFile(digest: Digest, path: string, bytes: Uint8Array): void {
    this.makeFolder(dirname(path));
    const temporary = `${path}.${process.pid}-${this.sequence++}.tmp`;
    const file = openSync(temporary, 'wx', 0o600);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } catch (error) {
      closeSync(file);
      rmSync(temporary, { force: true });
      throw error;
    }
    closeSync(file);
    renameSync(temporary, path);
    syncFolder(dirname(path));
  }

  /** A folder that is new has to be known to the one it stands in. */
  private makeFolder(folder: string): void {
    if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) syncFolder(this.folder);
  }
}

function sync(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Until its folder is synced, a renamed file may be gone after a loss of power. Some systems do not open folders: they sync on their own. */
function syncFolder(path: string): void {
  try {
    sync(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP'].includes(code)) throw error;
  }
}
