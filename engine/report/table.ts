/**
 * Table: a stored table as an HTML table. A table of moderate size is on the page whole, its first rows drawn and the others kept
 * ready for the script; of a large one there are the first rows, and word of where all of them are.
 *
 * Not responsible for captions and lineage (exhibit.ts) nor for sorting, filtering and paging, which the script adds (script.ts).
 */
import type { Column, NumberColumn } from '../../cache/column.js';
import type { Manifest } from '../../cache/manifest.js';
import type { Store } from '../../cache/store.js';
import { counted, joined, markup, type Html, type Part } from './html.js';
import { columnFormat, formatP, isPName, pName, type NumberFormat } from './number.js';

/** Rows drawn at once, and all that is on the page of a table that is too large for it. */
export const ROWS_DRAWN = 200;
const COLUMNS_SHOWN = 60;
/** Cells of a table that is on the page whole; about 50 bytes each. */
const CELLS_WHOLE = 24_000;
/** Of a long table the print shows its beginning (style.ts hides the rest). */
export const ROWS_PRINTED = 40;
/** More do not fit onto a sheet. */
export const COLUMNS_PRINTED = 14;

/** Cells that the page may hold beyond each table's first rows; counts down, in the order of the page. */
export class CellBudget {
  private left = 300_000;

  take(cells: number): boolean {
    if (cells > CELLS_WHOLE || cells > this.left) return false;
    this.left -= cells;
    return true;
  }
}

/** A column as it is shown. */
interface ShownColumn {
  /** In the file. */
  readonly name: string;
  readonly heading: string;
  /** Said when the pointer rests on the heading. */
  readonly note: string;
  readonly column: Column;
  readonly format: NumberFormat;
}

export interface TablePlace {
  /** An anchor of the page, free to be extended. */
  readonly id: string;
  /** The download's file name without extension. */
  readonly name: string;
  readonly label: string;
  /** Where all rows are: published files; null when there are none. */
  readonly elsewhere: Html | null;
  /** The command that writes all rows to a file. */
  readonly command: string;
}

export async function renderTable(
  manifest: Manifest,
  store: Store,
  { id, name, label, elsewhere, command }: TablePlace,
  budget: CellBudget = new CellBudget(),
): Promise<Html> {
  const width = Math.min(manifest.columns.length + (manifest.id ? 1 : 0), COLUMNS_SHOWN);
  const isWhole = manifest.rows <= ROWS_DRAWN || budget.take(manifest.rows * width);
  const rows = isWhole ? manifest.rows : ROWS_DRAWN;
  const { columns, order } = await readHead(manifest, store, rows);
  const shown = shownColumns(columns);
  const written = Array.from({ length: rows }, (_, row) => rowHtml(shown, row));
  const drawn = written.slice(0, ROWS_DRAWN);
  const kept = written.slice(ROWS_DRAWN);
  const extent = extentText(manifest, rows, drawn.length, order);
  const where = elsewhere ?? (isWhole ? null : markup`<code>${command}</code> writes them all`);
  const keptRows = kept.length > 0 ? markup`<template id="${id}-rows">${kept}</template>` : null;
  return markup`<div class="scroll" role="region" tabindex="0" aria-labelledby="${id}-name">
<table class="data" id="${id}-data" data-name="${name}"><caption id="${id}-name">${label}</caption>
<thead><tr>${shown.map(headCell)}</tr></thead>
<tbody>${drawn}</tbody></table></div>${keptRows}
<p class="note"><span>${joined(where === null ? [extent] : [extent, where], ' · ')}</span></p>`;
}

interface HeadColumn {
  readonly name: string;
  readonly column: Column;
}

/** The first rows, one column read at a time, and what all rows are ordered by. */
async function readHead(
  manifest: Manifest,
  store: Store,
  rows: number,
): Promise<{ columns: HeadColumn[]; order: string | null }> {
  const columns: HeadColumn[] = [];
  let order: string | null = null;
  for (const { name, digest } of [...(manifest.id ? [manifest.id] : []), ...manifest.columns].slice(
    0,
    COLUMNS_SHOWN,
  )) {
    const column = await store.artifacts.column(digest);
    if (rows < manifest.rows && order === null) order = orderText(name, column);
    columns.push({ name, column: headOf(column, rows) });
  }
  return { columns, order };
}

function headOf(column: Column, rows: number): Column {
  return column.type === 'number'
    ? { type: 'number', values: column.values.slice(0, rows) }
    : { type: 'text', values: column.values.slice(0, rows) };
}

