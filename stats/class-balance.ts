/**
 * Two classes in training: down-sampling the larger, what that does to the intercept, and folds that spread both evenly.
 *
 * Chance comes in as one number per row (`draw`, uniform), so that a row's luck can be made to depend on its person alone. Not
 * responsible for fitting, nor for which rows are training rows.
 */

/** Row indices of each class, ascending. */
export interface Classes {
  readonly cases: Int32Array;
  readonly controls: Int32Array;
}

/** Splits `rows` by label (1: case, 0: control). */
export function splitClasses(labels: ArrayLike<number>, rows: Int32Array): Classes {
  return { cases: rows.filter((i) => labels[i] === 1), controls: rows.filter((i) => labels[i] === 0) };
}

/**
 * All of the smaller class and as many of the larger, those with the smallest draws; ascending. `draw` is indexed like the
 * labels. Classes of equal size are both kept whole; with an empty class nothing is left.
 */
export function downSample({ cases, controls }: Classes, draw: ArrayLike<number>): Int32Array {
  const size = Math.min(cases.length, controls.length);
  const luckiest = (rows: Int32Array): Int32Array =>
    rows.length === size ? rows : byDraw(rows, draw).subarray(0, size);
  return Int32Array.from([...luckiest(cases), ...luckiest(controls)]).sort();
}

/**
 * What to add to the intercept of a model trained on a class-dependent sample so that its risks are those of all rows (King &
 * Zeng 2001, eq. 7): the log odds of a case among all, less that among the sampled.
 */
export function priorCorrection(all: Classes, sampled: Classes): number {
  const logOdds = ({ cases, controls }: Classes): number => Math.log(cases.length / controls.length);
  return logOdds(all) - logOdds(sampled);
}

/** The fold (0 … k − 1) of every row of both classes, indexed like the labels (−1 elsewhere); each class is dealt evenly, in the order of the draws. */
export function stratifiedFolds(
  { cases, controls }: Classes,
  draw: ArrayLike<number>,
  k: number,
): Int32Array {
  const folds = new Int32Array(draw.length).fill(-1);
  [...byDraw(cases, draw), ...byDraw(controls, draw)].forEach((row, turn) => (folds[row] = turn % k));
  return folds;
}

/** Equal draws (which a hash never gives in practice) keep the order of the rows. */
function byDraw(rows: Int32Array, draw: ArrayLike<number>): Int32Array {
  return rows.slice().sort((a, b) => draw[a]! - draw[b]! || a - b);
}
