/** `cohortflow run`: computes what is missing, shows how it goes, publishes. */
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { EXIT, type ExitCode } from './failure.js';
import { Progress } from './progress.js';
import { openStudy, sameStudy, takeWorkflowFile } from './study.js';
import { summaryLines } from './summary.js';
import { checkTargets } from './targets.js';
import type { Terminal } from './terminal.js';
import { defineVerb, parseCount, parseSize, workflowOptions, type WorkflowFlags } from './verb.js';

interface RunFlags extends WorkflowFlags {
  readonly workers?: string;
  readonly memory?: string;
  readonly failFast?: true;
}

/** Of the machine's memory, or of the container's; the rest is for the engine and the system's cache of files. */
const MEMORY_SHARE = 0.75;

export const verb = defineVerb<RunFlags>({
  usage: '[WORKFLOW.yaml] [TARGET…]',
  details:
    'Targets are nodes; without one, everything published is made. Published files are brought up to date at the end,\nunless targets are named. One Ctrl-C ends the run and keeps what is finished; a second one ends at once.',
  examples: [
    ['run study.yaml', 'make and publish everything'],
    ['run study.yaml knn cox --set params.k=7', 'two nodes of a variant, and what they need'],
    ['run --workers 8 --memory 24G --json', 'events and the outcome as lines of JSON'],
  ],
  options(command) {
    workflowOptions(command);
    command
      .option('-w, --workers <n>', 'processes at once (default: one for each core)')
      .option(
        '--memory <size>',
        'what running tasks may claim together, such as 24G (default: three quarters)',
      )
      .option('--fail-fast', 'start nothing more after the first failure');
  },
  async run(words, flags, terminal) {
    const workers =
      flags.workers === undefined ? availableParallelism() : parseCount(flags.workers, '--workers');
    const memory = flags.memory === undefined ? defaultMemory() : parseSize(flags.memory, '--memory');
    const { file, rest: targets } = takeWorkflowFile(words, flags);
    const { store, workflow, warnings, render } = await openStudy(file, flags, terminal);
    const interrupts = listenForInterrupts(terminal);
    try {
      await checkTargets(workflow, targets);
      if (!terminal.isJson) for (const warning of warnings) terminal.complain(`${render(warning)}\n`);
      const [{ runStudy }, { WorkerPool }] = await Promise.all([
        import('../engine/study.js'),
        import('../engine/pool.js'),
      ]);
      const progress = new Progress(terminal);
      const outcome = await runStudy({
        workflow,
        store,
        executor: new WorkerPool({
          entry: new URL('./worker.js', import.meta.url),
          objectFolder: join(store.folder, 'objects'),
          size: workers,
        }),
        memory,
        failFast: flags.failFast === true,
        targets,
        signal: interrupts.signal,
        onEvent: (event) => progress.event(event),
        onStart: (counts) => progress.begin(counts),
      }).finally(() => progress.end());
      if (terminal.isJson) terminal.jsonLine({ type: 'outcome', ...outcome });
      else {
        const command = (nodes: readonly string[]): string[] => sameStudy('run', file, flags, nodes);
        const lines = summaryLines(outcome, { paint: terminal.paint, workflow: workflow.name, command });
        for (const line of lines) terminal.print(line);
      }
      return exitCodeOf(outcome.status);
    } finally {
      interrupts.stop();
      store.close();
    }
  },
});

function exitCodeOf(status: 'done' | 'failed' | 'interrupted'): ExitCode {
  if (status === 'interrupted') return EXIT.interrupted;
  return status === 'failed' ? EXIT.failed : EXIT.done;
}

function defaultMemory(): number {
  // 0 or beyond the machine's memory where there is no limit.
  const limit = process.constrainedMemory();
  const total = limit > 0 && limit < totalmem() ? limit : totalmem();
  return Math.floor(total * MEMORY_SHARE);
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
