/** One small call of every task, whose outputs golden.json pins. Made of draws of the generator, of no other task. */
import type { Table } from '../../cache/table.js';
import type { Json } from '../../engine/task.js';
import { rngFromSeed } from '../../stats/rng.js';
import { simulateCohortTask } from '../../tasks/simulate-cohort.js';
import { validated, type Call } from './context.js';
import { GENOTYPE_CALLS, file } from './golden-genotypes.js';
import { UKB_GOLDEN_CALLS } from './golden-ukb.js';
import { cohort, rows, samples } from './tables.js';

const n = 60;
const seed = '0123456789abcdef'.repeat(4);

function draw(name: string, missing = 0): Float64Array {
  const rng = rngFromSeed(seed, name);
  return Float64Array.from({ length: n }, () => {
    const value = rng.normal();
    return rng.uniform() < missing ? NaN : value;
  });
}

const blood = cohort({ rdw: draw('rdw', 0.1), mcv: draw('mcv', 0.1), wbc: draw('wbc', 0.1) });
const count = cohort({ rdw: draw('rdw'), mcv: draw('mcv') });
const biochemistry = cohort({ hba1c: draw('hba1c'), creat: draw('creat'), crp: draw('crp') });
const trait = cohort({
  y: draw('noise', 0.1).map((e, i) => e + draw('rdw')[i]! - 0.5 * draw('hba1c')[i]!),
});
const everyone = samples(...trait.id!.values);
const some = samples(...trait.id!.values.filter((_, i) => i % 3 > 0));
const folds = cohort({ fold: Float64Array.from({ length: n }, (_, i) => 1 + (i % 4)) });
const inner = cohort({ fold: Float64Array.from({ length: n }, (_, i) => 1 + (i % 5)) });
const outcome = cohort({
  time: draw('time').map((z) => Math.max(1, Math.ceil(20 + 8 * z))),
  event: draw('event').map((z) => (z < 0.6 ? 1 : 0)),
});
const people = cohort({
  age: draw('age').map((z) => Math.round(50 + 12 * z)),
  sex: draw('sex').map((z) => (z < 0 ? 1 : 2)),
  cadmium: draw('cadmium', 0.1).map((z) => Math.round(1000 * (1 + z * z)) / 1000),
  months: draw('months', 0.05).map((z) => Math.abs(Math.round(100 * z))),
  cause: draw('cause').map((z) => (z > 0 ? NaN : z < -1 ? 1 : 2)),
});
const survivors = cohort({
  months: draw('months').map((z) => Math.abs(Math.round(100 * z))),
  cause: draw('cause').map((z) => (z > 0 ? NaN : z < -1 ? 1 : 2)),
});
const linear = (coef: number[], intercept: number): Json => ({
  status: 'ok',
  means: coef.map(() => 0),
  coef,
  intercept,
  alpha: 1,
  lambda: 1,
  iterations: 3,
});
const model: Json = {
  target: { mean: 10, sd: 2 },
  configurations: {
    count: {
      mode: 'faithful',
      trainingRows: 40,
      modalities: [{ ...(linear([0.5, -0.25], 0.125) as object), name: 'count', features: ['mcv', 'rdw'] }],
      layerTwo: null,
    },
  },
};
const fit = (beta: number | null, log10p: number | null): { json: Json } => ({
  json: {
    beta,
    se: beta === null ? null : 0.1,
    z: beta === null ? null : beta / 0.1,
    log10p,
    n: 50,
    events: 20,
    missing: 3,
    status: beta === null ? 'aliased' : 'ok',
    reason: beta === null ? 'the exposure is a linear combination of the covariates' : null,
  },
});
const associations = (shift: number): Table =>
  rows({
    cause: ['heart', 'heart', 'cancer'],
    trait: ['fev', 'sbp', 'fev'],
    beta: [0.5 + shift, 0.25, null],
    se: [0.1, 0.1, null],
    z: [5 + 10 * shift, 2.5, null],
    q: [1e-5, 0.02 + shift, null],
    n: [50, 50, 50],
    events: [20, 20, 0],
  });

