/** `cohortflow pin`: gives a run a name and keeps it from garbage collection. */
import { EXIT, UserError } from './failure.js';
import { openRecords, recordedName, storeFolder, takeWorkflowFile } from './study.js';
import { defineVerb, storeOptions, type WorkflowFlags } from './verb.js';

export const verb = defineVerb<WorkflowFlags>({
  usage: '[WORKFLOW.yaml] RUN NAME',
  details:
    'RUN is a number, a name that it has, or last, last-1, …. A run has one name; a name is taken until it is unpinned.\nA pinned run and all that it made is kept by: cohortflow gc.',
  examples: [
    ['pin last submitted', 'keep the last run under a name'],
    ['pin 12 before-review', 'keep run 12'],
  ],
  options: storeOptions,
  async run(words, flags, terminal) {
    const { file, rest } = takeWorkflowFile(words, flags);
    const [word, name, ...more] = rest;
    if (word === undefined || name === undefined || more.length > 0)
      throw new UserError('give a run and a name', 'cohortflow pin last NAME');
    const store = await openRecords(storeFolder(file, flags));
    try {
      const workflow = await recordedName(store, file, flags, terminal);
      const { findRun, isPinName } = await import('../engine/run-choice.js');
      if (!isPinName(name)) {
        throw new UserError(
          `'${name}' cannot be a name: it begins with a letter, has letters, digits, dots, dashes and underscores, and is not last`,
        );
      }
      const run = findRun(store, workflow, word);
      const taken = store.index.runs.pins().find((pin) => pin.name === name);
      if (taken && taken.run !== run.id)
        throw new UserError(`run ${taken.run} has the name ${name} already`, `cohortflow unpin ${name}`);
      const before = store.index.runs.pins().find((pin) => pin.run === run.id)?.name ?? null;
      store.index.runs.pin(run.id, name);
      if (terminal.isJson) terminal.json({ run: run.id, name, before });
      else {
        const renamed = before === null || before === name ? '' : `, which was ${before}`;
        terminal.print(`run ${run.id} of ${run.workflow} is pinned as ${name}${renamed}`);
      }
      return EXIT.done;
    } finally {
      store.close();
    }
  },
});
