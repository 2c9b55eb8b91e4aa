/**
 * What the parts of a stacked model contribute to its predictions: per modality, and per feature (SNP, blood marker).
 *
 * Not responsible for the model itself (`stack.ts`).
 */
import { attributeBoosted } from './boosting.js';
import { columnsOf } from './linalg/matrix.js';
import {
  combineLayers,
  inputOf,
  predictLayerOne,
  predictStack,
  type LayerModel,
  type StackInputs,
  type StackModel,
} from './stack.js';

/** Share of the stacked prediction's variance that a part of the model carries. */
export interface Contribution {
  /** cov(part, prediction)/var(prediction); the shares of all parts sum to 1. Negative when a part works against the rest. */
  readonly share: number;
  /** var(part)/var(prediction): what the part would carry alone. */
  readonly own: number;
}

/** The contribution of every modality, over the given people; NaN throughout when the prediction does not vary. */
export function modalityContributions(
  model: StackModel,
  inputs: StackInputs,
): (Contribution & { readonly modality: string })[] {
  const layerOne = predictLayerOne(model, inputs);
  const stacked = combineLayers(model, layerOne);
  const parts = model.layerTwo === null ? layerOne : partsOf(model.layerTwo, layerOne);
  return model.modalities.map(({ name }, m) => ({ modality: name, ...contribution(parts[m]!, stacked) }));
}

/**
 * The contribution of every feature (a SNP, a blood marker) of every modality, with its weight in the stacked prediction. Trees have
 * no weights (NaN); what a feature moves in their predictions is `attributeBoosted`'s. With trees in layer 2 a feature of layer 1 has no
 * part of its own, and all is NaN.
 */
export function featureContributions(
  model: StackModel,
  inputs: StackInputs,
): (Contribution & { readonly modality: string; readonly feature: string; readonly weight: number })[] {
  const stacked = predictStack(model, inputs);
  return model.modalities.flatMap((modality, m) => {
    const outer = layerTwoWeight(model, m);
    const parts = partsOf(modality, columnsOf(inputOf(modality, inputs)));
    return modality.features.map((feature, j) => {
      const part = parts[j]!.map((value) => outer * value);
      const weight = outer * weightOf(modality, j);
      return { modality: modality.name, feature, weight, ...contribution(part, stacked) };
    });
  });
}

const layerTwoWeight = (model: StackModel, m: number): number =>
  model.layerTwo === null ? 1 : weightOf(model.layerTwo, m);

/** What each input adds to a model's prediction of each person, but for a constant. */
function partsOf(model: LayerModel, columns: readonly Float64Array[]): readonly Float64Array[] {
  if ('coef' in model) return columns.map((x, j) => x.map((value) => model.coef[j]! * value));
  const rows = Int32Array.from({ length: columns[0]?.length ?? 0 }, (_, i) => i);
  return attributeBoosted(model.boosted, columns, rows);
}

/** Trees have no weights. */
const weightOf = (model: LayerModel, j: number): number => ('coef' in model ? model.coef[j]! : NaN);

function contribution(part: Float64Array, whole: Float64Array): Contribution {
  const n = part.length;
  const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / n;
  const [partMean, wholeMean] = [mean(part), mean(whole)];
  let cross = 0;
  let own = 0;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const p = part[i]! - partMean;
    const w = whole[i]! - wholeMean;
    cross += p * w;
    own += p * p;
    total += w * w;
  }
  return { share: cross / total, own: own / total };
}
