/** Scores against plink2 v2.00a3.5 --score, live; scoring files of the PGS Catalog and OmicsPred. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { callAt } from '../../genotypes/hardcalls.js';
import { FileSource, MemorySource } from '../../genotypes/io/bytesource.js';
import { alleleFrequencies } from '../../genotypes/qc/counts.js';
import { readScoringFile, scoringLines } from '../../genotypes/scores/scoringfile.js';
import { score } from '../../genotypes/scores/score.js';
import { ScoreSums, sparseColumns } from '../../genotypes/scores/sums.js';
import type { GenotypeSource } from '../../genotypes/source.js';
import {
  SHARED,
  hasPlink2,
  hasShared,
  ldPanel,
  openBedPrefix,
  openPgenPrefix,
  plink2,
  range,
  readTable,
  scratch,
  seeded,
  writeBed,
} from './oracle.js';

const folder = scratch();

/** @param share of the weights that are not zero */
async function compare(source: GenotypeSource, flags: string[], columns: number, share = 0.7): Promise<void> {
  const random = seeded(5);
  const variants = range(source.variants.count).filter(() => random() < 0.7);
  const counted = Uint8Array.from(variants, () => Math.floor(random() * 2));
  const weights = Float64Array.from({ length: variants.length * columns }, () =>
    random() >= share ? 0 : Math.round((random() - 0.5) * 1e6) / 1e6,
  );
  const { alt } = await alleleFrequencies(source, range(source.variants.count), undefined);
  const frequency = Float64Array.from(variants, (v, i) => (counted[i] === 1 ? alt[v]! : 1 - alt[v]!));
  const file = Array.from(variants, (v, i) => {
    const allele = (counted[i] === 1 ? source.variants.alt : source.variants.ref).at(v);
    return [source.variants.id.at(v), allele, ...weights.subarray(i * columns, (i + 1) * columns)].join('\t');
  });
  const header = ['ID', 'A', ...Array.from({ length: columns }, (_, c) => `W${c}`)].join('\t');
  writeFileSync(join(folder, 'weights'), [header, ...file, ''].join('\n'));
  const numbers = ['--score-col-nums', columns === 1 ? '3' : `3-${columns + 2}`];
  plink2(
    folder,
    ...flags,
    '--score',
    'weights',
    'header-read',
    'cols=+scoresums,+nallele',
    ...numbers,
    '--out',
    's',
  );
  const model = { variants, counted, columns, weights, frequency };
  const mine = await score(source, model, undefined, { blockBytes: 8 * source.samples.count * 7 });
  const people = source.samples.count;
  const lines = readTable(join(folder, 's.sscore'));
  for (let c = 0; c < columns; c++) {
    const sums = mine.sums[c]!;
    const mean = sums.reduce((a, b) => a + b, 0) / people;
    const sd = Math.sqrt(sums.reduce((a, b) => a + (b - mean) ** 2, 0) / people);
    lines.forEach((line, s) => {
      const theirs = Number(line[`W${c}_SUM`]);
      expect(Math.abs(sums[s]! - theirs)).toBeLessThanOrEqual(1e-5 * Math.abs(theirs) + 1e-6 * sd);
    });
  }
  const whole = await score(source, model, undefined);
  expect(whole.sums).toEqual(mine.sums);
  // Frequencies that nobody gives are those of the people scored.
  const estimated = await score(source, { ...model, frequency: frequency.map(() => NaN) }, undefined);
  expect(estimated).toEqual(whole);
  source.close();
}

describe.skipIf(!hasPlink2 || !hasShared)('against plink2 --score', () => {
  test('HapMap 3: missing calls, X, PAR, MT, five columns in one pass', async () => {
    const prefix = join(SHARED, 'hapmap3/data');
    await compare(await openBedPrefix(prefix), ['--bfile', prefix], 5);
  });

  test('HapMap 3: many columns of few weights', async () => {
    const prefix = join(SHARED, 'hapmap3/data');
    await compare(await openBedPrefix(prefix), ['--bfile', prefix], 40, 0.02);
  });

  test('every kind of chromosome, haploid hets and unknown sex', async () => {
    const random = seeded(8);
    const panel = ldPanel(random, 90, 120, 0.05, 4000);
    const chromosome = panel.chromosome.map((_, v) => ['1', '23', '24', '25', '26'][Math.floor(v / 24)]!);
    writeBed(join(folder, 'kinds'), {
      ...panel,
      chromosome,
      sex: panel.sex.map((s) => (random() < 0.1 ? 0 : s)),
    });
    await compare(await openBedPrefix(join(folder, 'kinds')), ['--bfile', 'kinds'], 2);
  });

  test('dosages, some missing', async () => {
    plink2(
      folder,
      '--dummy',
      '300',
      '200',
      '0.03',
      'dosage-freq=0.6',
      '--seed',
      '3',
      '--make-pgen',
      '--out',
      'dummy',
    );
    await compare(await openPgenPrefix(join(folder, 'dummy')), ['--pfile', 'dummy'], 1);
  });
});

