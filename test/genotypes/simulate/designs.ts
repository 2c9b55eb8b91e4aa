/** Small designs, and what the tests of the simulator take from them. Not responsible for expectations. */
import type { Design } from '../../../genotypes/simulate/design.js';
import { founderAlleles, type FounderPanel } from '../../../genotypes/simulate/founders.js';
import { simulateCohort, type Cohort, type GenotypeSinks } from '../../../genotypes/simulate/cohort.js';
import type { People } from '../../../genotypes/simulate/pedigree.js';

export const SEED = '5eed'.repeat(16);

type Changes = { readonly [Part in Exclude<keyof Design, 'seed'>]?: Partial<Design[Part]> };

/** 300 scanned and 900 other people at 1,000 variants in 10 regions, changed as asked. */
export function designWith(changes: Changes = {}, seed = SEED): Design {
  return {
    seed,
    people: {
      imaging: 300,
      target: 900,
      reference: 100,
      minority: 0.05,
      relatives: 0.03,
      withdrawn: 0.005,
      repeat: 0.05,
      ...changes.people,
    },
    genome: {
      variants: 1_000,
      regions: 10,
      region_kb: 500,
      founders: 200,
      min_maf: 0.02,
      missing: 0.002,
      ...changes.genome,
    },
    idps: {
      t1: 4,
      swi: 2,
      cardiac: 4,
      orphans: 1,
      shared_noise: 0.25,
      brain: { snp: 0.12, blood: 0.1, covariates: 0.08 },
      heart: { snp: 0.15, blood: 0.25, covariates: 0.15 },
      causal_pool: 40,
      causal_per_idp: 15,
      ...changes.idps,
    },
    blood: { count: 4, biochemistry: 4, factors: 6, ...changes.blood },
    diseases: {
      count: 12,
      categories: 4,
      covariates_only: 1,
      incidence: 0.035,
      incidence_spread: 0.3,
      effect: 0.35,
      scale_first: 1.6,
      scale_last: 0.3,
      age: 0.3,
      bmi: 0.15,
      smoking: 0.3,
      direct_blood: 0,
      ...changes.diseases,
    },
    missing: { blood: 0.02, panel: 0.02, imaging: 0.03, informative: 0.3, ...changes.missing },
    gwas: { people: 400, overlap: 0, ...changes.gwas },
  };
}

/** A sink that keeps everything. */
export function memory(): {
  readonly sink: (bytes: Uint8Array) => void;
  bytes(): Uint8Array;
  text(): string;
} {
  const pieces: Uint8Array[] = [];
  return {
    sink: (bytes) => void pieces.push(bytes.slice()),
    bytes: () => new Uint8Array(Buffer.concat(pieces)),
    text: () => Buffer.concat(pieces).toString('utf8'),
  };
}

export type Files = Readonly<Record<'bed' | 'bim' | 'fam', Uint8Array>>;

/** A cohort and its genotype files, in memory. */
export function simulated(design: Design): {
  readonly cohort: Cohort;
  readonly files: Files;
  readonly reference: Files;
} {
  const parts = Array.from({ length: 6 }, memory);
  const sinks = (from: number): GenotypeSinks => ({
    bed: parts[from]!.sink,
    bim: parts[from + 1]!.sink,
    fam: parts[from + 2]!.sink,
  });
  const files = (from: number): Files => ({
    bed: parts[from]!.bytes(),
    bim: parts[from + 1]!.bytes(),
    fam: parts[from + 2]!.bytes(),
  });
  const cohort = simulateCohort(
    design,
    { cohort: sinks(0), reference: sinks(3) },
    { spelling: 'showcase', truthAboutPeople: true },
  );
  return { cohort, files: files(0), reference: files(3) };
}

export function peopleOf(role: number, indices: readonly number[]): People {
  return { role: Uint8Array.from(indices, () => role), index: Int32Array.from(indices) };
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

export const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
};

export function variance(values: ArrayLike<number>): number {
  const m = mean(values);
  return mean(Array.from(values, (x) => (x - m) ** 2));
}

/** Alleles of some founders at every variant. */
export function allelesOf(panel: FounderPanel, founders: readonly number[]): Uint8Array[] {
  const all = new Uint8Array(panel.founders);
  return upTo(panel.variants).map((v) => {
    founderAlleles(panel, v, all);
    return Uint8Array.from(founders, (f) => all[f]!);
  });
}

/** Squared correlation of two columns of small integers. */
export function r2(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length;
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    sa += a[i]!;
    sb += b[i]!;
    saa += a[i]! * a[i]!;
    sbb += b[i]! * b[i]!;
    sab += a[i]! * b[i]!;
  }
  return (sab - (sa * sb) / n) ** 2 / ((saa - (sa * sa) / n) * (sbb - (sb * sb) / n));
}
