/**
 * Execute: one run of a study with this machine's means, its progress and its summary. Used by `run` and `watch`.
 *
 * Not responsible for reading the study (study.ts) nor for signals.
 */
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Store } from '../cache/store.js';
import type { StoredPlan } from '../engine/stored-plan.js';
import type { StudyOutcome } from '../engine/study.js';
import type { Workflow } from '../engine/workflow.js';
import { Progress } from './progress.js';
import { sameStudy } from './study.js';
import { summaryLines } from './summary.js';
import type { Terminal } from './terminal.js';
import { parseCount, parseSize, type WorkflowFlags } from './verb.js';

export interface ExecutionFlags extends WorkflowFlags {
  readonly workers?: string;
  readonly memory?: string;
  readonly failFast?: true;
}

export function executionOptions(command: Command): void {
  command
    .option('-w, --workers <n>', 'processes at once (default: one for each core)')
    .option('--memory <size>', 'what running tasks may claim together, such as 24G (default: three quarters)')
    .option('--fail-fast', 'start nothing more after the first failure');
}

/** Of the machine's memory, or of the container's; the rest is for the engine and the system's cache of files. */
const MEMORY_SHARE = 0.75;

export interface Means {
  readonly workers: number;
  /** Bytes. */
  readonly memory: number;
}

/** @throws UserError */
export function meansOf({ workers, memory }: ExecutionFlags): Means {
  return {
    workers: workers === undefined ? availableParallelism() : parseCount(workers, '--workers'),
    memory: memory === undefined ? defaultMemory() : parseSize(memory, '--memory'),
  };
}

function defaultMemory(): number {
  // 0 or beyond the machine's memory where there is no limit.
  const limit = process.constrainedMemory();
  const total = limit > 0 && limit < totalmem() ? limit : totalmem();
  return Math.floor(total * MEMORY_SHARE);
}

/** Runs, shows how it goes and, at the end, what was done. */
export async function execute(options: {
  readonly file: string;
  readonly flags: ExecutionFlags;
  readonly means: Means;
  readonly workflow: Workflow;
  readonly store: Store;
  readonly targets: readonly string[];
  /** Which the run is held to. */
  readonly plan?: StoredPlan | null;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
}): Promise<StudyOutcome> {
  const { file, flags, means, workflow, store, targets, plan, signal, terminal } = options;
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
      size: means.workers,
    }),
    memory: means.memory,
    failFast: flags.failFast === true,
    targets,
    ...(plan ? { plan } : {}),
    signal,
    onEvent: (event) => progress.event(event),
    onStart: (counts) => progress.begin(counts),
  }).finally(() => progress.end());
  if (terminal.isJson) terminal.jsonLine({ type: 'outcome', ...outcome });
  else {
    const command = (nodes: readonly string[]): string[] => sameStudy('run', file, flags, nodes);
    const lines = summaryLines(outcome, { paint: terminal.paint, workflow: workflow.name, command });
    for (const line of lines) terminal.print(line);
  }
  return outcome;
}
