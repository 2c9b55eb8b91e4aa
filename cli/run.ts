/** `cohortflow run`: computes what is missing, shows how it goes, publishes. */
import type { Store } from '../cache/store.js';
import type { StoredPlan } from '../engine/stored-plan.js';
import { execute, executionOptions, meansOf, type ExecutionFlags } from './execute.js';
import { EXIT, UserError, type ExitCode } from './failure.js';
import { nearPath } from './format.js';
import { openRecords, openStudy, storeFolder, takeWorkflowFile, type LoadedStudy } from './study.js';
import { checkTargets } from './targets.js';
import type { Terminal } from './terminal.js';
import { defineVerb, workflowOptions } from './verb.js';

interface RunFlags extends ExecutionFlags {
  readonly plan?: string;
}

export const verb = defineVerb<RunFlags>({
  usage: '[WORKFLOW.yaml] [TARGET…]',
  details:
    'Targets are nodes; without one, everything published is made. Published files are brought up to date at the end,\nunless targets are named. One Ctrl-C ends the run and keeps what is finished; a second one ends at once.',
  examples: [
    ['run study.yaml', 'make and publish everything'],
    ['run study.yaml knn cox --set params.k=7', 'two nodes of a variant, and what they need'],
    ['run --plan 3f9a2c41d07b', 'what a plan found and nothing else'],
    ['run --workers 8 --memory 24G --json', 'events and the outcome as lines of JSON'],
  ],
  options(command) {
    workflowOptions(command);
    executionOptions(command);
    command.option('--plan <id>', 'run this plan; refuse when the study or its inputs changed since');
  },
  async run(words, given, terminal) {
    const means = meansOf(given);
    const { file, rest } = takeWorkflowFile(words, given);
    const planned = given.plan === undefined ? null : await openPlan(file, rest, given);
    const flags = planned ? { ...given, set: planned.sets } : given;
    const targets = planned?.targets ?? rest;
    const { store, ...study } = await openStudy(file, flags, terminal);
    const interrupts = listenForInterrupts(terminal);
    try {
      const { workflow, warnings, render } = study;
      await checkTargets(workflow, targets);
      if (planned) await holdTo(planned, store, study);
      if (!terminal.isJson) for (const warning of warnings) terminal.complain(`${render(warning)}\n`);
      const { signal } = interrupts;
      const { status, published } = await execute({
        file,
        flags,
        means,
        workflow,
        store,
        targets,
        plan: planned,
        signal,
        terminal,
      });
      // A result that could not be put where it belongs is missed by whatever comes after.
      return published && published.problems.length > 0 ? EXIT.failed : exitCodeOf(status);
    } finally {
      interrupts.stop();
      store.close();
    }
  },
});

/** @throws UserError, NotFoundError */
async function openPlan(file: string, targets: readonly string[], flags: RunFlags): Promise<StoredPlan> {
  if (targets.length > 0 || (flags.set ?? []).length > 0)
    throw new UserError(
      `a plan brings its targets and --set with it: give --plan ${flags.plan!} alone`,
      'cohortflow plan TARGET… --set … makes another plan',
    );
  const store = await openRecords(storeFolder(file, flags));
  try {
    const { findPlan } = await import('../engine/stored-plan.js');
    const plan = findPlan(store, flags.plan!);
    if (plan.file !== file)
      throw new UserError(`${flags.plan!} is a plan of ${nearPath(plan.file)}, not of ${nearPath(file)}`);
    return plan;
  } finally {
    store.close();
  }
}

/** @throws UserError when the run would do anything besides the plan. */
async function holdTo(planned: StoredPlan, store: Store, { workflow }: LoadedStudy): Promise<void> {
  const [{ planStudy }, { findPlan, planDifferences }] = await Promise.all([
    import('../engine/study.js'),
    import('../engine/stored-plan.js'),
  ]);
  const { targets, sets } = planned;
  const { id } = await planStudy({ workflow, store, targets, sets });
  const differences = planDifferences(store, planned, findPlan(store, id));
  if (differences.length === 0) return;
  throw new UserError(
    `the plan no longer holds, nothing was run:\n  ${differences.join('\n  ')}`,
    `look at it again with: cohortflow plan; the plan as of now is ${id.slice(0, 12)}`,
  );
}

function exitCodeOf(status: 'done' | 'failed' | 'interrupted'): ExitCode {
  if (status === 'interrupted') return EXIT.interrupted;
  return status === 'failed' ? EXIT.failed : EXIT.done;
}

/** The first Ctrl-C asks the run to end; the second ends the process. */
function listenForInterrupts(terminal: Terminal): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    if (!terminal.isJson)
      terminal.complain('\ninterrupted: keeping what is finished; once more to end at once');
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    stop: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
