/**
 * Exhibit: one figure or table of a section, numbered and captioned, repeated over the items of its axes; where there is no
 * result, a box that says why.
 *
 * Not responsible for drawing (svg.ts), for cells (table.ts) or for lineage (lineage.ts).
 */
import { MissingObjectError } from '../../cache/store.js';
import type { Manifest } from '../../cache/manifest.js';
import { Status, type NodeState } from '../graph.js';
import { fillTemplate, templateSource } from '../language/template.js';
import type { Item } from '../item.js';
import { PORT_TYPES } from '../port.js';
import type { Reference, ReportSection } from '../workflow.js';
import { causesOf, failureText, instanceName } from './cause.js';
import { hasResult, itemPhrase, type ReportContext } from './context.js';
import { counted, markup, type Html, type Part } from './html.js';
import { itemTexts, lineageHtml } from './lineage.js';
import { inline } from './markdown.js';
import { safeSvg } from './svg.js';
import { renderTable } from './table.js';

type Show = ReportSection['show'][number];

export interface Exhibit {
  readonly id: string;
  /** `Figure 2`. */
  readonly number: string;
  /** The caption's first words, for the table of contents. */
  readonly title: string;
  readonly html: Html;
}

/** Bytes of SVG; a larger figure is in the publish folder only. */
const FIGURE_BYTES = 12 * 2 ** 20;
/** Items shown unfolded; of more, each but the first is folded. */
const UNFOLDED = 6;

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
  readonly id: string;
  /** '' when there is but one. */
  readonly item: string;
  readonly content: Html;
  readonly lineage: Html | null;
}

