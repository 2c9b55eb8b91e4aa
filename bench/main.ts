/** Runs the benchmarks: `npm run bench` all of them, `npm run bench -- NAME` one. Never part of the tests. */
import { cpus } from 'node:os';
import { benchClump } from './clump.js';
import { FULL, QUICK, benchBayesianRidge } from './bayesian-ridge.js';
import { benchCox } from './cox.js';
import { benchInstances } from './instances.js';
import { benchKnn } from './knn.js';
import { benchLogistic } from './logistic.js';
import type { Measurement } from './measurement.js';
import { benchScores } from './scores.js';
import { benchValidation } from './validation.js';

const benches: Readonly<Record<string, () => Measurement[]>> = {
  instances: benchInstances,
  clump: () => benchClump(),
  scores: () => benchScores(),
  'bayesian-ridge': () => benchBayesianRidge(QUICK),
  'bayesian-ridge-full': () => benchBayesianRidge(FULL),
  cox: benchCox,
  knn: benchKnn,
  logistic: benchLogistic,
  validation: benchValidation,
};

const names = process.argv.slice(2);
for (const name of names) {
  if (!benches[name]) {
    process.stderr.write(`no benchmark '${name}'; there are ${Object.keys(benches).join(', ')}\n`);
    process.exit(2);
  }
}
process.stdout.write(
  `node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}\n\n`,
);
process.stdout.write('| what | seconds | peak MB |\n|---|---|---|\n');
for (const name of names.length > 0 ? names : Object.keys(benches)) {
  for (const { what, seconds, megabytes } of benches[name]!()) {
    process.stdout.write(`| ${what} | ${seconds.toFixed(2)} | ${megabytes.toFixed(0)} |\n`);
  }
}
