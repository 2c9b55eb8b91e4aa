/**
 * The demo by the command line, disturbed: killed twice and finished by four workers it has the results of a run that one worker made
 * in peace; and it needs no library of the system.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Store } from '../../cache/store.js';
import { verifyStore } from '../../engine/verify.js';
import { LEAST, TINY } from './study-rig.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'cohortflow-disturbed-'));
// Results are published beside the workflow.
const study = join(folder, 'tiny.yaml');
writeFileSync(
  study,
  readFileSync(TINY, 'utf8').replace(
    '../../workflows',
    fileURLToPath(new URL('../../workflows', import.meta.url)),
  ),
);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the study; kills the program, and with it its workers, once it has written `killAt` lines of events. */
function run(
  store: string,
  options: { workers: number; killAt?: number; env?: NodeJS.ProcessEnv },
): Promise<{ code: number | null; output: string }> {
  const sets = Object.entries(LEAST).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
  const child = spawn(
    process.execPath,
    [
      MAIN,
      'run',
      study,
      ...sets,
      '--store',
      join(folder, store),
      '--workers',
      String(options.workers),
      '--json',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } },
  );
  let output = '';
  let lines = 0;
  const keep = (text: Buffer): void => {
    output += text.toString();
    lines += text.toString().split('\n').length - 1;
    if (lines >= (options.killAt ?? Infinity)) child.kill('SIGKILL');
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      resolve({ code, output });
    });
  });
}

/** Group manifests name the keys and results of all instances. */
function manifests(name: string): readonly { node: string; manifest: string }[] {
  const store = new Store(join(folder, name));
  try {
    const [last] = store.index.runs.list('tiny', 1);
    return store.index.runs.nodes(last!.id);
  } finally {
    store.close();
  }
}

describe('the demo', () => {
  it('killed twice, has the results of an undisturbed run', { timeout: 240_000 }, async () => {
    expect((await run('whole', { workers: 1 })).code).toBe(0);
    for (const killAt of [60, 120]) {
      const { code, output } = await run('killed', { workers: 2, killAt });
      expect(code).toBeNull();
      expect(output).not.toMatch(/internal error|SQLITE|locked/);
      const store = new Store(join(folder, 'killed'));
      expect((await verifyStore(store, () => undefined)).damage).toEqual([]);
      store.close();
    }
    expect((await run('killed', { workers: 4 })).code).toBe(0);
    expect(manifests('whole').length).toBeGreaterThan(80);
    expect(manifests('killed')).toEqual(manifests('whole'));
  });

  it('needs no library of the system', { timeout: 120_000 }, async () => {
    const { code, output } = await run('portable', { workers: 2, env: { COHORTFLOW_BLAS: 'none' } });
    expect(output).not.toContain('"type":"warning","node":"cv"');
    expect(code).toBe(0);
    expect(manifests('portable').map(({ node }) => node)).toEqual(manifests('whole').map(({ node }) => node));
    expect(readFileSync(join(folder, 'results', 'tiny', 'report.html'), 'utf8')).toContain('figure 4)');
  });
});
