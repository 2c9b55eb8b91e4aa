/**
 * A person's covariates: sex, ages, dates, place, body mass index, smoking.
 * Not responsible for blood, IDPs or diseases, which are made from these.
 *
 * Time zero is the scan for people with one and recruitment for the others. People who are scanned are a little younger at
 * recruitment, leaner and smoke less: healthy volunteers.
 */
import { DAYS_PER_YEAR, RECRUITMENT, REPEAT, SCANS, type Country } from './calendar.js';
import type { Design } from './design.js';
import { Draws } from './draws.js';
import { TARGET, type Families } from './pedigree.js';

/** Age is counted in units of this many years from this mean wherever an effect is "per SD of age". */
export const AGE_MEAN = 60;
export const AGE_SD = 8;
export const BMI_MEAN = 27.4;
export const BMI_SD = 4.6;

/** Share of the variance of (standard) body mass index that age and sex explain, each with this coefficient. */
const BMI_ON_AGE = 0.1;
const BMI_ON_SEX = 0.1;
const LEANER = 0.15;

/** Covariance of the standard covariates age, sex (±1) and body mass index, as they are made here. */
export const COVARIATE_COVARIANCE = [
  [1, 0, BMI_ON_AGE],
  [0, 1, BMI_ON_SEX],
  [BMI_ON_AGE, BMI_ON_SEX, 1],
] as const;

export interface Person {
  readonly role: number;
  readonly index: number;
  readonly ancestry: number;
  /** 1 a man, 0 a woman. */
  readonly male: 0 | 1;
  readonly birth: number;
  readonly recruited: number;
  readonly repeated: number;
  /** NaN for people who are not scanned. */
  readonly scanned: number;
  /** Day of time zero. */
  readonly zero: number;
  readonly country: Country;
  /** Habitual body mass index, standardised. */
  readonly bmi: number;
  /** 0 never, 1 previous, 2 current. */
  readonly smoking: 0 | 1 | 2;
}

/** Years from birth to a day. */
export const ageAt = (person: Person, day: number): number => (day - person.birth) / DAYS_PER_YEAR;

/** Age at a day as the effects take it. */
export const standardAge = (person: Person, day: number): number => (ageAt(person, day) - AGE_MEAN) / AGE_SD;

const within = ([from, to]: readonly [number, number], u: number): number =>
  from + Math.floor(u * (to - from + 1));

export class PersonModel {
  private readonly sex: Draws;
  private readonly age: Draws;
  private readonly dates: Draws;
  private readonly place: Draws;
  private readonly mass: Draws;
  private readonly smoke: Draws;

  constructor(
    { seed }: Design,
    private readonly families: Families,
  ) {
    this.sex = new Draws(seed, 'sex');
    this.age = new Draws(seed, 'age');
    this.dates = new Draws(seed, 'dates');
    this.place = new Draws(seed, 'place');
    this.mass = new Draws(seed, 'body mass index');
    this.smoke = new Draws(seed, 'smoking');
  }

  draw(role: number, index: number): Person {
    const scannedRole = role !== TARGET;
    const male = this.sex.uniform(index, role) < 0.46 ? 1 : 0;
    const recruited = within(RECRUITMENT, this.dates.uniform(index, role));
    const scanned = within(SCANS, this.dates.second());
    const repeated = within(REPEAT, this.dates.uniform(index, role, 1));
    const birth = recruited - Math.floor(this.recruitmentAge(role, index) * DAYS_PER_YEAR);
    const zero = scannedRole ? scanned : recruited;
    const place = this.place.uniform(index, role);
    const smoke = this.smoke.uniform(index, role);
    const age = ((zero - birth) / DAYS_PER_YEAR - AGE_MEAN) / AGE_SD;
    const own = Math.sqrt(1 - BMI_ON_AGE ** 2 - BMI_ON_SEX ** 2) * this.mass.normal(index, role);
    return {
      role,
      index,
      ancestry: this.families.ancestry(role, index),
      male,
      birth,
      recruited,
      repeated,
      scanned: scannedRole ? scanned : NaN,
      zero,
      country: place < 0.89 ? 'England' : place < 0.96 ? 'Scotland' : 'Wales',
      bmi: BMI_ON_AGE * age + BMI_ON_SEX * (male ? 1 : -1) + own - (scannedRole ? LEANER : 0),
      smoking: scannedRole
        ? smoke < 0.61
          ? 0
          : smoke < 0.94
            ? 1
            : 2
        : smoke < 0.55
          ? 0
          : smoke < 0.9
            ? 1
            : 2,
    };
  }

  /** 40 to 70 years, more people near 70; a child is 20 to 28 years younger than its parent. */
  private recruitmentAge(role: number, index: number): number {
    if (this.families.relation(role, index) === 'parent-child') {
      const parent = 62 + 7.9 * this.age.uniform(index & ~1, role);
      return (index & 1) === 0 ? parent : Math.max(40, parent - 20 - 8 * this.age.uniform(index, role));
    }
    const u = this.age.uniform(index, role);
    // u^¾, and u^⅞ for those who will be scanned, by square roots.
    const root = Math.sqrt(u);
    return 40 + 29.99 * Math.sqrt(u * (role === TARGET ? root : Math.sqrt(u * root)));
  }
}
