import { describe, expect, it } from 'vitest';
import {
  attributeBoosted,
  crossValidateBoosting,
  fitBoosting,
  predictBoosted,
} from '../../stats/boosting.js';
import { fitComparator, predictComparator, type Comparator } from '../../stats/comparator.js';
import { featureContributions, modalityContributions } from '../../stats/contributions.js';
import { crossValidateElasticNets } from '../../stats/elastic-net-columns.js';
import { assignFolds } from '../../stats/folds.js';
import { columnsOf, matrixFromColumns, takeRows } from '../../stats/linalg/matrix.js';
import { portableBackend } from '../../stats/linalg/portable.js';
import { rSquared } from '../../stats/regression-metrics.js';
import { rngFromSeed } from '../../stats/rng.js';
import {
  BAYESIAN_RIDGE,
  fitStacks,
  predictStack,
  DenseModality,
  type StackLearners,
  type StackModel,
} from '../../stats/stack.js';

const seed = '4e'.repeat(32);
const rng = rngFromSeed(seed, 'comparator');
const n = 500;
const train = 300;
const draw = (): Float64Array => Float64Array.from({ length: n }, () => rng.normal());
const columns = Array.from({ length: 6 }, draw);
const y = columns[0]!.map((x, i) => x + 0.5 * columns[1]![i]! - 0.4 * columns[3]![i]! + 0.7 * rng.normal());
const bent = columns[0]!.map((x, i) => Math.abs(x) + (columns[3]![i]! > 0.5 ? 1.5 : 0) + 0.3 * rng.normal());
const count = matrixFromColumns(columns.slice(0, 3));
const biochemistry = matrixFromColumns(columns.slice(3));
const first = Int32Array.from({ length: train }, (_, i) => i);
const rest = Int32Array.from({ length: n - train }, (_, i) => train + i);
const folds = assignFolds(train, 5, rngFromSeed(seed, 'inner'));
const PENALISED: readonly Comparator[] = ['ridge', 'lasso', 'elastic-net'];
const ALL: readonly Comparator[] = [...PENALISED, 'boosting'];
const options = { mixing: 0.5 };

function stack(target: Float64Array, learners: StackLearners, mode: 'faithful' | 'recommended'): StackModel {
  const modalities = [
    new DenseModality('biochemistry', ['d', 'e', 'f'], takeRows(biochemistry, first), folds),
    new DenseModality('count', ['a', 'b', 'c'], takeRows(count, first), folds),
  ];
  return fitStacks(modalities, [target.slice(0, train)], mode, portableBackend, learners)[0]!;
}
const unseen = new Map([
  ['count', takeRows(count, rest)],
  ['biochemistry', takeRows(biochemistry, rest)],
]);

