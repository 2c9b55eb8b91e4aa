/**
 * Gradient-boosted trees on histograms, for a quantity (squared loss) or for a class (logistic loss): a comparator that can bend.
 *
 * The algorithm and defaults of scikit-learn's HistGradientBoosting (Ke et al. 2017), without its random parts: no early stopping on
 * a random sample, no subsampling of rows. The number of trees is given, or chosen by cross-validation. Missing values are handled.
 * Deterministic. Not responsible for making folds.
 */
import { binColumn, type BinnedColumn } from './boosting-bins.js';
import { growTree, leafValue, pathOf, type Tree, type TreeOptions } from './boosting-tree.js';

export type BoostingLoss = 'squared' | 'logistic';

export interface BoostingOptions extends Partial<TreeOptions> {
  readonly loss: BoostingLoss;
  /** Training rows; all when absent. */
  readonly rows?: Int32Array;
  /** Trees; default 100. In cross-validation: at most so many, default 300. */
  readonly trees?: number;
}

/** Plain JSON. */
export interface BoostedModel {
  readonly loss: BoostingLoss;
  /** `one-class`: all labels equal (logistic); `no-rows`. Both predict NaN. */
  readonly status: 'ok' | 'one-class' | 'no-rows';
  /** Mean of the target, or log odds of the training cases; null unless `ok`. */
  readonly baseline: number | null;
  readonly trees: readonly Tree[];
}

/** scikit-learn 1.2.1's. */
const DEFAULTS: TreeOptions = { maxLeaves: 31, minLeaf: 20, l2: 0, learningRate: 0.1 };
const TREES = 100;
const MOST_TREES = 300;
/** Trees after the best one at which cross-validation gives up. */
const PATIENCE = 20;

/** Fits a given number of trees. `target` is by input row: finite, and 0 or 1 for the logistic loss. */
export function fitBoosting(
  columns: readonly Float64Array[],
  target: ArrayLike<number>,
  options: BoostingOptions,
): BoostedModel {
  const machine = new Machine(columns, target, options, options.rows ?? allRows(target));
  if (machine.status === 'ok') for (let t = options.trees ?? TREES; t > 0 && machine.addTree(); t--);
  return machine.model();
}

/**
 * Fits as many trees as predict the held-out rows best (mean loss over the folds' rows, ties to the fewer): `fold` gives each
 * input row's fold. The folds grow together and stop 20 trees after the best.
 */
export function crossValidateBoosting(
  columns: readonly Float64Array[],
  target: ArrayLike<number>,
  fold: Int32Array,
  options: BoostingOptions,
): BoostedModel {
  const rows = options.rows ?? allRows(target);
  const labels = [...new Set(Array.from(rows, (i) => fold[i]!))].sort((a, b) => a - b);
  const machines = labels.flatMap((held) => {
    const machine = new Machine(
      columns,
      target,
      options,
      rows.filter((i) => fold[i] !== held),
    );
    const test = rows.filter((i) => fold[i] === held);
    return machine.status === 'ok' ? [{ machine, test, sums: new Float64Array(test.length) }] : [];
  });
  const people = machines.reduce((sum, { test }) => sum + test.length, 0);
  const heldOutLoss = (): number => {
    let sum = 0;
    for (const { machine, test, sums } of machines) {
      test.forEach((i, r) => (sum += lossOf(options.loss, target[i]!, machine.baseline + sums[r]!)));
    }
    return sum / people;
  };
  let best = { trees: 0, loss: heldOutLoss() };
  const most = options.trees ?? MOST_TREES;
  for (let trees = 1; trees <= most && trees - best.trees <= PATIENCE; trees++) {
    for (const { machine, test, sums } of machines) {
      const tree = machine.addTree();
      if (tree) test.forEach((i, r) => (sums[r]! += leafValue(tree, columns, i)));
    }
    const loss = heldOutLoss();
    if (loss < best.loss) best = { trees, loss };
  }
  return fitBoosting(columns, target, { ...options, rows, trees: best.trees });
}

/** The sum of the trees for the given rows: the quantity itself, or η = log odds of label 1. Missing values are welcome. */
export function predictBoosted(
  { baseline, trees }: BoostedModel,
  columns: readonly Float64Array[],
  rows: Int32Array,
): Float64Array {
  return Float64Array.from(rows, (i) => {
    let sum = baseline ?? NaN;
    for (const tree of trees) sum += leafValue(tree, columns, i);
    return sum;
  });
}

