/**
 * One regression tree on binned columns, grown leaf by leaf where the gain is largest (scikit-learn's HistGradientBoosting, after
 * LightGBM): Newton steps −G/(H + l2) as values, missing values sent to whichever side gains more.
 *
 * Not responsible for gradients, or for adding trees up (`boosting.ts`).
 */
import type { BinnedColumn } from './boosting-bins.js';

/** Plain JSON; node 0 is the root, children come after their parent. */
export interface Tree {
  /** The column that a node splits; −1 for a leaf. */
  readonly feature: readonly number[];
  /** x ≤ threshold goes left. Number.MAX_VALUE separates observed from missing values. */
  readonly threshold: readonly number[];
  /** 1: a missing x goes left. */
  readonly missingLeft: readonly number[];
  readonly left: readonly number[];
  readonly right: readonly number[];
  /** Of a leaf; 0 in other nodes. */
  readonly value: readonly number[];
}

export interface TreeOptions {
  readonly maxLeaves: number;
  /** Fewest training rows in a leaf. */
  readonly minLeaf: number;
  readonly l2: number;
  readonly learningRate: number;
}

/** Smallest sum of second derivatives in a leaf (scikit-learn's min_hessian_to_split). */
const MIN_HESSIAN = 1e-3;

/** Sums over a node's rows by column and bin: gradient, hessian, count, interleaved. */
type Histogram = Float64Array;

interface Split {
  readonly gain: number;
  readonly feature: number;
  readonly bin: number;
  readonly missingLeft: boolean;
}

interface Leaf {
  readonly node: number;
  /** rows[from … to) of the shared order. */
  readonly from: number;
  readonly to: number;
  readonly gradient: number;
  readonly hessian: number;
  /** Null when the leaf cannot be split. */
  readonly histogram: Histogram | null;
  readonly split: Split | null;
}

/**
 * Grows a tree on the gradients and hessians (by training row), and adds its values to `prediction` in place. Equal gains go to
 * the earlier column, then to missing values on the right, then to the older leaf.
 */
export function growTree(
  columns: readonly BinnedColumn[],
  gradient: Float64Array,
  hessian: Float64Array,
  prediction: Float64Array,
  options: TreeOptions,
): Tree {
  const n = gradient.length;
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  const spare = new Int32Array(n);
  const tree: { [K in keyof Tree]: number[] } = {
    feature: [],
    threshold: [],
    missingLeft: [],
    left: [],
    right: [],
    value: [],
  };
  const addNode = (value: number): number => {
    tree.feature.push(-1);
    tree.threshold.push(0);
    tree.missingLeft.push(0);
    tree.left.push(-1);
    tree.right.push(-1);
    return tree.value.push(value) - 1;
  };
  const sum = (values: Float64Array, from: number, to: number): number => {
    let total = 0;
    for (let r = from; r < to; r++) total += values[rows[r]!]!;
    return total;
  };
  const leafOf = (node: number, from: number, to: number, histogram: Histogram | null): Leaf => {
    const [g, h] = [sum(gradient, from, to), sum(hessian, from, to)];
    const split = histogram && findSplit(columns, histogram, to - from, g, h, options);
    return { node, from, to, gradient: g, hessian: h, histogram: split && histogram, split };
  };
  const histogramOf = (from: number, to: number): Histogram =>
    fillHistogram(columns, rows.subarray(from, to), gradient, hessian);

  const worthwhile = (size: number): boolean => size >= 2 * options.minLeaf;
  let leaves: Leaf[] = [leafOf(addNode(0), 0, n, worthwhile(n) ? histogramOf(0, n) : null)];
  while (leaves.length < options.maxLeaves) {
    const parent = leaves.reduce<Leaf | null>(
      (best, leaf) => (leaf.split && (!best || leaf.split.gain > best.split!.gain) ? leaf : best),
      null,
    );
    if (!parent) break;
    const { split, histogram } = parent;
    const { feature, bin, missingLeft } = split!;
    const middle = partition(columns[feature]!, split!, rows, spare, parent.from, parent.to);
    const leftSize = middle - parent.from;
    const rightSize = parent.to - middle;
    // The smaller side is summed, the larger had by subtraction.
    let [leftSums, rightSums]: [Histogram | null, Histogram | null] = [null, null];
    if (leaves.length + 1 < options.maxLeaves && worthwhile(Math.max(leftSize, rightSize))) {
      const small = leftSize < rightSize ? histogramOf(parent.from, middle) : histogramOf(middle, parent.to);
      const large = histogram!.slice();
      for (let at = 0; at < large.length; at++) large[at]! -= small[at]!;
      [leftSums, rightSums] = leftSize < rightSize ? [small, large] : [large, small];
    }
    const left = leafOf(addNode(0), parent.from, middle, worthwhile(leftSize) ? leftSums : null);
    const right = leafOf(addNode(0), middle, parent.to, worthwhile(rightSize) ? rightSums : null);
    tree.feature[parent.node] = feature;
    tree.threshold[parent.node] = columns[feature]!.cuts[bin] ?? Number.MAX_VALUE;
    // Where training had no missing value, one goes with the majority.
    const missingTo = columns[feature]!.hasMissing ? missingLeft : leftSize > rightSize;
    tree.missingLeft[parent.node] = missingTo ? 1 : 0;
    tree.left[parent.node] = left.node;
    tree.right[parent.node] = right.node;
    leaves = [...leaves.filter((leaf) => leaf !== parent), left, right];
  }
  if (leaves.length > 1) {
    for (const { node, from, to, gradient: g, hessian: h } of leaves) {
      const value = (options.learningRate * -g) / (h + options.l2 + 1e-15);
      tree.value[node] = value;
      for (let r = from; r < to; r++) prediction[rows[r]!]! += value;
    }
  }
  return tree;
}

