import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bedCode } from '../../../genotypes/simulate/bedrows.js';
import { DISCOVERY, Families, IMAGING, slotsOf, TARGET } from '../../../genotypes/simulate/pedigree.js';
import { founderFrequency, simulateFounders } from '../../../genotypes/simulate/founders.js';
import { genotype, SCORE_AXES } from '../../../genotypes/simulate/genotyping.js';
import { MemorySource } from '../../../genotypes/io/bytesource.js';
import { openBed } from '../../../genotypes/plink1/bed.js';
import { hweExact } from '../../../genotypes/qc/hwe.js';
import type { People } from '../../../genotypes/simulate/pedigree.js';
import { hasPlink2, plink2, readTable, scratch } from '../oracle.js';
import { designWith, mean, memory, peopleOf, r2, simulated, upTo, variance, type Files } from './designs.js';

const design = designWith();
const panel = simulateFounders(design);
const families = new Families(design);

/** .bed codes by variant and person, of people on their own. */
function calls(people: People, changed = design): number[][] {
  const out = memory();
  const slots = slotsOf(families, people);
  genotype(changed, panel, slots, { genotyped: slots.listed, bed: out.sink, tracked: new Int32Array(0) });
  const bytes = out.bytes().subarray(3);
  const stride = Math.ceil(slots.listed / 4);
  return upTo(panel.variants).map((v) =>
    upTo(slots.listed).map((s) => bedCode(bytes.subarray(v * stride, (v + 1) * stride), s)),
  );
}

const DOSAGE = [2, NaN, 1, 0];
const KINSHIP = { 'parent-child': 0.25, siblings: 0.25, 'half-siblings': 0.125 } as const;

const source = (files: Files) =>
  openBed({
    bed: new MemorySource(files.bed, 'c.bed'),
    bim: new MemorySource(files.bim, 'c.bim'),
    fam: new MemorySource(files.fam, 'c.fam'),
  });

describe('genotypes of unrelated people', () => {
  const people = upTo(1500);
  const rows = calls(peopleOf(DISCOVERY, people), designWith({ genome: { missing: 0 } }));

  it('have the founders’ allele frequencies', () => {
    // Binomial sampling of 3,000 alleles; 1,000 variants are compared at once, so 5 SE.
    rows.forEach((row, v) => {
      const p = founderFrequency(panel, v, 0);
      const seen = mean(row.map((code) => DOSAGE[code]!)) / 2;
      expect(Math.abs(seen - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / 3000));
    });
  });

  it('are in Hardy–Weinberg equilibrium: exact p values are no smaller than by chance', () => {
    const p = rows.map((row) => {
      const count = (code: number): number => row.filter((c) => c === code).length;
      return hweExact(count(3), count(2), count(0));
    });
    expect(p.filter((x) => x < 0.01).length / p.length).toBeLessThan(0.02);
    expect(p.filter((x) => x < 0.5).length / p.length).toBeLessThan(0.55);
    expect(Math.min(...p)).toBeGreaterThan(1e-6);
  });

  it('have linkage disequilibrium that decays within a region, and none between regions', () => {
    const { first, end } = panel.regions[3]!;
    const dosages = (v: number): number[] => rows[v]!.map((code) => DOSAGE[code]!);
    const near: number[] = [];
    const far: number[] = [];
    const apart: number[] = [];
    for (let v = first; v + 1 < end; v++) {
      near.push(r2(dosages(v), dosages(v + 1)));
      if (v + 60 < end) far.push(r2(dosages(v), dosages(v + 60)));
      apart.push(r2(dosages(v), dosages((v + 500) % panel.variants)));
    }
    expect(mean(near)).toBeGreaterThan(0.2);
    expect(mean(far)).toBeLessThan(0.4 * mean(near));
    expect(mean(apart)).toBeLessThan(0.003);
  });
});

describe('a person’s genotypes', () => {
  it('do not depend on who else is drawn, nor on their order', () => {
    const alone = calls(peopleOf(TARGET, [17]));
    const among = calls(peopleOf(TARGET, [40, 3, 17, 900_000, 16]));
    expect(among.map((row) => row[2])).toEqual(alone.map((row) => row[0]));
  });

  it('stay the same for a child, whether its relative is in the study or not', () => {
    const related = upTo(4000).filter((i) => (i & 1) === 1 && families.relation(TARGET, i) !== null);
    for (const kind of ['parent-child', 'siblings', 'half-siblings'] as const) {
      const i = related.find((one) => families.relation(TARGET, one) === kind)!;
      const both = calls(peopleOf(TARGET, [i - 1, i]));
      expect(both.map((row) => row[1])).toEqual(calls(peopleOf(TARGET, [i])).map((row) => row[0]));
    }
  });
});

