/** `cohortflow plan`: what would run, what may run, what is fresh, and why. Computes and publishes nothing. */
import type { NodeSummary } from '../engine/event.js';
import type { PlanOutcome } from '../engine/study.js';
import type { Workflow } from '../engine/workflow.js';
import { EXIT } from './failure.js';
import { count, counted, duration, instance, listed, shellWord, short } from './format.js';
import { layout } from './layout.js';
import { openStudy, sameStudy, takeWorkflowFile } from './study.js';
import { reasonsText } from './summary.js';
import { checkTargets } from './targets.js';
import type { Paint } from './terminal.js';
import { defineVerb, workflowOptions, type WorkflowFlags } from './verb.js';

export const verb = defineVerb<WorkflowFlags>({
  usage: '[WORKFLOW.yaml] [TARGET…]',
  details:
    'What depends on something that would run may run: only its content tells. Exit code 1 when something cannot run.',
  examples: [
    ['plan study.yaml', 'everything published'],
    ['plan study.yaml knn --set params.k=7', 'what a change would cost'],
  ],
  options: workflowOptions,
  async run(words, flags, terminal) {
    const { file, rest: targets } = takeWorkflowFile(words, flags);
    const { store, workflow, warnings, render } = await openStudy(file, flags, terminal);
    try {
      await checkTargets(workflow, targets);
      const { planStudy } = await import('../engine/study.js');
      const plan = await planStudy({ workflow, store, targets, sets: flags.set ?? [] });
      const waits = await upstream(workflow);
      const failed = plan.nodes.some((node) => node.failed + node.skipped > 0) || plan.failures.length > 0;
      if (terminal.isJson) terminal.json({ workflow: workflow.name, ...plan });
      else {
        for (const warning of warnings) terminal.complain(`${render(warning)}\n`);
        for (const line of planLines(workflow.name, plan, waits, terminal.paint)) terminal.print(line);
        const isQuiet = plan.nodes.every(({ fresh, instances }) => fresh === instances);
        if (!failed && !isQuiet) {
          const command = sameStudy('run', file, { ...flags, set: [] }, ['--plan', short(plan.id)]);
          terminal.print(`\n${terminal.paint.dim(`run exactly this: ${command.map(shellWord).join(' ')}`)}`);
        }
      }
      return failed ? EXIT.failed : EXIT.done;
    } finally {
      store.close();
    }
  },
});

/** The nodes that each node refers to, those that give its axes their items included. */
async function upstream(workflow: Workflow): Promise<Map<string, readonly string[]>> {
  const [{ referencesOf }, { axisReference }] = await Promise.all([
    import('../engine/language/graph.js'),
    import('../engine/plan-graph.js'),
  ]);
  return new Map(
    [...workflow.nodes.values()].map((node) => {
      const references = [
        ...[...node.inputs.values()].flatMap((binding) => [...referencesOf(binding)]),
        ...node.axes.flatMap((axis) => axisReference(workflow.axes.get(axis)!) ?? []),
      ];
      return [
        node.name,
        [...new Set(references.flatMap(({ source }) => ('node' in source ? [source.node] : [])))],
      ];
    }),
  );
}

/** The plan in lines. */
export function planLines(
  workflow: string,
  plan: Omit<PlanOutcome, 'id'>,
  upstreamOf: ReadonlyMap<string, readonly string[]>,
  paint: Paint,
): string[] {
  const total = (of: (node: NodeSummary) => number): number =>
    plan.nodes.reduce((sum, node) => sum + of(node), 0);
  const all = total(({ instances }) => Math.max(0, instances));
  const [due, unsure, fresh] = [
    total(({ open }) => open),
    total((node) => node.unsure),
    total((node) => node.fresh),
  ];
  const unknown = plan.nodes.filter(({ instances }) => instances < 0).length;
  const parts = [
    `${count(due)} of ${counted(all, 'instance')} would run`,
    ...(unsure > 0 ? [`${count(unsure)} may run`] : []),
    ...(unknown > 0 ? [`the items of ${counted(unknown, 'node')} are not known yet`] : []),
    `${count(fresh)} fresh`,
  ];
  const quiet = due + unsure + unknown + plan.failures.length === 0;
  const cost = [
    plan.estimate >= 1 ? `estimated ${duration(plan.estimate)}` : '',
    plan.unmeasured.length > 0 && due > 0 ? `${listed(plan.unmeasured)} never measured` : '',
  ].filter(Boolean);
  const lines = [
    quiet
      ? `${paint.green(`${workflow}: nothing to do`)}: all ${counted(fresh, 'instance')} are fresh`
      : `${workflow}: ${parts.join(', ')}${cost.length > 0 ? `; ${cost.join(', ')}` : ''}`,
  ];
  const active = new Map(
    plan.nodes
      .filter((node) => node.fresh < node.instances || node.instances < 0)
      .map((node) => [node.node, node]),
  );
  const rows = [...active.values()].map((node) => {
    const { open, unsure: may, failed, skipped, instances } = node;
    const counts = [
      open > 0 ? paint.green(`${count(open)} would run`) : '',
      may > 0 ? paint.yellow(`${count(may)} may run`) : '',
      failed > 0 ? paint.red(`${count(failed)} cannot run`) : '',
      skipped > 0 ? paint.yellow(`${count(skipped)} skipped`) : '',
      instances < 0 ? paint.yellow('items not known yet') : '',
    ].filter(Boolean);
    const waits = (upstreamOf.get(node.node) ?? []).filter((name) => active.has(name));
    const why = [
      open > 0 ? reasonsText(node.reasons) : '',
      may > 0 || instances < 0
        ? waits.length > 0
          ? `waits on ${waits.join(', ')}`
          : 'waits for its input to be read'
        : '',
    ].filter(Boolean);
    return [
      node.node,
      counts.join(', '),
      instances > 1 ? `of ${count(instances)}` : '',
      paint.dim(why.join(' | ')),
    ];
  });
  if (rows.length > 0) lines.push('', ...layout(rows, { right: [2], indent: '  ' }));
  for (const { node, item, failure, skipped } of plan.failures) {
    lines.push('', `${paint.red('cannot run')} ${instance(node, item)}: ${failure.message}`);
    if (skipped > 0) lines.push(`  ${counted(skipped, 'instance')} skipped because of it`);
  }
  return lines;
}
