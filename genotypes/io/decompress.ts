/**
 * A source's bytes in order, decompressed by what its first bytes say it is: gzip (BGZF included), zstd, or plain.
 * Not responsible for: random access (`bgzf.ts`) or lines (`lines.ts`).
 */
import { createGunzip, type Gunzip } from 'node:zlib';
import { GenotypeError } from '../error.js';
import type { ByteSource } from './bytesource.js';
import { isZstd, zstdChunks } from './zstd.js';

/** Bytes read at a time. */
const CHUNK = 2 ** 20;

export type Compression = 'none' | 'gzip' | 'zstd';

/** Compression by magic number, never by the file's name. */
export async function detectCompression(source: ByteSource): Promise<Compression> {
  const head = await source.read(0, Math.min(4, source.size));
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  return isZstd(head) ? 'zstd' : 'none';
}

async function* rawChunks(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < source.size; offset += CHUNK) {
    yield await source.read(offset, Math.min(CHUNK, source.size - offset));
  }
}

/** Resolves when the stream takes more, or is closed; it leaves no listener behind, however many times a large file waits. */
function drained(gunzip: Gunzip): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      gunzip.off('drain', done).off('close', done);
      resolve();
    };
    gunzip.on('drain', done).on('close', done);
  });
}

async function* gunzipChunks(source: ByteSource): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: CHUNK });
  // A failure inside rawChunks reaches the loop below through destroy().
  const feed = (async () => {
    for await (const chunk of rawChunks(source)) {
      if (gunzip.destroyed) return;
      if (!gunzip.write(chunk)) {
        await drained(gunzip);
      }
    }
    gunzip.end();
  })().catch((error: unknown) => gunzip.destroy(error as Error));
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
  } catch (cause) {
    if (cause instanceof GenotypeError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'Z_BUF_ERROR') {
      throw new GenotypeError('truncated', source.name, 'the gzip stream is cut short', {
        offset: source.size,
      });
    }
    throw new GenotypeError('bad-compression', source.name, `gzip data does not decompress: ${message}`, {
      offset: gunzip.bytesWritten,
    });
  } finally {
    gunzip.destroy();
    await feed;
  }
}

/** The decompressed bytes, in chunks of bounded size. Throws `truncated` or `bad-compression`. */
export async function* decompressedChunks(source: ByteSource): AsyncGenerator<Uint8Array> {
  const compression = await detectCompression(source);
  if (compression === 'gzip') yield* gunzipChunks(source);
  else if (compression === 'zstd') yield* zstdChunks(source.name, rawChunks(source));
  else yield* rawChunks(source);
}
