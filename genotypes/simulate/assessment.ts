/**
 * What the assessment centres and the laboratory recorded: covariates, genotyping flags, blood at instances 0 and 1, and at
 * instance 2 covariates and IDPs of those who were scanned, in units, rounded, with missing values.
 * Not responsible for the values behind (person.ts, bloodmodel.ts, idpmodel.ts) nor for diseases and deaths (outcomes.ts).
 */
import { bloodValue, type BloodModel } from './bloodmodel.js';
import { dateOf } from './calendar.js';
import type { Design } from './design.js';
import { Draws } from './draws.js';
import { SCORE_AXES } from './genotyping.js';
import type { IdpEffects } from './idpmodel.js';
import { ageAt, BMI_MEAN, BMI_SD, type Person } from './person.js';
import { IMAGING } from './pedigree.js';
import { SheetBuilder, type Sheet, type Spelling } from './ukbcolumns.js';

const CENTRES = {
  England: [
    11001, 11002, 11006, 11007, 11008, 11009, 11010, 11011, 11012, 11013, 11014, 11016, 11017, 11018, 11020,
    11021,
  ],
  Scotland: [11004, 11005],
  Wales: [11003, 11022, 11023],
} as const;
const IMAGING_CENTRES = [11025, 11026, 11027] as const;

/** Field 21000 by ancestry, with the share of each code. */
const ETHNICITY: readonly (readonly (readonly [share: number, code: number])[])[] = [
  [
    [0.92, 1001],
    [0.03, 1002],
    [0.05, 1003],
  ],
  [
    [0.55, 4001],
    [0.45, 4002],
  ],
  [
    [0.7, 3001],
    [0.2, 3002],
    [0.1, 3003],
  ],
  [[1, 5]],
];
const BRITISH = 1001;
const PREFER_NOT_TO_ANSWER = -3;
/** Shares of people without an answer, with a genetic sex that is not the recorded one, and with genotyping flags. */
const UNANSWERED = 0.005;
const SEX_MISMATCH = 0.0005;
const ANEUPLOIDY = 0.001;
const HETEROZYGOSITY_OUTLIER = 0.002;
/** Body mass index at another visit than that of time zero. */
const BMI_STABILITY = 0.95;
/** Share of former smokers at the scan who still smoked at recruitment. */
const QUIT_BETWEEN = 0.08;
/** Single IDPs are missing this much as often as whole modalities. */
const SINGLE_IDP = 1 / 3;

const round = (value: number, decimals: number): number =>
  Math.round(value * 10 ** decimals) / 10 ** decimals;

/** The probability whose log odds are those of `share` plus `shift`. */
function shifted(share: number, shift: number): number {
  return share <= 0 ? 0 : 1 / (1 + ((1 - share) / share) * Math.exp(-shift));
}

export class Assessment {
  private readonly people: SheetBuilder;
  private readonly scans: SheetBuilder;
  private readonly draw: (purpose: string) => Draws;
  private readonly fields;
  private readonly scanFields;
  private readonly blood: readonly BloodColumns[];
  private readonly laterVisit: { readonly date: (string | null)[]; readonly age: Float64Array } | null;
  private readonly idps: readonly { readonly column: Float64Array; readonly missing: Draws }[];
  private readonly modality: Draws;
  private readonly rowOfScan = new Map<string, number>();

