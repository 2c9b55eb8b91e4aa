/**
 * Stored plan: what a plan found, kept under its digest, so that a run can be held to it.
 *
 * What is kept is the definition of every node, the digests of the raw files and, per node, a group manifest with the key of each
 * instance. Not responsible for planning or running (study.ts).
 */
import type { Digest } from '../cache/artifact.js';
import type { Store } from '../cache/store.js';
import { describeWorkflow, type Graph } from './describe.js';
import { nodeChanges } from './node-changes.js';
import { readGroup, writeGroup, type Group } from './record.js';
import type { Run } from './run.js';
import { NotFoundError } from './selection.js';
import { definitions } from './definition.js';
import { changeText } from './why.js';
import type { Workflow } from './workflow.js';

export interface StoredPlan {
  readonly plan: 1;
  readonly workflow: string;
  readonly file: string;
  readonly targets: readonly string[];
  /** `path=value`, in order. */
  readonly sets: readonly string[];
  readonly graph: Digest;
  /** Part of the workflow → how it is written. */
  readonly definitions: Readonly<Record<string, string>>;
  readonly nodes: Readonly<Record<string, { readonly opened: boolean; readonly group: Digest }>>;
}

const SHORTEST_ID = 4;
/** Nodes that a refusal names one by one. */
const TOLD = 20;

export function storePlan(
  workflow: Workflow,
  store: Store,
  run: Run,
  options: { readonly targets: readonly string[]; readonly sets: readonly string[] },
): Digest {
  return store.index.transaction(() => {
    const states = [...run.graph.nodes.values()];
    const plan: StoredPlan = {
      plan: 1,
      workflow: workflow.name,
      file: workflow.file,
      targets: options.targets,
      sets: options.sets,
      graph: store.writer.json(describeWorkflow(workflow, run.raw.known(), run.graph.axes)).digest,
      definitions: definitions(
        workflow,
        states.map(({ name }) => name),
      ),
      nodes: Object.fromEntries(
        states.map((state) => [state.name, { opened: state.opened, group: writeGroup(state, store) }]),
      ),
    };
    return store.writer.json(plan).digest;
  });
}

/** The plan whose digest begins with `id`. @throws NotFoundError */
export function findPlan(store: Store, id: string): StoredPlan {
  if (!/^[0-9a-f]+$/.test(id) || id.length < SHORTEST_ID || id.length > 64)
    throw new NotFoundError(`'${id}' is not the ID of a plan, which 'cohortflow plan' prints`);
  const plans = store.from(id).flatMap((digest) => readPlan(store, digest) ?? []);
  if (plans.length === 1) return plans[0]!;
  throw new NotFoundError(
    plans.length > 1
      ? `several plans begin with ${id}; give more of the ID`
      : `there is no plan ${id} in the store (a collection removes plans); plan again`,
  );
}

function readPlan(store: Store, digest: Digest): StoredPlan | null {
  try {
    const value = store.artifacts.json(digest) as Partial<StoredPlan> | null;
    return value?.plan === 1 && value.nodes !== undefined ? (value as StoredPlan) : null;
  } catch {
    // Some other object with these digits.
    return null;
  }
}

/**
 * What a run would now do besides the plan, in sentences; none when it would do the plan and nothing else. What has been
 * computed since is no difference: it is part of the plan, done.
 */
export function planDifferences(store: Store, planned: StoredPlan, now: StoredPlan): string[] {
  const graphs = [planned, now].map(({ graph }) => store.artifacts.json(graph) as Graph);
  const [before, after] = graphs as [Graph, Graph];
  const found = definitionDifferences(planned, now, before, after);
  const instances: string[] = [];
  let waits = false;
  for (const [node, { opened, group }] of Object.entries(now.nodes)) {
    const old = planned.nodes[node];
    if (!old) continue;
    const current = readGroup(group, store);
    const text = opened
      ? groupDifference(readGroup(old.group, store), current)
      : old.opened
        ? 'its items are no longer known'
        : null;
    if (text !== null) instances.push(`${node}: ${text}`);
    waits ||= !opened || hasUnsure(current);
  }
  if (found.length + instances.length > 0 || waits) found.push(...fileDifferences(before, after));
  return found.concat(
    instances.length > TOLD
      ? [...instances.slice(0, TOLD), `and ${instances.length - TOLD} more nodes`]
      : instances,
  );
}

function definitionDifferences(planned: StoredPlan, now: StoredPlan, before: Graph, after: Graph): string[] {
  const found: string[] = [];
  for (const part of new Set([...Object.keys(planned.definitions), ...Object.keys(now.definitions)])) {
    const [old, current] = [planned.definitions[part], now.definitions[part]];
    if (old === current) continue;
    const [a, b] = [before, after].map(({ nodes }) => nodes[part.replace(/^node /, '')]);
    if (old === undefined) found.push(`${part} is new`);
    else if (current === undefined) found.push(`${part} is gone`);
    else if (part.startsWith('node ') && a && b && nodeChanges(a, b).length > 0)
      found.push(`${part}: ${nodeChanges(a, b).map(changeText).join('; ')}`);
    else found.push(`${part} is written differently`);
  }
  return found;
}

function fileDifferences(before: Graph, after: Graph): string[] {
  const old = new Map(before.files.map(({ path, digest }) => [path, digest]));
  return after.files.flatMap(({ path, digest }) =>
    old.has(path) && old.get(path) !== digest ? [`the file ${path} changed`] : [],
  );
}

const hasUnsure = (group: Group): boolean => {
  for (let i = 0; i < group.header.count; i++)
    if (group.ending(i) === 'open' && group.key(i) === null) return true;
  return false;
};

function groupDifference(planned: Group, now: Group): string | null {
  let [other, added, stuck] = [0, 0, 0];
  for (let i = 0; i < now.header.count; i++) {
    const ending = now.ending(i);
    if (ending === 'done') continue;
    const at = planned.find(now.items(i));
    if (at < 0) {
      // Items that were not known yet are for the plan's definitions to vouch for.
      if (planned.header.count > 0) added++;
      continue;
    }
    const before = planned.ending(at);
    if (ending === 'failed' || ending === 'skipped') {
      if (before !== ending) stuck++;
    } else if (before !== 'open' || (planned.key(at) !== null && planned.key(at) !== now.key(i))) {
      other++;
    }
  }
  const parts = [
    other > 0 ? `${instances(other)} would run with another key than planned` : '',
    added > 0 ? `${instances(added)} more than planned` : '',
    stuck > 0 ? `${instances(stuck)} cannot run any more` : '',
  ].filter(Boolean);
  return parts.length === 0 ? null : parts.join(', ');
}

const instances = (count: number): string => (count === 1 ? '1 instance' : `${count} instances`);
