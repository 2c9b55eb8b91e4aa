/** A program as one process: wall-clock seconds, and peak memory where GNU time is installed. Not responsible for what it is given. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of an odd number of repetitions the median is one of them. */
const REPETITIONS = 3;
const TIME = '/usr/bin/time';

export interface Timing {
  readonly seconds: number;
  /** NaN where it is not known. */
  readonly megabytes: number;
}

export function installed(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** The run of median duration. Throws what the program wrote when it fails. */
export function medianRun(program: string, args: readonly string[], folder: string): Timing {
  const runs = Array.from({ length: REPETITIONS }, () => run(program, args, folder));
  return runs.sort((a, b) => a.seconds - b.seconds)[(REPETITIONS - 1) / 2]!;
}

/** One run. Throws what the program wrote when it fails. */
export function run(program: string, args: readonly string[], folder: string): Timing {
  const peak = join(folder, 'peak');
  const timed = existsSync(TIME);
  const command = timed ? [TIME, '-f', '%M', '-o', peak, program, ...args] : [program, ...args];
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(command[0]!, command.slice(1), {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const seconds = (performance.now() - started) / 1000;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}\n${stdout}\n${stderr}`);
  return { seconds, megabytes: timed ? Number(readFileSync(peak, 'utf8')) / 1024 : NaN };
}