describe('a cohort’s genotypes', () => {
  const folder = scratch();
  const { cohort, files } = simulated(
    designWith({ people: { imaging: 0, target: 3000, relatives: 0.06, minority: 0.1 } }),
  );

  it('are missing as often as asked', async () => {
    const genotypes = await source(files);
    const out = new Float64Array(3000);
    let missing = 0;
    for (let v = 0; v < 1000; v++) {
      await genotypes.dosages([v], undefined, 'alt', out);
      missing += out.reduce((sum, x) => sum + (Number.isNaN(x) ? 1 : 0), 0);
    }
    expect(missing / 3e6).toBeGreaterThan(0.0018);
    expect(missing / 3e6).toBeLessThan(0.0022);
  });

  it('give relatives their kinship', () => {
    expect(cohort.kinship.length).toBeGreaterThan(60);
    expect(cohort.kinship.length).toBeLessThan(125);
    for (const relation of ['siblings', 'parent-child', 'half-siblings'] as const) {
      const found = cohort.kinship.filter((pair) => pair.relation === relation);
      expect(found.length).toBeGreaterThan(4);
      // Ten regions only: a pair's sharing varies by about 0.06, except for parent and child.
      expect(Math.abs(mean(found.map(({ kinship }) => kinship)) - KINSHIP[relation])).toBeLessThan(0.05);
    }
    const parents = cohort.kinship.filter(({ relation }) => relation === 'parent-child');
    // Parent and child share an allele everywhere.
    expect(Math.max(...parents.map(({ ibs0 }) => ibs0))).toBe(0);
  });

  it('part ancestries by their scores', () => {
    const ancestry = cohort.truthAboutPeople.columns.get('ancestry')!;
    for (let axis = 1; axis <= SCORE_AXES; axis++) {
      const scores = cohort.assessment.columns.get(`22009-0.${axis}`) as Float64Array;
      const main = scores.filter((_, i) => ancestry[i] === 'EUR');
      expect(Math.abs(mean(main))).toBeLessThan(0.15);
      expect(Math.sqrt(variance(main))).toBeGreaterThan(0.7);
      const own = scores.filter((_, i) => ancestry[i] === ['AFR', 'SAS', 'EAS'][axis - 1]);
      expect(mean(own)).toBeGreaterThan(2.5);
    }
    const minority = ancestry.filter((name) => name !== 'EUR').length / 3000;
    expect(minority).toBeGreaterThan(0.075);
    expect(minority).toBeLessThan(0.125);
  });

  it.skipIf(!hasPlink2)('are read by plink2 with the same frequencies and kinship', async () => {
    for (const name of ['bed', 'bim', 'fam'] as const) writeFileSync(join(folder, `c.${name}`), files[name]);
    plink2(
      folder,
      '--bfile',
      'c',
      '--freq',
      '--make-king-table',
      '--king-table-filter',
      '0.07',
      '--out',
      'out',
    );
    const genotypes = await source(files);
    const out = new Float64Array(3000);
    const rows = readTable(join(folder, 'out.afreq'));
    expect(rows.length).toBe(1000);
    for (let v = 0; v < 1000; v++) {
      await genotypes.dosages([v], undefined, 'alt', out);
      const known = out.filter((x) => !Number.isNaN(x));
      expect(rows[v]!['OBS_CT']).toBe(String(2 * known.length));
      // plink2 prints six digits.
      expect(Number(rows[v]!['ALT_FREQS'])).toBeCloseTo(mean(known) / 2, 5);
    }
    const withdrawn = new Set(cohort.withdrawn);
    const king = new Map(
      readTable(join(folder, 'out.kin0')).map((row) => [[row['IID1'], row['IID2']].sort().join(' '), row]),
    );
    let compared = 0;
    for (const { first, second, kinship, hetHet, ibs0 } of cohort.kinship) {
      if (kinship < 0.08 || withdrawn.has(first) || withdrawn.has(second)) continue;
      const row = king.get([first, second].sort().join(' '))!;
      expect(Number(row['KINSHIP'])).toBeCloseTo(kinship, 4);
      expect(Number(row['HETHET'])).toBeCloseTo(hetHet, 4);
      expect(Number(row['IBS0'])).toBeCloseTo(ibs0, 4);
      compared++;
    }
    expect(compared).toBeGreaterThan(50);
  });
});

describe('families', () => {
  it('have the asked share of relatives, in each role', () => {
    for (const role of [IMAGING, TARGET]) {
      const share = upTo(40_000).filter((i) => families.relation(role, i) !== null).length / 40_000;
      expect(share).toBeGreaterThan(0.026);
      expect(share).toBeLessThan(0.034);
    }
  });

  it('add the unseen parents once, after the people asked for', () => {
    const i = upTo(4000).find((one) => families.relation(TARGET, one) === 'half-siblings')!;
    const slots = slotsOf(families, peopleOf(TARGET, [i, i + 1]));
    expect(slots.listed).toBe(2);
    // One shared parent, and another one each.
    expect(slots.count).toBe(5);
    expect(slots.pairs).toEqual([{ a: 0, b: 1, relation: 'half-siblings' }]);
    expect(slots.parents[0]).toBe(slots.parents[2]);
    expect(slots.parents[1]).not.toBe(slots.parents[3]);
  });
});
