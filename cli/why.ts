/** `cohortflow why`: why the instances of a node are fresh, would run or wait. */
import type { ExplainedGroup, NodeExplanation } from '../engine/explain.js';
import { EXIT, UserError } from './failure.js';
import { count, counted, duration, instance, short, time } from './format.js';
import { openStudy, takeWorkflowFile } from './study.js';
import { chosenRun, runOption, type RunFlags } from './subject.js';
import type { Paint } from './terminal.js';
import { defineVerb, workflowOptions, type WorkflowFlags } from './verb.js';

export const verb = defineVerb<WorkflowFlags & RunFlags>({
  usage: '[WORKFLOW.yaml] NODE [ITEM…]',
  details:
    'Compares the workflow as it stands with its last run, field by field of what the key is made of.\nAn item is written as it is, or as axis=item.',
  examples: [
    ['why knn', 'all instances, counted by reason'],
    ['why study.yaml cox CVD trait=fev', 'one instance'],
    ['why knn --set params.k=7', 'what a change would do'],
  ],
  options(command) {
    workflowOptions(command);
    runOption(command, 'compare with this run');
  },
  async run(words, flags, terminal) {
    const { file, rest } = takeWorkflowFile(words, flags);
    const [node, ...items] = rest;
    if (node === undefined) throw new UserError('name a node', 'cohortflow why NODE [ITEM…]');
    const { store, workflow } = await openStudy(file, flags, terminal);
    try {
      const { explainNode } = await import('../engine/explain.js');
      const run = await chosenRun(store, workflow.name, flags);
      const explanation = await explainNode({ workflow, store, node, words: items, run });
      if (terminal.isJson) terminal.json(explanation);
      else {
        for (const line of whyLines(explanation, terminal.paint)) terminal.print(line);
        const fresh = explanation.only?.verdict === 'fresh' ? explanation.only : null;
        const key = fresh?.key ?? null;
        const details = key === null ? null : store.index.details(key);
        if (key !== null && details) {
          terminal.print(
            terminal.paint.dim(
              `  key ${short(key)}, made ${time(details.made)}${fresh?.made == null ? '' : ` (run ${fresh.made})`} in ${duration(details.seconds)} with ${details.backend}`,
            ),
          );
        }
      }
      return EXIT.done;
    } finally {
      store.close();
    }
  },
});

/** The explanation in lines: one sentence for one instance, counts by sentence for many. */
export function whyLines(explanation: NodeExplanation, paint: Paint): string[] {
  const { node, instances, groups } = explanation;
  const dye = {
    fresh: paint.green,
    runs: paint.cyan,
    'may run': paint.yellow,
    fails: paint.red,
    skipped: paint.yellow,
  };
  const paintHead = ({ text, verdict }: ExplainedGroup): string =>
    text.replace(/^(?:fresh|would run|may run|cannot run|would be skipped)/, (head) => dye[verdict](head));
  if (instances === null || instances === 1) {
    const [group] = groups;
    const cost = group?.verdict === 'runs' ? costText(explanation) : '';
    const head = paint.bold(instance(node, group?.items[0] ?? ''));
    return [`${head}  ${group ? paintHead(group) : ''}${cost === '' ? '' : `; ${cost}`}`];
  }
  if (instances === 0) return [`${paint.bold(node)} has no instances: its axis has no items`];
  const lines = [`${paint.bold(node)}  ${counted(instances, 'instance')}`];
  const width = Math.max(...groups.map((group) => count(group.count).length));
  for (const group of groups) {
    lines.push(`  ${count(group.count).padStart(width)}  ${paintHead(group)}`);
    if (groups.length > 1) {
      const more = group.count - group.items.length;
      // Items of several axes have commas of their own.
      const items = `${group.items.join('; ')}${more > 0 ? ` and ${count(more)} more` : ''}`;
      lines.push(paint.dim(`  ${' '.repeat(width)}  ${items}`));
    }
  }
  const cost = costText(explanation);
  if (groups.some(({ verdict }) => verdict === 'runs') && cost !== '') lines.push(`  ${cost}`);
  return lines;
}

/** `37 of 1,800 instances, estimated 4 min 05 s`, of all that would run; only what there is to say. */
function costText({ due, estimate }: NodeExplanation): string {
  return [
    due && due.of > 1 ? `${count(due.count)} of ${count(due.of)} instances` : '',
    estimate !== null && estimate >= 1 ? `estimated ${duration(estimate)}` : '',
  ]
    .filter(Boolean)
    .join(', ');
}
