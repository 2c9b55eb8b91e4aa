/**
 * Bench `bayesian-ridge`: the SNP models of one trait (five folds and a refit) and all models of shared blood markers, against
 * scikit-learn on the same data in the same run.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Measurement } from './measurement.js';

const RUN = fileURLToPath(new URL('./bayesian-ridge-run.js', import.meta.url));
const REPETITIONS = 3;
const FITS = 6;

export interface RidgeSize {
  readonly people: number;
  readonly variants: number;
  readonly traits: number;
  /** Fits by scikit-learn; their median stands for each of the others. */
  readonly peerFits: number;
}

export const QUICK: RidgeSize = { people: 6000, variants: 600, traits: 40, peerFits: 3 };
/** The paper's size, with twice its variants. */
export const FULL: RidgeSize = { people: 28_615, variants: 3000, traits: 260, peerFits: 2 };

/** With its own time in whole, so that reading the data counts for neither side. */
const PEER = `
import json, sys, time
import numpy as np
from sklearn.linear_model import BayesianRidge
folder, n, p, traits, repeats = sys.argv[1], *map(int, sys.argv[2:])
x = np.fromfile(folder + '/calls', dtype=np.uint8).reshape(p, n).T.astype(float)
y = np.fromfile(folder + '/y')
snps = []
for k in range(repeats):
    rows = np.concatenate([np.arange(f, n, 5) for f in range(5) if f != k])
    train, target = np.ascontiguousarray(x[rows]), y[rows]
    start = time.perf_counter()
    model = BayesianRidge().fit(train, target)
    snps.append(time.perf_counter() - start)
    json.dump({'iterations': int(model.n_iter_), 'coef': list(model.coef_)}, open(folder + '/peer.%d' % k, 'w'))
b = np.fromfile(folder + '/blood').reshape(n, 61)
t = np.fromfile(folder + '/traits').reshape(traits, n)
blood = []
for k in range(15):
    rows = np.arange(n)[np.arange(n) % 5 != k % 5]
    train, target = b[rows], t[k][rows]
    start = time.perf_counter()
    BayesianRidge().fit(train, target)
    blood.append(time.perf_counter() - start)
import resource
print(json.dumps({'snps': float(np.median(snps)), 'blood': float(np.median(blood)),
                  'megabytes': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
`;

export function benchBayesianRidge(size: RidgeSize): Measurement[] {
  const folder = mkdtempSync(join(tmpdir(), 'cohortflow-bench-'));
  const sizes = [size.people, size.variants, size.traits].map(String);
  try {
    run(process.execPath, [RUN, 'simulate', folder, ...sizes]);
    const median = (verb: string): { seconds: number; megabytes: number } => {
      const runs = Array.from(
        { length: REPETITIONS },
        () =>
          JSON.parse(run(process.execPath, [RUN, verb, folder, ...sizes])) as {
            seconds: number;
            megabytes: number;
          },
      ).sort((a, b) => a.seconds - b.seconds);
      return runs[(REPETITIONS - 1) / 2]!;
    };
    const snps = median('parallel');
    const blood = median('blood');
    const script = join(folder, 'peer.py');
    writeFileSync(script, PEER);
    const python = process.env['COHORTFLOW_BENCH_PYTHON'] ?? '/usr/bin/python3';
    const peer = JSON.parse(run(python, [script, folder, ...sizes, String(size.peerFits)])) as {
      snps: number;
      blood: number;
      megabytes: number;
    };
    for (let k = 0; k < size.peerFits; k++) compare(folder, k);
    const { people, variants, traits } = size;
    const of = `n = ${people}, p = ${variants}`;
    const fits = FITS * traits;
    return [
      { what: `Bayesian ridge, ${of}: five folds and a refit, two workers`, ...snps },
      {
        what: `scikit-learn, ${FITS} fits of ${peer.snps.toFixed(1)} s (${ratio(FITS * peer.snps, snps.seconds)})`,
        seconds: FITS * peer.snps,
        megabytes: peer.megabytes,
      },
      { what: `Bayesian ridge, 61 shared markers, n = ${people}: ${fits} fits`, ...blood },
      {
        what: `scikit-learn, ${fits} fits of ${peer.blood.toFixed(3)} s (${ratio(fits * peer.blood, blood.seconds)})`,
        seconds: fits * peer.blood,
        megabytes: peer.megabytes,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const ratio = (peer: number, ours: number): string => `${(peer / ours).toFixed(0)} × ours`;

/** Like work only: the same iterations and coefficients. */
function compare(folder: string, k: number): void {
  interface Fit {
    readonly iterations: number;
    readonly coef: readonly number[];
  }
  const [ours, theirs] = [`model.${k}`, `peer.${k}`].map(
    (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Fit,
  );
  const size = Math.max(...theirs!.coef.map(Math.abs));
  const gap = Math.max(...theirs!.coef.map((value, j) => Math.abs(value - ours!.coef[j]!))) / size;
  if (ours!.iterations !== theirs!.iterations || !(gap < 1e-9))
    throw new Error(`fold ${k}: ${ours!.iterations} iterations against ${theirs!.iterations}, gap ${gap}`);
}

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}
