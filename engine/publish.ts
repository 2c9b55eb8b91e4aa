/**
 * Publish: copies results to the study's folder, and keeps account of what it put there.
 *
 * Its own files that are no longer made are removed; files that someone edited are never overwritten nor removed; deleted ones
 * come back without computing. Always copies: an edit of a published file must not reach the store.
 * Not responsible for the report's content (report/).
 */
import { existsSync, mkdirSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, extname, join, relative, sep } from 'node:path';
import type { ArtifactRef, Digest } from '../cache/artifact.js';
import { canonicalJson, plainDigestAt } from '../cache/digest.js';
import type { Store } from '../cache/store.js';
import { encodeTable, type TabularFormat } from '../cache/tabular.js';
import { contentDigest, writeContent, type Content } from './content.js';
import type { NodeSummary } from './event.js';
import { Status, type NodeState } from './graph.js';
import { fillTemplate } from './language/template.js';
import type { RunGraph } from './plan-graph.js';
import { publishedPath } from './published-path.js';
import { renderReport } from './report/report.js';
import type { RootFailure } from './study.js';
import type { PublishItem, Template, Workflow } from './workflow.js';

export interface PublishOutcome {
  readonly folder: string;
  /** All relative to the folder. */
  readonly written: readonly string[];
  readonly unchanged: number;
  readonly removed: readonly string[];
  /** Edited by someone since: left as they are. */
  readonly edited: readonly string[];
  /** Edited by someone since, and no longer made: left as they are. */
  readonly orphaned: readonly string[];
  /** Of an earlier run, kept because what makes them failed or was not reached this time. */
  readonly stale: readonly string[];
  /** Could not be written. */
  readonly problems: readonly { readonly path: string; readonly message: string }[];
  readonly report: string | null;
}

interface Wanted {
  readonly path: string;
  /** Names the bytes without making them: nothing is encoded when nothing changed. */
  readonly source: string;
  readonly content: () => Promise<Content>;
}

export async function publishStudy(input: {
  workflow: Workflow;
  store: Store;
  graph: RunGraph;
  /** The run as recorded. */
  run: number;
  nodes: readonly NodeSummary[];
  failures: readonly RootFailure[];
  /** Raw files that were looked at. */
  files: readonly { path: string; digest: Digest }[];
}): Promise<PublishOutcome> {
  const { workflow, store, graph } = input;
  const wanted: Wanted[] = [];
  const isExpected: ((path: string) => boolean)[] = [];
  for (const item of workflow.publish) {
    const { files, expects } = wantedFiles(item, store, graph);
    wanted.push(...files);
    isExpected.push(expects);
  }
  const report = workflow.report?.path ?? null;
  if (report !== null) {
    const html = Buffer.from(await renderReport(input));
    wanted.push({
      path: report,
      source: `report ${contentDigest({ bytes: html })}`,
      content: () => Promise.resolve({ bytes: html }),
    });
  }
  const expects = (path: string): boolean => isExpected.some((of) => of(path));
  return { ...(await writeFiles(workflow, wanted, expects, store)), report };
}

async function writeFiles(
  { name, publishTo: folder }: Workflow,
  wanted: readonly Wanted[],
  expects: (path: string) => boolean,
  store: Store,
): Promise<Omit<PublishOutcome, 'report'>> {
  settleUnfinished(folder, store);
  const owned = new Map(store.index.publications.of(folder).map((row) => [row.path, row]));
  const publishers = store.index.publications.publishers(folder);
  const written: string[] = [];
  const removed: string[] = [];
  const edited: string[] = [];
  const orphaned: string[] = [];
  const stale: string[] = [];
  const problems: { path: string; message: string }[] = [];
  let unchanged = 0;
  const write = async ({ path, source, content: make }: Wanted): Promise<void> => {
    const target = join(folder, path);
    const mine = owned.get(path);
    owned.delete(path);
    // Said first: whatever a kill leaves of it is this workflow's to remove.
    if (publishers.get(path) !== name) store.index.publications.setPublisher(folder, path, name);
    const found = digestAt(target);
    if (found !== null && mine?.source === source && found === mine.digest) {
      unchanged++;
      return;
    }
    const content = await make();
    const digest = contentDigest(content);
    if (found !== null && found !== digest && found !== mine?.digest) {
      edited.push(path);
      return;
    }
    if (found !== digest) {
      const temporary = `${path}.${process.pid}.tmp`;
      store.index.publications.intend(folder, path, digest, source, temporary);
      writeInside(folder, target, join(folder, temporary), content);
      written.push(path);
    } else {
      unchanged++;
    }
    store.index.publications.add(folder, path, digest, source);
  };
  for (const file of wanted) {
    try {
      await write(file);
    } catch (error) {
      // One file that cannot be made or written does not keep the others back.
      problems.push({ path: file.path, message: error instanceof Error ? error.message : String(error) });
    }
  }
  for (const { path, digest } of owned.values()) {
    // Of another workflow that publishes to the same folder.
    if ((publishers.get(path) ?? name) !== name) continue;
    if (expects(path)) {
      stale.push(path);
      continue;
    }
    try {
      const target = join(folder, path);
      // What a link has put in its place since is not ours.
      const found = isInside(folder, target) ? digestAt(target) : null;
      if (found === digest) {
        rmSync(target);
        removeEmptyFolders(folder, dirname(target));
        removed.push(path);
      } else if (found !== null) {
        orphaned.push(path);
        continue;
      }
      store.index.publications.remove(folder, path);
    } catch (error) {
      problems.push({ path, message: error instanceof Error ? error.message : String(error) });
    }
  }
  return { folder, written, unchanged, removed, edited, orphaned, stale, problems };
}

