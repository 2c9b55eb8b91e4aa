/**
 * Store: objects and index of one folder. Not responsible for the way from values to bytes (artifacts.ts) nor for keys (engine/binding.ts).
 */
import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from './artifact.js';
import { ArtifactReader, ArtifactWriter, type ByteReader, type ByteWriter } from './artifacts.js';
import { Index } from './index.js';
import { Objects, SMALL_OBJECT_BYTES } from './objects.js';
import { requireSafeFileSystem } from './store-error.js';

export class Store implements ByteReader, ByteWriter {
  readonly objects: Objects;
  readonly index: Index;
  readonly artifacts: ArtifactReader;
  readonly writer: ArtifactWriter;

  /** Opens the store in `folder`, making it when absent. @throws StoreError when it is damaged, NewerStoreError. */
  constructor(readonly folder: string) {
    mkdirSync(join(folder, 'objects'), { recursive: true, mode: 0o700 });
    requireSafeFileSystem(folder, statfsSync(folder).type);
    this.objects = new Objects(join(folder, 'objects'));
    this.index = new Index(join(folder, 'index.sqlite'));
    this.artifacts = new ArtifactReader(this, 64 * 1024 * 1024);
    this.writer = new ArtifactWriter(this);
  }

  close(): void {
    this.index.close();
  }

  has(digest: Digest): boolean {
    return this.index.small(digest) !== null || this.objects.has(digest);
  }

  /** Objects whose digests begin with these hexadecimal digits, at least two. */
  from(prefix: string): Digest[] {
    return [...this.index.smallFrom(prefix), ...this.objects.from(prefix)];
  }

  read(digest: Digest): Uint8Array {
    return this.index.small(digest) ?? this.objects.read(digest);
  }

  write(digest: Digest, bytes: Uint8Array, asFile = false): void {
    if (!asFile && bytes.length <= SMALL_OBJECT_BYTES) this.index.addSmall(digest, bytes);
    else this.objects.write(digest, bytes);
  }

  adopt(digest: Digest, path: string): void {
    this.objects.adopt(digest, path);
  }
}
