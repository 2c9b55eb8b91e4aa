/**
 * Peer: a reference program timed on the same numbers in the same run, and what benchmarks of estimators share: their
 * size, their random columns and their medians. Not responsible for what is compared (cox.ts, logistic.ts, knn.ts).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rngFromSeed, type Rng } from '../stats/rng.js';

/** `COHORTFLOW_BENCH=full` measures at the paper's size; else a size of about a minute. */
export const FULL = process.env['COHORTFLOW_BENCH'] === 'full';

export function benchRng(stream: string): Rng {
  return rngFromSeed('b3'.repeat(32), stream);
}

/** Columns that share a few factors, as measured traits do; mean 0, variance about 1. */
export function correlatedColumns(rng: Rng, rows: number, columns: number): Float64Array[] {
  const factors = Array.from({ length: 8 }, () => Float64Array.from({ length: rows }, () => rng.normal()));
  return Array.from({ length: columns }, () => {
    const loadings = factors.map(() => 0.35 * rng.normal());
    return Float64Array.from({ length: rows }, (_, i) => {
      let value = rng.normal();
      for (let f = 0; f < factors.length; f++) value += loadings[f]! * factors[f]![i]!;
      return value / Math.SQRT2;
    });
  });
}

/** Seconds of each call, ascending; the first call, which compiles, is not among them. */
export function timed(repetitions: number, run: () => void): number[] {
  run();
  const seconds = Array.from({ length: repetitions }, () => {
    const started = performance.now();
    run();
    return (performance.now() - started) / 1000;
  });
  return seconds.sort((a, b) => a - b);
}

export function median(ascending: readonly number[]): number {
  return ascending[Math.floor(ascending.length / 2)]!;
}

/** For a line of results, whose seconds have two decimals. */
export function milliseconds(seconds: number): string {
  return `${(1000 * seconds).toFixed(1)} ms`;
}

/** Peak resident megabytes of this process so far. */
export function peakMegabytes(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/**
 * Runs `bench/SCRIPT` with a file of the columns' doubles, one column after the other, and further arguments. The script
 * prints JSON, which is returned. Null, with a line on standard error, where the program is not installed.
 */
export function runPeer(
  program: string,
  script: string,
  columns: readonly Float64Array[],
  args: readonly (string | number)[],
): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'cohortflow-bench-'));
  try {
    const file = join(folder, 'columns');
    writeFileSync(file, Buffer.alloc(0));
    for (const column of columns) {
      writeFileSync(file, Buffer.from(column.buffer, column.byteOffset, column.byteLength), { flag: 'a' });
    }
    // One thread each, as ours: the engine's workers are the parallelism.
    const env = { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' };
    const path = fileURLToPath(new URL(`../../bench/${script}`, import.meta.url));
    const ran = spawnSync(program, [path, file, ...args.map(String)], { encoding: 'utf8', env });
    if (ran.status === 0) return JSON.parse(ran.stdout) as unknown;
    process.stderr.write(`${program} ${script}: ${ran.error?.message ?? ran.stderr}\n`);
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
