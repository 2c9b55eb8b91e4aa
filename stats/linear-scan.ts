/**
 * Linear scan: a trait regressed on each of many variables in turn, adjusted for the same covariates; a genome-wide association
 * study when the variables are dosages. Exact, also where a variable is missing for some people: they are left out of its regression.
 *
 * Not responsible for reading genotypes, nor for missing traits or covariates: rows are complete in those.
 */
import { factorInformation, solveFactored } from './cox-solve.js';
import type { Backend } from './linalg/backend.js';
import { productWithItems } from './linalg/items.js';
import { matrix, type Matrix } from './linalg/matrix.js';
import { log10PFromT, studentTwoSidedP } from './special.js';

/** Ordinary least squares of one variable. All NaN but `n` and `mean` when it is redundant or there are too few people. */
export interface LinearFit {
  /** People with a value. */
  readonly n: number;
  /** Of the variable, among them. */
  readonly mean: number;
  readonly beta: number;
  readonly se: number;
  /** Two-sided, of t on n − covariates − 2 degrees of freedom. */
  readonly p: number;
  readonly log10p: number;
}

export interface LinearScan {
  /** `block` is variables × people, missing NaN. One list of fits for each trait, variable by variable. */
  fit(block: Matrix): LinearFit[][];
}

/** Share of a variable's variance that covariates must leave: below it, it is redundant (plink2's --vif 50 is looser). */
const LEFT = 1e-8;

/**
 * Traits and covariates of n people each, all finite. The intercept is added. A covariate that is a combination of others counts once.
 * A trait's numbers are the same alone and among others, and a variable's alone and in any block of one height.
 */
export function prepareLinearScan(
  traits: readonly Float64Array[],
  covariates: readonly Float64Array[],
  backend: Backend,
): LinearScan {
  const n = traits[0]?.length ?? 0;
  // Standardised, so that one tolerance serves age in years and components of 1e-3.
  const design = [new Float64Array(n).fill(1), ...covariates.map(standardise)];
  const k = design.length;
  const c = matrix(n, k);
  design.forEach((column, j) => column.forEach((value, i) => (c.data[i * k + j] = value)));
  const whole = backend.syrk(c, 'T').data;
  const factor = factorInformation(whole, k);
  // Traits are made residuals at once: sums of them do not cancel.
  const residuals = traits.map((trait) => {
    const b = solveFactored(factor, productsWith(c, trait));
    return trait.map((value, i) => value - dot(c, i, b));
  });
  const crosses = residuals.map((y) => productsWith(c, y));
  const squares = residuals.map((y) => y.reduce((sum, value) => sum + value * value, 0));

  return {
    fit(block) {
      const m = block.rows;
      const gaps = missingOf(block);
      const byCovariate = backend.gemm(block, c);
      const byTrait = productWithItems(backend, block, residuals);
      const fits = traits.map((): LinearFit[] => []);
      for (let v = 0; v < m; v++) {
        const g = block.data.subarray(v * n, (v + 1) * n);
        let [sum, square] = [0, 0];
        for (let i = 0; i < n; i++) {
          sum += g[i]!;
          square += g[i]! * g[i]!;
        }
        const gap = gaps[v]!;
        const people = n - gap.length;
        const cg = byCovariate.data.slice(v * k, (v + 1) * k);
        const own = gap.length > 0 ? factorInformation(without(whole, c, gap), k) : factor;
        const free = people - Math.abs(own.rank) - 1;
        const a = solveFactored(own, cg);
        const left = square - inner(cg, a);
        const spread = square - (sum * sum) / people;
        const usable = free > 0 && spread > 0 && left > LEFT * spread;
        for (let t = 0; t < traits.length; t++) {
          const y = residuals[t]!;
          const cy = Float64Array.from(crosses[t]!);
          let yy = squares[t]!;
          for (const i of gap) {
            for (let j = 0; j < k; j++) cy[j]! -= c.data[i * k + j]! * y[i]!;
            yy -= y[i]! * y[i]!;
          }
          const covariance = byTrait[t]![v]! - inner(cy, a);
          const variance = yy - (gap.length > 0 ? inner(cy, solveFactored(own, cy)) : 0);
          fits[t]!.push(fitOf(people, sum / people, usable, covariance, left, variance, free));
        }
      }
      return fits;
    },
  };
}

function fitOf(
  n: number,
  mean: number,
  usable: boolean,
  covariance: number,
  left: number,
  variance: number,
  free: number,
): LinearFit {
  if (!usable) return { n, mean, beta: NaN, se: NaN, p: NaN, log10p: NaN };
  const beta = covariance / left;
  const rest = Math.max(0, variance - beta * covariance);
  const se = Math.sqrt(rest / free / left);
  const t = beta / se;
  return { n, mean, beta, se, p: studentTwoSidedP(t, free), log10p: log10PFromT(t, free) };
}

/** Sets missing values to 0, which adds nothing to any sum, and tells where they were. */
function missingOf(block: Matrix): number[][] {
  return Array.from({ length: block.rows }, (_, v) => {
    const g = block.data.subarray(v * block.cols, (v + 1) * block.cols);
    const gap: number[] = [];
    for (let i = 0; i < g.length; i++) {
      if (!Number.isNaN(g[i]!)) continue;
      gap.push(i);
      g[i] = 0;
    }
    return gap;
  });
}

/** CᵀC of the people who are not in `gap`. */
function without(whole: Float64Array, { data, cols: k }: Matrix, gap: readonly number[]): Float64Array {
  const out = whole.slice();
  for (const i of gap) {
    for (let a = 0; a < k; a++)
      for (let b = 0; b < k; b++) out[a * k + b]! -= data[i * k + a]! * data[i * k + b]!;
  }
  return out;
}

function productsWith({ data, cols: k, rows }: Matrix, y: Float64Array): Float64Array {
  const out = new Float64Array(k);
  for (let i = 0; i < rows; i++) for (let j = 0; j < k; j++) out[j]! += data[i * k + j]! * y[i]!;
  return out;
}

function dot({ data, cols: k }: Matrix, row: number, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < k; j++) sum += data[row * k + j]! * b[j]!;
  return sum;
}

const inner = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

function standardise(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return values.map((value) => (sd > 0 ? (value - mean) / sd : 0));
}
