// Covariates in risk-set order, centred and scaled as R's coxph does before it iterates. Not responsible for
// coding factors, nor for which rows are complete (cox-data.ts).
import type { RiskSets } from './cox-data.js';

/** Columns by position, and how to return to the input's units: x = value/scale + mean. */
export interface Design {
  readonly columns: readonly Float64Array[];
  readonly mean: Float64Array;
  readonly scale: Float64Array;
  /** No variation among the people at risk: the column is zero and has no coefficient. */
  readonly constant: readonly boolean[];
}

/** Gathers and scales each covariate. Only rows with a position count: the others touch no risk set. */
export function buildDesign(sets: RiskSets, covariates: readonly Float64Array[]): Design {
  const columns = covariates.map((x) => gather(x, sets.order));
  const mean = new Float64Array(columns.length);
  const scale = new Float64Array(columns.length).fill(1);
  const constant = columns.map((column, j) => {
    const scaling = scaleColumn(column, sets.weight);
    mean[j] = scaling.mean;
    scale[j] = scaling.scale;
    return scaling.constant;
  });
  return { columns, mean, scale, constant };
}

/** x by position. */
export function gather(
  x: Float64Array,
  order: Int32Array,
  out: Float64Array = new Float64Array(order.length),
): Float64Array {
  for (let i = 0; i < order.length; i++) out[i] = x[order[i]!]!;
  return out;
}

export interface Scaling {
  readonly mean: number;
  readonly scale: number;
  readonly constant: boolean;
}

/**
 * In place: x ← (x − weighted mean)·scale with scale = Σc/Σc|x − mean|. Columns of −1, 0 and 1 only are left
 * as they are (R: coxph's `nocenter`).
 */
export function scaleColumn(x: Float64Array, weight: Float64Array | null): Scaling {
  const n = x.length;
  let low = Infinity;
  let high = -Infinity;
  let indicator = true;
  let sum = 0;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const value = x[i]!;
    const c = weight ? weight[i]! : 1;
    if (value < low) low = value;
    if (value > high) high = value;
    indicator &&= value === 0 || value === 1 || value === -1;
    sum += c * value;
    total += c;
  }
  if (!(high > low)) {
    x.fill(0);
    return { mean: n > 0 ? low : 0, scale: 1, constant: true };
  }
  if (indicator) return { mean: 0, scale: 1, constant: false };
  const mean = sum / total;
  let deviation = 0;
  for (let i = 0; i < n; i++) deviation += (weight ? weight[i]! : 1) * Math.abs(x[i]! - mean);
  const scale = total / deviation;
  for (let i = 0; i < n; i++) x[i] = (x[i]! - mean) * scale;
  return { mean, scale, constant: false };
}
