/**
 * Absent: the box in place of a figure or table that could not be made, and why it could not.
 *
 * Not responsible for the list of failures (failures.ts).
 */
import { Status, type NodeState } from '../graph.js';
import type { Reference } from '../workflow.js';
import { causesOf, failureText, instanceName } from './cause.js';
import type { ReportContext } from './context.js';
import { counted, markup, type Html, type Part } from './html.js';

export function absentBox(reason: Part): Html {
  return markup`<div class="absent"><p>${reason}</p></div>`;
}

export function blockedReason(state: NodeState, context: ReportContext): Html {
  const { failure, root } = state.blocked!;
  return markup`Not made, because ${root.node} failed: ${failureText(failure, context)}`;
}

export function absentReason(state: NodeState, instance: number, context: ReportContext): Html {
  const status = state.status[instance];
  const again = markup`<br>Run it again: <code>${context.runCommand(state.name)}</code>`;
  if (status === Status.failed) {
    return markup`Not made: ${failureText(state.failures.get(instance)!.failure, context)}${again}`;
  }
  if (status !== Status.skipped) return markup`Not made: the run was stopped before.${again}`;
  const causes = causesOf(state, instance, context);
  const [first] = causes;
  if (!first) return markup`Not made: something that it depends on failed.${again}`;
  const others =
    causes.length > 1 ? ` So did ${counted(causes.length - 1, 'other result')} that it needs.` : '';
  const { failure } = first.state.failures.get(first.instance)!;
  return markup`Not made, because <code>${instanceName(first)}</code> failed: ${failureText(failure, context)}.${others} See <a href="#failures">Failures</a>.${again}`;
}

/** No instance is as the reference asks. */
export function noneReason(state: NodeState, reference: Reference): Html {
  for (const [a, select] of reference.select.entries()) {
    if (select.how === 'fixed' && state.axes[a]!.position(select.item) < 0) {
      return markup`The axis <code>${select.axis}</code> has no item ${JSON.stringify(select.item)}.`;
    }
  }
  const empty = state.axes.find((axis) => axis.items?.length === 0);
  return markup`The axis <code>${empty?.name ?? ''}</code> has no items.`;
}
