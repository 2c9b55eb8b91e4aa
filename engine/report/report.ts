/**
 * Report: one self-contained HTML page about a run, assembled from the workflow, the graph and the store.
 *
 * Everything on it follows from the results and the workflow: no run number, no time of the run, nothing about what was
 * computed and what was found. So the same results give the same bytes, and a name changed in the workflow is on the page at
 * once. Not responsible for where the page is written (publish.ts).
 */
import { ReportContext, type ReportInput } from './context.js';
import { Numbering, renderExhibit, type Exhibit } from './exhibit.js';
import { failuresHtml, lossesText } from './failures.js';
import { asked, assumptions, inputFiles } from './front.js';
import { Html, joined, markup } from './html.js';
import { inline, markdown } from './markdown.js';
import { methodsHtml } from './methods.js';
import { Anchors, renderPage, type PageSection } from './page.js';
import { readNotes, warningsHtml, warningsText, type Notes } from './warnings.js';

export type { ReportInput };

/** The page as HTML text. @throws what the store throws when it is damaged; a missing object becomes a box on the page. */
export async function renderReport(input: ReportInput): Promise<string> {
  const context = new ReportContext(input);
  const { workflow } = context;
  const anchors = new Anchors();
  const notes = readNotes(context);
  const part = (title: string, content: Html | null): PageSection[] => {
    const id = anchors.of(title);
    return content ? [{ id, title, entries: [], content }] : [];
  };
  // The page's own sections take their anchors first: what links to #failures finds them.
  const front = part('What was asked', asked(context));
  const back = [
    ...part('Assumptions', assumptions(context)),
    ...part('Failures', failuresHtml(context)),
    ...part('Warnings', warningsHtml(notes, context)),
    ...part('Inputs', inputFiles(context)),
    ...part('Methods', methodsHtml(notes, context)),
  ];
  const numbering = new Numbering();
  const results: PageSection[] = [];
  for (const { title, text, show } of workflow.report?.sections ?? []) {
    const exhibits: Exhibit[] = [];
    for (const each of show) exhibits.push(await renderExhibit(each, numbering, context));
    results.push({
      id: anchors.of(title),
      title,
      entries: exhibits.map(({ id, number, title: caption }) => ({
        id,
        title: contentsTitle(number, caption),
      })),
      content: markup`<div class="prose">${markdown(text)}</div>${exhibits.map((exhibit) => exhibit.html)}`,
    });
  }
  const title = [workflow.report?.title, workflow.title, workflow.name].find((text) => text) ?? '';
  return renderPage({
    title,
    header: headerHtml(title, notes, context),
    sections: [...front, ...results, ...back],
  });
}

function headerHtml(title: string, notes: Notes, context: ReportContext): Html {
  const { workflow, newest } = context;
  // The newest result on the page, not today: a page made again is the same page.
  const date = newest > 0 ? new Date(newest).toISOString().slice(0, 10) : null;
  const subtitle =
    workflow.title !== '' && workflow.title !== title
      ? markup`<p class="about">${workflow.title}</p>\n`
      : null;
  const about = [
    markup`Workflow <code>${context.file}</code>`,
    ...(date === null ? [] : [markup`results of ${date}`]),
    ...([...workflow.params.values()].some(({ assumption }) => assumption)
      ? [markup`<a href="#assumptions">assumptions</a>`]
      : []),
    ...(notes.warnings.size === 0 ? [] : [markup`<a href="#warnings">${warningsText(notes)}</a>`]),
  ];
  const losses = lossesText(context);
  const banner =
    losses === null
      ? null
      : markup`<p class="banner" role="note"><strong>This study is not complete:</strong> ${losses}. See <a href="#failures">Failures</a>.</p>\n`;
  return markup`${subtitle}<p class="about">${joined(about, ' · ')}</p>
${banner}`;
}

/** Captions may hold emphasis and links; an entry of the contents is a link already. */
function contentsTitle(number: string, caption: string): Html {
  return markup`${number}. ${new Html(inline(caption).text.replace(/<[^>]*>/g, ''))}`;
}