  constructor(
    private readonly design: Design,
    spelling: Spelling,
    ids: readonly string[],
    scanned: readonly string[],
    private readonly bloodModel: BloodModel,
    private readonly idpEffects: readonly IdpEffects[],
  ) {
    const draws = new Map<string, Draws>();
    this.draw = (purpose) => {
      let one = draws.get(purpose);
      if (!one) draws.set(purpose, (one = new Draws(design.seed, 'assessment', purpose)));
      return one;
    };
    const sheet = (this.people = new SheetBuilder(spelling, ids));
    this.fields = {
      sex: sheet.numbers(31),
      year: sheet.numbers(34),
      month: sheet.numbers(52),
      date: sheet.texts(53),
      centre: sheet.numbers(54),
      age: sheet.numbers(21003),
      bmi: sheet.numbers(21001),
      smoking: sheet.numbers(20116),
      ethnicity: sheet.numbers(21000),
      fasting: sheet.numbers(74),
      batch: sheet.numbers(22000),
      geneticSex: sheet.numbers(22001),
      british: sheet.numbers(22006),
      components: Array.from({ length: SCORE_AXES }, (_, axis) => sheet.numbers(22009, 0, axis + 1)),
      aneuploidy: sheet.numbers(22019),
      kinship: sheet.numbers(22021),
      heterozygosity: sheet.numbers(22027),
    };
    const repeats = design.people.repeat > 0;
    this.blood = bloodModel.traits.map(({ trait }) => ({
      first: sheet.numbers(Number(trait), 0),
      later: repeats ? sheet.numbers(Number(trait), 1) : null,
      missing: new Draws(design.seed, 'missing blood', trait),
    }));
    this.laterVisit = repeats ? { date: sheet.texts(53, 1), age: sheet.numbers(21003, 1) } : null;
    const scans = (this.scans = new SheetBuilder(spelling, scanned));
    scanned.forEach((id, row) => this.rowOfScan.set(id, row));
    this.scanFields = {
      date: scans.texts(53, 2),
      centre: scans.numbers(54, 2),
      age: scans.numbers(21003, 2),
      bmi: scans.numbers(21001, 2),
      smoking: scans.numbers(20116, 2),
    };
    this.idps = idpEffects.map(({ idp }) => {
      return {
        column: scans.numbers(Number(idp.idp), 2),
        missing: new Draws(design.seed, 'missing idp', idp.idp),
      };
    });
    this.modality = new Draws(design.seed, 'missing modality');
  }

  /** Records a person at a row of the people, under an id; `scores` are read at scores[axis × people + row]. */
  record(
    row: number,
    id: string,
    person: Person,
    own: Float64Array,
    idps: Float64Array,
    genetic: GeneticRecord,
  ): void {
    this.recordVisit(row, person);
    this.recordGenetics(row, person, genetic);
    this.recordBlood(row, person, own);
    const scan = this.rowOfScan.get(id);
    if (scan !== undefined) this.recordScan(scan, person, idps);
  }

  private recordVisit(row: number, person: Person): void {
    const { fields } = this;
    const { index, role, country, male } = person;
    const u = (purpose: string): number => this.draw(purpose).uniform(index, role);
    const birth = dateOf(person.birth);
    fields.sex[row] = male;
    fields.year[row] = Number(birth.slice(0, 4));
    fields.month[row] = Number(birth.slice(5, 7));
    fields.date[row] = dateOf(person.recruited);
    fields.centre[row] = CENTRES[country][Math.floor(u('centre') * CENTRES[country].length)]!;
    fields.age[row] = Math.floor(ageAt(person, person.recruited));
    if (u('no body mass index') >= UNANSWERED) fields.bmi[row] = this.bmiAt(person, 0);
    const stillSmoking = person.smoking === 1 && person.role === IMAGING && u('quit') < QUIT_BETWEEN;
    fields.smoking[row] =
      u('no smoking') < UNANSWERED ? PREFER_NOT_TO_ANSWER : stillSmoking ? 2 : person.smoking;
    fields.fasting[row] = 1 + Math.floor(6 * u('fasting') * u('fasting late'));
    if (this.laterVisit && this.gaveBloodAgain(person)) {
      this.laterVisit.date[row] = dateOf(person.repeated);
      this.laterVisit.age[row] = Math.floor(ageAt(person, person.repeated));
    }
  }

  private bmiAt(person: Person, instance: number): number {
    const isZero = (instance === 2) === (person.role === IMAGING);
    const noise = isZero ? 0 : this.draw('body mass index').normal(person.index, person.role);
    const z = isZero ? person.bmi : BMI_STABILITY * person.bmi + Math.sqrt(1 - BMI_STABILITY ** 2) * noise;
    return round(Math.max(14, BMI_MEAN + BMI_SD * z), 4);
  }