/**
 * What each column adds to the predictions of the given rows: along a row's path through a tree, every split moves the mean of the
 * rows that come so far to that of the rows on its side (Saabas 2014, "Interpreting random forests"; means over the given rows). One
 * array per column; for every row they and one constant sum to the prediction.
 */
export function attributeBoosted(
  { trees }: BoostedModel,
  columns: readonly Float64Array[],
  rows: Int32Array,
): Float64Array[] {
  const parts = columns.map(() => new Float64Array(rows.length));
  for (const tree of trees) {
    const sums = new Float64Array(tree.value.length);
    const counts = new Float64Array(tree.value.length);
    rows.forEach((i) => {
      const value = leafValue(tree, columns, i);
      for (const node of pathOf(tree, columns, i)) {
        sums[node]! += value;
        counts[node]!++;
      }
    });
    rows.forEach((i, r) => {
      const path = pathOf(tree, columns, i);
      for (let step = 1; step < path.length; step++) {
        const [from, to] = [path[step - 1]!, path[step]!];
        parts[tree.feature[from]!]![r]! += sums[to]! / counts[to]! - sums[from]! / counts[from]!;
      }
    });
  }
  return parts;
}

/** A model on its way: the trees so far and what they predict for the training rows. */
class Machine {
  readonly status: BoostedModel['status'];
  readonly baseline: number;
  private readonly trees: Tree[] = [];
  private readonly target: Float64Array;
  private readonly columns: readonly BinnedColumn[];
  private readonly prediction: Float64Array;
  private readonly gradient: Float64Array;
  private readonly hessian: Float64Array;
  private readonly tree: TreeOptions;

  constructor(
    columns: readonly Float64Array[],
    target: ArrayLike<number>,
    private readonly options: BoostingOptions,
    rows: Int32Array,
  ) {
    const n = rows.length;
    this.target = Float64Array.from(rows, (i) => target[i]!);
    const mean = this.target.reduce((sum, y) => sum + y, 0) / n;
    if (Number.isNaN(mean) && n > 0) throw new Error('internal error: a target of boosting is missing');
    const oneClass = options.loss === 'logistic' && (mean === 0 || mean === 1);
    this.status = n === 0 ? 'no-rows' : oneClass ? 'one-class' : 'ok';
    this.baseline = options.loss === 'squared' ? mean : Math.log(mean / (1 - mean));
    this.columns = this.status === 'ok' ? columns.map((column) => binColumn(column, rows)) : [];
    this.prediction = new Float64Array(n).fill(this.baseline);
    this.gradient = new Float64Array(n);
    this.hessian = new Float64Array(n).fill(1);
    this.tree = { ...DEFAULTS, ...options };
  }

  /** One more tree; null when the gradients leave nothing to split. */
  addTree(): Tree | null {
    const { target, prediction, gradient, hessian } = this;
    for (let i = 0; i < target.length; i++) {
      if (this.options.loss === 'squared') gradient[i] = prediction[i]! - target[i]!;
      else {
        const probability = 1 / (1 + Math.exp(-prediction[i]!));
        gradient[i] = probability - target[i]!;
        hessian[i] = probability * (1 - probability);
      }
    }
    const tree = growTree(this.columns, gradient, hessian, prediction, this.tree);
    if (tree.feature.length === 1) return null;
    this.trees.push(tree);
    return tree;
  }

  model(): BoostedModel {
    const { status, baseline, trees } = this;
    return { loss: this.options.loss, status, baseline: status === 'ok' ? baseline : null, trees };
  }
}

/** ½(y − f)², or log(1 + exp(−ỹη)). */
function lossOf(loss: BoostingLoss, y: number, prediction: number): number {
  if (loss === 'squared') return 0.5 * (y - prediction) ** 2;
  const margin = y === 1 ? prediction : -prediction;
  return Math.max(0, -margin) + Math.log1p(Math.exp(-Math.abs(margin)));
}

function allRows(target: ArrayLike<number>): Int32Array {
  return Int32Array.from({ length: target.length }, (_, i) => i);
}
