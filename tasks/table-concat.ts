/** `table.concat`: tables of a fan-out stacked into one, each row with its item. */
import { numberColumn, takeRows, textColumn, type Column } from '../cache/column.js';
import { compareBytes, idTable, plainTable, type Table } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { itemColumns, itemLabel } from './gathered.js';

interface Params {
  readonly ids: 'column' | 'keep';
}

export const tableConcat = defineTask<Params>({
  name: 'table.concat',
  version: 1,
  summary: 'Stacks the tables of a fan-out, with a column for each gathered axis.',
  details: `A column that some tables lack is missing in their rows. An id column becomes an ordinary one, because its values
repeat; where they do not (the held-out people of folds), \`ids: keep\` makes one table of people of all, and a person who comes twice is an error.
Items that failed (\`[*?]\`) are named in a warning.`,
  params: {
    type: 'object',
    properties: {
      ids: {
        enum: ['column', 'keep'],
        default: 'column',
        description: 'What becomes of ids: an ordinary column, or the ids of the result.',
      },
    },
    additionalProperties: false,
  },
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
    const stacked = plainTable(columns, total);
    if (context.params.ids === 'column') return { table: tableOutput(stacked) };
    return { table: tableOutput(withIds(stacked, items[0]?.value.id?.name)) };
  },
});

/** The rows under their ids. @throws TaskError when there are none, or somebody comes twice. */
function withIds(table: Table, name: string | undefined): Table {
  const ids = name === undefined ? undefined : table.columns.get(name);
  if (name === undefined || ids?.type !== 'text') {
    throw new TaskError('expected tables with ids, got one without; leave `ids: column`', { port: 'tables' });
  }
  const values = ids.values as readonly string[];
  const order = Int32Array.from(values.keys()).sort((a, b) => compareBytes(values[a]!, values[b]!));
  for (let i = 1; i < order.length; i++) {
    const id = values[order[i]!]!;
    if (id === values[order[i - 1]!]!) {
      throw new TaskError(`'${id}' is in more than one of the tables`, { port: 'tables', row: id });
    }
  }
  const others = [...table.columns].filter(([column]) => column !== name);
  return idTable(
    name,
    Array.from(order, (row) => values[row]!),
    others.map(([column, cells]) => [column, takeRows(cells, order)] as const),
  );
}
