/**
 * StackedModel: what `model.stack` hands out and `model.predict` takes in. Plain JSON that predicts from itself alone.
 */
import type { StackModel } from '../stats/stack.js';
import type { FeatureScales } from './feature-scales.js';
import type { SnpModality } from './snp-modality.js';

export interface StackedModel {
  /** Mean and SD of the target among the training people: predictions are mean + sd · (standardised prediction). */
  readonly target: { readonly mean: number; readonly sd: number };
  /** The features of the modality `snps`, where there is one. */
  readonly snps?: SnpModality;
  /** By what the features of the other modalities were standardised, where the model was told. */
  readonly scales?: FeatureScales;
  /** One model for each configuration, by name. */
  readonly configurations: Readonly<Record<string, StackModel>>;
}