/**
 * What a process that was killed was about to write: a file that has its bytes is ours, one that has not is as it was before, and
 * the temporary file goes.
 */
function settleUnfinished(folder: string, store: Store): void {
  for (const { path, digest, source, temporary } of store.index.publications.intended(folder)) {
    const pid = Number(/\.(\d+)\.tmp$/.exec(temporary)?.[1]);
    if (pid !== process.pid && isRunning(pid)) continue;
    rmSync(join(folder, temporary), { force: true });
    if (digestAt(join(folder, path)) === digest) store.index.publications.add(folder, path, digest, source);
    else store.index.publications.giveUp(folder, path);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** One file for each instance that has a result; `expects` tells the paths of those that have none this time. */
function wantedFiles(
  item: PublishItem,
  store: Store,
  graph: RunGraph,
): { files: Wanted[]; expects: (path: string) => boolean } {
  const { source } = item.reference;
  const producer = 'node' in source ? graph.nodes.get(source.node) : undefined;
  if (!('node' in source) || !producer) return { files: [], expects: () => false };
  // While the items are unknown, whatever is of the template's form may be one of them.
  if (!producer.opened) return { files: [], expects: (path) => patternOf(item.path).test(path) };
  const files: Wanted[] = [];
  const expected = new Set<string>();
  for (let i = 0; i < producer.count; i++) {
    if (!isChosen(item, producer, i)) continue;
    const items = producer.items(i);
    const path = publishedPath(item, items);
    const ref = producer.outputs[i]?.[source.port];
    if (!ref || (producer.status[i] !== Status.fresh && producer.status[i] !== Status.ran)) {
      expected.add(path);
      continue;
    }
    const columns = item.reference.columns?.map((pick) => ({
      column: String(fillTemplate(pick.column, items)),
      as: pick.as && String(fillTemplate(pick.as, items)),
    }));
    const format = extname(path).slice(1);
    files.push({
      path,
      source: canonicalJson([ref.digest, format, columns ?? null]),
      content: () => encode(ref, format, columns ?? null, store),
    });
  }
  return { files, expects: (path) => expected.has(path) };
}

function patternOf(template: Template): RegExp {
  const parts = template.parts.map((part) =>
    typeof part === 'string' ? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : '[^/]*',
  );
  return new RegExp(`^${parts.join('')}$`);
}

function isChosen(item: PublishItem, producer: NodeState, instance: number): boolean {
  return item.reference.select.every(
    (select, a) =>
      select.how !== 'fixed' || producer.axes[a]!.position(select.item) === producer.coordinate(instance, a),
  );
}

async function encode(
  ref: ArtifactRef,
  format: string,
  columns: { column: string; as: string | null }[] | null,
  store: Store,
): Promise<Content> {
  if (ref.kind === 'table') {
    let manifest = store.artifacts.manifest(ref.digest);
    if (columns) {
      manifest = {
        ...manifest,
        columns: columns.map(({ column, as }) => {
          const found = manifest.columns.find(({ name }) => name === column);
          if (!found) throw new Error(`a published table has no column '${column}'`);
          return { ...found, name: as ?? column };
        }),
      };
    }
    const table = await store.artifacts.table(manifest);
    return { bytes: await encodeTable(table, format as TabularFormat, store.folder) };
  }
  if (ref.kind === 'json')
    return { bytes: Buffer.from(`${JSON.stringify(store.artifacts.json(ref.digest), null, 2)}\n`) };
  if (ref.kind === 'file') return { file: store.objects.existingPath(ref.digest) };
  return { bytes: store.read(ref.digest) };
}

/** Null where there is none. */
function digestAt(path: string): Digest | null {
  try {
    return plainDigestAt(path);
  } catch (error) {
    // ENOTDIR: a folder above it has become a file.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

function writeInside(folder: string, target: string, temporary: string, content: Content): void {
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  if (!isInside(folder, target))
    throw new Error(`${target} lies outside of ${folder} (through a link); nothing was written there`);
  mkdirSync(dirname(target), { recursive: true, mode: 0o750 });
  writeContent(target, temporary, content);
}

/** Whether the folder of a file lies in the publish folder, or would: a link must not lead a copy out of it, nor a removal. */
function isInside(folder: string, target: string): boolean {
  let above = dirname(target);
  while (above !== folder && !existsSync(above)) above = dirname(above);
  if (!existsSync(folder)) return true;
  const inside = relative(realpathSync(folder), realpathSync(above));
  return inside !== '..' && !inside.startsWith(`..${sep}`);
}

/** From a folder upwards to the publish folder, which stays. */
function removeEmptyFolders(publishFolder: string, from: string): void {
  for (let each = from; each !== publishFolder; each = dirname(each)) {
    try {
      rmdirSync(each);
    } catch {
      return; // Something else is in it.
    }
  }
}
