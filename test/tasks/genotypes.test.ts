/** Genotype views: equal content from every format and from files that hold more, whatever is narrowed or joined. */
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { genotypesClump } from '../../tasks/genotypes-clump.js';
import { genotypesJoin } from '../../tasks/genotypes-join.js';
import { genotypesView } from '../../tasks/genotypes-view.js';
import { hasPlink2, ldPanel, plink2, scratch, seeded, writeBed } from '../genotypes/oracle.js';
import { runBatch, runTask } from './context.js';
import { asMade, bedPaths, selectOf, viewOf, type Made } from './genotype-rig.js';
import { lists, rows, samples } from './tables.js';

const folder = scratch();
const all = join(folder, 'all');
const panel = ldPanel(seeded(7), 60, 40, 0.03, 20_000);
writeBed(all, panel);
const ids = Array.from({ length: 60 }, (_, s) => `s${s}`);

/** The panel without some people and variants, as files of their own. */
function writePart(name: string, people: readonly number[], variants: readonly number[]): string {
  const prefix = join(folder, name);
  writeBed(prefix, {
    chromosome: variants.map((v) => panel.chromosome[v]!),
    position: variants.map((v) => panel.position[v]!),
    calls: variants.map((v) => people.map((s) => panel.calls[v]![s]!)),
    sex: people.map((s) => panel.sex[s]!),
  });
  const renamed = (lines: readonly string[]): string => lines.join('');
  writeFileSync(
    `${prefix}.bim`,
    renamed(variants.map((v) => `${panel.chromosome[v]!}\tv${v}\t0\t${panel.position[v]!}\tA\tG\n`)),
  );
  writeFileSync(`${prefix}.fam`, renamed(people.map((s) => `s${s}\ts${s}\t0\t0\t${panel.sex[s]!}\t-9\n`)));
  return prefix;
}

const naming = (list: readonly number[]) => rows({ id: list.map((v) => `v${v}`) });

describe('genotypes.view', () => {
  let whole: Made;
  beforeAll(async () => {
    whole = await viewOf(folder, bedPaths(all), { build: 'GRCh37' });
  });

  it('lists variants in the order of the file and people in the order of their ids, with counts', () => {
    const variants = lists(whole.table('variants'));
    expect(variants['id']!.slice(0, 3)).toEqual(['v0', 'v1', 'v2']);
    expect(variants['ref']![0]).toBe('G');
    expect(variants['build']![0]).toBe('GRCh37');
    const called = panel.calls[3]!.filter((call) => call < 3);
    expect(variants['missing']![3]).toBe(60 - called.length);
    expect(variants['af']![3]).toBe(called.reduce((a, b) => a + b, 0) / (2 * called.length));
    expect(lists(whole.table('samples'))['id']).toEqual([...ids].sort());
  });

  it('is the same whatever the order of people in the file, and another when one call differs', async () => {
    const order = ids.map((_, s) => (s * 7) % 60);
    const shuffled = await viewOf(
      folder,
      bedPaths(
        writePart(
          'shuffled',
          order,
          panel.calls.map((_, v) => v),
        ),
      ),
      { build: 'GRCh37' },
    );
    expect(shuffled.view.recipe.content).toBe(whole.view.recipe.content);
    const other = writePart(
      'other',
      ids.map((_, s) => s),
      panel.calls.map((_, v) => v),
    );
    const bed = readFileSync(`${other}.bed`);
    bed[40]! ^= 1;
    writeFileSync(`${other}.bed`, bed);
    const changed = await viewOf(folder, bedPaths(other), { build: 'GRCh37' });
    expect(changed.view.recipe.content).not.toBe(whole.view.recipe.content);
    const [a, b] = [whole, changed].map((made) => lists(made.table('variants'))['calls']!);
    expect(a!.filter((digest, v) => digest !== b![v])).toHaveLength(1);
  });

  it.runIf(hasPlink2)('is the same from pgen and VCF', async () => {
    plink2(folder, '--bfile', all, '--make-pgen', '--out', 'all');
    plink2(folder, '--bfile', all, '--export', 'vcf', 'bgz', 'id-paste=iid', '--out', 'all');
    const file = (extension: string): string => `${all}.${extension}`;
    const build = 'GRCh37';
    const pgen = await viewOf(
      folder,
      { pgen: file('pgen'), pvar: file('pvar'), psam: file('psam') },
      { build },
    );
    expect(pgen.view.recipe.content).toBe(whole.view.recipe.content);
    const vcf = await viewOf(
      folder,
      { vcf: file('vcf.gz') },
      { build, field: 'GT' },
      {
        samples: whole.table('samples'),
      },
    );
    expect(vcf.view.recipe.content).toBe(whole.view.recipe.content);
  });

  it.runIf(hasPlink2)('is close from BGEN, whose first allele must be said', async () => {
    plink2(
      folder,
      '--bfile',
      all,
      '--export',
      'bgen-1.2',
      'bits=8',
      'ref-first',
      'id-paste=iid',
      '--out',
      'all',
    );
    const paths = { bgen: `${all}.bgen`, sample: `${all}.sample` };
    await expect(viewOf(folder, paths)).rejects.toThrow("say what each variant's first allele is");
    const bgen = await viewOf(folder, paths, { first_allele: 'ref' });
    expect(lists(bgen.table('variants'))['af']).toEqual(lists(whole.table('variants'))['af']);
  });

  it('keeps the people and variants that are named, and counts those that are not there', async () => {
    const some = await viewOf(
      folder,
      bedPaths(all),
      {},
      {
        samples: samples('s5', 's10', 'nobody'),
        variants: naming([3, 1, 99]),
      },
    );
    expect(lists(some.table('samples'))['id']).toEqual(['s10', 's5']);
    expect(lists(some.table('variants'))['id']).toEqual(['v1', 'v3']);
    expect(some.warnings).toEqual([
      "no genotypes of 1 person of 'samples'",
      "1 of 3 rows of 'variants' give no variant: 1 no-variant-there",
    ]);
  });

  it('refuses what does not go together, and damaged files with the place', async () => {
    const run = (paths: Readonly<Record<string, string>>, params = {}) => viewOf(folder, paths, params);
    await expect(runTask(genotypesView, { inputs: {} })).rejects.toThrow('no genotype files');
    await expect(run({ ...bedPaths(all), vcf: all })).rejects.toThrow(
      'more than one format are connected: bed, vcf',
    );
    await expect(run({ bed: `${all}.bed` })).rejects.toThrow("'bed' needs 'bim' and 'fam' beside it");
    await expect(run({ vcf: `${all}.bed` })).rejects.toThrow("say which field to read: 'field: GT'");
    const cut = writePart('cut', [0, 1, 2, 3], [0, 1, 2]);
    truncateSync(`${cut}.bed`, 5);
    await expect(run(bedPaths(cut))).rejects.toThrow(
      /cut\.bed: 3 variants of 4 people need 6 bytes, the file has 5/,
    );
    const twice = writePart('twice', [0, 1], [0]);
    writeFileSync(`${twice}.fam`, 'a\tx\t0\t0\t1\t-9\nb\tx\t0\t0\t1\t-9\n');
    await expect(run(bedPaths(twice))).rejects.toThrow("two people have the individual id 'x'");
  });
});

