/**
 * Collect: removes what no kept run needs (garbage collection). Kept are the last runs of each workflow and the pinned ones,
 * with everything that their instances were made of and made.
 *
 * It has the store to itself: it waits for runs, and runs wait for it. Not responsible for damage (verify.ts).
 */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { ArtifactRef, Digest } from '../cache/artifact.js';
import { MissingObjectError } from '../cache/objects.js';
import type { Store } from '../cache/store.js';
import type { Graph } from './describe.js';
import { readGroup } from './record.js';
import { removeLeftovers } from './verify.js';

export interface CollectOptions {
  /** Runs kept of each workflow, newest first. */
  readonly keep: number;
  /** What the store may hold: the oldest runs go until it fits, save pinned ones and the newest of each workflow. */
  readonly maxBytes?: number;
  readonly dryRun: boolean;
  readonly onWait: () => void;
}

export interface CollectOutcome {
  readonly runs: { readonly kept: readonly number[]; readonly removed: readonly number[] };
  readonly results: { readonly kept: number; readonly removed: number };
  readonly objects: { readonly kept: number; readonly removed: number };
  /** Bytes of object files that are (or would be) freed; the index shrinks besides. */
  readonly bytes: number;
  /** Bytes of the store before, and after: an estimate, for which the index is taken to shrink with its results. */
  readonly size: { readonly before: number; readonly after: number };
}

export async function collectGarbage(store: Store, options: CollectOptions): Promise<CollectOutcome> {
  while (!store.index.sessions.enter('collection')) {
    options.onWait();
    await setTimeout(500);
  }
  try {
    return collect(store, options);
  } finally {
    store.index.sessions.leave();
  }
}

function collect(store: Store, { keep, maxBytes, dryRun }: CollectOptions): CollectOutcome {
  const files = objectFiles(store);
  const indexBytes = store.index.bytes;
  const before = indexBytes + total(files);
  const { kept, removed, droppable } = chooseRuns(store, keep);
  let needed = whatRunsNeed(store, kept);
  const sizeAfter = (): number => {
    const { results, unneeded, objects } = needed;
    const share = results + unneeded.length === 0 ? 1 : results / (results + unneeded.length);
    return total(files.filter(({ digest }) => objects.has(digest))) + Math.round(indexBytes * share);
  };
  while (maxBytes !== undefined && sizeAfter() > maxBytes) {
    const oldest = droppable.pop();
    if (oldest === undefined) break;
    kept.splice(kept.indexOf(oldest), 1);
    removed.push(oldest);
    needed = whatRunsNeed(store, kept);
  }
  const { objects, parts, unneeded, results } = needed;
  const surplus = files.filter(({ digest }) => !objects.has(digest));
  const after = sizeAfter();
  if (!dryRun) {
    store.index.transaction(() => {
      for (const id of removed) store.index.runs.remove(id);
      for (const key of unneeded) store.index.removeEntry(key);
      store.index.keepOnly(objects, parts);
    });
    for (const { path } of surplus) rmSync(path, { force: true });
    removeLeftovers(store);
    store.index.compact();
  }
  return {
    runs: { kept, removed },
    results: { kept: results, removed: unneeded.length },
    objects: { kept: objects.size, removed: surplus.length },
    bytes: total(surplus),
    size: { before, after },
  };
}

interface Needed {
  readonly objects: ReadonlySet<Digest>;
  /** Bodies of sub-digests of preimages. */
  readonly parts: ReadonlySet<Digest>;
  /** Results that are kept. */
  readonly results: number;
  /** Keys of those that are not. */
  readonly unneeded: readonly Digest[];
}

function whatRunsNeed(store: Store, kept: readonly number[]): Needed {
  const keys = new Set<Digest>();
  const objects = new Set<Digest>();
  const files = new Set<Digest>();
  for (const id of kept) {
    const run = store.index.runs.get(id)!;
    objects.add(run.graph);
    const graph = store.artifacts.json(run.graph) as Graph;
    for (const { digest } of graph.files) files.add(digest);
    for (const { manifest } of store.index.runs.nodes(id)) {
      objects.add(manifest);
      const group = readGroup(manifest, store);
      for (let i = 0; i < group.header.count; i++) {
        const key = group.key(i);
        if (key !== null) keys.add(key);
      }
    }
  }
  const unneeded: Digest[] = [];
  const parts = new Set<Digest>();
  let results = 0;
  for (const { key, outputs, preimage } of store.index.entries()) {
    // What was read of a raw file is needed as long as a kept run looked at the file.
    const ofFile = preimage.inputs.find(([port]) => port === 'file')?.[1];
    const isNeeded =
      keys.has(key) || (preimage.task.startsWith('input.') && ofFile !== undefined && files.has(ofFile));
    if (!isNeeded) {
      unneeded.push(key);
      continue;
    }
    results++;
    for (const [, digest] of preimage.inputs) addParts(digest, store, parts);
    for (const ref of Object.values(outputs)) addObjects(ref, store, objects);
  }
  return { objects, parts, results, unneeded };
}

/** `droppable`: those of the kept ones that may go for want of room, newest first. */
function chooseRuns(store: Store, keep: number): { kept: number[]; removed: number[]; droppable: number[] } {
  const pinned = new Set(store.index.runs.pins().map(({ run }) => run));
  const counts = new Map<string, number>();
  const kept: number[] = [];
  const removed: number[] = [];
  const droppable: number[] = [];
  for (const { id, workflow } of store.index.runs.list(null, -1)) {
    const count = (counts.get(workflow) ?? 0) + 1;
    counts.set(workflow, count);
    (count <= keep || pinned.has(id) ? kept : removed).push(id);
    if (count > 1 && count <= keep && !pinned.has(id)) droppable.push(id);
  }
  return { kept, removed, droppable };
}

const total = (files: readonly { readonly bytes: number }[]): number =>
  files.reduce((sum, { bytes }) => sum + bytes, 0);

/** A part and the parts within it that are stored, too (binding.ts). */
function addParts(digest: Digest, store: Store, parts: Set<Digest>): void {
  if (parts.has(digest)) return;
  parts.add(digest);
  const body = store.index.part(digest);
  const named = body === null ? null : (JSON.parse(body) as [tag: string, entries: unknown]);
  if (named?.[0] === 'named/1') {
    for (const [, part] of named[1] as [string, Digest][]) addParts(part, store, parts);
  }
  if (named?.[0] === 'gather/1') {
    const [[first]] = named[1] as [[unknown, Digest][], unknown];
    if (first) addParts(first[1], store, parts);
  }
}

function addObjects(ref: ArtifactRef, store: Store, objects: Set<Digest>): void {
  if (objects.has(ref.digest)) return;
  objects.add(ref.digest);
  if (ref.kind !== 'table') return;
  try {
    const manifest = store.artifacts.manifest(ref.digest);
    for (const { digest } of manifest.columns) objects.add(digest);
    if (manifest.id) objects.add(manifest.id.digest);
  } catch (error) {
    // Damage is verify's to find; a collection must not fail over it.
    if (!(error instanceof MissingObjectError)) throw error;
  }
}

function objectFiles(store: Store): { digest: Digest; path: string; bytes: number }[] {
  const { folder } = store.objects;
  return readdirSync(folder).flatMap((part) =>
    readdirSync(join(folder, part)).map((name) => {
      const path = join(folder, part, name);
      return { digest: part + name, path, bytes: statSync(path).size };
    }),
  );
}
