// The Cox partial likelihood as an objective for cox-newton.ts: scratch space for one design, reused by every β.
import type { RiskSets } from './cox-data.js';
import { weightedGram } from './weighted-gram.js';
import type { Objective } from './cox-newton.js';
import {
  evaluateHazard,
  linearPredictor,
  meanProducts,
  newHazard,
  newRiskSums,
  sumOverDeaths,
  sumRiskSets,
  type Hazard,
  type RiskSums,
  type Ties,
} from './cox-terms.js';

/** After evaluate(β) the fields describe that β, until the next call. */
export interface CoxLikelihood extends Objective {
  readonly sets: RiskSets;
  readonly ties: Ties;
  readonly columns: readonly Float64Array[];
  readonly eta: Float64Array;
  readonly hazard: Hazard;
  /** S1 and T1 of each column. */
  readonly sums: readonly RiskSums[];
  /** Σ over deaths of c·x, by column; the caller renews an entry when it rewrites a column. */
  readonly deathSums: Float64Array;
}

/** `columns` by position (buildDesign). The column arrays may be rewritten between evaluations. */
export function coxLikelihood(sets: RiskSets, columns: readonly Float64Array[], ties: Ties): CoxLikelihood {
  const p = columns.length;
  const eta = new Float64Array(sets.n);
  const hazard = newHazard(sets);
  const sums = columns.map(() => newRiskSums(sets));
  const deathSums = Float64Array.from(columns, (x) => sumOverDeaths(sets, x));
  const score = new Float64Array(p);
  const information = new Float64Array(p * p);
  const weighted = new Float64Array(p);
  const evaluate = (beta: Float64Array): number => {
    linearPredictor(columns, beta, eta);
    const loglik = evaluateHazard(sets, eta, ties, hazard);
    weightedGram(columns, hazard.weight, weighted, information);
    for (let j = 0; j < p; j++) {
      score[j] = deathSums[j]! - weighted[j]!;
      sumRiskSets(sets, hazard, columns[j]!, sums[j]!);
      for (let k = 0; k <= j; k++) {
        information[k * p + j]! -= meanProducts(sets, hazard, sums[k]!, sums[j]!);
      }
    }
    return loglik;
  };
  return { p, sets, ties, columns, eta, hazard, sums, deathSums, score, information, evaluate };
}