describe('genotypes.select', () => {
  const people = [3, 9, 27, 50, 51, 52];
  const variants = [2, 5, 17, 30];
  const wanted = { samples: samples(...people.map((s) => `s${s}`)), variants: naming(variants) };

  it('has the same content from files that hold more', async () => {
    const small = await viewOf(folder, bedPaths(writePart('small', people, variants)));
    const large = await selectOf(folder, await viewOf(folder, bedPaths(all)), wanted);
    expect(large.view.recipe.content).toBe(small.view.recipe.content);
    const again = await selectOf(folder, large, { variants: naming([17, 5]) });
    const direct = await selectOf(folder, small, { variants: naming([5, 17]) });
    expect(again.view.recipe.content).toBe(direct.view.recipe.content);
    expect(lists(again.table('variants'))).toEqual(lists(direct.table('variants')));
  });

  it('reads nothing when only variants are left out', async () => {
    const here = writePart('gone', people, variants);
    const view = await viewOf(folder, bedPaths(here));
    rmSync(`${here}.bed`);
    const narrowed = await selectOf(folder, view, { variants: naming([5]) });
    expect(lists(narrowed.table('variants'))['id']).toEqual(['v5']);
  });

  it('finds variants by place and alleles, in either order and on either strand', async () => {
    const view = await viewOf(folder, bedPaths(all));
    const named = rows({
      chr: ['1', '1', '1'],
      pos: [1, 2, 3].map((v) => panel.position[v]!),
      effect_allele: ['A', 'G', 'T'],
      other_allele: ['G', 'A', 'C'],
    });
    const narrowed = await selectOf(folder, view, { variants: named });
    expect(lists(narrowed.table('variants'))['id']).toEqual(['v1', 'v2', 'v3']);
    const none = rows({ chr: ['9'], pos: [1], effect_allele: ['A'], other_allele: ['G'] });
    await expect(selectOf(folder, view, { variants: none })).rejects.toThrow(
      'none of the 1 variants is in the genotypes (1 no-variant-there)',
    );
  });
});

