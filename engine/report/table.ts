/**
 * Table: a stored table as an HTML table of its first rows, with all rows as CSV inside the page when they are few enough.
 *
 * Not responsible for captions and lineage (exhibit.ts) nor for sorting, which the page's script adds (script.ts).
 */
import type { Column, NumberColumn } from '../../cache/column.js';
import type { Manifest } from '../../cache/manifest.js';
import type { Store } from '../../cache/store.js';
import type { Table } from '../../cache/table.js';
import { encodeDelimited } from '../../cache/tabular.js';
import { counted, markup, joined, type Html, type Part } from './html.js';
import { columnFormat, formatP, isPName, pName, type NumberFormat } from './number.js';

const ROWS_SHOWN = 500;
const COLUMNS_SHOWN = 60;
/** Cells read in order to offer a download; characters of the download itself. */
const CSV_CELLS = 500_000;
const CSV_CHARACTERS = 2 * 2 ** 20;

/** A column as it is shown. */
interface ShownColumn {
  readonly heading: string;
  /** Said when the pointer rests on the heading. */
  readonly note: string;
  readonly column: Column;
  readonly format: NumberFormat;
}

/**
 * @param id an anchor of the page, free to be extended.
 * @param name the download's file name without extension.
 * @param elsewhere where else all rows are: a published file.
 */
export async function renderTable(
  manifest: Manifest,
  store: Store,
  { id, name, label, elsewhere }: { id: string; name: string; label: string; elsewhere: string | null },
): Promise<Html> {
  const columns = manifest.columns.length + (manifest.id ? 1 : 0);
  const offersAll = manifest.rows * columns <= CSV_CELLS;
  const kept = offersAll ? manifest : { ...manifest, columns: manifest.columns.slice(0, COLUMNS_SHOWN) };
  const table = await store.artifacts.table(kept);
  const csv = offersAll ? encodeDelimited(table, 'csv').toString() : null;
  const download = csv !== null && csv.length <= CSV_CHARACTERS ? csv : null;
  const shown = shownColumns(table);
  const rows = Math.min(table.rows, ROWS_SHOWN);
  const head = shown.map(headCell);
  const body = Array.from(
    { length: rows },
    (_, row) => markup`<tr>${shown.map((each) => cell(each, row))}</tr>\n`,
  );
  const notes: Part[] = [extent(manifest, rows, Math.min(shown.length, COLUMNS_SHOWN))];
  if (elsewhere !== null) notes.push(markup`published as <code>${elsewhere}</code>`);
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="${label}">
<table class="data"><thead><tr>${head}</tr></thead>
<tbody>${body}</tbody></table></div>
<p class="note">${joined(notes, ' · ')}${download === null ? null : downloadHtml(id, name)}</p>${
    download === null ? null : markup`<template id="${id}-csv">${download}</template>`
  }`;
}

/** Hidden until the script can do it. */
function downloadHtml(id: string, name: string): Html {
  return markup`<span class="csv" hidden> · <button type="button" data-csv="${id}-csv" data-name="${name}.csv">Download CSV</button></span>`;
}

/** How much of the table there is, and how much of it is shown. */
function extent(manifest: Manifest, rows: number, columns: number): Part {
  const allColumns = manifest.columns.length + (manifest.id ? 1 : 0);
  const all = counted(manifest.rows, 'row');
  const shownRows = rows < manifest.rows ? `the first ${rows} of ${all}; sorting orders these` : all;
  const shownColumns =
    allColumns > COLUMNS_SHOWN ? `; the first ${columns} of ${counted(allColumns, 'column')}` : null;
  const printed =
    rows > ROWS_PRINTED ? markup`<span class="print-only">; ${ROWS_PRINTED} rows are printed</span>` : null;
  return [shownRows, shownColumns, printed];
}

/** Of a long table the print shows its beginning (style.ts hides the rest). */
export const ROWS_PRINTED = 40;

function shownColumns(table: Table): ShownColumn[] {
  const shown: ShownColumn[] = [];
  if (table.id) {
    shown.push({
      heading: table.id.name,
      note: '',
      column: { type: 'text', values: table.id.values },
      format: String,
    });
  }
  // Where q and log10q both stand, the logarithm says more: 10 ** log10q may be 0.
  const exact = new Set([...table.columns].map(([name, column]) => logarithmOf(name, column)));
  for (const [name, column] of table.columns) {
    if (shown.length >= COLUMNS_SHOWN) break;
    const heading = logarithmOf(name, column);
    if (column.type === 'text') {
      shown.push({ heading: name, note: '', column, format: String });
    } else if (heading !== null) {
      shown.push({ heading, note: `10 to the power of ${name}`, column, format: formatP });
    } else if (!exact.has(name)) {
      const sample = present(column);
      const isP = isPName(name) && sample.every((value) => value >= 0 && value <= 1);
      const format = isP ? (value: number) => formatP(Math.log10(value)) : columnFormat(name, sample);
      shown.push({ heading: name, note: '', column, format });
    }
  }
  return shown;
}

/** Of a column of log10 p: the name under which its p is shown; null for any other column. */
function logarithmOf(name: string, column: Column): string | null {
  return column.type === 'number' && present(column).every((value) => value <= 0) ? pName(name) : null;
}

/** The values shown that are not missing. */
function present(column: NumberColumn): Float64Array {
  return column.values.subarray(0, ROWS_SHOWN).filter((value) => !Number.isNaN(value));
}

function headCell({ heading, note, column }: ShownColumn): Html {
  const kind = column.type === 'number' ? 'number' : 'text';
  return note === ''
    ? markup`<th scope="col" class="${kind}">${heading}</th>`
    : markup`<th scope="col" class="${kind}" title="${note}">${heading}</th>`;
}

function cell({ column, format }: ShownColumn, row: number): Html {
  if (column.type === 'text') {
    const text = column.values[row] ?? null;
    return text === null ? missing('text') : markup`<td>${text}</td>`;
  }
  const value = column.values[row]!;
  if (Number.isNaN(value)) return missing('number');
  return markup`<td class="number" data-v="${value}">${format(value)}</td>`;
}

const missing = (kind: string): Html =>
  markup`<td class="${kind} missing"><span aria-label="missing">–</span></td>`;
