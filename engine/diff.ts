/**
 * Diff: in what two recorded runs differ: parameters, raw files, nodes, people, metrics, published tables.
 *
 * Everything is told from what was recorded; the files on disk play no part. Not responsible for which runs are meant
 * (run-choice.ts), for comparing cells (table-diff.ts), or for layout (cli/).
 */
import { canonicalJson } from '../cache/digest.js';
import type { ArtifactRef } from '../cache/artifact.js';
import type { Graph } from './describe.js';
import { nodeChanges } from './node-changes.js';
import type { Group } from './record.js';
import type { Recorded } from './recorded.js';
import { cellAt, commonKeys, diffTables, type Cell, type TableDiff } from './table-diff.js';
import type { Json } from './task.js';
import type { Change } from './why.js';

export interface RunHead {
  readonly run: number;
  readonly workflow: string;
  readonly status: string;
  /** Milliseconds since 1970. */
  readonly ended: number | null;
}

export interface ValueDiff {
  readonly name: string;
  /** null: not there. */
  readonly before: Json;
  readonly after: Json;
}

export interface NodeDiff {
  readonly node: string;
  readonly status: 'added' | 'lost' | 'changed';
  /** Task version, parameters, inputs. */
  readonly changes: readonly Change[];
  /** Instances; null where the run did not need the node. */
  readonly instances: { readonly before: number | null; readonly after: number | null };
  /** Of the instances that both have: how many have another key, and how many another result. */
  readonly rekeyed: number;
  readonly results: number;
  /** Instances that failed or were skipped. */
  readonly unfinished: { readonly before: number; readonly after: number };
}

/** An output of one instance, of which something is told. */
interface Place {
  readonly node: string;
  readonly output: string;
  readonly item: string;
}

export interface RowsDiff extends Place {
  readonly before: number;
  readonly after: number;
}

export interface MetricsDiff extends Place {
  /** Names of the columns that name a row. */
  readonly by: readonly string[];
  readonly rows: readonly {
    readonly key: string;
    readonly column: string;
    readonly before: Cell;
    readonly after: Cell;
    /** null unless both are numbers. */
    readonly difference: number | null;
  }[];
}

export interface RunDiff {
  readonly before: RunHead;
  readonly after: RunHead;
  readonly params: readonly ValueDiff[];
  readonly seed: { readonly before: string; readonly after: string } | null;
  /** Raw files whose content differs; null: not looked at. */
  readonly files: readonly {
    readonly path: string;
    readonly before: string | null;
    readonly after: string | null;
  }[];
  readonly nodes: readonly NodeDiff[];
  /** Outputs with ids (people, mostly) whose number of rows differs. */
  readonly people: readonly RowsDiff[];
  /** Who left the cohort, step by step, and metrics: all numbers, in the order of the tables. */
  readonly flows: readonly MetricsDiff[];
  readonly metrics: readonly MetricsDiff[];
  /** Published tables that differ, and are not among the flows and metrics. */
  readonly tables: readonly (Place & TableDiff)[];
}

export interface DiffOptions {
  /** Relative: numbers that differ by no more are equal. */
  readonly tolerance: number;
  /** The port type of a task's output; null where it is not known. */
  readonly portType: (task: string, output: string) => string | null;
}

