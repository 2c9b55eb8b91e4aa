/**
 * Named feature tables (modalities) as matrices of the same people, in one order of columns.
 *
 * Not responsible for imputing: a missing feature is an error in training, and gives a missing prediction.
 */
import { compareBytes, matchIds, type Table } from '../cache/table.js';
import { TaskError, type InputPort } from '../engine/task.js';
import { matrix, type Matrix } from '../stats/linalg/matrix.js';
import { columnNames, idsOf, numbersOf } from './reading.js';

export const FEATURES_PORT = 'features';

/** A fitted model with the modalities that it knows: ports of the tasks that apply it. */
export const MODEL_PORTS = {
  model: { type: 'model', summary: 'A model of `model.stack`.' },
  features: {
    type: 'table',
    summary: 'The modalities, under the names that the model knows.',
    named: true,
    optional: true,
  },
} satisfies Readonly<Record<string, InputPort>>;

/** Those of `people` (bytewise sorted) who are in every one of the lists (sorted likewise). */
export function peopleInAll(
  people: readonly string[],
  lists: Iterable<readonly string[]>,
): readonly string[] {
  let kept = people;
  for (const ids of lists) {
    const rows = matchIds(ids, kept);
    kept = kept.filter((_, i) => rows[i]! >= 0);
  }
  return kept;
}

/** A modality's features for `people`, who all have a row; columns in the order of `features`. NaN where a cell is missing. */
export function featureMatrix(
  modality: string,
  table: Table,
  people: readonly string[],
  features: readonly string[] = columnNames(table),
): Matrix {
  if (features.length === 0)
    throw new TaskError(`the modality '${modality}' has no column`, { port: FEATURES_PORT });
  const rows = matchIds(idsOf(table, FEATURES_PORT), people);
  const out = matrix(people.length, features.length);
  features.forEach((name, j) => {
    if (!table.columns.has(name)) {
      throw new TaskError(
        `expected a column '${name}' in the modality '${modality}', which does not have it`,
        {
          port: FEATURES_PORT,
          column: name,
        },
      );
    }
    const values = numbersOf(table, FEATURES_PORT, name);
    for (let i = 0; i < rows.length; i++) out.data[i * features.length + j] = values[rows[i]!]!;
  });
  return out;
}

/** @throws TaskError naming the first missing or infinite cell. */
export function requireComplete(
  modality: string,
  x: Matrix,
  features: readonly string[],
  people: readonly string[],
): void {
  const bad = x.data.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  const column = features[bad % x.cols]!;
  throw new TaskError(
    `expected no missing value in the modality '${modality}', got ${x.data[bad]!} in '${column}'; impute it first`,
    { port: FEATURES_PORT, column, row: people[Math.floor(bad / x.cols)]! },
  );
}

/** People's folds from a `folds` table: its column `fold`. Ids without one have NaN. */
export function foldsOf(table: Table, port: string, people: readonly string[]): Float64Array {
  const rows = matchIds(idsOf(table, port), people);
  const folds = numbersOf(table, port, 'fold');
  return Float64Array.from(rows, (row) => (row < 0 ? NaN : folds[row]!));
}

/** @throws TaskError when nobody is in `fold`: a fold that does not exist would hold out nobody. */
export function requireFold(table: Table, port: string, fold: number): void {
  const folds = new Set(numbersOf(table, port, 'fold'));
  if (folds.has(fold)) return;
  const there = [...folds].filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  throw new TaskError(`nobody is in fold ${fold}; the folds are ${there.join(', ')}`, {
    port,
    column: 'fold',
  });
}

/** Names in bytewise order, for messages and for what must not depend on the order of a map. */
export function sortedNames(names: Iterable<string>): string[] {
  return [...names].sort(compareBytes);
}