test('the last bit depends on no block, no other person, no other column, and not on how genotypes are stored', async () => {
  const panel = ldPanel(seeded(4), 61, 75, 0.05, 4000);
  const chromosome = panel.chromosome.map((_, v) => ['1', '23', '24', '26'][Math.floor(v / 20)]!);
  writeBed(join(folder, 'bits'), { ...panel, chromosome });
  const source = await openBedPrefix(join(folder, 'bits'));
  const random = seeded(6);
  const variants = range(75);
  const columns = 11;
  const model = {
    variants,
    counted: Uint8Array.from(variants, (v) => v % 2),
    columns,
    weights: Float64Array.from({ length: 75 * columns }, () => random() - 0.5),
    frequency: Float64Array.from(variants, () => random()),
  };
  const whole = await score(source, model, undefined);
  expect(whole.imputed.some((count) => count > 0)).toBe(true);
  const dosages: GenotypeSource = {
    name: source.name,
    variants: source.variants,
    samples: source.samples,
    hasDosages: true,
    dosages: (...request) => source.dosages(...request),
    hardCalls: () => Promise.reject(new Error('not asked')),
    close: () => undefined,
  };
  expect(await score(dosages, model, undefined)).toEqual(whole);
  expect(await score(source, model, undefined, { blockBytes: 1 })).toEqual(whole);
  expect(await score(dosages, model, undefined, { blockBytes: 1 })).toEqual(whole);
  const some = Uint32Array.of(40, 7, 60);
  const few = await score(source, model, some);
  const last = await score(
    source,
    {
      ...model,
      columns: 1,
      weights: Float64Array.from(variants, (v) => model.weights[v * columns + columns - 1]!),
    },
    undefined,
  );
  some.forEach((s, i) => {
    expect(few.imputed[i]).toBe(whole.imputed[s]);
    for (let c = 0; c < columns; c++) expect(few.sums[c]![i]).toBe(whole.sums[c]![s]);
  });
  expect(last.sums).toEqual(whole.sums.slice(columns - 1));
  source.close();
});

/** Weights of which a column in three is dense, one has a hundredth, and one nothing but a run of neighbours. */
function mixedWeights(variants: number, columns: number, random: () => number): Float64Array {
  const weights = new Float64Array(variants * columns);
  for (let v = 0; v < variants; v++)
    for (let c = 0; c < columns; c++) {
      const here = [true, random() < 0.01, v % 50 === c % 50 || v % 50 === (c % 50) + 1][c % 3]!;
      weights[v * columns + c] = here ? random() - 0.5 : 0;
    }
  return weights;
}

test('a column of few weights has the bits that it has alone, where every weight is multiplied', async () => {
  const [people, variants, columns] = [150, 2500, 90];
  const panel = ldPanel(seeded(14), people, variants, 0.05, 4000);
  const chromosome = panel.chromosome.map((_, v) => ['1', '23', '24', '26'][Math.floor(v / 700)]!);
  writeBed(join(folder, 'few'), { ...panel, chromosome });
  const source = await openBedPrefix(join(folder, 'few'));
  const random = seeded(16);
  const model = {
    variants: range(variants),
    counted: Uint8Array.from({ length: variants }, (_, v) => v % 2),
    columns,
    weights: mixedWeights(variants, columns, random),
    frequency: Float64Array.from({ length: variants }, () => random()),
  };
  const sparse = sparseColumns(model);
  expect(Array.from(sparse)).toEqual(Array.from(range(columns)).filter((c) => c % 3 > 0));
  const whole = await score(source, model, undefined);
  for (const c of [0, 1, 2, 61, 62, 89]) {
    const alone = { ...model, columns: 1, weights: model.weights.filter((_, i) => i % columns === c) };
    expect(sparseColumns(alone)).toHaveLength(0);
    expect((await score(source, alone, undefined)).sums[0]).toEqual(whole.sums[c]);
  }
  const dosages: GenotypeSource = {
    ...source,
    variants: source.variants,
    samples: source.samples,
    name: source.name,
    hasDosages: true,
    dosages: (...request) => source.dosages(...request),
    hardCalls: () => Promise.reject(new Error('not asked')),
    close: () => undefined,
  };
  expect(await score(dosages, model, undefined)).toEqual(whole);
  expect(await score(dosages, model, undefined, { blockBytes: 8 * people * 48 })).toEqual(whole);
  expect(await score(source, model, undefined, { blockBytes: 48 * 38 })).toEqual(whole);
  const some = Uint32Array.from({ length: 37 }, (_, i) => (i * 61) % people);
  const few = await score(source, model, some);
  some.forEach((s, i) => {
    expect(few.imputed[i]).toBe(whole.imputed[s]);
    for (let c = 0; c < columns; c++) expect(few.sums[c]![i]).toBe(whole.sums[c]![s]);
  });
  source.close();
});

