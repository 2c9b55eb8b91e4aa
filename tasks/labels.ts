/**
 * Labels of people from columns of the port `by`: their stratum, or their family.
 *
 * Not responsible for what is done with them.
 */
import { matchIds } from '../cache/table.js';
import { TaskError, type TaskContext } from '../engine/task.js';
import { anyColumn, cellAt, idsOf, people } from './reading.js';

/**
 * One label per id: the cells of the named columns together. Somebody with a missing cell is labelled by `missing`.
 * @throws TaskError when nothing is connected to `by`, or people have no row there.
 */
export function labelsOf(
  context: TaskContext<unknown>,
  names: readonly string[],
  ids: readonly string[],
  missing: (id: string) => string,
): string[] {
  if (!context.has('by')) {
    throw new TaskError(`'${names[0]!}' is a column of 'by', to which nothing is connected`, { port: 'by' });
  }
  const table = context.table('by');
  const columns = names.map((name) => anyColumn(table, 'by', name));
  const rows = matchIds(idsOf(table, 'by'), ids);
  const lost = rows.reduce((count, row) => count + (row < 0 ? 1 : 0), 0);
  if (lost > 0) {
    const row = ids[rows.indexOf(-1)]!;
    throw new TaskError(`no row in 'by' for ${people(lost)} of 'samples'`, { port: 'by', row });
  }
  return ids.map((id, i) => {
    const cells = columns.map((column) => cellAt(column, rows[i]!));
    return cells.includes(null) ? missing(id) : JSON.stringify(cells);
  });
}
