/** Nonsense in a raw file, through real runs of a study: what fails says what is wrong, and in which port, column and row. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Store } from '../../cache/store.js';
import { loadWorkflow } from '../../engine/language/load.js';
import { runStudy, type StudyOutcome } from '../../engine/study.js';
import { registry } from '../../tasks/registry.js';
import { InProcess } from '../engine/rig/in-process.js';

const folder = mkdtempSync(join(tmpdir(), 'cohortflow-refusals-'));
const store = new Store(join(folder, 'store'));
afterAll(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

type Row = Record<'id' | 'time' | 'event' | 'x' | 'age' | 'one' | 'gone' | 'case', string>;

/** Thirty people, `one` the same in all and `gone` missing in all. */
const people = (): Row[] =>
  Array.from({ length: 30 }, (_, i) => ({
    id: `p${i}`,
    time: String(1 + ((7 * i) % 11)),
    event: String(i % 2),
    x: String(Math.round(100 * Math.sin(i)) / 100),
    age: String(40 + ((13 * i) % 30)),
    one: '3',
    gone: '',
    case: String(Math.floor(i / 2) % 2),
  }));

let studies = 0;

/** The first failure of a study of one node on these rows, and on `other.csv`, which has none of these people. */
async function failureOf(
  nodes: string,
  change: (rows: Row[]) => void = () => undefined,
): Promise<{
  failure: StudyOutcome['failures'][number]['failure'] | undefined;
  from: readonly string[] | undefined;
  file: string;
}> {
  const home = join(folder, String(studies++));
  mkdirSync(home);
  const rows = people();
  change(rows);
  const csv = (table: readonly Record<string, string>[]): string =>
    `${[Object.keys(table[0]!), ...table.map((row) => Object.values(row))].map((cells) => cells.join(',')).join('\n')}\n`;
  writeFileSync(join(home, 'people.csv'), csv(rows));
  writeFileSync(join(home, 'other.csv'), csv(rows.map(({ age }, i) => ({ id: `z${i}`, age }))));
  const file = join(home, 'study.yaml');
  writeFileSync(
    file,
    `cohortflow: 1
name: refusals
seed: 1
inputs:
  people: { table: people.csv, id: id }
  other: { table: other.csv, id: id }
nodes:
${nodes}`,
  );
  const { workflow, diagnostics } = loadWorkflow({ file, sets: [], registry });
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const outcome = await runStudy({
    workflow: { ...workflow!, publishTo: join(home, 'results') },
    store,
    executor: new InProcess(store, registry),
    memory: 2 ** 32,
    failFast: false,
    targets: [],
    signal: new AbortController().signal,
    onEvent: () => undefined,
  });
  const [first] = outcome.failures;
  return { failure: first?.failure, from: first?.from, file: join(home, 'people.csv') };
}

const node = (task: string, inputs: string, rest = ''): string =>
  `  n:\n    task: ${task}\n    in: ${inputs}\n${rest === '' ? '' : `    ${rest}\n`}`;
const cox = (covariates: string): string =>
  node('assoc.cox', `{ exposure: 'people[x]', outcome: 'people[time, event]', covariates: ${covariates} }`);
const stack = (features: string, target: string): string =>
  node('model.stack', `{ features: { blood: ${features} }, target: ${target} }`);
const predict = (features: string, outcome: string): string =>
  `  split: { task: split.holdout, in: { samples: people }, with: { share: 0.5 } }\n${node(
    'predict.logistic',
    `{ features: ${features}, outcome: ${outcome}, train: split.selected, test: split.rest }`,
  )}`;
const set =
  (column: keyof Row, value: string) =>
  (rows: Row[]): void => {
    rows[7]![column] = value;
  };

type Where = Partial<Record<'port' | 'column' | 'row', string>>;

