/**
 * The truth behind a simulated cohort, for tests and validation only: no task of a study may read it.
 * Not responsible for drawing anything.
 */
import type { Models } from './models.js';
import { ANCESTRIES } from './demography.js';
import type { DiseaseModel } from './diseasemodel.js';
import { founderFrequency, variantId } from './founders.js';
import type { IdpEffects, IdpParts } from './idpmodel.js';
import { ROLES } from './pedigree.js';
import type { Person } from './person.js';
import { SheetBuilder, type Sheet } from './ukbcolumns.js';

export interface Truth {
  /** Causal variants and their alternative alleles' frequencies among the main ancestry's founders. */
  readonly pool: readonly { readonly variant: string; readonly frequency: number }[];
  readonly idps: readonly {
    readonly idp: string;
    readonly orphan: boolean;
    readonly shares: { readonly snp: number; readonly blood: number; readonly covariates: number };
    /** SDs of the IDP per copy of the alternative allele. */
    readonly snps: readonly { readonly variant: string; readonly beta: number }[];
    /** SDs of the IDP per unit of a trait's own level, whose variance is 0.7. */
    readonly blood: readonly { readonly trait: string; readonly beta: number }[];
    /** Per 8 years of age, per ±1 of sex (men +1), per 4.6 kg/m² of body mass index. */
    readonly covariates: { readonly age: number; readonly sex: number; readonly bmi: number };
  }[];
  readonly diseases: readonly {
    readonly disease: string;
    readonly category: string;
    readonly scale: number;
    /** Per year at age 60, when every covariate and IDP is 0. */
    readonly base_hazard: number;
    readonly five_year_risk: number;
    readonly idps: readonly { readonly idp: string; readonly log_hazard_ratio: number }[];
    readonly blood: readonly { readonly trait: string; readonly log_hazard_ratio: number }[];
    /** Log hazard ratios per 8 years, per 4.6 kg/m², and of current against never smoking. */
    readonly age: number;
    readonly bmi: number;
    readonly smoking: number;
  }[];
}

export function truthOf({ design, panel, blood, idps }: Models, diseases: DiseaseModel): Truth {
  const name = (j: number): string => variantId(panel, idps.pool[j]!);
  return {
    pool: Array.from(idps.pool, (v) => ({
      variant: variantId(panel, v),
      frequency: founderFrequency(panel, v, 0),
    })),
    idps: idps.effects.map((one) => ({
      idp: one.idp.idp,
      orphan: one.orphan,
      shares: one.shares,
      snps: Array.from(one.snps, (j, i) => ({ variant: name(j), beta: one.perAllele[i]! })),
      blood: one.blood.map(({ trait, weight }) => ({ trait: blood.traits[trait]!.trait, beta: weight })),
      covariates: { age: one.covariates[0], sex: one.covariates[1], bmi: one.covariates[2] },
    })),
    diseases: diseases.effects.map((one, d) => ({
      disease: one.disease.disease,
      category: one.disease.category,
      scale: one.scale,
      base_hazard: diseases.base[d]!,
      five_year_risk: one.risk,
      idps: one.idps.map(({ idp, logHazardRatio }) => {
        return { idp: idps.effects[idp]!.idp.idp, log_hazard_ratio: logHazardRatio };
      }),
      blood: one.blood.map(({ trait, logHazardRatio }) => {
        return { trait: blood.traits[trait]!.trait, log_hazard_ratio: logHazardRatio };
      }),
      age: design.diseases.age,
      bmi: design.diseases.bmi,
      smoking: design.diseases.smoking,
    })),
  };
}

/** Ancestry and role of everyone; of the IDPs asked for, the true value at time zero and its genetic part, in SDs. */
export class TruthAboutPeople {
  private readonly sheet: SheetBuilder;
  private readonly ancestry: (string | null)[];
  private readonly role: (string | null)[];
  private readonly values: readonly { readonly total: Float64Array; readonly genetic: Float64Array }[];

  constructor(idps: readonly IdpEffects[], ids: readonly string[]) {
    this.sheet = new SheetBuilder('showcase', ids);
    this.ancestry = this.sheet.namedTexts('ancestry');
    this.role = this.sheet.namedTexts('cohort');
    this.values = idps.map(({ idp }) => ({
      total: this.sheet.namedNumbers(idp.idp),
      genetic: this.sheet.namedNumbers(`${idp.idp}_genetic`),
    }));
  }

  record(row: number, person: Person, parts: IdpParts): void {
    this.ancestry[row] = ANCESTRIES[person.ancestry]!;
    this.role[row] = ROLES[person.role]!;
    this.values.forEach(({ total, genetic }, k) => {
      total[row] = parts.total[k]!;
      genetic[row] = parts.genetic[k]!;
    });
  }

  finish(): Sheet {
    return this.sheet.finish();
  }
}
