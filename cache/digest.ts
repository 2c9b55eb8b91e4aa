/**
 * Digest: SHA-256 over tagged, canonical content. Everything that is named by content is named here.
 *
 * Each kind of content begins with a tag line, so that no two kinds can meet in one digest. A change to any encoding in
 * this file renames everything in every store: CHANGELOG.md must say so.
 */
import { createHash, hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import type { Digest } from './artifact.js';
import type { NdArray } from './array.js';
import type { Column } from './column.js';

/** JSON in one spelling (RFC 8785): keys sorted by UTF-16 unit, shortest numbers, no white space. */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new Error(`internal error: ${value} has no JSON form`);
      return JSON.stringify(value);
    case 'object': {
      if (value === null) return 'null';
      if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
      const map = value as Record<string, unknown>;
      const fields = Object.keys(map)
        .filter((key) => map[key] !== undefined)
        .sort()
        .map((key) => `${JSON.stringify(key)}:${canonicalJson(map[key])}`);
      return `{${fields.join(',')}}`;
    }
    default:
      throw new Error(`internal error: a ${typeof value} has no JSON form`);
  }
}

/** Digest of `tag` and canonical JSON: keys, manifests, preimages. */
export function digestOf(tag: string, value: unknown): Digest {
  return digestOfText(tag, canonicalJson(value));
}

/** The same, of what is canonical JSON already. */
export function digestOfText(tag: string, canonical: string): Digest {
  return hash('sha256', `${tag}\n${canonical}`);
}

/** Digest of a JSON value as an artifact; `text` is its canonical form. */
export function jsonDigest(text: string): Digest {
  return hash('sha256', `json/1\n${text}`);
}

/** Digest of a file's bytes as an artifact. */
export function fileDigest(bytes: Uint8Array, extension: string): Digest {
  return createHash('sha256').update(`file/1 ${extension}\n`).update(bytes).digest('hex');
}

/** As `fileDigest`, of a file that need not fit in memory. */
export function fileDigestAt(path: string, extension: string): Digest {
  return plainDigestAt(path, `file/1 ${extension}\n`);
}

/** SHA-256 of a file's bytes after those of `before`, read piece by piece. */
export function plainDigestAt(path: string, before = ''): Digest {
  const sha = createHash('sha256').update(before);
  const file = openSync(path, 'r');
  try {
    const piece = Buffer.allocUnsafe(1 << 20);
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece))
      sha.update(piece.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return sha.digest('hex');
}

/**
 * Digest of a column's logical content: type, length, validity bits, little-endian values with missing cells zeroed. The
 * encoding of its bytes on disk, and the library that wrote them, are no part of it.
 */
export function columnDigest(column: Column): Digest {
  requireLittleEndian();
  const rows = column.values.length;
  const sha = createHash('sha256').update(`column/1 ${column.type} ${rows}\n`);
  const valid = new Uint8Array(Math.ceil(rows / 8));
  if (column.type === 'number') {
    const { values } = column;
    let missing = 0;
    for (let i = 0; i < rows; i++) {
      if (Number.isNaN(values[i]!)) missing++;
      else valid[i >> 3]! |= 1 << (i & 7);
    }
    let plain = values;
    if (missing > 0) {
      plain = values.slice();
      for (let i = 0; i < rows; i++) if (Number.isNaN(plain[i]!)) plain[i] = 0;
    }
    sha.update(valid).update(new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength));
  } else {
    const lengths = new Uint32Array(rows);
    for (let i = 0; i < rows; i++) {
      const value = column.values[i] ?? null;
      if (value === null) continue;
      valid[i >> 3]! |= 1 << (i & 7);
      lengths[i] = Buffer.byteLength(value);
    }
    sha.update(valid).update(new Uint8Array(lengths.buffer));
    // In pieces, so that 350,000 ids do not become 350,000 calls.
    let piece: string[] = [];
    for (let i = 0; i < rows; i++) {
      const value = column.values[i] ?? null;
      if (value !== null) piece.push(value);
      if (piece.length === 4096) {
        sha.update(piece.join(''));
        piece = [];
      }
    }
    sha.update(piece.join(''));
  }
  return sha.digest('hex');
}

/** Digest of an array's logical content: type, shape, little-endian values with one NaN. */
export function arrayDigest(array: NdArray): Digest {
  requireLittleEndian();
  const { data } = array;
  let plain = data;
  if ((data instanceof Float64Array || data instanceof Float32Array) && data.some(Number.isNaN)) {
    // JavaScript leaves a NaN's bits open: write the canonical one.
    plain = data.slice();
    for (let i = 0; i < plain.length; i++) if (Number.isNaN(plain[i]!)) plain[i] = NaN;
  }
  return createHash('sha256')
    .update(`array/1 ${array.type} ${array.shape.join('x')}\n`)
    .update(new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength))
    .digest('hex');
}

function requireLittleEndian(): void {
  if (endianness() !== 'LE') throw new Error('cohortflow runs on little-endian machines only');
}