function fillHistogram(
  columns: readonly BinnedColumn[],
  rows: Int32Array,
  gradient: Float64Array,
  hessian: Float64Array,
): Histogram {
  const histogram = new Float64Array(columns.reduce((length, { bins }) => length + 3 * (bins + 1), 0));
  const size = rows.length;
  // Gathered once, read once per column.
  const g = new Float64Array(size);
  const h = new Float64Array(size);
  for (let r = 0; r < size; r++) {
    g[r] = gradient[rows[r]!]!;
    h[r] = hessian[rows[r]!]!;
  }
  let base = 0;
  for (const { codes, bins } of columns) {
    for (let r = 0; r < size; r++) {
      const at = base + 3 * codes[rows[r]!]!;
      histogram[at]! += g[r]!;
      histogram[at + 1]! += h[r]!;
      histogram[at + 2]!++;
    }
    base += 3 * (bins + 1);
  }
  return histogram;
}

/** The best split of a node, or null when none gains anything. */
function findSplit(
  columns: readonly BinnedColumn[],
  histogram: Histogram,
  n: number,
  gradient: number,
  hessian: number,
  { minLeaf, l2 }: TreeOptions,
): Split | null {
  if (hessian < MIN_HESSIAN) return null;
  const score = (g: number, h: number): number => (g * g) / (h + l2 + 1e-15);
  const whole = score(gradient, hessian);
  // A gain that is rounding of the sums is none.
  let best = 1e-14 * whole;
  let found: Split | null = null;
  const consider = (
    feature: number,
    bin: number,
    missingLeft: boolean,
    g: number,
    h: number,
    c: number,
  ): void => {
    if (c < minLeaf || n - c < minLeaf || h < MIN_HESSIAN || hessian - h < MIN_HESSIAN) return;
    const gain = score(g, h) + score(gradient - g, hessian - h) - whole;
    if (gain > best) {
      best = gain;
      found = { gain, feature, bin, missingLeft };
    }
  };
  let next = 0;
  columns.forEach(({ bins, hasMissing }, j) => {
    const base = next;
    next += 3 * (bins + 1);
    // Bins that hold none of the node's rows make no new split: up, the lowest of equal cuts is kept; down, the highest.
    let [g, h, c] = [0, 0, 0];
    // With missing values, all observed against all missing ones is a split too.
    for (let bin = 0; bin < bins - (hasMissing ? 0 : 1); bin++) {
      const at = base + 3 * bin;
      if (histogram[at + 2] === 0) continue;
      g += histogram[at]!;
      h += histogram[at + 1]!;
      c += histogram[at + 2]!;
      consider(j, bin, false, g, h, c);
    }
    if (!hasMissing) return;
    [g, h, c] = [gradient, hessian, n];
    for (let bin = bins - 2; bin >= 0; bin--) {
      const above = base + 3 * (bin + 1);
      if (histogram[above + 2] === 0) continue;
      g -= histogram[above]!;
      h -= histogram[above + 1]!;
      c -= histogram[above + 2]!;
      consider(j, bin, true, g, h, c);
    }
  });
  return found;
}

/** Moves the rows that go left to the front of [from, to), both sides in their order; the place where the right side begins. */
function partition(
  { codes, bins }: BinnedColumn,
  { bin, missingLeft }: Split,
  rows: Int32Array,
  spare: Int32Array,
  from: number,
  to: number,
): number {
  let left = from;
  let right = 0;
  for (let r = from; r < to; r++) {
    const row = rows[r]!;
    const code = codes[row]!;
    if (code === bins ? missingLeft : code <= bin) rows[left++] = row;
    else spare[right++] = row;
  }
  rows.set(spare.subarray(0, right), left);
  return left;
}

/** The value of the leaf that row `i` of the columns falls into. */
export function leafValue(tree: Tree, columns: readonly Float64Array[], i: number): number {
  let node = 0;
  while (tree.feature[node]! >= 0) node = childOf(tree, columns, i, node);
  return tree.value[node]!;
}

/** The nodes that row `i` passes, from the root to its leaf. */
export function pathOf(tree: Tree, columns: readonly Float64Array[], i: number): number[] {
  const path = [0];
  for (let node = 0; tree.feature[node]! >= 0; path.push(node)) node = childOf(tree, columns, i, node);
  return path;
}

function childOf(tree: Tree, columns: readonly Float64Array[], i: number, node: number): number {
  const x = columns[tree.feature[node]!]![i]!;
  const goesLeft = Number.isNaN(x) ? tree.missingLeft[node] === 1 : x <= tree.threshold[node]!;
  return goesLeft ? tree.left[node]! : tree.right[node]!;
}
