/**
 * How well a binary outcome is predicted by a linear predictor η = log(p/(1 − p)): ranking, decisions and calibration.
 *
 * Outcomes are 1 (case) and 0; a person is classified a case when η > 0. Where a quantity does not exist (no cases, no controls, a
 * fit that diverges) it is null, never a guess. Not responsible for choosing thresholds nor for averaging over test sets.
 */
import { bracketedRoot } from './root.js';

export interface ClassificationMetrics {
  readonly n: number;
  readonly cases: number;
  /** Area under the ROC curve by midranks: a tie counts ½. Null for a one-class set. */
  readonly auc: number | null;
  /** Average precision Σ(R_k − R_{k−1})P_k over distinct scores (scikit-learn's definition, no interpolation). Null for a one-class set. */
  readonly auprc: number | null;
  readonly accuracy: number | null;
  /** Share of the cases that are found; null without cases. */
  readonly recall: number | null;
  /** Share of the controls that are left alone; null without controls. */
  readonly specificity: number | null;
  /** Mean of (p − y)². */
  readonly brier: number | null;
  /** b of the logistic regression of y on a + b·η: 1 is ideal, below 1 means overfitted. Null where it does not converge. */
  readonly calibrationSlope: number | null;
  /** a of the logistic regression of y on a + η: 0 is ideal, below 0 means risks too high. Null for a one-class set. */
  readonly calibrationIntercept: number | null;
}

/** All metrics of `eta` (finite or ±∞) for `outcome` (0 or 1 each). */
export function classificationMetrics(
  outcome: ArrayLike<number>,
  eta: ArrayLike<number>,
): ClassificationMetrics {
  const n = outcome.length;
  if (eta.length !== n) throw new Error(`internal error: ${n} outcomes, ${eta.length} predictions`);
  let cases = 0;
  let found = 0;
  let spared = 0;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    const y = outcome[i]!;
    if (y !== 0 && y !== 1) throw new Error(`internal error: outcome ${y} at ${i} is neither 0 nor 1`);
    cases += y;
    if (eta[i]! > 0) found += y;
    else spared += 1 - y;
    squares += (logistic(eta[i]!) - y) ** 2;
  }
  const controls = n - cases;
  const groups = groupByScore(outcome, eta);
  return {
    n,
    cases,
    auc: areaOf(groups),
    auprc: precisionOf(groups),
    accuracy: share(found + spared, n),
    recall: share(found, cases),
    specificity: share(spared, controls),
    brier: share(squares, n),
    calibrationSlope: calibrationSlope(outcome, eta),
    calibrationIntercept: calibrationIntercept(outcome, eta),
  };
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

const logistic = (eta: number): number => 1 / (1 + Math.exp(-eta));

/** People of one score, from the highest score to the lowest. */
interface ScoreGroups {
  readonly cases: Int32Array;
  readonly controls: Int32Array;
}

/** Sorts scores alone, not people: several times faster than an order by score. */
function groupByScore(outcome: ArrayLike<number>, eta: ArrayLike<number>): ScoreGroups {
  const n = eta.length;
  let count = 0;
  for (let i = 0; i < n; i++) count += outcome[i]!;
  const scoresOf = [new Float64Array(n - count), new Float64Array(count)] as const;
  const filled = [0, 0] as [number, number];
  for (let i = 0; i < n; i++) {
    const c = outcome[i] === 1 ? 1 : 0;
    scoresOf[c][filled[c]++] = eta[i]!;
  }
  const [controls, cases] = [scoresOf[0].sort(), scoresOf[1].sort()];
  const groups = { cases: new Int32Array(n), controls: new Int32Array(n) };
  let groupCount = 0;
  let a = cases.length - 1;
  let b = controls.length - 1;
  while (a >= 0 || b >= 0) {
    const score = Math.max(a < 0 ? -Infinity : cases[a]!, b < 0 ? -Infinity : controls[b]!);
    if (Number.isNaN(score)) throw new Error('internal error: a score is NaN');
    for (; a >= 0 && cases[a] === score; a--) groups.cases[groupCount]!++;
    for (; b >= 0 && controls[b] === score; b--) groups.controls[groupCount]!++;
    groupCount++;
  }
  return {
    cases: groups.cases.subarray(0, groupCount),
    controls: groups.controls.subarray(0, groupCount),
  };
}

const total = (counts: Int32Array): number => counts.reduce((sum, count) => sum + count, 0);

/** P(η of a case > η of a control) + ½P(equal); null unless both classes occur. */
export function areaUnderRoc(outcome: ArrayLike<number>, eta: ArrayLike<number>): number | null {
  return areaOf(groupByScore(outcome, eta));
}

