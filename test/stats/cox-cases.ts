// The reference cases of test/reference/cox.R as inputs of stats/cox*.ts, shared by several test files.
import type { SurvivalData } from '../../stats/cox-data.js';
import type { Ties } from '../../stats/cox-terms.js';
import { haveData, readCohort, readReference, type Cohort } from './cohort-csv.js';

interface CovariateSpec {
  column: string;
  equals?: string | number;
  log?: boolean;
}

interface CaseSpec {
  file?: string;
  dataset?: number;
  large?: boolean;
  time: string;
  add?: number;
  start?: string;
  strata?: string;
  weights?: string;
  ties: Ties;
  event: { column: string; values: (string | number)[]; missing_is_censored?: boolean };
  covariates: CovariateSpec[];
}

type Vector = number | (number | null)[];

export interface CoxCase {
  name: string;
  call: string;
  spec: CaseSpec;
  n: number;
  events: number;
  beta: Vector;
  se: Vector;
  variance: Vector;
  loglik: [number, number];
  score: number;
  wald: number;
  iterations: number;
  warnings: string[] | string;
  robust_se?: Vector;
  cluster_se?: Vector;
  concordance?: [number, number, number, number, number, number];
  zph?: { transform: 'km' | 'identity' | 'rank' | 'log'; chisq: number[]; df: number[]; p: number[] }[];
  schoenfeld?: Vector;
}

interface Reference {
  tool: string;
  version: string;
  datasets: Record<string, (number | null)[]>[];
  hard_data: Record<string, (number | null)[]>;
  hard_large: Record<string, (number | null)[]>;
  real: CoxCase[];
  random: CoxCase[];
  hard: CoxCase[];
  vanishing: CoxCase[];
}

export const coxReference = readReference('cox') as Reference;

/** A JSON scalar or array (R unboxes vectors of length one) as numbers, null as NaN. */
export function vector(value: Vector | undefined): number[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map((x) => x ?? NaN);
}

export interface CoxInput {
  data: SurvivalData;
  covariates: Float64Array[];
}

const cohorts = new Map<string, Cohort>();

/** Whether the case's data are here; the public cohorts may be absent. */
export function available({ spec }: CoxCase): boolean {
  return spec.file === undefined || haveData(`cohorts/${spec.file}`);
}

export function coxInput({ spec }: CoxCase): CoxInput {
  const source = sourceOf(spec);
  const time = source.numbers(spec.time).map((t) => t + (spec.add ?? 0));
  const cells = source.text(spec.event.column);
  const values = spec.event.values.map(String);
  const event = Float64Array.from(cells, (cell) => {
    if (cell === '' || cell === 'NA') return spec.event.missing_is_censored === true ? 0 : NaN;
    return values.includes(cell) ? 1 : 0;
  });
  const data: SurvivalData = {
    stop: time,
    event,
    ...(spec.start === undefined ? {} : { start: source.numbers(spec.start) }),
    ...(spec.weights === undefined ? {} : { weights: source.numbers(spec.weights) }),
    ...(spec.strata === undefined ? {} : { strata: Int32Array.from(source.numbers(spec.strata)) }),
  };
  const covariates = spec.covariates.map(({ column, equals, log }) => {
    if (equals !== undefined) {
      const text = source.text(column);
      return Float64Array.from(text, (cell) =>
        cell === '' || cell === 'NA' ? NaN : cell === String(equals) ? 1 : 0,
      );
    }
    const x = source.numbers(column);
    return log === true ? x.map(Math.log) : x;
  });
  return { data, covariates };
}

function sourceOf(spec: CaseSpec): Pick<Cohort, 'numbers' | 'text'> {
  if (spec.file !== undefined) {
    const cohort = cohorts.get(spec.file) ?? readCohort(`cohorts/${spec.file}`);
    cohorts.set(spec.file, cohort);
    return cohort;
  }
  const hard = spec.large === true ? coxReference.hard_large : coxReference.hard_data;
  const table = spec.dataset === undefined ? hard : coxReference.datasets[spec.dataset]!;
  return {
    numbers: (name) => Float64Array.from(columnOf(table, name), (x) => x ?? NaN),
    text: (name) => columnOf(table, name).map((x) => (x === null ? '' : String(x))),
  };
}

function columnOf(table: Record<string, (number | null)[]>, name: string): (number | null)[] {
  const column = table[name];
  if (!column) throw new Error(`no column ${name} in the stored data`);
  return column;
}

/** Seeded uniform numbers, independent of the project's own generator. */
export function seededUniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
