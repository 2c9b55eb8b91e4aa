import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fitRidge, predictRidge } from '../../stats/bayesian-ridge.js';
import { factorise, projectTargets } from '../../stats/factorisation.js';
import { assignFolds, splitByFold } from '../../stats/folds.js';
import { matrix, matrixFromColumns, takeRows, type Matrix } from '../../stats/linalg/matrix.js';
import { portableBackend } from '../../stats/linalg/portable.js';
import { squaredPearson, rSquared } from '../../stats/regression-metrics.js';
import { rngFromSeed } from '../../stats/rng.js';
import { featureContributions, modalityContributions } from '../../stats/contributions.js';
import {
  fitStacks,
  predictLayerOne,
  predictStack,
  DenseModality,
  type LayerModel,
  type LinearModel,
  type StackModel,
} from '../../stats/stack.js';
import { backends } from './backends.js';
import { completeNhanes, nhanesPresent, standardised } from './nhanes.js';

/** A layer that must be a Bayesian ridge. */
function ridgeOf(model: LayerModel | null): LinearModel {
  if (model === null || 'learner' in model) throw new Error('expected a Bayesian ridge');
  return model;
}

const seed = '3c'.repeat(32);
const reference = JSON.parse(readFileSync(new URL('../reference/stack.json', import.meta.url), 'utf8')) as {
  columns: { count: string[]; biochemistry: string[]; traits: string[] };
  rows: number;
  fits: {
    trait: string;
    coef: number[];
    intercept: number;
    alpha: number;
    lambda: number;
    iterations: number;
    predicted: number[];
  }[];
};

function normals(stream: string, rows: number, cols: number): Matrix {
  const rng = rngFromSeed(seed, stream);
  return matrix(
    rows,
    cols,
    Float64Array.from({ length: rows * cols }, () => rng.normal()),
  );
}
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const largestGap = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...range(0, b.length).map((i) => Math.abs(a[i]! - b[i]!)));

const n = 150;
const count = normals('count', n, 4);
const chemistry = normals('chemistry', n, 6);
const rng = rngFromSeed(seed, 'noise');
const truth = { count: Float64Array.of(1, 0.5, 0, 0), chemistry: Float64Array.of(0.7, 0, 0, -0.4, 0, 0) };
const target = Float64Array.from(
  predictRidge({ coef: truth.count, intercept: 3 }, count),
  (value, i) => value + predictRidge({ coef: truth.chemistry, intercept: 0 }, chemistry)[i]! + rng.normal(),
);
const folds = assignFolds(n, 5, rngFromSeed(seed, 'inner'));
const prepared = (): DenseModality[] => [
  new DenseModality('count', ['a', 'b', 'c', 'd'], count, folds),
  new DenseModality('chemistry', ['e', 'f', 'g', 'h', 'i', 'j'], chemistry, folds),
];
const inputs = new Map([['count', count], ['chemistry', chemistry]]); // prettier-ignore
const modes = ['faithful', 'recommended'] as const;

