/**
 * The SNP parts of the fitted models against the planted effects of variants.
 * Not responsible for how well the whole score does (the SQL of validation-queries.ts).
 */
import type { Truth } from '../genotypes/simulate/truth.js';

/** Of a stored model: what is read here. */
export interface SnpModel {
  readonly snps: {
    readonly variants: readonly {
      readonly id: string;
      readonly chr: string;
      readonly pos: number;
      readonly counted: string;
    }[];
  };
  readonly configurations: {
    readonly snp: { readonly modalities: readonly { readonly coef: readonly number[] }[] };
  };
}

/** A variant that was genotyped: where it is, and its alternative allele. */
export interface Variant {
  readonly chr: string;
  readonly pos: number;
  readonly alt: string;
}

export interface Weight {
  readonly idp: string;
  readonly variant: string;
  /** SDs of the IDP per copy of the alternative allele. */
  readonly planted: number;
  readonly weight: number;
}

export interface Selection {
  /** Variants in the models, over all IDPs. */
  readonly chosen: number;
  /** Of these, planted for their IDP. */
  readonly planted: number;
  /** Not planted, but within REACH of one that is. */
  readonly near: number;
  /** Planted effects, over all IDPs, and how many of them have a chosen variant within REACH. */
  readonly effects: number;
  readonly found: number;
  readonly weights: readonly Weight[];
}

/** Base pairs within which a variant may stand for another: the window of clumping. */
const REACH = 250_000;

export function selectionOf(
  truth: Truth,
  variants: ReadonlyMap<string, Variant>,
  models: ReadonlyMap<string, SnpModel>,
): Selection {
  let [chosen, near, effects, found] = [0, 0, 0, 0];
  const weights: Weight[] = [];
  for (const { idp, snps } of truth.idps) {
    const model = models.get(idp);
    if (!model) continue;
    const list = model.snps.variants;
    const { coef } = model.configurations.snp.modalities[0]!;
    const planted = new Map(snps.map(({ variant, beta }) => [variant, beta]));
    const places = snps.flatMap(({ variant }) => variants.get(variant) ?? []);
    const isNear = (a: { chr: string; pos: number }, b: { chr: string; pos: number }): boolean =>
      a.chr === b.chr && Math.abs(a.pos - b.pos) <= REACH;
    chosen += list.length;
    effects += snps.length;
    found += places.filter((place) => list.some((one) => isNear(one, place))).length;
    list.forEach((one, i) => {
      const beta = planted.get(one.id);
      if (beta === undefined) {
        if (places.some((place) => isNear(one, place))) near++;
        return;
      }
      const sign = one.counted === variants.get(one.id)?.alt ? 1 : -1;
      weights.push({ idp, variant: one.id, planted: beta, weight: sign * coef[i]! });
    });
  }
  return { chosen, planted: weights.length, near, effects, found, weights };
}