test('sums of people in several memories are those in one', () => {
  const [people, variants, columns, stride] = [201, 100, 40, 51];
  const random = seeded(9);
  const calls = Uint8Array.from({ length: variants * stride }, () => Math.floor(256 * random()));
  for (let v = 0; v < variants; v++) calls[v * stride + stride - 1]! &= 3;
  const values = Float64Array.from({ length: 4 * variants }, random);
  const dosages = Float64Array.from(
    { length: variants * people },
    (_, i) =>
      values[
        4 * Math.floor(i / people) + callAt(calls.subarray(Math.floor(i / people) * stride), i % people)
      ]!,
  );
  const model = { columns, weights: mixedWeights(variants, columns, random) };
  const place = { first: 0, count: variants };
  const sums = [true, false].flatMap((ofCalls) =>
    [undefined, 1, 8 * 64 * 2 * columns].map((bandBytes) => {
      const all = new ScoreSums(people, model, ofCalls, bandBytes);
      if (ofCalls) all.addCalls(calls, stride, values, place);
      else all.addDosages(dosages, place);
      return all.take();
    }),
  );
  expect(sums[0]).toHaveLength(columns);
  for (const other of sums) expect(other).toEqual(sums[0]);
});

test('which columns are worth their single weights', () => {
  const model = (columns: number, share: number) => {
    const random = seeded(3);
    const weights = Float64Array.from({ length: 400 * columns }, () => (random() < share ? 1 : 0));
    return sparseColumns({ columns, weights }).length;
  };
  expect(model(260, 0.015)).toBe(260);
  expect(model(260, 0.5)).toBe(0);
  expect(model(8, 0.015)).toBe(0);
  expect(sparseColumns({ columns: 3, weights: new Float64Array(0) })).toHaveLength(0);
});

test('a score is the sum of groups of four terms', async () => {
  const panel = ldPanel(seeded(5), 9, 10, 0, 4000);
  writeBed(join(folder, 'terms'), panel);
  const source = await openBedPrefix(join(folder, 'terms'));
  const random = seeded(7);
  const weights = Float64Array.from({ length: 10 }, () => random() - 0.5);
  const model = {
    variants: range(10),
    counted: new Uint8Array(10).fill(1),
    columns: 1,
    weights,
    frequency: new Float64Array(10),
  };
  const { sums } = await score(source, model, undefined);
  for (let s = 0; s < 9; s++) {
    let sum = 0;
    for (let v = 0; v < 10; v += 4) {
      let term = weights[v]! * panel.calls[v]![s]!;
      for (let k = v + 1; k < Math.min(10, v + 4); k++) term += weights[k]! * panel.calls[k]![s]!;
      sum += term;
    }
    expect(sums[0]![s]).toBe(sum);
  }
  source.close();
});

test('nobody to score, and more people than a call of the kernel takes', async () => {
  const people = 8195;
  writeBed(join(folder, 'many'), {
    chromosome: ['1', '1'],
    position: [1, 2],
    calls: [0, 1].map((v) => Array.from({ length: people }, (_, s) => (s + v) % 4)),
    sex: Array.from({ length: people }, () => 1),
  });
  const source = await openBedPrefix(join(folder, 'many'));
  const model = {
    variants: range(2),
    counted: Uint8Array.of(1, 0),
    columns: 1,
    weights: Float64Array.of(1, 10),
    frequency: Float64Array.of(0.25, 0.5),
  };
  const { sums, imputed } = await score(source, model, undefined);
  const first = [0, 1, 2, 0.5];
  const second = [2, 1, 0, 1];
  sums[0]!.forEach((sum, s) => expect(sum).toBe(first[s % 4]! + 10 * second[(s + 1) % 4]!));
  imputed.forEach((count, s) => expect(count).toBe(Number(s % 4 === 3) + Number(s % 4 === 2)));
  expect((await score(source, model, new Uint32Array(0))).sums).toEqual([new Float64Array(0)]);
  source.close();
});

