/**
 * Front: what was asked, what was assumed and what went in: the study's description, parameters, and input files by name and digest.
 */
import type { Json } from '../task.js';
import type { Parameter } from '../workflow.js';
import type { ReportContext } from './context.js';
import { counted, joined, listing, markup, type Html } from './html.js';
import { inline, markdown } from './markdown.js';
import { filesOf, shortDigest, type InputFile } from './node-parts.js';
import { valueHtml } from './values.js';

/** Parameters that need no folding. */
const UNFOLDED = 8;

/** The description, and the parameters: those that were set for this study first, the defaults folded when they are many. */
export function asked(context: ReportContext): Html | null {
  const { description, params } = context.workflow;
  const all = [...params.values()];
  const set = all.filter(({ overridden }) => overridden);
  // A default that stands for an open choice is among the assumptions.
  const rest = all.filter(({ overridden, assumption }) => !overridden && !assumption);
  if (description === '' && all.length === 0) return null;
  const table = (some: readonly Parameter[]): Html =>
    listing(
      'Parameters of the study',
      ['Parameter', 'Value', 'Meaning'],
      some.map((each) => parameterRow(each, context)),
    );
  const isShort = set.length + rest.length <= UNFOLDED;
  const first = isShort ? [...set, ...rest] : set;
  const folded =
    isShort || rest.length === 0
      ? null
      : markup`<details class="more"><summary>${counted(rest.length, 'parameter')} at their defaults</summary>
${table(rest)}</details>`;
  return markup`<div class="prose">${markdown(description)}</div>${first.length > 0 ? table(first) : null}${folded}`;
}

function parameterRow({ name, value, description, overridden }: Parameter, context: ReportContext): Html {
  return markup`<tr><th scope="row"><code>${name}</code></th>
<td>${valueHtml(context.withoutPaths(value))} ${origin(overridden)}</td>
<td>${description === null ? null : inline(description)}</td></tr>\n`;
}

const origin = (overridden: boolean): Html =>
  overridden
    ? markup`<span class="set">set for this study</span>`
    : markup`<span class="quiet">default</span>`;

/** What the study takes for granted where its sources leave a choice open, and what it might have taken instead. */
export function assumptions(context: ReportContext): Html | null {
  const taken = [...context.workflow.params.values()].filter(({ assumption }) => assumption);
  if (taken.length === 0) return null;
  const rows = taken.map(
    ({ name, value, description, choices, overridden }) => markup`<tr><th scope="row">${
      description === null ? null : markup`${inline(description)} `
    }<code>${name}</code></th>
<td>${valueHtml(context.withoutPaths(value))} ${origin(overridden)}</td>
<td>${alternatives(value, choices)}</td></tr>\n`,
  );
  return markup`<p>These choices are open in what the study follows. Each is a parameter: another value makes the results that depend on it again,
and <code>cohortflow diff</code> tells what it changed.</p>
${listing('Assumptions taken', ['Choice', 'Taken', 'Instead'], rows)}`;
}

function alternatives(value: Json, choices: readonly Json[] | null): Html | null {
  const others = (choices ?? []).filter((choice) => JSON.stringify(choice) !== JSON.stringify(value));
  return others.length === 0 ? null : markup`${joined(others.map(valueHtml), ', ')}`;
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
  return listing('Input files', context.files ? ['Input', 'File', 'Digest'] : ['Input', 'File'], rows);
}

function manyFiles(files: readonly InputFile[], context: ReportContext): Html {
  const rows = files.map((file) => markup`<li>${file.name} ${digestText(file, context)}</li>\n`);
  return markup`<details class="value"><summary>${counted(files.length, 'file')}</summary><ul>${rows}</ul></details>`;
}

function digestText({ digest }: InputFile, context: ReportContext): Html | null {
  if (digest !== null) return shortDigest(digest);
  return context.files ? markup`<span class="quiet">not read</span>` : null;
}
