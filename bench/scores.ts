/**
 * Bench `scores`: many columns of weights in one pass, against plink2 `--score` with the same columns. Whole processes on one
 * core each, reading the genotypes and the weights from files.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rngFromSeed } from '../stats/rng.js';
import type { Measurement } from './measurement.js';
import { writePanel } from './panel.js';
import { installed, medianRun } from './program.js';

const RUN = fileURLToPath(new URL('./genotype-run.js', import.meta.url));

export interface ScoresSize {
  readonly people: number;
  readonly variants: number;
  readonly columns: readonly number[];
}

const DEFAULT: readonly ScoresSize[] = [
  { people: 20_000, variants: 10_000, columns: [1, 260] },
  { people: 100_000, variants: 10_000, columns: [260] },
];

export function benchScores(sizes: readonly ScoresSize[] = DEFAULT): Measurement[] {
  return sizes.flatMap((size) => {
    const folder = mkdtempSync(join(tmpdir(), 'cohortflow-bench-'));
    try {
      writePanel(join(folder, 'panel'), { ...size, chromosomes: 22 });
      return size.columns.flatMap((columns) => measure(folder, size, columns));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

function measure(folder: string, { people, variants }: ScoresSize, columns: number): Measurement[] {
  const random = rngFromSeed(3n, columns);
  const weights = openSync(join(folder, 'weights'), 'w');
  writeSync(weights, `ID\tA1\t${Array.from({ length: columns }, (_, c) => `W${c}`).join('\t')}\n`);
  for (let v = 0; v < variants; v++) {
    const row = Array.from({ length: columns }, () => (random.uniform() - 0.5).toFixed(6));
    writeSync(weights, `v${v}\tA\t${row.join('\t')}\n`);
  }
  closeSync(weights);
  const what = `${columns} ${columns === 1 ? 'column' : 'columns'} of ${variants} weights, ${people} people`;
  const ours = medianRun(process.execPath, [RUN, 'score', folder], folder);
  if (!installed('plink2')) return [{ what: `scores: ${what}`, ...ours }];
  const peer = medianRun(
    'plink2',
    [
      ...['--bfile', 'panel', '--score', 'weights', 'header-read', 'cols=scoresums'],
      ...['--score-col-nums', columns === 1 ? '3' : `3-${columns + 2}`],
      ...['--threads', '1', '--out', 'peer'],
    ],
    folder,
  );
  checkSums(folder, people, columns);
  return [
    { what: `scores: ${what}: ${(peer.seconds / ours.seconds).toFixed(1)} × as fast`, ...ours },
    { what: `plink2 --score: ${what}`, ...peer },
  ];
}

/** Throws unless the first and last column are those of plink2, as far as it prints them (six digits). */
function checkSums(folder: string, people: number, columns: number): void {
  const bytes = readFileSync(join(folder, 'scores'));
  const sums = new Float64Array(bytes.buffer, bytes.byteOffset, columns * people);
  const rows = readFileSync(join(folder, 'peer.sscore'), 'utf8').trimEnd().split('\n').slice(1);
  rows.forEach((row, s) => {
    const cells = row.split('\t').slice(-columns);
    for (const c of [0, columns - 1]) {
      const theirs = Number(cells[c]!);
      if (Math.abs(sums[c * people + s]! - theirs) > 1e-5 * Math.abs(theirs) + 1e-4)
        throw new Error(`the score ${c} of person ${s} is ${sums[c * people + s]!}, plink2 has ${theirs}`);
    }
  });
}
