/**
 * Bench `knn`: imputation of standardised columns with 5 % of the values missing, against scikit-learn's KNNImputer on the
 * same table; at the paper's 350,000 people ours alone, whole.
 */
import { fitKnn, imputeKnn } from '../stats/knn.js';
import type { Measurement } from './measurement.js';
import { benchRng, correlatedColumns, FULL, peakMegabytes, runPeer } from './peer.js';

const COLUMNS = 61;
const PEOPLE = FULL ? 20_000 : 5_000;
const MANY_PEOPLE = 350_000;

interface SklearnImputed {
  readonly version: string;
  readonly seconds: number;
  /** Of processor time: on a busy machine the fairer measure. */
  readonly processor: number;
  readonly megabytes: number;
  /** Of the imputed table. */
  readonly sum: number;
}

export function benchKnn(): Measurement[] {
  const columns = withGaps(PEOPLE);
  const ours = measureOurs(columns, PEOPLE);
  const peer = runPeer('/usr/bin/python3', 'knn-peer.py', columns, [
    PEOPLE,
    COLUMNS,
  ]) as SklearnImputed | null;
  return [
    ours.measurement,
    ...(peer
      ? [
          {
            what: `scikit-learn ${peer.version} KNNImputer: ${PEOPLE} × ${COLUMNS}, ${(peer.seconds / ours.measurement.seconds).toFixed(1)} × ours (processor time ${peer.processor.toFixed(1)} s, ${(peer.processor / ours.processor).toFixed(1)} ×), sum of the table differs by ${Math.abs(peer.sum - ours.sum).toExponential(1)}`,
            seconds: peer.seconds,
            megabytes: peer.megabytes,
          },
        ]
      : []),
    ...(FULL ? [measureOurs(withGaps(MANY_PEOPLE), MANY_PEOPLE).measurement] : []),
  ];
}

function withGaps(people: number): Float64Array[] {
  const rng = benchRng(`knn ${people}`);
  return correlatedColumns(rng, people, COLUMNS).map((column) =>
    column.map((value) => (rng.uniform() < 0.05 ? NaN : value)),
  );
}

function measureOurs(
  columns: readonly Float64Array[],
  people: number,
): { measurement: Measurement; processor: number; sum: number } {
  const started = performance.now();
  const before = process.cpuUsage();
  const imputed = imputeKnn(fitKnn(columns), columns).columns;
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const processor = (user + system) / 1e6;
  const sum = imputed.reduce((total, column) => total + column.reduce((a, b) => a + b, 0), 0);
  const what = `KNN imputation, every row a donor, once: ${people} × ${COLUMNS}, 5 % missing, processor time ${processor.toFixed(2)} s`;
  return { measurement: { what, seconds, megabytes: peakMegabytes() }, processor, sum };
}
