/**
 * Verify records: whether what is kept of each run, its graph and its groups, can still be read.
 *
 * A run whose record is damaged cannot be asked any more: it is forgotten, which costs no result. Not responsible for results
 * (verify.ts).
 */
import type { Digest } from '../cache/artifact.js';
import { jsonDigest } from '../cache/digest.js';
import type { Store } from '../cache/store.js';
import { groupDigest } from './record.js';

export interface DamagedRecord {
  readonly run: number;
  readonly digest: Digest;
  readonly problem: 'missing' | 'damaged';
  /** The node whose group it is; null for the graph. */
  readonly node: string | null;
}

export function damagedRecords(store: Store): DamagedRecord[] {
  const found: DamagedRecord[] = [];
  const known = new Map<Digest, 'missing' | 'damaged' | null>();
  const check = (
    digest: Digest,
    digestOfBytes: (bytes: Uint8Array) => Digest,
  ): DamagedRecord['problem'] | null => {
    let problem = known.get(digest);
    if (problem !== undefined) return problem;
    problem = !store.has(digest)
      ? 'missing'
      : digestOfBytes(store.read(digest)) === digest
        ? null
        : 'damaged';
    known.set(digest, problem);
    return problem;
  };
  for (const run of store.index.runs.list(null, -1)) {
    const graph = check(run.graph, (bytes) => jsonDigest(Buffer.from(bytes).toString('utf8')));
    if (graph) found.push({ run: run.id, digest: run.graph, problem: graph, node: null });
    for (const { node, manifest } of store.index.runs.nodes(run.id)) {
      const problem = check(manifest, groupDigest);
      if (problem) found.push({ run: run.id, digest: manifest, problem, node });
    }
  }
  return found;
}
