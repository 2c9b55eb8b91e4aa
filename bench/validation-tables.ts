/**
 * The tables of docs/validation.md that are about one run, as Markdown.
 * Not responsible for the words around them, nor for comparing runs (validation-switch-tables.ts).
 */
import { spearman } from '../stats/ranks.js';
import { selectionOf } from './validation-genetics.js';
import { fixed, markdown, p, share } from './validation-markdown.js';
import { agreement, median, type Estimate } from './validation-measures.js';
import { ARMS, KINDS, number, pairsOf, text, type Arm, type Pair } from './validation-pairs.js';
import type { Answers, Row } from './validation-run.js';

import type { Known } from './validation-truth.js';

export const ALPHA = 0.05;
const GROUPS = ['T1', 'SWI', 'cardiac'];

export const ARM_NAMES: Readonly<Record<Arm, string>> = {
  measured: 'measured IDP, imaging cohort',
  imputed: 'imputed IDP, target cohort',
  true: 'true IDP, target cohort',
};

/** R² of one configuration, by IDP. */
export function accuracyOf(answers: Answers, configuration: string, groups: readonly string[]): number[] {
  return (answers['accuracy'] ?? [])
    .filter((row) => row['configuration'] === configuration && groups.includes(text(row, 'group')))
    .map((row) => number(row, 'r2'));
}

export function accuracyTable({ truth, imputation }: Known, answers: Answers): string {
  const groupOf = new Map((answers['accuracy'] ?? []).map((row) => [text(row, 'idp'), text(row, 'group')]));
  const rows = GROUPS.flatMap((group) => {
    const members = truth.idps.filter(({ idp }) => groupOf.get(idp) === group);
    const shares = members[0]!.shares;
    const planted = {
      snp: shares.snp,
      blood: shares.blood,
      integrated: shares.snp + shares.blood,
      covariates: shares.covariates,
    };
    return (['snp', 'blood', 'integrated', 'covariates'] as const).map((configuration) => {
      const values = accuracyOf(answers, configuration, [group]);
      const known = configuration === 'covariates' ? null : configuration;
      return [
        `${group} (${members.length})`,
        { snp: 'SNPs', blood: 'blood', integrated: 'both', covariates: 'age, sex, BMI' }[configuration],
        fixed(planted[configuration]),
        fixed(median(values), 3),
        `${fixed(Math.min(...values))} to ${fixed(Math.max(...values))}`,
        known === null
          ? ''
          : fixed(
              median(imputation.filter(({ idp }) => groupOf.get(idp) === group).map((one) => one[known])),
              3,
            ),
      ];
    });
  });
  return markdown(
    [
      'IDPs',
      'predictors',
      'planted share',
      'R², median',
      'R², range',
      'r² with the true IDP of the target cohort',
    ],
    rows,
  );
}

/** Spearman's ρ of what the study believes about an IDP's predictability with what is so. */
export function rankingTable({ truth, imputation }: Known, answers: Answers): string {
  const believed = new Map(
    (answers['accuracy'] ?? [])
      .filter((row) => row['configuration'] === 'integrated')
      .map((row) => [text(row, 'idp'), { r2: number(row, 'r2'), group: text(row, 'group') }]),
  );
  const planted = new Map(truth.idps.map(({ idp, shares }) => [idp, shares.snp + shares.blood]));
  const among = (name: string, groups: readonly string[]): string[] => {
    const members = imputation.filter(({ idp }) => groups.includes(believed.get(idp)?.group ?? ''));
    const r2 = members.map(({ idp }) => believed.get(idp)!.r2);
    const withTrue = spearman(
      r2,
      members.map(({ integrated }) => integrated),
      't',
    );
    const withShares = spearman(
      r2,
      members.map(({ idp }) => planted.get(idp)!),
      't',
    );
    return [name, String(members.length), fixed(withTrue.rho), p(withTrue.p), fixed(withShares.rho)];
  };
  return markdown(
    ['IDPs', 'n', 'ρ with r² of the true IDP', 'p', 'ρ with planted shares'],
    [among('all', GROUPS), among('brain', ['T1', 'SWI']), among('cardiac', ['cardiac'])],
  );
}

export function selectionTable(known: Known): string {
  const { chosen, planted, near, effects, found, weights } = selectionOf(
    known.truth,
    known.variants,
    known.models,
  );
  const agreed = agreement(
    weights.map(({ planted: beta, weight }) => ({ planted: beta, beta: weight, se: 1 })),
  );
  return markdown(
    ['', ''],
    [
      ['planted effects (variant on IDP)', String(effects)],
      ['… with a chosen variant within 250 kb', `${found} (${share(found, effects)})`],
      ['chosen variants in all models', String(chosen)],
      ['… themselves planted for their IDP', `${planted} (${share(planted, chosen)})`],
      ['… within 250 kb of one that is', `${near} (${share(near, chosen)})`],
      ['… near none', `${chosen - planted - near} (${share(chosen - planted - near, chosen)})`],
      ['weights of chosen planted variants on their effects: slope', fixed(agreed.slope)],
      ['… correlation', fixed(agreed.correlation)],
      [
        'r² of SNP score and true genetic part, median over IDPs',
        fixed(median(known.imputation.map(({ genetic }) => genetic))),
      ],
    ],
  );
}

