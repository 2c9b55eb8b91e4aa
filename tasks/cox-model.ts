/**
 * CoxModel: one outcome with its covariates, ready for many exposures, and what is made of each: an Association.
 *
 * Not responsible for reading tables (assoc-cox.ts) or for multiple testing.
 */
import { concordance } from '../stats/cox-concordance.js';
import type { SurvivalData } from '../stats/cox-data.js';
import { fitFirthCox } from '../stats/cox-firth.js';
import { prepareCoxScan, type CoxScan, type CoxScanResult } from '../stats/cox-scan.js';
import { testProportionality } from '../stats/cox-zph.js';
import { fitCox, predictLinear } from '../stats/cox.js';
import { finiteOrNull, type Association, type AssociationStatus } from './association.js';

export interface CoxModelOptions {
  readonly ties: 'efron' | 'breslow';
  readonly robust: boolean;
  readonly firth: 'never' | 'flagged';
  readonly diagnostics: boolean;
}

export interface CoxModel {
  readonly data: SurvivalData;
  readonly covariates: readonly Float64Array[];
  readonly options: CoxModelOptions;
  readonly scan: CoxScan;
}

export function prepareCoxModel(
  data: SurvivalData,
  covariates: readonly Float64Array[],
  options: CoxModelOptions,
): CoxModel {
  return { data, covariates, options, scan: prepareCoxScan(data, covariates, { ties: options.ties }) };
}

const STATUS: Readonly<Record<CoxScanResult['status'], AssociationStatus>> = {
  ok: 'ok',
  infinite: 'infinite',
  'not-converged': 'not converged',
  constant: 'constant',
  redundant: 'aliased',
  'no-events': 'no events',
  'no-rows': 'no people',
};

/** Fits one exposure (a value per person, NaN missing). Depends on nothing else that is analysed. */
export function fitAssociation(model: CoxModel, exposure: Float64Array): Association {
  const { options, data, covariates } = model;
  const result = model.scan.fit(exposure);
  const plain = toAssociation(result, exposure.length - result.n);
  const fitted = ['ok', 'infinite', 'not-converged'].includes(result.status);
  const columns = [...covariates, exposure];
  const flagged = result.fewEvents || result.status !== 'ok';
  const association =
    options.firth === 'flagged'
      ? { ...plain, penalised: false, ...(fitted && flagged ? penalised(model, columns, plain) : {}) }
      : plain;
  const sandwiched = options.robust && plain.status === 'ok' && association.penalised !== true;
  return {
    ...association,
    ...(sandwiched ? robust(data, columns, options) : {}),
    ...(options.diagnostics ? diagnose(data, columns, options, association.status === 'ok') : {}),
  };
}

function toAssociation(result: CoxScanResult, missing: number): Association {
  const trusted = result.status === 'ok' || result.status === 'infinite';
  const number = (value: number): number | null => (trusted ? finiteOrNull(value) : null);
  return {
    beta: number(result.beta),
    se: number(result.se),
    z: number(result.z),
    log10p: number(result.log10P),
    n: result.n,
    events: result.events,
    missing,
    status: STATUS[result.status],
    reason: result.reason,
  };
}

/** Firth's fit in place of one that cannot be relied on; nothing when that does not converge either. */
function penalised(
  { data, options }: CoxModel,
  columns: readonly Float64Array[],
  plain: Association,
): Partial<Association> {
  const last = columns.length - 1;
  const fit = fitFirthCox(data, columns, { ties: options.ties, likelihoodRatio: [last] });
  const beta = fit.beta[last]!;
  if (fit.status === 'not-converged' || Number.isNaN(beta)) return {};
  return {
    beta,
    se: finiteOrNull(fit.se[last]!),
    z: Math.sign(beta) * Math.sqrt(fit.likelihoodRatio[last]!),
    log10p: finiteOrNull(fit.likelihoodRatioLog10P[last]!),
    status: 'ok',
    reason: `penalised, because ${plain.reason ?? plain.status}`,
    penalised: true,
  };
}

function robust(
  data: SurvivalData,
  columns: readonly Float64Array[],
  { ties }: CoxModelOptions,
): Partial<Association> {
  const last = columns.length - 1;
  const fit = fitCox(data, columns, { ties, robust: true });
  const [beta, se] = [fit.beta[last]!, fit.se[last]!];
  return {
    beta: finiteOrNull(beta),
    se: finiteOrNull(se),
    z: finiteOrNull(fit.z[last]!),
    log10p: finiteOrNull(fit.log10P[last]!),
  };
}

/** Of the unpenalised model; null where there is none to rely on. */
function diagnose(
  data: SurvivalData,
  columns: readonly Float64Array[],
  { ties }: CoxModelOptions,
  usable: boolean,
): Pick<Association, 'zph_log10p' | 'concordance'> {
  if (!usable) return { zph_log10p: null, concordance: null };
  const test = testProportionality(data, columns, { ties });
  const eta = predictLinear(fitCox(data, columns, { ties }), columns);
  return {
    zph_log10p: finiteOrNull(test.log10P[columns.length - 1]!),
    concordance: finiteOrNull(concordance(data, eta).c),
  };
}
