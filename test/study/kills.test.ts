/** The NHANES study killed at random instants: it verifies, finishes, and gives the digests of an undisturbed run. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Store } from '../../cache/store.js';
import { verifyStore } from '../../engine/verify.js';
import { rngFromSeed } from '../../stats/rng.js';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const present = existsSync(at('../../../shared/data/cohorts/nhanes3.csv.gz'));
const KILLS = 5;

/** The command line on a store, its output, and whether it ended by itself. */
function run(store: string, killAfterMs: number): Promise<{ code: number | null; output: string }> {
  const child = spawn(
    process.execPath,
    [
      at('../../dist/cli/main.js'),
      'run',
      at('../../workflows/nhanes.yaml'),
      'accuracy_table',
      'finding',
      '--store',
      store,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

/** Group manifests name the keys of all instances, and keys are made of the content of what stands before. */
function manifests(store: Store): unknown {
  const [last] = store.index.runs.list('nhanes', 1);
  return store.index.runs.nodes(last!.id);
}

describe.skipIf(!present)('the NHANES study', () => {
  it(`killed ${KILLS} times`, { timeout: 900_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cohortflow-kills-'));
    const rng = rngFromSeed(3n, 'nhanes');
    try {
      const began = performance.now();
      const undisturbed = await run(join(folder, 'undisturbed'), 600_000);
      expect(undisturbed.code).toBe(0);
      const length = performance.now() - began;
      const path = join(folder, 'store');
      let finished = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const { code, output } = await run(path, 300 + rng.integer(Math.ceil(length / 2)));
        expect(output).not.toMatch(/internal error|SQLITE|locked/);
        if (code === 0) finished++;
        const store = new Store(path);
        expect((await verifyStore(store, () => undefined)).damage).toEqual([]);
        store.close();
      }
      expect(finished).toBeLessThan(KILLS);
      expect((await run(path, 600_000)).code).toBe(0);
      const [disturbed, whole] = [new Store(path), new Store(join(folder, 'undisturbed'))];
      expect(manifests(disturbed)).toEqual(manifests(whole));
      disturbed.close();
      whole.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
