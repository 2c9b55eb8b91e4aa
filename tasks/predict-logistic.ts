/** `predict.logistic`: a disease predicted from features by L1-logistic regression, trained on some people and tested on others. */
import { matchIds } from '../cache/table.js';
import {
  TaskError,
  defineTask,
  jsonOutput,
  tableOutput,
  type Json,
  type TaskContext,
} from '../engine/task.js';
import { aucInterval } from '../stats/auc-interval.js';
import {
  downSample,
  luckiest,
  luckOf,
  priorCorrection,
  splitClasses,
  type Luck,
} from '../stats/class-balance.js';
import { classificationMetrics } from '../stats/classification-metrics.js';
import type { Matrix } from '../stats/linalg/matrix.js';
import { rngFromSeed, uniformOf } from '../stats/rng.js';
import { readCaseControl, type CaseControl, type FeatureRows } from './case-control.js';
import { classifierEta, fitClassifier, shiftClassifier, type ClassifierOptions } from './classifier.js';
import { idsOf, onlyColumn, people as counted, rowName } from './reading.js';
import { calibrationTable, metricsTable, type Prediction } from './prediction.js';

interface Params extends ClassifierOptions {
  readonly balance: 'by_mode' | 'down_sample' | 'none';
  readonly correct_intercept: boolean;
  readonly train_people: number | null;
  readonly bootstrap: number;
}

