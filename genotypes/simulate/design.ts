/**
 * Design: everything that determines a simulated study. Two tasks that are given the same design (with its seed) simulate the
 * same people, so that summary statistics can be made apart from the cohort.
 * Not responsible for defaults: those are the task's.
 */

/** Shares of an IDP's variance; what is left of 1 is noise. */
export interface VarianceShares {
  readonly snp: number;
  readonly blood: number;
  /** Age, sex and body mass index together. */
  readonly covariates: number;
}

export interface Design {
  /** 64 hexadecimal digits. */
  readonly seed: string;
  readonly people: {
    /** With IDPs. */
    readonly imaging: number;
    /** Without. */
    readonly target: number;
    /** Members of the reference panel, all of the main ancestry and unrelated. */
    readonly reference: number;
    /** Share of the cohort that is not of the main ancestry. */
    readonly minority: number;
    /** Share of the cohort that has a first- or second-degree relative in it. */
    readonly relatives: number;
    /** Share of the cohort on the withdrawal list. */
    readonly withdrawn: number;
    /** Share of the cohort that gave blood again, at instance 1. */
    readonly repeat: number;
  };
  readonly genome: {
    readonly variants: number;
    /** Stretches of dense variants, spread over the autosomes. */
    readonly regions: number;
    readonly region_kb: number;
    /** Founder haplotypes of the main ancestry; each other ancestry has a quarter as many. */
    readonly founders: number;
    /** Least minor allele frequency among the main ancestry's founders. */
    readonly min_maf: number;
    /** Share of genotype calls that are missing. */
    readonly missing: number;
  };
  readonly idps: {
    readonly t1: number;
    readonly swi: number;
    readonly cardiac: number;
    /** This many IDPs of each group affect no disease. */
    readonly orphans: number;
    /** Share of the noise that the IDPs of a group have in common. */
    readonly shared_noise: number;
    readonly brain: VarianceShares;
    readonly heart: VarianceShares;
    /** Causal variants that all IDPs draw from. */
    readonly causal_pool: number;
    readonly causal_per_idp: number;
  };
  readonly blood: {
    readonly count: number;
    readonly biochemistry: number;
    readonly factors: number;
  };
  readonly diseases: {
    readonly count: number;
    readonly categories: number;
    /** Of each category, this many diseases depend on covariates alone. */
    readonly covariates_only: number;
    /** Mean over diseases of the risk within five years of the scan, among people still free of the disease. */
    readonly incidence: number;
    /** SD over diseases of the log of that risk. */
    readonly incidence_spread: number;
    /** SD of the log hazard ratio per SD of an IDP, before the category's scale. */
    readonly effect: number;
    /** The category's scale, of the first and of the last category; between them it falls linearly. */
    readonly scale_first: number;
    readonly scale_last: number;
    /** Log hazard ratios: per SD of age and body mass index; of current against never smoking (previous: half of it). */
    readonly age: number;
    readonly bmi: number;
    readonly smoking: number;
    /** SD of the log hazard ratio of two blood traits that affect the disease beside the IDPs. */
    readonly direct_blood: number;
  };
  readonly missing: {
    /** Share of single blood values. */
    readonly blood: number;
    /** Share of people whose whole blood panel is missing. */
    readonly panel: number;
    /** Share of people whose whole imaging modality is missing; single IDPs are missing a third as often. */
    readonly imaging: number;
    /** Log odds of being missing per SD: of the value itself for blood, of body mass index for imaging. 0 is at random. */
    readonly informative: number;
  };
  readonly gwas: {
    /** Size of the discovery sample. */
    readonly people: number;
    /** Share of the imaging cohort's eligible members that are in the discovery sample too. */
    readonly overlap: number;
  };
}

/** A design that cannot be simulated; the message names the parameters. */
export class DesignError extends Error {
  override readonly name = 'DesignError';
}

/** Refuses contradictions between parameters that a schema cannot see. Throws DesignError. */
export function checkDesign(design: Design): void {
  const { people, genome, idps, diseases, blood, gwas } = design;
  const fail = (message: string): never => {
    throw new DesignError(message);
  };
  if (people.imaging + people.target < 1) fail('people.imaging and people.target are both 0');
  if (genome.variants < genome.regions)
    fail(`genome.variants is ${genome.variants}, fewer than the ${genome.regions} of genome.regions`);
  for (const [name, shares] of [
    ['brain', idps.brain],
    ['heart', idps.heart],
  ] as const) {
    const sum = shares.snp + shares.blood + shares.covariates;
    if (sum > 1) fail(`the variance shares of idps.${name} add up to ${sum}, more than 1`);
  }
  const count = idps.t1 + idps.swi + idps.cardiac;
  if (count === 0) fail('idps.t1, idps.swi and idps.cardiac are all 0');
  if (idps.causal_per_idp > idps.causal_pool)
    fail(`idps.causal_per_idp is ${idps.causal_per_idp}, more than idps.causal_pool (${idps.causal_pool})`);
  if (idps.causal_pool > genome.variants)
    fail(`idps.causal_pool is ${idps.causal_pool}, more than genome.variants (${genome.variants})`);
  if (diseases.count > 0 && diseases.categories > diseases.count)
    fail(`diseases.categories is ${diseases.categories}, more than diseases.count (${diseases.count})`);
  if (blood.count + blood.biochemistry === 0 && (idps.brain.blood > 0 || idps.heart.blood > 0))
    fail('IDPs depend on blood (idps.brain.blood, idps.heart.blood), but there are no blood traits');
  if (gwas.people < 10) fail(`gwas.people is ${gwas.people}; a discovery sample has at least 10 people`);
}
