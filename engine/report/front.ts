/**
 * Front: what was assumed and what went in: the study's parameters, and its input files by name and digest.
 */
import type { ReportContext } from './context.js';
import { counted, markup, type Html } from './html.js';
import { inline } from './markdown.js';
import { filesOf, shortDigest, type InputFile } from './node-parts.js';
import { valueHtml } from './values.js';

export function assumptions(context: ReportContext): Html | null {
  const params = [...context.workflow.params.values()];
  if (params.length === 0) return null;
  const rows = params.map(
    ({ name, value, description, overridden }) => markup`<tr><th scope="row"><code>${name}</code></th>
<td>${valueHtml(context.withoutPaths(value))} ${
      overridden
        ? markup`<span class="set">set for this study</span>`
        : markup`<span class="quiet">default</span>`
    }</td>
<td>${description === null ? null : inline(description)}</td></tr>\n`,
  );
  return listing(['Parameter', 'Value', 'Meaning'], rows);
}

export function inputFiles(context: ReportContext): Html | null {
  const inputs = [...context.workflow.inputs.values()];
  if (inputs.length === 0) return null;
  const rows = inputs.map((input) => {
    const files = filesOf(input, context);
    const [only] = files;
    const file =
      only && files.length === 1 ? [only.name, digestText(only, context)] : [manyFiles(files, context), null];
    const cells = (context.files ? file : file.slice(0, 1)).map((part) => markup`<td>${part}</td>`);
    return markup`<tr><th scope="row"><code>${input.name}</code></th>${cells}</tr>\n`;
  });
  return listing(context.files ? ['Input', 'File', 'Digest'] : ['Input', 'File'], rows);
}

function manyFiles(files: readonly InputFile[], context: ReportContext): Html {
  const rows = files.map((file) => markup`<li>${file.name} ${digestText(file, context)}</li>\n`);
  return markup`<details class="value"><summary>${counted(files.length, 'file')}</summary><ul>${rows}</ul></details>`;
}

function digestText({ digest }: InputFile, context: ReportContext): Html | null {
  if (digest !== null) return shortDigest(digest);
  return context.files ? markup`<span class="quiet">not read</span>` : null;
}

function listing(headings: readonly string[], rows: readonly Html[]): Html {
  return markup`<div class="scroll"><table class="listing">
<thead><tr>${headings.map((heading) => markup`<th scope="col">${heading}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div>\n`;
}
