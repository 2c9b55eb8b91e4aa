/** Pruning against plink2 v2.00a3.5 --indep-pairwise, live. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { prune } from '../../genotypes/ld/prune.js';
import type { PruneWindow } from '../../genotypes/ld/prune.js';
import {
  SHARED,
  hasPlink2,
  hasShared,
  ldPanel,
  openBedPrefix,
  plink2,
  range,
  scratch,
  seeded,
  writeBed,
} from './oracle.js';

const folder = scratch();

async function expectSame(prefix: string, window: PruneWindow, r2: number): Promise<number> {
  const flags = 'kb' in window ? [`${window.kb}kb`, '1'] : [String(window.variants), String(window.step)];
  plink2(
    folder,
    '--bfile',
    prefix,
    '--indep-pairwise',
    ...flags,
    String(r2),
    '--bad-ld',
    '--bad-freqs',
    '--out',
    'prune',
  );
  const theirs = readFileSync(join(folder, 'prune.prune.in'), 'utf8').trim().split('\n');
  const source = await openBedPrefix(prefix.startsWith('/') ? prefix : join(folder, prefix));
  const pruned = await prune(source, range(source.variants.count), { window, r2 });
  expect(Array.from(pruned.kept, (v) => source.variants.id.at(v))).toEqual(theirs);
  const { kept, correlated, monomorphic, unplaced } = pruned;
  expect(kept.length + correlated.length + monomorphic.length + unplaced.length).toBe(source.variants.count);
  source.close();
  return pruned.correlated.length;
}

describe.skipIf(!hasPlink2 || !hasShared)("bigsnpr's example and HapMap 3", () => {
  test.each<[PruneWindow, number]>([
    [{ variants: 50, step: 5 }, 0.2],
    [{ variants: 200, step: 1 }, 0.05],
    [{ kb: 100 }, 0.1],
  ])('%j, r² %f', async (window, r2) => {
    expect(await expectSame(join(SHARED, 'bigsnpr_example/example'), window, r2)).toBeGreaterThan(20);
  });

  test('missing calls, X, PAR, MT', async () => {
    await expectSame(join(SHARED, 'hapmap3/data'), { variants: 50, step: 5 }, 0.01);
    await expectSame(join(SHARED, 'hapmap3/data'), { kb: 5000 }, 0.005);
  });
});

test.skipIf(!hasPlink2)('60 seeded panels', async () => {
  let correlated = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = seeded(seed);
    const panel = ldPanel(random, 20 + Math.floor(random() * 60), 60, [0, 0.05, 0.3][seed % 3]!, 5000);
    const chromosome = panel.chromosome.map((_, v) =>
      seed % 2 === 0 ? '1' : ['1', '23', '24', '25', '26'][Math.floor(v / 12)]!,
    );
    const calls = panel.calls.map((row, v) => (v % 15 === 14 ? row.map((c) => (c === 3 ? 3 : 1)) : row));
    const position = panel.position.map((p, v) => (v % 7 === 3 ? panel.position[v - 1]! : p));
    writeBed(join(folder, 'random'), { ...panel, chromosome, calls, position });
    const window = [{ variants: 10, step: 1 }, { variants: 20, step: 7 }, { kb: 30 }, { kb: 200 }][seed % 4]!;
    try {
      correlated += await expectSame('random', window, [0.1, 0.25, 0.5][(seed >> 1) % 3]!);
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`);
    }
  }
  expect(correlated).toBeGreaterThan(500);
});
