/**
 * One small workflow for each error code. What it prints is the example in docs/errors.md, compared in codes.test.ts.
 */
import type { ErrorCode } from '../../../engine/language/codes.js';

export interface Case {
  /** Follows `cohortflow: 1`, `name` and `seed` in the main file; or the whole of it, or several files. */
  readonly body?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly sets?: readonly { readonly path: string; readonly value: string }[];
  /** Headers of table inputs, for what is checked against data. */
  readonly headers?: Readonly<Record<string, readonly string[]>>;
}

const MAIN = '/study/main.yaml';
const SURVEY = 'inputs:\n  survey: { table: /data/survey.csv, id: id }\n';
const main = (text: string): Case => ({ files: { [MAIN]: text } });
const nodes = (text: string, before = SURVEY): Case => ({ body: `${before}nodes:\n${text}` });
const Z = '  z: { task: scale.zscore, in: { table: survey } }\n';
const TRAITS = `axes:\n  trait: [fev, height]\n${SURVEY}`;
const FIT = '  fit: { task: fit.ridge, each: trait, in: { table: survey }, with: { outcome: fev } }\n';

export const CASES: Readonly<Record<ErrorCode, Case>> = {
  CF101: { body: 'extends: base.yaml\n' },
  CF102: main('cohortflow: 1\nname: "toy\n'),
  CF103: main(`cohortflow: 1\nname: toy\nparams:\n  deep: ${'['.repeat(50)}${']'.repeat(50)}\n`),
  CF104: main('cohortflow: 1\nname: toy\nname: other\n'),
  CF105: { body: 'params:\n  k: !secret 5\n' },
  CF106: { body: 'params:\n  person: 12345678901234567890\n' },
  CF107: { body: 'extends: main.yaml\n' },
  CF108: {
    body: 'params: { neighbours: 5 }\naxes:\n  n: { range: [1, "${params.neighbours}"] }\n',
    sets: [{ path: 'params.neigbours', value: '7' }],
  },
  CF109: {
    body: 'params: { k: 5 }\naxes:\n  n: { range: [1, "${params.k}"] }\n',
    sets: [{ path: 'params.k', value: 'a: b' }],
  },
  CF110: main('cohortflow: 2\nname: toy\n'),
  CF111: { body: 'node:\n  z: { task: scale.zscore }\n' },
  CF112: nodes('  z: { in: { table: survey } }\n'),
  CF113: nodes('  z: { task: scale.zscore, in: [survey] }\n'),
  CF114: main('cohortflow: 1\nname: My study\n'),
  CF115: nodes('  survey: { task: list.names }\n'),
  CF116: { body: 'inputs:\n  survey: { table: /data/a.csv, file: /data/a.csv }\n' },
  CF121: nodes(
    '  z: { task: scale.zscore, in: { table: survey }, with: { ddof: "${params.dof}" } }\n',
    `params: { ddof: 1 }\n${SURVEY}`,
  ),
  CF122: nodes('  z: { task: scale.zscore, in: { table: survey }, label: "cost in ${" }\n'),
  CF123: {
    body: 'params:\n  mode: { value: faithfull, choices: [faithful, recommended] }\ntitle: ${params.mode}\n',
  },
  CF124: { body: 'params:\n  a: "${params.b}"\n  b: "${params.a}"\n' },
  CF125: nodes(
    '  z: { task: scale.zscore, in: { table: { choose: "${params.mode}", of: { fast: survey } } } }\n',
    `params: { mode: exact }\n${SURVEY}`,
  ),
  CF126: nodes('  z: { task: scale.zscore, in: { table: "survey[${trait}]" } }\n', TRAITS),
  CF131: { body: 'axes:\n  idp: [{ name: volume, gwas: 12 }]\n' },
  CF132: { body: 'axes:\n  code: [1, "1"]\n' },
  CF133: nodes('  z: { task: scale.zscore, each: triat, in: { table: survey } }\n', TRAITS),
  CF134: { body: 'axes:\n  fold: { range: [5, 1] }\n' },
  CF135: { body: `${SURVEY}axes:\n  cause: { from: survey }\n` },
  CF141: nodes('  z: { task: scale.zscore, in: { table: "survey[age" } }\n'),
  CF142: nodes('  z: { task: scale.zscore, in: { table: servey } }\n'),
  CF143: nodes(`${FIT.replace('each: trait, ', '')}  z: { task: scale.zscore, in: { table: fit } }\n`),
  CF144: nodes(
    `${FIT.replace('each: trait, ', '')}  z: { task: scale.zscore, in: { table: survey, people: fit.metrics } }\n`,
  ),
  CF145: nodes('  z: { task: scale.zscore }\n'),
  CF146: nodes('  z: { task: scale.zscore, in: { table: survey, poeple: survey } }\n'),
  CF147: nodes(`${FIT}  all: { task: table.collect, in: { parts: "fit.metrics[trait=fev]" } }\n`, TRAITS),
  CF148: nodes('  s: { task: fit.stack, in: { modalities: survey } }\n'),
  CF149: nodes(`${FIT}  z: { task: scale.zscore, in: { table: fit.metrics } }\n`, TRAITS),
  CF150: nodes(`${FIT}  z: { task: scale.zscore, in: { table: "fit.metrics[trait=hieght]" } }\n`, TRAITS),
  CF151: nodes(
    `${FIT.replace('each: trait, ', '')}  z: { task: scale.zscore, in: { table: "fit.model[age]" } }\n`,
  ),
  CF152: nodes('  z: { task: scale.zscore, in: { table: "survey[age, weight as age]" } }\n'),
  CF153: nodes(
    '  a: { task: scale.zscore, in: { table: b } }\n  b: { task: scale.zscore, in: { table: a } }\n',
    '',
  ),
  CF161: nodes('  z: { task: scale.zscor, in: { table: survey } }\n'),
  CF162: nodes('  z: { task: scale.zscore, in: { table: survey }, with: { dof: 1 } }\n'),
  CF163: nodes('  f: { task: fit.ridge, in: { table: survey } }\n'),
  CF164: nodes('  z: { task: scale.zscore, in: { table: survey }, with: { ddof: 2 } }\n'),
  CF165: main('cohortflow: 1\nname: toy\nnodes:\n  sim: { task: sim.people }\n'),
  CF166: nodes(
    '  outer: { task: folds.make, in: { table: survey } }\n  inner: { task: folds.make, in: { table: survey } }\n',
  ),
  CF167: nodes('  z: { task: scale.zscore, in: { table: survey }, stream: outer }\n'),
  CF171: nodes(`${Z}publish:\n  files:\n    ../z.csv: z\n`),
  CF172: nodes(`${Z}publish:\n  files:\n    z.csv: z\n    ./z.csv: z\n`),
  CF173: nodes(`${Z}publish:\n  files:\n    z.xlsx: z\n`),
  CF174: nodes(`${FIT}publish:\n  files:\n    all.csv: "fit.metrics[*]"\n`, TRAITS),
  CF181: nodes(Z, 'inputs:\n  survey: { table: survey.csv, id: id }\n'),
  CF182: {
    ...nodes('  z: { task: scale.zscore, in: { table: "survey[age, hieght]" } }\n'),
    headers: { survey: ['id', 'age', 'height'] },
  },
  CF191: { body: 'params: { k: 5 }\n' },
  CF192: nodes(`${Z}  y: { task: scale.zscore, in: { table: survey } }\npublish:\n  files: { z.csv: z }\n`),
  CF193: {
    files: {
      [MAIN]: 'cohortflow: 1\nextends: base.yaml\nparams:\n  kk: null\n',
      '/study/base.yaml':
        'cohortflow: 1\nname: toy\nparams: { k: 5 }\naxes:\n  n: { range: [1, "${params.k}"] }\n',
    },
  },
};
