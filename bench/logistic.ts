/**
 * Bench `logistic`: one faithful L1 fit against scikit-learn's liblinear on the same rows, at its default tolerance and at
 * ours; and the tuned path of the recommended mode.
 */
import { linalg } from '../stats/linalg/linalg.js';
import { matrixFromColumns } from '../stats/linalg/matrix.js';
import { fitL1Logistic, liblinearLambda } from '../stats/logistic.js';
import { crossValidateL1Logistic } from '../stats/logistic-path.js';
import type { Measurement } from './measurement.js';
import {
  benchRng,
  correlatedColumns,
  FULL,
  median,
  milliseconds,
  peakMegabytes,
  runPeer,
  timed,
} from './peer.js';

const FEATURES = 260;
const SIZES = FULL ? [1_000, 4_000, 30_000] : [4_000];
const PATH_PEOPLE = FULL ? 28_000 : 4_000;
const REPETITIONS = 5;

interface SklearnSeconds {
  readonly version: string;
  readonly default: number;
  readonly tight: number;
  /** liblinear's objective at either tolerance. */
  readonly defaultObjective: number;
  readonly tightObjective: number;
  readonly megabytes: number;
}

export function benchLogistic(): Measurement[] {
  return [...SIZES.flatMap(measureFit), measurePath()];
}

function simulated(people: number): { columns: Float64Array[]; labels: Float64Array } {
  const rng = benchRng(`logistic ${people}`);
  const columns = correlatedColumns(rng, people, FEATURES);
  const labels = Float64Array.from({ length: people }, (_, i) => {
    const eta = 0.4 * columns[0]![i]! + 0.3 * columns[1]![i]! - 0.2 * columns[2]![i]!;
    return rng.uniform() < 1 / (1 + Math.exp(-eta)) ? 1 : 0;
  });
  return { columns, labels };
}

function measureFit(people: number): Measurement[] {
  const { columns, labels } = simulated(people);
  const features = matrixFromColumns(columns);
  const lambda = liblinearLambda(people, 1);
  const fit = (): number =>
    fitL1Logistic(features, labels, linalg(), { lambda, penaliseIntercept: true }).objective * people;
  const objective = fit();
  const ours = median(timed(REPETITIONS, fit));
  const megabytes = peakMegabytes();
  const size = `${people} × ${FEATURES}`;
  const peer = runPeer(
    '/usr/bin/python3',
    'logistic-peer.py',
    [...columns, labels],
    [people, FEATURES, REPETITIONS],
  ) as SklearnSeconds | null;
  const line = (what: string, seconds: number, theirs: number): Measurement => ({
    what: `scikit-learn ${peer!.version} liblinear, ${what}: ${size}, ${(seconds / ours).toFixed(1)} × ours, objective ours × (1 + ${(theirs / objective - 1).toExponential(1)})`,
    seconds,
    megabytes: peer!.megabytes,
  });
  return [
    {
      what: `L1 logistic, faithful, one fit (median), ${milliseconds(ours)}: ${size}`,
      seconds: ours,
      megabytes,
    },
    ...(peer
      ? [
          line('tol 1e-4 (default)', peer.default, peer.defaultObjective),
          line('tol 1e-10', peer.tight, peer.tightObjective),
        ]
      : []),
  ];
}

function measurePath(): Measurement {
  const { columns, labels } = simulated(PATH_PEOPLE);
  const features = matrixFromColumns(columns);
  const folds = Int32Array.from({ length: PATH_PEOPLE }, (_, i) => i % 5);
  const started = performance.now();
  crossValidateL1Logistic(features, labels, folds, linalg(), { count: 50, ratio: 0.01 });
  return {
    what: `L1 logistic, recommended, 50 penalties × (5 folds + all), once: ${PATH_PEOPLE} × ${FEATURES}`,
    seconds: (performance.now() - started) / 1000,
    megabytes: peakMegabytes(),
  };
}
