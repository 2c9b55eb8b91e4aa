// Elastic nets straight from columns of people: moments, a path, its choice by cross-validation, predictions. Not
// responsible for the path itself (elastic-net.ts) or for making folds (folds.ts).
import {
  elasticNetPath,
  prepareElasticNet,
  type ElasticNetDesign,
  type ElasticNetOptions,
  type ElasticNetPath,
  type TargetMoments,
} from './elastic-net.js';
import { chooseLambda, type FoldLoss, type LambdaChoice } from './lambda-choice.js';
import type { Backend } from './linalg/backend.js';
import { matrixFromColumns, takeRows } from './linalg/matrix.js';
import { centredMoments, combineMoments, momentsOf, type Moments } from './moments.js';

export interface ColumnOptions extends ElasticNetOptions {
  /** Training rows; all when absent. Columns and targets are finite there. */
  readonly rows?: Int32Array;
  /** Scale columns to SD 1 for the penalty; default true (glmnet). */
  readonly standardize?: boolean;
}

/** One path per target (a value per input row), the Gram matrix formed once. A target's path ignores its siblings. */
export function fitElasticNets(
  columns: readonly Float64Array[],
  targets: readonly Float64Array[],
  backend: Backend,
  options: ColumnOptions = {},
): ElasticNetPath[] {
  const rows = options.rows ?? allRows(columns, targets);
  const { design, moments } = centre(blockMoments(columns, targets, rows, backend), backend, options);
  return moments.map((target) => elasticNetPath(design, target, options));
}

export interface ElasticNetChoice {
  readonly choice: LambdaChoice;
  /** On all the rows. */
  readonly path: ElasticNetPath;
}

/**
 * Cross-validated mean squared error along each target's own sequence of penalties; `fold` gives each input row's
 * fold (R: cv.glmnet(foldid, lambda)). The moments are formed once per fold and subtracted.
 */
export function crossValidateElasticNets(
  columns: readonly Float64Array[],
  targets: readonly Float64Array[],
  fold: Int32Array,
  backend: Backend,
  options: ColumnOptions = {},
): ElasticNetChoice[] {
  const rows = options.rows ?? allRows(columns, targets);
  const folds = [...new Set(Array.from(rows, (i) => fold[i]!))].sort((a, b) => a - b);
  const members = folds.map((held) => rows.filter((i) => fold[i] === held));
  const origin = origins(columns, targets, rows);
  const blocks = members.map((test) => blockMoments(columns, targets, test, backend, origin));
  const total = blocks.reduce((sum, block) => combineMoments(sum, block, 1));
  const whole = centre(total, backend, options);
  const paths = whole.moments.map((target) => elasticNetPath(whole.design, target, options));
  const losses: FoldLoss[][] = targets.map(() => []);
  blocks.forEach((block, f) => {
    const train = centre(combineMoments(total, block, -1), backend, options);
    targets.forEach((y, t) => {
      const { lambdas } = paths[t]!;
      const path = elasticNetPath(train.design, train.moments[t]!, { ...options, lambdas });
      const loss = lambdas.map((_, l) => meanSquaredError(path, l, columns, y, members[f]!));
      losses[t]!.push({ people: members[f]!.length, loss });
    });
  });
  return paths.map((path, t) => ({ path, choice: chooseLambda(path.lambdas, losses[t]!) }));
}

/** Predictions of the given rows by the `l`-th penalty; NaN where a column in use is. */
export function predictElasticNet(
  path: Pick<ElasticNetPath, 'intercepts' | 'coefficients'>,
  l: number,
  columns: readonly Float64Array[],
  rows: Int32Array,
): Float64Array {
  const out = new Float64Array(rows.length).fill(path.intercepts[l]!);
  columns.forEach((x, j) => {
    const b = path.coefficients[l]![j]!;
    if (b !== 0) for (let r = 0; r < rows.length; r++) out[r]! += b * x[rows[r]!]!;
  });
  return out;
}

function meanSquaredError(
  path: ElasticNetPath,
  l: number,
  columns: readonly Float64Array[],
  y: Float64Array,
  rows: Int32Array,
): number {
  const predicted = predictElasticNet(path, l, columns, rows);
  let sum = 0;
  for (let r = 0; r < rows.length; r++) sum += (y[rows[r]!]! - predicted[r]!) ** 2;
  return sum / rows.length;
}

interface Origin {
  readonly columns: Float64Array;
  readonly targets: Float64Array;
}

/** Means over all rows: about them, subtracting a fold's moments cancels nothing. */
function origins(
  columns: readonly Float64Array[],
  targets: readonly Float64Array[],
  rows: Int32Array,
): Origin {
  const mean = (x: Float64Array): number => rows.reduce((sum, i) => sum + x[i]!, 0) / rows.length;
  return { columns: Float64Array.from(columns, mean), targets: Float64Array.from(targets, mean) };
}

function blockMoments(
  columns: readonly Float64Array[],
  targets: readonly Float64Array[],
  rows: Int32Array,
  backend: Backend,
  origin = origins(columns, targets, rows),
): Moments {
  const x = takeRows(matrixFromColumns(columns, targets[0]?.length ?? 0), rows);
  const values = targets.map((y, t) => ({
    origin: origin.targets[t]!,
    values: Float64Array.from(rows, (i) => y[i]!),
  }));
  return momentsOf(x, origin.columns, values, backend);
}

function centre(
  moments: Moments,
  backend: Backend,
  { standardize }: ColumnOptions,
): { design: ElasticNetDesign; moments: readonly TargetMoments[] } {
  const centred = centredMoments(moments);
  return { design: prepareElasticNet(centred, backend, standardize), moments: centred.targets };
}

function allRows(columns: readonly Float64Array[], targets: readonly Float64Array[]): Int32Array {
  return Int32Array.from({ length: targets[0]?.length ?? columns[0]?.length ?? 0 }, (_, i) => i);
}
