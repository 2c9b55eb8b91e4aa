/**
 * Why: the difference between two stored preimages, field by field. The one source of every reason that is ever given.
 *
 * Not responsible for choosing what to compare with (record.ts and run.ts: the last run of the same workflow, node and
 * item, else the nearest preimage).
 */
import { canonicalJson } from '../cache/digest.js';
import type { Preimage } from '../cache/index.js';
import type { Digest } from '../cache/artifact.js';
import type { Manifest } from '../cache/manifest.js';

export interface Change {
  /** `params.k`, `input blood`, `seed`, `task version`. */
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

export type Reason =
  /** The workflow, or this node of it, has not run before. */
  | { readonly kind: 'first' }
  | { readonly kind: 'new-item' }
  /** It failed or was not reached the last time. */
  | { readonly kind: 'unfinished' }
  /** Same key, but the result is no longer in the store. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'changed'; readonly changes: readonly Change[] };

export function reasonText(reason: Reason): string {
  switch (reason.kind) {
    case 'first':
      return 'not run before';
    case 'new-item':
      return 'new item';
    case 'unfinished':
      return 'not finished last time';
    case 'lost':
      return 'its result is no longer in the store';
    case 'changed':
      return reason.changes.map(changeText).join('; ');
  }
}

export function changeText({ field, from, to }: Change): string {
  if (from === '' && to === '') return `${field} changed`;
  if (from === '') return `${field}: ${to}`;
  return `${field} ${from} → ${to}`;
}

type PartBody = (digest: Digest) => string | null;

/** Everything in which two preimages differ; empty when they are the same. */
export function comparePreimages(before: Preimage, after: Preimage, partBody: PartBody): Change[] {
  const changes: Change[] = [];
  if (before.task !== after.task) changes.push({ field: 'task', from: before.task, to: after.task });
  else if (before.version !== after.version) {
    changes.push({ field: 'task version', from: String(before.version), to: String(after.version) });
  }
  compareParams('params', before.params, after.params, changes);
  const old = new Map(before.inputs);
  for (const [port, digest] of after.inputs) {
    const previous = old.get(port);
    old.delete(port);
    if (previous === undefined) changes.push({ field: `input ${port}`, from: '', to: 'connected' });
    else if (previous !== digest) changes.push(...compareInput(`input ${port}`, previous, digest, partBody));
  }
  for (const port of old.keys())
    changes.push({ field: `input ${port}`, from: '', to: 'no longer connected' });
  if (before.seed !== after.seed) changes.push({ field: 'seed', from: '', to: '' });
  return changes;
}

function compareParams(path: string, before: unknown, after: unknown, changes: Change[]): void {
  if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compareParams(`${path}.${key}`, before[key], after[key], changes);
    }
    return;
  }
  const [from, to] = [shortJson(before), shortJson(after)];
  if (canonicalOrNone(before) !== canonicalOrNone(after)) changes.push({ field: path, from, to });
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const canonicalOrNone = (value: unknown): string => (value === undefined ? '' : canonicalJson(value));

function shortJson(value: unknown): string {
  if (value === undefined) return '(absent)';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function compareInput(field: string, before: Digest, after: Digest, partBody: PartBody): Change[] {
  const [a, b] = [parsePart(partBody(before)), parsePart(partBody(after))];
  if (!a || !b || a.tag !== b.tag) return [{ field, from: '', to: 'its content changed' }];
  switch (a.tag) {
    case 'read/1':
      return [{ field, from: '', to: compareManifests(a.body as Manifest, b.body as Manifest) }];
    case 'named/1': {
      const old = new Map(a.body as [string, Digest][]);
      const changes = (b.body as [string, Digest][]).flatMap(([name, digest]) => {
        const previous = old.get(name);
        old.delete(name);
        if (previous === digest) return [];
        if (previous === undefined) return [{ field: `${field}.${name}`, from: '', to: 'connected' }];
        return compareInput(`${field}.${name}`, previous, digest, partBody);
      });
      for (const name of old.keys())
        changes.push({ field: `${field}.${name}`, from: '', to: 'no longer connected' });
      return changes;
    }
    case 'gather/1': {
      const items = (body: unknown): Map<string, Digest> =>
        new Map(
          (body as [[Record<string, unknown>, Digest][], unknown])[0].map(([item, d]) => [
            Object.values(item).join(', '),
            d,
          ]),
        );
      const [old, now] = [items(a.body), items(b.body)];
      const added = [...now.keys()].filter((item) => !old.has(item));
      const lost = [...old.keys()].filter((item) => !now.has(item));
      const changed = [...now.keys()].filter((item) => old.has(item) && old.get(item) !== now.get(item));
      const parts = [listed('added', added), listed('lost', lost), listed('changed', changed)].filter(
        Boolean,
      );
      return [{ field, from: '', to: `of ${now.size} items ${parts.join(', ') || 'other ones failed'}` }];
    }
    default:
      return [{ field, from: '', to: 'its content changed' }];
  }
}

function parsePart(text: string | null): { tag: string; body: unknown } | null {
  if (text === null) return null;
  const [tag, body] = JSON.parse(text) as [string, unknown];
  return { tag, body };
}

/** In what two tables differ, by names of columns; `rows`: there are others, or more or fewer. */
export function changedColumns(
  before: Manifest,
  after: Manifest,
): { rows: boolean; changed: string[]; added: string[]; lost: string[] } {
  const old = new Map(before.columns.map((column) => [column.name, column.digest]));
  const now = new Map(after.columns.map((column) => [column.name, column.digest]));
  return {
    rows: before.id?.digest !== after.id?.digest || before.rows !== after.rows,
    changed: [...now.keys()].filter((name) => old.has(name) && old.get(name) !== now.get(name)),
    added: [...now.keys()].filter((name) => !old.has(name)),
    lost: [...old.keys()].filter((name) => !now.has(name)),
  };
}

function compareManifests(before: Manifest, after: Manifest): string {
  const parts: string[] = [];
  const { rows, changed, added, lost } = changedColumns(before, after);
  if (rows) parts.push(before.rows === after.rows ? 'other rows' : `rows ${before.rows} → ${after.rows}`);
  if (changed.length > 0)
    parts.push(`${changed.length} of ${after.columns.length} columns changed (${shortList(changed)})`);
  if (added.length > 0) parts.push(`columns added (${shortList(added)})`);
  if (lost.length > 0) parts.push(`columns gone (${shortList(lost)})`);
  return parts.join(', ') || 'the order of its columns changed';
}

const listed = (verb: string, names: readonly string[]): string =>
  names.length === 0 ? '' : `${names.length} ${verb} (${shortList(names)})`;

function shortList(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')}, …` : names.join(', ');
}
