/** Targets: the nodes that a command line names. */
import type { Workflow } from '../engine/workflow.js';
import { UserError } from './failure.js';

/** @throws UserError when one is not a node of the workflow. */
export async function checkTargets(workflow: Workflow, words: readonly string[]): Promise<void> {
  const unknown = words.filter((word) => !workflow.nodes.has(word));
  if (unknown.length === 0) return;
  const { nearestName } = await import('../engine/diagnostic.js');
  const nearest = nearestName(unknown[0]!, workflow.nodes.keys());
  throw new UserError(
    `'${unknown[0]!}' is not a node of ${workflow.name}`,
    nearest === undefined
      ? `nodes: ${[...workflow.nodes.keys()].slice(0, 20).join(', ')}`
      : `did you mean '${nearest}'?`,
  );
}
