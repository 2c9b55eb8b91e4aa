/**
 * Association: the result of one association model, as JSON of a few hundred bytes, because there may be a hundred thousand.
 * Not responsible for fitting (assoc-cox.ts) or for multiple testing (assoc-fdr.ts).
 */
import type { Json } from '../engine/task.js';

/**
 * `ok` and `infinite` have numbers (`infinite`: some coefficient has no finite maximum, see the reason); the others have
 * none, or none to be trusted. `aliased`: the exposure is a linear combination of the covariates.
 */
export type AssociationStatus =
  'ok' | 'infinite' | 'not converged' | 'aliased' | 'constant' | 'no events' | 'no people';

export interface Association {
  /** Log hazard ratio (log odds ratio, slope) per unit of the exposure. */
  readonly beta: number | null;
  readonly se: number | null;
  readonly z: number | null;
  /** log10 of the two-sided p; never underflows. */
  readonly log10p: number | null;
  readonly n: number;
  readonly events: number;
  /** People left out because the exposure, the outcome or a covariate is missing. */
  readonly missing: number;
  readonly status: AssociationStatus;
  /** Why there are no numbers, or what to beware of; null when there is nothing to say. */
  readonly reason: string | null;
  /** Whether the numbers are of a penalised fit; only where such fits were allowed. */
  readonly penalised?: boolean;
  /** log10 p of the test that the exposure's hazard ratio does not change over time, and the model's concordance; only when asked for. */
  readonly zph_log10p?: number | null;
  readonly concordance?: number | null;
}

/** Numbers that may be tested. */
export function isTested({ status, log10p }: Association): boolean {
  return (status === 'ok' || status === 'infinite') && log10p !== null;
}

export function associationJson(association: Association): Json {
  return { ...association };
}

/** NaN and infinities have no JSON form. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