test('lengths that do not agree are a bug of the caller', async () => {
  const source = {
    samples: { count: 1 },
    variants: { count: 1, chromosomeNames: [] },
  } as unknown as GenotypeSource;
  const model = {
    variants: range(2),
    counted: new Uint8Array(2),
    columns: 2,
    weights: new Float64Array(3),
    frequency: new Float64Array(2),
  };
  await expect(score(source, model, undefined)).rejects.toThrow('internal error: 3 weights for 2 × 2');
});

const memory = (text: string): MemorySource => new MemorySource(Buffer.from(text), 'score.txt');
const COLUMNS = 'rsID\tchr_name\tchr_position\teffect_allele\tother_allele\teffect_weight';

describe('scoring files', () => {
  test.skipIf(!hasShared)('PGS000001 raw and harmonised, OPGS019828', async () => {
    const open = (name: string) => readScoringFile(new FileSource(join(SHARED, 'scores', name)));
    const raw = await open('PGS000001.txt.gz');
    expect(raw.metadata.get('pgs_name')).toBe('PRS77_BC');
    expect(raw.harmonised).toBe(false);
    expect(raw.table.count).toBe(77);
    expect(raw.table.build).toBeUndefined();
    // The raw file gives a chromosome but no position: the rs number is all there is.
    expect(raw.table.position[0]).toBe(0);
    expect(raw.table.beta![0]).toBe(0.16220387987485377);
    const [on37, on38] = [await open('PGS000001_hmPOS_GRCh37.txt'), await open('PGS000001_hmPOS_GRCh38.txt')];
    expect([on37.table.build, on38.table.build]).toEqual(['GRCh37', 'GRCh38']);
    expect([on37.table.position[0], on38.table.position[0]]).toEqual([69331418, 69516650]);
    expect(on37.harmonised).toBe(true);
    const omics = await open('OPGS019828.txt');
    expect(omics.table.build).toBe('GRCh37');
    expect(omics.table.id.at(0)).toBe('rs17309228');
    expect(omics.table.beta![0]).toBe(-0.0553658304720546);
  });

  test.skipIf(!hasShared)('what is written is read again, raw and harmonised', async () => {
    const { table } = await readScoringFile(
      new FileSource(join(SHARED, 'scores/PGS000001_hmPOS_GRCh37.txt')),
    );
    for (const harmonised of [false, true]) {
      const header = { pgsId: 'x', name: 'n', trait: 't', build: 'GRCh37', weightType: 'beta' } as const;
      const text = [...scoringLines(header, table, harmonised)].join('\n');
      const again = await readScoringFile(memory(text));
      expect(again.harmonised).toBe(harmonised);
      expect(again.table.beta).toEqual(table.beta);
      expect(again.table.position).toEqual(table.position);
      expect(again.table.effectAllele.toArray()).toEqual(table.effectAllele.toArray());
      expect(again.metadata.get('variants_number')).toBe('77');
    }
  });

  test.each([
    [
      `${COLUMNS}\tis_interaction\nrs1\t1\t5\tA\tG\t0.1\tTRUE\n`,
      'not an additive score: an interaction of variants (line 2)',
    ],
    [
      `${COLUMNS}\tis_recessive\nrs1\t1\t5\tA\tG\t0.1\tTrue\n`,
      'not an additive score: a recessive effect (line 2)',
    ],
    [
      `#weight_type=OR\n${COLUMNS}\nrs1\t1\t5\tA\tG\t1.1\n`,
      'weight_type OR: ratios do not add up, their logarithms do (line 2)',
    ],
    [`${COLUMNS}\nHLA-DRB1\t6\t5\t*04:01\t\t1.1\n`, 'effect allele "*04:01" is not a DNA sequence (line 2)'],
    [
      'rsID\teffect_allele\tdosage_0_weight\tdosage_1_weight\n',
      'weights by genotype (dosage_0_weight), not by allele (line 1)',
    ],
    [`${COLUMNS}\nrs1\t1\t5\tA\tG\tNA\n`, 'effect_weight "NA" is not a number (line 2)'],
    [`${COLUMNS}\nrs1\t1\tfive\tA\tG\t1\n`, '"five" is not a position (line 2)'],
    ['effect_allele\teffect_weight\n', 'neither rsID nor chr_name and chr_position (line 1)'],
    ['#pgs_id=x\n', 'there is no header line (line 1)'],
  ])('refused with the reason: %j', async (text, message) => {
    await expect(readScoringFile(memory(text))).rejects.toThrow(message);
  });
});

test.skipIf(!hasShared)('the files read by these tests are those described', () => {
  expect(readFileSync(join(SHARED, 'scores/OPGS019828.txt'), 'utf8')).toContain('#omicspred_id=OPGS019828');
});
