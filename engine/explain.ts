/**
 * Explain: why the instances of a node are fresh, would run, or wait; what `why` says.
 *
 * Plans the node, then chooses what each instance is compared with: the last run of the same workflow, node and item, else the
 * nearest preimage in the store. The differences themselves come from why.ts. Not responsible for showing anything (cli/).
 */
import type { Digest } from '../cache/artifact.js';
import type { Preimage } from '../cache/index.js';
import type { RunRow } from '../cache/runs.js';
import type { Store } from '../cache/store.js';
import {
  explanationText,
  verdictText,
  type Comparison,
  type Explanation,
  type Waiting,
} from './explanation.js';
import { Status, type Failure, type NodeState } from './graph.js';
import { InputFailure } from './input-failure.js';
import { itemId, type Scalar } from './item.js';
import { referencesOf } from './language/graph.js';
import { axisReference } from './plan-graph.js';
import { History, sameOutputs, type Located } from './history.js';
import { ImportReader } from './import-reader.js';
import { lastRun, type Group } from './record.js';
import { Rereads } from './rereads.js';
import { Run } from './run.js';
import { notFound, selectedInstances, selectItems } from './selection.js';
import { comparePreimages, type Change } from './why.js';
import type { Workflow } from './workflow.js';

export interface ExplainedGroup {
  readonly text: string;
  readonly verdict: Explanation['verdict'];
  readonly count: number;
  /** The first of its items. */
  readonly items: readonly string[];
}

export interface NodeExplanation {
  readonly node: string;
  readonly task: string;
  /** Instances asked about; null while their axis is unknown. */
  readonly instances: number | null;
  /** By what is said of them, the largest first. */
  readonly groups: readonly ExplainedGroup[];
  /** Of all instances of the node, those that would run for certain; null while they are unknown. */
  readonly due: { readonly count: number; readonly of: number } | null;
  /** Seconds that all which would run are expected to take, one after another; null when the task was never measured. */
  readonly estimate: number | null;
  /** In full, when one instance was asked about. */
  readonly only: Explanation | null;
}

/** Instances that are explained one by one; of more, only the verdict is told. */
const EXPLAINED_SINGLY = 2000;
const ITEMS_SHOWN = 5;
/** Preimages of a task among which the nearest is sought. */
const NEAREST_OF = 200;
/** Instances walked over to find what an instance waits on. */
const WALK_LIMIT = 50_000;

/** @param words items, as `selectItems` takes them; none for all. @throws NotFoundError */
export async function explainNode(options: {
  workflow: Workflow;
  store: Store;
  node: string;
  words: readonly string[];
  /** Compared with this run or what was before it, instead of the last one. */
  run?: RunRow | null;
}): Promise<NodeExplanation> {
  const { workflow, store, node, words, run: compared = null } = options;
  if (!workflow.nodes.has(node)) throw notFound(`a node of ${workflow.name}`, node, workflow.nodes.keys());
  const run = new Run(workflow, store, {
    targets: [node],
    pool: null,
    reader: new ImportReader(store),
    memory: 0,
    failFast: false,
    previous: compared?.id ?? lastRun(store, workflow.name),
    hold: null,
    onEvent: () => undefined,
  });
  await run.execute();
  return new Explainer(workflow, store, run, compared).node(run.graph.nodes.get(node)!, words);
}

class Explainer {
  private readonly history: History;
  private readonly rereads: Rereads;
  /** Comparing with every candidate is too much for many instances. */
  private seeksNearest = false;

  constructor(
    private readonly workflow: Workflow,
    private readonly store: Store,
    private readonly run: Run,
    compared: RunRow | null,
  ) {
    this.history = new History(store, compared?.workflow ?? workflow.name, compared?.id ?? null);
    this.rereads = new Rereads(workflow, store, run);
  }

  node(state: NodeState, words: readonly string[]): NodeExplanation {
    const task = state.node.task.name;
    const seconds = this.store.index.duration(task)?.seconds ?? null;
    const base = { node: state.name, task };
    if (!state.opened) {
      const explanation = this.unopened(state);
      const group = { text: explanationText(explanation), verdict: explanation.verdict, count: 0, items: [] };
      return { ...base, instances: null, groups: [group], due: null, estimate: null, only: explanation };
    }
    const axes = state.axes.map((axis) => ({ name: axis.name, items: axis.items!.map(itemId) }));
    const instances = [...selectedInstances(axes, selectItems(state.name, axes, words))];
    this.seeksNearest = instances.length === 1;
    const { due } = state.tally();
    const groups = new Map<
      string,
      { text: string; verdict: Explanation['verdict']; count: number; items: string[] }
    >();
    let only: Explanation | null = null;
    for (const [n, i] of instances.entries()) {
      const explanation = n < EXPLAINED_SINGLY ? this.instance(state, i) : null;
      const verdict = explanation?.verdict ?? verdictOf(state.status[i]!);
      const text = explanation ? explanationText(explanation) : verdictText(verdict);
      if (instances.length === 1) only = explanation;
      let group = groups.get(text);
      if (!group) groups.set(text, (group = { text, verdict, count: 0, items: [] }));
      group.count++;
      if (group.items.length < ITEMS_SHOWN) group.items.push(state.itemText(i));
    }
    return {
      ...base,
      instances: instances.length,
      groups: [...groups.values()].sort((a, b) => b.count - a.count),
      due: { count: due, of: state.count },
      estimate: seconds === null ? null : due * seconds,
      only,
    };
  }