/** `p` or `z, descending` when the rows stand in the order of this column, missing ones last; null otherwise. */
function orderText(name: string, { values }: Column): string | null {
  let direction = 0;
  let previous: number | string | null = null;
  let hasEnded = false;
  for (const value of values) {
    if (value === null || Number.isNaN(value)) {
      hasEnded = true;
      continue;
    }
    if (hasEnded) return null;
    if (previous !== null && value !== previous) {
      const step = value > previous ? 1 : -1;
      if (direction !== 0 && step !== direction) return null;
      direction = step;
    }
    previous = value;
  }
  const shown = pName(name) ?? name;
  return direction === 0 ? null : direction > 0 ? shown : `${shown}, descending`;
}

/** How much of the table there is, and how much of it is here. */
function extentText(manifest: Manifest, rows: number, drawn: number, order: string | null): Part {
  const allColumns = manifest.columns.length + (manifest.id ? 1 : 0);
  const all = counted(manifest.rows, 'row');
  const by = order === null ? '' : ` by ${order}`;
  return [
    rows < manifest.rows ? `the first ${rows} of ${all}${by}; sorting and filtering act on these` : all,
    allColumns > COLUMNS_SHOWN ? `; the first ${COLUMNS_SHOWN} of ${counted(allColumns, 'column')}` : null,
    rows > ROWS_PRINTED ? markup`<span class="print-only">; ${ROWS_PRINTED} rows are printed</span>` : null,
    allColumns > COLUMNS_PRINTED
      ? markup`<span class="print-only">; ${COLUMNS_PRINTED} columns are printed</span>`
      : null,
    drawn < rows ? markup`<span class="unscripted">; ${drawn} are drawn</span>` : null,
  ];
}

function shownColumns(columns: readonly HeadColumn[]): ShownColumn[] {
  const shown: ShownColumn[] = [];
  // Where q and log10q both stand, the logarithm says more: 10 ** log10q may be 0.
  const exact = new Set(columns.map(({ name, column }) => logarithmOf(name, column)));
  for (const { name, column } of columns) {
    const heading = logarithmOf(name, column);
    if (column.type === 'text') {
      shown.push({ name, heading: name, note: '', column, format: String });
    } else if (heading !== null) {
      shown.push({ name, heading, note: `10 to the power of ${name}`, column, format: formatP });
    } else if (!exact.has(name)) {
      const sample = present(column);
      const isP = isPName(name) && sample.every((value) => value >= 0 && value <= 1);
      const format = isP ? (value: number) => formatP(Math.log10(value)) : columnFormat(name, sample);
      shown.push({ name, heading: name, note: '', column, format });
    }
  }
  return shown;
}

/** Of a column of log10 p: the name under which its p is shown; null for any other column. */
function logarithmOf(name: string, column: Column): string | null {
  return column.type === 'number' && present(column).every((value) => value <= 0) ? pName(name) : null;
}

/** The values that are not missing. */
function present(column: NumberColumn): Float64Array {
  return column.values.filter((value) => !Number.isNaN(value));
}

function headCell({ name, heading, note, column }: ShownColumn): Html {
  const kind = column.type === 'number' ? 'number' : 'text';
  const file = name === heading ? null : markup` data-name="${name}"`;
  // On paper a long name goes on in the next line.
  const breakable = joined(heading.split(/(?<=_)/), markup`<wbr>`);
  const title = note === '' ? null : markup` title="${note}"`;
  return markup`<th scope="col" class="${kind}"${file}${title}>${breakable}</th>`;
}

/** A first cell of text names its row. */
function rowHtml(shown: readonly ShownColumn[], row: number): Html {
  return markup`<tr>${shown.map((each, i) => cell(each, row, i === 0))}</tr>\n`;
}

function cell({ column, format }: ShownColumn, row: number, isFirst: boolean): Html {
  if (column.type === 'text') {
    const text = column.values[row] ?? null;
    if (text === null) return missing('text');
    return isFirst ? markup`<th scope="row">${text}</th>` : markup`<td>${text}</td>`;
  }
  const value = column.values[row]!;
  if (Number.isNaN(value)) return missing('number');
  const text = format(value);
  const exact = String(value);
  // What the cell says already is not said twice.
  return text === exact
    ? markup`<td class="number">${text}</td>`
    : markup`<td class="number" data-v="${exact}">${text}</td>`;
}

const missing = (kind: string): Html =>
  markup`<td class="${kind} missing"><span aria-label="missing">–</span></td>`;