describe('a task refuses', () => {
  it.each<[string, string, ((rows: Row[]) => void) | undefined, string, Where]>([
    [
      'a negative time',
      cox("'people[age]'"),
      set('time', '-2'),
      'expected a time of 0 or more, got -2',
      { port: 'outcome', column: 'time', row: 'p7' },
    ],
    [
      'a negative follow-up',
      node('outcome.cause_specific', '{ table: people }', 'with: { time: time, cause: event, code: 1 }'),
      set('time', '-2'),
      'expected a follow-up time of 0 or more, got -2',
      { port: 'table', column: 'time', row: 'p7' },
    ],
    [
      'an event of 2',
      cox("'people[age]'"),
      set('event', '2'),
      'expected 0 or 1, got 2',
      { port: 'outcome', column: 'event', row: 'p7' },
    ],
    [
      'a case of 2',
      predict("'people[x]'", "'people[case]'"),
      set('case', '2'),
      'expected 0 or 1, got 2',
      { port: 'outcome', column: 'case', row: 'p7' },
    ],
    [
      'text among numbers',
      cox("'people[age]'"),
      set('x', 'high'),
      "expected numbers in column 'x', got text (the first is 'high')",
      { port: 'exposure', column: 'x', row: 'p7' },
    ],
    [
      'a constant covariate',
      cox("'people[age, one]'"),
      undefined,
      "the covariate 'one' is 3 in all of the 30 people to fit; leave it out (`omit`)",
      { port: 'covariates', column: 'one' },
    ],
    [
      'a covariate that nobody has',
      cox("'people[age, gone]'"),
      undefined,
      "the covariate 'gone' is missing in everybody to fit; leave it out",
      { port: 'covariates', column: 'gone' },
    ],
    [
      'covariates of other people',
      cox('other'),
      undefined,
      "none of the 30 people to fit has a row; ids look like 'p0' and 'z0'",
      { port: 'covariates' },
    ],
    ...['impute.knn', 'impute.simple'].map((task): [string, string, undefined, string, Where] => [
      `${task} of a column without a value`,
      node(task, "{ table: 'people[x, gone]' }"),
      undefined,
      'no training value to impute from; leave the column out',
      { port: 'table', column: 'gone' },
    ]),
    [
      'z-scores of a column without a value',
      node('scale.zscore', "{ table: 'people[x, gone]' }"),
      undefined,
      'expected at least 1 observed training values, got 0',
      { port: 'table', column: 'gone' },
    ],
    [
      'a feature that is missing',
      stack("'people[x, gone]'", "'people[age]'"),
      undefined,
      "expected no missing value in the modality 'blood', got NaN in 'gone'; impute it first",
      { port: 'features', column: 'gone', row: 'p0' },
    ],
    [
      'a target that nobody has',
      stack("'people[x]'", "'people[gone]'"),
      undefined,
      'the target is missing in everybody to train on',
      { port: 'target', column: 'gone' },
    ],
    [
      'features of other people',
      stack('other', "'people[x]'"),
      undefined,
      "none of the 30 people to train on has a row; ids look like 'p0' and 'z0'",
      { port: 'features' },
    ],
    [
      'a sample of other people',
      node('model.stack', "{ features: { blood: 'people[x]' }, target: 'people[age]', samples: other }"),
      undefined,
      "none of the 30 people to train on has a row; ids look like 'z0' and 'p0'",
      { port: 'target' },
    ],
    [
      'folds of other people',
      `  folds: { task: folds.assign, in: { samples: other }, with: { k: 5 } }\n${node(
        'model.stack',
        "{ features: { blood: 'people[x]' }, target: 'people[age]', folds: folds }",
        'with: { hold_out: 1 }',
      )}`,
      undefined,
      "none of the 30 people to train on has a row; ids look like 'p0' and 'z0'",
      { port: 'folds' },
    ],
    [
      'to predict from a feature that nobody has',
      predict("'people[x, gone]'", "'people[case]'"),
      undefined,
      "no training person has a value in 'gone'; leave the column out",
      { port: 'features', column: 'gone' },
    ],
    [
      'people of another table',
      node('table.filter', "{ table: 'people[x]', samples: other }"),
      undefined,
      "none of the 30 people of 'samples' has a row in 'table'; their ids look like 'z0' and 'p0'",
      { port: 'table' },
    ],
  ])('%s', async (_what, nodes, change, message, where) => {
    const { failure } = await failureOf(nodes, change);
    expect({ message: failure?.message, where: failure?.where }).toEqual({ message, where });
  });
});

describe('a file is refused, by its path', () => {
  it('with an id twice', async () => {
    const { failure, file } = await failureOf(cox("'people[age]'"), set('id', 'p3'));
    expect(failure).toMatchObject({
      message: `${file}: column 'id': the id 'p3' occurs twice, in rows 4 and 8; ids must be unique`,
      where: { column: 'id', row: '8' },
    });
  });

  it('with an id missing', async () => {
    const { failure, file } = await failureOf(cox("'people[age]'"), set('id', ''));
    expect(failure).toMatchObject({
      message: `${file}: column 'id', row 8: the id is missing`,
      where: { column: 'id', row: '8' },
    });
  });
});

it('the undamaged file runs', async () => {
  for (const nodes of [
    cox("'people[age]'"),
    stack("'people[x]'", "'people[age]'"),
    predict("'people[x]'", "'people[case]'"),
  ])
    expect((await failureOf(nodes)).failure).toBeUndefined();
});

it('an exposure that is constant, or that nobody has, is a result with a reason: other exposures go on', async () => {
  const exposed = (column: string): string =>
    node('assoc.cox', `{ exposure: 'people[${column} as x]', outcome: 'people[time, event]' }`);
  for (const column of ['one', 'gone']) expect((await failureOf(exposed(column))).failure).toBeUndefined();
});

describe('a refusal', () => {
  it('names the files behind the port, and nodes where there are no files', async () => {
    const direct = await failureOf(cox("'people[age]'"), set('time', '-2'));
    expect(direct.from).toEqual(['people.csv']);
    const half = await failureOf(
      `  half: { task: table.filter, in: { table: people, samples: people } }\n${node(
        'assoc.cox',
        "{ exposure: 'people[x]', outcome: 'half.table[time, event]', covariates: 'people[age]' }",
      )}`,
      set('time', '-2'),
    );
    expect(half.from).toEqual(['half.table']);
  });
});
