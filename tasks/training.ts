/**
 * Which rows a preprocessing step learns from: those of the optional port `train`, else all.
 */
import type { Table } from '../cache/table.js';
import { TaskError, type InputPort, type TaskContext } from '../engine/task.js';
import { idsOf, people, rowsAmong } from './reading.js';

export const TRAIN_PORT: InputPort = {
  type: 'samples',
  optional: true,
  summary: 'The people to learn from; all when absent.',
  reads: () => [],
};

/** Rows of the training people in `table`; undefined when the port is not connected. */
export function trainingRows(context: TaskContext<unknown>, table: Table): Int32Array | undefined {
  if (!context.has('train')) return undefined;
  const wanted = idsOf(context.table('train'), 'train');
  const { rows, unmatched } = rowsAmong(idsOf(table, 'table'), wanted);
  if (rows.length === 0) {
    throw new TaskError(`none of the ${people(wanted.length)} of 'train' has a row in 'table'`, {
      port: 'train',
    });
  }
  if (unmatched > 0) context.warn(`no row in 'table' for ${people(unmatched)} of 'train'`);
  return rows;
}