  private recordGenetics(row: number, person: Person, { scores, related, people }: GeneticRecord): void {
    const { fields } = this;
    const u = (purpose: string): number => this.draw(purpose).uniform(person.index, person.role);
    let at = u('ethnicity');
    const codes = ETHNICITY[person.ancestry]!;
    const code = (codes.find(([share]) => (at -= share) < 0) ?? codes[0]!)[1];
    fields.ethnicity[row] = u('no ethnicity') < UNANSWERED ? PREFER_NOT_TO_ANSWER : code;
    fields.batch[row] =
      u('batch') < 0.1 ? -1 - Math.floor(11 * u('which batch')) : 1 + Math.floor(95 * u('which batch'));
    fields.geneticSex[row] = u('genetic sex') < SEX_MISMATCH ? 1 - person.male : person.male;
    if (code === BRITISH) fields.british[row] = 1;
    fields.components.forEach((column, axis) => (column[row] = round(scores[axis * people + row]!, 5)));
    if (u('aneuploidy') < ANEUPLOIDY) fields.aneuploidy[row] = 1;
    fields.kinship[row] = related ? 1 : 0;
    if (u('heterozygosity') < HETEROZYGOSITY_OUTLIER) fields.heterozygosity[row] = 1;
  }

  private gaveBloodAgain({ index, role }: Person): boolean {
    return this.draw('repeat visit').uniform(index, role) < this.design.people.repeat;
  }

  private recordBlood(row: number, person: Person, own: Float64Array): void {
    const { blood, panel, informative } = this.design.missing;
    const { index, role } = person;
    const again = this.gaveBloodAgain(person);
    const taken = this.draw('blood panel').uniform(index, role) >= panel;
    this.bloodModel.traits.forEach((trait, t) => {
      const { first, later, missing } = this.blood[t]!;
      const put = (column: Float64Array, z: number, u: number): void => {
        if (z < trait.reportable || u < shifted(blood, informative * z)) return;
        column[row] = round(bloodValue(trait, z), trait.decimals);
      };
      const u = missing.uniform(index, role);
      const other = missing.second();
      if (taken) put(first, this.bloodModel.level(person, t, own[t]!, person.recruited), u);
      if (!later || !again) return;
      const level = this.bloodModel.ownLater(person, t, own[t]!);
      put(later, this.bloodModel.level(person, t, level, person.repeated), other);
    });
  }

  private recordScan(row: number, person: Person, idps: Float64Array): void {
    const { scanFields: fields } = this;
    const { index, role } = person;
    fields.date[row] = dateOf(person.scanned);
    fields.centre[row] = IMAGING_CENTRES[Math.floor(this.draw('imaging centre').uniform(index, role) * 3)]!;
    fields.age[row] = Math.floor(ageAt(person, person.scanned));
    if (this.draw('no body mass index').uniform(index, role, 2) >= UNANSWERED)
      fields.bmi[row] = this.bmiAt(person, 2);
    const silent = this.draw('no smoking').uniform(index, role, 2) < UNANSWERED;
    fields.smoking[row] = silent ? PREFER_NOT_TO_ANSWER : person.smoking;
    const { imaging, informative } = this.design.missing;
    // Heavier people fit the scanner less well and move more.
    const whole = shifted(imaging, informative * person.bmi);
    const done = (group: number): boolean => this.modality.uniform(index, role, group) >= whole;
    const groups = { t1: done(0), swi: done(1), cardiac: done(2) } as const;
    this.idpEffects.forEach(({ idp }, k) => {
      const { column, missing } = this.idps[k]!;
      if (!groups[idp.group] || missing.uniform(index, role) < SINGLE_IDP * whole) return;
      column[row] = Number((idp.mean + idp.sd * idps[k]!).toPrecision(6));
    });
  }

  finish(): { people: Sheet; scans: Sheet } {
    return { people: this.people.finish(), scans: this.scans.finish() };
  }
}

interface BloodColumns {
  readonly first: Float64Array;
  readonly later: Float64Array | null;
  readonly missing: Draws;
}

export interface GeneticRecord {
  readonly scores: Float64Array;
  readonly people: number;
  /** Has a relative in the cohort. */
  readonly related: boolean;
}