describe.skipIf(!nhanesPresent)('NHANES III', () => {
  const { columns } = reference;
  const names = [...columns.count, ...columns.biochemistry, ...columns.traits];
  const all = nhanesPresent ? completeNhanes(names).map(standardised) : [];
  const rows = reference.rows;
  const half = Math.floor(rows / 2);
  const modalityColumns = {
    count: matrixFromColumns(all.slice(0, columns.count.length)),
    biochemistry: matrixFromColumns(all.slice(columns.count.length, -columns.traits.length)),
  };
  const traits = all.slice(-columns.traits.length);

  it.each(backends)('the faithful stack is scikit-learn 1.2.1, layer by layer (%s)', (_, backend) => {
    const train = range(0, half);
    const test = range(half, rows);
    const modalities = (['count', 'biochemistry'] as const).map(
      (name) => new DenseModality(name, columns[name], takeRows(modalityColumns[name], train), undefined),
    );
    const models = fitStacks(
      modalities,
      traits.map((y) => y.slice(0, half)),
      'faithful',
      backend,
    );
    const unseen = new Map(Object.entries(modalityColumns).map(([name, x]) => [name, takeRows(x, test)]));
    reference.fits.forEach((want, t) => {
      const layerTwo = ridgeOf(models[t]!.layerTwo);
      expect(layerTwo.iterations).toBe(want.iterations);
      expect(largestGap(layerTwo.coef, want.coef)).toBeLessThan(1e-10 * Math.max(...want.coef.map(Math.abs)));
      expect(Math.abs(layerTwo.alpha! / want.alpha - 1)).toBeLessThan(1e-10);
      expect(Math.abs(layerTwo.lambda! / want.lambda - 1)).toBeLessThan(1e-10);
      expect(largestGap(predictStack(models[t]!, unseen).slice(0, 20), want.predicted)).toBeLessThan(1e-11);
    });
  });

  it('five-fold R² of each modality and of the stack is what the study expects (± 0.03 on complete cases)', () => {
    // shared/study/NHANES.md gives these, ± 0.02, for the imputed cohort of 15,350; the 9,800 complete cases differ a little.
    const expected = {
      fev: [0.18, 0.28, 0.35],
      height: [0.18, 0.26, 0.32],
      waist: [0.07, 0.37, 0.375],
      sbp: [0.05, 0.23, 0.24],
    };
    const outer = assignFolds(rows, 5, rngFromSeed(seed, 'outer'));
    const predictions = traits.map(() => [0, 1, 2].map(() => new Float64Array(rows)));
    for (let fold = 0; fold < 5; fold++) {
      const { train, test } = splitByFold(outer, fold);
      const inner = assignFolds(train.length, 5, rngFromSeed(seed, 'inner', fold));
      const modalities = (['count', 'biochemistry'] as const).map(
        (name) => new DenseModality(name, columns[name], takeRows(modalityColumns[name], train), inner),
      );
      const models = fitStacks(
        modalities,
        traits.map((y) => Float64Array.from(train, (i) => y[i]!)),
        'recommended',
        portableBackend,
      );
      const unseen = new Map(Object.entries(modalityColumns).map(([name, x]) => [name, takeRows(x, test)]));
      models.forEach((model, t) => {
        [...predictLayerOne(model, unseen), predictStack(model, unseen)].forEach((values, column) =>
          test.forEach((person, i) => (predictions[t]![column]![person] = values[i]!)),
        );
      });
    }
    for (const [trait, want] of Object.entries(expected)) {
      const t = columns.traits.indexOf(trait);
      want.forEach((r2, column) => {
        expect(
          Math.abs(rSquared(traits[t]!, predictions[t]![column]!) - r2),
          `${trait} ${column}`,
        ).toBeLessThan(0.03);
      });
    }
  });
});

describe('two layers', () => {
  it('recommended: layer 2 is the fit on out-of-fold layer-1 predictions, layer 1 is refitted on everyone', () => {
    const [model] = fitStacks(prepared(), [target], 'recommended', portableBackend);
    const fitOn = (x: Matrix, y: Float64Array): ReturnType<typeof fitRidge> => {
      const factorisation = factorise(x, portableBackend);
      return fitRidge(factorisation, projectTargets(factorisation, [y], portableBackend)[0]!, 'recommended');
    };
    const outOfFold = [count, chemistry].map((x) => {
      const values = new Float64Array(n);
      for (let fold = 0; fold < 5; fold++) {
        const { train, test } = splitByFold(folds, fold);
        const fit = fitOn(
          takeRows(x, train),
          Float64Array.from(train, (i) => target[i]!),
        );
        predictRidge(fit, takeRows(x, test)).forEach((value, i) => (values[test[i]!] = value));
      }
      return values;
    });
    expect(ridgeOf(model!.layerTwo).coef).toEqual([...fitOn(matrixFromColumns(outOfFold), target).coef]);
    expect(ridgeOf(model!.modalities[0]!).coef).toEqual([...fitOn(count, target).coef]);
  });

  it.each(modes)('%s: the model is plain JSON and predicts from itself alone', (mode) => {
    const [model] = fitStacks(prepared(), [target], mode, portableBackend);
    const reread = JSON.parse(JSON.stringify(model)) as StackModel;
    expect(reread).toEqual(model);
    expect(predictStack(reread, inputs)).toEqual(predictStack(model!, inputs));
    expect(squaredPearson(target, predictStack(reread, inputs))).toBeGreaterThan(0.5);
  });

  it.each(modes)('%s: one modality has no second layer', (mode) => {
    const [model] = fitStacks(prepared().slice(0, 1), [target], mode, portableBackend);
    expect(model!.layerTwo).toBeNull();
    expect(predictStack(model!, inputs)).toEqual(predictLayerOne(model!, inputs)[0]);
  });

  it.each(modes)("%s: a target's model does not depend on its siblings", (mode) => {
    for (const [, backend] of backends) {
      const others = range(0, 40).map((k) => normals(`sibling ${k}`, n, 1).data);
      const together = fitStacks(prepared(), [...others, target], mode, backend);
      expect(fitStacks(prepared(), [target], mode, backend)[0]).toEqual(together[40]);
    }
  });

  it.each(modes)('%s: the order of the modalities does not matter', (mode) => {
    const forwards = fitStacks(prepared(), [target], mode, portableBackend)[0]!;
    const backwards = fitStacks(prepared().reverse(), [target], mode, portableBackend)[0]!;
    expect(largestGap(predictStack(backwards, inputs), predictStack(forwards, inputs))).toBeLessThan(1e-10);
  });

  it('out-of-fold layer 1 gives a useless, overfitting modality less weight than in-sample layer 1 does', () => {
    const noise = normals('noise modality', n, 100);
    const names = range(0, 100).map((j) => `snp${j}`);
    const weightOf = (mode: 'faithful' | 'recommended'): number => {
      const modalities = [prepared()[0]!, new DenseModality('noise', names, noise, folds)];
      const [model] = fitStacks(modalities, [target], mode, portableBackend);
      const parts = modalityContributions(model!, new Map([...inputs, ['noise', noise]]));
      return parts.find(({ modality }) => modality === 'noise')!.own;
    };
    expect(weightOf('recommended')).toBeLessThan(0.5 * weightOf('faithful'));
  });
});

