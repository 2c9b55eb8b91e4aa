/**
 * The tables of docs/validation.md that set the runs of all switches against each other, as Markdown.
 * Not responsible for those of one run (validation-tables.ts).
 */
import type { Truth } from '../genotypes/simulate/truth.js';
import { signedRank } from '../stats/wilcoxon.js';
import { fixed, markdown, p, share, signed } from './validation-markdown.js';
import { agreement, median } from './validation-measures.js';
import { number, pairsOf, text } from './validation-pairs.js';
import type { Answers } from './validation-run.js';
import { BASELINE, SWITCHES, type Switch } from './validation-switches.js';
import { accuracyOf, ALPHA, isFound, ofCategory } from './validation-tables.js';

/** Which configuration of the models a switch is about. */
const configurationOf = ({ name }: Switch): string => (name === 'snp' ? 'snp' : 'integrated');

export function switchesTable(answers: ReadonlyMap<string, Answers>): string {
  const rows = SWITCHES.filter(({ extent }) => extent === 'study').map((one) => {
    const own = answers.get(one.name)!;
    const auc = ofCategory(own['tests'], 'all');
    const corrected = ofCategory(own['corrected'], 'all');
    const units = own['units'] ?? [];
    const differences = units.map((row) => number(row, 'difference'));
    const middle = (name: string): number => median(units.map((row) => number(row, name)));
    const significant = (arm: string): number =>
      (own[arm] ?? []).filter((row) => number(row, 'q') <= ALPHA).length;
    const tested = (own['imputed'] ?? []).length;
    const configuration = configurationOf(one);
    return [
      one.label,
      `${fixed(median(accuracyOf(own, configuration, ['T1', 'SWI'])))} / ${fixed(median(accuracyOf(own, configuration, ['cardiac'])))}`,
      `${significant('real')} / ${significant('imputed')} of ${tested}`,
      fixed(number(own['ranking']?.[0] ?? {}, 'rho')),
      `${fixed(middle('reference'), 3)} → ${fixed(middle('other'), 3)}`,
      signed(median(differences), 3),
      `${differences.filter((d) => d > 0).length} of ${differences.length}`,
      p(number(auc ?? {}, 'p')),
      p(number(corrected ?? {}, 'p')),
    ];
  });
  return markdown(
    [
      'switch',
      'R², brain / cardiac',
      'significant, measured / imputed',
      'ρ of categories',
      'AUC, real → imputed arm',
      'median ΔAUC',
      'imputed wins',
      'p, Wilcoxon',
      'p, corrected t',
    ],
    rows,
  );
}

/** Under the switches that change associations: what is significant, and how much of it was planted. */
export function purityTable(
  truths: ReadonlyMap<string, Truth>,
  answers: ReadonlyMap<string, Answers>,
): string {
  const names = [
    BASELINE.name,
    'snp',
    'adjusted',
    'follow_up',
    'direct_blood',
    'few_blood',
    'many_idps',
    'recommended',
  ];
  const rows = SWITCHES.filter(({ name }) => names.includes(name)).map(({ name, label }) => {
    const own = answers.get(name)!;
    const pairs = pairsOf(truths.get(name)!, own);
    const planted = pairs.filter(({ kind }) => kind === 'planted');
    const cells = (['measured', 'imputed'] as const).flatMap((arm) => {
      const found = pairs.filter((pair) => isFound(pair, arm));
      const right = found.filter(({ kind }) => kind === 'planted').length;
      return [
        `${found.length} of ${pairs.length}`,
        share(found.length - right, found.length),
        share(right, planted.length),
      ];
    });
    const alone = pairs.filter(({ kind }) => kind === 'covariates only');
    const estimates = planted.flatMap(({ planted: effect, arms: { imputed } }) =>
      imputed ? [{ planted: effect, ...imputed }] : [],
    );
    const rank = own['rank']?.[0] ?? {};
    return [
      label,
      ...cells,
      `${alone.filter((pair) => isFound(pair, 'imputed')).length} of ${alone.length}`,
      fixed(agreement(estimates).slope),
      `${fixed(number(rank, 'participation_ratio'), 1)} of ${number(rank, 'columns')}`,
    ];
  });
  return markdown(
    [
      'switch',
      'measured: significant',
      'not planted',
      'planted ones found',
      'imputed: significant',
      'not planted',
      'planted ones found',
      'diseases of covariates only',
      'slope on planted',
      'effective rank',
    ],
    rows,
  );
}

/** What else the predictor of the target cohort could be made of, against imputed IDPs; the same diseases, the same test people. */
export function predictorsTable(answers: ReadonlyMap<string, Answers>): string {
  const aucOf = (name: string): ReadonlyMap<string, number> =>
    new Map((answers.get(name)!['units'] ?? []).map((row) => [text(row, 'disease'), number(row, 'other')]));
  const imputed = aucOf(BASELINE.name);
  const rows = ['known', 'snp', 'cross_fitted', 'blood', 'covariates'].map((name) => {
    const own = aucOf(name);
    const differences = [...imputed].map(([disease, auc]) => auc - own.get(disease)!);
    return [
      SWITCHES.find((one) => one.name === name)!.label,
      fixed(median([...own.values()]), 3),
      signed(median(differences), 3),
      `${differences.filter((d) => d > 0).length} of ${differences.length}`,
      p(signedRank(differences, 'recommended', 'two-sided').p),
    ];
  });
  return markdown(
    [
      'trained on the target cohort’s …',
      'median AUC',
      'imputed IDPs, tested as measured, minus this: median',
      'imputed IDPs are better',
      'p, Wilcoxon',
    ],
    [['imputed IDPs, as the demo', fixed(median([...imputed.values()]), 3), '', '', ''], ...rows],
  );
}

export function nullTable(answers: ReadonlyMap<string, Answers>): string {
  const rows = SWITCHES.filter(({ extent }) => extent === 'models').map(({ name, label }) => {
    const own = answers.get(name)!;
    const cells = (['snp', 'blood', 'integrated'] as const).map((configuration) => {
      const values = accuracyOf(own, configuration, ['T1', 'SWI']);
      return `${fixed(median(values), 3)} (${fixed(Math.min(...values))} to ${fixed(Math.max(...values))})`;
    });
    return [label, ...cells, fixed(median(accuracyOf(own, 'snp', ['cardiac'])), 3)];
  });
  return markdown(['', 'R², SNPs', 'R², blood', 'R², both', 'cardiac IDPs (planted 0.15): R², SNPs'], rows);
}

export function trainingTable(answers: ReadonlyMap<string, Answers>): string {
  const names = [BASELINE.name, 'size', 'follow_up', 'equal', 'recommended'];
  const rows = SWITCHES.filter(({ name }) => names.includes(name)).map(({ name, label }) => {
    const own = answers.get(name)!['training'] ?? [];
    const middle = (column: string): string => fixed(median(own.map((row) => number(row, column))), 0);
    return [
      label,
      String(own.length),
      ...['real_train', 'real_cases', 'imputed_train', 'imputed_cases', 'test', 'test_cases'].map(middle),
    ];
  });
  return markdown(
    [
      'switch',
      'diseases',
      'real arm trains on',
      'cases',
      'imputed arm trains on',
      'cases',
      'both are tested on',
      'cases',
    ],
    rows,
  );
}
