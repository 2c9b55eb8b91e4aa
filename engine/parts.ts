/**
 * Parts: sub-digests of preimages (what a table read, a gather or a map of inputs is made of). Their bodies are stored with the first entry
 * that needs them, so that `why` can compare.
 *
 * Not responsible for what a part says (binding.ts).
 */
import type { Digest } from '../cache/artifact.js';
import { canonicalJson, digestOf } from '../cache/digest.js';
import type { Store } from '../cache/store.js';

interface Part {
  readonly body: () => string;
  /** Parts in it that are stored too. */
  readonly children: readonly Digest[];
}

export class Parts {
  /** Null once its body is stored. */
  private readonly known = new Map<Digest, Part | null>();

  constructor(private readonly store: Store) {}

  of(tag: string, body: unknown, children: readonly Digest[] = []): Digest {
    const digest = digestOf(tag, body);
    if (!this.known.has(digest)) this.known.set(digest, { body: () => canonicalJson([tag, body]), children });
    return digest;
  }

  /** Within the transaction of the entries that need them. */
  write(digests: Iterable<Digest>): void {
    for (const digest of new Set(digests)) {
      const part = this.known.get(digest);
      if (!part) continue;
      this.store.index.addPart(digest, part.body());
      this.write(part.children);
    }
  }

  /** The transaction is through: the bodies need not be kept. */
  written(digests: Iterable<Digest>): void {
    for (const digest of digests) {
      const part = this.known.get(digest);
      this.known.set(digest, null);
      if (part) this.written(part.children);
    }
  }

  body(digest: Digest): string | null {
    return this.known.get(digest)?.body() ?? this.store.index.part(digest);
  }
}
