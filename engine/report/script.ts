/**
 * The page's script: tables are sorted by clicking a heading, and handed out as CSV. The page is whole without it.
 *
 * Plain text, run in the reader's browser; the page's policy admits exactly this text and no other script.
 */
export const SCRIPT = `
'use strict';
for (const table of document.querySelectorAll('table.data')) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const order = head.getAttribute('aria-sort') === 'ascending' ? 'descending' : 'ascending';
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', order);
      const sign = order === 'ascending' ? 1 : -1;
      const texts = new Intl.Collator('en', { numeric: true });
      const isNumber = head.classList.contains('number');
      const keyed = rows.map((row, at) => {
        const cell = row.cells[column];
        const missing = cell.classList.contains('missing');
        return { row, at, missing, key: isNumber ? Number(cell.dataset.v) : cell.textContent };
      });
      keyed.sort((a, b) => {
        if (a.missing || b.missing) return a.missing - b.missing || a.at - b.at;
        const difference = isNumber ? a.key - b.key : texts.compare(a.key, b.key);
        return (a.key === b.key ? 0 : sign * difference) || a.at - b.at;
      });
      body.append(...keyed.map(({ row }) => row));
    });
  });
}
for (const part of document.querySelectorAll('.csv')) {
  part.hidden = false;
  const button = part.querySelector('button');
  button.addEventListener('click', () => {
    const text = document.getElementById(button.dataset.csv).content.textContent;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
    link.download = button.dataset.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}
const openTarget = () => {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const folded = target && target.closest('details');
  if (folded) folded.open = true;
};
addEventListener('hashchange', openTarget);
openTarget();
`;
