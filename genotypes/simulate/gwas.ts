/**
 * GWAS of IDPs in a discovery sample: exact least squares of each IDP on each variant's dosage, without a genotype matrix.
 * Not responsible for file layouts (sumstatswriter.ts).
 *
 * A dosage is the sum of what two haplotypes copy from the founders, so g′y = Σ_f a_f·S_f with S_f the sum of y over all
 * haplotypes that copy founder f. S changes only where a haplotype switches: the work of a variant is founders × IDPs, whatever
 * the sample's size; switches × IDPs come on top. Only the counts of heterozygotes need a look at everyone, for all IDPs at once.
 * No simulation of z-scores is needed at any size.
 *
 * The sample is of the main ancestry and without relatives. IDPs are adjusted for age and sex and standardised, as the public
 * GWAS did, so that effects are in SDs; the genotype is not adjusted, since it depends on neither.
 */
import { Models } from './models.js';
import { checkDesign, type Design } from './design.js';
import { Draws } from './draws.js';
import { founderAlleles, simulateFounders, type FounderPanel } from './founders.js';
import { genotype } from './genotyping.js';
import type { Idp } from './imagingcatalogue.js';
import { Mosaic } from './mosaic.js';
import { DISCOVERY, IMAGING, slotsOf, type Families, type People, type Slots } from './pedigree.js';
import { standardAge } from './person.js';

export interface GwasResult {
  readonly panel: FounderPanel;
  readonly people: number;
  /** Of these, members of the imaging cohort. */
  readonly overlapping: number;
  /** Frequency of the alternative allele in the sample, by variant. */
  readonly frequency: Float64Array;
  /** Sum of squares of the centred dosage, by variant; 0 where the variant does not vary. */
  readonly sxx: Float64Array;
  readonly idps: readonly {
    readonly idp: Idp;
    /** SDs of the IDP per copy of the alternative allele; NaN where the variant does not vary. */
    readonly beta: Float64Array;
  }[];
}

/** Standard error of the k-th IDP's effect at a variant; NaN where the variant does not vary. */
export function standardError({ people, sxx, idps }: GwasResult, k: number, v: number): number {
  const beta = idps[k]!.beta[v]!;
  // The IDP has Σy² = n; a perfect fit may come out a rounding error below 0.
  return Math.sqrt(Math.max(0, people / sxx[v]! - beta * beta) / (people - 2));
}

/**
 * Runs the GWAS of the named IDPs, 8 bytes of memory for each IDP and variant. One IDP's numbers do not depend on which others
 * are asked for. `panel` is the design's, made here when absent.
 * Throws DesignError, and RangeError for a name that is none of the design's IDPs.
 */
export function simulateGwas(
  design: Design,
  names: readonly string[],
  progress?: (fraction: number) => void,
  panel: FounderPanel = simulateFounders(design),
): GwasResult {
  checkDesign(design);
  const models = new Models(design, panel, new Set(names));
  const modelled = models.idps.effects.map(({ idp }) => idp);
  for (const name of names) {
    if (!modelled.some(({ idp }) => idp === name)) throw new RangeError(`the design has no IDP '${name}'`);
  }
  const { people, overlapping } = discoverySample(design, models.families);
  const slots = slotsOf(models.families, people);
  const { dosages } = genotype(design, panel, slots, { genotyped: 0, bed: null, tracked: models.idps.pool });
  progress?.(0.3);
  const scan = new Scan(panel, slots, residuals(models, slots, dosages), modelled.length);
  scan.run(design.seed, (done) => progress?.(0.3 + 0.7 * done));
  return {
    panel,
    people: slots.listed,
    overlapping,
    frequency: scan.frequency,
    sxx: scan.sxx,
    idps: modelled.map((idp, k) => ({ idp, beta: scan.beta[k]! })),
  };
}

/** The overlapping part of the imaging cohort, then people who are in no cohort. */
export function discoverySample(design: Design, families: Families): { people: People; overlapping: number } {
  const { people: size, overlap } = design.gwas;
  const draws = new Draws(design.seed, 'gwas overlap');
  const shared = Array.from({ length: design.people.imaging }, (_, i) => i).filter((i) => {
    const eligible =
      families.ancestry(IMAGING, i) === 0 && ((i & 1) === 0 || families.relation(IMAGING, i) === null);
    return eligible && draws.uniform(i, IMAGING) < overlap;
  });
  const index = shared.slice(0, size);
  const overlapping = index.length;
  for (let i = 0; index.length < size; i++) index.push(i);
  const role = Uint8Array.from(index, (_, i) => (i < overlapping ? IMAGING : DISCOVERY));
  return { people: { role, index: Int32Array.from(index) }, overlapping };
}

