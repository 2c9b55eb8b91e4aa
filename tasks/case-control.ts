/**
 * Who trains and who is tested in a disease prediction: features as columns, and the rows of the training and the test people.
 *
 * Shared by all diseases of a call. Not responsible for the outcome's values (predict-logistic.ts) or for fitting.
 */
import { compareBytes, type Table } from '../cache/table.js';
import { TaskError, type TaskContext } from '../engine/task.js';
import { matrix as matrixOf, type Matrix } from '../stats/linalg/matrix.js';
import { columnNames, idsOf, numbersOf, people as counted, rowsAmong } from './reading.js';

/** People and their features: `columns[j][rows[i]]` is feature j of `ids[i]`. */
export interface FeatureRows {
  readonly columns: readonly Float64Array[];
  readonly rows: Int32Array;
  readonly ids: readonly string[];
  /** The same as one row per person, made at the first call: many diseases gather its rows several times faster. */
  readonly matrix: () => Matrix;
}

export interface CaseControl {
  /** Bytewise. */
  readonly features: readonly string[];
  readonly train: FeatureRows;
  readonly test: FeatureRows;
  readonly warnings: readonly string[];
}

/** @throws TaskError naming what does not fit: people, a column, a cell. */
export function readCaseControl(context: TaskContext<unknown>): CaseControl {
  const features = context.table('features');
  const names = columnNames(features);
  if (names.length === 0) throw new TaskError('expected at least one feature', { port: 'features' });
  const testPort = context.has('test_features') ? 'test_features' : 'features';
  const warnings: string[] = [];
  const testIds = idsOf(context.table('test'), 'test');
  const trainIds = context.has('train')
    ? idsOf(context.table('train'), 'train')
    : withoutIds(idsOf(features, 'features'), testIds);
  refuseOverlap(trainIds, testIds);
  const train = join(features, 'features', names, trainIds, 'train', warnings);
  const test = join(context.table(testPort), testPort, names, testIds, 'test', warnings);
  requireFeatures(train, names, warnings);
  return { features: names, train, test, warnings };
}

function join(
  table: Table,
  port: string,
  names: readonly string[],
  wanted: readonly string[],
  who: 'train' | 'test',
  warnings: string[],
): FeatureRows {
  const columns = names.map((name) => numbersOf(table, port, name));
  const all = idsOf(table, port);
  const { rows, unmatched } = rowsAmong(all, wanted);
  if (rows.length === 0 && wanted.length > 0) {
    throw new TaskError(
      `none of the ${counted(wanted.length)} of '${who}' has a row; ids look like '${wanted[0]!}' and '${all[0] ?? ''}'`,
      { port },
    );
  }
  if (unmatched > 0) warnings.push(`no row in '${port}' for ${counted(unmatched)} of '${who}'`);
  let matrix: Matrix | undefined;
  return {
    columns,
    rows,
    ids: Array.from(rows, (row) => all[row]!),
    matrix: () => (matrix ??= rowsOf(columns, rows)),
  };
}

// People whose features are copied at a time: what is written stays in the cache.
const TILE = 32;

function rowsOf(columns: readonly Float64Array[], rows: Int32Array): Matrix {
  const p = columns.length;
  const out = matrixOf(rows.length, p);
  for (let start = 0; start < rows.length; start += TILE) {
    const end = Math.min(rows.length, start + TILE);
    for (let j = 0; j < p; j++) {
      const column = columns[j]!;
      for (let i = start, at = start * p + j; i < end; i++, at += p) out.data[at] = column[rows[i]!]!;
    }
  }
  return out;
}

/** Somebody who trains must not be tested: both lists are bytewise sorted. */
function refuseOverlap(train: readonly string[], test: readonly string[]): void {
  for (let i = 0, j = 0; i < train.length && j < test.length;) {
    const order = compareBytes(train[i]!, test[j]!);
    if (order === 0) {
      throw new TaskError('expected no test person among the training people', {
        port: 'test',
        row: test[j]!,
      });
    }
    if (order < 0) i++;
    else j++;
  }
}

function withoutIds(ids: readonly string[], excluded: readonly string[]): string[] {
  const out = new Set(excluded);
  return ids.filter((id) => !out.has(id));
}

/** Training features are complete; a column that does not vary is said. */
function requireFeatures(
  { columns, rows, ids }: FeatureRows,
  names: readonly string[],
  warnings: string[],
): void {
  names.forEach((column, j) => {
    const values = columns[j]!;
    const where = { port: 'features', column };
    const first = values[rows[0]!]!;
    let [missing, bad, constant] = [0, -1, true];
    for (let i = 0; i < rows.length; i++) {
      const value = values[rows[i]!]!;
      if (value !== first) constant = false;
      if (Number.isFinite(value)) continue;
      missing++;
      if (bad < 0) bad = i;
    }
    if (missing === rows.length && rows.length > 0) {
      throw new TaskError(`no training person has a value in '${column}'; leave the column out`, where);
    }
    if (missing > 0) {
      throw new TaskError(
        `expected no missing training value in '${column}', got ${missing}; impute them first`,
        { ...where, row: ids[bad]! },
      );
    }
    if (rows.length > 1 && constant)
      warnings.push(`the feature '${column}' is constant among the training people`);
  });
}
