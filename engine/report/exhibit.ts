/**
 * Exhibit: one figure, table or flow of a section, numbered and captioned, repeated over the items of its axes; where there is no
 * result, a box that says why.
 *
 * Not responsible for what one result looks like (panel.ts, flow.ts) or for lineage (lineage.ts).
 */
import type { NodeState } from '../graph.js';
import type { Reference, Shown } from '../workflow.js';
import { absentBox, blockedReason, noneReason } from './absent.js';
import { itemPhrase, type ReportContext } from './context.js';
import { drawFlow, flowSteps, type FlowBranch } from './flow.js';
import { counted, markup, type Html, type Part } from './html.js';
import { itemTexts, lineageHtml } from './lineage.js';
import { inline } from './markdown.js';
import { drawingHtml, figurePanel, tablePanel, whenMade, type Shot } from './panel.js';

export interface Exhibit {
  readonly id: string;
  /** `Figure 2`. */
  readonly number: string;
  /** The caption's first words, for the table of contents. */
  readonly title: string;
  readonly html: Html;
}

/** Items shown unfolded; of more, each but the first is folded. */
const UNFOLDED = 6;
/** Characters of one exhibit's panels; what comes after is named only. */
const EXHIBIT_SIZE = 8_000_000;

/** Hands out `Figure 1`, `Figure 2`, …, `Table 1`, … in the order of the page. */
export class Numbering {
  private figures = 0;
  private tables = 0;

  next(isTable: boolean): { id: string; number: string } {
    const count = isTable ? ++this.tables : ++this.figures;
    return isTable
      ? { id: `table-${count}`, number: `Table ${count}` }
      : { id: `figure-${count}`, number: `Figure ${count}` };
  }
}

/** One figure or table at one item. */
interface Panel {
  /** '' when there is but one. */
  readonly item: string;
  readonly content: Html;
  readonly lineage: Part;
}

export async function renderExhibit(
  show: Shown,
  numbering: Numbering,
  context: ReportContext,
): Promise<Exhibit> {
  const isTable = show.as === 'table';
  const { id, number } = numbering.next(isTable);
  const { source } = show.reference;
  const name = 'node' in source ? context.nodeTitle(source.node) : source.input;
  const title = show.caption === '' ? name : show.caption;
  const place: Place = { id, number, label: `${number}. ${plain(title)}` };
  const panels =
    show.as === 'flow' ? [await flowPanel(show, place, context)] : await panelsOf(show, place, context);
  const caption = markup`<figcaption><span class="number">${number}.</span> ${inline(title)}</figcaption>`;
  // Above what spreads over many panels or rows, below what is seen at a glance.
  const captionFirst = isTable || panels.length > 1;
  const only = panels.length === 1 ? panels[0] : null;
  const body = panels.map((panel, i) => panelHtml(panel, panels.length > UNFOLDED && i > 0));
  return {
    id,
    number,
    title,
    html: markup`<figure id="${id}" class="${captionFirst ? 'exhibit tabular' : 'exhibit'}">
${captionFirst ? caption : null}${body}${captionFirst ? null : caption}${only?.lineage ?? null}</figure>\n`,
  };
}

