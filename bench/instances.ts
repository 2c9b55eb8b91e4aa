/**
 * Bench `instances`: many trivial instances in one workflow. First run, no-op run and plan as whole processes: seconds, and peak
 * resident memory of the engine's process; and the peers that are installed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchNoOpPeers, benchPeers } from './instances-peers.js';
import type { Measurement } from './measurement.js';
import { FULL } from './peer.js';

const RUN = fileURLToPath(new URL('./trivial-run.js', import.meta.url));
/** Of an odd number of repetitions the median is one of them. */
const REPETITIONS = 3;

export function benchInstances(): Measurement[] {
  const many = measureStudy('trivial.batch', 100_000);
  const some = measureStudy('trivial.batch', 10_000);
  const single = measureStudy('trivial.single', 2_000);
  // The first run of 100,000 shells takes minutes.
  const [count, again] = FULL ? [100_000, many[1]!.seconds] : [10_000, some[1]!.seconds];
  return [
    ...many,
    ...some,
    ...single,
    ...benchPeers(2_000, single[0]!.seconds, single[1]!.seconds),
    ...benchNoOpPeers(count, again),
  ];
}

function measureStudy(task: string, count: number): Measurement[] {
  const folder = mkdtempSync(join(tmpdir(), 'cohortflow-bench-'));
  const file = join(folder, 'many.yaml');
  writeFileSync(
    file,
    `cohortflow: 1
name: many
axes:
  item: { range: [1, ${count}] }
nodes:
  each: { task: ${task}, each: item, with: { value: "\${item}" } }
`,
  );
  try {
    const repeated = (what: string, verb: string): Measurement => {
      const runs = Array.from({ length: REPETITIONS }, () => measure(verb, file)).sort(
        (a, b) => a.seconds - b.seconds,
      );
      return { what: `${what}, ${count} instances of ${task}`, ...runs[(REPETITIONS - 1) / 2]! };
    };
    return [
      { what: `first run, ${count} instances of ${task}`, ...measure('run', file) },
      repeated('no-op run', 'run'),
      repeated('plan', 'plan'),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(verb: string, file: string): { seconds: number; megabytes: number } {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [RUN, verb, file], { encoding: 'utf8' });
  const seconds = (performance.now() - started) / 1000;
  if (status !== 0) throw new Error(stderr);
  return { seconds, megabytes: Number(stdout) / 2 ** 20 };
}