export const predictLogistic = defineTask<Params>({
  name: 'predict.logistic',
  version: 3,
  seeded: true,
  summary: 'Predicts a disease from features by L1-logistic regression and scores it on test people.',
  details: `\`faithful\`: liblinear's objective ‖(w, b)‖₁ + C·Σloss, which penalises the intercept, on training people whose larger
class was down-sampled at random to the size of the smaller. \`recommended\`: the intercept is free, everybody trains, and the penalty is chosen
by cross-validated deviance within the training people (stratified folds) along a path of 50 penalties. Features are not scaled: give them
standardised. \`learner: boosting\` fits boosted trees of the logistic loss instead, their number chosen by the same folds in either mode.

Training people with a missing outcome do not train; a missing training feature is an error; a test person whom the model cannot predict is not
scored and is counted. Scores are of the test people: a person counts as a case when η > 0; AUC with ties at ½; AUPRC is average precision; the
calibration slope is b of y on a + b·η, the calibration intercept a of y on a + η. What does not exist for a test set of one class is missing, and
\`status\` says so: such rows are counted by who averages, never dropped unseen. Chance (down-sampling, folds) depends on the seed and each person's
id, so diseases share their luck and nobody's depends on who else takes part.`,
  params: {
    type: 'object',
    properties: {
      mode: {
        enum: ['faithful', 'recommended'],
        default: 'faithful',
        description:
          '`faithful`: as published; `recommended`: free intercept, tuned penalty, no down-sampling.',
      },
      learner: {
        enum: ['l1', 'boosting'],
        default: 'l1',
        description: 'L1-penalised logistic regression, or gradient-boosted trees for comparison.',
      },
      C: {
        type: 'number',
        exclusiveMinimum: 0,
        default: 1,
        description: "liblinear's weight of the loss against the penalty; in faithful mode.",
      },
      balance: {
        enum: ['by_mode', 'down_sample', 'none'],
        default: 'by_mode',
        description:
          'Whether the larger class of the training people is down-sampled; `by_mode`: in faithful mode.',
      },
      correct_intercept: {
        type: 'boolean',
        default: false,
        description:
          'After down-sampling, shift the intercept by the log odds that sampling changed (King and Zeng 2001).',
      },
      train_people: {
        type: ['integer', 'null'],
        minimum: 1,
        default: null,
        description: 'Train on at most so many people, drawn at random: for arms of equal size.',
      },
      folds: {
        type: 'integer',
        minimum: 2,
        default: 5,
        description: 'Folds of the nested cross-validation.',
      },
      choice: {
        enum: ['best', 'one_standard_error'],
        default: 'best',
        description: 'The penalty of least deviance, or the largest within one standard error of it.',
      },
      smallest: {
        type: 'number',
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        default: 0.01,
        description: 'The smallest penalty of the path over the largest, at which every weight is zero.',
      },
      bootstrap: {
        type: 'integer',
        minimum: 0,
        default: 0,
        description: 'Draws of the test people for a 95 % BCa interval of the AUC; 0: none.',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    features: { type: 'table', summary: 'What to predict from: columns of numbers.' },
    test_features: {
      type: 'table',
      optional: true,
      summary: 'The features of the test people, under the same names; those of `features` when absent.',
    },
    outcome: { type: 'table', summary: 'One column: 1 case, 0 control; of training and test people.' },
    train: {
      type: 'samples',
      optional: true,
      summary: 'The people to train on; all of `features` but the test people when absent.',
      reads: () => [],
    },
    test: { type: 'samples', summary: 'The people to test on.', reads: () => [] },
  },
  outputs: {
    metrics: {
      type: 'metrics',
      summary:
        'One row: status, reason, numbers of people and cases, auc, auprc, accuracy, recall, specificity, brier, calibration.',
    },
    calibration: {
      type: 'table',
      summary: 'Ten groups of test people by risk: people, predicted, observed.',
    },
    model: { type: 'model', summary: 'The fitted classifier, as JSON; null when there is none.' },
  },
  batch: { shared: ['features', 'test_features', 'train', 'test'], varies: [] },
  resources: (_params, shapes) => {
    const cells = (port: string): number =>
      (shapes[port] ?? []).reduce((sum, { rows, columns }) => sum + rows * columns, 0);
    // The columns, the training and the test people's rows, and a design gathered from them.
    return { memory: 256 * 2 ** 20 + 32 * cells('features') + 16 * cells('test_features') };
  },
  async runBatch(batch) {
    let shared: Shared;
    try {
      shared = {
        data: readCaseControl(batch.items[0]!),
        many: batch.items.length > 1,
        luck: new Map(),
        placed: null,
      };
    } catch (error) {
      batch.items.forEach((_, index) => batch.fail(index, error));
      return;
    }
    for (const [index, item] of batch.items.entries()) {
      batch.announce(index);
      let prediction: Prediction;
      try {
        for (const warning of shared.data.warnings) item.warn(warning);
        prediction = predict(item, shared);
        if (prediction.reason !== null) item.warn(`${prediction.status}: ${prediction.reason}`);
      } catch (error) {
        batch.fail(index, error);
        continue;
      }
      await batch.emit(index, {
        metrics: tableOutput(metricsTable(prediction, item.params.bootstrap > 0)),
        calibration: tableOutput(calibrationTable(prediction)),
        model: jsonOutput((prediction.classifier ?? null) as unknown as Json),
      });
    }
  },
});

interface Shared {
  readonly data: CaseControl;
  /** Whether more than one disease is to be predicted: then features are laid out by person, once. */
  readonly many: boolean;
  /** Luck of the training people by stream, by row of `features`; made when first asked for: one hash per person is not free. */
  readonly luck: Map<string, Luck>;
  /** The rows of the training and the test people in the last outcome. */
  placed: PlacedPeople | null;
}

/** Rows of an outcome by training and by test person, −1 for none: diseases of one cohort share their ids. */
interface PlacedPeople {
  readonly ids: readonly string[];
  readonly train: Int32Array;
  readonly test: Int32Array;
}

function predict(context: TaskContext<Params>, shared: Shared): Prediction {
  const { params } = context;
  const { train, test, features } = shared.data;
  // Labels, draws and kept rows are by row of `features`, so that its columns are never copied for a disease.
  const outcome = readOutcome(context, shared);
  const labels = new Float64Array(train.columns[0]!.length).fill(NaN);
  const known = labelsOf(outcome, train, 'train');
  for (let i = 0; i < known.length; i++) labels[train.rows[i]!] = known[i]!;
  const available = sizeMatched(context, shared, labels);
  const all = splitClasses(labels, available);
  const balanced =
    params.balance === 'down_sample' || (params.balance === 'by_mode' && params.mode === 'faithful');
  const kept = balanced ? downSample(all, luckFor(context, shared, 'down-sample')) : available;
  const classes = splitClasses(labels, kept);
  const trained = { people: kept.length, cases: classes.cases.length };
  const nothing = { train: trained, outcome: new Float64Array(), eta: new Float64Array(), unpredicted: 0 };
  const none = { ...nothing, classifier: null, scores: null, interval: null };
  if (all.cases.length === 0 || all.controls.length === 0) {
    const got = `${all.cases.length} cases and ${all.controls.length} controls`;
    return { status: 'one-class training set', reason: `${got} among the training people`, ...none };
  }

  const foldLuck = (): Luck => luckFor(context, shared, 'fold');
  const byPerson = shared.many && params.learner === 'l1' ? { byPerson: trainingByPerson(shared) } : {};
  const training = { columns: train.columns, labels, classes, rows: kept, foldLuck, ...byPerson };
  const fitted = fitClassifier(training, features, params);
  if (typeof fitted === 'string') return { status: 'not tuned', reason: fitted, ...none };
  const shift = balanced && params.correct_intercept ? priorCorrection(all, classes) : 0;
  const classifier = shift === 0 ? fitted.classifier : shiftClassifier(fitted.classifier, shift);

  const truth = labelsOf(outcome, test, 'test');
  const eta = classifierEta(classifier, test, shared.many);
  const { observed, predicted, unpredicted } = scorable(truth, eta);
  if (unpredicted > 0)
    context.warn(`no prediction for ${counted(unpredicted)} of 'test' with a missing feature`);
  const scores = classificationMetrics(observed, predicted);
  const oneClass = scores.cases === 0 || scores.cases === scores.n;
  const result = { classifier, train: trained, outcome: observed, eta: predicted, unpredicted, scores };
  if (oneClass) {
    const reason = `${scores.cases} cases among ${counted(scores.n)} tested`;
    return { ...result, status: 'one-class test set', reason, interval: null };
  }
  const rng = rngFromSeed(context.seed, 'bootstrap');
  const interval =
    params.bootstrap > 0 ? aucInterval(observed, predicted, { replicates: params.bootstrap, rng }) : null;
  const reason = fitted.status === 'ok' ? null : 'out of iterations';
  return { ...result, status: fitted.status, reason, interval };
}

/** Those with an outcome and a prediction, and how many have an outcome alone. */
function scorable(
  truth: Float64Array,
  eta: Float64Array,
): { observed: Float64Array; predicted: Float64Array; unpredicted: number } {
  const observed = new Float64Array(truth.length);
  const predicted = new Float64Array(truth.length);
  let [scored, unpredicted] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    if (Number.isNaN(truth[i]!)) continue;
    if (Number.isNaN(eta[i]!)) {
      unpredicted++;
      continue;
    }
    observed[scored] = truth[i]!;
    predicted[scored++] = eta[i]!;
  }
  return { observed: observed.slice(0, scored), predicted: predicted.slice(0, scored), unpredicted };
}

function trainingByPerson({ data: { train } }: Shared): { matrix: Matrix; placeOfRow: Int32Array } {
  const placeOfRow = new Int32Array(train.columns[0]!.length).fill(-1);
  train.rows.forEach((row, place) => (placeOfRow[row] = place));
  return { matrix: train.matrix(), placeOfRow };
}

interface Outcome {
  readonly placed: PlacedPeople;
  readonly values: Float64Array;
}

function readOutcome(context: TaskContext<Params>, shared: Shared): Outcome {
  const table = context.table('outcome');
  const { name, values } = onlyColumn(table, 'outcome');
  const ids = idsOf(table, 'outcome');
  let missing = 0;
  for (let bad = 0; bad < values.length; bad++) {
    const y = values[bad]!;
    if (y === 0 || y === 1) continue;
    if (Number.isNaN(y)) {
      missing++;
      continue;
    }
    const where = { port: 'outcome', column: name, row: rowName(table, bad) };
    throw new TaskError(`expected 0 or 1, got ${values[bad]!}`, where);
  }
  if (missing === values.length && values.length > 0) {
    throw new TaskError(`every outcome in '${name}' is missing`, { port: 'outcome', column: name });
  }
  if (shared.placed?.ids !== ids) {
    const { train, test } = shared.data;
    shared.placed = { ids, train: matchIds(ids, train.ids), test: matchIds(ids, test.ids) };
  }
  return { placed: shared.placed, values };
}

/** The outcome of each person; NaN where it is missing. */
function labelsOf({ placed, values }: Outcome, { ids }: FeatureRows, who: 'train' | 'test'): Float64Array {
  const rows = placed[who];
  const labels = new Float64Array(rows.length);
  let found = false;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    found ||= row >= 0;
    labels[i] = row < 0 ? NaN : values[row]!;
  }
  if (rows.length > 0 && !found) {
    const look = `ids look like '${ids[0]!}' and '${placed.ids[0] ?? ''}'`;
    throw new TaskError(`none of the ${counted(ids.length)} of '${who}' has an outcome; ${look}`, {
      port: 'outcome',
    });
  }
  return labels;
}

/** Rows of the training people with an outcome, ascending, at most `train_people` of them. */
function sizeMatched(context: TaskContext<Params>, shared: Shared, labels: Float64Array): Int32Array {
  const { rows } = shared.data.train;
  const known = new Int32Array(rows.length);
  let count = 0;
  for (const row of rows) if (!Number.isNaN(labels[row]!)) known[count++] = row;
  const available = known.subarray(0, count);
  const size = context.params.train_people;
  return size === null || count <= size
    ? available
    : luckiest(available, size, luckFor(context, shared, 'size'));
}

function luckFor(context: TaskContext<Params>, shared: Shared, stream: string): Luck {
  const before = shared.luck.get(stream);
  if (before) return before;
  const { columns, rows, ids } = shared.data.train;
  const draw = new Float64Array(columns[0]!.length).fill(NaN);
  for (const [i, row] of rows.entries()) draw[row] = uniformOf(context.seed, stream, ids[i]!);
  const luck = luckOf(draw);
  shared.luck.set(stream, luck);
  return luck;
}
