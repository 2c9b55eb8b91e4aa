/**
 * Input files: the raw files of a workflow as far as they are known before anything runs, and their present contents.
 *
 * Not responsible for reading them (reading.ts, import.ts).
 */
import { dirname } from 'node:path';
import type { Store } from '../cache/store.js';
import type { Item } from './item.js';
import { templateText } from './language/template.js';
import { RawFiles } from './raw.js';
import type { Axis, Workflow } from './workflow.js';

/** Files of one input beyond which they are not listed: nobody watches so many. */
const LISTED = 10_000;

/** Absolute paths; those of inputs over axes whose items come from data are not among them. */
export function inputPaths(workflow: Workflow): string[] {
  const paths = new Set<string>();
  for (const { path, axes } of workflow.inputs.values()) {
    let choices: Record<string, Item>[] = [{}];
    for (const name of axes) {
      const items = knownItems(workflow.axes.get(name)!);
      choices =
        choices.length * items.length > LISTED
          ? []
          : choices.flatMap((choice) => items.map((item) => ({ ...choice, [name]: item })));
    }
    for (const choice of choices) paths.add(templateText(path, choice));
  }
  return [...paths];
}

function knownItems({ source }: Axis): readonly Item[] {
  if (source.how === 'list') return source.items;
  return source.how === 'replicate' ? Array.from({ length: source.count }, (_, i) => i + 1) : [];
}

/** Path → digest of the content; null where it cannot be read. Only what changed since it was last read is read. */
export async function inputDigests(
  workflow: Workflow,
  store: Store,
  paths: Iterable<string>,
): Promise<Record<string, string | null>> {
  const raw = new RawFiles(store, dirname(workflow.file));
  const digests: Record<string, string | null> = {};
  for (const path of paths) {
    if (raw.digest(path) === null && !raw.failureOf(path)) await raw.hash(path);
    digests[path] = raw.digest(path);
  }
  return digests;
}
