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
  const order = Int32Array.from(eta.keys()).sort((a, b) => eta[a]! - eta[b]! || a - b);
  const groups = Array.from({ length: RISK_GROUPS }, (_, g) => {
    const from = Math.round((g * order.length) / RISK_GROUPS);
    return order.subarray(from, Math.round(((g + 1) * order.length) / RISK_GROUPS));
  }).filter((group) => group.length > 0);
  const mean = (group: Int32Array, value: (i: number) => number): number =>
    group.reduce((sum, i) => sum + value(i), 0) / group.length;
  return plainTable([
    ['group', numberColumn(groups.map((_, g) => g + 1))],
    ['people', numberColumn(groups.map((group) => group.length))],
    ['predicted', numberColumn(groups.map((group) => mean(group, (i) => 1 / (1 + Math.exp(-eta[i]!)))))],
    ['observed', numberColumn(groups.map((group) => mean(group, (i) => outcome[i]!)))],
  ]);
}
