// The derivative of Firth's penalty ½ log|I(β)| of the Cox likelihood. Not responsible for maximising it (cox-firth.ts).
//
// With M = I⁻¹ and q = xᵀMx, ½ tr(M ∂I/∂β_j) needs no third moments of the risk sets. E_l and m_l are the means at
// step l of a moment (cox-terms.ts), sums run over moments and steps with weight w̄:
//   ½ [Σ v q x_j − Σ E_l(q) m_lj] − Σ (M m_l)ᵀ E_l(x x_j) + Σ (m_lᵀ M m_l) m_lj.
import type { CoxLikelihood } from './cox-likelihood.js';
import { reachOfMeans } from './cox-residuals.js';
import { meanProducts, newRiskSums, stepsOf, sumRiskSets } from './cox-terms.js';

/** ∂(½ log|I|)/∂β_j for every j at the β at which the likelihood stands; `M` is I⁻¹ there (p × p, row-major). */
export function penaltyGradient(likelihood: CoxLikelihood, M: Float64Array): Float64Array {
  const { p, sets, hazard, columns, sums } = likelihood;
  const { n } = sets;
  const q = new Float64Array(n);
  const cross = new Float64Array(n);
  const mx = new Float64Array(n);
  for (let a = 0; a < p; a++) {
    mx.fill(0);
    for (let b = 0; b < p; b++) {
      const m = M[a * p + b]!;
      const x = columns[b]!;
      for (let i = 0; i < n; i++) mx[i]! += m * x[i]!;
    }
    const reach = reachOfMeans(likelihood, a);
    const x = columns[a]!;
    for (let i = 0; i < n; i++) {
      q[i]! += mx[i]! * x[i]!;
      cross[i]! += mx[i]! * reach[i]!;
    }
  }
  const sumsOfQ = newRiskSums(sets);
  sumRiskSets(sets, hazard, q, sumsOfQ);
  const gradient = cubicMeans(likelihood, M);
  for (let j = 0; j < p; j++) {
    const x = columns[j]!;
    let spread = 0;
    let crossed = 0;
    for (let i = 0; i < n; i++) {
      spread += hazard.weight[i]! * q[i]! * x[i]!;
      crossed += cross[i]! * x[i]!;
    }
    gradient[j]! += (spread - meanProducts(sets, hazard, sumsOfQ, sums[j]!)) / 2 - crossed;
  }
  return gradient;
}

/** Σ w̄ Σ_l (m_lᵀ M m_l) m_lj for every j. */
function cubicMeans({ p, sets, hazard, sums, ties }: CoxLikelihood, M: Float64Array): Float64Array {
  const total = new Float64Array(p);
  const mean = new Float64Array(p);
  for (let k = 0; k < sets.moments; k++) {
    const steps = stepsOf(sets, k, ties);
    for (let l = 0; l < steps; l++) {
      const share = l / steps;
      const phi = hazard.atRisk[k]! - share * hazard.dying[k]!;
      for (let j = 0; j < p; j++) mean[j] = (sums[j]!.all[k]! - share * sums[j]!.dead[k]!) / phi;
      let form = 0;
      for (let a = 0; a < p; a++) {
        for (let b = 0; b < p; b++) form += M[a * p + b]! * mean[a]! * mean[b]!;
      }
      const weight = (form * sets.deathWeight[k]!) / steps;
      for (let j = 0; j < p; j++) total[j]! += weight * mean[j]!;
    }
  }
  return total;
}
