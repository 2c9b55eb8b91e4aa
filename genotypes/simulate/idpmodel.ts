/**
 * IDPs: genetics + blood + covariates + noise, with unit variance in the main ancestry.
 * Not responsible for units (assessment.ts).
 *
 * The genetics are oligogenic: each IDP has a few dozen causal variants from a pool that all share. That is a choice, not a
 * claim: with thousands of causal variants nothing could be predicted from a discovery sample of demonstration size.
 */
import { rngFromSeed, uniformOf } from '../../stats/rng.js';
import { covariateVariance, type BloodModel } from './bloodmodel.js';
import type { Design, VarianceShares } from './design.js';
import { Draws } from './draws.js';
import { founderAlleles, founderFrequency, type FounderPanel } from './founders.js';
import { idpsOf, type Idp } from './imagingcatalogue.js';
import { standardAge, type Person } from './person.js';

const COMMON = 0.05;
/** An IDP depends on this many blood traits. */
const TRAITS_PER_IDP = 6;

export interface IdpEffects {
  readonly idp: Idp;
  readonly shares: VarianceShares;
  /** Affects no disease. */
  readonly orphan: boolean;
  /** Positions in the pool, and the effect of one copy of the alternative allele in SDs of the IDP. */
  readonly snps: Int32Array;
  readonly perAllele: Float64Array;
  /** Mean of the genetic part in the main ancestry. */
  readonly geneticMean: number;
  /** Effects of a blood trait's own level. */
  readonly blood: readonly { readonly trait: number; readonly weight: number }[];
  readonly covariates: readonly [age: number, sex: number, bmi: number];
  readonly noise: number;
}

/** What an IDP is made of, for one person. */
export interface IdpParts {
  readonly genetic: Float64Array;
  readonly total: Float64Array;
}

/**
 * The `count` members that a hash ranks first, in their own order: a further member takes the place of one at most, so that
 * little else in a study changes.
 */
export function firstByHash<T>(members: readonly T[], count: number, hash: (member: T) => number): T[] {
  const ranks = members.map((member, place) => ({ place, rank: hash(member) }));
  const first = ranks.sort((a, b) => a.rank - b.rank).slice(0, count);
  return first.sort((a, b) => a.place - b.place).map(({ place }) => members[place]!);
}

/** Causal variants, ascending. Pool member j lies in region j modulo the number of regions. */
export function causalPool(design: Design, panel: FounderPanel): Int32Array {
  const byNumber = new Map(panel.regions.map((here) => [here.region.index, here]));
  const taken = new Set<number>();
  for (let j = 0; j < design.idps.causal_pool; j++) {
    const { first, end } = byNumber.get(j % panel.regions.length)!;
    const free = Array.from({ length: end - first }, (_, i) => first + i).filter((v) => !taken.has(v));
    const common = free.filter((v) => {
      const p = founderFrequency(panel, v, 0);
      return p >= COMMON && p <= 1 - COMMON;
    });
    const among = common.length > 0 ? common : free;
    taken.add(among[rngFromSeed(design.seed, 'causal variant', j).integer(among.length)]!);
  }
  return Int32Array.from(taken).sort();
}

export class IdpModel {
  readonly pool: Int32Array;
  readonly effects: readonly IdpEffects[];
  private readonly specific: readonly Draws[];
  private readonly shared: Draws;
  private readonly groupNoise = new Float64Array(3);

  /** `only` names the IDPs to model; all of the design when absent. */
  constructor(
    private readonly design: Design,
    panel: FounderPanel,
    private readonly blood: BloodModel,
    only?: ReadonlySet<string>,
  ) {
    this.pool = causalPool(design, panel);
    const idps = idpsOf(design.idps);
    const orphans = new Set(
      (['t1', 'swi', 'cardiac'] as const).flatMap((group) => {
        const names = idps.filter((one) => one.group === group).map(({ idp }) => idp);
        return firstByHash(names, design.idps.orphans, (name) => uniformOf(design.seed, 'orphan', name));
      }),
    );
    const founders = new PoolFounders(panel, this.pool);
    this.effects = idps
      .filter(({ idp }) => !only || only.has(idp))
      .map((idp) => this.effectsOf(idp, orphans.has(idp.idp), founders));
    this.specific = this.effects.map(({ idp }) => new Draws(design.seed, 'idp noise', idp.idp));
    this.shared = new Draws(design.seed, 'imaging noise');
  }