  private instance(state: NodeState, i: number): Explanation {
    switch (verdictOf(state.status[i]!)) {
      case 'fresh':
        return this.fresh(state, i);
      case 'runs':
        return this.due(state, i);
      case 'may run':
        return { verdict: 'may run', waiting: this.waiting(state, i) };
      case 'fails':
        return { verdict: 'fails', message: state.failures.get(i)!.failure.message };
      case 'skipped':
        return skippedBy(state.failures.get(i)!);
    }
  }

  // ---- a node whose items are not known yet ----

  private unopened(state: NodeState): Explanation {
    if (state.blocked) return skippedBy(state.blocked);
    const names = new Set<string>();
    const collect = (each: NodeState): void => {
      for (const axis of each.axes) {
        const source = axis.items === null ? axisReference(axis.axis)?.source : undefined;
        if (source) names.add('node' in source ? source.node : source.input);
      }
      for (const { producer } of each.dependencies) if (!producer.opened) collect(producer);
    };
    collect(state);
    const because = [...names].flatMap((name) => {
      const producer = this.run.graph.nodes.get(name);
      return producer ? this.reasonsOf(producer) : [];
    });
    return { verdict: 'may run', waiting: { on: [...names], because } };
  }

  // ---- fresh ----

  private fresh(state: NodeState, i: number): Explanation {
    const key = state.keys[i]!;
    const items = itemsOf(state, i);
    const last = this.history.last(state.name, items);
    const base = {
      verdict: 'fresh',
      key,
      run: last?.run.id ?? null,
      made: this.history.madeIn(state.name, key),
      computed: null,
      since: [],
      cutOff: [],
    } as const;
    if (!last) return base;
    const recorded = last.group.key(last.at);
    if (recorded !== key) {
      const before = recorded === null ? null : this.store.index.preimage(recorded);
      const after = this.store.index.preimage(key);
      const since = before && after ? this.compare(before, after) : [{ field: 'key', from: '', to: '' }];
      return { ...base, since };
    }
    if (base.made === last.run.id) {
      const before = this.history.last(state.name, items, { before: last.run.id });
      return { ...base, computed: this.compareWith(this.store.index.preimage(key)!, key, before, false) };
    }
    const cutOff = new Set<string>();
    this.collectCutOff(state, i, last.run, cutOff, new Set());
    return { ...base, cutOff: [...cutOff] };
  }

  /** Nearest nodes above an unchanged instance that had another key in this run than before, and the same outputs. */
  private collectCutOff(
    state: NodeState,
    i: number,
    run: RunRow,
    found: Set<string>,
    seen: Set<string>,
  ): void {
    for (const dependency of state.dependencies) {
      const { producer } = dependency;
      for (const p of dependency.producersOf(dependency.groupOfConsumer(i))) {
        const id = `${producer.name} ${p}`;
        if (seen.has(id) || seen.size > WALK_LIMIT) continue;
        seen.add(id);
        const items = itemsOf(producer, p);
        const now = this.history.group(run, producer.name);
        const at = now?.find(items) ?? -1;
        const before = this.history.last(producer.name, items, { before: run.id });
        if (!now || at < 0 || !before) continue;
        if (now.key(at) === before.group.key(before.at)) this.collectCutOff(producer, p, run, found, seen);
        else if (sameOutputs({ group: now, at }, before, this.store)) found.add(producer.name);
      }
    }
  }

  // ---- due ----

  private due(state: NodeState, i: number): Explanation {
    const key = state.keys[i]!;
    const last = this.history.last(state.name, itemsOf(state, i), { unfinished: true });
    const preimage = preimageOf(this.run, state, i);
    const done =
      last?.group.ending(last.at) === 'done' ? last : this.history.last(state.name, itemsOf(state, i));
    const compared = preimage
      ? this.compareWith(preimage, key, done, this.seeksNearest)
      : ({ with: 'nothing' } as const);
    const comparison =
      compared.with === 'run' && preimage && done
        ? { ...compared, changes: this.rereads.told(state, i, preimage, done, compared.changes) }
        : compared;
    const isUnfinished = last && last.group.ending(last.at) !== 'done';
    return {
      verdict: 'runs',
      key,
      comparison,
      unfinished: isUnfinished ? { run: last.run.id, message: endingText(last.group, last.at) } : null,
    };
  }

