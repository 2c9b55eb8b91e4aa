/**
 * What registers and hospitals recorded: dates of first occurrence, diagnoses with dates, death, loss to follow-up.
 * Not responsible for when diseases truly begin (diseasemodel.ts).
 *
 * Nothing is recorded after death, after a person is lost, or after the day to which the country's records are complete.
 */
import { CENSORING, dateOf, HOSPITAL_RECORDS, SPECIAL_DATES } from './calendar.js';
import type { Design } from './design.js';
import type { Disease } from './diseasecatalogue.js';
import type { DiseaseModel } from './diseasemodel.js';
import { Draws } from './draws.js';
import type { Person } from './person.js';
import { SheetBuilder, type Sheet, type Spelling } from './ukbcolumns.js';

/** Share of people lost to follow-up; of first occurrences before recruitment without a usable date. */
const LOST = 0.003;
const UNDATED = 0.01;
/** Causes of death that no simulated disease accounts for. */
const OTHER_CAUSES = ['C349', 'C189', 'C259', 'C509', 'C61', 'I219', 'J440', 'G309'] as const;
/** Three-character codes that ICD-10 does not divide. */
const UNDIVIDED = new Set([
  'I10',
  'J22',
  'J90',
  'B07',
  'A09',
  'A46',
  'F03',
  'N40',
  'N23',
  'N63',
  'G35',
  'G20',
  'E86',
  'L82',
]);

export class Outcomes {
  private readonly first: SheetBuilder;
  private readonly occurrences: readonly (string | null)[][];
  private readonly lost: (string | null)[];
  private readonly died: (string | null)[];
  private readonly cause: (string | null)[];
  private readonly diagnoses: { code: string; day: number }[][];
  private readonly lostDraws: Draws;
  private readonly causeDraws: Draws;
  private readonly undated: Draws;
  private readonly codes: Draws;

  constructor(
    design: Design,
    private readonly spelling: Spelling,
    private readonly ids: readonly string[],
    private readonly model: DiseaseModel,
  ) {
    this.first = new SheetBuilder(spelling, ids);
    this.lost = this.first.texts(191);
    this.died = this.first.texts(40000);
    this.cause = this.first.texts(40001);
    this.occurrences = model.effects.map(({ disease }) => this.first.texts(disease.field));
    this.diagnoses = ids.map(() => []);
    this.lostDraws = new Draws(design.seed, 'lost');
    this.causeDraws = new Draws(design.seed, 'cause of death');
    this.undated = new Draws(design.seed, 'undated');
    this.codes = new Draws(design.seed, 'diagnosis code');
  }

  record(row: number, person: Person, idps: Float64Array, blood: Float64Array): void {
    const { index, role } = person;
    const end = CENSORING[person.country];
    const death = this.model.deathDay(person);
    let last = Math.min(end, death);
    if (this.lostDraws.uniform(index, role) < LOST) {
      const day = person.zero + 1 + Math.floor(this.lostDraws.second() * (end - person.zero));
      if (day < last) {
        last = day;
        this.lost[row] = dateOf(day);
      }
    }
    const diagnoses = this.diagnoses[row]!;
    this.model.effects.forEach(({ disease }, d) => {
      const day = this.model.onset(d, person, this.model.ratio(d, person, idps, blood));
      if (day > last) return;
      const dateless = day < person.recruited && this.undated.uniform(index, role, disease.field) < UNDATED;
      this.occurrences[d]![row] = dateless
        ? SPECIAL_DATES[Math.floor(this.undated.second() * SPECIAL_DATES.length)]!
        : dateOf(day);
      if (day >= HOSPITAL_RECORDS) diagnoses.push({ code: this.codeOf(disease, person), day });
    });
    diagnoses.sort((a, b) => a.day - b.day || (a.code < b.code ? -1 : 1));
    if (death > last) return;
    this.died[row] = dateOf(death);
    const known = diagnoses.at(-1)?.code;
    const other = OTHER_CAUSES[Math.floor(this.causeDraws.uniform(index, role) * OTHER_CAUSES.length)]!;
    this.cause[row] = known !== undefined && this.causeDraws.second() < 0.5 ? known : other;
  }

  private codeOf({ disease, field }: Disease, person: Person): string {
    if (UNDIVIDED.has(disease)) return disease;
    return disease + '0189'[Math.floor(4 * this.codes.uniform(person.index, person.role, field))]!;
  }

  /** `hospital` holds fields 41270 and 41280, paired by array index, in order of date. */
  finish(): { firstOccurrences: Sheet; hospital: Sheet } {
    const hospital = new SheetBuilder(this.spelling, this.ids);
    const most = this.diagnoses.reduce((max, list) => Math.max(max, list.length), 0);
    for (let array = 0; array < most; array++) {
      const [codes, dates] = [hospital.texts(41270, 0, array), hospital.texts(41280, 0, array)];
      this.diagnoses.forEach((list, row) => {
        const one = list[array];
        if (one) [codes[row], dates[row]] = [one.code, dateOf(one.day)];
      });
    }
    return { firstOccurrences: this.first.finish(), hospital: hospital.finish() };
  }
}