function areaOf({ cases, controls }: ScoreGroups): number | null {
  const allControls = total(controls);
  const pairs = total(cases) * allControls;
  if (pairs === 0) return null;
  // Counts and halves: the sum is exact.
  let below = allControls;
  let sum = 0;
  for (let g = 0; g < cases.length; g++) {
    below -= controls[g]!;
    sum += cases[g]! * (below + controls[g]! / 2);
  }
  return sum / pairs;
}

/** Average precision; people of one score enter together, so their order does not matter. */
export function averagePrecision(outcome: ArrayLike<number>, eta: ArrayLike<number>): number | null {
  return precisionOf(groupByScore(outcome, eta));
}

function precisionOf({ cases, controls }: ScoreGroups): number | null {
  const allCases = total(cases);
  if (allCases === 0 || total(controls) === 0) return null;
  let entered = 0;
  let found = 0;
  let sum = 0;
  for (let g = 0; g < cases.length; g++) {
    found += cases[g]!;
    entered += cases[g]! + controls[g]!;
    if (cases[g] !== 0) sum += (cases[g]! / allCases) * (found / entered);
  }
  return sum;
}

/** Newton's method stops after this many steps: a maximum that exists is reached in about ten. */
const MAX_STEPS = 50;

/** The log likelihood of y ~ a + b·η, its gradient and its information, in one pass. */
interface Likelihood {
  readonly value: number;
  readonly ga: number;
  readonly gb: number;
  readonly haa: number;
  readonly hab: number;
  readonly hbb: number;
}

function likelihoodAt(outcome: ArrayLike<number>, eta: ArrayLike<number>, a: number, b: number): Likelihood {
  let [value, ga, gb, haa, hab, hbb] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < outcome.length; i++) {
    const score = eta[i]!;
    const linear = a + b * score;
    // From exp(−|·|), which cannot overflow.
    const small = Math.exp(-Math.abs(linear));
    const p = linear >= 0 ? 1 / (1 + small) : small / (1 + small);
    const wrong = outcome[i] === 1 ? -linear : linear;
    value -= Math.log1p(small) + (wrong > 0 ? wrong : 0);
    const residual = outcome[i]! - p;
    const weight = p * (1 - p);
    ga += residual;
    gb += residual * score;
    haa += weight;
    hab += weight * score;
    hbb += weight * score * score;
  }
  return { value, ga, gb, haa, hab, hbb };
}

/** The slope of y ~ a + b·η by maximum likelihood; null when η separates the classes or does not vary. */
function calibrationSlope(outcome: ArrayLike<number>, eta: ArrayLike<number>): number | null {
  let [a, b] = [0, 1];
  let last = likelihoodAt(outcome, eta, a, b);
  for (let step = 0; step < MAX_STEPS; step++) {
    const { ga, gb, haa, hab, hbb } = last;
    const determinant = haa * hbb - hab * hab;
    if (!(determinant > 1e-12 * haa * hbb)) return null;
    const da = (hbb * ga - hab * gb) / determinant;
    const db = (haa * gb - hab * ga) / determinant;
    // Halved until the likelihood no longer falls; at the optimum rounding makes any size acceptable.
    let size = 1;
    let now = likelihoodAt(outcome, eta, a + da, b + db);
    while (!(now.value >= last.value - 1e-10 * Math.abs(last.value)) && size > 1e-6) {
      size /= 2;
      now = likelihoodAt(outcome, eta, a + size * da, b + size * db);
    }
    a += size * da;
    b += size * db;
    last = now;
    if (
      Math.abs(size * db) <= 1e-12 * Math.max(1, Math.abs(b)) &&
      Math.abs(size * da) <= 1e-12 * Math.max(1, Math.abs(a))
    ) {
      // A separated set creeps to certainty, where the likelihood is 1 to rounding and the slope has no limit.
      return last.value > -1e-6 ? null : b;
    }
  }
  return null;
}

/** The a at which Σ logistic(a + η) = Σy: monotone in a, so the root is unique. */
function calibrationIntercept(outcome: ArrayLike<number>, eta: ArrayLike<number>): number | null {
  let cases = 0;
  let [lowest, highest] = [Infinity, -Infinity];
  for (let i = 0; i < outcome.length; i++) {
    cases += outcome[i]!;
    lowest = Math.min(lowest, eta[i]!);
    highest = Math.max(highest, eta[i]!);
  }
  if (cases === 0 || cases === outcome.length || !Number.isFinite(lowest) || !Number.isFinite(highest))
    return null;
  const excess = (a: number): number => {
    let sum = -cases;
    for (let i = 0; i < eta.length; i++) sum += logistic(a + eta[i]!);
    return sum;
  };
  // With every η at one end the sum already passes the target, so the root lies between these.
  const logit = Math.log(cases / (outcome.length - cases));
  return bracketedRoot(excess, logit - highest, logit - lowest);
}