  /** Against the instance of an earlier run, else the nearest preimage of the task. */
  private compareWith(
    preimage: Preimage,
    key: Digest,
    before: Located | null,
    orNearest: boolean,
  ): Comparison {
    const recorded = before?.group.key(before.at) ?? null;
    if (before && recorded === key) return { with: 'run', run: before.run.id, changes: [] };
    const old = recorded === null ? null : this.store.index.preimage(recorded);
    if (before && old) return { with: 'run', run: before.run.id, changes: this.compare(old, preimage) };
    if (!orNearest) return { with: 'nothing' };
    let nearest: { key: Digest; changes: readonly Change[] } | null = null;
    for (const candidate of this.store.index.recentPreimages(preimage.task, NEAREST_OF)) {
      if (candidate.key === key) continue;
      const changes = this.compare(candidate.preimage, preimage);
      if (!nearest || changes.length < nearest.changes.length) nearest = { key: candidate.key, changes };
    }
    return nearest ? { with: 'nearest', ...nearest } : { with: 'nothing' };
  }

  private compare(before: Preimage, after: Preimage): Change[] {
    return comparePreimages(before, after, (digest) => this.run.binder.parts.body(digest));
  }

  // ---- waiting ----

  private waiting(state: NodeState, i: number): Waiting {
    const on = new Set<string>();
    const roots = new Set<NodeState>();
    const seen = new Set<string>();
    const walk = (each: NodeState, instance: number): void => {
      for (const dependency of each.dependencies) {
        const { producer } = dependency;
        for (const p of dependency.producersOf(dependency.groupOfConsumer(instance))) {
          const verdict = verdictOf(producer.status[p]!);
          if (verdict !== 'runs' && verdict !== 'may run') continue;
          if (each === state) on.add(producer.name);
          if (verdict === 'runs') {
            roots.add(producer);
            continue;
          }
          const id = `${producer.name} ${p}`;
          if (seen.has(id) || seen.size > WALK_LIMIT) continue;
          seen.add(id);
          walk(producer, p);
        }
      }
    };
    walk(state, i);
    if (on.size === 0) {
      // Nothing upstream: columns of a raw file have to be read before its key is known.
      for (const binding of state.node.inputs.values()) {
        for (const reference of referencesOf(binding))
          if ('input' in reference.source) on.add(reference.source.input);
      }
    }
    return { on: [...on], because: [...roots].flatMap((root) => this.reasonsOf(root)) };
  }

  private reasonsOf(state: NodeState): { node: string; reason: string }[] {
    const reasons = Object.keys(this.run.tally.summary(state).reasons);
    if (reasons.length === 0) return [];
    const more = reasons.length > 1 ? ` and ${reasons.length - 1} more` : '';
    return [{ node: state.name, reason: `${reasons[0]!}${more}` }];
  }
}

function verdictOf(status: number): Explanation['verdict'] {
  switch (status) {
    case Status.fresh:
    case Status.ran:
      return 'fresh';
    case Status.due:
      return 'runs';
    case Status.failed:
      return 'fails';
    case Status.skipped:
      return 'skipped';
    default:
      return 'may run';
  }
}

function skippedBy({ failure, root }: Failure): Explanation {
  const cause = root.item === '' ? root.node : `${root.node}[${root.item}]`;
  return { verdict: 'skipped', cause, message: failure.message };
}

function itemsOf(state: NodeState, i: number): Record<string, Scalar> {
  return Object.fromEntries(Object.entries(state.items(i)).map(([axis, item]) => [axis, itemId(item)]));
}

function endingText(group: Group, at: number): string {
  const failure = group.header.failures.find(([instance]) => instance === at)?.[1];
  switch (group.ending(at)) {
    case 'failed':
      return `it failed: ${failure?.failure.message ?? 'unknown'}`;
    case 'skipped':
      return `it was skipped because ${failure?.root.node ?? 'something before it'} failed`;
    default:
      return 'it was not reached';
  }
}

/** What the instance's key is made of; null when its inputs are not to be had. */
function preimageOf(run: Run, state: NodeState, i: number): Preimage | null {
  try {
    return run.preimage(state, i)?.preimage ?? null;
  } catch (error) {
    if (error instanceof InputFailure) return null;
    throw error;
  }
}
