/**
 * Diseases: hazards from IDPs, body mass index, smoking and, if asked for, blood; the ages at which they begin; death.
 * Not responsible for what of this is recorded (outcomes.ts).
 *
 * η = Σ β·IDP + bmi·BMI + smoking·(status / 2) + Σ direct·blood; β ~ N(0, (effect · scale)²) for 3 to 6 IDPs a disease. The first
 * category, the circulatory diseases, has effects of cardiac IDPs only.
 */
import { rngFromSeed, uniformOf } from '../../stats/rng.js';
import type { Design } from './design.js';
import { diseasesOf, type Disease } from './diseasecatalogue.js';
import { Draws } from './draws.js';
import { firstByHash, type IdpEffects } from './idpmodel.js';
import { eventAge, solveBase } from './lifetable.js';
import { AGE_SD, ageAt, type Person } from './person.js';

/** People are at risk of a disease from this age on. */
export const AT_RISK_FROM = 30;
/** The risk that `diseases.incidence` speaks of is over so many years from the scan. */
export const INCIDENCE_YEARS = 5;
const BLOOD_EFFECTS = 2;

/** Death from any cause: log hazard per year of age, base hazard at AGE_MEAN, hazard ratio of the scanned, log hazard ratios. */
const DEATH = { theta: 0.09, base: 0.0027, scanned: 0.5, male: 0.35, bmi: 0.1, smoking: 0.7 } as const;

export interface DiseaseEffects {
  readonly disease: Disease;
  readonly scale: number;
  /** Log hazard ratio per SD; `idp` is a position in the model's IDPs. Empty for a disease of covariates alone. */
  readonly idps: readonly { readonly idp: number; readonly logHazardRatio: number }[];
  /** The same for direct effects of blood traits' own levels. */
  readonly blood: readonly { readonly trait: number; readonly logHazardRatio: number }[];
  /** Mean risk over INCIDENCE_YEARS from the scan that the base hazard gives. */
  readonly risk: number;
}

export class DiseaseModel {
  readonly effects: readonly DiseaseEffects[];
  /** Hazard per year at AGE_MEAN and η = 0, by disease; 0 until `calibrate`. */
  readonly base: Float64Array;
  /** Log hazard per year of age. */
  readonly theta: number;
  private readonly onsets: readonly Draws[];
  private readonly death: Draws;

  constructor(
    private readonly design: Design,
    idps: readonly IdpEffects[],
    traits: number,
  ) {
    const { diseases, seed } = design;
    this.theta = diseases.age / AGE_SD;
    const list = diseasesOf(diseases.count, diseases.categories);
    const categories = [...new Set(list.map(({ category }) => category))];
    const alone = new Set(
      categories.flatMap((name) => {
        const members = list.filter(({ category }) => category === name);
        return firstByHash(members, diseases.covariates_only, ({ disease }) =>
          uniformOf(seed, 'covariates only', disease),
        );
      }),
    );
    this.effects = list.map((disease) => {
      const c = categories.indexOf(disease.category);
      const share = categories.length > 1 ? c / (categories.length - 1) : 0;
      const scale = diseases.scale_first + (diseases.scale_last - diseases.scale_first) * share;
      const rng = rngFromSeed(seed, 'disease', disease.disease);
      const spread = diseases.incidence_spread;
      // exp(spread·z − spread²/2) has mean 1.
      const risk = Math.min(0.5, diseases.incidence * Math.exp(spread * rng.normal() - spread ** 2 / 2));
      const among = alone.has(disease) ? [] : this.candidates(idps, c === 0);
      const count = 3 + rng.integer(4);
      return {
        disease,
        scale,
        risk,
        idps: firstByHash(among, count, ({ name }) =>
          uniformOf(seed, 'idp of disease', disease.disease, name),
        ).map(({ place, name }) => ({
          idp: place,
          logHazardRatio:
            diseases.effect * scale * rngFromSeed(seed, 'hazard', disease.disease, name).normal(),
        })),
        blood:
          diseases.direct_blood > 0 && !alone.has(disease)
            ? Array.from(rng.sample(traits, Math.min(BLOOD_EFFECTS, traits)), (trait) => ({
                trait,
                logHazardRatio: diseases.direct_blood * rng.normal(),
              }))
            : [],
      };
    });
    this.base = new Float64Array(list.length);
    this.onsets = list.map(({ disease }) => new Draws(seed, 'onset', disease));
    this.death = new Draws(seed, 'death');
  }

  private candidates(idps: readonly IdpEffects[], cardiacOnly: boolean): { place: number; name: string }[] {
    const usable = idps
      .map(({ idp, orphan }, place) => ({ place, name: idp.idp, group: idp.group, orphan }))
      .filter(({ orphan }) => !orphan);
    const cardiac = usable.filter(({ group }) => group === 'cardiac');
    return cardiacOnly && cardiac.length > 0 ? cardiac : usable;
  }

  /** e^η of one disease; 0 for people of the other sex where the disease has one. */
  ratio(d: number, person: Person, idps: Float64Array, blood: Float64Array): number {
    const { disease, idps: effects, blood: direct } = this.effects[d]!;
    if (disease.sex !== null && (disease.sex === 'male') !== (person.male === 1)) return 0;
    const { bmi, smoking } = this.design.diseases;
    let eta = bmi * person.bmi + (smoking * person.smoking) / 2;
    for (const { idp, logHazardRatio } of effects) eta += logHazardRatio * idps[idp]!;
    for (const { trait, logHazardRatio } of direct) eta += logHazardRatio * blood[trait]!;
    return Math.exp(eta);
  }

  /** Sets the base hazards by people like those who are scanned. `ratios[d]` are their e^η; `ages` at their scan. */
  calibrate(ratios: readonly Float64Array[], ages: Float64Array): void {
    ratios.forEach((ratio, d) => {
      const people = Array.from(ages, (from, i) => ({ ratio: ratio[i]!, from, to: from + INCIDENCE_YEARS }));
      this.base[d] = solveBase(
        people.filter((one) => one.ratio > 0),
        this.theta,
        AT_RISK_FROM,
        this.effects[d]!.risk,
      );
    });
  }

  /** The day on which a disease begins; Infinity for never. Death and the end of records are not considered. */
  onset(d: number, person: Person, ratio: number): number {
    const exponential = -Math.log(1 - this.onsets[d]!.uniform(person.index, person.role));
    const age = eventAge(this.theta, this.base[d]! * ratio, AT_RISK_FROM, exponential);
    return dayAtAge(person, age);
  }

  /** The day of death, after time zero. */
  deathDay(person: Person): number {
    const { theta, base, scanned, male, bmi, smoking } = DEATH;
    const healthy = Number.isNaN(person.scanned) ? 1 : scanned;
    const rate =
      base * healthy * Math.exp(male * person.male + bmi * person.bmi + (smoking * person.smoking) / 2);
    const exponential = -Math.log(1 - this.death.uniform(person.index, person.role));
    return Math.max(
      person.zero + 1,
      dayAtAge(person, eventAge(theta, rate, ageAt(person, person.zero), exponential)),
    );
  }
}

function dayAtAge(person: Person, age: number): number {
  return age === Infinity ? Infinity : person.birth + Math.floor(age * 365.25);
}