/** A caption without its marks, where no markup can stand. */
const plain = (caption: string): string => caption.replace(/[*_`]+(\S[^*_`]*)[*_`]+/g, '$1');

interface Place {
  readonly id: string;
  readonly number: string;
  readonly label: string;
}

function panelHtml({ item, content, lineage }: Panel, isFolded: boolean): Part {
  if (item === '') return content;
  if (isFolded)
    return markup`<details class="panel"><summary>${item}</summary>${content}${lineage}</details>\n`;
  return markup`<div class="panel"><p class="item">${item}</p>${content}${lineage}</div>\n`;
}

/** The results that a reference leads to, or the box that says why there are none. */
function shotsOf(reference: Reference, context: ReportContext): Shot[] | Html {
  if ('input' in reference.source)
    return absentBox('This is an input of the study; a report shows what nodes make of it.');
  const { node } = reference.source;
  const state = context.graph.nodes.get(node);
  if (!state) return absentBox(markup`The node <code>${node}</code> was not part of this run.`);
  if (state.blocked) return absentBox(blockedReason(state, context));
  if (!state.opened) return absentBox('It was not reached: the run was stopped before.');
  const instances = chosenInstances(state, reference);
  if (instances.length === 0) return absentBox(noneReason(state, reference));
  return instances.map((instance) => ({ state, instance, reference }));
}

function chosenInstances(state: NodeState, reference: Reference): number[] {
  const chosen: number[] = [];
  for (let i = 0; i < state.count; i++) {
    const fits = reference.select.every(
      (select, a) =>
        select.how !== 'fixed' || state.axes[a]!.position(select.item) === state.coordinate(i, a),
    );
    if (fits) chosen.push(i);
  }
  return chosen;
}

/** Only the axes over which an exhibit repeats: a fixed item is the author's choice and stands in the caption. */
function repeatedItem({ state, instance, reference }: Shot): string {
  const texts = itemTexts(state.items(instance));
  const fixed = new Set(reference.select.flatMap(({ how, axis }) => (how === 'fixed' ? [axis] : [])));
  return itemPhrase(Object.fromEntries(Object.entries(texts).filter(([axis]) => !fixed.has(axis))));
}

async function panelsOf(show: Shown, { id, number, label }: Place, context: ReportContext): Promise<Panel[]> {
  const shots = shotsOf(show.reference, context);
  if (!Array.isArray(shots)) return [{ item: '', content: shots, lineage: null }];
  const draw = show.as === 'table' ? tablePanel : figurePanel;
  const panels: Panel[] = [];
  let size = 0;
  for (const [i, shot] of shots.entries()) {
    const isOnly = shots.length === 1;
    const item = isOnly ? '' : repeatedItem(shot);
    if (size > EXHIBIT_SIZE) {
      const left = shots.length - i;
      const content = markup`<p class="note">${counted(left, 'more item')} left out to keep the page small; each is made and can be exported.</p>`;
      panels.push({ item: `${item}, …`, content, lineage: null });
      break;
    }
    const place = isOnly
      ? { id, number, label }
      : { id: `${id}-${i + 1}`, number, label: `${label}, ${item}` };
    const content = await draw(shot, place, context);
    const lineage = lineageHtml(shot, i < UNFOLDED, context);
    size += content.text.length + lineage.text.length;
    panels.push({ item, content, lineage });
  }
  return panels;
}

/** A flow: all branches in one drawing, and below it the same in numbers. */
async function flowPanel(show: Shown, place: Place, context: ReportContext): Promise<Panel> {
  const found = [show.reference, ...show.beside, ...show.into].map((reference) =>
    shotsOf(reference, context),
  );
  const missing = found.find((each) => !Array.isArray(each));
  if (missing !== undefined) return { item: '', content: missing as Html, lineage: null };
  const shots = found as Shot[][];
  const parts = show.into.length > 0;
  const above = parts ? shots[0]! : [];
  const below = parts ? shots.slice(1).flat() : shots.flat();
  if (above.length > 1) {
    const content = absentBox('A flow that parts into others is one; fix its items by [axis=ITEM].');
    return { item: '', content, lineage: null };
  }
  const branches = new Map<Shot, FlowBranch>();
  for (const shot of [...above, ...below]) {
    const content = await whenMade(shot, context, async (ref) => {
      const steps = flowSteps(
        await context.store.artifacts.table(context.store.artifacts.manifest(ref.digest)),
      );
      if (!steps) return absentBox('A flow is a table with the columns reason, excluded and remaining.');
      branches.set(shot, { title: branchTitle(shot, context), steps });
      return markup``;
    });
    if (!branches.has(shot)) return { item: '', content, lineage: lineageHtml(shot, true, context) };
  }
  const drawn = (some: readonly Shot[]): FlowBranch[] => some.map((shot) => branches.get(shot)!);
  const svg = drawFlow(drawn(above)[0] ?? null, drawn(below), place.label);
  const tables: Part[] = [];
  for (const [i, shot] of [...above, ...below].entries()) {
    const label = `${place.number}, in numbers: ${branches.get(shot)!.title}`;
    tables.push(
      await tablePanel(shot, { id: `${place.id}-numbers-${i + 1}`, number: place.number, label }, context),
    );
  }
  return {
    item: '',
    content: markup`${drawingHtml(svg, 'flow', place.label, null)}
<details class="lineage numbers"><summary>The same in numbers</summary>${tables}</details>`,
    lineage: [...above, ...below].map((shot) => lineageHtml(shot, true, context)),
  };
}

/** Who remains at the end of a flow: the node's label, the item, or simply those included. */
function branchTitle(shot: Shot, context: ReportContext): string {
  const { name } = shot.state;
  const label = context.workflow.nodes.get(name)?.label;
  const texts = Object.values(itemTexts(shot.state.items(shot.instance)));
  const parts = [...(label ? [label] : []), ...texts];
  return parts.length > 0 ? parts.join(', ') : 'Included';
}
