/**
 * Panel: what is shown of one result: a drawing, a table, or the box that says why there is none.
 *
 * Not responsible for which results an exhibit has (exhibit.ts).
 */
import { MissingObjectError } from '../../cache/objects.js';
import type { ArtifactRef } from '../../cache/artifact.js';
import type { Manifest } from '../../cache/manifest.js';
import type { NodeState } from '../graph.js';
import type { Item } from '../item.js';
import { fillTemplate } from '../language/template.js';
import type { Reference } from '../workflow.js';
import { absentBox, absentReason } from './absent.js';
import { hasResult, type ReportContext } from './context.js';
import { markup, type Html, type Part } from './html.js';
import { itemTexts } from './lineage.js';
import { publishedHtml } from './published.js';
import { safeSvg } from './svg.js';
import { renderTable } from './table.js';

/** One result that an exhibit shows. */
export interface Shot {
  readonly state: NodeState;
  readonly instance: number;
  readonly reference: Reference;
}

/** Where it stands on the page. */
export interface Place {
  readonly id: string;
  /** `Figure 2. Drawn well, trait sbp`. */
  readonly label: string;
  /** `Figure 2`. */
  readonly number: string;
}

/** Bytes of SVG as it stands on the page, and as it was drawn; a larger figure is in the publish folder only. */
const FIGURE_BYTES = 12 * 2 ** 20;
const SOURCE_BYTES = 64 * 2 ** 20;
/** A drawing beyond this stands on the page once. */
const DRAWN_ONCE = 2 ** 20;

/** What there is of a result, or the box that says why there is nothing. */
export async function whenMade(
  { state, instance, reference }: Shot,
  context: ReportContext,
  show: (ref: ArtifactRef) => Promise<Html>,
): Promise<Html> {
  const { port } = reference.source as { port: string };
  const ref = state.outputs[instance]?.[port];
  if (!ref || !hasResult(state, instance)) return absentBox(absentReason(state, instance, context));
  try {
    const details = context.store.index.details(state.keys[instance] ?? '');
    context.newest = Math.max(context.newest, details?.made ?? 0);
    return await show(ref);
  } catch (error) {
    if (error instanceof MissingObjectError)
      return absentBox('Its bytes are missing from the store; run the workflow again.');
    if (error instanceof AbsentColumn) return absentBox(error.message);
    throw error;
  }
}

export function tablePanel(shot: Shot, { id, label }: Place, context: ReportContext): Promise<Html> {
  return whenMade(shot, context, (ref) => {
    const { reference, state, instance } = shot;
    const items = state.items(instance);
    const texts = itemTexts(items);
    const name = [state.name, ...Object.values(texts)].join('-').replace(/[^\p{L}\p{N}._-]+/gu, '_');
    const { port } = reference.source as { port: string };
    const manifest = picked(context.store.artifacts.manifest(ref.digest), reference, items);
    const place = {
      id,
      name,
      label,
      elsewhere: publishedHtml(reference, items, context),
      command: context.exportCommand(`${state.name}.${port}`, texts, `${name}.csv`),
    };
    return renderTable(manifest, context.store, place, context.cells);
  });
}

export function figurePanel(shot: Shot, place: Place, context: ReportContext): Promise<Html> {
  return whenMade(shot, context, (ref) => Promise.resolve(figureHtml(shot, ref, place, context)));
}

function figureHtml(
  { state, instance, reference }: Shot,
  ref: ArtifactRef,
  { id, label, number }: Place,
  context: ReportContext,
): Html {
  if (ref.extension !== 'svg')
    return absentBox(`A figure is SVG; this one is a .${ref.extension ?? ''} file.`);
  const published = publishedHtml(reference, state.items(instance), context);
  const tooLarge = (bytes: number): Html => {
    const size = `${Math.round(bytes / 2 ** 20)} MB of SVG is too large for this page`;
    return absentBox(published === null ? `${size}.` : markup`${size}; it is ${published}.`);
  };
  const earlier = context.drawn.get(ref.digest);
  if (earlier) {
    const link = markup`<a href="#${earlier.id}">${earlier.number}</a>`;
    return markup`<p class="note"><span>The same drawing as ${link}, which is large and stands on the page once.</span></p>`;
  }
  const bytes = context.store.artifacts.bytes(ref.digest);
  if (bytes.length > SOURCE_BYTES) return tooLarge(bytes.length);
  const drawn = safeSvg(Buffer.from(bytes).toString('utf8'), id, label);
  if (!('svg' in drawn)) return absentBox(`Not shown: ${drawn.refused}.`);
  if (drawn.svg.text.length > FIGURE_BYTES) return tooLarge(drawn.svg.text.length);
  if (drawn.svg.text.length > DRAWN_ONCE) context.drawn.set(ref.digest, { id, number });
  return drawingHtml(drawn.svg, state.name, label, published);
}

/** A drawing in a frame that scrolls; the script adds tools to the line below it. */
export function drawingHtml(svg: Html, name: string, label: string, published: Part): Html {
  return markup`<div class="drawing" role="region" tabindex="0" aria-label="${label}" data-name="${name}">${svg}</div>
<p class="note">${published === null ? null : markup`<span>${published}</span>`}</p>`;
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
