/** `cohortflow unpin`: takes a run's name away; it is then kept only as long as others are. */
import { EXIT, UserError } from './failure.js';
import { openRecords, recordedName, storeFolder, takeWorkflowFile } from './study.js';
import { defineVerb, storeOptions, type WorkflowFlags } from './verb.js';

export const verb = defineVerb<WorkflowFlags>({
  usage: '[WORKFLOW.yaml] RUN',
  details: 'RUN is its name, its number, or last, last-1, …. Nothing is removed before: cohortflow gc.',
  examples: [
    ['unpin submitted', 'by its name'],
    ['unpin 12 --json', 'by its number'],
  ],
  options: storeOptions,
  async run(words, flags, terminal) {
    const { file, rest } = takeWorkflowFile(words, flags);
    const [word, ...more] = rest;
    if (word === undefined || more.length > 0) throw new UserError('give one run', 'cohortflow unpin NAME');
    const store = await openRecords(storeFolder(file, flags));
    try {
      const workflow = await recordedName(store, file, flags, terminal);
      const { findRun } = await import('../engine/run-choice.js');
      const run = findRun(store, workflow, word);
      const pin = store.index.runs.pins().find((each) => each.run === run.id);
      if (!pin) throw new UserError(`run ${run.id} is not pinned`);
      store.index.runs.unpin(run.id);
      if (terminal.isJson) terminal.json(pin);
      else terminal.print(`run ${run.id} of ${run.workflow} is no longer pinned (it was ${pin.name})`);
      return EXIT.done;
    } finally {
      store.close();
    }
  },
});
