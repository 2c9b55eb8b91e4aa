/** `cohortflow logs`: what the tasks of a node said while they ran, and how they ended. */
import type { InstanceLog } from '../engine/logs.js';
import { EXIT, UserError } from './failure.js';
import { bytes, count, counted, duration, instance, time } from './format.js';
import { openRecords, recordedName, storeFolder, takeWorkflowFile } from './study.js';
import { chosenSubject, requireNode, runOption, type RunFlags } from './subject.js';
import type { Paint } from './terminal.js';
import { defineVerb, storeOptions, type WorkflowFlags } from './verb.js';

/** Without an item only instances that said something are told, and so many of them. */
const INSTANCES_SHOWN = 50;

export const verb = defineVerb<WorkflowFlags & RunFlags>({
  usage: '[WORKFLOW.yaml] NODE [ITEM…]',
  details:
    'Of the last run that needed the node. A fresh result has the log of the run that computed it.\nAn item is written as it is, or as axis=item.',
  examples: [
    ['logs knn', 'every instance that logged something, warned or failed'],
    ['logs study.yaml cox CVD trait=fev', 'one instance'],
    ['logs cox --json', 'all instances, for a program'],
  ],
  options(command) {
    storeOptions(command);
    runOption(command);
  },
  async run(words, flags, terminal) {
    const { file, rest } = takeWorkflowFile(words, flags);
    if (rest.length === 0) throw new UserError('name a node', 'cohortflow logs NODE [ITEM…]');
    const store = await openRecords(storeFolder(file, flags));
    try {
      const workflow = await recordedName(store, file, flags, terminal);
      const { logsOf } = await import('../engine/logs.js');
      const subject = requireNode(await chosenSubject(store, workflow, rest, flags), 'nothing was run');
      const logs = logsOf(subject);
      if (terminal.isJson)
        terminal.json({ run: subject.recorded.run.id, node: subject.node, instances: logs });
      else {
        for (const line of logLines(subject.node, subject.recorded.run.id, logs, terminal.paint))
          terminal.print(line);
      }
      return EXIT.done;
    } finally {
      store.close();
    }
  },
});

export function logLines(node: string, run: number, logs: readonly InstanceLog[], paint: Paint): string[] {
  const saying =
    logs.length === 1
      ? logs
      : logs.filter(({ ending, log, warnings }) => ending === 'failed' || log.length + warnings.length > 0);
  const lines: string[] = [];
  for (const each of saying.slice(0, INSTANCES_SHOWN)) {
    lines.push(`${paint.bold(instance(node, each.item))}  ${factsText(each, run, paint)}`);
    for (const warning of each.warnings) lines.push(`  ${paint.yellow('warning')} ${warning}`);
    for (const text of each.log) lines.push(`  ${text}`);
    if (logs.length === 1 && each.log.length + each.warnings.length === 0 && each.ending === 'done')
      lines.push(paint.dim('  it logged nothing'));
  }
  if (saying.length > INSTANCES_SHOWN)
    lines.push(`and ${counted(saying.length - INSTANCES_SHOWN, 'more instance')}: name an item`);
  const silent = logs.length - saying.length;
  if (silent > 0) {
    const all = saying.length === 0 ? `all ${count(silent)}` : count(silent);
    lines.push(paint.dim(`${node}: ${all} ${silent === 1 ? 'instance' : 'instances'} logged nothing`));
  }
  return lines;
}

function factsText(
  { ending, made, seconds, memory, backend, message }: InstanceLog,
  run: number,
  paint: Paint,
): string {
  if (ending === 'failed') return `${paint.red('failed')} in run ${run}: ${message ?? ''}`;
  if (ending === 'skipped') return `${paint.yellow('skipped')} in run ${run}: ${message ?? ''}`;
  if (ending === 'open') return `${paint.yellow('not reached')} in run ${run}`;
  if (made === null) return `its result is no longer in the store`;
  const peak = memory! > 0 ? `, ${bytes(memory!)}` : '';
  return paint.dim(`made ${time(made)} in ${duration(seconds!)}${peak}, ${backend!}`);
}
