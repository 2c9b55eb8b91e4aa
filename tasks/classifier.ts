/**
 * Classifier: the disease model that `predict.logistic` fits to training rows, as JSON that predicts from itself alone.
 *
 * Not responsible for who trains and who is tested (case-control.ts), or for scores.
 */
import { crossValidateBoosting, predictBoosted, type BoostedModel } from '../stats/boosting.js';
import { stratifiedFolds, type Classes, type Luck } from '../stats/class-balance.js';
import { linalg } from '../stats/linalg/linalg.js';
import type { Matrix } from '../stats/linalg/matrix.js';
import { fitL1Logistic, liblinearLambda, type Features, type LogisticFit } from '../stats/logistic.js';
import { crossValidateL1Logistic, predictLogistic } from '../stats/logistic-path.js';
import type { FeatureRows } from './case-control.js';

/** Penalties of a path. */
const PENALTIES = 50;

export interface ClassifierOptions {
  readonly learner: 'l1' | 'boosting';
  readonly mode: 'faithful' | 'recommended';
  /** liblinear's C, for faithful L1. */
  readonly C: number;
  /** Folds of the nested cross-validation. */
  readonly folds: number;
  readonly choice: 'best' | 'one_standard_error';
  /** Smallest over largest penalty of the path. */
  readonly smallest: number;
}

/** η = intercept + Σ w·x. */
export interface LinearClassifier {
  readonly learner: 'l1';
  readonly features: readonly string[];
  readonly intercept: number;
  readonly coefficients: readonly number[];
  /** λ of (1/n)Σloss + λ‖w‖₁, and whether the intercept is penalised too. */
  readonly lambda: number;
  readonly penalised_intercept: boolean;
}

/** η = shift + the trees' sum. */
export interface BoostedClassifier {
  readonly learner: 'boosting';
  readonly features: readonly string[];
  readonly shift: number;
  readonly boosted: BoostedModel;
}

export type Classifier = LinearClassifier | BoostedClassifier;

export interface FittedClassifier {
  readonly status: 'ok' | 'not converged';
  readonly classifier: Classifier;
}

/** What a classifier learns from: columns and labels of everybody, and which rows are training rows. */
export interface TrainingRows {
  readonly columns: readonly Float64Array[];
  readonly labels: Float64Array;
  readonly classes: Classes;
  readonly rows: Int32Array;
  /** By which folds are dealt; asked for only when there are folds. */
  readonly foldLuck: () => Luck;
  /** The training people's features by person, and each row's place there; L1 fits gather from it when it is given. */
  readonly byPerson?: { readonly matrix: Matrix; readonly placeOfRow: Int32Array };
}

/** What an L1 fit gathers from: the same numbers either way. */
interface GatheredTraining {
  readonly features: Features;
  readonly labels: Float64Array;
  readonly rows: Int32Array;
  /** Values by row, as the labels are indexed. */
  readonly byRow: (values: Int32Array) => Int32Array;
}

function gathered({ columns, labels, rows, byPerson }: TrainingRows): GatheredTraining {
  if (!byPerson) return { features: columns, labels, rows, byRow: (values) => values };
  const { matrix, placeOfRow } = byPerson;
  const places = new Int32Array(rows.length);
  const placed = new Float64Array(matrix.rows).fill(NaN);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const place = placeOfRow[row]!;
    places[i] = place;
    placed[place] = labels[row]!;
  }
  const byRow = (values: Int32Array): Int32Array => {
    const out = new Int32Array(matrix.rows).fill(-1);
    for (let i = 0; i < rows.length; i++) out[places[i]!] = values[rows[i]!]!;
    return out;
  };
  return { features: matrix, labels: placed, rows: places, byRow };
}

/** Fits the classifier; both classes occur in the rows. A string says why no penalty could be chosen. */
export function fitClassifier(
  training: TrainingRows,
  features: readonly string[],
  options: ClassifierOptions,
): FittedClassifier | string {
  const { columns, labels, rows } = training;
  if (options.learner === 'l1' && options.mode === 'faithful') {
    const lambda = liblinearLambda(rows.length, options.C);
    const given = gathered(training);
    const fit = fitL1Logistic(given.features, given.labels, linalg(), {
      rows: given.rows,
      lambda,
      penaliseIntercept: true,
    });
    return linear(fit, features, true);
  }
  const { cases, controls } = training.classes;
  const smaller = Math.min(cases.length, controls.length);
  // With a single member in a class its fold has nobody to learn from.
  if (smaller < 2) return `cross-validation needs 2 people of each class, got ${smaller}`;
  const k = Math.min(options.folds, smaller);
  const folds = stratifiedFolds(training.classes, training.foldLuck(), k);
  if (options.learner === 'boosting') {
    const boosted = crossValidateBoosting(columns, labels, folds, { loss: 'logistic', rows });
    return { status: 'ok', classifier: { learner: 'boosting', features, shift: 0, boosted } };
  }
  const given = gathered(training);
  const { choice, path } = crossValidateL1Logistic(
    given.features,
    given.labels,
    given.byRow(folds),
    linalg(),
    {
      rows: given.rows,
      count: PENALTIES,
      ratio: options.smallest,
    },
  );
  const at = options.choice === 'best' ? choice.best : choice.oneStandardError;
  return linear(path[at]!, features, false);
}

function linear(fit: LogisticFit, features: readonly string[], penalised: boolean): FittedClassifier {
  const { lambda, intercept, coefficients } = fit;
  return {
    status: fit.status === 'ok' ? 'ok' : 'not converged',
    classifier: {
      learner: 'l1',
      features,
      intercept,
      coefficients: [...coefficients],
      lambda,
      penalised_intercept: penalised,
    },
  };
}

/** The same classifier with `shift` added to every η. */
export function shiftClassifier(classifier: Classifier, shift: number): Classifier {
  return classifier.learner === 'l1'
    ? { ...classifier, intercept: classifier.intercept + shift }
    : { ...classifier, shift: classifier.shift + shift };
}

/** η of the given people; NaN where a feature that a linear model uses is. `byPerson` says whether their matrix is worth making. */
export function classifierEta(classifier: Classifier, people: FeatureRows, byPerson: boolean): Float64Array {
  const { columns, rows } = people;
  if (classifier.learner === 'boosting') {
    return predictBoosted(classifier.boosted, columns, rows).map((eta) => eta + classifier.shift);
  }
  const fit = { intercept: classifier.intercept, coefficients: Float64Array.from(classifier.coefficients) };
  return byPerson ? predictLogistic(fit, people.matrix()) : predictLogistic(fit, columns, rows);
}

/** Features that the classifier uses. */
export function featuresUsed(classifier: Classifier): number {
  if (classifier.learner === 'l1') return classifier.coefficients.filter((w) => w !== 0).length;
  return new Set(classifier.boosted.trees.flatMap((tree) => tree.feature.filter((j) => j >= 0))).size;
}
