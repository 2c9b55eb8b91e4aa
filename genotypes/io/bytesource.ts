/**
 * Random access to the bytes of a file, or of memory: the only way the readers of this folder touch the outside.
 * Not responsible for: decompression (`decompress.ts`, `bgzf.ts`) or text (`lines.ts`).
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { GenotypeError } from '../error.js';

export interface ByteSource {
  /** Used in error messages. */
  readonly name: string;
  /** Bytes in the source. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`; the caller owns the answer.
   * Throws GenotypeError `truncated` when the range passes the end.
   */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
  close(): void;
}

/** Throws `truncated` unless [offset, offset + length) lies inside the source. */
export function checkRange(source: { name: string; size: number }, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > source.size) {
    throw new GenotypeError(
      'truncated',
      source.name,
      `the file ends at byte ${source.size}, but ${length} bytes are needed from byte ${offset}`,
      { offset: Math.min(Math.max(offset, 0), source.size) },
    );
  }
}

export class MemorySource implements ByteSource {
  constructor(
    private readonly bytes: Uint8Array,
    readonly name = 'memory',
  ) {}

  get size(): number {
    return this.bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this, offset, length);
    return this.bytes.slice(offset, offset + length);
  }

  close(): void {
    // Nothing is held open.
  }
}

export class FileSource implements ByteSource {
  private readonly descriptor: number;
  readonly size: number;

  /** Opens the file; Node's own error (ENOENT, EACCES, …) passes through. */
  constructor(
    readonly path: string,
    readonly name = path,
  ) {
    this.descriptor = openSync(path, 'r');
    const status = fstatSync(this.descriptor);
    if (!status.isFile()) {
      closeSync(this.descriptor);
      throw new GenotypeError('unsupported', name, 'not a regular file: random access is needed');
    }
    this.size = status.size;
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this, offset, length);
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const got = readSync(this.descriptor, bytes, filled, length - filled, offset + filled);
      if (got === 0) {
        throw new GenotypeError('truncated', this.name, 'the file became shorter while it was read', {
          offset: offset + filled,
        });
      }
      filled += got;
    }
    return bytes;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
