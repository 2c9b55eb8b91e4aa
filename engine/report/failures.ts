/**
 * Failures: what went wrong, each root cause once, with what it stopped. Instances of one node that failed alike are told
 * together.
 *
 * Not responsible for the boxes in place of missing figures (exhibit.ts).
 */
import { compareBytes } from '../../cache/table.js';
import { isFinished, Status } from '../graph.js';
import { failureText, stoppedBy } from './cause.js';
import type { ReportContext } from './context.js';
import { counted, markup, joined, type Html } from './html.js';

/** Root causes told; of more, how many. */
const TOLD = 100;
/** Items named of those that failed alike. */
const NAMED = 12;

interface Cause {
  readonly node: string;
  readonly text: string;
  readonly items: string[];
  skipped: number;
}

/** `3 results failed, 12 were skipped because of them`; null when everything was made. */
export function lossesText({ graph }: ReportContext): string | null {
  let failed = 0;
  let skipped = 0;
  let open = 0;
  let unreached = 0;
  for (const state of graph.nodes.values()) {
    if (!state.opened) unreached++;
    for (const status of state.status) {
      if (status === Status.failed) failed++;
      else if (status === Status.skipped) skipped++;
      else if (!isFinished(status)) open++;
    }
  }
  const parts = [
    ...(failed > 0 ? [`${counted(failed, 'result')} failed`] : []),
    ...(skipped > 0
      ? [`${counted(skipped, 'result')} skipped because of ${failed === 1 ? 'it' : 'them'}`]
      : []),
    ...(open > 0 ? [`${counted(open, 'result')} not begun`] : []),
    ...(unreached > 0 ? [`${counted(unreached, 'node')} not reached`] : []),
  ];
  return parts.length > 0 ? parts.join(', ') : null;
}

export function failuresHtml(context: ReportContext): Html | null {
  const causes = causesTold(context);
  if (causes.length === 0) return null;
  const more = causes.length - TOLD;
  return markup`<p>Everything that does not depend on these was made. To try one again, run its node; what succeeded is not computed
twice.</p>
<ul class="causes">${causes.slice(0, TOLD).map((cause) => causeHtml(cause, context))}</ul>${
    more > 0 ? markup`<p>and ${counted(more, 'other cause')}.</p>` : null
  }`;
}

function causeHtml({ node, text, items, skipped }: Cause, context: ReportContext): Html {
  const isNode = context.workflow.nodes.has(node);
  const named = items.filter((item) => item !== '');
  const shown = joined(named.slice(0, NAMED), ', ');
  const which =
    named.length === 0
      ? null
      : markup` <span class="quiet">for</span> ${shown}${named.length > NAMED ? ` and ${named.length - NAMED} more` : null}`;
  const stopped =
    skipped > 0 ? `${counted(skipped, 'result')} skipped because of it.` : 'Nothing else was stopped by it.';
  return markup`<li><p><strong>${isNode ? context.nodeLink(node) : node}</strong>${which}</p>
<p class="message">${text}</p>
<p>${stopped}${isNode ? markup` <code>${context.runCommand(node)}</code>` : null}</p></li>\n`;
}

/** In the order of nodes and items; inputs and axes that could not be had come first, by name. */
function causesTold(context: ReportContext): Cause[] {
  const causes = new Map<string, Cause>();
  const add = (node: string, text: string, item: string, skipped: number): void => {
    const key = JSON.stringify([node, text]);
    let cause = causes.get(key);
    if (!cause) causes.set(key, (cause = { node, text, items: [], skipped: 0 }));
    cause.items.push(item);
    cause.skipped += skipped;
  };
  const outside = context.failures.filter(({ node }) => !context.graph.nodes.has(node));
  for (const { node, item, failure, skipped } of [...outside].sort((a, b) => compareBytes(a.node, b.node))) {
    add(node, failureText(failure, context), item, skipped);
  }
  for (const state of context.graph.nodes.values()) {
    for (let i = 0; i < state.count; i++) {
      if (state.status[i] !== Status.failed) continue;
      const text = failureText(state.failures.get(i)!.failure, context);
      add(state.name, text, state.itemText(i), stoppedBy({ state, instance: i }));
    }
  }
  return [...causes.values()];
}