/** @throws MissingObjectError when a result that must be read is no longer in the store. */
export async function diffRuns(before: Recorded, after: Recorded, options: DiffOptions): Promise<RunDiff> {
  const [a, b] = [before.graph, after.graph];
  const changed = changedOutputs(before, after);
  const people: RowsDiff[] = [];
  const flows: MetricsDiff[] = [];
  const metrics: MetricsDiff[] = [];
  const tables: (Place & TableDiff)[] = [];
  for (const { place, refs } of changed) {
    if (refs[0].kind !== 'table' || refs[1].kind !== 'table') continue;
    const manifests = refs.map(({ digest }) => after.store.artifacts.manifest(digest));
    const [was, is] = [manifests[0]!, manifests[1]!];
    if (was.id && is.id && was.rows !== is.rows) people.push({ ...place, before: was.rows, after: is.rows });
    const isFlow = [was, is].every(({ columns }) =>
      ['step', 'excluded', 'remaining'].every((name) => columns.some((column) => column.name === name)),
    );
    const isMetrics = options.portType(b.nodes[place.node]!.task, place.output) === 'metrics';
    if (!isFlow && !isMetrics && !isPublished(place, before, after)) continue;
    const [old, now] = [await after.store.artifacts.table(was), await after.store.artifacts.table(is)];
    if (isFlow || isMetrics) (isFlow ? flows : metrics).push({ ...place, ...sideBySide(old, now) });
    else {
      const diff = diffTables(old, now, options.tolerance);
      if (diff.added + diff.lost + diff.changed + diff.columns.added.length + diff.columns.lost.length > 0)
        tables.push({ ...place, ...diff });
    }
  }
  return {
    before: headOf(before),
    after: headOf(after),
    params: paramDiffs(before, after),
    seed: a.seed === b.seed ? null : { before: a.seed, after: b.seed },
    files: fileDiffs(before, after),
    nodes: nodeDiffs(before, after),
    people,
    flows,
    metrics,
    tables,
  };
}

function headOf({ run: { id, workflow, status, ended } }: Recorded): RunHead {
  return { run: id, workflow, status, ended };
}

function paramDiffs(before: Recorded, after: Recorded): ValueDiff[] {
  const [a, b] = [before, after].map(
    ({ graph }) => new Map(graph.params.map(({ name, value }) => [name, value])),
  );
  return [...new Set([...a!.keys(), ...b!.keys()])].flatMap((name) => {
    const [was, is] = [a!.get(name) ?? null, b!.get(name) ?? null];
    return canonicalJson(was) === canonicalJson(is) ? [] : [{ name, before: was, after: is }];
  });
}

function fileDiffs(before: Recorded, after: Recorded): RunDiff['files'] {
  const [a, b] = [before, after].map(
    ({ graph }) => new Map(graph.files.map(({ path, digest }) => [path, digest])),
  );
  return [...new Set([...a!.keys(), ...b!.keys()])].sort().flatMap((path) => {
    const [was, is] = [a!.get(path) ?? null, b!.get(path) ?? null];
    return was === is ? [] : [{ path, before: was, after: is }];
  });
}

// ---- nodes ----

/** Each after those that it needs, as a reader follows a study. */
function orderedNodes(graph: Graph): string[] {
  const ordered = new Set<string>();
  const add = (name: string): void => {
    const node = graph.nodes[name];
    if (!node || ordered.has(name)) return;
    for (const axis of node.axes) {
      const producer = graph.origins[axis]?.node;
      if (producer !== undefined) add(producer);
    }
    for (const { node: producer } of node.references) if (producer !== undefined) add(producer);
    ordered.add(name);
  };
  for (const name of Object.keys(graph.nodes)) add(name);
  return [...ordered];
}

function nodeDiffs(before: Recorded, after: Recorded): NodeDiff[] {
  const [a, b] = [before.graph.nodes, after.graph.nodes];
  const lost = orderedNodes(before.graph).filter((node) => !b[node]);
  return [...orderedNodes(after.graph), ...lost].flatMap((node): NodeDiff[] => {
    const [was, is] = [a[node], b[node]];
    const groups = [before.group(node), after.group(node)] as const;
    const instances = {
      before: groups[0]?.header.count ?? null,
      after: groups[1]?.header.count ?? null,
    };
    const unfinished = { before: unfinishedOf(groups[0]), after: unfinishedOf(groups[1]) };
    const base = { node, instances, unfinished, changes: [], rekeyed: 0, results: 0 };
    if (!was) return [{ ...base, status: 'added' }];
    if (!is) return [{ ...base, status: 'lost' }];
    const changes = nodeChanges(was, is);
    let [rekeyed, results] = [0, 0];
    for (const pair of pairs(groups[0], groups[1])) {
      if (pair.before.key(pair.was) === pair.after.key(pair.is)) continue;
      rekeyed++;
      if (!sameResult(pair, before, after)) results++;
    }
    const isSame =
      changes.length + rekeyed === 0 &&
      instances.before === instances.after &&
      unfinished.before === unfinished.after;
    return isSame ? [] : [{ ...base, status: 'changed', changes, rekeyed, results }];
  });
}

