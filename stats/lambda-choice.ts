// Choosing a penalty by cross-validation: losses of a path of penalties over held-out folds → the best one and the
// sparsest within one standard error. Not responsible for fitting (elastic-net.ts, logistic-path.ts).

/** Held-out losses of one fold: the mean over its people for each λ, and how many people. */
export interface FoldLoss {
  readonly loss: Float64Array;
  readonly people: number;
}

export interface LambdaChoice {
  /** Descending. */
  readonly lambdas: Float64Array;
  /** Mean of the folds' losses weighted by their people, and its standard error, by λ (R: cv.glmnet's cvm and cvsd). */
  readonly meanLoss: Float64Array;
  readonly standardError: Float64Array;
  /** Index of the smallest mean loss, ties to the larger λ; −1 when no fold could be scored. */
  readonly best: number;
  /** Index of the largest λ whose mean loss is within one standard error of the best. */
  readonly oneStandardError: number;
}

/** `lambdas` descending; folds with NaN losses (one class only) are left out. */
export function chooseLambda(lambdas: Float64Array, folds: readonly FoldLoss[]): LambdaChoice {
  const scored = folds.filter(({ loss, people }) => people > 0 && !loss.some(Number.isNaN));
  const people = scored.reduce((sum, fold) => sum + fold.people, 0);
  const meanLoss = lambdas.map((_, l) =>
    scored.reduce((sum, f) => sum + (f.people / people) * f.loss[l]!, 0),
  );
  const standardError = lambdas.map((_, l) => {
    const variance = scored.reduce(
      (sum, f) => sum + (f.people / people) * (f.loss[l]! - meanLoss[l]!) ** 2,
      0,
    );
    return Math.sqrt(variance / (scored.length - 1));
  });
  if (scored.length === 0) {
    return {
      lambdas,
      meanLoss: meanLoss.fill(NaN),
      standardError: standardError.fill(NaN),
      best: -1,
      oneStandardError: -1,
    };
  }
  let best = 0;
  for (let l = 1; l < lambdas.length; l++) if (meanLoss[l]! < meanLoss[best]!) best = l;
  // With a single scored fold there is no standard error, and no second choice.
  const limit = meanLoss[best]! + (scored.length > 1 ? standardError[best]! : 0);
  const oneStandardError = meanLoss.findIndex((loss) => loss <= limit);
  return { lambdas, meanLoss, standardError, best, oneStandardError };
}

/** `count` penalties from `largest` down to `largest · ratio`, evenly spaced in the logarithm, as glmnet's. */
export function lambdaSequence(largest: number, count: number, ratio: number): Float64Array {
  if (count === 1) return Float64Array.of(largest);
  return Float64Array.from({ length: count }, (_, l) => largest * ratio ** (l / (count - 1)));
}
