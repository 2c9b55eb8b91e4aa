/** `cohortflow schema`: the JSON schema of workflow files, for editors. */
import { EXIT } from './failure.js';
import { refuseWords } from './study.js';
import { defineVerb } from './verb.js';

export const verb = defineVerb<Record<string, never>>({
  usage: '',
  details:
    'Editors with yaml-language-server use it for completion and hover. The first line of a workflow names it:\n# yaml-language-server: $schema=./cohortflow.schema.json',
  examples: [
    ['schema > cohortflow.schema.json', 'put it beside a workflow'],
    ['schema --json', 'the same: it is JSON either way'],
  ],
  options: () => undefined,
  async run(words, _flags, terminal) {
    refuseWords(words);
    const [{ registry }, { workflowSchema }] = await Promise.all([
      import('../tasks/registry.js'),
      import('../engine/language/editor-schema.js'),
    ]);
    terminal.json(workflowSchema(registry));
    return EXIT.done;
  },
});