  private effectsOf(idp: Idp, orphan: boolean, founders: PoolFounders): IdpEffects {
    const { seed, idps } = this.design;
    const shares = idp.group === 'cardiac' ? idps.heart : idps.brain;
    const rng = rngFromSeed(seed, 'idp', idp.idp);
    const snps = Int32Array.from(rng.sample(this.pool.length, idps.causal_per_idp)).sort();
    // Every variant explains the same on average, whatever its frequency.
    const raw = Float64Array.from(snps, (j) => rng.normal() / founders.sd(j));
    const scale = snps.length > 0 ? Math.sqrt(shares.snp / founders.variance(snps, raw)) : 0;
    const perAllele = raw.map((b) => b * scale);
    const covariates = [rng.normal(), rng.normal(), rng.normal()] as const;
    const size = Math.sqrt(shares.covariates / covariateVariance(covariates));
    return {
      idp,
      shares,
      orphan,
      snps,
      perAllele,
      geneticMean: snps.reduce((sum, j, i) => sum + 2 * founders.frequency[j]! * perAllele[i]!, 0),
      blood: this.bloodEffects(idp, shares.blood),
      covariates: [covariates[0] * size, covariates[1] * size, covariates[2] * size],
      noise: Math.max(0, 1 - shares.snp - shares.blood - shares.covariates),
    };
  }

  private bloodEffects({ idp }: Idp, share: number): IdpEffects['blood'] {
    const { seed } = this.design;
    const traits = this.blood.traits.map(({ trait }, place) => ({ trait: place, name: trait }));
    const chosen = firstByHash(traits, TRAITS_PER_IDP, ({ name }) =>
      uniformOf(seed, 'blood of idp', idp, name),
    ).map(({ trait, name }) => ({ trait, weight: rngFromSeed(seed, 'blood effect', idp, name).normal() }));
    let variance = 0;
    for (const a of chosen)
      for (const b of chosen) variance += a.weight * b.weight * this.blood.covariance(a.trait, b.trait);
    const size = variance > 0 ? Math.sqrt(share / variance) : 0;
    return chosen.map(({ trait, weight }) => ({ trait, weight: weight * size }));
  }

  /**
   * One person's IDPs at time zero. `dosages` are of the pool's alternative alleles, `own` the own levels of the blood
   * traits; both parts are written by IDP.
   */
  values(person: Person, dosages: ArrayLike<number>, own: Float64Array, out: IdpParts): void {
    const { role, index } = person;
    const { shared_noise } = this.design.idps;
    const age = standardAge(person, person.zero);
    const sex = person.male ? 1 : -1;
    for (let g = 0; g < 3; g++) this.groupNoise[g] = this.shared.normal(index, role, g);
    for (let k = 0; k < this.effects.length; k++) {
      const { snps, perAllele, geneticMean, blood, covariates, noise, idp } = this.effects[k]!;
      let genetic = -geneticMean;
      for (let i = 0; i < snps.length; i++) genetic += perAllele[i]! * dosages[snps[i]!]!;
      let value = genetic + covariates[0] * age + covariates[1] * sex + covariates[2] * person.bmi;
      for (const { trait, weight } of blood) value += weight * own[trait]!;
      const group = this.groupNoise[idp.group === 't1' ? 0 : idp.group === 'swi' ? 1 : 2]!;
      value += Math.sqrt(noise * shared_noise) * group;
      value += Math.sqrt(noise * (1 - shared_noise)) * this.specific[k]!.normal(index, role);
      out.genetic[k] = genetic;
      out.total[k] = value;
    }
  }
}

/** The main ancestry's founders at the pool's variants. */
class PoolFounders {
  readonly frequency: Float64Array;
  private readonly carriers: readonly Uint8Array[];
  private readonly regionOf: readonly number[];

  constructor(panel: FounderPanel, pool: Int32Array) {
    const main = panel.firstFounder[1]!;
    const alleles = new Uint8Array(panel.founders);
    this.carriers = Array.from(pool, (v) => {
      founderAlleles(panel, v, alleles);
      return alleles.slice(0, main);
    });
    this.frequency = Float64Array.from(this.carriers, (c) => c.reduce((sum, x) => sum + x, 0) / main);
    this.regionOf = Array.from(pool, (v) => panel.regions.findIndex(({ end }) => v < end));
  }

  /** SD of the dosage in Hardy–Weinberg equilibrium. */
  sd(j: number): number {
    const p = this.frequency[j]!;
    return Math.sqrt(2 * p * (1 - p));
  }

  /** Variance of Σ effect × dosage: exact within regions by the founders' haplotypes, none between regions. */
  variance(snps: Int32Array, effects: Float64Array): number {
    const main = this.carriers[0]?.length ?? 0;
    const scores = new Map<number, Float64Array>();
    snps.forEach((j, i) => {
      const region = this.regionOf[j]!;
      let score = scores.get(region);
      if (!score) scores.set(region, (score = new Float64Array(main)));
      for (let f = 0; f < main; f++) score[f]! += effects[i]! * (this.carriers[j]![f]! - this.frequency[j]!);
    });
    let variance = 0;
    for (const score of scores.values()) variance += (2 * score.reduce((sum, s) => sum + s * s, 0)) / main;
    return variance;
  }
}