const scores = (shift: number): Table =>
  rows({
    disease: ['gout', 'gout', 'stroke', 'stroke', 'ulcer', 'ulcer'],
    seed: [1, 2, 1, 2, 1, 2],
    auc: [0.6, 0.65 + shift, 0.7, 0.55 - 2 * shift, 0.5 + shift, null],
  });
const paired = { reference: scores(0), other: scores(0.0625) };

/** A cohort small enough to be made at once. */
const simulatedStudy = {
  people: { imaging: 60, target: 90, reference: 20 },
  genome: { variants: 300, regions: 6, founders: 80, min_maf: 0.05 },
  idps: { t1: 3, swi: 1, cardiac: 2, causal_pool: 30, causal_per_idp: 10 },
  blood: { count: 3, biochemistry: 2 },
  diseases: { count: 6, categories: 3 },
  gwas: { people: 200 },
};

export const GOLDEN_CALLS: Readonly<Record<string, Call>> = {
  ...GENOTYPE_CALLS,
  ...UKB_GOLDEN_CALLS,
  'assoc.compare': {
    params: { by: ['cause', 'trait'] },
    inputs: { reference: associations(0), other: associations(0.75) },
  },
  'assoc.cox': { inputs: { exposure: trait, outcome, covariates: count, samples: some } },
  'assoc.fdr': {
    inputs: {
      fits: {
        gather: [
          { item: { cause: 'cancer', trait: 'fev' }, value: fit(0.2, -1.5) },
          { item: { cause: 'heart', trait: 'fev' }, value: fit(0.5, -350.25) },
          { item: { cause: 'heart', trait: 'sbp' }, value: fit(null, null) },
        ],
        failed: [{ cause: 'stroke', trait: 'fev' }],
      },
    },
  },
  'cohort.select': {
    params: {
      rules: [
        { reason: 'no cadmium', exclude: { column: 'cadmium', missing: true } },
        { reason: 'men only', keep: { column: 'sex', equals: 1 } },
        { reason: 'gaps', exclude: { missing_share: { columns: ['months', 'cause'], above: 0.6 } } },
      ],
    },
    inputs: { table: people },
  },
  'figure.vegalite': {
    params: {
      spec: {
        mark: 'point',
        encoding: {
          x: { field: 'age', type: 'quantitative', title: 'Age (years)' },
          y: { field: 'cadmium', type: 'quantitative' },
          color: { field: 'sex', type: 'nominal' },
        },
      },
    },
    inputs: { data: { named: { people } } },
  },
  'folds.assign': { inputs: { samples: everyone }, seed },
  'impute.knn': { params: { weights: 'distance' }, inputs: { table: blood, train: some } },
  'impute.masking': { params: { share: 0.25, people: 40 }, inputs: { table: blood, train: some }, seed },
  'impute.simple': { params: { value: 'median' }, inputs: { table: blood, train: some } },
  'metrics.effective_rank': { inputs: { table: blood, samples: some } },
  'metrics.regression': {
    inputs: {
      truth: trait,
      predictions: {
        gather: [
          { item: { fold: 1 }, value: cohort({ count: draw('rdw'), stacked: draw('hba1c') }) },
          { item: { fold: 2 }, value: cohort({ count: draw('mcv'), stacked: draw('creat') }) },
        ],
      },
    },
  },
  'model.contributions': {
    inputs: { model: { json: model }, features: { named: { count } } },
  },
  'model.predict': {
    params: { fold: 2 },
    inputs: { model: { json: model }, features: { named: { count } }, folds },
  },
  'model.read': { inputs: { file: file('model.json', [JSON.stringify(model)]) } },
  'model.stack': {
    params: { mode: 'recommended', hold_out: 3 },
    inputs: {
      features: { named: { count, biochemistry } },
      target: trait,
      samples: some,
      folds,
      inner_folds: inner,
    },
  },
  'outcome.cause_specific': {
    params: { time: 'months', cause: 'cause', code: 1, add: 0.5 },
    inputs: { table: survivors },
  },
  'predict.logistic': {
    params: { mode: 'recommended', folds: 3 },
    inputs: {
      features: count,
      outcome: cohort({
        sick: draw('sick', 0.1).map((e, i) => (Number.isNaN(e) ? NaN : e + draw('rdw')[i]! > 0.5 ? 1 : 0)),
      }),
      test: samples(...trait.id!.values.filter((_, i) => i % 3 === 0)),
    },
    seed,
  },
  'scale.outliers': { params: { threshold: 2 }, inputs: { table: blood, train: some } },
  'scale.zscore': { params: { ddof: 1 }, inputs: { table: blood, train: some } },
  'simulate.cohort': { params: simulatedStudy, inputs: {}, seed },
  'simulate.gwas': {
    params: { idp: '25011' },
    inputs: { design: { json: { seed, ...validated(simulateCohortTask, simulatedStudy) } } },
  },
  'simulate.survey': { params: { people: 25 }, inputs: {}, seed },
  'split.holdout': {
    params: { share: 0.3, log_odds: [{ column: 'age', per_sd: -0.5 }] },
    inputs: { samples: everyone, by: people },
    seed,
  },
  'table.bind': {
    inputs: {
      tables: {
        gather: [
          { item: { trait: 'fev' }, value: cohort({ y: draw('rdw') }) },
          { item: { trait: 'sbp' }, value: cohort({ y: [1, null], other: ['x', null] }) },
        ],
      },
    },
  },
  'table.concat': {
    inputs: {
      tables: {
        gather: [
          { item: { fold: 1 }, value: rows({ a: [1, null], b: ['x', null] }) },
          { item: { fold: 2 }, value: rows({ a: [3] }) },
        ],
      },
    },
  },
  'table.derive': {
    params: {
      columns: [
        { name: 'age2', square: 'age' },
        { name: 'age_sex', product: ['age', 'sex'] },
        { name: 'log_cadmium', log: 'cadmium' },
        { name: 'male', is: { column: 'sex', value: 1 } },
        { name: 'sex', categories: { column: 'sex', reference: 1 } },
      ],
    },
    inputs: { table: people },
  },
  'table.drop_missing': { params: { above: 0.3 }, inputs: { table: people, train: some } },
  'table.filter': { inputs: { table: blood, samples: some } },
  'table.join': {
    params: { by: ['disease'], missing: 'keep' },
    inputs: {
      table: paired.reference,
      lookup: rows({ disease: ['gout', 'stroke'], category: ['joint', 'heart'] }),
    },
  },
  'table.missingness': { inputs: { table: blood } },
  'table.sort': { params: { by: ['cadmium'], descending: true, limit: 10 }, inputs: { table: people } },
  'table.summarise': {
    params: {
      by: ['sex'],
      columns: {
        people: { count: true },
        mean: { mean: 'age' },
        upper: { quantile: ['cadmium', 0.75] },
        old: { share: { column: 'age', above: 50 } },
      },
    },
    inputs: { table: people },
  },
  'test.nadeau_bengio': {
    params: { by: ['disease', 'seed'], values: ['auc'], repeat: 'seed' },
    inputs: paired,
  },
  'test.spearman': { params: { by: ['disease', 'seed'], values: ['auc'], rule: 'as89' }, inputs: paired },
  'test.wilcoxon': {
    params: { by: ['disease', 'seed'], values: ['auc'], unit: ['disease'], within: 'category' },
    inputs: {
      ...paired,
      groups: rows({ disease: ['gout', 'stroke', 'ulcer'], category: ['joint', 'heart', null] }),
    },
  },
};
