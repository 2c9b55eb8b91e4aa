/**
 * Peers of the bench `instances`: the same many tasks, each giving back its number, under snakemake, make and ninja. Each of
 * them starts a shell for a task and leaves a file; here a worker that is there already is sent the call, and the result is
 * recorded by its content. Not responsible for our own runs (instances.ts).
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Measurement } from './measurement.js';
import { installed, medianRun, run } from './program.js';

interface Peer {
  readonly program: string;
  readonly file: string;
  /** `count` tasks, of which each writes its number to a file of that name in `out`. */
  readonly text: (count: number) => string;
  readonly args: readonly string[];
}

const SNAKEMAKE: Peer = {
  program: 'snakemake',
  file: 'Snakefile',
  text: (count) => `rule all:
    input: expand("out/{i}", i=range(1, ${count + 1}))
rule each:
    output: "out/{i}"
    shell: "echo {wildcards.i} > {output}"
`,
  // Its other scheduler solves an integer program before every task.
  args: ['--cores', '2', '--scheduler', 'greedy', '--quiet', 'all'],
};

const MAKE: Peer = {
  program: 'make',
  file: 'Makefile',
  text: (count) => `all: $(addprefix out/,$(shell seq 1 ${count}))\nout/%:\n\techo $* > $@\n`,
  args: ['-j2', '-s'],
};

const NINJA: Peer = {
  program: 'ninja',
  file: 'build.ninja',
  text: (count) => {
    const builds = Array.from({ length: count }, (_, i) => `build out/${i + 1}: each\n  value = ${i + 1}\n`);
    return `rule each\n  command = echo $value > $out\n${builds.join('')}`;
  },
  args: ['-j2', '--quiet'],
};

/** First and no-op runs of `count` tasks; `first` and `again` are our own seconds, for the ratio. Peers that are not installed are left out. */
export function benchPeers(count: number, first: number, again: number): Measurement[] {
  return [SNAKEMAKE, MAKE, NINJA].flatMap((peer) => {
    const measured = measurePeer(peer, count);
    if (!measured) return [];
    const line = (what: string, ours: number, theirs: Measurement): Measurement => ({
      ...theirs,
      what: `${what}, ${count} tasks of ${peer.program} (${(theirs.seconds / ours).toFixed(1)}× ours)`,
    });
    return [line('first run', first, measured[0]), line('no-op run', again, measured[1])];
  });
}

/** No-op runs of as many tasks as the vectorised instances, which snakemake cannot hold. */
export function benchNoOpPeers(count: number, again: number): Measurement[] {
  return [MAKE, NINJA].flatMap((peer) => {
    const measured = measurePeer(peer, count)?.[1];
    if (!measured) return [];
    const what = `no-op run, ${count} tasks of ${peer.program} (${(measured.seconds / again).toFixed(1)}× ours)`;
    return [{ ...measured, what }];
  });
}

function measurePeer({ program, file, text, args }: Peer, count: number): [Measurement, Measurement] | null {
  if (!installed(program)) {
    process.stderr.write(`${program} is not installed\n`);
    return null;
  }
  const folder = mkdtempSync(join(tmpdir(), 'cohortflow-bench-'));
  try {
    mkdirSync(join(folder, 'out'));
    writeFileSync(join(folder, file), text(count));
    const what = program;
    return [
      { what, ...run(program, args, folder) },
      { what, ...medianRun(program, args, folder) },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
