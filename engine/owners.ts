/**
 * Owners: to whom results belong, in a user's words: `knn[fev]`, `column rdw of people.csv`.
 *
 * Not responsible for what is wrong with them (verify.ts).
 */
import type { Digest } from '../cache/artifact.js';
import type { Preimage } from '../cache/index.js';
import type { Store } from '../cache/store.js';
import { Recorded } from './recorded.js';

/** For each key the instance, or the column of a raw file, whose result it names; keys of no recorded run are absent. */
export function ownersOf(
  store: Store,
  keys: ReadonlyMap<Digest, Pick<Preimage, 'task' | 'params' | 'inputs'>>,
): Map<Digest, string> {
  const owners = new Map<Digest, string>();
  const paths = new Map<Digest, string>();
  if (keys.size === 0) return owners;
  const seen = new Set<Digest>();
  for (const row of store.index.runs.each(null)) {
    try {
      const recorded = new Recorded(store, row);
      for (const { path, digest } of recorded.graph.files) paths.set(digest, path);
      for (const { node, manifest } of store.index.runs.nodes(row.id)) {
        // Runs in which nothing changed share their groups.
        if (seen.has(manifest)) continue;
        seen.add(manifest);
        const group = recorded.group(node)!;
        for (let i = 0; i < group.header.count; i++) {
          const key = group.key(i);
          if (key === null || !keys.has(key) || owners.has(key)) continue;
          const item = group.itemText(i);
          owners.set(key, item === '' ? node : `${node}[${item}]`);
        }
      }
    } catch {
      // A damaged record is told on its own (verify-records.ts).
    }
  }
  for (const [key, { task, params, inputs }] of keys) {
    const file = inputs.find(([port]) => port === 'file')?.[1];
    const path = file === undefined ? undefined : paths.get(file);
    if (!task.startsWith('input.') || path === undefined) continue;
    const { column } = params as { column?: string };
    owners.set(key, column ? `column ${column} of ${path}` : path);
  }
  return owners;
}
