/** `cohortflow gc`: removes what no kept run needs. */
import type { CollectOutcome } from '../engine/collect.js';
import { EXIT } from './failure.js';
import { bytes, counted, listed, nearPath } from './format.js';
import { openRecords, storeAlone } from './study.js';
import type { Paint } from './terminal.js';
import { defineVerb, parseCount, parseSize, storeOptions, type WorkflowFlags } from './verb.js';

interface GcFlags extends WorkflowFlags {
  readonly dryRun?: true;
  readonly keep?: string;
  readonly maxSize?: string;
}

const KEPT = 5;

export const verb = defineVerb<GcFlags>({
  usage: '[WORKFLOW.yaml]',
  details:
    'Kept are the last runs of each workflow in the store and all pinned ones, with everything that they were made of and made.\nPublished files are not touched. It waits for runs that are going on, and they wait for it. Stored plans are removed.',
  examples: [
    ['gc --dry-run', 'what would be removed'],
    ['gc --keep 2', 'keep two runs of each workflow, and the pinned ones'],
    ['gc --max-size 40G', 'the oldest runs go until the store fits'],
  ],
  options(command) {
    storeOptions(command);
    command
      .option('--dry-run', 'remove nothing, only tell')
      .option('--keep <n>', `runs kept of each workflow (default: ${KEPT})`)
      .option(
        '--max-size <size>',
        'remove the oldest runs until the store fits, save pinned ones and the newest of each workflow',
      );
  },
  async run(words, flags, terminal) {
    const keep = flags.keep === undefined ? KEPT : parseCount(flags.keep, '--keep');
    const maxBytes = flags.maxSize === undefined ? null : parseSize(flags.maxSize, '--max-size');
    const folder = storeAlone(words, flags);
    const store = await openRecords(folder);
    try {
      const { collectGarbage } = await import('../engine/collect.js');
      let waits = false;
      const outcome = await collectGarbage(store, {
        keep,
        ...(maxBytes === null ? {} : { maxBytes }),
        dryRun: flags.dryRun === true,
        onWait: () => {
          if (!waits) terminal.complain('a run is going on; waiting for it');
          waits = true;
        },
      });
      const fits = maxBytes === null || outcome.size.after <= maxBytes;
      if (terminal.isJson) terminal.json({ store: folder, dryRun: flags.dryRun === true, fits, ...outcome });
      else {
        for (const line of gcLines(outcome, flags.dryRun === true, nearPath(folder), terminal.paint))
          terminal.print(line);
        if (!fits)
          terminal.print(
            terminal.paint.yellow(
              `more than ${bytes(maxBytes)} is left: what remains are pinned runs and the newest of each workflow`,
            ),
          );
      }
      return EXIT.done;
    } finally {
      store.close();
    }
  },
});

export function gcLines(
  { runs, results, objects, bytes: freed, size }: CollectOutcome,
  isDry: boolean,
  folder: string,
  paint: Paint,
): string[] {
  const total = runs.removed.length + results.removed + objects.removed;
  const head = total === 0 ? paint.green('nothing to remove') : isDry ? 'would remove' : 'removed';
  if (total === 0) return [`${head}: ${counted(runs.kept.length, 'run')} in ${folder}, ${bytes(size.after)}`];
  const names = runs.removed.length === 0 ? '' : ` (${listed(runs.removed.map(String))})`;
  return [
    `${head} ${counted(runs.removed.length, 'run')}${names}, ${counted(results.removed, 'result')}, ${counted(objects.removed, 'object file')} of ${bytes(freed)}`,
    `${isDry ? 'would keep' : 'kept'} ${counted(runs.kept.length, 'run')}, ${counted(results.kept, 'result')}; ${folder} from ${bytes(size.before)} to about ${bytes(size.after)}`,
  ];
}
