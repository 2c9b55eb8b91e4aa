/**
 * The numbers behind the figures of docs/validation.md, as CSV for bench/validation-figures.yaml.
 * Not responsible for drawing.
 */
import { selectionOf } from './validation-genetics.js';
import { ARMS, KINDS, number, pairsOf, text } from './validation-pairs.js';
import type { Answers } from './validation-run.js';
import { BASELINE, SWITCHES } from './validation-switches.js';
import { accuracyOf, ARM_NAMES } from './validation-tables.js';
import type { Known } from './validation-truth.js';

type Cells = Readonly<Record<string, string | number>>;

/** File name without extension → CSV. */
export function figureData(
  known: Known,
  answers: ReadonlyMap<string, Answers>,
): Readonly<Record<string, string>> {
  const baseline = answers.get(BASELINE.name)!;
  return {
    idps: csv(idps(known, baseline)),
    weights: csv(
      [...selectionOf(known.truth, known.variants, known.models).weights].map((one) => ({ ...one })),
    ),
    effects: csv(effects(known, baseline)),
    discoveries: csv(discoveries(known, baseline)),
    diseases: csv(diseases(answers)),
    null_traits: csv(nullTraits(answers)),
  };
}

function csv(rows: readonly Cells[]): string {
  const names = Object.keys(rows[0] ?? {});
  const cell = (value: string | number): string =>
    typeof value === 'number'
      ? Number.isFinite(value)
        ? String(value)
        : ''
      : `"${value.replaceAll('"', '""')}"`;
  return (
    [names.join(','), ...rows.map((row) => names.map((name) => cell(row[name]!)).join(','))].join('\n') + '\n'
  );
}

function idps({ truth, imputation }: Known, answers: Answers): Cells[] {
  const imputed = new Map(imputation.map((one) => [one.idp, one]));
  const planted = new Map(truth.idps.map(({ idp, shares }) => [idp, shares]));
  return (answers['accuracy'] ?? []).flatMap((row) => {
    const configuration = text(row, 'configuration');
    const [shares, own] = [planted.get(text(row, 'idp'))!, imputed.get(text(row, 'idp'))!];
    if (configuration !== 'snp' && configuration !== 'blood' && configuration !== 'integrated') return [];
    return [
      {
        idp: text(row, 'idp'),
        group: text(row, 'group'),
        configuration: { snp: 'SNPs', blood: 'blood', integrated: 'SNPs and blood' }[configuration],
        r2: number(row, 'r2'),
        planted: configuration === 'integrated' ? shares.snp + shares.blood : shares[configuration],
        true_r2: own[configuration],
      },
    ];
  });
}

function effects(known: Known, answers: Answers): Cells[] {
  return pairsOf(known.truth, answers)
    .filter(({ kind }) => kind === 'planted')
    .flatMap(({ disease, idp, category, planted, arms }) =>
      ARMS.flatMap((arm) => {
        const one = arms[arm];
        return one
          ? [
              {
                disease,
                idp,
                category,
                arm: ARM_NAMES[arm],
                planted,
                beta: one.beta,
                se: one.se,
                found: one.q <= 0.05 ? 'yes' : 'no',
              },
            ]
          : [];
      }),
    );
}

function discoveries(known: Known, answers: Answers): Cells[] {
  const pairs = pairsOf(known.truth, answers);
  return KINDS.flatMap((kind) =>
    ARMS.map((arm) => {
      const fitted = pairs.filter((pair) => pair.kind === kind && pair.arms[arm]);
      const significant = fitted.filter((pair) => pair.arms[arm]!.q <= 0.05).length;
      return { kind, arm: ARM_NAMES[arm], pairs: fitted.length, significant };
    }),
  );
}

/** Of each study run, mean AUC over seeds by disease. */
function diseases(answers: ReadonlyMap<string, Answers>): Cells[] {
  return SWITCHES.filter(({ extent }) => extent === 'study').flatMap(({ name, label }, order) =>
    (answers.get(name)!['units'] ?? []).map((row) => ({
      run: name,
      label,
      order,
      disease: text(row, 'disease'),
      category: text(row, 'category'),
      real: number(row, 'reference'),
      imputed: number(row, 'other'),
      difference: number(row, 'difference'),
    })),
  );
}

function nullTraits(answers: ReadonlyMap<string, Answers>): Cells[] {
  return SWITCHES.filter(({ extent }) => extent === 'models').flatMap(({ name, label }, order) =>
    accuracyOf(answers.get(name)!, 'snp', ['T1', 'SWI']).map((r2) => ({
      label: label.replace('null brain IDPs, ', ''),
      order,
      r2,
    })),
  );
}