export async function renderExhibit(
  show: Show,
  numbering: Numbering,
  context: ReportContext,
): Promise<Exhibit> {
  const isTable = PORT_TYPES[show.type] === 'table';
  const { id, number } = numbering.next(isTable);
  const { source } = show.reference;
  const name = 'node' in source ? context.nodeTitle(source.node) : source.input;
  const title = show.caption === '' ? name : show.caption;
  const panels = await panelsOf(show, id, `${number}. ${title}`, context);
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

function panelHtml({ item, content, lineage }: Panel, isFolded: boolean): Part {
  if (item === '') return content;
  if (isFolded)
    return markup`<details class="panel"><summary>${item}</summary>${content}${lineage}</details>\n`;
  return markup`<div class="panel"><p class="item">${item}</p>${content}${lineage}</div>\n`;
}

async function panelsOf(show: Show, id: string, label: string, context: ReportContext): Promise<Panel[]> {
  const { reference } = show;
  const box = (reason: Part): Panel[] => [{ id, item: '', content: absentBox(reason), lineage: null }];
  if ('input' in reference.source) {
    return box('This is an input of the study; a report shows what nodes make of it.');
  }
  const { node, port } = reference.source;
  const state = context.graph.nodes.get(node);
  if (!state) return box(markup`The node <code>${node}</code> was not part of this run.`);
  if (state.blocked) return box(blockedReason(state, context));
  if (!state.opened) return box('It was not reached: the run was stopped before.');
  const instances = chosenInstances(state, reference);
  if (instances.length === 0) return box(noneReason(state, reference));
  const panels: Panel[] = [];
  for (const [i, instance] of instances.entries()) {
    const item = instances.length === 1 ? '' : itemPhrase(matchedItems(state, instance, show));
    const panelId = instances.length === 1 ? id : `${id}-${i + 1}`;
    const said = item === '' ? label : `${label}, ${item}`;
    panels.push({
      id: panelId,
      item,
      content: await contentOf(state, instance, show, { id: panelId, label: said }, context),
      lineage: lineageHtml(state, instance, port, context),
    });
  }
  return panels;
}

/** Only the axes over which the exhibit repeats: a fixed item is the author's choice and stands in the caption. */
function matchedItems(state: NodeState, instance: number, show: Show): Record<string, string> {
  const texts = itemTexts(state.items(instance));
  return Object.fromEntries(show.axes.flatMap((axis) => (axis in texts ? [[axis, texts[axis]!]] : [])));
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

function noneReason(state: NodeState, reference: Reference): Html {
  for (const [a, select] of reference.select.entries()) {
    if (select.how === 'fixed' && state.axes[a]!.position(select.item) < 0) {
      return markup`The axis <code>${select.axis}</code> has no item ${JSON.stringify(select.item)}.`;
    }
  }
  const empty = state.axes.find((axis) => axis.items?.length === 0);
  return markup`The axis <code>${empty?.name ?? ''}</code> has no items.`;
}

async function contentOf(
  state: NodeState,
  instance: number,
  show: Show,
  { id, label }: { id: string; label: string },
  context: ReportContext,
): Promise<Html> {
  const { port } = show.reference.source as { port: string };
  const ref = state.outputs[instance]?.[port];
  if (!ref || !hasResult(state, instance)) return absentBox(absentReason(state, instance, context));
  try {
    const details = context.store.index.details(state.keys[instance] ?? '');
    context.newest = Math.max(context.newest, details?.made ?? 0);
    if (ref.kind === 'table') {
      const items = state.items(instance);
      const manifest = picked(context.store.artifacts.manifest(ref.digest), show.reference, items);
      const name = [state.name, ...Object.values(matchedItems(state, instance, show))].join('-');
      return await renderTable(manifest, context.store, {
        id,
        label,
        name: name.replace(/[^\p{L}\p{N}._-]+/gu, '_'),
        elsewhere: publishedAs(show.reference, context),
      });
    }
    if (ref.extension !== 'svg')
      return absentBox(`A figure is SVG; this one is a .${ref.extension ?? ''} file.`);
    const bytes = context.store.artifacts.bytes(ref.digest);
    if (bytes.length > FIGURE_BYTES) {
      const elsewhere = publishedAs(show.reference, context);
      const size = `${Math.round(bytes.length / 2 ** 20)} MB of SVG is too large for this page`;
      return absentBox(
        elsewhere === null ? `${size}.` : markup`${size}; it is published as <code>${elsewhere}</code>.`,
      );
    }
    const drawn = safeSvg(Buffer.from(bytes).toString('utf8'), id, label);
    return 'svg' in drawn
      ? markup`<div class="drawing">${drawn.svg}</div>`
      : absentBox(`Not shown: ${drawn.refused}.`);
  } catch (error) {
    if (error instanceof MissingObjectError)
      return absentBox('Its bytes are missing from the store; run the workflow again.');
    if (error instanceof AbsentColumn) return absentBox(error.message);
    throw error;
  }
}

class AbsentColumn extends Error {}

/** The columns that the reference picks, under the names it gives them. */
function picked(manifest: Manifest, reference: Reference, items: Readonly<Record<string, Item>>): Manifest {
  if (!reference.columns) return manifest;
  const columns = reference.columns.map((pick) => {
    const name = String(fillTemplate(pick.column, items));
    const found = manifest.columns.find((column) => column.name === name);
    if (!found) throw new AbsentColumn(`The table has no column '${name}'.`);
    return { ...found, name: pick.as ? String(fillTemplate(pick.as, items)) : name };
  });
  return { ...manifest, columns };
}

/** The published file that holds the same, as its path is written in the workflow. */
function publishedAs({ source }: Reference, { workflow }: ReportContext): string | null {
  if (!('node' in source)) return null;
  const found = workflow.publish.find(
    ({ reference }) =>
      'node' in reference.source &&
      reference.source.node === source.node &&
      reference.source.port === source.port &&
      reference.columns === null,
  );
  return found ? templateSource(found.path) : null;
}

function absentBox(reason: Part): Html {
  return markup`<div class="absent"><p>${reason}</p></div>`;
}

function blockedReason(state: NodeState, context: ReportContext): Html {
  const { failure, root } = state.blocked!;
  return markup`Not made, because ${root.node} failed: ${failureText(failure, context)}`;
}

function absentReason(state: NodeState, instance: number, context: ReportContext): Html {
  const status = state.status[instance];
  const again = markup`<br>Run it again: <code>${context.runCommand(state.name)}</code>`;
  if (status === Status.failed) {
    return markup`Not made: ${failureText(state.failures.get(instance)!.failure, context)}${again}`;
  }
  if (status !== Status.skipped) return markup`Not made: the run was stopped before.${again}`;
  const causes = causesOf(state, instance, context);
  const [first] = causes;
  if (!first) return markup`Not made: something that it depends on failed.${again}`;
  const others =
    causes.length > 1 ? ` So did ${counted(causes.length - 1, 'other result')} that it needs.` : '';
  const { failure } = first.state.failures.get(first.instance)!;
  return markup`Not made, because <code>${instanceName(first)}</code> failed: ${failureText(failure, context)}.${others} See <a href="#failures">Failures</a>.${again}`;
}
