/**
 * Lineage columns: which columns an instance read at each port, and which a result offers, from the keys as recorded.
 *
 * Not responsible for following references (lineage.ts).
 */
import type { Digest } from '../cache/artifact.js';
import type { Manifest } from '../cache/manifest.js';
import type { Recorded } from './recorded.js';
import type { Selection } from './selection.js';

/** The columns that one instance read, by port; of what is gathered or named, by `port` and `port.name`. */
export function columnsRead(
  recorded: Recorded,
  node: string,
  selection: Selection,
): Map<string, readonly string[]> {
  const read = new Map<string, readonly string[]>();
  const { index } = recorded.store;
  const add = (port: string, digest: Digest): void => {
    const text = index.part(digest);
    if (text === null) return;
    const [tag, body] = JSON.parse(text) as [string, unknown];
    if (tag === 'read/1')
      read.set(
        port,
        (body as Manifest).columns.map(({ name }) => name),
      );
    else if (tag === 'named/1') {
      for (const [name, each] of body as [string, Digest][]) add(`${port}.${name}`, each);
    } else if (tag === 'gather/1') {
      // All that is gathered is read alike.
      const [[first]] = body as [[unknown, Digest][], unknown];
      if (first) add(port, first[1]);
    }
  };
  const only = recorded.only(node, selection);
  const key = only?.group.key(only.at) ?? null;
  for (const [port, digest] of (key === null ? null : index.preimage(key))?.inputs ?? []) add(port, digest);
  return read;
}

/** The columns of the table that a reference to a node leads to; null when they are not known. */
export function columnsOffered(
  recorded: Recorded,
  node: string,
  selection: Selection,
  output: string,
): readonly string[] | null {
  const only = recorded.only(node, selection);
  const ref = only?.group.outputs(only.at, recorded.store)?.[output];
  if (ref?.kind !== 'table') return null;
  return recorded.store.artifacts.manifest(ref.digest).columns.map(({ name }) => name);
}
