/** `cohortflow tasks`: the task library, or one task with its parameters and ports. */
import { EXIT, UserError } from './failure.js';
import { refuseWords } from './study.js';
import { defineVerb } from './verb.js';

export const verb = defineVerb<Record<string, never>>({
  usage: '[NAME]',
  details: 'The same as docs/tasks.md.',
  examples: [
    ['tasks', 'one line for each task'],
    ['tasks impute.knn', 'parameters, inputs and outputs'],
    ['tasks --json', 'the whole catalogue for a program'],
  ],
  options: () => undefined,
  async run(words, _flags, terminal) {
    const [{ registry }, { catalogueLines, taskJson, taskLines }] = await Promise.all([
      import('../tasks/registry.js'),
      import('./catalogue.js'),
    ]);
    const [name, ...more] = words;
    refuseWords(more);
    if (name === undefined) {
      if (terminal.isJson) terminal.json(registry.names().map((each) => taskJson(registry.get(each)!)));
      else for (const line of catalogueLines(registry, terminal.paint)) terminal.print(line);
      return EXIT.done;
    }
    const task = registry.get(name);
    if (!task) {
      const { nearestName } = await import('../engine/diagnostic.js');
      const nearest = nearestName(name, registry.names());
      throw new UserError(
        `'${name}' is not a task`,
        nearest === undefined ? 'cohortflow tasks lists them' : `did you mean '${nearest}'?`,
      );
    }
    if (terminal.isJson) terminal.json(taskJson(task));
    else for (const line of taskLines(task, terminal.paint)) terminal.print(line);
    return EXIT.done;
  },
});
