/**
 * Lineage columns: which columns an instance read at each port, and which a result offers, from the keys as recorded.
 *
 * Not responsible for following references (lineage.ts).
 */
import type { Digest } from '../cache/artifact.js';
import type { Manifest } from '../cache/manifest.js';
import type { Store } from '../cache/store.js';
import type { Recorded } from './recorded.js';
import type { Selection } from './selection.js';

/** The columns that one instance read, by port; of what is gathered or named, by `port` and `port.name`. */
export function columnsRead(
  recorded: Recorded,
  node: string,
  selection: Selection,
): Map<string, readonly string[]> {
  const read = new Map<string, readonly string[]>();
  const { store } = recorded;
  const only = recorded.only(node, selection);
  const key = only?.group.key(only.at) ?? null;
  for (const [port, digest] of (key === null ? null : store.index.preimage(key))?.inputs ?? [])
    for (const [name, columns] of columnsOfPart(store, digest)) read.set(`${port}${name}`, columns);
  return read;
}

/** The columns of parts that were looked at: a gather of 50,000 items is not to be read again for each figure. */
const known = new WeakMap<Store, Map<Digest, ReadonlyMap<string, readonly string[]>>>();

/** By what follows the port's name: '', or `.name` of an entry. */
function columnsOfPart(store: Store, digest: Digest): ReadonlyMap<string, readonly string[]> {
  let ofStore = known.get(store);
  if (!ofStore) known.set(store, (ofStore = new Map<Digest, ReadonlyMap<string, readonly string[]>>()));
  let columns = ofStore.get(digest);
  if (!columns) ofStore.set(digest, (columns = readPart(store, digest)));
  return columns;
}

function readPart(store: Store, digest: Digest): ReadonlyMap<string, readonly string[]> {
  const text = store.index.part(digest);
  if (text === null) return new Map();
  const [tag, body] = JSON.parse(text) as [string, unknown];
  if (tag === 'read/1') return new Map([['', (body as Manifest).columns.map(({ name }) => name)]]);
  if (tag === 'named/1') {
    const entries = (body as [string, Digest][]).flatMap(([name, each]) =>
      [...columnsOfPart(store, each)].map(([rest, columns]) => [`.${name}${rest}`, columns] as const),
    );
    return new Map(entries);
  }
  if (tag === 'gather/1') {
    // All that is gathered is read alike.
    const [[first]] = body as [[unknown, Digest][], unknown];
    if (first) return columnsOfPart(store, first[1]);
  }
  return new Map();
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
