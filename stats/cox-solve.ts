// The LDLᵀ factorisation of an information matrix with R survival's rule for redundant columns (cholesky2,
// chsolve2, chinv2). Small and dense, p parameters. Not a general solver: stats/linalg is.

/** R: coxph.control()$toler.chol, .Machine$double.eps^0.75. */
export const TOLER_CHOL = Math.pow(Number.EPSILON, 0.75);

/** A = L D Lᵀ with redundant columns left out (their diagonal 0 and their row and column of L empty). */
export interface Factor {
  readonly p: number;
  /** p × p row-major: D on the diagonal, L strictly below it. */
  readonly ld: Float64Array;
  /** Columns kept; negative when A is indefinite beyond rounding, as in R. */
  readonly rank: number;
}

/** Factors the symmetric p × p `a` (row-major, upper triangle read). A column whose pivot is under toler · max diagonal is redundant. */
export function factorInformation(a: Float64Array, p: number, toler = TOLER_CHOL): Factor {
  const ld = new Float64Array(p * p);
  let largest = 0;
  for (let i = 0; i < p; i++) {
    largest = Math.max(largest, a[i * p + i]!);
    for (let j = 0; j <= i; j++) ld[i * p + j] = a[j * p + i]!;
  }
  const threshold = largest * toler;
  let rank = 0;
  let indefinite = false;
  for (let i = 0; i < p; i++) {
    const pivot = ld[i * p + i]!;
    if (!Number.isFinite(pivot) || pivot < threshold || largest === 0) {
      if (pivot < -8 * threshold) indefinite = true;
      ld[i * p + i] = 0;
      for (let j = i + 1; j < p; j++) ld[j * p + i] = 0;
      continue;
    }
    rank++;
    for (let j = i + 1; j < p; j++) {
      const multiplier = ld[j * p + i]! / pivot;
      ld[j * p + j]! -= multiplier * multiplier * pivot;
      for (let k = j + 1; k < p; k++) ld[k * p + j]! -= multiplier * ld[k * p + i]!;
      ld[j * p + i] = multiplier;
    }
  }
  return { p, ld, rank: indefinite ? -rank : rank };
}

/** Solves A x = b; entries of redundant columns are 0. */
export function solveFactored({ p, ld }: Factor, b: ArrayLike<number>): Float64Array {
  const x = Float64Array.from(b);
  for (let i = 0; i < p; i++) {
    if (ld[i * p + i] === 0) {
      x[i] = 0;
      continue;
    }
    let sum = x[i]!;
    for (let j = 0; j < i; j++) sum -= ld[i * p + j]! * x[j]!;
    x[i] = sum;
  }
  for (let i = p - 1; i >= 0; i--) {
    if (ld[i * p + i] === 0) continue;
    let sum = x[i]! / ld[i * p + i]!;
    for (let j = i + 1; j < p; j++) sum -= ld[j * p + i]! * x[j]!;
    x[i] = sum;
  }
  return x;
}

/** The inverse over the kept columns, zero rows and columns for the redundant ones (p × p, row-major). */
export function invertFactored(factor: Factor): Float64Array {
  const { p } = factor;
  const inverse = new Float64Array(p * p);
  const unit = new Float64Array(p);
  for (let j = 0; j < p; j++) {
    if (isRedundant(factor, j)) continue;
    unit[j] = 1;
    inverse.set(solveFactored(factor, unit), j * p);
    unit[j] = 0;
  }
  for (let i = 0; i < p; i++) {
    for (let j = 0; j < i; j++) {
      const mean = (inverse[i * p + j]! + inverse[j * p + i]!) / 2;
      inverse[i * p + j] = mean;
      inverse[j * p + i] = mean;
    }
  }
  return inverse;
}

export function isRedundant({ p, ld }: Factor, column: number): boolean {
  return ld[column * p + column] === 0;
}

/** log |A| over the kept columns. */
export function logDeterminant({ p, ld }: Factor): number {
  let sum = 0;
  for (let i = 0; i < p; i++) if (ld[i * p + i] !== 0) sum += Math.log(ld[i * p + i]!);
  return sum;
}

/** xᵀ A y for a p × p row-major A. */
export function quadraticForm(a: Float64Array, x: ArrayLike<number>, y: ArrayLike<number>): number {
  const p = x.length;
  let sum = 0;
  for (let i = 0; i < p; i++) {
    let row = 0;
    for (let j = 0; j < p; j++) row += a[i * p + j]! * y[j]!;
    sum += x[i]! * row;
  }
  return sum;
}
