/** Bayesian ridge on real genotypes: `model.stack` on HapMap 3, missing calls and all, is scikit-learn's BayesianRidge on simulated traits. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { modelPredict } from '../../tasks/model-predict.js';
import { modelStack } from '../../tasks/model-stack.js';
import type { StackedModel } from '../../tasks/stacked-model.js';
import { numbers } from '../../cache/table.js';
import { hasShared, scratch, SHARED } from '../genotypes/oracle.js';
import { runTask } from './context.js';
import { bedPaths, selectOf, viewOf, type Made } from './genotype-rig.js';
import { people, rows } from './tables.js';

interface Reference {
  readonly version: string;
  readonly cases: readonly {
    readonly name: string;
    readonly variants: readonly string[];
    readonly y: readonly number[];
    readonly coef: readonly number[];
    readonly alpha: number;
    readonly lambda: number;
    readonly iterations: number;
    readonly fitted: readonly number[];
  }[];
}

const reference = JSON.parse(
  readFileSync(new URL('../reference/hapmap-ridge.json', import.meta.url), 'utf8'),
) as Reference;
const prefix = join(SHARED, 'hapmap3/data');
const folder = scratch();
const params = { mode: 'faithful', configurations: { snps: ['snps'] } };
if (!hasShared) console.warn('skipped: HapMap 3 is not here');

describe.runIf(hasShared)(`HapMap 3, against scikit-learn ${reference.version} BayesianRidge`, () => {
  let whole: Made;
  let ids: string[];
  beforeAll(async () => {
    whole = await viewOf(folder, bedPaths(prefix));
    ids = readFileSync(`${prefix}.fam`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/)[1]!);
  });

  it.each(reference.cases)('$name', async (want) => {
    const made = await selectOf(folder, whole, { variants: rows({ id: [...want.variants] }) });
    const genotypes = { view: made.view };
    const target = people(Object.fromEntries(ids.map((id, i) => [id, { y: want.y[i]! }])));
    const ran = await runTask(modelStack, { params, inputs: { genotypes, target } });
    const model = ran.json('model') as unknown as StackedModel;
    const [layer] = model.configurations['snps']!.modalities as unknown as {
      coef: number[];
      alpha: number;
      lambda: number;
      iterations: number;
    }[];
    expect(layer!.iterations).toBe(want.iterations);
    expect(Math.abs(layer!.alpha / want.alpha - 1)).toBeLessThan(1e-10);
    expect(Math.abs(layer!.lambda / want.lambda - 1)).toBeLessThan(1e-10);
    const size = Math.max(...want.coef.map(Math.abs));
    expect(layer!.coef).toHaveLength(want.coef.length);
    layer!.coef.forEach((value, j) => expect(Math.abs(value - want.coef[j]!)).toBeLessThan(1e-10 * size));

    const predicted = await runTask(modelPredict, {
      inputs: { model: { json: ran.json('model') }, genotypes },
    });
    const table = predicted.table('table');
    const values = numbers(table, 'snps');
    want.fitted.forEach((value, i) => {
      const found = values[table.id!.values.indexOf(ids[i]!)]!;
      expect(Math.abs((found - model.target.mean) / model.target.sd - value)).toBeLessThan(1e-11);
    });
  });
});
