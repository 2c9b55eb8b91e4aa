/**
 * Bench `scores`: many columns of weights in one pass, against plink2 `--score` with the same columns. Whole processes on one
 * core each, reading the genotypes and the weights from files. Models of a few SNPs each are a file of mostly zeros, which is
 * how plink2's users score many models at once; both programs read that file.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rngFromSeed } from '../stats/rng.js';
import type { Measurement } from './measurement.js';
import { writePanel } from './panel.js';
import { FULL } from './peer.js';
import { installed, medianRun, run } from './program.js';

const RUN = fileURLToPath(new URL('./genotype-run.js', import.meta.url));

export interface ScoresSize {
  readonly people: number;
  readonly variants: number;
  readonly columns: readonly number[];
  /** Mean number of weights in a column that are not zero; all when absent. */
  readonly weighted?: number;
}

const DEFAULT: readonly ScoresSize[] = [
  { people: 20_000, variants: 10_000, columns: [1, 260] },
  { people: 100_000, variants: 10_000, columns: [260] },
  { people: 20_000, variants: 100_000, columns: [260], weighted: 1500 },
];

/** The paper's target cohort, with COHORTFLOW_BENCH=full: 9 GB of genotypes in the temporary folder. */
const PAPER: readonly ScoresSize[] = [{ people: 350_555, variants: 100_000, columns: [260], weighted: 1500 }];
/** From so many people on a program runs once. */
const ONCE = 200_000;

export function benchScores(sizes: readonly ScoresSize[] = FULL ? PAPER : DEFAULT): Measurement[] {
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

function writeWeights(path: string, { variants, weighted = variants }: ScoresSize, columns: number): void {
  const random = rngFromSeed(3n, columns);
  const file = openSync(path, 'w');
  writeSync(file, `ID\tA1\t${Array.from({ length: columns }, (_, c) => `W${c}`).join('\t')}\n`);
  for (let v = 0; v < variants; v++) {
    const row = Array.from({ length: columns }, () =>
      random.uniform() < weighted / variants ? (random.uniform() - 0.5).toFixed(6) : '0',
    );
    writeSync(file, `v${v}\tA\t${row.join('\t')}\n`);
  }
  closeSync(file);
}

function measure(folder: string, size: ScoresSize, columns: number): Measurement[] {
  const { people, variants, weighted = variants } = size;
  writeWeights(join(folder, 'weights'), size, columns);
  const few = weighted < variants ? `${weighted} of ` : '';
  const what = `${columns} ${columns === 1 ? 'column' : 'columns'} of ${few}${variants} weights, ${people} people`;
  const time = people < ONCE ? medianRun : run;
  const ours = time(process.execPath, [RUN, 'score', folder], folder);
  if (!installed('plink2')) return [{ what: `scores: ${what}`, ...ours }];
  const peer = time(
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
  const scores = openSync(join(folder, 'scores'), 'r');
  const compared = [0, columns - 1].map((c) => {
    const sums = new Float64Array(people);
    readSync(scores, sums, 0, sums.byteLength, c * sums.byteLength);
    return { c, sums };
  });
  closeSync(scores);
  let s = -1;
  for (const row of linesOf(join(folder, 'peer.sscore'))) {
    if (s >= 0) {
      const cells = row.split('\t').slice(-columns);
      for (const { c, sums } of compared) {
        const theirs = Number(cells[c]!);
        if (!(Math.abs(sums[s]! - theirs) <= 1e-5 * Math.abs(theirs) + 1e-4))
          throw new Error(`the score ${c} of person ${s} is ${sums[s]!}, plink2 has ${theirs}`);
      }
    }
    s++;
  }
  if (s !== people) throw new Error(`plink2 scored ${s} people of ${people}`);
}

/** Lines of a text that may be longer than a string can be. */
function* linesOf(path: string): Generator<string> {
  const file = openSync(path, 'r');
  const bytes = Buffer.alloc(2 ** 22);
  let rest = '';
  for (let read = readSync(file, bytes); read > 0; read = readSync(file, bytes)) {
    const lines = (rest + bytes.toString('latin1', 0, read)).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  closeSync(file);
}