export function estimatesOf(pairs: readonly Pair[], arm: Arm, against: 'planted' | 'marginal'): Estimate[] {
  return pairs.flatMap(({ planted, arms }) => {
    const own = arms[arm];
    const marginal = arms.true;
    if (!own || !marginal) return [];
    return [{ planted: against === 'planted' ? planted : marginal.beta, beta: own.beta, se: own.se }];
  });
}

export function effectsTable(known: Known, answers: Answers): string {
  const pairs = pairsOf(known.truth, answers);
  const planted = pairs.filter(({ kind }) => kind === 'planted');
  const isStrong = (pair: Pair): boolean => Math.abs(pair.planted) >= 0.5;
  const [weak, strong] = [planted.filter((pair) => !isStrong(pair)), planted.filter(isStrong)];
  const row = (arm: Arm, against: 'planted' | 'marginal', which: string, of: readonly Pair[]): string[] => {
    const { pairs: n, slope, correlation, coverage, error } = agreement(estimatesOf(of, arm, against));
    return [
      ARM_NAMES[arm],
      against === 'planted' ? 'planted effect' : 'marginal effect',
      which,
      String(n),
      fixed(slope),
      fixed(correlation),
      `${(100 * coverage).toFixed(0)} %`,
      fixed(error, 3),
    ];
  };
  return markdown(
    ['estimate', 'against', 'pairs', 'n', 'slope', 'correlation', 'coverage', 'root mean square error'],
    [
      row('true', 'planted', 'planted', planted),
      row('measured', 'planted', 'planted', planted),
      row('imputed', 'planted', 'planted', planted),
      row('measured', 'marginal', 'planted', planted),
      row('imputed', 'marginal', 'planted', planted),
      row('imputed', 'marginal', 'planted, below 0.5', weak),
      row('imputed', 'marginal', 'planted, 0.5 and more', strong),
      row('measured', 'marginal', 'all', pairs),
      row('imputed', 'marginal', 'all', pairs),
    ],
  );
}

const NAMES_OF_KINDS = {
  planted: 'planted',
  unplanted: 'not planted, other IDPs act on the disease',
  orphan: 'orphan IDP, acts on no disease',
  'covariates only': 'disease of covariates only',
} as const;

export function discoveriesTable(known: Known, answers: Answers): string {
  const pairs = pairsOf(known.truth, answers);
  const rows = KINDS.map((kind) => {
    const members = pairs.filter((pair) => pair.kind === kind);
    const cells = ARMS.flatMap((arm) => {
      const fitted = members.flatMap(({ arms }) => arms[arm] ?? []);
      const significant = fitted.filter(({ q }) => q <= ALPHA).length;
      const nominal = fitted.filter(({ log10p }) => 10 ** log10p <= ALPHA).length;
      return [`${significant} (${share(significant, fitted.length)})`, share(nominal, fitted.length)];
    });
    return [NAMES_OF_KINDS[kind], String(members.length), ...cells];
  });
  const all = ARMS.flatMap((arm) => {
    const found = pairs.filter((pair) => isFound(pair, arm));
    const wrong = found.filter(({ kind }) => kind !== 'planted').length;
    return [`${wrong} of ${found.length} (${share(wrong, found.length)})`, ''];
  });
  return markdown(
    ['pairs', 'n', ...ARMS.flatMap((arm) => [`${arm}: q ≤ 0.05`, 'p ≤ 0.05'])],
    [...rows, ['**significant and not planted**', '', ...all]],
  );
}

export function verdictsTable(answers: Answers): string {
  const rows = (name: string): readonly Row[] => answers[name] ?? [];
  const real = new Map(
    rows('verdicts_real').map((row) => [text(row, 'verdict'), number(row, 'associations')]),
  );
  return markdown(
    ['imputed IDP, target cohort', 'against the measured IDP', 'against the true IDP of the same people'],
    rows('verdicts_true')
      .filter((row) => row['verdict'] !== 'not compared')
      .map((row) => [
        text(row, 'verdict'),
        String(real.get(text(row, 'verdict')) ?? 0),
        String(number(row, 'associations')),
      ]),
  );
}

export const isFound = ({ arms }: Pair, arm: Arm): boolean => (arms[arm]?.q ?? 1) <= ALPHA;

export const ofCategory = (rows: readonly Row[] | undefined, category: string): Row | undefined =>
  rows?.find((row) => row['value'] === 'auc' && row['category'] === category);

export function categoriesTable(answers: Answers): string {
  const rows = [...(answers['categories'] ?? [])]
    .sort((a, b) => number(b, 'real') - number(a, 'real'))
    .map((row) => {
      const category = text(row, 'category');
      const auc = ofCategory(answers['tests'], category) ?? {};
      return [
        category,
        String(number(row, 'diseases')),
        fixed(number(row, 'real')),
        fixed(number(row, 'imputed')),
        fixed(number(auc, 'reference'), 3),
        fixed(number(auc, 'other'), 3),
        p(number(auc, 'p')),
      ];
    });
  return markdown(
    [
      'category',
      'diseases',
      'significant IDPs per disease, measured',
      'imputed',
      'AUC, real arm',
      'imputed arm',
      'p, Wilcoxon',
    ],
    rows,
  );
}
