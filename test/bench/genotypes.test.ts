/** The genotype benches at a small size: they run, and their answers are the peers' (they throw when not). */
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type * as Clump from '../../bench/clump.js';
import type * as Scores from '../../bench/scores.js';
import { hasPlink1, hasPlink2 } from '../genotypes/oracle.js';

/** The built modules: they start processes of their own. */
const built = (name: string): Promise<unknown> =>
  import(pathToFileURL(resolve(import.meta.dirname, '../../dist/bench', name)).href);

test('clump: one trait, several, and a selection', async () => {
  const { benchClump } = (await built('clump.js')) as typeof Clump;
  const lines = benchClump({ people: 200, variants: 600, chromosomes: 2, whole: [1, 3], selected: [2] });
  expect(lines).toHaveLength(hasPlink1 ? 6 : 3);
  for (const { seconds } of lines) expect(seconds).toBeGreaterThan(0);
});

test('scores: one column, more than a tile, and models of few weights', async () => {
  const { benchScores } = (await built('scores.js')) as typeof Scores;
  const lines = benchScores([{ people: 300, variants: 200, columns: [1, 9] }]);
  const few = benchScores([{ people: 300, variants: 200, columns: [40], weighted: 4 }]);
  lines.push(...few);
  expect(lines).toHaveLength(hasPlink2 ? 6 : 3);
  for (const { seconds } of lines) expect(seconds).toBeGreaterThan(0);
});
