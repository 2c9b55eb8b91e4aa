/** Linear regression on each variant: plink2's numbers, alone and in a batch, with missing calls, covariates and folds. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { numbers, texts, type Table } from '../../cache/table.js';
import { prepareLinearScan } from '../../stats/linear-scan.js';
import { matrix } from '../../stats/linalg/matrix.js';
import { genotypesGwas } from '../../tasks/genotypes-gwas.js';
import { backends } from '../stats/backends.js';
import {
  hasPlink2,
  hasShared,
  ldPanel,
  plink2,
  readTable,
  scratch,
  seeded,
  SHARED,
  writeBed,
} from '../genotypes/oracle.js';
import { runBatch, runTask } from './context.js';
import { bedPaths, viewOf } from './genotype-rig.js';
import { lists, people } from './tables.js';

const folder = scratch();
const prefix = join(folder, 'all');
const random = seeded(21);
const panel = ldPanel(seeded(20), 240, 60, 0.05, 5_000);
// One variant does not vary, one is another's copy.
const calls = panel.calls.map((row, v) => (v === 7 ? row.map(() => 0) : row));
writeBed(prefix, { ...panel, calls });
const id = (s: number): string => `s${s}`;
const everyone = panel.sex.map((_, s) => ({
  y: s === 11 ? null : (calls[3]![s]! % 3) * 0.4 + random() * 2,
  w: 100 - (calls[9]![s]! % 3) + random() * 3,
  age: 40 + 30 * random(),
  bmi: s === 5 ? null : 20 + 10 * random(),
  fold: 1 + (s % 3),
}));
const table = (pick: (person: (typeof everyone)[number]) => Record<string, number | null>): Table =>
  people(Object.fromEntries(everyone.map((person, s) => [id(s), pick(person)])));
const trait = table(({ y }) => ({ y }));
const covariates = table(({ age, bmi }) => ({ age, bmi }));

const glm = (name: string, ...more: string[]): Map<string, Record<string, string>> => {
  const cell = (value: number | null): string => String(value ?? 'NA');
  writeFileSync(
    join(folder, 'pheno.txt'),
    `#FID IID y w\n${everyone.map(({ y, w }, s) => `${id(s)} ${id(s)} ${cell(y)} ${cell(w)}\n`).join('')}`,
  );
  writeFileSync(
    join(folder, 'covar.txt'),
    `#FID IID age bmi\n${everyone.map(({ age, bmi }, s) => `${id(s)} ${id(s)} ${cell(age)} ${cell(bmi)}\n`).join('')}`,
  );
  // prettier-ignore
  plink2(folder, '--bfile', 'all', '--pheno', 'pheno.txt', '--glm', 'hide-covar', 'omit-ref', 'allow-no-covars', 'cols=+a1freq', ...more, '--out', name);
  return new Map(readTable(join(folder, `${name}.y.glm.linear`)).map((row) => [row['ID']!, row]));
};

function expectPlink(found: Table, theirs: Map<string, Record<string, string>>): void {
  const tested = [...theirs.values()].filter((row) => row['P'] !== 'NA');
  expect(texts(found, 'id')).toEqual(tested.map((row) => row['ID']));
  // plink2 prints six digits.
  const close = (name: string, column: string): void => {
    numbers(found, name).forEach((value, i) => {
      const theirs = Number(tested[i]![column]);
      expect(Math.abs(value / theirs - 1)).toBeLessThan(1.1e-5);
    });
  };
  close('beta', 'BETA');
  close('se', 'SE');
  close('p', 'P');
  close('n', 'OBS_CT');
}

describe.skipIf(!hasPlink2)('genotypes.gwas against plink2 --glm', () => {
  it('without covariates, with missing calls and a missing trait', async () => {
    const { view } = await viewOf(folder, bedPaths(prefix));
    const ran = await runTask(genotypesGwas, { inputs: { genotypes: { view }, trait } });
    expectPlink(ran.table('table'), glm('plain'));
    expect(lists(ran.table('flow'))['rows']).toEqual([60, 0, 1, 59]);
  });

  it('with covariates, one of them missing in somebody', async () => {
    const { view } = await viewOf(folder, bedPaths(prefix));
    const inputs = { genotypes: { view }, trait, covariates };
    const theirs = glm('adjusted', '--covar', 'covar.txt');
    expectPlink((await runTask(genotypesGwas, { inputs })).table('table'), theirs);
  });
});

describe.skipIf(!hasPlink2 || !hasShared)('HapMap 3', () => {
  it('on X, PAR and MT too: plink2 --glm no-x-sex, whose dosages on MT are half of ours', async () => {
    const hapmap = join(SHARED, 'hapmap3/data');
    const draw = seeded(4);
    const ids = readFileSync(`${hapmap}.fam`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/).slice(0, 2));
    const y = ids.map(() => Math.round(1e4 * (draw() + draw())) / 1e4);
    writeFileSync(
      join(folder, 'hapmap.txt'),
      `#FID IID y\n${ids.map(([fid, iid], i) => `${fid!} ${iid!} ${y[i]!}\n`).join('')}`,
    );
    // prettier-ignore
    plink2(folder, '--bfile', hapmap, '--chr', '21-26', '--pheno', 'hapmap.txt', '--pheno-name', 'y', '--glm', 'allow-no-covars', 'no-x-sex', 'omit-ref', '--out', 'hapmap');
    const theirs = readTable(join(folder, 'hapmap.y.glm.linear'));
    const { view } = await viewOf(folder, bedPaths(hapmap));
    const target = people(Object.fromEntries(ids.map(([, iid], i) => [iid!, { y: y[i]! }])));
    const found = (await runTask(genotypesGwas, { inputs: { genotypes: { view }, trait: target } })).table(
      'table',
    );
    const rowOf = new Map(texts(found, 'id').map((name, row) => [name, row]));
    const seen: Record<string, number> = {};
    for (const line of theirs) {
      const row = rowOf.get(line['ID']!);
      if (line['P'] === 'NA') {
        expect(row).toBeUndefined();
        continue;
      }
      const chromosome = texts(found, 'chr')[row!]!;
      seen[chromosome] = (seen[chromosome] ?? 0) + 1;
      const scale = chromosome === 'MT' ? 2 : 1;
      expect(Math.abs((scale * numbers(found, 'beta')[row!]!) / Number(line['BETA']) - 1)).toBeLessThan(
        1.1e-5,
      );
      expect(Math.abs((scale * numbers(found, 'se')[row!]!) / Number(line['SE']) - 1)).toBeLessThan(1.1e-5);
      expect(Math.abs(numbers(found, 'p')[row!]! / Number(line['P']) - 1)).toBeLessThan(1.1e-5);
      expect(numbers(found, 'n')[row!]!).toBe(Number(line['OBS_CT']));
    }
    expect(Object.keys(seen).sort()).toEqual(['21', '22', 'MT', 'PAR', 'X']);
  });
});

describe('genotypes.gwas', () => {
  it('a trait is the same alone, among others, and with a fold held out as without its people', async () => {
    const { view } = await viewOf(folder, bedPaths(prefix));
    const folds = table(({ fold }) => ({ fold }));
    const shared = { genotypes: { view }, covariates, folds };
    const call = (column: Table, fold: number | null) => ({
      params: { hold_out: fold },
      inputs: { ...shared, trait: column },
    });
    const complete = table(({ w }) => ({ w }));
    const other = table(({ w, age }) => ({ v: w - age }));
    const items = [call(complete, 2), call(trait, null), call(other, 2), call(complete, null)];
    const together = (await runBatch(genotypesGwas, items)).map((ran) => {
      if (ran instanceof Error) throw ran;
      return ran;
    });
    for (const [i, item] of items.entries()) {
      const alone = await runTask(genotypesGwas, item);
      expect(lists(together[i]!.table('table'))).toEqual(lists(alone.table('table')));
    }
    const without = people(
      Object.fromEntries(everyone.flatMap(({ w, fold }, s) => (fold === 2 ? [] : [[id(s), { w }]]))),
    );
    const direct = await runTask(genotypesGwas, {
      inputs: { genotypes: { view }, covariates, trait: without },
    });
    expect(lists(together[0]!.table('table'))).toEqual(lists(direct.table('table')));
  });

  it('refuses too few people, and a fold that is not there', async () => {
    const { view } = await viewOf(folder, bedPaths(prefix));
    const few = people({ s0: { y: 1 }, s1: { y: 2 } });
    await expect(runTask(genotypesGwas, { inputs: { genotypes: { view }, trait: few } })).rejects.toThrow(
      /more than 2 people .* got 2/,
    );
    const inputs = { genotypes: { view }, trait, folds: table(({ fold }) => ({ fold })) };
    await expect(runTask(genotypesGwas, { params: { hold_out: 9 }, inputs })).rejects.toThrow(
      /nobody is in fold 9/,
    );
  });
});

describe.each(backends)('linear scan, %s', (_name, backend) => {
  it('a variable that covariates tell is redundant; one with a perfect fit has p 0 but a finite log p', () => {
    const n = 40;
    const draw = seeded(8);
    const age = Float64Array.from({ length: n }, () => draw());
    const g = Float64Array.from({ length: n }, () => Math.floor(3 * draw()));
    const y = g.map((value, i) => 2 * value + 1e-9 * draw() + age[i]!);
    const block = matrix(3, n);
    block.data.set(age.map((value) => 3 * value - 1));
    block.data.set(g, n);
    block.data.fill(1, 2 * n);
    const [fits] = prepareLinearScan([y], [age, age], backend).fit(block);
    expect(fits!.map(({ beta }) => Number.isNaN(beta))).toEqual([true, false, true]);
    expect(fits![1]!.beta).toBeCloseTo(2, 7);
    expect(fits![1]!.log10p).toBeLessThan(-200);
  });
});
