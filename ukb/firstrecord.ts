/**
 * First records: for each person and disease the day of the earliest record, and who is neither case nor control.
 * Not responsible for where records come from.
 *
 * Memory: eight bytes a person and disease (the result), and two bits.
 */
import type { DiseaseDefinition } from './disease.js';
import { NO_DATE, NOT_ELIGIBLE, UNKNOWN_DATE } from './date.js';

/** Sex of a person. */
export const FEMALE = 0;
export const MALE = 1;

export interface DiseaseCount {
  readonly cases: number;
  readonly unknownDate: number;
  readonly excluded: number;
  readonly otherSex: number;
}

export class FirstRecords {
  /** By disease, then person: NaN for never. */
  readonly days: readonly Float64Array[];
  /** By source, then disease: people with a record. */
  readonly bySource = new Map<string, Int32Array>();
  private readonly excluded: Bits;
  private readonly seen: Bits;
  private readonly otherSex: readonly (number | null)[];
  private counts = new Int32Array();

  /** @param male 1, 0 or NaN for each person; nobody is of the wrong sex when it is absent. */
  constructor(
    private readonly people: number,
    diseases: readonly DiseaseDefinition[],
    private readonly male?: Float64Array,
  ) {
    this.days = diseases.map(() => new Float64Array(people).fill(NaN));
    this.otherSex = diseases.map(({ sex }) => (sex === null ? null : sex === 'male' ? FEMALE : MALE));
    this.excluded = new Bits(people * diseases.length);
    this.seen = new Bits(people * diseases.length);
  }

  /** The records that follow are of this source. */
  begin(source: string): void {
    this.seen.clear();
    this.counts = new Int32Array(this.days.length);
    this.bySource.set(source, this.counts);
  }

  /** @param day a day number, UNKNOWN_DATE or NO_DATE. */
  record(person: number, disease: number, day: number): void {
    if (this.isOtherSex(person, disease)) return;
    const days = this.days[disease]!;
    if (!(days[person]! <= day)) days[person] = day;
    if (this.seen.set(disease * this.people + person)) this.counts[disease]!++;
  }

  /** A record that makes the person unfit as a control. */
  exclude(person: number, disease: number): void {
    this.excluded.set(disease * this.people + person);
  }

  /** Puts the sentinels in the place of what is no date. Once, after the last record. */
  finish(): DiseaseCount[] {
    return this.days.map((days, disease) => {
      let [cases, unknownDate, excluded, otherSex] = [0, 0, 0, 0];
      for (let person = 0; person < days.length; person++) {
        const day = days[person]!;
        if (this.isOtherSex(person, disease)) {
          days[person] = NOT_ELIGIBLE;
          otherSex++;
        } else if (!Number.isNaN(day)) {
          cases++;
          if (day === NO_DATE) days[person] = UNKNOWN_DATE;
          if (day === NO_DATE || day === UNKNOWN_DATE) unknownDate++;
        } else if (this.excluded.has(disease * this.people + person)) {
          days[person] = NOT_ELIGIBLE;
          excluded++;
        }
      }
      return { cases, unknownDate, excluded, otherSex };
    });
  }

  private isOtherSex(person: number, disease: number): boolean {
    const other = this.otherSex[disease] ?? null;
    return other !== null && this.male !== undefined && this.male[person] === other;
  }
}

class Bits {
  private readonly words: Uint8Array;
  constructor(count: number) {
    this.words = new Uint8Array(Math.ceil(count / 8));
  }
  clear(): void {
    this.words.fill(0);
  }
  has(at: number): boolean {
    return (this.words[at >>> 3]! & (1 << (at & 7))) !== 0;
  }
  /** Whether it was not set before. */
  set(at: number): boolean {
    const before = this.words[at >>> 3]!;
    const after = before | (1 << (at & 7));
    this.words[at >>> 3] = after;
    return after !== before;
  }
}
