/**
 * Prediction: what came of one disease in `predict.logistic`, and the tables that show it.
 *
 * Not responsible for making it (predict-logistic.ts).
 */
import { numberColumn, textColumn, type Column } from '../cache/column.js';
import { plainTable, type Table } from '../cache/table.js';
import type { ClassificationMetrics } from '../stats/classification-metrics.js';
import { featuresUsed, type Classifier } from './classifier.js';

/** Equal groups of test people by risk, in the table of calibration. */
const RISK_GROUPS = 10;

export type PredictionStatus =
  'ok' | 'not converged' | 'one-class test set' | 'one-class training set' | 'not tuned';

export interface Prediction {
  readonly status: PredictionStatus;
  readonly reason: string | null;
  readonly classifier: Classifier | null;
  readonly train: { readonly people: number; readonly cases: number };
  /** Of the people scored. */
  readonly outcome: Float64Array;
  readonly eta: Float64Array;
  /** Test people with an outcome and without a prediction. */
  readonly unpredicted: number;
  readonly scores: ClassificationMetrics | null;
  readonly interval: { readonly low: number; readonly high: number } | null;
}

/** One row; bounds of the AUC only when they were asked for. */
export function metricsTable(prediction: Prediction, withInterval: boolean): Table {
  const { status, reason, classifier, train, scores, interval, unpredicted } = prediction;
  const one = (value: number | null | undefined): Column => numberColumn([value ?? null]);
  return plainTable([
    ['status', textColumn([status])],
    ['reason', textColumn([reason])],
    ['train', one(train.people)],
    ['train_cases', one(train.cases)],
    ['test', one(scores?.n ?? 0)],
    ['test_cases', one(scores?.cases ?? 0)],
    ['unpredicted', one(unpredicted)],
    ['features', one(classifier && featuresUsed(classifier))],
    ['lambda', one(classifier?.learner === 'l1' ? classifier.lambda : null)],
    ['auc', one(scores?.auc)],
    ...(withInterval
      ? ([
          ['auc_low', one(interval?.low)],
          ['auc_high', one(interval?.high)],
        ] as const)
      : []),
    ['auprc', one(scores?.auprc)],
    ['accuracy', one(scores?.accuracy)],
    ['recall', one(scores?.recall)],
    ['specificity', one(scores?.specificity)],
    ['brier', one(scores?.brier)],
    ['calibration_slope', one(scores?.calibrationSlope)],
    ['calibration_intercept', one(scores?.calibrationIntercept)],
  ]);
}

/** Groups of equal size by η; people of equal η keep the order of their ids. */
export function calibrationTable({ outcome, eta }: Prediction): Table {
  // Sorting numbers is several times faster than sorting people; only at the edges of the groups does it matter who is who.
  const sorted = eta.slice().sort();
  const starts = Array.from({ length: RISK_GROUPS }, (_, g) =>
    Math.round((g * sorted.length) / RISK_GROUPS),
  ).filter((start, g, all) => start < (all[g + 1] ?? sorted.length));
  const lowest = Float64Array.from(starts, (start) => sorted[start]!);
  const observed = new Float64Array(starts.length);
  const nextRank = new Map<number, number>();
  for (let i = 0; i < eta.length; i++) {
    const score = eta[i]!;
    let group = lowest.length - 1;
    while (group > 0 && lowest[group]! > score) group--;
    if (lowest[group] === score) {
      // Ties with the start of a group enter by turn, some of them before it.
      const rank = nextRank.get(score) ?? sorted.indexOf(score);
      nextRank.set(score, rank + 1);
      while (starts[group]! > rank) group--;
    }
    observed[group]! += outcome[i]!;
  }
  const ends = starts.map((_, g) => starts[g + 1] ?? sorted.length);
  const people = starts.map((start, g) => ends[g]! - start);
  const predicted = starts.map((start, g) =>
    sorted.subarray(start, ends[g]).reduce((sum, value) => sum + 1 / (1 + Math.exp(-value)), 0),
  );
  const mean = (sum: number, g: number): number => sum / people[g]!;
  return plainTable([
    ['group', numberColumn(starts.map((_, g) => g + 1))],
    ['people', numberColumn(people)],
    ['predicted', numberColumn(predicted.map(mean))],
    ['observed', numberColumn(Array.from(observed, mean))],
  ]);
}
