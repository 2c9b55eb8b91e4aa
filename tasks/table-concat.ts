/** `table.concat`: tables of a fan-out stacked into one, each row with its item. */
import { numberColumn, textColumn, type Column } from '../cache/column.js';
import { plainTable } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { itemColumns, itemLabel } from './gathered.js';

export const tableConcat = defineTask<Record<string, never>>({
  name: 'table.concat',
  version: 1,
  summary: 'Stacks the tables of a fan-out, with a column for each gathered axis.',
  details: `A column that some tables lack is missing in their rows. An id column becomes an ordinary one, because its values
repeat. Items that failed (\`[*?]\`) are named in a warning.`,
  params: { type: 'object', properties: {}, additionalProperties: false },
  inputs: { tables: { type: 'table', summary: 'One table for each item.', gather: true } },
  outputs: { table: { type: 'table', summary: 'All rows, in the order of the items.' } },
  run(context) {
    const { items, failed } = context.gatherTables('tables');
    const rows = items.map(({ value }) => value.rows);
    const columns = new Map(
      itemColumns(
        items.map(({ item }) => item),
        rows,
      ),
    );
    const total = rows.reduce((sum, count) => sum + count, 0);
    const names: { name: string; type: Column['type'] }[] = [];
    for (const { item, value } of items) {
      const own = [...value.columns].map(([name, column]) => ({ name, type: column.type }));
      if (value.id) own.unshift({ name: value.id.name, type: 'text' });
      for (const { name, type } of own) {
        if (columns.has(name)) {
          throw new TaskError(
            `column '${name}' has the name of an axis (${itemLabel(item)}); rename it: '[${name} as …]'`,
            {
              port: 'tables',
              column: name,
            },
          );
        }
        const seen = names.find((other) => other.name === name);
        if (!seen) names.push({ name, type });
        else if (seen.type !== type) {
          throw new TaskError(
            `column '${name}' holds ${type} for ${itemLabel(item)}, but ${seen.type} before`,
            {
              port: 'tables',
              column: name,
            },
          );
        }
      }
    }
    for (const { name, type } of names) {
      const parts = items.map(({ value }) => (value.id?.name === name ? value.id : value.columns.get(name)));
      if (type === 'number') {
        const out = new Float64Array(total).fill(NaN);
        let row = 0;
        parts.forEach((part, i) => {
          if (part) out.set(part.values as Float64Array, row);
          row += rows[i]!;
        });
        columns.set(name, numberColumn(out));
      } else {
        columns.set(
          name,
          textColumn(
            parts.flatMap((part, i) =>
              part ? (part.values as (string | null)[]) : new Array<null>(rows[i]!).fill(null),
            ),
          ),
        );
      }
    }
    if (failed.length > 0)
      context.warn(`${failed.length} failed and missing here: ${failed.map(itemLabel).join('; ')}`);
    return { table: tableOutput(plainTable(columns, total)) };
  },
});