describe('one layer', () => {
  it.each(PENALISED)('%s is the elastic net of the penalty that predicts the folds best', (learner) => {
    const x = takeRows(count, first);
    const target = y.slice(0, train);
    const model = fitComparator(learner, x, target, first, folds, portableBackend, options);
    if (model.learner === 'boosting') throw new Error('expected a linear model');
    const alpha = { ridge: 0, lasso: 1, 'elastic-net': 0.5 }[model.learner];
    const given = columns.slice(0, 3).map((column) => column.slice(0, train));
    const [own] = crossValidateElasticNets(given, [target], folds, portableBackend, { alpha });
    const { path, choice } = own!;
    expect(model).toEqual({
      learner,
      status: 'ok',
      coef: [...path.coefficients[choice.best]!],
      intercept: path.intercepts[choice.best]!,
      mixing: alpha,
      penalty: path.lambdas[choice.best]!,
    });
    const [predicted] = predictComparator(model, takeRows(count, rest.subarray(0, 1)));
    const byHand = model.coef.reduce((sum, w, j) => sum + w * columns[j]![train]!, model.intercept);
    expect(predicted).toBeCloseTo(byHand, 12);
  });

  it('boosting has as many trees as predict the folds best', () => {
    const target = bent.slice(0, train);
    const model = fitComparator(
      'boosting',
      takeRows(count, first),
      target,
      first,
      folds,
      portableBackend,
      options,
    );
    const given = columns.slice(0, 3).map((column) => column.slice(0, train));
    expect(model).toEqual({
      learner: 'boosting',
      status: 'ok',
      boosted: crossValidateBoosting(given, target, folds, { loss: 'squared' }),
    });
  });

  it.each(ALL)('%s says when there is no signal, and predicts the mean', (learner) => {
    const noise = draw().slice(0, train);
    const model = fitComparator(
      learner,
      takeRows(count, first),
      noise,
      first,
      folds,
      portableBackend,
      options,
    );
    const predicted = predictComparator(model, takeRows(count, rest));
    const spread = Math.max(...predicted) - Math.min(...predicted);
    if (model.status === 'no-signal') expect(spread).toBeLessThan(1e-12);
    else expect(spread).toBeLessThan(1);
    const constant = fitComparator(
      learner,
      takeRows(count, first),
      noise.map(() => 2),
      first,
      folds,
      portableBackend,
      options,
    );
    expect(constant.status).toBe(learner === 'boosting' ? 'no-signal' : 'constant-target');
    expect(predictComparator(constant, takeRows(count, rest))[0]).toBe(2);
  });
});

