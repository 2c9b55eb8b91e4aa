// Score residuals of a Cox fit and the sandwich variance made of them. Not responsible for the tests built on
// Schoenfeld residuals (cox-zph.ts).
import type { CoxLikelihood } from './cox-likelihood.js';

/**
 * Score residuals L by position, one array per column, unweighted (R: residuals(fit, 'score')):
 * L_i = ∫ (x_i − x̄(t)) dM_i(t), for Efron's ties with the deaths of a moment spread over its m steps:
 *   L_i = δ_i (x_i − Σ_l m_l/m) − e^{η_i} [x_i (H(stop) − H(start) − δB) − (G(stop) − G(start) − δC)]
 * with G the running sum of w̄ Σ_l m_l/φ_l and C = w̄ Σ_l (l/m) m_l/φ_l at the person's own moment.
 * The likelihood must have been evaluated at the β in question.
 */
export function scoreResiduals(likelihood: CoxLikelihood): Float64Array[] {
  return likelihood.columns.map((_, j) => scoreResidualsOf(likelihood, j));
}

function scoreResidualsOf(likelihood: CoxLikelihood, j: number): Float64Array {
  const { sets, hazard, columns, sums } = likelihood;
  const { n, moments: K, death, deathBlock, deathWeight, weight: c } = sets;
  const x = columns[j]!;
  const { all, dead } = sums[j]!;
  const residual = reachOfMeans(likelihood, j);
  for (let i = 0; i < n; i++) residual[i] = (residual[i]! - x[i]! * hazard.weight[i]!) / (c ? c[i]! : 1);
  for (let k = 0; k < K; k++) {
    // Σ_l m_l / m = (S1·A − T1·B)/Σ_D c.
    const mean = (all[k]! * hazard.jump[k]! - dead[k]! * hazard.tied[k]!) / deathWeight[k]!;
    for (let d = deathBlock[k]!; d < deathBlock[k + 1]!; d++) residual[death[d]!]! += x[death[d]!]! - mean;
  }
  return residual;
}

/** r_i (G(stop) − G(start) − δC) of column j by position, in the notation of scoreResiduals. */
export function reachOfMeans({ sets, hazard, sums }: CoxLikelihood, j: number): Float64Array {
  const { n, moments: K, block, death, deathBlock, entry } = sets;
  const { risk, square0, square1, square2 } = hazard;
  const { all, dead } = sums[j]!;
  const reach = new Float64Array(n);
  const running = new Float64Array(K + 1);
  for (let k = K - 1; k >= 0; k--) {
    const earlier = k + 1 < K && sets.startsStratum[k + 1] === 0 ? running[k + 1]! : 0;
    running[k] = earlier + square0[k]! * all[k]! - square1[k]! * dead[k]!;
    for (let i = block[k]!; i < block[k + 1]!; i++) reach[i] = running[k]!;
    const own = square1[k]! * all[k]! - square2[k]! * dead[k]!;
    for (let d = deathBlock[k]!; d < deathBlock[k + 1]!; d++) reach[death[d]!]! -= own;
  }
  if (entry) for (const i of entry.leave) reach[i]! -= running[entry.until[i]!]!;
  for (let i = 0; i < n; i++) reach[i]! *= risk[i]!;
  return reach;
}

/**
 * The sandwich Σ_g d_g d_gᵀ (p × p, row-major) with d_g = Σ_{i∈g} c_i L_iᵀ V, the dfbeta residuals summed over a
 * cluster (Lin & Wei 1989; R: coxph(robust = TRUE)). `clusters` are codes by position, `variance` the inverse
 * information in the units of the likelihood's columns.
 */
export function robustVariance(
  likelihood: CoxLikelihood,
  variance: Float64Array,
  clusters: Int32Array,
): Float64Array {
  const { p, sets } = likelihood;
  const residuals = scoreResiduals(likelihood);
  const index = new Map<number, number>();
  for (const code of clusters) if (!index.has(code)) index.set(code, index.size);
  const summed = residuals.map((residual) => {
    const total = new Float64Array(index.size);
    for (let i = 0; i < sets.n; i++) {
      total[index.get(clusters[i]!)!]! += (sets.weight ? sets.weight[i]! : 1) * residual[i]!;
    }
    return total;
  });
  const sandwich = new Float64Array(p * p);
  const dfbeta = new Float64Array(p);
  for (let g = 0; g < index.size; g++) {
    for (let j = 0; j < p; j++) {
      dfbeta[j] = 0;
      for (let k = 0; k < p; k++) dfbeta[j]! += summed[k]![g]! * variance[k * p + j]!;
    }
    for (let j = 0; j < p; j++) for (let k = 0; k < p; k++) sandwich[j * p + k]! += dfbeta[j]! * dfbeta[k]!;
  }
  return sandwich;
}
