/**
 * Reads what only the validation may read: the truth, and what the models made of it.
 * Not responsible for comparing them.
 */
import type { Truth } from '../genotypes/simulate/truth.js';
import type { SnpModel, Variant } from './validation-genetics.js';
import { number, text } from './validation-pairs.js';
import type { Answers, Row } from './validation-run.js';

/** How an imputed IDP of the target cohort agrees with the true one. */
export interface Imputation {
  readonly idp: string;
  readonly people: number;
  /** Squared correlations with the true IDP, by configuration. */
  readonly snp: number;
  readonly blood: number;
  readonly integrated: number;
  /** Of the SNP part with the genetic part of the true IDP. */
  readonly genetic: number;
  /** Of the true IDP on the imputed one; 1 where imputation is unbiased. */
  readonly slope: number;
}

export interface Known {
  readonly truth: Truth;
  readonly models: ReadonlyMap<string, SnpModel>;
  readonly variants: ReadonlyMap<string, Variant>;
  readonly imputation: readonly Imputation[];
}

/** SQL over the imputed and the true IDPs of the target cohort. */
export function truthQueries(idps: readonly string[]): Readonly<Record<string, string>> {
  const one = (idp: string): string => `SELECT '${idp}' AS idp, count(*) AS people,
    corr(i.snp, t."${idp}") ^ 2 AS snp, corr(i.blood, t."${idp}") ^ 2 AS blood, corr(i.integrated, t."${idp}") ^ 2 AS integrated,
    corr(i.snp, t."${idp}_genetic") ^ 2 AS genetic, regr_slope(t."${idp}", i.integrated) AS slope
    FROM imputed i JOIN "simulation.truth_about_people" t ON i.eid = t.eid WHERE i.idp = '${idp}'`;
  return {
    imputation: idps.map(one).join('\nUNION ALL\n'),
    variants: 'SELECT id, chr, pos, alt FROM quality.variants',
  };
}

export function knownOf(truth: Truth, models: ReadonlyMap<string, SnpModel>, answers: Answers): Known {
  const imputation = (answers['imputation'] ?? []).map((row): Imputation => {
    const of = (name: string): number => number(row, name);
    return {
      idp: text(row, 'idp'),
      people: of('people'),
      snp: of('snp'),
      blood: of('blood'),
      integrated: of('integrated'),
      genetic: of('genetic'),
      slope: of('slope'),
    };
  });
  const place = (row: Row): [string, Variant] => [
    text(row, 'id'),
    { chr: text(row, 'chr'), pos: number(row, 'pos'), alt: text(row, 'alt') },
  ];
  return { truth, models, variants: new Map((answers['variants'] ?? []).map(place)), imputation };
}
