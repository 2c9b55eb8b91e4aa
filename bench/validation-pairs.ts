/**
 * Every disease with every IDP: what was planted, and what each arm estimates.
 * Not responsible for summing up (validation-tables.ts).
 */
import type { Truth } from '../genotypes/simulate/truth.js';
import type { Answers, Row } from './validation-run.js';

/** The arms of the study, and `true`: the target cohort as if it had been scanned. */
export const ARMS = ['measured', 'imputed', 'true'] as const;
export type Arm = (typeof ARMS)[number];

/**
 * - `planted`: the IDP acts on the disease.
 * - `unplanted`: other IDPs do.
 * - `orphan`: the IDP acts on no disease.
 * - `covariates only`: nothing but age, body mass index and smoking acts on the disease: the one exact null.
 */
export type Kind = 'planted' | 'unplanted' | 'orphan' | 'covariates only';
export const KINDS: readonly Kind[] = ['planted', 'unplanted', 'orphan', 'covariates only'];

export interface Association {
  readonly beta: number;
  readonly se: number;
  readonly log10p: number;
  readonly q: number;
}

export interface Pair {
  readonly disease: string;
  readonly category: string;
  readonly idp: string;
  readonly group: string;
  readonly kind: Kind;
  /** Log hazard ratio per SD, the other IDPs being equal; 0 where nothing is planted. */
  readonly planted: number;
  /** Absent where a model could not be fitted or an arm was not asked. */
  readonly arms: Readonly<Partial<Record<Arm, Association>>>;
}

export function number(row: Row, name: string): number {
  const cell = row[name];
  return typeof cell === 'number' ? cell : NaN;
}

export const text = (row: Row, name: string): string => String(row[name] ?? '');

/** Of the diseases that the study kept. */
export function pairsOf(truth: Truth, answers: Answers): readonly Pair[] {
  const diseases = new Map(truth.diseases.map((one) => [one.disease, one]));
  const orphans = new Set(truth.idps.filter(({ orphan }) => orphan).map(({ idp }) => idp));
  const imputed = byPair(answers['imputed'] ?? []);
  const known = byPair(answers['true'] ?? []);
  return (answers['real'] ?? []).map((row) => {
    const [disease, idp] = [text(row, 'disease'), text(row, 'idp')];
    const { idps, blood } = diseases.get(disease)!;
    const planted = idps.find((one) => one.idp === idp);
    const alone = idps.length === 0 && blood.length === 0;
    return {
      disease,
      category: text(row, 'category'),
      idp,
      group: text(row, 'group'),
      kind: planted ? 'planted' : alone ? 'covariates only' : orphans.has(idp) ? 'orphan' : 'unplanted',
      planted: planted?.log_hazard_ratio ?? 0,
      arms: {
        ...fitted('measured', row),
        ...fitted('imputed', imputed.get(`${disease} ${idp}`)),
        ...fitted('true', known.get(`${disease} ${idp}`)),
      },
    };
  });
}

function byPair(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [`${text(row, 'disease')} ${text(row, 'idp')}`, row]));
}

function fitted(arm: Arm, row: Row | undefined): Partial<Record<Arm, Association>> {
  if (!row || !Number.isFinite(number(row, 'log10p'))) return {};
  return {
    [arm]: {
      beta: number(row, 'beta'),
      se: number(row, 'se'),
      log10p: number(row, 'log10p'),
      q: number(row, 'q'),
    },
  };
}
