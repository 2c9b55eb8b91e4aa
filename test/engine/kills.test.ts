/**
 * Killed anywhere: the store verifies, the next run finishes, and the final digests are those of an undisturbed run. Engine
 * and workers are killed at seeded random instants.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { verifyStore } from '../../engine/verify.js';
import { rngFromSeed } from '../../stats/rng.js';
import { Rig } from './rig/rig.js';

const RUN_TOY = fileURLToPath(new URL('./rig/run-toy.mjs', import.meta.url));
const KILLS = process.env['COHORTFLOW_TEST_ALL'] ? 1000 : 200;

/** 60 nodes: chains of small and of large results, fan-outs and gathers; `round` makes the work new. */
function toyStudy(round: number): string {
  const lines = ['cohortflow: 1', 'name: killed', 'axes:', '  item: { range: [1, 6] }', 'nodes:'];
  for (let chain = 0; chain < 10; chain++) {
    const name = (step: string): string => `${step}${chain}`;
    lines.push(
      `  ${name('grow')}: { task: toy.grow, with: { rows: ${3000 + chain}, wait: 4, tag: ${round} } }`,
      `  ${name('columns')}: { task: toy.columns, in: { table: ${name('grow')}.table } }`,
      `  ${name('base')}: { task: toy.source, with: { value: ${round * 100 + chain} } }`,
      `  ${name('fit')}: { task: toy.batch, each: item, in: { shared: ${name('base')} }, with: { item: "\${item}", wait: 2 } }`,
      `  ${name('list')}: { task: toy.collect, in: { all: "${name('fit')}[*]" } }`,
      `  ${name('sum')}: { task: toy.sum, in: { a: ${name('grow')}.out, b: ${name('base')} } }`,
    );
  }
  return lines.join('\n');
}

interface Toy {
  readonly process: ChildProcess;
  readonly started: Promise<void>;
  readonly ended: Promise<{ code: number | null; output: string }>;
}

function start(file: string, workers: number): Toy {
  const child = spawn(process.execPath, [RUN_TOY, file, String(workers)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let error = '';
  let onStart: () => void;
  const started = new Promise<void>((resolve) => (onStart = resolve));
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
    onStart();
  });
  child.stderr.on('data', (text: Buffer) => (error += text.toString()));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => {
      onStart();
      resolve({ code, output: output + error });
    });
  });
  return { process: child, started, ended };
}

/** The process ids of a process's children. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** On a busy machine a process may have come to its end before the signal. */
function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A long run says how far it is, after so many kills. */
const TOLD_EVERY = 100;

async function killOften(seed: bigint, kills: number): Promise<{ finished: number; rounds: number }> {
  const rng = rngFromSeed(seed, 'kills');
  const rig = new Rig();
  let round = 1;
  let finished = 0;
  try {
    // How long a run takes here and now: the kills must fall within it.
    let file = rig.write('study.yaml', toyStudy(0));
    const undisturbed = start(file, 1);
    await undisturbed.started;
    const began = performance.now();
    await undisturbed.ended;
    let length = Math.ceil(performance.now() - began);
    file = rig.write('study.yaml', toyStudy(round));
    for (let kill = 0; kill < kills; kill++) {
      if (kill > 0 && kill % TOLD_EVERY === 0)
        process.stderr.write(`seed ${seed}: ${kill} kills, ${finished} runs finished\n`);
      const toy = start(file, 1 + rng.integer(2));
      await toy.started;
      const since = performance.now();
      const isOver = { yet: false };
      void toy.ended.then(() => (isOver.yet = true));
      await new Promise((resolve) => setTimeout(resolve, rng.integer(length)));
      const workers = childrenOf(toy.process.pid!);
      if (workers.length > 0 && rng.integer(3) === 0) {
        // A worker dies: the engine goes on, blames one item and ends by itself.
        signalTo(workers[rng.integer(workers.length)]!, 'SIGKILL');
      } else if (!isOver.yet) {
        toy.process.kill('SIGKILL');
      }
      const { output } = await toy.ended;
      const took = performance.now() - since;
      expect(output).not.toMatch(/database is locked|SQLITE|internal error/);
      const store = rig.openStore();
      const { damage } = await verifyStore(store, () => undefined);
      expect(damage).toEqual([]);
      if (output.includes('"status":"done"')) {
        finished++;
        // The machine may be busier or quieter by now.
        length = Math.ceil((length + took) / 2);
        file = rig.write('study.yaml', toyStudy(++round));
      }
    }
    const last = await start(file, 2).ended;
    expect(last.output).toContain('"status":"done"');
    const disturbed = rig.digests();
    rig.clearStore();
    await start(file, 2).ended;
    expect(disturbed).toEqual(rig.digests());
    expect(Object.keys(disturbed)).toHaveLength(10 * (2 + 2 + 1 + 6 + 1 + 1));
    return { finished, rounds: round };
  } finally {
    rig.remove();
  }
}

describe('killed at random instants', () => {
  it(
    `${KILLS} times: nothing corrupt, finished work kept, equal digests`,
    { timeout: KILLS * 10_000 },
    async () => {
      // Two at a time, for there are two cores.
      const results = await Promise.all([killOften(1n, KILLS / 2), killOften(2n, KILLS / 2)]);
      // The instants must fall within the runs, or nothing is tested.
      for (const { finished } of results) expect(finished).toBeLessThan(0.4 * KILLS);
    },
  );
});

describe('two runs at once on one store', () => {
  const slow = `
cohortflow: 1
name: slow
axes: { item: { range: [1, 40] } }
nodes:
  fit: { task: toy.batch, each: item, with: { item: "\${item}", wait: 25 } }
  all: { task: toy.collect, in: { all: "fit[*]" } }
`;

  it('compute each key once, and both succeed', async () => {
    const rig = new Rig();
    try {
      const file = rig.write('study.yaml', slow);
      const [a, b] = [start(file, 1), start(file, 1)];
      const outputs = (await Promise.all([a.ended, b.ended])).map(({ output }) => output);
      const outcomes = outputs.map(
        (output) => JSON.parse(output.split('\n')[1]!) as { status: string; ran: number; fresh: number },
      );
      expect(outcomes.map(({ status }) => status)).toEqual(['done', 'done']);
      expect(outcomes[0]!.ran + outcomes[1]!.ran).toBe(41);
    } finally {
      rig.remove();
    }
  });

  it(
    'one is killed, or stopped, while it holds leases: the other takes over',
    { timeout: 120_000 },
    async () => {
      for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
        const rig = new Rig();
        try {
          const file = rig.write('study.yaml', slow);
          const first = start(file, 1);
          await first.started;
          await new Promise((resolve) => setTimeout(resolve, 400));
          const children = childrenOf(first.process.pid!);
          first.process.kill(signal);
          for (const pid of signal === 'SIGSTOP' ? children : []) signalTo(pid, 'SIGSTOP');
          const second = await start(file, 1).ended;
          expect(second.output).toContain('"status":"done"');
          if (signal === 'SIGSTOP') {
            for (const pid of [first.process.pid!, ...children]) signalTo(pid, 'SIGCONT');
            const { output } = await first.ended;
            expect(output).toContain('"status":"done"');
          }
        } finally {
          rig.remove();
        }
      }
    },
  );
});
