/**
 * Verify: reads every object of the store and compares it with its name. What is missing or damaged is set aside, and the
 * results that need it are forgotten, so that the next run computes just those.
 *
 * Not responsible for what is no longer needed (collect.ts).
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ArtifactRef, Digest } from '../cache/artifact.js';
import { decodeArray, decodeColumn } from '../cache/codec.js';
import { arrayDigest, columnDigest, fileDigestAt, jsonDigest } from '../cache/digest.js';
import { decodeManifest, encodeManifest } from '../cache/manifest.js';
import type { Preimage } from '../cache/index.js';
import { StoreUnavailableError } from '../cache/store-error.js';
import type { Store } from '../cache/store.js';
import { ownersOf } from './owners.js';
import { damagedRecords, type DamagedRecord } from './verify-records.js';

export interface Damage {
  readonly digest: Digest;
  readonly problem: 'missing' | 'damaged';
  /** Tasks whose results need it. */
  readonly tasks: readonly string[];
  /** How many results were forgotten because of it. */
  readonly results: number;
  /** Whose results, as far as recorded runs tell. */
  readonly owners: readonly string[];
}

export interface VerifyOutcome {
  readonly objects: number;
  readonly results: number;
  readonly damage: readonly Damage[];
  /** Runs that can no longer be asked, forgotten with their names. */
  readonly records: readonly DamagedRecord[];
  /** Where damaged files were put. */
  readonly quarantine: string | null;
  /** Unfinished files of processes that died, removed. */
  readonly leftovers: number;
}

/** @param onProgress told the number of results looked at, of how many. */
export async function verifyStore(
  store: Store,
  onProgress: (done: number, all: number) => void,
): Promise<VerifyOutcome> {
  const found = new Map<Digest, 'sound' | 'missing' | 'damaged'>();
  const broken = new Map<Digest, { problem: 'missing' | 'damaged'; tasks: Set<string>; keys: Set<Digest> }>();
  const preimages = new Map<Digest, Preimage>();
  const all = store.index.countEntries();
  let results = 0;
  for (const { key, task, outputs, preimage } of store.index.entries()) {
    for (const ref of Object.values(outputs)) {
      for (const digest of await checkArtifact(ref, store, found)) {
        const problem = found.get(digest) as 'missing' | 'damaged';
        const known = broken.get(digest) ?? { problem, tasks: new Set<string>(), keys: new Set<Digest>() };
        known.tasks.add(task);
        known.keys.add(key);
        preimages.set(key, preimage);
        broken.set(digest, known);
      }
    }
    results++;
    if (results % 1000 === 0) onProgress(results, all);
  }
  onProgress(results, all);
  const owners = ownersOf(store, preimages);
  const records = damagedRecords(store);
  const quarantine = broken.size + records.length > 0 ? setAside(store, broken, records) : null;
  return {
    objects: found.size,
    results,
    damage: [...broken].map(([digest, { problem, tasks, keys }]) => ({
      digest,
      problem,
      tasks: [...tasks].sort(),
      results: keys.size,
      owners: [...new Set([...keys].flatMap((key) => owners.get(key) ?? []))],
    })),
    records,
    quarantine,
    leftovers: removeLeftovers(store),
  };
}

/** The digests of the artifact's objects that are not sound. */
async function checkArtifact(
  ref: ArtifactRef,
  store: Store,
  found: Map<Digest, 'sound' | 'missing' | 'damaged'>,
): Promise<Digest[]> {
  const check = async (
    digest: Digest,
    digestOfContent: (bytes: Uint8Array) => Promise<Digest> | Digest,
  ): Promise<boolean> => {
    const known = found.get(digest);
    if (known) return known === 'sound';
    let state: 'sound' | 'missing' | 'damaged' = 'missing';
    if (store.has(digest)) {
      try {
        state = (await digestOfContent(store.read(digest))) === digest ? 'sound' : 'damaged';
      } catch (error) {
        // What must not be read may well be sound.
        if (error instanceof StoreUnavailableError) throw error;
        // Bytes that cannot even be decoded.
        state = 'damaged';
      }
    }
    found.set(digest, state);
    return state === 'sound';
  };
  switch (ref.kind) {
    case 'table': {
      if (!(await check(ref.digest, (bytes) => encodeManifest(decodeManifest(bytes)).digest)))
        return [ref.digest];
      const manifest = decodeManifest(store.read(ref.digest));
      const digests = [
        ...manifest.columns.map(({ digest }) => digest),
        ...(manifest.id ? [manifest.id.digest] : []),
      ];
      const bad = [];
      for (const digest of digests) {
        if (!(await check(digest, async (bytes) => columnDigest(await decodeColumn(bytes)))))
          bad.push(digest);
      }
      return bad;
    }
    case 'array':
      return (await check(ref.digest, (bytes) => arrayDigest(decodeArray(bytes)))) ? [] : [ref.digest];
    case 'json':
    case 'view':
      return (await check(ref.digest, (bytes) => jsonDigest(Buffer.from(bytes).toString('utf8'))))
        ? []
        : [ref.digest];
    case 'file': {
      // A file may be larger than memory: it is hashed where it lies.
      const path = store.objects.path(ref.digest);
      const state = !existsSync(path)
        ? 'missing'
        : fileDigestAt(path, ref.extension ?? '') === ref.digest
          ? 'sound'
          : 'damaged';
      found.set(ref.digest, state);
      return state === 'sound' ? [] : [ref.digest];
    }
  }
}

function setAside(
  store: Store,
  broken: ReadonlyMap<Digest, { problem: string; keys: ReadonlySet<Digest> }>,
  records: readonly DamagedRecord[],
): string {
  const folder = join(store.folder, 'quarantine');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  store.index.transaction(() => {
    for (const [digest, { keys }] of broken) {
      for (const key of keys) store.index.removeEntry(key);
      store.index.removeSmall(digest);
    }
    for (const { run, digest } of records) {
      store.index.runs.unpin(run);
      store.index.runs.remove(run);
      store.index.removeSmall(digest);
    }
  });
  const all = [...broken, ...records.map((record) => [record.digest, record] as const)];
  for (const [digest, { problem }] of all) {
    const path = store.objects.path(digest);
    if (problem === 'damaged' && existsSync(path)) renameSync(path, join(folder, digest));
  }
  return folder;
}

/** Temporary files of processes that are gone. Called while no run is at work. */
export function removeLeftovers(store: Store): number {
  let removed = 0;
  const { folder } = store.objects;
  for (const part of readdirSync(folder)) {
    for (const name of readdirSync(join(folder, part))) {
      if (!name.endsWith('.tmp')) continue;
      rmSync(join(folder, part, name), { force: true });
      removed++;
    }
  }
  const scratch = join(store.folder, 'scratch');
  if (existsSync(scratch)) {
    for (const name of readdirSync(scratch)) {
      rmSync(join(scratch, name), { recursive: true, force: true });
      removed++;
    }
  }
  return removed;
}