describe('the stack', () => {
  const pairs = ALL.flatMap((layerOne) => [
    [layerOne, 'bayesian-ridge'],
    [layerOne, layerOne],
  ]).concat([
    ['bayesian-ridge', 'lasso'],
    ['bayesian-ridge', 'boosting'],
  ]) as [StackLearners['layerOne'], StackLearners['layerTwo']][];
  it.each(pairs)(
    '%s, then %s: predicts unseen people in both modes, from plain JSON',
    (layerOne, layerTwo) => {
      for (const mode of ['faithful', 'recommended'] as const) {
        const model = stack(y, { layerOne, layerTwo, mixing: 0.5 }, mode);
        const copy = JSON.parse(JSON.stringify(model)) as StackModel;
        const predicted = predictStack(copy, unseen);
        expect(predicted).toEqual(predictStack(model, unseen));
        expect(rSquared(y.slice(train), predicted)).toBeGreaterThan(0.4);
      }
    },
  );

  it('Bayesian ridge is the default, and its model has no other field', () => {
    const modalities = [new DenseModality('count', ['a', 'b', 'c'], takeRows(count, first), undefined)];
    const target = y.slice(0, train);
    const [plain] = fitStacks(modalities, [target], 'faithful', portableBackend);
    const [named] = fitStacks(modalities, [target], 'faithful', portableBackend, BAYESIAN_RIDGE);
    expect(named).toEqual(plain);
    expect(Object.keys(plain!.modalities[0]!).sort()).toEqual([
      'alpha',
      'coef',
      'features',
      'intercept',
      'iterations',
      'lambda',
      'means',
      'name',
      'status',
    ]);
  });

  it('trees see what lines cannot', () => {
    const learners = (layerOne: StackLearners['layerOne']): StackLearners => ({
      ...BAYESIAN_RIDGE,
      layerOne,
    });
    const r2 = (layerOne: StackLearners['layerOne']): number =>
      rSquared(bent.slice(train), predictStack(stack(bent, learners(layerOne), 'recommended'), unseen));
    expect(r2('boosting')).toBeGreaterThan(r2('bayesian-ridge') + 0.15);
    expect(r2('ridge')).toBeCloseTo(r2('bayesian-ridge'), 1);
  });

  it('recommended: layer 2 learns from predictions by models that chose their penalty without the person', () => {
    const learners: StackLearners = { layerOne: 'lasso', layerTwo: 'bayesian-ridge', mixing: 0.5 };
    const model = stack(y, learners, 'recommended');
    const x = takeRows(count, first);
    const target = y.slice(0, train);
    const outOfFold = new Float64Array(train);
    for (let held = 0; held < 5; held++) {
      const rows = first.filter((i) => folds[i] !== held);
      const fit = fitComparator('lasso', x, target, rows, folds, portableBackend, options);
      const test = first.filter((i) => folds[i] === held);
      predictComparator(fit, takeRows(x, test)).forEach((value, i) => (outOfFold[test[i]!] = value));
    }
    const { layerTwo } = model;
    if (layerTwo === null || 'learner' in layerTwo) throw new Error('expected a Bayesian ridge');
    const mean = outOfFold.reduce((sum, value) => sum + value, 0) / train;
    expect(layerTwo.means[1]).toBeCloseTo(mean, 12);
  });

  it('contributions: shares sum to 1, of trees too; with trees in layer 2 only those of modalities', () => {
    const total = (parts: readonly { share: number }[]): number =>
      parts.reduce((sum, { share }) => sum + share, 0);
    const linear = stack(y, { layerOne: 'elastic-net', layerTwo: 'ridge', mixing: 0.5 }, 'recommended');
    expect(total(featureContributions(linear, unseen))).toBeCloseTo(1, 10);
    const trees = stack(bent, { ...BAYESIAN_RIDGE, layerOne: 'boosting' }, 'recommended');
    const features = featureContributions(trees, unseen);
    expect(features.every(({ weight }) => Number.isNaN(weight))).toBe(true);
    expect(total(features)).toBeCloseTo(1, 10);
    const modalities = modalityContributions(trees, unseen);
    expect(total(modalities)).toBeCloseTo(1, 10);
    for (const { modality, share } of modalities)
      expect(total(features.filter((feature) => feature.modality === modality))).toBeCloseTo(share, 10);
    const second = stack(bent, { ...BAYESIAN_RIDGE, layerTwo: 'boosting' }, 'recommended');
    expect(total(modalityContributions(second, unseen))).toBeCloseTo(1, 10);
    expect(featureContributions(second, unseen).every(({ share }) => Number.isNaN(share))).toBe(true);
  });

  it('what the columns add to the trees sums to the prediction, and a column that no tree splits adds nothing', () => {
    const columns = [0, 1, 2].map((j) =>
      Float64Array.from({ length: 300 }, (_, i) => (i % 17 === j ? NaN : Math.sin((j + 2) * i))),
    );
    columns.push(new Float64Array(300).fill(4));
    const target = Float64Array.from(columns[0]!, (x, i) => (x > 0 ? 2 : 0) + (columns[1]![i]! || 0));
    const rows = Int32Array.from({ length: 300 }, (_, i) => i);
    const model = fitBoosting(columns, target, { loss: 'squared', trees: 20 });
    const parts = attributeBoosted(model, columns, rows);
    const predicted = predictBoosted(model, columns, rows);
    const constant = predicted[0]! - parts.reduce((sum, part) => sum + part[0]!, 0);
    predicted.forEach((value, i) =>
      expect(parts.reduce((sum, part) => sum + part[i]!, constant)).toBeCloseTo(value, 12),
    );
    expect(parts[3]).toEqual(new Float64Array(300));
  });

  it('one standard error: the penalty that cross-validation names so, not smaller than the best', () => {
    const x = takeRows(biochemistry, first);
    const target = y.slice(0, train);
    const columns = columnsOf(x);
    const [{ choice, path }] = crossValidateElasticNets(columns, [target], folds, portableBackend, {
      rows: first,
      alpha: 1,
    }) as [ReturnType<typeof crossValidateElasticNets>[number]];
    const fit = (penalty: 'best' | 'one-se') =>
      fitComparator('lasso', x, target, first, folds, portableBackend, { ...options, penalty });
    expect(fit('best')).toMatchObject({ penalty: path.lambdas[choice.best] });
    expect(fit('one-se')).toMatchObject({ penalty: path.lambdas[choice.oneStandardError] });
    expect(choice.oneStandardError).toBeLessThan(choice.best);
    expect(fitComparator('lasso', x, target, first, folds, portableBackend, options)).toEqual(fit('best'));
  });
});