/** residuals[s × K + k]: IDP k of person s, adjusted for age and sex, with mean 0 and variance 1. */
function residuals(models: Models, slots: Slots, dosages: Uint8Array): Float64Array {
  const K = models.idps.effects.length;
  const n = slots.listed;
  const y = new Float64Array(n * K);
  const age = new Float64Array(n);
  const sex = new Float64Array(n);
  models.forEach(slots, dosages, 0, n, (s, person, _, parts) => {
    y.set(parts.total, s * K);
    age[s] = standardAge(person, person.zero);
    sex[s] = person.male;
  });
  // Orthonormal covariates by Gram–Schmidt: the constant, age, sex.
  const basis: Float64Array[] = [];
  for (const column of [new Float64Array(n).fill(1), age, sex]) {
    for (const q of basis) subtract(column, q, dot(column, q));
    const length = Math.sqrt(dot(column, column));
    if (length > 1e-9) basis.push(column.map((x) => x / length));
  }
  const one = new Float64Array(n);
  for (let k = 0; k < K; k++) {
    for (let s = 0; s < n; s++) one[s] = y[s * K + k]!;
    for (const q of basis) subtract(one, q, dot(one, q));
    const sd = Math.sqrt(dot(one, one) / n);
    for (let s = 0; s < n; s++) y[s * K + k] = sd > 0 ? one[s]! / sd : 0;
  }
  return y;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function subtract(a: Float64Array, b: Float64Array, times: number): void {
  for (let i = 0; i < a.length; i++) a[i]! -= times * b[i]!;
}

class Scan {
  readonly frequency: Float64Array;
  readonly sxx: Float64Array;
  readonly beta: readonly Float64Array[];
  /** S[f × K + k], and the number of haplotypes that copy f. */
  private readonly sums: Float64Array;
  private readonly copies: Int32Array;
  private readonly sxy: Float64Array;

  constructor(
    private readonly panel: FounderPanel,
    private readonly slots: Slots,
    private readonly y: Float64Array,
    private readonly K: number,
  ) {
    this.frequency = new Float64Array(panel.variants);
    this.sxx = new Float64Array(panel.variants);
    this.beta = Array.from({ length: K }, () => new Float64Array(panel.variants));
    this.sums = new Float64Array(panel.founders * K);
    this.copies = new Int32Array(panel.founders);
    this.sxy = new Float64Array(K);
  }

  run(seed: string, progress: (fraction: number) => void): void {
    const mosaic = new Mosaic(seed, this.panel, this.slots, (h, from, to) => {
      // Unseen parents have haplotypes, but no phenotype.
      if (h >> 1 >= this.slots.listed) return;
      this.add(from, h >> 1, -1);
      this.add(to, h >> 1, 1);
    });
    const alleles = new Uint8Array(this.panel.founders);
    for (const region of this.panel.regions) {
      mosaic.enter(region);
      this.sums.fill(0);
      this.copies.fill(0);
      for (let h = 0; h < 2 * this.slots.listed; h++) this.add(mosaic.founder[h]!, h >> 1, 1);
      for (let v = region.first; v < region.end; v++) {
        mosaic.advance(v);
        founderAlleles(this.panel, v, alleles);
        this.regress(v, alleles, mosaic.founder);
      }
      progress(region.end / this.panel.variants);
    }
  }

  private add(founder: number, s: number, sign: 1 | -1): void {
    const { K, sums, y } = this;
    this.copies[founder]! += sign;
    for (let k = 0, at = founder * K, of = s * K; k < K; k++) sums[at + k]! += sign * y[of + k]!;
  }

  private regress(v: number, alleles: Uint8Array, founder: Uint16Array): void {
    const { K, sums, copies, slots } = this;
    const n = slots.listed;
    let carried = 0;
    for (let f = 0; f < alleles.length; f++) carried += alleles[f]! * copies[f]!;
    let homozygous = 0;
    for (let h = 0; h < 2 * n; h += 2) homozygous += alleles[founder[h]!]! & alleles[founder[h + 1]!]!;
    // Σg² = heterozygotes + 4·homozygotes = carried + 2·homozygotes.
    const sxx = carried + 2 * homozygous - (carried * carried) / n;
    this.sxx[v] = sxx;
    this.frequency[v] = carried / (2 * n);
    const { sxy } = this;
    sxy.fill(0);
    for (let f = 0; f < alleles.length; f++) {
      // Founders of other ancestries are copied by nobody here.
      if (alleles[f] === 0 || copies[f] === 0) continue;
      for (let k = 0, at = f * K; k < K; k++) sxy[k]! += sums[at + k]!;
    }
    for (let k = 0; k < K; k++) this.beta[k]![v] = sxx > 0 ? sxy[k]! / sxx : NaN;
  }
}
