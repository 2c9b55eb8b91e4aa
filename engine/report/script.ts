/**
 * The page's script: tables are sorted, filtered, paged and handed out as CSV; drawings are enlarged and handed out as SVG. The page
 * can be read without it.
 *
 * Plain text, run in the reader's browser; the page's policy admits exactly this text and no other script.
 */
import { ROWS_DRAWN } from './table.js';

const FRAME = `
'use strict';
const make = (name, properties, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};
const button = (text, name, act) => {
  const element = make('button', { type: 'button', onclick: act }, text);
  if (name) element.setAttribute('aria-label', name);
  return element;
};
const save = (text, type, name) => {
  const link = make('a', { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};
document.documentElement.classList.add('scripted');
`;

const TABLES = `
const grouped = (n) => n.toLocaleString('en');
const sortTexts = new Intl.Collator('en', { numeric: true });
const isMissing = (cell) => cell.classList.contains('missing');
const exactText = (cell) => (isMissing(cell) ? '' : (cell.dataset.v ?? cell.textContent));
const csvCell = (text) => (/[",\\n\\r]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
const csvOf = (heads, rows) => {
  const lines = [heads.map((head) => csvCell(head.dataset.name ?? head.textContent))];
  for (const row of rows) {
    // An empty text differs from a missing one: it is quoted.
    lines.push(Array.from(row.cells, (cell) => (!isMissing(cell) && exactText(cell) === '' ? '""' : csvCell(exactText(cell)))));
  }
  return lines.map((cells) => cells.join(',') + '\\n').join('');
};
for (const table of document.querySelectorAll('table.data')) {
  const body = table.tBodies[0];
  const region = table.closest('.scroll');
  const kept = document.getElementById(table.id.replace(/-data$/, '-rows'));
  const rows = [...body.rows, ...(kept ? kept.content.querySelectorAll('tr') : [])];
  const heads = [...table.tHead.rows[0].cells];
  const drawnAtOnce = ${ROWS_DRAWN};
  let order = rows;
  let found = rows;
  let page = 0;
  const place = make('span', { className: 'place' });
  place.setAttribute('role', 'status');
  const turn = (by) => () => {
    page += by;
    draw();
    region.scrollTop = 0;
  };
  const back = button('Previous', '', turn(-1));
  const on = button('Next', '', turn(1));
  const draw = () => {
    const from = page * drawnAtOnce;
    const drawn = found.slice(from, from + drawnAtOnce);
    body.replaceChildren(...drawn);
    back.disabled = page === 0;
    on.disabled = from + drawnAtOnce >= found.length;
    back.hidden = on.hidden = found.length <= drawnAtOnce;
    const range = found.length <= drawnAtOnce ? '' : 'rows ' + grouped(from + 1) + ' to ' + grouped(from + drawn.length);
    const some = found.length < rows.length ? grouped(found.length) + ' of ' + grouped(rows.length) + ' rows match' : '';
    place.textContent = [range, some].filter(Boolean).join(', ');
  };
  const search = make('input', { type: 'search', placeholder: 'Filter rows', autocomplete: 'off', spellcheck: false });
  search.setAttribute('aria-label', 'Filter the rows of ' + table.caption.textContent);
  const filter = () => {
    const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
    found = order.filter((row) => {
      if (words.length === 0) return true;
      const text = Array.from(row.cells, (cell) => cell.textContent).join(' ').toLowerCase();
      return words.every((word) => text.includes(word));
    });
    page = 0;
    draw();
  };
  search.addEventListener('input', filter);
  heads.forEach((head, column) => {
    const name = [...head.childNodes];
    const control = button('', '', () => sort(column));
    control.replaceChildren(...name);
    head.append(control);
  });
  const sort = (column) => {
    const head = heads[column];
    const direction = head.getAttribute('aria-sort') === 'ascending' ? 'descending' : 'ascending';
    for (const other of heads) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', direction);
    const sign = direction === 'ascending' ? 1 : -1;
    const isNumber = head.classList.contains('number');
    const keyed = rows.map((row, at) => {
      const cell = row.cells[column];
      return { row, at, missing: isMissing(cell), key: isNumber ? Number(exactText(cell)) : cell.textContent };
    });
    keyed.sort((a, b) => {
      if (a.missing || b.missing) return a.missing - b.missing || a.at - b.at;
      const difference = isNumber ? a.key - b.key : sortTexts.compare(a.key, b.key);
      return (a.key === b.key ? 0 : sign * difference) || a.at - b.at;
    });
    order = keyed.map(({ row }) => row);
    filter();
  };
  const next = region.nextElementSibling;
  const line = next.matches('.note') ? next : next.nextElementSibling;
  if (rows.length > 0) line.append(button('Download CSV', '', () => save(csvOf(heads, rows), 'text/csv;charset=utf-8', table.dataset.name + '.csv')));
  if (rows.length > 15) region.before(make('p', { className: 'tools' }, search, place, back, on));
  draw();
}
`;

const DRAWINGS = `
for (const drawing of document.querySelectorAll('.drawing')) {
  const svg = drawing.querySelector('svg');
  const natural = svg.viewBox.baseVal.width && Number(svg.getAttribute('width'));
  const size = make('output', {});
  const show = () => (size.value = Math.round((100 * svg.getBoundingClientRect().width) / natural) + ' %');
  const resize = (width, most) => {
    svg.style.width = width;
    svg.style.maxWidth = most;
    show();
  };
  const scale = (to) => resize(natural * to + 'px', 'none');
  const fit = () => resize('', '100%');
  const zoom = (by) => scale(Math.min(8, Math.max(0.1, (svg.getBoundingClientRect().width / natural) * by)));
  const larger = () => zoom(1.25);
  const smaller = () => zoom(0.8);
  drawing.addEventListener('keydown', (event) => {
    const act = { '+': larger, '=': larger, '-': smaller, '0': fit }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  const download = () => {
    const copy = svg.cloneNode(true);
    for (const name of ['--width', 'width', 'max-width']) copy.style.removeProperty(name);
    save(new XMLSerializer().serializeToString(copy), 'image/svg+xml', drawing.dataset.name + '.svg');
  };
  drawing.nextElementSibling.append(
    make('span', { className: 'zoom' }, button('−', 'Smaller', smaller), size, button('+', 'Larger', larger), button('Fit', 'Fit to the page', fit)),
    button('Download SVG', '', download),
  );
  new ResizeObserver(show).observe(drawing);
  // The trunk of a flow stands in its middle.
  if (svg.matches('.flow')) drawing.scrollLeft = (drawing.scrollWidth - drawing.clientWidth) / 2;
}
`;

const PAGE = `
const openTarget = () => {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let folded = target && target.closest('details'); folded; folded = folded.parentElement.closest('details')) folded.open = true;
  if (target) target.scrollIntoView();
};
addEventListener('hashchange', openTarget);
openTarget();
let opened = [];
addEventListener('beforeprint', () => {
  opened = [...document.querySelectorAll('details.panel, details.node, details.more')].filter((each) => !each.open);
  for (const each of opened) each.open = true;
});
addEventListener('afterprint', () => {
  for (const each of opened) each.open = false;
});
`;

export const SCRIPT = FRAME + TABLES + DRAWINGS + PAGE;
