/**
 * A bootstrap interval for the area under the ROC curve: O(n) per draw, because the order of the scores is had once.
 *
 * A draw without cases or without controls has no area and is left out, counted. Not
 * responsible for the area itself (`classification-metrics.ts`) or for comparing two.
 */
import { bootstrap, type BootstrapInterval, type BootstrapOptions } from './bootstrap.js';
import { midranks } from './ranks.js';

/** The interval for outcomes (0 or 1) and scores; null unless both classes occur. */
export function aucInterval(
  outcome: ArrayLike<number>,
  eta: ArrayLike<number>,
  options: Omit<BootstrapOptions, 'jackknife'>,
): BootstrapInterval | null {
  const n = outcome.length;
  let cases = 0;
  for (let i = 0; i < n; i++) cases += outcome[i]!;
  if (cases === 0 || cases === n) return null;
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) => eta[a]! - eta[b]!);
  const area = (times: Int32Array): number => areaByOrder(order, outcome, eta, times);
  return bootstrap(n, area, { ...options, jackknife: jackknifeArea(outcome, eta, cases) });
}

/** Σ over cases of the controls below and half of those level, over all pairs; NaN for one class. */
function areaByOrder(
  order: Uint32Array,
  outcome: ArrayLike<number>,
  eta: ArrayLike<number>,
  times: Int32Array,
): number {
  let [pairs, cases, controls] = [0, 0, 0];
  for (let from = 0; from < order.length;) {
    const score = eta[order[from]!];
    let [casesHere, controlsHere] = [0, 0];
    for (; from < order.length && eta[order[from]!] === score; from++) {
      const person = order[from]!;
      if (outcome[person] === 1) casesHere += times[person]!;
      else controlsHere += times[person]!;
    }
    pairs += casesHere * (controls + controlsHere / 2);
    cases += casesHere;
    controls += controlsHere;
  }
  return cases * controls > 0 ? pairs / (cases * controls) : NaN;
}

/** The area without each person: a person's own pairs are the rank among all less the rank within the class. */
function jackknifeArea(outcome: ArrayLike<number>, eta: ArrayLike<number>, cases: number): Float64Array {
  const n = outcome.length;
  const controls = n - cases;
  const among = midranks(eta);
  const within = new Float64Array(n);
  for (const label of [0, 1]) {
    const members = Array.from({ length: n }, (_, i) => i).filter((i) => outcome[i] === label);
    midranks(members.map((i) => eta[i]!)).forEach((rank, at) => (within[members[at]!] = rank));
  }
  let pairs = 0;
  for (let i = 0; i < n; i++) if (outcome[i] === 1) pairs += among[i]! - within[i]!;
  return Float64Array.from({ length: n }, (_, i) => {
    // Members of the other class below, with half of those level.
    const below = among[i]! - within[i]!;
    return outcome[i] === 1
      ? (pairs - below) / ((cases - 1) * controls)
      : (pairs - (cases - below)) / (cases * (controls - 1));
  });
}
