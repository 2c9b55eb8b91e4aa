/** `table.bind`: the tables of a fan-out side by side, one row per person. */
import { takeRows, type Column } from '../cache/column.js';
import { compareBytes, idTable, matchIds } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { itemLabel } from './gathered.js';
import { idsOf, people } from './reading.js';

export const tableBind = defineTask<Record<string, never>>({
  name: 'table.bind',
  version: 1,
  summary: 'Puts the tables of a fan-out side by side: the columns of each item, one row per person.',
  details: `The column of a table that has only one is named after its item (\`fev\`); the columns of others after both (\`fev.stacked\`). Several
gathered axes are joined by a dot. Everybody who is in any of the tables is kept; cells are missing where a table lacks the person, which is
counted.`,
  params: { type: 'object', properties: {}, additionalProperties: false },
  inputs: { tables: { type: 'table', gather: true, summary: 'Tables with ids, one for each item.' } },
  outputs: { table: { type: 'table', summary: 'One row per person, the columns of all items.' } },
  run(context) {
    const { items, failed } = context.gatherTables('tables');
    if (failed.length > 0)
      context.warn(`${failed.length} failed and not among the columns: ${failed.map(itemLabel).join('; ')}`);
    const lists = items.map(({ value }) => idsOf(value, 'tables'));
    // Usually all tables hold the same people: then nothing is joined, and 260 columns of 350,000 people are not copied.
    const alike = lists.every((list) => sameIds(list, lists[0]!));
    const ids = alike ? (lists[0] ?? []) : [...new Set(lists.flat())].sort(compareBytes);
    const columns = new Map<string, Column>();
    items.forEach(({ item, value }, i) => {
      const rows = alike ? null : matchIds(lists[i]!, ids);
      const absent = ids.length - value.rows;
      if (absent > 0) context.warn(`${itemLabel(item)}: no row for ${people(absent)}`);
      const name = Object.keys(item)
        .sort(compareBytes)
        .map((axis) => String(item[axis]))
        .join('.');
      for (const [column, values] of value.columns) {
        const full = value.columns.size === 1 ? name : `${name}.${column}`;
        if (columns.has(full))
          throw new TaskError(`two columns would be named '${full}'`, { port: 'tables', column });
        columns.set(full, rows ? takeRows(values, rows) : values);
      }
    });
    return { table: tableOutput(idTable(items[0]?.value.id?.name ?? 'id', ids, columns)) };
  },
});

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((id, i) => id === b[i]));
}
