/**
 * PlanHold: keeps a run to a stored plan, instance by instance, so that nothing else is computed even when a file changes between the
 * comparison with the plan and the run.
 *
 * Not responsible for differences in the definition of the study: those are found before the run (stored-plan.ts).
 */
import type { Store } from '../cache/store.js';
import type { Graph } from './describe.js';
import { itemId } from './item.js';
import type { NodeState } from './graph.js';
import type { RawFiles } from './raw.js';
import { readGroup, type Group } from './record.js';
import type { StoredPlan } from './stored-plan.js';

/** The run would do something else than the plan. Shown as it stands. */
export class PlanDeviationError extends Error {
  override readonly name = 'PlanDeviationError';
}

export class PlanHold {
  private readonly groups = new Map<string, Group | null>();
  private readonly digests: ReadonlyMap<string, string>;

  constructor(
    private readonly plan: StoredPlan,
    private readonly store: Store,
  ) {
    const { files } = store.artifacts.json(plan.graph) as Graph;
    this.digests = new Map(files.map(({ path, digest }) => [path, digest]));
  }

  /**
   * Called before an instance without a result is computed; its key is in the state.
   * @throws PlanDeviationError
   */
  require(state: NodeState, instance: number, raw: RawFiles): void {
    const group = this.group(state.name);
    const ids = Object.entries(state.items(instance)).map(([axis, item]) => [axis, itemId(item)] as const);
    const at = group?.find(Object.fromEntries(ids)) ?? -1;
    const name = [state.name, state.itemText(instance)].filter(Boolean).join(' ');
    const planned = group && at >= 0 ? group.key(at) : null;
    if (planned !== null) {
      if (planned !== state.keys[instance])
        throw this.deviation(`${name} would run with another key than planned`, raw);
      if (group?.ending(at) === 'open') return;
      throw this.deviation(`${name} had a result when the plan was made, which is gone`, raw);
    }
    // Items that the plan could not know are vouched for by the definitions, as long as the files are those of the plan.
    if (group && at < 0 && group.header.count > 0)
      throw this.deviation(`${name} was not part of the plan`, raw);
    if (this.changedFiles(raw).length > 0) throw this.deviation(`${name} was planned on other files`, raw);
  }

  private group(node: string): Group | null {
    let group = this.groups.get(node);
    if (group === undefined) {
      const planned = this.plan.nodes[node];
      group = planned ? readGroup(planned.group, this.store) : null;
      this.groups.set(node, group);
    }
    return group;
  }

  private changedFiles(raw: RawFiles): string[] {
    return raw.known().flatMap(({ path, digest }) => {
      const planned = this.digests.get(path);
      return planned === undefined || planned === digest ? [] : [path];
    });
  }

  private deviation(what: string, raw: RawFiles): PlanDeviationError {
    const files = this.changedFiles(raw).map((path) => `the file ${path} changed`);
    return new PlanDeviationError(`the plan no longer holds: ${[what, ...files].join('; ')}`);
  }
}