describe('genotypes.join', () => {
  const everyone = ids.map((_, s) => s);
  const first = writePart('first', everyone, [0, 1, 2]);
  const second = writePart('second', everyone.toReversed(), [3, 4]);
  const fewer = writePart('fewer', everyone.slice(5), [3, 4]);
  const join2 = async (prefixes: readonly string[], params = {}): Promise<Made> => {
    const views = [];
    for (const prefix of prefixes) views.push((await viewOf(folder, bedPaths(prefix))).view);
    const gather = views.map((view, i) => ({ item: { chr: i + 1 }, value: { view } }));
    return asMade(
      await runTask(genotypesJoin, { params, inputs: { genotypes: { gather } } }),
      folder,
      {},
      views,
    );
  };

  it('is the view of one file with the same variants', async () => {
    const joined = await join2([first, second]);
    const one = await viewOf(folder, bedPaths(writePart('both', everyone, [0, 1, 2, 3, 4])));
    expect(joined.view.recipe.content).toBe(one.view.recipe.content);
    // Reading goes through both files.
    const narrow = { samples: samples('s1', 's2'), variants: naming([2, 3]) };
    const [a, b] = [await selectOf(folder, joined, narrow), await selectOf(folder, one, narrow)];
    expect(a.view.recipe.content).toBe(b.view.recipe.content);
  });

  it('refuses different people, or keeps those of all', async () => {
    await expect(join2([first, fewer])).rejects.toThrow(/is not among its people/);
    const joined = await join2([first, fewer], { people: 'intersect' });
    expect(joined.warnings).toEqual(['5 people are not in every view and are left out']);
    const one = await viewOf(folder, bedPaths(writePart('rest', everyone.slice(5), [0, 1, 2, 3, 4])));
    expect(joined.view.recipe.content).toBe(one.view.recipe.content);
  });
});

describe('genotypes.clump', () => {
  const random = seeded(3);
  const trait = (list: readonly number[]) =>
    rows({
      chr: list.map((v) => panel.chromosome[v]!),
      pos: list.map((v) => panel.position[v]!),
      id: list.map((v) => `v${v}`),
      effect_allele: list.map(() => 'A'),
      other_allele: list.map(() => 'G'),
      beta: list.map(() => random() - 0.5),
      p: list.map(() => random()),
      log10p: list.map(() => -1),
    });
  const traits = [trait([0, 1, 2, 3, 4, 5, 6, 7, 8]), trait([4, 5, 6, 7, 20, 21, 22]), trait([30])];

  it('gives each trait the same alone, narrowed, and together with others', async () => {
    const whole = await viewOf(folder, bedPaths(all));
    const views = await Promise.all(traits.map((variants) => selectOf(folder, whole, { variants })));
    const call = (t: number, view: Made) => ({
      params: { r2: 0.05, kb: 500 },
      inputs: { sumstats: traits[t]!, genotypes: { view: view.view } },
    });
    const together = await runBatch(
      genotypesClump,
      traits.map((_, t) => call(t, views[t]!)),
    );
    for (const [t, result] of together.entries()) {
      if (result instanceof Error) throw result;
      for (const other of [
        await runTask(genotypesClump, call(t, views[t]!)),
        await runTask(genotypesClump, call(t, whole)),
      ])
        for (const port of ['table', 'members', 'flow'])
          expect(lists(result.table(port))).toEqual(lists(other.table(port)));
    }
    const flow = lists((together[0] as Made).table('flow'));
    expect(flow['rows']![0]).toBe(9);
    const [leads, claimed] = [flow['rows']!.at(-1)!, flow['rows']!.at(-2)!];
    expect(Number(leads) + Number(claimed)).toBe(9);
    expect(Number(claimed)).toBeGreaterThan(0);
  });

  it('orders p that underflowed by their logarithm, and counts what it does not use', async () => {
    const stats = rows({
      id: ['v1', 'v2', 'v20', 'v21', 'nowhere'],
      effect_allele: ['A', 'A', 'A', 'A', 'A'],
      other_allele: ['G', 'G', 'G', 'G', 'G'],
      p: [0, 0, 1e-200, null, 0.5],
      log10p: [-400, -500, -200, null, -0.3],
    });
    const { view } = await viewOf(folder, bedPaths(all));
    const ran = await runTask(genotypesClump, {
      params: { r2: 1 },
      inputs: { sumstats: stats, genotypes: { view } },
    });
    expect(lists(ran.table('table'))['id']).toEqual(['v2', 'v1', 'v20']);
    const flow = lists(ran.table('flow'));
    expect(Object.fromEntries(flow['reason']!.map((reason, i) => [reason, flow['rows']![i]]))).toEqual({
      'variants of the summary statistics': 5,
      'lost: not in the panel': 1,
      'lost: without p': 1,
      'lost: on no chromosome': 0,
      'lost: p above p1, in no clump': 0,
      'claimed by a lead': 0,
      leads: 3,
    });
    const wrong = rows({ id: ['v1'], effect_allele: ['A'], other_allele: ['G'], p: [2] });
    await expect(
      runTask(genotypesClump, { inputs: { sumstats: wrong, genotypes: { view } } }),
    ).rejects.toThrow('2 is no p');
  });
});
