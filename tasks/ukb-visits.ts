/**
 * Covariates of people in a UK Biobank extract, each of the visit that is the person's time zero.
 *
 * Not responsible for who the people are, nor for time zero itself (ukb-people.ts).
 */
import { TaskError } from '../engine/task.js';
import type { ExtractTables } from './ukb-extract.js';

/** Results of genotyping have no visit. */
const isGenetic = (field: number): boolean => field >= 22_000 && field < 23_000;

export const FIELDS = {
  sex: 31,
  date: 53,
  centre: 54,
  smoking: 20_116,
  ethnicity: 21_000,
  bmi: 21_001,
  age: 21_003,
  batch: 22_000,
  geneticSex: 22_001,
  whiteBritish: 22_006,
  aneuploidy: 22_019,
  relatedness: 22_021,
  outlier: 22_027,
} as const;
/** The instance of the scan. */
export const SCAN = 2;

export interface Covariate {
  readonly name: string;
  readonly field: number;
  readonly instance: number | null;
  readonly array: number;
  readonly arrays: readonly [number, number] | null;
  readonly missing: readonly number[];
}

/** Values of the visit that is each person's time zero. */
export class Visits {
  private readonly absent: string[] = [];

  /** @param atScan 1 where time zero is the scan. */
  constructor(
    private readonly table: ExtractTables,
    private readonly atScan: Uint8Array,
  ) {}

  choose(first: Float64Array, scan: Float64Array): Float64Array {
    return first.map((value, row) => (this.atScan[row] === 1 ? scan[row]! : value));
  }

  /** At one visit, or (null) at that of time zero. Codes in `missing` are no values. */
  values(field: number, instance: number | null, array = 0, missing: readonly number[] = []): Float64Array {
    const read = (at: number): Float64Array => {
      const values = this.table.numbers(field, at, array);
      return values ?? new Float64Array(this.atScan.length).fill(NaN);
    };
    const wanted = instance === null ? [0, ...(this.atScan.includes(1) ? [SCAN] : [])] : [instance];
    for (const at of wanted) {
      if (!this.table.has(field, at, array)) this.absent.push(this.table.whyAbsent(field, at, array));
    }
    const values = instance === null ? this.choose(read(0), read(SCAN)) : read(instance);
    return missing.length === 0 ? values : values.map((value) => (missing.includes(value) ? NaN : value));
  }

  /** The same, of a field without which there is no study. */
  required(field: number, instance: number | null): Float64Array {
    const values = this.values(field, instance);
    if (!values.every(Number.isNaN)) return values;
    throw new TaskError(this.absent.at(-1) ?? `nobody has a value in field ${field}`, { port: 'assessment' });
  }

  /** What `values` did not find, one sentence each. */
  whatIsAbsent(): string[] {
    return [...new Set(this.absent)];
  }

  has(field: number): boolean {
    return this.table.has(field, 0);
  }
}

/** Age, sex, body mass index, smoking and the flags of genotyping. @throws TaskError without sex or age. */
export function coreColumns(visits: Visits): [string, Float64Array][] {
  const male = visits.required(FIELDS.sex, 0);
  const age = visits.required(FIELDS.age, null);
  const batch = visits.values(FIELDS.batch, 0);
  const geneticMale = visits.values(FIELDS.geneticSex, 0);
  /** UK Biobank writes 1 or nothing; nothing is no for people who were genotyped. */
  const flag = (field: number): Float64Array =>
    visits.values(field, 0).map((value, row) => {
      const genotyped = !Number.isNaN(batch[row]!) || !Number.isNaN(geneticMale[row]!);
      return value === 1 ? 1 : genotyped && visits.has(field) ? 0 : NaN;
    });
  return [
    ['age', age],
    ['male', male],
    ['bmi', visits.values(FIELDS.bmi, null)],
    ['smoking', visits.values(FIELDS.smoking, null, 0, [-3])],
    ['white_british', flag(FIELDS.whiteBritish)],
    ['ancestry', visits.values(FIELDS.ethnicity, 0, 0, [-1, -3])],
    ['genetic_male', geneticMale],
    ['sex_mismatch', male.map((sex, row) => unlike(sex, geneticMale[row]!))],
    ['aneuploidy', flag(FIELDS.aneuploidy)],
    ['outlier', flag(FIELDS.outlier)],
    ['relatedness', visits.values(FIELDS.relatedness, 0)],
    ['bileve', batch.map((value) => (Number.isNaN(value) ? NaN : value < 0 ? 1 : 0))],
  ];
}

const unlike = (a: number, b: number): number => (Number.isNaN(a) || Number.isNaN(b) ? NaN : a === b ? 0 : 1);

/** One column, or one for each of `arrays`. */
export function covariateColumns(visits: Visits, covariate: Covariate): [string, Float64Array][] {
  const { name, field, array, arrays, missing } = covariate;
  const instance = covariate.instance ?? (isGenetic(field) ? 0 : null);
  if (!arrays) return [[name, visits.values(field, instance, array, missing)]];
  const [first, last] = arrays;
  if (last < first) throw new TaskError(`the arrays of the covariate '${name}' run from ${first} to ${last}`);
  return Array.from({ length: last - first + 1 }, (_, k) => {
    return [`${name}${first + k}`, visits.values(field, instance, first + k, missing)];
  });
}
