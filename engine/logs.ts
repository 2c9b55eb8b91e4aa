/**
 * Logs: what tasks said while they computed the instances of a node, and how the instances ended.
 *
 * A result keeps the log of its computation; the log of a failure is in the record of its run. Not responsible for layout (cli/).
 */
import type { Ending } from './record.js';
import { subjectInstances, type Subject } from './recorded.js';

export interface InstanceLog {
  readonly item: string;
  readonly ending: Ending;
  /** Milliseconds since 1970; like the rest null where there is no result. */
  readonly made: number | null;
  readonly seconds: number | null;
  /** Peak bytes of the call; 0 where it was not measured. */
  readonly memory: number | null;
  readonly backend: string | null;
  /** Of a failure. */
  readonly message: string | null;
  readonly warnings: readonly string[];
  readonly log: readonly string[];
}

export function logsOf(subject: Subject & { kind: 'node' }): InstanceLog[] {
  const { recorded, node } = subject;
  const group = recorded.group(node)!;
  const failures = new Map(group.header.failures);
  return subjectInstances(subject).map((at) => {
    const ending = group.ending(at);
    const key = ending === 'done' ? group.key(at) : null;
    const details = key === null ? null : recorded.store.index.details(key);
    const failed = failures.get(at);
    const isRoot = ending === 'failed';
    return {
      item: group.itemText(at),
      ending,
      made: details?.made ?? null,
      seconds: details?.seconds ?? null,
      memory: details?.memory ?? null,
      backend: details?.backend ?? null,
      message: failed ? (isRoot ? failed.failure.message : `${failed.root.node} failed`) : null,
      warnings: details?.warnings ?? [],
      log: details?.log ?? (isRoot ? (failed?.failure.log ?? []) : []),
    };
  });
}