const unfinishedOf = (group: Group | null): number => {
  let count = 0;
  for (let i = 0; i < (group?.header.count ?? 0); i++) if (group!.ending(i) !== 'done') count++;
  return count;
};

interface Pair {
  readonly before: Group;
  readonly was: number;
  readonly after: Group;
  readonly is: number;
}

/** The instances of the same items; none where the axes differ. */
function* pairs(before: Group | null, after: Group | null): Generator<Pair> {
  if (!before || !after) return;
  const [a, b] = [before, after].map(({ header }) => header.axes.map(({ name }) => name).sort());
  if (a!.join('\n') !== b!.join('\n')) return;
  for (let is = 0; is < after.header.count; is++) {
    const was = before.find(after.items(is));
    if (was >= 0) yield { before, was, after, is };
  }
}

function sameResult({ before, was, after, is }: Pair, runBefore: Recorded, runAfter: Recorded): boolean {
  const [old, now] = [before.outputs(was, runBefore.store), after.outputs(is, runAfter.store)];
  if (!old || !now) return old === now;
  return Object.entries(now).every(([output, ref]) => old[output]?.digest === ref.digest);
}

// ---- results ----

interface ChangedOutput {
  readonly place: Place;
  readonly refs: readonly [ArtifactRef, ArtifactRef];
}

/** Outputs that both runs have, with other content. */
function* changedOutputs(before: Recorded, after: Recorded): Generator<ChangedOutput> {
  for (const node of orderedNodes(after.graph)) {
    for (const { before: a, was, after: b, is } of pairs(before.group(node), after.group(node))) {
      if (a.key(was) === b.key(is)) continue;
      const [old, now] = [a.outputs(was, before.store), b.outputs(is, after.store)];
      for (const [output, ref] of Object.entries(now ?? {})) {
        const previous = old?.[output];
        if (previous && previous.digest !== ref.digest)
          yield { place: { node, output, item: b.itemText(is) }, refs: [previous, ref] };
      }
    }
  }
}

function isPublished({ node, output }: Place, ...runs: readonly Recorded[]): boolean {
  return runs.some(({ graph }) => graph.publish.some((item) => item.node === node && item.output === output));
}

type Side = Parameters<typeof commonKeys>[0];

/** Every number of both tables, rows matched by key, in the order of the later table; what is gone comes last. */
function sideBySide(before: Side, after: Side): Pick<MetricsDiff, 'by' | 'rows'> {
  const [a, b] = commonKeys(before, after);
  const rowBefore = new Map(a.keys.map((key, row) => [key, row]));
  const rowAfter = new Map(b.keys.map((key, row) => [key, row]));
  const columns = [...new Set([...after.columns.keys(), ...before.columns.keys()])].filter(
    (name) => !a.by.includes(name),
  );
  const rows = [];
  for (const key of new Set([...b.keys, ...a.keys])) {
    for (const column of columns) {
      const cell = (table: Side, row: number | undefined): Cell => {
        const found = table.columns.get(column);
        return found && row !== undefined ? cellAt(found, row) : null;
      };
      const [was, is] = [cell(before, rowBefore.get(key)), cell(after, rowAfter.get(key))];
      if (was === null && is === null) continue;
      const difference = typeof was === 'number' && typeof is === 'number' ? is - was : null;
      rows.push({ key, column, before: was, after: is, difference });
    }
  }
  return { by: a.by, rows };
}