describe('contributions', () => {
  it.each(modes)('%s: shares sum to one, over modalities and over features', (mode) => {
    const [model] = fitStacks(prepared(), [target], mode, portableBackend);
    const modalities = modalityContributions(model!, inputs);
    const features = featureContributions(model!, inputs);
    const total = (parts: readonly { share: number }[]): number =>
      parts.reduce((sum, { share }) => sum + share, 0);
    expect(total(modalities)).toBeCloseTo(1, 12);
    expect(total(features)).toBeCloseTo(1, 12);
    for (const { modality, share } of modalities) {
      expect(total(features.filter((feature) => feature.modality === modality))).toBeCloseTo(share, 12);
    }
    expect(features.length).toBe(10);
    expect(Math.max(...features.map(({ share }) => share))).toBe(
      features.find(({ feature }) => feature === 'a')!.share,
    );
  });

  it('one modality carries everything; a constant prediction has no shares', () => {
    const [single] = fitStacks(prepared().slice(0, 1), [target], 'recommended', portableBackend);
    expect(modalityContributions(single!, inputs)).toEqual([{ modality: 'count', share: 1, own: 1 }]);
    const [flat] = fitStacks(prepared(), [new Float64Array(n).fill(2)], 'recommended', portableBackend);
    expect(flat!.layerTwo!.status).toBe('constant-target');
    expect(Array.from(predictStack(flat!, inputs))).toEqual(new Array(n).fill(2));
    expect(modalityContributions(flat!, inputs)[0]!.share).toBeNaN();
  });
});

describe('bugs of a caller', () => {
  it('are named', () => {
    expect(() => fitStacks([], [target], 'faithful', portableBackend)).toThrow('at least one modality');
    expect(() => new DenseModality('count', ['a'], count, undefined)).toThrow(
      '1 feature names for 4 columns of count',
    );
    const without = [count, chemistry].map(
      (x, m) => new DenseModality(`m${m}`, range(0, x.cols).map(String), x, undefined),
    );
    expect(() => fitStacks(without, [target], 'recommended', portableBackend)).toThrow(
      'm0 was prepared without inner folds',
    );
    const short = new DenseModality('short', ['a', 'b', 'c', 'd'], takeRows(count, range(0, 9)), undefined);
    expect(() => fitStacks([without[0]!, short], [target], 'faithful', portableBackend)).toThrow(
      'short has 9 rows, m0 has 150',
    );
    const [model] = fitStacks(prepared(), [target], 'faithful', portableBackend);
    expect(() => predictStack(model!, new Map([['count', count]]))).toThrow(
      'no input for modality chemistry',
    );
    expect(() => predictStack(model!, new Map([['count', chemistry]]))).toThrow(
      'count has 6 columns, its model 4',
    );
  });
});
