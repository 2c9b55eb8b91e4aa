/**
 * Two classes in training: down-sampling the larger, what that does to the intercept, and folds that spread both evenly.
 *
 * Chance comes in as one number per row (uniform), so that a row's luck can be made to depend on its person alone. Not
 * responsible for fitting, nor for which rows are training rows.
 */

/** Row indices of each class, ascending. */
export interface Classes {
  readonly cases: Int32Array;
  readonly controls: Int32Array;
}

/** Splits `rows` by label (1: case, 0: control). */
export function splitClasses(labels: ArrayLike<number>, rows: Int32Array): Classes {
  const [cases, controls] = [new Int32Array(rows.length), new Int32Array(rows.length)];
  let [caseCount, controlCount] = [0, 0];
  for (const row of rows) {
    if (labels[row] === 1) cases[caseCount++] = row;
    else if (labels[row] === 0) controls[controlCount++] = row;
  }
  return { cases: cases.slice(0, caseCount), controls: controls.slice(0, controlCount) };
}

/** Everybody's luck: sorted once, however many diseases are drawn by it. */
export interface Luck {
  /** Rows whose draw is not NaN, the smallest draw first; equal draws (which a hash never gives in practice) by row. */
  readonly order: Int32Array;
  /** Rows there are, drawn or not. */
  readonly rows: number;
}

/** The luck of one draw per row; NaN for a row that takes no part. */
export function luckOf(draw: ArrayLike<number>): Luck {
  const order = Int32Array.from({ length: draw.length }, (_, row) => row).filter((row) => draw[row]! >= 0);
  return { order: order.sort((a, b) => draw[a]! - draw[b]! || a - b), rows: draw.length };
}

/** The `size` of `rows` with the smallest draws, ascending; all of them when there are no more. */
export function luckiest(rows: Int32Array, size: number, { order, rows: count }: Luck): Int32Array {
  if (rows.length <= size) return rows;
  const open = new Uint8Array(count);
  for (const row of rows) open[row] = 1;
  const kept = new Int32Array(size);
  let found = 0;
  for (let i = 0; found < size && i < order.length; i++) {
    if (open[order[i]!] === 1) kept[found++] = order[i]!;
  }
  return kept.subarray(0, found).sort();
}

/** All of the smaller class and as many of the larger, the luckiest; ascending. With an empty class nothing is left. */
export function downSample({ cases, controls }: Classes, luck: Luck): Int32Array {
  const size = Math.min(cases.length, controls.length);
  const kept = new Int32Array(2 * size);
  kept.set(luckiest(cases, size, luck));
  kept.set(luckiest(controls, size, luck), size);
  return kept.sort();
}

/**
 * What to add to the intercept of a model trained on a class-dependent sample so that its risks are those of all rows (King &
 * Zeng 2001, eq. 7): the log odds of a case among all, less that among the sampled.
 */
export function priorCorrection(all: Classes, sampled: Classes): number {
  const logOdds = ({ cases, controls }: Classes): number => Math.log(cases.length / controls.length);
  return logOdds(all) - logOdds(sampled);
}

/** The fold (0 … k − 1) of every row of both classes, −1 elsewhere; each class is dealt evenly, the luckiest first. */
export function stratifiedFolds({ cases, controls }: Classes, { order, rows }: Luck, k: number): Int32Array {
  const folds = new Int32Array(rows).fill(-1);
  let turn = 0;
  for (const members of [cases, controls]) {
    const open = new Uint8Array(rows);
    for (const row of members) open[row] = 1;
    for (const row of order) if (open[row] === 1) folds[row] = turn++ % k;
  }
  return folds;
}
