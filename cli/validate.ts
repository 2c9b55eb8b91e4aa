/** `cohortflow validate`: checks a workflow, columns of its input files included, without running anything. */
import { EXIT } from './failure.js';
import { counted } from './format.js';
import { checkStudy, takeOnlyWorkflowFile } from './study.js';
import { defineVerb, workflowOptions, type WorkflowFlags } from './verb.js';

export const verb = defineVerb<WorkflowFlags>({
  usage: '[WORKFLOW.yaml]',
  details: 'All findings are listed at once, each with its place. Exit code 2 when there is an error.',
  examples: [
    ['validate study.yaml', 'check one file'],
    ['validate --set params.k=7 --json', 'check a variant, findings as JSON'],
  ],
  options: workflowOptions,
  async run(words, flags, terminal) {
    const file = takeOnlyWorkflowFile(words, flags);
    const { workflow, warnings, render } = await checkStudy(file, flags, terminal);
    if (terminal.isJson) {
      const { diagnosticJson } = await import('../engine/language/render.js');
      terminal.json({ valid: true, workflow: workflow.name, diagnostics: warnings.map(diagnosticJson) });
      return EXIT.done;
    }
    for (const warning of warnings) terminal.complain(`${render(warning)}\n`);
    const size = [
      counted(workflow.nodes.size, 'node'),
      counted(workflow.inputs.size, 'input'),
      counted(workflow.axes.size, 'axis', 'axes'),
    ].join(', ');
    const also = warnings.length === 0 ? '' : `, ${counted(warnings.length, 'warning')}`;
    terminal.print(`${workflow.name} is valid: ${size}${also}`);
    return EXIT.done;
  },
});
