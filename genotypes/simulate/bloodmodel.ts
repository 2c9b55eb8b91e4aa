/**
 * Blood traits: latent factors of health, age, sex and body mass index, and a part of their own.
 * Not responsible for units and missing values (assessment.ts).
 *
 * On the normal scale, with unit variance: z = demographic part (share 0.30) + own level u, where u = factors (0.50) + specific
 * (0.20). IDPs depend on u, so that their blood share and their covariate share are apart.
 */
import { rngFromSeed } from '../../stats/rng.js';
import { bloodTraitsOf, type BloodTrait } from './bloodcatalogue.js';
import type { Design } from './design.js';
import { Draws } from './draws.js';
import { COVARIATE_COVARIANCE, type Person, standardAge } from './person.js';

const DEMOGRAPHIC = 0.3;
const FACTORS = 0.5;
const SPECIFIC = 0.2;
/** Correlation of a trait's own level between two visits. */
const STABILITY = 0.8;

export interface BloodLoadings {
  readonly trait: string;
  /** Per SD of age and body mass index; per ±1 of sex (men +1). */
  readonly age: number;
  readonly sex: number;
  readonly bmi: number;
  /** By factor. */
  readonly factors: Float64Array;
}

/** wᵀCw for the covariance of age, sex and body mass index. */
export function covariateVariance(weights: readonly [number, number, number]): number {
  let sum = 0;
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) sum += weights[i]! * COVARIATE_COVARIANCE[i]![j]! * weights[j]!;
  }
  return sum;
}

export class BloodModel {
  readonly traits: readonly BloodTrait[];
  readonly loadings: readonly BloodLoadings[];
  private readonly factorDraws: Draws;
  private readonly specific: readonly Draws[];
  private readonly later: readonly Draws[];
  private readonly factors: Float64Array;

  constructor({ seed, blood }: Design) {
    this.traits = bloodTraitsOf(blood);
    this.factors = new Float64Array(blood.factors);
    this.factorDraws = new Draws(seed, 'health factor');
    this.specific = this.traits.map(({ trait }) => new Draws(seed, 'blood', trait));
    this.later = this.traits.map(({ trait }) => new Draws(seed, 'blood later', trait));
    this.loadings = this.traits.map(({ trait }) => {
      const rng = rngFromSeed(seed, 'blood loadings', trait);
      const weights = [rng.normal(), rng.normal(), rng.normal()] as const;
      const scale = Math.sqrt(DEMOGRAPHIC / covariateVariance(weights));
      // One factor leads, another one joins in.
      const factors = new Float64Array(blood.factors);
      factors[rng.integer(blood.factors)]! += rng.uniform() < 0.5 ? 1 : -1;
      factors[rng.integer(blood.factors)]! += 0.5 * rng.normal();
      const size = Math.sqrt(FACTORS / factors.reduce((sum, w) => sum + w * w, 0));
      const [age, sex, bmi] = weights.map((w) => w * scale) as [number, number, number];
      return { trait, age, sex, bmi, factors: factors.map((w) => w * size) };
    });
  }

  /** Covariance of the own levels of two traits. */
  covariance(s: number, t: number): number {
    const [a, b] = [this.loadings[s]!.factors, this.loadings[t]!.factors];
    let sum = s === t ? SPECIFIC : 0;
    for (let f = 0; f < a.length; f++) sum += a[f]! * b[f]!;
    return sum;
  }

  /** A person's own levels u at recruitment into out[trait]. */
  own({ role, index }: Person, out: Float64Array): void {
    const { factors } = this;
    for (let f = 0; f < factors.length; f++) factors[f] = this.factorDraws.normal(index, role, f);
    for (let t = 0; t < out.length; t++) {
      const loading = this.loadings[t]!.factors;
      let sum = Math.sqrt(SPECIFIC) * this.specific[t]!.normal(index, role);
      for (let f = 0; f < factors.length; f++) sum += loading[f]! * factors[f]!;
      out[t] = sum;
    }
  }

  /** The level z of one trait on a day, from the own level then. */
  level(person: Person, t: number, own: number, day: number): number {
    const { age, sex, bmi } = this.loadings[t]!;
    return own + age * standardAge(person, day) + sex * (person.male ? 1 : -1) + bmi * person.bmi;
  }

  /** The own level of one trait at the repeat visit. */
  ownLater({ role, index }: Person, t: number, own: number): number {
    const noise = this.later[t]!.normal(index, role);
    return STABILITY * own + Math.sqrt((1 - STABILITY ** 2) * this.covariance(t, t)) * noise;
  }
}

/** From the normal scale to the trait's units, unrounded. */
export function bloodValue({ mean, sd, skewed }: BloodTrait, z: number): number {
  if (!skewed) return Math.max(0.05 * mean, mean + sd * z);
  const variance = Math.log(1 + (sd / mean) ** 2);
  return mean * Math.exp(Math.sqrt(variance) * z - variance / 2);
}
