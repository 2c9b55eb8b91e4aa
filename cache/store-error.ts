/**
 * What can be wrong with a store as a whole, in words for its user. Not responsible for results that are missing
 * (MissingObjectError in objects.ts).
 */

/** The store is damaged: exit code 3. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/** The store was made by a newer version of cohortflow: nothing is wrong with it, but this one cannot read it. */
export class NewerStoreError extends Error {
  override readonly name = 'NewerStoreError';
}

/** The store cannot be used as it is (read-only, full, held by a stopped process), and is not damaged. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  constructor(
    message: string,
    readonly reason: 'busy' | 'full' | 'denied',
  ) {
    super(message);
  }
}

/** SQLite's own words mean nothing to a user: what happened, and what to do. */
export function translateSqliteError(error: unknown, path: string): unknown {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string') return error;
  const message = (error as Error).message;
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new StoreError(`the index ${path} is damaged (${message})`);
  }
  if (code.startsWith('SQLITE_BUSY')) {
    return new StoreUnavailableError(`another process holds the store ${path} and does not let go`, 'busy');
  }
  if (code === 'SQLITE_FULL' || code.startsWith('SQLITE_IOERR')) {
    return new StoreUnavailableError(`cannot write the store ${path}: ${message}; is the disk full?`, 'full');
  }
  if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_CANTOPEN') || code === 'SQLITE_PERM') {
    return new StoreUnavailableError(
      `cannot write the store ${path}: ${message}; look at its permissions`,
      'denied',
    );
  }
  return error;
}

/** Network file systems (statfs magic numbers): SQLite's shared memory and locks cannot be relied on there. */
const UNSAFE_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x517b, 'SMB'],
  [0x01021997, '9P'],
]);

/** @throws StoreUnavailableError when a store cannot be kept safe on a file system of this type (`statfs`). */
export function requireSafeFileSystem(folder: string, type: number): void {
  const name = UNSAFE_FILE_SYSTEMS.get(type >>> 0);
  if (name === undefined) return;
  throw new StoreUnavailableError(
    `the store ${folder} is on a network file system (${name}), where locks are not safe; put it on a local disk with --store or COHORTFLOW_STORE`,
    'denied',
  );
}

/** As below, for what is only read. */
export function translateReadError(error: unknown, path: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') {
    return new StoreUnavailableError(`cannot read ${path}: ${message}; look at its permissions`, 'denied');
  }
  return error;
}

/** As above, for files of the store: a full disk and missing permissions are told from bugs. */
export function translateFileError(error: unknown, path: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StoreUnavailableError(`cannot write ${path}: the disk is full (${code})`, 'full');
  }
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') {
    return new StoreUnavailableError(`cannot write ${path}: ${message}; look at its permissions`, 'denied');
  }
  return error;
}
